//! Lowered bodies: places, moves, calls, branches, scopes and drops on a control-flow graph.
//!
//! It is MIR in small, made without types: what a value is worth is not known, only where it goes.
//! References are resolved while lowering (a borrow is another name for a place), wrappers such as
//! `Box`, `Arc` and `Mutex` are transparent, and unwinding is never a path. Closures and async
//! blocks are bodies of their own, linked to the body that makes them.

mod correlate;
mod ends;
mod follow;
mod lower;
mod methods;
mod program;
mod solve;
mod touch;
mod transfer;

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use ends::{Cell, End, EndKind, Entry, Home, LossKind, TraceStep, declared_field, home_name};
pub use lower::lower_body;
pub use program::{FunctionKey, Known, Lowered, Program, Site};
pub use solve::{Exit, Keep, Solution, Task, exit_of, solve};

use crate::facts::tree::{ItemId, Name};
use crate::finding::Confidence;
use crate::model::{Def, FunctionRef, Ty, TyHead};
use crate::source::FileId;
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
    /// For each block, the locals that its statements touch, sorted.
    pub touched: Vec<Vec<LocalId>>,
    /// Whether its value is an `async` block or a call of an `async fn`.
    pub returns_future: bool,
    /// Values that a macro looked at: printed, matched or compared.
    pub looked_at: Vec<LocalId>,
    /// Whether it checks something that may fail: `assert!` and its kin.
    pub asserts: bool,
    /// Whether it panics by itself.
    pub panics: bool,
    /// Names in macros that nobody expanded: whatever they mean may be used there.
    pub opaque: Vec<Name>,
    /// All of its source.
    pub range: TextRange,
}

impl Flow {
    /// Every block that may come after one, however far; itself only if it lies in a loop.
    pub fn reachable(&self, block: BlockId) -> BTreeSet<BlockId> {
        let mut seen = BTreeSet::new();
        let mut open = self.successors(block);
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                open.extend(self.successors(at));
            }
        }
        seen
    }

    /// The blocks that may come right after one.
    pub fn successors(&self, block: BlockId) -> Vec<BlockId> {
        match &self.blocks[block.0 as usize].end {
            Terminator::Stop | Terminator::Exit(_) | Terminator::Return => Vec::new(),
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

/// The local that holds what a body returns.
pub const RETURN: LocalId = LocalId(0);

/// A variable, a parameter or a temporary.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name in the source.
    pub name: Option<Name>,
    /// Where it is declared or made.
    pub range: TextRange,
    /// What is known of its type.
    pub ty: Ty,
    /// What it is.
    pub kind: LocalKind,
    /// The place it is another name for, if it is a reference.
    pub alias: Option<Place>,
    /// What calling it runs.
    pub callable: Option<Callable>,
    /// Whether the builder in it has been given a name.
    pub named: Option<bool>,
}

/// Kinds of locals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// What the body returns.
    Return,
    /// A variable.
    Variable,
    /// The value of an expression.
    Temporary,
    /// The value of `let _ = …`.
    Underscore,
    /// A parameter taken by value.
    Parameter,
    /// A parameter that is a reference: what is stored behind it outlives the body.
    Reference,
    /// A variable of the body around: its local there.
    Capture(LocalId),
    /// A `static` or `const`: its file and item.
    Static(FileId, ItemId),
}

/// A local or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The local.
    pub local: LocalId,
    /// The way into it.
    pub proj: Vec<Proj>,
}

impl Place {
    /// All of a local.
    pub fn local(local: LocalId) -> Self {
        Self { local, proj: Vec::new() }
    }

    /// A part of this place. A guard of something that cannot fail swallows the opening of it.
    #[must_use]
    pub fn then(&self, proj: Proj) -> Self {
        let mut place = self.clone();
        if place.proj.last() == Some(&Proj::Maybe) {
            place.proj.pop();
            if matches!(proj, Proj::Inner | Proj::Open) {
                return place;
            }
        }
        place.proj.push(proj);
        place
    }
}

/// One step into a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proj {
    /// A field, or a tuple element by number.
    Field(Field),
    /// The payload of `Some` and `Ok`.
    Inner,
    /// The payload of `Err`.
    Error,
    /// The payload of a variant of a user's enum or of a tuple struct.
    Variant(Name),
    /// Some element of a collection or iterator.
    Elem,
    /// The element a loop over borrowed elements looks at.
    Current,
    /// The payload of a wrapper of which only later use tells whether it is optional or many.
    Payload,
    /// An iterator's element before a callable that nobody has run yet; `true` when what it gives is
    /// flattened into the iterator.
    Lazy(Arc<Callable>, bool),
    /// A captured variable in a closure value.
    Captured(LocalId),
    /// In an access: the payload if there is a wrapper, else the thing itself.
    Open,
    /// In an access: the elements, each by reference.
    Each,
    /// In an access: a wrapper such as a lock's `Result` that the token does not have.
    Maybe,
}

