//! Methods of iterators: adaptors, and what runs them.

use super::eval::last as last_of;
use super::iterate::{Adaptor, Iter};
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::value::{Maybe, Place, Step, Value};
use crate::model::Ty;

/// Methods that are followed, beside the adaptors.
pub(super) const METHODS: &[&str] = &[
    "next",
    "next_back",
    "collect",
    "count",
    "sum",
    "product",
    "fold",
    "for_each",
    "any",
    "all",
    "find",
    "find_map",
    "position",
    "rposition",
    "rfind",
    "is_sorted",
    "last",
    "nth",
    "max",
    "min",
    "try_for_each",
    "try_fold",
    "unzip",
    "partition",
    "reduce",
    "max_by_key",
    "max_by",
    "min_by",
    "min_by_key",
    "by_ref",
    "rev",
    "cloned",
    "copied",
    "flatten",
    "peek",
    "iter",
    "into_iter",
    "len",
    "next_if",
    "is_empty",
    "contains",
    "clone",
    "cycle",
    "start",
    "end",
    "eq",
    "ne",
    "peek_mut",
];

/// Those that take their iterator by reference.
pub(super) const BY_REFERENCE: &[&str] = &[
    "next",
    "next_back",
    "by_ref",
    "nth",
    "peek",
    "peek_mut",
    "next_if",
    "len",
    "contains",
    "is_empty",
    "start",
    "end",
    "clone",
    "any",
    "all",
    "position",
    "find",
    "find_map",
    "try_for_each",
    "try_fold",
    "iter",
];

