//! Methods of `Option` and `Result`.

use super::machine::{Result, Run, unknown};
use super::many::one;
use super::value::{Maybe, Place, Step, Value};
use crate::model::Ty;

/// Methods that are followed.
pub(super) const METHODS: &[&str] = &[
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "is_some_and",
    "is_none_or",
    "is_ok_and",
    "is_err_and",
    "as_ref",
    "as_mut",
    "as_deref",
    "as_deref_mut",
    "iter",
    "iter_mut",
    "into_iter",
    "take",
    "take_if",
    "replace",
    "insert",
    "get_or_insert_with",
    "get_or_insert",
    "unwrap",
    "expect",
    "unwrap_err",
    "expect_err",
    "unwrap_or",
    "unwrap_or_default",
    "unwrap_or_else",
    "ok",
    "err",
    "ok_or",
    "ok_or_else",
    "map",
    "map_err",
    "map_or",
    "map_or_else",
    "and",
    "and_then",
    "or",
    "or_else",
    "xor",
    "filter",
    "flatten",
    "transpose",
    "zip",
    "unzip",
    "inspect",
    "inspect_err",
    "cloned",
    "copied",
    "clone",
    "eq",
    "ne",
    "as_slice",
    "get_or_insert_default",
    "is_break",
    "is_continue",
    "break_value",
    "continue_value",
    "map_break",
    "map_continue",
];

/// Those that only one of the two has, and that tell which an unknown value is.
const OF_RESULT: &[&str] = &[
    "is_ok",
    "is_err",
    "is_ok_and",
    "is_err_and",
    "ok",
    "err",
    "map_err",
    "unwrap_err",
    "expect_err",
    "inspect_err",
];

/// What a method of std gives, if it is an `Option` or a `Result`, by its good variant.
pub(super) fn given_by(name: &str) -> Option<Maybe> {
    match name {
        "parse" | "send" | "recv" | "read_line" | "read_to_string" | "read_to_end"
        | "read_exact" | "write_all" | "flush" | "connect" | "bind" | "accept" | "open"
        | "create" | "from_str" | "try_from" | "try_into" | "var" | "spawn" | "output"
        | "status" | "wait" | "try_wait" | "metadata" | "from_utf8" | "set_nonblocking"
        | "local_addr" | "peer_addr" | "duration_since" | "canonicalize" | "elapsed_since" => {
            Some(Maybe::Ok)
        }
        "next"
        | "nth"
        | "get"
        | "first"
        | "last"
        | "find"
        | "rfind"
        | "strip_prefix"
        | "strip_suffix"
        | "split_once"
        | "rsplit_once"
        | "checked_add"
        | "checked_sub"
        | "checked_mul"
        | "checked_div"
        | "to_digit"
        | "pop"
        | "file_name"
        | "extension"
        | "file_stem"
        | "to_str"
        | "name"
        | "position"
        | "max"
        | "min"
        | "checked_duration_since"
        | "ok" => Some(Maybe::Some),
        _ => None,
    }
}

