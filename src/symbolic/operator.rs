//! Operators: numbers and comparisons, as far as they are known.

use std::cmp::Ordering;

use super::machine::{Result, Run, unknown};
use super::same::{holds, key};
use super::text::{MAX_MADE, text};
use super::value::{Data, Kind, Place, Value, head_of};
use super::width::Width;
use crate::facts::tree::{BinaryOp, Comparison, ExprId, ExprKind, ItemKind, Name, Type};
use crate::model::Ty;

/// What is counted up to, at most; more is no number of elements.
const MAX_COUNTED: i128 = 64;

impl Run<'_> {
    pub(super) fn unary(&mut self, is_not: bool, inner: ExprId) -> Result<Value> {
        // The least number of a type is written as one that it does not have, and a sign.
        let value = match self.body()?.expr(inner).kind {
            ExprKind::Number(_) => self.value_of(inner, &Ty::Unknown)?,
            _ => self.eval(inner, &Ty::Unknown)?,
        };
        Ok(match self.unknown.concrete(&value) {
            Value::Bool(it) => Value::Bool(!it),
            Value::Int(it, width) if !is_not => Value::Int(it.saturating_neg(), width),
            Value::Int(it, width) => match width.wrapped(!it) {
                Some(made) => self.fitting(made, width),
                // Most often a mask: all bits but some, whatever the type is.
                None => Value::Int(!it, width),
            },
            Value::Sym(id) => self.unknown.negated(id),
            Value::Float(it) => Value::Float(-it),
            Value::Text(_) | Value::Literal(_) => self.unknown.untold_anew(),
            Value::Data(data) => {
                let name = if is_not { "not" } else { "neg" };
                let own = self.model.methods_of(&head_of(data.item), name);
                let [only] = own else { return unknown("an operator of a type") };
                let item = only.item;
                return self.call_function(item, Some(value), Vec::new(), None);
            }
            _ => return unknown("an operator of a type"),
        })
    }

    pub(super) fn compare(&mut self, op: Comparison, left: &Value, right: &Value) -> Value {
        let (mut left, mut right) = (self.seen(left), self.seen(right));
        as_default_of(&mut left, &right);
        as_default_of(&mut right, &left);
        // All bits of a number whose type is that of the other one.
        if let (Value::Int(one, of), Value::Int(other, to)) = (&mut left, &mut right) {
            for (width, it, own) in [(*of, other, *to), (*to, one, *of)] {
                if own == Width::Open && width.has(*it) == Some(false) {
                    *it = width.wrapped(*it).unwrap_or(*it);
                }
            }
        }
        if let (Value::Int(left, _), Value::Int(right, _)) = (&left, &right) {
            let most = i128::try_from(self.unknown.most).unwrap_or(0);
            // More elements than are tried could make a difference.
            let is_beyond =
                |one: i128, other: i128| one <= most && other > most && other <= MAX_COUNTED;
            self.unknown.counts_on |= is_beyond(*left, *right) || is_beyond(*right, *left);
        }
        if let (
            Comparison::Equal | Comparison::Unequal,
            Value::Maybe(one, Some(left)),
            Value::Maybe(other, Some(right)),
        ) = (op, &left, &right)
            && one == other
        {
            return self.compare(op, left, right);
        }
        if self.has_own_eq(&left) {
            let key = format!("{}=={}", key(&left), key(&right));
            return self.unknown.untold(key);
        }
        if let (Some(left), Some(right), Comparison::Equal | Comparison::Unequal) =
            (self.told_order(&left), self.told_order(&right), op)
        {
            return Value::Bool((left == right) == (op == Comparison::Equal));
        }
        // Variants of std's that have nothing in them.
        if let (Value::Sym(one), Value::Sym(other), Comparison::Equal | Comparison::Unequal) =
            (&left, &right, op)
            && let (Some(one), Some(other)) =
                (self.unknown.variant(*one), self.unknown.variant(*other))
            && one != other
        {
            return Value::Bool(op == Comparison::Unequal);
        }
        if let Some(known) = holds(op, &left, &right) {
            return Value::Bool(known);
        }
        match (op, parts_of(&left, &right)) {
            (Comparison::Equal, Some(parts)) => self.compare_parts(parts),
            (Comparison::Unequal, Some(parts)) => match self.compare_parts(parts) {
                Value::Bool(equal) => Value::Bool(!equal),
                Value::Sym(id) => self.unknown.negated(id),
                other => other,
            },
            _ => self.unknown.compared(op, &left, &right),
        }
    }

    /// Whether all pairs are equal: those before the last that is not known are decided.
    fn compare_parts(&mut self, parts: Vec<(Value, Value)>) -> Value {
        let mut answer = Value::Bool(true);
        for (left, right) in parts {
            if let Value::Sym(id) = answer
                && !self.unknown.truth(id)
            {
                return Value::Bool(false);
            }
            answer = match self.compare(Comparison::Equal, &left, &right) {
                Value::Bool(true) if matches!(answer, Value::Sym(_)) => Value::Bool(true),
                Value::Bool(false) => return Value::Bool(false),
                other => other,
            };
        }
        answer
    }

    /// Whether a part of a value has an equality of its own, by which it is not compared here.
    fn has_own_eq(&self, value: &Value) -> bool {
        match value {
            Value::Data(data) => {
                !self.model.methods_of(&head_of(data.item), "eq").is_empty()
                    || data.fields.iter().any(|(_, it)| self.has_own_eq(it))
            }
            Value::Tuple(parts) | Value::Many(_, parts) => {
                parts.iter().any(|it| self.has_own_eq(it))
            }
            Value::Maybe(_, Some(inner)) => self.has_own_eq(inner),
            _ => false,
        }
    }

    /// Whether two values are equal; decided now if that is not known.
    pub(super) fn equal(&mut self, left: &Value, right: &Value) -> Result<bool> {
        let answer = self.compare(Comparison::Equal, left, right);
        self.truth(&answer)
    }

    pub(super) fn truth(&mut self, value: &Value) -> Result<bool> {
        match self.seen(value) {
            Value::Bool(it) => Ok(it),
            Value::Sym(id) => Ok(self.unknown.truth(id)),
            _ => unknown("a condition that is no `bool`"),
        }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: ExprId, right: ExprId) -> Result<Value> {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let first = self.eval(left, &Ty::Unknown)?;
                match (op, self.truth(&first)?) {
                    (BinaryOp::And, false) => Ok(Value::Bool(false)),
                    (BinaryOp::Or, true) => Ok(Value::Bool(true)),
                    _ => self.eval(right, &Ty::Unknown),
                }
            }
            BinaryOp::Compare(_) if self.is_pointer(left)? || self.is_pointer(right)? => {
                self.place(left)?;
                self.place(right)?;
                Ok(self.unknown.untold_anew())
            }
            BinaryOp::Compare(op) => {
                let (left, right) = (self.place(left)?, self.place(right)?);
                if let Some(answer) = self.compared_by_own(op, &left, &right)? {
                    return Ok(answer);
                }
                let is_order = !matches!(op, Comparison::Equal | Comparison::Unequal);
                let shown = self.seen(&Value::Ref(left.clone()));
                if is_order
                    && matches!(shown, Value::Tuple(_) | Value::Many(..) | Value::Maybe(..))
                    && let Some(order) =
                        self.order(&Value::Ref(left.clone()), &Value::Ref(right.clone()))?
                {
                    return Ok(Value::Bool(orders(op, order)));
                }
                Ok(self.compare(op, &Value::Ref(left), &Value::Ref(right)))
            }
            BinaryOp::Strict(name) => {
                let left = self.eval(left, &Ty::Unknown)?;
                if let Value::Data(data) = &left {
                    let head = head_of(data.item);
                    if let Some(own) = self.model.methods_of(&head, name).first().map(|it| it.item)
                    {
                        let right = self.eval(right, &Ty::Unknown)?;
                        return self.call_function(own, Some(left), vec![right], None);
                    }
                }
                let right = self.eval(right, &Ty::Unknown)?;
                if let (Some(how), Value::Ref(sets)) = (of_sets(name), &left)
                    && let Value::Many(kind @ Kind::Set(_), _) = *self.get(&self.resolved(sets)?)?
                {
                    let sets = self.resolved(sets)?;
                    let found = self.two_sets(&sets, how, &mut vec![right])?;
                    let items: Vec<Value> =
                        self.drained(found)?.iter().map(|it| self.seen(it)).collect();
                    let items = self.copied_all(&items)?;
                    return Ok(Value::Many(kind, items));
                }
                Ok(self.arithmetic(name, &left, &right))
            }
        }
    }

    /// Whether an expression is made a raw pointer, which is compared by where it points.
    fn is_pointer(&self, id: ExprId) -> Result<bool> {
        Ok(matches!(&self.body()?.expr(id).kind, ExprKind::Cast(_, Type::Reference(true, _))))
    }

    pub(super) fn arithmetic(&mut self, name: &str, left: &Value, right: &Value) -> Value {
        let (mut left, mut right) = (self.seen(left), self.seen(right));
        as_default_of(&mut left, &right);
        as_default_of(&mut right, &left);
        if let Some(made) = self.of_floats(name, &left, &right) {
            return made;
        }
        let width = match (&left, &right) {
            (Value::Int(_, left), _) if matches!(name, "shl" | "shr") => *left,
            (Value::Int(_, left), Value::Int(_, right)) => left.or(*right),
            _ => Width::default(),
        };
        let known = match (&left, &right) {
            // It stands for more than it says.
            (Value::Int(i128::MAX, _), _) | (_, Value::Int(i128::MAX, _)) => None,
            (Value::Int(left, _), Value::Int(right, _)) => {
                self.of_numbers_known(name, *left, *right, width)
            }
            (Value::Text(left), Value::Text(right))
                if name == "add" && left.len() + right.len() <= MAX_MADE =>
            {
                return text(format!("{left}{right}"));
            }
            (Value::Bool(left), Value::Bool(right)) => {
                return Value::Bool(match name {
                    "bitand" => left & right,
                    "bitor" => left | right,
                    _ => left ^ right,
                });
            }
            (Value::Bool(it), Value::Sym(_)) | (Value::Sym(_), Value::Bool(it)) => {
                let other = if matches!(left, Value::Sym(_)) { &left } else { &right };
                match (name, it) {
                    ("bitand", false) => return Value::Bool(false),
                    ("bitor", true) => return Value::Bool(true),
                    ("bitand", true) | ("bitor" | "bitxor", false) => return other.clone(),
                    _ => None,
                }
            }
            _ => None,
        };
        let is_told = matches!(left, Value::Sym(_)) || matches!(right, Value::Sym(_));
        known.map_or_else(
            || {
                if !is_told {
                    return self.unknown.untold(format!("{name}({},{})", key(&left), key(&right)));
                }
                let from = if matches!(left, Value::Sym(_)) { left.clone() } else { right.clone() };
                {
                    let key = format!("{name}({},{})", key(&left), key(&right));
                    let made = self.unknown.derived(key, Some(&from));
                    self.unknown.is_computed(&made);
                    match (name, &left, &right) {
                        ("add", sum, Value::Int(by, _)) | ("add", Value::Int(by, _), sum) => {
                            self.unknown.is_sum(&made, sum, *by);
                        }
                        ("sub", sum, Value::Int(by, _)) => {
                            self.unknown.is_sum(&made, sum, by.saturating_neg());
                        }
                        _ => {}
                    }
                    let other = if matches!(left, Value::Int(..)) { &left } else { &right };
                    if let ("bitand", Value::Int(mask @ 0.., _)) = (name, other) {
                        self.unknown.is_between(&made, Some(0), Some(*mask));
                    }
                    if let ("rem", Value::Int(by @ 1.., _)) = (name, &right) {
                        self.unknown.is_between(&made, Some(1 - by), Some(by - 1));
                    }
                    made
                }
            },
            |made| Value::Int(made, width),
        )
    }

    /// What an operator makes of two numbers.
    fn of_numbers_known(
        &mut self,
        name: &str,
        left: i128,
        right: i128,
        width: Width,
    ) -> Option<i128> {
        let made = match name {
            "add" => left.checked_add(right),
            "sub" => {
                // Below nothing there are no numbers for most types, and the run ends.
                let is_below = left >= 0 && right >= 0 && left < right;
                self.unknown.assumed |= is_below && !width.is_known();
                left.checked_sub(right)
            }
            "div" | "rem" if right == 0 => {
                self.panics = true;
                None
            }
            "mul" => left.checked_mul(right),
            "div" => left.checked_div(right),
            "rem" => left.checked_rem(right),
            "bitand" => Some(left & right),
            "bitor" => Some(left | right),
            "bitxor" => Some(left ^ right),
            "shl" => {
                let by = u32::try_from(right).ok()?;
                match width.bits() {
                    Some(bits) if by < bits => {
                        return width.of_raw(width.raw(left)?.checked_shl(by)?);
                    }
                    Some(_) => {
                        self.overflows();
                        None
                    }
                    // How wide the type is decides what is cut off.
                    None => left.checked_shl(by).filter(|it| by < 8 && (0..=127).contains(it)),
                }
            }
            "shr" => u32::try_from(right).ok().and_then(|by| left.checked_shr(by)),
            _ => None,
        };
        if made.is_some_and(|it| width.has(it) == Some(false)) {
            if width == Width::Time {
                // A time below nothing panics in every build.
                self.panics = true;
                return None;
            }
            self.overflows();
            return None;
        }
        made
    }

    /// Beyond the end of its type a number panics, or begins anew: that depends on the build.
    pub(super) fn overflows(&mut self) {
        if let Value::Sym(asked) = self.unknown.untold_anew() {
            self.panics |= self.unknown.truth(asked);
        }
    }

    /// A number that its type has; one beyond those that are computed with is not known.
    pub(super) fn fitting(&mut self, number: i128, width: Width) -> Value {
        match number {
            i128::MAX => self.unknown.untold_anew(),
            number => Value::Int(number, width),
        }
    }

    /// Compares by what the type of the left side has for it.
    pub(super) fn compared_by_own(
        &mut self,
        op: Comparison,
        left: &Place,
        right: &Place,
    ) -> Result<Option<Value>> {
        let (left, right) = (&self.resolved(left)?, &self.resolved(right)?);
        for (one, other) in [(left, right), (right, left)] {
            self.as_variant_of(one, other)?;
        }
        let left = left.clone();
        let Value::Data(data) = self.get(&left)? else { return Ok(None) };
        let head = head_of(data.item);
        let own = |name: &str| self.model.methods_of(&head, name).first().map(|it| it.item);
        match (op, own("eq")) {
            (Comparison::Equal | Comparison::Unequal, Some(eq)) => {
                let right = Value::Ref(right.clone());
                let answer = self.call_function(eq, Some(Value::Ref(left)), vec![right], None)?;
                let equal = self.truth(&answer)?;
                Ok(Some(Value::Bool(equal == (op == Comparison::Equal))))
            }
            (Comparison::Equal | Comparison::Unequal, None) => Ok(None),
            _ => {
                let (left, right) = (Value::Ref(left), Value::Ref(right.clone()));
                match self.order(&left, &right)? {
                    Some(order) => Ok(Some(Value::Bool(orders(op, order)))),
                    None => unknown("an order that is not known"),
                }
            }
        }
    }

    /// Decides which variant something unknown is that is compared with one of an enum whose variants have no fields.
    fn as_variant_of(&mut self, place: &Place, other: &Place) -> Result<()> {
        let (Value::Sym(id), Value::Data(data)) = (self.get(place)?, self.get(other)?) else {
            return Ok(());
        };
        let (id, item) = (*id, data.item);
        let ItemKind::Enum(variants) = &self.model.item(item).kind else { return Ok(()) };
        if variants.iter().any(|it| !it.fields.is_empty()) {
            return Ok(());
        }
        let names: Vec<Name> = variants.iter().map(|it| it.name.clone()).collect();
        let Some((last, rest)) = names.split_last() else { return Ok(()) };
        let found = rest.iter().find(|name| self.unknown.is_variant(id, name)).unwrap_or(last);
        let made =
            Data { item, variant: Some(found.clone()), fields: Vec::new(), types: Vec::new() };
        *self.get_mut(place)? = Value::Data(Box::new(made));
        Ok(())
    }

    pub(super) fn assign_op(&mut self, op: &str, to: ExprId, from: ExprId) -> Result<Value> {
        let value = self.eval(from, &Ty::Unknown)?;
        let place = self.place(to)?;
        let place = self.resolved(&place)?;
        if let Value::Data(data) = self.get(&place)? {
            let head = head_of(data.item);
            let own = self.model.methods_of(&head, op).first().map(|it| it.item);
            let Some(own) = own else { return unknown("an operator of a type") };
            return self.call_function(own, Some(Value::Ref(place)), vec![value], None);
        }
        let old = match self.get(&place)? {
            // What `or_default` made is a number, as its use tells.
            Value::Many(_, items) if items.is_empty() && op.ends_with("_assign") => {
                Value::number(0)
            }
            other => other.clone(),
        };
        let made = self.arithmetic(op.trim_end_matches("_assign"), &old, &value);
        *self.get_mut(&place)? = made;
        Ok(Value::Unit)
    }

    /// A number as one of another type.
    pub(super) fn cast(&mut self, number: i128, ty: &Ty) -> Value {
        let name = ty.path().unwrap_or_default();
        let width = Width::known(name);
        let wrapped = width.wrapped(number);
        match wrapped {
            Some(made) => Value::Int(made, width),
            None if (0..=127).contains(&number) => Value::Int(number, width),
            None => self.unknown.untold(format!("{number} as {name}")),
        }
    }
}

