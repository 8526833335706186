//! One verdict for each thread birth, with the steps that prove it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rayon::prelude::*;

use crate::catalog::Role;
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Body, ExprKind, ItemKind, Name, Visibility};
use crate::finding::{CodeKind, Confidence};
use crate::flow::{
    Birth, Callable, End, EndKind, FlowKind, Flows, LossKind, follow_birth, lower_body,
};
use crate::model::{Def, FunctionRef, Model, Namespace};
use crate::source::{FileId, PackageId, TargetKind};
use crate::text::TextRange;

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
    /// Where the handle is lost, when it is lost on every way.
    pub loss: Option<Loss>,
    /// Whether the thread gets a name; `None` when that is not known.
    pub named: Option<bool>,
    /// Whether the thread's closure only makes a future.
    pub makes_future: bool,
    /// Modules around the place, as paths with the crate's name first.
    pub module: String,
}

/// Kinds of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// A call that spawns.
    Spawn,
    /// A call that spawns a thread which its scope or registry owns.
    Owned,
    /// A spawning function named as a value.
    Value,
    /// Tokens in a macro that look like a spawn.
    Tokens,
}

/// The loss that decides a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How.
    pub kind: LossKind,
    /// Where.
    pub range: TextRange,
    /// In words.
    pub text: String,
}

/// Judges every birth of a model: one life for each place, in order.
pub fn lives(model: &Model<'_>) -> Vec<Life> {
    let functions = model.functions.par_iter().map(|function| (*function, function.test_only));
    let values = model
        .values
        .par_iter()
        .map(|&(item, test_only)| (FunctionRef { item, container: None, test_only }, test_only));
    let mut found: Vec<Life> =
        functions.chain(values).flat_map_iter(|(function, _)| of_body(model, function)).collect();
    found.extend(sighted(model));
    merge(found)
}

/// The lives born in one function, over all assignments of its statement conditions.
fn of_body(model: &Model<'_>, function: FunctionRef) -> Vec<Life> {
    let body = match &model.item(function.item).kind {
        ItemKind::Function(it) => it.body.as_ref(),
        ItemKind::Value(it) => it.body.as_ref(),
        _ => None,
    };
    let Some(body) = body else { return Vec::new() };
    let mut found = Vec::new();
    let guesses = has_more_conditions(body);
    for assignment in assignments(body, function.test_only) {
        let flows = lower_body(model, function, body, &assignment);
        let births = flows.births.iter().map(|birth| of_birth(model, function, &flows, birth));
        found.extend(births.map(|mut life| {
            if guesses && matches!(life.verdict.outcome, Outcome::Detached | Outcome::Partly) {
                life.verdict.outcome = Outcome::Unknown;
                life.loss = None;
            }
            life
        }));
        let uncalled = flows.mentions.iter().filter(|mention| !mention.called);
        found.extend(uncalled.map(|mention| {
            let place =
                Born { callee: mention.range, call: mention.range, statement: mention.statement };
            let steps =
                vec![(mention.range, "named as a value; who calls it is not followed".to_owned())];
            life(model, function, &place, &mention.api, Outcome::Unknown, steps, Site::Value)
        }));
    }
    found
}

/// Conditions on statements of one body that are told apart.
const MAX_CONDITIONS: usize = 3;

/// Whether a body has more conditions than are told apart, so that a loss may be none.
fn has_more_conditions(body: &Body) -> bool {
    let mut atoms = conditions(body);
    atoms.retain(|&atom| *atom != Cfg::Test);
    atoms.len() > MAX_CONDITIONS
}

/// Conditions on the statements and arms of a body.
fn conditions(body: &Body) -> Vec<&Cfg> {
    let mut atoms: Vec<&Cfg> = Vec::new();
    body.blocks.iter().flat_map(|block| &block.stmts).for_each(|stmt| stmt.cfg.atoms(&mut atoms));
    for expr in &body.exprs {
        if let ExprKind::Match(_, arms) = &expr.kind {
            arms.iter().for_each(|arm| arm.cfg.atoms(&mut atoms));
        }
    }
    atoms
}

/// Assignments of the conditions on statements and arms: at most eight, each consistent.
fn assignments(body: &Body, test_only: bool) -> Vec<BTreeMap<Cfg, bool>> {
    let atoms = conditions(body);
    let mut all = vec![BTreeMap::from([(Cfg::Test, test_only)])];
    for atom in atoms.into_iter().filter(|&atom| *atom != Cfg::Test).take(MAX_CONDITIONS) {
        all = all
            .into_iter()
            .flat_map(|assignment| {
                [true, false].map(|value| {
                    let mut assignment = assignment.clone();
                    assignment.insert(atom.clone(), value);
                    assignment
                })
            })
            .collect();
    }
    all
}

struct Born {
    callee: TextRange,
    call: TextRange,
    statement: TextRange,
}

