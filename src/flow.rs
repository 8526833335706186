//! Lowered bodies: places, moves, calls, branches, scopes and drops on a control-flow graph.
//!
//! It is MIR in small, made without types: what a value is worth is not known, only where it goes.
//! References are resolved while lowering (a borrow is another name for a place), wrappers such as
//! `Box`, `Arc` and `Mutex` are transparent, and unwinding is never a path. Closures and async
//! blocks are bodies of their own, linked to the body that makes them.

mod again;
mod asking;
mod call;
mod components;
mod condition;
mod correlate;
mod endless;
mod ends;
mod fact;
mod follow;
mod form;
mod free;
mod local;
mod lower;
mod methods;
mod named;
mod number;
mod origin;
mod outside;
mod place;
mod program;
mod round;
mod solve;
mod sway;
mod task;
mod token;
mod touch;
mod transfer;
mod typing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

pub use call::{Call, Callee, Operand, only_item};
pub use components::Components;
pub use condition::{Condition, Constant, Test};
pub use endless::endless_loops;
pub use ends::{Cell, End, EndKind, Entry, Home, LossKind, TraceStep, declared_field, home_name};
pub use form::unread_in_type;
pub use local::{Binding, Callable, Local, LocalKind};
pub use lower::lower_body;
pub use number::{Extent, Many, Often};
pub use place::{Code, Env, Field, Owner, Place, Proj};
pub use program::{Change, FunctionKey, Lowered, Program, RECEIVING, Reads, Site};
pub use round::Round;
pub use solve::{Solution, solve, solve_by_value};
pub use task::{Exit, Keep, Task, exit_of};

use crate::facts::tree::Name;
use crate::finding::Confidence;
use crate::model::{Def, ModuleId, Ty};
use crate::text::TextRange;

/// Index of a body in [`Flows::bodies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u32);

/// Index of a local in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalId(pub u32);

/// Index of a basic block in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u32);

/// A function with every closure and async block inside it.
#[derive(Debug, Default)]
pub struct Flows {
    /// Bodies; the function itself is the first.
    pub bodies: Vec<Flow>,
    /// Thread births in all of them.
    pub births: Vec<Birth>,
    /// Mentions of spawning functions as values.
    pub mentions: Vec<Mention>,
    /// What is called or decides a way and was not read, as the module that would tell and the name in it.
    pub open: Vec<(ModuleId, Name)>,
}

impl Flows {
    /// A body.
    pub fn body(&self, id: FlowId) -> &Flow {
        &self.bodies[id.0 as usize]
    }
}

/// A call that gives birth to a thread.
#[derive(Clone, Debug)]
pub struct Birth {
    /// The body it is in.
    pub flow: FlowId,
    /// Where: block and statement.
    pub at: (BlockId, usize),
    /// The called path or method name.
    pub callee: TextRange,
    /// The whole call.
    pub call: TextRange,
    /// The statement that holds it.
    pub statement: TextRange,
    /// Canonical path of the API.
    pub api: Name,
    /// What is born.
    pub class: Class,
    /// Whether something joins the thread by construction.
    pub owned: bool,
    /// What the call returns.
    pub returns: Ty,
    /// Whether the thread gets a name; `None` when that is not known.
    pub named: Option<bool>,
    /// How sure the resolution is.
    pub confidence: Confidence,
    /// The body that runs on the thread, when it stands here.
    pub runs: Option<Callable>,
}

impl Birth {
    /// Canonical path of the handle's type; empty when the call returns none.
    pub fn handle(&self) -> Name {
        follow::handle_of(&self.returns).map_or_else(|| Name::from(""), |(handle, _)| handle)
    }
}

/// What a birth gives birth to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An operating system thread.
    Thread,
    /// A child process.
    Child,
    /// An asynchronous task.
    Task,
}

/// A spawning function named without being called there.
#[derive(Clone, Debug)]
pub struct Mention {
    /// The path.
    pub range: TextRange,
    /// The statement that holds it.
    pub statement: TextRange,
    /// Canonical path of the API.
    pub api: Name,
    /// Whether some call through a variable was found; its births carry the verdict.
    pub called: bool,
}

