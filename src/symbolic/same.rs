//! Whether two values are the same, as far as that is known.

use super::value::{Kind, Value};
use crate::facts::tree::{Comparison, Name};

/// What a comparison of two values says, if that is known.
pub(super) fn holds(op: Comparison, left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => super::float::holds(op, *left, *right),
        (Value::Int(left, _), Value::Int(right, _)) => Some(match op {
            Comparison::Equal => left == right,
            Comparison::Unequal => left != right,
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
            Comparison::More => left > right,
            Comparison::AtLeast => left >= right,
        }),
        (Value::Text(left), Value::Text(right)) => Some(match op {
            Comparison::Equal => left == right,
            Comparison::Unequal => left != right,
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
            Comparison::More => left > right,
            Comparison::AtLeast => left >= right,
        }),
        _ => {
            let equal = equal(left, right)?;
            match op {
                Comparison::Equal => Some(equal),
                Comparison::Unequal => Some(!equal),
                _ => None,
            }
        }
    }
}

/// Whether two values are equal, if that is known.
fn equal(left: &Value, right: &Value) -> Option<bool> {
    let all = |left: &[Value], right: &[Value]| {
        if left.len() != right.len() {
            return Some(false);
        }
        let mut open = false;
        for (left, right) in left.iter().zip(right) {
            match equal(left, right) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => open = true,
            }
        }
        (!open).then_some(true)
    };
    match (left, right) {
        (Value::Unit, Value::Unit) => Some(true),
        (Value::Bool(left), Value::Bool(right)) => Some(left == right),
        (Value::Int(left, _), Value::Int(right, _)) => Some(left == right),
        (Value::Float(left), Value::Float(right)) => {
            super::float::holds(Comparison::Equal, *left, *right)
        }
        (Value::Text(left), Value::Text(right)) => Some(left == right),
        (Value::Literal(left), Value::Literal(right)) if left == right => Some(true),
        (Value::Sym(left), Value::Sym(right)) if left == right => Some(true),
        // Which of them comes first is not known of a set or map.
        (Value::Many(Kind::Map(_) | Kind::Set(_), left), Value::Many(_, right))
            if left.len() > 1 =>
        {
            unordered(left, right)
        }
        (Value::Tuple(left), Value::Tuple(right))
        | (Value::Many(_, left), Value::Many(_, right)) => all(left, right),
        (Value::Cell(left, one), Value::Cell(right, other)) if left == right => equal(one, other),
        (Value::Maybe(left, a), Value::Maybe(right, b)) => match (left == right, a, b) {
            (false, ..) => Some(false),
            (true, Some(a), Some(b)) => equal(a, b),
            (true, ..) => Some(true),
        },
        (Value::Data(left), Value::Data(right)) if left.item == right.item => {
            if left.variant != right.variant {
                return Some(false);
            }
            let of = |fields: &[(Name, Value)]| {
                fields.iter().map(|(_, it)| it.clone()).collect::<Vec<_>>()
            };
            all(&of(&left.fields), &of(&right.fields))
        }
        _ => None,
    }
}

/// Whether two collections have the same elements, in whatever order.
fn unordered(left: &[Value], right: &[Value]) -> Option<bool> {
    if left.len() != right.len() {
        return Some(false);
    }
    let mut open = false;
    for one in left {
        let found: Vec<_> = right.iter().map(|other| equal(one, other)).collect();
        match found.contains(&Some(true)) {
            true => {}
            false if found.contains(&None) => open = true,
            false => return Some(false),
        }
    }
    (!open).then_some(true)
}

/// A text that is the same for the same value, as far as that is known.
pub(super) fn key(value: &Value) -> String {
    let all = |values: &[Value]| values.iter().map(key).collect::<Vec<_>>().join(",");
    match value {
        Value::Unit => "()".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Int(it, _) => it.to_string(),
        Value::Float(it) => it.to_string(),
        Value::Text(it) => format!("{it:?}"),
        Value::Literal(it) => format!("t{it}"),
        Value::Sym(it) => format!("#{it}"),
        Value::Tuple(parts) | Value::Many(_, parts) => format!("[{}]", all(parts)),
        Value::Maybe(maybe, inner) => {
            format!("{}({})", maybe.name(), inner.as_ref().map_or_else(String::new, |it| key(it)))
        }
        Value::Data(data) => {
            let fields = data.fields.iter().map(|(_, value)| key(value)).collect::<Vec<_>>();
            format!(
                "{:?}{}[{}]",
                data.item.item,
                data.variant.as_deref().unwrap_or(""),
                fields.join(",")
            )
        }
        other => format!("{other:?}"),
    }
}
