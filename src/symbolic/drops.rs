//! What is dropped, and what becomes of the handles in it.

use std::collections::BTreeSet;

use super::machine::Fate;
use super::machine::{Result, Run, unknown};
use super::value::{Cell, Data, Place, Slot, Step, Value, head_of};
use crate::model::ItemRef;

/// What values lead to.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Threads by their handles.
    pub(super) handles: Vec<usize>,
    /// Slots of variables and of what is shared.
    pub(super) slots: BTreeSet<Slot>,
    /// Whether there is a function, which may name any static.
    pub(super) runs_unseen: bool,
}

impl Run<'_> {
    /// Whether a value owns something that is joined, counted or noticed when it is dropped.
    pub(super) fn owns(&self, value: &Value) -> bool {
        match value {
            Value::Handle(_)
            | Value::Shared(_)
            | Value::Sender(_)
            | Value::Receiver(_)
            | Value::Iter(_) => true,
            Value::Ref(place) => place.is_locked(),
            Value::Data(data) => {
                self.drop_of(data).is_some() || data.fields.iter().any(|(_, it)| self.owns(it))
            }
            Value::Tuple(parts) | Value::Many(_, parts) => parts.iter().any(|it| self.owns(it)),
            Value::Maybe(_, inner) => inner.as_ref().is_some_and(|it| self.owns(it)),
            Value::Cell(_, inner) => self.owns(inner),
            // What it owns is dropped with it.
            Value::Closure(closure) => !closure.owned.is_empty(),
            _ => false,
        }
    }

    pub(super) fn drop_of(&self, data: &Data) -> Option<ItemRef> {
        let head = head_of(data.item);
        let drops = self.model.methods_of(&head, "drop");
        drops.iter().find(|it| self.model.is_of_trait(it)).map(|it| it.item)
    }

    /// Drops a value.
    pub(super) fn discard(&mut self, value: Value, how: &'static str) -> Result<()> {
        match value {
            Value::Handle(thread) => {
                let at = self.at;
                let thread = &mut self.threads[thread];
                if thread.fate == Fate::Held && thread.scope.is_none() {
                    thread.fate = Fate::Lost(at, how);
                }
                Ok(())
            }
            Value::Shared(id) => {
                self.shared[id].strong = self.shared[id].strong.saturating_sub(1);
                if self.shared[id].strong > 0 {
                    return Ok(());
                }
                let slot = self.shared[id].slot;
                let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
                self.discard(value, how)
            }
            Value::Sender(channel) => {
                let senders = &mut self.channels[channel].senders;
                *senders = senders.saturating_sub(1);
                Ok(())
            }
            Value::Receiver(channel) => {
                self.channels[channel].is_open = false;
                if self.channels[channel].bound == Some(0) && self.turns.is_some() {
                    // Whoever has sent it gets it back.
                    return Ok(());
                }
                let queue = std::mem::take(&mut self.channels[channel].queue);
                self.discard_all(queue, "dropped with the channel that it was sent into")
            }
            Value::Data(data) => self.discard_data(*data, how),
            Value::Tuple(parts) | Value::Many(_, parts) => self.discard_all(parts, how),
            Value::Maybe(_, Some(inner)) => self.discard(*inner, how),
            Value::Cell(kind, inner) => match kind {
                Cell::Kept => self.forget(&inner),
                _ => self.discard(*inner, how),
            },
            Value::Closure(closure) => {
                for slot in closure.owned {
                    let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
                    self.discard(value, "dropped with the closure that it was moved into")?;
                }
                Ok(())
            }
            Value::Ref(place) if place.is_locked() => {
                self.poisons(&place);
                let lock = self.locked.iter().rposition(|(it, _)| *it == place);
                if let Some(lock) = lock {
                    self.locked.remove(lock);
                }
                Ok(())
            }
            Value::Iter(iter) => {
                let left = iter.left();
                self.discard_all(left, "left in an iterator")
            }
            _ => Ok(()),
        }
    }

    /// A lock that is given back by a thread that panics is poisoned, if nobody else could have it.
    fn poisons(&mut self, guard: &Place) {
        let inner = guard.bare();
        let mut cell = inner.clone();
        cell.path.pop();
        let is_lock = matches!(self.get(&cell), Ok(Value::Cell(Cell::Lock, _)));
        if self.unwinds && is_lock && guard.path.last() == Some(&Step::Locked(true)) {
            self.poisoned.push(inner);
        }
    }

    pub(super) fn discard_all(&mut self, values: Vec<Value>, how: &'static str) -> Result<()> {
        values.into_iter().try_for_each(|value| self.discard(value, how))
    }

    pub(super) fn discard_data(&mut self, data: Data, how: &'static str) -> Result<()> {
        let head = head_of(data.item);
        let scope = self.model.scope_of_member(data.item.file, data.item.item, None);
        let name = &self.model.item(data.item).name;
        if self.model.methods_of(&head, "drop").len() > 1
            || self.model.macro_may_implement(name, scope, "Drop")
        {
            return unknown("a `drop` that only some builds have, or that a macro makes");
        }
        let drop = self.drop_of(&data);
        let fields = match drop {
            None => data.fields,
            Some(function) => {
                let slot = self.slot(Value::Data(Box::new(data)));
                let at = self.at;
                self.call_function(
                    function,
                    Some(Value::Ref(Place::slot(slot))),
                    Vec::new(),
                    None,
                )?;
                self.at = at;
                match std::mem::replace(&mut self.slots[slot], Value::Moved) {
                    Value::Data(data) => data.fields,
                    other => return self.discard(other, how),
                }
            }
        };
        let values = fields.into_iter().map(|(_, value)| value).collect();
        self.discard_all(values, how)
    }

    /// A value goes without being dropped.
    pub(super) fn forget(&mut self, value: &Value) -> Result<()> {
        let mut handles = Vec::new();
        self.handles(value, &mut handles);
        for thread in handles {
            let at = self.at;
            let thread = &mut self.threads[thread];
            if thread.fate == Fate::Held {
                thread.fate = Fate::Lost(at, "never dropped, so that nothing can join it");
            }
        }
        Ok(())
    }

    /// What a value leads to, through references, shared owners and closures as well.
    pub(super) fn reach<'v>(&'v self, values: impl IntoIterator<Item = &'v Value>) -> Reach {
        let mut reach = Reach::default();
        let mut open: Vec<&Value> = values.into_iter().collect();
        let mut refs = BTreeSet::new();
        while let Some(value) = open.pop() {
            match value {
                Value::Handle(thread) => reach.handles.push(*thread),
                Value::Shared(id) | Value::Weak(Some(id)) => {
                    let slot = self.shared[*id].slot;
                    open.extend(reach.slots.insert(slot).then(|| &self.slots[slot]));
                }
                Value::Ref(place) if refs.insert((place.slot, place.path.len())) => {
                    reach.slots.insert(place.slot);
                    open.extend(self.get(place));
                }
                Value::Closure(closure) => {
                    let slots = closure.captured.iter().map(|(_, slot)| *slot);
                    reach.slots.extend(slots.clone());
                    open.extend(slots.map(|slot| &self.slots[slot]));
                }
                Value::Function(_) | Value::Late(_) => reach.runs_unseen = true,
                Value::Data(data) => open.extend(data.fields.iter().map(|(_, it)| it)),
                Value::Tuple(parts) | Value::Many(_, parts) => open.extend(parts),
                Value::Maybe(_, Some(inner)) | Value::Cell(_, inner) => open.push(inner),
                Value::Receiver(channel) => open.extend(&self.channels[*channel].queue),
                Value::Iter(iter) => open.extend(iter.parts()),
                _ => {}
            }
        }
        reach
    }

    pub(super) fn handles(&self, value: &Value, found: &mut Vec<usize>) {
        match value {
            Value::Handle(thread) => found.push(*thread),
            Value::Data(data) => data.fields.iter().for_each(|(_, it)| self.handles(it, found)),
            Value::Tuple(parts) | Value::Many(_, parts) => {
                parts.iter().for_each(|it| self.handles(it, found));
            }
            Value::Maybe(_, Some(inner)) | Value::Cell(_, inner) => self.handles(inner, found),
            _ => {}
        }
    }

    /// Drops the temporaries of a statement that ends.
    pub(super) fn end_temps(&mut self, from: usize) -> Result<()> {
        loop {
            let Some(frame) = self.frames.last_mut() else { return Ok(()) };
            if frame.temps.len() <= from {
                return Ok(());
            }
            let Some(slot) = frame.temps.pop() else { return Ok(()) };
            let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
            self.discard(value, "nobody takes it: it is dropped at the end of the statement")?;
        }
    }

    /// Ends a scope: its variables are dropped, the last one first.
    pub(super) fn end_scope(&mut self) -> Result<()> {
        let scope = self.frames.last_mut().and_then(|frame| frame.scopes.pop());
        for (_, slot) in scope.unwrap_or_default().into_iter().rev() {
            let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
            self.discard(value, "goes out of scope without being joined")?;
        }
        Ok(())
    }

    /// What a thread has of its own is dropped with it.
    pub(super) fn end_own_statics(&mut self, thread: usize) -> Result<()> {
        let own: Vec<Slot> = self
            .statics
            .iter()
            .filter(|((_, of), _)| *of == Some(thread + 1))
            .map(|(_, slot)| *slot)
            .collect();
        for slot in own {
            let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
            self.discard(value, "dropped with the thread whose own it is")?;
        }
        Ok(())
    }
}
