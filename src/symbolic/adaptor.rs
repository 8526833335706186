//! Adaptors of iterators: what each makes of the elements of another one.

use std::collections::VecDeque;

use super::iterate::Iter;
use super::machine::{Result, Run, unknown};
use super::value::{Place, Value};
use super::width::Width;

/// Adaptors; the first value is the iterator that they adapt, the second what they are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adaptor {
    Map,
    Filter,
    FilterMap,
    FlatMap,
    Enumerate,
    Zip,
    Chain,
    Take,
    Skip,
    TakeWhile,
    SkipWhile,
    MapWhile,
    Inspect,
    Peekable,
    StepBy,
    Fuse,
    Rev,
    Scan,
    Cycle,
    /// `cloned` and `copied`
    Cloned,
    /// `successors`: the next one, and what makes another one of it.
    Successors,
    /// `repeat_with`.
    MapUnit,
}

impl Adaptor {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "map" => Self::Map,
            "filter" => Self::Filter,
            "filter_map" => Self::FilterMap,
            "flat_map" => Self::FlatMap,
            "enumerate" => Self::Enumerate,
            "zip" => Self::Zip,
            "chain" => Self::Chain,
            "take" => Self::Take,
            "skip" => Self::Skip,
            "take_while" => Self::TakeWhile,
            "skip_while" => Self::SkipWhile,
            "map_while" => Self::MapWhile,
            "inspect" => Self::Inspect,
            "peekable" => Self::Peekable,
            "step_by" => Self::StepBy,
            "fuse" => Self::Fuse,
            "rev" => Self::Rev,
            "scan" => Self::Scan,
            "cycle" => Self::Cycle,
            "cloned" | "copied" => Self::Cloned,
            _ => return None,
        })
    }
}

