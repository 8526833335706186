//! One verdict for each thread birth, with the steps that prove it.

mod fate;
mod feeds;
mod followed;
mod guards;
mod joins;
mod kept;
mod repair;
mod returns;
mod selves;
mod shared;
mod sleeps;
mod sum;
mod tried;
mod values;
mod wanted;
mod workers;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::catalog::Role;
use crate::facts::tree::{Name, Type};
use crate::finding::{CodeKind, Confidence, Fix};
use crate::flow::{
    Birth, BlockId, Callable, Callee, Class, EndKind, Flow, FlowId, FlowKind, Flows, LossKind,
    Operand, StmtKind, Task, Terminator, only_item,
};
use crate::model::{Def, FunctionRef, Model, Namespace, Wanted};
use crate::source::{FileId, PackageId};
use crate::text::TextRange;
use fate::{Fates, Judged};

pub use fate::Waiting;
pub use feeds::AliveSender;
pub use followed::{Followed, Known};
pub use guards::HeldLock;
pub use joins::{Answer, Join};
pub use kept::Forgettable;
pub use selves::SelfJoin;
pub use tried::{programs_to_read, try_programs};
pub use workers::{Endless, EndlessKind, Spawned};

/// Bodies whose births one thread judges at a time: most have none, and one may have many.
const AT_A_TIME: usize = 8;

/// How the thread born at one place ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Joined on every path on which a handle exists.
    Joined,
    /// Joined on some paths and lost on others.
    Partly,
    /// Lost on every path.
    Detached,
    /// Kept in a place that outlives the function, and joined from there.
    StoredAndJoined,
    /// Given to code outside the workspace, which decides.
    HandedOut,
    /// Something joins it by construction: a scope, a registry, a type that joins on drop.
    Owned,
    /// Could not be followed; never a reason to report anything.
    Unknown,
}

impl Outcome {
    /// All outcomes, in the order of the summary.
    pub const ALL: [Self; 7] = [
        Self::Joined,
        Self::Owned,
        Self::StoredAndJoined,
        Self::HandedOut,
        Self::Partly,
        Self::Detached,
        Self::Unknown,
    ];

    /// The word for it in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Partly => "partly",
            Self::Detached => "detached",
            Self::StoredAndJoined => "stored-and-joined",
            Self::HandedOut => "handed-out",
            Self::Owned => "owned",
            Self::Unknown => "unknown",
        }
    }
}

/// One step in the life of a handle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// File of the step.
    pub file: FileId,
    /// The code that takes it.
    pub range: TextRange,
    /// What happens there, such as "bound to `worker`".
    pub text: String,
}

/// What became of one thread birth.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// File of the birth.
    pub file: FileId,
    /// The called path or method name (`thread::spawn`, `spawn`).
    pub callee: TextRange,
    /// The whole call.
    pub call: TextRange,
    /// The statement that holds the call.
    pub statement: TextRange,
    /// Canonical name of the call, such as `std::thread::Builder::spawn`.
    pub api: String,
    /// Path of the enclosing item, such as `Pool::start`.
    pub item: String,
    /// Package of the file.
    pub package: Option<PackageId>,
    /// Which code it is in.
    pub code: CodeKind,
    /// How sure the birth itself is.
    pub confidence: Confidence,
    /// How it ends.
    pub outcome: Outcome,
    /// The path that proves it, in order; the birth itself is not repeated.
    pub steps: Vec<Step>,
}

/// Everything the rules may ask about one place where threads are born.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// How it ends.
    pub verdict: Verdict,
    /// What kind of place it is.
    pub site: Site,
    /// Where the handle is lost, unless that is for the callers to answer for.
    pub loss: Option<Loss>,
    /// The edit that repairs it, where that is certain.
    pub fix: Option<Fix>,
    /// Where the process ends while the handle is held.
    pub exits: Option<(FileId, TextRange)>,
    /// The sleep at the end of the function that loses it.
    pub slept: Option<TextRange>,
    /// The `drop` that joins it, if the thread itself may run that.
    pub self_join: Option<SelfJoin>,
    /// What keeps its handle, if only a call that can be forgotten joins it.
    pub forgettable: Option<Forgettable>,
    /// The collection in which an endless loop gathers such handles.
    pub hoarded: Option<Name>,
    /// Whether the thread gets a name; `None` when that is not known.
    pub named: Option<bool>,
    /// Whether the thread is known to compute a value.
    pub computes: bool,
    /// The joins that take it in the function of its birth, if all ways lead to some.
    pub joined_at: BTreeSet<(FileId, TextRange)>,
    /// Whether the thread's closure only makes a future.
    pub makes_future: bool,
    /// Whether the thread's closure checks something that may fail.
    pub asserts: bool,
    /// Modules around the place, as paths with the crate's name first.
    pub module: String,
}

