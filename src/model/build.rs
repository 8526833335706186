//! Builds module trees from facts: one crate for each target, one for each file no target reaches.
//!
//! Each round of reading adds a few files to a model that stands. Crates in which none of them lies keep
//! what they gave; the others are built anew, and what is known across crates is put together again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::module_files::parent_dir;
use super::names::{SHARDS, watched};
use super::numbers::Numbers;
use super::trees::{Root, grow};
use super::{
    Ask, CrateId, ExternCrate, FunctionRef, ItemRef, Model, ModuleId, PerFile, Ty, TyHead,
};
use crate::Note;
use crate::catalog::{Catalog, Role};
use crate::facts::tree::{ItemId, ItemKind, Name, Type};
use crate::finding::CodeKind;
use crate::source::{Dependency, FileId, PackageId, Project, TargetId, TargetKind};

/// What one crate gave to a model.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) modules: Vec<ModuleId>,
    pub(super) blocks: Vec<(ModuleId, ItemId, u32)>,
    pub(super) functions: Vec<FunctionRef>,
    pub(super) values: Vec<(ItemRef, bool)>,
    /// Traits that provide constants.
    pub(super) providing: Vec<ItemRef>,
    pub(super) sightings: Vec<(ItemRef, bool)>,
    pub(super) implementations: Vec<Implementation>,
    /// Those of them that depend on what was not read.
    open: Vec<usize>,
    /// Traits that are implemented for references.
    of_references: Vec<Name>,
    pub(super) notes: Vec<Note>,
}

/// An `impl`, and what it is for.
#[derive(Debug)]
pub(super) struct Implementation {
    item: ItemRef,
    is_test: bool,
    head: Option<TyHead>,
    /// What that depends on and was not read.
    asked: Vec<Ask>,
}

/// A model of nothing.
pub(super) fn empty<'p>(
    project: &'p Project,
    catalog: &'p Catalog,
    dependencies: Vec<BTreeSet<PackageId>>,
) -> Model<'p> {
    Model {
        project,
        catalog,
        facts: PerFile::default(),
        aliases: BTreeSet::new(),
        leading: leading(catalog),
        crates: Vec::new(),
        parts: BTreeMap::new(),
        modules: Vec::new(),
        functions: Vec::new(),
        values: Vec::new(),
        providing: Vec::new(),
        sightings: Vec::new(),
        blocks: FxHashMap::default(),
        resolved: (0..SHARDS).map(|_| Mutex::default()).collect(),
        dependencies,
        round: 0,
        reachable: project.packages.iter().map(|_| OnceLock::new()).collect(),
        by_item: FxHashMap::default(),
        methods: FxHashMap::default(),
        constants: FxHashMap::default(),
        of_file: FxHashMap::default(),
        macro_names: FxHashMap::default(),
        of_references: FxHashSet::default(),
        notes: Vec::new(),
        failed: BTreeMap::new(),
        reapers: BTreeSet::new(),
    }
}

/// Builds the crates of a model in which a changed file lies; the facts and notes of all files are
/// in it already.
pub(super) fn rebuild(model: &mut Model<'_>, numbers: &mut Numbers, changed: &BTreeSet<FileId>) {
    let modules = changed.iter().filter_map(|file| model.of_file.get(file)).flatten();
    let changed = modules.map(|&module| model.module(module).krate).collect();
    let mut builder = Builder {
        model,
        numbers,
        changed,
        order: Vec::new(),
        rebuilt: BTreeSet::new(),
        packages: BTreeSet::new(),
        heads: FxHashSet::default(),
    };
    builder.targets();
    builder.orphans();
    builder.note();
    if !builder.packages.is_empty() {
        builder.extern_names();
        builder.put_together();
    }
    model.notes.sort();
    model.notes.dedup();
}

