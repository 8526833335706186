//! Handles in fields and statics: whether anything that names one ever joins it.

use std::collections::BTreeSet;

use super::fate::{Fates, Hop};
use super::joins::{drop_leads_to, is_drop};
use super::sum::{Sum, keep_first, steps};
use super::{Loss, Step};
use crate::facts::tree::{ItemKind, Name, STAND_IN, Visibility};
use crate::flow::{
    Call, End, EndKind, Flow, Home, Keep, LossKind, Lowered, Task, declared_field, exit_of,
    home_name,
};
use crate::model::{FunctionRef, Model};
use crate::source::{FileId, Target, TargetKind};
use crate::text::TextRange;

/// Words in the names of functions that are there to let a thread go.
const LETTING_GO: &[&str] =
    &["detach", "detached", "forget", "leak", "abandon", "release", "disown"];

/// What becomes of what a cell keeps.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// Something joins it; what has to be called for that, if dropping the owner does not do it; and where something
    /// else takes it and loses it.
    Joined(Vec<Step>, Option<Forgettable>, Option<(Loss, Vec<Step>)>),
    /// Code outside the workspace can take it.
    HandedOut(Vec<Step>),
    /// Something takes it that could not be followed.
    Unknown(Vec<Step>),
    /// Nobody joins it; `true` when only tests do.
    Never(bool),
}

/// A handle that is kept and joined only when somebody calls for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgettable {
    /// What keeps it, such as "`Pool::handle`".
    pub home: String,
    /// The file that declares it.
    pub file: FileId,
    /// Where that is declared.
    pub range: TextRange,
    /// The function that joins it.
    pub by: String,
}

/// A judgement in progress.
#[derive(Default)]
struct Search {
    keeps: Vec<Keep>,
    seen_keeps: BTreeSet<Keep>,
    seen_tasks: BTreeSet<Task>,
    joined: Option<Vec<Step>>,
    /// Bodies in which a walk ends with a join, `None` for one that is not sure.
    joining: Vec<Option<u32>>,
    unknown: Option<Vec<Step>>,
    handed_out: Option<Vec<Step>>,
    in_tests: bool,
    lost: Option<(Loss, Vec<Step>)>,
}

