//! Types as far as the source says them: enough to know a builder, a scope or a handle.

use super::data::is_plain;
use super::names::{Ask, Namespace, Query, note};
use super::{Declaration, Declared, Def, FunctionRef, ItemRef, Model, ModuleId};
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Generic, ItemId, ItemKind, Name, Path, Size, Type, Written};
use crate::source::FileId;

/// What a type is made by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TyHead {
    /// A type outside the project.
    External(Name),
    /// A type of the project, whichever crate looks at it.
    Item(FileId, ItemId),
}

/// A type. References and smart pointers that deref to their content are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ty {
    /// Nothing is known.
    #[default]
    Unknown,
    /// `!`.
    Never,
    /// A named type with its arguments; the module is one that sees it.
    Named(TyHead, Option<ModuleId>, Vec<Ty>),
    /// A reference or raw pointer.
    Reference(Box<Ty>),
    /// A tuple; `()` is empty.
    Tuple(Vec<Ty>),
    /// An array or slice; what a constant parameter stands for is the length of one.
    Slice(Box<Ty>, Size),
}

impl Ty {
    /// A type outside the project, by path.
    pub fn external(path: &str, args: Vec<Self>) -> Self {
        Self::Named(TyHead::External(Name::from(path)), None, args)
    }

    /// What a type is made by: its declaration, or how many parts a tuple has.
    pub fn head(&self) -> Option<TyHead> {
        match self {
            Self::Named(head, _, _) => Some(head.clone()),
            Self::Tuple(parts) if !parts.is_empty() => {
                Some(TyHead::External(Name::from(format!("({})", parts.len()))))
            }
            _ => None,
        }
    }

    /// The canonical path of a type outside the project.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Named(TyHead::External(path), _, _) => Some(path),
            _ => None,
        }
    }

    /// The type behind references and smart pointers.
    pub fn peel(&self) -> &Self {
        match self {
            Self::Reference(inner) => inner.peel(),
            Self::Named(TyHead::External(path), _, args) if is_pointer(path) => {
                args.first().map_or(&Self::Unknown, Self::peel)
            }
            other => other,
        }
    }

    /// Whether a value of this type may be one of several ways to its content, so that dropping it
    /// drops nothing else: references, guards, shared pointers, and whatever holds one.
    pub fn is_shared(&self) -> bool {
        match self {
            Self::Reference(_) => true,
            Self::Named(TyHead::External(path), _, args) => {
                // What a thread gives is no way to its handle, and neither are keys and errors.
                let content = match path.rsplit("::").next().unwrap_or(path) {
                    last if last.ends_with("JoinHandle") => &[],
                    last if last.ends_with("Map") => args.split_at(args.len().saturating_sub(1)).1,
                    _ if is_maybe(path) => args.get(..1).unwrap_or_default(),
                    _ => args.as_slice(),
                };
                is_shared_path(path) || content.iter().any(Self::is_shared)
            }
            Self::Named(TyHead::Item(..), _, args) => args.iter().any(Self::is_shared),
            Self::Tuple(parts) => parts.iter().any(Self::is_shared),
            Self::Slice(elem, _) => elem.is_shared(),
            Self::Unknown | Self::Never => false,
        }
    }

    /// Whether it is known to be something else than `()` and `!`.
    pub fn is_value(&self) -> bool {
        match self {
            Self::Unknown | Self::Never => false,
            Self::Tuple(parts) => !parts.is_empty(),
            Self::Named(..) | Self::Reference(_) | Self::Slice(..) => true,
        }
    }

    /// Whether what is behind a reference to it may change all the same, as far as is known.
    pub fn may_change_within(&self) -> bool {
        match self {
            Self::Reference(inner) | Self::Slice(inner, _) => inner.may_change_within(),
            Self::Tuple(parts) => parts.iter().any(Self::may_change_within),
            Self::Named(TyHead::Item(..), ..) => true,
            Self::Named(TyHead::External(path), _, args) => {
                let last = path.rsplit("::").next().unwrap_or(path);
                let is_cell = last.ends_with("Cell") || last.starts_with("Atomic");
                is_cell
                    || matches!(last, "Mutex" | "RwLock" | "OnceLock" | "Sender" | "SyncSender")
                    || args.iter().any(Self::may_change_within)
            }
            Self::Unknown | Self::Never => false,
        }
    }

    /// Whether it is written once and read often: a `OnceLock`, a `OnceCell`.
    pub fn is_once(&self) -> bool {
        let last = self.peel().path().and_then(|path| path.rsplit("::").next());
        matches!(last, Some("OnceLock" | "OnceCell"))
    }

    /// Whether it is an `Option`, or a reference to one.
    pub fn is_option(&self) -> bool {
        self.peel().path() == Some("std::option::Option")
    }

    /// Whether it is an `Option`, or a `Result` of something that is known: at most one element.
    pub fn is_maybe(&self) -> bool {
        self.is_option() || self.payload() != Self::Unknown
    }

    /// The first type argument of `Option<T>` or `Result<T, _>`.
    pub fn payload(&self) -> Self {
        match self {
            Self::Named(TyHead::External(path), _, args) if is_maybe(path) => {
                args.first().cloned().unwrap_or_default()
            }
            Self::Reference(inner) => inner.payload(),
            _ => Self::Unknown,
        }
    }

    /// What it says why there is no payload.
    pub fn error(&self) -> Self {
        match self {
            Self::Named(TyHead::External(path), _, args) if path.ends_with("::Result") => {
                args.get(1).cloned().unwrap_or_default()
            }
            Self::Reference(inner) => inner.error(),
            _ => Self::Unknown,
        }
    }

    /// What indexing or iterating it gives.
    pub fn element(&self) -> Self {
        match self.peel() {
            Self::Slice(element, _) => (**element).clone(),
            Self::Named(TyHead::External(path), _, args) if path.ends_with("Map") => {
                args.get(1).cloned().unwrap_or_default()
            }
            Self::Named(_, _, args) => args.first().cloned().unwrap_or_default(),
            _ => Self::Unknown,
        }
    }
}

