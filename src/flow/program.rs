//! All lowered bodies of a project, and who calls and names what in them.
//!
//! Following a handle across functions needs three questions answered fast: where a function is
//! called, where a field is named, and where a name is used that nobody could resolve.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::named::{Given, Named};
use super::{Call, FlowId, Flows, Place, StmtKind, lower_body};
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Body, ExprKind, Function, ItemId, ItemKind, Name};
use crate::finding::CodeKind;
use crate::model::{Ask, FunctionRef, ItemRef, Model, ModuleId, watched};
use crate::source::FileId;

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

/// All lowered bodies with their indexes.
#[derive(Debug, Default)]
pub struct Program {
    /// Every function that was lowered, once for each assignment.
    pub bodies: Vec<Arc<Lowered>>,
    /// What each of them depends on that was not read.
    asked: Vec<Arc<[Ask]>>,
    functions: Functions,
    cells: Cells,
    /// Whether nothing sets a field but constructors, for fields that this was asked of.
    pub(super) unset: Mutex<FxHashMap<(FileId, ItemId, Name), bool>>,
}

impl Program {
    /// Lowers every function and constant of a model that has a body, but for those that were lowered
    /// before and cannot have changed.
    pub fn lower(model: &Model<'_>, known: &mut Known) -> Self {
        let functions = model.functions.par_iter().with_max_len(AT_A_TIME).copied();
        let values = model
            .values
            .par_iter()
            .with_max_len(AT_A_TIME)
            .map(|&(item, test_only)| FunctionRef { item, container: None, test_only });
        let lowered: Vec<(Key, Entry)> = functions
            .chain(values)
            .filter_map(|function| Some((function, body_of(model, function)?)))
            .map(|(function, body)| {
                let key = (function.item, function.test_only);
                match known.entries.get(&key) {
                    Some(entry)
                        if Arc::ptr_eq(&entry.body, body) && model.is_open_still(&entry.asked) =>
                    {
                        (key, entry.clone())
                    }
                    _ => {
                        let (bodies, asked) = watched(|| lower(model, function, body));
                        (key, Entry { body: body.clone(), bodies, asked: asked.into() })
                    }
                }
            })
            .collect();
        let bodies: Vec<_> =
            lowered.iter().flat_map(|(_, entry)| entry.bodies.iter().cloned()).collect();
        let asked = lowered
            .iter()
            .flat_map(|(_, entry)| entry.bodies.iter().map(|_| entry.asked.clone()))
            .collect();
        let ((functions, cells), ()) = rayon::join(
            || rayon::join(|| Functions::new(&bodies), || Cells::new(&bodies)),
            || known.entries = lowered.into_iter().collect(),
        );
        Self { bodies, asked, functions, cells, unset: Mutex::default() }
    }