impl Fates<'_> {
    pub(super) fn judge_kept(&self, keep: &Keep, is_test: bool) -> Kept {
        let mut search = Search { keeps: vec![keep.clone()], ..Search::default() };
        search.seen_keeps.insert(keep.clone());
        while let Some(keep) = search.keeps.pop() {
            if let Some(step) = self.named_in_macro(&keep) {
                keep_first(&mut search.unknown, vec![step]);
            }
            if let Some(step) = self.is_public(&keep.0.home) {
                keep_first(&mut search.handed_out, vec![step]);
            }
            let mut tasks: Vec<Task> = self.solution.accesses(&keep).to_vec();
            while let Some(task) = tasks.pop() {
                if search.seen_tasks.insert(task.clone()) {
                    self.look_at(&mut search, &task, &mut tasks, is_test);
                }
            }
        }
        match (search.joined, search.unknown, search.handed_out) {
            (Some(steps), ..) => {
                Kept::Joined(steps, self.forgettable(&keep.0.home, &search.joining), search.lost)
            }
            (None, Some(steps), _) => Kept::Unknown(steps),
            // Who receives it may be anywhere.
            (None, None, _) if matches!(keep.0.home, Home::Channel(_)) => Kept::Unknown(Vec::new()),
            (None, None, Some(steps)) => Kept::HandedOut(steps),
            (None, None, None) => match self.any_shared(&search.seen_keeps) {
                Some(step) => Kept::Unknown(vec![step]),
                None => Kept::Never(search.in_tests),
            },
        }
    }

    /// Where one of the fields that a handle goes through gets a shared pointer that others may have.
    fn any_shared(&self, keeps: &BTreeSet<Keep>) -> Option<Step> {
        keeps.iter().find_map(|(cell, _)| self.may_share(&cell.home))
    }

    /// Takes what one walk found into account, and opens what it leads to.
    fn look_at(&self, search: &mut Search, task: &Task, tasks: &mut Vec<Task>, is_test: bool) {
        let (function, handle, in_test) = self.place_of(task);
        let counts = !in_test || is_test;
        let sure = !matches!(task, Task::Access(_, _, _, false));
        let in_drop =
            body_of(task).is_some_and(|body| is_drop(self.model, self.program.body(body).function));
        for end in self.solution.ends(task) {
            // What a `drop` does with it beyond what is followed may be a join.
            if in_drop && !matches!(end.kind, EndKind::Lost(_) | EndKind::Untouched) {
                search.joining.push(None);
            }
            match &end.kind {
                EndKind::Joined if counts => {
                    search.joining.push(body_of(task).filter(|_| sure));
                    keep_first(&mut search.joined, steps(&end.trace));
                }
                EndKind::Joined => search.in_tests = true,
                // Something of this name goes somewhere: it may be this.
                EndKind::Kept(_) | EndKind::Returned(_) | EndKind::Left(..) | EndKind::Fed(..)
                    if !sure =>
                {
                    let stays = matches!(&end.kind, EndKind::Left(..)) && end.trace.len() <= 1;
                    if counts && !stays {
                        keep_first(&mut search.unknown, steps(&end.trace));
                    }
                }
                EndKind::Kept(cell) => {
                    let other = (cell.clone(), handle.clone());
                    if counts && search.seen_keeps.insert(other.clone()) {
                        search.keeps.push(other);
                    }
                }
                EndKind::Returned(_) | EndKind::Left(..) | EndKind::Fed(..) => {
                    let Some(exit) = exit_of(function, end, &handle) else {
                        keep_first(&mut search.unknown, steps(&end.trace));
                        continue;
                    };
                    let mut beyond = Sum::default();
                    let hop = Hop { exit: exit.clone(), from: None, trace: &end.trace };
                    self.beyond(&mut beyond, &exit, &[hop], 0);
                    if let Some(steps) = beyond.unknown.filter(|_| counts) {
                        keep_first(&mut search.unknown, steps);
                    }
                    if let Some(steps) = beyond.handed_out.filter(|_| counts) {
                        keep_first(&mut search.handed_out, steps);
                    }
                    tasks.extend(self.solution.carries(&exit).iter().cloned());
                }
                EndKind::Escaped
                | EndKind::Stored
                | EndKind::Captured(..)
                | EndKind::Outside(..)
                    if counts =>
                {
                    keep_first(&mut search.unknown, steps(&end.trace));
                }
                EndKind::Lost(kind) if counts && self.is_taken_and_lost(task, end) => {
                    let text = end.trace.last().map(|step| step.text.clone()).unwrap_or_default();
                    let loss = Loss { kind: kind.clone(), file: end.file, range: end.range, text };
                    search.lost.get_or_insert_with(|| (loss, steps(&end.trace)));
                }
                EndKind::Lost(_)
                | EndKind::Exits
                | EndKind::Held(_)
                | EndKind::Untouched
                | EndKind::Escaped
                | EndKind::Stored
                | EndKind::Captured(..)
                | EndKind::Outside(..) => {}
            }
        }
    }

    /// Whether a walk that takes a handle out of a cell loses it, whatever else the owner holds: nothing in the function
    /// can have taken it before.
    fn is_taken_and_lost(&self, task: &Task, end: &End) -> bool {
        let Task::Access(site, place, keep, true) = task else { return false };
        let is_taken = match &end.kind {
            EndKind::Lost(LossKind::Collection(_)) => end.trace.len() > 1,
            EndKind::Lost(
                LossKind::ScopeEnd(_)
                | LossKind::Discarded
                | LossKind::Underscore
                | LossKind::OnPurpose,
            ) => true,
            _ => false,
        };
        if !is_taken || end.way.passed || end.way.left || end.way.swayed {
            return false;
        }
        let lowered = self.program.body(site.body);
        let name = &self.model.item(lowered.function.item).name;
        if LETTING_GO.iter().any(|word| name.split('_').any(|part| part == *word)) {
            return false;
        }
        // A thread that finds itself at the end of its own handle cannot join that, and one that panics need not.
        let is_around =
            |lowered: &Lowered| self.model.item(lowered.function.item).range.contains(end.range);
        let asks_who = |lowered: &Lowered| {
            let mut calls = lowered.flows.bodies.iter().flat_map(Flow::calls);
            calls.any(|call| matches!(&*call.name, "id" | "panicking"))
        };
        let mut losing = self.program.in_file(end.file).filter(|it| is_around(it));
        if asks_who(lowered) || losing.any(asks_who) {
            return false;
        }
        let flow = lowered.flows.body(site.flow);
        let at = (site.block, site.index as usize);
        let others = self.solution.accesses(keep).iter().filter_map(|task| match task {
            Task::Access(other, ..) if other.body == site.body && other != site => Some(other),
            _ => None,
        });
        let mut before = others.filter(|other| {
            let place = (other.block, other.index as usize);
            other.flow != site.flow || (flow.is_before(place, at) && !flow.only_counts(place))
        });
        before.next().is_none()
            && flow.is_untouched_before(place, at, &|call| self.may_come_to(site.body, call, keep))
    }

    /// Whether a call in a body may lead to a function that names a cell.
    fn may_come_to(&self, body: u32, call: &Call, keep: &Keep) -> bool {
        let accesses = self.solution.accesses(keep).iter().filter_map(body_of);
        let naming = accesses.map(|body| self.program.body(body).function.item).collect();
        self.program.may_come_to(body, call, &naming)
    }

    /// What has to be called to join what a field keeps, if nothing that runs in a `drop` does it.
    fn forgettable(&self, home: &Home, joining: &[Option<u32>]) -> Option<Forgettable> {
        let Home::Field(file, ..) = home else { return None };
        let bodies: Option<Vec<u32>> = joining.iter().copied().collect();
        let functions: Vec<FunctionRef> =
            bodies?.into_iter().map(|body| self.program.body(body).function).collect();
        let function = *functions.first()?;
        // A function that makes the owner and joins what it keeps is none that its users call.
        let is_method = |it: &FunctionRef| {
            self.model.function(it.item).is_some_and(|function| function.receiver.is_some())
        };
        if functions.iter().any(|it| is_drop(self.model, *it) || !is_method(it)) {
            return None;
        }
        let name = |it: &FunctionRef| self.model.item(it.item).name.clone();
        let names: Vec<Name> = functions.iter().map(name).collect();
        if drop_leads_to(self, self.model.project.file(*file).package, &names) {
            return None;
        }
        let by = self.model.item_path(function.item, function.container);
        let (file, range) = declared(self.model, home)?;
        Some(Forgettable { home: home_name(self.model, home), file, range, by })
    }

    /// A macro that is not expanded and names a cell, or a file that nobody could read and does.
    fn named_in_macro(&self, keep: &Keep) -> Option<Step> {
        // What a macro writes is named by whoever calls it.
        let (file, item) = &keep.0.home.declaration()?;
        let declared = self.model.facts.get(*file)?.item(*item);
        let name = match &keep.0.home {
            Home::Field(_, _, member) => Name::from(member.rsplit('.').next().unwrap_or(member)),
            Home::Static(..) | Home::Channel(_) => declared.name.clone(),
        };
        if name.starts_with(STAND_IN) || declared.name.starts_with(STAND_IN) {
            let text = "declared by a macro that is not expanded".to_owned();
            return Some(Step { file: *file, range: declared.range, text });
        }
        let scope = self.model.scope_of_home(&keep.0.home);
        let whole = |file: FileId, text: String| Step { file, range: TextRange::default(), text };
        if let Some(file) = self.model.unreadable_with(&name, scope) {
            let text = format!("this file could not be analysed, and it names `{name}`");
            return Some(whole(file, text));
        }
        if let Some(file) = self.model.macro_with(&name, scope) {
            let text = format!("a macro in this file that is not expanded names `{name}`");
            return Some(whole(file, text));
        }
        let body = self.program.macros_with(&name).iter().find(|&&body| {
            self.model.in_scope(self.program.body(body).function.item.file, scope)
        })?;
        let item = self.program.body(*body).function.item;
        let range = self.model.item(item).range;
        let text = format!("a macro in here that is not expanded names `{name}`");
        Some(Step { file: item.file, range, text })
    }

    /// Whether code outside the workspace can name a field or static.
    fn is_public(&self, home: &Home) -> Option<Step> {
        let (file, id) = &home.declaration()?;
        let item = self.model.facts.get(*file)?.item(*id);
        let shown = match home {
            Home::Field(_, _, member) => {
                let is_enum = matches!(item.kind, ItemKind::Enum(_));
                let declared = declared_field(&item.kind, member);
                is_enum || declared.is_some_and(|field| field.visibility == Visibility::Public)
            }
            Home::Static(..) | Home::Channel(_) => true,
        };
        let exported = item.visibility == Visibility::Public && self.model.is_reachable(*file, *id);
        let (file, range) = declared(self.model, home)?;
        let text = format!("{} is open to code outside the workspace", home_name(self.model, home));
        (shown && exported).then_some(Step { file, range, text })
    }

    /// Whether a file belongs to a package with a library that others may use.
    pub(super) fn publishes(&self, file: FileId) -> bool {
        let project = self.model.project;
        project.file(file).package.is_some_and(|package| {
            let is_lib =
                |target: &Target| target.package == package && target.kind == TargetKind::Lib;
            project.package(package).publish && project.targets.iter().any(is_lib)
        })
    }
}

/// The body that a walk is in.
fn body_of(task: &Task) -> Option<u32> {
    match task {
        Task::Birth(body, _) => Some(*body),
        Task::Carry(site, _) | Task::Access(site, ..) => Some(site.body),
        Task::Param(_) => None,
    }
}

/// Where a field or static is declared.
pub(super) fn declared(model: &Model<'_>, home: &Home) -> Option<(FileId, TextRange)> {
    let (file, id) = &home.declaration()?;
    let item = model.facts.get(*file)?.item(*id);
    let range = match home {
        Home::Field(_, _, member) => declared_field(&item.kind, member).map(|field| field.range),
        Home::Static(..) | Home::Channel(_) => None,
    };
    Some((*file, range.unwrap_or(item.range)))
}
