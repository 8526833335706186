//! Iterators: what they go over, and one element at a time.

use std::collections::VecDeque;

use super::machine::{Result, Run, unknown};
use super::value::{Kind, Maybe, Place, Step, SymId, Value, head_of};
use super::width::Width;

/// Numbers of a range that are gone through one by one.
const MAX_NUMBERS: i64 = 1_100;

/// An iterator.
#[derive(Clone, Debug)]
pub(super) enum Iter {
    /// These.
    Items(VecDeque<Value>),
    /// Numbers of a type from one on, up to one that is left out.
    Numbers(i64, Option<i64>, Width),
    /// From one on, up to another: not both are known.
    Open(Value, Option<Value>, i64),
    /// As many as something unknown has: which comes next.
    Unknown(SymId, usize),
    /// What a channel gives; `true` for what it has now.
    Channel(usize, bool),
    /// What another iterator gives, at a place.
    At(Place),
    /// What a closure gives until that is `None`.
    FromFn(Value),
    /// The same, again and again.
    Repeat(Value),
    /// A value of the project with a `next` of its own.
    Own(Value),
    /// An adaptor.
    Adapted(Adaptor, Value, Value),
}

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
            _ => return None,
        })
    }
}

impl Iter {
    /// The values in it.
    pub(super) fn parts(&self) -> Vec<&Value> {
        match self {
            Self::Items(items) => items.iter().collect(),
            Self::FromFn(value) | Self::Repeat(value) | Self::Own(value) => vec![value],
            Self::Adapted(_, inner, given) => vec![inner, given],
            Self::Numbers(..)
            | Self::Open(..)
            | Self::Unknown(..)
            | Self::Channel(..)
            | Self::At(_) => Vec::new(),
        }
    }

    /// What is left in it, when it is dropped.
    pub(super) fn left(self) -> Vec<Value> {
        match self {
            Self::Items(items) => items.into(),
            Self::FromFn(value) | Self::Repeat(value) | Self::Own(value) => vec![value],
            Self::Adapted(_, inner, given) => vec![inner, given],
            Self::Numbers(..)
            | Self::Open(..)
            | Self::Unknown(..)
            | Self::Channel(..)
            | Self::At(_) => Vec::new(),
        }
    }
}

