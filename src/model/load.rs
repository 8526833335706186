//! Reads what can matter and builds the model of it.
//!
//! First every file is looked at as text and those that matter are parsed, in parallel. Then come
//! the files that lie above them in the module tree, because those decide what they are. Files that
//! stay unreached are given to parents found by text; what remains is an orphan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::build::build;
use super::module_files::usual_ancestors;
use super::{Model, ModuleId};
use crate::catalog::{Catalog, Role};
use crate::facts::tree::ItemKind;
use crate::facts::{FileFacts, guard, lower};
use crate::scan::Search;
use crate::source::{FileId, Files, Project};
use crate::{Note, facts};

/// Reads a project and builds its model. `search` off parses every file and every body.
pub fn load<'p>(project: &'p Project, files: &dyn Files, catalog: &'p Catalog, search: bool) -> Model<'p> {
    let mut loader = Loader { project, files, catalog, search, aliases: BTreeSet::new(), read: BTreeMap::new() };
    loader.read_all();
    loader.read_aliased();
    loader.read_ancestors();
    for _ in 0..8 {
        let model = build(project, catalog, &loader.facts(), loader.notes());
        let orphans = unreached(&model);
        if !loader.read_parents(&orphans) {
            return model;
        }
    }
    build(project, catalog, &loader.facts(), loader.notes())
}

/// What reading one file gave.
enum Read {
    /// Nothing in it can matter.
    Skipped,
    Lowered(Arc<FileFacts>),
    Failed(Note),
}

struct Loader<'p> {
    project: &'p Project,
    files: &'p dyn Files,
    catalog: &'p Catalog,
    search: bool,
    aliases: BTreeSet<String>,
    read: BTreeMap<FileId, Read>,
}

impl<'p> Loader<'p> {
    fn facts(&self) -> BTreeMap<FileId, Arc<FileFacts>> {
        let lowered = self.read.iter().filter_map(|(&file, read)| match read {
            Read::Lowered(facts) => Some((file, facts.clone())),
            _ => None,
        });
        lowered.collect()
    }

    fn notes(&self) -> Vec<Note> {
        let failed = self.read.values().filter_map(|read| match read {
            Read::Failed(note) => Some(note.clone()),
            _ => None,
        });
        failed.collect()
    }

    fn read_all(&mut self) {
        let wanted: Vec<FileId> =
            self.project.file_ids().filter(|&file| !self.project.file(file).ignored).collect();
        self.read_files(&wanted, false);
    }

    /// Files that spell an alias of a spawn made elsewhere.
    fn read_aliased(&mut self) {
        let mut aliases = BTreeSet::new();
        for facts in self.facts().values() {
            aliases.extend(spawn_aliases(facts, self.catalog));
        }
        if aliases.is_empty() {
            return;
        }
        self.aliases = aliases;
        self.read_all();
    }

    fn read_ancestors(&mut self) {
        let mut wanted: BTreeSet<FileId> = self.project.targets.iter().map(|target| target.root).collect();
        for (&file, read) in &self.read {
            if matches!(read, Read::Lowered(_)) {
                let ancestors = usual_ancestors(&self.project.file(file).path);
                wanted.extend(ancestors.iter().filter_map(|path| self.project.find(path)));
            }
        }
        wanted.retain(|file| !matches!(self.read.get(file), Some(Read::Lowered(_) | Read::Failed(_))));
        let wanted: Vec<FileId> = wanted.into_iter().collect();
        self.read_files(&wanted, true);
    }

