//! Methods of numbers, texts and `bool`s.

use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::text::text;
use super::value::{Place, Value};
use super::width::{Counted, Width};
use crate::model::Ty;

/// Methods that change the text that they are called on, and are not computed.
const CHANGES_TEXT: &[&str] = &[
    "push",
    "push_str",
    "write_str",
    "write_char",
    "insert",
    "insert_str",
    "truncate",
    "clear",
    "remove",
    "replace_range",
    "split_off",
    "drain",
    "retain",
    "make_ascii_uppercase",
    "make_ascii_lowercase",
    "extend",
    "clone_from",
    "as_bytes_mut",
    "as_mut_str",
    "as_mut_vec",
];

impl Run<'_> {
    /// `c.then(..)` and `c.then_some(..)`
    pub(super) fn then(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let given = one(args)?;
        let holds = self.truth(&Value::Ref(place.clone()))?;
        match (holds, name) {
            (true, "then") => Ok(Value::some(self.call_value(given, Vec::new())?)),
            (true, _) => Ok(Value::some(given)),
            (false, _) => {
                self.discard(given, "dropped as it is not needed")?;
                Ok(Value::none())
            }
        }
    }

    /// Methods of numbers, texts and `bool`s.
    pub(super) fn plain_method(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        let value = self.get(place)?.clone();
        if let Value::Text(own) = &value
            && let Some(made) = self.text_method(place, own, name, args, want)?
        {
            return Ok(made);
        }
        if let Some(made) = self.compared_scalar(&value, name, args)? {
            return Ok(made);
        }
        if matches!(name, "then" | "then_some") {
            return self.then(place, name, args);
        }
        if let (Value::Int(number, _), "to_string") = (&value, name) {
            return Ok(text(number.to_string()));
        }
        if let Value::Int(number, _) = &value
            && let Ok(byte) = u8::try_from(*number)
            && let Some(made) = of_byte(byte, name)
        {
            return Ok(made);
        }
        if let (Value::Text(_), true) = (&value, CHANGES_TEXT.contains(&name)) {
            let fresh = self.unknown.untold_anew();
            *self.get_mut(place)? = fresh.clone();
            return Ok(fresh);
        }
        if args.is_empty()
            && matches!(
                name,
                "clone"
                    | "to_string"
                    | "to_owned"
                    | "into"
                    | "as_str"
                    | "as_ref"
                    | "borrow"
                    | "as_bytes"
                    | "copied"
                    | "cloned"
                    | "trim"
                    | "as_mut"
                    | "get"
                    | "into_boxed_str"
            )
        {
            return Ok(value);
        }
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        if shown
            .iter()
            .any(|it| matches!(it, Value::Closure(_) | Value::Function(_) | Value::Late(_)))
        {
            return unknown(&format!("`{name}` of a plain value"));
        }
        if matches!(name, "eq" | "ne") {
            let other = shown.first().cloned().unwrap_or(Value::Unit);
            let equal = self.equal(&value, &other)?;
            return Ok(Value::Bool(equal == (name == "eq")));
        }
        if let Some(made) = self.of_numbers_by(&value, name, &shown)? {
            return Ok(made);
        }
        let keys: Vec<String> = shown.iter().map(super::same::key).collect();
        let key = format!("{}.{name}({})", super::same::key(&value), keys.join(","));
        match shown.iter().any(|it| matches!(it, Value::Sym(_))) {
            true => Ok(self.unknown.derived(key, shown.first())),
            // It is said, but not followed.
            false => Ok(self.unknown.untold(key)),
        }
    }

    /// What a method makes of one number, or of two.
    fn of_numbers_by(
        &mut self,
        value: &Value,
        name: &str,
        shown: &[Value],
    ) -> Result<Option<Value>> {
        if let (Value::Int(own, one), Some(Value::Int(other, two))) = (value, shown.first())
            && *own < i64::MAX
            && *other < i64::MAX
        {
            let width = if name == "pow" { *one } else { one.or(*two) };
            if let Some(made) = self.of_width(*own, *other, name, width) {
                return Ok(Some(made));
            }
            if let Some(made) = self.of_two_numbers(*own, *other, name)? {
                return Ok(Some(super::width::typed(made, width)));
            }
        }
        if let (Value::Int(own, width), []) = (value, shown)
            && let Some(made) = width.of_one(*own, name)
        {
            return Ok(Some(match made {
                Counted::Holds(holds) => Value::Bool(holds),
                Counted::Number(made, width) => self.fitting(made, width),
            }));
        }
        Ok(None)
    }

    /// What a method makes of two numbers of a type that is known.
    fn of_width(&mut self, own: i64, other: i64, name: &str, width: Width) -> Option<Value> {
        let (how, op) = name.split_once('_')?;
        let (left, right) = (i128::from(own), i128::from(other));
        let made = match op {
            "add" => left + right,
            "sub" => left - right,
            "mul" => left * right,
            "div" => left.checked_div(right)?,
            "rem" => left.checked_rem(right)?,
            "pow" => left.checked_pow(u32::try_from(other).ok()?)?,
            _ => return None,
        };
        let fits = width.has(made)?;
        Some(match how {
            "wrapping" => self.fitting(width.wrapped(made)?, width),
            "saturating" => self.fitting(width.saturated(made)?, width),
            "checked" if fits => Value::some(self.fitting(made, width)),
            "checked" => Value::none(),
            "overflowing" => {
                let low = self.fitting(width.wrapped(made)?, width);
                Value::Tuple(vec![low, Value::Bool(!fits)])
            }
            _ => return None,
        })
    }

    /// What a method makes of two numbers, where the width of their type makes no difference.
    fn of_two_numbers(&mut self, own: i64, other: i64, name: &str) -> Result<Option<Value>> {
        let op = match name {
            "saturating_sub" | "wrapping_sub" | "sub" => "sub",
            "saturating_add" | "wrapping_add" | "add" => "add",
            "saturating_mul" | "wrapping_mul" | "mul" => "mul",
            other => other,
        };
        let made = match op {
            // Nothing, if the type has no numbers below it.
            "sub" if name == "saturating_sub" && own >= 0 && own < other => {
                let signed = self.unknown.untold_anew();
                if self.truth(&signed)? { own.checked_sub(other) } else { Some(0) }
            }
            // How wide the type is decides where it ends.
            "sub" if own < 0 || other < 0 => None,
            "sub" => own.checked_sub(other).filter(|it| *it >= 0),
            "add" => own.checked_add(other).filter(|it| (0..=127).contains(it)),
            "mul" => own.checked_mul(other).filter(|it| (0..=127).contains(it)),
            "pow" => u32::try_from(other).ok().and_then(|by| own.checked_pow(by)),
            "min" => Some(own.min(other)),
            "max" => Some(own.max(other)),
            "abs_diff" => own.checked_sub(other).map(i64::abs),
            "div_ceil" if own >= 0 && other > 0 => Some((own + other - 1) / other),
            "rem_euclid" => own.checked_rem_euclid(other),
            "checked_div" => match own.checked_div(other) {
                Some(made) => return Ok(Some(Value::some(Value::number(made)))),
                None => return Ok(Some(Value::none())),
            },
            "checked_add" if (0..=127).contains(&own.saturating_add(other)) => {
                return Ok(Some(Value::some(Value::number(own + other))));
            }
            "checked_sub" if own >= other => {
                return Ok(Some(Value::some(Value::number(own - other))));
            }
            "checked_sub" => {
                let signed = self.unknown.untold_anew();
                return Ok(Some(match self.truth(&signed)? {
                    true => Value::some(Value::number(own - other)),
                    false => Value::none(),
                }));
            }
            "is_multiple_of" if other != 0 => return Ok(Some(Value::Bool(own % other == 0))),
            _ => None,
        };
        Ok(made.map(Value::number))
    }

    /// Methods that compare, and those of one number.
    fn compared_scalar(
        &mut self,
        value: &Value,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Option<Value>> {
        if matches!(name, "cmp" | "partial_cmp" | "total_cmp")
            && let Some(other) = args.first()
            && let Some(order) = self.order(value, &self.seen(other))?
        {
            let order = self.ordering(order);
            return Ok(Some(if name == "partial_cmp" { Value::some(order) } else { order }));
        }
        if let ("max" | "min", Some(other)) = (name, args.first())
            && let Some(order) = self.order(value, &self.seen(other))?
        {
            let other = one(args)?;
            return Ok(Some(match order.is_gt() == (name == "max") {
                true => value.clone(),
                false => other,
            }));
        }
        if let (
            Value::Int(own, _),
            "abs" | "unsigned_abs" | "is_positive" | "is_negative" | "signum",
            [],
        ) = (value, name, args.as_slice())
        {
            return Ok(Some(match name {
                "is_positive" => Value::Bool(*own > 0),
                "is_negative" => Value::Bool(*own < 0),
                "signum" => Value::number(own.signum()),
                _ => Value::number(own.saturating_abs()),
            }));
        }
        if let (Value::Int(own, _), Some(unit), []) = (value, unit_of(name), args.as_slice()) {
            return Ok(Some(Value::number(own / unit)));
        }
        if let (Value::Int(own, _), "clamp", [least, most]) = (value, name, args.as_slice())
            && let (Value::Int(least, _), Value::Int(most, _)) = (self.seen(least), self.seen(most))
        {
            return match least <= most {
                true => Ok(Some(Value::number(*own.max(&least).min(&most)))),
                false => Err(Stop::Panic),
            };
        }
        Ok(None)
    }
}

