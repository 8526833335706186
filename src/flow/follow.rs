//! Follows one handle from its birth to all its ends.
//!
//! A birth makes one handle at a time, and that handle is in exactly one place. So the analysis
//! walks the control-flow graph with a single token: the state is where it is, a join, a loss or an
//! escape is an end, and edges on which the token cannot be where it is are not taken. A loop that
//! gives birth again makes another token, which is followed by the same walk. The set of ends is
//! exact up to conditions that the graph does not relate, and to places that it cannot tell apart
//! (elements of one collection, what references lead to): those lean towards "not followed".

use std::collections::HashSet;

use super::transfer::{Next, Transfer};
use super::{
    Birth, BlockId, Call, Callable, Callee, Flow, FlowId, FlowKind, Flows, LocalId, LocalKind,
    Operand,
};
use super::{Place, Proj, StmtKind, Terminator, Test, methods};
use crate::catalog::Role;
use crate::facts::tree::Name;
use crate::model::{Def, Model, Ty};
use crate::text::TextRange;

/// States visited for one token before it counts as not followed.
const MAX_STATES: usize = 200_000;
/// Closures run one inside the other.
const MAX_APPLY: usize = 12;
/// Projections of a place; deeper ones are not followed.
const MAX_PROJ: usize = 10;

/// One step on the way, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// The code that takes it.
    pub range: TextRange,
    /// What happens there.
    pub text: String,
}

/// How a token's way ended, with the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What happened.
    pub kind: EndKind,
    /// Where.
    pub range: TextRange,
    /// The way, the end included.
    pub trace: Vec<TraceStep>,
}

/// What can happen to a handle in the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EndKind {
    /// Joined.
    Joined,
    /// Dropped without a join.
    Lost(LossKind),
    /// Goes where it is not followed.
    Escaped,
    /// Kept in a field or behind a reference that outlives the body.
    Stored,
    /// Returned to the caller, in this part of the value.
    Returned(Vec<Proj>),
    /// Left in a variable of the body around.
    Captured(LocalId, Vec<Proj>),
    /// Looked at by reference and left where it was.
    Untouched,
}

/// How a handle is lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LossKind {
    /// A value that nobody takes is dropped at the end of its statement.
    Discarded,
    /// `let _ = …`.
    Underscore,
    /// `drop(h)`, `mem::forget(h)`.
    OnPurpose,
    /// Another value takes its place.
    Overwritten,
    /// A variable goes out of scope.
    ScopeEnd(Option<Name>),
    /// A collection goes out of scope, or is cleared, with the handle in it.
    Collection(Option<Name>),
    /// An iterator that would have led to it is never driven.
    Undriven,
}

/// Every way the handle of a birth ends, in the order of their places.
pub fn follow_birth(model: &Model<'_>, flows: &Flows, birth: &Birth) -> Vec<End> {
    let Some(handle) = handle_of(&birth.returns) else { return Vec::new() };
    let follower = Follower { model, flows, handle: handle.0 };
    let flow = flows.body(birth.flow);
    let (block, index) = birth.at;
    let call = flow.blocks.get(block.0 as usize).and_then(|block| block.stmts.get(index));
    let Some(StmtKind::Call(call)) = call.map(|stmt| &stmt.kind) else { return Vec::new() };
    let start = Token {
        block,
        index: index + 1,
        place: Place { local: call.dst, proj: handle.1 },
        full: None,
        borrowed: false,
    };
    let ends = follower.walk(birth.flow, start, Vec::new(), 0);
    let mut ends = follower.lift(birth.flow, ends, 0);
    ends.sort_by(|one, two| (one.range, &one.trace.len()).cmp(&(two.range, &two.trace.len())));
    ends
}

/// The handle type inside what a call returns, and the way to it.
fn handle_of(returns: &Ty) -> Option<(String, Vec<Proj>)> {
    let payload = returns.payload();
    if payload == Ty::Unknown {
        return returns.path().map(|path| (path.to_owned(), Vec::new()));
    }
    let (handle, mut proj) = handle_of(&payload)?;
    proj.insert(0, Proj::Inner);
    Some((handle, proj))
}

