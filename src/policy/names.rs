//! Names of rules and groups, and the nearest one to a name that is neither.

use crate::rules::{self, Page};

/// The rules a name stands for: itself, or all of a group. `None` if it is neither.
pub(super) fn expand(name: &str) -> Option<Vec<&'static str>> {
    if let Some(page) = rules::page(name) {
        return Some(vec![page.id]);
    }
    let members: Vec<_> =
        rules::pages().iter().filter(|page| page.group == name).map(|page| page.id).collect();
    (!members.is_empty()).then_some(members)
}

/// Whether `name` is the page's rule or group.
pub(super) fn means(name: &str, page: &Page) -> bool {
    page.id == name || page.group == name
}

/// What is wrong with a name that should be a rule's, in words.
pub fn unknown_rule(name: &str) -> String {
    let pages = || rules::pages().iter();
    if let Some(page) = pages().find(|page| page.group == name) {
        return format!("`{name}` is a group of rules, such as `{}`", page.id);
    }
    let help = match nearest(name, pages().map(|page| page.id)) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`cargo thread-lint rules` lists all rules".to_owned(),
    };
    format!("unknown rule `{name}`; {help}")
}

/// Help for a name that is no rule and no group.
pub(super) fn help(name: &str) -> String {
    let known = rules::groups().into_iter().chain(rules::pages().iter().map(|page| page.id));
    match nearest(name, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`cargo thread-lint rules` lists all rules and groups".to_owned(),
    }
}

/// The known word that `word` was probably meant to be.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.replace('_', "-").to_lowercase();
    let limit = (word.chars().count() / 3).max(2);
    known
        .map(|known| (distance(&word, &known.replace('_', "-")), known))
        .filter(|&(far, known)| far <= limit && far < known.len())
        .min_by_key(|&(far, _)| far)
        .map(|(_, known)| known)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let change = diagonal + usize::from(x != *y);
            diagonal = *cell;
            left = change.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