    /// Reads files that may declare an orphan by a `mod` at an unusual place; whether any was found.
    fn read_parents(&mut self, orphans: &[FileId]) -> bool {
        let stems: BTreeSet<(Option<u32>, String)> = orphans
            .iter()
            .map(|&file| {
                let entry = self.project.file(file);
                (entry.package.map(|package| package.0), stem(&entry.path).to_owned())
            })
            .collect();
        if stems.is_empty() {
            return false;
        }
        let packages: BTreeSet<Option<u32>> = stems.iter().map(|(package, _)| *package).collect();
        let skipped: Vec<FileId> = self
            .read
            .iter()
            .filter(|(_, read)| matches!(read, Read::Skipped))
            .map(|(&file, _)| file)
            .filter(|&file| packages.contains(&self.project.file(file).package.map(|package| package.0)))
            .collect();
        let project = self.project;
        let files = self.files;
        let parents: Vec<FileId> = skipped
            .into_par_iter()
            .filter(|&file| {
                let package = project.file(file).package.map(|package| package.0);
                let Ok(text) = files.read(file) else { return false };
                declared_modules(&text).any(|name| stems.contains(&(package, name.to_owned())))
            })
            .collect();
        self.read_files(&parents, true);
        !parents.is_empty()
    }

    fn read_files(&mut self, wanted: &[FileId], force: bool) {
        let search = Search::new(self.catalog, &self.aliases);
        let force = force || !self.search;
        let read: Vec<(FileId, Read)> =
            wanted.par_iter().map(|&file| (file, self.read_one(file, &search, force))).collect();
        self.read.extend(read);
    }

    fn read_one(&self, file: FileId, search: &Search, force: bool) -> Read {
        let note = |range, message| Read::Failed(Note { file, range, message });
        let text = match self.files.read(file) {
            Ok(text) => text,
            Err(error) => return note(None, error.message),
        };
        let scan = search.scan(&text);
        if !(force || scan.matters || scan.has_paths) {
            return Read::Skipped;
        }
        if let Some(reason) = guard::refuse(&text) {
            return note(None, format!("{reason}, which no parser survives: it is not analysed"));
        }
        let needles = if self.search { scan.needles } else { every_offset(&text) };
        match lower(&text, &needles) {
            Ok(mut facts) => {
                // An alias made in this very file is a needle of its own.
                let aliases: BTreeSet<String> = spawn_aliases(&facts, self.catalog)
                    .into_iter()
                    .filter(|alias| !self.aliases.contains(alias))
                    .collect();
                if !aliases.is_empty() && self.search {
                    let needles = Search::new(self.catalog, &aliases).scan(&text).needles;
                    if let Ok(again) = lower(&text, &needles) {
                        facts = again;
                    }
                }
                facts.directives = facts::directives(&text, &facts);
                Read::Lowered(Arc::new(facts))
            }
            Err((range, message)) => note(Some(range), message),
        }
    }
}

/// With the search off every body is lowered: one needle on every byte.
fn every_offset(text: &str) -> Vec<u32> {
    (0..u32::try_from(text.len()).unwrap_or(u32::MAX)).collect()
}

/// Names under which a file imports a spawning function, where they differ from its own.
fn spawn_aliases(facts: &FileFacts, catalog: &Catalog) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    for item in &facts.items {
        let ItemKind::Use(imports) = &item.kind else { continue };
        for import in imports {
            let (Some(binding), Some(last)) = (&import.binding, import.path.last()) else { continue };
            if binding != last && &**binding != "_" && is_spawn_name(last, catalog) {
                aliases.insert(binding.to_string());
            }
        }
    }
    aliases
}

fn is_spawn_name(name: &str, catalog: &Catalog) -> bool {
    catalog.iter().any(|api| {
        matches!(api.role, Role::Spawn | Role::OwnedByRegistry) && api.path.rsplit("::").next() == Some(name)
    })
}

/// Files that were read and that no target reaches.
fn unreached(model: &Model<'_>) -> Vec<FileId> {
    let orphans = model.crates.iter().filter(|krate| krate.target.is_none());
    let file = |root: ModuleId| model.module(root).file;
    orphans.map(|krate| file(krate.root)).collect()
}

/// The name a `mod` must have to mean this file.
fn stem(path: &str) -> &str {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    if stem == "mod" { dir.rsplit('/').next().unwrap_or(dir) } else { stem }
}

/// Names after `mod` in a text, read without its grammar.
fn declared_modules(text: &str) -> impl Iterator<Item = &str> {
    text.split("mod ").skip(1).map(|rest| {
        let rest = rest.trim_start().trim_start_matches("r#");
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}
