//! `exempt`: files whose findings are hidden. It hides what is said of a file, never what the
//! analysis learns from it.

use std::ops::Range;

use super::config::{Configs, Spot};
use super::levels::Levels;
use super::outside::{Outside, entry};
use crate::source::{PackageId, Project};

/// One entry of `exempt`.
#[derive(Clone, Debug)]
pub(super) struct Exempt {
    /// As it stands in the file.
    pub(super) written: String,
    /// What it matches, from the workspace root.
    pub(super) shape: Shape,
    /// The rules it is limited to.
    pub(super) rules: Option<Vec<&'static str>>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Where it stands.
    pub(super) spot: Spot,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A file, or a directory with everything below it; empty for the root.
    Path(String),
    Glob(globset::GlobMatcher),
}

impl Exempt {
    pub(super) fn span(&self) -> Range<usize> {
        self.spot.range.start as usize..self.spot.range.end as usize
    }

    fn matches(&self, path: &str, root: &str) -> bool {
        let path = &*self.spot.file.spelled(path, root);
        match &self.shape {
            Shape::Glob(glob) => glob.is_match(path),
            Shape::Path(own) if own.is_empty() => !path.starts_with('/'),
            Shape::Path(own) => path
                .strip_prefix(own.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

/// All entries, and which of them hid something.
pub(super) struct Exempts<'a> {
    root: &'a str,
    entries: Vec<(Option<PackageId>, &'a Exempt, bool)>,
}

impl<'a> Exempts<'a> {
    pub(super) fn new(configs: &'a Configs, root: &'a str) -> Self {
        let layers = configs.layers();
        let entries = layers.flat_map(|(package, config)| {
            config.exempt.iter().map(move |exempt| (package, exempt, false))
        });
        Self { root, entries: entries.collect() }
    }

    /// The reason of the first entry that hides this rule in this file, if one does.
    pub(super) fn hides(&mut self, path: &str, rule: &str) -> Option<Option<String>> {
        let mut reason = None;
        for (_, exempt, used) in &mut self.entries {
            let limited = exempt.rules.as_ref().is_some_and(|rules| !rules.contains(&rule));
            if !limited && exempt.matches(path, self.root) {
                *used = true;
                reason.get_or_insert_with(|| exempt.reason.clone());
            }
        }
        reason
    }

    /// Entries that nothing needs. `unread` are the files of which nobody can tell.
    pub(super) fn stale(
        &self,
        levels: &Levels<'_>,
        project: &Project,
        unread: &[&str],
    ) -> Vec<(Outside, Option<PackageId>)> {
        let mut stale = Vec::new();
        for &(package, exempt, used) in &self.entries {
            if used || unread.iter().any(|path| exempt.matches(path, self.root)) {
                continue;
            }
            let written = &exempt.written;
            let matches = project.files.iter().any(|file| exempt.matches(&file.path, self.root));
            let (message, help) = if !matches {
                let help = "a path is a file, a directory or a glob, written from the directory of \
                            this file (`dir/**` is everything below `dir`)";
                (format!("`{written}` matches no source file"), help)
            } else if levels.judgeable(exempt.rules.as_deref(), package) {
                (format!("`{written}` hides no finding"), "remove the entry")
            } else {
                continue;
            };
            stale.push((entry("stale-exempt", &exempt.spot, message, help), package));
        }
        stale
    }
}