fn code_of(kind: TargetKind) -> CodeKind {
    match kind {
        TargetKind::Lib | TargetKind::Bin | TargetKind::BuildScript => CodeKind::Main,
        TargetKind::Example => CodeKind::Example,
        TargetKind::Bench => CodeKind::Bench,
        TargetKind::Test => CodeKind::Test,
    }
}

/// Names that can lead to a spawn: asked of a module that was not read, they make it be read.
fn leading(catalog: &Catalog) -> FxHashSet<String> {
    let mut names = FxHashSet::default();
    for api in catalog.iter() {
        if matches!(
            api.role,
            Role::Spawn | Role::ScopedSpawn | Role::Scope | Role::OwnedByRegistry | Role::Builder
        ) {
            names.extend(api.path.rsplit("::").take(2).map(str::to_owned));
        }
    }
    for generic in ["std", "new", "default", "build"] {
        names.remove(generic);
    }
    names
}

struct Builder<'m, 'p> {
    model: &'m mut Model<'p>,
    numbers: &'m mut Numbers,
    /// Crates in which a changed file lies.
    changed: FxHashSet<CrateId>,
    /// All crates there are: targets in order, then orphans by file.
    order: Vec<CrateId>,
    rebuilt: BTreeSet<CrateId>,
    /// Packages of the crates that were built anew or taken away.
    packages: BTreeSet<Option<PackageId>>,
    /// Types of which implementations were added or taken away.
    heads: FxHashSet<TyHead>,
}

impl Builder<'_, '_> {
    fn targets(&mut self) {
        let project = self.model.project;
        for (index, target) in project.targets.iter().enumerate() {
            let id = TargetId(u32::try_from(index).unwrap_or(u32::MAX));
            self.krate(Root {
                target: Some(id),
                package: Some(target.package),
                edition: target.edition,
                file: target.root,
                code: code_of(target.kind),
            });
        }
        self.note();
    }

    fn orphans(&mut self) {
        let model = &self.model;
        let is_reached = |file: &FileId| {
            let modules = model.of_file.get(file).into_iter().flatten();
            modules.into_iter().any(|&module| model.krate(module).target.is_some())
        };
        let unreached: BTreeSet<FileId> =
            model.facts.iter().map(|(file, _)| file).filter(|file| !is_reached(file)).collect();
        let is_gone = |id: &CrateId| {
            let krate = &self.model.crates[id.0 as usize];
            krate.target.is_none() && !unreached.contains(&self.model.module(krate.root).file)
        };
        let gone: Vec<CrateId> = self.model.parts.keys().copied().filter(is_gone).collect();
        gone.into_iter().for_each(|krate| self.remove(krate));
        let project = self.model.project;
        for file in unreached {
            let package = project.file(file).package;
            let edition = package.map_or(2021, |package| project.package(package).edition);
            let code = self.orphan_code(file);
            self.krate(Root { target: None, package, edition, file, code });
        }
    }

    /// A crate as it was, if nothing in it has changed, or built anew.
    fn krate(&mut self, root: Root) {
        let id = self.numbers.krate(root.target, root.file);
        self.order.push(id);
        if self.model.parts.contains_key(&id) {
            let same_code = self.model.crates[id.0 as usize].code == root.code;
            if same_code && !self.changed.contains(&id) {
                return;
            }
            self.remove(id);
        }
        self.packages.insert(root.package);
        self.rebuilt.insert(id);
        let part = grow(self.model, self.numbers, &root);
        self.model.by_item.extend(part.functions.iter().map(|it| (it.item, *it)));
        for &module in &part.modules {
            let file = self.model.module(module).file;
            let all = self.model.of_file.entry(file).or_default();
            if let Err(at) = all.binary_search(&module) {
                all.insert(at, module);
            }
        }
        self.model.parts.insert(id, part);
    }

    /// Adds what crates note to the notes of the model.
    fn note(&mut self) {
        let parts = self.order.iter().filter_map(|id| self.model.parts.get(id));
        self.model.notes.extend(parts.flat_map(|part| &part.notes).cloned());
    }

