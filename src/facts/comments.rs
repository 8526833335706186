//! Suppression comments.

use crate::text::TextRange;

/// One `// thread-lint: …` comment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Directive {
    /// The comment.
    pub comment: TextRange,
    /// The code it speaks of: its own line when it trails code, else the next statement or item.
    pub covers: TextRange,
    /// Whether code stands before it on its line.
    pub trailing: bool,
    /// What it says.
    pub body: DirectiveBody,
}

/// What a suppression comment says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DirectiveBody {
    /// `allow(rule, …) reason`.
    Allow {
        /// Rules or groups, each with its place.
        rules: Vec<(String, TextRange)>,
        /// The text after the list; `None` when it is empty.
        reason: Option<String>,
    },
    /// `detached reason`: a thread that outlives its function on purpose.
    Detached {
        /// The text after the word; `None` when it is empty.
        reason: Option<String>,
    },
    /// Meant as a directive and not readable as one; the text says why.
    Malformed(String),
}
