//! All lowered bodies of a project, and who calls and names what in them.
//!
//! Following a handle across functions needs three questions answered fast: where a function is
//! called, where a field is named, and where a name is used that nobody could resolve.

mod births;
mod deciding;
mod index;
mod reads;
mod variants;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::named::Named;
use super::{Call, FlowId, Flows, Place, StmtKind};
use crate::facts::FileFacts;
use crate::facts::tree::{Body, Function, ItemId, ItemKind, Name};
use crate::model::{Ask, FunctionRef, ItemRef, Model, ModuleId, Need, Unread, watched};
use crate::source::FileId;
use births::Given;
use deciding::Deciding;
use index::Index;
pub use reads::Reads;

/// Methods that take something out of a channel, whatever they are called on.
pub const RECEIVING: &[&str] =
    &["recv", "try_recv", "recv_timeout", "recv_deadline", "blocking_recv", "try_iter"];

/// Functions that a call may lead to; of more nobody asks what they name.
const MAX_CALLED: usize = 64;

/// Modules that one body names and nobody has read; behind some crates stand hundreds, one for each
/// platform.
const MAX_UNREAD: usize = 24;

/// Functions that one thread looks at at a time: most have no body, and one may be large.
const AT_A_TIME: usize = 64;

/// Of so many functions one has to be lowered anew for all to be indexed anew.
const MANY: usize = 16;

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
    entries: FxHashMap<Key, Entry>,
    /// The facts that they were made from, and the round of reading.
    facts: FxHashMap<FileId, Seen>,
    round: Option<u32>,
    /// Files that were read since.
    again: BTreeSet<FileId>,
    pending: Option<Pending>,
    /// What was asked for before anything was lowered.
    asked_first: FxHashSet<(ModuleId, Name)>,
    /// What was asked of it.
    reads: Reads,
    /// What somebody decided by who calls, or by what calls come to.
    deciding: Mutex<Deciding>,
    /// Whether nothing sets a field but constructors, for fields that this was asked of.
    pub(super) unset: Mutex<FxHashMap<FieldKey, bool>>,
}

/// What became of a program when more was read.
#[derive(Debug)]
pub enum Change {
    /// All that there was stands, and there are these bodies beside it.
    More(Vec<Arc<Lowered>>),
    /// Something stands no more.
    Other,
}

impl Change {
    /// Whether an answer that was given before may be another one now.
    pub fn concerns(&self, reads: &Reads) -> bool {
        match self {
            Self::More(added) => added.iter().any(|lowered| reads.concern(lowered)),
            Self::Other => true,
        }
    }
}

/// A field of a type.
type FieldKey = (FileId, ItemId, Name);

/// A function in its module, and whether it is for tests only.
type Key = (ItemRef, bool);

/// The facts of a file, and which of its items have a body: most have none, and lie far from each other.
#[derive(Debug)]
struct Seen {
    facts: Arc<FileFacts>,
    with_body: Box<[bool]>,
}

impl Seen {
    fn new(facts: Arc<FileFacts>) -> Self {
        let with_body = facts.items.iter().map(|item| body_in(&item.kind).is_some()).collect();
        Self { facts, with_body }
    }

    /// Whether an item may have a body; those in bodies have numbers that say nothing.
    fn may_have_body(&self, item: ItemId) -> bool {
        self.with_body.get(item.0 as usize).is_none_or(|has| *has)
    }
}

/// A function that was looked at.
#[derive(Debug)]
struct Entry {
    body: Arc<Body>,
    /// Whether it matters.
    is_lowered: bool,
    /// The numbers of its bodies.
    bodies: Vec<u32>,
    /// What it depends on that was not read.
    asked: Arc<[Ask]>,
}

/// A function that was looked at just now: its body, what came of it, and what that depends on.
struct Fresh<'m> {
    key: Key,
    body: &'m Arc<Body>,
    bodies: Vec<Arc<Lowered>>,
    asked: Vec<Ask>,
    is_lowered: bool,
}

/// What there is to do since more was read.
#[derive(Debug, Default)]
struct Pending {
    /// Functions that matter.
    lower: Vec<FunctionRef>,
    /// Functions that do not, as far as these are not answered.
    skip: Vec<(FunctionRef, Vec<Ask>)>,
    /// Functions that are there no more.
    gone: Vec<Key>,
    /// What it depends on whether something is born in a function.
    open: Vec<Ask>,
}

