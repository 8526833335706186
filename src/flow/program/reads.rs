//! What was asked of a program, so that one can tell whether more bodies would have changed an answer.
//!
//! Whoever follows handles or looks through threads asks by a function that notes it here, or by births, which always count.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;

use super::{FunctionKey, Lowered};
use crate::facts::tree::Name;

/// What somebody asked, since they began.
#[derive(Debug, Default)]
pub struct Reads(Mutex<Asked>);

#[derive(Debug, Default)]
struct Asked {
    /// Functions that had no body.
    bodies: FxHashSet<FunctionKey>,
    /// Functions, statics and types of which it was asked who names them.
    uses: FxHashSet<FunctionKey>,
    /// Names of which it was asked who spells them.
    names: FxHashSet<Name>,
    /// Whether it was asked who takes something out of a channel.
    receipts: bool,
}

impl Reads {
    /// Notes that a function had no body.
    pub(super) fn body(&self, key: FunctionKey) {
        self.note(|asked| asked.bodies.insert(key));
    }

    /// Notes that it was asked who names something.
    pub(super) fn uses(&self, key: FunctionKey) {
        self.note(|asked| asked.uses.insert(key));
    }

    /// Notes that it was asked who spells a name.
    pub(super) fn name(&self, name: &str) {
        self.note(|asked| asked.names.contains(name) || asked.names.insert(Name::from(name)));
    }

    /// Notes that it was asked who takes something out of a channel.
    pub(super) fn receipts(&self) {
        self.note(|asked| std::mem::replace(&mut asked.receipts, true));
    }

    fn note(&self, note: impl FnOnce(&mut Asked) -> bool) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether a body is one that would have been in an answer, or gives more to ask for.
    pub(super) fn concern(&self, lowered: &Lowered) -> bool {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (item, named) = (lowered.function.item, &lowered.named);
        let is_used = |key: &FunctionKey| asked.uses.contains(key);
        let is_spelled = |name: &Name| asked.names.contains(name);
        !lowered.flows.births.is_empty()
            || asked.bodies.contains(&(item.file, item.item))
            || named.calls.iter().chain(&named.values).any(|(key, _)| is_used(key))
            || named.statics.iter().any(|(key, ..)| is_used(key))
            || named.owners.iter().any(is_used)
            || named.opaque.iter().any(is_spelled)
            || named.loose.iter().any(|(name, ..)| is_spelled(name))
            || named.fields.iter().any(|(name, ..)| is_spelled(name))
            || asked.receipts && !named.receipts.is_empty()
    }
}
