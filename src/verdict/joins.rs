//! Places where a thread is joined, and what is made of the answer.
//!
//! The walks know which calls really join a handle; here each of those calls is looked at once more,
//! for what becomes of the `Result` that it gives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::fate::Fates;
use super::feeds::{AliveSender, alive_senders};
use super::guards::{HeldLock, held_locks};
use super::repair;
use crate::catalog::Role;
use crate::facts::tree::{ItemKind, Name};
use crate::finding::{CodeKind, Fix};
use crate::flow::{
    Call, Callable, Callee, End, EndKind, Flow, FunctionKey, LocalId, LocalKind, Lowered, Operand,
    StmtKind, Task, Terminator, Test,
};
use crate::model::{Def, FunctionRef, ItemRef, Model};
use crate::source::{FileId, PackageId};
use crate::text::TextRange;

/// Callers looked back over for who ends something.
const MAX_CALLERS: usize = 4;

/// A call that joins a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Its file.
    pub file: FileId,
    /// The name of the method.
    pub name: TextRange,
    /// The whole call.
    pub call: TextRange,
    /// The statement that holds it.
    pub statement: TextRange,
    /// Path of the enclosing item.
    pub item: String,
    /// Package of the file.
    pub package: Option<PackageId>,
    /// Which code it is in.
    pub code: CodeKind,
    /// What becomes of the result.
    pub result: Answer,
    /// Whether the value inside the result, once unwrapped, is used.
    pub value_taken: bool,
    /// Whether it is in `Drop::drop`.
    pub in_drop: bool,
    /// Whether it is reached only when something is shut down, or after an error.
    pub at_the_end: bool,
    /// The edit that has its result unwrapped, where that is certain.
    pub fix: Option<Fix>,
    /// A sender that the thread waits for and that lives beyond this call.
    pub alive_sender: Option<AliveSender>,
    /// A guard that lives beyond this call, and whose lock the thread takes.
    pub held_lock: Option<HeldLock>,
    /// Whether the function asks if the thread is panicking.
    pub asks_panicking: bool,
    /// The function, for who calls it.
    pub(super) function: FunctionRef,
}

/// What becomes of the result of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody looks at it.
    Ignored,
    /// It is unwrapped: a panic goes on here.
    Unwrapped,
    /// Something else is made of it.
    Used,
}

/// Every join of a thread, in order.
pub(super) fn joins(fates: &Fates<'_>) -> Vec<Join> {
    let mut known = joined(fates);
    for at in meant_to_panic(fates) {
        known.remove(&at);
    }
    let mut found: BTreeMap<(FileId, TextRange), Join> = BTreeMap::new();
    for site in fates.program.joins() {
        let lowered = fates.program.body(site.body);
        let flow = lowered.flows.body(site.flow);
        let block = site.block.0 as usize;
        let stmt = &flow.blocks[block].stmts[site.index as usize];
        let StmtKind::Call(call) = &stmt.kind else { continue };
        let key = (lowered.function.item.file, call.name_range);
        if known.contains(&key) {
            let join = join(fates, site.body, lowered, flow, call, stmt.range, block);
            found.entry(key).or_insert(join);
        }
    }
    for (key, sender) in alive_senders(fates) {
        if let Some(join) = found.get_mut(&key) {
            join.alive_sender = Some(sender);
        }
    }
    for (key, lock) in held_locks(fates) {
        if let Some(join) = found.get_mut(&key) {
            join.held_lock = Some(lock);
        }
    }
    found.into_values().collect()
}

/// Places at which some walk found a thread joined.
fn joined(fates: &Fates<'_>) -> BTreeSet<(FileId, TextRange)> {
    let catalog = fates.model.catalog;
    let of_thread = fates.solution.tasks().filter(|task| {
        let (_, handle, _) = fates.place_of(task);
        catalog.role(&handle) == Some(Role::Handle)
    });
    let ends = of_thread.flat_map(|task| fates.solution.ends(task));
    ends.filter(|end| end.kind == EndKind::Joined).map(|end| (end.file, end.range)).collect()
}

/// Joins of threads that panic on purpose: whoever tests that ignores the result.
fn meant_to_panic(fates: &Fates<'_>) -> BTreeSet<(FileId, TextRange)> {
    let mut found = BTreeSet::new();
    for task in fates.solution.tasks() {
        let Task::Birth(body, number) = task else { continue };
        let flows = &fates.program.body(*body).flows;
        let birth = &flows.births[*number as usize];
        let panics = matches!(&birth.runs, Some(Callable::Body(id)) if flows.body(*id).panics);
        if panics {
            let joined = |end: &&End| end.kind == EndKind::Joined;
            let ends = fates.solution.ends(task).iter().filter(joined);
            found.extend(ends.map(|end| (end.file, end.range)));
        }
    }
    found
}