/// The default of a type that is not known, as that of what it goes together with.
fn as_default_of(value: &mut Value, other: &Value) {
    if let Value::Many(Kind::Open, items) = value
        && items.is_empty()
    {
        *value = match other {
            Value::Text(_) => text(""),
            Value::Int(_, width) => Value::Int(0, *width),
            Value::Float(_) => Value::Float(0.0),
            Value::Bool(_) => Value::Bool(false),
            _ => return,
        };
    }
}

/// The parts of two values of one kind, in pairs, that make them equal.
fn parts_of(left: &Value, right: &Value) -> Option<Vec<(Value, Value)>> {
    let (left, right): (Vec<&Value>, Vec<&Value>) = match (left, right) {
        (Value::Data(left), Value::Data(right)) if left.item == right.item => (
            left.fields.iter().map(|(_, it)| it).collect(),
            right.fields.iter().map(|(_, it)| it).collect(),
        ),
        (Value::Tuple(left), Value::Tuple(right)) => {
            (left.iter().collect(), right.iter().collect())
        }
        (
            Value::Many(Kind::List | Kind::Queue | Kind::Slice, left),
            Value::Many(Kind::List | Kind::Queue | Kind::Slice, right),
        ) => (left.iter().collect(), right.iter().collect()),
        _ => return None,
    };
    let is_alike = left.len() == right.len() && !left.is_empty();
    is_alike.then(|| left.into_iter().cloned().zip(right.into_iter().cloned()).collect())
}

/// The method of sets that an operator means.
fn of_sets(name: &str) -> Option<&'static str> {
    Some(match name {
        "bitor" => "union",
        "bitand" => "intersection",
        "sub" => "difference",
        "bitxor" => "symmetric_difference",
        _ => return None,
    })
}

/// What an order says of a comparison.
fn orders(op: Comparison, order: Ordering) -> bool {
    match op {
        Comparison::Equal => order.is_eq(),
        Comparison::Unequal => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::More => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
    }
}
