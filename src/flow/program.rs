//! All lowered bodies of a project, and who calls and names what in them.
//!
//! Following a handle across functions needs three questions answered fast: where a function is
//! called, where a field is named, and where a name is used that nobody could resolve.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::{
    Callable, Callee, Flow, FlowId, Flows, LocalKind, Operand, Place, Proj, StmtKind, Terminator,
    lower_body,
};
use crate::facts::FileFacts;
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Body, ExprKind, ItemId, ItemKind, Name};
use crate::finding::CodeKind;
use crate::model::{Ask, Def, FunctionRef, ItemRef, Model, watched};
use crate::source::FileId;

/// Conditions on statements of one body that are told apart.
const MAX_CONDITIONS: usize = 3;

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

/// All lowered bodies with their indexes.
#[derive(Debug, Default)]
pub struct Program {
    /// Every function that was lowered, once for each assignment.
    pub bodies: Vec<Arc<Lowered>>,
    by_item: HashMap<FunctionKey, Vec<u32>>,
    calls: HashMap<FunctionKey, Vec<Site>>,
    values: HashMap<FunctionKey, Vec<Site>>,
    loose: HashMap<Name, Vec<Site>>,
    fields: HashMap<Name, Vec<(Site, Place)>>,
    statics: HashMap<FunctionKey, Vec<(Site, Place)>>,
    opaque: HashMap<Name, Vec<u32>>,
}

impl Program {
    /// Lowers every function and constant of a model that has a body, but for those that were lowered
    /// before and cannot have changed.
    pub fn lower(model: &Model<'_>, known: &mut Known) -> Self {
        let functions = model.functions.par_iter().copied();
        let values = model.values.par_iter().map(|&(item, test_only)| FunctionRef {
            item,
            container: None,
            test_only,
        });
        let lowered: Vec<(Key, Entry)> = functions
            .chain(values)
            .filter(|function| has_body(model, *function))
            .map(|function| {
                let key = (function.item, function.test_only);
                let facts = &model.facts[&function.item.file];
                match known.entries.get(&key) {
                    Some(entry)
                        if Arc::ptr_eq(&entry.facts, facts)
                            && model.is_open_still(&entry.asked) =>
                    {
                        (key, entry.clone())
                    }
                    _ => {
                        let (bodies, asked) = watched(|| lower(model, function));
                        (key, Entry { facts: facts.clone(), bodies, asked })
                    }
                }
            })
            .collect();
        let mut program = Self::default();
        for (_, entry) in &lowered {
            program.bodies.extend(entry.bodies.iter().cloned());
        }
        for body in 0..program.bodies.len() {
            program.index(body);
        }
        known.entries = lowered.into_iter().collect();
        program
    }

    /// A lowered body.
    pub fn body(&self, index: u32) -> &Lowered {
        &self.bodies[index as usize]
    }

