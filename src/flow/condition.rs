//! What is tested: conditions on edges, and values that are known.

use super::{Operand, Place};
use crate::facts::tree::Name;
use crate::model::{Def, Model};

/// What an edge says of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The place.
    pub place: Place,
    /// What is tested.
    pub test: Test,
    /// Whether the test holds on this edge.
    pub holds: bool,
}

/// Tests that tell where a handle can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is `Some` or `Ok`.
    Inner,
    /// It has no elements.
    Empty,
    /// It is one of these.
    Is(Vec<Constant>),
    /// It is a number above this one.
    Above(usize),
}

/// A value that is known, or as much of it as anybody tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constant {
    /// A `bool`.
    Bool(bool),
    /// A whole number.
    Number(usize),
    /// A variant of a type of the project, by name; or `None`.
    Variant(Name),
    /// Another literal, by a hash of what is written.
    Text(u64),
}

impl Test {
    /// That something is true.
    pub fn is_true() -> Self {
        Self::Is(vec![Constant::Bool(true)])
    }
}

impl Constant {
    /// The value of an operand, if it is written out: a literal, or a variant without content.
    pub(super) fn of(model: &Model<'_>, operand: &Operand) -> Option<Self> {
        match operand {
            Operand::Constant(value) => value.clone(),
            Operand::Function(defs) => match defs.as_slice() {
                [Def::Variant(item, name)] if model.is_unit(*item, name) => {
                    Some(Self::Variant(name.clone()))
                }
                [Def::External(path)] if &**path == "std::option::Option::None" => {
                    Some(Self::none())
                }
                _ => None,
            },
            Operand::Move(_) | Operand::Borrow(_) => None,
        }
    }

    /// `None`.
    pub(super) fn none() -> Self {
        Self::Variant(Name::from("None"))
    }

    /// What a literal is, by a hash of how it is written.
    pub(super) fn text(words: u64) -> Option<Self> {
        (words != 0).then_some(Self::Text(words))
    }
}