    /// Takes a crate out of the model; its numbers are out of use then.
    fn remove(&mut self, id: CrateId) {
        let Some(part) = self.model.parts.remove(&id) else { return };
        self.packages.insert(self.model.crates[id.0 as usize].package);
        self.heads.extend(part.implementations.into_iter().filter_map(|it| it.head));
        for block in &part.blocks {
            self.model.blocks.remove(block);
        }
        for it in &part.functions {
            self.model.by_item.remove(&it.item);
        }
        for id in part.modules {
            let module = &mut self.model.modules[id.0 as usize];
            if let Some(all) = self.model.of_file.get_mut(&module.file) {
                all.retain(|it| *it != id);
            }
            module.names = FxHashMap::default();
            module.globs = Vec::new();
            module.unread = false;
            module.asked = AtomicBool::new(false);
        }
    }

    /// What an unreached file is: code of the target above it when that target's root could not be
    /// parsed, so that nobody knows what it reaches.
    fn orphan_code(&self, file: FileId) -> CodeKind {
        let project = self.model.project;
        let path = &project.file(file).path;
        let failed = |root: FileId| self.model.notes.iter().any(|note| note.file == root);
        let above = project.targets.iter().filter(|target| {
            let dir = parent_dir(&project.file(target.root).path);
            project.file(file).package == Some(target.package)
                && path.starts_with(dir)
                && failed(target.root)
        });
        above.map(|target| code_of(target.kind)).min().unwrap_or(CodeKind::Orphan)
    }

    fn extern_names(&mut self) {
        let mut libraries: BTreeMap<PackageId, CrateId> = BTreeMap::new();
        let mut by_name: BTreeMap<String, Vec<CrateId>> = BTreeMap::new();
        for (index, krate) in self.model.crates.iter().enumerate() {
            let Some(target) = krate.target.map(|target| self.model.project.target(target)) else {
                continue;
            };
            if target.kind == TargetKind::Lib {
                let id = CrateId(u32::try_from(index).unwrap_or(u32::MAX));
                libraries.insert(target.package, id);
                let package = self.model.project.package(target.package).name.replace('-', "_");
                by_name.entry(package).or_default().push(id);
            }
        }
        for &id in &self.rebuilt {
            let index = id.0 as usize;
            let krate = &self.model.crates[index];
            let mut names: BTreeMap<Name, ExternCrate> = BTreeMap::new();
            for std in ["std", "core", "alloc"] {
                names.insert(Name::from(std), ExternCrate::External(Name::from("std")));
            }
            if let Some(package) = krate.package {
                for Dependency { code_name, package } in
                    &self.model.project.package(package).dependencies
                {
                    let target = match by_name.get(package).map(Vec::as_slice) {
                        Some([only]) => ExternCrate::Workspace(*only),
                        _ => ExternCrate::External(Name::from(package.as_str())),
                    };
                    names.insert(Name::from(code_name.as_str()), target);
                }
                let own = libraries.get(&package).filter(|own| own.0 as usize != index);
                if let Some(&own) = own {
                    let target = self.model.crates[own.0 as usize].target;
                    let name = target
                        .map(|target| self.model.project.target(target).name.replace('-', "_"));
                    names.insert(Name::from(name.unwrap_or_default()), ExternCrate::Workspace(own));
                }
            }
            self.model.crates[index].extern_names = names;
        }
    }

