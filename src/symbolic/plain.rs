//! Code that only computes: what it makes of something unknown is unknown as well, whichever way it takes.
//!
//! Going through three unknown bytes of a text, each greater than another or not, would use up all choices that a
//! program has, and say nothing of its threads.

use super::adaptor::Adaptor;
use super::iterate::Iter;
use super::machine::{Result, Run};
use super::value::{Place, Value};
use crate::facts::tree::{Body, Expr, ExprId, ExprKind, Name, Type};
use crate::model::{Def, ModuleId, Namespace};
use crate::text::TextRange;

/// Methods that change what they are called on.
const CHANGING: &[&str] = &[
    "push",
    "push_str",
    "push_back",
    "push_front",
    "pop",
    "pop_back",
    "pop_front",
    "extend",
    "extend_from_slice",
    "insert",
    "remove",
    "clear",
    "truncate",
    "resize",
    "sort",
    "sort_unstable",
    "sort_by",
    "sort_by_key",
    "dedup",
    "reverse",
    "swap",
    "fill",
    "entry",
    "or_insert",
    "or_default",
    "and_modify",
    "iter_mut",
    "windows",
    "chunks",
    "take",
    "take_while",
    "skip_while",
    "filter_map",
    "flat_map",
    "find",
    "find_map",
    "position",
    "next",
    "peekable",
    "peek",
    "cycle",
    "scan",
    "nth",
    "partition",
    "unzip",
    "copied",
    "chain",
    "flatten",
    "for_each",
    "last",
    "contains_key",
    "get_mut",
    "values",
    "keys",
    "into_values",
    "into_keys",
    "trim_end",
    "trim_start",
    "split_at",
    "split_once",
    "ok",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "unwrap",
    "expect",
    "unwrap_or_else",
    "map_or",
    "and_then",
    "cmp",
    "partial_cmp",
    "total_cmp",
    "then",
    "then_some",
    "then_with",
    "reduce",
    "with_capacity",
    "to_vec",
    "max_by",
    "min_by",
    "swap_remove",
    "retain",
    "drain",
    "div_ceil",
];

/// Functions inside each other that code calls and that are seen to compute only.
const MAX_CALLS: usize = 3;
/// Rounds of a loop that only computes, after which the rest is left out.
const MAX_ROUNDS: usize = 40;

/// Methods that compute and do no more.
const COMPUTING: &[&str] = &[
    "len",
    "is_empty",
    "wrapping_mul",
    "wrapping_add",
    "wrapping_sub",
    "saturating_add",
    "saturating_sub",
    "checked_add",
    "checked_mul",
    "rotate_left",
    "rotate_right",
    "count_ones",
    "starts_with",
    "ends_with",
    "contains",
    "to_string",
    "to_owned",
    "clone",
    "trim",
    "chars",
    "bytes",
    "lines",
    "split",
    "split_whitespace",
    "count",
    "sum",
    "min",
    "max",
    "pow",
    "abs",
    "as_str",
    "as_bytes",
    "parse",
    "unwrap_or",
    "is_alphabetic",
    "is_alphanumeric",
    "is_ascii_digit",
    "is_whitespace",
    "to_uppercase",
    "to_lowercase",
    "filter",
    "map",
    "fold",
    "iter",
    "leading_zeros",
    "trailing_zeros",
    "is_digit",
    "to_digit",
    "is_multiple_of",
    "as_ref",
    "copied",
    "cloned",
    "is_ascii",
    "rem_euclid",
    "abs_diff",
    "signum",
    "sqrt",
    "powi",
    "powf",
    "sin",
    "cos",
    "exp",
    "ln",
    "floor",
    "ceil",
    "round",
    "clamp",
    "is_power_of_two",
    "overflowing_add",
    "overflowing_mul",
    "swap_bytes",
    "is_ascii_alphabetic",
    "is_ascii_uppercase",
    "is_ascii_lowercase",
    "is_numeric",
    "is_uppercase",
    "is_lowercase",
    "to_ascii_uppercase",
    "to_ascii_lowercase",
    "step_by",
    "rev",
    "enumerate",
    "zip",
    "skip",
    "collect",
    "into_iter",
    "product",
    "max_by_key",
    "min_by_key",
    "any",
    "all",
    "unwrap_or_default",
    "char_indices",
    "repeat",
    "get",
    "first",
    "last",
    "concat",
    "isqrt",
];