impl Program {
    /// What has to be read before it is known what has to be lowered: what calls mean that may give birth. Each is asked
    /// for once.
    pub fn wanted_first(&mut self, model: &Model<'_>) -> Unread {
        let mut pending = self.find_pending(model);
        let open = std::mem::take(&mut pending.open);
        self.pending = Some(pending);
        // A module that is asked for the name of a call or for what is around it is read anyway, and what a file takes
        // from others seldom hides a crate.
        let is_plain = |(module, name): &(ModuleId, &Name)| {
            !model.may_lead(name) && !model.krate(*module).extern_names.contains_key(*name)
        };
        let asked = open.iter().filter_map(Ask::in_module).filter(is_plain);
        let new = asked.filter(|&(module, name)| self.asked_first.insert((module, name.clone())));
        new.map(|(module, name)| (module, name.clone(), Need::Meaning)).collect()
    }

    /// Lowers every function and constant of a model that has a body which matters, but for those that were lowered
    /// before and cannot have changed.
    pub fn update(&mut self, model: &Model<'_>) -> Change {
        let pending = self.pending.take().unwrap_or_else(|| self.find_pending(model));
        let same_names = self.round.replace(model.round()) == Some(model.round());
        self.again.clear();
        let Pending { lower, skip, gone, .. } = pending;
        let mut fresh: Vec<Fresh<'_>> = lower
            .into_par_iter()
            .with_max_len(AT_A_TIME)
            .filter_map(|function| {
                let body = body_of(model, function)?;
                let (bodies, asked) = watched(|| variants::lower(model, function, body));
                Some(Fresh { key: key_of(function), body, bodies, asked, is_lowered: true })
            })
            .collect();
        fresh.extend(skip.into_iter().filter_map(|(function, asked)| {
            let body = body_of(model, function)?;
            let (key, bodies) = (key_of(function), Vec::new());
            Some(Fresh { key, body, bodies, asked, is_lowered: false })
        }));
        let is_new = |it: &Fresh<'_>| !self.entries.get(&it.key).is_some_and(|it| it.is_lowered);
        let adds_only = same_names && gone.is_empty() && fresh.iter().all(is_new);
        let added = fresh.iter().flat_map(|it| &it.bodies).cloned().collect();
        self.replace(gone, fresh);
        self.unset = Mutex::default();
        if adds_only { Change::More(added) } else { Change::Other }
    }

    /// What became of the functions and constants of a model since the last time.
    fn find_pending(&mut self, model: &Model<'_>) -> Pending {
        // Names mean what they did, and only files that were read once more can have other bodies.
        let same_names = self.round == Some(model.round());
        self.read_again(model);
        let may_differ = |item: ItemRef| !same_names || self.again.contains(&item.file);
        let functions = model.functions.iter().copied();
        let values = model.values.iter();
        let values =
            values.map(|&(item, test_only)| FunctionRef { item, container: None, test_only });
        // Those of one file follow each other.
        let mut last: Option<(FileId, &Seen)> = None;
        let mut may_have_body = |item: ItemRef| {
            if last.is_none_or(|(file, _)| file != item.file) {
                last = self.facts.get(&item.file).map(|seen| (item.file, seen));
            }
            last.is_none_or(|(_, seen)| seen.may_have_body(item.item))
        };
        let all =
            functions.chain(values).filter(|it| may_differ(it.item) && may_have_body(it.item));
        let with_body: Vec<(FunctionRef, &Arc<Body>)> =
            all.filter_map(|function| Some((function, body_of(model, function)?))).collect();
        let mut gone: Vec<Key> = Vec::new();
        if !same_names {
            let live: FxHashSet<Key> = with_body.iter().map(|(it, _)| key_of(*it)).collect();
            gone.extend(self.entries.keys().filter(|key| !live.contains(key)));
            gone.sort_unstable();
        }
        let is_wanted = |function: FunctionRef| {
            let facts = &model.facts[function.item.file];
            facts.is_wanted(facts.item(function.item.item).range)
        };
        let holds = |(function, body): &(FunctionRef, &Arc<Body>)| {
            self.entries.get(&key_of(*function)).is_some_and(|entry| {
                Arc::ptr_eq(&entry.body, body)
                    && (same_names || model.is_open_still(&entry.asked))
                    && (entry.is_lowered || !is_wanted(*function))
            })
        };
        let names: FxHashSet<&str> = model.catalog.names_of_births().collect();
        let found: Vec<(FunctionRef, Given)> = with_body
            .into_par_iter()
            .with_max_len(AT_A_TIME)
            .filter(|it| !holds(it))
            .map(|(function, body)| (function, births::given(model, &names, function, body)))
            .collect();
        let mut pending = Pending { gone, ..Pending::default() };
        for (function, given) in found {
            pending.open.extend(given.open);
            match given.may_be || is_wanted(function) {
                true => pending.lower.push(function),
                false => pending.skip.push((function, given.asked)),
            }
        }
        pending
    }

