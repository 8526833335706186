//! Which bodies of a project are lowered, and what becomes of the others when more is read.
//!
//! Most bodies that are read have nothing to do with threads, and most that were lowered are the same after the next
//! round of reading. So a body is lowered when something may be born in it or somebody asks for it, and again only where
//! what it depends on has been read since.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::births::{self, Given};
use super::index::Index;
use super::reads::Reads;
use super::{Lowered, Program, variants};
use crate::facts::FileFacts;
use crate::facts::tree::{Body, ItemId, ItemKind, Name};
use crate::model::{Ask, FunctionRef, ItemRef, Model, ModuleId, Need, Unread, watched};
use crate::source::FileId;

/// Functions that one thread looks at at a time: most have no body, and one may be large.
const AT_A_TIME: usize = 64;

/// Of so many functions one has to be lowered anew for all to be indexed anew.
const MANY: usize = 16;

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

/// What is known of the functions and constants that were looked at.
#[derive(Debug, Default)]
pub(super) struct Progress {
    entries: FxHashMap<Key, Entry>,
    /// The facts that they were made from, and the round of reading.
    facts: FxHashMap<FileId, Seen>,
    round: Option<u32>,
    /// Files that were read since.
    again: BTreeSet<FileId>,
    pending: Option<Pending>,
    /// What was asked for before anything was lowered.
    asked_first: FxHashSet<(ModuleId, Name)>,
}

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
        self.progress.pending = Some(pending);
        // A module that is asked for the name of a call or for what is around it is read anyway, and what a file takes
        // from others seldom hides a crate.
        let is_plain = |(module, name): &(ModuleId, &Name)| {
            !model.may_lead(name) && !model.krate(*module).extern_names.contains_key(*name)
        };
        let asked = open.iter().filter_map(Ask::in_module).filter(is_plain);
        let new = asked
            .filter(|&(module, name)| self.progress.asked_first.insert((module, name.clone())));
        new.map(|(module, name)| (module, name.clone(), Need::Meaning)).collect()
    }

    /// Lowers every function and constant of a model that has a body which matters, but for those that were lowered
    /// before and cannot have changed.
    pub fn update(&mut self, model: &Model<'_>) -> Change {
        let pending = self.progress.pending.take().unwrap_or_else(|| self.find_pending(model));
        let same_names = self.progress.round.replace(model.round()) == Some(model.round());
        self.progress.again.clear();
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
        let is_new =
            |it: &Fresh<'_>| !self.progress.entries.get(&it.key).is_some_and(|it| it.is_lowered);
        let adds_only = same_names && gone.is_empty() && fresh.iter().all(is_new);
        let added = fresh.iter().flat_map(|it| &it.bodies).cloned().collect();
        self.replace(gone, fresh);
        self.unset = Mutex::default();
        if adds_only { Change::More(added) } else { Change::Other }
    }

    /// What became of the functions and constants of a model since the last time.
    fn find_pending(&mut self, model: &Model<'_>) -> Pending {
        // Names mean what they did, and only files that were read once more can have other bodies.
        let same_names = self.progress.round == Some(model.round());
        self.read_again(model);
        let may_differ = |item: ItemRef| !same_names || self.progress.again.contains(&item.file);
        let functions = model.functions.iter().copied();
        let values = model.values.iter();
        let values =
            values.map(|&(item, test_only)| FunctionRef { item, container: None, test_only });
        // Those of one file follow each other.
        let mut last: Option<(FileId, &Seen)> = None;
        let mut may_have_body = |item: ItemRef| {
            if last.is_none_or(|(file, _)| file != item.file) {
                last = self.progress.facts.get(&item.file).map(|seen| (item.file, seen));
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
            gone.extend(self.progress.entries.keys().filter(|key| !live.contains(key)));
            gone.sort_unstable();
        }
        let is_wanted = |function: FunctionRef| {
            let facts = &model.facts[function.item.file];
            facts.is_wanted(facts.item(function.item.item).range)
        };
        let holds = |(function, body): &(FunctionRef, &Arc<Body>)| {
            self.progress.entries.get(&key_of(*function)).is_some_and(|entry| {
                Arc::ptr_eq(&entry.body, body)
                    && (same_names || model.is_open_still(&entry.asked))
                    && (entry.is_lowered || !is_wanted(*function))
            })
        };
        let aliases = model.aliases.iter().map(String::as_str);
        let names: FxHashSet<&str> = model.catalog.names_of_births().chain(aliases).collect();
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

    /// Gives it back, for which nobody has to wait.
    pub fn free(self) {
        rayon::spawn(move || drop(self));
    }

    /// Notes the files that were read since the last time.
    fn read_again(&mut self, model: &Model<'_>) {
        for (file, facts) in model.facts.iter() {
            let known = self.progress.facts.get(&file);
            if !known.is_some_and(|known| Arc::ptr_eq(&known.facts, facts)) {
                self.progress.again.insert(file);
                self.progress.facts.insert(file, Seen::new(facts.clone()));
            }
        }
    }

    /// Takes bodies out and puts others in, which keep the numbers of those that they stand for.
    fn replace(&mut self, gone: Vec<Key>, fresh: Vec<Fresh<'_>>) {
        // Where much is taken out, all that is left is indexed anew for less.
        let anew = gone.len() + fresh.len() > self.progress.entries.len() / MANY;
        let mut old: Vec<Arc<Lowered>> = Vec::new();
        for key in gone {
            if let Some(entry) = self.progress.entries.remove(&key) {
                old.extend(entry.bodies.into_iter().filter_map(|body| self.take(body, anew)));
            }
        }
        for Fresh { key, body, bodies, asked, is_lowered } in fresh {
            let known = self.progress.entries.remove(&key).map_or(Vec::new(), |entry| entry.bodies);
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
            self.progress.entries.insert(key, entry);
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
