//! What a run of a program computes with: values, the slots that they lie in, and the places inside.

use std::sync::Arc;

use super::iterate::Iter;
use super::width::Width;
use crate::facts::tree::{Body, ExprId, Name};
use crate::model::{Def, ItemRef, ModuleId, Ty, TyHead};

/// Where a variable, a temporary, or what a shared owner keeps lies.
pub(super) type Slot = usize;

/// What is not known, by number.
pub(super) type SymId = usize;

/// Whether a thread has a name, and which, if that is known.
pub(super) type Called = Option<Option<Name>>;

/// A value. What owns nothing that is joined or counted is copied where Rust would move it.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// `()`.
    Unit,
    /// A `bool`.
    Bool(bool),
    /// A whole number, and of which type.
    Int(i128, Width),
    /// A fraction.
    Float(f64),
    /// A text or a character that is known.
    Text(Name),
    /// Something else that is written out, by a hash.
    Literal(u64),
    /// Something of which only what tests have said is known.
    Sym(SymId),
    /// The handle of a thread.
    Handle(usize),
    /// A value of a type of the project.
    Data(Box<Data>),
    /// A tuple, or an error of std that gives something back.
    Tuple(Vec<Value>),
    /// `Option` and `Result`.
    Maybe(Maybe, Option<Box<Value>>),
    /// A collection of std.
    Many(Kind, Vec<Value>),
    /// An iterator.
    Iter(Box<Iter>),
    /// A closure.
    Closure(Box<Closure>),
    /// A function by its path.
    Function(Vec<Def>),
    /// A method by its name, of whatever it is called on.
    Late(Name),
    /// A reference or guard.
    Ref(Place),
    /// An `Arc` or `Rc`.
    Shared(usize),
    /// A `Weak`; of nothing if it was made by `new`.
    Weak(Option<usize>),
    /// A cell or lock.
    Cell(Cell, Box<Value>),
    /// The sending end of a channel.
    Sender(usize),
    /// The receiving end.
    Receiver(usize),
    /// A `thread::Builder`, and whether it has a name.
    Builder(Called),
    /// The `Thread` of a thread, by its number, and whether that has a name; 0 is the first one.
    Thread(usize, Called),
    /// The scope of scoped threads.
    Scope(usize),
    /// An entry of a map: where the map is, and the key.
    Entry(Place, Box<Value>),
    /// Nothing: it was moved away.
    Moved,
}

/// A value of a type of the project.
#[derive(Clone, Debug)]
pub(super) struct Data {
    pub(super) item: ItemRef,
    pub(super) variant: Option<Name>,
    pub(super) fields: Vec<(Name, Value)>,
    /// What its type parameters stand for, as far as that is known.
    pub(super) types: Vec<(Name, Ty)>,
}

/// Variants of `Option`, `Result` and `ControlFlow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maybe {
    Some,
    None,
    Ok,
    Err,
    Continue,
    Break,
}

impl Maybe {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Some" => Self::Some,
            "None" => Self::None,
            "Ok" => Self::Ok,
            "Err" => Self::Err,
            "Continue" => Self::Continue,
            "Break" => Self::Break,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Some => "Some",
            Self::None => "None",
            Self::Ok => "Ok",
            Self::Err => "Err",
            Self::Continue => "Continue",
            Self::Break => "Break",
        }
    }

    /// The other variant of its type.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Some => Self::None,
            Self::None => Self::Some,
            Self::Ok => Self::Err,
            Self::Err => Self::Ok,
            Self::Continue => Self::Break,
            Self::Break => Self::Continue,
        }
    }

    /// The variant of its type with which `?` goes on.
    pub(super) fn good(self) -> Self {
        if self.is_good() { self } else { self.other() }
    }

    pub(super) fn is_good(self) -> bool {
        matches!(self, Self::Some | Self::Ok | Self::Continue)
    }

    /// Whether it is one of a `ControlFlow`, whose names other types have as well.
    pub(super) fn is_flow(self) -> bool {
        matches!(self, Self::Continue | Self::Break)
    }
}

/// Kinds of collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A vector, an array.
    List,
    /// The default of a type that is not known: which it is, its use tells.
    Open,
    /// A `VecDeque`, a linked list.
    Queue,
    /// A part of another one: references to its elements.
    Slice,
    /// A map, as pairs in the order of their keys, as far as that is known; whether it keeps that order.
    Map(bool),
    /// A set, in the same way.
    Set(bool),
    /// A `BinaryHeap`, in the order in which they came.
    Heap,
}

impl Kind {
    pub(super) fn is_map(self) -> bool {
        matches!(self, Self::Map(_))
    }

    pub(super) fn is_set(self) -> bool {
        matches!(self, Self::Set(_))
    }
}