impl Run<'_> {
    /// Whether all that is in an iterator, and all that it does, is plain, and there is more in it than is known.
    pub(super) fn is_plain_iter(&self, iter: &Value) -> bool {
        let mut is_open = false;
        self.is_plain(iter, &mut is_open) && is_open
    }

    fn is_plain(&self, value: &Value, is_open: &mut bool) -> bool {
        let Value::Iter(iter) = value else { return self.is_plain_code(value) };
        match &**iter {
            Iter::Unknown(..) => {
                *is_open = true;
                true
            }
            Iter::Numbers(from, to, _) => {
                *is_open |= to.is_some_and(|to| to.saturating_sub(*from) > 64);
                to.is_some()
            }
            Iter::Items(items) => {
                *is_open |= items.len() > 64;
                items.iter().all(|it| !self.owns(&self.seen(it)))
            }
            Iter::Adapted(Adaptor::FlatMap, ..) => false,
            Iter::Adapted(adaptor, inner, given) => {
                let filters = matches!(
                    adaptor,
                    Adaptor::Filter | Adaptor::TakeWhile | Adaptor::SkipWhile | Adaptor::FilterMap
                );
                *is_open |= filters && (self.has_unknown(inner) || self.has_unknown(given));
                self.is_plain(inner, is_open) && self.is_plain(given, is_open)
            }
            _ => false,
        }
    }

    /// Whether something unknown is in an iterator or closure.
    pub(super) fn has_unknown(&self, value: &Value) -> bool {
        match value {
            Value::Sym(_) => true,
            Value::Iter(iter) => match &**iter {
                Iter::Items(items) => items.iter().any(|it| matches!(self.seen(it), Value::Sym(_))),
                Iter::Adapted(_, inner, given) => {
                    self.has_unknown(inner) || self.has_unknown(given)
                }
                Iter::Unknown(..) | Iter::Open(..) => true,
                _ => false,
            },
            Value::Closure(closure) => closure
                .captured
                .iter()
                .any(|(_, slot)| matches!(self.seen(&self.slots[*slot]), Value::Sym(_))),
            _ => false,
        }
    }

    /// Whether the rest of a loop that only computes is left out, as it takes long: what it computes is not known then.
    pub(super) fn skips_loop(&mut self, id: ExprId, rounds: usize) -> Result<bool> {
        let body = self.body()?;
        let range = body.expr(id).range;
        let at = (self.at.0, range);
        if rounds < MAX_ROUNDS && !self.computing.contains(&at) {
            return Ok(false);
        }
        if rounds > MAX_ROUNDS {
            return Ok(false);
        }
        // One that nothing ends does not end.
        let is_endless = match &body.expr(id).kind {
            ExprKind::Loop(..) => true,
            ExprKind::While(_, condition, _) => {
                matches!(body.expr(*condition).kind, ExprKind::Bool(true))
            }
            _ => false,
        };
        let breaks = |it: &Expr| range.contains(it.range) && matches!(it.kind, ExprKind::Break(..));
        if is_endless && !body.exprs.iter().any(breaks) {
            return Ok(false);
        }
        let Some(names) = written_by(&body, range) else { return Ok(false) };
        let slots: Vec<_> = names.iter().filter_map(|name| self.variable(name)).collect();
        let mut places = Vec::new();
        for slot in slots {
            places.push(self.resolved(&Place::slot(slot))?);
        }
        let mut values = Vec::new();
        for place in &places {
            values.push(self.get(place)?);
        }
        if values.into_iter().any(|value| self.owns(value) || matches!(value, Value::Data(_))) {
            return Ok(false);
        }
        for place in places {
            *self.get_mut(&place)? = self.unknown.untold_anew();
        }
        self.computing.insert(at);
        Ok(true)
    }

    /// Whether code that only computes does so from what is not known: then that is not known either, and which way it
    /// takes is of no interest. Nothing for any other code.
    pub(super) fn is_pure(&self, code: &Value) -> Option<bool> {
        let Value::Closure(closure) = code else { return None };
        let mut open = false;
        for (_, slot) in &closure.captured {
            let value = self.seen(&self.slots[*slot]);
            if self.owns(&value) || !is_data(&value) {
                return None;
            }
            open |= is_open(&value);
        }
        let range = closure.body.expr(closure.expr).range;
        let module = closure.context.module;
        self.only_computes(&closure.body, range, module, 0).then_some(open)
    }

    /// Whether code that only computes panics where a text is none of a number, or another value.
    pub(super) fn may_panic(&self, code: &Value) -> bool {
        let Value::Closure(closure) = code else { return false };
        let range = closure.body.expr(closure.expr).range;
        self.insists(&closure.body, range, closure.context.module, 0)
    }

    /// Whether code wants what a text says to be a value, or functions that it calls do.
    fn insists(&self, body: &Body, range: TextRange, module: ModuleId, depth: usize) -> bool {
        let mut inside = body.exprs.iter().filter(|it| range.contains(it.range));
        inside.any(|expr| match &expr.kind {
            ExprKind::Method(call) => {
                matches!(&*call.name, "unwrap" | "expect")
                    && matches!(&body.expr(call.receiver).kind,
                        ExprKind::Method(inner) if *inner.name == *"parse")
            }
            ExprKind::Call(callee, _) => {
                let ExprKind::Path(None, path) = &body.expr(*callee).kind else { return false };
                let names: Vec<Name> = path.segments.iter().map(|it| it.name.clone()).collect();
                let defs = self.model.resolve(module, path.global, &names, Namespace::Value);
                let [Def::Item(item)] = defs.as_slice() else { return false };
                let own = self.model.function(*item).and_then(|it| it.body.as_ref());
                let own = own.filter(|_| depth < MAX_CALLS);
                own.is_some_and(|own| {
                    let root = own.root.map(|root| own.expr(root).range);
                    root.is_some_and(|root| self.insists(own, root, item.module, depth + 1))
                })
            }
            _ => false,
        })
    }

    fn only_computes(&self, body: &Body, range: TextRange, module: ModuleId, depth: usize) -> bool {
        let inside = body.exprs.iter().filter(|it| range.contains(it.range));
        inside.into_iter().all(|expr| match &expr.kind {
            ExprKind::Call(callee, _) => match &body.expr(*callee).kind {
                ExprKind::Path(None, path) if computes(body, &expr.kind) => {
                    path.segments.len() <= 2
                }
                ExprKind::Path(None, path) => {
                    let names: Vec<Name> = path.segments.iter().map(|it| it.name.clone()).collect();
                    let defs = self.model.resolve(module, path.global, &names, Namespace::Value);
                    if let [Def::External(path)] = defs.as_slice() {
                        return makes_data(path);
                    }
                    let [Def::Item(item)] = defs.as_slice() else { return false };
                    let Some(function) = self.model.function(*item) else { return false };
                    let lends = |ty: &Type| matches!(ty, Type::Reference(true, _));
                    let Some(own) = &function.body else { return false };
                    depth < MAX_CALLS
                        && !function.is_async
                        && !function.params.iter().any(lends)
                        && own.root.is_some_and(|root| {
                            self.only_computes(own, own.expr(root).range, item.module, depth + 1)
                        })
                }
                _ => false,
            },
            ExprKind::Macro(call) => matches!(
                call.path.last(),
                "format" | "matches" | "println" | "eprintln" | "print" | "vec"
            ),
            ExprKind::Struct(..) | ExprKind::Return(_) => true,
            ExprKind::Closure(_) => true,
            // There is nothing but what is its own.
            ExprKind::Method(call) if CHANGING.contains(&&*call.name) => true,
            kind => computes(body, kind) || loops(body, kind),
        })
    }

    /// Whether a closure or function only computes.
    pub(super) fn is_plain_code(&self, code: &Value) -> bool {
        match code {
            Value::Closure(closure) => {
                let range = closure.body.expr(closure.expr).range;
                let owns = closure.owned.iter().any(|slot| self.owns(&self.slots[*slot]));
                let inside = closure
                    .body
                    .exprs
                    .iter()
                    .filter(|it| range.start <= it.range.start && it.range.end <= range.end);
                !owns && inside.into_iter().all(|it| computes(&closure.body, &it.kind))
            }
            Value::Function(defs) => {
                matches!(defs.as_slice(), [Def::External(path)] if path.starts_with("std::"))
            }
            Value::Ref(place) => self
                .resolved(place)
                .and_then(|place| self.get(&place))
                .is_ok_and(|it| self.is_plain_code(it)),
            Value::Int(..)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Unit
            | Value::Sym(_)
            | Value::Text(_)
            | Value::Literal(_) => true,
            _ => false,
        }
    }
}

