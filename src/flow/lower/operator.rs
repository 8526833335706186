//! Operators: on a type of the project that implements one, it is the call of a method.

use super::super::{Constant, LocalId, Stmt, StmtKind};
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
        let decided = match name {
            "bitand_assign" => Some(false),
            "bitor_assign" => Some(true),
            _ => None,
        };
        if let (Some(decided), Some(flag)) = (decided, self.flag(&place)) {
            return self.gathered(range, flag, value, decided);
        }
        let value = self.expr(value);
        self.mention_value(&value, range, GIVEN);
        if let Some(place) = place.place().cloned() {
            self.push(
                range,
                match place.proj.is_empty() {
                    true => StmtKind::Flag(place.local, None),
                    false => StmtKind::Clear(place),
                },
            );
        }
        Value::constant(Ty::Tuple(Vec::new()))
    }

    /// The variable that a value is, if it was set to `true` or `false` before.
    fn flag(&mut self, value: &Value) -> Option<LocalId> {
        let place = value.place().filter(|place| place.proj.is_empty())?.clone();
        let is_set = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Flag(local, Some(Constant::Bool(_))) if *local == place.local);
        let mut stmts = self.frame().flow.blocks.iter().flat_map(|block| &block.stmts);
        stmts.any(is_set).then_some(place.local)
    }

    /// `all &= value` and `any |= value`: one value sets the variable, and the other leaves it as it is.
    fn gathered(&mut self, range: TextRange, flag: LocalId, value: ExprId, decided: bool) -> Value {
        let frame = self.frame();
        let (decides, leaves, after) = (frame.new_block(), frame.new_block(), frame.new_block());
        match decided {
            true => self.condition(value, decides, leaves),
            false => self.condition(value, leaves, decides),
        }
        self.frame().enter(decides);
        self.push(range, StmtKind::Flag(flag, Some(Constant::Bool(decided))));
        self.frame().goto(after);
        self.frame().enter(leaves);
        self.frame().goto(after);
        self.frame().enter(after);
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
