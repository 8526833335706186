//! Where code can stand that names something.
//!
//! A name is looked for in unread code only where it could be meant: a private item below its own
//! module, an item of a binary in its own package, a public one of a library in whatever depends
//! on it.

use std::collections::{BTreeMap, BTreeSet};

use super::{ItemRef, Model, ModuleId};
use crate::facts::tree::{ItemId, ItemKind, Visibility};
use crate::source::{FileId, PackageId, Project, TargetKind};

/// A part of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A file and those of the modules below it.
    Below(FileId),
    /// A package.
    Package(Option<PackageId>),
    /// A package and those that depend on it.
    Dependents(Option<PackageId>),
}

impl Model<'_> {
    /// Where an item of this visibility can be named.
    pub fn scope(&self, item: ItemRef, visibility: Visibility) -> Scope {
        let krate = self.krate(item.module);
        let is_lib =
            krate.target.is_some_and(|target| self.project.target(target).kind == TargetKind::Lib);
        match visibility {
            Visibility::Private => Scope::Below(item.file),
            Visibility::Public if is_lib => Scope::Dependents(krate.package),
            Visibility::Restricted | Visibility::Public => Scope::Package(krate.package),
        }
    }

    /// Where a function can be called by name.
    pub fn scope_of_function(&self, item: ItemRef) -> Scope {
        let container = self.function_at(item).and_then(|known| known.container);
        let of_trait = container.is_some_and(|container| match &self.item(container).kind {
            ItemKind::Impl(it) => it.trait_path.is_some(),
            _ => true,
        });
        let own = self.item(item).visibility;
        self.scope(item, if of_trait { Visibility::Public } else { own })
    }

    /// Where a field, or with `None` the item itself, can be named.
    pub fn scope_of_member(&self, file: FileId, item: ItemId, field: Option<Visibility>) -> Scope {
        let Some(reference) = self.refs_of(file, item).next() else {
            return Scope::Package(self.project.file(file).package);
        };
        let own = self.item(reference).visibility;
        let visibility = match (own, field) {
            (Visibility::Private, _) | (_, Some(Visibility::Private)) => Visibility::Private,
            (Visibility::Restricted, _) | (_, Some(Visibility::Restricted)) => {
                Visibility::Restricted
            }
            (Visibility::Public, _) => Visibility::Public,
        };
        self.scope(reference, visibility)
    }

    /// Whether a file is in a scope.
    pub fn in_scope(&self, file: FileId, scope: Scope) -> bool {
        let package = self.project.file(file).package;
        match scope {
            Scope::Below(top) => {
                file == top || self.has_above(file, top) || self.is_usually_below(file, top)
            }
            Scope::Package(own) => package == own,
            Scope::Dependents(own) => self.sees(package, own),
        }
    }

    /// Whether a module of one file lies around one of another.
    fn has_above(&self, file: FileId, top: FileId) -> bool {
        self.of_file.get(&file).into_iter().flatten().any(|&module| {
            let parent = |&id: &ModuleId| self.module(id).parent;
            std::iter::successors(Some(module), parent).any(|id| self.module(id).file == top)
        })
    }

    /// Whether a file lies where the children of another are looked for.
    fn is_usually_below(&self, file: FileId, top: FileId) -> bool {
        let (file, top) = (&self.project.file(file).path, &self.project.file(top).path);
        let (dir, name) = top.rsplit_once('/').unwrap_or(("", top));
        let own = match name {
            "mod.rs" | "lib.rs" | "main.rs" => dir,
            _ => top.trim_end_matches(".rs"),
        };
        own.is_empty() || file.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// For each package, those of the project that it depends on, directly or not.
pub(super) fn dependencies(project: &Project) -> Vec<BTreeSet<PackageId>> {
    let id = |index: usize| PackageId(u32::try_from(index).unwrap_or(u32::MAX));
    let mut by_name: BTreeMap<String, Vec<PackageId>> = BTreeMap::new();
    for (index, package) in project.packages.iter().enumerate() {
        by_name.entry(package.name.replace('-', "_")).or_default().push(id(index));
    }
    let direct = |package: PackageId| {
        let dependencies = &project.package(package).dependencies;
        dependencies.iter().filter_map(|it| by_name.get(&it.package)).flatten().copied()
    };
    let below = |index: usize| {
        let mut seen = BTreeSet::new();
        let mut open = vec![id(index)];
        while let Some(package) = open.pop() {
            open.extend(direct(package).filter(|&package| seen.insert(package)));
        }
        seen
    };
    (0..project.packages.len()).map(below).collect()
}
