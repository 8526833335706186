//! Conditions: short circuits, `let` chains and tests that tell where a handle is.

use super::super::{
    BlockId, Callee, Condition, Constant, LocalKind, Operand, Place, Proj, Terminator, Test,
};
use super::{Lowering, Value};
use crate::facts::tree::{BinaryOp, Comparison, ExprId, ExprKind, MethodCall};

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

/// The comparison with its sides changed.
fn turned(kind: Comparison) -> Comparison {
    match kind {
        Comparison::Equal | Comparison::Unequal => kind,
        Comparison::Less => Comparison::More,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::More => Comparison::Less,
        Comparison::AtLeast => Comparison::AtMost,
    }
}

/// Whether the comparison of a length with a number says that something is empty, or is not.
fn says_empty(kind: Comparison, number: usize) -> Option<bool> {
    match (kind, number) {
        (Comparison::Equal | Comparison::AtMost, 0) | (Comparison::Less, 1) => Some(true),
        (Comparison::Unequal | Comparison::More, 0) | (Comparison::AtLeast, 1) => Some(false),
        _ => None,
    }
}

/// What comparing two numbers gives.
fn holds(kind: Comparison, one: usize, other: usize) -> bool {
    match kind {
        Comparison::Equal => one == other,
        Comparison::Unequal => one != other,
        Comparison::Less => one < other,
        Comparison::AtMost => one <= other,
        Comparison::More => one > other,
        Comparison::AtLeast => one >= other,
    }
}