/// Kinds of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// A call that spawns.
    Spawn,
    /// A call of a function of the project that hands out the handle of a thread.
    Wrapper,
    /// A call that spawns a thread which its scope or registry owns.
    Owned,
    /// A call that creates a child process, or hands one out.
    Child,
    /// A call that creates an asynchronous task, or hands its handle out.
    Task,
    /// A spawning function named as a value.
    Value,
    /// Tokens in a macro that look like a spawn.
    Tokens,
}

impl Site {
    /// Whether a thread is born there, or handed on.
    pub fn is_thread(self) -> bool {
        matches!(self, Self::Spawn | Self::Wrapper | Self::Owned | Self::Value)
    }
}

/// The loss that decides a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How.
    pub kind: LossKind,
    /// The file it is in.
    pub file: FileId,
    /// Where.
    pub range: TextRange,
    /// In words.
    pub text: String,
}

/// All that is known of the threads of a model.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// One life for each place where threads are born, in order.
    pub lives: Vec<Life>,
    /// Every call that joins a thread, in order.
    pub joins: Vec<Join>,
    /// Every place on a thread that nothing gets beyond, in order.
    pub endless: Vec<Endless>,
    /// What would have to be read to be sure.
    pub wanted: Wanted,
    /// The births that wait for it.
    pub waiting: Waiting,
}

/// Every life that the walks of a program tell.
fn lives(fates: &Fates<'_>) -> Vec<Life> {
    let bodies: Vec<u32> = fates.program.bodies().map(|(index, _)| index).collect();
    let mut found: Vec<Life> = bodies
        .into_par_iter()
        .with_max_len(AT_A_TIME)
        .flat_map_iter(|body| of_body(fates, body))
        .collect();
    let carried: Vec<Task> = fates.carried().into_iter().collect();
    found.extend(carried.par_iter().filter_map(|task| of_carry(fates, task)).collect::<Vec<_>>());
    found.extend(sighted(fates.model));
    found
}

/// The lives born in one function, and those of functions that it names.
fn of_body(fates: &Fates<'_>, body: u32) -> Vec<Life> {
    let lowered = fates.program.body(body);
    let births = (0..).zip(&lowered.flows.births);
    let mut found: Vec<Life> =
        births.map(|(number, birth)| of_birth(fates, body, number, birth)).collect();
    let uncalled = lowered.flows.mentions.iter().filter(|mention| !mention.called);
    found.extend(uncalled.map(|mention| {
        let place =
            Born { callee: mention.range, call: mention.range, statement: mention.statement };
        let text = "named as a value; who calls it is not followed".to_owned();
        let steps = vec![Step { file: lowered.function.item.file, range: mention.range, text }];
        life(
            fates.model,
            lowered.function,
            &place,
            &mention.api,
            Outcome::Unknown,
            steps,
            Site::Value,
        )
    }));
    found
}

struct Born {
    callee: TextRange,
    call: TextRange,
    statement: TextRange,
}

