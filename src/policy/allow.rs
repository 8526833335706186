//! `allow`: single findings that were looked at and approved, by the line they are on.
//!
//! An entry matches by file and line alone. Entries that follow a line which moved need the
//! identity of a finding, and get a field of their own next to the line.

use std::ops::Range;

use super::config::{Configs, Spot};
use super::levels::Levels;
use super::outside::{Outside, entry};
use super::texts::Texts;
use crate::finding::{Finding, Role};
use crate::source::PackageId;

/// One entry of `allow`.
#[derive(Clone, Debug)]
pub(super) struct Allow {
    /// The `file:line` as it stands in the file.
    pub(super) written: String,
    /// The source file, from the workspace root.
    pub(super) path: String,
    /// 1-based.
    pub(super) line: u32,
    /// The rules it is limited to.
    pub(super) rules: Option<Vec<&'static str>>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Where it stands.
    pub(super) spot: Spot,
}

impl Allow {
    pub(super) fn span(&self) -> Range<usize> {
        self.spot.range.start as usize..self.spot.range.end as usize
    }

    /// Whether the finding, or the statement that holds it, starts on the line.
    fn matches(&self, path: &str, root: &str, finding: &Finding, texts: &Texts<'_>) -> bool {
        let limited = self.rules.as_ref().is_some_and(|rules| !rules.contains(&finding.rule));
        if limited || self.path != self.spot.file.spelled(path, root) {
            return false;
        }
        let file = finding.primary.file;
        let Some(text) = texts.get(file) else { return false };
        let statements = finding
            .labels
            .iter()
            .filter(|(role, label)| *role == Role::Silent && label.file == file);
        std::iter::once(&finding.primary)
            .chain(statements.map(|(_, label)| label))
            .any(|label| text.lines.line(label.range.start) == self.line)
    }
}

/// All entries, and which of them hid something.
pub(super) struct Allows<'a> {
    root: &'a str,
    entries: Vec<(Option<PackageId>, &'a Allow, bool)>,
}

impl<'a> Allows<'a> {
    pub(super) fn new(configs: &'a Configs, root: &'a str) -> Self {
        let layers = configs.layers();
        let entries = layers.flat_map(|(package, config)| {
            config.allow.iter().map(move |allow| (package, allow, false))
        });
        Self { root, entries: entries.collect() }
    }

    /// The reason of the first entry that hides the finding, if one does.
    pub(super) fn hides(
        &mut self,
        path: &str,
        finding: &Finding,
        texts: &Texts<'_>,
    ) -> Option<Option<String>> {
        let mut reason = None;
        for (_, allow, used) in &mut self.entries {
            if allow.matches(path, self.root, finding, texts) {
                *used = true;
                reason.get_or_insert_with(|| allow.reason.clone());
            }
        }
        reason
    }

    /// Entries that match no finding. `unread` are the files of which nobody can tell.
    pub(super) fn stale(
        &self,
        levels: &Levels<'_>,
        unread: &[&str],
    ) -> Vec<(Outside, Option<PackageId>)> {
        let unused = self.entries.iter().filter(|&&(package, allow, used)| {
            !used
                && !unread.iter().any(|path| allow.path == allow.spot.file.spelled(path, self.root))
                && levels.judgeable(allow.rules.as_deref(), package)
        });
        unused
            .map(|&(package, allow, _)| {
                let message = format!("no finding at `{}`", allow.written);
                let help = "remove the entry, or correct its line if the code moved";
                (entry("stale-allow", &allow.spot, message, help), package)
            })
            .collect()
    }
}
