//! The crates of a project as the compiler would see them: module trees, names, types, impls.
//!
//! The model answers two questions for the layers above: what a path can mean in a place, and what
//! type something has as far as the source says so. It never guesses: a name it cannot follow is
//! [`Def::Unknown`], which blames nobody.

mod aliases;
mod build;
mod data;
mod load;
mod module_files;
mod names;
mod numbers;
mod per_file;
mod reach;
mod scope;
mod trees;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

pub use load::{Loader, Methods, Names, Need, Unread, Wanted};
pub use names::{Ask, Namespace, watched};
pub use per_file::PerFile;
pub use scope::Scope;
pub use types::{Ty, TyHead};

use crate::Note;
use crate::catalog::Catalog;
use crate::facts::FileFacts;
use crate::facts::cfg::Cfg;
use crate::facts::tree::{
    Body, ExprId, ExprKind, Function, Import, Item, ItemId, ItemKind, Name, Receiver, Type,
    Visibility,
};
use crate::finding::CodeKind;
use crate::source::{FileId, PackageId, Project, TargetId};

/// Index of a crate in [`Model::crates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrateId(pub u32);

/// Index of a module in [`Model::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// An item as one crate sees it. One file compiled by two crates has two of each item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemRef {
    /// The file it stands in.
    pub file: FileId,
    /// Its index there.
    pub item: ItemId,
    /// The module it is declared in.
    pub module: ModuleId,
}

/// What a name can mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Def {
    /// A module of the project.
    Module(ModuleId),
    /// An item of the project.
    Item(ItemRef),
    /// A function of an impl or trait.
    Method(ItemRef),
    /// A variant of an enum of the project.
    Variant(ItemRef, Name),
    /// Something outside the project, by canonical path.
    External(Name),
    /// Something that exists and cannot be followed.
    Unknown,
}

/// One compilation of a target, or of a file that no target reaches.
#[derive(Debug)]
pub struct Crate {
    /// The target; `None` for an orphan file.
    pub target: Option<TargetId>,
    /// Its package, if any.
    pub package: Option<PackageId>,
    /// Its edition.
    pub edition: u16,
    /// Its root module.
    pub root: ModuleId,
    /// Which code it is when no test condition says otherwise.
    pub code: CodeKind,
    /// Names of other crates it can see.
    pub extern_names: BTreeMap<Name, ExternCrate>,
}

/// What a crate name leads to.
#[derive(Clone, Debug)]
pub enum ExternCrate {
    /// A library of the project.
    Workspace(CrateId),
    /// A crate outside, by its real name.
    External(Name),
}

/// A module, or a block that declares items.
#[derive(Debug)]
pub struct Module {
    /// Its crate.
    pub krate: CrateId,
    /// The module or block around it.
    pub parent: Option<ModuleId>,
    /// The file it stands in.
    pub file: FileId,
    /// Its name; empty for roots and blocks.
    pub name: Name,
    /// Whether it is a block inside a body.
    pub is_block: bool,
    /// Whether it exists only in test builds.
    pub test_only: bool,
    /// Whether its own conditions leave it out on every Unix.
    pub no_unix: bool,
    /// Everything declared in it, by name.
    pub names: FxHashMap<Name, Vec<Declared>>,
    /// Globs of it.
    pub globs: Vec<Imported>,
    /// Set when its file was not read: whatever is asked of it is unknown.
    pub unread: bool,
    /// Set when an unread module was asked for a name that could lead to a spawn.
    pub asked: AtomicBool,
}

/// One declaration of a name.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What is declared.
    pub what: Declaration,
    /// How far it can be seen.
    pub visibility: Visibility,
}

/// A declaration: something here, or something imported.
#[derive(Clone, Debug)]
pub enum Declaration {
    /// A module.
    Module(ModuleId),
    /// An item.
    Item(ItemRef),
    /// A `use` of it, resolved when asked.
    Import(Imported),
    /// `extern crate`.
    Crate(Name),
}

/// An import and where it stands.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The import as written.
    pub import: Arc<Import>,
    /// How far it can be seen.
    pub visibility: Visibility,
}

/// A function with a body or a signature, and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionRef {
    /// The function.
    pub item: ItemRef,
    /// The `impl` or `trait` it stands in.
    pub container: Option<ItemRef>,
    /// Whether it exists only in test builds.
    pub test_only: bool,
}

