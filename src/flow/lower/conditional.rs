//! Conditions: short circuits, `let` chains and tests that tell where a handle is.

use super::super::{BlockId, Callee, Condition, Terminator, Test};
use super::{Lowering, Value};
use crate::facts::tree::{BinaryOp, ExprId, ExprKind};

/// Methods of a collection that give one of its ends, if it has any.
const ENDS: &[&str] =
    &["first", "first_mut", "last", "last_mut", "front", "front_mut", "back", "back_mut", "peek"];

/// What a method asks of its receiver, and the answer that it means.
fn asks(name: &str) -> Option<(Test, bool)> {
    Some(match name {
        "is_some" | "is_ok" => (Test::Inner, true),
        "is_none" | "is_err" => (Test::Inner, false),
        "is_empty" => (Test::Empty, true),
        _ => return None,
    })
}

impl Lowering<'_> {
    /// Evaluates a condition and goes to `yes` or `no`. Names bound by `let` live in the scope
    /// that is open now.
    pub(super) fn condition(&mut self, id: ExprId, yes: BlockId, no: BlockId) {
        let body = self.body;
        let expr = body.expr(id);
        match &expr.kind {
            ExprKind::Bool(value) => {
                let target = if *value { yes } else { no };
                self.frame().goto(target);
            }
            ExprKind::Let(pat, value) => {
                let value = self.expr(*value);
                let value = self.materialise(value, expr.range);
                let matched = self.frame().new_block();
                self.test_pattern(*pat, &value, matched, no);
                self.frame().enter(matched);
                self.bind_value(*pat, &value);
                self.frame().goto(yes);
            }
            ExprKind::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), left, right } => {
                let right_block = self.frame().new_block();
                match op {
                    BinaryOp::And => self.condition(*left, right_block, no),
                    _ => self.condition(*left, yes, right_block),
                }
                self.frame().enter(right_block);
                self.condition(*right, yes, no);
            }
            ExprKind::Unary(inner) => self.condition(*inner, no, yes),
            ExprKind::Macro(call) => match self.matched(call) {
                Some(test) => self.condition(test, yes, no),
                None => {
                    self.expr(id);
                    self.either(yes, no);
                }
            },
            ExprKind::Method(call) if call.args.is_empty() => {
                let Some((mut test, mut holds)) = asks(&call.name) else {
                    self.expr(id);
                    return self.either(yes, no);
                };
                let mut asked = call.receiver;
                if let ExprKind::Method(inner) = &body.expr(asked).kind
                    && test == Test::Inner
                    && ENDS.contains(&&*inner.name)
                    && inner.args.is_empty()
                {
                    // There is a first one unless there is none.
                    (asked, test, holds) = (inner.receiver, Test::Empty, !holds);
                }
                let receiver = self.expr(asked);
                let Some(place) = receiver.place().cloned() else { return self.either(yes, no) };
                self.branch(&[Condition { place, test, holds }], yes, no);
            }
            ExprKind::Path(..) | ExprKind::Field(..) => {
                let value = self.expr(id);
                let Some(place) = value.place().cloned() else { return self.either(yes, no) };
                // What is in a variable was asked before.
                let asked = self.frame().asked.get(&place).cloned();
                let own = Condition { place, test: Test::True, holds: true };
                let all: Vec<Condition> = std::iter::once(own).chain(asked).collect();
                self.branch(&all, yes, no);
            }
            _ => {
                self.expr(id);
                self.either(yes, no);
            }
        }
    }

    /// Goes to `yes` if all of some conditions hold, and to `no` if none does.
    fn branch(&mut self, conditions: &[Condition], yes: BlockId, no: BlockId) {
        let turned = conditions.iter().cloned();
        let turned = turned.map(|own| Condition { holds: !own.holds, ..own }).collect();
        self.frame().end(Terminator::Branch(vec![(yes, conditions.to_vec()), (no, turned)]));
    }

    /// What a value says that a method just gave as its answer.
    pub(super) fn answered(&mut self, value: &Value) -> Option<Condition> {
        let dst = value.place()?.local;
        let call = self.frame().last_call(dst)?;
        let Callee::Method(place, name, own) = &call.callee else { return None };
        let (test, holds) = asks(name).filter(|_| own.is_empty())?;
        Some(Condition { place: place.clone(), test, holds })
    }

    fn either(&mut self, yes: BlockId, no: BlockId) {
        self.frame().end(Terminator::Branch(vec![(yes, Vec::new()), (no, Vec::new())]));
    }
}
