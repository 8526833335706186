//! Follows one handle from its birth to all its ends.
//!
//! A birth makes one handle at a time, and that handle is in exactly one place. So the analysis
//! walks the control-flow graph with a single token: the state is where it is, a join, a loss or an
//! escape is an end, and edges on which the token cannot be where it is are not taken. A loop that
//! gives birth again makes another token, which is followed by the same walk. The set of ends is
//! exact up to conditions that the graph does not relate, and to places that it cannot tell apart
//! (elements of one collection, what references lead to): those lean towards "not followed".

mod closures;
mod walk;

use std::cell::RefCell;
use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::correlate::{facts_after, facts_before, facts_over, given_before};
use super::ends::{Cell, End, EndKind, Entry, Home, LossKind, TraceStep, home_name};
use super::fact::{Fact, learn};
use super::form;
use super::sway::Sways;
use super::task::{ParamKey, Snapshot};
use super::token::{Among, Token};
use super::transfer::{Next, Transfer};
use super::{
    BlockId, Code, Constant, Field, Flow, FlowId, FlowKind, Flows, LocalId, LocalKind, Owner,
    Place, Program, Proj,
};
use super::{RETURN, StmtKind, Terminator, Test};
use crate::catalog::Role;
use crate::facts::tree::{ItemId, Name};
use crate::model::{ItemRef, Model, Ty};
use crate::source::FileId;
use crate::text::TextRange;

pub(super) use closures::runs_at_once;
use walk::Walk;

/// States visited for one token before it counts as not followed.
const MAX_STATES: usize = 200_000;
/// Births in a function of which it is asked what its parameters must have been.
const MAX_GIVEN: usize = 8;

/// The handle type inside what a call returns, and the way to it.
pub(super) fn handle_of(returns: &Ty) -> Option<(Name, Vec<Proj>)> {
    let payload = returns.payload();
    if payload == Ty::Unknown {
        return returns.path().map(|path| (Name::from(path), Vec::new()));
    }
    let (handle, mut proj) = handle_of(&payload)?;
    proj.insert(0, Proj::Inner);
    Some((handle, proj))
}

/// Follows tokens through the bodies of one function.
pub(super) struct Follower<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) program: &'a Program,
    /// Index of the function in the program.
    pub(super) body: u32,
    pub(super) flows: &'a Flows,
    /// What its caller gave it to call, by parameter.
    pub(super) bound: Vec<(LocalId, Code)>,
    /// The file of the function.
    pub(super) file: FileId,
    /// Whether it is compiled for tests only.
    pub(super) is_test: bool,
    /// Whether it is a `main`, at the end of which the process ends.
    pub(super) in_main: bool,
    /// Whether the values of a type are told apart.
    pub(super) by_value: bool,
    /// The branches that depend on the value that came with the token, where that is asked.
    pub(super) sways: Option<Sways>,
    /// Canonical path of the handle's type.
    pub(super) handle: Name,
    /// What is known of functions so far.
    pub(super) known: &'a Snapshot,
    /// What was asked of functions.
    pub(super) asked: RefCell<Asked>,
}

/// What a walk needed to know.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Summaries, whether known by then or not.
    pub(super) keys: BTreeSet<ParamKey>,
    /// Functions whose bodies were not lowered.
    pub(super) bodies: BTreeSet<ItemRef>,
    /// Methods that nobody knows, by where they are called.
    pub(super) methods: BTreeSet<(FileId, Name)>,
    /// Statics that held the handle where something was called that may name them.
    pub(super) statics: BTreeSet<(FileId, ItemId)>,
}

impl Asked {
    fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.bodies.extend(other.bodies);
        self.methods.extend(other.methods);
        self.statics.extend(other.statics);
    }
}

