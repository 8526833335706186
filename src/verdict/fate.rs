//! What becomes of a handle when everything that it meets is known.
//!
//! A handle that leaves its function is judged by all callers; one that is kept in a field or a
//! static by everything that names that. A join found anywhere clears a field, since nobody knows
//! which value of the type is meant; what cannot be followed makes the verdict unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::kept::{Forgettable, Kept, declared};
use super::sum::{Sum, keep_first, steps};
use super::{Loss, Outcome, Step};
use crate::facts::tree::{ItemId, ItemKind, Name, Visibility, spelled};
use crate::flow::{
    Cell, End, EndKind, Exit, FunctionKey, Keep, LossKind, Program, Solution, Task, TraceStep,
    exit_of, home_name,
};
use crate::model::{FunctionRef, ItemRef, Model, TyHead, Wanted};
use crate::source::{FileId, PackageId};
use crate::text::TextRange;

/// Functions that may hand a handle on before it counts as not followed.
const MAX_HOPS: usize = 256;
/// Steps of a path that are kept.
const MAX_STEPS: usize = 40;

/// What became of a handle.
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    pub(super) steps: Vec<Step>,
    /// The loss that decides, if it is for this place to answer for.
    pub(super) loss: Option<Loss>,
    /// Where the process ends while the handle is held.
    pub(super) exits: Option<(FileId, TextRange)>,
    /// The collection that gathers it for ever.
    pub(super) held: Option<Name>,
    /// What keeps it, if only a call that can be forgotten joins it.
    pub(super) forgettable: Option<Forgettable>,
    /// Whether nothing stands against a verdict but that nobody is seen to call a function.
    pub(super) uncalled: bool,
    /// Whether something that names what keeps it loses it, whichever value that is.
    pub(super) lost_from_cell: bool,
}

/// All that is known, and what was concluded from it so far.
pub(super) struct Fates<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) program: &'a Program,
    pub(super) solution: &'a Solution,
    kept: Mutex<BTreeMap<(Keep, bool), Kept>>,
    /// Every `Drop::drop`, by package.
    pub(super) drops: OnceLock<BTreeMap<Option<PackageId>, Vec<ItemRef>>>,
    /// What a verdict or a fix depends on and that was not read.
    pub(super) asked: Mutex<Asked>,
    /// Whether the values of a type are told apart, so that what a field keeps says nothing.
    by_value: bool,
    /// Whether the value that is followed keeps the handle in a field, which something joins.
    of_cells: bool,
}

/// What would have to be read to be sure.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) wanted: Wanted,
    /// Births of which the verdict waits for some of that.
    pub(super) waiting: Waiting,
}

/// Births of which the verdict waits for something that was not read: the function, which of its bodies,
/// and which birth in that. Numbers of bodies do not outlive a round of reading.
pub type Waiting = BTreeSet<(FunctionKey, usize, u32)>;

/// A search through callers: where it came from, and the steps that led there.
pub(super) struct Hop<'a> {
    pub(super) exit: Exit,
    pub(super) from: Option<usize>,
    pub(super) trace: &'a [TraceStep],
}

impl<'a> Fates<'a> {
    pub(super) fn new(model: &'a Model<'a>, program: &'a Program, solution: &'a Solution) -> Self {
        Self {
            model,
            program,
            solution,
            kept: Mutex::default(),
            drops: OnceLock::new(),
            asked: Mutex::default(),
            by_value: false,
            of_cells: false,
        }
    }

    /// The same for walks that tell the values of a type apart; `of_cells` says that a field of theirs is joined.
    pub(super) fn of_values(
        model: &'a Model<'a>,
        program: &'a Program,
        solution: &'a Solution,
        of_cells: bool,
    ) -> Self {
        Self { by_value: true, of_cells, ..Self::new(model, program, solution) }
    }

    /// A birth by a number that outlives a round of reading.
    pub(super) fn lasting(&self, body: u32, number: u32) -> Option<(FunctionKey, usize, u32)> {
        let item = self.program.body(body).function.item;
        let function = (item.file, item.item);
        let place = self.program.bodies_of(function).iter().position(|&it| it == body)?;
        Some((function, place, number))
    }