/// One lowered body.
#[derive(Debug)]
pub struct Flow {
    /// What kind of body it is.
    pub kind: FlowKind,
    /// The body around it.
    pub parent: Option<FlowId>,
    /// Its locals; the first is what it returns.
    pub locals: Vec<Local>,
    /// The local of `self`, if it takes one.
    pub receiver: Option<LocalId>,
    /// Locals of its other parameters, in order.
    pub params: Vec<LocalId>,
    /// Its basic blocks; the first is the entry.
    pub blocks: Vec<Block>,
    /// What it takes from the body around it.
    pub captures: Vec<Capture>,
    /// Places that are tested more than once and that nothing changes: their tests agree.
    pub stable: Vec<Place>,
    /// Variables that are set to a known value somewhere, and that nothing else can change unseen.
    pub flags: Vec<LocalId>,
    /// For each block, the locals that its statements touch, sorted.
    pub touched: Vec<Vec<LocalId>>,
    /// Places that are borrowed so that they can be changed.
    pub lent: Vec<Place>,
    /// What is known wherever a block is entered, once that was asked.
    entered: OnceLock<correlate::Entered>,
    /// Conditions that stand for nothing but themselves.
    pub asked: BTreeMap<Place, Question>,
    /// What a branch at the end of a block depends on, where no condition on its edges says it all.
    pub reads: BTreeMap<BlockId, Vec<Place>>,
    /// Whether its value is an `async` block or a call of an `async fn`.
    pub returns_future: bool,
    /// Whether its value is known to be one, and not `()`.
    pub computes: bool,
    /// Whether its value is always an `Ok`, `Some` or `Continue`, so that no iteration stops at it.
    pub goes_on: bool,
    /// Values that a macro looked at: printed, matched or compared.
    pub looked_at: Vec<LocalId>,
    /// Whether it checks something that may fail: `assert!` and its kin.
    pub asserts: bool,
    /// Whether it panics by itself.
    pub panics: bool,
    /// Names in macros that nobody expanded: whatever they mean may be used there.
    pub opaque: Vec<Name>,
    /// Blocks with a macro that nobody expanded and that may jump anywhere.
    pub left_unseen: Vec<BlockId>,
    /// Blocks with an `unwrap` of what may fail because there is no more to do.
    pub unwraps: Vec<BlockId>,
    /// Locals whose borrowed elements go through an adaptor, so that a loop may not see all.
    pub adapted: Vec<LocalId>,
    /// Whether it has a `while` loop, which may wait for what others do.
    pub has_while: bool,
    /// Locks that it takes, and so may wait for.
    pub locked: Vec<Lock>,
    /// Variables that hold a lock.
    pub guards: Vec<Guard>,
    /// Loops that no condition of their own ends.
    pub loops: Vec<Loop>,
    /// All loops, outer ones after inner ones.
    pub rounds: Vec<Round>,
    /// How often it runs, if it is a closure that runs for each of some elements.
    pub repeats: Often,
    /// All of its source.
    pub range: TextRange,
}

impl Flow {
    /// What a closure captured of the variable `outer` of the body around it.
    fn capture_of(&self, outer: LocalId) -> Option<&Capture> {
        let kind = |local: LocalId| self.locals[local.0 as usize].kind;
        self.captures.iter().find(|it| kind(it.inner) == LocalKind::Capture(outer))
    }

    /// Everything that decides which way is taken, where that is a condition of its own.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let edges = self.blocks.iter().filter_map(|block| match &block.end {
            Terminator::Branch(edges) => Some(edges),
            _ => None,
        });
        edges.flatten().flat_map(|(_, all)| all)
    }

    /// Whether a branch depends on what is in a variable, other than on whether there is anything in it.
    pub(crate) fn is_asked_of(&self, local: LocalId) -> bool {
        self.reads.values().flatten().any(|place| place.local == local)
            || self.conditions().any(|it| it.place.local == local && it.test != Test::Empty)
    }

    /// Every call.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.blocks.iter().flat_map(Block::calls)
    }

    /// Every call in some blocks.
    pub fn calls_in<'a>(&'a self, blocks: &'a BTreeSet<BlockId>) -> impl Iterator<Item = &'a Call> {
        blocks.iter().flat_map(|block| self.blocks[block.0 as usize].calls())
    }

    /// The blocks that may come right after one.
    pub fn successors(&self, block: BlockId) -> Vec<BlockId> {
        match &self.blocks[block.0 as usize].end {
            Terminator::Stop
            | Terminator::Diverge(_)
            | Terminator::Exit(_)
            | Terminator::Return => Vec::new(),
            Terminator::Goto(next) => vec![*next],
            Terminator::Branch(edges) => edges.iter().map(|(next, _)| *next).collect(),
            Terminator::Next { body, exit, .. } => vec![*body, *exit],
        }
    }
}

/// Kinds of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// A function, or the initialiser of a constant.
    Function,
    /// A closure.
    Closure,
    /// An async block or `try` block.
    Async,
}

/// A condition of which nothing is known but how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The places that it reads.
    pub reads: Vec<Place>,
    /// How often it is asked.
    pub times: usize,
}

/// A lock that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Where the lock is.
    pub place: Place,
    /// Whether nobody else can have it: `lock` and `write`, not `read`.
    pub exclusive: bool,
}

/// A variable that holds a lock while it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The variable.
    pub local: LocalId,
    /// The lock.
    pub lock: Lock,
    /// Where it begins: block and statement.
    pub at: (BlockId, usize),
}