    /// What was asked since this was called last.
    pub fn take_reads(&mut self) -> Reads {
        std::mem::take(&mut self.reads)
    }

    /// Notes the files that were read since the last time.
    fn read_again(&mut self, model: &Model<'_>) {
        for (file, facts) in model.facts.iter() {
            let known = self.facts.get(&file);
            if !known.is_some_and(|known| Arc::ptr_eq(&known.facts, facts)) {
                self.again.insert(file);
                self.facts.insert(file, Seen::new(facts.clone()));
            }
        }
    }

    /// Takes bodies out and puts others in, which keep the numbers of those that they stand for.
    fn replace(&mut self, gone: Vec<Key>, fresh: Vec<Fresh<'_>>) {
        // Where much is taken out, all that is left is indexed anew for less.
        let anew = gone.len() + fresh.len() > self.entries.len() / MANY;
        let mut old: Vec<Arc<Lowered>> = Vec::new();
        for key in gone {
            if let Some(entry) = self.entries.remove(&key) {
                old.extend(entry.bodies.into_iter().filter_map(|body| self.take(body, anew)));
            }
        }
        for Fresh { key, body, bodies, asked, is_lowered } in fresh {
            let known = self.entries.remove(&key).map_or(Vec::new(), |entry| entry.bodies);
            old.extend(known.iter().filter_map(|&body| self.take(body, anew)));
            let asked: Arc<[Ask]> = asked.into();
            let mut numbers = Vec::new();
            for (position, lowered) in bodies.into_iter().enumerate() {
                let number = known.get(position).copied().unwrap_or_else(|| {
                    self.bodies.push(None);
                    self.asked.push(asked.clone());
                    u32::try_from(self.bodies.len() - 1).unwrap_or(u32::MAX)
                });
                if !anew {
                    self.index.add(number, &lowered);
                }
                self.bodies[number as usize] = Some(lowered);
                self.asked[number as usize] = asked.clone();
                numbers.push(number);
            }
            let entry = Entry { body: body.clone(), is_lowered, bodies: numbers, asked };
            self.entries.insert(key, entry);
        }
        if anew {
            let mut index = Index::default();
            self.bodies().for_each(|(body, lowered)| index.add(body, lowered));
            self.index = index;
        }
        // They lie scattered, and nobody has to wait for that to be cleared up.
        rayon::spawn(move || drop(old));
    }

    fn take(&mut self, body: u32, anew: bool) -> Option<Arc<Lowered>> {
        let lowered = self.bodies[body as usize].take()?;
        if !anew {
            self.index.remove(body, &lowered);
        }
        Some(lowered)
    }

    /// Gives it back, for which nobody has to wait.
    pub fn free(self) {
        rayon::spawn(move || drop(self));
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
    pub(super) fn call_at(&self, site: Site) -> Option<&Call> {
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

    /// Whether a call may lead to one of some functions, however far.
    pub fn may_come_to(&self, call: &Call, functions: &BTreeSet<ItemRef>) -> bool {
        let mut seen: BTreeSet<ItemRef> = BTreeSet::new();
        let mut open = call.targets();
        while let Some(item) = open.pop() {
            if functions.contains(&item) || seen.len() > MAX_CALLED {
                return true;
            }
            if !seen.insert(item) {
                continue;
            }
            let bodies = self.bodies_of((item.file, item.item));
            if bodies.is_empty() {
                self.note_unread((item.file, item.item));
            }
            let flows = bodies.iter().flat_map(|&body| &self.body(body).flows.bodies);
            open.extend(flows.flat_map(super::Flow::calls).flat_map(Call::targets));
        }
        false
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

fn key_of(function: FunctionRef) -> Key {
    (function.item, function.test_only)
}

fn body_of<'m>(model: &'m Model<'_>, function: FunctionRef) -> Option<&'m Arc<Body>> {
    body_in(&model.item(function.item).kind)
}

fn body_in(kind: &ItemKind) -> Option<&Arc<Body>> {
    match kind {
        ItemKind::Function(it) => it.body.as_ref(),
        ItemKind::Value(it) => it.body.as_ref(),
        _ => None,
    }
}
