//! All lowered bodies of a project, and who calls and names what in them.
//!
//! Following a handle across functions needs three questions answered fast: where a function is
//! called, where a field is named, and where a name is used that nobody could resolve.

mod births;
mod deciding;
mod index;
mod reads;
mod update;
mod variants;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use super::named::Named;
use super::{Call, FlowId, Flows, Place, StmtKind};
use crate::facts::tree::{Function, ItemId, Name};
use crate::model::{Ask, FunctionRef, Model, ModuleId};
use crate::source::FileId;
use deciding::Deciding;
use index::Index;
pub use reads::Reads;
pub use update::Change;
use update::Progress;

/// Methods that take something out of a channel, whatever they are called on.
pub const RECEIVING: &[&str] =
    &["recv", "try_recv", "recv_timeout", "recv_deadline", "blocking_recv", "try_iter"];

/// Modules that one body names and nobody has read; behind some crates stand hundreds, one for each
/// platform.
const MAX_UNREAD: usize = 24;

/// A function by where it stands, whichever crate looks at it.
pub type FunctionKey = (FileId, ItemId);

/// One function under one assignment of the conditions on its statements.
#[derive(Debug)]
pub struct Lowered {
    /// The function, or a constant with an initialiser.
    pub function: FunctionRef,
    /// Its bodies.
    pub flows: Flows,
    /// Whether it has more conditions than are told apart, so that a loss may be none.
    pub guesses: bool,
    /// Whether it is compiled for tests or benches only.
    pub is_test: bool,
    /// Whether it may be compiled on a Unix.
    pub on_unix: bool,
    /// What its statements name.
    named: Named,
}

/// A statement of a body; the index after the last one stands for the end of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// Index in [`Program::bodies`].
    pub body: u32,
    /// The function, or a closure in it.
    pub flow: FlowId,
    /// The block.
    pub block: super::BlockId,
    /// The statement.
    pub index: u32,
}

/// All lowered bodies with their indexes. A body keeps its number for as long as its function has one.
#[derive(Debug, Default)]
pub struct Program {
    /// Every function that was lowered, once for each assignment; nothing under a number out of use.
    bodies: Vec<Option<Arc<Lowered>>>,
    /// What each of them depends on that was not read.
    asked: Vec<Arc<[Ask]>>,
    index: Index,
    progress: Progress,
    /// What was asked of it.
    reads: Reads,
    /// What somebody decided by who calls, by who names a field, or by what calls come to.
    deciding: Mutex<Deciding>,
    /// Whether nothing sets a field but constructors, for fields that this was asked of.
    pub(super) unset: Mutex<FxHashMap<FieldKey, bool>>,
}

/// A field of a type.
type FieldKey = (FileId, ItemId, Name);

impl Program {
    /// What was asked since this was called last.
    pub fn take_reads(&mut self) -> Reads {
        std::mem::take(&mut self.reads)
    }

    /// Every body with its number, in order. Whoever asks this, [`Self::in_file`] or [`Self::joins`] is not noted: those
    /// are for judging, which is done anew each time.
    pub fn bodies(&self) -> impl Iterator<Item = (u32, &Lowered)> {
        let bodies = (0..).zip(&self.bodies);
        bodies.filter_map(|(number, lowered)| Some((number, lowered.as_deref()?)))
    }

    /// Where in the text a statement stands, by which of several alike is shown: the numbers of bodies say in which order
    /// they were read.
    pub(super) fn place_of(&self, model: &Model<'_>, site: Site) -> (FileId, u32, Site) {
        let item = self.body(site.body).function.item;
        (item.file, model.item(item).range.start, site)
    }

    /// The bodies in which something is born, in order.
    pub fn giving_birth(&self) -> impl Iterator<Item = (u32, &Lowered)> {
        self.index.births.iter().map(|&body| (body, self.body(body)))
    }

    /// The bodies of a file, in order.
    pub fn in_file(&self, file: FileId) -> impl Iterator<Item = &Lowered> {
        self.index.in_file.get(&file).into_iter().flatten().map(|&body| self.body(body))
    }

