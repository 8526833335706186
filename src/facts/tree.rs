//! The plain-data tree of one file: items, and the bodies that can matter as expressions.
//!
//! It is `Send`, holds byte ranges instead of parser spans, and knows nothing of other files: no
//! path in it is resolved. Expressions live in one arena a body, so that dropping or cloning a
//! deeply nested body needs no deep stack.

mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use types::{Path, Segment, Size, Type};

use super::cfg::Cfg;
use super::written::Piece;
use crate::text::TextRange;

/// An identifier, without a raw prefix.
pub type Name = Arc<str>;

/// How names begin that stand for what the caller of a `macro_rules!` chooses.
pub const STAND_IN: &str = "__";

/// What the arms of a macro are called, which no path in a program can spell.
pub fn arm_name(of: &str) -> Name {
    Name::from(format!("{of}!"))
}

/// The name by which a program spells an item: that of its macro for an arm.
pub fn spelled(name: &str) -> &str {
    name.trim_end_matches('!')
}

/// Index of an item in [`super::FileFacts::items`], or where it stands inside a body or a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u32);

impl ItemId {
    /// Marks an item inside a body or a macro: the rest of its number is where its keyword stands.
    pub const NESTED: u32 = 1 << 31;
}

/// Index of an expression in its [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(pub u32);

/// Index of a pattern in its [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatId(pub u32);

/// Index of a block in its [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u32);

/// How far an item can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// In its own module and below.
    Private,
    /// `pub(…)`.
    Restricted,
    /// `pub`.
    Public,
}

/// An item, at any depth.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name; empty for `use`, `impl` and item macros.
    pub name: Name,
    /// When it is compiled.
    pub cfg: Cfg,
    /// It carries a test attribute (`#[test]`, `#[tokio::test]`, `#[rstest]`, …).
    pub is_test: bool,
    /// From its first attribute to its last token.
    pub range: TextRange,
    /// Where its keyword stands.
    pub keyword: u32,
    /// How far it can be seen.
    pub visibility: Visibility,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item is.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `mod name;` (no items) or `mod name { … }`.
    Module(ModuleItem),
    /// A `use` declaration, flattened.
    Use(Vec<Arc<Import>>),
    /// `extern crate krate as name;` (the name is the item's).
    ExternCrate(Name),
    /// A function, method or associated function.
    Function(Box<Function>),
    /// A struct or union: its fields.
    Struct(Vec<Field>),
    /// An enum: its variants.
    Enum(Vec<Variant>),
    /// A trait: its provided and required functions, and the constants that it provides.
    Trait(Vec<ItemId>, Vec<ItemId>),
    /// An `impl` block.
    Impl(Box<Impl>),
    /// `type name = …`.
    Alias(Type),
    /// A `const` or `static`.
    Value(Box<Value>),
    /// A `macro_rules!` definition; its suspicious tokens are [`super::FileFacts::sightings`].
    MacroRules {
        /// Whether its body has a `return` or a `?` that may leave the function around a call.
        leaves: bool,
        /// Its arms.
        rules: Arc<Piece>,
    },
}

/// A module declaration.
#[derive(Clone, Debug, Default)]
pub struct ModuleItem {
    /// Its items if they stand inline.
    pub items: Option<Vec<ItemId>>,
    /// Paths of `#[path = "…"]` and `#[cfg_attr(…, path = "…")]`, with their conditions.
    pub paths: Vec<(Cfg, String)>,
}

/// One leaf of a `use` tree.
#[derive(Clone, Debug)]
pub struct Import {
    /// The imported path, without the last `self`.
    pub path: Vec<Name>,
    /// Whether it starts with `::`.
    pub global: bool,
    /// The name it binds; `None` for a glob. `_` binds nothing.
    pub binding: Option<Name>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// `self`, if it takes one.
    pub receiver: Option<Receiver>,
    /// Types of its other parameters.
    pub params: Vec<Type>,
    /// What it returns; `None` for `()`.
    pub output: Option<Type>,
    /// Whether it is `async`.
    pub is_async: bool,
    /// Its type parameters.
    pub generics: Vec<Generic>,
    /// Its lowered body; `None` when it has none or nothing in it can matter.
    pub body: Option<Arc<Body>>,
}

/// A type parameter.
#[derive(Clone, Debug)]
pub struct Generic {
    /// Its name.
    pub name: Name,
    /// Traits that it is known to have.
    pub bounds: Vec<Path>,
}

/// How a method takes `self`.
#[derive(Clone, Debug, PartialEq)]
pub enum Receiver {
    /// `self`.
    Value,
    /// `&self`, or `&mut self` if `true`.
    Reference(bool),
    /// `self: Type`.
    Typed(Type),
}

impl Receiver {
    /// Whether a method only borrows what it is called on.
    pub fn is_lent(&self) -> bool {
        match self {
            Self::Value => false,
            Self::Reference(_) | Self::Typed(Type::Reference(..)) => true,
            Self::Typed(Type::Path(None, path)) => path.last() == "Pin",
            Self::Typed(_) => false,
        }
    }
}

