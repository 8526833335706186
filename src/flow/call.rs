//! Calls: what is called, with what, and what comes back.

use super::{Callable, Condition, Constant, Extent, LocalId, Place, Proj, methods};
use crate::catalog::Role;
use crate::facts::tree::Name;
use crate::model::{Def, FunctionRef, ItemRef, Model, Ty};
use crate::text::TextRange;

/// A call.
#[derive(Debug)]
pub struct Call {
    /// Where its value goes.
    pub dst: LocalId,
    /// What is called.
    pub callee: Callee,
    /// Arguments, without the receiver.
    pub args: Vec<Operand>,
    /// The called path or method name.
    pub name_range: TextRange,
    /// The last name of what is called; empty for a value.
    pub name: Name,
    /// The statement that holds it.
    pub statement: TextRange,
    /// What it returns, as far as known.
    pub ty: Ty,
    /// The type of the receiver, as far as known.
    pub receiver_ty: Ty,
    /// Whether it takes only a range of its receiver.
    pub partial: bool,
    /// Whether it is a method that only looks at what it is called on.
    pub looks: bool,
    /// Whether it calls an `async fn` of the project and awaits it at once: it runs here.
    pub awaited: bool,
    /// How many elements there are on each side of a `zip`.
    pub beside: Option<Box<[Option<Extent>; 2]>>,
    /// What must be so for it to run the closure that it is given: `c` for `c.then(..)`.
    pub given: Vec<Condition>,
}

impl Default for Call {
    /// A call of nothing that is known, which gives nothing that is known.
    fn default() -> Self {
        Self {
            dst: LocalId(0),
            callee: Callee::Function(Vec::new()),
            args: Vec::new(),
            name_range: TextRange::default(),
            name: Name::from(""),
            statement: TextRange::default(),
            ty: Ty::Unknown,
            receiver_ty: Ty::Unknown,
            partial: false,
            looks: false,
            awaited: false,
            beside: None,
            given: Vec::new(),
        }
    }
}

impl Call {
    /// What the catalog says of what is called, whatever of its meanings holds.
    pub fn role(&self, model: &Model<'_>) -> Option<Role> {
        let of = |def: &Def| model.catalog.role(&model.canonical(def)?);
        let own: Vec<Def>;
        let defs = match &self.callee {
            Callee::Function(defs) => defs,
            Callee::Method(_, name, methods) if methods.is_empty() => {
                return model.catalog.role(&format!("{}::{name}", self.receiver_ty.path()?));
            }
            Callee::Method(_, _, methods) => {
                own = methods.iter().map(|function| Def::Method(function.item)).collect();
                &own
            }
            Callee::Local(..) | Callee::Await(_) => return None,
        };
        let role = of(defs.first()?)?;
        defs.iter().all(|def| of(def) == Some(role)).then_some(role)
    }

    /// What it is called on, if it is a method.
    pub fn receiver(&self) -> Option<&Place> {
        match &self.callee {
            Callee::Method(place, ..) => Some(place),
            Callee::Function(_) | Callee::Local(..) | Callee::Await(_) => None,
        }
    }

    /// Whether it runs its closure on a thread, whose handle it returns.
    pub fn spawns(&self, model: &Model<'_>) -> bool {
        matches!(
            self.role(model),
            Some(Role::Spawn | Role::ScopedSpawn | Role::OwnedByRegistry | Role::SpawnTask)
        )
    }

    /// Whether it is a method that runs what it is given to its end; `false` when only its name says so.
    pub(super) fn runs(&self, model: &Model<'_>) -> Option<bool> {
        let Callee::Method(_, name, own) = &self.callee else { return None };
        if matches!(self.role(model), Some(Role::Runs | Role::Scope)) {
            return Some(true);
        }
        let is_unknown = own.is_empty() && self.receiver_ty == Ty::Unknown;
        (is_unknown && methods::runs_to_the_end(name)).then_some(false)
    }

    /// The way to what the thread returns, in what such a call returns.
    pub(super) fn thread_result(&self) -> &'static [Proj] {
        if self.ty.payload() == Ty::Unknown {
            &[Proj::Result]
        } else {
            &[Proj::Inner, Proj::Result]
        }
    }

    /// The functions of the project that it may mean, if it can mean nothing else.
    pub fn targets(&self) -> Vec<ItemRef> {
        match &self.callee {
            Callee::Function(defs) => {
                let items = defs.iter().map(|def| match def {
                    Def::Item(item) | Def::Method(item) => Some(*item),
                    _ => None,
                });
                items.collect::<Option<_>>().unwrap_or_default()
            }
            Callee::Method(_, _, own) => own.iter().map(|function| function.item).collect(),
            Callee::Local(..) | Callee::Await(_) => Vec::new(),
        }
    }

    /// Whether it gathers what it goes through in a collection of which nobody knows the type.
    pub fn gathers_somehow(&self) -> bool {
        self.receiver().is_some() && methods::gathers(&self.name) && is_open(&self.ty)
    }

    /// Whether it may be a function of the project that nobody has read.
    pub fn may_be_unread(&self) -> bool {
        match &self.callee {
            Callee::Function(defs) => defs.is_empty() || defs.contains(&Def::Unknown),
            Callee::Method(_, _, own) => own.is_empty() && self.receiver_ty.peel().path().is_none(),
            Callee::Local(..) | Callee::Await(_) => false,
        }
    }

    /// The function of the project that it calls, if there is only one that it can mean.
    pub fn only_target(&self) -> Option<ItemRef> {
        match &self.callee {
            Callee::Function(defs) => only_item(defs),
            Callee::Method(_, _, own) => match own.as_slice() {
                [function] => Some(function.item),
                _ => None,
            },
            Callee::Local(_, Some(Callable::Function(defs))) => only_item(defs),
            Callee::Local(..) | Callee::Await(_) => None,
        }
    }
}

/// Whether a type, or what it has inside, is not known.
fn is_open(ty: &Ty) -> bool {
    match ty.peel() {
        Ty::Unknown => true,
        ty if ty.is_option() => is_open(&ty.payload()),
        ty => ty.path().is_some_and(|path| path.ends_with("::Result")) && is_open(&ty.payload()),
    }
}

/// The item that a path means, if there is only one.
pub fn only_item(defs: &[Def]) -> Option<ItemRef> {
    match defs {
        [Def::Item(item) | Def::Method(item)] => Some(*item),
        _ => None,
    }
}

/// What a call calls.
#[derive(Clone, Debug)]
pub enum Callee {
    /// A path.
    Function(Vec<Def>),
    /// A closure held in a local.
    Local(Place, Option<Callable>),
    /// A method of a value.
    Method(Place, Name, Vec<FunctionRef>),
    /// `.await`.
    Await(Place),
}

/// An argument or part.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A value that moves (or is copied: nobody knows).
    Move(Place),
    /// A reference to a place.
    Borrow(Place),
    /// A function named by path.
    Function(Vec<Def>),
    /// Nothing that could carry a handle; its value if that is known.
    Constant(Option<Constant>),
}

impl Operand {
    /// The place it is, and whether only a reference to it.
    pub fn place(&self) -> Option<(&Place, bool)> {
        match self {
            Self::Move(place) => Some((place, false)),
            Self::Borrow(place) => Some((place, true)),
            Self::Function(_) | Self::Constant(_) => None,
        }
    }
}