impl Run<'_> {
    pub(super) fn maybe_method(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        let good = match self.get(place)? {
            Value::Maybe(is, _) => is.good(),
            Value::Sym(id) => match self.unknown.good(*id) {
                Some(good) => good,
                None if OF_RESULT.contains(&name) => Maybe::Ok,
                None => Maybe::Some,
            },
            _ => Maybe::Some,
        };
        let before = self.unknown.taken;
        let Some(is) = self.maybe_at(place, good)? else { return unknown("no `Option`") };
        let inner = place.then(Step::Inner);
        let has = is.is_good();
        match name {
            "unwrap" | "expect" if !has => return self.panic(before),
            "unwrap_err" | "expect_err" if has => return self.panic(before),
            _ => {}
        }
        Ok(match name {
            "transpose" => {
                let value = self.take(place)?;
                transposed(value)?
            }
            "is_some" | "is_ok" => Value::Bool(has),
            "is_none" | "is_err" => Value::Bool(!has),
            "is_continue" => Value::Bool(has),
            "is_break" => Value::Bool(!has),
            "as_slice" => {
                let all = self.borrowed(place)?;
                Value::list(self.drained(all)?)
            }
            "is_some_and" | "is_ok_and" | "is_none_or" | "is_err_and" => {
                let code = one(args)?;
                let other = Value::Bool(name == "is_none_or");
                if has == (name == "is_err_and") {
                    self.drop_at(place)?;
                    return Ok(other);
                }
                let value = self.take_inner(place)?;
                self.call_value(code, vec![value])?
            }
            "as_ref" | "as_mut" | "as_deref" | "as_deref_mut" => match is {
                Maybe::None => Value::none(),
                _ => Value::Maybe(is, Some(Box::new(Value::Ref(inner)))),
            },
            "iter" | "iter_mut" => self.borrowed(place)?,
            "into_iter" => {
                let value = self.take(place)?;
                self.iterated(value)?
            }
            _ => return self.maybe_changed(place, name, args, (is, want)),
        })
    }

    /// Methods that change it, or take out what is in it.
    fn maybe_changed(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        (is, want): (Maybe, &Ty),
    ) -> Result<Value> {
        let (inner, has) = (place.then(Step::Inner), is.is_good());
        Ok(match name {
            "take" => std::mem::replace(self.get_mut(place)?, Value::none()),
            "take_if" => {
                let code = one(args)?;
                if !has {
                    return Ok(Value::none());
                }
                let answer = self.call_value(code, vec![Value::Ref(inner)])?;
                match self.truth(&answer)? {
                    true => std::mem::replace(self.get_mut(place)?, Value::none()),
                    false => Value::none(),
                }
            }
            "replace" => {
                let value = Value::some(one(args)?);
                std::mem::replace(self.get_mut(place)?, value)
            }
            "insert" => {
                let value = Value::some(one(args)?);
                self.put(place, value)?;
                Value::Ref(inner)
            }
            "get_or_insert_default" => {
                if !has {
                    let made = self.default_of(want)?;
                    *self.get_mut(place)? = Value::some(made);
                }
                Value::Ref(inner)
            }
            "get_or_insert_with" | "get_or_insert" => {
                let made = one(args)?;
                match (has, name) {
                    (true, _) => self.discard(made, "dropped as it is not needed")?,
                    (false, "get_or_insert") => *self.get_mut(place)? = Value::some(made),
                    (false, _) => {
                        let made = self.call_value(made, Vec::new())?;
                        *self.get_mut(place)? = Value::some(made);
                    }
                }
                Value::Ref(inner)
            }
            "unwrap" | "expect" | "unwrap_err" | "expect_err" => self.take_inner(place)?,
            "unwrap_or" | "unwrap_or_else" | "unwrap_or_default" if has => {
                let value = self.take_inner(place)?;
                self.discard_all(std::mem::take(args), "dropped as it is not needed")?;
                value
            }
            "unwrap_or" => {
                self.drop_at(place)?;
                one(args)?
            }
            "unwrap_or_else" => {
                let code = one(args)?;
                let given =
                    if is == Maybe::Err { vec![self.take_inner(place)?] } else { Vec::new() };
                self.call_value(code, given)?
            }
            "unwrap_or_default" => {
                self.drop_at(place)?;
                match want {
                    // Most often a collection; there is nothing in it, nor in a number.
                    Ty::Unknown => Self::empty(super::value::Kind::Open),
                    _ => self.default_of(want)?,
                }
            }
            _ => return self.maybe_made(place, name, args, is),
        })
    }

    /// Methods that make another `Option` or `Result`.
    fn maybe_made(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        is: Maybe,
    ) -> Result<Value> {
        let has = is.is_good();
        let wrapped = |value: Value| Value::Maybe(is, Some(Box::new(value)));
        let code = if args.is_empty() { Value::Unit } else { args.remove(0) };
        Ok(match (name, has) {
            ("ok" | "continue_value", true) | ("err" | "break_value", false) => {
                Value::some(self.take_inner(place)?)
            }
            ("ok" | "err" | "continue_value" | "break_value", _) => {
                self.drop_at(place)?;
                Value::none()
            }
            ("ok_or" | "ok_or_else", true) => {
                self.discard(code, "dropped as it is not needed")?;
                Value::ok(self.take_inner(place)?)
            }
            ("ok_or", false) => Value::err(code),
            ("ok_or_else", false) => Value::err(self.call_value(code, Vec::new())?),
            ("map" | "map_continue", true) | ("map_err" | "map_break", false) => {
                let value = self.take_inner(place)?;
                if is == Maybe::None {
                    return Ok(Value::none());
                }
                wrapped(self.call_value(code, vec![value])?)
            }
            ("inspect", true) | ("inspect_err", false) => {
                self.call_value(code, vec![Value::Ref(place.then(Step::Inner))])?;
                self.take(place)?
            }
            ("map_continue" | "map_break", _) => {
                self.discard(code, "dropped as it is not needed")?;
                self.take(place)?
            }
            (
                "map" | "map_err" | "and_then" | "inspect" | "inspect_err" | "filter" | "flatten",
                _,
            ) if name == "map_err" || name == "inspect_err" || !has => {
                self.discard(code, "dropped as it is not needed")?;
                self.take(place)?
            }
            ("and_then", true) => {
                let value = self.take_inner(place)?;
                self.call_value(code, vec![value])?
            }
            _ => return self.maybe_chosen(place, name, args, (code, is)),
        })
    }

    /// Methods that take one thing or another.
    fn maybe_chosen(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        (code, is): (Value, Maybe),
    ) -> Result<Value> {
        let has = is.is_good();
        Ok(match (name, has) {
            ("map_or" | "map_or_else", _) => {
                let then = if args.is_empty() {
                    return unknown("a missing argument");
                } else {
                    args.remove(0)
                };
                match has {
                    true => {
                        let value = self.take_inner(place)?;
                        self.discard(code, "dropped as it is not needed")?;
                        self.call_value(then, vec![value])?
                    }
                    false if name == "map_or" => {
                        self.drop_at(place)?;
                        code
                    }
                    false => {
                        let given = if is == Maybe::Err {
                            vec![self.take_inner(place)?]
                        } else {
                            Vec::new()
                        };
                        self.call_value(code, given)?
                    }
                }
            }
            ("and", true) | ("or", false) => {
                self.drop_at(place)?;
                code
            }
            ("or_else", false) => {
                let given =
                    if is == Maybe::Err { vec![self.take_inner(place)?] } else { Vec::new() };
                self.call_value(code, given)?
            }
            ("and", false) | ("or" | "or_else", true) => {
                self.discard(code, "dropped as it is not needed")?;
                self.take(place)?
            }
            _ => return self.maybe_two(place, name, code, is),
        })
    }

    /// Methods of two of them, and those that may drop what is in one.
    fn maybe_two(&mut self, place: &Place, name: &str, code: Value, is: Maybe) -> Result<Value> {
        let has = is.is_good();
        Ok(match (name, has) {
            ("filter", true) => {
                let answer = self.call_value(code, vec![Value::Ref(place.then(Step::Inner))])?;
                match self.truth(&answer)? {
                    true => self.take(place)?,
                    false => {
                        let value = self.take(place)?;
                        self.discard(value, "`filter` drops it")?;
                        Value::none()
                    }
                }
            }
            ("flatten", true) => self.take_inner(place)?,
            ("zip", _) => {
                let slot = self.slot(code);
                let other = Place::slot(slot);
                let both = has && self.maybe_at(&other, Maybe::Some)? == Some(Maybe::Some);
                if both {
                    let (one, two) = (self.take_inner(place)?, self.take_inner(&other)?);
                    return Ok(Value::some(Value::Tuple(vec![one, two])));
                }
                self.drop_at(place)?;
                self.drop_at(&other)?;
                Value::none()
            }
            ("unzip", _) => match has {
                true => {
                    let Value::Tuple(mut parts) = self.take_whole(&place.then(Step::Inner))? else {
                        return unknown("no pair");
                    };
                    let (second, first) = (parts.pop(), parts.pop());
                    Value::Tuple(vec![Value::option(first), Value::option(second)])
                }
                false => Value::Tuple(vec![Value::none(), Value::none()]),
            },
            ("xor", _) => {
                let slot = self.slot(code);
                let other = Place::slot(slot);
                let second = self.maybe_at(&other, Maybe::Some)? == Some(Maybe::Some);
                match (has, second) {
                    (true, false) => self.take(place)?,
                    (false, true) => self.take(&other)?,
                    _ => {
                        self.drop_at(place)?;
                        self.drop_at(&other)?;
                        Value::none()
                    }
                }
            }
            ("cloned" | "copied" | "clone", _) => {
                let value = self.get(place)?.clone();
                self.copied(&value)?
            }
            ("eq" | "ne", _) => {
                let equal = self.equal(&Value::Ref(place.clone()), &code)?;
                Value::Bool(equal == (name == "eq"))
            }
            _ => return unknown(&format!("`{name}` of an `Option`")),
        })
    }

    /// What is in an `Option` or `Result`, taken out of it.
    fn take_inner(&mut self, place: &Place) -> Result<Value> {
        match self.get(place)? {
            Value::Maybe(Maybe::None, _) => Ok(Value::Unit),
            _ => self.take(&place.then(Step::Inner)),
        }
    }

    /// Drops what a method takes and does not need.
    pub(super) fn drop_at(&mut self, place: &Place) -> Result<()> {
        let value = self.take(place)?;
        self.discard(value, "dropped by a method that does not need it")
    }
}

/// An `Option` of a `Result` as a `Result` of an `Option`, and the other way round.
fn transposed(value: Value) -> Result<Value> {
    let Value::Maybe(outer, inner) = value else { return unknown("`transpose`") };
    Ok(match (outer, inner.map(|it| *it)) {
        (Maybe::None, _) => Value::ok(Value::none()),
        (Maybe::Err, Some(error)) => Value::some(Value::err(error)),
        (_, Some(Value::Maybe(Maybe::None, _))) => Value::none(),
        (_, Some(Value::Maybe(Maybe::Err, Some(error)))) => Value::err(*error),
        (Maybe::Some, Some(Value::Maybe(Maybe::Ok, Some(it)))) => Value::ok(Value::some(*it)),
        (Maybe::Ok, Some(Value::Maybe(Maybe::Some, Some(it)))) => Value::some(Value::ok(*it)),
        _ => return unknown("`transpose`"),
    })
}