/// A field of a struct or variant; tuple fields are named `0`, `1`, ….
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// How far it can be seen; fields of variants are as public as their enum.
    pub visibility: Visibility,
    /// Its name and type in the source.
    pub range: TextRange,
}

/// A variant of an enum.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name.
    pub name: Name,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The number that is written for it, if one is; `None` in it for one that is computed.
    pub number: Option<Option<i128>>,
    /// `#[default]`
    pub is_default: bool,
}

/// An `impl` block.
#[derive(Clone, Debug)]
pub struct Impl {
    /// The type it is for.
    pub self_ty: Type,
    /// The trait, if it is a trait implementation.
    pub trait_path: Option<Path>,
    /// Names of its type parameters.
    pub generics: Vec<Generic>,
    /// Its functions.
    pub functions: Vec<ItemId>,
    /// Its constants.
    pub constants: Vec<ItemId>,
}

/// A `const` or `static`.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its type.
    pub ty: Type,
    /// Whether it is a `static`: one value for all who name it.
    pub is_static: bool,
    /// What it always is, if that is written out.
    pub written: Option<Written>,
    /// Its initialiser, when something in it can matter.
    pub body: Option<Arc<Body>>,
}

/// A value that is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(usize),
    /// An array with so many elements.
    Elements(usize),
}

/// A lowered body: arenas and a root.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// All expressions.
    pub exprs: Vec<Expr>,
    /// All patterns.
    pub pats: Vec<Pat>,
    /// All blocks.
    pub blocks: Vec<Block>,
    /// Parameters, `self` excluded.
    pub params: Vec<PatId>,
    /// The body itself.
    pub root: Option<ExprId>,
    /// What literals and intervals say, by their hash; long texts are left out.
    pub said: BTreeMap<u64, Said>,
    /// Suffixes of numbers, by where those begin.
    pub suffixes: BTreeMap<u32, Name>,
}

/// What a literal or an interval says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A text, or a character.
    Text(Name),
    /// Bytes, which are those of a text.
    Bytes(Name),
    /// A fraction, by its bits.
    Float(u64),
    /// Whole numbers from one to another, both of which are in it.
    Interval(Option<i128>, Option<i128>),
}

impl Body {
    /// An expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// A pattern.
    pub fn pat(&self, id: PatId) -> &Pat {
        &self.pats[id.0 as usize]
    }

    /// A block.
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }
}

/// An expression with its place.
#[derive(Clone, Debug)]
pub struct Expr {
    /// All of it.
    pub range: TextRange,
    /// What it is.
    pub kind: ExprKind,
}

/// What an expression is. Parentheses and groups are dropped.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A path, with the type of `<T as …>::` when there is one.
    Path(Option<Box<Type>>, Path),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(usize),
    /// Any other literal, by a hash of what is written; 0 for `_`. What it says may be in [`Body::said`].
    Literal(u64),
    /// `callee(args)`.
    Call(ExprId, Vec<ExprId>),
    /// `receiver.name(args)`.
    Method(Box<MethodCall>),
    /// `base.name`.
    Field(ExprId, Name),
    /// `base[index]`.
    Index(ExprId, ExprId),
    /// `*place`.
    Deref(ExprId),
    /// `-x`, or `!x` if `true`.
    Unary(bool, ExprId),
    /// `&x`, `&mut x`, `&raw x`; `true` when it can be written through.
    Reference(bool, ExprId),
    /// An operator that makes a new value.
    Binary {
        /// Which kind of operator.
        op: BinaryOp,
        /// Left side.
        left: ExprId,
        /// Right side.
        right: ExprId,
    },
    /// `place = value`.
    Assign(ExprId, ExprId),
    /// `place += value` and the like: the method that it is.
    CompoundAssign(&'static str, ExprId, ExprId),
    /// A block with an optional label.
    Block(Option<Name>, BlockId),
    /// `if condition { … } else …`.
    If(ExprId, BlockId, Option<ExprId>),
    /// `let pattern = value` inside a condition.
    Let(PatId, ExprId),
    /// `while condition { … }`.
    While(Option<Name>, ExprId, BlockId),
    /// `loop { … }`.
    Loop(Option<Name>, BlockId),
    /// `for pattern in iterable { … }`.
    For(Option<Name>, PatId, ExprId, BlockId),
    /// `match scrutinee { … }`.
    Match(ExprId, Vec<Arm>),
    /// A closure.
    Closure(Box<Closure>),
    /// `async { … }`; `true` for `async move`.
    Async(bool, BlockId),
    /// `future.await`.
    Await(ExprId),
    /// `value?`.
    Try(ExprId),
    /// `return value`.
    Return(Option<ExprId>),
    /// `break 'label value`.
    Break(Option<Name>, Option<ExprId>),
    /// `continue 'label`.
    Continue(Option<Name>),
    /// `(a, b)`.
    Tuple(Vec<ExprId>),
    /// `[a, b]`.
    Array(Vec<ExprId>),
    /// `[value; length]`.
    Repeat(ExprId, ExprId),
    /// `Path { name: value, ..rest }`.
    Struct(Path, Vec<(Name, ExprId)>, Option<ExprId>),
    /// `value as Type`.
    Cast(ExprId, Type),
    /// `a..b`.
    Range {
        /// The ends that are written.
        ends: Vec<ExprId>,
        /// Whether it starts somewhere and never ends.
        endless: bool,
        /// Whether its end is part of it: `a..=b`.
        closed: bool,
    },
    /// `name!(…)`.
    Macro(Box<MacroCall>),
    /// Something the parser gives as tokens only: the identifiers in it.
    Opaque(Vec<Name>),
}

