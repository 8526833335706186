//! What a path can mean.
//!
//! The answer is a set: alternatives under different `cfg`s are all in it. Imports are resolved
//! when asked, with a bound on the query, so that cycles of re-exports end as "nothing found".

use std::cell::RefCell;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;

use super::{
    Crate, Declaration, Declared, Def, ExternCrate, Imported, ItemRef, Model, ModuleId, TyHead,
};
use crate::facts::tree::{ItemKind, Name, Visibility};

/// Steps of one question, in all: types that repeat themselves grow without a bound.
const MAX_STEPS: usize = 20_000;

/// Steps taken one inside the other before a name counts as not found.
const MAX_DEPTH: usize = 96;

/// Parts of the memory of answers, so that threads seldom wait for each other.
pub(super) const SHARDS: usize = 64;

/// Answers by module, whether the path starts with `::`, the path, and the namespace.
pub(super) type Answers = FxHashMap<(ModuleId, bool, Vec<Name>, Namespace), Answer>;

/// What a path means.
#[derive(Debug)]
pub(super) struct Answer {
    defs: Vec<Def>,
    /// What it depends on that was not read.
    asked: Vec<Ask>,
    /// The round of reading it is of.
    round: u32,
}

impl Answer {
    /// Whether it is what somebody who asks now would get: of methods more may be known by now.
    fn holds(&self, model: &Model<'_>) -> bool {
        let is_method = |def: &Def| matches!(def, Def::Method(_));
        self.round == model.round
            || !self.defs.iter().any(is_method) && model.is_open_still(&self.asked)
    }
}

/// Something that a file nobody has read may answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// What an unread module means by a name.
    Module(ModuleId, Name),
    /// A method that nothing read implements for a type.
    Method(TyHead, Name),
}

thread_local! {
    /// What was asked on this thread since somebody began to watch.
    static ASKED: RefCell<Vec<Ask>> = const { RefCell::new(Vec::new()) };
}

/// Notes that an answer may change when more is read.
pub(super) fn note(ask: Ask) {
    ASKED.with_borrow_mut(|asked| {
        // The same is asked many times in a row.
        if !asked.iter().rev().take(8).any(|known| *known == ask) {
            asked.push(ask);
        }
    });
}

/// Runs something, and says what its answers depend on that was not read.
pub fn watched<T>(work: impl FnOnce() -> T) -> (T, Vec<Ask>) {
    let before = ASKED.take();
    let result = work();
    let mut asked = ASKED.replace(before);
    asked.sort_unstable();
    asked.dedup();
    (result, asked)
}

impl Ask {
    /// The module that nobody has read, and the name in it.
    pub fn in_module(&self) -> Option<(ModuleId, &Name)> {
        match self {
            Self::Module(module, name) => Some((*module, name)),
            Self::Method(..) => None,
        }
    }
}

impl Model<'_> {
    /// Whether nothing that was read since answers what was asked.
    pub fn is_open_still(&self, asked: &[Ask]) -> bool {
        asked.iter().all(|ask| match ask {
            Ask::Module(module, _) => self.module(*module).unread,
            Ask::Method(head, name) => {
                !self.methods.get(head).is_some_and(|methods| methods.contains_key(name))
            }
        })
    }
}

/// The state of one question: what was asked on the way, so that cycles end and diamonds of globs
/// are walked once.
#[derive(Debug, Default)]
pub(super) struct Query {
    depth: usize,
    steps: usize,
    /// Names being looked up.
    open: usize,
    /// Answers so far; a question still open answers "nothing".
    asked: FxHashMap<(ModuleId, Name, Namespace, ModuleId), Vec<Def>>,
}

impl Query {
    /// Takes one step deeper, or refuses.
    pub(super) fn deeper<T: Default>(&mut self, step: impl FnOnce(&mut Self) -> T) -> T {
        self.steps += 1;
        if self.depth >= MAX_DEPTH || self.steps >= MAX_STEPS {
            return T::default();
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }
}

/// Which kind of name is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// Modules, types, traits, crates.
    Type,
    /// Functions, constants, constructors.
    Value,
    /// Macros.
    Macro,
}

