//! Methods of iterators that take only some of their elements, or none.

use super::adaptor::Adaptor;
use super::iterate::Iter;
use super::machine::{Result, Run, unknown};
use super::many::one;
use super::value::{Maybe, Place, Step, Value};

impl Run<'_> {
    /// `iter.nth(at)` and the same from its end.
    pub(super) fn stepped(
        &mut self,
        place: &Place,
        from_end: bool,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let at = one(args)?;
        let Value::Int(at, _) = self.seen(&at) else {
            return unknown("a position that is not known");
        };
        for _ in 0..at {
            let next = if from_end { self.last_of(place)? } else { self.next(place)? };
            match next {
                Some(item) => self.discard(item, "skipped by `nth`")?,
                None => return Ok(Value::none()),
            }
        }
        let next = if from_end { self.last_of(place)? } else { self.next(place)? };
        Ok(Value::option(next))
    }

    /// The next element, if it is wanted.
    pub(super) fn next_if(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let given = one(args)?;
        let shown = self.peeked(place)?;
        let Some(shown) = self.opened(shown)? else { return Ok(Value::none()) };
        let holds = match name {
            "next_if" => {
                let answer = self.call_value(given, vec![shown])?;
                self.truth(&answer)?
            }
            _ => self.equal(&shown, &given)?,
        };
        Ok(Value::option(if holds { self.next(place)? } else { None }))
    }

    /// Which of two iterators comes first, or whether they give the same.
    pub(super) fn compared_iters(
        &mut self,
        iter: Value,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        match name {
            "eq" | "ne" => {
                let other = one(args)?;
                let (own, other) = (self.slot(iter), self.iterated(other)?);
                let other = self.slot(other);
                let equal = loop {
                    let one = self.next(&Place::slot(own))?;
                    let Some(one) = one else {
                        break self.next(&Place::slot(other))?.is_none();
                    };
                    let Some(two) = self.next(&Place::slot(other))? else { break false };
                    if !self.equal(&one, &two)? {
                        break false;
                    }
                };
                for slot in [own, other] {
                    self.drop_at(&Place::slot(slot))?;
                }
                Ok(Value::Bool(equal == (name == "eq")))
            }
            _ => {
                let other = one(args)?;
                let other = self.iterated(other)?;
                let (own, other) = (self.drained(iter)?, self.drained(other)?);
                match self.order(&Value::list(own), &Value::list(other))? {
                    Some(order) => Ok(match name {
                        "cmp" => self.ordering(order),
                        "partial_cmp" => Value::some(self.ordering(order)),
                        "lt" => Value::Bool(order.is_lt()),
                        "le" => Value::Bool(order.is_le()),
                        "gt" => Value::Bool(order.is_gt()),
                        _ => Value::Bool(order.is_ge()),
                    }),
                    None => Ok(self.unknown.untold_anew()),
                }
            }
        }
    }

    /// Methods that look for an element from the end.
    pub(super) fn searched_back(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let own = Value::Iter(Box::new(Iter::At(place.clone())));
        let back = Iter::Adapted(Adaptor::Rev, own, Value::Unit);
        let back = self.temp(Value::Iter(Box::new(back)));
        let forth = match name {
            "rfind" => "find",
            "rposition" => "position",
            _ => "try_fold",
        };
        let found = self.searched(&back, forth, args)?;
        if let (Value::Maybe(Maybe::Some, _), "rposition") = (&found, name) {
            // As many are left as come before it.
            let iter = std::mem::replace(self.get_mut(place)?, Value::Moved);
            let all = self.drained(iter)?;
            let at = all.len();
            *self.get_mut(place)? = Value::iter(all);
            return Ok(Value::some(Value::int(at)));
        }
        Ok(found)
    }

    /// The element that comes next, which stays: it is kept in the adaptor.
    pub(super) fn peeked(&mut self, place: &Place) -> Result<Value> {
        let next = self.next(place)?;
        let slot = self.slot(Value::option(next));
        let made = std::mem::replace(&mut self.slots[slot], Value::Moved);
        let shown = match &made {
            Value::Maybe(Maybe::Some, Some(inner)) if !self.owns(inner) => made.clone(),
            Value::Maybe(Maybe::Some, _) => Value::some(self.unknown.fresh()),
            _ => Value::none(),
        };
        match self.get_mut(place)? {
            Value::Iter(iter) => match &mut **iter {
                Iter::Adapted(Adaptor::Peekable, _, given) => *given = made,
                Iter::Items(items) => {
                    if let Value::Maybe(_, Some(inner)) = made {
                        items.push_front(*inner);
                    }
                }
                _ => return unknown("`peek`"),
            },
            _ => return unknown("`peek`"),
        }
        Ok(shown)
    }

    /// The element that comes next, to be changed where it lies until then.
    pub(super) fn peeked_mut(&mut self, place: &Place) -> Result<Value> {
        let shown = self.peeked(place)?;
        if let Value::Maybe(Maybe::Some, Some(inner)) = &shown
            && let Value::Iter(iter) = self.get(place)?
            && let Iter::Adapted(Adaptor::Peekable, _, Value::Maybe(_, Some(_))) = &**iter
            && !matches!(**inner, Value::Sym(_))
        {
            let own = Place::slot(self.slot((**inner).clone()));
            if let Value::Iter(iter) = self.get_mut(place)?
                && let Iter::Adapted(_, _, given) = &mut **iter
            {
                *given = Value::Ref(own.clone());
            }
            return Ok(Value::some(Value::Ref(own)));
        }
        match &shown {
            Value::Maybe(Maybe::None, _) => Ok(shown),
            _ => unknown("an element that is changed before it comes"),
        }
    }

    pub(super) fn asked(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let Value::Iter(iter) = self.get(place)?.clone() else { return unknown("no iterator") };
        let count = || known_count(&Value::Iter(iter.clone()));
        Ok(match (&*iter, name) {
            (Iter::Items(items), "as_str") => {
                let said = items.iter().map(|it| match self.seen(it) {
                    Value::Text(said) => Some(said.to_string()),
                    _ => None,
                });
                said.collect::<Option<String>>()
                    .map_or_else(|| self.unknown.untold_anew(), super::text::text)
            }
            (Iter::Items(items), "as_slice") if items.iter().all(|it| !self.owns(it)) => {
                Value::list(items.iter().cloned().collect())
            }
            (Iter::Numbers(from, Some(to), width), "into_inner") => {
                Value::Tuple(vec![Value::Int(*from, *width), Value::Int(to - 1, *width)])
            }
            // Only a range that has its end in it tells where that is.
            (Iter::Numbers(_, Some(to), width), "end") => Value::Int(to - 1, *width),
            (_, "size_hint") => match count() {
                Some(count) => {
                    Value::Tuple(vec![Value::int(count), Value::some(Value::int(count))])
                }
                None => self.unknown.untold_anew(),
            },
            (Iter::Adapted(..), "len") if count().is_some() => Value::int(count().unwrap_or(0)),
            (Iter::Open(from, to, _), "contains") => {
                let (value, from, to) = (one(args)?, from.clone(), to.clone());
                let low = self.compare(crate::facts::tree::Comparison::AtLeast, &value, &from);
                match to {
                    Some(to) if self.truth(&low)? => {
                        self.compare(crate::facts::tree::Comparison::Less, &value, &to)
                    }
                    Some(_) => Value::Bool(false),
                    None => low,
                }
            }
            (Iter::Open(Value::Float(from), Some(Value::Float(to)), _), "is_empty") => {
                Value::Bool(from.partial_cmp(to).is_none_or(std::cmp::Ordering::is_ge))
            }
            (Iter::Items(items), "len") => Value::int(items.len()),
            (Iter::Items(items), "is_empty") => Value::Bool(items.is_empty()),
            (Iter::Numbers(from, Some(to), _), "len") => {
                Value::number(to.saturating_sub(*from).max(0))
            }
            (Iter::Numbers(from, Some(to), _), "is_empty") => Value::Bool(from >= to),
            (Iter::Numbers(from, _, _), "start") => Value::number(*from),
            (Iter::Numbers(from, to, _), "contains") => {
                let (value, from, to) = (one(args)?, *from, *to);
                let low = self.compare(
                    crate::facts::tree::Comparison::AtLeast,
                    &value,
                    &Value::number(from),
                );
                let holds = self.truth(&low)?;
                match to {
                    Some(to) if holds => self.compare(
                        crate::facts::tree::Comparison::Less,
                        &value,
                        &Value::number(to),
                    ),
                    _ => Value::Bool(holds),
                }
            }
            (Iter::Numbers(..), "clone") => Value::Iter(iter),
            (Iter::Items(items), "clone") if items.iter().all(|it| !self.owns(it)) => {
                Value::Iter(iter)
            }
            _ => self.unknown.fresh(),
        })
    }

    /// Methods that stop at an element.
    pub(super) fn searched(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let sum = if name == "try_fold" { one(args)? } else { Value::Unit };
        let code = one(args)?;
        if matches!(name, "any" | "all" | "position")
            && self.is_plain_iter(&self.get(place)?.clone())
            && self.is_plain_code(&code)
        {
            let iter = self.get(place)?.clone();
            let depends = self.has_unknown(&iter) || self.has_unknown(&code);
            return Ok(self.computed(depends));
        }
        let (slot, sum) = (self.slot(code), self.slot(sum));
        let code = Value::Ref(Place::slot(slot));
        let (mut at, mut good) = (0, Maybe::Ok);
        while let Some(item) = self.next(place)? {
            match name {
                "any" | "all" | "position" => {
                    let answer = self.call_value(code.clone(), vec![item])?;
                    let holds = self.truth(&answer)?;
                    match (name, holds) {
                        ("any", true) | ("all", false) => return Ok(Value::Bool(holds)),
                        ("position", true) => return Ok(Value::some(Value::int(at))),
                        _ => {}
                    }
                }
                "find" => {
                    let own = self.slot(item);
                    let answer =
                        self.call_value(code.clone(), vec![Value::Ref(Place::slot(own))])?;
                    let holds = self.truth(&answer)?;
                    let item = std::mem::replace(&mut self.slots[own], Value::Moved);
                    if holds {
                        return Ok(Value::some(item));
                    }
                    self.discard(item, "passed over by `find`")?;
                }
                "find_map" => {
                    let made = self.call_value(code.clone(), vec![item])?;
                    if let Some(made) = self.opened(made)? {
                        return Ok(Value::some(made));
                    }
                }
                _ => {
                    let mut given = vec![item];
                    if name == "try_fold" {
                        given.insert(0, std::mem::replace(&mut self.slots[sum], Value::Moved));
                    }
                    let made = self.call_value(code.clone(), given)?;
                    let own = self.slot(made);
                    let made = Place::slot(own);
                    match self.maybe_at(&made, Maybe::Ok)? {
                        Some(is) if is.is_good() => {
                            good = is;
                            let value = self.take(&made.then(Step::Inner))?;
                            self.slots[sum] = value;
                        }
                        _ => return self.take(&made),
                    }
                }
            }
            at += 1;
        }
        Ok(match name {
            "any" => Value::Bool(false),
            "all" => Value::Bool(true),
            "try_for_each" => Value::Maybe(good, Some(Box::new(Value::Unit))),
            "try_fold" => {
                let sum = std::mem::replace(&mut self.slots[sum], Value::Moved);
                Value::Maybe(good, Some(Box::new(sum)))
            }
            _ => Value::none(),
        })
    }
}

/// How many elements an iterator has that only computes, where its adaptors say so.
pub(super) fn known_count(iter: &Value) -> Option<usize> {
    let Value::Iter(iter) = iter else { return None };
    match &**iter {
        Iter::Items(items) => Some(items.len()),
        Iter::Numbers(from, Some(to), _) => usize::try_from(to.saturating_sub(*from)).ok(),
        Iter::Adapted(
            Adaptor::Map
            | Adaptor::Inspect
            | Adaptor::Enumerate
            | Adaptor::Rev
            | Adaptor::Fuse
            | Adaptor::Cloned,
            inner,
            _,
        ) => known_count(inner),
        Iter::Adapted(Adaptor::Zip, one, other) => Some(known_count(one)?.min(known_count(other)?)),
        Iter::Adapted(Adaptor::Chain, one, other) => Some(known_count(one)? + known_count(other)?),
        Iter::Adapted(Adaptor::Take, inner, Value::Int(most, _)) => {
            Some(known_count(inner)?.min(usize::try_from(*most).ok()?))
        }
        _ => None,
    }
}
