//! Keys of maps, entries, and the elements that a range takes.

use std::cmp::Ordering;

use super::iterate::Iter;
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::value::{Kind, Place, Step, Value};
use crate::facts::tree::Comparison;
use crate::model::Ty;

impl Run<'_> {
    /// The position of a key in a map or set; decided now if that is not known.
    pub(super) fn find_key(&mut self, place: &Place, key: &Value) -> Result<Option<usize>> {
        let Value::Many(kind, items) = self.get(place)?.clone() else { return unknown("no map") };
        for (at, item) in items.iter().enumerate() {
            let own = match (kind, item) {
                (Kind::Map(_), Value::Tuple(parts)) => match parts.first() {
                    Some(key) => key,
                    None => continue,
                },
                (_, item) => item,
            };
            if self.is_same_key(own, key)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Whether two keys are equal, by what their type has for it.
    fn is_same_key(&mut self, own: &Value, key: &Value) -> Result<bool> {
        if !matches!(own, Value::Data(_)) {
            return self.equal(own, key);
        }
        let (left, right) = (self.slot(own.clone()), self.slot(key.clone()));
        let (one, other) = (Place::slot(left), Place::slot(right));
        let answer = self.compared_by_own(Comparison::Equal, &one, &other)?;
        // They were lent, and are dropped where they are.
        self.slots[left] = Value::Moved;
        self.slots[right] = Value::Moved;
        match answer {
            Some(answer) => self.truth(&answer),
            None => self.equal(own, key),
        }
    }

    /// Methods that look for a key.
    pub(super) fn keyed(
        &mut self,
        place: &Place,
        kind: Kind,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let key = one(args)?;
        if name == "entry" {
            return Ok(Value::Entry(place.clone(), Box::new(key)));
        }
        let at = self.find_key(place, &key)?;
        Ok(match (name, kind) {
            ("insert", Kind::Map(_)) => {
                let value = one(args)?;
                match at {
                    Some(at) => {
                        let own = place.then(Step::At(at)).then(Step::Second);
                        Value::some(std::mem::replace(self.get_mut(&own)?, value))
                    }
                    None => {
                        let at = self.rank(place, &key)?;
                        self.list(place)?.insert(at, Value::Tuple(vec![key, value]));
                        Value::none()
                    }
                }
            }
            ("insert" | "replace", _) => {
                if at.is_none() {
                    let at = self.rank(place, &key)?;
                    self.list(place)?.insert(at, key);
                } else {
                    self.discard(key, "dropped as it is there already")?;
                }
                Value::Bool(at.is_none())
            }
            ("remove" | "remove_entry" | "take", _) => match at {
                Some(at) => {
                    let item = self.list(place)?.remove(at);
                    match (kind, item) {
                        (Kind::Map(_), Value::Tuple(mut parts))
                            if name == "remove" && parts.len() == 2 =>
                        {
                            Value::some(parts.remove(1))
                        }
                        (Kind::Set(_), item) if name == "remove" => {
                            self.discard(item, "removed")?;
                            Value::Bool(true)
                        }
                        (_, item) => Value::some(item),
                    }
                }
                None if kind.is_set() && name == "remove" => Value::Bool(false),
                None => Value::none(),
            },
            ("get_key_value", _) => Value::option(at.map(|at| {
                let own = place.then(Step::At(at));
                let key = own.then(Step::Field("0".into()));
                Value::Tuple(vec![Value::Ref(key), Value::Ref(own.then(Step::Second))])
            })),
            ("get" | "get_mut", _) => Value::option(at.map(|at| {
                let own = place.then(Step::At(at));
                Value::Ref(if kind.is_map() { own.then(Step::Second) } else { own })
            })),
            _ => Value::Bool(at.is_some()),
        })
    }

    /// Where a new key comes: in its order, or last where that is not known.
    fn rank(&mut self, place: &Place, key: &Value) -> Result<usize> {
        let Value::Many(kind, items) = self.get(place)? else { return unknown("no map") };
        let own = |item: &Value| match (kind, item) {
            (Kind::Map(_), Value::Tuple(parts)) => parts.first().map(|it| self.seen(it)),
            (_, other) => Some(self.seen(other)),
        };
        let keeps_order = matches!(kind, Kind::Map(true) | Kind::Set(true));
        let keys: Vec<Value> = items.iter().filter_map(own).collect();
        let key = self.seen(key);
        let found = self.deciding(if keeps_order { keys.len() } else { usize::MAX }, |run| {
            for (at, own) in keys.iter().enumerate() {
                match run.order(own, &key)? {
                    Some(Ordering::Less) => {}
                    Some(_) => return Ok(Some(at)),
                    None => return Ok(None),
                }
            }
            Ok(Some(keys.len()))
        })?;
        // The elements of a hash map come in any order.
        self.unknown.assumed |= found.is_none() && keeps_order;
        Ok(found.unwrap_or(keys.len()))
    }

    /// Methods of an entry of a map.
    pub(super) fn entry_method(
        &mut self,
        map: &Place,
        key: Value,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let at = self.find_key(map, &key)?;
        let own = |at: usize| map.then(Step::At(at)).then(Step::Second);
        if name == "and_modify" {
            if let Some(at) = at {
                let code = one(args)?;
                self.call_value(code, vec![Value::Ref(own(at))])?;
            }
            return Ok(Value::Entry(map.clone(), Box::new(key)));
        }
        match (name, at) {
            ("key", _) => {
                let slot = self.slot(key);
                return Ok(Value::Ref(Place::slot(slot)));
            }
            ("get" | "get_mut" | "into_mut", Some(at)) => return Ok(Value::Ref(own(at))),
            ("insert", Some(at)) => {
                let value = one(args)?;
                return Ok(std::mem::replace(self.get_mut(&own(at))?, value));
            }
            ("remove" | "remove_entry", Some(_)) => {
                let removed = self.keyed(map, Kind::Map(false), name, &mut vec![key])?;
                return match self.opened(removed)? {
                    Some(value) => Ok(value),
                    None => unknown("an entry that is not there"),
                };
            }
            _ => {}
        }
        if let Some(at) = at {
            self.discard_all(std::mem::take(args), "dropped as there is something already")?;
            return Ok(Value::Ref(own(at)));
        }
        let value = match name {
            "or_insert" | "insert" => one(args)?,
            "or_insert_with" => {
                let code = one(args)?;
                self.call_value(code, Vec::new())?
            }
            "or_insert_with_key" => {
                let code = one(args)?;
                let shown = self.seen(&key);
                self.call_value(code, vec![shown])?
            }
            "or_default" => match self.type_of_place(map) {
                Ty::Named(_, _, args) if args.get(1).is_some_and(|it| *it != Ty::Unknown) => {
                    self.default_of(&args[1])?
                }
                // Most often a collection; its use tells.
                _ => Self::empty(Kind::Open),
            },
            _ => return unknown(&format!("`{name}` of an entry")),
        };
        let at = self.rank(map, &key)?;
        self.list(map)?.insert(at, Value::Tuple(vec![key, value]));
        Ok(Value::Ref(own(at)))
    }

    /// The elements that a range takes, and what `&v[range]` is.
    pub(super) fn slice(&mut self, place: &Place, range: Value) -> Result<Value> {
        let Value::Many(_, items) = self.get(place)? else {
            return unknown("a slice of something else");
        };
        let len = items.len();
        let (from, to) = self.bounds(range, len)?;
        self.part_of(place, from..to)
    }

    /// A position, each that there is being tried.
    pub(super) fn position(&mut self, value: &Value, len: usize) -> Result<i128> {
        for at in 0..=len {
            if self.equal(value, &Value::int(at))? {
                return Ok(i128::try_from(at).unwrap_or(0));
            }
        }
        Ok(-1)
    }

    pub(super) fn bounds(&mut self, range: Value, len: usize) -> Result<(usize, usize)> {
        let Value::Iter(range) = range else { return unknown("a range that is not known") };
        let (from, to) = match *range {
            Iter::Numbers(super::library::BOTTOM, to, _) => (0, to),
            Iter::Numbers(from, to, _) => (from, to),
            Iter::Open(Value::Int(super::library::BOTTOM, _), to, at) => {
                let range = Iter::Open(Value::number(0), to, at);
                return self.bounds(Value::Iter(Box::new(range)), len);
            }
            Iter::Open(from, to, _) => {
                let from = self.position(&from, len)?;
                let to = match to {
                    Some(to) => Some(self.position(&to, len)?),
                    None => None,
                };
                (from, to)
            }
            _ => return unknown("a range that is not known"),
        };
        let to = to.map_or(Some(len), |to| usize::try_from(to).ok());
        match (usize::try_from(from), to) {
            (Ok(from), Some(to)) if from <= to && to <= len => Ok((from, to)),
            _ => Err(Stop::Panic),
        }
    }
}
