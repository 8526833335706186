//! Methods of collections that go over all elements and leave them in another order, or leave some out.

use super::machine::{Result, Run};
use super::many::one;
use super::value::{Kind, Place, Step, Value};

impl Run<'_> {
    /// Whether a list is one of references: a part of another one.
    pub(super) fn is_slice(&self, place: &Place) -> Result<bool> {
        let Value::Many(_, items) = self.get(place)? else { return Ok(false) };
        Ok(!items.is_empty() && items.iter().all(|it| matches!(it, Value::Ref(_))))
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
            let key = match (code, name.ends_with("key")) {
                (Some(slot), true) => self.call_value(Value::Ref(Place::slot(slot)), vec![item])?,
                _ => item,
            };
            keys.push(number(&self.seen(&key)));
        }
        let keys: Option<Vec<i64>> = keys.into_iter().collect();
        match keys.filter(|_| code.is_none() || name.ends_with("key")) {
            Some(keys) => {
                let list = self.list(place)?;
                let mut pairs: Vec<_> = keys.into_iter().zip(std::mem::take(list)).collect();
                pairs.sort_by_key(|(key, _)| *key);
                *list = pairs.into_iter().map(|(_, item)| item).collect();
            }
            None => self.unknown.doubtful |= len > 1,
        }
        Ok(Value::Unit)
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
                Kind::Map => vec![
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
}

/// The number that decides an order.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}