impl Follower<'_> {
    /// Follows a token in one body, and on in the bodies around it, to all its ends.
    pub(super) fn follow(&self, id: FlowId, start: Token) -> Vec<End> {
        self.follow_on(id, start, Vec::new())
    }

    /// The same after some steps.
    fn follow_on(&self, id: FlowId, mut start: Token, trace: Vec<TraceStep>) -> Vec<End> {
        let own = self.flows.body(id).how_many(id, start.block);
        start.many = start.many.times(own);
        let many = start.many.clone();
        // Of a function with many births, ways out are not told apart by what it was given.
        let given = match self.flows.births.len() {
            0..=MAX_GIVEN => given_before(self.flows.body(id), start.block),
            _ => Vec::new(),
        };
        for (place, fact) in facts_before(self.flows.body(id), start.block, start.index) {
            learn(&mut start.facts, place, fact);
        }
        let ends = self.walk(id, start, trace, 0);
        let mut ends = self.lift(id, ends, &many, 0);
        settle(&mut ends, many.is_many());
        ends.iter_mut().for_each(|end| form::settle(self.model, &self.handle, end));
        ends.iter_mut().filter(|end| end.kind.leaves()).for_each(|end| {
            end.given.clone_from(&given);
        });
        ends.sort_by(|one, two| {
            (one.file, one.range, one.trace.len()).cmp(&(two.file, two.range, two.trace.len()))
        });
        ends
    }

    /// Walks a body from a token; `trace` is the way so far.
    pub(super) fn walk(
        &self,
        id: FlowId,
        start: Token,
        trace: Vec<TraceStep>,
        depth: usize,
    ) -> Vec<End> {
        let flow = self.flows.body(id);
        let mut walk = Walk::new(self.file);
        let mut node = None;
        for step in trace {
            node = walk.node(node, Some(step));
        }
        walk.go(start, node, flow.range);
        while let Some((token, node)) = walk.open.pop() {
            if walk.seen.len() > MAX_STATES {
                let text = "too many ways to follow".to_owned();
                let step = TraceStep { file: self.file, range: flow.range, text };
                let node = walk.node(node, Some(step));
                walk.end(EndKind::Escaped, self.file, flow.range, node);
                break;
            }
            self.step(flow, &mut walk, &token, node, depth);
        }
        if let (true, 0, Some(local)) = (walk.ends.is_empty(), depth, walk.gathered(flow)) {
            let step = format!("gathered in `{local}` by a loop that does not end");
            let range = flow.range;
            let trace = vec![TraceStep { file: self.file, range, text: step }];
            let kind = EndKind::Held(local);
            walk.ends.push(End::new(kind, self.file, range, trace));
        }
        walk.ends
    }

    /// Takes a token through one statement, or over the edges at the end of its block.
    fn step(&self, flow: &Flow, walk: &mut Walk, token: &Token, node: Option<usize>, depth: usize) {
        let Some(block) = flow.blocks.get(token.block.0 as usize) else { return };
        // What only refers to it was looked at where it is.
        if self.by_value
            && !token.borrowed
            && walk.is_shared(&token.place, || self.is_shared(flow, &token.place))
        {
            let range = block.stmts.get(token.index).map_or(flow.range, |stmt| stmt.range);
            return walk.end(EndKind::Escaped, self.file, range, node);
        }
        let touched = flow.touched.get(token.block.0 as usize);
        let is_touched =
            touched.is_none_or(|locals| locals.binary_search(&token.place.local).is_ok());
        let stmt = block.stmts.get(token.index).filter(|_| is_touched);
        let mut after = None;
        if !(flow.flags.is_empty() && token.facts.is_empty()) {
            let own = token.index..stmt.map_or(block.stmts.len(), |_| token.index + 1);
            let after: &mut Token = after.insert(token.clone());
            let over = block.stmts.get(own).unwrap_or_default().iter();
            over.for_each(|stmt| facts_over(flow, &mut after.facts, stmt));
        }
        let token = after.as_ref().unwrap_or(token);
        let Some(stmt) = stmt else {
            return self.edges(flow, walk, token, node, depth);
        };
        let transfer = Transfer { follower: self, flow, depth };
        for next in transfer.stmt(stmt, token) {
            if matches!(next, Next::End { kind: EndKind::Lost(_), .. })
                && self.is_child()
                && self.ends_the_process(flow, token)
            {
                // Whoever takes the place of the process waits for its children.
                continue;
            }
            walk.take(next, node, (token.block, token.index + 1), token, stmt.range);
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
            Terminator::Stop | Terminator::Diverge(_) => {}
            Terminator::Exit(range) => {
                if !token.borrowed {
                    walk.end(EndKind::Exits, self.file, *range, node);
                }
            }
            Terminator::Goto(block) => {
                // A loop that takes elements one by one is taken to have a round.
                let next = match flow.takes_in_rounds(token.block, *block, token.place.local) {
                    true => at(*block).with(Among::Passed),
                    false => at(*block),
                };
                walk.go(next, node, flow.range);
            }
            Terminator::Branch(edges) => {
                let ways = edges.iter().filter_map(|(block, conditions)| {
                    let possible = conditions.iter().all(|condition| {
                        possible(token, &condition.place, &condition.test, condition.holds)
                    });
                    let facts = facts_after(flow, &token.facts, conditions);
                    Some(Token { facts: facts.filter(|_| possible)?, ..at(*block) })
                });
                let ways: Vec<Token> = ways.collect();
                let sways = ways.len() > 1 && self.sways_at(flow, token);
                for way in ways {
                    let swayed = way.swayed || sways;
                    walk.go(Token { swayed, ..way }, node, flow.range);
                }
            }
            Terminator::Next { iter, item, over, range, body, exit } => {
                let is_in_it = rest(&token.place.unnumbered(), iter).is_some();
                let swayed = token.swayed || (!is_in_it && self.sways_at(flow, token));
                let token = &Token { swayed, ..token.clone() };
                let transfer = Transfer { follower: self, flow, depth };
                for (into_body, next) in transfer.next_element(iter, *item, *over, *range, token) {
                    let block = if into_body { *body } else { *exit };
                    walk.take(next, node, (block, 0), token, *range);
                }
            }
            Terminator::Return => self.leave(flow, walk, token, node, depth),
        }
    }

    /// Whether the way that is taken at the end of a block depends on the value that keeps the token. In a closure
    /// nobody asks what it depends on.
    fn sways_at(&self, flow: &Flow, token: &Token) -> bool {
        // How far a thread has got is nothing that a value says.
        let of_thread = |reads: &Vec<Place>| {
            !reads.is_empty() && reads.iter().all(|place| *place == token.place)
        };
        let block = token.block;
        self.sways.as_ref().is_some_and(|sways| {
            (flow.parent.is_some() || sways.at(block))
                && !flow.reads.get(&block).is_some_and(of_thread)
        })
    }

    /// Whether nothing comes after a statement but the end of the process: a call that never returns,
    /// or the end of `main`.
    fn ends_the_process(&self, flow: &Flow, token: &Token) -> bool {
        let (mut block, mut index) = (token.block, token.index + 1);
        for _ in 0..8 {
            let here = &flow.blocks[block.0 as usize];
            let calls = here.stmts.get(index..).unwrap_or_default().iter();
            let calls = calls.filter(|stmt| matches!(stmt.kind, StmtKind::Call(_))).count();
            match &here.end {
                Terminator::Stop | Terminator::Diverge(_) | Terminator::Exit(_) => return true,
                Terminator::Goto(next) => (block, index) = (*next, 0),
                Terminator::Return => return self.in_main && calls == 0,
                Terminator::Branch(_) | Terminator::Next { .. } => return false,
            }
            if calls > 0 && self.in_main {
                return false;
            }
        }
        false
    }

    /// Whether the token is a child process.
    pub(super) fn is_child(&self) -> bool {
        self.model.catalog.role(&self.handle) == Some(Role::ChildHandle)
    }

    /// What becomes of a token when the body returns and it is not in a dying local.
    fn leave(
        &self,
        flow: &Flow,
        walk: &mut Walk,
        token: &Token,
        node: Option<usize>,
        depth: usize,
    ) {
        let local = &flow.locals[token.place.local.0 as usize];
        let end = TextRange::new(flow.range.end.saturating_sub(1), flow.range.end);
        let name = local.name.as_deref().unwrap_or("a parameter");
        let proj = &token.place.proj;
        let is_function = flow.kind == FlowKind::Function;
        let outlives =
            matches!(local.kind, LocalKind::Return | LocalKind::Reference | LocalKind::Static(..));
        let is_static = matches!(local.kind, LocalKind::Static(..));
        let keeps = is_function && outlives && (is_static || !self.by_value);
        let cell = Cell::of(proj).filter(|_| keeps);
        let (kind, text) = match (local.kind, cell) {
            _ if token.borrowed && outlives && is_held(proj) => {
                (EndKind::Escaped, Some("borrowed by a closure that is kept".to_owned()))
            }
            _ if token.among == Among::Guessed && outlives => {
                (EndKind::Escaped, Some("kept, if it is what that method gives".to_owned()))
            }
            _ if token.borrowed => (EndKind::Untouched, None),
            (LocalKind::Capture(outer), _) => (EndKind::Captured(outer, proj.clone()), None),
            (_, Some(cell)) => {
                let text = format!("kept in {}", home_name(self.model, &cell.home));
                (EndKind::Kept(cell), Some(text))
            }
            (LocalKind::Return, None) => {
                let text =
                    if is_function { "returned to the caller" } else { "the closure's value" };
                (EndKind::Returned(proj.clone()), Some(text.to_owned()))
            }
            (LocalKind::Static(file, item), None) => {
                let home = Home::Static(file, item);
                let kind = EndKind::Kept(Cell { home, proj: proj.clone() });
                (kind, Some(format!("kept in the static `{name}`")))
            }
            (LocalKind::Reference, None) => {
                let transfer = Transfer { follower: self, flow, depth };
                let referred = transfer.is_referred_to(&token.place);
                let kind = match entry_of(flow, token.place.local) {
                    _ if referred => EndKind::Stored,
                    Some(entry) if is_function => EndKind::Left(entry, proj.clone()),
                    _ => EndKind::Stored,
                };
                (kind, Some(format!("kept in `{name}`, which outlives the function")))
            }
            (_, None) => (EndKind::Escaped, Some(format!("left in `{name}`"))),
        };
        let step = text.map(|text| TraceStep { file: self.file, range: end, text });
        let node = walk.node(node, step);
        let is_given = |(place, _): &&(Place, Fact)| *place == Place::local(RETURN);
        let gives = token.facts.iter().find(is_given).map(|it| it.1.clone());
        let gives = gives.filter(|_| kind.stays());
        walk.end_of(kind, self.file, end, node, (token.way(), gives));
    }
}

