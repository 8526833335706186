//! What threads run, and the loops in it that nothing ends.
//!
//! From each birth of a thread the closure or function that it runs is looked through, and what that
//! calls, as long as each call can mean one function of the project only. A loop is reported where
//! nothing in any build of its function ends it, and nothing that it calls ends the process.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::catalog::Role;
use crate::facts::tree::{ItemId, ItemKind, Name};
use crate::finding::{CodeKind, Confidence};
use crate::flow::{
    Birth, Call, Callable, Callee, Class, Flow, FlowId, Operand, Place, Program, Terminator,
    endless_loops, only_item,
};
use crate::model::{Def, ItemRef, Methods, Model, ModuleId, Need, Unread};
use crate::source::{FileId, PackageId};
use crate::text::TextRange;

/// Calls followed from the closure of a thread to the loop that it runs.
const MAX_CALLS: usize = 2;
/// Calls followed from a loop to what may end the process.
const MAX_WAYS: usize = 2;

/// A place on a thread that nothing gets beyond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endless {
    /// What it is.
    pub kind: EndlessKind,
    /// Its file.
    pub file: FileId,
    /// The keyword of the loop, or the name of the call.
    pub range: TextRange,
    /// The statement that holds it.
    pub statement: TextRange,
    /// Path of the enclosing item.
    pub item: String,
    /// Package of the file.
    pub package: Option<PackageId>,
    /// Which code the threads are in that run it.
    pub code: CodeKind,
    /// Canonical name of the call that spawns the first of them.
    pub api: String,
    /// What threads of that call end their loops with, where the catalog says so.
    pub stop: Option<String>,
    /// How sure it is that a thread is born there.
    pub confidence: Confidence,
    /// Where the threads are born.
    pub births: BTreeSet<Spawned>,
}

/// Where a thread is born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spawned {
    /// Its file.
    pub file: FileId,
    /// The called path or method name.
    pub callee: TextRange,
    /// The statement that holds the call.
    pub statement: TextRange,
}

/// What nothing gets beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndlessKind {
    /// A loop.
    Loop,
    /// A future that is never ready.
    Future,
}

/// What threads run.
#[derive(Clone, Debug, Default)]
pub(super) struct Workers {
    /// Where they stay for ever, in order.
    pub(super) endless: Vec<Endless>,
    /// Functions that had to be seen and were not.
    pub(super) unread: BTreeSet<(FileId, ItemId)>,
    /// What they call in modules that nobody has read.
    pub(super) open: Unread,
    /// Methods that they call on types which are not known.
    pub(super) methods: Vec<Methods>,
}

/// Looks through what every thread runs.
pub(super) fn workers(model: &Model<'_>, program: &Program) -> Workers {
    let mut search = Search::new(model, program);
    for (body, lowered) in program.giving_birth() {
        for birth in &lowered.flows.births {
            if birth.class == Class::Thread {
                search.thread(body, birth);
            }
        }
    }
    let Search { unread, open, methods, found, .. } = search;
    Workers { endless: found.into_values().collect(), unread, open, methods }
}

/// A body that a thread runs: index of the function, and which body of it.
pub(super) type Node = (u32, FlowId);

pub(super) struct Search<'a> {
    model: &'a Model<'a>,
    program: &'a Program,
    pub(super) unread: BTreeSet<(FileId, ItemId)>,
    open: Unread,
    methods: Vec<Methods>,
    found: BTreeMap<(FileId, TextRange), Endless>,
}

impl<'a> Search<'a> {
    pub(super) fn new(model: &'a Model<'a>, program: &'a Program) -> Self {
        Self {
            model,
            program,
            unread: BTreeSet::new(),
            open: Unread::new(),
            methods: Vec::new(),
            found: BTreeMap::new(),
        }
    }

