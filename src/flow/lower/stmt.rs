//! Lowers statements: what they bind, and which types they ask for.

use super::super::{Guard, LocalKind, Operand, Place, StmtKind};
use super::Lowering;
use super::frame::ScopeKind;
use crate::facts::tree::{
    BlockId, ExprId, ExprKind, Name, PatId, PatKind, Stmt, StmtKind as TreeStmt, Type,
};
use crate::flow::{methods, typing};
use crate::model::Ty;
use crate::text::TextRange;

impl Lowering<'_> {
    /// Notes the type that the place of an expression asks for, at the methods that give whatever they are
    /// asked for: `collect` into a `Result` stops at the first error, into a `Vec` it does not.
    pub(super) fn want(&mut self, id: ExprId, ty: &Ty) {
        if *ty == Ty::Unknown {
            return;
        }
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Method(call) if methods::converts(&call.name) => {
                self.wanted.insert(id, ty.clone());
            }
            ExprKind::Block(_, block) => self.want_of_tail(*block, ty),
            ExprKind::If(_, then, otherwise) => {
                self.want_of_tail(*then, ty);
                if let Some(otherwise) = otherwise {
                    self.want(*otherwise, ty);
                }
            }
            ExprKind::Match(_, arms) => arms.iter().for_each(|arm| self.want(arm.body, ty)),
            _ => {}
        }
    }

    fn want_of_tail(&mut self, block: BlockId, ty: &Ty) {
        if let Some(tail) = self.body.block(block).tail {
            self.want(tail, ty);
        }
    }

    pub(super) fn stmt(&mut self, stmt: &Stmt) {
        let outer = std::mem::replace(&mut self.statement, stmt.range);
        self.frame().open(ScopeKind::Statement);
        let end = TextRange::new(stmt.range.end.saturating_sub(1), stmt.range.end);
        match &stmt.kind {
            TreeStmt::Expr(expr) => {
                let value = self.expr(*expr);
                if matches!(self.body.expr(*expr).kind, ExprKind::Path(..)) {
                    // `name;` moves what it names, and drops it.
                    let moved = self.temp(stmt.range, value.ty.clone());
                    self.store(Place::local(moved), &value, stmt.range);
                }
            }
            TreeStmt::Let { pat, ty, init, diverge } => {
                self.let_stmt(*pat, ty, *init, *diverge, stmt.range);
            }
        }
        self.frame().close(end);
        self.statement = outer;
    }

    fn let_stmt(
        &mut self,
        pat: PatId,
        written: &Type,
        init: Option<ExprId>,
        diverge: Option<ExprId>,
        range: TextRange,
    ) {
        let Some(init) = init else {
            let ty = self.ty(written);
            self.declare_names(pat, &ty);
            return;
        };
        let annotated = self.ty(written);
        self.want(init, &annotated);
        let mut value = self.expr(init);
        value.ty = typing::refined(annotated, &value.ty);
        if let Some(diverge) = diverge {
            let (yes, no) = (self.frame().new_block(), self.frame().new_block());
            self.test_pattern(pat, &value, yes, no);
            self.frame().enter(no);
            self.expr(diverge);
            self.frame().end(super::super::Terminator::Stop);
            self.frame().enter(yes);
            self.bind_value(pat, &value);
            return;
        }
        if let Operand::Borrow(place) = &value.operand
            && self.frame().local(place.local).kind == LocalKind::Temporary
        {
            // `let x = &make();` keeps the temporary alive as long as `x`.
            let ty = self.frame().local(place.local).ty.clone();
            let kept = self.frame().declare(None, range, ty, LocalKind::Variable);
            self.push(range, StmtKind::Assign(Place::local(kept), Place::local(place.local)));
            let kept = Place { local: kept, proj: place.proj.clone() };
            value.operand = Operand::Borrow(kept);
        }
        match &self.body.pat(pat).kind {
            PatKind::Wild => {
                let range = self.body.pat(pat).range;
                self.underscore(&value, range);
            }
            PatKind::Bind { name, mutable, .. } => {
                let known = self.value_of(&value).filter(|_| *mutable);
                let answer = self.answered(init, &value).filter(|_| !mutable);
                self.bind_value(pat, &value);
                if let Some(local) = self.frame().lookup(name) {
                    if known.is_some() {
                        self.push(range, StmtKind::Flag(local, known));
                    } else if let Operand::Constant(Some(value)) = &value.operand {
                        // Without `mut` it is another name for what is written.
                        self.frame().constants.insert(local, value.clone());
                    }
                    if let Some(answer) = answer {
                        let at = self.frame().position();
                        self.frame().asked.insert(Place::local(local), (answer, at));
                    }
                }
                if !mutable {
                    self.note_length(name, init);
                }
                if self.is_guard(init) {
                    self.note_guard(name);
                }
            }
            _ => self.bind_value(pat, &value),
        }
    }

    /// Whether an expression takes a lock, and nothing but opens the result.
    fn is_guard(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Method(call) => match &*call.name {
                "lock" | "read" | "write" => call.args.is_empty(),
                "unwrap" | "expect" | "unwrap_or_else" => self.is_guard(call.receiver),
                _ => false,
            },
            ExprKind::Try(inner) => self.is_guard(*inner),
            _ => false,
        }
    }

    fn note_guard(&mut self, name: &Name) {
        let frame = self.frame();
        let (Some(local), Some(lock)) = (frame.lookup(name), frame.flow.locked.last().cloned())
        else {
            return;
        };
        if frame.is_reachable() {
            let at = frame.position();
            frame.flow.guards.push(Guard { local, lock, at });
        }
    }
}