/// Leaves out the ends that say of a loss that it may be none, where it is known to be one on another way.
/// `many` says that there may be any number of others like it, so that some are there where one was taken.
fn settle(ends: &mut Vec<End>, many: bool) {
    let lost: FxHashSet<(FileId, TextRange)> = ends
        .iter()
        .filter(|end| match &end.kind {
            EndKind::Lost(LossKind::Collection(_) | LossKind::Owner(_)) => end.way.left || many,
            EndKind::Lost(_) => end.way.left,
            _ => false,
        })
        .map(|end| (end.file, end.range))
        .collect();
    ends.retain(|end| {
        let is_doubt = end.way.passed && matches!(end.kind, EndKind::Escaped | EndKind::Kept(_));
        !(is_doubt && lost.contains(&(end.file, end.range)))
    });
}

/// Whether a closure on the way lies in something else, so that it may be kept or run when that is dropped.
pub(super) fn is_held(proj: &[Proj]) -> bool {
    proj.iter().skip(1).any(|proj| matches!(proj, Proj::Captured(_)))
}

/// Which parameter a local is.
fn entry_of(flow: &Flow, local: LocalId) -> Option<Entry> {
    if flow.receiver == Some(local) {
        return Some(Entry::Receiver);
    }
    flow.params.iter().position(|&param| param == local).map(Entry::Param)
}

