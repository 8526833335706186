//! Methods of numbers, texts and `bool`s.

use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::number::{self, Made, Typed};
use super::text::text;
use super::value::{Place, Value};
use super::width::Width;
use crate::model::Ty;

/// Methods that change the text that they are called on, where they are not computed.
const CHANGES_TEXT: &[&str] = &[
    "push",
    "push_str",
    "write_str",
    "write_char",
    "write_fmt",
    "pad",
    "pad_integral",
    "debug_struct",
    "debug_tuple",
    "debug_list",
    "debug_set",
    "debug_map",
    "insert",
    "insert_str",
    "truncate",
    "clear",
    "remove",
    "replace_range",
    "split_off",
    "drain",
    "retain",
    "extend",
    "extend_from_within",
    "clone_from",
    "get_mut",
    "split_at_mut",
    "split_at_mut_checked",
    "as_bytes_mut",
    "as_mut_str",
    "as_mut_vec",
    "extract_if",
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
        if let Some(made) = self.said_or_assigned(place, &value, name, args)? {
            return Ok(made);
        }
        if let Some(made) = self.byte_method(place, &value, name, args)? {
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

    /// Methods that write a value out, or put another one in its place.
    fn said_or_assigned(
        &mut self,
        place: &Place,
        value: &Value,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Option<Value>> {
        if let (Value::Int(number, _), "to_string") = (value, name) {
            return Ok(Some(text(number.to_string())));
        }
        if name == "fmt" {
            let to = one(args)?;
            // By which of its traits, the imports say.
            let is_same = matches!(value, Value::Int(..) | Value::Bool(_));
            let of = if is_same { "Display" } else { "Debug" };
            return self.said_to(value, &to, of).map(Some);
        }
        if name == "capacity" {
            return Ok(Some(self.unknown.untold_anew()));
        }
        if name == "clone_from" {
            let other = one(args)?;
            *self.get_mut(place)? = self.seen(&other);
            return Ok(Some(Value::Unit));
        }
        Ok(None)
    }

    /// A method that only bytes have.
    fn byte_method(
        &mut self,
        place: &Place,
        value: &Value,
        name: &str,
        args: &[Value],
    ) -> Result<Option<Value>> {
        let Value::Int(number, _) = value else { return Ok(None) };
        let Ok(byte) = u8::try_from(*number) else { return Ok(None) };
        let made = match name {
            "make_ascii_uppercase" => byte.to_ascii_uppercase(),
            "make_ascii_lowercase" => byte.to_ascii_lowercase(),
            "eq_ignore_ascii_case" => {
                return Ok(match args.first().map(|it| self.seen(it)) {
                    Some(Value::Int(other, _)) => u8::try_from(other)
                        .ok()
                        .map(|other| Value::Bool(byte.eq_ignore_ascii_case(&other))),
                    _ => None,
                });
            }
            _ => return Ok(of_byte(byte, name)),
        };
        *self.get_mut(place)? = super::text::byte(made);
        Ok(Some(Value::Unit))
    }

    /// What a method makes of numbers.
    fn of_numbers_by(
        &mut self,
        value: &Value,
        name: &str,
        shown: &[Value],
    ) -> Result<Option<Value>> {
        let number = |it: &Value| match it {
            // It stands for more than it says.
            Value::Int(number, width) if *number < i128::MAX => Some((*number, *width)),
            _ => None,
        };
        let Some(own) = number(value) else { return Ok(None) };
        if let ((own, Width::Time), [Value::Float(by)]) = (own, shown)
            && let Some(made) = number::time_by(own, name, *by)
        {
            return self.made_of_number(made).map(Some);
        }
        let Some(args) = shown.iter().map(number).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        match number::method(own, name, &args) {
            Some(made) => self.made_of_number(made).map(Some),
            None => self.by_sign(own, name, &args),
        }
    }

    /// What is made of a number, as a value.
    pub(super) fn made_of_number(&mut self, made: Made) -> Result<Value> {
        Ok(match made {
            Made::Holds(holds) => Value::Bool(holds),
            Made::Number(number, width) => self.fitting(number, width),
            Made::Float(number) => Value::Float(number),
            Made::Maybe(None) => Value::none(),
            Made::Maybe(Some((number, width))) => Value::some(self.fitting(number, width)),
            Made::Cut(number, width, is_cut) => {
                Value::Tuple(vec![self.fitting(number, width), Value::Bool(is_cut)])
            }
            Made::Bytes(bytes) => Value::list(bytes.into_iter().map(super::text::byte).collect()),
            Made::Panic => return Err(Stop::Panic),
            Made::Overflow => {
                self.overflows();
                self.unknown.untold_anew()
            }
        })
    }

    /// What depends only on whether a number of a type that nobody has written may be below nothing.
    fn by_sign(&mut self, own: Typed, name: &str, args: &[Typed]) -> Result<Option<Value>> {
        let ("saturating_sub" | "checked_sub", [(other, Width::Open)], Width::Open) =
            (name, args, own.1)
        else {
            return Ok(None);
        };
        let signed = self.unknown.untold_anew();
        let is_signed = self.truth(&signed)?;
        let below = own.0.checked_sub(*other).filter(|it| is_signed || *it >= 0);
        Ok(Some(match below {
            Some(made) if name == "checked_sub" => Value::some(Value::number(made)),
            Some(made) => Value::number(made),
            None if name == "checked_sub" => Value::none(),
            None => Value::number(0),
        }))
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
        Ok(None)
    }
}

/// What a method that only bytes have makes of one.
fn of_byte(byte: u8, name: &str) -> Option<Value> {
    Some(match name {
        "is_ascii" => Value::Bool(byte.is_ascii()),
        "is_ascii_digit" => Value::Bool(byte.is_ascii_digit()),
        "is_ascii_hexdigit" => Value::Bool(byte.is_ascii_hexdigit()),
        "is_ascii_alphabetic" => Value::Bool(byte.is_ascii_alphabetic()),
        "is_ascii_alphanumeric" => Value::Bool(byte.is_ascii_alphanumeric()),
        "is_ascii_uppercase" => Value::Bool(byte.is_ascii_uppercase()),
        "is_ascii_lowercase" => Value::Bool(byte.is_ascii_lowercase()),
        "is_ascii_whitespace" => Value::Bool(byte.is_ascii_whitespace()),
        "is_ascii_punctuation" => Value::Bool(byte.is_ascii_punctuation()),
        "is_ascii_graphic" => Value::Bool(byte.is_ascii_graphic()),
        "is_ascii_control" => Value::Bool(byte.is_ascii_control()),
        "to_ascii_uppercase" => super::text::byte(byte.to_ascii_uppercase()),
        "to_ascii_lowercase" => super::text::byte(byte.to_ascii_lowercase()),
        _ => return None,
    })
}
