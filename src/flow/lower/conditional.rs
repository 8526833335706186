//! Conditions: short circuits, `let` chains and tests that tell where a handle is.

use super::super::{BlockId, Condition, Terminator, Test};
use super::Lowering;
use crate::facts::tree::{BinaryOp, ExprId, ExprKind};

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
            ExprKind::Method(call) if call.args.is_empty() => {
                let test = match &*call.name {
                    "is_some" | "is_ok" => Some((Test::Inner, true)),
                    "is_none" | "is_err" => Some((Test::Inner, false)),
                    "is_empty" => Some((Test::Empty, true)),
                    _ => None,
                };
                let Some((test, holds)) = test else {
                    self.expr(id);
                    return self.either(yes, no);
                };
                let receiver = self.expr(call.receiver);
                let Some(place) = receiver.place().cloned() else { return self.either(yes, no) };
                let condition =
                    |holds| vec![Condition { place: place.clone(), test: test.clone(), holds }];
                let (when, unless) = (condition(holds), condition(!holds));
                self.frame().end(Terminator::Branch(vec![(yes, when), (no, unless)]));
            }
            ExprKind::Path(..) | ExprKind::Field(..) => {
                let value = self.expr(id);
                let Some(place) = value.place().cloned() else { return self.either(yes, no) };
                let condition =
                    |holds| vec![Condition { place: place.clone(), test: Test::True, holds }];
                let edges = vec![(yes, condition(true)), (no, condition(false))];
                self.frame().end(Terminator::Branch(edges));
            }
            _ => {
                self.expr(id);
                self.either(yes, no);
            }
        }
    }

    fn either(&mut self, yes: BlockId, no: BlockId) {
        self.frame().end(Terminator::Branch(vec![(yes, Vec::new()), (no, Vec::new())]));
    }
}