/// Whether the token can take an edge that says `test` of `place`.
fn possible(token: &Token, place: &Place, test: &Test, holds: bool) -> bool {
    if may_be_another(&token.place, place) {
        return true;
    }
    match (rest(&token.place.unnumbered(), place), test) {
        (Some(rest), Test::Inner) => match rest.as_slice() {
            [Proj::Inner | Proj::Payload, ..] | [Proj::Elem, Proj::Inner, ..] => holds,
            [Proj::Error, ..] => !holds,
            _ => true,
        },
        // The length of a type of the project is that of what it holds.
        (Some(rest), Test::Empty) => match rest.iter().find(|it| !matches!(it, Proj::Field(_))) {
            Some(Proj::Elem | Proj::Current | Proj::Lazy(..)) => !holds,
            _ => true,
        },
        (None, Test::Inner) => token.full != Some(place.local) || !place.proj.is_empty() || holds,
        (Some(rest), Test::Is(values)) => match rest.first() {
            Some(Proj::Variant(own)) => values.contains(&Constant::Variant(own.clone())) == holds,
            _ => true,
        },
        (None, Test::Empty | Test::Is(_)) | (_, Test::Above(_)) => true,
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
            (Proj::Open | Proj::Maybe | Proj::Each, _) | (Proj::Turn, Some(Proj::Current)) => {}
            (Proj::At(..) | Proj::Between(..), Some(here)) if here.is_at(proj) => at += 1,
            (Proj::Unnumbered, Some(Proj::Elem | Proj::Current | Proj::Payload)) => at += 1,
            (Proj::Index(position), Some(Proj::Nth(own, _))) if own == position => at += 1,
            (Proj::Index(_), Some(Proj::Elem | Proj::Current | Proj::Payload)) => at += 1,
            (Proj::Elem, Some(Proj::Elem | Proj::Nth(..) | Proj::Current | Proj::Payload))
            | (Proj::Current, Some(Proj::Current)) => at += 1,
            // The value of a pair that a map or `enumerate` makes of an element.
            (Proj::Field(field), here) if is_value_of_pair(field, here) => {}
            (proj, Some(here)) if proj == here => at += 1,
            _ => return None,
        }
    }
    Some(left.split_off(at))
}

