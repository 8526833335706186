//! One example of a rule page: a small package, and what should be found in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::tool::Shown;

/// What the tool makes of an example today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Today {
    /// The markers are right and are found.
    Right,
    /// The own rule's markers are right and are not found.
    KnownMiss,
    /// The own rule's markers are found and are wrong.
    KnownFalse,
}

/// A finding that is expected, or seen, to begin on a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// File of the example.
    pub(crate) file: String,
    /// 1-based line in that file.
    pub(crate) line: u32,
    /// Rule id.
    pub(crate) rule: String,
}

impl Mark {
    /// The mark that a finding would need.
    pub(crate) fn of(shown: &Shown) -> Self {
        Self { file: shown.file.clone(), line: shown.line, rule: shown.rule.clone() }
    }
}

/// An example as a package.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// The rule whose page it is on.
    pub(crate) page: String,
    /// The section that it stands in.
    pub(crate) section: String,
    /// 1-based line of its first fence in the page, front matter included.
    pub(crate) line: u32,
    /// Text by path, markers removed.
    pub(crate) files: BTreeMap<String, String>,
    /// Where the text of each file begins: the page line before its first line.
    pub(crate) offsets: BTreeMap<String, u32>,
    /// What its markers say.
    pub(crate) marks: BTreeSet<Mark>,
    /// What the tool makes of it.
    pub(crate) today: Today,
    /// Edition of the package.
    pub(crate) edition: u16,
}

impl Example {
    /// The place of a mark in the page; for a file that the page does not show, in the example.
    pub(crate) fn place(&self, mark: &Mark) -> String {
        match self.offsets.get(&mark.file) {
            Some(offset) => format!("rules/{}.md:{}", self.page, offset + mark.line),
            None => format!("{self} ({}:{})", mark.file, mark.line),
        }
    }

    /// Files of Rust.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = (&String, &String)> {
        self.files.iter().filter(|(path, _)| path.ends_with(".rs"))
    }
}

impl std::fmt::Display for Example {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rules/{}.md:{}", self.page, self.line)
    }
}
