//! Which files have to be read to answer what following and judging asked for.
//!
//! Reading more than that would cost; reading less would blame what an unread file clears.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::super::aliases::aliases_of;
use super::super::{Ask, CrateId, Model, ModuleId, Namespace, Scope, watched};
use super::{Loader, Read};
use crate::facts::tree::{Item, ItemId, ItemKind, Name, STAND_IN, Type};
use crate::scan::{Declares, Functions, Spelled, declares};
use crate::source::{FileId, PackageId};

/// Rounds of reading what verdicts depend on before all bodies of the files are lowered.
const PATIENCE: usize = 12;

/// Files that are read for one name because they hand on all that others declare: behind some crates
/// stand hundreds of those, one for each platform.
const MAX_GLOBS: usize = 8;

/// Names that verdicts depend on, with where they can be meant.
pub type Names = BTreeSet<(String, Scope)>;

/// What could change a verdict and nobody has looked at yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Names, with where they can be meant.
    pub names: Names,
    /// Files of which all bodies are needed.
    pub files: BTreeSet<FileId>,
    /// Functions of which the body is needed.
    pub functions: BTreeSet<(FileId, ItemId)>,
    /// Whether these are run, with all that they call.
    pub to_run: bool,
    /// Crates of which all is needed, and how many functions their texts may declare at most; of a larger one nothing is.
    pub crates: BTreeMap<CrateId, usize>,
    /// What is named in modules that nobody has read.
    pub unread: Unread,
    /// Methods that something calls on values of types that are not known.
    pub methods: Vec<Methods>,
    /// The same, and functions, where it decides whether one of them ever returns.
    pub diverging: Vec<Methods>,
}

impl Wanted {
    /// Adds what somebody else wants.
    pub fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
        self.files.extend(other.files);
        self.functions.extend(other.functions);
        self.to_run |= other.to_run;
        self.crates.extend(other.crates);
        self.unread.extend(other.unread);
        self.methods.extend(other.methods);
        self.diverging.extend(other.diverging);
    }
}

/// Methods that one body calls on types that are not known, and what it names that may lead to those types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Methods {
    /// The file of the body.
    pub file: FileId,
    /// The methods.
    pub called: BTreeSet<Name>,
    /// What is named in modules that nobody has read.
    pub named: BTreeSet<(ModuleId, Name)>,
}

/// For each function and method that files of a package may declare, those files; of its name the hash, and another of
/// one that never returns.
pub(super) type Declaring = FxHashMap<u32, Vec<FileId>>;

/// Names in modules that nobody has read.
pub type Unread = BTreeSet<(ModuleId, Name, Need)>;

/// What it is about a name in a module nobody has read that could change a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Whatever it means.
    Meaning,
    /// Whether it decides where execution goes.
    Decision,
    /// Whether it is a type, of which somebody calls a method, or a module on the way to one.
    Type,
}

impl Need {
    /// Whether a file that declares something by a name has to be read.
    fn is_met_by(self, says: Declares, name: &str) -> bool {
        match says {
            Declares::Nothing | Declares::Globs => false,
            Declares::Elsewhere => self.is_met_through(name),
            Declares::Value => self == Self::Meaning,
            Declares::Decision => self != Self::Type,
            Declares::Type => self != Self::Decision,
            Declares::Module => true,
        }
    }

    /// Whether a name that another file declares can be what is needed. Types have capital and small letters.
    fn is_met_through(self, name: &str) -> bool {
        let has = |wanted: fn(&char) -> bool| name.chars().any(|letter| wanted(&letter));
        self != Self::Type
            || has(|letter| letter.is_uppercase()) && has(|letter| letter.is_lowercase())
    }
}