/// Whether an access to what the token may be in may as well be one to another element.
pub(super) fn may_be_another(token: &Place, access: &Place) -> bool {
    let is_numbered = || token.proj.iter().any(|proj| matches!(proj, Proj::Nth(..)));
    access.proj.iter().any(|proj| match proj {
        Proj::Elem => true,
        Proj::Index(_) => !is_numbered(),
        _ => false,
    })
}

/// Whether a field of an element is the value of a pair that stands for the element: `here` is the next step
/// of the way to the token, which knows of no pair.
fn is_value_of_pair(field: &Field, here: Option<&Proj>) -> bool {
    let is_own = match here {
        Some(Proj::Field(own)) => own.owner == Owner::Tuple || field.owner != Owner::Tuple,
        Some(Proj::Payload) => true,
        _ => false,
    };
    &*field.name == "1" && !is_own
}

/// The token's place after the value at `from` moved to `to`.
pub(super) fn moved(to: &Place, rest: &[Proj]) -> Place {
    let mut place = to.clone();
    while matches!(place.proj.last(), Some(Proj::Maybe | Proj::Open | Proj::Each | Proj::Turn)) {
        place.proj.pop();
    }
    for proj in &mut place.proj {
        if matches!(proj, Proj::Index(_)) {
            *proj = Proj::Elem;
        }
    }
    place.proj.extend(rest.iter().cloned());
    place
}