impl Run<'_> {
    /// What `into_iter` makes of a value.
    pub(super) fn iterated(&mut self, value: Value) -> Result<Value> {
        match value {
            Value::Iter(_) => Ok(value),
            Value::Many(Kind::Map, items) | Value::Many(_, items) => Ok(Value::iter(items)),
            Value::Maybe(_, inner) => Ok(Value::iter(inner.map(|it| *it))),
            Value::Receiver(channel) => {
                // The receiver lives as long as its iterator.
                let queue = Iter::Channel(channel, false);
                self.temp(Value::Receiver(channel));
                Ok(Value::Iter(Box::new(queue)))
            }
            Value::Sym(id) => Ok(Value::Iter(Box::new(Iter::Unknown(id, 0)))),
            Value::Ref(place) => self.borrowed(&place),
            Value::Data(data) => {
                let head = head_of(data.item);
                let own = self.model.methods_of(&head, "into_iter").first().map(|it| it.item);
                if let Some(own) = own {
                    let made =
                        self.call_function(own, Some(Value::Data(data)), Vec::new(), None)?;
                    return self.iterated(made);
                }
                if self.model.methods_of(&head, "next").is_empty() {
                    return unknown("a loop over a value of another type");
                }
                Ok(Value::Iter(Box::new(Iter::Own(Value::Data(data)))))
            }
            Value::Literal(_) => Ok(Value::Iter(Box::new(Iter::Items(
                (0..3).map(|_| self.unknown.fresh()).collect(),
            )))),
            Value::Shared(_) => {
                let place = self.temp(value);
                self.borrowed(&place)
            }
            other => unknown(&format!("a loop over {other:?}")),
        }
    }

    /// What a loop over a reference gives: references to what is there.
    pub(super) fn borrowed(&mut self, place: &Place) -> Result<Value> {
        let mut place = self.resolved(place)?;
        loop {
            match self.get(&place)? {
                Value::Many(Kind::Map, items) => {
                    let keys: Vec<Place> =
                        (0..items.len()).map(|at| place.then(Step::At(at))).collect();
                    let pairs = keys.into_iter().map(|it| {
                        let key = it.then(Step::Field("0".into()));
                        Value::Tuple(vec![Value::Ref(key), Value::Ref(it.then(Step::Second))])
                    });
                    return Ok(Value::iter(pairs));
                }
                Value::Many(_, items) => {
                    let all = (0..items.len()).map(|at| Value::Ref(place.then(Step::At(at))));
                    return Ok(Value::iter(all));
                }
                Value::Maybe(_, inner) => {
                    let inner = inner.as_ref().map(|_| Value::Ref(place.then(Step::Inner)));
                    return Ok(Value::iter(inner));
                }
                Value::Iter(_) => return Ok(Value::Iter(Box::new(Iter::At(place)))),
                Value::Receiver(channel) => {
                    return Ok(Value::Iter(Box::new(Iter::Channel(*channel, false))));
                }
                Value::Sym(id) => return Ok(Value::Iter(Box::new(Iter::Unknown(*id, 0)))),
                Value::Data(data) => {
                    let head = head_of(data.item);
                    if !self.model.methods_of(&head, "next").is_empty() {
                        return Ok(Value::Iter(Box::new(Iter::Own(Value::Ref(place)))));
                    }
                    match self.deref(&place)? {
                        Some(to) => place = to,
                        None => return unknown("a loop over a value of another type"),
                    }
                }
                _ => match self.deref(&place)? {
                    Some(to) => place = to,
                    None => return unknown("a loop over something else"),
                },
            }
        }
    }

    /// The next element of the iterator at a place.
    pub(super) fn next(&mut self, place: &Place) -> Result<Option<Value>> {
        self.step()?;
        let place = self.resolved(place)?;
        let held = std::mem::replace(self.get_mut(&place)?, Value::Moved);
        let Value::Iter(mut iter) = held else {
            *self.get_mut(&place)? = held;
            return unknown("the next of something else");
        };
        let next = self.advance(&mut iter);
        *self.get_mut(&place)? = Value::Iter(iter);
        next
    }

    /// The next element of an iterator that was taken out of where it lies.
    pub(super) fn advance(&mut self, iter: &mut Iter) -> Result<Option<Value>> {
        self.step()?;
        match iter {
            Iter::Items(items) => Ok(items.pop_front()),
            Iter::Numbers(from, to, width) => {
                if to.is_some_and(|to| *from >= to) {
                    return Ok(None);
                }
                if to.is_some_and(|to| to.saturating_sub(*from) > MAX_NUMBERS) {
                    // Of very many a few stand for all.
                    self.unknown.capped = true;
                    *to = Some(*from + 3);
                    *from += 2;
                    return Ok(Some(self.unknown.fresh()));
                }
                *from += 1;
                Ok(Some(Value::Int(*from - 1, *width)))
            }
            Iter::Open(from, to, at) => {
                let (from, count) = (from.clone(), *at);
                if let Some(to) = to {
                    let more = self.arithmetic("sub", to, &from);
                    let left = match &more {
                        Value::Sym(id) => Value::int(self.unknown.len(*id)),
                        other => other.clone(),
                    };
                    if matches!(left, Value::Int(left, _) if left <= count) {
                        return Ok(None);
                    }
                }
                *at += 1;
                Ok(Some(self.arithmetic("add", &from, &Value::number(count))))
            }
            Iter::Unknown(id, at) => {
                if *at >= self.unknown.len(*id) {
                    return Ok(None);
                }
                *at += 1;
                Ok(Some(self.unknown.part(*id, &format!("[{at}]"))))
            }
            Iter::Channel(channel, now) => Ok(self.received(*channel, *now)?.ok()),
            Iter::At(place) => {
                let place = place.clone();
                self.next(&place)
            }
            Iter::FromFn(code) => {
                let slot = self.slot(std::mem::replace(code, Value::Moved));
                let made = self.call_value(Value::Ref(Place::slot(slot)), Vec::new())?;
                *code = std::mem::replace(&mut self.slots[slot], Value::Moved);
                self.opened(made)
            }
            Iter::Repeat(value) => Ok(Some(self.copied(value)?)),
            Iter::Own(value) => {
                let slot = self.slot(std::mem::replace(value, Value::Moved));
                let made = self.method(&Place::slot(slot), "next", Vec::new())?;
                *value = std::mem::replace(&mut self.slots[slot], Value::Moved);
                self.opened(made)
            }
            Iter::Adapted(adaptor, inner, given) => self.adapted(*adaptor, inner, given),
        }
    }

    /// The last element of an iterator that was taken out of where it lies.
    pub(super) fn advance_back(&mut self, iter: &mut Iter) -> Result<Option<Value>> {
        self.step()?;
        match iter {
            Iter::Items(items) => return Ok(items.pop_back()),
            Iter::Numbers(from, Some(to), width) if to.saturating_sub(*from) <= MAX_NUMBERS => {
                if *from >= *to {
                    return Ok(None);
                }
                *to -= 1;
                return Ok(Some(Value::Int(*to, *width)));
            }
            Iter::Adapted(Adaptor::Rev, inner, _) => return self.inner_next(inner),
            Iter::Adapted(Adaptor::Chain, inner, given) => {
                return match self.inner_last(given)? {
                    Some(item) => Ok(Some(item)),
                    None => self.inner_last(inner),
                };
            }
            Iter::Adapted(
                adaptor @ (Adaptor::Map | Adaptor::Filter | Adaptor::FilterMap | Adaptor::Inspect),
                inner,
                given,
            ) => {
                let slot = self.slot(std::mem::replace(given, Value::Moved));
                let last = self.through(*adaptor, inner, slot, true);
                *given = std::mem::replace(&mut self.slots[slot], Value::Moved);
                return last;
            }
            Iter::Numbers(_, None, _) => return unknown("an endless range from its end"),
            Iter::Own(value) => {
                let slot = self.slot(std::mem::replace(value, Value::Moved));
                let made = self.method(&Place::slot(slot), "next_back", Vec::new());
                *value = std::mem::replace(&mut self.slots[slot], Value::Moved);
                return self.opened(made?);
            }
            _ => {}
        }
        // All others have to be gone through.
        let held = std::mem::replace(iter, Iter::Items(VecDeque::new()));
        let mut all = VecDeque::from(self.drained(Value::Iter(Box::new(held)))?);
        let last = all.pop_back();
        *iter = Iter::Items(all);
        Ok(last)
    }

    fn inner_last(&mut self, inner: &mut Value) -> Result<Option<Value>> {
        match inner {
            Value::Iter(iter) => self.advance_back(iter),
            _ => unknown("the end of something else"),
        }
    }

    /// What an `Option` holds.
    pub(super) fn opened(&mut self, value: Value) -> Result<Option<Value>> {
        let slot = self.slot(value);
        let place = Place::slot(slot);
        match self.maybe_at(&place, Maybe::Some)? {
            Some(Maybe::Some | Maybe::Ok) => Ok(Some(self.take(&place.then(Step::Inner))?)),
            Some(_) => Ok(None),
            None => unknown("something that is no `Option`"),
        }
    }

    fn inner_next(&mut self, inner: &mut Value) -> Result<Option<Value>> {
        match inner {
            Value::Iter(iter) => self.advance(iter),
            _ => unknown("the next of something else"),
        }
    }

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

    fn adapted(
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
                let slot = self.slot(std::mem::replace(given, Value::Moved));
                let next = self.through(adaptor, inner, slot, false);
                *given = std::mem::replace(&mut self.slots[slot], Value::Moved);
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
            Adaptor::Peekable => match std::mem::replace(given, Value::Unit) {
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
    fn through(
        &mut self,
        adaptor: Adaptor,
        inner: &mut Value,
        code: usize,
        from_end: bool,
    ) -> Result<Option<Value>> {
        let code = Value::Ref(Place::slot(code));
        // Once `take_while` and its kin have stopped they stay so.
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

    /// All elements that are left.
    pub(super) fn drained(&mut self, iter: Value) -> Result<Vec<Value>> {
        let Value::Iter(mut iter) = iter else { return unknown("no iterator") };
        let mut all = Vec::new();
        while let Some(item) = self.advance(&mut iter)? {
            all.push(item);
        }
        self.discard(Value::Iter(iter), "left in an iterator")?;
        Ok(all)
    }
}
