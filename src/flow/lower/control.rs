//! Control flow: branches, loops, `match`, `?` and the ways out of a body.

use super::super::{
    BlockId, Callable, Condition, Constant, Leaving, LocalId, LocalKind, Often, Operand, Over,
    Place, Proj, RETURN, StmtKind, Terminator, Test, typing,
};
use super::frame::ScopeKind;
use super::{Lowering, Value};
use crate::catalog::Role;
use crate::facts::tree::{Arm, BlockId as TreeBlock, ExprId, ExprKind, Name, PatId};
use crate::model::Ty;
use crate::text::TextRange;

impl Lowering<'_> {
    pub(super) fn control(&mut self, id: ExprId, range: TextRange, kind: &ExprKind) -> Value {
        match kind {
            ExprKind::Block(label, block) => self.block(*block, label.as_ref()),
            ExprKind::If(condition, then, otherwise) => {
                self.if_value(range, *condition, *then, *otherwise)
            }
            ExprKind::Binary { .. } | ExprKind::Let(..) => self.boolean(id),
            ExprKind::While(label, condition, body) => {
                self.while_loop(range, label.as_ref(), *condition, *body)
            }
            ExprKind::Loop(label, body) => self.endless_loop(range, label.as_ref(), *body),
            ExprKind::For(label, pat, iterable, body) => {
                self.for_loop(range, label.as_ref(), *pat, *iterable, *body)
            }
            ExprKind::Match(scrutinee, arms) => self.match_value(range, *scrutinee, arms),
            ExprKind::Try(inner) => self.question(range, *inner),
            ExprKind::Return(value) => {
                let value = match *value {
                    Some(value) => {
                        if let ([_], Some(output)) = (&*self.frames, self.output.clone()) {
                            self.want(value, &output);
                        }
                        self.expr(value)
                    }
                    None => Value::constant(Ty::Tuple(Vec::new())),
                };
                if self.is_in_macro() {
                    self.mention_value(
                        &value,
                        range,
                        "returned inside a macro that is not expanded",
                    );
                    self.may_leave(range, "this `return` may leave something that a macro makes");
                    return Value::constant(Ty::Unknown);
                }
                self.return_value(&value, range, Leaving::Jump);
                self.never()
            }
            ExprKind::Break(label, value) => self.leave(range, label.as_ref(), *value, true),
            ExprKind::Continue(label) => self.leave(range, label.as_ref(), None, false),
            _ => Value::constant(Ty::Unknown),
        }
    }

    /// A condition whose value is kept instead of branched on.
    pub(super) fn boolean(&mut self, id: ExprId) -> Value {
        let frame = self.frame();
        let (yes, no, after) = (frame.new_block(), frame.new_block(), frame.new_block());
        self.condition(id, yes, no);
        let range = self.body.expr(id).range;
        let result = self.temp(range, Ty::external("bool", Vec::new()));
        for (block, value) in [(yes, true), (no, false)] {
            self.frame().enter(block);
            self.push(range, StmtKind::Flag(result, Some(Constant::Bool(value))));
            self.frame().goto(after);
        }
        self.frame().enter(after);
        self.temp_value(result)
    }

    pub(super) fn never(&mut self) -> Value {
        Value::constant(Ty::Never)
    }

    /// Stores a branch's value in the common result and goes on behind the branches.
    fn finish_branch(&mut self, result: LocalId, value: &Value, range: TextRange, after: BlockId) {
        if self.frame().is_reachable() {
            self.store_result(result, value, range);
            let is_first = self.frame().given.insert(result);
            let data = self.frame().local_mut(result);
            data.ty = typing::refined(std::mem::take(&mut data.ty), &value.ty);
            data.callable = match (data.callable.take(), &value.callable) {
                (_, Some(Callable::Body(_))) => None,
                (_, other) if is_first => other.clone(),
                (Some(one), Some(other)) => one.or(other),
                _ => None,
            };
            data.named = match (data.named, value.named) {
                (None, named) | (named, None) => named,
                (Some(one), Some(two)) => (one == two).then_some(one),
            };
            self.frame().goto(after);
        }
    }

    fn if_value(
        &mut self,
        range: TextRange,
        condition: ExprId,
        then: TreeBlock,
        otherwise: Option<ExprId>,
    ) -> Value {
        let result = self.temp(range, Ty::Unknown);
        let frame = self.frame();
        let (yes, no, after) = (frame.new_block(), frame.new_block(), frame.new_block());
        frame.open(ScopeKind::Plain);
        let depth = self.frame().scopes.len() - 1;
        self.condition(condition, yes, no);
        let end = self.body.block(then).range;
        // A chain may have bound names before it failed.
        self.frame().enter(no);
        self.frame().drop_scopes(depth, end, Leaving::End);
        let no = self.frame().new_block();
        self.frame().goto(no);
        self.frame().enter(yes);
        let value = self.block(then, None);
        self.store_result(result, &value, end);
        self.frame().close(end);
        self.finish_branch(
            result,
            &Value { operand: Operand::Constant(None), ..value },
            end,
            after,
        );
        self.frame().enter(no);
        let value = otherwise.map_or_else(
            || Value::constant(Ty::Tuple(Vec::new())),
            |otherwise| self.expr(otherwise),
        );
        self.finish_branch(result, &value, range, after);
        self.frame().enter(after);
        self.local_value(result)
    }

    /// Stores a branch's value; where all branches borrow one place, the result is a name for it.
    fn store_result(&mut self, result: LocalId, value: &Value, range: TextRange) {
        if matches!(value.callable, Some(Callable::Body(_))) {
            // One of several closures: which one is called later is not followed.
            self.mention_value(value, range, "held by one of several closures");
        }
        if let Operand::Borrow(place) = &value.operand {
            let data = self.frame().local_mut(result);
            if data.alias.as_ref().is_none_or(|alias| alias == place) {
                data.alias = Some(place.clone());
                return;
            }
        }
        self.store(Place::local(result), value, range);
    }

    fn note_loop(&mut self, range: TextRange, keyword: &str, head: BlockId) {
        let end = range.start + u32::try_from(keyword.len()).unwrap_or(0);
        let statement = self.statement;
        self.frame().note_loop(TextRange::new(range.start, end), statement, head);
    }

    /// Whether a value is an iterator that the catalog says never ends.
    fn never_runs_out(&mut self, value: &Value) -> bool {
        let Some(local) = value.place().map(|place| place.local) else { return false };
        let model = self.model;
        let made = self.frame().calls().find(|call| call.dst == local);
        made.is_some_and(|call| call.role(model) == Some(Role::Endless))
    }

    fn open_loop(&mut self, label: Option<&Name>, head: BlockId, exit: BlockId, result: LocalId) {
        let kind = ScopeKind::Breakable {
            label: label.cloned(),
            is_loop: true,
            break_to: exit,
            continue_to: Some(head),
            result,
        };
        self.frame().open(kind);
    }

    fn while_loop(
        &mut self,
        range: TextRange,
        label: Option<&Name>,
        condition: ExprId,
        body: TreeBlock,
    ) -> Value {
        let result = self.temp(range, Ty::Tuple(Vec::new()));
        let frame = self.frame();
        let (head, yes, no, exit) =
            (frame.new_block(), frame.new_block(), frame.new_block(), frame.new_block());
        frame.goto(head);
        frame.enter(head);
        self.frame().flow.has_while = true;
        if matches!(self.body.expr(condition).kind, ExprKind::Bool(true)) {
            self.note_loop(range, "while", head);
        }
        self.open_loop(label, head, exit, result);
        let depth = self.frame().scopes.len();
        self.frame().open(ScopeKind::Plain);
        self.frame().open(ScopeKind::Statement);
        self.condition(condition, yes, no);
        let end = self.body.block(body).range;
        let close = TextRange::new(end.end.saturating_sub(1), end.end);
        self.frame().enter(no);
        self.frame().drop_scopes(depth, close, Leaving::End);
        self.frame().goto(exit);
        self.frame().enter(yes);
        self.block(body, None);
        self.frame().close(close);
        self.frame().close(close);
        self.frame().goto(head);
        self.frame().close(close);
        self.frame().note_round(head, [no, exit], Often::Few);
        self.frame().enter(exit);
        Value::constant(Ty::Tuple(Vec::new()))
    }

    fn endless_loop(&mut self, range: TextRange, label: Option<&Name>, body: TreeBlock) -> Value {
        let result = self.temp(range, Ty::Unknown);
        let frame = self.frame();
        let (head, exit) = (frame.new_block(), frame.new_block());
        frame.goto(head);
        frame.enter(head);
        self.note_loop(range, "loop", head);
        self.open_loop(label, head, exit, result);
        self.block(body, None);
        self.frame().goto(head);
        self.frame().close(range);
        self.frame().note_round(head, [exit, exit], Often::Few);
        self.frame().enter(exit);
        self.local_value(result)
    }

    fn for_loop(
        &mut self,
        range: TextRange,
        label: Option<&Name>,
        pat: PatId,
        iterable: ExprId,
        body: TreeBlock,
    ) -> Value {
        let value = self.expr(iterable);
        let (is_endless, is_certain) = self.is_endless(iterable, &value);
        let value = self.materialise(value, self.body.expr(iterable).range);
        let counted = self.counted(iterable);
        let over = match &counted {
            Some(_) => Over::Positions,
            None if value.is_borrow() => Over::Borrowed,
            None => Over::Owned,
        };
        let source = value.place().cloned().unwrap_or_else(|| Place::local(super::super::RETURN));
        let source = counted.unwrap_or(source);
        let borrowed = over == Over::Borrowed;
        let iterable_range = self.body.expr(iterable).range;
        let elem = typing::item(&value.ty);
        let result = self.temp(range, Ty::Tuple(Vec::new()));
        let iter = if over != Over::Owned {
            source
        } else {
            // The loop owns what it iterates over, and drops what is left of it.
            let owned = self.temp(iterable_range, value.ty.clone());
            self.push(iterable_range, super::super::StmtKind::Assign(Place::local(owned), source));
            Place::local(owned)
        };
        let frame = self.frame();
        let (head, inside, exit) = (frame.new_block(), frame.new_block(), frame.new_block());
        frame.goto(head);
        frame.enter(head);
        if is_certain {
            self.note_loop(range, "for", head);
        }
        self.open_loop(label, head, exit, result);
        self.frame().open(ScopeKind::Plain);
        let item_range = self.body.pat(pat).range;
        let item = self.frame().declare(None, item_range, elem.clone(), LocalKind::Variable);
        if borrowed {
            self.frame().local_mut(item).alias = Some(iter.then(Proj::Current));
        }
        let counted = (over == Over::Positions).then(|| iter.clone());
        let end = if is_endless {
            Terminator::Goto(inside)
        } else {
            Terminator::Next { iter, item, over, range: iterable_range, body: inside, exit }
        };
        self.frame().end(end);
        self.frame().enter(inside);
        let item_place = self.frame().place_of(item);
        self.bind(pat, &item_place, borrowed, &elem);
        if let Some(counted) = counted.clone() {
            self.note_position(pat, counted.clone());
            self.frame().counted.push(counted);
        }
        self.block(body, None);
        if counted.is_some() {
            self.frame().counted.pop();
        }
        let close = self.body.block(body).range;
        let close = TextRange::new(close.end.saturating_sub(1), close.end);
        self.frame().close(close);
        self.frame().goto(head);
        self.frame().close(close);
        let often = self.how_often(iterable);
        self.frame().note_round(head, [exit, exit], often);
        let entered = self.entered(iterable);
        if let Some(round) = self.frame().flow.rounds.last_mut() {
            (round.body, round.entered) = (Some(inside), entered);
        }
        self.frame().enter(exit);
        Value::constant(Ty::Tuple(Vec::new()))
    }

    /// Whether a loop over something ends by a jump only, and whether that is certain: `0..`, or a listener, which
    /// never runs out of connections.
    fn is_endless(&mut self, iterable: ExprId, value: &Value) -> (bool, bool) {
        let never_runs_out = self.never_runs_out(value);
        match &self.body.expr(iterable).kind {
            ExprKind::Range { endless, .. } => (*endless, *endless),
            ExprKind::Method(call) if &*call.name == "incoming" && call.args.is_empty() => {
                (true, never_runs_out)
            }
            _ => (never_runs_out, never_runs_out),
        }
    }

    fn match_value(&mut self, range: TextRange, scrutinee: ExprId, arms: &[Arm]) -> Value {
        let result = self.temp(range, Ty::Unknown);
        let value = self.expr(scrutinee);
        let value = self.materialise(value, self.body.expr(scrutinee).range);
        let after = self.frame().new_block();
        for arm in arms {
            if !self.is_active(&arm.cfg) {
                continue;
            }
            let (matched, next) = (self.frame().new_block(), self.frame().new_block());
            self.test_pattern(arm.pat, &value, matched, next);
            self.frame().enter(matched);
            self.frame().open(ScopeKind::Plain);
            if let Some(guard) = arm.guard {
                // A guard looks at the names before they move.
                let looked_at = Value {
                    operand: value
                        .place()
                        .cloned()
                        .map_or(Operand::Constant(None), Operand::Borrow),
                    ..value.clone()
                };
                self.bind_value(arm.pat, &looked_at);
                let taken = self.frame().new_block();
                self.condition(guard, taken, next);
                self.frame().enter(taken);
            }
            self.bind_value(arm.pat, &value);
            let arm_value = self.expr(arm.body);
            let end = self.body.expr(arm.body).range;
            self.store_result(result, &arm_value, end);
            self.frame().close(end);
            self.finish_branch(
                result,
                &Value { operand: Operand::Constant(None), ..arm_value },
                end,
                after,
            );
            self.frame().enter(next);
        }
        // Patterns are exhaustive: falling through all arms does not happen.
        self.frame().end(Terminator::Stop);
        self.frame().enter(after);
        self.local_value(result)
    }

    pub(super) fn question(&mut self, range: TextRange, inner: ExprId) -> Value {
        let value = self.expr(inner);
        let payload = value.ty.payload();
        let value = self.materialise(value, range);
        let Some(place) = value.place().cloned() else { return Value::constant(payload) };
        if self.is_in_macro() {
            self.may_leave(range, "this `?` may leave something that a macro makes");
            return self.project(&value, Proj::Open, payload);
        }
        let frame = self.frame();
        let (good, bad) = (frame.new_block(), frame.new_block());
        let condition = |holds| vec![Condition { place: place.clone(), test: Test::Inner, holds }];
        frame.end(Terminator::Branch(vec![(good, condition(true)), (bad, condition(false))]));
        frame.enter(bad);
        frame.push(
            range,
            StmtKind::Assign(Place::local(RETURN).then(Proj::Error), place.then(Proj::Error)),
        );
        frame.drop_scopes(0, range, Leaving::Jump);
        frame.end(Terminator::Return);
        frame.enter(good);
        let callable = value.callable.clone();
        let named = value.named;
        Value { callable, named, ..self.project(&value, Proj::Open, payload) }
    }

    fn leave(
        &mut self,
        range: TextRange,
        label: Option<&Name>,
        value: Option<ExprId>,
        is_break: bool,
    ) -> Value {
        let value = value.map(|value| self.expr(value));
        if self.is_in_macro() {
            self.may_leave(range, "this jump may leave something that a macro makes");
            return Value::constant(Ty::Unknown);
        }
        let target = self.frame().scopes.iter().enumerate().rev().find_map(|(index, scope)| {
            match &scope.kind {
                ScopeKind::Breakable { label: own, is_loop, break_to, continue_to, result } => {
                    let matches = match label {
                        Some(label) => own.as_ref() == Some(label),
                        None => *is_loop,
                    };
                    matches.then_some((index, *break_to, *continue_to, *result))
                }
                _ => None,
            }
        });
        // A jump to nowhere does not compile; nothing follows it either way.
        let Some((depth, break_to, continue_to, result)) = target else {
            self.frame().end(Terminator::Stop);
            return self.never();
        };
        if let Some(value) = value {
            self.store_result(result, &value, range);
        }
        self.frame().drop_scopes(depth, range, Leaving::Jump);
        let to = if is_break { Some(break_to) } else { continue_to };
        self.frame().end(to.map_or(Terminator::Stop, Terminator::Goto));
        self.never()
    }
}