impl Loader<'_> {
    /// Files of modules that were asked for a name which can lead to a spawn.
    pub(super) fn leading(&self, model: &Model<'_>) -> Vec<FileId> {
        let asked = model.modules.iter().filter(|module| module.asked.load(Ordering::Relaxed));
        asked.map(|module| module.file).filter(|&file| self.is_unread(file)).collect()
    }

    /// Files of modules that may answer what nobody asked of them before.
    pub(super) fn unread(&mut self, model: &Model<'_>, asked_for: &Unread) -> Vec<FileId> {
        let mut files: BTreeSet<FileId> = BTreeSet::new();
        let mut named: BTreeMap<FileId, BTreeSet<(&str, Need)>> = BTreeMap::new();
        for (module, name, need) in asked_for.difference(&self.asked) {
            named.entry(model.module(*module).file).or_default().insert((name, *need));
        }
        let texts = self.files;
        let answers = |(file, names): (FileId, BTreeSet<(&str, Need)>)| {
            // One that cannot be read is said so when it is.
            let Ok(text) = texts.read(file) else { return Some((file, Vec::new())) };
            let mut through_globs = Vec::new();
            for (name, need) in names {
                match declares(&text, name) {
                    Declares::Globs if need.is_met_through(name) => {
                        through_globs.push(Name::from(name));
                    }
                    says if need.is_met_by(says, name) => return Some((file, Vec::new())),
                    _ => {}
                }
            }
            (!through_globs.is_empty()).then_some((file, through_globs))
        };
        let found: Vec<(FileId, Vec<Name>)> = named.into_par_iter().filter_map(answers).collect();
        for (file, through_globs) in found {
            let mut followed = through_globs.is_empty();
            for name in through_globs {
                let tried = self.through_globs.entry(name).or_default();
                followed |= *tried < MAX_GLOBS;
                *tried += 1;
            }
            if followed {
                files.insert(file);
            }
        }
        self.asked.extend(asked_for.iter().cloned());
        files.into_iter().filter(|&file| self.is_unread(file)).collect()
    }

    /// What is asked of modules that nobody has read, with the types whose methods are called if some file that
    /// nobody has read declares such a method.
    /// So it is with what never returns, and then all that leads to its type is asked for.
    pub(super) fn asked_of_modules(
        &mut self,
        model: &Model<'_>,
        asked_for: &Wanted,
        diverging: &[(&Methods, Vec<FileId>)],
    ) -> Unread {
        let mut unread = asked_for.unread.clone();
        for methods in &asked_for.methods {
            let new = self.unasked(methods, Need::Type, &unread);
            if !new.is_empty() {
                let found = self.declaring(model, methods, Functions::hash);
                if found.into_iter().any(|file| self.is_unread(file)) {
                    unread.extend(new);
                }
            }
        }
        for (methods, _) in diverging {
            unread.extend(self.unasked(methods, Need::Meaning, &unread));
        }
        unread
    }

    /// Of methods of which it decides whether they return, those that some file says never do, with the files.
    pub(super) fn diverging<'w>(
        &mut self,
        model: &Model<'_>,
        asked_for: &'w Wanted,
    ) -> Vec<(&'w Methods, Vec<FileId>)> {
        let declaring = asked_for
            .diverging
            .iter()
            .map(|methods| (methods, self.declaring(model, methods, Functions::hash_of_diverging)));
        declaring.filter(|(_, files)| !files.is_empty()).collect()
    }

    /// What a body names in modules that nobody has read, as far as nobody asked for it.
    fn unasked(&self, methods: &Methods, need: Need, known: &Unread) -> Unread {
        let asked = methods.named.iter().map(|(module, name)| (*module, name.clone(), need));
        asked.filter(|it| !self.asked.contains(it) && !known.contains(it)).collect()
    }

    /// Files that may declare a method by one of these names: a type may come through any package that is seen, and its
    /// methods from any beside it.
    fn declaring(
        &mut self,
        model: &Model<'_>,
        methods: &Methods,
        hash: fn(&str) -> u32,
    ) -> Vec<FileId> {
        let own = self.project.file(methods.file).package;
        let seen = own.map(|own| &model.dependencies[own.0 as usize]);
        let mut found = Vec::new();
        for package in std::iter::once(own).chain(seen.into_iter().flatten().copied().map(Some)) {
            if !self.declaring.contains_key(&package) {
                let found = self.declared(package);
                self.declaring.insert(package, found);
            }
            let declaring = &self.declaring[&package];
            let named = methods.called.iter().filter_map(|name| declaring.get(&hash(name)));
            found.extend(named.flatten());
        }
        found
    }

    /// What the files of a package may declare that nobody has read, and what never returns in the others.
    fn declared(&self, package: Option<PackageId>) -> Declaring {
        let of_package = |&file: &FileId| self.project.file(file).package == package;
        let mut declaring = Declaring::default();
        for file in self.project.file_ids().filter(of_package) {
            let mut declare = |name| declaring.entry(name).or_default().push(file);
            match self.read.get(&file) {
                Some(Read::Skipped { functions, .. }) => functions.iter().for_each(declare),
                Some(Read::Lowered(facts)) => {
                    let never = facts.items.iter().filter(|item| {
                        matches!(&item.kind, ItemKind::Function(it) if it.output == Some(Type::Never))
                    });
                    never.for_each(|item| declare(Functions::hash_of_diverging(&item.name)));
                }
                Some(Read::Failed(..)) => {}
                // One that is not analysed; where it cannot be read, nothing of it is.
                None => {
                    let Ok(functions) = self.files.ask(file, Functions::of) else { continue };
                    functions.iter().for_each(declare);
                }
            }
        }
        declaring
    }

    /// The files of crates that are small enough.
    fn of_crates(&self, model: &Model<'_>, crates: &BTreeMap<CrateId, usize>) -> Vec<FileId> {
        let mut all: BTreeMap<CrateId, BTreeSet<FileId>> = BTreeMap::new();
        for module in model.modules.iter().filter(|it| crates.contains_key(&it.krate)) {
            all.entry(module.krate).or_default().insert(module.file);
        }
        let declared = |file: &FileId| match self.read.get(file) {
            Some(Read::Skipped { functions, .. }) => functions.iter().count(),
            Some(Read::Lowered(facts)) => {
                let is_function = |item: &&Item| matches!(item.kind, ItemKind::Function(_));
                facts.items.iter().filter(is_function).count()
            }
            // One that is not analysed by itself counts when it is read.
            Some(Read::Failed(..)) | None => 0,
        };
        let small = all
            .into_iter()
            .filter(|(krate, files)| files.iter().map(declared).sum::<usize>() <= crates[krate]);
        small.flat_map(|(_, files)| files).collect()
    }

    pub(super) fn is_unread(&self, file: FileId) -> bool {
        matches!(self.read.get(&file), None | Some(Read::Skipped { .. }))
    }

    /// Files that spell a name that was not known before, and those with functions that were not.
    pub(super) fn wanted(&mut self, model: &Model<'_>, asked_for: &Wanted) -> BTreeSet<FileId> {
        let names = &asked_for.names;
        let mut files: BTreeSet<FileId> = BTreeSet::new();
        if !self.search {
            return files;
        }
        let of_crates = self.of_crates(model, &asked_for.crates);
        let whole = asked_for.files.iter().copied().chain(of_crates);
        files.extend(whole.filter(|&file| self.whole.insert(file)));
        for &(file, item) in &asked_for.functions {
            if self.needs_body(file, model.facts[file].item(item).range) {
                files.insert(file);
            }
        }
        // A macro spells what it leaves to its caller with a `$`.
        let chosen = names.iter().filter_map(|(name, scope)| {
            Some((format!("${}", name.strip_prefix(STAND_IN)?), *scope))
        });
        let mut new: BTreeMap<String, Vec<Scope>> = BTreeMap::new();
        for (name, scope) in names.iter().cloned().chain(chosen) {
            if self.names.insert((name.clone(), scope)) {
                new.entry(name).or_default().push(scope);
            }
        }
        // An alias may have one of its own.
        loop {
            let known = self.names.len();
            for (alias, scope) in aliases_of(model, &self.renames, &self.names) {
                if self.names.insert((alias.clone(), scope)) {
                    new.entry(alias).or_default().push(scope);
                }
            }
            if self.names.len() == known {
                break;
            }
        }
        let project = self.project;
        let candidates = project
            .file_ids()
            .filter(|&file| !project.file(file).ignored || self.read.contains_key(&file))
            .filter(|file| !files.contains(file));
        let spelled = self.spelled(model, &new, candidates.collect());
        files.extend(spelled);
        if asked_for.to_run {
            return files;
        }
        self.rounds += usize::from(!files.is_empty());
        if self.rounds > PATIENCE {
            // A chain of functions that hand handles on would take a round for each.
            let package = |file: FileId| project.file(file).package;
            let packages: BTreeSet<_> = files.iter().map(|&file| package(file)).collect();
            let known = |file: &FileId| matches!(self.read.get(file), Some(Read::Lowered(_)));
            let all = project.file_ids().filter(|file| packages.contains(&package(*file)));
            let more: Vec<FileId> =
                all.filter(known).filter(|it| !self.whole.contains(it)).collect();
            self.whole.extend(&more);
            files.extend(more);
        }
        files
    }

    /// Files that spell a name where it can be meant.
    fn spelled(
        &self,
        model: &Model<'_>,
        names: &BTreeMap<String, Vec<Scope>>,
        candidates: Vec<FileId>,
    ) -> Vec<FileId> {
        let scopes: BTreeSet<Scope> = names.values().flatten().copied().collect();
        // Most names are meant in a few files only, and a search for few is a fast one.
        let mut alike = alike(model, &scopes, candidates);
        alike.remove(&Vec::new());
        let texts = self.files;
        alike
            .into_par_iter()
            .flat_map(|(around, files)| {
                let meant = names.iter().filter(|(_, scopes)| {
                    scopes.iter().any(|scope| around.binary_search(scope).is_ok())
                });
                let search = Spelled::new(meant.map(|(name, _)| name));
                let spells =
                    |&file: &FileId| texts.ask(file, |text| search.finds(text)).unwrap_or(false);
                files.into_par_iter().filter(spells).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// Files by which of some scopes they are in: those of one package mostly see the same names.
pub(super) fn alike(
    model: &Model<'_>,
    scopes: &BTreeSet<Scope>,
    files: Vec<FileId>,
) -> BTreeMap<Vec<Scope>, Vec<FileId>> {
    let around = |file: FileId| -> Vec<Scope> {
        scopes.iter().copied().filter(|&scope| model.in_scope(file, scope)).collect()
    };
    let around: Vec<(FileId, Vec<Scope>)> =
        files.into_par_iter().map(|file| (file, around(file))).collect();
    let mut alike: BTreeMap<Vec<Scope>, Vec<FileId>> = BTreeMap::new();
    for (file, around) in around {
        alike.entry(around).or_default().push(file);
    }
    alike
}

/// What the answers of modules that were read depend on and nobody has read.
pub(super) fn beyond(model: &Model<'_>, asked_for: &Unread) -> Unread {
    let mut found = Unread::new();
    for (module, name, need) in asked_for {
        if model.module(*module).unread {
            continue;
        }
        for namespace in [Namespace::Type, Namespace::Value] {
            let asked = || model.resolve(*module, false, std::slice::from_ref(name), namespace);
            let asked = watched(asked).1;
            let named = asked.iter().filter_map(Ask::in_module);
            found.extend(named.map(|(module, name)| (module, name.clone(), *need)));
        }
    }
    found
}