impl Lowering<'_> {
    /// Evaluates a condition and goes to `yes` or `no`. Names bound by `let` live in the scope
    /// that is open now.
    pub(super) fn condition(&mut self, id: ExprId, yes: BlockId, no: BlockId) {
        let body = self.body;
        let expr = body.expr(id);
        let before = self.frame().read.len();
        self.note_constant(id);
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
                self.ask_both(id, (op, *left, *right), yes, no);
            }
            ExprKind::Unary(_, inner) => self.condition(*inner, no, yes),
            ExprKind::Macro(call) => match self.matched(call) {
                Some(test) => self.condition(test, yes, no),
                None => {
                    self.expr(id);
                    self.ask(id, yes, no, before);
                }
            },
            ExprKind::Method(call) if call.args.is_empty() => {
                self.method_condition(id, call, yes, no, before);
            }
            ExprKind::Binary { op: BinaryOp::Compare(kind), left, right } => {
                if let (Some(one), Some(other)) = (self.number(*left), self.number(*right)) {
                    let target = if holds(*kind, one, other) { yes } else { no };
                    return self.frame().goto(target);
                }
                match self.compared(*kind, *left, *right) {
                    // What a temporary holds is asked of no other one.
                    Some(condition)
                        if condition.test == Test::Empty || self.lasts(&condition.place) =>
                    {
                        self.branch(&[condition], yes, no);
                    }
                    // What made it may say something of it.
                    Some(condition) if self.is_made(&condition.place) => {
                        self.ask_of(id, Some(condition), yes, no, before);
                    }
                    _ => self.ask(id, yes, no, before),
                }
            }
            ExprKind::Path(..) | ExprKind::Field(..) => {
                let value = self.expr(id);
                if let Operand::Constant(Some(Constant::Bool(known))) = value.operand {
                    let target = if known { yes } else { no };
                    return self.frame().goto(target);
                }
                let Some(place) = value.place().cloned() else {
                    return self.ask(id, yes, no, before);
                };
                if matches!(self.frame().local(place.local).kind, LocalKind::Static(..)) {
                    return self.ask(id, yes, no, before);
                }
                // What is in a variable was asked before.
                let asked = self.frame().answer_in(&place);
                let own = Condition { place, test: Test::is_true(), holds: true };
                let all: Vec<Condition> = std::iter::once(own).chain(asked).collect();
                self.branch(&all, yes, no);
            }
            _ => {
                let value = self.expr(id);
                self.ask_value(id, &value, yes, no, before);
            }
        }
    }

    /// Whether what is said of a place can be asked of it again: not of a temporary, nor of one of several elements.
    fn lasts(&mut self, place: &Place) -> bool {
        let kind = self.frame().local(place.local).kind;
        !matches!(kind, LocalKind::Temporary | LocalKind::Static(..))
            && !place.proj.iter().any(Proj::is_one_of)
    }

    /// What is tested of a part of a tuple that was just made is tested of what it was made of.
    pub(super) fn with_origins(&mut self, mut conditions: Vec<Condition>) -> Vec<Condition> {
        let frame = self.frame();
        let of = |condition: &Condition| {
            let (first, rest) = condition.place.proj.split_first()?;
            let parts = frame.made_of.get(&condition.place.local)?;
            let (_, from) = parts.iter().find(|(part, _)| part == first)?;
            let mut place = from.clone();
            place.proj.extend(rest.iter().cloned());
            Some(Condition { place, ..condition.clone() })
        };
        let more: Vec<Condition> = conditions.iter().filter_map(of).collect();
        conditions.extend(more);
        conditions
    }

    /// Whether a place is a value that an expression has just made.
    fn is_made(&mut self, place: &Place) -> bool {
        place.proj.is_empty() && self.frame().local(place.local).kind == LocalKind::Temporary
    }

    /// Goes to `yes` if all of some conditions hold, and to `no` if none does.
    pub(super) fn branch(&mut self, conditions: &[Condition], yes: BlockId, no: BlockId) {
        let turned = conditions.iter().cloned();
        let turned = turned.map(|own| Condition { holds: !own.holds, ..own }).collect();
        self.frame().end(Terminator::Branch(vec![(yes, conditions.to_vec()), (no, turned)]));
    }

    /// A condition that is what a method without arguments gives.
    fn method_condition(
        &mut self,
        id: ExprId,
        call: &MethodCall,
        yes: BlockId,
        no: BlockId,
        before: usize,
    ) {
        let Some((mut test, mut holds)) = asks(&call.name) else {
            let value = self.expr(id);
            return self.ask_value(id, &value, yes, no, before);
        };
        let mut asked = call.receiver;
        if let ExprKind::Method(inner) = &self.body.expr(asked).kind
            && test == Test::Inner
            && ENDS.contains(&&*inner.name)
            && inner.args.is_empty()
        {
            // There is a first one unless there is none.
            (asked, test, holds) = (inner.receiver, Test::Empty, !holds);
        }
        let receiver = self.expr(asked);
        let Some(place) = receiver.place().cloned() else {
            return self.either(yes, no, before);
        };
        let kind = self.frame().local(place.local).kind;
        let mut all = vec![Condition { place, test, holds }];
        if kind == LocalKind::Temporary {
            all.extend(self.asked(id));
        }
        self.branch(&all, yes, no);
    }

    /// Compares two values, and tells what that says of a place if it says something that can be told.
    pub(super) fn compared(
        &mut self,
        kind: Comparison,
        left: ExprId,
        right: ExprId,
    ) -> Option<Condition> {
        self.note_constant(left);
        self.note_constant(right);
        let (one, other) = (self.expr(left), self.expr(right));
        let (kind, asked, value) = match (self.value_of(&one), self.value_of(&other)) {
            (None, Some(value)) => (kind, one, value),
            (Some(value), None) => (turned(kind), other, value),
            _ => return None,
        };
        let is_cast = |id: ExprId| matches!(self.body.expr(id).kind, ExprKind::Cast(..));
        if is_cast(left) || is_cast(right) {
            return None;
        }
        let place = asked.place()?.clone();
        if let (Constant::Number(number), Some(place)) = (&value, self.counted_by(&place)) {
            let test = Test::Empty;
            return says_empty(kind, *number).map(|holds| Condition { place, test, holds });
        }
        let number = match value {
            Constant::Number(number) => Some(number),
            Constant::Bool(_) | Constant::Variant(_) | Constant::Text(_) => None,
        };
        let below = || number?.checked_sub(1);
        let (test, holds) = match kind {
            Comparison::Equal => (Test::Is(vec![value]), true),
            Comparison::Unequal => (Test::Is(vec![value]), false),
            Comparison::More => (Test::Above(number?), true),
            Comparison::AtLeast => (Test::Above(below()?), true),
            Comparison::Less => (Test::Above(below()?), false),
            Comparison::AtMost => (Test::Above(number?), false),
        };
        Some(Condition { place, test, holds })
    }

    /// Notes a constant that decides and that nobody has read.
    fn note_constant(&mut self, id: ExprId) {
        if let ExprKind::Path(None, path) = &self.body.expr(id).kind
            && path.as_name().is_none_or(|name| self.variable(name).is_none())
        {
            let defs = self.path_defs(None, path);
            self.note_open(path, &defs);
        }
    }

    /// What a value is, if it is written out: a number, a `bool`, a variant without content.
    pub(super) fn value_of(&self, value: &Value) -> Option<Constant> {
        Constant::of(self.model, &value.operand)
    }

    /// What a value says that a method just gave as its answer, or that was just compared.
    pub(super) fn answered(&mut self, init: ExprId, value: &Value) -> Option<Condition> {
        if let ExprKind::Binary { op: BinaryOp::Compare(_), .. } = self.body.expr(init).kind {
            // A number may be another one by the time that its answer is looked at.
            return self.frame().compared.take().filter(|it| it.test == Test::Empty);
        }
        if let ExprKind::Unary(_, inner) = &self.body.expr(init).kind
            && matches!(self.body.expr(*inner).kind, ExprKind::Path(..))
        {
            let place = self.expr(*inner).place()?.clone();
            return Some(Condition { place, test: Test::is_true(), holds: false });
        }
        let dst = value.place()?.local;
        let call = self.frame().last_call(dst)?;
        let Callee::Method(place, name, own) = &call.callee else { return None };
        let (test, holds) = asks(name).filter(|_| own.is_empty())?;
        Some(Condition { place: place.clone(), test, holds })
    }

    /// What must be so for a method to run the closure that it is given, if its receiver was just lowered.
    pub(super) fn given_for(&mut self, call: &MethodCall, receiver: &Value) -> Vec<Condition> {
        let asked = call.receiver;
        match (&*call.name, call.args.len()) {
            ("then", 1) => {
                let said = match &self.body.expr(asked).kind {
                    ExprKind::Path(..) | ExprKind::Field(..) => receiver.place().map(|place| {
                        Condition { place: place.clone(), test: Test::is_true(), holds: true }
                    }),
                    ExprKind::Binary { op: BinaryOp::Compare(_), .. } => {
                        self.frame().compared.clone().filter(|it| self.lasts(&it.place))
                    }
                    _ => self.answered(asked, receiver),
                };
                let noted = receiver.place().and_then(|place| self.frame().answer_in(place));
                said.into_iter().chain(noted).chain(self.asked(asked)).collect()
            }
            ("map" | "and_then" | "inspect", 1) | ("map_or" | "map_or_else", 2)
                if receiver.ty.is_maybe() =>
            {
                let of = |place: &Place| Condition {
                    place: place.clone(),
                    test: Test::Inner,
                    holds: true,
                };
                receiver.place().map(of).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Goes one way or the other: all that is known is which places were named for it.
    fn either(&mut self, yes: BlockId, no: BlockId, before: usize) {
        let frame = self.frame();
        let reads = frame.read[before..].to_vec();
        frame.either(yes, no, reads);
    }
}
