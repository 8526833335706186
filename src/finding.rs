//! Findings: inert data that rules make, policy judges and formats show.
//!
//! A finding never knows its level or how it is drawn. Its labels carry roles: one primary place
//! where the reader looks first, related places that prove it, and silent ranges that show nothing
//! but let a suppression comment work where people write it (on the `let` that holds a spawn).

use crate::source::{FileId, PackageId};
use crate::text::TextRange;

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Could be: tokens inside a macro nobody expanded look like it.
    Possible,
    /// Probably: a name resolves to it on one of several ways.
    Likely,
    /// Proved from the source.
    Proved,
}

/// What a label beside the primary one is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A place that explains the finding.
    Related,
    /// Shown nowhere; a suppression comment on it counts.
    Silent,
}

/// A marked range of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// File of the range.
    pub file: FileId,
    /// The bytes it marks.
    pub range: TextRange,
    /// What stands beside it; may be empty.
    pub text: String,
}

/// A change of the source that repairs what was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fix {
    /// What it does, such as "unwrap the result".
    pub title: &'static str,
    /// Whether nothing can be wrong with it; else somebody has to look at what it did.
    pub certain: bool,
    /// Its parts, which do not overlap.
    pub edits: Vec<Edit>,
}

/// A part of a fix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// File of the text.
    pub file: FileId,
    /// Where in it.
    pub spot: Spot,
    /// What stands there afterwards; lines of it are indented as the spot wants.
    pub text: String,
}

/// Where an edit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// In the place of these bytes.
    Replace(TextRange),
    /// On lines of its own.
    Lines {
        /// Before this offset: that of a statement or of the closing brace of a block.
        before: u32,
        /// Indented like the line with this offset.
        like: u32,
    },
}

/// Which code a finding is in; levels differ between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeKind {
    /// Library or binary code, build scripts included.
    Main,
    /// An example target.
    Example,
    /// A benchmark target.
    Bench,
    /// Code compiled for tests only.
    Test,
    /// A file that no target's module tree reaches.
    Orphan,
}

/// What a finding is about, in terms that survive an edit of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Package that holds the primary label.
    pub package: Option<PackageId>,
    /// Path of the enclosing item, such as `Gui::load`.
    pub item: String,
    /// Canonical name of the call, such as `std::thread::Builder::spawn`; empty for policy findings.
    pub api: String,
    /// Which code it is in.
    pub code: CodeKind,
}

/// One true thing said about one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Rule id, the stem of its page.
    pub rule: &'static str,
    /// Where the finding is.
    pub primary: Label,
    /// Places that explain it or let it be suppressed.
    pub labels: Vec<(Role, Label)>,
    /// Lower case, no full stop, names the thing found.
    pub message: String,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
    /// The same as an edit, where that is certain.
    pub fix: Option<Fix>,
    /// How sure it is.
    pub confidence: Confidence,
    /// A rule that says more about the same place: when it reports there, this one is silent.
    pub absorbed_by: Option<&'static str>,
    /// What it is about.
    pub subject: Subject,
}

impl Finding {
    /// A key that orders findings totally: file, position, rule, then everything else.
    pub fn order(&self) -> (FileId, TextRange, &'static str, &Self) {
        (self.primary.file, self.primary.range, self.rule, self)
    }
}