/// A field by name. Two are the same when their names are: whose field it is only decides where it
/// is looked for.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, or its number in a tuple.
    pub name: Name,
    /// What it is a field of.
    pub owner: Owner,
}

/// What a field belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A tuple.
    Tuple,
    /// A struct, a union or a variant of this type.
    Type(TyHead),
    /// A value whose type is not known.
    Unknown,
}

impl Owner {
    /// What a field of a value of this type belongs to.
    pub fn of(ty: &Ty) -> Self {
        match ty.peel() {
            Ty::Tuple(_) => Self::Tuple,
            Ty::Named(head @ TyHead::Item(..), ..) => Self::Type(head.clone()),
            // A type from outside may lead to any other by `Deref`.
            Ty::Named(TyHead::External(_), ..)
            | Ty::Unknown
            | Ty::Never
            | Ty::Reference(_)
            | Ty::Slice(_) => Self::Unknown,
        }
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

impl PartialOrd for Field {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Field {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

impl Hash for Field {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Proj {
    /// A tuple element.
    pub fn element(index: usize) -> Self {
        Self::Field(Field { name: Name::from(index.to_string()), owner: Owner::Tuple })
    }
}

/// Something that can be called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Callable {
    /// A closure or async block.
    Body(FlowId),
    /// A function by what its path can mean.
    Function(Vec<Def>),
}

/// A basic block.
#[derive(Debug, Default)]
pub struct Block {
    /// Statements in order.
    pub stmts: Vec<Stmt>,
    /// How it ends.
    pub end: Terminator,
}

/// A statement with the source it stands for.
#[derive(Debug)]
pub struct Stmt {
    /// The code.
    pub range: TextRange,
    /// What it does.
    pub kind: StmtKind,
}

/// What a statement does.
#[derive(Debug)]
pub enum StmtKind {
    /// Moves a value; what was in the target is dropped.
    Assign(Place, Place),
    /// Puts a value without handles into a place; what was in it is dropped.
    Clear(Place),
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

/// A call.
#[derive(Debug)]
pub struct Call {
    /// Where its value goes.
    pub dst: LocalId,
    /// What is called.
    pub callee: Callee,
    /// Arguments, without the receiver.
    pub args: Vec<Operand>,
    /// The called path or method name.
    pub name_range: TextRange,
    /// The last name of what is called; empty for a value.
    pub name: Name,
    /// The statement that holds it.
    pub statement: TextRange,
    /// What it returns, as far as known.
    pub ty: Ty,
    /// The type of the receiver, as far as known.
    pub receiver_ty: Ty,
    /// Whether it takes only a range of its receiver.
    pub partial: bool,
}

/// What a call calls.
#[derive(Clone, Debug)]
pub enum Callee {
    /// A path.
    Function(Vec<Def>),
    /// A closure held in a local.
    Local(Place, Option<Callable>),
    /// A method of a value.
    Method(Place, Name, Vec<FunctionRef>),
    /// `.await`.
    Await(Place),
}

/// An argument or part.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A value that moves (or is copied: nobody knows).
    Move(Place),
    /// A reference to a place.
    Borrow(Place),
    /// A function named by path.
    Function(Vec<Def>),
    /// Nothing that could carry a handle.
    Constant,
}

impl Operand {
    /// The place it is, and whether only a reference to it.
    pub fn place(&self) -> Option<(&Place, bool)> {
        match self {
            Self::Move(place) => Some((place, false)),
            Self::Borrow(place) => Some((place, true)),
            Self::Function(_) | Self::Constant => None,
        }
    }
}

/// How a basic block ends.
#[derive(Debug, Default)]
pub enum Terminator {
    /// Nothing goes on here: an endless loop's end, a call that never returns, dead code.
    #[default]
    Stop,
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
        /// Whether elements are borrowed.
        borrowed: bool,
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

/// What an edge says of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The place.
    pub place: Place,
    /// What is tested.
    pub test: Test,
    /// Whether the test holds on this edge.
    pub holds: bool,
}

/// Tests that tell where a handle can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is `Some` or `Ok`.
    Inner,
    /// It has no elements.
    Empty,
    /// It is true.
    True,
}
