//! Bodies: blocks and statements.

use syn::{FnArg, Signature, Stmt as SynStmt};

use super::super::cfg::Cfg;
use super::super::tree::{Block, BlockId, Body, Expr, ExprId, ExprKind, Stmt, StmtKind, Type};
use super::item_macro::is_thread_local;
use super::{Lowering, byte_range, delimited};
use crate::text::TextRange;

/// The state of lowering one body.
pub(super) struct BodyLowering<'low, 'text> {
    pub(super) lowering: &'low mut Lowering<'text>,
    pub(super) body: Body,
}

impl Lowering<'_> {
    /// Lowers a function's body.
    pub(super) fn function_body(&mut self, signature: &Signature, block: &syn::Block) -> Body {
        let mut lowering = BodyLowering { lowering: self, body: Body::default() };
        for input in &signature.inputs {
            if let FnArg::Typed(typed) = input {
                let pat = lowering.pat(&typed.pat);
                lowering.body.params.push(pat);
            }
        }
        let range = delimited(&block.brace_token.span);
        let block = lowering.block(block);
        let root = lowering.add(range, ExprKind::Block(None, block));
        lowering.body.root = Some(root);
        lowering.body
    }

    /// Lowers statements that stand alone.
    pub(super) fn statements_body(&mut self, range: TextRange, stmts: &[SynStmt]) -> Body {
        let mut lowering = BodyLowering { lowering: self, body: Body::default() };
        let block = lowering.stmts(range, stmts);
        let root = lowering.add(range, ExprKind::Block(None, block));
        lowering.body.root = Some(root);
        lowering.body
    }

    /// Lowers the initialiser of a `const` or `static`.
    pub(super) fn value_body(&mut self, expr: &syn::Expr) -> Body {
        let mut lowering = BodyLowering { lowering: self, body: Body::default() };
        let root = lowering.expr(expr);
        lowering.body.root = Some(root);
        lowering.body
    }
}

impl Lowering<'_> {
    /// Lowers the arguments of a macro in item position as a body.
    pub(super) fn macro_body(&mut self, mac: &syn::Macro) -> Body {
        let mut lowering = BodyLowering { lowering: self, body: Body::default() };
        let root = lowering.macro_call(mac);
        lowering.body.root = Some(root);
        lowering.body
    }
}

impl BodyLowering<'_, '_> {
    pub(super) fn add(&mut self, range: TextRange, kind: ExprKind) -> ExprId {
        let id = ExprId(u32::try_from(self.body.exprs.len()).unwrap_or(u32::MAX));
        self.body.exprs.push(Expr { range, kind });
        id
    }

    pub(super) fn block(&mut self, block: &syn::Block) -> BlockId {
        let range = delimited(&block.brace_token.span);
        self.stmts(range, &block.stmts)
    }

    pub(super) fn stmts(&mut self, range: TextRange, stmts: &[SynStmt]) -> BlockId {
        let mut block = Block { range, stmts: Vec::new(), tail: None, items: Vec::new() };
        for (index, stmt) in stmts.iter().enumerate() {
            let last = index + 1 == stmts.len();
            match stmt {
                SynStmt::Item(item) => {
                    self.lowering.depth += 1;
                    let items = self.lowering.item(item);
                    self.lowering.depth -= 1;
                    block.items.extend(items);
                }
                SynStmt::Local(local) => {
                    let stmt = self.local(local);
                    block.stmts.push(stmt);
                }
                SynStmt::Expr(expr, None) if last && self.expr_cfg(expr) == Cfg::Always => {
                    block.tail = Some(self.expr(expr));
                }
                SynStmt::Expr(expr, semi) => {
                    let cfg = self.expr_cfg(expr);
                    let id = self.expr(expr);
                    let mut range = self.body.expr(id).range;
                    if let Some(semi) = semi {
                        range = range.cover(byte_range(semi.span));
                    }
                    block.stmts.push(Stmt { cfg, range, kind: StmtKind::Expr(id) });
                }
                SynStmt::Macro(mac) if is_thread_local(&mac.mac) => {
                    self.lowering.depth += 1;
                    let items = self.lowering.thread_locals(&mac.mac);
                    self.lowering.depth -= 1;
                    block.items.extend(items);
                }
                SynStmt::Macro(mac) => {
                    let id = self.macro_call(&mac.mac);
                    let is_tail = last && mac.semi_token.is_none();
                    if is_tail {
                        block.tail = Some(id);
                    } else {
                        let cfg = self.lowering.cfg(&mac.attrs);
                        let mut range = self.body.expr(id).range;
                        if let Some(semi) = &mac.semi_token {
                            range = range.cover(byte_range(semi.span));
                        }
                        block.stmts.push(Stmt { cfg, range, kind: StmtKind::Expr(id) });
                    }
                }
            }
        }
        let id = BlockId(u32::try_from(self.body.blocks.len()).unwrap_or(u32::MAX));
        self.body.blocks.push(block);
        id
    }

    fn local(&mut self, local: &syn::Local) -> Stmt {
        let start = byte_range(local.let_token.span);
        let range = start.cover(byte_range(local.semi_token.span));
        let (pat, ty) = match &local.pat {
            syn::Pat::Type(typed) => (self.pat(&typed.pat), self.lowering.ty(&typed.ty)),
            other => (self.pat(other), Type::Unknown),
        };
        let init = local.init.as_ref().map(|init| self.expr(&init.expr));
        let diverge = local.init.as_ref().and_then(|init| init.diverge.as_ref());
        let diverge = diverge.map(|(_, block)| self.expr(block));
        let cfg = self.lowering.cfg(&local.attrs);
        Stmt { cfg, range, kind: StmtKind::Let { pat, ty, init, diverge } }
    }

    /// The condition on an expression statement.
    fn expr_cfg(&mut self, expr: &syn::Expr) -> Cfg {
        let attrs = match expr {
            syn::Expr::Block(it) => &it.attrs,
            syn::Expr::Call(it) => &it.attrs,
            syn::Expr::MethodCall(it) => &it.attrs,
            syn::Expr::If(it) => &it.attrs,
            syn::Expr::Match(it) => &it.attrs,
            syn::Expr::ForLoop(it) => &it.attrs,
            syn::Expr::While(it) => &it.attrs,
            syn::Expr::Loop(it) => &it.attrs,
            syn::Expr::Unsafe(it) => &it.attrs,
            syn::Expr::Return(it) => &it.attrs,
            syn::Expr::Assign(it) => &it.attrs,
            syn::Expr::Macro(it) => &it.attrs,
            syn::Expr::Try(it) => &it.attrs,
            syn::Expr::Break(it) => &it.attrs,
            syn::Expr::Continue(it) => &it.attrs,
            syn::Expr::Await(it) => &it.attrs,
            syn::Expr::Path(it) => &it.attrs,
            syn::Expr::Field(it) => &it.attrs,
            syn::Expr::Index(it) => &it.attrs,
            syn::Expr::Struct(it) => &it.attrs,
            syn::Expr::Tuple(it) => &it.attrs,
            syn::Expr::Paren(it) => &it.attrs,
            syn::Expr::Reference(it) => &it.attrs,
            syn::Expr::Unary(it) => &it.attrs,
            syn::Expr::Closure(it) => &it.attrs,
            syn::Expr::Async(it) => &it.attrs,
            syn::Expr::Array(it) => &it.attrs,
            syn::Expr::Lit(it) => &it.attrs,
            syn::Expr::Const(it) => &it.attrs,
            _ => return Cfg::Always,
        };
        // On an operator chain the parser leaves the attribute on the innermost expression.
        self.lowering.cfg(attrs)
    }
}
