//! What format strings make of values.

use super::machine::{Result, Run, unknown};
use super::text::{MAX_MADE, text};
use super::value::{Data, Kind, Place, Value, head_of};
use super::width::Width;
use crate::facts::tree::Name;

/// How wide something is made, at most.
const MAX_WIDTH: usize = 100;

/// Values that a format string is given, and their names.
type Given = [(Option<Name>, Value)];

/// How a value is written.
#[derive(Debug, Default, PartialEq)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    plus: bool,
    alternate: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
    kind: String,
}

impl Run<'_> {
    /// What a format string makes of values, if all of that is known.
    pub(super) fn formatted(&mut self, format: &str, given: &Given) -> Result<Option<String>> {
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
            let Some((hole, after)) = after.split_once('}').filter(|_| brace == "{") else {
                return Ok(None);
            };
            let (hole, spec) = hole.split_once(':').unwrap_or((hole, ""));
            let hole = hole.trim();
            let value = match hole {
                "" => {
                    next += 1;
                    given.get(next - 1).map(|(_, value)| value.clone())
                }
                _ => self.given(hole, given),
            };
            let (Some(value), Some(spec)) = (value, self.spec(spec.trim_end(), given)) else {
                return Ok(None);
            };
            let Some(said) = self.said(&value, &spec)? else { return Ok(None) };
            made.push_str(&said);
            rest = after;
        }
        made.push_str(rest);
        Ok((made.len() <= MAX_MADE).then_some(made))
    }

    /// The value that a hole or a width names, by its number or its name.
    fn given(&self, name: &str, given: &Given) -> Option<Value> {
        if let Ok(at) = name.parse::<usize>() {
            return given.get(at).map(|(_, value)| value.clone());
        }
        match given.iter().find(|(own, _)| own.as_deref() == Some(name)) {
            Some((_, value)) => Some(value.clone()),
            None => Some(Value::Ref(Place::slot(self.variable(name)?))),
        }
    }

    /// How a value is written, by what stands behind the colon.
    fn spec(&self, said: &str, given: &Given) -> Option<Spec> {
        let mut spec = Spec::default();
        let is_align = |it: &char| matches!(it, '<' | '>' | '^');
        let mut rest = said;
        let mut chars = said.chars();
        match (chars.next(), chars.next()) {
            (Some(fill), Some(align)) if is_align(&align) => {
                (spec.fill, spec.align) = (Some(fill), Some(align));
                rest = chars.as_str();
            }
            (Some(align), _) if is_align(&align) => {
                spec.align = Some(align);
                rest = &said[1..];
            }
            _ => {}
        }
        for (sign, flag) in
            [('+', &mut spec.plus), ('#', &mut spec.alternate), ('0', &mut spec.zero)]
        {
            // `0$` is the first of those that are given.
            if let Some(after) = rest.strip_prefix(sign).filter(|it| !it.starts_with('$')) {
                (*flag, rest) = (true, after);
            }
        }
        (spec.width, rest) = self.count(rest, given)?;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = self.count(after, given)?;
            spec.precision = Some(precision?);
            rest = after;
        }
        spec.kind = rest.to_owned();
        Some(spec)
    }

    /// A width or precision, if there is one, and what comes after it; nothing for what is not known.
    fn count<'s>(&self, said: &'s str, given: &Given) -> Option<(Option<usize>, &'s str)> {
        let word = said.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(said.len());
        if let Some(after) = said[word..].strip_prefix('$') {
            return match self.seen(&self.given(&said[..word], given)?) {
                Value::Int(number, _) => Some((Some(usize::try_from(number).ok()?), after)),
                _ => None,
            };
        }
        let digits = said.find(|it: char| !it.is_ascii_digit()).unwrap_or(said.len());
        match digits {
            0 => Some((None, said)),
            _ => Some((Some(said[..digits].parse().ok()?), &said[digits..])),
        }
    }

    /// What one value is written as; nothing where that is not known.
    fn said(&mut self, value: &Value, spec: &Spec) -> Result<Option<String>> {
        let plain = *spec == Spec { kind: spec.kind.clone(), ..Spec::default() };
        let slot = self.slot(value.clone());
        let place = self.resolved(&Place::slot(slot))?;
        let shown = match (self.get(&place)?, spec.kind.as_str()) {
            // Its own `Display` writes what it likes, however wide it is wanted.
            (Value::Data(_), "") if plain => return self.said_by(&place, "Display"),
            (Value::Data(_), "?") if plain => return self.debugged(&Value::Ref(place)),
            (Value::Data(_), _) => return Ok(None),
            (_, "?") if plain => return self.debugged(value),
            _ => self.seen(value),
        };
        Ok(match (&shown, spec.kind.as_str()) {
            (Value::Text(said), "") => {
                let said: String = match spec.precision {
                    Some(most) => said.chars().take(most).collect(),
                    None => said.to_string(),
                };
                spec.padded("", &said, '<')
            }
            (Value::Bool(it), "") => spec.padded("", &it.to_string(), '<'),
            (Value::Int(number, width), kind) if *width != Width::Time => {
                whole(*number, *width, kind, spec)
            }
            (Value::Float(number), "") => {
                let size = number.abs();
                let digits = match spec.precision {
                    Some(digits) if digits < 20 => format!("{size:.digits$}"),
                    Some(_) => return Ok(None),
                    None => size.to_string(),
                };
                spec.padded(sign(number.is_sign_negative(), spec), &digits, '>')
            }
            _ => None,
        })
    }

    /// `Display::fmt(value, formatter)` and its like.
    pub(super) fn said_to(&mut self, value: &Value, to: &Value, of: &str) -> Result<Value> {
        let spec = Spec {
            kind: if of == "Debug" { "?".to_owned() } else { String::new() },
            ..Spec::default()
        };
        let said = self.said(value, &spec)?;
        let Value::Ref(to) = to else { return unknown("a formatter that is not known") };
        let to = self.resolved(to)?;
        let after = match (self.get(&to)?, said) {
            (Value::Text(before), Some(said)) => text(format!("{before}{said}")),
            _ => self.unknown.untold_anew(),
        };
        *self.get_mut(&to)? = after;
        Ok(Value::ok(Value::Unit))
    }

    /// What a value's own `Display` or `Debug` writes, if the type is one of the project and that is known.
    pub(super) fn said_by(&mut self, place: &Place, of: &str) -> Result<Option<String>> {
        let place = self.resolved(place)?;
        let Value::Data(data) = self.get(&place)? else { return Ok(None) };
        let own = self.model.methods_of(&head_of(data.item), "fmt");
        let mut own = own.iter().filter(|it| self.model.is_of(it, of));
        let (Some(item), None) = (own.next().map(|it| it.item), own.next()) else {
            return Ok(None);
        };
        let to = Place::slot(self.slot(text("")));
        let args = vec![Value::Ref(to.clone())];
        self.call_function(item, Some(Value::Ref(place)), args, None)?;
        Ok(match self.get(&to)? {
            Value::Text(said) => Some(said.to_string()),
            _ => None,
        })
    }

    /// What `Debug` writes of a value.
    fn debugged(&mut self, value: &Value) -> Result<Option<String>> {
        let slot = self.slot(value.clone());
        let place = self.resolved(&Place::slot(slot))?;
        let value = match self.get(&place)? {
            Value::Shared(id) => self.slots[self.shared[*id].slot].clone(),
            other => other.clone(),
        };
        Ok(match &value {
            Value::Unit => Some("()".to_owned()),
            Value::Bool(it) => Some(it.to_string()),
            Value::Int(number, width) if *width != Width::Time => Some(number.to_string()),
            Value::Float(it) if it.fract() == 0.0 && it.abs() < 1e15 => Some(format!("{it:?}")),
            // One alone may be a character.
            Value::Text(said) if said.chars().count() != 1 => Some(format!("{said:?}")),
            Value::Maybe(maybe, None) => Some(maybe.name().to_owned()),
            Value::Maybe(maybe, Some(inner)) => {
                self.debugged(inner)?.map(|it| format!("{}({it})", maybe.name()))
            }
            Value::Tuple(parts) => match self.debugged_all(parts)? {
                Some(said) if said.len() == 1 => Some(format!("({},)", said[0])),
                said => said.map(|it| format!("({})", it.join(", "))),
            },
            Value::Many(Kind::List | Kind::Open | Kind::Queue | Kind::Slice, items) => {
                self.debugged_all(items)?.map(|it| format!("[{}]", it.join(", ")))
            }
            Value::Data(data) => {
                let own = self.model.methods_of(&head_of(data.item), "fmt");
                match own.iter().any(|it| self.model.is_of(it, "Debug")) {
                    true => self.said_by(&place, "Debug")?,
                    false => self.derived(data)?,
                }
            }
            _ => None,
        })
    }

    fn debugged_all(&mut self, values: &[Value]) -> Result<Option<Vec<String>>> {
        let mut said = Vec::new();
        for value in values {
            match self.debugged(value)? {
                Some(one) => said.push(one),
                None => return Ok(None),
            }
        }
        Ok(Some(said))
    }

    /// What a derived `Debug` writes.
    fn derived(&mut self, data: &Data) -> Result<Option<String>> {
        let name = data.variant.clone().unwrap_or_else(|| self.model.item(data.item).name.clone());
        let values: Vec<Value> = data.fields.iter().map(|(_, value)| value.clone()).collect();
        let Some(said) = self.debugged_all(&values)? else { return Ok(None) };
        let names = data.fields.iter().map(|(name, _)| name);
        let is_tuple = names.clone().all(|it| it.starts_with(|it: char| it.is_ascii_digit()));
        Ok(Some(match (said.is_empty(), is_tuple) {
            (true, _) => name.to_string(),
            (_, true) => format!("{name}({})", said.join(", ")),
            _ => {
                let fields = names.zip(&said).map(|(name, said)| format!("{name}: {said}"));
                format!("{name} {{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
        }))
    }
}

impl Spec {
    /// What is written as wide as it is wanted: zeros come behind the sign.
    fn padded(&self, before: &str, said: &str, usual: char) -> Option<String> {
        let width = self.width.unwrap_or(0);
        let missing = width.saturating_sub(before.chars().count() + said.chars().count());
        if width > MAX_WIDTH {
            return None;
        }
        if self.zero && usual == '>' {
            return Some(format!("{before}{}{said}", "0".repeat(missing)));
        }
        let left = match self.align.unwrap_or(usual) {
            '<' => 0,
            '^' => missing / 2,
            _ => missing,
        };
        let pad = |count: usize| String::from(self.fill.unwrap_or(' ')).repeat(count);
        Some(format!("{}{before}{said}{}", pad(left), pad(missing - left)))
    }
}

fn sign(is_below: bool, spec: &Spec) -> &'static str {
    match (is_below, spec.plus) {
        (true, _) => "-",
        (_, true) => "+",
        _ => "",
    }
}

