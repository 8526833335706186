//! The walks that a solution is made of, and what links one to the next.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ends::{Cell, End, EndKind, Entry};
use super::fact::Fact;
use super::program::{FunctionKey, Site};
use super::{Code, Constant, Many, Place, Proj};
use crate::facts::tree::Name;

/// What is known of functions so far.
pub(super) type Snapshot = FxHashMap<ParamKey, Arc<Vec<End>>>;

/// A handle given to a parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamKey {
    /// The function.
    pub function: FunctionKey,
    /// The parameter.
    pub entry: Entry,
    /// The way to the handle inside it.
    pub proj: Vec<Proj>,
    /// Whether the function has only a reference to it.
    pub borrowed: bool,
    /// Parameters whose value the caller knows.
    pub flags: Vec<(usize, Constant)>,
    /// Parameters that the caller gives something to call.
    pub given: Vec<(usize, Code)>,
    /// How many there are like it.
    pub many: Many,
    /// Canonical path of the handle's type.
    pub handle: Name,
}

/// A way on which a handle leaves a function towards its callers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exit {
    /// The function.
    pub function: FunctionKey,
    /// The parameter behind which it is left; `None` when it is returned.
    pub left_in: Option<Entry>,
    /// The way to the handle from there.
    pub proj: Vec<Proj>,
    /// Canonical path of the handle's type.
    pub handle: Name,
    /// What must have been so of the parameters.
    pub(super) given: Vec<(usize, Fact)>,
    /// What is known of what the function gives then.
    pub(super) gives: Option<Fact>,
}

/// A cell that keeps handles of one type.
pub type Keep = (Cell, Name);

/// One walk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// From a birth: body and number of the birth in it.
    Birth(u32, u32),
    /// From a parameter.
    Param(ParamKey),
    /// From a call of a function that hands a handle out.
    Carry(Site, Exit),
    /// From a statement that names a cell, with the place of the token there, and whether the cell
    /// is meant for sure: what holds it may be of any type.
    Access(Site, Place, Keep, bool),
}

impl Task {
    /// The statement that it begins with, if that is no birth and no parameter.
    pub(super) fn site(&self) -> Option<Site> {
        match self {
            Self::Carry(site, _) | Self::Access(site, ..) => Some(*site),
            Self::Birth(..) | Self::Param(_) => None,
        }
    }
}

/// The exit that an end is, in a function.
pub fn exit_of(function: FunctionKey, end: &End, handle: &Name) -> Option<Exit> {
    let (left_in, proj) = match &end.kind {
        EndKind::Returned(proj) => (None, proj),
        EndKind::Left(entry, proj) => (Some(*entry), proj),
        EndKind::Fed(param, argument, proj) => (Some(Entry::Argument(*param, *argument)), proj),
        _ => return None,
    };
    let (proj, handle, given) = (proj.clone(), handle.clone(), end.given.clone());
    Some(Exit { function, left_in, proj, handle, given, gives: end.gives.clone() })
}