/// Where the token is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    pub(super) block: BlockId,
    pub(super) index: usize,
    pub(super) place: Place,
    /// A local known to be `Some` because the collection it came from is not empty.
    pub(super) full: Option<LocalId>,
    /// Whether the place is only a reference to the token.
    pub(super) borrowed: bool,
}

pub(super) struct Follower<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) flows: &'a Flows,
    /// Canonical path of the handle's type.
    pub(super) handle: String,
}

struct Node {
    previous: Option<usize>,
    step: TraceStep,
}

/// A walk in progress.
struct Walk {
    open: Vec<(Token, Option<usize>)>,
    seen: HashSet<Token>,
    nodes: Vec<Node>,
    ends: Vec<End>,
    ended: HashSet<(EndKind, TextRange)>,
}

impl Walk {
    fn node(&mut self, previous: Option<usize>, step: Option<TraceStep>) -> Option<usize> {
        let Some(step) = step else { return previous };
        self.nodes.push(Node { previous, step });
        Some(self.nodes.len() - 1)
    }

    fn go(&mut self, token: Token, node: Option<usize>, range: TextRange) {
        if token.place.proj.len() > MAX_PROJ {
            let text = "nested too deep to follow".to_owned();
            let node = self.node(node, Some(TraceStep { range, text }));
            self.end(EndKind::Escaped, range, node);
        } else if self.seen.insert(token.clone()) {
            self.open.push((token, node));
        }
    }

    fn end(&mut self, kind: EndKind, range: TextRange, node: Option<usize>) {
        if self.ended.insert((kind.clone(), range)) {
            let mut trace = Vec::new();
            let mut at = node;
            while let Some(index) = at {
                trace.push(self.nodes[index].step.clone());
                at = self.nodes[index].previous;
            }
            trace.reverse();
            self.ends.push(End { kind, range, trace });
        }
    }
}

