//! Reads what can matter and builds the model of it.
//!
//! First every file is looked at as text, and those that spell a call or carry a builder are
//! parsed, in parallel. Then come the files above them in the module tree, because those decide
//! what they are: by the usual layout, and for files that stay unreached by the text of their
//! package. Last come the modules nobody has read that following and judging ask for something, until
//! no question is left.

mod asked;
mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::aliases::{Rename, renames, spawn_aliases};
use super::build::{empty, rebuild};
use super::module_files::usual_ancestors;
use super::numbers::Numbers;
use super::scope::dependencies;
use super::{Model, Scope};
use crate::Note;
use crate::catalog::Catalog;
use crate::facts::FileFacts;
use crate::facts::tree::{ExprKind, Item, ItemId, ItemKind, Name};
use crate::scan::{Functions, Search};
use crate::source::{FileId, Files, PackageId, Project};
use crate::text::TextRange;

/// Calls that are followed by their names alone, for somebody who looks at a few functions and for somebody who runs
/// them.
const MAX_CALLED: (usize, usize) = (2, 8);

/// Rounds of looking for parents of files that no target reaches.
const MAX_ROUNDS: usize = 8;

use asked::{Declaring, alike, beyond};
pub use asked::{Methods, Names, Need, Unread, Wanted};

/// Files that one thread reads at a time: one of them may be large, and then others take what is behind it.
const AT_A_TIME: usize = 8;

/// What reading one file gave.
enum Read {
    /// Nothing in it can matter by itself; it may declare modules at unusual places, and functions.
    Skipped { has_paths: bool, reaps: bool, functions: Functions },
    /// It was parsed.
    Lowered(Arc<FileFacts>),
    /// It could not be read or parsed; its text, when there is one.
    Failed(Note, Option<Arc<str>>),
}

/// Reads a project step by step.
pub struct Loader<'p> {
    project: &'p Project,
    files: &'p dyn Files,
    catalog: &'p Catalog,
    search: bool,
    aliases: BTreeSet<String>,
    /// What files import under another name.
    renames: BTreeMap<FileId, Vec<Rename>>,
    /// The last search for the calls of the catalog and for aliases, with those.
    last_search: Option<(BTreeSet<String>, Search)>,
    /// Further names that verdicts depend on.
    names: Names,
    /// What was asked of modules that nobody had read.
    asked: Unread,
    /// The functions of packages that were asked for one.
    declaring: BTreeMap<Option<PackageId>, Declaring>,
    /// How often a name was looked for in a file only because that hands on all that others declare.
    through_globs: BTreeMap<Name, usize>,
    /// Files of which a body was asked for: its neighbours are next, so all of them are lowered.
    whole: BTreeSet<FileId>,
    /// How often more was asked for.
    rounds: usize,
    read: BTreeMap<FileId, Read>,
    /// What is said of files that could not be read or parsed.
    failures: BTreeMap<FileId, Note>,
    /// Files of which the files above were looked for.
    climbed: BTreeSet<FileId>,
    /// Files that no target reaches and whose parents were looked for: what is unread gets less only.
    sought: BTreeSet<FileId>,
    /// Places in functions of which only the bodies are needed.
    bodies: BTreeMap<FileId, BTreeSet<u32>>,
    /// Numbers of modules and crates, which stay.
    numbers: Numbers,
    /// Files that were read since the model was built.
    fresh: BTreeSet<FileId>,
}

impl<'p> Loader<'p> {
    /// Reads what can matter by itself. `search` off parses every file and every body.
    pub fn new(
        project: &'p Project,
        files: &'p dyn Files,
        catalog: &'p Catalog,
        search: bool,
    ) -> (Self, Model<'p>) {
        let mut loader = Self {
            project,
            files,
            catalog,
            search,
            aliases: BTreeSet::new(),
            renames: BTreeMap::new(),
            last_search: None,
            names: BTreeSet::new(),
            asked: BTreeSet::new(),
            declaring: BTreeMap::new(),
            through_globs: BTreeMap::new(),
            whole: BTreeSet::new(),
            rounds: 0,
            read: BTreeMap::new(),
            failures: BTreeMap::new(),
            climbed: BTreeSet::new(),
            sought: BTreeSet::new(),
            bodies: BTreeMap::new(),
            numbers: Numbers::default(),
            fresh: BTreeSet::new(),
        };
        let all: Vec<FileId> =
            project.file_ids().filter(|&file| !project.file(file).ignored).collect();
        loader.read_files(&all, false);
        loader.read_aliased(&all);
        let mut model = empty(project, catalog, dependencies(project));
        model.aliases.clone_from(&loader.aliases);
        loader.read_above(&mut model);
        (loader, model)
    }

