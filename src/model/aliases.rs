//! Names under which files import other names: whoever looks for a name in texts has to look for those too.

use std::collections::BTreeSet;

use super::{Model, Names, Scope};
use crate::catalog::{Catalog, Role};
use crate::facts::FileFacts;
use crate::facts::tree::{ItemKind, Path, Type, Visibility};

/// Other names under which files import what some names mean, with where those can be used.
pub(super) fn aliases_of(model: &Model<'_>, names: &Names) -> Names {
    let known: BTreeSet<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let mut aliases = Names::new();
    for (&file, facts) in &model.facts {
        for item in &facts.items {
            let ItemKind::Use(imports) = &item.kind else { continue };
            for import in imports {
                let (Some(binding), Some(last)) = (&import.binding, import.path.last()) else {
                    continue;
                };
                if binding != last && &**binding != "_" && known.contains(&**last) {
                    let package = model.project.file(file).package;
                    let scope = match item.visibility {
                        Visibility::Public => Scope::Dependents(package),
                        Visibility::Private => Scope::Below(file),
                        Visibility::Restricted => Scope::Package(package),
                    };
                    aliases.insert((binding.to_string(), scope));
                }
            }
        }
    }
    aliases
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
            let local = matches!(
                import.path.first().map(|first| &**first),
                Some("crate" | "self" | "super" | "std")
            );
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