impl Run<'_> {
    pub(super) fn iter_method(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        match name {
            "next" => return Ok(Value::option(self.next(place)?)),
            "next_back" => return self.next_back(place),
            "by_ref" | "iter" => return Ok(Value::Ref(place.clone())),
            "nth" => {
                let at = one(args)?;
                let Value::Int(at, _) = self.seen(&at) else {
                    return unknown("a position that is not known");
                };
                for _ in 0..at {
                    match self.next(place)? {
                        Some(item) => self.discard(item, "skipped by `nth`")?,
                        None => return Ok(Value::none()),
                    }
                }
                return Ok(Value::option(self.next(place)?));
            }
            "peek" | "peek_mut" => return self.peeked(place),
            "next_if" => {
                let code = one(args)?;
                let shown = self.peeked(place)?;
                let Some(shown) = self.opened(shown)? else { return Ok(Value::none()) };
                let answer = self.call_value(code, vec![shown])?;
                return match self.truth(&answer)? {
                    true => Ok(Value::option(self.next(place)?)),
                    false => Ok(Value::none()),
                };
            }
            "len" | "contains" | "is_empty" | "start" | "end" | "clone" => {
                return self.asked(place, name, args);
            }
            "any" | "all" | "position" | "find" | "find_map" | "try_for_each" | "try_fold" => {
                return self.searched(place, name, args);
            }
            "rfind" | "rposition" => return self.searched_back(place, name, args),
            _ => {}
        }
        // Methods that take the iterator; one behind a reference stays where it is.
        let iter = match self.get(place)? {
            Value::Iter(_) => std::mem::replace(self.get_mut(place)?, Value::Moved),
            _ => return unknown("no iterator"),
        };
        let computes = matches!(
            name,
            "count" | "sum" | "product" | "fold" | "max" | "min" | "last" | "collect"
        );
        if let (Value::Iter(own), "count") = (&iter, name)
            && let Iter::Unknown(id, at) = **own
        {
            // As many as it is gone through for.
            return Ok(Value::int(self.unknown.len(id).saturating_sub(at)));
        }
        if computes && self.is_plain_iter(&iter) && args.iter().all(|it| self.is_plain_code(it)) {
            let path = want.path().unwrap_or("String").to_owned();
            if name != "collect" || path.ends_with("String") || path.ends_with("Vec") {
                let depends = self.has_unknown(&iter) || args.iter().any(|it| self.has_unknown(it));
                args.clear();
                // How many they are is known, if not what they are.
                let count = known_count(&iter).filter(|it| *it <= 512);
                return Ok(match (name, count) {
                    ("count", Some(count)) => Value::int(count),
                    ("collect", Some(count)) if !path.ends_with("String") => {
                        Value::list((0..count).map(|_| self.computed(depends)).collect())
                    }
                    _ => self.computed(depends),
                });
            }
        }
        if let Some(adaptor) = Adaptor::of(name) {
            return self.adapt(adaptor, iter, args);
        }
        self.consumed(iter, name, args, want)
    }

    /// What comes of much that only computes: it may be anything, or one thing that is not worked out.
    fn computed(&mut self, depends: bool) -> Value {
        if depends { self.unknown.fresh() } else { self.unknown.untold_anew() }
    }

    /// Methods that look for an element from the end.
    fn searched_back(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let iter = std::mem::replace(self.get_mut(place)?, Value::Moved);
        let mut all = self.drained(iter)?;
        let len = all.len();
        all.reverse();
        *self.get_mut(place)? = Value::iter(all);
        let found = self.searched(place, &name[1..], args)?;
        Ok(match found {
            Value::Maybe(Maybe::Some, Some(at)) if name == "rposition" => match *at {
                Value::Int(at, _) => {
                    let at = usize::try_from(at).unwrap_or(0);
                    Value::some(Value::int(len.saturating_sub(at + 1)))
                }
                other => Value::some(other),
            },
            other => other,
        })
    }

    /// Methods that use their iterator up.
    fn consumed(
        &mut self,
        iter: Value,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        match name {
            "into_iter" => Ok(iter),
            "cloned" | "copied" => {
                let all = self.drained(iter)?;
                let mut made = Vec::new();
                for item in all {
                    made.push(self.copied(&item)?);
                }
                Ok(Value::iter(made))
            }
            "flatten" => {
                let given = Value::Tuple(vec![Value::Unit, Value::Unit]);
                Ok(Value::Iter(Box::new(Iter::Adapted(Adaptor::FlatMap, iter, given))))
            }
            "collect" => self.collected(iter, want),
            "for_each" => {
                let code = one(args)?;
                let slot = self.slot(code);
                self.each(iter, |run, item| {
                    let made = run.call_value(Value::Ref(Place::slot(slot)), vec![item])?;
                    run.discard(made, "nobody takes what the closure gives")
                })?;
                self.drop_at(&Place::slot(slot))?;
                Ok(Value::Unit)
            }
            "fold" => {
                let (first, code) = (one(args)?, one(args)?);
                let (slot, sum) = (self.slot(code), self.slot(first));
                self.each(iter, |run, item| {
                    let before = std::mem::replace(&mut run.slots[sum], Value::Moved);
                    let after =
                        run.call_value(Value::Ref(Place::slot(slot)), vec![before, item])?;
                    run.slots[sum] = after;
                    Ok(())
                })?;
                Ok(std::mem::replace(&mut self.slots[sum], Value::Moved))
            }
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
            "sum" | "product" if matches!(want.path().map(last_of), Some("Result" | "Option")) => {
                self.summed(iter, name, args, want)
            }
            _ => {
                let all = self.drained(iter)?;
                self.reduced(all, name, args)
            }
        }
    }

    /// A sum of results or options.
    fn summed(
        &mut self,
        iter: Value,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        // It stops at the first error, and what is left is dropped.
        let all = self.collected(iter, want)?;
        let place = self.temp(all);
        let inner = place.then(Step::Inner);
        if let Value::Maybe(maybe, Some(_)) = self.get(&place)?
            && maybe.is_good()
        {
            let Value::Many(_, items) = self.take_whole(&inner)? else {
                return unknown("a sum of something else");
            };
            let sum = self.reduced(items, name, args)?;
            *self.get_mut(&inner)? = sum;
        }
        self.take(&place)
    }

    /// Runs something on each element that is left.
    fn each(
        &mut self,
        iter: Value,
        mut work: impl FnMut(&mut Self, Value) -> Result<()>,
    ) -> Result<()> {
        let Value::Iter(mut iter) = iter else { return unknown("no iterator") };
        while let Some(item) = self.advance(&mut iter)? {
            work(self, item)?;
        }
        self.discard(Value::Iter(iter), "left in an iterator")
    }

    fn adapt(&mut self, adaptor: Adaptor, iter: Value, args: &mut Vec<Value>) -> Result<Value> {
        let given = match adaptor {
            Adaptor::Enumerate => Value::number(0),
            Adaptor::Peekable | Adaptor::Fuse | Adaptor::Rev => Value::Unit,
            Adaptor::Zip | Adaptor::Chain => {
                let other = one(args)?;
                self.iterated(other)?
            }
            Adaptor::FlatMap => Value::Tuple(vec![one(args)?, Value::Unit]),
            Adaptor::Scan => Value::Tuple(vec![one(args)?, one(args)?]),
            Adaptor::Cycle => {
                let all = self.drained(iter)?;
                if all.iter().any(|it| self.owns(it)) {
                    return unknown("`cycle`");
                }
                let iter = Value::iter(Vec::new());
                let all = Value::Tuple(all);
                return Ok(Value::Iter(Box::new(Iter::Adapted(adaptor, iter, all))));
            }
            Adaptor::Take | Adaptor::Skip | Adaptor::StepBy => {
                let count = one(args)?;
                if let (Adaptor::StepBy, Value::Int(0, _)) = (adaptor, self.seen(&count)) {
                    return Err(Stop::Panic);
                }
                match self.seen(&count) {
                    Value::Int(count, _) => Value::number(count),
                    // Any number: each is tried up to a bound.
                    Value::Sym(id) => match self.unknown.counted(id, 0) {
                        Some(count) => Value::number(count),
                        None => return Err(Stop::Ended),
                    },
                    _ => return unknown("a count that is not known"),
                }
            }
            _ => one(args)?,
        };
        Ok(Value::Iter(Box::new(Iter::Adapted(adaptor, iter, given))))
    }

    fn next_back(&mut self, place: &Place) -> Result<Value> {
        let iter = std::mem::replace(self.get_mut(place)?, Value::Moved);
        let Value::Iter(mut iter) = iter else { return unknown("no iterator") };
        let last = self.advance_back(&mut iter);
        *self.get_mut(place)? = Value::Iter(iter);
        Ok(Value::option(last?))
    }

    /// The element that comes next, which stays: it is kept in the adaptor.
    fn peeked(&mut self, place: &Place) -> Result<Value> {
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

    fn asked(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let Value::Iter(iter) = self.get(place)?.clone() else { return unknown("no iterator") };
        Ok(match (&*iter, name) {
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
    fn searched(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
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
        let (mut at, mut is_option) = (0, false);
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
                            is_option = is == Maybe::Some;
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
            "try_for_each" if is_option => Value::some(Value::Unit),
            "try_for_each" => Value::ok(Value::Unit),
            "try_fold" => {
                let sum = std::mem::replace(&mut self.slots[sum], Value::Moved);
                if is_option { Value::some(sum) } else { Value::ok(sum) }
            }
            _ => Value::none(),
        })
    }

    /// What all elements together give.
    fn reduced(&mut self, mut all: Vec<Value>, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        match name {
            "count" => {
                let count = Value::int(all.len());
                self.discard_all(all, "counted and dropped")?;
                Ok(count)
            }
            "sum" | "product" => {
                let (mut sum, op) = if name == "sum" {
                    (Value::number(0), "add")
                } else {
                    (Value::number(1), "mul")
                };
                for item in &all {
                    sum = self.arithmetic(op, &sum, item);
                }
                self.discard_all(all, "dropped")?;
                Ok(sum)
            }
            "last" => {
                let last = all.pop();
                self.discard_all(all, "dropped before the last")?;
                Ok(Value::option(last))
            }
            "max" | "min" | "max_by_key" | "min_by_key" | "max_by" | "min_by" => {
                self.greatest(all, name, args)
            }
            "is_sorted" => {
                let mut holds = Value::Bool(true);
                for pair in all.windows(2) {
                    if let [left, right] = pair {
                        match self.order(left, right)? {
                            Some(order) if order.is_gt() => holds = Value::Bool(false),
                            Some(_) => {}
                            None => return Ok(self.unknown.untold_anew()),
                        }
                    }
                }
                Ok(holds)
            }
            "reduce" => {
                let code = one(args)?;
                let slot = self.slot(code);
                let mut all = all.into_iter();
                let Some(mut sum) = all.next() else { return Ok(Value::none()) };
                for item in all {
                    sum = self.call_value(Value::Ref(Place::slot(slot)), vec![sum, item])?;
                }
                Ok(Value::some(sum))
            }
            "unzip" => {
                let (mut left, mut right) = (Vec::new(), Vec::new());
                for item in all {
                    let Value::Tuple(mut parts) = item else { return unknown("no pair") };
                    right.extend(parts.pop());
                    left.extend(parts.pop());
                }
                Ok(Value::Tuple(vec![Value::list(left), Value::list(right)]))
            }
            "partition" => {
                let code = one(args)?;
                let slot = self.slot(code);
                let (mut left, mut right) = (Vec::new(), Vec::new());
                for item in all {
                    let own = self.slot(item);
                    let answer = self.call_value(
                        Value::Ref(Place::slot(slot)),
                        vec![Value::Ref(Place::slot(own))],
                    )?;
                    let holds = self.truth(&answer)?;
                    let item = std::mem::replace(&mut self.slots[own], Value::Moved);
                    if holds { left.push(item) } else { right.push(item) }
                }
                Ok(Value::Tuple(vec![Value::list(left), Value::list(right)]))
            }
            _ => unknown(&format!("`{name}` of an iterator")),
        }
    }
}

/// How many elements an iterator has that only computes, where its adaptors say so.
fn known_count(iter: &Value) -> Option<usize> {
    let Value::Iter(iter) = iter else { return None };
    match &**iter {
        Iter::Items(items) => Some(items.len()),
        Iter::Numbers(from, Some(to), _) => usize::try_from(to.saturating_sub(*from)).ok(),
        Iter::Adapted(
            Adaptor::Map | Adaptor::Inspect | Adaptor::Enumerate | Adaptor::Rev | Adaptor::Fuse,
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