    fn thread(&mut self, body: u32, birth: &Birth) {
        let born_in = self.program.body(body).function;
        let code = self.model.code_kind(born_in.item.module, born_in.test_only);
        let mut seen: HashSet<Node> = HashSet::new();
        let runs = birth.runs.as_ref();
        let mut open = runs.map_or(Vec::new(), |runs| self.callable(body, runs));
        let spawned =
            Spawned { file: born_in.item.file, callee: birth.callee, statement: birth.statement };
        let calls = match code {
            CodeKind::Test | CodeKind::Bench => 0,
            _ => MAX_CALLS,
        };
        for at in 0..=calls {
            open.retain(|node| seen.insert(*node));
            let mut next = Vec::new();
            for node in open {
                for (kind, range, statement) in self.stays(node) {
                    let lowered = self.program.body(node.0);
                    let file = lowered.function.item.file;
                    let function = lowered.function;
                    let endless = self.found.entry((file, range)).or_insert_with(|| Endless {
                        kind,
                        file,
                        range,
                        statement,
                        item: self.model.item_path(function.item, function.container),
                        package: self.model.project.file(file).package,
                        code,
                        api: birth.api.to_string(),
                        stop: self.model.catalog.get(&birth.api).and_then(|api| api.stop.clone()),
                        confidence: birth.confidence,
                        births: BTreeSet::new(),
                    });
                    endless.code = endless.code.min(code);
                    endless.confidence = endless.confidence.max(birth.confidence);
                    endless.births.insert(spawned);
                }
                if at < calls {
                    self.note_open(node, at == 0);
                    next.extend(self.goes_on(node));
                }
            }
            open = next;
        }
    }

    fn flow(&self, (body, flow): Node) -> &Flow {
        self.program.body(body).flows.body(flow)
    }

    /// Where a body stays for ever.
    fn stays(&mut self, node: Node) -> Vec<(EndlessKind, TextRange, TextRange)> {
        let flow = self.flow(node);
        let loops = endless_loops(self.model, flow).into_iter();
        let mut candidates: Vec<_> = loops
            .map(|(it, round)| {
                let called: Vec<ItemRef> =
                    flow.calls_in(&round).filter_map(Call::only_target).collect();
                ((EndlessKind::Loop, it.keyword, it.statement), called)
            })
            .filter(|_| !self.exits_in_closure(node))
            .filter(|((_, keyword, _), _)| self.stays_in_all_builds(node.0, *keyword))
            .collect();
        candidates.retain(|(_, called)| !self.may_exit(called));
        let futures = self.never_ready(node).into_iter();
        let futures = futures.map(|(range, statement)| (EndlessKind::Future, range, statement));
        candidates.into_iter().map(|(it, _)| it).chain(futures).collect()
    }

    /// Whether a closure that is made in a body ends the process: what it is given to may run it.
    fn exits_in_closure(&self, node: Node) -> bool {
        let bodies = self.program.body(node.0).flows.bodies.iter();
        let mut inside = bodies.filter(|flow| flow.parent == Some(node.1));
        inside.any(|flow| {
            flow.blocks
                .iter()
                .any(|block| matches!(block.end, Terminator::Exit(_) | Terminator::Diverge(_)))
        })
    }

    /// Whether a loop is endless in each body of its function: one for each assignment and crate.
    fn stays_in_all_builds(&self, body: u32, keyword: TextRange) -> bool {
        let item = self.program.body(body).function.item;
        let flows = self.program.bodies_of((item.file, item.item)).iter();
        let mut flows = flows.flat_map(|&body| &self.program.body(body).flows.bodies);
        flows.all(|flow| {
            let has = flow.loops.iter().any(|it| it.keyword == keyword);
            !has || endless_loops(self.model, flow).iter().any(|(it, _)| it.keyword == keyword)
        })
    }

    /// Whether a function that is called, or what it calls, may end the process.
    fn may_exit(&mut self, called: &[ItemRef]) -> bool {
        let mut seen: BTreeSet<(FileId, u32)> = BTreeSet::new();
        let mut open: Vec<ItemRef> = called.to_vec();
        for _ in 0..MAX_WAYS {
            let mut next = Vec::new();
            for item in open {
                if !seen.insert((item.file, item.item.0)) {
                    continue;
                }
                for body in self.bodies_of(item) {
                    for flow in &self.program.body(body).flows.bodies {
                        let exits =
                            |block: &crate::flow::Block| matches!(block.end, Terminator::Exit(_));
                        if flow.blocks.iter().any(exits) {
                            return true;
                        }
                        next.extend(flow.calls().filter_map(Call::only_target));
                    }
                }
            }
            open = next;
        }
        false
    }

    /// Calls that wait for a future which is never ready.
    fn never_ready(&self, node: Node) -> Vec<(TextRange, TextRange)> {
        let flow = self.flow(node);
        let reached = flow.entered();
        let waits = flow.calls_in(&reached).filter(|call| {
            waited_for(self.model, call).into_iter().any(|place| {
                let made = flow.calls().find(|made| made.dst == place.local);
                made.is_some_and(|made| made.role(self.model) == Some(Role::Endless))
            })
        });
        waits.map(|call| (call.name_range, call.statement)).collect()
    }

