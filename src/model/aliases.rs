//! Names under which files import other names: whoever looks for a name in texts has to look for those too.

use std::collections::{BTreeMap, BTreeSet};

use super::{Model, Names, Scope};
use crate::catalog::{Catalog, Role};
use crate::facts::FileFacts;
use crate::facts::tree::{ItemKind, Name, Path, Type, Visibility};
use crate::source::FileId;

/// An import under another name: that, and the name which it has where it comes from.
pub(super) struct Rename {
    binding: Name,
    last: Name,
    visibility: Visibility,
}

/// The imports of a file that are under another name.
pub(super) fn renames(facts: &FileFacts) -> Vec<Rename> {
    let imports = facts.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Use(imports) => Some((item.visibility, imports)),
        _ => None,
    });
    let all = imports.flat_map(|(visibility, all)| all.iter().map(move |it| (visibility, it)));
    let renamed = all.filter_map(|(visibility, import)| {
        let (binding, last) = (import.binding.as_ref()?, import.path.last()?);
        let (binding, last) = (binding.clone(), last.clone());
        (binding != last && &*binding != "_").then_some(Rename { binding, last, visibility })
    });
    renamed.collect()
}

/// Other names under which files import what some names mean, with where those can be used.
pub(super) fn aliases_of(
    model: &Model<'_>,
    renames: &BTreeMap<FileId, Vec<Rename>>,
    names: &Names,
) -> Names {
    let known: BTreeSet<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let all = renames.iter().flat_map(|(&file, all)| all.iter().map(move |it| (file, it)));
    let known = all.filter(|(_, it)| known.contains(&*it.last));
    let aliases = known.map(|(file, it)| {
        let package = model.project.file(file).package;
        let scope = match it.visibility {
            Visibility::Public => Scope::Dependents(package),
            Visibility::Private => Scope::Below(file),
            Visibility::Restricted => Scope::Package(package),
        };
        (it.binding.to_string(), scope)
    });
    aliases.collect()
}

/// Names under which a file imports a spawning function, where they differ from its own. `shared`
/// asks for those that other files can use.
pub(super) fn spawn_aliases(
    facts: &FileFacts,
    catalog: &Catalog,
    known: &BTreeSet<String>,
    shared: bool,
) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    let imports = facts.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Use(imports) => Some(imports),
        _ => None,
    });
    let is_of_std = |path: &[Name]| path.first().is_some_and(|first| &**first == "std");
    let of_std = imports.flatten().filter(|it| is_of_std(&it.path));
    let of_std: BTreeSet<&Name> = of_std.filter_map(|it| it.binding.as_ref()).collect();
    for item in &facts.items {
        let imports = match &item.kind {
            ItemKind::Use(imports) => imports,
            // A builder under another name carries threads to wherever that name is spelled.
            ItemKind::Alias(Type::Path(_, path))
                if path.last() == "Builder" && names_threads(path) =>
            {
                aliases.insert(item.name.to_string());
                continue;
            }
            _ => continue,
        };
        for import in imports {
            // Child modules see a private import too; only one that can come from std is worth a
            // second look at every file.
            let local = import.path.first().is_some_and(|first| {
                matches!(&**first, "crate" | "self" | "super" | "std") || of_std.contains(first)
            });
            if shared && item.visibility == Visibility::Private && !local {
                continue;
            }
            let (Some(binding), Some(last)) = (&import.binding, import.path.last()) else {
                continue;
            };
            if binding != last
                && &**binding != "_"
                && (is_spawn_name(last, catalog) || known.contains(&**last))
            {
                aliases.insert(binding.to_string());
            }
        }
    }
    aliases
}

fn is_spawn_name(name: &str, catalog: &Catalog) -> bool {
    catalog.iter().any(|api| {
        matches!(api.role, Role::Spawn | Role::OwnedByRegistry)
            && api.path.rsplit("::").next() == Some(name)
    })
}

/// Whether a written path leads through a module of threads.
fn names_threads(path: &Path) -> bool {
    path.segments.iter().any(|segment| &*segment.name == "thread")
}
