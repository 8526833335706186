//! Fields that say nothing of a handle beside them.
//!
//! `if self.verbose { join }` proves nothing as long as only verbose values may have a thread. But a plain `bool` or
//! number that every value gets from whoever makes it, and that nothing sets later, may be anything where the handle is
//! there: then the branch is as good as one by an argument.

use std::sync::PoisonError;

use super::program::Program;
use super::transfer::argument;
use super::{Entry, Field, Flow, FlowId, Operand, Owner, Place, Proj, StmtKind};
use crate::facts::tree::{ItemKind, Type};
use crate::model::{Model, TyHead};

/// Whether a field of a type is anything, whatever else a value of the type holds, as far as one function asks it: no
/// other function reads it, and if this one starts threads, it does so however it is.
pub(super) fn is_free(model: &Model<'_>, program: &Program, body: u32, field: &Field) -> bool {
    let Some(is_number) = plain(model, field) else { return false };
    let Owner::Type(TyHead::Item(file, item)) = &field.owner else { return false };
    let mut named = program.fields_named(&field.name);
    if named.any(|(site, place)| site.body != body && names(place, field)) {
        return false;
    }
    let flows = &program.body(body).flows;
    if !flows.births.iter().all(|birth| flows.body(birth.flow).is_always_passed(birth.at.0)) {
        return false;
    }
    let key = (*file, *item, field.name.clone());
    let known = program.unset.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    let is_free = known.unwrap_or_else(|| {
        let unset = is_only_given(model, program, field, is_number);
        program.unset.lock().unwrap_or_else(PoisonError::into_inner).insert(key, unset);
        unset
    });
    if is_free {
        program.note_field(*file, *item, &field.name);
    }
    is_free
}

/// Whether every value of a type gets a field from whoever calls its constructor, and nothing sets it later.
fn is_only_given(model: &Model<'_>, program: &Program, field: &Field, is_number: bool) -> bool {
    let Owner::Type(TyHead::Item(file, item)) = &field.owner else { return false };
    let all = program.naming_fields_of((*file, *item)).flat_map(|(body, lowered)| {
        (0..).map(FlowId).zip(&lowered.flows.bodies).map(move |(id, flow)| (body, id, flow))
    });
    let mut is_made = false;
    for (body, id, flow) in all {
        for stmt in flow.blocks.iter().flat_map(|block| &block.stmts) {
            match set_by(&stmt.kind, field) {
                Set::No => {}
                Set::To(place) => {
                    let param = param_at(flow, place).filter(|_| id == FlowId(0));
                    let Some(param) = param else { return false };
                    if flow.is_asked_of(place.local)
                        || !(is_number || is_given(model, program, body, param))
                    {
                        return false;
                    }
                    is_made = true;
                }
                Set::Otherwise => return false,
            }
        }
    }
    is_made
}

/// The parameter that a place is, under the name that its pattern gives it.
fn param_at(flow: &Flow, place: &Place) -> Option<usize> {
    let of = |place: &Place| {
        let position = flow.params.iter().position(|param| *param == place.local);
        position.filter(|_| place.proj.is_empty())
    };
    let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
    let mut given = stmts.filter_map(|stmt| match &stmt.kind {
        StmtKind::Assign(to, from) if to == place => Some(from),
        _ => None,
    });
    of(place).or_else(|| of(given.next()?))
}

/// What a statement does to a field.
enum Set<'s> {
    /// Nothing.
    No,
    /// Makes a value in which it is what a place has.
    To(&'s Place),
    /// Anything else that changes it, or may.
    Otherwise,
}

fn set_by<'s>(stmt: &'s StmtKind, field: &Field) -> Set<'s> {
    match stmt {
        StmtKind::Assign(to, _) | StmtKind::Clear(to) if names(to, field) => Set::Otherwise,
        StmtKind::Call(call) => {
            let on = call.receiver().is_some_and(|place| names(place, field) && !call.looks);
            let mut lent = call.args.iter().filter_map(Operand::place);
            match on || lent.any(|(place, by_reference)| by_reference && names(place, field)) {
                true => Set::Otherwise,
                false => Set::No,
            }
        }
        StmtKind::Build(_, parts) => {
            let of_owner = |(proj, _): &(Vec<Proj>, Operand)| matches!(proj.last(), Some(Proj::Field(it)) if it.owner == field.owner);
            match parts.iter().find(|(proj, _)| proj.iter().any(|it| is_it(it, field))) {
                Some((_, Operand::Move(place))) => Set::To(place),
                None if !parts.iter().any(of_owner) => Set::No,
                // From another value of the type, or written out.
                Some(_) | None => Set::Otherwise,
            }
        }
        _ => Set::No,
    }
}

fn is_it(proj: &Proj, field: &Field) -> bool {
    matches!(proj, Proj::Field(it) if it == field && it.owner == field.owner)
}

/// Whether a place is in a field.
fn names(place: &Place, field: &Field) -> bool {
    place.proj.iter().any(|proj| is_it(proj, field))
}

/// Whether a field of a struct is nothing but a `bool` or a number, and which.
fn plain(model: &Model<'_>, field: &Field) -> Option<bool> {
    let Owner::Type(TyHead::Item(file, item)) = &field.owner else { return None };
    let ItemKind::Struct(fields) = &model.facts.get(*file)?.item(*item).kind else { return None };
    let declared = fields.iter().find(|it| it.name == field.name)?;
    let Type::Path(None, path) = &declared.ty else { return None };
    match &**path.as_name()? {
        "bool" => Some(false),
        "usize" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64" => Some(true),
        _ => None,
    }
}

/// Whether no call that is seen of a function gives a parameter a value that is written out.
fn is_given(model: &Model<'_>, program: &Program, body: u32, param: usize) -> bool {
    let item = program.body(body).function.item;
    let takes_self = model.function(item).is_some_and(|function| function.receiver.is_some());
    let sites = program.callers_of((item.file, item.item));
    !sites.is_empty()
        && sites.iter().all(|&site| {
            let call = program.call_at(site);
            call.is_some_and(|call| argument(call, Entry::Param(param), takes_self).is_some())
        })
}
