//! Where a value is: a local, and the way into it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Callable, FlowId, LocalId};
use crate::facts::tree::Name;
use crate::model::{Ty, TyHead};

/// A local or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The local.
    pub local: LocalId,
    /// The way into it.
    pub proj: Vec<Proj>,
}

impl Place {
    /// All of a local.
    pub fn local(local: LocalId) -> Self {
        Self { local, proj: Vec::new() }
    }

    /// What is further inside.
    #[must_use]
    pub fn with(&self, proj: &[Proj]) -> Self {
        let proj = self.proj.iter().chain(proj).cloned().collect();
        Self { local: self.local, proj }
    }

    /// The same, with elements of arrays as elements of any collection.
    #[must_use]
    pub fn unnumbered(&self) -> Self {
        let proj = self.proj.iter().map(Proj::unnumbered).collect();
        Self { local: self.local, proj }
    }

    /// A part of this place. A guard of something that cannot fail swallows the opening of it.
    #[must_use]
    pub fn then(&self, proj: Proj) -> Self {
        let mut place = self.clone();
        if place.proj.last() == Some(&Proj::Maybe) {
            place.proj.pop();
            if matches!(proj, Proj::Inner | Proj::Open) {
                return place;
            }
        }
        place.proj.push(proj);
        place
    }
}

/// One step into a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proj {
    /// A field, or a tuple element by number.
    Field(Field),
    /// The payload of `Some` and `Ok`.
    Inner,
    /// The payload of `Err`.
    Error,
    /// The payload of a variant of a user's enum or of a tuple struct.
    Variant(Name),
    /// What a thread returned, in its handle.
    Result,
    /// Some element of a collection or iterator.
    Elem,
    /// An element of an array that is written out: its position, and how many there are.
    Nth(usize, usize),
    /// The element a loop over borrowed elements looks at.
    Current,
    /// The payload of a wrapper of which only later use tells whether it is optional or many.
    Payload,
    /// An iterator's element before a callable that nobody has run yet; `true` when what it gives is
    /// flattened into the iterator.
    Lazy(Arc<Code>, bool),
    /// A captured variable in a closure value.
    Captured(Env),
    /// In an access: the payload if there is a wrapper, else the thing itself.
    Open,
    /// In an access: the elements, each by reference.
    Each,
    /// In an access: the element at this position, counted from the end if `true`.
    At(usize, bool),
    /// In an access: the element at this position, counted from the start, if there are positions, else
    /// one of them.
    Index(usize),
    /// In an access: the collection, for the element whose turn it is in a loop over all positions.
    Turn,
    /// In an access: every element but this many at the start and at the end.
    Between(usize, usize),
    /// In an access: an element of which nobody knows the position.
    Unnumbered,
    /// No part, but the answer to a question that was asked of it and other places, by a hash of how that is written.
    Asked(u64),
    /// In an access: a wrapper such as a lock's `Result` that the token does not have.
    Maybe,
}

/// Something that can be called, whichever body it stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// Index of the body in its program.
    pub body: u32,
    /// A function, or a closure of that body.
    pub callable: Callable,
}

/// A variable that a closure owns or refers to, whichever body has the closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Env {
    /// Index in its program of the body that makes the closure.
    pub body: u32,
    /// The closure.
    pub closure: FlowId,
    /// The variable's local inside.
    pub variable: LocalId,
}

impl Env {
    /// The closure that has the variable.
    pub fn code(&self) -> Code {
        Code { body: self.body, callable: Callable::Body(self.closure) }
    }
}

/// A field by name. Two are the same when their names are: whose field it is only decides where it
/// is looked for.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, or its number in a tuple.
    pub name: Name,
    /// What it is a field of.
    pub owner: Owner,
}

/// What a field belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A tuple.
    Tuple,
    /// A struct, a union or a variant of this type.
    Type(TyHead),
    /// A value whose type is not known.
    Unknown,
}

impl Owner {
    /// What a field of a value of this type belongs to.
    pub fn of(ty: &Ty) -> Self {
        match ty.peel() {
            Ty::Tuple(_) => Self::Tuple,
            Ty::Named(head @ TyHead::Item(..), ..) => Self::Type(head.clone()),
            // A type from outside may lead to any other by `Deref`.
            Ty::Named(TyHead::External(_), ..)
            | Ty::Unknown
            | Ty::Never
            | Ty::Reference(_)
            | Ty::Slice(..) => Self::Unknown,
        }
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

impl PartialOrd for Field {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Field {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

impl Hash for Field {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Proj {
    /// The same step, into a collection of which no positions are known.
    #[must_use]
    pub fn unnumbered(&self) -> Self {
        match self {
            Self::Nth(..) => Self::Elem,
            other => other.clone(),
        }
    }

    /// Whether it leads to one of several, or to what only the next moment decides.
    pub(super) fn is_one_of(&self) -> bool {
        !matches!(
            self,
            Self::Field(_)
                | Self::Inner
                | Self::Error
                | Self::Variant(_)
                | Self::Open
                | Self::Maybe
        )
    }

    /// Whether an access to elements by their position means this step.
    pub(super) fn is_at(&self, access: &Self) -> bool {
        match (self, access) {
            (Self::Nth(own, count), Self::At(position, true)) => own + position + 1 == *count,
            (Self::Nth(own, _), Self::At(position, false)) => own == position,
            (Self::Nth(own, count), Self::Between(start, end)) => {
                own >= start && own + end < *count
            }
            (Self::Field(field), Self::At(position, false)) => {
                field.owner == Owner::Tuple && field.name.parse() == Ok(*position)
            }
            _ => false,
        }
    }

    /// Whether there may be nothing behind this step: no payload, no element, another variant.
    pub(super) fn may_be_missing(&self) -> bool {
        !matches!(self, Self::Field(_))
    }

    /// A tuple element.
    pub fn element(index: usize) -> Self {
        Self::Field(Field { name: Name::from(index.to_string()), owner: Owner::Tuple })
    }
}
