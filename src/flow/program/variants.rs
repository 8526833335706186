//! One function under each assignment of the conditions on its statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Lowered;
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Body, ExprKind};
use crate::finding::CodeKind;
use crate::flow::lower_body;
use crate::flow::named::Named;
use crate::model::{FunctionRef, Model};

/// Conditions on statements of one body that are told apart.
const MAX_CONDITIONS: usize = 3;

/// Lowers one function over all assignments of its statement conditions.
pub(super) fn lower(model: &Model<'_>, function: FunctionRef, body: &Body) -> Vec<Arc<Lowered>> {
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