impl Run<'_> {
    /// What comes of adaptors that make elements themselves.
    fn made_anew(
        &mut self,
        adaptor: Adaptor,
        inner: &mut Value,
        given: &mut Value,
    ) -> Result<Option<Value>> {
        match adaptor {
            Adaptor::Successors => {
                let held = std::mem::replace(inner, Value::none());
                let Some(item) = self.opened(held)? else { return Ok(None) };
                let slot = self.slot(item);
                let code = self.slot(std::mem::replace(given, Value::Moved));
                let own = Value::Ref(Place::slot(slot));
                *inner = self.call_value(Value::Ref(Place::slot(code)), vec![own])?;
                *given = std::mem::replace(&mut self.slots[code], Value::Moved);
                Ok(Some(std::mem::replace(&mut self.slots[slot], Value::Moved)))
            }
            Adaptor::MapUnit => {
                let Value::Tuple(code) = given else { return unknown("`repeat_with`") };
                let slot = self.slot(code.pop().unwrap_or(Value::Moved));
                let made = self.call_value(Value::Ref(Place::slot(slot)), Vec::new());
                code.push(std::mem::replace(&mut self.slots[slot], Value::Moved));
                made.map(Some)
            }
            Adaptor::Cycle => {
                let Value::Tuple(all) = given else { return unknown("`cycle`") };
                let Some(first) = all.first().cloned() else { return Ok(None) };
                all.rotate_left(1);
                Ok(Some(first))
            }
            Adaptor::Scan => {
                let Some(item) = self.inner_next(inner)? else { return Ok(None) };
                let Value::Tuple(parts) = given else { return unknown("`scan`") };
                let code = self.slot(parts.pop().unwrap_or(Value::Moved));
                let state = self.slot(parts.pop().unwrap_or(Value::Moved));
                let given = vec![Value::Ref(Place::slot(state)), item];
                let made = self.call_value(Value::Ref(Place::slot(code)), given)?;
                parts.push(std::mem::replace(&mut self.slots[state], Value::Moved));
                parts.push(std::mem::replace(&mut self.slots[code], Value::Moved));
                self.opened(made)
            }
            _ => unknown("an adaptor"),
        }
    }

    pub(super) fn adapted(
        &mut self,
        adaptor: Adaptor,
        inner: &mut Value,
        given: &mut Value,
    ) -> Result<Option<Value>> {
        match adaptor {
            Adaptor::Successors | Adaptor::MapUnit | Adaptor::Cycle | Adaptor::Scan => {
                self.made_anew(adaptor, inner, given)
            }
            Adaptor::Map
            | Adaptor::Filter
            | Adaptor::FilterMap
            | Adaptor::TakeWhile
            | Adaptor::SkipWhile
            | Adaptor::MapWhile
            | Adaptor::Inspect => {
                // `take_while` and `skip_while` ask no more once they have stopped.
                if matches!(given, Value::Tuple(_)) {
                    return match adaptor {
                        Adaptor::SkipWhile => self.inner_next(inner),
                        _ => Ok(None),
                    };
                }
                let slot = self.slot(std::mem::replace(given, Value::Moved));
                let next = self.through(adaptor, inner, slot, false);
                *given = std::mem::replace(&mut self.slots[slot], Value::Moved);
                let has_stopped = match (adaptor, &next) {
                    (Adaptor::SkipWhile, Ok(next)) => next.is_some(),
                    (Adaptor::TakeWhile, Ok(next)) => next.is_none(),
                    _ => false,
                };
                if has_stopped {
                    *given = Value::Tuple(vec![std::mem::replace(given, Value::Unit)]);
                }
                next
            }
            Adaptor::FlatMap => self.flattened(inner, given),
            Adaptor::Enumerate => {
                let Some(item) = self.inner_next(inner)? else { return Ok(None) };
                let Value::Int(at, _) = given else { return unknown("a count") };
                *at += 1;
                Ok(Some(Value::Tuple(vec![Value::Int(*at - 1, Width::known("usize")), item])))
            }
            Adaptor::Zip => {
                let Some(one) = self.inner_next(inner)? else { return Ok(None) };
                match self.inner_next(given)? {
                    Some(other) => Ok(Some(Value::Tuple(vec![one, other]))),
                    None => {
                        self.discard(one, "`zip` has nothing to pair it with")?;
                        Ok(None)
                    }
                }
            }
            Adaptor::Chain => match self.inner_next(inner)? {
                Some(item) => Ok(Some(item)),
                None => self.inner_next(given),
            },
            Adaptor::Take | Adaptor::Skip | Adaptor::StepBy => self.some_of(adaptor, inner, given),
            Adaptor::Cloned => match self.inner_next(inner)? {
                Some(item) => self.copied(&item).map(Some),
                None => Ok(None),
            },
            Adaptor::Peekable => match std::mem::replace(given, Value::Unit) {
                // Somebody was shown where it lies.
                Value::Ref(place) => {
                    let item = std::mem::replace(self.get_mut(&place)?, Value::Moved);
                    Ok(Some(item))
                }
                Value::Maybe(_, inner) => Ok(inner.map(|it| *it)),
                _ => self.inner_next(inner),
            },
            Adaptor::Fuse => self.inner_next(inner),
            Adaptor::Rev => self.inner_last(inner),
        }
    }

    /// Some elements, and not others, by their number.
    fn some_of(
        &mut self,
        adaptor: Adaptor,
        inner: &mut Value,
        given: &mut Value,
    ) -> Result<Option<Value>> {
        match adaptor {
            Adaptor::Take => {
                let Value::Int(left, _) = given else { return unknown("a count") };
                if *left <= 0 {
                    return Ok(None);
                }
                *left -= 1;
                self.inner_next(inner)
            }
            Adaptor::Skip => {
                while let Value::Int(left, _) = given
                    && *left > 0
                {
                    *left -= 1;
                    match self.inner_next(inner)? {
                        Some(item) => self.discard(item, "skipped")?,
                        None => return Ok(None),
                    }
                }
                self.inner_next(inner)
            }
            _ => {
                let item = self.inner_next(inner)?;
                let Value::Int(by, _) = given else { return unknown("a count") };
                for _ in 1..*by {
                    if let Some(item) = self.inner_next(inner)? {
                        self.discard(item, "skipped")?;
                    }
                }
                Ok(item)
            }
        }
    }

    /// Elements that go through a closure.
    pub(super) fn through(
        &mut self,
        adaptor: Adaptor,
        inner: &mut Value,
        code: usize,
        from_end: bool,
    ) -> Result<Option<Value>> {
        let code = Value::Ref(Place::slot(code));
        loop {
            let next = if from_end { self.inner_last(inner)? } else { self.inner_next(inner)? };
            let Some(item) = next else { return Ok(None) };
            match adaptor {
                Adaptor::Map => return Ok(Some(self.call_value(code, vec![item])?)),
                Adaptor::FilterMap => {
                    let made = self.call_value(code.clone(), vec![item])?;
                    if let Some(made) = self.opened(made)? {
                        return Ok(Some(made));
                    }
                }
                Adaptor::MapWhile => {
                    let made = self.call_value(code, vec![item])?;
                    return self.opened(made);
                }
                _ => {
                    let slot = self.slot(item);
                    let shown = Value::Ref(Place::slot(slot));
                    let answer = self.call_value(code.clone(), vec![shown])?;
                    let item = std::mem::replace(&mut self.slots[slot], Value::Moved);
                    if adaptor == Adaptor::Inspect {
                        return Ok(Some(item));
                    }
                    let kept = self.truth(&answer)?;
                    match (adaptor, kept) {
                        (Adaptor::Filter | Adaptor::TakeWhile, true)
                        | (Adaptor::SkipWhile, false) => {
                            return Ok(Some(item));
                        }
                        (Adaptor::TakeWhile, false) => {
                            self.discard(item, "`take_while` stops at it")?;
                            return Ok(None);
                        }
                        _ => self.discard(item, "left out by an adaptor")?,
                    }
                }
            }
        }
    }

    /// `flat_map` and `flatten`: `given` is the closure, or a pair of it and the iterator that is open.
    fn flattened(&mut self, inner: &mut Value, given: &mut Value) -> Result<Option<Value>> {
        loop {
            let Value::Tuple(parts) = given else { return unknown("`flat_map`") };
            if let Some(Value::Iter(open)) = parts.get_mut(1) {
                let mut open = std::mem::replace(open, Box::new(Iter::Items(VecDeque::new())));
                let next = self.advance(&mut open)?;
                if let Value::Tuple(parts) = given {
                    parts[1] = Value::Iter(open);
                }
                if next.is_some() {
                    return Ok(next);
                }
            }
            let Some(item) = self.inner_next(inner)? else { return Ok(None) };
            let code = match given {
                Value::Tuple(parts) => std::mem::replace(&mut parts[0], Value::Unit),
                _ => Value::Unit,
            };
            let made = match &code {
                Value::Unit => item,
                _ => {
                    let slot = self.slot(code.clone());
                    self.call_value(Value::Ref(Place::slot(slot)), vec![item])?
                }
            };
            let opened = match made {
                Value::Maybe(maybe, value) if !maybe.is_good() => {
                    if let Some(value) = value {
                        self.discard(*value, "an error that is left out")?;
                    }
                    Value::iter(Vec::new())
                }
                other => self.iterated(other)?,
            };
            if let Value::Tuple(parts) = given {
                parts[0] = code;
                parts[1] = opened;
            }
        }
    }
}