impl Follower<'_> {
    /// Walks a body from a token; `trace` is the way so far.
    pub(super) fn walk(
        &self,
        id: FlowId,
        start: Token,
        trace: Vec<TraceStep>,
        depth: usize,
    ) -> Vec<End> {
        let flow = self.flows.body(id);
        let mut walk = Walk {
            open: Vec::new(),
            seen: HashSet::new(),
            nodes: Vec::new(),
            ends: Vec::new(),
            ended: HashSet::new(),
        };
        let mut node = None;
        for step in trace {
            node = walk.node(node, Some(step));
        }
        walk.go(start, node, flow.range);
        while let Some((token, node)) = walk.open.pop() {
            if walk.seen.len() > MAX_STATES {
                let step =
                    TraceStep { range: flow.range, text: "too many ways to follow".to_owned() };
                let node = walk.node(node, Some(step));
                walk.end(EndKind::Escaped, flow.range, node);
                break;
            }
            self.step(flow, &mut walk, &token, node, depth);
        }
        walk.ends
    }

    /// Takes a token through one statement, or over the edges at the end of its block.
    fn step(&self, flow: &Flow, walk: &mut Walk, token: &Token, node: Option<usize>, depth: usize) {
        let Some(block) = flow.blocks.get(token.block.0 as usize) else { return };
        let touched = flow.touched.get(token.block.0 as usize);
        let is_touched =
            touched.is_none_or(|locals| locals.binary_search(&token.place.local).is_ok());
        let stmt = block.stmts.get(token.index).filter(|_| is_touched);
        let Some(stmt) = stmt else {
            return self.edges(flow, walk, token, node, depth);
        };
        let transfer = Transfer { follower: self, flow, depth };
        for next in transfer.stmt(stmt, token) {
            match next {
                Next::Go { place, full, borrowed, step } => {
                    let node = walk.node(node, step);
                    let index = token.index + 1;
                    let token = Token { block: token.block, index, place, full, borrowed };
                    walk.go(token, node, stmt.range);
                }
                Next::End { kind, range, steps } => {
                    let mut node = node;
                    for step in steps {
                        node = walk.node(node, Some(step));
                    }
                    walk.end(kind, range, node);
                }
            }
        }
    }

    fn edges(
        &self,
        flow: &Flow,
        walk: &mut Walk,
        token: &Token,
        node: Option<usize>,
        depth: usize,
    ) {
        let at = |block: BlockId| Token { block, index: 0, ..token.clone() };
        match &flow.blocks[token.block.0 as usize].end {
            Terminator::Stop => {}
            Terminator::Goto(block) => walk.go(at(*block), node, flow.range),
            Terminator::Branch(edges) => {
                for (block, conditions) in edges {
                    let possible = conditions.iter().all(|condition| {
                        possible(token, &condition.place, condition.test, condition.holds)
                    });
                    if possible {
                        walk.go(at(*block), node, flow.range);
                    }
                }
            }
            Terminator::Next { iter, item, borrowed, range, body, exit } => {
                let transfer = Transfer { follower: self, flow, depth };
                for (into_body, next) in
                    transfer.next_element(iter, *item, *borrowed, *range, token)
                {
                    match next {
                        Next::Go { place, full, borrowed, step } => {
                            let node = walk.node(node, step);
                            let block = if into_body { *body } else { *exit };
                            walk.go(Token { block, index: 0, place, full, borrowed }, node, *range);
                        }
                        Next::End { kind, range, steps } => {
                            let mut node = node;
                            for step in steps {
                                node = walk.node(node, Some(step));
                            }
                            walk.end(kind, range, node);
                        }
                    }
                }
            }
            Terminator::Return => Self::leave(flow, walk, token, node),
        }
    }

    /// What becomes of a token when the body returns and it is not in a dying local.
    fn leave(flow: &Flow, walk: &mut Walk, token: &Token, node: Option<usize>) {
        let local = &flow.locals[token.place.local.0 as usize];
        let end = TextRange::new(flow.range.end.saturating_sub(1), flow.range.end);
        let name = local.name.as_deref().unwrap_or("a parameter");
        let step = |text: String| Some(TraceStep { range: end, text });
        let (kind, step) = match local.kind {
            _ if token.borrowed => (EndKind::Untouched, None),
            LocalKind::Return => {
                let text = if flow.kind == FlowKind::Function {
                    "returned to the caller"
                } else {
                    "the closure's value"
                };
                (EndKind::Returned(token.place.proj.clone()), step(text.to_owned()))
            }
            LocalKind::Capture(outer) => (EndKind::Captured(outer, token.place.proj.clone()), None),
            LocalKind::Static => (EndKind::Stored, step(format!("kept in the static `{name}`"))),
            LocalKind::Reference => {
                (EndKind::Stored, step(format!("kept in `{name}`, which outlives the function")))
            }
            _ => (EndKind::Escaped, step(format!("left in `{name}`"))),
        };
        let node = walk.node(node, step);
        walk.end(kind, end, node);
    }

    /// Runs a callable with the token in one of its parameters or captures.
    pub(super) fn apply(
        &self,
        callable: &Callable,
        entry: &Place,
        borrowed: bool,
        depth: usize,
    ) -> Vec<End> {
        let Callable::Body(id) = callable else { return Vec::new() };
        if depth >= MAX_APPLY {
            return vec![End {
                kind: EndKind::Escaped,
                range: self.flows.body(*id).range,
                trace: Vec::new(),
            }];
        }
        if entry.local.0 as usize >= self.flows.body(*id).locals.len() {
            // A capture of another body: which one runs is not known.
            let range = self.flows.body(*id).range;
            return vec![End { kind: EndKind::Escaped, range, trace: Vec::new() }];
        }
        let start =
            Token { block: BlockId(0), index: 0, place: entry.clone(), full: None, borrowed };
        self.walk(*id, start, Vec::new(), depth + 1)
    }

    /// Carries what leaves a closure on in the body around it.
    fn lift(&self, id: FlowId, ends: Vec<End>, depth: usize) -> Vec<End> {
        let flow = self.flows.body(id);
        let Some(parent) =
            flow.parent.filter(|_| flow.kind != FlowKind::Function && depth < MAX_APPLY)
        else {
            return ends;
        };
        let mut lifted = Vec::new();
        for end in ends {
            if !matches!(end.kind, EndKind::Returned(_) | EndKind::Captured(..)) {
                lifted.push(end);
                continue;
            }
            let starts = self.uses_of(parent, id, &end);
            let outer: Vec<End> = starts
                .into_iter()
                .flat_map(|start| match start {
                    Ok(token) => self.walk(parent, token, end.trace.clone(), depth + 1),
                    Err(other) => vec![other],
                })
                .collect();
            lifted.extend(self.lift(parent, outer, depth + 1));
        }
        lifted
    }

    /// Where the body around runs a closure, and where the token is after that.
    fn uses_of(&self, parent: FlowId, id: FlowId, end: &End) -> Vec<Result<Token, End>> {
        let flow = self.flows.body(parent);
        let mut starts = Vec::new();
        for (block, contents) in flow.blocks.iter().enumerate() {
            let block = BlockId(u32::try_from(block).unwrap_or(u32::MAX));
            for (index, stmt) in contents.stmts.iter().enumerate() {
                let StmtKind::Call(call) = &stmt.kind else { continue };
                if !runs(flow, call, id) {
                    continue;
                }
                let place = match &end.kind {
                    EndKind::Returned(proj) => self.value_of_run(call, proj),
                    EndKind::Captured(outer, proj) if self.runs_here(call) => {
                        let captures = &self.flows.body(id).captures;
                        let inner = |capture: &&super::Capture| {
                            self.flows.body(id).locals[capture.inner.0 as usize].kind
                                == LocalKind::Capture(*outer)
                        };
                        captures.iter().find(inner).map(|capture| {
                            let mut place = capture.outer.clone();
                            place.proj.extend(proj.iter().cloned());
                            place
                        })
                    }
                    _ => None,
                };
                let start = match place {
                    Some(place) => {
                        Ok(Token { block, index: index + 1, place, full: None, borrowed: false })
                    }
                    None => {
                        Err(escaped(end, stmt.range, "the closure that holds it is given away"))
                    }
                };
                starts.push(start);
            }
        }
        if starts.is_empty() {
            starts.push(Err(escaped(end, flow.range, "the closure that holds it is not run here")));
        }
        starts
    }

    /// Whether a call runs the closures it is given before it returns.
    fn runs_here(&self, call: &Call) -> bool {
        match &call.callee {
            Callee::Local(..) | Callee::Await(_) => true,
            Callee::Function(defs) => is_scope(self.model, defs),
            Callee::Method(_, name, own) => {
                own.is_empty()
                    && (methods::on_many(name).is_some() || methods::on_maybe(name).is_some())
            }
        }
    }

    /// Where a closure's value is after a call that runs it.
    fn value_of_run(&self, call: &Call, proj: &[Proj]) -> Option<Place> {
        let at = |wrap: &[Proj], proj: &[Proj]| {
            let proj = wrap.iter().chain(proj).cloned().collect();
            Some(Place { local: call.dst, proj })
        };
        match &call.callee {
            Callee::Local(..) | Callee::Await(_) => at(&[], proj),
            Callee::Function(defs) if is_scope(self.model, defs) => at(&[], proj),
            Callee::Function(defs) => match defs.as_slice() {
                [Def::External(path)] => match &**path {
                    "std::iter::repeat_with" => at(&[Proj::Elem], proj),
                    "std::array::from_fn" => at(&[Proj::Payload], proj),
                    "std::iter::from_fn" => at(&[Proj::Elem], proj.get(1..)?),
                    "std::panic::catch_unwind" => at(&[Proj::Inner], proj),
                    _ => None,
                },
                _ => None,
            },
            Callee::Method(_, name, own) if own.is_empty() => match &**name {
                "map" => at(&[Proj::Payload], proj),
                "then" => at(&[Proj::Inner], proj),
                "flat_map" | "filter_map" => at(&[Proj::Payload], proj.get(1..)?),
                "and_then" | "map_or" | "map_or_else" | "unwrap_or_else" | "or_else" | "with"
                | "fold" => at(&[], proj),
                "for_each" => at(&[], proj),
                _ => None,
            },
            Callee::Method(..) => None,
        }
    }
}