fn of_birth(fates: &Fates<'_>, body: u32, number: u32, birth: &Birth) -> Life {
    let (model, lowered) = (fates.model, fates.program.body(body));
    let (function, flows) = (lowered.function, &lowered.flows);
    let place = Born { callee: birth.callee, call: birth.call, statement: birth.statement };
    let judged = if birth.owned {
        let text = "its scope or registry joins it".to_owned();
        let step = Step { file: function.item.file, range: birth.callee, text };
        Judged {
            outcome: Outcome::Owned,
            steps: vec![step],
            loss: None,
            exits: None,
            held: None,
            forgettable: None,
            uncalled: false,
            lost_from_cell: false,
        }
    } else {
        let task = Task::Birth(body, number);
        fates.narrow(&task, fates.judge(&task))
    };
    let site = match birth.class {
        _ if birth.owned => Site::Owned,
        Class::Thread => Site::Spawn,
        Class::Child => Site::Child,
        Class::Task => Site::Task,
    };
    let mut life = life(model, function, &place, &birth.api, judged.outcome, judged.steps, site);
    life.loss = judged.loss;
    life.exits = judged.exits;
    if site == Site::Child && fates.spares_children(body) {
        life.verdict.outcome = Outcome::Unknown;
        life.loss = None;
    }
    life.forgettable =
        judged.forgettable.filter(|_| life.verdict.outcome == Outcome::StoredAndJoined);
    life.hoarded = judged.held.filter(|_| never_stops(flows.body(birth.flow), birth.at.0));
    life.computes = computes(model, flows, birth);
    if life.loss.is_some() && life.verdict.outcome == Outcome::Detached {
        life.slept = sleeps::sleep_at_the_end(model, flows.body(birth.flow), birth);
        // What a thread computes is for somebody to take, and nobody knows for whom.
        let loss = life.loss.as_ref().filter(|_| !life.computes);
        life.fix = loss.and_then(|loss| repair::joined_at_the_end(fates, body, birth, loss));
    }
    life.named = birth.named;
    life.verdict.confidence = birth.confidence;
    let calls_async = |defs: &[Def]| {
        let of = |def: &Def| match def {
            Def::Item(item) | Def::Method(item) => {
                model.function(*item).is_some_and(|function| function.is_async)
            }
            _ => false,
        };
        !defs.is_empty() && defs.iter().all(of)
    };
    let ends = fates.solution.ends(&Task::Birth(body, number));
    life.self_join = selves::self_join(fates, flows.body(birth.flow), birth, ends);
    if ends.iter().all(|end| end.kind == EndKind::Joined) {
        life.joined_at = ends.iter().map(|end| (end.file, end.range)).collect();
    }
    let runs_async = matches!(&birth.runs, Some(Callable::Function(defs)) if calls_async(defs));
    life.asserts = matches!(&birth.runs, Some(Callable::Body(id)) if asserts(flows, *id));
    life.makes_future = runs_async
        || matches!(&birth.runs, Some(Callable::Body(id)) if flows.body(*id).returns_future
        || flows.body(*id).kind == FlowKind::Async);
    if life.makes_future {
        life.fix = None;
    }
    life
}

/// Whether what a thread runs is known to give a value.
fn computes(model: &Model<'_>, flows: &Flows, birth: &Birth) -> bool {
    match &birth.runs {
        Some(Callable::Body(id)) => {
            let flow = flows.body(*id);
            flow.kind == FlowKind::Closure && flow.computes && !flow.returns_future
        }
        Some(Callable::Function(defs)) => {
            only_item(defs).and_then(|item| model.function(item)).is_some_and(|it| {
                let given = it.output.as_ref().filter(|ty| !is_nothing(ty));
                !it.is_async && it.generics.is_empty() && given.is_some()
            })
        }
        Some(Callable::OneOf(_)) | None => false,
    }
}

/// Whether a written type is `()`, `!`, or something that cannot be told.
fn is_nothing(ty: &Type) -> bool {
    match ty {
        Type::Tuple(parts) => parts.is_empty(),
        Type::Never | Type::Unknown => true,
        _ => false,
    }
}

/// Whether a block lies in a loop that nothing leaves but the end of the process.
fn never_stops(flow: &Flow, block: BlockId) -> bool {
    let round = flow.round(block);
    if round.is_empty() {
        return false;
    }
    let ways_out = round.iter().flat_map(|&at| flow.successors(at));
    ways_out.filter(|at| !round.contains(at)).all(|at| {
        let beyond = flow.reachable(at);
        let ends = |at: BlockId| {
            matches!(
                flow.blocks[at.0 as usize].end,
                Terminator::Stop | Terminator::Diverge(_) | Terminator::Exit(_)
            )
        };
        ends(at) && beyond.is_empty()
    })
}

/// Whether a body, or one inside it, checks something that may fail.
fn asserts(flows: &Flows, id: FlowId) -> bool {
    let inside = |flow: &Flow| {
        let mut at = flow.parent;
        while let Some(parent) = at.filter(|&parent| parent != id) {
            at = flows.body(parent).parent;
        }
        at == Some(id)
    };
    flows.body(id).asserts || flows.bodies.iter().any(|flow| flow.asserts && inside(flow))
}

