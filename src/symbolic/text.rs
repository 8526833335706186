//! Texts that are known, and what std makes of them. A character is a text as well.

use std::path::Path;

use super::machine::{Result, Run, Stop};
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

/// A byte.
pub(super) fn byte(it: u8) -> Value {
    Value::Int(i128::from(it), Width::known("u8"))
}

/// Bytes, if they are known.
pub(super) fn known_bytes(value: &Value) -> Option<Vec<u8>> {
    let Value::Many(_, items) = value else { return None };
    let bytes = items.iter().map(|it| match it {
        Value::Int(number, _) => u8::try_from(*number).ok(),
        _ => None,
    });
    bytes.collect()
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
                _ => Ok(of_text(own, name)),
            };
        }
        self.text_searched(own, name, args)
    }

    /// Methods that look for something in a text.
    fn text_searched(&mut self, own: &Name, name: &str, args: &[Value]) -> Result<Option<Value>> {
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        if let Some(made) = self.text_cut_at(own, name, &shown)? {
            return Ok(Some(made));
        }
        // How many parts or changes there are at most comes first, or last.
        let (searched_for, most) = match (name, shown.as_slice()) {
            ("splitn" | "rsplitn", [Value::Int(most, _), _]) => (1, Some(*most)),
            ("replacen", [_, _, Value::Int(most, _)]) => (0, Some(*most)),
            ("replace", [_, _]) | (_, [_]) => (0, None),
            _ => return Ok(None),
        };
        let pattern = match &shown[searched_for] {
            Value::Text(said) => Pattern::Said(said.to_string()),
            Value::Closure(_) | Value::Function(_) => Pattern::Code(args[searched_for].clone()),
            Value::Many(_, all) => {
                let all = all.iter().map(|it| match self.seen(it) {
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
        let from_end = match name {
            "ends_with" | "strip_suffix" | "trim_end_matches" | "trim_right_matches" => true,
            _ => name.starts_with('r') && !name.starts_with("replace"),
        };
        let mut found = self.found_in(own, &pattern, from_end)?;
        if let Some(most) = most {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let cuts = if name == "replacen" { most } else { most.saturating_sub(1) };
            if from_end {
                found.drain(..found.len().saturating_sub(cuts));
            } else {
                found.truncate(cuts);
            }
            if most == 0 && name != "replacen" {
                return Ok(Some(Value::iter([])));
            }
        }
        if name.starts_with("replace") {
            let Value::Text(to) = &shown[1] else { return Ok(None) };
            let mut made = String::new();
            let mut from = 0;
            for part in &found {
                made.push_str(&own[from..part.0]);
                made.push_str(to);
                from = part.1;
            }
            made.push_str(&own[from..]);
            return Ok((made.len() <= MAX_MADE).then(|| text(made)));
        }
        Ok(Some(searched(own, name, &found)))
    }

    /// Methods that are told a position, a number, or another text.
    fn text_cut_at(&mut self, own: &Name, name: &str, shown: &[Value]) -> Result<Option<Value>> {
        Ok(match (name, shown) {
            ("repeat", [Value::Int(times, _)]) => {
                let times = usize::try_from(*times).unwrap_or(usize::MAX);
                let fits = own.len().saturating_mul(times) <= MAX_MADE;
                fits.then(|| text(own.repeat(times)))
            }
            ("split_at", [Value::Int(at, _)]) => {
                let parts = usize::try_from(*at).ok().and_then(|at| own.split_at_checked(at));
                match parts {
                    Some((one, two)) => Some(Value::Tuple(vec![text(one), text(two)])),
                    None => return self.panic(self.unknown.taken),
                }
            }
            ("eq_ignore_ascii_case", [Value::Text(other)]) => {
                Some(Value::Bool(own.eq_ignore_ascii_case(other)))
            }
            ("split_at_checked", [Value::Int(at, _)]) => {
                let parts = usize::try_from(*at).ok().and_then(|at| own.split_at_checked(at));
                let parts = parts.map(|(one, two)| Value::Tuple(vec![text(one), text(two)]));
                Some(Value::option(parts))
            }
            ("is_char_boundary", [Value::Int(at, _)]) => {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                Some(Value::Bool(own.is_char_boundary(at)))
            }
            ("get", [Value::Iter(_)]) => {
                let (from, to) = match self.bounds(shown[0].clone(), own.len()) {
                    Err(Stop::Panic) => return Ok(Some(Value::none())),
                    found => found?,
                };
                Some(Value::option(own.get(from..to).map(text)))
            }
            ("to_digit", [Value::Int(base @ 2..=36, _)]) => {
                let base = u32::try_from(*base).unwrap_or(10);
                let digit = own.chars().next().and_then(|it| it.to_digit(base));
                Some(Value::option(digit.map(|it| Value::number(i128::from(it)))))
            }
            ("is_digit", [Value::Int(base @ 2..=36, _)]) => {
                let base = u32::try_from(*base).unwrap_or(10);
                Some(Value::Bool(own.chars().all(|it| it.is_digit(base))))
            }
            _ => None,
        })
    }

    /// Where a pattern is in a text: from and to, without overlaps, as they are found from its end or its beginning.
    fn found_in(
        &mut self,
        own: &str,
        pattern: &Pattern,
        from_end: bool,
    ) -> Result<Vec<(usize, usize)>> {
        let mut found = Vec::new();
        match pattern {
            Pattern::Said(said) if from_end => {
                found.extend(own.rmatch_indices(said.as_str()).map(|(at, it)| (at, at + it.len())));
                found.reverse();
            }
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
    pub(super) fn parsed(&mut self, own: &Name, want: &Ty) -> Result<Option<Value>> {
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
        let is_wide = own.len() > 36;
        if is_wide && name != Some("String") {
            return Ok(None);
        }
        let number = own.parse::<i128>().ok();
        let made = match name {
            Some("bool") => own.parse().ok().map(Value::Bool),
            Some("f64" | "f32") => own.parse().ok().map(Value::Float),
            Some("String") => Some(Value::Text(own.clone())),
            Some("char") => (own.chars().count() == 1).then(|| Value::Text(own.clone())),
            Some(it) if super::library::limits(it).is_some() => {
                let width = Width::known(it);
                let is_below = !width.is_signed() && own.starts_with('-');
                let number = number.filter(|it| width.has(*it) == Some(true) && !is_below);
                number.map(|it| Value::Int(it, width))
            }
            // Some number: what it is made into decides whether it is one that is small enough.
            None => match number {
                // Whether its type has it is seen where that is known.
                Some(it) => Some(Value::number(it)),
                // It may be a text, a character or a fraction as well.
                _ if matches!(&**own, "true" | "false" | "inf" | "nan" | "NaN" | "infinity") => {
                    return Ok(None);
                }
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
    "splitn",
    "rsplitn",
    "split_terminator",
    "rsplit_terminator",
    "split_inclusive",
    "split_once",
    "rsplit_once",
    "strip_prefix",
    "strip_suffix",
    "matches",
    "rmatches",
    "match_indices",
    "rmatch_indices",
    "trim_matches",
    "trim_start_matches",
    "trim_end_matches",
    "trim_left_matches",
    "trim_right_matches",
    "replace",
    "replacen",
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
        "rmatches" => Value::iter(found.iter().rev().map(|(from, to)| text(&own[*from..*to]))),
        "match_indices" | "rmatch_indices" => {
            let part = |(from, to): &(usize, usize)| {
                Value::Tuple(vec![Value::int(*from), text(&own[*from..*to])])
            };
            match name {
                "match_indices" => Value::iter(found.iter().map(part)),
                _ => Value::iter(found.iter().rev().map(part)),
            }
        }
        _ if name.starts_with("trim") => {
            let (mut from, mut to) = (0, own.len());
            if !matches!(name, "trim_end_matches" | "trim_right_matches") {
                found.iter().for_each(|part| from = if part.0 == from { part.1 } else { from });
            }
            if !matches!(name, "trim_start_matches" | "trim_left_matches") {
                found.iter().rev().for_each(|part| to = if part.1 == to { part.0 } else { to });
            }
            text(own.get(from..to).unwrap_or_default())
        }
        _ => split_at(own, name, found),
    }
}

/// The parts of a text between the places at which a pattern is found.
fn split_at(own: &str, name: &str, found: &[(usize, usize)]) -> Value {
    let mut parts = Vec::new();
    let mut from = 0;
    for part in found {
        let to = if name == "split_inclusive" { part.1 } else { part.0 };
        parts.push(text(&own[from..to]));
        from = part.1;
    }
    let leaves_empty = name.ends_with("terminator") || name == "split_inclusive";
    if !leaves_empty || from < own.len() {
        parts.push(text(&own[from..]));
    }
    if name.starts_with("rsplit") {
        parts.reverse();
    }
    Value::iter(parts)
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
        "trim_start" | "trim_left" => text(own.trim_start()),
        "trim_end" | "trim_right" => text(own.trim_end()),
        "trim_ascii" => text(own.trim_ascii()),
        "trim_ascii_start" => text(own.trim_ascii_start()),
        "trim_ascii_end" => text(own.trim_ascii_end()),
        "escape_debug" => text(own.escape_debug().to_string()),
        "escape_default" => text(own.escape_default().to_string()),
        "escape_unicode" => text(own.escape_unicode().to_string()),
        "len_utf16" => Value::int(own.encode_utf16().count()),
        "into_boxed_str" => text(own),
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
        "is_control" => all(char::is_control),
        "is_ascii_hexdigit" => all(|it| it.is_ascii_hexdigit()),
        "is_ascii_punctuation" => all(|it| it.is_ascii_punctuation()),
        "is_ascii_graphic" => all(|it| it.is_ascii_graphic()),
        "is_ascii_whitespace" => all(|it| it.is_ascii_whitespace()),
        "is_ascii_control" => all(|it| it.is_ascii_control()),
        "is_ascii_digit" => all(|it| it.is_ascii_digit()),
        "is_ascii_alphabetic" => all(|it| it.is_ascii_alphabetic()),
        "is_ascii_alphanumeric" => all(|it| it.is_ascii_alphanumeric()),
        "is_ascii_uppercase" => all(|it| it.is_ascii_uppercase()),
        "is_ascii_lowercase" => all(|it| it.is_ascii_lowercase()),
        "is_ascii" => Value::Bool(own.is_ascii()),
        _ => return None,
    })
}
