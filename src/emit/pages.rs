//! The pages of the rules, for a terminal.

use crate::rules::{Level, Page};

/// One line a page: group, rule, level, summary.
pub fn rules_table(pages: &[Page]) -> String {
    let width = |cell: fn(&Page) -> usize| pages.iter().map(cell).max().unwrap_or_default();
    let (group, id) = (width(|page| page.group.len()), width(|page| page.id.len()));
    let row = |page: &Page| {
        let (name, level) = (&page.group, level(page.level));
        format!("{name:group$}  {:id$}  {level:5}  {}\n", page.id, page.summary)
    };
    pages.iter().map(row).collect()
}

/// A whole page.
pub fn explain(page: &Page) -> String {
    let Page { id, group, since, summary, .. } = page;
    let head =
        format!("{id}: {summary}\n{group}, {} by default, since {since}\n", level(page.level));
    let body = page.body.trim();
    if body.is_empty() { head } else { format!("{head}\n{body}\n") }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
