//! Findings about files that are no source of the project: configurations, unreadable directories.

use std::sync::Arc;

use super::config::Spot;
use crate::text::TextRange;

/// A path that discovery could not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathNote {
    /// The path, relative to the workspace root if it lies inside.
    pub path: String,
    /// What went wrong and what to do.
    pub message: String,
}

/// A finding about a file that is no source of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outside {
    /// Rule id, the stem of its page.
    pub rule: &'static str,
    /// The file, relative to the workspace root if it lies inside.
    pub path: Arc<str>,
    /// Its text, when it could be read.
    pub text: Option<Arc<str>>,
    /// Where in it; `None` when the whole file is meant.
    pub range: Option<TextRange>,
    /// Lower case, no full stop, names the thing found.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// What is said about a path that could not be read.
pub(super) fn unreadable(note: &PathNote) -> Outside {
    Outside {
        rule: "unreadable-source",
        path: note.path.as_str().into(),
        text: None,
        range: None,
        message: format!("source not analysed: {}", note.message),
        help: Some("repair it, remove it, or have git ignore it".to_owned()),
    }
}

/// What is said about an entry of a configuration.
pub(super) fn entry(rule: &'static str, spot: &Spot, message: String, help: &str) -> Outside {
    Outside {
        rule,
        path: spot.file.path.clone(),
        text: Some(spot.file.text.clone()),
        range: Some(spot.range),
        message,
        help: Some(help.to_owned()),
    }
}