    /// Calls of methods named `join`, in order.
    pub fn joins(&self) -> &[Site] {
        &self.index.joins
    }

    /// A lowered body.
    ///
    /// # Panics
    ///
    /// For a number out of use; what is known of a program names none.
    pub fn body(&self, index: u32) -> &Lowered {
        let Some(lowered) = &self.bodies[index as usize] else {
            unreachable!("numbers of bodies are handed out by the program that has them")
        };
        lowered
    }

    /// The call at a place of a body, if one is there.
    pub fn call_at(&self, site: Site) -> Option<&Call> {
        let flow = self.body(site.body).flows.body(site.flow);
        match &flow.blocks[site.block.0 as usize].stmts.get(site.index as usize)?.kind {
            StmtKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// What a body names in modules that nobody has read, in order; nothing where that would be more of
    /// them than are worth it.
    pub fn unread_of(&self, index: u32) -> impl Iterator<Item = (ModuleId, &Name)> {
        let named = self.asked[index as usize].iter().filter_map(Ask::in_module);
        let modules = named.clone().map(|(module, _)| module).collect::<BTreeSet<_>>().len();
        named.filter(move |_| modules <= MAX_UNREAD)
    }

    /// The bodies of a function, one for each assignment and crate.
    pub fn bodies_of(&self, key: FunctionKey) -> &[u32] {
        let bodies = self.index.by_item.get(&key).map_or(&[][..], Vec::as_slice);
        if bodies.is_empty() {
            self.reads.body(key);
        }
        bodies
    }

    /// Calls that resolve to a function.
    pub fn calls_of(&self, key: FunctionKey) -> &[Site] {
        self.reads.uses(key);
        self.index.calls.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Places where a function is handed on as a value.
    pub fn values_of(&self, key: FunctionKey) -> &[Site] {
        self.reads.uses(key);
        self.index.values.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Calls of something with this name that could not be resolved, and that can be a call of the function.
    pub fn loose_calls(&self, name: &str, function: &Function) -> impl Iterator<Item = Site> {
        self.reads.name(name);
        let named = self.index.loose.get(name).into_iter().flatten();
        named.filter(|(given, _)| given.suits(function)).map(|(_, site)| *site)
    }

    /// Statements that name a field of this name, and the place that they name.
    pub fn fields_named(&self, name: &str) -> impl Iterator<Item = (Site, &Place)> {
        self.reads.name(name);
        let named = self.index.fields.get(name).into_iter().flatten();
        named.map(|&(body, position)| {
            let (_, at, place) = &self.body(body).named.fields[position as usize];
            (at.site(body), place)
        })
    }

    /// Bodies that name, set or make a field of a type.
    pub(super) fn naming_fields_of(
        &self,
        ty: FunctionKey,
    ) -> impl Iterator<Item = (u32, &Lowered)> {
        self.reads.uses(ty);
        let bodies = self.index.owners.get(&ty).into_iter().flatten();
        bodies.map(|&body| (body, self.body(body)))
    }

    /// Statements that name a static.
    pub fn statics_named(&self, key: FunctionKey) -> impl Iterator<Item = (Site, &Place)> {
        self.reads.uses(key);
        let named = self.index.statics.get(&key).into_iter().flatten();
        named.map(|&(body, position)| {
            let (_, at, place) = &self.body(body).named.statics[position as usize];
            (at.site(body), place)
        })
    }

    /// Statements that take something out of a channel, and where its receiver is.
    pub fn receipts(&self) -> impl Iterator<Item = (Site, &Place)> {
        self.reads.receipts();
        self.index.receipts.iter().flat_map(|&body| {
            let receipts = self.body(body).named.receipts.iter();
            receipts.map(move |(at, place)| (at.site(body), place))
        })
    }

    /// Bodies with a macro that mentions this name and that nobody expanded.
    pub fn macros_with(&self, name: &str) -> &[u32] {
        self.reads.name(name);
        self.index.opaque.get(name).map_or(&[], Vec::as_slice)
    }
}
