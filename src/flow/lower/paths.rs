//! Names in bodies: variables through captures, functions through the model.

use super::super::{
    Callable, Capture, Constant, LocalId, LocalKind, Mention, Operand, Owner, Place,
};
use super::{Lowering, Value};
use crate::catalog::Role;
use crate::facts::tree::{ItemKind, Name, Path, Type, Written};
use crate::model::{Ask, Def, ItemRef, Namespace, Ty, TyHead, watched};
use crate::text::TextRange;

/// The type that stands for "a future made here".
pub(super) const FUTURE: &str = "std::future::Future";

impl Lowering<'_> {
    /// The value of a path expression.
    pub(super) fn path_value(&mut self, qself: Option<&Type>, path: &Path) -> Value {
        if qself.is_none()
            && let Some(name) = path.as_name()
            && let Some(local) = self.variable(name)
        {
            return self.local_value(local);
        }
        let defs = self.path_defs(qself, path);
        if let Some(constant) = self.written_out(&defs) {
            return Value::known(constant);
        }
        if let [Def::Item(item)] = defs.as_slice()
            && let ItemKind::Value(value) = &self.model.item(*item).kind
        {
            let ty = self.model.ty(item.module, None, &[], &value.ty);
            let name = self.model.item(*item).name.clone();
            let kind = LocalKind::Static(item.file, item.item);
            let local = self.static_local(name, path.range, ty.clone(), kind);
            self.frame().read.push(Place::local(local));
            return Value {
                operand: Operand::Borrow(Place::local(local)),
                ty,
                callable: None,
                named: None,
            };
        }
        if defs.is_empty() {
            return Value::constant(Ty::Unknown);
        }
        let ty = self.constructed(&defs);
        let callable = Some(Callable::Function(defs.clone()));
        Value { operand: Operand::Function(defs), ty, callable, named: None }
    }

    /// What a constant is, if its initialiser is written out.
    pub(super) fn written_out(&self, defs: &[Def]) -> Option<Constant> {
        let [Def::Item(item)] = defs else { return None };
        let ItemKind::Value(value) = &self.model.item(*item).kind else { return None };
        match value.written? {
            Written::Bool(value) => Some(Constant::Bool(value)),
            Written::Number(value) => Some(Constant::Number(value)),
            Written::Elements(_) => None,
        }
    }

    pub(super) fn local_value(&mut self, local: LocalId) -> Value {
        let frame = self.frame();
        frame.read.push(frame.place_of(local));
        let constant = frame.constants.get(&local).cloned();
        let (place, local) = (frame.place_of(local), frame.local(local));
        let operand = if constant.is_some() {
            Operand::Constant(constant)
        } else if local.alias.is_some() || local.kind == LocalKind::Reference {
            Operand::Borrow(place)
        } else {
            Operand::Move(place)
        };
        Value {
            operand,
            ty: local.ty.clone(),
            callable: local.callable.clone(),
            named: local.named,
        }
    }

    /// A variable by name: of this body, or captured from one around it.
    pub(super) fn variable(&mut self, name: &Name) -> Option<LocalId> {
        let depth = self.frames.iter().rposition(|frame| frame.lookup(name).is_some())?;
        let mut local = self.frames[depth].lookup(name)?;
        for index in depth + 1..self.frames.len() {
            local = self.capture(index, name, local);
        }
        Some(local)
    }

    /// The local inside frame `index` for a variable of the frame around it.
    fn capture(&mut self, index: usize, name: &Name, outer: LocalId) -> LocalId {
        let outer_place = self.frames[index - 1].place_of(outer);
        let outer_local = self.frames[index - 1].local(outer).clone();
        let known = self.frames[index].captures.iter().find(|capture| {
            self.frames[index].local(capture.inner).kind == LocalKind::Capture(outer)
        });
        if let Some(known) = known {
            return known.inner;
        }
        let frame = &mut self.frames[index];
        let inner = frame.declare(
            Some(name.clone()),
            outer_local.range,
            outer_local.ty,
            LocalKind::Capture(outer),
        );
        let local = frame.local_mut(inner);
        local.callable =
            outer_local.callable.filter(|callable| matches!(callable, Callable::Function(_)));
        local.named = outer_local.named;
        frame.captures.push(Capture { outer: outer_place, inner, moves: Vec::new() });
        inner
    }

    fn static_local(&mut self, name: Name, range: TextRange, ty: Ty, kind: LocalKind) -> LocalId {
        let frame = self.frame();
        let known = frame.flow.locals.iter().position(|local| local.kind == kind);
        if let Some(index) = known {
            return LocalId(u32::try_from(index).unwrap_or(u32::MAX));
        }
        frame.declare(Some(name), range, ty, kind)
    }

    /// What a path in value position can mean.
    pub(super) fn path_defs(&self, qself: Option<&Type>, path: &Path) -> Vec<Def> {
        let names: Vec<Name> = path.segments.iter().map(|segment| segment.name.clone()).collect();
        if let Some(qself) = qself {
            // `<T>::name` and `<T as Trait>::name`.
            let Some(last) = names.last() else { return Vec::new() };
            return self.associated(&self.ty(qself), last);
        }
        if let ([only], Some(Ty::Named(TyHead::Item(file, item), Some(module), _))) =
            (names.as_slice(), &self.self_ty)
            && &**only == "Self"
        {
            return vec![Def::Item(ItemRef { file: *file, item: *item, module: *module })];
        }
        if let [first, last] = names.as_slice()
            && &**first == "Self"
        {
            return self.self_ty.as_ref().map_or(Vec::new(), |ty| self.associated(ty, last));
        }
        if let [first, last] = names.as_slice()
            && self.generics.iter().any(|generic| generic.name == *first)
        {
            let of = Path { segments: path.segments[..1].to_vec(), ..path.clone() };
            let ty = self.ty(&Type::Path(None, of));
            let declared = self.declared_by_trait(&ty, last);
            return declared.map(|function| Def::Method(function.item)).into_iter().collect();
        }
        let defs = self.model.resolve(self.module(), path.global, &names, Namespace::Value);
        // Of alternatives for several systems, those that are compiled where this code is.
        let is_there = |def: &&Def| match def {
            Def::Item(item) => self.is_active(&self.model.item(*item).cfg),
            _ => true,
        };
        let here: Vec<Def> = defs.iter().filter(is_there).cloned().collect();
        if here.is_empty() { defs } else { here }
    }

    /// The type of the project whose value, or whose variant, a path constructs.
    pub(super) fn owner_of(&self, path: &Path) -> Owner {
        let defs = self.path_defs(None, path);
        let ty = match defs.as_slice() {
            [Def::Item(item)] if matches!(self.model.item(*item).kind, ItemKind::Struct(_)) => {
                return Owner::Type(TyHead::Item(item.file, item.item));
            }
            [Def::Variant(item, _)] => return Owner::Type(TyHead::Item(item.file, item.item)),
            _ => self.ty(&Type::Path(None, path.clone())),
        };
        ty.head().map_or(Owner::Unknown, Owner::Type)
    }

    /// An associated function of a type, by name.
    pub(super) fn associated(&self, ty: &Ty, name: &str) -> Vec<Def> {
        match ty.peel() {
            Ty::Named(TyHead::External(path), ..) => {
                let implemented = self.model.methods_of(&TyHead::External(path.clone()), name);
                if implemented.is_empty() {
                    return vec![Def::External(Name::from(format!("{path}::{name}")))];
                }
                implemented.iter().map(|function| Def::Method(function.item)).collect()
            }
            Ty::Named(head, Some(module), _) => {
                let methods = self.model.methods_of(head, name);
                if !methods.is_empty() {
                    return methods.iter().map(|function| Def::Method(function.item)).collect();
                }
                let TyHead::Item(file, id) = head else { return Vec::new() };
                let item = ItemRef { file: *file, item: *id, module: *module };
                match &self.model.item(item).kind {
                    ItemKind::Enum(variants)
                        if variants.iter().any(|variant| &*variant.name == name) =>
                    {
                        vec![Def::Variant(item, Name::from(name))]
                    }
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// The type of a unit constructor, so that `let x = Foo;` has one.
    pub(super) fn constructed(&self, defs: &[Def]) -> Ty {
        match defs {
            [Def::External(path)] if &**path == "std::option::Option::None" => {
                Ty::external("std::option::Option", vec![Ty::Unknown])
            }
            [Def::Item(item)] if matches!(self.model.item(*item).kind, ItemKind::Struct(_)) => {
                Ty::Named(TyHead::Item(item.file, item.item), Some(item.module), Vec::new())
            }
            [Def::Variant(item, _)] => {
                Ty::Named(TyHead::Item(item.file, item.item), Some(item.module), Vec::new())
            }
            _ => Ty::Unknown,
        }
    }

    /// What a function returns, as far as its signature says.
    pub(super) fn output_of(&self, defs: &[Def]) -> Ty {
        let outputs = defs.iter().map(|def| match def {
            Def::External(path) => self.external_output(path),
            Def::Item(item) if matches!(self.model.item(*item).kind, ItemKind::Struct(_)) => {
                Ty::Named(TyHead::Item(item.file, item.item), Some(item.module), Vec::new())
            }
            Def::Item(item) | Def::Method(item) => self.signature_output(*item),
            Def::Variant(item, _) => {
                Ty::Named(TyHead::Item(item.file, item.item), Some(item.module), Vec::new())
            }
            Def::Module(_) | Def::Unknown => Ty::Unknown,
        });
        common(outputs)
    }

    /// What calls of these `async fn`s give once they are awaited.
    pub(super) fn output_awaited(&self, functions: &[ItemRef]) -> Ty {
        common(functions.iter().map(|item| self.written_output(*item)))
    }

    fn external_output(&self, path: &str) -> Ty {
        if self.model.catalog.role(path) == Some(Role::Channel)
            && let Some((module, made)) = path.rsplit_once("::")
        {
            let sender = if made == "sync_channel" { "SyncSender" } else { "Sender" };
            let end = |name: &str| Ty::external(&format!("{module}::{name}"), Vec::new());
            return Ty::Tuple(vec![end(sender), end("Receiver")]);
        }
        if let Some(api) = self.model.catalog.get(path) {
            return api
                .returns
                .as_ref()
                .map_or(Ty::Unknown, |returns| self.model.catalog_ty(returns));
        }
        // `Type::new`, `Type::default`, …: a constructor gives its type, by convention of std.
        match path.rsplit_once("::") {
            Some((ty @ ("std::option::Option" | "std::result::Result"), _)) => {
                Ty::external(ty, vec![Ty::Unknown])
            }
            Some((ty, "new" | "default" | "with_capacity" | "from")) if ty.starts_with("std::") => {
                Ty::external(ty, Vec::new())
            }
            _ => Ty::Unknown,
        }
    }

    fn signature_output(&self, item: ItemRef) -> Ty {
        if self.model.function(item).is_some_and(|function| function.is_async) {
            return Ty::external(FUTURE, Vec::new());
        }
        self.written_output(item)
    }

    /// What stands behind the arrow: for an `async fn`, what awaiting its future gives.
    fn written_output(&self, item: ItemRef) -> Ty {
        let Some(function) = self.model.function(item) else { return Ty::Unknown };
        let Some(output) = &function.output else { return Ty::Tuple(Vec::new()) };
        let container = self.model.function_at(item).and_then(|known| known.container);
        let mut generics = function.generics.clone();
        let self_ty = container.and_then(|container| match &self.model.item(container).kind {
            ItemKind::Impl(it) => {
                generics.extend(it.generics.iter().cloned());
                Some(self.model.ty(container.module, None, &it.generics, &it.self_ty))
            }
            _ => None,
        });
        self.model.ty(item.module, self_ty.as_ref(), &generics, output)
    }

    /// The catalogued API among the meanings of a path, with whether all of them are known.
    pub(super) fn catalogued(&self, defs: &[Def], wanted: &[Role]) -> Option<(Name, Role, bool)> {
        let found = defs.iter().find_map(|def| {
            let path = self.model.canonical(def)?;
            let role = self.model.catalog.role(&path).filter(|role| wanted.contains(role))?;
            Some((path, role))
        });
        let certain = !defs.contains(&Def::Unknown);
        found.map(|(path, role)| (path, role, certain))
    }

    /// Notes what a path depends on that was not read. A glob brings nothing from there before it is.
    pub(super) fn note_open(&mut self, path: &Path, defs: &[Def]) {
        if defs.is_empty() || defs.contains(&Def::Unknown) {
            let (_, asked) = watched(|| self.path_defs(None, path));
            let named = asked.iter().filter_map(Ask::in_module);
            self.flows.open.extend(named.map(|(module, name)| (module, name.clone())));
        }
    }

    /// Notes a spawning function that is named without being called.
    pub(super) fn mention(&mut self, defs: &[Def], range: TextRange) {
        if let Some((api, _, _)) = self.catalogued(defs, &[Role::Spawn]) {
            let statement = self.statement;
            self.flows.mentions.push(Mention { range, statement, api, called: false });
        }
    }
}

/// Of definitions under different conditions, one that nobody knows says nothing of the others.
fn common(outputs: impl Iterator<Item = Ty>) -> Ty {
    let mut outputs = outputs.filter(|ty| *ty != Ty::Unknown);
    let Some(first) = outputs.next() else { return Ty::Unknown };
    if outputs.all(|other| other == first) { first } else { Ty::Unknown }
}
