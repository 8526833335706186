//! Macros of std, and a few that everybody has.

use super::eval::literal;
use super::machine::{Result, Run, Stop, unknown};
use super::text::text;
use super::value::{Place, Value};
use crate::facts::tree::{Body, ExprId, ExprKind, MacroArgs, MacroCall, Name};
use crate::model::Ty;

impl Run<'_> {
    pub(super) fn macro_call(&mut self, call: &MacroCall, want: &Ty) -> Result<Value> {
        if let Some(written) = self.expansion(call)? {
            return self.written_value(&written, want);
        }
        let name = call.path.last().to_owned();
        let (exprs, repeats) = match &call.args {
            MacroArgs::Exprs(exprs, repeats) => (exprs.clone(), *repeats),
            MacroArgs::Test(test) => {
                self.open_scope();
                let holds = self.condition(*test)?;
                self.end_scope()?;
                return Ok(Value::Bool(holds));
            }
            _ if matches!(&*name, "panic" | "unreachable" | "todo" | "unimplemented") => {
                return Err(Stop::Panic);
            }
            MacroArgs::Tokens
                if matches!(&*name, "trace" | "debug" | "info" | "warn" | "error") =>
            {
                return Ok(Value::Unit);
            }
            MacroArgs::Tokens if matches!(&*name, "println" | "print" | "eprintln" | "eprint") => {
                return Ok(Value::Unit);
            }
            MacroArgs::Tokens if name == "format" => {
                return Ok(self.unknown.untold_anew());
            }
            MacroArgs::Tokens if matches!(&*name, "write" | "writeln") => {
                return Ok(Value::ok(Value::Unit));
            }
            MacroArgs::Block(_) | MacroArgs::Tokens => {
                return unknown(&format!("the macro `{name}`"));
            }
        };
        self.expanded(&name, &exprs, repeats, want)
    }

    /// What a well-known macro does with the expressions that it is given.
    fn expanded(
        &mut self,
        name: &str,
        exprs: &[ExprId],
        repeats: bool,
        want: &Ty,
    ) -> Result<Value> {
        match name {
            "vec" => {
                if let (true, [value, times]) = (repeats, exprs) {
                    let (value, times) = (*value, *times);
                    return self.repeated(value, times, &want.element());
                }
                let items = self.eval_all(exprs, &want.element())?;
                Ok(Value::list(items))
            }
            "panic" | "unreachable" | "todo" | "unimplemented" => Err(Stop::Panic),
            "println" | "print" | "eprintln" | "eprint" => {
                self.look_at(exprs)?;
                Ok(Value::Unit)
            }
            "format" | "format_args" | "concat" | "stringify" | "env" | "option_env" | "line"
            | "file" | "module_path" | "write" | "writeln" => self.written(name, exprs),
            // Only some builds look.
            "debug_assert" | "debug_assert_eq" | "debug_assert_ne" => {
                let asked = self.unknown.derived("debug_assertions".to_owned(), None);
                match self.truth(&asked)? {
                    true => self.expanded(&name["debug_".len()..], exprs, repeats, want),
                    false => Ok(Value::Unit),
                }
            }
            "assert" => {
                let Some((&first, _)) = exprs.split_first() else { return Ok(Value::Unit) };
                let before = self.unknown.taken;
                let holds = self.condition(first)?;
                if holds { Ok(Value::Unit) } else { self.panic(before) }
            }
            "assert_eq" | "assert_ne" => {
                let [left, right, ..] = exprs else { return Ok(Value::Unit) };
                let before = self.unknown.taken;
                let (left, right) = (self.place(*left)?, self.place(*right)?);
                let equal = self.equal(&Value::Ref(left), &Value::Ref(right))?;
                if equal == (name != "assert_ne") { Ok(Value::Unit) } else { self.panic(before) }
            }
            "trace" | "debug" | "info" | "warn" | "error" | "log" | "dbg" => {
                self.look_at(exprs)?;
                Ok(self.unknown.fresh())
            }
            "anyhow" | "eyre" | "format_err" | "json" | "concat_string" => {
                self.look_at(exprs)?;
                Ok(self.unknown.fresh())
            }
            "bail" => Err(Stop::Return(Value::err(self.unknown.fresh()))),
            "ensure" => {
                let Some((&first, _)) = exprs.split_first() else { return Ok(Value::Unit) };
                match self.condition(first)? {
                    true => Ok(Value::Unit),
                    false => Err(Stop::Return(Value::err(self.unknown.fresh()))),
                }
            }
            // A run of `main` is no test.
            "cfg" if self.is_test_option(exprs)? => Ok(Value::Bool(false)),
            "cfg" => {
                let body = self.body()?;
                let asked: Vec<String> = exprs.iter().map(|&it| option_words(&body, it)).collect();
                Ok(self.unknown.untold(format!("cfg({})", asked.join(","))))
            }
            _ => unknown(&format!("the macro `{name}`")),
        }
    }

    /// Macros that make a text.
    fn written(&mut self, name: &str, exprs: &[ExprId]) -> Result<Value> {
        match name {
            "format" => {
                let given = self.look_at(exprs)?;
                let made = self.formatted_by(exprs.first(), given.get(1..).unwrap_or_default())?;
                Ok(match made {
                    Some(made) => text(made),
                    None => self.unknown.untold_anew(),
                })
            }
            "write" | "writeln" => {
                let given = self.look_at(exprs)?;
                let made = self.formatted_by(exprs.get(1), given.get(2..).unwrap_or_default())?;
                if let Some((_, Value::Ref(to))) = given.first() {
                    let to = self.resolved(to)?;
                    let more = made.map(|made| if name == "write" { made } else { made + "\n" });
                    let after = match (self.get(&to)?, more) {
                        (Value::Text(before), Some(more)) => text(format!("{before}{more}")),
                        (Value::Text(_), None) => self.unknown.untold_anew(),
                        _ => return Ok(Value::ok(Value::Unit)),
                    };
                    *self.get_mut(&to)? = after;
                }
                Ok(Value::ok(Value::Unit))
            }
            _ => {
                self.look_at(exprs)?;
                Ok(self.unknown.untold_anew())
            }
        }
    }

    fn is_test_option(&self, exprs: &[ExprId]) -> Result<bool> {
        let body = self.body()?;
        Ok(match exprs {
            [only] => match &body.expr(*only).kind {
                ExprKind::Path(None, path) => path.as_name().is_some_and(|it| &**it == "test"),
                _ => false,
            },
            _ => false,
        })
    }

    /// What a format string that is written out makes of values.
    fn formatted_by(
        &mut self,
        format: Option<&ExprId>,
        given: &[(Option<Name>, Value)],
    ) -> Result<Option<String>> {
        let body = self.body()?;
        Ok(match format.map(|&it| &body.expr(it).kind) {
            Some(ExprKind::Literal(hash)) => match literal(&body, *hash) {
                Value::Text(format) => {
                    let mut shown = given.to_vec();
                    // Variables that stand in the text itself.
                    for name in held_names(&format) {
                        if let (true, Some(slot)) = (
                            given.iter().all(|(own, _)| own.as_deref() != Some(name)),
                            self.variable(name),
                        ) {
                            shown.push((Some(Name::from(name)), Value::Ref(Place::slot(slot))));
                        }
                    }
                    self.formatted(&format, &shown)?
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// Values that are only looked at, and the names that they are given.
    fn look_at(&mut self, exprs: &[ExprId]) -> Result<Vec<(Option<Name>, Value)>> {
        let body = self.body()?;
        let mut seen = Vec::new();
        for &expr in exprs {
            // `name = value` gives an argument its name.
            let (name, value) = match &body.expr(expr).kind {
                ExprKind::Assign(name, value) => match &body.expr(*name).kind {
                    ExprKind::Path(None, path) => (path.as_name().cloned(), *value),
                    _ => (None, *value),
                },
                _ => (None, expr),
            };
            let place = self.place(value)?;
            seen.push((name, Value::Ref(place)));
        }
        Ok(seen)
    }
}

/// Names of variables in the holes of a format string.
fn held_names(format: &str) -> impl Iterator<Item = &str> {
    let holes = format.split('{').skip(1).filter_map(|it| it.split_once('}'));
    let names = holes.map(|(hole, _)| hole.split(':').next().unwrap_or_default());
    names.filter(|name| name.starts_with(|it: char| it.is_alphabetic() || it == '_'))
}

/// How an option of `cfg!` is written.
fn option_words(body: &Body, id: ExprId) -> String {
    match &body.expr(id).kind {
        ExprKind::Path(None, path) => path.last().to_owned(),
        ExprKind::Literal(hash) => hash.to_string(),
        ExprKind::Assign(name, value) => {
            format!("{}={}", option_words(body, *name), option_words(body, *value))
        }
        ExprKind::Call(name, parts) => {
            let parts: Vec<String> = parts.iter().map(|&it| option_words(body, it)).collect();
            format!("{}({})", option_words(body, *name), parts.join(","))
        }
        _ => format!("{:?}", body.expr(id).range),
    }
}
