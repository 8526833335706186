//! One verdict for each thread birth, with the steps that prove it.

use crate::finding::{CodeKind, Confidence};
use crate::source::{FileId, PackageId};
use crate::text::TextRange;

/// How the thread born at one place ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Joined on every path on which a handle exists.
    Joined,
    /// Joined on some paths and lost on others.
    Partly,
    /// Lost on every path.
    Detached,
    /// Kept in a place that outlives the function, and joined from there.
    StoredAndJoined,
    /// Given to code outside the workspace, which decides.
    HandedOut,
    /// Something joins it by construction: a scope, a registry, a type that joins on drop.
    Owned,
    /// Could not be followed; never a reason to report anything.
    Unknown,
}

impl Outcome {
    /// All outcomes, in the order of the summary.
    pub const ALL: [Self; 7] = [
        Self::Joined,
        Self::Owned,
        Self::StoredAndJoined,
        Self::HandedOut,
        Self::Partly,
        Self::Detached,
        Self::Unknown,
    ];

    /// The word for it in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Partly => "partly",
            Self::Detached => "detached",
            Self::StoredAndJoined => "stored-and-joined",
            Self::HandedOut => "handed-out",
            Self::Owned => "owned",
            Self::Unknown => "unknown",
        }
    }
}

/// One step in the life of a handle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// File of the step.
    pub file: FileId,
    /// The code that takes it.
    pub range: TextRange,
    /// What happens there, such as "bound to `worker`".
    pub text: String,
}

/// What became of one thread birth.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// File of the birth.
    pub file: FileId,
    /// The called path or method name (`thread::spawn`, `spawn`).
    pub callee: TextRange,
    /// The whole call.
    pub call: TextRange,
    /// The statement that holds the call.
    pub statement: TextRange,
    /// Canonical name of the call, such as `std::thread::Builder::spawn`.
    pub api: String,
    /// Path of the enclosing item, such as `Pool::start`.
    pub item: String,
    /// Package of the file.
    pub package: Option<PackageId>,
    /// Which code it is in.
    pub code: CodeKind,
    /// How sure the birth itself is.
    pub confidence: Confidence,
    /// How it ends.
    pub outcome: Outcome,
    /// The path that proves it, in order; the birth itself is not repeated.
    pub steps: Vec<Step>,
}