/// A whole number in one of the ways in which they are written.
fn whole(number: i128, width: Width, kind: &str, spec: &Spec) -> Option<String> {
    if kind.is_empty() || (kind == "?" && !spec.alternate) {
        return spec.padded(sign(number < 0, spec), &number.unsigned_abs().to_string(), '>');
    }
    let raw = if number < 0 { width.raw(number)? } else { number.unsigned_abs() };
    let (prefix, digits) = match kind {
        "x" => ("0x", format!("{raw:x}")),
        "X" => ("0x", format!("{raw:X}")),
        "b" => ("0b", format!("{raw:b}")),
        "o" => ("0o", format!("{raw:o}")),
        _ => return None,
    };
    spec.padded(if spec.alternate { prefix } else { "" }, &digits, '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_wide_as_they_are_wanted() {
        let spec = Spec { zero: true, width: Some(6), ..Spec::default() };
        assert_eq!(whole(-42, Width::Open, "", &spec).as_deref(), Some("-00042"));
        let hex = Spec { alternate: true, ..spec };
        assert_eq!(whole(255, Width::Open, "x", &hex).as_deref(), Some("0x00ff"));
        assert_eq!(
            whole(-1, Width::known("u8"), "b", &Spec::default()).as_deref(),
            Some("11111111")
        );
        assert_eq!(whole(-1, Width::Open, "b", &Spec::default()), None);
        let middle = Spec { fill: Some('*'), align: Some('^'), width: Some(6), ..Spec::default() };
        assert_eq!(middle.padded("", "ab", '<').as_deref(), Some("**ab**"));
    }
}
