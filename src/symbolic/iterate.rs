//! Iterators: what they go over, and one element at a time.

use std::collections::VecDeque;

use super::adaptor::Adaptor;
use super::machine::{Result, Run, unknown};
use super::value::{Kind, Maybe, Place, Step, SymId, Value, head_of};
use super::width::Width;

/// Numbers of a range that are gone through one by one.
const MAX_NUMBERS: i128 = 1_100;

/// An iterator.
#[derive(Clone, Debug)]
pub(super) enum Iter {
    /// These.
    Items(VecDeque<Value>),
    /// Numbers of a type from one on, up to one that is left out.
    Numbers(i128, Option<i128>, Width),
    /// From one on, up to another: not both are known.
    Open(Value, Option<Value>, i128),
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
            Value::Many(Kind::Map(_), items) | Value::Many(_, items) => Ok(Value::iter(items)),
            Value::Maybe(maybe, inner) => {
                let (good, bad) = if maybe.is_good() { (inner, None) } else { (None, inner) };
                let left = bad.map_or(Value::Unit, |it| *it);
                self.discard(left, "dropped as it is no element")?;
                Ok(Value::iter(good.map(|it| *it)))
            }
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
                Value::Many(Kind::Map(_), items) => {
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
                Value::Maybe(maybe, inner) => {
                    let inner = inner.as_ref().filter(|_| maybe.is_good());
                    let inner = inner.map(|_| Value::Ref(place.then(Step::Inner)));
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

    /// The last element of the iterator at a place.
    pub(super) fn last_of(&mut self, place: &Place) -> Result<Option<Value>> {
        let place = self.resolved(place)?;
        let iter = std::mem::replace(self.get_mut(&place)?, Value::Moved);
        let Value::Iter(mut iter) = iter else { return unknown("no iterator") };
        let last = self.advance_back(&mut iter);
        *self.get_mut(&place)? = Value::Iter(iter);
        last
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
            Iter::Adapted(Adaptor::Cloned, inner, _) => {
                return match self.inner_last(inner)? {
                    Some(item) => self.copied(&item).map(Some),
                    None => Ok(None),
                };
            }
            Iter::At(place) => {
                let place = place.clone();
                return self.last_of(&place);
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

    pub(super) fn inner_last(&mut self, inner: &mut Value) -> Result<Option<Value>> {
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
            Some(is) if is.is_good() => Ok(Some(self.take(&place.then(Step::Inner))?)),
            Some(_) => Ok(None),
            None => unknown("something that is no `Option`"),
        }
    }

    pub(super) fn inner_next(&mut self, inner: &mut Value) -> Result<Option<Value>> {
        match inner {
            Value::Iter(iter) => self.advance(iter),
            _ => unknown("the next of something else"),
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