fn join(
    fates: &Fates<'_>,
    body: u32,
    lowered: &Lowered,
    flow: &Flow,
    call: &Call,
    range: TextRange,
    block: usize,
) -> Join {
    let (model, function) = (fates.model, lowered.function);
    let in_drop = is_drop(model, function);
    let result = answer(model, flow, call.dst);
    let fix =
        if result == Answer::Ignored { repair::unwrapped(model, function, range) } else { None };
    Join {
        fix,
        file: function.item.file,
        name: call.name_range,
        call: range,
        statement: call.statement,
        item: model.item_path(function.item, function.container),
        package: model.project.file(function.item.file).package,
        code: model.code_kind(function.item.module, function.test_only),
        result,
        value_taken: value_taken(model, flow, call.dst),
        in_drop,
        alive_sender: None,
        held_lock: None,
        at_the_end: in_drop
            || after_error(flow, block)
            || result == Answer::Ignored && ends_something(fates, body),
        function,
        asks_panicking: lowered.flows.bodies.iter().any(asks),
    }
}

/// Whether somebody uses what an `unwrap` of a local gives.
fn value_taken(model: &Model<'_>, flow: &Flow, local: LocalId) -> bool {
    let unwraps = flow.calls().filter(|call| {
        matches!(&call.callee, Callee::Method(place, name, _)
            if place.local == local && matches!(&**name, "unwrap" | "expect"))
    });
    // `let _ = …` says that nobody wants it.
    let declined = |local: LocalId| flow.locals[local.0 as usize].kind == LocalKind::Underscore;
    let mut unwraps = unwraps.into_iter().map(|call| call.dst);
    unwraps.any(|it| declined(it) || answer(model, flow, it) != Answer::Ignored)
}

/// What becomes of the value in a local.
fn answer(model: &Model<'_>, flow: &Flow, local: LocalId) -> Answer {
    if flow.locals[local.0 as usize].kind == LocalKind::Underscore {
        return Answer::Ignored;
    }
    if flow.looked_at.contains(&local) {
        return Answer::Used;
    }
    let takes = |operand: &Operand| operand.place().is_some_and(|(place, _)| place.local == local);
    for block in &flow.blocks {
        for stmt in &block.stmts {
            match &stmt.kind {
                StmtKind::Assign(_, from) if from.local == local => return Answer::Used,
                StmtKind::Build(_, parts) if parts.iter().any(|(_, part)| takes(part)) => {
                    return Answer::Used;
                }
                StmtKind::Mention(places, _) if places.iter().any(|it| it.local == local) => {
                    return Answer::Used;
                }
                StmtKind::Closure(_, _, captures)
                    if captures.iter().any(|it| it.outer.local == local) =>
                {
                    return Answer::Used;
                }
                StmtKind::Call(call) => match &call.callee {
                    Callee::Method(place, name, _) if place.local == local => {
                        return match &**name {
                            "ok" => answer(model, flow, call.dst),
                            "unwrap" | "expect" => Answer::Unwrapped,
                            _ => Answer::Used,
                        };
                    }
                    Callee::Function(defs) if call.args.iter().any(takes) => {
                        let drops = |def: &Def| matches!(def, Def::External(path) if model.catalog.role(path) == Some(Role::Detach));
                        let dropped = !defs.is_empty() && defs.iter().all(drops);
                        return if dropped { Answer::Ignored } else { Answer::Used };
                    }
                    _ if call.args.iter().any(takes) => return Answer::Used,
                    _ => {}
                },
                _ => {}
            }
        }
        let tested = match &block.end {
            Terminator::Branch(edges) => edges
                .iter()
                .flat_map(|(_, conditions)| conditions)
                .any(|condition| condition.place.local == local),
            Terminator::Next { iter, .. } => iter.local == local,
            Terminator::Stop
            | Terminator::Diverge(_)
            | Terminator::Exit(_)
            | Terminator::Goto(_)
            | Terminator::Return => false,
        };
        if tested {
            return Answer::Used;
        }
    }
    Answer::Ignored
}

/// Whether a function is `Drop::drop` of something.
pub(super) fn is_drop(model: &Model<'_>, function: FunctionRef) -> bool {
    let of_drop = function.container.is_some_and(|container| {
        matches!(&model.item(container).kind, ItemKind::Impl(it)
            if it.trait_path.as_ref().is_some_and(|path| path.last() == "Drop"))
    });
    of_drop && &*model.item(function.item).name == "drop"
}