/// Whether a call runs, or is given, the closure with this body.
fn runs(flow: &Flow, call: &Call, id: FlowId) -> bool {
    let callable = Callable::Body(id);
    if let Callee::Local(_, Some(called)) = &call.callee {
        return *called == callable;
    }
    call.args.iter().any(|arg| match arg {
        Operand::Move(place) | Operand::Borrow(place) => {
            flow.locals[place.local.0 as usize].callable.as_ref() == Some(&callable)
        }
        _ => false,
    })
}

pub(super) fn is_scope(model: &Model<'_>, defs: &[Def]) -> bool {
    defs.iter().any(
        |def| matches!(def, Def::External(path) if model.catalog.role(path) == Some(Role::Scope)),
    )
}

fn escaped(end: &End, range: TextRange, text: &str) -> End {
    let mut trace = end.trace.clone();
    trace.push(TraceStep { range, text: text.to_owned() });
    End { kind: EndKind::Escaped, range, trace }
}

/// Whether the token can take an edge that says `test` of `place`.
fn possible(token: &Token, place: &Place, test: Test, holds: bool) -> bool {
    if place.proj.contains(&Proj::Elem) {
        // Another element may be meant.
        return true;
    }
    match (rest(&token.place, place), test) {
        (Some(rest), Test::Inner) => match rest.as_slice() {
            [Proj::Inner | Proj::Payload, ..] | [Proj::Elem, Proj::Inner, ..] => holds,
            [Proj::Error, ..] => !holds,
            _ => true,
        },
        (Some(rest), Test::Empty) => match rest.first() {
            Some(Proj::Elem | Proj::Current | Proj::Lazy(..)) => !holds,
            _ => true,
        },
        (None, Test::Inner) => token.full != Some(place.local) || !place.proj.is_empty() || holds,
        (None, Test::Empty) => true,
    }
}