    /// A lowered body.
    pub fn body(&self, index: u32) -> &Lowered {
        &self.bodies[index as usize]
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
        self.functions.by_item.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Calls that resolve to a function.
    pub fn calls_of(&self, key: FunctionKey) -> &[Site] {
        self.functions.calls.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Places where a function is handed on as a value.
    pub fn values_of(&self, key: FunctionKey) -> &[Site] {
        self.functions.values.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Calls of something with this name that could not be resolved, and that can be a call of the function.
    pub fn loose_calls(&self, name: &str, function: &Function) -> impl Iterator<Item = Site> {
        let named = self.functions.loose.get(name).into_iter().flatten();
        named.filter(|(given, _)| given.suits(function)).map(|(_, site)| *site)
    }

    /// Statements that name a field of this name, and the place that they name.
    pub fn fields_named(&self, name: &str) -> impl Iterator<Item = (Site, &Place)> {
        let named = self.cells.fields.get(name).into_iter().flatten();
        named.map(|&(body, position)| {
            let (_, at, place) = &self.body(body).named.fields[position as usize];
            (at.site(body), place)
        })
    }

    /// Statements that name a static.
    pub fn statics_named(&self, key: FunctionKey) -> impl Iterator<Item = (Site, &Place)> {
        let named = self.cells.statics.get(&key).into_iter().flatten();
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
            let bodies = self.bodies_of((item.file, item.item)).iter();
            let flows = bodies.flat_map(|&body| &self.body(body).flows.bodies);
            open.extend(flows.flat_map(super::Flow::calls).flat_map(Call::targets));
        }
        false
    }

    /// Statements that take something out of a channel, and where its receiver is.
    pub fn receipts(&self) -> impl Iterator<Item = (Site, &Place)> {
        let bodies = (0..).zip(&self.bodies);
        bodies.flat_map(|(body, lowered)| {
            let receipts = lowered.named.receipts.iter();
            receipts.map(move |(at, place)| (at.site(body), place))
        })
    }

    /// Bodies with a macro that mentions this name and that nobody expanded.
    pub fn macros_with(&self, name: &str) -> &[u32] {
        self.functions.opaque.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Functions, by who they are and who calls and names them.
#[derive(Debug, Default)]
struct Functions {
    by_item: FxHashMap<FunctionKey, Vec<u32>>,
    calls: FxHashMap<FunctionKey, Vec<Site>>,
    values: FxHashMap<FunctionKey, Vec<Site>>,
    loose: FxHashMap<Name, Vec<(Given, Site)>>,
    opaque: FxHashMap<Name, Vec<u32>>,
}

impl Functions {
    fn new(bodies: &[Arc<Lowered>]) -> Self {
        let mut index = Self::default();
        for (body, lowered) in (0..).zip(bodies) {
            let (item, named) = (lowered.function.item, &lowered.named);
            index.by_item.entry((item.file, item.item)).or_default().push(body);
            for name in &named.opaque {
                index.opaque.entry(name.clone()).or_default().push(body);
            }
            for (function, at) in &named.values {
                index.values.entry(*function).or_default().push(at.site(body));
            }
            for (function, at) in &named.calls {
                index.calls.entry(*function).or_default().push(at.site(body));
            }
            for (name, given, at) in &named.loose {
                index.loose.entry(name.clone()).or_default().push((*given, at.site(body)));
            }
        }
        index
    }
}

/// Fields and statics, by who names them: the body, and the position among what it names.
#[derive(Debug, Default)]
struct Cells {
    fields: FxHashMap<Name, Vec<(u32, u32)>>,
    statics: FxHashMap<FunctionKey, Vec<(u32, u32)>>,
}

impl Cells {
    fn new(bodies: &[Arc<Lowered>]) -> Self {
        let mut index = Self::default();
        for (body, lowered) in (0..).zip(bodies) {
            for (position, (name, ..)) in (0..).zip(&lowered.named.fields) {
                index.fields.entry(name.clone()).or_default().push((body, position));
            }
            for (position, (item, ..)) in (0..).zip(&lowered.named.statics) {
                index.statics.entry(*item).or_default().push((body, position));
            }
        }
        index
    }
}

/// What was lowered in an earlier round of reading.
#[derive(Debug, Default)]
pub struct Known {
    entries: FxHashMap<Key, Entry>,
}

impl Known {
    /// Gives it back, for which nobody has to wait.
    pub fn free(self) {
        rayon::spawn(move || drop(self));
    }
}

/// A function in its module, and whether it is for tests only.
type Key = (ItemRef, bool);

/// A function that was lowered.
#[derive(Clone, Debug)]
struct Entry {
    body: Arc<Body>,
    bodies: Vec<Arc<Lowered>>,
    /// What it depends on that was not read.
    asked: Arc<[Ask]>,
}

fn body_of<'m>(model: &'m Model<'_>, function: FunctionRef) -> Option<&'m Arc<Body>> {
    match &model.item(function.item).kind {
        ItemKind::Function(it) => it.body.as_ref(),
        ItemKind::Value(it) => it.body.as_ref(),
        _ => None,
    }
}

/// Lowers one function over all assignments of its statement conditions.
fn lower(model: &Model<'_>, function: FunctionRef, body: &Body) -> Vec<Arc<Lowered>> {
    let guesses = has_more_conditions(body);
    let code = model.code_kind(function.item.module, function.test_only);
    let is_test = matches!(code, CodeKind::Test | CodeKind::Bench);
    let runs_on_unix = model.runs_on_unix(function);
    let in_macro = model.item(function.item).name.ends_with('!');
    assignments(body, function.test_only)
        .into_iter()
        .map(|assignment| {
            let flows = lower_body(model, function, body, &assignment);
            let on_unix = runs_on_unix && !leaves_unix_out(&assignment);
            let named = Named::of(&flows, in_macro);
            Arc::new(Lowered { function, flows, guesses, is_test, on_unix, named })
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
    all.retain(|assignment| {
        let mut held = assignment.iter().filter(|(_, holds)| **holds).map(|(atom, _)| atom);
        let others = held.clone();
        !held.any(|one| others.clone().any(|other| one.excludes(other)))
    });
    all
}
