//! What code outside the workspace can get hold of.
//!
//! The public API of a library that may be published has callers nobody sees. An item belongs to it
//! when a path of public modules and re-exports leads to it, or when the signature of such an item
//! names it: whoever has a value of a type can use its public fields and methods.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::names::{Namespace, watched};
use super::{Ask, Declaration, Def, ItemRef, Model, ModuleId, Ty, TyHead};
use crate::facts::tree::{Function, ItemId, ItemKind, Name, Type, Visibility};
use crate::source::{FileId, PackageId, TargetKind};

/// Items of a package that code outside of it can get hold of.
#[derive(Debug)]
pub(super) struct Reachable {
    /// By file and item. Through other packages there are no more: they re-export only what they can reach.
    pub(super) items: FxHashSet<(FileId, ItemId)>,
    /// What that depends on and was not read.
    pub(super) asked: Vec<Ask>,
}

/// What code outside of a package can get hold of.
pub(super) fn reachable(model: &Model<'_>, package: PackageId) -> Reachable {
    let (items, asked) = watched(|| search(model, package));
    Reachable { items, asked }
}

fn search(model: &Model<'_>, package: PackageId) -> FxHashSet<(FileId, ItemId)> {
    let mut search = Search {
        model,
        package,
        found: FxHashSet::default(),
        modules: FxHashSet::default(),
        open_modules: Vec::new(),
        open_items: VecDeque::new(),
    };
    for krate in &model.crates {
        let Some(target) = krate.target.map(|target| model.project.target(target)) else {
            continue;
        };
        let publishes = model.project.package(target.package).publish;
        if target.package == package && target.kind == TargetKind::Lib && publishes {
            search.open_modules.push(krate.root);
        }
    }
    search.run();
    search.found
}

struct Search<'m> {
    model: &'m Model<'m>,
    package: PackageId,
    found: FxHashSet<(FileId, ItemId)>,
    modules: FxHashSet<ModuleId>,
    open_modules: Vec<ModuleId>,
    open_items: VecDeque<ItemRef>,
}

impl Search<'_> {
    fn run(&mut self) {
        loop {
            if let Some(module) = self.open_modules.pop() {
                let own = self.model.krate(module).package == Some(self.package);
                if own && self.modules.insert(module) {
                    self.module(module);
                }
            } else if let Some(item) = self.open_items.pop_front() {
                self.item(item);
            } else {
                return;
            }
        }
    }

    /// Everything public that is declared in or re-exported from a module.
    fn module(&mut self, id: ModuleId) {
        let module = self.model.module(id);
        for (name, declared) in &module.names {
            for declared in declared.iter().filter(|it| it.visibility == Visibility::Public) {
                match &declared.what {
                    Declaration::Module(module) => self.open_modules.push(*module),
                    Declaration::Item(item) => self.open(*item),
                    Declaration::Import(_) => {
                        for namespace in [Namespace::Type, Namespace::Value] {
                            let names = [Name::from("self"), name.clone()];
                            let defs = self.model.resolve(id, false, &names, namespace);
                            defs.iter().for_each(|def| self.def(def));
                        }
                    }
                    Declaration::Crate(_) => {}
                }
            }
        }
        let globs = module.globs.iter().filter(|glob| glob.visibility == Visibility::Public);
        for glob in globs {
            let import = &glob.import;
            let defs = self.model.resolve(id, import.global, &import.path, Namespace::Type);
            defs.iter().for_each(|def| self.def(def));
        }
    }

    fn def(&mut self, def: &Def) {
        match def {
            Def::Module(module) => self.open_modules.push(*module),
            Def::Item(item) | Def::Variant(item, _) => self.open(*item),
            Def::Method(_) | Def::External(_) | Def::Unknown => {}
        }
    }

    fn open(&mut self, item: ItemRef) {
        let own = self.model.project.file(item.file).package == Some(self.package);
        if own && self.found.insert((item.file, item.item)) {
            self.open_items.push_back(item);
        }
    }

    /// Everything that the public parts of an item name.
    fn item(&mut self, item: ItemRef) {
        match &self.model.item(item).kind {
            ItemKind::Function(function) => self.signature(item, function),
            ItemKind::Struct(fields) => {
                let public = fields.iter().filter(|it| it.visibility == Visibility::Public);
                public.for_each(|field| self.ty(item, &field.ty));
                self.methods(item);
            }
            ItemKind::Enum(variants) => {
                let fields = variants.iter().flat_map(|variant| &variant.fields);
                fields.for_each(|field| self.ty(item, &field.ty));
                self.methods(item);
            }
            ItemKind::Trait(functions, _) => {
                for &id in functions {
                    let method = ItemRef { item: id, ..item };
                    if let Some(function) = self.model.function(method) {
                        self.signature(method, function);
                    }
                }
            }
            ItemKind::Alias(ty) => self.ty(item, ty),
            ItemKind::Value(value) => self.ty(item, &value.ty),
            ItemKind::Module(_)
            | ItemKind::Use(_)
            | ItemKind::ExternCrate(_)
            | ItemKind::Impl(_)
            | ItemKind::MacroRules { .. } => {}
        }
    }

    fn methods(&mut self, item: ItemRef) {
        let head = TyHead::Item(item.file, item.item);
        let Some(methods) = self.model.methods.get(&head) else { return };
        for reference in methods.values().flatten() {
            let method = self.model.item(reference.item);
            let of_trait = self.model.is_of_trait(reference);
            if let ItemKind::Function(function) = &method.kind
                && (of_trait || method.visibility == Visibility::Public)
            {
                self.signature(reference.item, function);
            }
        }
    }

    fn signature(&mut self, item: ItemRef, function: &Function) {
        for ty in function.params.iter().chain(&function.output) {
            self.ty(item, ty);
        }
    }

    fn ty(&mut self, item: ItemRef, written: &Type) {
        let ty = self.model.ty(item.module, None, &[], written);
        self.heads(&ty);
    }

    fn heads(&mut self, ty: &Ty) {
        match ty {
            Ty::Named(head, module, args) => {
                if let (TyHead::Item(file, item), Some(module)) = (head, module) {
                    self.open(ItemRef { file: *file, item: *item, module: *module });
                }
                args.iter().for_each(|arg| self.heads(arg));
            }
            Ty::Reference(inner) | Ty::Slice(inner, _) => self.heads(inner),
            Ty::Tuple(parts) => parts.iter().for_each(|part| self.heads(part)),
            Ty::Unknown | Ty::Never => {}
        }
    }
}