    /// Every call that carries on a handle which was born, and not taken from a cell.
    pub(super) fn carried(&self) -> BTreeSet<Task> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Exit> = Vec::new();
        for (body, lowered) in self.program.giving_birth() {
            for (number, birth) in (0..).zip(&lowered.flows.births) {
                if !birth.owned {
                    open.extend(self.exits(&Task::Birth(body, number)));
                }
            }
        }
        let mut seen: BTreeSet<Exit> = BTreeSet::new();
        while let Some(exit) = open.pop() {
            if !seen.insert(exit.clone()) {
                continue;
            }
            for task in self.solution.carries(&exit) {
                open.extend(self.exits(task));
                found.insert(task.clone());
            }
        }
        found
    }

    fn exits(&self, task: &Task) -> Vec<Exit> {
        let (function, handle, _) = self.place_of(task);
        let ends = self.solution.ends(task).iter();
        ends.filter_map(|end| exit_of(function, end, &handle)).collect()
    }

    /// The function that a walk is in, the handle's type, and whether it is test code.
    pub(super) fn place_of(&self, task: &Task) -> (FunctionKey, Name, bool) {
        let (body, handle) = match task {
            Task::Birth(body, birth) => {
                let birth = &self.program.body(*body).flows.births[*birth as usize];
                (*body, birth.handle())
            }
            Task::Carry(site, exit) => (site.body, exit.handle.clone()),
            Task::Access(site, _, keep, _) => (site.body, keep.1.clone()),
            Task::Param(key) => return (key.function, key.handle.clone(), false),
        };
        let lowered = self.program.body(body);
        let item = lowered.function.item;
        ((item.file, item.item), handle, lowered.is_test)
    }

    /// What becomes of the handle that a walk starts with.
    pub(super) fn judge(&self, task: &Task) -> Judged {
        let (function, handle, is_test) = self.place_of(task);
        let mut sum = Sum::default();
        let body = body_of(task);
        for end in self.solution.ends(task) {
            self.add(&mut sum, end, function, &handle, is_test);
            self.add_sure(&mut sum, end, task);
        }
        // What is never bound is lost whatever the conditions on later statements are.
        let at_once = |loss: &Loss| matches!(loss.kind, LossKind::Discarded | LossKind::Underscore);
        let all_at_once = sum.lost.iter().all(|(loss, _)| at_once(loss));
        let guesses = body.is_some_and(|body| self.program.body(body).guesses)
            && !(all_at_once && sum.joined.is_none() && sum.kept.is_none());
        if let (true, Some((_, lost)), None) = (guesses, sum.lost.first(), &sum.unknown) {
            let mut steps = lost.clone();
            if let Some(last) = steps.last().cloned() {
                let text = "more conditions on statements than are told apart".to_owned();
                steps.push(Step { text, ..last });
            }
            sum.unknown = Some(steps);
        }
        self.conclude(sum, function)
    }

    fn add(&self, sum: &mut Sum, end: &End, function: FunctionKey, handle: &Name, is_test: bool) {
        let own = steps(&end.trace);
        match &end.kind {
            EndKind::Joined => keep_first(&mut sum.joined, own),
            EndKind::Lost(kind) => {
                let text = end.trace.last().map(|step| step.text.clone()).unwrap_or_default();
                let loss = Loss { kind: kind.clone(), file: end.file, range: end.range, text };
                sum.lost.push((loss, own));
            }
            EndKind::Kept(_) if self.by_value => keep_first(&mut sum.unknown, own),
            EndKind::Kept(cell) => self.add_kept(sum, cell, handle, end, is_test),
            EndKind::Returned(_) | EndKind::Left(..) | EndKind::Fed(..) => {
                match exit_of(function, end, handle) {
                    Some(exit) => self.add_callers(sum, exit, &end.trace, is_test),
                    None => keep_first(&mut sum.unknown, own),
                }
            }
            EndKind::Escaped
            | EndKind::Stored
            | EndKind::Captured(..)
            | EndKind::Outside(..)
            | EndKind::Untouched => {
                keep_first(&mut sum.unknown, own);
            }
            EndKind::Exits => {
                sum.exits.get_or_insert((end.file, end.range));
            }
            EndKind::Held(name) => {
                sum.held.get_or_insert_with(|| name.clone());
            }
        }
    }

    /// Notes a loss of which nothing says that it may be none: no condition that is not told apart, and no way on which
    /// it may have been another one that was taken out.
    fn add_sure(&self, sum: &mut Sum, end: &End, task: &Task) {
        let guesses = body_of(task).is_none_or(|body| self.program.body(body).guesses);
        let is_left =
            matches!(end.kind, EndKind::Lost(LossKind::Collection(_) | LossKind::Owner(_)));
        // What is taken out of a field and dropped is the very one.
        let may_doubt = is_left || !self.of_cells;
        let is_doubt =
            |other: &End| may_doubt && other.way.passed && !matches!(other.kind, EndKind::Joined);
        let is_lost = matches!(end.kind, EndKind::Lost(_)) && sum.sure.is_none();
        if is_lost && !guesses && !self.solution.ends(task).iter().any(is_doubt) {
            sum.sure = sum.lost.last().cloned();
        }
    }

    fn add_kept(&self, sum: &mut Sum, cell: &Cell, handle: &Name, end: &End, is_test: bool) {
        let with = |more: Vec<Step>| {
            let mut all = steps(&end.trace);
            all.extend(more);
            all
        };
        match self.kept(&(cell.clone(), handle.clone()), is_test) {
            Kept::Joined(more, forgettable, lost) => {
                keep_first(&mut sum.kept, with(more));
                sum.lost_from_cell |= lost.is_some();
                sum.lost.extend(lost.map(|(loss, more)| (loss, with(more))));
                sum.forgettable = sum.forgettable.take().or(forgettable);
            }
            Kept::HandedOut(more) => keep_first(&mut sum.handed_out, with(more)),
            Kept::Unknown(more) => keep_first(&mut sum.unknown, with(more)),
            Kept::Never(in_tests) => {
                let home = home_name(self.model, &cell.home);
                let text = if in_tests {
                    format!("only tests join what {home} keeps")
                } else {
                    format!("nobody joins what {home} keeps")
                };
                let (file, range) =
                    declared(self.model, &cell.home).unwrap_or((end.file, end.range));
                let step = Step { file, range, text: text.clone() };
                let kind = LossKind::Kept(cell.home.clone());
                sum.lost.push((Loss { kind, file, range, text }, with(vec![step])));
            }
        }
    }

    /// What becomes of what a cell keeps; `is_test` says whether tests count.
    fn kept(&self, keep: &Keep, is_test: bool) -> Kept {
        let key = (keep.clone(), is_test);
        let known = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return known;
        }
        let kept = self.judge_kept(keep, is_test);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key, kept.clone());
        kept
    }

    /// Types and statics that keep handles which nobody joins.
    pub(super) fn never_joined(&self) -> BTreeSet<(FileId, ItemId)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let never = kept.iter().filter(|(_, kept)| matches!(kept, Kept::Never(_)));
        never.filter_map(|(((cell, _), _), _)| cell.home.declaration()).collect()
    }

    /// Everything that callers do with a handle that leaves a function, however far up.
    fn add_callers(&self, sum: &mut Sum, exit: Exit, trace: &[TraceStep], is_test: bool) {
        let mut hops = vec![Hop { exit: exit.clone(), from: None, trace }];
        let mut seen = BTreeSet::from([exit]);
        let mut next = 0;
        while next < hops.len() {
            let at = next;
            next += 1;
            if hops.len() > MAX_HOPS {
                return keep_first(&mut sum.unknown, steps(trace));
            }
            let exit = hops[at].exit.clone();
            self.beyond(sum, &exit, &hops, at);
            let mut called = false;
            for task in self.solution.carries(&exit) {
                let (function, handle, in_test) = self.place_of(task);
                if in_test && !is_test {
                    continue;
                }
                called = true;
                for end in self.solution.ends(task) {
                    if let Some(exit) = exit_of(function, end, &handle) {
                        if seen.insert(exit.clone()) {
                            hops.push(Hop { exit, from: Some(at), trace: &end.trace });
                        }
                        continue;
                    }
                    let mut own = Sum::default();
                    self.add(&mut own, end, function, &handle, is_test);
                    self.add_sure(&mut own, end, task);
                    own.before(&path(&hops, at));
                    sum.take_elsewhere(own);
                }
            }
            if !called && !self.is_exported(exit.function) {
                let text = "nobody here is seen to call the function that hands it out";
                keep_first(&mut sum.uncalled, self.noted(&hops, at, text));
            }
        }
    }

    /// Callers of a function that nobody can see, or that could not be told.
    pub(super) fn beyond(&self, sum: &mut Sum, exit: &Exit, hops: &[Hop<'_>], at: usize) {
        if self.is_exported(exit.function) {
            let text = "handed out to code outside the workspace";
            keep_first(&mut sum.handed_out, self.noted(hops, at, text));
        }
        if let Some(text) = self.doubt(exit.function, exit.left_in.is_some()) {
            keep_first(&mut sum.unknown, self.noted(hops, at, text));
        }
    }

    /// Why a function may have callers that were not resolved.
    fn doubt(&self, function: FunctionKey, left_behind: bool) -> Option<&'static str> {
        let reference = self.reference(function)?;
        let item = self.model.item(reference.item);
        let scope = self.model.scope_of_function(reference.item);
        let sees =
            |body: u32| self.model.in_scope(self.program.body(body).function.item.file, scope);
        if left_behind && !self.program.values_of(function).is_empty() {
            return Some("the function that hands it out is itself handed on");
        }
        if let Some(declared) = self.model.function(reference.item)
            && self.program.loose_calls(&item.name, declared).any(|site| sees(site.body))
        {
            return Some("a call of this name that could not be resolved may get it");
        }
        if self.solution.crowded.contains(&function) {
            return Some("the function that hands it out does so in too many ways to follow");
        }
        let named = spelled(&item.name);
        if self.program.macros_with(named).iter().any(|&body| sees(body))
            || self.model.macro_with(named, scope).is_some()
        {
            return Some("a macro that is not expanded names the function that hands it out");
        }
        if self.model.unreadable_with(named, scope).is_some() {
            return Some("a file that could not be analysed names the function that hands it out");
        }
        let of_trait = self.model.is_of_trait(&reference);
        of_trait.then_some("the function that hands it out implements a trait")
    }

    pub(super) fn reference(&self, function: FunctionKey) -> Option<FunctionRef> {
        let body = self.program.bodies_of(function).first()?;
        Some(self.program.body(*body).function)
    }

    /// The path to a hop, with a remark at its end.
    fn noted(&self, hops: &[Hop<'_>], at: usize, text: &str) -> Vec<Step> {
        let mut all = path(hops, at);
        let last = hops[at].trace.last().map(|step| (step.file, step.range));
        let item = self.reference(hops[at].exit.function);
        let own = item.map(|it| (it.item.file, self.model.item(it.item).range));
        if let Some((file, range)) = last.or(own) {
            all.push(Step { file, range, text: text.to_owned() });
        }
        all
    }

    /// Whether code outside the workspace may call a function.
    pub(super) fn is_exported(&self, function: FunctionKey) -> bool {
        let Some(function) = self.reference(function).filter(|it| !it.test_only) else {
            return false;
        };
        let model = self.model;
        let is_public = model.item(function.item).visibility == Visibility::Public;
        match function.container.map(|container| (container, &model.item(container).kind)) {
            Some((container, ItemKind::Impl(it))) => {
                let ty = model.ty(container.module, None, &it.generics, &it.self_ty);
                let reachable = match ty.peel().head() {
                    Some(TyHead::Item(file, item)) => model.is_reachable(file, item),
                    // Whatever has the trait has the method.
                    Some(TyHead::External(_)) | None => self.publishes(function.item.file),
                };
                (is_public || it.trait_path.is_some()) && reachable
            }
            Some((container, _)) => model.is_reachable(container.file, container.item),
            None => is_public && model.is_reachable(function.item.file, function.item.item),
        }
    }

    fn conclude(&self, sum: Sum, function: FunctionKey) -> Judged {
        let (exits, held, forgettable) = (sum.exits, sum.held.clone(), sum.forgettable.clone());
        let decisive = decisive(&sum.lost);
        // Losses in callers are theirs, unless they are losses of a value that is made here.
        let (elsewhere, lost_elsewhere) = sum.lost_elsewhere.unzip();
        let lost = decisive.map(|(_, steps)| steps.clone()).or(lost_elsewhere);
        let loss = decisive.map(|(loss, _)| loss.clone()).or(elsewhere.filter(|_| self.by_value));
        let sure = sum.sure.filter(|_| self.by_value);
        let uncalled = sum.uncalled.is_some() && sum.unknown.is_none() && sum.handed_out.is_none();
        let is_kept = sum.kept.is_some();
        let good = sum.kept.or(sum.joined);
        let (outcome, mut steps, loss) =
            match (sum.unknown.or(sum.uncalled), sum.handed_out, good, lost) {
                // Where one way joins it, one that is sure to lose it is enough, whatever becomes of it on others.
                (Some(_), None, Some(good), _) if sure.is_some() => {
                    let (loss, lost) = sure.unzip();
                    (Outcome::Partly, and_then(good, lost), loss)
                }
                (Some(steps), ..) => (Outcome::Unknown, steps, None),
                (None, Some(steps), ..) => (Outcome::HandedOut, steps, None),
                (None, None, Some(good), Some(lost)) => {
                    (Outcome::Partly, and_then(good, Some(lost)), loss)
                }
                (None, None, Some(good), None) if is_kept => (Outcome::StoredAndJoined, good, None),
                (None, None, Some(good), None) => (Outcome::Joined, good, None),
                (None, None, None, Some(lost)) => (Outcome::Detached, lost, loss),
                (None, None, None, None) => (Outcome::Owned, self.endless(function), None),
            };
        steps.truncate(MAX_STEPS);
        let lost_from_cell = sum.lost_from_cell && outcome == Outcome::Partly;
        Judged { outcome, steps, loss, exits, held, forgettable, uncalled, lost_from_cell }
    }

    /// Whether a child process that is lost here may be no zombie: something else waits for any
    /// child, or the code is for no Unix.
    pub(super) fn spares_children(&self, body: u32) -> bool {
        let lowered = self.program.body(body);
        let package = self.model.project.file(lowered.function.item.file).package;
        !lowered.on_unix || self.model.reapers.contains(&package)
    }

    fn endless(&self, function: FunctionKey) -> Vec<Step> {
        let Some(function) = self.reference(function) else { return Vec::new() };
        let range = self.model.item(function.item).range;
        let range = TextRange::new(range.end.saturating_sub(1), range.end);
        let text = "held by a function that never gets to its end".to_owned();
        vec![Step { file: function.item.file, range, text }]
    }
}

