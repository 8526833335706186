//! One body under construction: its blocks, its locals and its open scopes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::{
    Binding, Block, BlockId, Call, Callee, Condition, Extent, Flow, FlowId, FlowKind, Local,
    LocalId, LocalKind, Loop, Often, Round, Stmt, StmtKind, Terminator,
};
use super::super::{Capture, Constant, Leaving, Place, Proj};
use crate::facts::tree::Name;
use crate::model::Ty;
use crate::text::TextRange;

/// What a scope is for.
#[derive(Clone, Debug)]
pub(super) enum ScopeKind {
    /// A block or arm: variables live in it.
    Plain,
    /// A statement: temporaries live in it.
    Statement,
    /// A loop or labelled block that can be left.
    Breakable {
        label: Option<Name>,
        /// A loop, which a `break` without label leaves.
        is_loop: bool,
        break_to: BlockId,
        continue_to: Option<BlockId>,
        /// Where `break value` goes.
        result: LocalId,
    },
}

pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    names: FxHashMap<Name, LocalId>,
    drops: Vec<LocalId>,
}

pub(super) struct Frame {
    pub(super) id: FlowId,
    pub(super) flow: Flow,
    pub(super) scopes: Vec<Scope>,
    /// Variables of the frames around that this one uses.
    pub(super) captures: Vec<Capture>,
    /// What variables say that hold an answer of a method, and where that was given.
    pub(super) asked: FxHashMap<Place, (Condition, (BlockId, usize))>,
    /// Variables that are what is written out.
    pub(super) constants: FxHashMap<LocalId, Constant>,
    /// Tuples, with the places that their parts were made of.
    pub(super) made_of: FxHashMap<LocalId, Vec<(Proj, Place)>>,
    /// Results of branches that one of them has given.
    pub(super) given: FxHashSet<LocalId>,
    /// Variables that hold how many elements something has, and where that was noted.
    pub(super) lengths: FxHashMap<LocalId, (Place, (BlockId, usize))>,
    /// Variables that go through all positions of something.
    pub(super) positions: FxHashMap<LocalId, Place>,
    /// What the loops around go through all positions of.
    pub(super) counted: Vec<Place>,
    /// Variables that are a number which is written out.
    pub(super) numbers: FxHashSet<LocalId>,
    /// How many elements there are in variables that were made of iterators; nothing for those that may go on and on.
    pub(super) extents: FxHashMap<LocalId, Option<Extent>>,
    /// What the comparison that was just lowered says.
    pub(super) compared: Option<Condition>,
    /// The places that were named so far, as often as they were.
    pub(super) read: Vec<Place>,
    current: Option<BlockId>,
}

impl Frame {
    pub(super) fn new(
        id: FlowId,
        kind: FlowKind,
        parent: Option<FlowId>,
        range: TextRange,
    ) -> Self {
        let result = Local {
            name: None,
            range,
            ty: Ty::Unknown,
            kind: LocalKind::Return,
            alias: None,
            callable: None,
            named: None,
            binding: Binding::Free,
        };
        let flow = Flow {
            kind,
            parent,
            locals: vec![result],
            receiver: None,
            params: Vec::new(),
            blocks: vec![Block::default()],
            captures: Vec::new(),
            stable: Vec::new(),
            flags: Vec::new(),
            touched: Vec::new(),
            lent: Vec::new(),
            entered: OnceLock::new(),
            asked: BTreeMap::new(),
            reads: BTreeMap::new(),
            returns_future: false,
            goes_on: false,
            computes: false,
            looked_at: Vec::new(),
            asserts: false,
            panics: false,
            opaque: Vec::new(),
            left_unseen: Vec::new(),
            unwraps: Vec::new(),
            adapted: Vec::new(),
            has_while: false,
            locked: Vec::new(),
            guards: Vec::new(),
            loops: Vec::new(),
            rounds: Vec::new(),
            repeats: Often::Few,
            range,
        };
        Self {
            id,
            flow,
            scopes: Vec::new(),
            captures: Vec::new(),
            asked: FxHashMap::default(),
            constants: FxHashMap::default(),
            made_of: FxHashMap::default(),
            given: FxHashSet::default(),
            lengths: FxHashMap::default(),
            positions: FxHashMap::default(),
            counted: Vec::new(),
            numbers: FxHashSet::default(),
            extents: FxHashMap::default(),
            compared: None,
            read: Vec::new(),
            current: Some(BlockId(0)),
        }
    }

