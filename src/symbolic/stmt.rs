//! Statements, scopes, and the closures that are made in them.

use std::sync::Arc;

use super::machine::{Result, Run, Stop, unknown};
use super::value::{Closure, Place, Value, type_of};
use crate::facts::cfg::Cfg;
use crate::facts::tree::{
    BlockId, Body, Closure as Written, ExprId, ExprKind, Name, PatId, PatKind, StmtKind, Type,
};
use crate::model::Ty;
use crate::text::TextRange;

impl Run<'_> {
    /// Statements of a block, and its value; its variables are dropped at the end.
    pub(super) fn block(&mut self, block: BlockId, want: &Ty) -> Result<Value> {
        let Some(frame) = self.frames.last_mut() else {
            return unknown("code outside of functions");
        };
        let body = frame.body.clone();
        frame.scopes.push(Vec::new());
        let outer = frame.context.module;
        let (depth, temps) = (frame.scopes.len(), frame.temps.len());
        let inner = (outer, frame.context.item.item, block.0);
        // What a macro writes has blocks as well, but no items in them.
        let has_items = !body.block(block).items.is_empty();
        if let Some(&module) = self.model.blocks.get(&inner).filter(|_| has_items) {
            self.frames
                .last_mut()
                .into_iter()
                .for_each(|frame| Arc::make_mut(&mut frame.context).module = module);
        }
        let result = self.statements(&body, block, want);
        if let Some(frame) = self.frames.last_mut()
            && frame.context.module != outer
        {
            Arc::make_mut(&mut frame.context).module = outer;
        }
        match result {
            Ok(value) => {
                self.end_temps_of(&value, temps)?;
                self.end_scope()?;
                Ok(value)
            }
            Err(stop @ (Stop::Return(_) | Stop::Break(..) | Stop::Continue(_))) => {
                self.end_temps(temps)?;
                while self.frames.last().is_some_and(|frame| frame.scopes.len() >= depth) {
                    self.end_scope()?;
                }
                Err(stop)
            }
            Err(other) => Err(other),
        }
    }

    pub(super) fn statements(&mut self, body: &Body, block: BlockId, want: &Ty) -> Result<Value> {
        let block = body.block(block);
        for stmt in &block.stmts {
            if stmt.cfg.is_test_only() {
                continue;
            }
            if stmt.cfg != Cfg::Always {
                return unknown("a statement that only some builds have");
            }
            let temps = self.temps();
            self.at.1 = stmt.range;
            match &stmt.kind {
                StmtKind::Let { pat, ty, init, diverge } => {
                    self.let_statement(body, *pat, ty, *init, *diverge)?;
                }
                StmtKind::Expr(expr) => {
                    let written = match &body.expr(*expr).kind {
                        ExprKind::Macro(call) => self.expansion(call)?,
                        _ => None,
                    };
                    let value = match written {
                        Some(written) => self.written_statement(&written)?,
                        None => self.eval(*expr, &Ty::Unknown)?,
                    };
                    self.temp(value);
                }
            }
            self.at.1 = stmt.range;
            self.end_temps(temps)?;
        }
        match block.tail {
            Some(tail) => self.eval(tail, want),
            None => Ok(Value::Unit),
        }
    }

    pub(super) fn let_statement(
        &mut self,
        body: &Body,
        pat: PatId,
        ty: &Type,
        init: Option<ExprId>,
        diverge: Option<ExprId>,
    ) -> Result<()> {
        let want = self.ty(ty);
        let Some(init) = init else {
            if let PatKind::Bind { name, .. } = &body.pat(pat).kind {
                let slot = self.slot(Value::Unit);
                self.declare(name.clone(), slot);
            }
            return Ok(());
        };
        if let PatKind::Bind { name, by_ref: false, sub: None, .. } = &body.pat(pat).kind {
            // What a reference is made to lives as long as the variable.
            let value = match &body.expr(init).kind {
                ExprKind::Reference(_, inner) if !is_place(body, *inner) => {
                    let value = self.eval(*inner, &Ty::Unknown)?;
                    let slot = self.slot(value);
                    self.declare(Name::from(""), slot);
                    Value::Ref(Place::slot(slot))
                }
                _ => self.eval(init, &want)?,
            };
            let slot = self.slot(value);
            self.declare(name.clone(), slot);
            return Ok(());
        }
        let want = match (&want, &body.pat(pat).kind) {
            (Ty::Unknown, PatKind::Struct(path, _)) => {
                self.constructed(path).map_or(Ty::Unknown, |(item, _)| type_of(item))
            }
            _ => want,
        };
        let place = if !is_place(body, init) && has_ref(body, pat) {
            // What is referred to lives as long as the variables do.
            let value = self.eval(init, &want)?;
            let slot = self.slot(value);
            self.declare(Name::from(""), slot);
            Place::slot(slot)
        } else {
            self.place_wanted(init, &want)?
        };
        if self.matches(pat, &place)? {
            return self.bind(pat, &place, false);
        }
        match diverge {
            Some(diverge) => self.eval(diverge, &Ty::Unknown).map(|_| ()),
            None => Err(Stop::Ended),
        }
    }

    pub(super) fn closure(&mut self, id: ExprId, closure: &Written) -> Result<Value> {
        let Some(frame) = self.frames.last() else { return unknown("code outside of functions") };
        let body = frame.body.clone();
        let mut context = frame.context.clone();
        if context.gives != Ty::Unknown {
            Arc::make_mut(&mut context).gives = Ty::Unknown;
        }
        if closure.is_async {
            return unknown("asynchronous code");
        }
        let range = body.expr(id).range;
        let names = names_in(&body, range);
        let mut captured = Vec::new();
        let mut owned = Vec::new();
        for name in names {
            let Some(slot) = self.variable(&name) else { continue };
            if captured.iter().any(|(own, _)| *own == name) {
                continue;
            }
            let used_up = closure.moves || consumes(&body, &name, body.expr(id).range);
            if used_up && !matches!(self.slots[slot], Value::Moved) {
                let value = self.take(&Place::slot(slot))?;
                let own = self.slot(value);
                owned.push(own);
                captured.push((name, own));
            } else if matches!(self.slots[slot], Value::Ref(_)) && !assigns(&body, &name, range) {
                // It refers to what the reference refers to.
                let own = self.slot(self.slots[slot].clone());
                captured.push((name, own));
            } else {
                captured.push((name, slot));
            }
        }
        Ok(Value::Closure(Box::new(Closure { body, expr: id, context, captured, owned })))
    }
}

