//! Texts that are known, and what std makes of them. A character is a text as well.

use std::path::Path;

use super::machine::{Result, Run};
use super::value::{Maybe, Place, Value};
use super::width::Width;
use crate::facts::tree::Name;
use crate::model::{Ty, TyHead};

/// Characters of a text that is made, at most.
pub(super) const MAX_MADE: usize = 400;

/// A known text.
pub(super) fn text(said: impl AsRef<str>) -> Value {
    Value::Text(Name::from(said.as_ref()))
}

/// The bytes of a text.
pub(super) fn bytes(said: &str) -> Value {
    Value::list(said.bytes().map(byte).collect())
}

fn byte(it: u8) -> Value {
    Value::Int(i64::from(it), Width::known("u8"))
}

/// The text that bytes make, if they are known.
pub(super) fn of_bytes(value: &Value) -> Option<String> {
    let Value::Many(_, items) = value else { return None };
    let bytes = items.iter().map(|it| match it {
        Value::Int(number, _) => u8::try_from(*number).ok(),
        _ => None,
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

/// What separates or is looked for in a text.
enum Pattern {
    Said(String),
    Any(Vec<String>),
    Code(Value),
}

impl Run<'_> {
    /// A method of a known text; nothing where it is none that is followed.
    pub(super) fn text_method(
        &mut self,
        place: &Place,
        own: &Name,
        name: &str,
        args: &[Value],
        want: &Ty,
    ) -> Result<Option<Value>> {
        if let Some(made) = self.text_changed(place, own, name, args)? {
            return Ok(Some(made));
        }
        if args.is_empty() {
            return match name {
                "parse" => self.parsed(own, want),
                "pop" => self.popped(place, own).map(Some),
                _ => Ok(of_text(own, name)),
            };
        }
        self.text_searched(own, name, args)
    }

    /// Methods that change a text.
    fn text_changed(
        &mut self,
        place: &Place,
        own: &Name,
        name: &str,
        args: &[Value],
    ) -> Result<Option<Value>> {
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        let after = match (name, shown.as_slice()) {
            ("push_str" | "push" | "write_str" | "write_char", [Value::Text(more)]) => {
                format!("{own}{more}")
            }
            ("clear", []) => String::new(),
            ("truncate", [Value::Int(to, _)]) => match usize::try_from(*to) {
                Ok(to) => own.get(..to).unwrap_or(own).to_owned(),
                Err(_) => return Ok(None),
            },
            ("insert_str" | "insert", [Value::Int(at, _), Value::Text(more)]) => {
                let Ok(at) = usize::try_from(*at) else { return Ok(None) };
                match (own.get(..at), own.get(at..)) {
                    (Some(before), Some(rest)) => format!("{before}{more}{rest}"),
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        if after.len() > MAX_MADE {
            return Ok(None);
        }
        *self.get_mut(place)? = text(after);
        Ok(Some(if name.starts_with("write") { Value::ok(Value::Unit) } else { Value::Unit }))
    }

    fn popped(&mut self, place: &Place, own: &Name) -> Result<Value> {
        let mut left = own.to_string();
        let last = left.pop();
        *self.get_mut(place)? = text(left);
        Ok(Value::option(last.map(|it| text(it.to_string()))))
    }

    /// Methods that look for something in a text.
    fn text_searched(&mut self, own: &Name, name: &str, args: &[Value]) -> Result<Option<Value>> {
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        match (name, shown.as_slice()) {
            ("repeat", [Value::Int(times, _)]) => {
                let times = usize::try_from(*times).unwrap_or(usize::MAX);
                let fits = own.len().saturating_mul(times) <= MAX_MADE;
                return Ok(fits.then(|| text(own.repeat(times))));
            }
            ("split_at", [Value::Int(at, _)]) => {
                let parts = usize::try_from(*at).ok().and_then(|at| own.split_at_checked(at));
                return match parts {
                    Some((one, two)) => Ok(Some(Value::Tuple(vec![text(one), text(two)]))),
                    None => self.panic(self.unknown.taken),
                };
            }
            ("replace", [Value::Text(from), Value::Text(to)]) => {
                let made = own.replace(&**from, to);
                return Ok((made.len() <= MAX_MADE).then(|| text(made)));
            }
            ("eq_ignore_ascii_case", [Value::Text(other)]) => {
                return Ok(Some(Value::Bool(own.eq_ignore_ascii_case(other))));
            }
            ("splitn", [Value::Int(most, _), Value::Text(by)]) => {
                let most = usize::try_from(*most).unwrap_or(0);
                return Ok(Some(Value::iter(own.splitn(most, &**by).map(text))));
            }
            ("get", [Value::Iter(_)]) => {
                let part = self.text_part(own, shown[0].clone())?;
                return Ok(Some(Value::option(part)));
            }
            ("to_digit", [Value::Int(base @ 2..=36, _)]) => {
                let base = u32::try_from(*base).unwrap_or(10);
                let digit = own.chars().next().and_then(|it| it.to_digit(base));
                return Ok(Some(Value::option(digit.map(|it| Value::number(i64::from(it))))));
            }
            ("is_digit", [Value::Int(10, _)]) => {
                return Ok(Some(Value::Bool(own.chars().all(|it| it.is_ascii_digit()))));
            }
            _ => {}
        }
        let [_] = args else { return Ok(None) };
        let pattern = match &shown[0] {
            Value::Text(said) => Pattern::Said(said.to_string()),
            Value::Closure(_) | Value::Function(_) => Pattern::Code(args[0].clone()),
            Value::Many(_, all) => {
                let all = all.iter().map(|it| match it {
                    Value::Text(said) => Some(said.to_string()),
                    _ => None,
                });
                match all.collect() {
                    Some(all) => Pattern::Any(all),
                    None => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        if !SEARCHES.contains(&name) {
            return Ok(None);
        }
        if let Pattern::Said(said) = &pattern {
            let said = said.as_str();
            match name {
                "trim_start_matches" => return Ok(Some(text(own.trim_start_matches(said)))),
                "trim_end_matches" => return Ok(Some(text(own.trim_end_matches(said)))),
                "trim_matches" if said.chars().count() > 1 => return Ok(None),
                "rsplit" | "rsplit_once" | "rfind" if said.chars().count() > 1 => return Ok(None),
                _ => {}
            }
        }
        let found = self.found_in(own, &pattern)?;
        Ok(Some(searched(own, name, &found)))
    }

    /// Where a pattern is in a text: from and to, without overlaps.
    fn found_in(&mut self, own: &str, pattern: &Pattern) -> Result<Vec<(usize, usize)>> {
        let mut found = Vec::new();
        match pattern {
            Pattern::Said(said) => {
                found.extend(own.match_indices(said.as_str()).map(|(at, it)| (at, at + it.len())));
            }
            Pattern::Any(all) => {
                for (at, it) in own.char_indices() {
                    if all.contains(&it.to_string()) {
                        found.push((at, at + it.len_utf8()));
                    }
                }
            }
            Pattern::Code(code) => {
                let slot = self.slot(code.clone());
                for (at, it) in own.char_indices() {
                    let given = vec![text(it.to_string())];
                    let answer = self.call_value(Value::Ref(Place::slot(slot)), given)?;
                    if self.truth(&answer)? {
                        found.push((at, at + it.len_utf8()));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The part of a text that a range takes; nothing where it has no such part.
    pub(super) fn text_part(&mut self, own: &Name, range: Value) -> Result<Option<Value>> {
        let (from, to) = self.bounds(range, own.len())?;
        Ok(own.get(from..to).map(text))
    }

    /// `text.parse()`, by the type that is wanted.
    fn parsed(&mut self, own: &Name, want: &Ty) -> Result<Option<Value>> {
        let wanted = want.payload();
        if let Some(head @ TyHead::Item(..)) = wanted.head() {
            let from = self.model.methods_of(&head, "from_str").first().map(|it| it.item);
            return match from {
                Some(from) => {
                    let slot = self.slot(Value::Text(own.clone()));
                    let given = vec![Value::Ref(Place::slot(slot))];
                    self.call_function(from, None, given, None).map(Some)
                }
                None => Ok(None),
            };
        }
        let name = wanted.path().map(super::eval::last);
        let is_wide = own.len() > 18;
        if is_wide && name != Some("String") {
            return Ok(None);
        }
        let unsigned = name.is_some_and(|it| it.starts_with('u'));
        let number = own.parse::<i64>().ok().filter(|_| !(unsigned && own.starts_with('-')));
        let made = match name {
            Some("bool") => own.parse().ok().map(Value::Bool),
            Some("f64" | "f32") => own.parse().ok().map(Value::Float),
            Some("String") => Some(Value::Text(own.clone())),
            Some("char") => (own.chars().count() == 1).then(|| Value::Text(own.clone())),
            Some("u8") => number.filter(|it| u8::try_from(*it).is_ok()).map(Value::number),
            Some("i8") => number.filter(|it| i8::try_from(*it).is_ok()).map(Value::number),
            Some("u16") => number.filter(|it| u16::try_from(*it).is_ok()).map(Value::number),
            Some("i16") => number.filter(|it| i16::try_from(*it).is_ok()).map(Value::number),
            Some("u32") => number.filter(|it| u32::try_from(*it).is_ok()).map(Value::number),
            Some("i32") => number.filter(|it| i32::try_from(*it).is_ok()).map(Value::number),
            Some("usize" | "u64") => number.filter(|it| *it >= 0).map(Value::number),
            Some("isize" | "i64") => number.map(Value::number),
            // Some number: what it is made into decides whether it is one that is small enough.
            None => match number {
                // Whether its type has it is seen where that is known.
                Some(it) => Some(Value::number(it)),
                _ if own.starts_with(|it: char| it.is_ascii_alphabetic()) => None,
                _ => return Ok(None),
            },
            Some(_) => return Ok(None),
        };
        Ok(Some(match made {
            Some(value) => Value::ok(super::width::of_type(value, &wanted)),
            None => Value::Maybe(Maybe::Err, Some(Box::new(self.unknown.fresh()))),
        }))
    }

    /// What a format string makes of values, if all of that is known.
    pub(super) fn formatted(
        &self,
        format: &str,
        given: &[(Option<Name>, Value)],
    ) -> Option<String> {
        let mut made = String::new();
        let mut rest = format;
        let mut next = 0;
        while let Some(at) = rest.find(['{', '}']) {
            made.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if after.starts_with(brace) {
                made.push_str(brace);
                rest = &after[1..];
                continue;
            }
            let (hole, after) = after.split_once('}').filter(|_| brace == "{")?;
            let (hole, spec) = hole.split_once(':').unwrap_or((hole, ""));
            let value = match hole {
                "" => {
                    next += 1;
                    given.get(next - 1)?.1.clone()
                }
                _ if hole.bytes().all(|it| it.is_ascii_digit()) => {
                    given.get(hole.parse::<usize>().ok()?)?.1.clone()
                }
                _ => match given.iter().find(|(name, _)| name.as_deref() == Some(hole)) {
                    Some((_, value)) => value.clone(),
                    None => self.slots[self.variable(hole)?].clone(),
                },
            };
            let value = self.seen(&value);
            let shown = match &value {
                // A character, or a text of one; a number, or a duration.
                Value::Text(said) if spec.ends_with('?') && said.chars().count() != 1 => {
                    format!("{said:?}")
                }
                Value::Text(said) if !spec.ends_with('?') => said.to_string(),
                Value::Int(number, _) if !spec.ends_with('?') => number.to_string(),
                Value::Bool(it) => it.to_string(),
                Value::Float(it) if !spec.ends_with('?') => match spec.strip_prefix('.') {
                    Some(digits) => {
                        let digits = digits.parse::<usize>().ok().filter(|it| *it < 20)?;
                        made.push_str(&format!("{it:.digits$}"));
                        rest = after;
                        continue;
                    }
                    None => it.to_string(),
                },
                _ => return None,
            };
            let is_text = !matches!(value, Value::Int(..) | Value::Float(_));
            made.push_str(&padded(&shown, spec.trim_end_matches('?'), is_text)?);
            rest = after;
        }
        made.push_str(rest);
        (made.len() <= MAX_MADE).then_some(made)
    }
}

/// A text as wide as a format asks for; nothing for what is not followed.
fn padded(shown: &str, spec: &str, is_text: bool) -> Option<String> {
    let mut rest = spec;
    let mut align = if is_text { '<' } else { '>' };
    let mut fill = ' ';
    let is_align = |it: &char| matches!(it, '<' | '>' | '^');
    let mut chars = spec.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if is_align(&second) => {
            (fill, align) = (first, second);
            rest = chars.as_str();
        }
        (Some(first), _) if is_align(&first) => {
            align = first;
            rest = &spec[1..];
        }
        _ => {}
    }
    if rest.starts_with('0') && shown.starts_with('-') {
        return None;
    }
    if let (Some(after), false) = (rest.strip_prefix('0'), is_text) {
        (fill, align) = ('0', '>');
        rest = after;
    }
    if rest.bytes().any(|it| !it.is_ascii_digit()) {
        return None;
    }
    let width =
        if rest.is_empty() { 0 } else { rest.parse::<usize>().ok().filter(|it| *it < 100)? };
    let missing = width.saturating_sub(shown.chars().count());
    let before = match align {
        '<' => 0,
        '^' => missing / 2,
        _ => missing,
    };
    let pad = |count: usize| String::from(fill).repeat(count);
    Some(format!("{}{shown}{}", pad(before), pad(missing - before)))
}

/// Methods that look for a pattern.
const SEARCHES: &[&str] = &[
    "contains",
    "starts_with",
    "ends_with",
    "find",
    "rfind",
    "split",
    "rsplit",
    "split_terminator",
    "split_once",
    "rsplit_once",
    "strip_prefix",
    "strip_suffix",
    "matches",
    "trim_matches",
    "trim_start_matches",
    "trim_end_matches",
];

/// What a method makes of the places at which a pattern is found.
fn searched(own: &str, name: &str, found: &[(usize, usize)]) -> Value {
    let first = found.first().copied();
    let last = found.last().copied();
    let at_start = first.filter(|(from, _)| *from == 0);
    let at_end = last.filter(|(_, to)| *to == own.len());
    let pair =
        |(from, to): (usize, usize)| Value::Tuple(vec![text(&own[..from]), text(&own[to..])]);
    match name {
        "contains" => Value::Bool(first.is_some()),
        "starts_with" => Value::Bool(at_start.is_some()),
        "ends_with" => Value::Bool(at_end.is_some()),
        "find" => Value::option(first.map(|(from, _)| Value::int(from))),
        "rfind" => Value::option(last.map(|(from, _)| Value::int(from))),
        "split_once" => Value::option(first.map(pair)),
        "rsplit_once" => Value::option(last.map(pair)),
        "strip_prefix" => Value::option(at_start.map(|(_, to)| text(&own[to..]))),
        "strip_suffix" => Value::option(at_end.map(|(from, _)| text(&own[..from]))),
        "matches" => Value::iter(found.iter().map(|(from, to)| text(&own[*from..*to]))),
        "trim_matches" | "trim_start_matches" | "trim_end_matches" => {
            let (mut from, mut to) = (0, own.len());
            if name != "trim_end_matches" {
                found.iter().for_each(|part| from = if part.0 == from { part.1 } else { from });
            }
            if name != "trim_start_matches" {
                found.iter().rev().for_each(|part| to = if part.1 == to { part.0 } else { to });
            }
            text(own.get(from..to).unwrap_or_default())
        }
        _ => {
            let mut parts = Vec::new();
            let mut from = 0;
            for part in found {
                parts.push(text(&own[from..part.0]));
                from = part.1;
            }
            if name != "split_terminator" || from < own.len() {
                parts.push(text(&own[from..]));
            }
            if name == "rsplit" {
                parts.reverse();
            }
            Value::iter(parts)
        }
    }
}

/// What a method without arguments makes of a text.
fn of_text(own: &str, name: &str) -> Option<Value> {
    let all = |holds: fn(char) -> bool| Value::Bool(own.chars().all(holds));
    Some(match name {
        "len" | "len_utf8" => Value::int(own.len()),
        "is_empty" => Value::Bool(own.is_empty()),
        "to_uppercase" => text(own.to_uppercase()),
        "to_lowercase" => text(own.to_lowercase()),
        "to_ascii_uppercase" => text(own.to_ascii_uppercase()),
        "to_ascii_lowercase" => text(own.to_ascii_lowercase()),
        "trim" => text(own.trim()),
        "trim_start" => text(own.trim_start()),
        "trim_end" => text(own.trim_end()),
        "chars" => Value::iter(own.chars().map(|it| text(it.to_string()))),
        "bytes" => Value::iter(own.bytes().map(byte)),
        "as_bytes" | "into_bytes" => bytes(own),
        "char_indices" => {
            let parts = own.char_indices();
            Value::iter(
                parts.map(|(at, it)| Value::Tuple(vec![Value::int(at), text(it.to_string())])),
            )
        }
        "lines" => Value::iter(own.lines().map(text)),
        "split_whitespace" | "split_ascii_whitespace" => {
            Value::iter(own.split_whitespace().map(text))
        }
        "as_path" | "to_path_buf" | "to_string_lossy" | "display" | "as_os_str" | "into_owned"
        | "into_string" | "to_vec" => text(own),
        "to_str" => Value::some(text(own)),
        "extension" => {
            Value::option(Path::new(own).extension().map(|it| text(it.to_string_lossy())))
        }
        "file_name" => {
            Value::option(Path::new(own).file_name().map(|it| text(it.to_string_lossy())))
        }
        "file_stem" => {
            Value::option(Path::new(own).file_stem().map(|it| text(it.to_string_lossy())))
        }
        "parent" => Value::option(Path::new(own).parent().map(|it| text(it.to_string_lossy()))),
        "is_alphabetic" => all(char::is_alphabetic),
        "is_numeric" => all(char::is_numeric),
        "is_alphanumeric" => all(char::is_alphanumeric),
        "is_whitespace" => all(char::is_whitespace),
        "is_uppercase" => all(char::is_uppercase),
        "is_lowercase" => all(char::is_lowercase),
        "is_ascii_digit" => all(|it| it.is_ascii_digit()),
        "is_ascii_alphabetic" => all(|it| it.is_ascii_alphabetic()),
        "is_ascii_alphanumeric" => all(|it| it.is_ascii_alphanumeric()),
        "is_ascii_uppercase" => all(|it| it.is_ascii_uppercase()),
        "is_ascii_lowercase" => all(|it| it.is_ascii_lowercase()),
        "is_ascii" => Value::Bool(own.is_ascii()),
        _ => return None,
    })
}