/// The life of a handle from the call of a function that hands it out.
fn of_carry(fates: &Fates<'_>, task: &Task) -> Option<Life> {
    let Task::Carry(site, exit) = task else { return None };
    let lowered = fates.program.body(site.body);
    let flow = lowered.flows.body(site.flow);
    let stmt = flow.blocks.get(site.block.0 as usize)?.stmts.get(site.index as usize)?;
    let StmtKind::Call(call) = &stmt.kind else { return None };
    let place = Born { callee: call.name_range, call: stmt.range, statement: call.statement };
    let item = fates.program.body(*fates.program.bodies_of(exit.function).first()?).function;
    let api = fates.model.full_path(item.item, item.container);
    let judged = fates.judge(task);
    let mut life = life(
        fates.model,
        lowered.function,
        &place,
        &api,
        judged.outcome,
        judged.steps,
        match fates.model.catalog.role(&exit.handle) {
            Some(Role::ChildHandle) => Site::Child,
            Some(Role::TaskHandle) => Site::Task,
            _ => Site::Wrapper,
        },
    );
    life.loss = judged.loss;
    life.exits = judged.exits;
    if life.site == Site::Child && fates.spares_children(site.body) {
        life.verdict.outcome = Outcome::Unknown;
        life.loss = None;
    }
    let is_named = call.args.iter().any(|arg| matches!(arg, Operand::Function(_)));
    let alternatives = match &call.callee {
        // The one function whose name it is given.
        Callee::Method(_, _, own) if own.is_empty() && is_named => 1,
        Callee::Function(defs) => defs.len(),
        Callee::Method(_, _, own) => own.len(),
        Callee::Local(..) | Callee::Await(_) => 0,
    };
    if alternatives != 1 {
        life.verdict.confidence = Confidence::Likely;
    }
    Some(life)
}

fn life(
    model: &Model<'_>,
    function: FunctionRef,
    place: &Born,
    api: &str,
    outcome: Outcome,
    steps: Vec<Step>,
    site: Site,
) -> Life {
    let file = function.item.file;
    let verdict = Verdict {
        file,
        callee: place.callee,
        call: place.call,
        statement: place.statement,
        api: api.to_owned(),
        item: model.item_path(function.item, function.container),
        package: model.project.file(file).package,
        code: model.code_kind(function.item.module, function.test_only),
        confidence: Confidence::Proved,
        outcome,
        steps,
    };
    let module = model.module_path(function.item.module);
    Life {
        verdict,
        site,
        loss: None,
        fix: None,
        exits: None,
        slept: None,
        self_join: None,
        forgettable: None,
        hoarded: None,
        named: None,
        computes: false,
        joined_at: BTreeSet::new(),
        makes_future: false,
        asserts: false,
        module,
    }
}

/// Tokens in macros that resolve to a spawn.
fn sighted(model: &Model<'_>) -> Vec<Life> {
    let mut found = Vec::new();
    for &(item, test_only) in &model.sightings {
        let facts = &model.facts[item.file];
        for (_, sighting) in facts.sightings.iter().filter(|(owner, _)| *owner == item.item) {
            let names: Vec<Name> =
                sighting.path.segments.iter().map(|segment| segment.name.clone()).collect();
            let defs = model.resolve(item.module, false, &names, Namespace::Value);
            let api = defs.iter().find_map(|def| match def {
                Def::External(path) if model.catalog.role(path) == Some(Role::Spawn) => {
                    Some(path.clone())
                }
                _ => None,
            });
            let Some(api) = api else { continue };
            let range = sighting.path.range;
            let place = Born { callee: range, call: range, statement: range };
            let function = FunctionRef { item, container: None, test_only };
            let text = "inside a macro that is not expanded".to_owned();
            let steps = vec![Step { file: item.file, range, text }];
            let mut life =
                life(model, function, &place, &api, Outcome::Unknown, steps, Site::Tokens);
            life.verdict.confidence =
                if sighting.in_definition { Confidence::Likely } else { Confidence::Possible };
            found.push(life);
        }
    }
    found
}

/// One life for each place: a file compiled twice, or under several conditions, is one place. The
/// kindest outcome holds, and ordinary code counts before test code.
fn merge(lives: Vec<Life>) -> Vec<Life> {
    let mut merged: BTreeMap<(FileId, TextRange), Life> = BTreeMap::new();
    for life in lives {
        match merged.entry((life.verdict.file, life.verdict.callee)) {
            Entry::Vacant(entry) => {
                entry.insert(life);
            }
            Entry::Occupied(mut entry) => {
                let code = entry.get().verdict.code.min(life.verdict.code);
                let kinder = (kindness(life.verdict.outcome), life.site)
                    < (kindness(entry.get().verdict.outcome), entry.get().site);
                if kinder {
                    entry.insert(life);
                }
                entry.get_mut().verdict.code = code;
            }
        }
    }
    merged.into_values().collect()
}

/// How little an outcome blames; lower is kinder.
fn kindness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Joined => 0,
        Outcome::Owned => 1,
        Outcome::StoredAndJoined => 2,
        Outcome::HandedOut => 3,
        Outcome::Unknown => 4,
        Outcome::Partly => 5,
        Outcome::Detached => 6,
    }
}
