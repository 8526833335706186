//! What is known of unknown numbers: between which they lie, and how they lie to each other.

use std::collections::BTreeSet;

use super::Unknowns;
use crate::facts::tree::Comparison;
use crate::symbolic::relation::ZERO;
use crate::symbolic::value::{SymId, Value};

impl Unknowns {
    /// Whether two things that are not known are both made of one other.
    pub(super) fn is_of_one(&self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Sym(left), Value::Sym(right)) if self.form(*left).0 == self.form(*right).0 => {
                false
            }
            (Value::Sym(left), Value::Sym(right)) => {
                let (left, right) = (&self.all[*left], &self.all[*right]);
                left.root == right.root && (left.computed || right.computed)
            }
            _ => false,
        }
    }

    /// Notes that something unknown is no number below one, and none above another.
    pub(in crate::symbolic) fn is_between(
        &mut self,
        value: &Value,
        least: Option<i128>,
        most: Option<i128>,
    ) {
        let Value::Sym(id) = value else { return };
        for (op, end) in [(Comparison::AtLeast, least), (Comparison::AtMost, most)] {
            if let Some(end) = end {
                self.relations.learn(op, true, *id, ZERO, end);
            }
        }
        let known = &mut self.all[*id];
        if let Some(least) = least.and_then(|it| it.checked_sub(1)) {
            known.above = Some(known.above.map_or(least, |it| it.max(least)));
        }
        if let Some(most) = most.and_then(|it| it.checked_add(1)) {
            known.below = Some(known.below.map_or(most, |it| it.min(most)));
        }
    }

    /// Notes that a number is computed from another one.
    pub(in crate::symbolic) fn is_computed(&mut self, value: &Value) {
        if let Value::Sym(id) = value {
            self.all[*id].computed = true;
        }
    }

    /// Notes that a number is another one and so much more.
    pub(in crate::symbolic) fn is_sum(&mut self, value: &Value, of: &Value, by: i128) {
        if let (Value::Sym(id), Value::Sym(of)) = (value, of) {
            let (base, own) = self.form(*of);
            self.all[*id].sum = own.checked_add(by).map(|by| (base, by));
        }
    }

    /// A number as another one and so much more.
    pub(super) fn form(&self, id: SymId) -> (SymId, i128) {
        self.all[id].sum.unwrap_or((id, 0))
    }

    /// Notes that one number is not greater than another.
    pub(in crate::symbolic) fn is_at_most(&mut self, left: &Value, right: &Value) {
        if let (Value::Sym(left), Value::Sym(right)) = (left, right) {
            let ((left, a), (right, b)) = (self.form(*left), self.form(*right));
            self.relations.learn(Comparison::AtMost, true, left, right, b.saturating_sub(a));
        }
    }

    /// How two numbers lie to each other; decided now if it was not before.
    pub(super) fn compare_two(
        &mut self,
        id: SymId,
        op: Comparison,
        left: SymId,
        right: SymId,
    ) -> bool {
        let ((left, a), (right, b)) = (self.form(left), self.form(right));
        let known = |it: SymId| match self.all[it].is {
            Some(Value::Int(number, _)) => (ZERO, number),
            _ => (it, 0),
        };
        let ((left, more), (right, other)) = (known(left), known(right));
        let by = b.saturating_add(other).saturating_sub(a.saturating_add(more));
        if let Some(settled) = self.relations.says(op, left, right, by) {
            return settled;
        }
        self.note(id);
        let answer = self.choose(2) == 0;
        self.relations.learn(op, answer, left, right, by);
        answer
    }

    /// Whether values may lie in any order: nothing is known of them, and they have nothing in common.
    pub(in crate::symbolic) fn are_free(&self, values: &[Value]) -> bool {
        let mut roots = BTreeSet::new();
        values.iter().all(|value| {
            let Value::Sym(id) = value else { return false };
            let known = &self.all[*id];
            let is_open = known.is.is_none() && known.not.is_empty() && known.variant.is_none();
            let unbound = known.above.is_none() && known.below.is_none() && !known.untold;
            is_open && unbound && roots.insert(known.root)
        })
    }
}