    /// Gives back all facts, for which nobody has to wait.
    pub fn free(self, model: &mut Model<'_>) {
        let facts = std::mem::take(&mut model.facts);
        let read = self.read;
        rayon::spawn(move || drop((read, facts)));
    }

    /// Puts what was read into a model, with what lies above it in the module tree.
    fn read_above(&mut self, model: &mut Model<'p>) {
        self.read_ancestors();
        self.update(model);
        for _ in 0..MAX_ROUNDS {
            if !self.read_parents(orphans(model)) {
                break;
            }
            self.update(model);
        }
    }

    /// Puts what was read since the last time into a model.
    fn update(&mut self, model: &mut Model<'p>) {
        let mut changed = BTreeSet::new();
        // What is said of files.
        let mut has_changed = false;
        for file in std::mem::take(&mut self.fresh) {
            let reaps = match &self.read[&file] {
                Read::Lowered(lowered) => {
                    let old = model.facts.insert(file, lowered.clone());
                    self.renames.insert(file, renames(lowered));
                    let outer = |facts: &FileFacts| facts.items.len() - facts.nested.len();
                    debug_assert!(
                        old.as_ref().is_none_or(|old| outer(old) == outer(lowered)),
                        "items keep their numbers, however much of a file is read"
                    );
                    model.name_in_macros(file, old.as_deref(), Some(lowered));
                    has_changed |= self.failures.remove(&file).is_some();
                    model.failed.remove(&file);
                    // Names mean what they did where all that is new are bodies without items.
                    if !old.is_some_and(|old| declares_the_same(&old, lowered)) {
                        changed.insert(file);
                    }
                    lowered.reaps
                }
                Read::Failed(note, text) => {
                    if let Some(old) = model.facts.remove(file) {
                        model.name_in_macros(file, Some(&old), None);
                        self.renames.remove(&file);
                        changed.insert(file);
                    }
                    self.failures.insert(file, note.clone());
                    model.failed.insert(file, text.clone());
                    has_changed = true;
                    false
                }
                Read::Skipped { reaps, .. } => *reaps,
            };
            if reaps {
                model.reapers.insert(self.project.file(file).package);
            }
        }
        if !changed.is_empty() || has_changed || model.crates.is_empty() {
            model.notes = self.failures.values().cloned().collect();
            rebuild(model, &mut self.numbers, &changed);
        }
    }

    /// Reads what the verdicts on a model depend on and nobody has looked at, and puts it into the
    /// model; how many files that were: modules that were asked for a name, files that spell a
    /// wanted name, files and single functions of which the bodies are needed.
    pub fn answer(&mut self, model: &mut Model<'p>, asked_for: &Wanted) -> usize {
        let mut files = self.leading(model);
        let diverging = self.diverging(model, asked_for);
        let of_modules = self.asked_of_modules(model, asked_for, &diverging);
        files.extend(self.unread(model, &of_modules));
        let diverging = diverging.into_iter().flat_map(|(_, files)| files);
        files.extend(diverging.filter(|&file| self.is_unread(file)));
        self.read_files(&files, true);
        let wanted = self.wanted(model, asked_for);
        self.read_again(model, &wanted);
        self.read_called(model, asked_for);
        let read = self.fresh.len();
        if read > 0 {
            self.read_above(model);
            self.read_beyond(model, &of_modules);
        }
        read
    }