/// Kinds of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// `Mutex`, `RwLock`.
    Lock,
    /// `RefCell`.
    Borrowed,
    /// `Cell`, atomics.
    Plain,
    /// `OnceLock`, `OnceCell`: an `Option`.
    Once,
    /// `LazyLock`, `LazyCell`: a closure until it is used.
    Lazy,
    /// `ManuallyDrop`.
    Kept,
    /// A struct or variant of std around one value, by its name: `Reverse`, `SendError`, `TrySendError::Full`.
    Made(&'static str),
}

/// A closure: its code, and what it has of the body around it.
#[derive(Clone, Debug)]
pub(super) struct Closure {
    pub(super) body: Arc<Body>,
    pub(super) expr: ExprId,
    pub(super) context: Arc<Context>,
    pub(super) captured: Vec<(Name, Slot)>,
    pub(super) owned: Vec<Slot>,
}

/// Where names of a body are looked up, and what its types stand for.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) module: ModuleId,
    pub(super) item: ItemRef,
    pub(super) own: Ty,
    pub(super) types: Vec<(Name, Ty)>,
    pub(super) gives: Ty,
}

/// A place inside a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) slot: Slot,
    pub(super) path: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field by name or number.
    Field(Name),
    /// An element.
    At(usize),
    /// What is in an `Option`, a `Result` or a cell.
    Inner,
    /// The value of a pair in a map.
    Second,
    /// Nowhere: who refers to it this way has it locked, for itself alone or with others.
    Locked(bool),
}

impl Place {
    pub(super) fn slot(slot: Slot) -> Self {
        Self { slot, path: Vec::new() }
    }

    #[must_use]
    pub(super) fn then(&self, step: Step) -> Self {
        let mut place = self.bare();
        place.path.push(step);
        place
    }

    /// Whether who refers to it this way has it locked.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self.path.last(), Some(Step::Locked(_)))
    }

    /// The place itself, whoever has it locked.
    #[must_use]
    pub(super) fn bare(&self) -> Self {
        let steps = self.path.len() - usize::from(self.is_locked());
        Self { slot: self.slot, path: self.path[..steps].to_vec() }
    }
}

impl Value {
    pub(super) fn some(value: Self) -> Self {
        Self::Maybe(Maybe::Some, Some(Box::new(value)))
    }

    pub(super) fn none() -> Self {
        Self::Maybe(Maybe::None, None)
    }

    pub(super) fn ok(value: Self) -> Self {
        Self::Maybe(Maybe::Ok, Some(Box::new(value)))
    }

    pub(super) fn err(value: Self) -> Self {
        Self::Maybe(Maybe::Err, Some(Box::new(value)))
    }

    pub(super) fn option(value: Option<Self>) -> Self {
        value.map_or_else(Self::none, Self::some)
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::Many(Kind::List, items)
    }

    pub(super) fn iter(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Iter(Box::new(Iter::Items(items.into_iter().collect())))
    }

    pub(super) fn cell(kind: Cell, value: Self) -> Self {
        Self::Cell(kind, Box::new(value))
    }

    /// A number of a type that is not known.
    pub(super) fn number(number: i128) -> Self {
        Self::Int(number, Width::default())
    }

    /// How many there are.
    pub(super) fn int(number: usize) -> Self {
        Self::Int(i128::try_from(number).unwrap_or(i128::MAX), Width::known("usize"))
    }

    /// The part that a step leads to.
    pub(super) fn part(&self, step: &Step) -> Option<&Self> {
        match (self, step) {
            (Self::Data(data), Step::Field(name)) => {
                data.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value)
            }
            (Self::Tuple(parts), Step::Field(name)) => parts.get(name.parse::<usize>().ok()?),
            (Self::Many(_, items), Step::At(index)) => items.get(*index),
            (Self::Maybe(_, Some(inner)) | Self::Cell(_, inner), Step::Inner)
            | (Self::Cell(Cell::Made(_), inner), Step::Field(_)) => Some(inner),
            (Self::Tuple(parts), Step::Second) => parts.get(1),
            (value, Step::Locked(_)) => Some(value),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn part_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (self, step) {
            (Self::Data(data), Step::Field(name)) => {
                data.fields.iter_mut().find(|(own, _)| own == name).map(|(_, value)| value)
            }
            (Self::Tuple(parts), Step::Field(name)) => parts.get_mut(name.parse::<usize>().ok()?),
            (Self::Many(_, items), Step::At(index)) => items.get_mut(*index),
            (Self::Maybe(_, Some(inner)) | Self::Cell(_, inner), Step::Inner)
            | (Self::Cell(Cell::Made(_), inner), Step::Field(_)) => Some(inner),
            (Self::Tuple(parts), Step::Second) => parts.get_mut(1),
            (value, Step::Locked(_)) => Some(value),
            _ => None,
        }
    }
}

/// The type that an item of the project declares.
pub(super) fn type_of(item: ItemRef) -> Ty {
    Ty::Named(head_of(item), Some(item.module), Vec::new())
}

/// What such a type is made by.
pub(super) fn head_of(item: ItemRef) -> TyHead {
    TyHead::Item(item.file, item.item)
}