    /// The answer of a method that a variable holds, if nothing was put since into what was asked.
    pub(super) fn answer_in(&self, place: &Place) -> Option<Condition> {
        let (answer, at) = self.asked.get(place)?;
        (!self.may_have_more(&answer.place, *at)).then(|| answer.clone())
    }

    /// Whether anything may have been put into a place since, as far as what was lowered by now says.
    pub(super) fn may_have_more(&self, place: &Place, (block, index): (BlockId, usize)) -> bool {
        let names = |it: &Place| it.local == place.local;
        let puts = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Assign(to, _) => to == place || (names(to) && !place.proj.is_empty()),
            StmtKind::Build(to, _) => *to == place.local,
            StmtKind::Call(call) => {
                let on = matches!(&call.callee, Callee::Method(it, ..) if names(it) && !call.looks);
                on || call.args.iter().any(|arg| arg.place().is_some_and(|(it, _)| names(it)))
            }
            _ => false,
        };
        let mut blocks = self.flow.blocks.iter().skip(block.0 as usize);
        let here = blocks.next().into_iter().flat_map(|block| block.stmts.iter().skip(index));
        here.chain(blocks.flat_map(|block| &block.stmts)).any(puts)
    }

    pub(super) fn new_block(&mut self) -> BlockId {
        let id = BlockId(u32::try_from(self.flow.blocks.len()).unwrap_or(u32::MAX));
        self.flow.blocks.push(Block::default());
        id
    }

    /// Goes on in another block.
    pub(super) fn enter(&mut self, block: BlockId) {
        self.current = Some(block);
    }

    pub(super) fn is_reachable(&self) -> bool {
        self.current.is_some()
    }

    /// Where the next statement goes. Dead code gets a block that nothing leads to.
    pub(super) fn position(&mut self) -> (BlockId, usize) {
        let block = match self.current {
            Some(block) => block,
            None => {
                let block = self.new_block();
                self.enter(block);
                block
            }
        };
        (block, self.flow.blocks[block.0 as usize].stmts.len())
    }

    /// Something here may leave that no edge shows.
    pub(super) fn leaves_unseen(&mut self) {
        self.flow.left_unseen.extend(self.current);
    }

    /// An `unwrap` here may fail because there is no more to do.
    pub(super) fn unwraps(&mut self) {
        self.flow.unwraps.extend(self.current);
    }

    /// Every call so far, the last one first.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.flow.blocks.iter().rev().flat_map(|block| block.calls().rev())
    }

    /// The call that was the last to happen here, if it made this value.
    pub(super) fn last_call(&mut self, made: LocalId) -> Option<&mut Call> {
        let block = self.current?;
        match self.flow.blocks[block.0 as usize].stmts.last_mut()? {
            Stmt { kind: StmtKind::Call(call), .. } if call.dst == made => Some(call),
            _ => None,
        }
    }

    /// Notes a loop that only a jump can leave.
    pub(super) fn note_loop(&mut self, keyword: TextRange, statement: TextRange, head: BlockId) {
        if self.current.is_some() {
            self.flow.loops.push(Loop { keyword, statement, head });
        }
    }

    /// Notes all blocks of a loop that was just lowered.
    pub(super) fn note_round(&mut self, head: BlockId, after: [BlockId; 2], often: Often) {
        let end = BlockId(u32::try_from(self.flow.blocks.len()).unwrap_or(u32::MAX));
        let (body, entered) = (None, None);
        self.flow.rounds.push(Round { head, end, after, often, body, entered });
    }

    pub(super) fn push(&mut self, range: TextRange, kind: StmtKind) {
        if let Some(block) = self.current {
            self.flow.blocks[block.0 as usize].stmts.push(Stmt { range, kind });
        }
    }

    /// Ends the current block; what follows is unreachable until a block is entered.
    pub(super) fn end(&mut self, end: Terminator) {
        if let Some(block) = self.current.take() {
            self.flow.blocks[block.0 as usize].end = end;
        }
    }

    /// What the next branch depends on.
    pub(super) fn reads(&mut self, reads: Vec<Place>) {
        if let Some(block) = self.current {
            self.flow.reads.insert(block, reads);
        }
    }

    /// Goes one of two ways, which depends on these places in a manner that nobody knows.
    pub(super) fn either(&mut self, yes: BlockId, no: BlockId, reads: Vec<Place>) {
        self.reads(reads);
        self.end(Terminator::Branch(vec![(yes, Vec::new()), (no, Vec::new())]));
    }

    pub(super) fn goto(&mut self, block: BlockId) {
        self.end(Terminator::Goto(block));
    }

    pub(super) fn local(&self, id: LocalId) -> &Local {
        &self.flow.locals[id.0 as usize]
    }

    pub(super) fn local_mut(&mut self, id: LocalId) -> &mut Local {
        &mut self.flow.locals[id.0 as usize]
    }

    /// Makes a local that dies with the scope its kind belongs to: a temporary with its statement, a
    /// variable with its block.
    pub(super) fn declare(
        &mut self,
        name: Option<Name>,
        range: TextRange,
        ty: Ty,
        kind: LocalKind,
    ) -> LocalId {
        let id = LocalId(u32::try_from(self.flow.locals.len()).unwrap_or(u32::MAX));
        self.flow.locals.push(Local {
            name,
            range,
            ty,
            kind,
            alias: None,
            callable: None,
            named: None,
            binding: Binding::Free,
        });
        let wants_statement = matches!(kind, LocalKind::Temporary | LocalKind::Underscore);
        let drops = matches!(
            kind,
            LocalKind::Temporary
                | LocalKind::Underscore
                | LocalKind::Variable
                | LocalKind::Parameter
        );
        if drops {
            let fits =
                |scope: &Scope| wants_statement == matches!(scope.kind, ScopeKind::Statement);
            let scope = self.scopes.iter().rposition(fits).unwrap_or(0);
            if let Some(scope) = self.scopes.get_mut(scope) {
                scope.drops.push(id);
            }
        }
        id
    }

    /// Gives a local its name in the innermost scope of variables.
    pub(super) fn bind(&mut self, name: Name, local: LocalId) {
        let plain = |scope: &&mut Scope| !matches!(scope.kind, ScopeKind::Statement);
        if let Some(scope) = self.scopes.iter_mut().rev().find(plain) {
            scope.names.insert(name, local);
        }
    }

    pub(super) fn lookup(&self, name: &Name) -> Option<LocalId> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name).copied())
    }

    pub(super) fn open(&mut self, kind: ScopeKind) {
        self.scopes.push(Scope { kind, names: FxHashMap::default(), drops: Vec::new() });
    }

    /// Ends the innermost scope on the path that falls out of it.
    pub(super) fn close(&mut self, range: TextRange) {
        let depth = self.scopes.len() - 1;
        self.drop_scopes(depth, range, Leaving::End);
        self.scopes.pop();
    }

    /// Drops all locals of the scopes from the innermost down to index `depth`, without closing.
    pub(super) fn drop_scopes(&mut self, depth: usize, range: TextRange, why: Leaving) {
        if self.current.is_none() {
            return;
        }
        let scopes = self.scopes[depth.min(self.scopes.len())..].iter().rev();
        let locals: Vec<LocalId> =
            scopes.flat_map(|scope| scope.drops.iter().rev().copied()).collect();
        for local in locals {
            self.push(range, StmtKind::Drop(local, why));
        }
    }

    /// Every local that a way out of the body from here would drop.
    pub(super) fn alive(&self) -> Vec<LocalId> {
        self.scopes.iter().flat_map(|scope| scope.drops.iter().copied()).collect()
    }

    /// Whether a local dies with the innermost scope.
    pub(super) fn dies_here(&self, local: LocalId) -> bool {
        self.scopes.last().is_some_and(|scope| scope.drops.contains(&local))
    }

    /// The place a local stands for: itself, or what it refers to.
    pub(super) fn place_of(&self, local: LocalId) -> Place {
        self.local(local).alias.clone().unwrap_or_else(|| Place::local(local))
    }
}