/// `Box`, `Rc`, `Arc` and their kin.
fn is_pointer(path: &str) -> bool {
    matches!(path, "std::boxed::Box" | "std::rc::Rc" | "std::sync::Arc")
}

/// Guards and shared pointers, by their last name: every lock crate has its own.
fn is_shared_path(path: &str) -> bool {
    let last = path.rsplit("::").next().unwrap_or(path);
    last.ends_with("Guard")
        || matches!(last, "Rc" | "Arc" | "Weak" | "Ref" | "RefMut" | "PeekMut" | "Entry")
}

/// Types whose first argument is there or not.
fn is_maybe(path: &str) -> bool {
    matches!(path.rsplit("::").next(), Some("Option" | "Result"))
}

impl Model<'_> {
    /// A type written in `module`, inside an impl for `self_ty`, with these type parameters.
    pub fn ty(
        &self,
        module: ModuleId,
        self_ty: Option<&Ty>,
        generics: &[Generic],
        ty: &Type,
    ) -> Ty {
        self.ty_in(module, self_ty, generics, ty, &mut Query::default())
    }

    /// Constants of this name that are implemented for a type.
    pub fn constants_of(&self, head: &TyHead, name: &str) -> Vec<ItemRef> {
        let all = self.constants.get(head).map_or(&[][..], Vec::as_slice);
        all.iter().copied().filter(|&it| *self.item(it).name == *name).collect()
    }

    /// How many elements an array has; a constant of the same module says that as well as a number.
    pub fn length(&self, module: ModuleId, size: &Size) -> Size {
        let Size::Named(name) = size else { return size.clone() };
        let declared = self.module(module).names.get(name).map_or(&[][..], Vec::as_slice);
        match declared {
            [Declared { what: Declaration::Item(item), .. }] => match &self.item(*item).kind {
                ItemKind::Value(value) => match value.written {
                    Some(Written::Number(count)) => Size::Exactly(count),
                    _ => Size::Some,
                },
                _ => Size::Some,
            },
            _ => Size::Some,
        }
    }

    pub(super) fn ty_in(
        &self,
        module: ModuleId,
        self_ty: Option<&Ty>,
        generics: &[Generic],
        ty: &Type,
        query: &mut Query,
    ) -> Ty {
        let mut inner =
            |ty: &Type| query.deeper(|query| self.ty_in(module, self_ty, generics, ty, query));
        match ty {
            Type::Reference(_, ty) => Ty::Reference(Box::new(inner(ty))),
            Type::Tuple(elems) => Ty::Tuple(elems.iter().map(&mut inner).collect()),
            Type::Slice(elem, size) => Ty::Slice(Box::new(inner(elem)), self.length(module, size)),
            Type::Never => Ty::Never,
            Type::Path(None, path) => {
                if path.as_name().is_some_and(|name| &**name == "Self") {
                    return self_ty.cloned().unwrap_or_default();
                }
                let generic = generics.iter().find(|it| path.as_name() == Some(&it.name));
                if let Some(generic) = generic {
                    return self.bounded(module, generic, query);
                }
                let last = path.segments.last();
                let args =
                    last.map_or(Vec::new(), |last| last.args.iter().map(&mut inner).collect());
                self.named(module, path, args, query)
            }
            // What is only known by its trait has the trait for a type.
            Type::Bounds(bounds) => match bounds.first() {
                Some(path) => {
                    let args = path
                        .segments
                        .last()
                        .map_or(Vec::new(), |last| last.args.iter().map(&mut inner).collect());
                    self.named(module, path, args, query)
                }
                None => Ty::Unknown,
            },
            Type::Path(Some(_), _) | Type::Unknown => Ty::Unknown,
        }
    }

    /// The type that stands for a type parameter: the one trait of the project that it has.
    fn bounded(&self, module: ModuleId, generic: &Generic, query: &mut Query) -> Ty {
        let traits = generic.bounds.iter().filter_map(|path| {
            let ty = self.named(module, path, Vec::new(), query);
            matches!(ty, Ty::Named(TyHead::Item(..), ..)).then_some(ty)
        });
        let traits: Vec<Ty> = traits.collect();
        match <[Ty; 1]>::try_from(traits) {
            Ok([only]) => only,
            Err(_) => Ty::Unknown,
        }
    }

    fn named(&self, module: ModuleId, path: &Path, args: Vec<Ty>, query: &mut Query) -> Ty {
        let names: Vec<Name> = path.segments.iter().map(|segment| segment.name.clone()).collect();
        let mut types = self.resolve_for(module, path.global, &names, Namespace::Type, query);
        types.sort();
        types.dedup();
        if types.iter().all(|def| matches!(def, Def::External(_))) {
            // What stands in for a type of std under some condition (`loom`) is made like it.
            let of_std =
                |def: &Def| matches!(def, Def::External(path) if path.starts_with("std::"));
            if types.iter().filter(|def| of_std(def)).count() == 1 {
                types.retain(of_std);
            }
        }
        let mut types = types.into_iter();
        // One meaning or none: another type that depends on the configuration is not known.
        let (Some(def), None) = (types.next(), types.next()) else {
            return match names.as_slice() {
                [only] if types.len() == 0 && is_plain(only) => Ty::external(only, Vec::new()),
                _ => Ty::Unknown,
            };
        };
        match def {
            Def::External(path) => Ty::external(&path, args),
            Def::Item(item) => match &self.item(item).kind {
                ItemKind::Alias(ty) => {
                    let aliased =
                        query.deeper(|query| self.ty_in(item.module, None, &[], ty, query));
                    fill(aliased, args)
                }
                _ => Ty::Named(TyHead::Item(item.file, item.item), Some(item.module), args),
            },
            _ => Ty::Unknown,
        }
    }

    /// Functions named `name` that are implemented for a type.
    pub fn methods_of(&self, head: &TyHead, name: &str) -> &[FunctionRef] {
        let found = self.methods.get(head).and_then(|methods| methods.get(name));
        if found.is_none() {
            // Another file may implement it.
            note(Ask::Method(head.clone(), Name::from(name)));
        }
        found.map_or(&[], Vec::as_slice)
    }

    /// Functions that a call of `name` on a type can mean: one of its own comes before those of traits, unless
    /// they take `self` in different ways.
    pub fn called_of(&self, head: &TyHead, name: &str) -> Vec<FunctionRef> {
        let all = self.methods_of(head, name);
        let receiver = |it: &FunctionRef| {
            self.function(it.item).and_then(|function| function.receiver.clone())
        };
        let same = all.windows(2).all(|pair| receiver(&pair[0]) == receiver(&pair[1]));
        let own = all.iter().filter(|it| self.is_inherent(it));
        match own.clone().count() {
            1 if same => own.copied().collect(),
            _ => all.to_vec(),
        }
    }

    /// The function that a call of `name` on a value runs, of which only a trait is known to the caller, when the
    /// value is of this type: the type's own, or the trait's when the type leaves it out.
    pub fn provided_for(&self, head: &TyHead, of: ItemRef, name: &str) -> Option<ItemRef> {
        let declared = self.item(of);
        let ItemKind::Trait(provided, _) = &declared.kind else { return None };
        let is_it = |function: &FunctionRef| self.is_of(function, &declared.name);
        let all = self.methods.get(head)?;
        let mut own = all.get(name).into_iter().flatten().filter(|it| is_it(it));
        if let Some(function) = own.next() {
            return own.next().is_none().then_some(function.item);
        }
        all.values().flatten().find(|it| is_it(it))?;
        let facts = &self.facts[of.file];
        let id = provided.iter().find(|&&id| &*facts.item(id).name == name)?;
        let item = ItemRef { item: *id, ..of };
        // An `impl` leaves out only what its trait provides.
        self.function(item).map(|_| item)
    }

    /// Whether nothing in a value of the type that has a method can change behind a shared reference, as far as is
    /// known of its fields.
    pub fn keeps_still(&self, function: &FunctionRef) -> bool {
        let Some(container) = function.container else { return false };
        let ItemKind::Impl(it) = &self.item(container).kind else { return false };
        let own = self.ty(container.module, None, &it.generics, &it.self_ty);
        let Some(item) = self.item_of(&own) else { return false };
        match &self.item(item).kind {
            ItemKind::Struct(fields) => fields
                .iter()
                .all(|field| !self.ty(item.module, None, &[], &field.ty).may_change_within()),
            _ => false,
        }
    }

    /// Every function that implements one of a trait of the project, in order.
    pub fn implementations(&self, of: ItemRef, name: &str) -> Vec<ItemRef> {
        let declared = &self.item(of).name;
        let is_it = |function: &&FunctionRef| self.is_of(function, declared);
        let named = self.methods.values().filter_map(|methods| methods.get(name));
        let mut found: Vec<ItemRef> = named.flatten().filter(is_it).map(|it| it.item).collect();
        found.sort_unstable();
        found
    }

    /// Whether a function stands in an `impl` of a trait of this name.
    pub fn is_of(&self, function: &FunctionRef, name: &str) -> bool {
        function.container.is_some_and(|container| {
            matches!(&self.item(container).kind, ItemKind::Impl(it)
                if it.trait_path.as_ref().is_some_and(|path| path.last() == name))
        })
    }

    /// Whether a type is only known by a trait of the project.
    pub fn is_trait(&self, ty: &Ty) -> bool {
        self.item_of(ty).is_some_and(|item| matches!(self.item(item).kind, ItemKind::Trait(..)))
    }

    /// The type outside the project that has a trait of the project and is of a kind that `fits`, if there is only
    /// one, and nothing that leads to another value has that trait too.
    pub fn provided_outside(&self, of: ItemRef, fits: impl Fn(&str) -> bool) -> Option<TyHead> {
        let name = &self.item(of).name;
        if self.of_references.contains(name) {
            return None;
        }
        let is_it = |function: &FunctionRef| self.is_of(function, name);
        let mut found = None;
        for (head, methods) in &self.methods {
            let TyHead::External(path) = head else { continue };
            if !methods.values().flatten().any(is_it) {
                continue;
            }
            if is_pointer(path) || (fits(path) && found.replace(head).is_some()) {
                return None;
            }
        }
        found.cloned()
    }

    /// Whether a function is one of a type itself, whatever its parameters and in every build.
    fn is_inherent(&self, function: &FunctionRef) -> bool {
        let Some(container) = function.container.map(|container| self.item(container)) else {
            return false;
        };
        let ItemKind::Impl(it) = &container.kind else { return false };
        let always = [&container.cfg, &self.item(function.item).cfg];
        let is_param = |arg: &Type| {
            let Type::Path(None, path) = arg else { return false };
            path.as_name().is_some_and(|name| it.generics.iter().any(|own| own.name == *name))
        };
        let of_all = |ty: &Type| match ty {
            Type::Path(None, path) => {
                path.segments.last().is_some_and(|last| last.args.iter().all(is_param))
            }
            _ => false,
        };
        it.trait_path.is_none()
            && always.into_iter().all(|cfg| *cfg == Cfg::Always)
            && of_all(&it.self_ty)
    }

    /// The type of a field.
    pub fn field_ty(&self, ty: &Ty, name: &str) -> Ty {
        match ty.peel() {
            Ty::Tuple(elems) => name
                .parse::<usize>()
                .ok()
                .and_then(|index| elems.get(index).cloned())
                .unwrap_or_default(),
            Ty::Named(TyHead::Item(file, id), Some(module), _) => {
                let item = ItemRef { file: *file, item: *id, module: *module };
                let ItemKind::Struct(fields) = &self.item(item).kind else { return Ty::Unknown };
                let field = fields.iter().find(|field| &*field.name == name);
                field.map_or(Ty::Unknown, |field| {
                    self.ty(item.module, Some(ty.peel()), &[], &field.ty)
                })
            }
            _ => Ty::Unknown,
        }
    }

    /// The type of a field of a variant.
    pub fn variant_field_ty(&self, item: ItemRef, variant: &str, name: &str) -> Ty {
        let ItemKind::Enum(variants) = &self.item(item).kind else { return Ty::Unknown };
        let fields = variants.iter().filter(|it| &*it.name == variant).flat_map(|it| &it.fields);
        let own = Ty::Named(TyHead::Item(item.file, item.item), Some(item.module), Vec::new());
        let mut found = fields.filter(|field| &*field.name == name);
        found.next().map_or(Ty::Unknown, |field| self.ty(item.module, Some(&own), &[], &field.ty))
    }

    /// The names of all variants of an enum.
    pub fn variants(&self, item: ItemRef) -> impl Iterator<Item = &Name> {
        let variants = match &self.item(item).kind {
            ItemKind::Enum(variants) => variants.as_slice(),
            _ => &[],
        };
        variants.iter().map(|variant| &variant.name)
    }

    /// Whether a variant has no content.
    pub fn is_unit(&self, item: ItemRef, variant: &str) -> bool {
        let ItemKind::Enum(variants) = &self.item(item).kind else { return false };
        variants.iter().any(|it| &*it.name == variant && it.fields.is_empty())
    }

    /// Whether a type may have a field of this name itself; if not, it leads to one by `Deref`.
    pub fn may_declare(&self, ty: &Ty, name: &str) -> bool {
        let Some(item) = self.item_of(ty) else { return true };
        match &self.item(item).kind {
            ItemKind::Struct(fields) => fields.iter().any(|field| &*field.name == name),
            _ => false,
        }
    }

    /// The type a catalog entry is written as: `Self`, `Result<…>`, `Option<…>` or a path.
    pub fn catalog_ty(&self, text: &str) -> Ty {
        for maybe in ["Result", "Option"] {
            let inner =
                text.strip_prefix(maybe).and_then(|rest| rest.strip_prefix('<')?.strip_suffix('>'));
            if let Some(inner) = inner {
                let path = format!("std::{}::{maybe}", maybe.to_lowercase());
                return Ty::external(&path, vec![self.catalog_ty(inner)]);
            }
        }
        Ty::external(text, Vec::new())
    }
}

/// Puts the arguments of an alias in where its own type leaves a gap (`type R<T> = Result<T, E>`).
fn fill(ty: Ty, args: Vec<Ty>) -> Ty {
    match ty {
        Ty::Named(head, module, own) if !own.is_empty() => {
            let mut args = args.into_iter();
            let own = own
                .into_iter()
                .map(|ty| if ty == Ty::Unknown { args.next().unwrap_or_default() } else { ty });
            Ty::Named(head, module, own.collect())
        }
        Ty::Named(head, module, _) => Ty::Named(head, module, args),
        other => other,
    }
}

/// A type as a reader would write it in an item path: the last name of its path.
pub(super) fn written(ty: &Type) -> String {
    match ty {
        Type::Path(_, path) => path.last().to_owned(),
        Type::Reference(_, inner) => written(inner),
        Type::Slice(inner, _) => format!("[{}]", written(inner)),
        Type::Bounds(paths) => {
            paths.first().map_or_else(String::new, |path| path.last().to_owned())
        }
        Type::Tuple(_) | Type::Never | Type::Unknown => String::new(),
    }
}