/// The variables that a loop writes, if it only computes.
fn written_by(body: &Body, range: TextRange) -> Option<Vec<Name>> {
    let inside = body.exprs.iter().filter(|it| range.contains(it.range));
    let mut names = Vec::new();
    for expr in inside {
        match &expr.kind {
            ExprKind::Assign(to, _) | ExprKind::CompoundAssign(_, to, _) => {
                let to = match &body.expr(*to).kind {
                    ExprKind::Index(of, _) | ExprKind::Deref(of) => *of,
                    _ => *to,
                };
                match &body.expr(to).kind {
                    ExprKind::Path(None, path) => names.push(path.as_name()?.clone()),
                    _ => return None,
                }
            }
            ExprKind::Closure(_) => return None,
            kind if computes(body, kind) || loops(body, kind) => {}
            _ => return None,
        }
    }
    Some(names)
}

/// Whether a function of std makes nothing but a value.
fn makes_data(path: &str) -> bool {
    let of = ["std::vec::", "std::string::", "std::collections::", "std::cmp::", "std::iter::"];
    of.iter().any(|it| path.starts_with(it))
        || super::library::limits(path.split("::").next().unwrap_or_default()).is_some()
}

/// Parts of loops that only compute, and what else decides ways.
fn loops(body: &Body, kind: &ExprKind) -> bool {
    match kind {
        ExprKind::For(..)
        | ExprKind::While(..)
        | ExprKind::Loop(..)
        | ExprKind::Match(..)
        | ExprKind::Let(..)
        | ExprKind::Array(_)
        | ExprKind::Break(None, None)
        | ExprKind::Continue(None) => true,
        ExprKind::Assign(to, _) | ExprKind::CompoundAssign(_, to, _) => {
            let to = match &body.expr(*to).kind {
                ExprKind::Index(of, _) | ExprKind::Deref(of) => *of,
                _ => *to,
            };
            matches!(&body.expr(to).kind, ExprKind::Path(None, path) if path.as_name().is_some())
        }
        _ => false,
    }
}

