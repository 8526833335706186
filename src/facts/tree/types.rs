//! Types and paths as they are written.

use super::Name;
use crate::text::TextRange;

/// How many elements a slice or array has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    /// Any number: a slice.
    Any,
    /// As many as something says that was not looked at: an array.
    Some,
    /// So many: an array.
    Exactly(usize),
    /// As many as a constant says: an array.
    Named(Name),
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// A path, with the type of `<T as …>` when there is one.
    Path(Option<Box<Type>>, Path),
    /// `&T`, `&mut T`, `*const T`, `*mut T`; `true` when it can be written through.
    Reference(bool, Box<Type>),
    /// `(A, B)`; `()` is empty.
    Tuple(Vec<Type>),
    /// `[T]` and `[T; n]`; the argument of a constant parameter is an array of what nobody knows.
    Slice(Box<Type>, Size),
    /// `impl A + B`, `dyn A + B`: the bounds.
    Bounds(Vec<Path>),
    /// `!`.
    Never,
    /// `_`, and everything the analysis has no use for.
    Unknown,
}

/// A path as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Whether it starts with `::`.
    pub global: bool,
    /// Its segments.
    pub segments: Vec<Segment>,
    /// All of it.
    pub range: TextRange,
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The identifier.
    pub name: Name,
    /// Its type arguments.
    pub args: Vec<Type>,
}

impl Path {
    /// The only segment's name, if the path is a plain identifier.
    pub fn as_name(&self) -> Option<&Name> {
        match self.segments.as_slice() {
            [only] if !self.global => Some(&only.name),
            _ => None,
        }
    }

    /// The last segment's name; empty for an empty path.
    pub fn last(&self) -> &str {
        self.segments.last().map_or("", |segment| &segment.name)
    }
}
