//! What somebody decided by who calls a function, by who names a field, or by what a call comes to.
//!
//! Who only asks what is lowered takes a caller that nobody has read for one that is not there. So those who decide by it
//! note what they looked at, and it is read before a verdict stands.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{FunctionKey, Program, Site};
use crate::facts::tree::{ItemId, Name, spelled};
use crate::flow::{Call, Callee, Flow, Home};
use crate::model::{ItemRef, Methods, Model, ModuleId, Need, Scope, Wanted};
use crate::source::FileId;

/// Functions that a call may lead to; of more nobody asks what they name.
const MAX_CALLED: usize = 64;

/// What was looked at, since the beginning.
#[derive(Debug, Default)]
pub(super) struct Deciding {
    /// Functions that a call comes to and that had no body.
    unread: FxHashSet<FunctionKey>,
    /// Functions of which the callers decide.
    called: FxHashSet<FunctionKey>,
    /// Fields of which it decides who names them.
    fields: FxHashSet<Home>,
    /// Names, in modules that nobody has read, of what was called.
    paths: FxHashSet<(ModuleId, Name)>,
    /// Methods that were called and that nobody knows of a type, by the files that call them.
    methods: FxHashSet<(FileId, Name)>,
    /// Methods that were called on types that nobody knows, by the bodies that call them.
    of_unknown: FxHashMap<u32, Methods>,
}

impl Program {
    /// Calls that resolve to a function, for who decides by there being no others: all that spell its name are read.
    pub fn callers_of(&self, key: FunctionKey) -> &[Site] {
        let mut deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        deciding.called.insert(key);
        self.calls_of(key)
    }

    /// Notes that it decides who names a field.
    pub(in super::super) fn note_field(&self, file: FileId, item: ItemId, name: &Name) {
        let mut deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        deciding.fields.insert(Home::Field(file, item, name.clone()));
    }

    /// Whether a call in a body may lead to one of some functions, however far.
    pub fn may_come_to(&self, body: u32, call: &Call, functions: &BTreeSet<ItemRef>) -> bool {
        let mut deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen: BTreeSet<ItemRef> = BTreeSet::new();
        let mut open = call.targets();
        deciding.note(self, body, std::iter::once(call));
        while let Some(item) = open.pop() {
            if functions.contains(&item) || seen.len() > MAX_CALLED {
                return true;
            }
            if !seen.insert(item) {
                continue;
            }
            let bodies = self.bodies_of((item.file, item.item));
            if bodies.is_empty() {
                deciding.unread.insert((item.file, item.item));
            }
            for &body in bodies {
                let calls = || self.body(body).flows.bodies.iter().flat_map(Flow::calls);
                open.extend(calls().flat_map(Call::targets));
                deciding.note(self, body, calls());
            }
        }
        false
    }

    /// What has to be read for what was decided so far.
    pub fn wanted_to_decide(&self, model: &Model<'_>) -> Wanted {
        let deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = Wanted::default();
        let is_there = |(file, _): &&FunctionKey| model.facts.get(*file).is_some();
        wanted.functions.extend(deciding.unread.iter().filter(is_there));
        let paths = deciding.paths.iter();
        wanted.unread =
            paths.map(|(module, name)| (*module, name.clone(), Need::Meaning)).collect();
        let fields = deciding.fields.iter().flat_map(|field| model.spellings_of(field));
        wanted.names.extend(fields.map(|(name, scope)| (name, within(scope))));
        let methods = deciding.methods.iter().map(|(file, name)| {
            let scope = Scope::Package(model.project.file(*file).package);
            (format!("fn {}", spelled(name)), scope)
        });
        wanted.names.extend(methods);
        wanted.methods = deciding.of_unknown.values().cloned().collect();
        // One that nobody lowered has no call that could be told from others.
        let bodies = deciding.called.iter().filter_map(|key| self.index.by_item.get(key)?.first());
        for function in bodies.map(|&body| self.body(body).function.item) {
            let name = spelled(&model.item(function).name);
            // Nobody calls the first function of a program.
            if name == "main" {
                continue;
            }
            wanted.names.insert((name.to_owned(), within(model.scope_of_function(function))));
        }
        wanted
    }
}

/// The part of a scope that is looked at: who else may name something is not known anyway, and what is public often has a
/// name that everybody spells.
fn within(scope: Scope) -> Scope {
    match scope {
        Scope::Dependents(package) => Scope::Package(package),
        narrow => narrow,
    }
}

impl Deciding {
    /// Notes of calls in a body those that come to nothing because nobody has read what they name.
    fn note<'c>(&mut self, program: &Program, body: u32, calls: impl Iterator<Item = &'c Call>) {
        let lowered = program.body(body);
        let file = lowered.function.item.file;
        for call in calls.filter(|call| call.may_be_unread()) {
            match &call.callee {
                Callee::Method(_, name, _) if call.receiver_ty.head().is_some() => {
                    self.methods.insert((file, name.clone()));
                }
                Callee::Method(_, name, _) => {
                    let named = program.unread_of(body);
                    let named = named.map(|(module, name)| (module, name.clone()));
                    let methods = self.of_unknown.entry(body).or_insert_with(|| Methods {
                        file,
                        called: BTreeSet::new(),
                        named: BTreeSet::new(),
                    });
                    methods.named.extend(named);
                    methods.called.insert(name.clone());
                }
                _ => self.paths.extend(lowered.flows.open.iter().cloned()),
            }
        }
    }
}