/// All that is known of a project.
#[derive(Debug)]
pub struct Model<'p> {
    /// What it was made of.
    pub project: &'p Project,
    /// The thread APIs.
    pub catalog: &'p Catalog,
    /// Facts of every file that was read.
    pub facts: PerFile<Arc<FileFacts>>,
    /// All crates: targets in order, then orphans.
    pub crates: Vec<Crate>,
    /// What each crate gave that there is; the others in the list are numbers out of use.
    parts: BTreeMap<CrateId, build::Part>,
    /// All modules; numbers out of use are empty.
    pub modules: Vec<Module>,
    /// Every function, in order of crate, file and item.
    pub functions: Vec<FunctionRef>,
    /// Every `const` and `static` with a body that matters, and whether it is test code.
    pub values: Vec<(ItemRef, bool)>,
    /// Traits that provide constants.
    pub providing: Vec<ItemRef>,
    /// Sightings, with the module to resolve them in and whether it is test code.
    pub sightings: Vec<(ItemRef, bool)>,
    /// Blocks with items: the block's module, by enclosing module and block.
    pub blocks: FxHashMap<(ModuleId, ItemId, u32), ModuleId>,
    /// Other names of spawning functions that files give them for others.
    pub aliases: BTreeSet<String>,
    /// Names that lead to a spawn: last names and owners of catalogued calls.
    leading: FxHashSet<String>,
    /// What was resolved before, in this round of reading or an earlier one: bodies of one module ask the same again and
    /// again.
    resolved: Vec<Mutex<names::Answers>>,
    /// How often crates were built anew.
    round: u32,
    /// Packages of the project that each package depends on, however far down.
    dependencies: Vec<BTreeSet<PackageId>>,
    /// For each package, what code outside of it can get hold of; worked out when asked.
    reachable: Vec<OnceLock<reach::Reachable>>,
    /// Functions by item.
    by_item: FxHashMap<ItemRef, FunctionRef>,
    /// Functions by the type they are implemented for.
    methods: FxHashMap<TyHead, FxHashMap<Name, Vec<FunctionRef>>>,
    /// Constants by the type they are implemented for.
    constants: FxHashMap<TyHead, Vec<ItemRef>>,
    /// Modules by the file that they stand in, in order.
    of_file: FxHashMap<FileId, Vec<ModuleId>>,
    /// Files with macros outside of bodies that mention a name.
    macro_names: FxHashMap<Name, BTreeSet<FileId>>,
    /// Names of traits that are implemented for references.
    of_references: FxHashSet<Name>,
    /// Files that could not be read or parsed.
    pub notes: Vec<Note>,
    /// The same, with the texts of those that have one.
    failed: BTreeMap<FileId, Option<Arc<str>>>,
    /// Packages in which something waits for child processes without their handles.
    pub reapers: BTreeSet<Option<PackageId>>,
}