/// Kinds of binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// A comparison, which looks at both sides.
    Compare(Comparison),
    /// Any other: both sides run, and a type of its own may take them by this method.
    Strict(&'static str),
}

/// Kinds of comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// A method call.
#[derive(Clone, Debug)]
pub struct MethodCall {
    /// What stands before the dot.
    pub receiver: ExprId,
    /// The method.
    pub name: Name,
    /// Where its name stands.
    pub name_range: TextRange,
    /// Its turbofish.
    pub types: Vec<Type>,
    /// Its arguments.
    pub args: Vec<ExprId>,
}

/// A closure.
#[derive(Clone, Debug)]
pub struct Closure {
    /// Its parameters with their types.
    pub params: Vec<(PatId, Type)>,
    /// What it evaluates to.
    pub body: ExprId,
    /// `move`.
    pub moves: bool,
    /// `async`.
    pub is_async: bool,
}

/// A `match` arm. A guard is part of it, not of its pattern.
#[derive(Clone, Debug)]
pub struct Arm {
    /// When it is compiled.
    pub cfg: Cfg,
    /// What it matches.
    pub pat: PatId,
    /// `if guard`.
    pub guard: Option<ExprId>,
    /// What it evaluates to.
    pub body: ExprId,
}

/// A macro call in expression or statement position.
#[derive(Clone, Debug)]
pub struct MacroCall {
    /// Its path.
    pub path: Path,
    /// Its arguments, as far as they can be read.
    pub args: MacroArgs,
    /// Every identifier among its tokens, for macros that nobody expanded.
    pub mentions: Vec<Name>,
    /// Its tokens as they were read, but for the macros that everybody knows.
    pub tokens: Option<Arc<Piece>>,
}

/// Arguments of a macro call.
#[derive(Clone, Debug)]
pub enum MacroArgs {
    /// Expressions separated by commas or semicolons; `true` for `[value; length]`.
    Exprs(Vec<ExprId>, bool),
    /// What `matches!` tests, as a condition.
    Test(ExprId),
    /// Statements.
    Block(BlockId),
    /// Tokens that are neither.
    Tokens,
}

/// A block.
#[derive(Clone, Debug)]
pub struct Block {
    /// All of it, with braces.
    pub range: TextRange,
    /// Its statements in order.
    pub stmts: Vec<Stmt>,
    /// The value it evaluates to.
    pub tail: Option<ExprId>,
    /// Items declared in it.
    pub items: Vec<ItemId>,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// When it is compiled.
    pub cfg: Cfg,
    /// All of it.
    pub range: TextRange,
    /// What it is.
    pub kind: StmtKind,
}

/// What a statement is.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `let pattern: ty = init else { … };`
    Let {
        /// What is bound.
        pat: PatId,
        /// The type as written.
        ty: Type,
        /// The value.
        init: Option<ExprId>,
        /// The block after `else`.
        diverge: Option<ExprId>,
    },
    /// An expression whose value is dropped.
    Expr(ExprId),
}

/// A pattern with its place.
#[derive(Clone, Debug)]
pub struct Pat {
    /// All of it.
    pub range: TextRange,
    /// What it is.
    pub kind: PatKind,
}

/// What a pattern is.
#[derive(Clone, Debug)]
pub enum PatKind {
    /// `_`.
    Wild,
    /// `..`.
    Rest,
    /// `name`, `ref name`, `name @ pattern`. It may also be a constant or a unit variant.
    Bind {
        /// The name.
        name: Name,
        /// Whether `ref` stands before it.
        by_ref: bool,
        /// Whether `mut` stands before it.
        mutable: bool,
        /// What follows `@`.
        sub: Option<PatId>,
    },
    /// `(a, b)`.
    Tuple(Vec<PatId>),
    /// `[a, b, ..]`.
    Slice(Vec<PatId>),
    /// `Path(a, b)`.
    Variant(Path, Vec<PatId>),
    /// `Path { name: a }`.
    Struct(Path, Vec<(Name, PatId)>),
    /// `Path`.
    Path(Path),
    /// `&a`.
    Reference(PatId),
    /// `a | b`.
    Or(Vec<PatId>),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(usize),
    /// Any other literal, by a hash of what is written.
    Literal(u64),
    /// A range or anything else that binds nothing and may not match, by a hash of what is written.
    Refutable(u64),
}
