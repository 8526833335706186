//! Methods that change a text.

use super::machine::{Result, Run, Stop};
use super::text::{MAX_MADE, text};
use super::value::{Place, Value};
use crate::facts::tree::Name;

impl Run<'_> {
    /// A method that changes a text; nothing where it is none that is followed.
    pub(super) fn text_changed(
        &mut self,
        place: &Place,
        own: &Name,
        name: &str,
        args: &[Value],
    ) -> Result<Option<Value>> {
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        if name == "retain" {
            return self.text_retained(place, own, args).map(Some);
        }
        let (after, made) = match (name, shown.as_slice()) {
            ("push_str" | "push", [Value::Text(more)]) => (format!("{own}{more}"), Value::Unit),
            ("write_str" | "write_char" | "write_fmt" | "pad", [Value::Text(more)]) => {
                (format!("{own}{more}"), Value::ok(Value::Unit))
            }
            ("clear", []) => (String::new(), Value::Unit),
            ("make_ascii_uppercase", []) => (own.to_ascii_uppercase(), Value::Unit),
            ("make_ascii_lowercase", []) => (own.to_ascii_lowercase(), Value::Unit),
            ("pop", []) => {
                let mut left = own.to_string();
                let last = left.pop().map(|it| text(it.to_string()));
                (left, Value::option(last))
            }
            ("extend", [_]) => {
                let iter = self.iterated(args[0].clone())?;
                let mut after = own.to_string();
                for item in self.drained(iter)? {
                    let Value::Text(more) = self.seen(&item) else { return Ok(None) };
                    after.push_str(&more);
                }
                (after, Value::Unit)
            }
            ("truncate" | "split_off" | "remove", [Value::Int(at, _)]) => {
                return self.text_cut(place, own, name, *at);
            }
            ("insert_str" | "insert", [Value::Int(at, _), Value::Text(more)]) => {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                match own.split_at_checked(at) {
                    Some((before, rest)) => (format!("{before}{more}{rest}"), Value::Unit),
                    None => return Err(Stop::Panic),
                }
            }
            ("drain" | "extend_from_within", [range @ Value::Iter(_)]) => {
                let (from, to) = self.bounds(range.clone(), own.len())?;
                let Some(part) = own.get(from..to) else { return Err(Stop::Panic) };
                match name {
                    "drain" => {
                        let all = Value::iter(part.chars().map(|it| text(it.to_string())));
                        (format!("{}{}", &own[..from], &own[to..]), all)
                    }
                    _ => (format!("{own}{part}"), Value::Unit),
                }
            }
            ("replace_range", [range @ Value::Iter(_), Value::Text(more)]) => {
                let (from, to) = self.bounds(range.clone(), own.len())?;
                if own.get(from..to).is_none() {
                    return Err(Stop::Panic);
                }
                (format!("{}{more}{}", &own[..from], &own[to..]), Value::Unit)
            }
            _ => return Ok(None),
        };
        if after.len() > MAX_MADE {
            return Ok(None);
        }
        *self.get_mut(place)? = text(after);
        Ok(Some(made))
    }

    /// Methods that cut a text at a position.
    fn text_cut(
        &mut self,
        place: &Place,
        own: &Name,
        name: &str,
        at: i128,
    ) -> Result<Option<Value>> {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        if name == "truncate" && at >= own.len() {
            return Ok(Some(Value::Unit));
        }
        let Some((before, rest)) = own.split_at_checked(at) else { return Err(Stop::Panic) };
        let (after, made) = match name {
            "truncate" => (before.to_owned(), Value::Unit),
            "split_off" => (before.to_owned(), text(rest)),
            _ => {
                let mut rest = rest.chars();
                let Some(first) = rest.next() else { return Err(Stop::Panic) };
                (format!("{before}{}", rest.as_str()), text(first.to_string()))
            }
        };
        *self.get_mut(place)? = text(after);
        Ok(Some(made))
    }

    /// `text.retain(|it| ..)`
    fn text_retained(&mut self, place: &Place, own: &Name, args: &[Value]) -> Result<Value> {
        let Some(code) = args.first() else { return Err(Stop::Panic) };
        let slot = self.slot(code.clone());
        let mut kept = String::new();
        for it in own.chars() {
            let given = vec![text(it.to_string())];
            let answer = self.call_value(Value::Ref(Place::slot(slot)), given)?;
            if self.truth(&answer)? {
                kept.push(it);
            }
        }
        *self.get_mut(place)? = text(kept);
        Ok(Value::Unit)
    }
}