    /// Reads the functions of the same file that functions call by name which were asked for: they are asked for next.
    fn read_called(&mut self, model: &Model<'_>, asked_for: &Wanted) {
        let mut open = asked_for.functions.clone();
        let calls = if asked_for.to_run { MAX_CALLED.1 } else { MAX_CALLED.0 };
        for _ in 0..calls {
            let mut called: BTreeSet<(FileId, ItemId)> = BTreeSet::new();
            for (file, item) in open {
                let Some(Read::Lowered(facts)) = self.read.get(&file) else { continue };
                if !self.fresh.contains(&file) || self.whole.contains(&file) {
                    continue;
                }
                let beside = called_beside(facts, item);
                called.extend(beside.into_iter().map(|item| (file, item)));
            }
            let mut files = BTreeSet::new();
            for &(file, item) in &called {
                let Some(Read::Lowered(facts)) = self.read.get(&file) else { continue };
                let range = facts.item(item).range;
                if self.needs_body(file, range) {
                    files.insert(file);
                }
            }
            if files.is_empty() {
                return;
            }
            self.read_again(model, &files);
            open = called;
        }
    }

    /// Reads what modules hand on from others that nobody has read either.
    fn read_beyond(&mut self, model: &mut Model<'p>, asked_for: &Unread) {
        let mut open = beyond(model, asked_for);
        loop {
            let files = self.unread(model, &open);
            self.read_files(&files, true);
            if self.fresh.is_empty() {
                return;
            }
            self.read_above(model);
            open = beyond(model, &open);
        }
    }

    /// Reads files with all names that matter to them.
    fn read_again(&mut self, model: &Model<'_>, files: &BTreeSet<FileId>) {
        let scopes: BTreeSet<Scope> = self.names.iter().map(|(_, scope)| *scope).collect();
        let files: Vec<FileId> = files.iter().copied().collect();
        let read: Vec<(FileId, Read)> = alike(model, &scopes, files)
            .into_par_iter()
            .flat_map(|(around, files)| {
                let is_seen = |scope: &Scope| around.binary_search(scope).is_ok();
                let seen = self.names.iter().filter(|(_, scope)| is_seen(scope));
                let mut names = self.aliases.clone();
                names.extend(seen.map(|(name, _)| name.clone()));
                let search = Search::new(self.catalog, &names);
                let one = |file: FileId| {
                    self.read_one(file, &search, &names, true).map(|read| (file, read))
                };
                let files = files.into_par_iter().with_max_len(AT_A_TIME);
                files.filter_map(one).collect::<Vec<_>>()
            })
            .collect();
        self.keep(read);
    }

    /// Files that spell an alias of a spawn which another file makes for others.
    fn read_aliased(&mut self, all: &[FileId]) {
        for _ in 0..MAX_ROUNDS {
            let known = self.aliases.len();
            for read in self.read.values() {
                if let Read::Lowered(facts) = read {
                    let found = spawn_aliases(facts, self.catalog, &self.aliases, true);
                    self.aliases.extend(found);
                }
            }
            if self.aliases.len() == known || !self.search {
                return;
            }
            self.read_files(all, false);
        }
    }

    fn read_ancestors(&mut self) {
        let mut wanted: BTreeSet<FileId> = BTreeSet::new();
        if !self.search {
            wanted.extend(self.project.targets.iter().map(|target| target.root));
        }
        for &file in &self.fresh {
            if matches!(self.read[&file], Read::Lowered(_)) && self.climbed.insert(file) {
                let ancestors = usual_ancestors(&self.project.file(file).path);
                wanted.extend(ancestors.iter().filter_map(|path| self.project.find(path)));
            }
        }
        wanted.retain(|file| {
            !matches!(self.read.get(file), Some(Read::Lowered(_) | Read::Failed(..)))
        });
        let wanted: Vec<FileId> = wanted.into_iter().collect();
        self.read_files(&wanted, true);
    }

