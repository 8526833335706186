//! The state of a walk: where the one handle is that is followed, and what is known of it there.

use super::ends::Way;
use super::fact::Fact;
use super::{BlockId, LocalId, Many, Place};

/// What is known of a token among the elements of its collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Among {
    /// It is one of them.
    Others,
    /// Something was taken out, which may have been it.
    Passed,
    /// Something else was taken out, and there can be more than that.
    Left,
    /// It is born when the iteration comes to it.
    Unborn,
    /// Only the name of a method says that it came here: a join counts, and no loss.
    Guessed,
}

impl Among {
    /// Why a loss may be none.
    pub(super) fn doubt(self) -> Option<&'static str> {
        match self {
            Self::Passed => Some("unless it was taken out before"),
            Self::Guessed => Some("if it came here at all"),
            Self::Others | Self::Unborn | Self::Left => None,
        }
    }
}

/// Where the token is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    pub(super) block: BlockId,
    pub(super) index: usize,
    pub(super) place: Place,
    /// A local known to be `Some` because the collection it came from is not empty.
    pub(super) full: Option<LocalId>,
    /// Whether the place is only a reference to the token.
    pub(super) borrowed: bool,
    /// What is known of it among the elements of the collection that it is in.
    pub(super) among: Among,
    /// What tests on the way have said of places that nothing changes.
    pub(super) facts: Vec<(Place, Fact)>,
    /// Whether a branch that it took depends on the value that keeps it.
    pub(super) swayed: bool,
    /// How many there are like it.
    pub(super) many: Many,
}

impl Token {
    /// The same as one of all that are there, or after something was taken out.
    pub(super) fn with(&self, among: Among) -> Self {
        let among = if self.among == Among::Guessed { self.among } else { among };
        Self { among, ..self.clone() }
    }

    /// What it is after one was taken out of its collection that was another one, or after several if `again`.
    pub(super) fn passed(&self, again: bool) -> Self {
        let is_first = !matches!(self.among, Among::Passed | Among::Left);
        let is_left = self.many.is_many() && !again && is_first;
        self.with(if is_left { Among::Left } else { Among::Passed })
    }

    /// The same, where it is and no reference to it, if `out` says so.
    pub(super) fn taken(&self, out: bool) -> Self {
        Self { borrowed: self.borrowed && !out, ..self.clone() }
    }

    /// What has to be said of the way to here.
    pub(super) fn way(&self) -> Way {
        let (passed, left) = (self.among == Among::Passed, self.among == Among::Left);
        Way { passed, left, swayed: self.swayed }
    }

    /// A token in a place before a statement.
    pub(super) fn at(block: BlockId, index: usize, place: Place) -> Self {
        Self {
            block,
            index,
            place,
            full: None,
            borrowed: false,
            among: Among::Others,
            facts: Vec::new(),
            swayed: false,
            many: Many::One,
        }
    }
}
