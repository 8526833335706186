//! Builds module trees from facts: one crate for each target, one for each file no target reaches.
//!
//! Each round of reading adds a few files to a model that stands. Crates in which none of them lies keep
//! what they gave; the others are built anew, and what is known across crates is put together again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::module_files::{children_dir, join, parent_dir};
use super::names::SHARDS;
use super::numbers::{ModuleKey, Numbers};
use super::{
    Crate, CrateId, Declaration, Declared, ExternCrate, FunctionRef, Imported, ItemRef, Model,
    Module, ModuleId, Ty, TyHead, test_only,
};
use crate::Note;
use crate::catalog::{Catalog, Role};
use crate::facts::FileFacts;
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Body, Item, ItemId, ItemKind, ModuleItem, Name, Visibility};
use crate::finding::CodeKind;
use crate::source::{Dependency, FileId, PackageId, Project, TargetId, TargetKind};

/// Modules deeper than this are left out: only a loop of `#[path]` gets there.
const MAX_MODULE_DEPTH: usize = 64;

/// What one crate gave to a model.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Files of its modules, read or not.
    files: BTreeSet<FileId>,
    modules: Vec<ModuleId>,
    blocks: Vec<(ModuleId, ItemId, u32)>,
    functions: Vec<FunctionRef>,
    values: Vec<(ItemRef, bool)>,
    sightings: Vec<(ItemRef, bool)>,
    implementations: Vec<Implementation>,
    notes: Vec<Note>,
}

/// An `impl`, and what it is for.
#[derive(Debug)]
struct Implementation {
    item: ItemRef,
    is_test: bool,
    head: Option<TyHead>,
    /// The trait, if it is for references.
    of_reference: Option<Name>,
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
        facts: BTreeMap::new(),
        leading: leading(catalog),
        crates: Vec::new(),
        parts: BTreeMap::new(),
        modules: Vec::new(),
        functions: Vec::new(),
        values: Vec::new(),
        sightings: Vec::new(),
        blocks: FxHashMap::default(),
        resolved: Vec::new(),
        dependencies,
        reachable: Vec::new(),
        by_item: FxHashMap::default(),
        methods: FxHashMap::default(),
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
    let mut builder = Builder {
        model,
        numbers,
        changed,
        part: Part::default(),
        order: Vec::new(),
        rebuilt: BTreeSet::new(),
        packages: BTreeSet::new(),
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
    changed: &'m BTreeSet<FileId>,
    /// What the crate gives that is being built.
    part: Part,
    /// All crates there are: targets in order, then orphans by file.
    order: Vec<CrateId>,
    rebuilt: BTreeSet<CrateId>,
    /// Packages of the crates that were built anew or taken away.
    packages: BTreeSet<Option<PackageId>>,
}

/// Where the children of a module are looked for.
#[derive(Clone)]
struct Place {
    module: ModuleId,
    file: FileId,
    /// Directory of out-of-line children.
    dir: String,
    /// Directory that `#[path]` is relative to.
    path_dir: String,
    test_only: bool,
    conditional: bool,
    depth: usize,
}

impl Builder<'_, '_> {
    fn targets(&mut self) {
        let project = self.model.project;
        for (index, target) in project.targets.iter().enumerate() {
            let id = TargetId(u32::try_from(index).unwrap_or(u32::MAX));
            self.krate(
                Some(id),
                Some(target.package),
                target.edition,
                target.root,
                code_of(target.kind),
            );
        }
        self.note();
    }

    fn orphans(&mut self) {
        let targets = self.order.iter().filter_map(|krate| self.model.parts.get(krate));
        let reached: BTreeSet<FileId> = targets.flat_map(|part| &part.files).copied().collect();
        let unreached: BTreeSet<FileId> =
            self.model.facts.keys().copied().filter(|file| !reached.contains(file)).collect();
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
            self.krate(None, package, edition, file, self.orphan_code(file));
        }
    }