/// Whether a block is reached only behind an error or a missing value.
fn after_error(flow: &Flow, block: usize) -> bool {
    let mut at = block;
    for _ in 0..16 {
        let into = flow.blocks.iter().enumerate().flat_map(|(from, here)| {
            let edges: Vec<(usize, bool)> = match &here.end {
                Terminator::Goto(to) => vec![(to.0 as usize, false)],
                Terminator::Branch(edges) => edges
                    .iter()
                    .map(|(to, all)| {
                        let failed = all.iter().any(|it| it.test == Test::Inner && !it.holds);
                        (to.0 as usize, failed)
                    })
                    .collect(),
                Terminator::Next { body, exit, .. } => {
                    vec![(body.0 as usize, false), (exit.0 as usize, false)]
                }
                Terminator::Stop
                | Terminator::Diverge(_)
                | Terminator::Exit(_)
                | Terminator::Return => Vec::new(),
            };
            edges.into_iter().map(move |(to, failed)| (from, to, failed))
        });
        let into: Vec<_> = into.filter(|(_, to, _)| *to == at).collect();
        match into.as_slice() {
            [(_, _, true)] => return true,
            [(from, _, false)] => at = *from,
            _ => return false,
        }
    }
    false
}

/// Whether a function only runs when something comes to its end: its own name or its callers' say so.
fn ends_something(fates: &Fates<'_>, body: u32) -> bool {
    let mut seen: BTreeSet<FunctionKey> = BTreeSet::new();
    let mut open = vec![(body, 0)];
    while let Some((body, depth)) = open.pop() {
        let function = fates.program.body(body).function;
        let key = (function.item.file, function.item.item);
        if !seen.insert(key) || says_end(&fates.model.item(function.item).name) {
            continue;
        }
        if is_drop(fates.model, function) {
            continue;
        }
        // What makes something does not run at an end, whoever calls it; and what tests do is left to them.
        if makes_something(&fates.model.item(function.item).name) {
            return false;
        }
        let callers = match fates.model.code_kind(function.item.module, function.test_only) {
            CodeKind::Main => fates.program.callers_of(key),
            _ => fates.program.calls_of(key),
        };
        if callers.is_empty() || depth >= MAX_CALLERS {
            return false;
        }
        open.extend(callers.iter().map(|site| (site.body, depth + 1)));
    }
    true
}

/// Whether a function is a constructor, by convention.
fn makes_something(name: &str) -> bool {
    matches!(name, "new" | "default" | "main") || name.starts_with("new_")
}

/// Whether a `drop` of a package leads to one of some functions. What was not read may.
pub(super) fn drop_leads_to(fates: &Fates<'_>, package: Option<PackageId>, names: &[Name]) -> bool {
    let model = fates.model;
    let drops = fates.drops.get_or_init(|| {
        let mut drops: BTreeMap<Option<PackageId>, Vec<ItemRef>> = BTreeMap::new();
        for it in model.functions.iter().filter(|it| &*model.item(it.item).name == "drop") {
            if is_drop(model, *it) {
                let package = model.project.file(it.item.file).package;
                drops.entry(package).or_default().push(it.item);
            }
        }
        drops
    });
    let drops = drops.get(&package).into_iter().flatten();
    let mut seen: BTreeSet<FunctionKey> = BTreeSet::new();
    let mut open: Vec<_> = drops.map(|&item| (item, 0)).collect();
    while let Some((item, depth)) = open.pop() {
        let key = (item.file, item.item);
        if !seen.insert(key) {
            continue;
        }
        let bodies = fates.program.bodies_of(key);
        if bodies.is_empty() {
            fates.asked.lock().unwrap_or_else(PoisonError::into_inner).wanted.functions.insert(key);
        }
        for flow in bodies.iter().flat_map(|&body| &fates.program.body(body).flows.bodies) {
            if flow.calls().any(|call| names.contains(&call.name)) {
                return true;
            }
            if depth < MAX_CALLERS {
                open.extend(flow.calls().filter_map(|it| Some((it.only_target()?, depth + 1))));
            }
        }
    }
    false
}

/// Whether a name speaks of an end.
fn says_end(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "stop",
        "shutdown",
        "shut",
        "close",
        "drop",
        "terminate",
        "kill",
        "cleanup",
        "clean",
        "teardown",
        "quit",
        "exit",
        "abort",
        "disconnect",
        "halt",
        "cancel",
        "deinit",
        "destroy",
        "uninstall",
        "unwatch",
        "finalize",
        "end",
    ];
    name.split('_').any(|word| ENDS.contains(&word))
}

/// Whether a body asks if its thread is panicking.
fn asks(flow: &Flow) -> bool {
    flow.calls().any(|call| &*call.name == "panicking")
}