/// Whether an expression names a place.
pub(super) fn is_place(body: &Body, id: ExprId) -> bool {
    matches!(
        body.expr(id).kind,
        ExprKind::Path(..) | ExprKind::Field(..) | ExprKind::Index(..) | ExprKind::Deref(_)
    )
}

/// Whether a pattern binds with `ref`.
fn has_ref(body: &Body, pat: PatId) -> bool {
    let range = body.pat(pat).range;
    body.pats.iter().any(|it| {
        range.start <= it.range.start
            && it.range.end <= range.end
            && matches!(it.kind, PatKind::Bind { by_ref: true, .. })
    })
}

/// Whether code in a range gives a variable another value.
fn assigns(body: &Body, name: &Name, range: TextRange) -> bool {
    let is_it = |id: ExprId| matches!(&body.expr(id).kind, ExprKind::Path(None, path) if path.as_name() == Some(name));
    body.exprs.iter().any(|it| {
        range.start <= it.range.start
            && it.range.end <= range.end
            && match &it.kind {
                ExprKind::Assign(to, _) | ExprKind::CompoundAssign(_, to, _) => is_it(*to),
                ExprKind::Reference(true, inner) => is_it(*inner),
                _ => false,
            }
    })
}

/// The plain names that code in a range spells.
fn names_in(body: &Body, range: TextRange) -> Vec<Name> {
    let inside =
        body.exprs.iter().filter(|it| range.start <= it.range.start && it.range.end <= range.end);
    let mut names = Vec::new();
    for expr in inside {
        match &expr.kind {
            ExprKind::Path(None, path) => names.extend(path.as_name().cloned()),
            ExprKind::Macro(call) => names.extend(call.mentions.iter().cloned()),
            _ => {}
        }
    }
    names
}

/// Whether code in a range uses a variable up: a `drop`, `join` or loop takes it, or a closure that moves what it
/// names, so that a closure around has to own it. A name that is bound anew in there is another variable.
fn consumes(body: &Body, name: &Name, range: TextRange) -> bool {
    let within = |it: TextRange| range.start <= it.start && it.end <= range.end;
    let is_bound = body.pats.iter().any(|pat| {
        within(pat.range) && matches!(&pat.kind, PatKind::Bind { name: own, .. } if own == name)
    });
    if is_bound {
        return false;
    }
    let is_it = |id: ExprId| matches!(&body.expr(id).kind, ExprKind::Path(None, path) if path.as_name() == Some(name));
    let names = |range: TextRange| {
        body.exprs.iter().any(|it| {
            range.start <= it.range.start
                && it.range.end <= range.end
                && matches!(&it.kind, ExprKind::Path(None, path) if path.as_name() == Some(name))
        })
    };
    body.exprs.iter().filter(|it| within(it.range)).any(|expr| match &expr.kind {
        ExprKind::Call(_, args) => args.iter().any(|&arg| is_it(arg)),
        ExprKind::Method(call) => {
            (is_it(call.receiver) && matches!(&*call.name, "join" | "into_iter"))
                || call.args.iter().any(|&arg| is_it(arg))
        }
        ExprKind::For(_, _, iterable, _) => is_it(*iterable),
        ExprKind::Struct(_, fields, _) => fields.iter().any(|(_, value)| is_it(*value)),
        ExprKind::Return(Some(value)) => is_it(*value),
        ExprKind::Closure(closure) => {
            is_it(closure.body) || (closure.moves && expr.range != range && names(expr.range))
        }
        _ => false,
    })
}