    /// A crate as it was, if nothing in it has changed, or built anew.
    fn krate(
        &mut self,
        target: Option<TargetId>,
        package: Option<PackageId>,
        edition: u16,
        root: FileId,
        code: CodeKind,
    ) {
        let id = self.numbers.krate(target, root);
        self.order.push(id);
        if let Some(part) = self.model.parts.get(&id) {
            let same_code = self.model.crates[id.0 as usize].code == code;
            if same_code && part.files.is_disjoint(self.changed) {
                return;
            }
            self.remove(id);
        }
        self.packages.insert(package);
        self.rebuilt.insert(id);
        self.add_crate(target, package, edition, root, code);
        let part = std::mem::take(&mut self.part);
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
        for block in &part.blocks {
            self.model.blocks.remove(block);
        }
        for module in part.modules {
            let module = &mut self.model.modules[module.0 as usize];
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

    fn add_crate(
        &mut self,
        target: Option<TargetId>,
        package: Option<PackageId>,
        edition: u16,
        root: FileId,
        code: CodeKind,
    ) {
        let krate = self.numbers.krate(target, root);
        let module = self.add_module(krate, None, root, Name::from(""), (false, 0));
        // Numbers of crates that are no more stay empty.
        let empty = |module| Crate {
            target: None,
            package: None,
            edition,
            root: module,
            code: CodeKind::Orphan,
            extern_names: BTreeMap::new(),
        };
        while self.model.crates.len() < self.numbers.crates() {
            self.model.crates.push(empty(module));
        }
        let crate_data = Crate { target, package, code, ..empty(module) };
        self.model.crates[krate.0 as usize] = crate_data;
        let path = self.model.project.file(root).path.clone();
        let dir = children_dir(&path, true);
        let place = Place {
            module,
            file: root,
            path_dir: dir.clone(),
            dir,
            test_only: false,
            conditional: false,
            depth: 0,
        };
        // An orphan's `mod` lines are not followed: what they reach is an orphan of its own.
        self.file(place, target.is_some());
    }

    fn add_module(
        &mut self,
        krate: CrateId,
        parent: Option<ModuleId>,
        file: FileId,
        name: Name,
        (is_block, start): (bool, u32),
    ) -> ModuleId {
        let key = ModuleKey { krate, parent, file, name: name.clone(), start };
        let id = self.numbers.module(key);
        let empty = |name| Module {
            krate,
            parent,
            file,
            name,
            is_block,
            test_only: false,
            no_unix: false,
            names: FxHashMap::default(),
            globs: Vec::new(),
            unread: false,
            asked: AtomicBool::new(false),
        };
        // Numbers of modules that are no more stay empty.
        while self.model.modules.len() < self.numbers.modules() {
            self.model.modules.push(empty(Name::from("")));
        }
        self.model.modules[id.0 as usize] = empty(name);
        self.part.modules.push(id);
        self.part.files.insert(file);
        id
    }

    fn file(&mut self, mut place: Place, follow: bool) {
        let Some(facts) = self.model.facts.get(&place.file).cloned() else {
            self.model.modules[place.module.0 as usize].unread = true;
            return;
        };
        place.test_only = test_only(place.test_only, &facts.cfg);
        place.conditional |= facts.cfg != Cfg::Always;
        let module = &mut self.model.modules[place.module.0 as usize];
        module.test_only = place.test_only;
        module.no_unix |= facts.cfg.excludes_unix();
        self.items(&place, &facts, &facts.root, follow);
    }

    fn items(&mut self, place: &Place, facts: &Arc<FileFacts>, items: &[ItemId], follow: bool) {
        for &id in items {
            let item = facts.item(id);
            if item.cfg.eval(&|_| None) == Some(false) {
                continue;
            }
            let reference = ItemRef { file: place.file, item: id, module: place.module };
            let is_test = item.is_test || test_only(place.test_only, &item.cfg);
            match &item.kind {
                ItemKind::Module(module) => {
                    self.module(place, facts, item, module, is_test, follow);
                }
                ItemKind::Use(imports) => {
                    for import in imports {
                        let imported =
                            Imported { import: import.clone(), visibility: item.visibility };
                        match &import.binding {
                            None => {
                                self.model.modules[place.module.0 as usize].globs.push(imported);
                            }
                            Some(name) => self.declare(
                                place.module,
                                name,
                                Declaration::Import(imported),
                                item.visibility,
                            ),
                        }
                    }
                }
                ItemKind::ExternCrate(krate) => {
                    self.declare(
                        place.module,
                        &item.name,
                        Declaration::Crate(krate.clone()),
                        item.visibility,
                    );
                }
                _ => self.leaf(facts, reference, item, is_test),
            }
        }
    }

    /// An item without modules below it.
    fn leaf(&mut self, facts: &Arc<FileFacts>, reference: ItemRef, item: &Item, is_test: bool) {
        match &item.kind {
            ItemKind::Impl(it) => {
                self.part.implementations.push(Implementation {
                    item: reference,
                    is_test,
                    head: None,
                    of_reference: None,
                });
                self.functions(facts, reference, &it.functions, is_test);
            }
            ItemKind::Trait(functions) => {
                self.declare(
                    reference.module,
                    &item.name,
                    Declaration::Item(reference),
                    item.visibility,
                );
                self.functions(facts, reference, functions, is_test);
            }
            ItemKind::Function(function) => {
                self.declare(
                    reference.module,
                    &item.name,
                    Declaration::Item(reference),
                    item.visibility,
                );
                self.part.functions.push(FunctionRef {
                    item: reference,
                    container: None,
                    test_only: is_test,
                });
                if let Some(body) = &function.body {
                    self.blocks(facts, reference, body, is_test);
                }
            }
            ItemKind::Value(value) => {
                self.declare(
                    reference.module,
                    &item.name,
                    Declaration::Item(reference),
                    item.visibility,
                );
                if let Some(body) = &value.body {
                    self.part.values.push((reference, is_test));
                    self.blocks(facts, reference, body, is_test);
                }
            }
            _ => self.declare(
                reference.module,
                &item.name,
                Declaration::Item(reference),
                item.visibility,
            ),
        }
        let sighted = facts.sightings.iter().any(|(owner, _)| *owner == reference.item);
        if sighted {
            self.part.sightings.push((reference, is_test));
        }
    }

    fn functions(
        &mut self,
        facts: &Arc<FileFacts>,
        container: ItemRef,
        functions: &[ItemId],
        outer_test: bool,
    ) {
        for &id in functions {
            let item = facts.item(id);
            let reference = ItemRef { item: id, ..container };
            let is_test = item.is_test || test_only(outer_test, &item.cfg);
            self.part.functions.push(FunctionRef {
                item: reference,
                container: Some(container),
                test_only: is_test,
            });
            if let ItemKind::Function(function) = &item.kind
                && let Some(body) = &function.body
            {
                self.blocks(facts, reference, body, is_test);
            }
            if facts.sightings.iter().any(|(owner, _)| *owner == id) {
                self.part.sightings.push((reference, is_test));
            }
        }
    }

    /// Blocks with items become modules whose parent is the nearest such block around them.
    fn blocks(&mut self, facts: &Arc<FileFacts>, owner: ItemRef, body: &Body, is_test: bool) {
        // Outer blocks have larger ranges; sorting by start puts them before what they hold.
        let mut with_items: Vec<usize> =
            (0..body.blocks.len()).filter(|&index| !body.blocks[index].items.is_empty()).collect();
        with_items.sort_by_key(|&index| {
            let range = body.blocks[index].range;
            (range.start, std::cmp::Reverse(range.end))
        });
        let mut open: Vec<(u32, ModuleId)> = Vec::new();
        for index in with_items {
            let block = &body.blocks[index];
            while open.last().is_some_and(|&(end, _)| end <= block.range.start) {
                open.pop();
            }
            let parent = open.last().map_or(owner.module, |&(_, module)| module);
            let krate = self.model.module(parent).krate;
            let start = block.range.start;
            let module =
                self.add_module(krate, Some(parent), owner.file, Name::from(""), (true, start));
            self.model.modules[module.0 as usize].test_only = is_test;
            let key = (owner.module, owner.item, u32::try_from(index).unwrap_or(u32::MAX));
            self.model.blocks.insert(key, module);
            self.part.blocks.push(key);
            open.push((block.range.end, module));
            let place = Place {
                module,
                file: owner.file,
                dir: String::new(),
                path_dir: String::new(),
                test_only: is_test,
                conditional: true,
                depth: MAX_MODULE_DEPTH,
            };
            self.items(&place, facts, &block.items, false);
        }
    }

    fn declare(
        &mut self,
        module: ModuleId,
        name: &Name,
        what: Declaration,
        visibility: Visibility,
    ) {
        let declared = Declared { what, visibility };
        self.model.modules[module.0 as usize].names.entry(name.clone()).or_default().push(declared);
    }

    fn module(
        &mut self,
        place: &Place,
        facts: &Arc<FileFacts>,
        item: &Item,
        declared: &ModuleItem,
        is_test: bool,
        follow: bool,
    ) {
        let krate = self.model.module(place.module).krate;
        let conditional = place.conditional || item.cfg != Cfg::Always;
        let child = |module, file, dir, path_dir| Place {
            module,
            file,
            dir,
            path_dir,
            test_only: is_test,
            conditional,
            depth: place.depth + 1,
        };
        if let Some(items) = &declared.items {
            let module = self.add_module(
                krate,
                Some(place.module),
                place.file,
                item.name.clone(),
                (false, item.keyword),
            );
            let child_module = &mut self.model.modules[module.0 as usize];
            child_module.test_only = is_test;
            child_module.no_unix = item.cfg.excludes_unix();
            self.declare(place.module, &item.name, Declaration::Module(module), item.visibility);
            let below = declared.paths.first().map_or(&*item.name, |(_, path)| path);
            let dir = join(&place.dir, below);
            let place = child(module, place.file, dir.clone(), dir);
            self.items(&place, facts, items, follow);
            return;
        }
        if !follow || place.depth >= MAX_MODULE_DEPTH {
            return;
        }
        let candidates = self.module_candidates(place, item, declared);
        if candidates.is_empty() && !conditional {
            let message =
                format!("the file of module `{}`, which is declared here, is missing", item.name);
            self.part.notes.push(Note { file: place.file, range: Some(item.range), message });
        }
        for (file, by_path) in candidates {
            if self.is_open(place.module, file) {
                continue;
            }
            let start = (false, item.keyword);
            let module = self.add_module(krate, Some(place.module), file, item.name.clone(), start);
            self.model.modules[module.0 as usize].no_unix = item.cfg.excludes_unix();
            self.declare(place.module, &item.name, Declaration::Module(module), item.visibility);
            let path = self.model.project.file(file).path.clone();
            let dir = children_dir(&path, by_path);
            let place = child(module, file, dir, parent_dir(&path).to_owned());
            self.file(place, follow);
        }
    }

    /// Files that a `mod name;` may mean, each with whether a `#[path]` named it.
    fn module_candidates(
        &self,
        place: &Place,
        item: &Item,
        declared: &ModuleItem,
    ) -> Vec<(FileId, bool)> {
        let project = self.model.project;
        let mut found: Vec<(FileId, bool)> = Vec::new();
        let mut certain = false;
        for (condition, path) in &declared.paths {
            certain |= *condition == Cfg::Always;
            found.extend(project.find(&join(&place.path_dir, path)).map(|file| (file, true)));
        }
        if !certain {
            for path in [format!("{}.rs", item.name), format!("{}/mod.rs", item.name)] {
                found.extend(project.find(&join(&place.dir, &path)).map(|file| (file, false)));
            }
        }
        found
    }

    /// Whether a file is already open above: a loop of `#[path]`.
    fn is_open(&self, module: ModuleId, file: FileId) -> bool {
        let mut at = Some(module);
        while let Some(id) = at {
            let module = self.model.module(id);
            if module.file == file {
                return true;
            }
            at = module.parent;
        }
        false
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
        let Self { model, order, rebuilt, packages, .. } = self;
        model.resolved = (0..SHARDS).map(|_| Mutex::default()).collect();
        model.reachable = model.project.packages.iter().map(|_| OnceLock::new()).collect();
        model.methods = FxHashMap::default();
        let mut parts = std::mem::take(&mut model.parts);
        for (id, part) in &mut parts {
            // What a name means may depend on what was read of another package.
            let own = model.crates[id.0 as usize].package;
            if rebuilt.contains(id) || packages.iter().any(|&package| model.sees(own, package)) {
                part.implementations.iter_mut().for_each(|it| it.resolve(model));
            }
        }
        let in_order: Vec<&Part> = order.iter().filter_map(|id| parts.get(id)).collect();
        model.functions = in_order.iter().flat_map(|part| &part.functions).copied().collect();
        model.values = in_order.iter().flat_map(|part| &part.values).copied().collect();
        model.sightings = in_order.iter().flat_map(|part| &part.sightings).copied().collect();
        let mut methods: FxHashMap<TyHead, FxHashMap<Name, Vec<FunctionRef>>> =
            FxHashMap::default();
        for it in in_order.iter().flat_map(|part| &part.implementations) {
            let (ItemKind::Impl(own), Some(head)) = (&model.item(it.item).kind, &it.head) else {
                continue;
            };
            let of_type = methods.entry(head.clone()).or_default();
            for &id in &own.functions {
                let item = ItemRef { item: id, ..it.item };
                let test_only = it.is_test || model.item(item).is_test;
                let function = FunctionRef { item, container: Some(it.item), test_only };
                of_type.entry(model.item(item).name.clone()).or_default().push(function);
            }
        }
        model.methods = methods;
        let implementations = in_order.iter().flat_map(|part| &part.implementations);
        model.of_references = implementations.filter_map(|it| it.of_reference.clone()).collect();
        let mut modules: Vec<ModuleId> =
            parts.values().flat_map(|part| &part.modules).copied().collect();
        modules.sort_unstable();
        model.of_file = FxHashMap::default();
        for module in modules {
            let file = model.module(module).file;
            model.of_file.entry(file).or_default().push(module);
        }
        model.by_item = (0..).zip(&model.functions).map(|(index, it)| (it.item, index)).collect();
        model.parts = parts;
    }
}

impl Implementation {
    /// Works out what it is for, as far as the model knows now.
    fn resolve(&mut self, model: &Model<'_>) {
        let ItemKind::Impl(it) = &model.item(self.item).kind else { return };
        let ty = model.ty(self.item.module, None, &it.generics, &it.self_ty);
        let path = it.trait_path.as_ref().filter(|_| matches!(ty, Ty::Reference(_)));
        self.of_reference = path.map(|path| Name::from(path.last()));
        self.head = ty.head();
    }
}
