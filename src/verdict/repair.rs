//! Edits that repair a loss: the result compiles and joins on every way.
//!
//! No join may wait for a thread that waits for the one who joins. What can be told of that from the
//! source is told, and yet hidden code may wait (a `Drop`, an operator, a macro), so nobody is spared a
//! look: none of these is certain. A join goes at the end of the block that holds the handle, and only
//! there, so nothing after the birth may leave that block early; and what the thread runs has to be
//! known to its last call, without anything that waits for others.

use super::Loss;
use super::fate::Fates;
use super::returns::ends_by_itself;
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Block, Body, Expr, ExprId, ExprKind, Name, PatId, PatKind};
use crate::facts::tree::{Stmt, StmtKind, Type};
use crate::finding::{Edit, Fix, Spot};
use crate::flow::{Birth, Class, FlowKind, LossKind, Lowered};
use crate::model::{FunctionRef, Model, Ty};
use crate::source::FileId;
use crate::text::TextRange;

/// Names for a handle that has none.
const NAMES: [&str; 4] = ["handle", "worker", "thread_handle", "worker_handle"];

/// Unwraps the result of a join that stands in a statement of its own: `let _ = h.join();` and
/// `h.join().ok();`.
pub(super) fn unwrapped(model: &Model<'_>, function: FunctionRef, call: TextRange) -> Option<Fix> {
    let body = body_of(model, function)?;
    let (stmt, value) = body.blocks.iter().flat_map(|block| &block.stmts).find_map(|stmt| {
        let value = discarded(body, stmt)?;
        let it = body.expr(value);
        let of = match &it.kind {
            ExprKind::Method(ok) if &*ok.name == "ok" && it.range != call => ok.receiver,
            _ => value,
        };
        (body.expr(of).range == call).then_some((stmt, of))
    })?;
    let range = body.expr(value).range;
    // Nothing but `;` or `.ok();` may go.
    let plain = if range.end == stmt_value_end(body, stmt) { 1 } else { 6 };
    if stmt.range.end - range.end != plain {
        return None;
    }
    let lead = TextRange::new(stmt.range.start, range.start);
    let trail = TextRange::new(range.end, stmt.range.end);
    let file = function.item.file;
    let edit = |range, text: &str| Edit { file, spot: Spot::Replace(range), text: text.to_owned() };
    let mut edits = vec![edit(trail, ".unwrap();")];
    if lead.start < lead.end {
        edits.push(edit(lead, ""));
    }
    Some(Fix { title: "unwrap the result", certain: false, edits })
}

/// Where the expression of a statement ends.
fn stmt_value_end(body: &Body, stmt: &Stmt) -> u32 {
    match stmt.kind {
        StmtKind::Expr(value) | StmtKind::Let { init: Some(value), .. } => {
            body.expr(value).range.end
        }
        StmtKind::Let { init: None, .. } => stmt.range.end,
    }
}

/// The value that a statement throws away, when nothing but that is written there.
fn discarded(body: &Body, stmt: &Stmt) -> Option<ExprId> {
    if stmt.cfg != Cfg::Always {
        return None;
    }
    match stmt.kind {
        StmtKind::Expr(value) => {
            (body.expr(value).range.start == stmt.range.start).then_some(value)
        }
        StmtKind::Let { pat, ty: Type::Unknown, init: Some(value), diverge: None } => {
            // Exactly `let _ = `: a comment or an attribute would be lost.
            let (name, start) = (body.pat(pat), body.expr(value).range.start);
            let plain = name.range.start == stmt.range.start + 4 && start == name.range.end + 3;
            (plain && matches!(name.kind, PatKind::Wild)).then_some(value)
        }
        StmtKind::Let { .. } => None,
    }
}

