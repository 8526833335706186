//! Expressions.

use syn::{BinOp, Expr, Member, UnOp};

use super::super::tree::{
    Arm, BinaryOp, Closure, Comparison, ExprId, ExprKind, MethodCall, Name, Said, Type,
};
use super::body::BodyLowering;
use super::{byte_range, delimited, written};
use crate::text::TextRange;

/// Bytes of a text that is noted.
const MAX_TEXT: usize = 80;

impl BodyLowering<'_, '_> {
    pub(super) fn expr(&mut self, expr: &Expr) -> ExprId {
        let (range, kind) = match expr {
            Expr::Paren(paren) => return self.expr(&paren.expr),
            Expr::Group(group) => return self.expr(&group.expr),
            Expr::Macro(mac) => return self.macro_call(&mac.mac),
            Expr::Call(_)
            | Expr::MethodCall(_)
            | Expr::Field(_)
            | Expr::Index(_)
            | Expr::Await(_)
            | Expr::Try(_) => self.postfix(expr),
            Expr::If(_)
            | Expr::Match(_)
            | Expr::While(_)
            | Expr::Loop(_)
            | Expr::ForLoop(_)
            | Expr::Let(_) => self.control(expr),
            Expr::Block(_)
            | Expr::Unsafe(_)
            | Expr::Const(_)
            | Expr::TryBlock(_)
            | Expr::Async(_) => self.block_like(expr),
            Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) | Expr::Yield(_) => {
                self.jump(expr)
            }
            Expr::Closure(closure) => self.closure(closure),
            Expr::Array(_) | Expr::Tuple(_) | Expr::Struct(_) | Expr::Repeat(_) => {
                self.aggregate(expr)
            }
            _ => self.simple(expr),
        };
        self.add(range, kind)
    }

    fn range_of(&self, id: ExprId) -> TextRange {
        self.body.expr(id).range
    }

    fn exprs<'expr>(&mut self, exprs: impl IntoIterator<Item = &'expr Expr>) -> Vec<ExprId> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    fn simple(&mut self, expr: &Expr) -> (TextRange, ExprKind) {
        match expr {
            Expr::Path(path) => {
                let qself = path.qself.as_ref().map(|qself| Box::new(self.lowering.ty(&qself.ty)));
                let start = path.qself.as_ref().map(|qself| byte_range(qself.lt_token.span));
                let mut lowered = self.lowering.path(&path.path);
                if let Some(start) = start {
                    lowered.range = start.cover(lowered.range);
                }
                (lowered.range, ExprKind::Path(qself, lowered))
            }
            Expr::Lit(lit) => self.literal(&lit.lit),
            Expr::Unary(unary) => {
                let inner = self.expr(&unary.expr);
                let (start, deref) = match &unary.op {
                    UnOp::Deref(star) => (byte_range(star.spans[0]), true),
                    UnOp::Not(not) => (byte_range(not.spans[0]), false),
                    UnOp::Neg(neg) => (byte_range(neg.spans[0]), false),
                    _ => (self.range_of(inner), false),
                };
                let is_not = matches!(&unary.op, UnOp::Not(_));
                let kind =
                    if deref { ExprKind::Deref(inner) } else { ExprKind::Unary(is_not, inner) };
                (start.cover(self.range_of(inner)), kind)
            }
            Expr::Reference(reference) => {
                let inner = self.expr(&reference.expr);
                (
                    byte_range(reference.and_token.spans[0]).cover(self.range_of(inner)),
                    ExprKind::Reference(reference.mutability.is_some(), inner),
                )
            }
            Expr::RawAddr(address) => {
                let inner = self.expr(&address.expr);
                (
                    byte_range(address.and_token.spans[0]).cover(self.range_of(inner)),
                    ExprKind::Reference(true, inner),
                )
            }
            Expr::Binary(binary) => self.binary(binary),
            Expr::Assign(assign) => {
                let place = self.expr(&assign.left);
                let value = self.expr(&assign.right);
                (self.range_of(place).cover(self.range_of(value)), ExprKind::Assign(place, value))
            }
            Expr::Cast(cast) => {
                let inner = self.expr(&cast.expr);
                let ty = self.lowering.ty(&cast.ty);
                (
                    self.range_of(inner).cover(byte_range(cast.as_token.span)),
                    ExprKind::Cast(inner, ty),
                )
            }
            Expr::Range(range) => {
                let ends: Vec<ExprId> =
                    self.exprs(range.start.iter().chain(&range.end).map(|end| &**end));
                let ranges = ends.iter().map(|&end| self.range_of(end));
                let endless = range.start.is_some() && range.end.is_none();
                let closed = matches!(range.limits, syn::RangeLimits::Closed(_));
                (
                    ranges.reduce(TextRange::cover).unwrap_or_default(),
                    ExprKind::Range { ends, endless, closed },
                )
            }
            Expr::Infer(infer) => (byte_range(infer.underscore_token.span), ExprKind::Literal(0)),
            Expr::Verbatim(tokens) => {
                let mentions = self.mentions(tokens);
                (super::mac::tokens_range(tokens), ExprKind::Opaque(mentions))
            }
            _ => (TextRange::default(), ExprKind::Opaque(Vec::new())),
        }
    }

    fn literal(&mut self, lit: &syn::Lit) -> (TextRange, ExprKind) {
        let kind = match lit {
            syn::Lit::Bool(it) => ExprKind::Bool(it.value),
            syn::Lit::Byte(it) => ExprKind::Number(usize::from(it.value())),
            syn::Lit::Int(it) => it
                .base10_parse()
                .map_or_else(|_| ExprKind::Literal(self.written(lit)), ExprKind::Number),
            other => ExprKind::Literal(self.written(other)),
        };
        let range = byte_range(lit.span());
        if let syn::Lit::Int(it) = lit
            && !it.suffix().is_empty()
        {
            self.body.suffixes.insert(range.start, Name::from(it.suffix()));
        }
        (range, kind)
    }

    /// A hash of what a literal is written as; the body notes what that says.
    pub(super) fn written(&mut self, lit: &syn::Lit) -> u64 {
        let hash = written(lit);
        let text = match lit {
            syn::Lit::Str(it) => it.value(),
            syn::Lit::Char(it) => it.value().to_string(),
            syn::Lit::ByteStr(it) => {
                if let Ok(text) = String::from_utf8(it.value())
                    && text.len() <= MAX_TEXT
                {
                    self.body.said.insert(hash, Said::Bytes(Name::from(text)));
                }
                return hash;
            }
            syn::Lit::Float(it) => {
                if let Ok(number) = it.base10_parse::<f64>() {
                    self.body.said.insert(hash, Said::Float(number.to_bits()));
                }
                return hash;
            }
            _ => return hash,
        };
        if text.len() <= MAX_TEXT {
            self.body.said.insert(hash, Said::Text(Name::from(text)));
        }
        hash
    }

    fn binary(&mut self, binary: &syn::ExprBinary) -> (TextRange, ExprKind) {
        let left = self.expr(&binary.left);
        let right = self.expr(&binary.right);
        let range = self.range_of(left).cover(self.range_of(right));
        let kind = match &binary.op {
            BinOp::And(_) => ExprKind::Binary { op: BinaryOp::And, left, right },
            BinOp::Or(_) => ExprKind::Binary { op: BinaryOp::Or, left, right },
            op => match (comparison(op), operator(op)) {
                (Some(kind), _) => ExprKind::Binary { op: BinaryOp::Compare(kind), left, right },
                (None, (name, true)) => ExprKind::CompoundAssign(name, left, right),
                (None, (name, false)) => {
                    ExprKind::Binary { op: BinaryOp::Strict(name), left, right }
                }
            },
        };
        (range, kind)
    }

    fn postfix(&mut self, expr: &Expr) -> (TextRange, ExprKind) {
        match expr {
            Expr::Call(call) => {
                let callee = self.expr(&call.func);
                let args = self.exprs(&call.args);
                let range = self.range_of(callee).cover(delimited(&call.paren_token.span));
                (range, ExprKind::Call(callee, args))
            }
            Expr::MethodCall(call) => {
                let receiver = self.expr(&call.receiver);
                let args = self.exprs(&call.args);
                let name = self.lowering.ident(&call.method);
                let types = call.turbofish.as_ref().map(|fish| self.lowering.generic_args(fish));
                let name_range = byte_range(call.method.span());
                let range = self.range_of(receiver).cover(delimited(&call.paren_token.span));
                let types = types.unwrap_or_default();
                let call = MethodCall { receiver, name, name_range, types, args };
                (range, ExprKind::Method(Box::new(call)))
            }
            Expr::Field(field) => {
                let base = self.expr(&field.base);
                let name = self.member(&field.member);
                (
                    self.range_of(base).cover(member_range(&field.member)),
                    ExprKind::Field(base, name),
                )
            }
            Expr::Index(index) => {
                let base = self.expr(&index.expr);
                let at = self.expr(&index.index);
                (
                    self.range_of(base).cover(delimited(&index.bracket_token.span)),
                    ExprKind::Index(base, at),
                )
            }
            Expr::Await(it) => {
                let base = self.expr(&it.base);
                (self.range_of(base).cover(byte_range(it.await_token.span)), ExprKind::Await(base))
            }
            Expr::Try(it) => {
                let base = self.expr(&it.expr);
                (
                    self.range_of(base).cover(byte_range(it.question_token.spans[0])),
                    ExprKind::Try(base),
                )
            }
            other => self.simple(other),
        }
    }

    fn label(&mut self, label: Option<&syn::Label>) -> Option<Name> {
        label.map(|label| self.lowering.ident(&label.name.ident))
    }

    fn control(&mut self, expr: &Expr) -> (TextRange, ExprKind) {
        match expr {
            Expr::If(it) => {
                let condition = self.expr(&it.cond);
                let then = self.block(&it.then_branch);
                let otherwise = it.else_branch.as_ref().map(|(_, otherwise)| self.expr(otherwise));
                let end = otherwise
                    .map_or(self.body.block(then).range, |otherwise| self.range_of(otherwise));
                (byte_range(it.if_token.span).cover(end), ExprKind::If(condition, then, otherwise))
            }
            Expr::Let(it) => {
                let pat = self.pat(&it.pat);
                let value = self.expr(&it.expr);
                (
                    byte_range(it.let_token.span).cover(self.range_of(value)),
                    ExprKind::Let(pat, value),
                )
            }
            Expr::While(it) => {
                let label = self.label(it.label.as_ref());
                let condition = self.expr(&it.cond);
                let body = self.block(&it.body);
                let range = byte_range(it.while_token.span).cover(self.body.block(body).range);
                (range, ExprKind::While(label, condition, body))
            }
            Expr::Loop(it) => {
                let label = self.label(it.label.as_ref());
                let body = self.block(&it.body);
                let range = byte_range(it.loop_token.span).cover(self.body.block(body).range);
                (range, ExprKind::Loop(label, body))
            }
            Expr::ForLoop(it) => {
                let label = self.label(it.label.as_ref());
                let iterable = self.expr(&it.expr);
                let pat = self.pat(&it.pat);
                let body = self.block(&it.body);
                let range = byte_range(it.for_token.span).cover(self.body.block(body).range);
                (range, ExprKind::For(label, pat, iterable, body))
            }
            Expr::Match(it) => {
                let scrutinee = self.expr(&it.expr);
                let arms = it.arms.iter().map(|arm| self.arm(arm)).collect();
                let range = byte_range(it.match_token.span).cover(delimited(&it.brace_token.span));
                (range, ExprKind::Match(scrutinee, arms))
            }
            other => self.simple(other),
        }
    }

    fn arm(&mut self, arm: &syn::Arm) -> Arm {
        let cfg = self.lowering.cfg(&arm.attrs);
        let (pat, guard) = self.guarded_pat(&arm.pat);
        let guard = self.maybe(guard);
        let body = self.expr(&arm.body);
        Arm { cfg, pat, guard, body }
    }

    fn block_like(&mut self, expr: &Expr) -> (TextRange, ExprKind) {
        let (label, block) = match expr {
            Expr::Block(it) => (self.label(it.label.as_ref()), &it.block),
            Expr::Unsafe(it) => (None, &it.block),
            Expr::Const(it) => (None, &it.block),
            // A `try` block catches `?`, as an async block does.
            Expr::TryBlock(it) => {
                let block = self.block(&it.block);
                let range = byte_range(it.try_token.span).cover(self.body.block(block).range);
                return (range, ExprKind::Async(false, block));
            }
            Expr::Async(it) => {
                let block = self.block(&it.block);
                let range = byte_range(it.async_token.span).cover(self.body.block(block).range);
                return (range, ExprKind::Async(it.capture.is_some(), block));
            }
            other => return self.simple(other),
        };
        let block = self.block(block);
        (self.body.block(block).range, ExprKind::Block(label, block))
    }

    fn jump(&mut self, expr: &Expr) -> (TextRange, ExprKind) {
        let with = |lowering: &Self, start: TextRange, value: Option<ExprId>| {
            value.map_or(start, |value| start.cover(lowering.range_of(value)))
        };
        match expr {
            Expr::Return(it) => {
                let value = self.maybe(it.expr.as_deref());
                (with(self, byte_range(it.return_token.span), value), ExprKind::Return(value))
            }
            Expr::Break(it) => {
                let value = self.maybe(it.expr.as_deref());
                let label = it.label.as_ref().map(|label| self.lowering.ident(&label.ident));
                (with(self, byte_range(it.break_token.span), value), ExprKind::Break(label, value))
            }
            Expr::Continue(it) => {
                let label = it.label.as_ref().map(|label| self.lowering.ident(&label.ident));
                (byte_range(it.continue_token.span), ExprKind::Continue(label))
            }
            Expr::Yield(it) => {
                let value = self.maybe(it.expr.as_deref());
                let range = with(self, byte_range(it.yield_token.span), value);
                (range, ExprKind::Tuple(value.into_iter().collect()))
            }
            other => self.simple(other),
        }
    }

    fn closure(&mut self, closure: &syn::ExprClosure) -> (TextRange, ExprKind) {
        let params = closure.inputs.iter().map(|input| match input {
            syn::Pat::Type(typed) => (self.pat(&typed.pat), self.lowering.ty(&typed.ty)),
            other => (self.pat(other), Type::Unknown),
        });
        let params = params.collect();
        let body = self.expr(&closure.body);
        let range = byte_range(closure.inputs_begin.span).cover(self.range_of(body));
        let start = closure.capture.as_ref().map_or(range, |token| byte_range(token.span));
        let lowered = Closure {
            params,
            body,
            moves: closure.capture.is_some(),
            is_async: closure.asyncness.is_some(),
        };
        (start.cover(range), ExprKind::Closure(Box::new(lowered)))
    }

    fn aggregate(&mut self, expr: &Expr) -> (TextRange, ExprKind) {
        match expr {
            Expr::Array(it) => {
                let elems = self.exprs(&it.elems);
                (delimited(&it.bracket_token.span), ExprKind::Array(elems))
            }
            Expr::Tuple(it) => {
                let elems = self.exprs(&it.elems);
                (delimited(&it.paren_token.span), ExprKind::Tuple(elems))
            }
            Expr::Repeat(it) => {
                let value = self.expr(&it.expr);
                let length = self.expr(&it.len);
                (delimited(&it.bracket_token.span), ExprKind::Repeat(value, length))
            }
            Expr::Struct(it) => {
                let path = self.lowering.path(&it.path);
                let fields = it
                    .fields
                    .iter()
                    .map(|field| (self.member(&field.member), self.expr(&field.expr)));
                let fields: Vec<(Name, ExprId)> = fields.collect();
                let rest = self.maybe(it.rest.as_deref());
                let range = path.range.cover(delimited(&it.brace_token.span));
                (range, ExprKind::Struct(path, fields, rest))
            }
            other => self.simple(other),
        }
    }
}