impl Model<'_> {
    /// A number that is another one whenever crates were built anew, so that names may mean something else.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// A module.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The crate of a module.
    pub fn krate(&self, module: ModuleId) -> &Crate {
        &self.crates[self.module(module).krate.0 as usize]
    }

    /// The facts of an item; the model holds refs only to files it has read.
    pub fn item(&self, item: ItemRef) -> &Item {
        self.facts[item.file].item(item.item)
    }

    /// The function behind a ref, if it is one.
    pub fn function(&self, item: ItemRef) -> Option<&Function> {
        match &self.item(item).kind {
            ItemKind::Function(function) => Some(function),
            _ => None,
        }
    }

    /// Whether a method that is called on a reference gives that reference back, and nothing else: it says that it gives
    /// `Self` by reference, and its body, if it was read, ends in `self`.
    pub fn gives_self(&self, item: ItemRef) -> bool {
        let Some(function) = self.function(item) else { return false };
        let Some(Type::Reference(_, inner)) = &function.output else { return false };
        let says = matches!(&**inner, Type::Path(None, path)
            if path.as_name().is_some_and(|name| &**name == "Self"));
        let is_self = |body: &Body, id: ExprId| {
            matches!(&body.expr(id).kind, ExprKind::Path(None, path)
                if path.as_name().is_some_and(|name| &**name == "self"))
        };
        let ends_in_self = |body: &Body| {
            let returns = body.exprs.iter().filter_map(|expr| match expr.kind {
                ExprKind::Return(value) => Some(value),
                _ => None,
            });
            let tail = body.root.and_then(|root| match &body.expr(root).kind {
                ExprKind::Block(_, block) => body.block(*block).tail,
                _ => Some(root),
            });
            let mut all = returns.chain(std::iter::once(tail));
            all.all(|value| value.is_some_and(|value| is_self(body, value)))
        };
        says && matches!(function.receiver, Some(Receiver::Reference(_)))
            && function.body.as_deref().is_none_or(ends_in_self)
    }

    /// Whether code of one package can name what another declares.
    pub fn sees(&self, viewer: Option<PackageId>, declarer: Option<PackageId>) -> bool {
        viewer == declarer
            || matches!((viewer, declarer), (Some(viewer), Some(declarer))
                if self.dependencies[viewer.0 as usize].contains(&declarer))
    }

    /// A file with a macro outside of bodies that mentions a name, where that can be meant.
    pub fn macro_with(&self, name: &str, scope: Scope) -> Option<FileId> {
        let mut files = self.macro_names.get(name).into_iter().flatten().copied();
        files.find(|&file| self.in_scope(file, scope))
    }

    /// Notes the names that macros of a file mention, in place of those of an earlier reading.
    fn name_in_macros(&mut self, file: FileId, old: Option<&FileFacts>, new: Option<&FileFacts>) {
        let names = |facts: Option<&FileFacts>| {
            facts.map(|facts| facts.macro_names.clone()).unwrap_or_default()
        };
        let (old, new) = (names(old), names(new));
        for name in old.difference(&new) {
            if let Some(files) = self.macro_names.get_mut(name) {
                files.remove(&file);
            }
        }
        for name in new.difference(&old) {
            self.macro_names.entry(name.clone()).or_default().insert(file);
        }
    }

    /// What the name of a macro means in a module, and the module around it that says so.
    pub fn macros_called(&self, module: ModuleId, name: &Name) -> Option<(Vec<Def>, ModuleId)> {
        let mut around = Some(module);
        while let Some(id) = around {
            let names = std::slice::from_ref(name);
            let defs = self.resolve(id, false, names, Namespace::Macro);
            if !defs.is_empty() {
                return Some((defs, id));
            }
            around = self.module(id).parent;
        }
        None
    }

    /// Whether a macro that mentions a type may write an implementation of a trait for it: its file has no rules that can
    /// be looked into, or some that name the trait.
    pub fn macro_may_implement(&self, name: &str, scope: Scope, of: &str) -> bool {
        let mut files = self.macro_names.get(name).into_iter().flatten().copied();
        files.any(|file| {
            let rules = self.facts[file].items.iter().filter_map(|item| match &item.kind {
                ItemKind::MacroRules { rules, .. } => Some(rules),
                _ => None,
            });
            let rules: Vec<_> = rules.collect();
            let names_it = rules.is_empty() || rules.iter().any(|it| it.text.contains(of));
            names_it && self.in_scope(file, scope)
        })
    }

    /// Crates with code that nobody has read and that can be read.
    pub fn partly_read(&self) -> BTreeSet<CrateId> {
        let open =
            self.modules.iter().filter(|it| it.unread && !self.failed.contains_key(&it.file));
        open.map(|module| module.krate).collect()
    }

    /// A file that could not be analysed and may spell a name, where that can be meant.
    pub fn unreadable_with(&self, name: &str, scope: Scope) -> Option<FileId> {
        let spells = |text: &Option<Arc<str>>| {
            text.as_ref().is_none_or(|text| {
                text.match_indices(name).any(|(at, _)| {
                    let before = text[..at].chars().next_back();
                    let after = text[at + name.len()..].chars().next();
                    let ident = |other: char| other.is_alphanumeric() || other == '_';
                    !before.is_some_and(ident) && !after.is_some_and(ident)
                })
            })
        };
        let mut failed =
            self.failed.iter().filter(|(file, text)| self.in_scope(**file, scope) && spells(text));
        failed.next().map(|(&file, _)| file)
    }

    /// The item that a type of the project is.
    pub fn item_of(&self, ty: &Ty) -> Option<ItemRef> {
        match ty.peel() {
            Ty::Named(TyHead::Item(file, item), Some(module), _) => {
                Some(ItemRef { file: *file, item: *item, module: *module })
            }
            _ => None,
        }
    }

    /// An item as each crate sees it that declares it.
    pub fn refs_of(&self, file: FileId, item: ItemId) -> impl Iterator<Item = ItemRef> {
        let name = self.facts.get(file).map(|facts| facts.item(item).name.clone());
        let modules = self.of_file.get(&file).into_iter().flatten().copied();
        modules.filter_map(move |module| {
            let here = &self.modules[module.0 as usize];
            let reference = ItemRef { file, item, module };
            let declared = here.names.get(name.as_ref()?)?;
            let is_it = |it: &Declared| matches!(it.what, Declaration::Item(it) if it == reference);
            declared.iter().any(is_it).then_some(reference)
        })
    }

    /// Whether code outside the workspace can get hold of an item.
    pub fn is_reachable(&self, file: FileId, item: ItemId) -> bool {
        let Some(package) = self.project.file(file).package else { return false };
        let Some(reachable) = self.reachable.get(package.0 as usize) else { return false };
        reachable.get_or_init(|| reach::reachable(self, package)).items.contains(&(file, item))
    }

    /// The nearest module around that is no block.
    pub fn normal_module(&self, mut id: ModuleId) -> ModuleId {
        while self.module(id).is_block {
            match self.module(id).parent {
                Some(parent) => id = parent,
                None => break,
            }
        }
        id
    }

    /// Whether a function is one of a trait's that a type implements.
    pub fn is_of_trait(&self, function: &FunctionRef) -> bool {
        function.container.is_some_and(|container| {
            matches!(&self.item(container).kind, ItemKind::Impl(it) if it.trait_path.is_some())
        })
    }

    /// Whether a function may be compiled on a Unix.
    pub fn runs_on_unix(&self, function: FunctionRef) -> bool {
        let excluded = |item: ItemRef| self.item(item).cfg.excludes_unix();
        let mut module = Some(function.item.module);
        while let Some(id) = module {
            let here = self.module(id);
            if here.no_unix {
                return false;
            }
            module = here.parent;
        }
        !excluded(function.item) && !function.container.is_some_and(excluded)
    }

    /// Which code a place in `module` is.
    pub fn code_kind(&self, module: ModuleId, test_only: bool) -> CodeKind {
        let code = self.krate(module).code;
        let in_test = test_only || self.module(module).test_only;
        if in_test && code != CodeKind::Orphan { CodeKind::Test } else { code }
    }

    /// The path of a module from its package's name down.
    pub fn module_path(&self, module: ModuleId) -> String {
        let krate = self.krate(module);
        let mut parts: Vec<String> = Vec::new();
        let mut at = Some(module);
        while let Some(id) = at {
            let here = self.module(id);
            if !here.name.is_empty() {
                parts.push(here.name.to_string());
            }
            at = here.parent;
        }
        let package =
            krate.package.map(|package| self.project.package(package).name.replace('-', "_"));
        parts.extend(package);
        parts.reverse();
        parts.join("::")
    }

    /// The canonical path of what a name means, when the catalog may have an entry for it.
    pub fn canonical(&self, def: &Def) -> Option<Name> {
        let (item, container) = match def {
            Def::External(path) => return Some(path.clone()),
            Def::Item(item) => (*item, None),
            Def::Method(item) => {
                (*item, self.function_at(*item).and_then(|function| function.container))
            }
            Def::Module(_) | Def::Variant(..) | Def::Unknown => return None,
        };
        let name = &self.item(item).name;
        if !self.catalog.names_own(name) {
            return None;
        }
        Some(Name::from(self.full_path(item, container)))
    }

    /// The path of an item from its package's name down: modules, type, name.
    pub fn full_path(&self, item: ItemRef, container: Option<ItemRef>) -> String {
        let owner = container.map(|container| match &self.item(container).kind {
            ItemKind::Impl(it) => types::written(&it.self_ty),
            _ => self.item(container).name.to_string(),
        });
        let mut parts = vec![self.module_path(item.module)];
        parts.extend(owner);
        parts.push(self.item(item).name.to_string());
        parts.retain(|part| !part.is_empty());
        parts.join("::")
    }

    /// The function with this item.
    pub fn function_at(&self, item: ItemRef) -> Option<&FunctionRef> {
        self.by_item.get(&item)
    }

    /// The path of an item inside its file: inline modules, type, name.
    pub fn item_path(&self, item: ItemRef, container: Option<ItemRef>) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.push(self.item(item).name.to_string());
        if let Some(container) = container {
            parts.push(match &self.item(container).kind {
                ItemKind::Impl(it) => types::written(&it.self_ty),
                _ => self.item(container).name.to_string(),
            });
        }
        let mut module = Some(item.module);
        while let Some(id) = module {
            let here = self.module(id);
            let parent_file = here.parent.map(|parent| self.module(parent).file);
            if parent_file != Some(here.file) {
                break;
            }
            if !here.name.is_empty() {
                parts.push(here.name.to_string());
            }
            module = here.parent;
        }
        parts.reverse();
        parts.retain(|part| !part.is_empty());
        parts.join("::")
    }
}

/// Joins conditions from the outside in.
fn test_only(outer: bool, cfg: &Cfg) -> bool {
    outer || cfg.is_test_only()
}
