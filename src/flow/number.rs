//! How many there are: how often a loop runs, what an iterator has, and how many handles there are like the one that
//! is followed.
//!
//! Lengths are only what the source writes out. Of anything else it is known at the most what decides it, so that two
//! lengths can be told to be the same, or to have nothing to do with each other.

use super::{FlowId, Place};

/// How often something runs that runs for each element of something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Often {
    /// It may be once.
    #[default]
    Few,
    /// As often as this, which is twice at the least, unless it stops before.
    Several(usize),
    /// Nobody knows; the number or collection that decides it, if it is one.
    Unknown(Option<Place>),
}

/// How many elements an iterator has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// So many that are written out.
    pub written: usize,
    /// And those of these collections, or as many as these numbers.
    pub of: Vec<Place>,
    /// Unless some of all these are left out.
    pub fewer: bool,
}

impl Extent {
    /// So many, and no more.
    pub(super) fn exactly(written: usize) -> Self {
        Self { written, ..Self::default() }
    }

    /// As many as a collection has, or as a number says.
    pub(super) fn of(place: Place) -> Self {
        Self { of: vec![place], ..Self::default() }
    }

    /// How many there are, if that is written out.
    pub(super) fn known(&self) -> Option<usize> {
        (self.of.is_empty() && !self.fewer).then_some(self.written)
    }

    /// The one place that decides how many there are.
    pub(super) fn only(&self) -> Option<&Place> {
        match self.of.as_slice() {
            [place] if self.written == 0 && !self.fewer => Some(place),
            _ => None,
        }
    }

    /// The elements of both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.written += other.written;
        self.of.extend(other.of);
        self.fewer |= other.fewer;
        self
    }

    /// Some of them.
    pub(super) fn fewer(self) -> Self {
        Self { fewer: true, ..self }
    }
}

/// How many handles there are like one, itself included.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Many {
    /// It may be the only one.
    #[default]
    One,
    /// So many.
    Several(usize),
    /// One for each element of what is at a place of one of the function's bodies, or as many as it says.
    Each(FlowId, Place),
    /// As many as the program is given.
    Given,
    /// As many as something says that depends on nothing which the program is given.
    Fixed,
    /// Nobody knows.
    Unknown,
}

impl Many {
    /// Whether there are others, or may be any number of them.
    pub fn is_many(&self) -> bool {
        *self != Self::One
    }

    /// As many as two loops make, one in the other.
    pub(super) fn times(self, other: Self) -> Self {
        match (self, other) {
            (Self::One, other) | (other, Self::One) => other,
            (Self::Several(one), Self::Several(other)) => Self::Several(one.max(other)),
            _ => Self::Unknown,
        }
    }
}