fn of_birth(model: &Model<'_>, function: FunctionRef, flows: &Flows, birth: &Birth) -> Life {
    let place = Born { callee: birth.callee, call: birth.call, statement: birth.statement };
    let mut loss = None;
    let (outcome, steps) = if birth.owned {
        (Outcome::Owned, vec![(birth.callee, "its scope or registry joins it".to_owned())])
    } else {
        let ends = follow_birth(model, flows, birth);
        loss = decisive(&ends);
        outcome(model, function, &ends)
    };
    let site = if birth.owned { Site::Owned } else { Site::Spawn };
    let mut life = life(model, function, &place, &birth.api, outcome, steps, site);
    life.loss = loss.filter(|_| outcome == Outcome::Detached);
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
    let runs_async = matches!(&birth.runs, Some(Callable::Function(defs)) if calls_async(defs));
    life.makes_future = runs_async
        || matches!(&birth.runs, Some(Callable::Body(id)) if flows.body(*id).returns_future
        || flows.body(*id).kind == FlowKind::Async);
    life
}

/// The loss that tells most: one at birth or on purpose, else the last, where the scope ends.
fn decisive(ends: &[End]) -> Option<Loss> {
    let lost = ends.iter().filter_map(|end| match &end.kind {
        EndKind::Lost(kind) => Some((end, kind)),
        _ => None,
    });
    let plain = |kind: &LossKind| matches!(kind, LossKind::ScopeEnd(_) | LossKind::Collection(_));
    let found = lost.max_by_key(|(end, kind)| (!plain(kind), end.range));
    found.map(|(end, kind)| {
        let text = end.trace.last().map(|step| step.text.clone()).unwrap_or_default();
        Loss { kind: kind.clone(), range: end.range, text }
    })
}

/// Sums the ends of one handle up, and gives the way that shows it.
fn outcome(
    model: &Model<'_>,
    function: FunctionRef,
    ends: &[End],
) -> (Outcome, Vec<(TextRange, String)>) {
    let of = |wanted: fn(&EndKind) -> bool| ends.iter().find(|end| wanted(&end.kind));
    let joined = of(|kind| *kind == EndKind::Joined);
    let lost = of(|kind| matches!(kind, EndKind::Lost(_)));
    let returned = of(|kind| matches!(kind, EndKind::Returned(_)));
    let other = of(|kind| {
        matches!(
            kind,
            EndKind::Escaped | EndKind::Stored | EndKind::Captured(..) | EndKind::Untouched
        )
    });
    let steps = |ends: &[&End]| {
        let steps = ends.iter().flat_map(|end| &end.trace);
        let mut all: Vec<(TextRange, String)> = Vec::new();
        for step in steps {
            let step = (step.range, step.text.clone());
            if !all.contains(&step) {
                all.push(step);
            }
        }
        all
    };
    match (joined, lost, returned, other) {
        (_, _, _, Some(other)) => (Outcome::Unknown, steps(&[other])),
        (Some(joined), None, None, None) => (Outcome::Joined, steps(&[joined])),
        (None, Some(lost), None, None) => (Outcome::Detached, steps(&[lost])),
        (Some(joined), Some(lost), None, None) => (Outcome::Partly, steps(&[joined, lost])),
        (_, _, Some(returned), None) => {
            let outcome =
                if is_exported(model, function) { Outcome::HandedOut } else { Outcome::Unknown };
            (outcome, steps(&[returned]))
        }
        (None, None, None, None) => {
            let range = model.item(function.item).range;
            let range = TextRange::new(range.end.saturating_sub(1), range.end);
            (
                Outcome::Owned,
                vec![(range, "held by a function that never gets to its end".to_owned())],
            )
        }
    }
}

/// Whether code outside the workspace may call a function.
fn is_exported(model: &Model<'_>, function: FunctionRef) -> bool {
    let krate = model.krate(function.item.module);
    let Some(target) = krate.target.map(|target| model.project.target(target)) else {
        return false;
    };
    let publishes = krate.package.is_some_and(|package| model.project.package(package).publish);
    let is_trait = function.container.is_some_and(|container| match &model.item(container).kind {
        ItemKind::Impl(it) => it.trait_path.is_some(),
        ItemKind::Trait(_) => true,
        _ => false,
    });
    let is_public = model.item(function.item).visibility == Visibility::Public || is_trait;
    target.kind == TargetKind::Lib && publishes && is_public && !function.test_only
}

fn life(
    model: &Model<'_>,
    function: FunctionRef,
    place: &Born,
    api: &str,
    outcome: Outcome,
    steps: Vec<(TextRange, String)>,
    site: Site,
) -> Life {
    let file = function.item.file;
    let steps = steps.into_iter().map(|(range, text)| Step { file, range, text }).collect();
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
    Life { verdict, site, loss: None, named: None, makes_future: false, module }
}

/// Tokens in macros that resolve to a spawn.
fn sighted(model: &Model<'_>) -> Vec<Life> {
    let mut found = Vec::new();
    for &(item, test_only) in &model.sightings {
        let facts = &model.facts[&item.file];
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
            let steps = vec![(range, "inside a macro that is not expanded".to_owned())];
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
