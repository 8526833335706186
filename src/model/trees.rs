//! The module tree of one crate, from the facts of its files.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustc_hash::FxHashMap;

use super::build::{Implementation, Part};
use super::module_files::{children_dir, join, parent_dir};
use super::numbers::{ModuleKey, Numbers};
use super::{
    Crate, CrateId, Declaration, Declared, FunctionRef, Imported, ItemRef, Model, Module, ModuleId,
    test_only,
};
use crate::Note;
use crate::facts::FileFacts;
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Body, Item, ItemId, ItemKind, ModuleItem, Name, Visibility};
use crate::finding::CodeKind;
use crate::source::{FileId, PackageId, TargetId};

/// Modules deeper than this are left out: only a loop of `#[path]` gets there.
const MAX_MODULE_DEPTH: usize = 64;

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

/// Builds the module tree of one crate into a model; what the crate gives to it.
pub(super) fn grow(model: &mut Model<'_>, numbers: &mut Numbers, krate: &Root) -> Part {
    let mut tree = Tree { model, numbers, part: Part::default() };
    tree.add_crate(krate);
    tree.part
}

/// Where a crate begins.
#[derive(Clone, Copy)]
pub(super) struct Root {
    /// The target; `None` for an orphan file.
    pub(super) target: Option<TargetId>,
    pub(super) package: Option<PackageId>,
    pub(super) edition: u16,
    pub(super) file: FileId,
    pub(super) code: CodeKind,
}

struct Tree<'m, 'p> {
    model: &'m mut Model<'p>,
    numbers: &'m mut Numbers,
    part: Part,
}

impl Tree<'_, '_> {
    fn add_crate(&mut self, &Root { target, package, edition, file: root, code }: &Root) {
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
        id
    }

    fn file(&mut self, mut place: Place, follow: bool) {
        let Some(facts) = self.model.facts.get(place.file).cloned() else {
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
                self.part.implementations.push(Implementation::new(reference, is_test));
                self.functions(facts, reference, &it.functions, is_test);
            }
            ItemKind::Trait(functions, constants) => {
                self.declare_item(reference, item);
                if !constants.is_empty() {
                    self.part.providing.push(reference);
                }
                self.functions(facts, reference, functions, is_test);
            }
            ItemKind::Function(function) => {
                self.declare_item(reference, item);
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
                self.declare_item(reference, item);
                if let Some(body) = &value.body {
                    self.part.values.push((reference, is_test));
                    self.blocks(facts, reference, body, is_test);
                }
            }
            _ => self.declare_item(reference, item),
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

    fn declare_item(&mut self, reference: ItemRef, item: &Item) {
        let what = Declaration::Item(reference);
        self.declare(reference.module, &item.name, what, item.visibility);
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
}