/// The range of a member, without printing it.
fn member_range(member: &Member) -> TextRange {
    match member {
        Member::Named(ident) => byte_range(ident.span()),
        Member::Unnamed(index) => byte_range(index.span),
    }
}

fn comparison(op: &BinOp) -> Option<Comparison> {
    Some(match op {
        BinOp::Eq(_) => Comparison::Equal,
        BinOp::Ne(_) => Comparison::Unequal,
        BinOp::Lt(_) => Comparison::Less,
        BinOp::Le(_) => Comparison::AtMost,
        BinOp::Gt(_) => Comparison::More,
        BinOp::Ge(_) => Comparison::AtLeast,
        _ => return None,
    })
}

/// The method that an operator is, and whether it assigns.
fn operator(op: &BinOp) -> (&'static str, bool) {
    match op {
        BinOp::Add(_) => ("add", false),
        BinOp::Sub(_) => ("sub", false),
        BinOp::Mul(_) => ("mul", false),
        BinOp::Div(_) => ("div", false),
        BinOp::Rem(_) => ("rem", false),
        BinOp::BitXor(_) => ("bitxor", false),
        BinOp::BitAnd(_) => ("bitand", false),
        BinOp::BitOr(_) => ("bitor", false),
        BinOp::Shl(_) => ("shl", false),
        BinOp::Shr(_) => ("shr", false),
        BinOp::AddAssign(_) => ("add_assign", true),
        BinOp::SubAssign(_) => ("sub_assign", true),
        BinOp::MulAssign(_) => ("mul_assign", true),
        BinOp::DivAssign(_) => ("div_assign", true),
        BinOp::RemAssign(_) => ("rem_assign", true),
        BinOp::BitXorAssign(_) => ("bitxor_assign", true),
        BinOp::BitAndAssign(_) => ("bitand_assign", true),
        BinOp::BitOrAssign(_) => ("bitor_assign", true),
        BinOp::ShlAssign(_) => ("shl_assign", true),
        BinOp::ShrAssign(_) => ("shr_assign", true),
        // Logic and comparison, which no type takes its operands by, and what a later parser knows.
        _ => ("", false),
    }
}
