//! Methods of iterators: adaptors, and what runs them.

use super::adaptor::Adaptor;
use super::eval::last as last_of;
use super::iterate::Iter;
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::order::MAX_DECIDED;
use super::seek::known_count;
use super::value::{Place, Step, Value};
use crate::model::{Ty, TyHead};

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
    "nth_back",
    "rfold",
    "try_rfold",
    "size_hint",
    "next_if_eq",
    "cmp",
    "partial_cmp",
    "lt",
    "le",
    "gt",
    "ge",
    "is_sorted_by",
    "is_sorted_by_key",
    "as_str",
    "as_slice",
    "into_inner",
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
    "nth_back",
    "try_rfold",
    "rfind",
    "rposition",
    "size_hint",
    "next_if_eq",
    "as_str",
    "as_slice",
];

/// Elements that code which only computes goes over one by one, at most.
const MAX_COMPUTED: usize = 32;

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
            "next_back" => return Ok(Value::option(self.last_of(place)?)),
            "by_ref" | "iter" => return Ok(Value::Ref(place.clone())),
            "nth" | "nth_back" => return self.stepped(place, name == "nth_back", args),
            "peek" => return self.peeked(place),
            "peek_mut" => return self.peeked_mut(place),
            "next_if" | "next_if_eq" => return self.next_if(place, name, args),
            "len" | "contains" | "is_empty" | "start" | "end" | "clone" | "size_hint"
            | "as_str" | "as_slice" | "into_inner" => return self.asked(place, name, args),
            "any" | "all" | "position" | "find" | "find_map" | "try_for_each" | "try_fold" => {
                return self.searched(place, name, args);
            }
            "rfind" | "rposition" | "try_rfold" => return self.searched_back(place, name, args),
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
        // Which of a few is the greatest is decided.
        let of_few = known_count(&iter).is_some_and(|it| match self.has_unknown(&iter) {
            true => it <= MAX_DECIDED && matches!(name, "max" | "min"),
            false => it <= MAX_COMPUTED,
        });
        let computes = computes && !of_few;
        if computes && self.is_plain_iter(&iter) && args.iter().all(|it| self.is_plain_code(it)) {
            let path = want.path().unwrap_or("String").to_owned();
            if name != "collect" || path.ends_with("String") || path.ends_with("Vec") {
                let depends = self.has_unknown(&iter) || args.iter().any(|it| self.has_unknown(it));
                args.clear();
                // How many they are is known, if not what they are.
                let count = known_count(&iter).filter(|it| *it <= 512);
                return Ok(match (name, count) {
                    ("count", Some(count)) => Value::int(count),
                    ("max" | "min" | "last", Some(0)) => Value::none(),
                    // It is one of those that there are, and which is told.
                    ("max" | "min" | "last", Some(_)) => Value::some(self.unknown.untold_anew()),
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
    pub(super) fn computed(&mut self, depends: bool) -> Value {
        if depends { self.unknown.fresh() } else { self.unknown.untold_anew() }
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
            "rfold" => {
                let back = Iter::Adapted(Adaptor::Rev, iter, Value::Unit);
                self.consumed(Value::Iter(Box::new(back)), "fold", args, want)
            }
            "eq" | "ne" | "cmp" | "partial_cmp" | "lt" | "le" | "gt" | "ge" => {
                self.compared_iters(iter, name, args)
            }
            _ if name.starts_with("is_sorted") => {
                let all = self.drained(iter)?;
                let all = self.temp(Value::list(all));
                self.is_sorted(&all, name, args)
            }
            "sum" | "product" if matches!(want.path().map(last_of), Some("Result" | "Option")) => {
                self.summed(iter, name, args, want)
            }
            "unzip" | "partition" if is_into_own(want) => {
                unknown(&format!("`{name}` into another type"))
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
            Adaptor::Peekable | Adaptor::Fuse | Adaptor::Rev | Adaptor::Cloned => Value::Unit,
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

    /// What all elements together give.
    fn reduced(&mut self, mut all: Vec<Value>, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        match name {
            "count" => {
                let count = Value::int(all.len());
                self.discard_all(all, "counted and dropped")?;
                Ok(count)
            }
            // Numbers own nothing: another type says what the sum of these is.
            "sum" | "product" if all.iter().any(|item| self.owns(item)) => {
                unknown("a sum of what std does not add up")
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

/// Whether a pair is wanted of which a part is a type of the project.
fn is_into_own(want: &Ty) -> bool {
    let Ty::Tuple(parts) = want else { return false };
    parts.iter().any(|part| matches!(part.head(), Some(TyHead::Item(..))))
}