    /// Notes what a body calls and nobody has read; of methods only the types that what is `spawned` calls
    /// them on: further on, that would be most types of a project.
    fn note_open(&mut self, node: Node, spawned: bool) {
        let lowered = self.program.body(node.0);
        let called = |(module, name): &(ModuleId, Name)| (*module, name.clone(), Need::Meaning);
        self.open.extend(lowered.flows.open.iter().map(called));
        let is_open = |call: &&Call| match &call.callee {
            Callee::Method(_, _, own) => own.is_empty() && call.receiver_ty.path().is_none(),
            _ => false,
        };
        if !spawned {
            return;
        }
        let flow = lowered.flows.body(node.1);
        let reached = flow.entered();
        let called = flow.calls_in(&reached).filter(is_open).map(|call| call.name.clone());
        let named = self.program.unread_of(node.0);
        let named = named.map(|(module, name)| (module, name.clone()));
        let file = lowered.function.item.file;
        self.methods.push(Methods { file, called: called.collect(), named: named.collect() });
    }

    /// The bodies that one runs.
    pub(super) fn goes_on(&mut self, node: Node) -> Vec<Node> {
        let flow = self.program.body(node.0).flows.body(node.1);
        let reached = flow.entered();
        let mut next = Vec::new();
        for &block in &reached {
            if let Terminator::Diverge(defs) = &flow.blocks[block.0 as usize].end
                && let Some(item) = only_item(defs)
            {
                next.extend(self.function(item));
            }
        }
        for call in flow.calls_in(&reached) {
            for place in waited_for(self.model, call) {
                let local = &flow.locals[place.local.0 as usize];
                if let Some(callable) = &local.callable {
                    next.extend(self.callable(node.0, callable));
                }
                let made = flow.calls().find(|made| made.dst == place.local);
                if let Some(item) = made.and_then(Call::only_target) {
                    next.extend(self.function(item));
                }
            }
            if let Callee::Local(_, Some(callable @ Callable::Body(_))) = &call.callee {
                next.extend(self.callable(node.0, callable));
            }
            // A call of an `async fn` that is not awaited only makes a future.
            if let Some(item) = call.only_target()
                && (call.awaited
                    || !self.model.function(item).is_some_and(|function| function.is_async))
            {
                next.extend(self.function(item));
            }
        }
        next
    }

    pub(super) fn callable(&mut self, body: u32, callable: &Callable) -> Vec<Node> {
        match callable {
            Callable::Body(id) => vec![(body, *id)],
            Callable::Function(_) | Callable::OneOf(_) => {
                if callable.functions().iter().any(|defs| defs.contains(&Def::Unknown)) {
                    let named = self.program.unread_of(body);
                    self.open
                        .extend(named.map(|(module, name)| (module, name.clone(), Need::Meaning)));
                }
                let items = callable.functions().iter().filter_map(|defs| only_item(defs));
                items.flat_map(|item| self.function(item)).collect()
            }
        }
    }

    fn function(&mut self, item: ItemRef) -> Vec<Node> {
        self.bodies_of(item).into_iter().map(|body| (body, FlowId(0))).collect()
    }

    /// The bodies of a function; one that was not read is asked for.
    fn bodies_of(&mut self, item: ItemRef) -> Vec<u32> {
        let bodies = self.program.bodies_of((item.file, item.item));
        if bodies.is_empty() && matches!(self.model.item(item).kind, ItemKind::Function(_)) {
            self.unread.insert((item.file, item.item));
        }
        bodies.to_vec()
    }
}

/// The futures and closures that a call runs to their end before it returns.
fn waited_for<'c>(model: &Model<'_>, call: &'c Call) -> Vec<&'c Place> {
    match &call.callee {
        Callee::Await(place) => vec![place],
        Callee::Method(_, name, own) if own.is_empty() && &**name == "block_on" => {
            call.args.iter().filter_map(Operand::place).map(|(place, _)| place).collect()
        }
        _ if call.role(model) == Some(Role::Runs) => {
            call.args.iter().filter_map(Operand::place).map(|(place, _)| place).collect()
        }
        _ => Vec::new(),
    }
}