    /// The bodies of a function, one for each assignment and crate.
    pub fn bodies_of(&self, key: FunctionKey) -> &[u32] {
        self.by_item.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Calls that resolve to a function.
    pub fn calls_of(&self, key: FunctionKey) -> &[Site] {
        self.calls.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Places where a function is handed on as a value.
    pub fn values_of(&self, key: FunctionKey) -> &[Site] {
        self.values.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Calls of something with this name that could not be resolved.
    pub fn loose_calls(&self, name: &str) -> &[Site] {
        self.loose.get(name).map_or(&[], Vec::as_slice)
    }

    /// Statements that name a field of this name, and the place that they name.
    pub fn fields_named(&self, name: &str) -> &[(Site, Place)] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// Statements that name a static.
    pub fn statics_named(&self, key: FunctionKey) -> &[(Site, Place)] {
        self.statics.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Bodies with a macro that mentions this name and that nobody expanded.
    pub fn macros_with(&self, name: &str) -> &[u32] {
        self.opaque.get(name).map_or(&[], Vec::as_slice)
    }

    fn index(&mut self, body: usize) {
        let number = u32::try_from(body).unwrap_or(u32::MAX);
        let item = self.bodies[body].function.item;
        self.by_item.entry((item.file, item.item)).or_default().push(number);
        let lowered = self.bodies[body].clone();
        for (flow_index, flow) in lowered.flows.bodies.iter().enumerate() {
            for name in &flow.opaque {
                let bodies = self.opaque.entry(name.clone()).or_default();
                if bodies.last() != Some(&number) {
                    bodies.push(number);
                }
            }
            for (block_index, block) in flow.blocks.iter().enumerate() {
                let at = |index: usize| Site {
                    body: number,
                    flow: FlowId(u32::try_from(flow_index).unwrap_or(u32::MAX)),
                    block: super::BlockId(u32::try_from(block_index).unwrap_or(u32::MAX)),
                    index: u32::try_from(index).unwrap_or(u32::MAX),
                };
                for (index, stmt) in block.stmts.iter().enumerate() {
                    self.statement(flow, &stmt.kind, at(index));
                }
                if let Terminator::Next { iter, .. } = &block.end {
                    self.place(flow, iter, at(block.stmts.len()));
                }
            }
        }
    }

    fn statement(&mut self, flow: &Flow, stmt: &StmtKind, site: Site) {
        match stmt {
            StmtKind::Assign(_, from) => self.place(flow, from, site),
            StmtKind::Build(_, parts) => {
                parts.iter().for_each(|(_, operand)| self.operand(flow, operand, site));
            }
            StmtKind::Closure(_, _, captures) => {
                captures.iter().for_each(|capture| self.place(flow, &capture.outer, site));
            }
            StmtKind::Mention(places, _) => {
                places.iter().for_each(|place| self.place(flow, place, site));
            }
            StmtKind::Call(call) => {
                call.args.iter().for_each(|arg| self.operand(flow, arg, site));
                match &call.callee {
                    Callee::Function(defs) => self.called(defs, &call.name, site),
                    Callee::Method(place, name, own) => {
                        self.place(flow, place, site);
                        let known = call.receiver_ty.path().is_some();
                        if own.is_empty() && !known {
                            self.loose.entry(name.clone()).or_default().push(site);
                        }
                        for function in own {
                            let key = (function.item.file, function.item.item);
                            self.calls.entry(key).or_default().push(site);
                        }
                    }
                    Callee::Local(place, _) | Callee::Await(place) => {
                        self.place(flow, place, site);
                    }
                }
            }
            StmtKind::Clear(_) | StmtKind::Drop(..) => {}
        }
    }

    fn called(&mut self, defs: &[Def], name: &Name, site: Site) {
        if defs.is_empty() || defs.contains(&Def::Unknown) {
            self.loose.entry(name.clone()).or_default().push(site);
        }
        for def in defs {
            if let Def::Item(item) | Def::Method(item) = def {
                self.calls.entry((item.file, item.item)).or_default().push(site);
            }
        }
    }

    fn operand(&mut self, flow: &Flow, operand: &Operand, site: Site) {
        match operand {
            Operand::Move(place) | Operand::Borrow(place) => {
                self.place(flow, place, site);
                if let Some(Callable::Function(defs)) =
                    &flow.locals[place.local.0 as usize].callable
                {
                    self.value(defs, site);
                }
            }
            Operand::Function(defs) => self.value(defs, site),
            Operand::Constant(_) => {}
        }
    }

    fn value(&mut self, defs: &[Def], site: Site) {
        for def in defs {
            if let Def::Item(item) | Def::Method(item) = def {
                self.values.entry((item.file, item.item)).or_default().push(site);
            }
        }
    }

    fn place(&mut self, flow: &Flow, place: &Place, site: Site) {
        for proj in &place.proj {
            if let Proj::Field(field) = proj {
                let named = self.fields.entry(field.name.clone()).or_default();
                named.push((site, place.clone()));
            }
        }
        if let LocalKind::Static(file, item) = flow.locals[place.local.0 as usize].kind {
            self.statics.entry((file, item)).or_default().push((site, place.clone()));
        }
    }
}

/// What was lowered in an earlier round of reading.
#[derive(Debug, Default)]
pub struct Known {
    entries: HashMap<Key, Entry>,
}

/// A function in its module, and whether it is for tests only.
type Key = (ItemRef, bool);

/// A function that was lowered.
#[derive(Clone, Debug)]
struct Entry {
    facts: Arc<FileFacts>,
    bodies: Vec<Arc<Lowered>>,
    /// What it depends on that was not read.
    asked: Vec<Ask>,
}

fn has_body(model: &Model<'_>, function: FunctionRef) -> bool {
    match &model.item(function.item).kind {
        ItemKind::Function(it) => it.body.is_some(),
        ItemKind::Value(it) => it.body.is_some(),
        _ => false,
    }
}

/// Lowers one function over all assignments of its statement conditions.
fn lower(model: &Model<'_>, function: FunctionRef) -> Vec<Arc<Lowered>> {
    let body = match &model.item(function.item).kind {
        ItemKind::Function(it) => it.body.as_ref(),
        ItemKind::Value(it) => it.body.as_ref(),
        _ => None,
    };
    let Some(body) = body else { return Vec::new() };
    let guesses = has_more_conditions(body);
    let code = model.code_kind(function.item.module, function.test_only);
    let is_test = matches!(code, CodeKind::Test | CodeKind::Bench);
    let runs_on_unix = model.runs_on_unix(function);
    assignments(body, function.test_only)
        .into_iter()
        .map(|assignment| {
            let flows = lower_body(model, function, body, &assignment);
            let on_unix = runs_on_unix && !leaves_unix_out(&assignment);
            Arc::new(Lowered { function, flows, guesses, is_test, on_unix })
        })
        .collect()
}

/// Whether conditions that hold together leave no Unix.
fn leaves_unix_out(assignment: &BTreeMap<Cfg, bool>) -> bool {
    assignment.iter().any(|(atom, &holds)| match holds {
        true => atom.excludes_unix(),
        false => Cfg::Not(Box::new(atom.clone())).excludes_unix(),
    })
}

/// Whether a body has more conditions than are told apart.
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