/// Nanoseconds of the unit in which a method tells a duration.
fn unit_of(name: &str) -> Option<i64> {
    Some(match name {
        "as_secs" => 1_000_000_000,
        "as_millis" => 1_000_000,
        "as_micros" => 1_000,
        "as_nanos" => 1,
        _ => return None,
    })
}

/// What a method that only bytes have makes of one.
fn of_byte(byte: u8, name: &str) -> Option<Value> {
    Some(match name {
        "is_ascii" => Value::Bool(byte.is_ascii()),
        "is_ascii_digit" => Value::Bool(byte.is_ascii_digit()),
        "is_ascii_alphabetic" => Value::Bool(byte.is_ascii_alphabetic()),
        "is_ascii_alphanumeric" => Value::Bool(byte.is_ascii_alphanumeric()),
        "is_ascii_uppercase" => Value::Bool(byte.is_ascii_uppercase()),
        "is_ascii_lowercase" => Value::Bool(byte.is_ascii_lowercase()),
        "is_ascii_whitespace" => Value::Bool(byte.is_ascii_whitespace()),
        "is_ascii_punctuation" => Value::Bool(byte.is_ascii_punctuation()),
        "to_ascii_uppercase" => Value::number(i64::from(byte.to_ascii_uppercase())),
        "to_ascii_lowercase" => Value::number(i64::from(byte.to_ascii_lowercase())),
        _ => return None,
    })
}
