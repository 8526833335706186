//! Macros of the program: what they write is run where they are called.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::At;
use super::machine::{Result, Run, unknown};
use super::value::Value;
use crate::facts::expand;
use crate::facts::tree::{Body, ExprKind, ItemKind, MacroCall, StmtKind};
use crate::facts::written::{NOWHERE, Written};
use crate::model::{Def, ItemRef, Ty};

/// How much of the places beyond all files is used for what macros write.
const MAX_WRITTEN: u32 = 1 << 24;

/// Calls that are written by each other.
const MAX_NESTED: usize = 32;

/// What the calls of a program write, by where they stand.
#[derive(Debug, Default)]
pub(super) struct Expansions {
    known: FxHashMap<At, Option<Arc<Written>>>,
    /// All of them, in the order of their places.
    written: Vec<Arc<Written>>,
}

impl Expansions {
    /// Where what stands at a place came from; the place itself in a file.
    pub(super) fn place(&self, (file, mut range): At) -> At {
        while range.start >= NOWHERE {
            let behind = self.written.partition_point(|it| it.range().start <= range.start);
            let place = behind.checked_sub(1).and_then(|at| self.written[at].place(range));
            let Some(place) = place else { break };
            range = place;
        }
        (file, range)
    }

    /// The first place that nothing has.
    fn free(&self) -> u32 {
        self.written.last().map_or(NOWHERE, |it| it.range().end.max(NOWHERE) + 1)
    }
}

impl Run<'_> {
    /// What a call of a macro of the program writes; `None` for a macro of nobody here.
    pub(super) fn expansion(&mut self, call: &MacroCall) -> Result<Option<Arc<Written>>> {
        let Some(tokens) = &call.tokens else { return Ok(None) };
        let Some(defs) = self.macros(call) else { return Ok(None) };
        let at = (self.at.0, call.path.range);
        if !self.meanings.written.known.contains_key(&at) {
            let rules = match defs.as_slice() {
                [Def::Item(item)] if self.is_of_this_crate(*item) => {
                    match &self.model.item(*item).kind {
                        ItemKind::MacroRules { rules, .. } => Some(rules.clone()),
                        _ => None,
                    }
                }
                _ => None,
            };
            let base = self.meanings.written.free();
            let rules = rules.filter(|_| base - NOWHERE < MAX_WRITTEN);
            let made = rules.and_then(|rules| expand(&rules, tokens, base)).map(Arc::new);
            self.meanings.written.written.extend(made.clone());
            self.meanings.written.known.insert(at, made);
        }
        match self.meanings.written.known.get(&at) {
            Some(Some(written)) => Ok(Some(written.clone())),
            _ => unknown(&format!("the macro `{}`", call.path.last())),
        }
    }

    /// Runs what a macro writes as a statement: what it binds is there for the statements that follow.
    pub(super) fn written_statement(&mut self, written: &Written) -> Result<Value> {
        self.as_written(written, |run, body| {
            let Some(ExprKind::Block(None, block)) = body.root.map(|it| &body.expr(it).kind) else {
                return Ok(Value::Unit);
            };
            run.statements(body, *block, &Ty::Unknown)
        })
    }

    /// The value of what a macro writes.
    pub(super) fn written_value(&mut self, written: &Written, want: &Ty) -> Result<Value> {
        self.as_written(written, |run, body| {
            let Some(root) = body.root else { return Ok(Value::Unit) };
            // A semicolon behind the only expression says nothing where a value is wanted.
            if let ExprKind::Block(None, block) = &body.expr(root).kind
                && let block = body.block(*block)
                && let ([only], None) = (block.stmts.as_slice(), block.tail)
                && let StmtKind::Expr(value) = &only.kind
            {
                return run.eval(*value, want);
            }
            run.eval(root, want)
        })
    }

    /// Runs something in another body, with the variables of this one.
    fn as_written(
        &mut self,
        written: &Written,
        run: impl FnOnce(&mut Self, &Body) -> Result<Value>,
    ) -> Result<Value> {
        let depth = self.frames.len();
        let Some(frame) = self.frames.last_mut() else {
            return unknown("code outside of functions");
        };
        let outer = std::mem::replace(&mut frame.body, written.body.clone());
        self.step()?;
        self.nested += 1;
        let value = match self.nested > MAX_NESTED {
            true => unknown("macros too deep in each other"),
            false => run(self, &written.body),
        };
        self.nested -= 1;
        if let Some(frame) = self.frames.get_mut(depth - 1) {
            frame.body = outer;
        }
        value
    }

    /// What the name of a macro means here, if somebody declares it.
    fn macros(&self, call: &MacroCall) -> Option<Vec<Def>> {
        let name = call.path.as_name()?;
        let module = self.frames.last().map(|frame| frame.context.module)?;
        self.model.macros_called(module, name).map(|(defs, _)| defs)
    }

    pub(super) fn is_of_this_crate(&self, item: ItemRef) -> bool {
        let krate = |module| self.model.module(module).krate;
        let here = self.frames.last().map(|frame| krate(frame.context.module));
        here == Some(krate(item.module))
    }
}
