//! Locals: variables, parameters and temporaries, what they are, and what can be called in them.

use super::{FlowId, LocalId, Place};
use crate::facts::tree::{ItemId, Name};
use crate::model::{Def, Ty};
use crate::source::FileId;
use crate::text::TextRange;

/// A variable, a parameter or a temporary.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name in the source.
    pub name: Option<Name>,
    /// Where it is declared or made.
    pub range: TextRange,
    /// What is known of its type.
    pub ty: Ty,
    /// What it is.
    pub kind: LocalKind,
    /// The place it is another name for, if it is a reference.
    pub alias: Option<Place>,
    /// What calling it runs.
    pub callable: Option<Callable>,
    /// Whether the builder in it has been given a name.
    pub named: Option<bool>,
    /// What its declaration says of whether it changes.
    pub binding: Binding,
}

/// What the declaration of a local says of whether what is in it changes once it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: `mut`, `&mut`, or no variable.
    #[default]
    Free,
    /// It is declared without `mut`, and nobody knows whether its type has `&mut` or a cell in it.
    Once,
    /// It is declared without `mut` and nothing but data, so it stays as it is.
    Data,
}

/// Kinds of locals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// What the body returns.
    Return,
    /// A variable.
    Variable,
    /// The value of an expression.
    Temporary,
    /// The value of `let _ = …`.
    Underscore,
    /// A parameter taken by value.
    Parameter,
    /// A parameter that is a reference: what is stored behind it outlives the body.
    Reference,
    /// A variable of the body around: its local there.
    Capture(LocalId),
    /// A `static` or `const`: its file and item.
    Static(FileId, ItemId),
}

/// Something that can be called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Callable {
    /// A closure or async block.
    Body(FlowId),
    /// A function by what its path can mean.
    Function(Vec<Def>),
    /// One of several functions: which one depends on the way.
    OneOf(Vec<Vec<Def>>),
}

impl Callable {
    /// The functions that it may be, each by what its path can mean; none for a body.
    pub fn functions(&self) -> &[Vec<Def>] {
        match self {
            Self::Body(_) => &[],
            Self::Function(defs) => std::slice::from_ref(defs),
            Self::OneOf(functions) => functions,
        }
    }

    /// This or another function, if both are functions.
    pub(super) fn or(&self, other: &Self) -> Option<Self> {
        let mut all = self.functions().to_vec();
        all.extend(
            other.functions().iter().filter(|defs| !self.functions().contains(defs)).cloned(),
        );
        match all.as_slice() {
            _ if self.functions().is_empty() || other.functions().is_empty() => None,
            [only] => Some(Self::Function(only.clone())),
            _ => Some(Self::OneOf(all)),
        }
    }
}
