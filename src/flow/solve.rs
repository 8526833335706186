//! Follows every handle across functions, fields and statics, to a fixpoint.
//!
//! The work is cut into tasks, each one walk through one function: from a birth, from a parameter
//! (a summary: what becomes of a handle that is given there), from a call of a function that hands
//! a handle out, from a place where a field is named that keeps one. A walk that meets a call asks
//! for the summary of the callee and goes on with what is known of it so far; when that grows, the
//! walk is done again. Nothing recurses, so call chains of any depth end, and cycles converge,
//! because ends are only ever added.
//!
//! Downwards (parameters) calls and returns match; upwards (handed out) every caller counts. The
//! scheme is that of Reps, Horwitz and Sagiv (1995), with one token instead of a set of facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::correlate::{facts_at_start, is_kept};
use super::ends::{End, EndKind, Entry, Home};
use super::fact::{Fact, learn};
use super::follow::{Asked, Follower, handle_of};
use super::free::is_free;
use super::outside::Outside;
use super::program::{FunctionKey, Program, Site};
use super::sway::Sways;
use super::task::{Exit, Keep, ParamKey, Snapshot, Task, exit_of};
use super::token::Token;
use super::transfer::argument;
use super::{
    BlockId, Call, Callee, Constant, Field, Flow, FlowId, Many, Operand, Owner, Place, Proj,
    StmtKind,
};
use crate::facts::tree::{ItemId, Name};
use crate::model::{Def, FunctionRef, ItemRef, Model, TyHead};
use crate::source::FileId;

/// Times one walk is done again before its ends are taken as they are. Only functions whose
/// alternatives disagree need more than a few.
const MAX_REPEATS: usize = 24;
/// Ways out of one function that are told apart.
const MAX_EXITS: usize = 24;
/// Walks that one thread does at a time: some take as long as hundreds of others.
const AT_A_TIME: usize = 4;

/// Everything that is known after the fixpoint.
#[derive(Debug, Default)]
pub struct Solution {
    ends: BTreeMap<Task, Arc<Vec<End>>>,
    carries: BTreeMap<Exit, Vec<Task>>,
    accesses: BTreeMap<Keep, Vec<Task>>,
    /// Functions with more ways out than are told apart.
    pub crowded: BTreeSet<FunctionKey>,
    /// Functions that were called with a handle and whose bodies were not lowered.
    pub unlowered: BTreeSet<ItemRef>,
    /// Methods that nobody knows and that a handle was used by, with where they were called.
    pub unknown_methods: BTreeSet<(FileId, Name)>,
    /// Statics that held a handle where something was called that may name them.
    pub statics: BTreeSet<(FileId, ItemId)>,
}

impl Solution {
    /// How a walk ended.
    pub fn ends(&self, task: &Task) -> &[End] {
        self.ends.get(task).map_or(&[], |ends| ends.as_slice())
    }

    /// The calls that carry a handle on which leaves a function.
    pub fn carries(&self, exit: &Exit) -> &[Task] {
        self.carries.get(exit).map_or(&[], Vec::as_slice)
    }

    /// The places that name a cell.
    pub fn accesses(&self, keep: &Keep) -> &[Task] {
        self.accesses.get(keep).map_or(&[], Vec::as_slice)
    }

    /// Every walk that was done, in order.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.ends.keys()
    }

    /// Every way out of a function, in order.
    pub fn exits(&self) -> impl Iterator<Item = &Exit> {
        self.carries.keys()
    }

    /// Every cell that keeps a handle, in order.
    pub fn keeps(&self) -> impl Iterator<Item = &Keep> {
        self.accesses.keys()
    }
}

/// Follows everything that is born in a program.
pub fn solve(model: &Model<'_>, program: &Program) -> Solution {
    let mut open: BTreeSet<Task> = BTreeSet::new();
    for (body, lowered) in program.giving_birth() {
        let births = (0..).zip(&lowered.flows.births).filter(|(_, birth)| !birth.owned);
        open.extend(births.map(|(birth, _)| Task::Birth(body, birth)));
    }
    Solver::new(model, program, false).run(open)
}

