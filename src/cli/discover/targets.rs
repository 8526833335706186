//! Which targets cargo would build from a manifest and the files beside it.
//!
//! Cargo's own rules, from the list of files that the walk made: no further look at the disk.

use std::collections::BTreeSet;

use super::manifest::{Build, TargetTable, TargetTables};
use super::workspace::edition_number;
use crate::source::TargetKind;

/// A target with its root relative to the package, as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inferred {
    pub(super) kind: TargetKind,
    pub(super) name: String,
    pub(super) edition: u16,
    pub(super) path: String,
}

/// All targets of the package `name`, whose files are `files` (relative, `/` between parts).
pub(super) fn infer(
    tables: &TargetTables,
    name: &str,
    edition: u16,
    files: &BTreeSet<&str>,
) -> Vec<Inferred> {
    let package = Package { name, edition, files };
    let mut targets = Vec::new();
    package.lib(tables, &mut targets);
    package.build(&tables.build, &mut targets);
    for (kind, folder) in [
        (TargetKind::Bin, "src/bin"),
        (TargetKind::Example, "examples"),
        (TargetKind::Test, "tests"),
        (TargetKind::Bench, "benches"),
    ] {
        let (explicit, auto) =
            tables.lists.get(&kind).map_or((&[][..], None), |(list, auto)| (list, *auto));
        package.list(kind, folder, explicit, auto, &mut targets);
    }
    targets
}

struct Package<'a> {
    name: &'a str,
    edition: u16,
    files: &'a BTreeSet<&'a str>,
}

impl Package<'_> {
    fn lib(&self, tables: &TargetTables, targets: &mut Vec<Inferred>) {
        let exists = tables.auto_lib != Some(false) && self.files.contains("src/lib.rs");
        let explicit = tables.lib.as_ref();
        if !exists && explicit.is_none() {
            return;
        }
        let name = explicit.and_then(|lib| lib.name.clone());
        let name = name.unwrap_or_else(|| self.name.replace('-', "_"));
        let legacy = format!("src/{name}.rs");
        let path = match explicit.and_then(|lib| lib.path.clone()) {
            Some(path) => path,
            None if !self.files.contains("src/lib.rs") && self.files.contains(&*legacy) => legacy,
            None => "src/lib.rs".to_owned(),
        };
        targets.push(self.target(TargetKind::Lib, name, path, explicit));
    }

    fn build(&self, build: &Build, targets: &mut Vec<Inferred>) {
        let paths = match build {
            Build::Off => return,
            Build::Auto if !self.files.contains("build.rs") => return,
            Build::Auto => &["build.rs".to_owned()][..],
            Build::Paths(paths) => paths,
        };
        for path in paths {
            let file = path.rsplit('/').next().unwrap_or(path);
            let name = format!("build-script-{}", file.trim_end_matches(".rs"));
            targets.push(self.target(TargetKind::BuildScript, name, path.clone(), None));
        }
    }

    fn list(
        &self,
        kind: TargetKind,
        folder: &str,
        explicit: &[TargetTable],
        auto: Option<bool>,
        targets: &mut Vec<Inferred>,
    ) {
        let found = self.found(kind, folder);
        let first = targets.len();
        for table in explicit {
            let Some(name) = table.name.clone() else { continue };
            let path = table.path.clone().or_else(|| {
                let same = found.iter().find(|(found, _)| *found == name);
                same.map(|(_, path)| path.clone()).or_else(|| self.legacy(kind, &name))
            });
            // Without a file cargo refuses; here the expected place is named by a later note.
            let path = path.unwrap_or_else(|| format!("{folder}/{name}.rs"));
            targets.push(self.target(kind, name, path, Some(table)));
        }
        // Edition 2015 stops looking as soon as one target of the kind is written down.
        if auto.unwrap_or(self.edition != 2015 || explicit.is_empty()) {
            for (name, path) in found {
                if !targets[first..].iter().any(|it| it.name == name || it.path == path) {
                    targets.push(self.target(kind, name, path, None));
                }
            }
        }
    }

    /// Names and roots that cargo finds by itself.
    fn found(&self, kind: TargetKind, folder: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if kind == TargetKind::Bin && self.files.contains("src/main.rs") {
            found.push((self.name.to_owned(), "src/main.rs".to_owned()));
        }
        let prefix = format!("{folder}/");
        let inside = self.files.range(&*prefix..);
        for path in inside.take_while(|path| path.starts_with(&prefix)) {
            let rest = &path[prefix.len()..];
            let name = match rest.split_once('/') {
                None => rest.strip_suffix(".rs"),
                Some((name, "main.rs")) => Some(name),
                Some(_) => None,
            };
            if let Some(name) = name {
                found.push((name.to_owned(), (*path).to_owned()));
            }
        }
        found
    }

    /// Where a binary without a `path` was looked for before `src/bin`.
    fn legacy(&self, kind: TargetKind, name: &str) -> Option<String> {
        let own = format!("src/{name}.rs");
        let places = [own.as_str(), "src/main.rs", "src/bin/main.rs"];
        let allowed = kind == TargetKind::Bin && self.edition == 2015;
        let place = places.into_iter().find(|place| allowed && self.files.contains(place));
        place.map(str::to_owned)
    }

    fn target(
        &self,
        kind: TargetKind,
        name: String,
        path: String,
        table: Option<&TargetTable>,
    ) -> Inferred {
        let own = table.and_then(|table| table.edition.as_deref()).and_then(edition_number);
        Inferred { kind, name, edition: own.unwrap_or(self.edition), path }
    }
}
