//! Numbers that stay: a module keeps its number when more of the project is read.
//!
//! Each round of reading builds crates of the model anew. Lowered bodies of the round before can be kept only
//! if what they name still has the same number.

use rustc_hash::FxHashMap;

use super::{CrateId, ModuleId};
use crate::facts::tree::Name;
use crate::source::{FileId, TargetId};

/// A module by what it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ModuleKey {
    pub(super) krate: CrateId,
    pub(super) parent: Option<ModuleId>,
    pub(super) file: FileId,
    pub(super) name: Name,
    /// Where it starts in its file: several may have one name under different conditions.
    pub(super) start: u32,
}

/// All numbers that were given.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    modules: FxHashMap<ModuleKey, ModuleId>,
    crates: FxHashMap<(Option<TargetId>, FileId), CrateId>,
}

impl Numbers {
    /// How many modules have a number.
    pub(super) fn modules(&self) -> usize {
        self.modules.len()
    }

    /// How many crates have a number.
    pub(super) fn crates(&self) -> usize {
        self.crates.len()
    }

    /// The number of a module; a new one if it has none.
    pub(super) fn module(&mut self, key: ModuleKey) -> ModuleId {
        let next = ModuleId(u32::try_from(self.modules.len()).unwrap_or(u32::MAX));
        *self.modules.entry(key).or_insert(next)
    }

    /// The number of a crate; a new one if it has none.
    pub(super) fn krate(&mut self, target: Option<TargetId>, root: FileId) -> CrateId {
        let next = CrateId(u32::try_from(self.crates.len()).unwrap_or(u32::MAX));
        *self.crates.entry((target, root)).or_insert(next)
    }
}
