//! Methods after which a collection has other elements, or in another order, and those of two collections.

use super::iterate::Iter;
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::text::{known_bytes, text};
use super::value::{Kind, Place, Step, Value};

/// Elements that a collection grows by at once, at most.
const MAX_RESIZED: usize = 1_100;

impl Run<'_> {
    /// Methods after which there are other elements, or in another order.
    pub(super) fn many_reduced(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let len = self.list(place)?.len();
        Ok(match name {
            "fill_with" => {
                let code = one(args)?;
                let slot = self.slot(code);
                for at in 0..len {
                    let made = self.call_value(Value::Ref(Place::slot(slot)), Vec::new())?;
                    self.put(&place.then(Step::At(at)), made)?;
                }
                Value::Unit
            }
            "splice" => {
                let range = one(args)?;
                let (from, to) = self.bounds(range, len)?;
                let more = one(args)?;
                let iter = self.iterated(more)?;
                let more = self.drained(iter)?;
                Value::iter(self.list(place)?.splice(from..to, more).collect::<Vec<_>>())
            }
            "resize" | "resize_with" => self.resized(place, name, args)?,
            "concat" | "join" => self.joined_texts(place, args)?,
            _ if name.starts_with("binary_search") => self.searched_for(place, name, args)?,
            "starts_with" | "ends_with" | "partition_point" => {
                self.compared_part(place, name, args)?
            }
            _ if name.starts_with("is_sorted") => self.is_sorted(place, name, args)?,
            "pop_if" | "pop_front_if" | "pop_back_if" => {
                let code = one(args)?;
                let Some(last) = len.checked_sub(1) else { return Ok(Value::none()) };
                let at = if name == "pop_front_if" { 0 } else { last };
                let own = Value::Ref(place.then(Step::At(at)));
                let answer = self.call_value(code, vec![own])?;
                match self.truth(&answer)? {
                    true => Value::some(self.list(place)?.remove(at)),
                    false => Value::none(),
                }
            }
            "swap_remove_front" | "swap_remove_back" => {
                let at = self.index(args)?;
                let Some(last) = len.checked_sub(1).filter(|last| at <= *last) else {
                    return Ok(Value::none());
                };
                let to = if name == "swap_remove_front" { 0 } else { last };
                let list = self.list(place)?;
                list.swap(at, to);
                Value::some(list.remove(to))
            }
            _ => return self.many_merged(place, name, args),
        })
    }

    /// Where an element is in a collection that is in order, or where it would be.
    fn searched_for(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let given = one(args)?;
        let code = args.pop().map(|it| self.slot(it));
        let by = match name {
            "binary_search_by" => Some(self.slot(given.clone())),
            _ => None,
        };
        let mut found = None;
        for at in 0..self.list(place)?.len() {
            let own = Value::Ref(place.then(Step::At(at)));
            let order = match (by, code) {
                (Some(slot), _) => {
                    let answer = self.call_value(Value::Ref(Place::slot(slot)), vec![own])?;
                    self.told_order(&answer)
                }
                (None, Some(slot)) => {
                    let key = self.call_value(Value::Ref(Place::slot(slot)), vec![own])?;
                    self.order(&key, &given)?
                }
                (None, None) => self.order(&own, &given)?,
            };
            match order {
                // Which of several that are alike is found is nobody's promise.
                Some(order) if order.is_eq() && found.is_some() => {
                    return Ok(Value::ok(self.unknown.untold_anew()));
                }
                Some(order) if order.is_eq() => found = Some(at),
                Some(order) if order.is_gt() => {
                    let nowhere = Value::err(Value::int(at));
                    return Ok(found.map_or(nowhere, |it| Value::ok(Value::int(it))));
                }
                Some(_) => {}
                None => return Ok(self.unknown.untold_anew()),
            }
        }
        let nowhere = Value::err(Value::int(self.list(place)?.len()));
        Ok(found.map_or(nowhere, |it| Value::ok(Value::int(it))))
    }

    /// Whether elements are in order.
    pub(super) fn is_sorted(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let code = args.pop().map(|it| self.slot(it));
        for at in 1..self.list(place)?.len() {
            let pair = [at - 1, at].map(|at| Value::Ref(place.then(Step::At(at))));
            let holds = match code {
                Some(slot) if name == "is_sorted_by" => {
                    let answer = self.call_value(Value::Ref(Place::slot(slot)), pair.to_vec())?;
                    self.truth(&answer)?
                }
                _ => {
                    let [mut left, mut right] = pair;
                    if let Some(slot) = code {
                        left = self.call_value(Value::Ref(Place::slot(slot)), vec![left])?;
                        right = self.call_value(Value::Ref(Place::slot(slot)), vec![right])?;
                    }
                    match self.order(&left, &right)? {
                        Some(order) => order.is_le(),
                        None => return Ok(self.unknown.untold_anew()),
                    }
                }
            };
            if !holds {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }

    /// As many elements as are wanted.
    fn resized(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let len = self.list(place)?.len();
        let to = self.index(args)?;
        let given = one(args)?;
        let left = if to < len { self.list(place)?.split_off(to) } else { Vec::new() };
        self.discard_all(left, "dropped as there are to be fewer")?;
        let slot = self.slot(given);
        if to == usize::MAX {
            // More than are tried.
            return Err(Stop::Ended);
        }
        if to > len.saturating_add(MAX_RESIZED) {
            return unknown("very many elements");
        }
        for _ in len..to {
            let made = match name {
                "resize" => self.copied(&self.slots[slot].clone())?,
                _ => self.call_value(Value::Ref(Place::slot(slot)), Vec::new())?,
            };
            self.list(place)?.push(made);
        }
        Ok(Value::Unit)
    }

    /// Methods that compare a part of it.
    pub(super) fn compared_part(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let len = self.list(place)?.len();
        Ok(match name {
            "starts_with" | "ends_with" => {
                let part = one(args)?;
                let Value::Many(_, part) = self.seen(&part) else {
                    return unknown("a part that is not known");
                };
                let Some(from) = len.checked_sub(part.len()) else { return Ok(Value::Bool(false)) };
                let from = if name == "ends_with" { from } else { 0 };
                for (at, item) in (from..).zip(&part) {
                    let own = Value::Ref(place.then(Step::At(at)));
                    if !self.equal(&own, item)? {
                        return Ok(Value::Bool(false));
                    }
                }
                Value::Bool(true)
            }
            _ => {
                let code = one(args)?;
                let slot = self.slot(code);
                let mut count = 0;
                while count < len {
                    let own = Value::Ref(place.then(Step::At(count)));
                    let answer = self.call_value(Value::Ref(Place::slot(slot)), vec![own])?;
                    if !self.truth(&answer)? {
                        break;
                    }
                    count += 1;
                }
                Value::int(count)
            }
        })
    }

    /// Methods that leave out what is there twice, or turn it around.
    fn many_merged(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let before = self.unknown.taken;
        let len = self.list(place)?.len();
        Ok(match name {
            "dedup" => {
                let items = std::mem::take(self.list(place)?);
                for item in items {
                    let last = self.list(place)?.last().cloned();
                    let is_same = match last {
                        Some(last) => self.equal(&last, &item)?,
                        None => false,
                    };
                    match is_same {
                        true => self.discard(item, "`dedup` drops it")?,
                        false => self.list(place)?.push(item),
                    }
                }
                Value::Unit
            }
            "dedup_by" => {
                let code = one(args)?;
                let slot = self.slot(code);
                for item in std::mem::take(self.list(place)?) {
                    let Some(last) = self.list(place)?.len().checked_sub(1) else {
                        self.list(place)?.push(item);
                        continue;
                    };
                    let own = self.slot(item);
                    let last = Value::Ref(place.then(Step::At(last)));
                    let given = vec![Value::Ref(Place::slot(own)), last];
                    let answer = self.call_value(Value::Ref(Place::slot(slot)), given)?;
                    let is_same = self.truth(&answer)?;
                    let item = std::mem::replace(&mut self.slots[own], Value::Moved);
                    match is_same {
                        true => self.discard(item, "`dedup_by` drops it")?,
                        false => self.list(place)?.push(item),
                    }
                }
                Value::Unit
            }
            "dedup_by_key" => {
                let code = one(args)?;
                let slot = self.slot(code);
                let mut before: Option<Value> = None;
                for item in std::mem::take(self.list(place)?) {
                    let own = self.slot(item);
                    let key = self.call_value(
                        Value::Ref(Place::slot(slot)),
                        vec![Value::Ref(Place::slot(own))],
                    )?;
                    let key = self.seen(&key);
                    let item = std::mem::replace(&mut self.slots[own], Value::Moved);
                    let is_same = match &before {
                        Some(before) => self.equal(&before.clone(), &key)?,
                        None => false,
                    };
                    match is_same {
                        true => self.discard(item, "`dedup_by_key` drops it")?,
                        false => self.list(place)?.push(item),
                    }
                    before = Some(key);
                }
                Value::Unit
            }
            "rotate_left" | "rotate_right" => {
                let by = self.index(args)?;
                if by > len {
                    return self.panic(before);
                }
                let list = self.list(place)?;
                if name == "rotate_left" {
                    list.rotate_left(by);
                } else {
                    list.rotate_right(by);
                }
                Value::Unit
            }
            _ => return self.many_bytes(place, name, args),
        })
    }

    /// Methods of several elements at once, and those that only bytes have.
    fn many_bytes(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let whole = self.seen(&Value::Ref(place.clone()));
        let len = self.list(place)?.len();
        if let Some(own) = known_bytes(&whole) {
            let other = args.first().and_then(|it| known_bytes(&self.seen(it)));
            if let Some(made) = of_bytes(&own, other.as_deref(), name) {
                return Ok(made);
            }
        }
        Ok(match name {
            "repeat" => {
                let times = self.index(args)?;
                let items = self.list(place)?.clone();
                let items: Vec<Value> = items.iter().map(|it| self.seen(it)).collect();
                if len.saturating_mul(times) > 64 {
                    return unknown("many elements");
                }
                let mut made = Vec::new();
                for _ in 0..times {
                    made.extend(self.copied_all(&items)?);
                }
                Value::list(made)
            }
            "as_flattened" | "as_flattened_mut" => {
                let mut made = Vec::new();
                for at in 0..len {
                    let inner = self.listed(&place.then(Step::At(at)))?;
                    let count = self.list(&inner)?.len();
                    made.extend((0..count).map(|at| Value::Ref(inner.then(Step::At(at)))));
                }
                Value::Many(Kind::Slice, made)
            }
            "into_flattened" => {
                let Value::Many(_, items) = self.take(place)? else { return unknown("no list") };
                let mut made = Vec::new();
                for item in items {
                    let Value::Many(_, inner) = item else { return unknown("no list") };
                    made.extend(inner);
                }
                Value::list(made)
            }
            "extend_from_within" => {
                let range = one(args)?;
                let (from, to) = self.bounds(range, len)?;
                let items = self.list(place)?[from..to].to_vec();
                let copies = self.copied_all(&items)?;
                self.list(place)?.extend(copies);
                Value::Unit
            }
            "copy_within" => {
                let range = one(args)?;
                let (from, to) = self.bounds(range, len)?;
                let at = self.index(args)?;
                let items = self.list(place)?[from..to].to_vec();
                if at.saturating_add(items.len()) > len {
                    return Err(Stop::Panic);
                }
                self.list(place)?.splice(at..at + items.len(), items);
                Value::Unit
            }
            "swap_with_slice" => {
                let other = one(args)?;
                let other = self.temp(other);
                let other = self.listed(&other)?;
                if self.list(&other)?.len() != len {
                    return Err(Stop::Panic);
                }
                for at in 0..len {
                    let (own, to) = (place.then(Step::At(at)), other.then(Step::At(at)));
                    let (own, to) = (self.resolved(&own)?, self.resolved(&to)?);
                    let item = std::mem::replace(self.get_mut(&own)?, Value::Moved);
                    let item = std::mem::replace(self.get_mut(&to)?, item);
                    *self.get_mut(&own)? = item;
                }
                Value::Unit
            }
            _ => return unknown(&format!("`{name}` of a collection")),
        })
    }

    /// Methods that look for the first or last key of a map; nothing where it is no more than those of a list.
    pub(super) fn ordered_map(
        &mut self,
        place: &Place,
        len: usize,
        name: &str,
    ) -> Result<Option<Value>> {
        if len > 1 && !self.is_ordered(place)? {
            return unknown("the first key");
        }
        Ok(match name {
            "first_entry" | "last_entry" => {
                let at = if name == "first_entry" { 0 } else { len.saturating_sub(1) };
                let key =
                    self.list(place)?.get(at).and_then(|it| it.part(&Step::Field("0".into())));
                let key = key.cloned();
                Some(Value::option(key.map(|key| Value::Entry(place.clone(), Box::new(key)))))
            }
            "first_key_value" | "last_key_value" => {
                let at = if name == "first_key_value" { 0 } else { len.saturating_sub(1) };
                let own = place.then(Step::At(at));
                Some(Value::option((len > 0).then(|| {
                    Value::Tuple(vec![
                        Value::Ref(own.then(Step::Field("0".into()))),
                        Value::Ref(own.then(Step::Second)),
                    ])
                })))
            }
            _ => None,
        })
    }

    /// The elements of a map or set whose keys are in a range.
    pub(super) fn key_range(
        &mut self,
        place: &Place,
        kind: Kind,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let len = self.list(place)?.len();
        let range = one(args)?;
        let Value::Iter(range) = range else { return unknown("a range of keys") };
        let Iter::Numbers(from, to, _) = *range else { return unknown("a range of keys") };
        let mut all = Vec::new();
        for at in 0..len {
            let own = place.then(Step::At(at));
            let key = if kind.is_map() { own.then(Step::Field("0".into())) } else { own.clone() };
            let Value::Int(number, _) = self.seen(&Value::Ref(key.clone())) else {
                return unknown("a range of keys");
            };
            if number >= from && to.is_none_or(|to| number < to) {
                all.push(match kind {
                    Kind::Map(_) => {
                        Value::Tuple(vec![Value::Ref(key), Value::Ref(own.then(Step::Second))])
                    }
                    _ => Value::Ref(own),
                });
            }
        }
        Ok(Value::iter(all))
    }

    /// Whether the order of all keys of a map is known.
    pub(super) fn is_ordered(&mut self, place: &Place) -> Result<bool> {
        let keys: Vec<Value> = self
            .list(place)?
            .iter()
            .filter_map(|it| it.part(&Step::Field("0".into())).cloned())
            .collect();
        for pair in keys.windows(2) {
            if let [left, right] = pair
                && self.order(left, right)?.is_none()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Methods that look at two sets.
    pub(super) fn two_sets(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let other = one(args)?;
        let Value::Ref(other) = other else { return unknown("two sets") };
        let other = self.listed(&other)?;
        let (left, right) = (self.list(place)?.len(), self.list(&other)?.len());
        let mut common = vec![false; right];
        let (mut both, mut only) = (Vec::new(), Vec::new());
        for at in 0..left {
            let own = Value::Ref(place.then(Step::At(at)));
            let mut is_common = false;
            for (to, found) in common.iter_mut().enumerate() {
                if self.equal(&own, &Value::Ref(other.then(Step::At(to))))? {
                    (is_common, *found) = (true, true);
                }
            }
            if is_common { both.push(own) } else { only.push(own) }
        }
        let others = common.iter().enumerate().filter(|(_, found)| !**found);
        let others = others.map(|(to, _)| Value::Ref(other.then(Step::At(to))));
        Ok(match name {
            "intersection" => Value::iter(both),
            "difference" => Value::iter(only),
            "symmetric_difference" => Value::iter(only.into_iter().chain(others)),
            "union" => Value::iter(both.into_iter().chain(only).chain(others)),
            "is_subset" => Value::Bool(only.is_empty()),
            "is_superset" => Value::Bool(others.count() == 0),
            _ => Value::Bool(both.is_empty()),
        })
    }

    /// `list.concat()` and `list.join(by)` of texts.
    pub(super) fn joined_texts(&mut self, place: &Place, args: &[Value]) -> Result<Value> {
        let by = args.first().map(|it| self.seen(it));
        let items: Vec<Value> = self.list(place)?.clone();
        if items.iter().any(|item| self.owns(item)) {
            return unknown("texts that are something else");
        }
        let parts = items.iter().map(|it| match self.seen(it) {
            Value::Many(_, parts) => Some(parts),
            _ => None,
        });
        if let (Some(parts), false) = (parts.collect::<Option<Vec<_>>>(), items.is_empty()) {
            let mut all = Vec::new();
            for (at, part) in parts.iter().enumerate() {
                match &by {
                    Some(Value::Many(_, between)) if at > 0 => all.extend(between.iter().cloned()),
                    Some(between) if at > 0 => all.push(between.clone()),
                    _ => {}
                }
                all.extend(part.iter().cloned());
            }
            let copies = self.copied_all(&all)?;
            return Ok(Value::list(copies));
        }
        let said = items.iter().map(|it| match self.seen(it) {
            Value::Text(said) => Some(said.to_string()),
            _ => None,
        });
        let said: Option<Vec<String>> = said.collect();
        Ok(match (said, by) {
            (Some(said), Some(Value::Text(by))) if said.len() < 32 => text(said.join(&by)),
            (Some(said), None) if said.len() < 32 => text(said.concat()),
            _ => self.unknown.untold_anew(),
        })
    }
}

/// What a method gives that only bytes have.
fn of_bytes(own: &[u8], other: Option<&[u8]>, name: &str) -> Option<Value> {
    let made = match (name, other) {
        ("trim_ascii", _) => own.trim_ascii().to_vec(),
        ("trim_ascii_start", _) => own.trim_ascii_start().to_vec(),
        ("trim_ascii_end", _) => own.trim_ascii_end().to_vec(),
        ("to_ascii_uppercase", _) => own.to_ascii_uppercase(),
        ("to_ascii_lowercase", _) => own.to_ascii_lowercase(),
        ("is_ascii", _) => return Some(Value::Bool(own.is_ascii())),
        ("eq_ignore_ascii_case", Some(other)) => {
            return Some(Value::Bool(own.eq_ignore_ascii_case(other)));
        }
        _ => return None,
    };
    Some(Value::list(made.into_iter().map(super::text::byte).collect()))
}
