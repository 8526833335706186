//! From source text to the plain-data tree. Only this module and those below it know the parser.
//!
//! Bodies are lowered when one of the file's needles lies inside them; the others keep their
//! signature. Spans become byte ranges here and the parser's tree is dropped on the thread that
//! made it, because spans live in a thread-local map that has to be cleared after each file.

mod again;
mod attrs;
mod body;
mod expand;
mod expr;
mod item;
mod item_macro;
mod mac;
mod old_editions;
mod order;
mod pat;
mod rules;
mod spans;
mod template;
mod types;
mod writer;

pub use again::{Again, again};
pub use expand::expand;
use spans::byte_range;

use std::hash::{DefaultHasher, Hash, Hasher};

use proc_macro2::extra::DelimSpan;
use rustc_hash::FxHashSet;
use unicode_normalization::UnicodeNormalization;

use super::cfg::Cfg;
use super::condense::Condensed;
use super::tree::{Item, ItemId, Name};
use super::{FileFacts, Sighting};
use crate::text::TextRange;

/// Parses and lowers one file.
///
/// `needles` are the sorted byte offsets at which something that can matter was seen.
///
/// # Errors
/// A message and the place when the text is no Rust file.
pub fn lower(code: &Condensed, needles: &[u32]) -> Result<FileFacts, (TextRange, String)> {
    parsed(code, |file| {
        let mut lowering = Lowering::new(needles);
        lowering.facts.cfg = lowering.cfg(&file.attrs);
        lowering.facts.root = file.items.iter().flat_map(|item| lowering.item(item)).collect();
        order::outer_first(lowering.facts, &lowering.nested)
    })
}

/// Parses what is left of a text and makes something of its tree, which does not outlive that.
fn parsed<T>(
    code: &Condensed,
    lower: impl FnOnce(syn::File) -> T,
) -> Result<T, (TextRange, String)> {
    proc_macro2::extra::invalidate_current_thread_spans();
    spans::enter(code);
    let parsed =
        syn::parse_file(&code.text).or_else(|error| old_editions::parse(&code.text).ok_or(error));
    let result = parsed.map(lower);
    let result = result
        .map_err(|error| (byte_range(error.span()), format!("cannot be parsed as Rust: {error}")));
    proc_macro2::extra::invalidate_current_thread_spans();
    result
}

/// The state of lowering one file.
struct Lowering<'text> {
    needles: &'text [u32],
    facts: FileFacts,
    names: FxHashSet<Name>,
    /// The innermost item being lowered, for sightings.
    owner: ItemId,
    /// How many bodies and macros around items are open.
    depth: usize,
    /// Whether a function is open.
    in_function: bool,
    /// For each item so far, whether it is declared inside a body or a macro.
    nested: Vec<bool>,
}

impl<'text> Lowering<'text> {
    fn new(needles: &'text [u32]) -> Self {
        let facts = FileFacts::default();
        Self {
            needles,
            facts,
            names: FxHashSet::default(),
            owner: ItemId(0),
            depth: 0,
            in_function: false,
            nested: Vec::new(),
        }
    }

    fn name(&mut self, text: &str) -> Name {
        let text = text.strip_prefix("r#").unwrap_or(text);
        let composed: String;
        let text = if text.is_ascii() {
            text
        } else {
            composed = text.nfc().collect();
            &composed
        };
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name = Name::from(text);
        self.names.insert(name.clone());
        name
    }

    fn ident(&mut self, ident: &proc_macro2::Ident) -> Name {
        self.name(&ident.to_string())
    }

    /// Whether anything that can matter was seen inside `range`, which is noted as asked for.
    fn matters(&mut self, range: TextRange) -> bool {
        self.note_probed(range);
        self.has_needle(range)
    }

    /// Notes that `range` is read otherwise when there is something in it that can matter.
    fn note_probed(&mut self, range: TextRange) {
        match self.in_function {
            true => self.facts.probed_inside.push(range),
            false => self.facts.probed.push(range),
        }
    }

    fn has_needle(&self, range: TextRange) -> bool {
        let first = self.needles.partition_point(|&at| at < range.start);
        self.needles.get(first).is_some_and(|&at| at < range.end)
    }

    /// Takes a place for an item whose children are lowered before it is complete.
    fn reserve(&mut self, item: Item) -> ItemId {
        let id = ItemId(u32::try_from(self.facts.items.len()).unwrap_or(u32::MAX));
        self.facts.items.push(item);
        self.nested.push(self.depth > 0);
        id
    }

    fn sight(&mut self, sighting: Sighting) {
        self.facts.sightings.push((self.owner, sighting));
    }

    fn cfg(&mut self, attrs: &[syn::Attribute]) -> Cfg {
        attrs::cfg(attrs)
    }
}

/// A hash of what a literal is written as; 0 for one that is not known.
fn written(lit: &syn::Lit) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(lit).hash(&mut hasher);
    match lit {
        syn::Lit::Str(it) => it.value().hash(&mut hasher),
        syn::Lit::ByteStr(it) => it.value().hash(&mut hasher),
        syn::Lit::Char(it) => it.value().hash(&mut hasher),
        syn::Lit::Int(it) => it.base10_digits().hash(&mut hasher),
        syn::Lit::Float(it) => it.base10_digits().hash(&mut hasher),
        syn::Lit::Bool(it) => it.value.hash(&mut hasher),
        _ => return 0,
    }
    hasher.finish()
}

fn delimited(span: &DelimSpan) -> TextRange {
    byte_range(span.open()).cover(byte_range(span.close()))
}
