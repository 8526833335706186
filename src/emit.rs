//! Output formats: pure functions from a report to text, one file each.
//!
//! All draw from one `Drawing` of a finding, so no format can say more or less than another. A
//! path is cleaned of control characters before it reaches a terminal: file names are input.

mod human;
mod json;
mod pages;
mod short;
mod summary;
#[cfg(test)]
mod tests;
mod verdicts;
mod why;

pub use human::{human, problems};
pub use json::{json, problems_json};
pub use pages::{explain, rules_table};
pub use short::{error, remark, short};
pub use summary::summary;
pub use verdicts::{verdicts_human, verdicts_json};
pub use why::{births_in, why_human, why_json};

use std::borrow::Cow;
use std::rc::Rc;

use crate::finding::{Fix, Label, Role};
use crate::fix::{Replacement, replacement};
use crate::policy::{ConfigProblem, Judged, Origin, Text, Texts};
use crate::rules::Level;
use crate::source::{Files, Project};
use crate::text::{LineColumn, TextRange};

/// What formats need besides the report.
pub struct Context<'a> {
    project: &'a Project,
    /// Absolute path of the workspace root, which relative paths start from.
    root: &'a str,
    color: bool,
    texts: Texts<'a>,
}

impl<'a> Context<'a> {
    /// `root` is the absolute path of the workspace root; `color` asks for ANSI styles.
    pub fn new(project: &'a Project, files: &'a dyn Files, root: &'a str, color: bool) -> Self {
        Self { project, root, color, texts: Texts::new(files) }
    }

    fn mark(&self, label: &Label) -> Mark {
        Mark {
            path: self.project.file(label.file).path.to_string(),
            text: self.texts.get(label.file),
            range: Some(label.range),
            label: label.text.clone(),
        }
    }

    /// One finding, ready to be drawn.
    fn drawing<'r>(&self, judged: &'r Judged) -> Drawing<'r> {
        match &judged.origin {
            Origin::Source(finding) => Drawing {
                level: judged.level,
                rule: Some(finding.rule),
                message: &finding.message,
                notes: &finding.notes,
                help: finding.help.as_deref(),
                primary: self.mark(&finding.primary),
                related: finding
                    .labels
                    .iter()
                    .filter(|(role, _)| *role == Role::Related)
                    .map(|(_, label)| self.mark(label))
                    .collect(),
                fix: finding.fix.as_ref().map(|fix| (fix, self.replacements(fix))),
            },
            Origin::Outside(outside) => Drawing {
                level: judged.level,
                rule: Some(outside.rule),
                message: &outside.message,
                notes: &[],
                help: outside.help.as_deref(),
                primary: Mark {
                    path: outside.path.to_string(),
                    text: outside.text.clone().map(|text| Rc::new(Text::new(text))),
                    range: outside.range,
                    label: String::new(),
                },
                related: Vec::new(),
                fix: None,
            },
        }
    }

    /// The places that a fix changes, with what comes there.
    fn replacements(&self, fix: &Fix) -> Vec<(Mark, String)> {
        let places = fix.edits.iter().filter_map(|edit| {
            let text = self.texts.get(edit.file)?;
            let Replacement { range, text } = replacement(edit, &text.text);
            let label = Label { file: edit.file, range, text: String::new() };
            Some((self.mark(&label), text))
        });
        places.collect()
    }
}

/// A finding with its texts.
struct Drawing<'r> {
    level: Level,
    rule: Option<&'r str>,
    message: &'r str,
    notes: &'r [String],
    help: Option<&'r str>,
    primary: Mark,
    related: Vec<Mark>,
    /// What a fix does, and each place with what comes there.
    fix: Option<(&'r Fix, Vec<(Mark, String)>)>,
}

impl<'r> Drawing<'r> {
    fn of_problem(problem: &'r ConfigProblem) -> Self {
        Self {
            level: Level::Error,
            rule: None,
            message: &problem.message,
            notes: &[],
            help: problem.help.as_deref(),
            primary: Mark {
                path: problem.spot.file.path.to_string(),
                text: Some(Rc::new(Text::new(problem.spot.file.text.clone()))),
                range: Some(problem.spot.range),
                label: String::new(),
            },
            related: Vec::new(),
            fix: None,
        }
    }
}

/// A marked place; without a range the whole file is meant.
struct Mark {
    path: String,
    text: Option<Rc<Text>>,
    range: Option<TextRange>,
    label: String,
}

impl Mark {
    /// The first place; the start of the file when nothing else is known.
    fn start(&self) -> LineColumn {
        place(self.text.as_deref(), self.range.unwrap_or_default().start)
    }

    /// `path:line:col`, fit for a terminal.
    fn location(&self) -> String {
        let LineColumn { line, column } = self.start();
        format!("{}:{line}:{column}", clean(&self.path))
    }
}

fn place(text: Option<&Text>, offset: u32) -> LineColumn {
    text.map_or(LineColumn { line: 1, column: 1 }, |text| {
        text.lines.line_column(&text.text, offset)
    })
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn | Level::Off => "warning",
    }
}

/// Text for one line of a terminal: control and direction characters would act, not show.
fn clean(text: &str) -> Cow<'_, str> {
    replaced(text, acts)
}

/// The same for text that may have several lines.
fn clean_lines(text: &str) -> Cow<'_, str> {
    replaced(text, |c| c != '\n' && acts(c))
}

fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn replaced(text: &str, acts: impl Fn(char) -> bool + Copy) -> Cow<'_, str> {
    if text.contains(acts) {
        Cow::Owned(text.replace(acts, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