/// Follows one handle with the value that keeps it, and not with all values of its type.
pub fn solve_by_value(model: &Model<'_>, program: &Program, task: &Task) -> Solution {
    Solver::new(model, program, true).run(BTreeSet::from([task.clone()]))
}

impl<'a> Solver<'a> {
    fn new(model: &'a Model<'a>, program: &'a Program, by_value: bool) -> Self {
        Self {
            model,
            program,
            by_value,
            solution: Solution::default(),
            known: Snapshot::default(),
            dependents: FxHashMap::default(),
            repeats: FxHashMap::default(),
            exits: FxHashMap::default(),
        }
    }

    fn run(mut self, mut open: BTreeSet<Task>) -> Solution {
        while !open.is_empty() {
            let tasks: Vec<Task> = open.into_iter().collect();
            let done: Vec<Walked> =
                tasks.into_par_iter().with_max_len(AT_A_TIME).map(|task| self.walk(task)).collect();
            open = BTreeSet::new();
            for walked in &done {
                self.depend(walked, &mut open);
            }
            for walked in done {
                self.keep(walked, &mut open);
            }
        }
        self.solution
    }
}

/// A walk that was done, and what it asked.
struct Walked {
    task: Task,
    ends: Vec<End>,
    asked: Asked,
}

struct Solver<'a> {
    model: &'a Model<'a>,
    program: &'a Program,
    by_value: bool,
    solution: Solution,
    known: Snapshot,
    dependents: FxHashMap<ParamKey, BTreeSet<Task>>,
    repeats: FxHashMap<Task, usize>,
    exits: FxHashMap<FunctionKey, usize>,
}