/// A loop that only a jump can leave: `loop`, `while true`, `for` over what never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The keyword.
    pub keyword: TextRange,
    /// The statement that holds it.
    pub statement: TextRange,
    /// The block that each round begins with.
    pub head: BlockId,
}

/// The local that holds what a body returns.
pub const RETURN: LocalId = LocalId(0);

/// A basic block.
#[derive(Debug, Default)]
pub struct Block {
    /// Statements in order.
    pub stmts: Vec<Stmt>,
    /// How it ends.
    pub end: Terminator,
}

impl Block {
    /// The calls in it, in order.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.stmts.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Call(call) => Some(&**call),
            _ => None,
        })
    }
}

/// A statement with the source it stands for.
#[derive(Debug)]
pub struct Stmt {
    /// The code.
    pub range: TextRange,
    /// What it does.
    pub kind: StmtKind,
}

impl StmtKind {
    /// The places that it takes from, looks at or hands on; not those that it fills or drops.
    pub fn places(&self) -> Vec<&Place> {
        match self {
            Self::Assign(_, from) => vec![from],
            Self::Build(_, parts) => {
                parts.iter().filter_map(|(_, part)| Some(part.place()?.0)).collect()
            }
            Self::Closure(_, _, captures) => captures.iter().map(|it| &it.outer).collect(),
            Self::Mention(places, _) => places.iter().collect(),
            Self::Call(call) => {
                let receiver = match &call.callee {
                    Callee::Method(place, ..) | Callee::Local(place, _) | Callee::Await(place) => {
                        Some(place)
                    }
                    Callee::Function(_) => None,
                };
                receiver
                    .into_iter()
                    .chain(call.args.iter().filter_map(|it| Some(it.place()?.0)))
                    .collect()
            }
            Self::Clear(_) | Self::Flag(..) | Self::Drop(..) => Vec::new(),
        }
    }
}

/// What a statement does.
#[derive(Debug)]
pub enum StmtKind {
    /// Moves a value; what was in the target is dropped.
    Assign(Place, Place),
    /// Puts a value without handles into a place; what was in it is dropped.
    Clear(Place),
    /// What a variable is from here on; nothing when that is not known any more.
    Flag(LocalId, Option<Constant>),
    /// Builds a value of parts.
    Build(LocalId, Vec<(Vec<Proj>, Operand)>),
    /// Makes a closure: its own local, its body, and what it takes.
    Closure(LocalId, FlowId, Vec<Capture>),
    /// Calls something.
    Call(Box<Call>),
    /// Uses places in a way that cannot be followed.
    Mention(Vec<Place>, &'static str),
    /// A local's life ends, and why.
    Drop(LocalId, Leaving),
}

/// Why a local's life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Its scope or statement ends.
    End,
    /// A jump leaves its scope early: `return`, `?`, `break`, `continue`.
    Jump,
}

/// One captured variable.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The place outside.
    pub outer: Place,
    /// The local inside.
    pub inner: LocalId,
    /// Parts of it that move into the closure; the rest is borrowed.
    pub moves: Vec<Vec<Proj>>,
}

impl Capture {
    /// What is left of the way to a token after the captured variable, if the part that holds the
    /// token moves into the closure.
    fn takes(&self, token: &Place) -> Option<Vec<Proj>> {
        let moves = self.moves.iter().any(|part| {
            let mut place = self.outer.clone();
            place.proj.extend(part.iter().cloned());
            follow::rest(token, &place).is_some()
        });
        if moves { follow::rest(token, &self.outer) } else { None }
    }
}

/// How a basic block ends.
#[derive(Debug, Default)]
pub enum Terminator {
    /// Nothing gets here: the end of an endless loop, a `match` that no arm takes, dead code.
    #[default]
    Stop,
    /// A call that never returns, of what it can mean; nothing for a panic.
    Diverge(Vec<Def>),
    /// The process ends here, by this call.
    Exit(TextRange),
    /// One way.
    Goto(BlockId),
    /// Several ways, each with what must hold on it.
    Branch(Vec<(BlockId, Vec<Condition>)>),
    /// The next element of an iterator, or none.
    Next {
        /// The iterator, or the collection that is borrowed.
        iter: Place,
        /// Where the element goes; for a borrowed collection it names [`Proj::Current`].
        item: LocalId,
        /// What comes out of it.
        over: Over,
        /// The code of the iterable.
        range: TextRange,
        /// With an element.
        body: BlockId,
        /// Without one.
        exit: BlockId,
    },
    /// The body returns.
    Return,
}

/// What a loop takes from what it goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Its elements.
    Owned,
    /// References to them.
    Borrowed,
    /// The positions of all of them: `for i in 0..v.len()`.
    Positions,
}