/// What is left of the way to the token inside an accessed place, or `None` when it is elsewhere.
pub(super) fn rest(token: &Place, access: &Place) -> Option<Vec<Proj>> {
    if token.local != access.local {
        return None;
    }
    let mut left: Vec<Proj> = token.proj.clone();
    let mut at = 0;
    for proj in &access.proj {
        let here = left.get(at);
        match (proj, here) {
            (Proj::Open | Proj::Inner, Some(Proj::Inner | Proj::Payload)) => at += 1,
            // A collection of results made from a result of a collection.
            (Proj::Open | Proj::Inner, Some(Proj::Elem))
                if left.get(at + 1) == Some(&Proj::Inner) =>
            {
                left.remove(at + 1);
            }
            (Proj::Open | Proj::Maybe | Proj::Each, _) => {}
            (Proj::Elem, Some(Proj::Elem | Proj::Current | Proj::Payload))
            | (Proj::Current, Some(Proj::Current)) => at += 1,
            // The value of a pair that a map or `enumerate` makes of an element.
            (Proj::Field(name), here)
                if &**name == "1" && !matches!(here, Some(Proj::Field(_) | Proj::Payload)) => {}
            (proj, Some(here)) if proj == here => at += 1,
            _ => return None,
        }
    }
    Some(left.split_off(at))
}

/// The token's place after the value at `from` moved to `to`.
pub(super) fn moved(to: &Place, rest: &[Proj]) -> Place {
    let mut place = to.clone();
    while matches!(place.proj.last(), Some(Proj::Maybe | Proj::Open | Proj::Each)) {
        place.proj.pop();
    }
    place.proj.extend(rest.iter().cloned());
    place
}