/// The body that a walk from a birth or a call is in.
fn body_of(task: &Task) -> Option<u32> {
    match task {
        Task::Birth(body, _) => Some(*body),
        Task::Carry(site, _) => Some(site.body),
        Task::Access(..) | Task::Param(_) => None,
    }
}

/// The steps that led to a hop, from the first on.
fn path(hops: &[Hop<'_>], at: usize) -> Vec<Step> {
    let mut traces = Vec::new();
    let mut hop = Some(at);
    while let Some(index) = hop
        && traces.len() < MAX_STEPS
    {
        traces.push(hops[index].trace);
        hop = hops[index].from;
    }
    traces.into_iter().rev().flat_map(steps).collect()
}

/// Steps and those that follow, each once.
fn and_then(mut steps: Vec<Step>, more: Option<Vec<Step>>) -> Vec<Step> {
    let new: Vec<Step> = more.into_iter().flatten().filter(|step| !steps.contains(step)).collect();
    steps.extend(new);
    steps
}

/// The loss that tells most: one at birth or on purpose, else the last, where the scope ends.
fn decisive(lost: &[(Loss, Vec<Step>)]) -> Option<&(Loss, Vec<Step>)> {
    let plain = |kind: &LossKind| {
        matches!(
            kind,
            LossKind::ScopeEnd(_)
                | LossKind::Collection(_)
                | LossKind::Kept(_)
                | LossKind::Owner(_)
        )
    };
    lost.iter().max_by_key(|(loss, _)| (!plain(&loss.kind), loss.file, loss.range))
}
