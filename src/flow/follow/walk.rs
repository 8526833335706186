//! A walk in progress: the states that are open and were seen, the ends so far, and the steps that led to them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::ends::{End, EndKind, TraceStep, Way};
use super::super::fact::{Fact, learn};
use super::super::token::Token;
use super::super::transfer::Next;
use super::super::{BlockId, Flow, LocalKind, Place, Proj};
use super::MAX_STATES;
use crate::facts::tree::Name;
use crate::source::FileId;
use crate::text::TextRange;

/// States after which no facts are remembered any more: they only rule ways out.
const MAX_INFORMED: usize = MAX_STATES / 10;
/// Projections of a place; deeper ones are not followed.
const MAX_PROJ: usize = 10;

struct Node {
    previous: Option<usize>,
    step: TraceStep,
}

/// A walk in progress.
pub(super) struct Walk {
    file: FileId,
    pub(super) open: Vec<(Token, Option<usize>)>,
    pub(super) seen: FxHashSet<Token>,
    nodes: Vec<Node>,
    pub(super) ends: Vec<End>,
    ended: FxHashSet<(EndKind, FileId, TextRange, Way, Option<Fact>)>,
    /// Whether something else may hold what is at a place; asked at every step, by value.
    shared: FxHashMap<Place, bool>,
}

impl Walk {
    pub(super) fn new(file: FileId) -> Self {
        Self {
            file,
            open: Vec::new(),
            seen: FxHashSet::default(),
            nodes: Vec::new(),
            ends: Vec::new(),
            ended: FxHashSet::default(),
            shared: FxHashMap::default(),
        }
    }

    pub(super) fn is_shared(&mut self, place: &Place, find: impl FnOnce() -> bool) -> bool {
        if let Some(&known) = self.shared.get(place) {
            return known;
        }
        *self.shared.entry(place.clone()).or_insert_with(find)
    }

    pub(super) fn node(
        &mut self,
        previous: Option<usize>,
        step: Option<TraceStep>,
    ) -> Option<usize> {
        let Some(step) = step else { return previous };
        self.nodes.push(Node { previous, step });
        Some(self.nodes.len() - 1)
    }

    pub(super) fn go(&mut self, mut token: Token, node: Option<usize>, range: TextRange) {
        if token.place.proj.len() > MAX_PROJ {
            let text = "nested too deep to follow".to_owned();
            let step = TraceStep { file: self.file, range, text };
            let node = self.node(node, Some(step));
            self.end(EndKind::Escaped, self.file, range, node);
            return;
        }
        if self.seen.len() > MAX_INFORMED {
            token.facts.clear();
        }
        if self.seen.insert(token.clone()) {
            self.open.push((token, node));
        }
    }

    pub(super) fn end(
        &mut self,
        kind: EndKind,
        file: FileId,
        range: TextRange,
        node: Option<usize>,
    ) {
        self.end_of(kind, file, range, node, (Way::default(), None));
    }

    pub(super) fn end_of(
        &mut self,
        kind: EndKind,
        file: FileId,
        range: TextRange,
        node: Option<usize>,
        (way, gives): (Way, Option<Fact>),
    ) {
        if self.ended.insert((kind.clone(), file, range, way, gives.clone())) {
            let mut trace = Vec::new();
            let mut at = node;
            while let Some(index) = at {
                trace.push(self.nodes[index].step.clone());
                at = self.nodes[index].previous;
            }
            trace.reverse();
            self.ends.push(End { way, gives, ..End::new(kind, file, range, trace) });
        }
    }

    /// The variable whose elements the token was among.
    pub(super) fn gathered(&self, flow: &Flow) -> Option<Name> {
        let held = |token: &&Token| token.place.proj.first() == Some(&Proj::Elem);
        let locals = self.seen.iter().filter(held).map(|token| token.place.local);
        let named = locals.filter_map(|local| {
            let local = &flow.locals[local.0 as usize];
            let keeps = matches!(local.kind, LocalKind::Variable | LocalKind::Parameter);
            local.name.clone().filter(|_| keeps)
        });
        named.min()
    }

    pub(super) fn take(
        &mut self,
        next: Next,
        node: Option<usize>,
        (block, index): (BlockId, usize),
        before: &Token,
        at: TextRange,
    ) {
        match next {
            Next::Go { place, full, borrowed, among, learns, step } => {
                let node = self.node(node, step);
                let mut facts = before.facts.clone();
                if let Some((local, fact)) = learns {
                    learn(&mut facts, Place::local(local), fact);
                }
                let (swayed, many) = (before.swayed, before.many.clone());
                let token =
                    Token { block, index, place, full, borrowed, among, facts, swayed, many };
                self.go(token, node, at);
            }
            Next::End { kind, file, range, steps, passed } => {
                let mut node = node;
                for step in steps {
                    node = self.node(node, Some(step));
                }
                let own = before.way();
                let way = Way { passed: passed || own.passed, ..own };
                self.end_of(kind, file, range, node, (way, None));
            }
        }
    }
}