/// Whether a value has nothing in it but numbers, texts and what is not known.
fn is_data(value: &Value) -> bool {
    match value {
        Value::Unit
        | Value::Bool(_)
        | Value::Int(..)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Literal(_)
        | Value::Sym(_) => true,
        Value::Tuple(parts) | Value::Many(_, parts) => parts.iter().all(is_data),
        Value::Maybe(_, inner) => inner.as_ref().is_none_or(|it| is_data(it)),
        Value::Data(data) => data.fields.iter().all(|(_, it)| is_data(it)),
        _ => false,
    }
}

fn computes(body: &Body, kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Path(..)
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::Literal(_)
        | ExprKind::Field(..)
        | ExprKind::Index(..)
        | ExprKind::Deref(_)
        | ExprKind::Unary(..)
        | ExprKind::Reference(..)
        | ExprKind::Binary { .. }
        | ExprKind::Cast(..)
        | ExprKind::Tuple(_)
        | ExprKind::Block(..)
        | ExprKind::If(..)
        | ExprKind::Closure(_)
        | ExprKind::Range { .. } => true,
        ExprKind::Method(call) => {
            let by_prefix = ["wrapping_", "saturating_", "checked_", "overflowing_"];
            COMPUTING.contains(&&*call.name) || by_prefix.iter().any(|it| call.name.starts_with(it))
        }
        ExprKind::Call(callee, _) => match &body.expr(*callee).kind {
            ExprKind::Path(_, path) => {
                let name = path.last();
                matches!(name, "from" | "Some" | "Ok")
            }
            _ => false,
        },
        ExprKind::Macro(call) => matches!(call.path.last(), "format" | "matches"),
        _ => false,
    }
}

/// Whether something unknown is in a value.
pub(super) fn is_open(value: &Value) -> bool {
    match value {
        Value::Sym(_) => true,
        Value::Tuple(parts) | Value::Many(_, parts) => parts.iter().any(is_open),
        Value::Maybe(_, Some(inner)) | Value::Cell(_, inner) => is_open(inner),
        Value::Data(data) => data.fields.iter().any(|(_, it)| is_open(it)),
        _ => false,
    }
}