impl Model<'_> {
    /// Resolves a path as written in `module`. An empty answer means that nothing is known.
    pub fn resolve(
        &self,
        module: ModuleId,
        global: bool,
        names: &[Name],
        namespace: Namespace,
    ) -> Vec<Def> {
        let shard = &self.resolved[module.0 as usize % SHARDS];
        let key = (module, global, names.to_vec(), namespace);
        if let Some(known) = shard.lock().unwrap_or_else(PoisonError::into_inner).get(&key)
            && known.holds(self)
        {
            known.asked.iter().for_each(|ask| note(ask.clone()));
            return known.defs.clone();
        }
        let (mut found, asked) =
            watched(|| self.resolve_in(module, global, names, namespace, &mut Query::default()));
        found.sort();
        found.dedup();
        asked.iter().for_each(|ask| note(ask.clone()));
        let answer = Answer { defs: found.clone(), asked, round: self.round };
        shard.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer);
        found
    }

    /// The same as part of another question, remembered unless the answer may be cut short by that one.
    pub(super) fn resolve_for(
        &self,
        module: ModuleId,
        global: bool,
        names: &[Name],
        namespace: Namespace,
        query: &mut Query,
    ) -> Vec<Def> {
        match query.open {
            0 => self.resolve(module, global, names, namespace),
            _ => self.resolve_in(module, global, names, namespace, query),
        }
    }

    pub(super) fn resolve_in(
        &self,
        module: ModuleId,
        global: bool,
        names: &[Name],
        namespace: Namespace,
        query: &mut Query,
    ) -> Vec<Def> {
        let Some((first, mut rest)) = names.split_first() else { return Vec::new() };
        let first_namespace = if rest.is_empty() { namespace } else { Namespace::Type };
        let mut bases = if global {
            self.global_name(module, first, first_namespace, query)
        } else {
            match &**first {
                "crate" | "$crate" => vec![Def::Module(self.krate(module).root)],
                "self" => vec![Def::Module(self.normal_module(module))],
                "super" => {
                    let mut base = self.parent(module);
                    while let Some((next, after)) = rest.split_first()
                        && &**next == "super"
                    {
                        base = base.and_then(|base| self.parent(base));
                        rest = after;
                    }
                    base.map(Def::Module).into_iter().collect()
                }
                _ => self.lexical_name(module, first, first_namespace, query),
            }
        };
        for (index, name) in rest.iter().enumerate() {
            let namespace = if index + 1 == rest.len() { namespace } else { Namespace::Type };
            let mut members = Vec::new();
            for base in &bases {
                members.extend(self.member(base, name, namespace, module, query));
            }
            bases = members;
        }
        bases
    }

    /// What `name` means inside `base`, as seen from `from`.
    pub(super) fn member(
        &self,
        base: &Def,
        name: &Name,
        namespace: Namespace,
        from: ModuleId,
        query: &mut Query,
    ) -> Vec<Def> {
        match base {
            Def::Module(module) => self.name_in(*module, name, namespace, from, query),
            Def::External(path) => vec![Def::External(Name::from(format!("{path}::{name}")))],
            Def::Item(item) => self.associated(*item, name, query),
            Def::Method(_) | Def::Variant(..) => Vec::new(),
            Def::Unknown => vec![Def::Unknown],
        }
    }

    fn associated(&self, item: ItemRef, name: &Name, query: &mut Query) -> Vec<Def> {
        match &self.item(item).kind {
            ItemKind::Alias(ty) => {
                let Some(head) =
                    query.deeper(|query| self.ty_in(item.module, None, &[], ty, query)).head()
                else {
                    return vec![Def::Unknown];
                };
                let base = match head {
                    super::TyHead::External(path) => Def::External(path),
                    super::TyHead::Item(file, id) => {
                        Def::Item(ItemRef { file, item: id, module: item.module })
                    }
                };
                self.member(&base, name, Namespace::Value, item.module, query)
            }
            ItemKind::Enum(variants) if variants.iter().any(|variant| variant.name == *name) => {
                vec![Def::Variant(item, name.clone())]
            }
            ItemKind::Trait(functions, _) => {
                let facts = &self.facts[item.file];
                let named = functions.iter().filter(|&&id| facts.item(id).name == *name);
                named.map(|&id| Def::Method(ItemRef { item: id, ..item })).collect()
            }
            _ => {
                let head = super::TyHead::Item(item.file, item.item);
                let functions = self.called_of(&head, name);
                functions.iter().map(|function| Def::Method(function.item)).collect()
            }
        }
    }

    /// Whether a module that nobody has read is read once it was asked for this name: it may lead to a spawn.
    pub fn may_lead(&self, name: &str) -> bool {
        self.leading.contains(name)
    }

    /// A name looked up from the inside out: blocks, the module, other crates, the prelude.
    fn lexical_name(
        &self,
        module: ModuleId,
        name: &Name,
        namespace: Namespace,
        query: &mut Query,
    ) -> Vec<Def> {
        let mut at = module;
        loop {
            let found = self.name_in(at, name, namespace, module, query);
            if !found.is_empty() {
                return found;
            }
            let here = self.module(at);
            match here.parent {
                Some(parent) if here.is_block => at = parent,
                _ => break,
            }
        }
        let krate = self.krate(module);
        if namespace == Namespace::Type
            && let Some(found) = self.extern_crate(krate, name)
        {
            return vec![found];
        }
        if let Some(path) = prelude(name) {
            return vec![Def::External(Name::from(path))];
        }
        // Macros of parents are in scope without a path, and nobody but std needs one.
        Vec::new()
    }

    fn global_name(
        &self,
        module: ModuleId,
        name: &Name,
        namespace: Namespace,
        query: &mut Query,
    ) -> Vec<Def> {
        let krate = self.krate(module);
        if krate.edition == 2015 {
            let found = self.name_in(krate.root, name, namespace, module, query);
            if !found.is_empty() {
                return found;
            }
        }
        vec![self.extern_crate(krate, name).unwrap_or_else(|| Def::External(name.clone()))]
    }

    fn extern_crate(&self, krate: &Crate, name: &Name) -> Option<Def> {
        krate.extern_names.get(name).map(|target| match target {
            ExternCrate::Workspace(id) => Def::Module(self.crates[id.0 as usize].root),
            ExternCrate::External(path) => Def::External(path.clone()),
        })
    }

    /// A name declared in or imported into a module, as seen from `from`.
    fn name_in(
        &self,
        module: ModuleId,
        name: &Name,
        namespace: Namespace,
        from: ModuleId,
        query: &mut Query,
    ) -> Vec<Def> {
        let here = self.module(module);
        if !here.unread && here.globs.is_empty() && !here.names.contains_key(name) {
            return Vec::new();
        }
        // What stands here itself asks nothing further, so it ends no cycle.
        let leads_on = |it: &Declared| matches!(it.what, Declaration::Import(_));
        let plain = here.names.get(name).is_some_and(|all| !all.iter().any(leads_on));
        if plain && here.globs.is_empty() && !here.unread {
            return self.name_looked_up(module, name, namespace, from, query);
        }
        let key = (module, name.clone(), namespace, from);
        if let Some(known) = query.asked.get(&key) {
            return known.clone();
        }
        query.asked.insert(key.clone(), Vec::new());
        query.open += 1;
        let found = query.deeper(|query| self.name_looked_up(module, name, namespace, from, query));
        query.open -= 1;
        query.asked.insert(key, found.clone());
        found
    }

    fn name_looked_up(
        &self,
        module: ModuleId,
        name: &Name,
        namespace: Namespace,
        from: ModuleId,
        query: &mut Query,
    ) -> Vec<Def> {
        let here = self.module(module);
        if here.unread {
            note(Ask::Module(module, name.clone()));
            self.ask(module, name);
            return vec![Def::Unknown];
        }
        let mut found = Vec::new();
        for declared in here.names.get(name).into_iter().flatten() {
            if !self.visible(declared.visibility, module, from) {
                continue;
            }
            match &declared.what {
                Declaration::Module(id) if namespace == Namespace::Type => {
                    found.push(Def::Module(*id));
                }
                Declaration::Module(_) => {}
                Declaration::Item(item) if self.is_in(*item, namespace) => {
                    found.push(Def::Item(*item));
                }
                Declaration::Item(_) => {}
                Declaration::Crate(krate) if namespace == Namespace::Type => {
                    let own = &**krate == "self";
                    let root = Def::Module(self.krate(module).root);
                    let named = self.extern_crate(self.krate(module), krate);
                    found.push(if own {
                        root
                    } else {
                        named.unwrap_or_else(|| Def::External(krate.clone()))
                    });
                }
                Declaration::Crate(_) => {}
                Declaration::Import(imported) => {
                    found.extend(self.imported(module, imported, namespace, query));
                }
            }
        }
        if found.is_empty() {
            for glob in &here.globs {
                if self.visible(glob.visibility, module, from) {
                    found.extend(self.through_glob(module, glob, name, namespace, from, query));
                }
            }
        }
        found
    }

    /// Notes that a module nobody read was asked for a name, if the name could lead to a spawn.
    fn ask(&self, module: ModuleId, name: &str) {
        if self.may_lead(name) {
            self.module(module).asked.store(true, Ordering::Relaxed);
        }
    }

    fn imported(
        &self,
        module: ModuleId,
        imported: &Imported,
        namespace: Namespace,
        query: &mut Query,
    ) -> Vec<Def> {
        let import = &imported.import;
        let mut found = self.import_path(module, import.global, &import.path, namespace, query);
        if found.is_empty() && import.path.len() > 1 && namespace != Namespace::Macro {
            // The name is imported from somewhere that could be followed, and is not there in this
            // namespace, or its origin could not be followed at all.
            let base = &import.path[..import.path.len() - 1];
            if self.import_path(module, import.global, base, Namespace::Type, query).is_empty() {
                found.push(Def::Unknown);
            }
        }
        found
    }

    fn import_path(
        &self,
        module: ModuleId,
        global: bool,
        path: &[Name],
        namespace: Namespace,
        query: &mut Query,
    ) -> Vec<Def> {
        let krate = self.krate(module);
        let Some(first) = path.first() else {
            return vec![Def::Module(krate.root)];
        };
        if krate.edition == 2015 && !global && !matches!(&**first, "self" | "super" | "crate") {
            return self.resolve_in(module, true, path, namespace, query);
        }
        // An import must not find itself: `use std::thread;` declares `thread`, and `std` comes from
        // outside; a single name that only the import itself declares is an open question and ends there.
        let found = self.resolve_in(module, global, path, namespace, query);
        if !found.is_empty() || global || path.len() < 2 {
            return found;
        }
        // A crate nobody declared: a manifest is missing or its dependency is optional elsewhere.
        if self.lexical_name(module, first, Namespace::Type, query).is_empty() {
            return vec![Def::External(Name::from(path.join("::")))];
        }
        found
    }

    fn through_glob(
        &self,
        module: ModuleId,
        glob: &Imported,
        name: &Name,
        namespace: Namespace,
        from: ModuleId,
        query: &mut Query,
    ) -> Vec<Def> {
        let bases =
            self.import_path(module, glob.import.global, &glob.import.path, Namespace::Type, query);
        let mut found = Vec::new();
        for base in bases {
            match &base {
                Def::Module(target) if *target == module => {}
                Def::Module(target) if self.module(*target).unread => {
                    note(Ask::Module(*target, name.clone()));
                    self.ask(*target, name);
                }
                Def::Module(target) => {
                    // What a glob brings is what its own module may see there.
                    let viewer = if self.is_inside(module, *target) { from } else { module };
                    found.extend(self.name_in(*target, name, namespace, viewer, query));
                }
                Def::External(path) => {
                    let path = format!("{path}::{name}");
                    if self.catalog.knows(&path) || is_std_holder(&path) {
                        found.push(Def::External(Name::from(path)));
                    }
                }
                Def::Item(item) => {
                    if let ItemKind::Enum(variants) = &self.item(*item).kind
                        && variants.iter().any(|variant| variant.name == *name)
                    {
                        found.push(Def::Variant(*item, name.clone()));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn is_in(&self, item: ItemRef, namespace: Namespace) -> bool {
        matches!(
            (&self.item(item).kind, namespace),
            (ItemKind::Function(_) | ItemKind::Value(_), Namespace::Value)
                | (ItemKind::Enum(_) | ItemKind::Trait(..) | ItemKind::Alias(_), Namespace::Type)
                | (ItemKind::Struct(_), Namespace::Type | Namespace::Value)
                | (ItemKind::MacroRules { .. }, Namespace::Macro)
        )
    }

    fn visible(&self, visibility: Visibility, module: ModuleId, from: ModuleId) -> bool {
        visibility != Visibility::Private || self.is_inside(from, module)
    }

    fn is_inside(&self, inner: ModuleId, outer: ModuleId) -> bool {
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = self.module(id).parent;
        }
        false
    }

    fn parent(&self, module: ModuleId) -> Option<ModuleId> {
        let normal = self.normal_module(module);
        self.module(normal).parent.map(|parent| self.normal_module(parent))
    }
}

/// Types of std that hold handles and are often imported by a glob.
fn is_std_holder(path: &str) -> bool {
    matches!(
        path.rsplit_once("::"),
        Some((
            "std::collections",
            "HashMap" | "BTreeMap" | "VecDeque" | "BinaryHeap" | "LinkedList"
        )) | Some(("std::sync", "Arc" | "Mutex" | "RwLock" | "MutexGuard"))
            | Some(("std::cell", "Cell" | "RefCell" | "RefMut"))
            | Some(("std::rc", "Rc"))
            | Some(("std::mem", "take" | "replace" | "forget" | "drop"))
    )
}

/// Names of std's prelude that carry or end a handle's life.
fn prelude(name: &str) -> Option<&'static str> {
    Some(match name {
        "drop" => "std::mem::drop",
        "Some" => "std::option::Option::Some",
        "None" => "std::option::Option::None",
        "Ok" => "std::result::Result::Ok",
        "Err" => "std::result::Result::Err",
        "Option" => "std::option::Option",
        "Result" => "std::result::Result",
        "Vec" => "std::vec::Vec",
        "Box" => "std::boxed::Box",
        "String" => "std::string::String",
        "Iterator" => "std::iter::Iterator",
        "IntoIterator" => "std::iter::IntoIterator",
        "Default" => "std::default::Default",
        "Clone" => "std::clone::Clone",
        "Drop" => "std::ops::Drop",
        "From" => "std::convert::From",
        "Into" => "std::convert::Into",
        _ => return None,
    })
}
