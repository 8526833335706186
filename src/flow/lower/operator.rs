//! Operators: on a type of the project that implements one, it is the call of a method.

use super::super::StmtKind;
use super::{Lowering, Value};
use crate::facts::tree::{ExprId, Name};
use crate::model::{Ty, TyHead};
use crate::text::TextRange;

/// What is said of a value that an operator is given, which leaves it as it was.
pub(in crate::flow) const GIVEN: &str = "given to an operator";

impl Lowering<'_> {
    /// `left + right` and the like.
    pub(super) fn operated(
        &mut self,
        range: TextRange,
        name: &str,
        left: ExprId,
        right: ExprId,
    ) -> Value {
        let left = self.expr(left);
        if let Some(value) = self.own_operator(range, name, &left, right) {
            return value;
        }
        self.mention_value(&left, range, GIVEN);
        let right = self.expr(right);
        self.mention_value(&right, range, GIVEN);
        Value::constant(Ty::Unknown)
    }

    /// `place += value` and the like.
    pub(super) fn assigned_by(
        &mut self,
        range: TextRange,
        name: &str,
        place: ExprId,
        value: ExprId,
    ) -> Value {
        let place = self.expr(place);
        if let Some(value) = self.own_operator(range, name, &place, value) {
            return value;
        }
        let value = self.expr(value);
        self.mention_value(&value, range, GIVEN);
        if let Some(place) = place.place() {
            let local = place.local;
            self.push(range, StmtKind::Flag(local, None));
        }
        Value::constant(Ty::Tuple(Vec::new()))
    }

    fn own_operator(
        &mut self,
        range: TextRange,
        name: &str,
        left: &Value,
        right: ExprId,
    ) -> Option<Value> {
        let head = left.ty.peel().head().filter(|head| matches!(head, TyHead::Item(..)))?;
        let model = self.model;
        let own = model.methods_of(&head, name);
        // Which of several it is depends on the other side.
        let [only] = own else { return None };
        if !model.is_of_trait(only) {
            return None;
        }
        Some(self.call_method(range, range, left.clone(), &Name::from(name), &[right], &[]))
    }
}