impl Solver<'_> {
    /// Does one walk with what is known so far.
    fn walk(&self, task: Task) -> Walked {
        let ends = match &task {
            Task::Birth(body, birth) => self.walk_birth(*body, *birth),
            Task::Param(key) => self.walk_param(key),
            Task::Carry(site, exit) => vec![self.walk_carry(*site, exit)],
            Task::Access(site, place, keep, sure) => {
                let token = Token::at(site.block, site.index as usize, place.clone());
                let flow = self.program.body(site.body).flows.body(site.flow);
                let is_free = |_: &Field| false;
                let sways = sure.then(|| Sways::new(flow, place.local, &place.proj, &is_free));
                vec![followed(Follower { sways, ..self.follower(*site, &keep.1) }, *site, token)]
            }
        };
        let kindest = ends.into_iter().min_by_key(|(ends, _)| rank(ends));
        let (ends, asked) = kindest.unwrap_or_default();
        Walked { task, ends, asked }
    }

    fn walk_birth(&self, body: u32, number: u32) -> Vec<Followed> {
        let flows = &self.program.body(body).flows;
        let birth = &flows.births[number as usize];
        let Some((handle, proj)) = handle_of(&birth.returns) else { return Vec::new() };
        let (block, index) = birth.at;
        let stmt = flows.body(birth.flow).blocks[block.0 as usize].stmts.get(index);
        let Some(StmtKind::Call(call)) = stmt.map(|stmt| &stmt.kind) else { return Vec::new() };
        let token = Token::at(block, index + 1, Place { local: call.dst, proj });
        let site = Site { body, flow: birth.flow, block, index: 0 };
        vec![self.follow(site, token, &handle)]
    }

    /// One result for each body of the function: the kindest of them holds.
    fn walk_param(&self, key: &ParamKey) -> Vec<Followed> {
        let bodies = self.program.bodies_of(key.function).iter();
        let mut all: Vec<Followed> = bodies
            .filter_map(|&body| {
                let flow = self.program.body(body).flows.bodies.first()?;
                let (local, is_value) = match key.entry {
                    Entry::Receiver => (flow.receiver?, false),
                    Entry::Param(index) => (*flow.params.get(index)?, false),
                    Entry::Value(index) => (*flow.params.get(index)?, true),
                    Entry::Argument(..) => return None,
                };
                let mut token = Token::at(BlockId(0), 0, Place { local, proj: key.proj.clone() });
                token.borrowed = key.borrowed;
                token.many = key.many.clone();
                token.facts = facts_at_start(flow, &key.flags);
                let site = Site { body, flow: FlowId(0), block: BlockId(0), index: 0 };
                let given = key.given.iter();
                let bound = given
                    .filter_map(|(index, code)| Some((*flow.params.get(*index)?, code.clone())));
                let is_free = |field: &Field| is_free(self.model, self.program, body, field);
                let sways = self.by_value.then(|| Sways::new(flow, local, &key.proj, &is_free));
                let bound = bound.collect();
                let follower = Follower { bound, sways, ..self.follower(site, &key.handle) };
                if is_value {
                    let ends = follower.follow_value(local, &key.proj);
                    return Some((ends, follower.asked.into_inner()));
                }
                Some(followed(follower, site, token))
            })
            .collect();
        // Whatever one of them asked has to be known before the kindest can be told.
        let keys: BTreeSet<ParamKey> =
            all.iter().flat_map(|(_, asked)| asked.keys.iter().cloned()).collect();
        for (_, asked) in &mut all {
            asked.keys.clone_from(&keys);
        }
        all
    }

    fn walk_carry(&self, site: Site, exit: &Exit) -> Followed {
        let lowered = self.program.body(site.body);
        let flow = lowered.flows.body(site.flow);
        let stmt = &flow.blocks[site.block.0 as usize].stmts[site.index as usize];
        let place = match &stmt.kind {
            StmtKind::Call(call) => match exit.left_in {
                None if self.is_named(call, exit.function) => {
                    let follower = self.follower(site, &exit.handle);
                    let at = (site.block, site.index as usize);
                    let ends =
                        follower.follow_named(site.flow, at, call, exit.function, &exit.proj);
                    if let Some(ends) = ends {
                        return (ends, follower.asked.into_inner());
                    }
                    None
                }
                None => Some(Place::local(call.dst).with(&exit.proj)),
                Some(Entry::Argument(param, argument)) => {
                    let named = matches!(call.callee, Callee::Method(..));
                    let shift = usize::from(!named && self.takes_self(exit.function));
                    let follower = self.follower(site, &exit.handle);
                    let ends = call.args.get(param + shift).and_then(|called| {
                        let at = (site.block, site.index as usize);
                        follower.follow_fed(site.flow, at, call, called, argument, &exit.proj)
                    });
                    if let Some(ends) = ends {
                        return (ends, follower.asked.into_inner());
                    }
                    None
                }
                Some(entry) => {
                    let takes_self = self.takes_self(exit.function);
                    argument(call, entry, takes_self).map(|(place, _)| place.with(&exit.proj))
                }
            },
            _ => None,
        };
        let Some(mut place) = place else {
            let file = lowered.function.item.file;
            let text = "handed out to where it is not followed".to_owned();
            let trace = vec![super::TraceStep { file, range: stmt.range, text }];
            let kind = EndKind::Escaped;
            let end = End::new(kind, file, stmt.range, trace);
            return (vec![end], Asked::default());
        };
        place.proj.retain(|proj| !matches!(proj, Proj::Open | Proj::Maybe | Proj::Each));
        let mut token = Token::at(site.block, site.index as usize + 1, place);
        if let StmtKind::Call(call) = &stmt.kind {
            match self.told(flow, call, exit) {
                Some(facts) => {
                    token.facts = facts;
                    if let Some(fact) = &exit.gives {
                        learn(&mut token.facts, Place::local(call.dst), fact.clone());
                    }
                }
                // The call says otherwise, so nothing is born in it.
                None => return (Vec::new(), Asked::default()),
            }
        }
        if exit.proj.contains(&Proj::Elem)
            && let StmtKind::Call(call) = &stmt.kind
        {
            token.many = self.makes_many(site, call, exit.function);
        }
        self.follow(site, token, &exit.handle)
    }

    /// What is known at a call of arguments, since a handle came out of it; nothing when it cannot have.
    fn told(&self, flow: &Flow, call: &Call, exit: &Exit) -> Option<Vec<(Place, Fact)>> {
        let by_path = !matches!(call.callee, Callee::Method(..));
        let shift = usize::from(by_path && self.takes_self(exit.function));
        let mut facts = Vec::new();
        for (index, fact) in &exit.given {
            match call.args.get(index + shift) {
                Some(Operand::Move(place)) if is_kept(flow, place) => {
                    learn(&mut facts, place.clone(), fact.clone());
                }
                Some(arg) => {
                    let value = Constant::of(self.model, arg);
                    if value.is_some_and(|value| !fact.allows(&value)) {
                        return None;
                    }
                }
                None => {}
            }
        }
        Some(facts)
    }

    /// How many a function makes wherever it makes one, as the body sees it that calls it.
    fn makes_many(&self, site: Site, call: &Call, function: FunctionKey) -> Many {
        let mut all = self.program.bodies_of(function).iter().flat_map(|&body| {
            let births = self.program.body(body).flows.births.iter();
            births.map(move |birth| (body, birth.flow, birth.at))
        });
        let takes_self = self.takes_self(function);
        let outside = Outside { model: self.model, program: self.program };
        let many = |(body, flow, (block, index)): (u32, FlowId, (BlockId, usize))| {
            let flows = &self.program.body(body).flows;
            let many = flows.body(flow).how_many(flow, block);
            if let Many::Each(FlowId(0), place) = &many
                && let Some(entry) = flows
                    .body(FlowId(0))
                    .params
                    .iter()
                    .position(|param| *param == place.local && place.proj.is_empty())
                && let Some((given, _)) = argument(call, Entry::Param(entry), takes_self)
            {
                return Many::Each(site.flow, given.clone());
            }
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            outside.seen_from_outside(many, Site { body, flow, block, index })
        };
        let Some(first) = all.next().map(many) else { return Many::One };
        all.map(many).fold(first, |all, other| match (all, other) {
            (Many::One, _) | (_, Many::One) => Many::One,
            (all, other) if all == other => all,
            _ => Many::Unknown,
        })
    }

    /// Whether a call does not call a function and is given its name.
    fn is_named(&self, call: &Call, function: FunctionKey) -> bool {
        let is_it = |item: &ItemRef| (item.file, item.item) == function;
        !match &call.callee {
            Callee::Function(defs) => defs.iter().any(|def| match def {
                Def::Item(item) | Def::Method(item) => is_it(item),
                _ => false,
            }),
            Callee::Method(_, _, own) => own.iter().any(|own| is_it(&own.item)),
            Callee::Local(..) | Callee::Await(_) => true,
        }
    }

    fn takes_self(&self, function: FunctionKey) -> bool {
        let bodies = self.program.bodies_of(function).first();
        bodies.is_some_and(|&body| {
            let item = self.program.body(body).function.item;
            self.model.function(item).is_some_and(|function| function.receiver.is_some())
        })
    }

    fn follow(&self, site: Site, token: Token, handle: &Name) -> Followed {
        followed(self.follower(site, handle), site, token)
    }

    fn follower(&self, site: Site, handle: &Name) -> Follower<'_> {
        let lowered = self.program.body(site.body);
        Follower {
            model: self.model,
            program: self.program,
            body: site.body,
            flows: &lowered.flows,
            bound: Vec::new(),
            sways: None,
            file: lowered.function.item.file,
            is_test: lowered.is_test,
            in_main: is_main(self.model, lowered.function),
            by_value: self.by_value,
            handle: handle.clone(),
            known: &self.known,
            asked: std::cell::RefCell::default(),
        }
    }

    /// Notes what a walk asked. That is done for all walks of a round before the ends of any are
    /// kept, so that whoever asked while the answer was being found is told of it as well.
    fn depend(&mut self, walked: &Walked, open: &mut BTreeSet<Task>) {
        for key in &walked.asked.keys {
            let param = Task::Param(key.clone());
            if !self.solution.ends.contains_key(&param) {
                open.insert(param);
            }
            self.dependents.entry(key.clone()).or_default().insert(walked.task.clone());
        }
    }

    /// Keeps the ends of a walk and opens what follows from them.
    fn keep(&mut self, walked: Walked, open: &mut BTreeSet<Task>) {
        let Walked { task, ends, asked } = walked;
        self.solution.unlowered.extend(asked.bodies);
        self.solution.unknown_methods.extend(asked.methods);
        self.solution.statics.extend(asked.statics);
        let before = self.solution.ends.get(&task);
        let is_new = before.is_none();
        if before.is_some_and(|before| **before == ends) {
            return;
        }
        let ends = Arc::new(ends);
        self.solution.ends.insert(task.clone(), ends.clone());
        self.open_ends(&task, &ends, open);
        let Task::Param(key) = task else { return };
        self.known.insert(key.clone(), ends.clone());
        // Whoever asked before anything was known took it for "does not return".
        if is_new && ends.is_empty() {
            return;
        }
        for dependent in self.dependents.get(&key).into_iter().flatten() {
            let repeats = self.repeats.entry(dependent.clone()).or_default();
            *repeats += 1;
            if *repeats <= MAX_REPEATS {
                open.insert(dependent.clone());
            }
        }
    }

    /// Opens the callers of a function that hands a handle out, and the places that name a cell.
    fn open_ends(&mut self, task: &Task, ends: &[End], open: &mut BTreeSet<Task>) {
        let (body, handle) = match task {
            Task::Birth(body, birth) => {
                let birth = &self.program.body(*body).flows.births[*birth as usize];
                let Some((handle, _)) = handle_of(&birth.returns) else { return };
                (Some(*body), handle)
            }
            Task::Param(key) => (None, key.handle.clone()),
            Task::Carry(site, exit) => (Some(site.body), exit.handle.clone()),
            // Where it is not sure to be the cell, what becomes of it further on says nothing.
            Task::Access(_, _, _, false) => return,
            Task::Access(site, _, keep, true) => (Some(site.body), keep.1.clone()),
        };
        for end in ends {
            if let (EndKind::Kept(cell), false) = (&end.kind, self.by_value) {
                self.open_cell((cell.clone(), handle.clone()), open);
            }
            let Some(body) = body else { continue };
            let item = self.program.body(body).function.item;
            if let Some(exit) = exit_of((item.file, item.item), end, &handle) {
                self.open_exit(exit, open);
            }
        }
    }

    fn open_exit(&mut self, exit: Exit, open: &mut BTreeSet<Task>) {
        if self.solution.carries.contains_key(&exit) {
            return;
        }
        let known = self.exits.entry(exit.function).or_default();
        *known += 1;
        if *known > MAX_EXITS {
            self.solution.crowded.insert(exit.function);
            return;
        }
        let calls = self.program.calls_of(exit.function).iter();
        // What is given its name may run it; what it leaves behind a reference is not seen there.
        let values = self.program.values_of(exit.function).iter();
        let values = values.filter(|_| exit.left_in.is_none());
        let mut sites: Vec<Site> = calls.chain(values).copied().collect();
        sites.sort_by_cached_key(|site| self.program.place_of(self.model, *site));
        let tasks: Vec<Task> =
            sites.into_iter().map(|site| Task::Carry(site, exit.clone())).collect();
        open.extend(tasks.iter().cloned());
        self.solution.carries.insert(exit, tasks);
    }

    fn open_cell(&mut self, keep: Keep, open: &mut BTreeSet<Task>) {
        if self.solution.accesses.contains_key(&keep) {
            return;
        }
        let mut tasks = Vec::new();
        match &keep.0.home {
            Home::Field(file, item, member) => {
                let scope = self.model.scope_of_home(&keep.0.home);
                let name = member.rsplit('.').next().unwrap_or(member);
                for (site, place) in self.program.fields_named(name) {
                    let at = self.program.body(site.body).function.item;
                    if !self.model.in_scope(at.file, scope) {
                        continue;
                    }
                    for at in 0..place.proj.len() {
                        let Some((owner, named)) = member_at(&place.proj, at) else { continue };
                        let sure = match owner {
                            Owner::Type(TyHead::Item(of, id)) if of == file && id == item => true,
                            Owner::Type(_) | Owner::Tuple => continue,
                            Owner::Unknown => false,
                        };
                        if named == *member {
                            let way = &place.proj[..=at];
                            tasks.push(access(site, place, way, &keep, sure));
                        }
                    }
                }
            }
            Home::Static(file, item) => {
                for (site, place) in self.program.statics_named((*file, *item)) {
                    tasks.push(access(site, place, &[], &keep, true));
                }
            }
            Home::Channel(package) => {
                for (site, place) in self.program.receipts() {
                    let lowered = self.program.body(site.body);
                    let at = lowered.function.item.file;
                    if self.model.project.file(at).package == *package {
                        let way: Vec<Proj> =
                            place.proj.iter().cloned().chain([Proj::Elem]).collect();
                        tasks.push(access(site, place, &way, &keep, false));
                    }
                }
            }
        }
        tasks.sort();
        tasks.dedup();
        tasks.sort_by_cached_key(|task| {
            task.site().map(|site| self.program.place_of(self.model, site))
        });
        open.extend(tasks.iter().cloned());
        self.solution.accesses.insert(keep, tasks);
    }
}