    /// Reads files that may declare an orphan by a `mod` at an unusual place; whether any was found.
    fn read_parents(&mut self, mut orphans: Vec<FileId>) -> bool {
        orphans.retain(|&file| self.sought.insert(file));
        if orphans.is_empty() {
            return false;
        }
        let package_of = |file: FileId| self.project.file(file).package;
        let packages: BTreeSet<_> = orphans.iter().map(|&file| package_of(file)).collect();
        let stems: BTreeSet<_> = orphans
            .iter()
            .map(|&file| (package_of(file), stem(&self.project.file(file).path)))
            .collect();
        let skipped: Vec<(FileId, bool)> = self
            .read
            .iter()
            .filter_map(|(&file, read)| match read {
                Read::Skipped { has_paths, .. } if packages.contains(&package_of(file)) => {
                    Some((file, *has_paths))
                }
                _ => None,
            })
            .collect();
        let (project, files) = (self.project, self.files);
        let parents: Vec<FileId> = skipped
            .into_par_iter()
            .filter(|&(file, has_paths)| {
                let package = project.file(file).package;
                has_paths
                    || files
                        .ask(file, |text| {
                            declared_modules(text).any(|name| stems.contains(&(package, name)))
                        })
                        .unwrap_or(false)
            })
            .map(|(file, _)| file)
            .collect();
        self.read_files(&parents, true);
        !parents.is_empty()
    }

    fn read_files(&mut self, wanted: &[FileId], force: bool) {
        if wanted.is_empty() {
            return;
        }
        // Most rounds of reading look for what the one before did.
        let known = self.last_search.take().filter(|(aliases, _)| *aliases == self.aliases);
        let (aliases, search) = known
            .unwrap_or_else(|| (self.aliases.clone(), Search::new(self.catalog, &self.aliases)));
        let force = force || !self.search;
        let read: Vec<(FileId, Read)> = wanted
            .par_iter()
            .with_max_len(AT_A_TIME)
            .filter_map(|&file| {
                self.read_one(file, &search, &self.aliases, force).map(|read| (file, read))
            })
            .collect();
        self.last_search = Some((aliases, search));
        self.keep(read);
    }

    fn keep(&mut self, read: Vec<(FileId, Read)>) {
        self.fresh.extend(read.iter().map(|(file, _)| *file));
        self.read.extend(read);
    }

    /// Notes that the body of a function is needed; whether that is new.
    fn needs_body(&mut self, file: FileId, function: TextRange) -> bool {
        // A needle inside the body; one that is empty is asked for once and never again.
        self.bodies.entry(file).or_default().insert(function.end.saturating_sub(2))
    }
}

/// Functions of a file without a body that one of its functions calls by name.
fn called_beside(facts: &FileFacts, item: ItemId) -> BTreeSet<ItemId> {
    let ItemKind::Function(function) = &facts.item(item).kind else { return BTreeSet::new() };
    let Some(body) = &function.body else { return BTreeSet::new() };
    let names = body.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Method(call) => Some(&*call.name),
        ExprKind::Path(_, path) => Some(path.last()),
        _ => None,
    });
    let names: BTreeSet<&str> = names.collect();
    let outer = facts.items.len() - facts.nested.len();
    let numbers = (0..).map(ItemId).zip(&facts.items[..outer]);
    let is_called = |item: &Item| {
        matches!(&item.kind, ItemKind::Function(it) if it.body.is_none())
            && names.contains(&*item.name)
    };
    numbers.filter(|(_, item)| is_called(item)).map(|(id, _)| id).collect()
}

/// Whether two readings of a file differ at most in the bodies of functions, and no item is in one
/// that was in the other's.
fn declares_the_same(old: &FileFacts, new: &FileFacts) -> bool {
    let shape = |facts: &FileFacts| {
        let value = |kind: &ItemKind| matches!(kind, ItemKind::Value(it) if it.body.is_some());
        let values = facts.items.iter().filter(|item| value(&item.kind)).count();
        let owners: Vec<_> = facts.sightings.iter().map(|(owner, _)| *owner).collect();
        (facts.items.len(), values, owners)
    };
    old.nested == new.nested && shape(old) == shape(new) && old.macro_names == new.macro_names
}

/// Files that were read and that no target reaches.
fn orphans(model: &Model<'_>) -> Vec<FileId> {
    let live = model.parts.keys().map(|id| &model.crates[id.0 as usize]);
    let orphans = live.filter(|krate| krate.target.is_none());
    orphans.map(|krate| model.module(krate.root).file).collect()
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
        let end = rest
            .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .unwrap_or(rest.len());
        &rest[..end]
    })
}
