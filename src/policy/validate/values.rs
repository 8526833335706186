//! Plain values: right type or a message that says which type is wanted.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{Reader, Value, list};
use crate::policy::names;

impl Reader<'_> {
    pub(super) fn table<'v, 't>(
        &mut self,
        value: &'v Value<'t>,
        key: &str,
    ) -> Option<&'v DeTable<'t>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.wrong_type(value, key, "a table"),
        }
    }

    pub(super) fn array<'v, 't>(&mut self, value: &'v Value<'t>, key: &str) -> &'v [Value<'t>] {
        match value.get_ref() {
            DeValue::Array(array) => array.as_ref(),
            _ => self.wrong_type(value, key, "a list").unwrap_or_default(),
        }
    }

    pub(super) fn string<'v>(&mut self, value: &'v Value<'_>, key: &str) -> Option<&'v str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.wrong_type(value, key, "a string"),
        }
    }

    pub(super) fn boolean(&mut self, value: &Value<'_>, key: &str) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            _ => self.wrong_type(value, key, "`true` or `false`"),
        }
    }

    pub(super) fn position(&mut self, value: &Value<'_>, key: &str) -> Option<usize> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.or_else(|| self.wrong_type(value, key, "a position counted from 0"))
    }

    /// A string that must be one of a few words; `parse` gives the words when it refuses.
    pub(super) fn word<T: for<'de> serde::Deserialize<'de>>(
        &mut self,
        value: &Value<'_>,
        key: &str,
    ) -> Option<T> {
        let text = self.string(value, key)?;
        let word = serde::de::value::StrDeserializer::<Words>::new(text);
        match T::deserialize(word) {
            Ok(parsed) => Some(parsed),
            Err(Words(words)) => {
                let help = match names::nearest(text, words.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write one of {}", list(words)),
                };
                self.problem(value.span(), format!("`{text}` is no {key}"), Some(help));
                None
            }
        }
    }

    pub(super) fn wrong_type<T>(
        &mut self,
        value: &Value<'_>,
        key: &str,
        wanted: &str,
    ) -> Option<T> {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.problem(value.span(), format!("`{key}` must be {wanted}, not {found}"), None);
        None
    }

    /// Reports all keys of a table but the known ones.
    pub(super) fn only_keys(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for (key, _) in table {
            if !known.contains(&key.get_ref().as_ref()) {
                self.unknown_key(key, known);
            }
        }
    }

    /// A string that the table must have and that must say something.
    pub(super) fn required<'v>(
        &mut self,
        table: &'v DeTable<'_>,
        span: Range<usize>,
        key: &str,
        help: &str,
    ) -> Option<(&'v str, Range<usize>)> {
        let Some(value) = table.get(key) else {
            self.problem(span, format!("`{key}` is missing"), Some(help.to_owned()));
            return None;
        };
        let text = self.string(value, key)?;
        if text.trim().is_empty() {
            self.problem(value.span(), format!("`{key}` is empty"), Some(help.to_owned()));
            return None;
        }
        Some((text, value.span()))
    }
}

/// The words an enum would have accepted: the one thing wanted of a failed parse.
#[derive(Debug)]
struct Words(&'static [&'static str]);

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&list(self.0))
    }
}

impl std::error::Error for Words {}

impl serde::de::Error for Words {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}