    /// What is known across crates, from the parts.
    fn put_together(self) {
        let Self { model, order, rebuilt, packages, mut heads, .. } = self;
        model.round += 1;
        let mut reachable = std::mem::take(&mut model.reachable);
        for (index, known) in (0..).zip(&mut reachable) {
            let is_built_anew = packages.contains(&Some(PackageId(index)));
            if known.get().is_some_and(|it| is_built_anew || !model.is_open_still(&it.asked)) {
                *known = OnceLock::new();
            }
        }
        model.reachable = reachable;
        let mut parts = std::mem::take(&mut model.parts);
        for (id, part) in &mut parts {
            let again: Vec<usize> = match rebuilt.contains(id) {
                true => (0..part.implementations.len()).collect(),
                false => std::mem::take(&mut part.open),
            };
            for index in again {
                let it = &mut part.implementations[index];
                if rebuilt.contains(id) || !model.is_open_still(&it.asked) {
                    let before = it.head.clone();
                    part.of_references.extend(it.resolve(model));
                    if it.head != before {
                        heads.extend(before.into_iter().chain(it.head.clone()));
                    }
                }
                if !it.asked.is_empty() {
                    part.open.push(index);
                }
            }
        }
        let in_order: Vec<&Part> = order.iter().filter_map(|id| parts.get(id)).collect();
        model.functions.clear();
        model.functions.extend(in_order.iter().flat_map(|part| &part.functions).copied());
        model.providing.clear();
        model.providing.extend(in_order.iter().flat_map(|part| &part.providing).copied());
        model.values.clear();
        model.values.extend(in_order.iter().flat_map(|part| &part.values).copied());
        model.sightings.clear();
        model.sightings.extend(in_order.iter().flat_map(|part| &part.sightings).copied());
        // Methods of all other types are those that they were.
        for head in &heads {
            model.methods.remove(head);
            model.constants.remove(head);
        }
        for it in in_order.iter().flat_map(|part| &part.implementations) {
            let Some(head) = it.head.as_ref().filter(|&head| heads.contains(head)) else {
                continue;
            };
            let ItemKind::Impl(own) = &model.item(it.item).kind else { continue };
            let named: Vec<(Name, FunctionRef)> = own
                .functions
                .iter()
                .map(|&id| {
                    let item = ItemRef { item: id, ..it.item };
                    let declared = model.item(item);
                    let test_only = it.is_test || declared.is_test;
                    let function = FunctionRef { item, container: Some(it.item), test_only };
                    (declared.name.clone(), function)
                })
                .collect();
            let constants: Vec<ItemRef> =
                own.constants.iter().map(|&id| ItemRef { item: id, ..it.item }).collect();
            if !constants.is_empty() {
                model.constants.entry(head.clone()).or_default().extend(constants);
            }
            let of_type = model.methods.entry(head.clone()).or_default();
            for (name, function) in named {
                of_type.entry(name).or_default().push(function);
            }
        }
        let of_references = in_order.iter().flat_map(|part| &part.of_references);
        model.of_references = of_references.cloned().collect();
        // What was resolved meanwhile knew of fewer methods.
        model.round += 1;
        model.parts = parts;
    }
}

impl Model<'_> {
    /// What nobody has read and would tell which type an `impl` is for, with the name that it writes for that.
    pub fn open_impls(&self) -> impl Iterator<Item = (&str, &[Ask])> {
        let parts = self.parts.values();
        let open = parts.flat_map(|part| part.open.iter().map(|&at| &part.implementations[at]));
        open.filter_map(|own| {
            let ItemKind::Impl(it) = &self.item(own.item).kind else { return None };
            let Type::Path(None, path) = &it.self_ty else { return None };
            Some((path.last(), own.asked.as_slice()))
        })
    }
}

impl Implementation {
    /// One of which nothing is known yet.
    pub(super) fn new(item: ItemRef, is_test: bool) -> Self {
        Self { item, is_test, head: None, asked: Vec::new() }
    }

    /// Works out what it is for, as far as the model knows now; gives the trait, if it is for references.
    fn resolve(&mut self, model: &Model<'_>) -> Option<Name> {
        let ItemKind::Impl(it) = &model.item(self.item).kind else { return None };
        let (ty, asked) = watched(|| model.ty(self.item.module, None, &it.generics, &it.self_ty));
        (self.asked, self.head) = (asked, ty.head());
        let path = it.trait_path.as_ref().filter(|_| matches!(ty, Ty::Reference(_)));
        path.map(|path| Name::from(path.last()))
    }
}