/// Binds the handle that is born in a statement, or takes the name that it has, and joins it, or the
/// collection that it is pushed to, at the end of the block.
pub(super) fn joined_at_the_end(
    fates: &Fates<'_>,
    at: u32,
    birth: &Birth,
    loss: &Loss,
) -> Option<Fix> {
    let (model, program) = (fates.model, fates.program);
    let lowered = program.body(at);
    let function = lowered.function;
    let flow = lowered.flows.body(birth.flow);
    let is_async = model.function(function.item).is_some_and(|it| it.is_async);
    let plain = birth.class == Class::Thread
        && flow.kind == FlowKind::Function
        && !is_async
        && !lowered.guesses
        && !super::joins::is_drop(model, function);
    if !plain {
        return None;
    }
    let body = body_of(model, function)?;
    let repair = match &loss.kind {
        LossKind::Discarded | LossKind::Underscore | LossKind::ScopeEnd(_) => {
            (flow.round(birth.at.0).is_empty()).then(|| bound(body, birth, loss))??
        }
        LossKind::Collection(Some(name)) => gathered(body, birth, name, lowered)?,
        _ => return None,
    };
    let after = TextRange::new(repair.stmt.range.end, repair.block.range.end);
    if !runs_to_its_end(body, repair.block, after) || !ends_by_itself(fates, at, birth) {
        return None;
    }
    let file = function.item.file;
    let before = repair.block.range.end.saturating_sub(1);
    let spot = Spot::Lines { before, like: repair.stmt.range.start };
    let mut edits: Vec<Edit> =
        repair.binding.map(|edit| Edit { file, ..edit }).into_iter().collect();
    edits.push(Edit { file, spot, text: repair.join });
    Some(Fix { title: repair.title, certain: false, edits })
}

struct Repair<'b> {
    title: &'static str,
    block: &'b Block,
    /// The statement that the join comes after.
    stmt: &'b Stmt,
    binding: Option<Edit>,
    join: String,
}

/// A handle of its own: `thread::spawn(f);`, `let _ = …`, `let _worker = …`.
fn bound<'b>(body: &'b Body, birth: &Birth, loss: &Loss) -> Option<Repair<'b>> {
    let (block, stmt) = statement(body, birth.statement)?;
    if stmt.cfg != Cfg::Always {
        return None;
    }
    let edit = |spot, text| Some(Edit { file: FileId(0), spot, text });
    let (value, name, binding) = match stmt.kind {
        StmtKind::Expr(value) => {
            let name = free_name(body)?;
            let start = TextRange::new(stmt.range.start, stmt.range.start);
            let binding = edit(Spot::Replace(start), format!("let {name} = "));
            (value, name.to_owned(), binding)
        }
        StmtKind::Let { pat, ty: Type::Unknown, init: Some(value), diverge: None } => {
            let pat = body.pat(pat);
            match &pat.kind {
                PatKind::Wild => {
                    let name = free_name(body)?;
                    (value, name.to_owned(), edit(Spot::Replace(pat.range), name.to_owned()))
                }
                // It has to be there still when the block ends, and not in somebody else's hands.
                PatKind::Bind { name, by_ref: false, sub: None, .. }
                    if loss.kind == LossKind::ScopeEnd(Some(name.clone()))
                        && loss.range.end == block.range.end =>
                {
                    (value, only_binding(body, name)?.to_string(), None)
                }
                _ => return None,
            }
        }
        StmtKind::Let { .. } => return None,
    };
    gives_handle(body, value, birth).then_some(Repair {
        title: "join the thread at the end of the block",
        block,
        stmt,
        binding,
        join: format!("{name}.join().unwrap();"),
    })
}

/// A handle in a collection: `workers.push(thread::spawn(f));`.
fn gathered<'b>(
    body: &'b Body,
    birth: &Birth,
    name: &str,
    lowered: &Lowered,
) -> Option<Repair<'b>> {
    let (_, push) = statement(body, birth.statement)?;
    let StmtKind::Expr(push) = push.kind else { return None };
    let ExprKind::Method(push) = &body.expr(push).kind else { return None };
    let ExprKind::Path(None, path) = &body.expr(push.receiver).kind else { return None };
    let pushes = &*push.name == "push"
        && path.as_name().is_some_and(|it| &**it == name)
        && gives_handle(body, *push.args.first()?, birth);
    let name = only_binding(body, name)?;
    let flow = lowered.flows.body(birth.flow);
    let mut locals = flow.locals.iter().filter(|local| local.name.as_ref() == Some(name));
    let is_list = locals.all(|local| is_list(&local.ty));
    let declared = body.blocks.iter().find_map(|block| {
        let mut stmts = block.stmts.iter();
        let stmt = stmts.find(|stmt| match stmt.kind {
            StmtKind::Let { pat, diverge: None, .. } => binds(body, pat, name),
            _ => false,
        })?;
        Some((block, stmt))
    });
    let (block, stmt) = declared.filter(|_| pushes && is_list)?;
    Some(Repair {
        title: "join the threads at the end of the block",
        block,
        stmt,
        binding: None,
        join: format!("for handle in {name} {{\n    handle.join().unwrap();\n}}"),
    })
}

