//! Facts of one file, as plain data that may cross threads.
//!
//! Facts never depend on another file: they are what one text says by itself, so they can be made
//! in parallel and kept by content. Resolution begins in the model.

pub mod cfg;
pub mod comments;
pub mod condense;
pub mod guard;
mod lexical;
mod lower;
pub mod tree;
pub mod written;

pub use lower::{Again, again, expand, lower};

use cfg::Cfg;
use comments::Directive;
use std::collections::{BTreeSet, HashMap};

use tree::{Body, Item, ItemId, ItemKind, Name, Path};

use crate::text::TextRange;

/// All facts of one file.
#[derive(Clone, Debug, Default)]
pub struct FileFacts {
    /// Condition of the whole file (`#![cfg(…)]`).
    pub cfg: Cfg,
    /// All items at any depth; children are named by index.
    pub items: Vec<Item>,
    /// Items inside bodies and macros: their index by the offset of their keyword.
    pub nested: HashMap<u32, usize>,
    /// Items at the top of the file.
    pub root: Vec<ItemId>,
    /// Suspicious tokens in macros that nobody expands, with the item around them.
    pub sightings: Vec<(ItemId, Sighting)>,
    /// Names in macros that nobody expands: in their definitions, and in calls that give items.
    pub macro_names: BTreeSet<Name>,
    /// Whether it spells a call that waits for any child process.
    pub reaps: bool,
    /// Suppression comments.
    pub directives: Vec<Directive>,
    /// Where something that can matter was seen, sorted; bodies without are not lowered. Empty when all are.
    pub needles: Vec<u32>,
    /// Those of them that are more than names of calls, which may mean nothing.
    pub wanted: Vec<u32>,
    /// Whether all bodies are lowered.
    pub whole: bool,
    /// What else than functions would be read otherwise if there were a needle in it.
    pub probed: Vec<TextRange>,
    /// The same inside the bodies of functions: items in them, and macro calls that nobody expands.
    pub probed_inside: Vec<TextRange>,
}

/// A path among the tokens of a macro, seen without its grammar.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The path as spelled.
    pub path: Path,
    /// Whether it stands in a `macro_rules!` body rather than in the arguments of a call.
    pub in_definition: bool,
}

/// Reads the suppression comments of a text and widens each to the statement or item that it
/// stands before.
pub fn directives(text: &str, facts: &FileFacts) -> Vec<Directive> {
    let mut directives = comments::directives(text);
    for directive in directives.iter_mut().filter(|directive| !directive.trailing) {
        let line = directive.covers;
        // Before an item's keyword there may be `pub`, `async` or `unsafe`, on the same line.
        let items = facts.items.iter().filter(|item| {
            (line.start..=line.end).contains(&item.keyword) && item.range.end > line.start
        });
        let outermost = items.min_by_key(|item| item.keyword).map(|item| item.range);
        let stmts = facts.bodies().flat_map(statements).filter(|range| range.start == line.start);
        let widest = stmts.chain(outermost).max_by_key(|range| range.end);
        if let Some(widest) = widest {
            directive.covers.end = line.end.max(widest.end);
        }
    }
    directives
}

/// Ranges of all statements of a body; a block's value is one more.
fn statements(body: &Body) -> impl Iterator<Item = TextRange> {
    body.blocks.iter().flat_map(|block| {
        let tail = block.tail.map(|tail| body.expr(tail).range);
        block.stmts.iter().map(|stmt| stmt.range).chain(tail)
    })
}

impl FileFacts {
    /// All lowered bodies.
    pub fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Function(function) => function.body.as_deref(),
            ItemKind::Value(value) => value.body.as_deref(),
            _ => None,
        })
    }

    /// Whether something in a range matters, whatever the calls there mean.
    pub fn is_wanted(&self, range: TextRange) -> bool {
        let first = self.wanted.partition_point(|&at| at < range.start);
        self.whole || self.wanted.get(first).is_some_and(|&at| at < range.end)
    }

    /// The item with this index.
    pub fn item(&self, id: ItemId) -> &Item {
        let index = match id.0 & ItemId::NESTED {
            0 => id.0 as usize,
            _ => self.nested.get(&(id.0 & !ItemId::NESTED)).copied().unwrap_or_default(),
        };
        &self.items[index]
    }
}
