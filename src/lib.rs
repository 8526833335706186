//! Finds every thread birth in Rust source and says who owns it and how it ends.

pub mod catalog;
pub mod facts;
pub mod finding;
pub mod rules;
pub mod source;
pub mod text;
pub mod verdict;

use facts::comments::Directive;
use finding::Finding;
use source::FileId;
use text::TextRange;
use verdict::Verdict;

/// A file that could not be read or parsed, or of which a part could not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file.
    pub file: FileId,
    /// Where in it, when that is known.
    pub range: Option<TextRange>,
    /// What went wrong and what to do.
    pub message: String,
}

/// All that the core says about a project, before any policy.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Every finding of every rule, in order; levels and exemptions are not applied.
    pub findings: Vec<Finding>,
    /// One verdict for each birth, by file and place.
    pub verdicts: Vec<Verdict>,
    /// Suppression comments of the files that were read, by file and place.
    pub directives: Vec<(FileId, Directive)>,
    /// Files that could not be read or parsed.
    pub notes: Vec<Note>,
}
