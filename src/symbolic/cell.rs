//! Cells, locks and shared owners.

use super::builtin::MAX_LATE;
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::text::text;
use super::turn::Wait;
use super::value::{Cell, Maybe, Place, Step, Value};
use crate::model::{Def, Ty};

impl Run<'_> {
    pub(super) fn cell_method(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let Some((kind, inner)) = self.cell_at(place)? else { return unknown("no cell") };
        let guard = Value::Ref(inner.clone());
        Ok(match (kind, name) {
            (
                Cell::Lock | Cell::Borrowed,
                "try_lock" | "try_write" | "try_read" | "try_borrow_mut" | "try_borrow",
            ) => {
                self.tried_lock(place, kind, &inner, !matches!(name, "try_read" | "try_borrow"))?
            }
            (Cell::Lock, _) if name != "clone" => {
                return self.lock_method(place, &inner, name);
            }
            // A `thread_local!`.
            (Cell::Borrowed | Cell::Plain | Cell::Once, "with") => {
                let code = one(args)?;
                self.call_value(code, vec![Value::Ref(place.clone())])?
            }
            (Cell::Borrowed, "with_borrow" | "with_borrow_mut") => {
                let code = one(args)?;
                self.call_value(code, vec![guard])?
            }
            (Cell::Borrowed, "borrow_mut" | "borrow") => {
                let is_alone = name == "borrow_mut";
                if self.in_the_way(&inner, is_alone).next().is_some() {
                    let asked = self.unknown.untold_anew();
                    if self.truth(&asked)? {
                        return Err(Stop::Panic);
                    }
                }
                self.locked(&inner, is_alone)
            }
            (Cell::Borrowed | Cell::Plain, "get_mut") => guard,
            (Cell::Borrowed | Cell::Plain | Cell::Once, "into_inner") => {
                let Value::Cell(_, inner) = self.take_whole(place)? else {
                    return unknown("no cell");
                };
                *inner
            }
            (Cell::Borrowed | Cell::Plain, "take") => {
                let empty = self.emptied(&inner)?;
                std::mem::replace(self.get_mut(&inner)?, empty)
            }
            (Cell::Borrowed | Cell::Plain, "swap")
                if matches!(args.first(), Some(Value::Ref(_))) =>
            {
                self.swapped(&inner, args)?
            }
            (Cell::Borrowed | Cell::Plain, "replace") | (Cell::Plain, "swap") => {
                let value = one(args)?;
                std::mem::replace(self.get_mut(&inner)?, value)
            }
            (Cell::Borrowed, "replace_with") => {
                let code = one(args)?;
                let made = self.call_value(code, vec![guard])?;
                std::mem::replace(self.get_mut(&inner)?, made)
            }
            (Cell::Borrowed, "set") => {
                let value = one(args)?;
                self.put(&inner, value)?;
                Value::Unit
            }
            (Cell::Plain, _) => return self.plain_cell(&inner, name, args),
            (Cell::Once, _) => return self.once_method(place, &inner, name, args),
            (_, "clone") => {
                let value = self.get(place)?.clone();
                self.copied(&value)?
            }
            _ => return unknown(&format!("`{name}` of a cell")),
        })
    }

    /// A method that only locks have.
    fn lock_method(&mut self, place: &Place, inner: &Place, name: &str) -> Result<Value> {
        Ok(match name {
            "lock" | "write" | "read" => {
                let guard = self.locked(inner, name != "read");
                self.unless_poisoned(inner, guard)
            }
            "get_mut" => self.unless_poisoned(inner, Value::Ref(inner.clone())),
            "into_inner" => {
                let Value::Cell(_, value) = self.take_whole(place)? else {
                    return unknown("no cell");
                };
                self.unless_poisoned(inner, *value)
            }
            "is_poisoned" => Value::Bool(self.poisoned.contains(inner)),
            "clear_poison" => {
                self.poisoned.retain(|it| it != inner);
                Value::Unit
            }
            _ => return unknown(&format!("`{name}` of a lock")),
        })
    }

    /// What a lock gives: an error that has it, if a thread panicked that had locked it.
    fn unless_poisoned(&self, inner: &Place, value: Value) -> Value {
        match self.poisoned.contains(inner) {
            true => Value::err(Value::cell(Cell::Made("PoisonError"), value)),
            false => Value::ok(value),
        }
    }

    /// What refers to a place as long as it is locked, for whoever has it alone.
    fn locked(&mut self, inner: &Place, is_alone: bool) -> Value {
        let guard = inner.then(Step::Locked(is_alone));
        self.locked.push((guard.clone(), self.running.last().copied()));
        Value::Ref(guard)
    }

    /// `cell.swap(&other)`
    fn swapped(&mut self, inner: &Place, args: &mut Vec<Value>) -> Result<Value> {
        let other = one(args)?;
        let Value::Ref(other) = other else { return unknown("`swap` of a cell") };
        let other = self.resolved(&other)?;
        let Some((_, other)) = self.cell_at(&other)? else {
            return unknown("`swap` of a cell");
        };
        let value = std::mem::replace(self.get_mut(inner)?, Value::Moved);
        let value = std::mem::replace(self.get_mut(&other)?, value);
        *self.get_mut(inner)? = value;
        Ok(Value::Unit)
    }

    /// The threads that have a place locked in such a way that nobody else gets it.
    fn in_the_way(&self, inner: &Place, is_alone: bool) -> impl Iterator<Item = Option<usize>> {
        self.locked.iter().filter_map(move |(it, thread)| {
            let excludes = is_alone || it.path.last() == Some(&Step::Locked(true));
            (excludes && it.bare() == *inner).then_some(*thread)
        })
    }

    /// A lock that may not be got.
    fn tried_lock(
        &mut self,
        place: &Place,
        kind: Cell,
        inner: &Place,
        is_alone: bool,
    ) -> Result<Value> {
        let here = self.running.last().copied();
        let is_held = self.in_the_way(inner, is_alone).next().is_some();
        let is_sure = |thread: Option<usize>| thread == here || kind == Cell::Borrowed;
        if self.in_the_way(inner, is_alone).any(is_sure) {
            return Ok(Value::err(self.unknown.fresh()));
        }
        if kind == Cell::Borrowed {
            return Ok(Value::ok(self.locked(inner, is_alone)));
        }
        // Somebody else may have it.
        let waiting = self.threads.iter().filter_map(|it| it.code.as_ref());
        let reach = self.reach(waiting);
        let is_static = self.statics.values().any(|own| *own == place.slot);
        let is_waited_for = self.has_others();
        let may_have = reach.slots.contains(&place.slot)
            || (is_waited_for && (is_static || reach.runs_unseen));
        // Who asks may have it already.
        if is_held {
            let asked = self.unknown.untold_anew();
            if self.truth(&asked)? {
                return Ok(Value::err(self.unknown.fresh()));
            }
        }
        if may_have && self.unknown.is_late(MAX_LATE) {
            return Ok(Value::err(self.unknown.fresh()));
        }
        let guard = self.locked(inner, is_alone);
        Ok(match self.unless_poisoned(inner, guard) {
            Value::Maybe(Maybe::Err, Some(error)) => {
                Value::err(Value::cell(Cell::Made("Poisoned"), *error))
            }
            got => got,
        })
    }

    /// `Cell`s and atomics.
    fn plain_cell(&mut self, inner: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        Ok(match name {
            "fetch_update" | "try_update" => {
                let Some(code) = args.pop() else { return unknown("a missing argument") };
                let old = self.get(inner)?.clone();
                let made = self.call_value(code, vec![old.clone()])?;
                match self.opened(made)? {
                    Some(new) => {
                        *self.get_mut(inner)? = new;
                        Value::ok(old)
                    }
                    None => Value::err(old),
                }
            }
            "update" => {
                // An atomic is told in which order, and says what it was.
                let is_atomic = args.len() > 1;
                let Some(code) = args.pop() else { return unknown("a missing argument") };
                let old = self.get(inner)?.clone();
                let made = self.call_value(code, vec![old.clone()])?;
                *self.get_mut(inner)? = made;
                if is_atomic { old } else { Value::Unit }
            }
            "set" | "store" => {
                let value = one(args)?;
                self.put(inner, value)?;
                Value::Unit
            }
            "get" | "load" => self.take(inner)?,
            _ if name.starts_with("fetch_") => self.fetched(inner, name, args)?,
            "compare_exchange" | "compare_exchange_weak" => {
                let (expected, new) = (one(args)?, one(args)?);
                let old = self.get(inner)?.clone();
                match self.equal(&old, &expected)? {
                    true => {
                        *self.get_mut(inner)? = new;
                        Value::ok(old)
                    }
                    false => Value::err(old),
                }
            }
            _ => return unknown(&format!("`{name}` of a cell")),
        })
    }

    /// What an atomic was before it is changed.
    fn fetched(&mut self, inner: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        Ok(match name {
            "fetch_not" => {
                let old = self.get(inner)?.clone();
                let made = match self.seen(&old) {
                    Value::Bool(it) => Value::Bool(!it),
                    _ => self.unknown.untold_anew(),
                };
                *self.get_mut(inner)? = made;
                old
            }
            _ => {
                let by = one(args)?;
                let op = match &name["fetch_".len()..] {
                    op @ ("add" | "sub" | "max" | "min") => op,
                    "or" => "bitor",
                    "and" => "bitand",
                    "xor" => "bitxor",
                    _ => return unknown(&format!("`{name}` of a cell")),
                };
                let old = self.get(inner)?.clone();
                let made = match (&old, self.seen(&by), op) {
                    (Value::Int(old, width), Value::Int(by, _), "max" | "min") => {
                        let is_own = (*old > by) == (op == "max");
                        Value::Int(if is_own { *old } else { by }, *width)
                    }
                    (Value::Int(old, width), Value::Int(by, _), "add" | "sub")
                        if width.is_known() =>
                    {
                        let made = if op == "add" { *old + by } else { *old - by };
                        match width.wrapped(made) {
                            Some(made) => self.fitting(made, *width),
                            None => self.unknown.untold_anew(),
                        }
                    }
                    _ => match self.arithmetic(op, &old, &by) {
                        // How wide it is decides where it begins anew.
                        Value::Int(made, _) if !(0..=127).contains(&made) => {
                            self.unknown.untold_anew()
                        }
                        made => made,
                    },
                };
                *self.get_mut(inner)? = made;
                old
            }
        })
    }

    pub(super) fn once_method(
        &mut self,
        place: &Place,
        inner: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let has = matches!(self.get(inner)?, Value::Maybe(Maybe::Some, _));
        let content = inner.then(Step::Inner);
        Ok(match name {
            "get" | "get_mut" => Value::option(has.then_some(Value::Ref(content))),
            "set" => {
                let value = one(args)?;
                match has {
                    true => Value::err(value),
                    false => {
                        *self.get_mut(inner)? = Value::some(value);
                        Value::ok(Value::Unit)
                    }
                }
            }
            "get_or_init" => {
                let code = one(args)?;
                if !has {
                    let own = match self.type_of_place(place) {
                        Ty::Named(_, _, args) => args.first().cloned().unwrap_or_default(),
                        _ => Ty::Unknown,
                    };
                    let is_default = matches!(&code, Value::Function(defs)
                        if matches!(defs.as_slice(), [Def::External(path)] if path.ends_with("::default")));
                    let made = match is_default && own != Ty::Unknown {
                        true => self.default_of(&own)?,
                        false => self.call_value(code, Vec::new())?,
                    };
                    *self.get_mut(inner)? = Value::some(made);
                }
                Value::Ref(content)
            }
            "take" => std::mem::replace(self.get_mut(inner)?, Value::none()),
            _ => return unknown(&format!("`{name}` of a cell at {}", place.slot)),
        })
    }

    /// Takes a value even if all in it could be copied.
    pub(super) fn take_whole(&mut self, place: &Place) -> Result<Value> {
        match self.get(place)? {
            Value::Moved => unknown("a value that was moved"),
            _ => Ok(std::mem::replace(self.get_mut(place)?, Value::Moved)),
        }
    }

    /// What `take` leaves behind.
    pub(super) fn emptied(&mut self, place: &Place) -> Result<Value> {
        Ok(match self.get(place)? {
            Value::Maybe(Maybe::Some | Maybe::None, _) => Value::none(),
            Value::Many(kind, _) => Value::Many(*kind, Vec::new()),
            Value::Int(_, width) => Value::Int(0, *width),
            Value::Float(_) => Value::Float(0.0),
            Value::Bool(_) => Value::Bool(false),
            Value::Text(_) => text(""),
            Value::Sym(_) => self.unknown.fresh(),
            Value::Unit => Value::Unit,
            Value::Data(data) => {
                let item = data.item;
                return self.default_of_item(item);
            }
            _ => return unknown("what `take` leaves behind"),
        })
    }

    /// `Arc::try_unwrap` and `Arc::into_inner`: whether threads that were not run have ended by then is open.
    pub(super) fn unwrapped(&mut self, value: Value, is_try: bool) -> Result<Value> {
        let Value::Shared(id) = self.behind(value)? else { return unknown("no shared owner") };
        while self.shared[id].strong > 1 && self.has_others() {
            if self.unknown.choose(2) == 1 || !self.run_waiting(Wait::Last)? {
                break;
            }
        }
        if self.shared[id].strong > 1 {
            return match is_try {
                true => Ok(Value::err(Value::Shared(id))),
                false => {
                    self.shared[id].strong = self.shared[id].strong.saturating_sub(1);
                    Ok(Value::none())
                }
            };
        }
        self.shared[id].strong = 0;
        let slot = self.shared[id].slot;
        let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
        Ok(if is_try { Value::ok(value) } else { Value::some(value) })
    }

    /// A value, or a copy of what a reference refers to if that is no more than a reference itself.
    pub(super) fn behind(&self, value: Value) -> Result<Value> {
        match value {
            Value::Ref(place) => Ok(self.get(&self.resolved(&place)?)?.clone()),
            other => Ok(other),
        }
    }
}