fn is_list(ty: &Ty) -> bool {
    matches!(ty.path(), Some("std::vec::Vec" | "std::collections::VecDeque"))
}

fn body_of<'m>(model: &'m Model<'_>, function: FunctionRef) -> Option<&'m Body> {
    model.function(function.item)?.body.as_deref()
}

fn statement(body: &Body, range: TextRange) -> Option<(&Block, &Stmt)> {
    body.blocks.iter().find_map(|block| {
        let stmt = block.stmts.iter().find(|stmt| stmt.range == range)?;
        Some((block, stmt))
    })
}

/// Whether an expression is the birth, with its `Result` opened: its value is the handle itself.
fn gives_handle(body: &Body, value: ExprId, birth: &Birth) -> bool {
    let it = body.expr(value);
    if it.range == birth.call {
        return birth.returns.path() != Some("std::result::Result");
    }
    let opened = match &it.kind {
        ExprKind::Method(call) if matches!(&*call.name, "unwrap" | "expect") => call.receiver,
        ExprKind::Try(inner) => *inner,
        _ => return false,
    };
    body.expr(opened).range == birth.call && birth.returns.path() == Some("std::result::Result")
}

/// A name that the body does not use.
fn free_name(body: &Body) -> Option<&'static str> {
    NAMES.into_iter().find(|&name| {
        let bound = body.pats.iter().any(|pat| binds_itself(&pat.kind, name));
        let named = body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Path(None, path) => path.as_name().is_some_and(|it| &**it == name),
            ExprKind::Macro(call) => call.mentions.iter().any(|it| &**it == name),
            _ => false,
        });
        !bound && !named
    })
}

/// The name, if only one pattern of the body binds it, so that it means the same further down.
fn only_binding<'b>(body: &'b Body, name: &str) -> Option<&'b Name> {
    let mut found = body.pats.iter().filter_map(|pat| match &pat.kind {
        PatKind::Bind { name: own, .. } if &**own == name => Some(own),
        _ => None,
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn binds(body: &Body, pat: PatId, name: &str) -> bool {
    binds_itself(&body.pat(pat).kind, name)
}

fn binds_itself(kind: &PatKind, name: &str) -> bool {
    matches!(kind, PatKind::Bind { name: own, by_ref: false, sub: None, .. } if &**own == name)
}

/// Whether a block gives nothing and, from a statement on, always gets to its end.
fn runs_to_its_end(body: &Body, block: &Block, after: TextRange) -> bool {
    let gives_nothing = block.tail.is_none_or(|tail| match &body.expr(tail).kind {
        ExprKind::While(..) | ExprKind::For(..) => true,
        ExprKind::If(_, _, otherwise) => otherwise.is_none(),
        _ => false,
    });
    let leaves = |it: &&Expr| {
        let inside = after.start <= it.range.start && it.range.end <= after.end;
        inside && may_leave(&it.kind)
    };
    gives_nothing && !body.exprs.iter().any(|it| leaves(&it))
}

fn may_leave(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Return(_)
        | ExprKind::Try(_)
        | ExprKind::Break(..)
        | ExprKind::Continue(_)
        | ExprKind::Loop(..)
        | ExprKind::Await(_)
        | ExprKind::Opaque(_) => true,
        ExprKind::Macro(call) => !matches!(
            call.path.last(),
            "println"
                | "print"
                | "eprintln"
                | "eprint"
                | "assert"
                | "assert_eq"
                | "assert_ne"
                | "format"
                | "vec"
                | "write"
                | "writeln"
        ),
        _ => false,
    }
}
