//! Functions of std by their path, and ranges.

use super::iterate::Iter;
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::text::text;
use super::value::{Place, Value};
use super::width::Width;
use crate::facts::tree::{ExprId, Name};
use crate::model::Ty;

impl Run<'_> {
    /// A function of std by its path; nothing where it is none that is followed.
    pub(super) fn std_function(
        &mut self,
        path: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        let mut names = path.rsplit("::");
        let (name, owner) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        if let Some(made) = self.of_number(owner, name, args)? {
            return Ok(Some(made));
        }
        if !path.starts_with("std::") {
            return Ok(None);
        }
        Ok(Some(match (owner, name) {
            ("thread", "sleep" | "yield_now" | "park" | "park_timeout") => {
                self.let_others_go()?;
                Value::Unit
            }
            ("thread", "current") => match self.running.last() {
                Some(&thread) => Value::Thread(thread + 1, self.threads[thread].name.clone()),
                None => Value::Thread(0, Some(Some(Name::from("main")))),
            },
            ("thread", "scope") => {
                let code = one(args)?;
                self.scope(code)?
            }
            ("Builder", "new") if path.contains("thread") => Value::Builder(None),
            ("mem", "drop") | ("prelude", "drop") => {
                let value = one(args)?;
                self.discard(value, "`drop` drops it")?;
                Value::Unit
            }
            ("mem", "forget") | ("Box", "leak") => {
                let value = one(args)?;
                self.forget(&value)?;
                if name == "leak" {
                    let slot = self.slot(value);
                    return Ok(Some(Value::Ref(Place::slot(slot))));
                }
                Value::Unit
            }
            ("mem", "discriminant") => {
                let value = one(args)?;
                match self.seen(&value) {
                    Value::Data(data) if data.variant.is_some() => {
                        text(data.variant.as_deref().unwrap_or_default())
                    }
                    Value::Maybe(maybe, _) => text(maybe.name()),
                    _ => return unknown("which variant a value is"),
                }
            }
            ("mem", "take") => {
                let place = self.given_place(args)?;
                let empty = self.emptied(&place)?;
                std::mem::replace(self.get_mut(&place)?, empty)
            }
            ("mem", "replace") => {
                let place = self.given_place(args)?;
                let value = one(args)?;
                std::mem::replace(self.get_mut(&place)?, value)
            }
            ("mem", "swap") => {
                let (left, right) = (self.given_place(args)?, self.given_place(args)?);
                let value = std::mem::replace(self.get_mut(&left)?, Value::Moved);
                let other = std::mem::replace(self.get_mut(&right)?, value);
                *self.get_mut(&left)? = other;
                Value::Unit
            }
            _ => return self.std_outside(path, args, want),
        }))
    }

    /// Functions that reach out of the program, or make ways through it.
    fn std_outside(
        &mut self,
        path: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        let mut names = path.rsplit("::");
        let (name, owner) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        Ok(Some(match (owner, name) {
            ("process", "exit" | "abort") => return Err(Stop::Exit),
            ("panic", "resume_unwind" | "panic_any") => return Err(Stop::Panic),
            ("thread", "panicking") => Value::Bool(self.unwinds),
            ("panic", "catch_unwind") => {
                let code = one(args)?;
                match self.caught(code) {
                    Err(Stop::Ended) => return unknown("a panic that is caught"),
                    other => other?,
                }
            }
            ("mpsc", "channel") => self.channel(None),
            ("mpsc", "sync_channel") => {
                let bound = one(args)?;
                let bound = match self.seen(&bound) {
                    Value::Int(bound, _) => usize::try_from(bound).unwrap_or(1),
                    _ => 1,
                };
                self.channel(Some(bound))
            }
            ("env", "args") => {
                let Value::Sym(id) = self.unknown.derived("args".to_owned(), None) else {
                    return unknown("arguments");
                };
                let count = self.unknown.len(id);
                let mut all = vec![self.unknown.part(id, "program")];
                for at in 0..count {
                    all.push(self.unknown.part(id, &at.to_string()));
                }
                Value::iter(all)
            }
            ("env", "var" | "var_os") => {
                let key = super::same::key(&self.seen(&one(args)?));
                let made = self.unknown.derived(format!("{name}({key})"), None);
                self.unknown.is_maybe(
                    &made,
                    if name == "var" { super::value::Maybe::Ok } else { super::value::Maybe::Some },
                );
                made
            }
            ("Rc" | "Arc", "ptr_eq") => {
                let (left, right) = (self.shared_argument(args)?, self.shared_argument(args)?);
                match (left, right) {
                    (Value::Shared(left), Value::Shared(right)) => Value::Bool(left == right),
                    _ => self.unknown.fresh(),
                }
            }
            ("ptr", "eq" | "null" | "null_mut") => self.unknown.fresh(),
            _ => return self.made(path, owner, name, args, want),
        }))
    }

    /// The place behind a reference that comes as the next argument.
    pub(super) fn given_place(&mut self, args: &mut Vec<Value>) -> Result<Place> {
        match one(args)? {
            Value::Ref(place) => self.resolved(&place),
            _ => unknown("no reference"),
        }
    }

    pub(super) fn range(&mut self, ends: &[ExprId], endless: bool, closed: bool) -> Result<Value> {
        let mut values = Vec::new();
        for &end in ends {
            let value = self.eval(end, &Ty::Unknown)?;
            values.push(self.seen(&value));
        }
        let one_char = |it: &Value| match it {
            Value::Text(said) if said.chars().count() == 1 => said.chars().next(),
            _ => None,
        };
        if let [from, to] = values.as_slice()
            && let (Some(from), Some(to)) = (one_char(from), one_char(to))
        {
            let all = (from..=to).filter(|it| closed || *it != to);
            return Ok(Value::iter(all.map(|it| text(it.to_string()))));
        }
        if let (Some(Value::Float(end)), true) = (values.last_mut(), closed) {
            // The first one that is no more in it.
            *end = end.next_up();
        }
        let (from, to) = match (values.as_slice(), endless) {
            ([], _) => {
                return Ok(Value::Iter(Box::new(Iter::Numbers(BOTTOM, None, Width::default()))));
            }
            ([from], true) => (from.clone(), None),
            ([to @ Value::Float(_)], false) => (Value::Float(f64::NEG_INFINITY), Some(to.clone())),
            ([to], false) => (Value::number(BOTTOM), Some(to.clone())),
            ([from, to], _) => (from.clone(), Some(to.clone())),
            _ => return unknown("a range"),
        };
        Ok(match (from, to) {
            (Value::Int(from, width), None) => {
                Value::Iter(Box::new(Iter::Numbers(from, None, width)))
            }
            (Value::Int(from, width), Some(Value::Int(to, other))) => {
                let to = to.saturating_add(i128::from(closed));
                Value::Iter(Box::new(Iter::Numbers(from, Some(to), width.or(other))))
            }
            // Up to something unknown: so many as that is tried to be.
            (Value::Int(from, width), Some(Value::Sym(id))) => {
                let least = if closed && from > 0 { from - 1 } else { from.max(0) };
                let Some(to) = self.unknown.counted(id, least) else { return Err(Stop::Ended) };
                let to = to.saturating_add(i128::from(closed));
                Value::Iter(Box::new(Iter::Numbers(from, Some(to), width)))
            }
            (from, to) => Value::Iter(Box::new(Iter::Open(from, to, 0))),
        })
    }
}

/// Where a range begins that begins nowhere.
pub(super) const BOTTOM: i128 = i128::MIN;

/// The least and the greatest number of a type of whole numbers.
pub(super) fn limits(of: &str) -> Option<(i128, i128)> {
    match Width::known(of) {
        width @ Width::Bits(..) => width.ends(),
        _ => None,
    }
}