/// Whether a function is the `main` of a program.
fn is_main(model: &Model<'_>, function: FunctionRef) -> bool {
    let krate = model.krate(function.item.module);
    &*model.item(function.item).name == "main"
        && function.container.is_none()
        && krate.root == function.item.module
}

type Followed = (Vec<End>, Asked);

fn followed(follower: Follower<'_>, site: Site, token: Token) -> Followed {
    let ends = follower.follow(site.flow, token);
    (ends, follower.asked.into_inner())
}

/// The member that a projection at this position names: its owner, and its name with the variant
/// before it.
pub(super) fn member_at(proj: &[Proj], at: usize) -> Option<(&Owner, Name)> {
    let Proj::Field(field) = &proj[at] else { return None };
    let name = match at.checked_sub(1).map(|before| &proj[before]) {
        Some(Proj::Variant(variant)) => Name::from(format!("{variant}.{}", field.name)),
        _ => field.name.clone(),
    };
    Some((&field.owner, name))
}

/// A walk from a statement that names a cell.
fn access(site: Site, place: &Place, way: &[Proj], keep: &Keep, sure: bool) -> Task {
    let proj = way.iter().chain(&keep.0.proj);
    let proj = proj.filter(|proj| !matches!(proj, Proj::Open | Proj::Maybe | Proj::Each));
    let place = Place { local: place.local, proj: proj.cloned().collect() };
    Task::Access(site, place, keep.clone(), sure)
}

/// How much ends blame; the least blaming of alternatives holds.
pub(super) fn rank(ends: &[End]) -> u8 {
    let counts = |end: &&End| !matches!(end.kind, EndKind::Exits | EndKind::Held(_));
    let all = ends.iter().filter(counts).count();
    let lost = ends.iter().filter(|end| matches!(end.kind, EndKind::Lost(_))).count();
    let unknown = |end: &End| {
        matches!(
            end.kind,
            EndKind::Escaped
                | EndKind::Stored
                | EndKind::Captured(..)
                | EndKind::Outside(..)
                | EndKind::Fed(..)
        )
    };
    let joined = ends.iter().filter(|end| end.kind == EndKind::Joined).count();
    match lost {
        0 if ends.iter().any(unknown) => 2,
        // What only leaves it where it was may be lost later.
        0 if joined < all => 1,
        0 => 0,
        _ if lost < all => 3,
        _ => 4,
    }
}
