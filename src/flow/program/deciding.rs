//! What somebody decided by who calls a function, or by what a call comes to.
//!
//! Who only asks what is lowered takes a caller that nobody has read for one that is not there. So those who decide by it
//! note what they looked at, and it is read before a verdict stands.

use std::sync::PoisonError;

use rustc_hash::FxHashSet;

use super::{FunctionKey, Program, Site};
use crate::facts::tree::spelled;
use crate::model::{Model, Scope, Wanted};

/// What was looked at, since the beginning.
#[derive(Debug, Default)]
pub(super) struct Deciding {
    /// Functions that a call comes to and that had no body.
    unread: FxHashSet<FunctionKey>,
    /// Functions of which the callers decide.
    called: FxHashSet<FunctionKey>,
}

impl Program {
    /// Calls that resolve to a function, for who decides by there being no others: all that spell its name are read.
    pub fn callers_of(&self, key: FunctionKey) -> &[Site] {
        let mut deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        deciding.called.insert(key);
        self.calls_of(key)
    }

    pub(super) fn note_unread(&self, key: FunctionKey) {
        let mut deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        deciding.unread.insert(key);
    }

    /// What has to be read for what was decided so far.
    pub fn wanted_to_decide(&self, model: &Model<'_>) -> Wanted {
        let deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = Wanted::default();
        let is_there = |(file, _): &&FunctionKey| model.facts.get(*file).is_some();
        wanted.functions.extend(deciding.unread.iter().filter(is_there));
        // One that nobody lowered has no call that could be told from others.
        let bodies = deciding.called.iter().filter_map(|key| self.index.by_item.get(key)?.first());
        for function in bodies.map(|&body| self.body(body).function.item) {
            let name = spelled(&model.item(function).name);
            // Nobody calls the first function of a program.
            if name == "main" {
                continue;
            }
            // Who else may call it is not known anyway, and what is public often has a name that everybody spells.
            let scope = match model.scope_of_function(function) {
                Scope::Dependents(package) => Scope::Package(package),
                narrow => narrow,
            };
            wanted.names.insert((name.to_owned(), scope));
        }
        wanted
    }
}
