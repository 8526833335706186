//! Which of two values comes first, and methods of collections that go by that or leave elements out.

use std::cmp::Ordering;

use super::machine::{Result, Run, unknown};
use super::many::one;
use super::value::{Cell, Kind, Maybe, Place, Step, Value, head_of};
use crate::facts::tree::Comparison;

/// Elements whose order is decided where it is not known, at most.
pub(super) const MAX_DECIDED: usize = 6;

impl Run<'_> {
    /// Which of two values comes first, by the order that their type has; nothing where that is not known.
    pub(super) fn order(&mut self, left: &Value, right: &Value) -> Result<Option<Ordering>> {
        if let (Value::Ref(place), Value::Ref(other)) = (left, right) {
            let (place, other) = (self.resolved(place)?, self.resolved(other)?);
            if let Value::Data(data) = self.get(&place)? {
                let head = head_of(data.item);
                let own = |name: &str| self.model.methods_of(&head, name).first().map(|it| it.item);
                if let Some(own) = own("cmp").or(own("partial_cmp")) {
                    let (left, right) = (Value::Ref(place), Value::Ref(other));
                    let answer = self.call_function(own, Some(left), vec![right], None)?;
                    return Ok(self.told_order(&answer));
                }
            }
        }
        let (left, right) = (self.seen(left), self.seen(right));
        self.order_of(&left, &right)
    }

    fn order_of(&mut self, left: &Value, right: &Value) -> Result<Option<Ordering>> {
        Ok(match (left, right) {
            (Value::Unit, Value::Unit) => Some(Ordering::Equal),
            (Value::Int(left, _), Value::Int(right, _)) => Some(left.cmp(right)),
            (Value::Float(left), Value::Float(right)) => super::float::order(*left, *right),
            (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
            (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
            (Value::Cell(Cell::Made(_), left), Value::Cell(Cell::Made(_), right)) => {
                self.order_of(right, left)?
            }
            (Value::Tuple(left), Value::Tuple(right))
            | (Value::Many(_, left), Value::Many(_, right)) => self.order_of_all(left, right)?,
            (Value::Maybe(left, a), Value::Maybe(right, b)) => {
                let rank = |it: &Maybe| matches!(it, Maybe::Some | Maybe::Err);
                match (rank(left).cmp(&rank(right)), a, b) {
                    (Ordering::Equal, Some(a), Some(b)) => self.order_of(a, b)?,
                    (order, ..) => Some(order),
                }
            }
            (Value::Data(left), Value::Data(right)) if left.item == right.item => {
                let head = head_of(left.item);
                let own = |name: &str| self.model.methods_of(&head, name).first().map(|it| it.item);
                if let Some(own) = own("cmp").or(own("partial_cmp")) {
                    let left = Place::slot(self.slot(Value::Data(left.clone())));
                    let right = Place::slot(self.slot(Value::Data(right.clone())));
                    let (left, right) = (Value::Ref(left), Value::Ref(right));
                    let answer = self.call_function(own, Some(left), vec![right], None)?;
                    return Ok(self.told_order(&answer));
                }
                // A derived order goes by the variants and then by the fields, as they are declared.
                if self.has_numbers(left.item) {
                    let (left, right) = (self.number_of(left), self.number_of(right));
                    match left.zip(right) {
                        None => return Ok(None),
                        Some((left, right)) if left != right => return Ok(Some(left.cmp(&right))),
                        Some(_) => {}
                    }
                }
                let rank = |name: &Option<_>| {
                    self.model.variants(left.item).position(|it| Some(it) == name.as_ref())
                };
                let fields = |data: &super::value::Data| {
                    data.fields.iter().map(|(_, it)| it.clone()).collect::<Vec<_>>()
                };
                match rank(&left.variant).cmp(&rank(&right.variant)) {
                    Ordering::Equal => self.order_of_all(&fields(left), &fields(right))?,
                    order => Some(order),
                }
            }
            (Value::Ref(_), _) | (_, Value::Ref(_)) => {
                let (left, right) = (self.seen(left), self.seen(right));
                match (&left, &right) {
                    (Value::Ref(_), _) | (_, Value::Ref(_)) => None,
                    _ => self.order_of(&left, &right)?,
                }
            }
            _ if self.decides && self.may_lie_anyhow(left, right) => {
                Some(self.decided(left, right)?)
            }
            _ => None,
        })
    }

    /// Whether two values have an order that nobody has written, and that is not known.
    fn may_lie_anyhow(&self, left: &Value, right: &Value) -> bool {
        let is_open = |it: &Value| match it {
            Value::Sym(id) => {
                self.unknown.type_of(*id).is_none() && self.unknown.variant(*id).is_none()
            }
            _ => false,
        };
        let is_said = |it: &Value| matches!(it, Value::Int(..) | Value::Text(_) | Value::Float(_));
        (is_open(left) && (is_open(right) || is_said(right))) || (is_said(left) && is_open(right))
    }

    /// Which of two values comes first, of which that is not known.
    fn decided(&mut self, left: &Value, right: &Value) -> Result<Ordering> {
        for (op, order) in
            [(Comparison::Less, Ordering::Less), (Comparison::Equal, Ordering::Equal)]
        {
            let answer = self.compare(op, left, right);
            if self.truth(&answer)? {
                return Ok(order);
            }
        }
        Ok(Ordering::Greater)
    }

    /// Whether one value comes after another by their order, or by what a closure says; nothing where that is not known.
    fn is_after(
        &mut self,
        left: &Value,
        right: &Value,
        code: Option<&Value>,
    ) -> Result<Option<bool>> {
        let Some(code) = code else {
            let (one, other) = (self.seen(left), self.seen(right));
            if self.decides && self.may_lie_anyhow(&one, &other) {
                let answer = self.compare(Comparison::More, &one, &other);
                return self.truth(&answer).map(Some);
            }
            return Ok(self.order(left, right)?.map(Ordering::is_gt));
        };
        let given = vec![left.clone(), right.clone()];
        let answer = self.call_value(code.clone(), given)?;
        Ok(self.told_order(&answer).map(Ordering::is_gt))
    }

    fn order_of_all(&mut self, left: &[Value], right: &[Value]) -> Result<Option<Ordering>> {
        for (left, right) in left.iter().zip(right) {
            match self.order_of(left, right)? {
                Some(Ordering::Equal) => {}
                other => return Ok(other),
            }
        }
        Ok(Some(left.len().cmp(&right.len())))
    }

    /// An `Ordering` as a value.
    pub(super) fn ordering(&mut self, order: Ordering) -> Value {
        self.unknown.of_variant(match order {
            Ordering::Less => "Less",
            Ordering::Equal => "Equal",
            Ordering::Greater => "Greater",
        })
    }

    /// What a value that is an `Ordering`, or an `Option` of one, says.
    pub(super) fn told_order(&self, value: &Value) -> Option<Ordering> {
        match self.seen(value) {
            Value::Maybe(Maybe::Some, Some(inner)) => self.told_order(&inner),
            Value::Sym(id) => Some(match self.unknown.variant(id)? {
                "Less" => Ordering::Less,
                "Equal" => Ordering::Equal,
                "Greater" => Ordering::Greater,
                _ => return None,
            }),
            _ => None,
        }
    }

    /// Methods of an `Ordering` that is known.
    pub(super) fn order_method(
        &mut self,
        order: Ordering,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Option<Value>> {
        Ok(Some(match name {
            "reverse" => self.ordering(order.reverse()),
            "then" | "then_with" if order != Ordering::Equal => self.ordering(order),
            "then" => one(args)?,
            "then_with" => {
                let code = one(args)?;
                self.call_value(code, Vec::new())?
            }
            "is_lt" => Value::Bool(order.is_lt()),
            "is_le" => Value::Bool(order.is_le()),
            "is_gt" => Value::Bool(order.is_gt()),
            "is_ge" => Value::Bool(order.is_ge()),
            "is_eq" => Value::Bool(order.is_eq()),
            "is_ne" => Value::Bool(order.is_ne()),
            _ => return Ok(None),
        }))
    }

    /// Puts elements into order where that is known; any other order may be none that there is.
    pub(super) fn sorted(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let len = self.list(place)?.len();
        let code = if args.is_empty() { None } else { Some(self.slot(args.remove(0))) };
        let mut keys = Vec::new();
        for at in 0..len {
            let item = Value::Ref(place.then(Step::At(at)));
            let key = match code {
                Some(slot) if name.ends_with("key") => {
                    let key = self.call_value(Value::Ref(Place::slot(slot)), vec![item])?;
                    self.seen(&key)
                }
                _ => item,
            };
            keys.push(key);
        }
        let compares = code.filter(|_| !name.ends_with("key"));
        let compares = compares.map(|slot| Value::Ref(Place::slot(slot)));
        let seen: Vec<Value> = keys.iter().map(|it| self.seen(it)).collect();
        if compares.is_none() && self.unknown.are_free(&seen) {
            // They may be in order as they are.
            for pair in seen.windows(2) {
                self.unknown.is_at_most(&pair[0], &pair[1]);
            }
            return Ok(Value::Unit);
        }
        let Some(order) = self.deciding(len, |run| run.order_by(&keys, compares.as_ref()))? else {
            self.unknown.assumed = true;
            return Ok(Value::Unit);
        };
        let list = self.list(place)?;
        let mut items: Vec<Option<Value>> = std::mem::take(list).into_iter().map(Some).collect();
        *list = order.into_iter().filter_map(|at| items[at].take()).collect();
        Ok(Value::Unit)
    }

    /// The positions of elements in the order of their keys.
    fn order_by(&mut self, keys: &[Value], code: Option<&Value>) -> Result<Option<Vec<usize>>> {
        let mut order: Vec<usize> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let mut to = order.len();
            while to > 0 {
                match self.is_after(&keys[order[to - 1]], key, code)? {
                    Some(true) => to -= 1,
                    Some(false) => break,
                    None => return Ok(None),
                }
            }
            order.insert(to, at);
        }
        Ok(Some(order))
    }

    /// Runs something that decides orders that are not known, if there are few.
    pub(super) fn deciding<T>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer = std::mem::replace(&mut self.decides, count <= MAX_DECIDED);
        let made = work(self);
        self.decides = outer;
        made
    }

    /// The position of the greatest element, the last of those that are alike, or of the least, the first of them.
    pub(super) fn extreme(
        &mut self,
        keys: &[Value],
        code: Option<&Value>,
        is_max: bool,
    ) -> Result<Option<usize>> {
        self.deciding(keys.len(), |run| {
            let mut best = 0;
            for at in 1..keys.len() {
                match run.is_after(&keys[best], &keys[at], code)? {
                    Some(is_after) if is_after != is_max => best = at,
                    Some(_) => {}
                    None => return Ok(None),
                }
            }
            Ok(Some(best))
        })
    }

    pub(super) fn retained(
        &mut self,
        place: &Place,
        kind: Kind,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let code = one(args)?;
        let slot = self.slot(code);
        let items = std::mem::take(self.list(place)?);
        let mut kept = Vec::new();
        for item in items {
            let own = self.slot(item);
            let own_place = Place::slot(own);
            let given = match kind {
                Kind::Map(_) => vec![
                    Value::Ref(own_place.then(Step::Field("0".into()))),
                    Value::Ref(own_place.then(Step::Second)),
                ],
                _ => vec![Value::Ref(own_place)],
            };
            let answer = self.call_value(Value::Ref(Place::slot(slot)), given)?;
            let keeps = self.truth(&answer)?;
            let item = std::mem::replace(&mut self.slots[own], Value::Moved);
            match keeps {
                true => kept.push(item),
                false => self.discard(item, "`retain` drops it")?,
            }
        }
        let added = std::mem::replace(self.list(place)?, kept);
        self.discard_all(added, "dropped")?;
        let code = std::mem::replace(&mut self.slots[slot], Value::Moved);
        self.discard(code, "dropped with the closure that it was moved into")?;
        Ok(Value::Unit)
    }

    /// Takes the greatest element out of a heap.
    pub(super) fn popped_from_heap(&mut self, place: &Place) -> Result<Value> {
        match self.heap_top(place)? {
            Some(at) => Ok(Value::some(self.list(place)?.remove(at))),
            None => Ok(Value::none()),
        }
    }

    /// Where the greatest element of a heap is.
    pub(super) fn heap_top(&mut self, place: &Place) -> Result<Option<usize>> {
        let len = self.list(place)?.len();
        if len == 0 {
            return Ok(None);
        }
        let keys: Vec<Value> = (0..len).map(|at| Value::Ref(place.then(Step::At(at)))).collect();
        match self.extreme(&keys, None, true)? {
            Some(at) => Ok(Some(at)),
            None => unknown("the greatest element of a heap"),
        }
    }
}
