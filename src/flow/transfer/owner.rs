//! What becomes of a handle with the one value that keeps it, when values of a type are told apart.
//!
//! A field is judged for all values of its type together, which says nothing of a value that is dropped
//! without a join where others are joined. So where that says "joined somewhere", the value that keeps the
//! handle is followed as the handle was, until something happens that is not followed.

use super::super::ends::{Cell, End, EndKind, Entry, LossKind, home_name};
use super::super::follow::Follower;
use super::super::task::ParamKey;
use super::super::token::Token;
use super::super::{Flow, LocalId, LocalKind, Many, Owner, Place, Proj, StmtKind, methods};
use super::{Next, Transfer};
use crate::facts::tree::{ItemKind, Name};
use crate::model::{ItemRef, Ty, TyHead};
use crate::text::TextRange;

/// Methods of operators that reach into a value of a type, or take one, and are no calls where they are used.
const OPERATORS: &[&str] = &["neg", "not"];

/// Those of them that give references: nothing can be taken through one but what may be missing where it was.
const REFERENCES: &[&str] = &["deref", "deref_mut", "index", "index_mut"];

impl Transfer<'_> {
    /// The value that keeps the token is dropped, or another takes its place: what `drop` of its owners does,
    /// from the outside in, and then it is lost. `from` says how much of the way to the token stays.
    pub(super) fn lost_with_owner(
        &self,
        token: &Token,
        cell: &Cell,
        from: usize,
        range: TextRange,
        text: &str,
    ) -> Next {
        let home = home_name(self.follower.model, &cell.home);
        let unknown = |why: &str| self.end(EndKind::Escaped, range, format!("{text}, {why}"));
        let proj = &token.place.proj;
        let local = &self.flow.locals[token.place.local.0 as usize];
        let is_given = local.kind == LocalKind::Parameter;
        if local.name.is_none() && !is_given && !self.is_made_here(token.place.local) {
            // It may be a reference to what something else owns.
            return unknown("in a value that comes from elsewhere");
        }
        for at in from..proj.len() {
            let Proj::Field(field) = &proj[at] else { continue };
            let head = match &field.owner {
                Owner::Tuple => continue,
                Owner::Type(head @ TyHead::Item(..)) => head,
                Owner::Type(_) | Owner::Unknown => {
                    return unknown("in a value of a type that is not known");
                }
            };
            let is_plain = !proj[at + 1..].iter().any(Proj::may_be_missing);
            if self.may_lead_elsewhere(head, is_plain) {
                return unknown("in a value of a type with operators of its own");
            }
            let is_variant = at > from && matches!(proj[at - 1], Proj::Variant(_));
            let owner = at - usize::from(is_variant);
            // Of several, each for its own system, the kindest holds.
            let drops = self.drops_of(head);
            let ends = drops.iter().map(|&drop| self.dropped_by(drop, &proj[owner..]));
            let ends: Vec<_> = ends.collect();
            let joins = ends.contains(&Some(EndKind::Joined));
            let end = match ends.into_iter().next() {
                None => continue,
                Some(_) if joins => Some(EndKind::Joined),
                Some(end) => end,
            };
            match end {
                Some(EndKind::Untouched) => {}
                Some(EndKind::Joined) => {
                    let text =
                        format!("joined when its owner is dropped, which keeps it in {home}");
                    return self.end(EndKind::Joined, range, text);
                }
                Some(EndKind::Lost(_)) => break,
                _ => return unknown("which may do more than is followed"),
            }
        }
        let text = format!("{text}, and what {home} keeps with it");
        self.end(EndKind::Lost(LossKind::Owner(cell.home.clone())), range, text)
    }

    /// Whether code can get at what a type keeps, or a value of it can go, without a call that names anything:
    /// by an operator, or by what a macro implements.
    fn may_lead_elsewhere(&self, head: &TyHead, is_plain: bool) -> bool {
        let model = self.follower.model;
        let TyHead::Item(file, item) = head else { return true };
        let references = REFERENCES.iter().filter(|_| !is_plain);
        if OPERATORS.iter().chain(references).any(|name| !model.methods_of(head, name).is_empty()) {
            return true;
        }
        let Some(facts) = model.facts.get(*file) else { return true };
        let scope = model.scope_of_member(*file, *item, None);
        model.macro_with(&facts.item(*item).name, scope).is_some()
    }

    /// Whether a statement of this body makes the value of a local, or takes it out of where it was.
    fn is_made_here(&self, local: LocalId) -> bool {
        self.flow.blocks.iter().flat_map(|block| &block.stmts).any(|stmt| match &stmt.kind {
            StmtKind::Build(to, _) => *to == local,
            StmtKind::Call(call) => {
                call.dst == local && (call.ty != Ty::Unknown || methods::takes_out(&call.callee))
            }
            _ => false,
        })
    }

    /// The `drop` of a type, if it has one in this build; one for each system where they differ.
    fn drops_of(&self, head: &TyHead) -> Vec<ItemRef> {
        let model = self.follower.model;
        let own = model.methods_of(head, "drop").iter().filter(|function| {
            // Any trait: `Drop` may be imported under another name.
            model.is_of_trait(function) && (self.follower.is_test || !function.test_only)
        });
        own.map(|function| function.item).collect()
    }

    /// What a `drop` does with the token, if that is the same on all its ways.
    fn dropped_by(&self, drop: ItemRef, rest: &[Proj]) -> Option<EndKind> {
        let function = (drop.file, drop.item);
        if self.follower.program.bodies_of(function).is_empty() {
            self.follower.asked.borrow_mut().bodies.insert(drop);
            return Some(EndKind::Untouched);
        }
        let key = ParamKey {
            function,
            entry: Entry::Receiver,
            proj: rest.to_vec(),
            borrowed: false,
            flags: Vec::new(),
            given: Vec::new(),
            many: Many::One,
            handle: self.follower.handle.clone(),
        };
        let ends = self.follower.known.get(&key).map(|ends| ends.to_vec()).unwrap_or_default();
        self.follower.asked.borrow_mut().keys.insert(key);
        let stays = |end: &End| match &end.kind {
            EndKind::Untouched => true,
            EndKind::Left(entry, proj) => *entry == Entry::Receiver && proj == rest,
            _ => false,
        };
        match ends.first()?.kind {
            _ if ends.iter().all(stays) => Some(EndKind::Untouched),
            EndKind::Joined if ends.iter().all(|end| end.kind == EndKind::Joined) => {
                Some(EndKind::Joined)
            }
            EndKind::Lost(_) if ends.iter().all(|end| matches!(end.kind, EndKind::Lost(_))) => {
                ends.into_iter().next().map(|end| end.kind)
            }
            _ => None,
        }
    }

    /// Ends of a function in which a handle comes with what keeps it. Where ways differ, those prove nothing that
    /// depend on what else that value holds, or on which of several handles it is; `is_told` says that the
    /// caller has told the function something of the value.
    pub(super) fn agreed(
        &self,
        ends: Vec<End>,
        keeps_it: bool,
        is_told: &dyn Fn() -> bool,
    ) -> Vec<End> {
        let class = |end: &End| match end.kind {
            EndKind::Joined => 0,
            EndKind::Lost(_) => 1,
            EndKind::Exits | EndKind::Held(_) => 2,
            _ => 3,
        };
        let has = |wanted: u8| ends.iter().any(|end| class(end) == wanted);
        let (joined, lost, other) = (has(0), has(1), has(3));
        let differ = ((joined || lost) && other) || (joined && lost && !keeps_it);
        if !differ {
            return ends;
        }
        let is_told = is_told();
        let (mut sure, unsure): (Vec<End>, Vec<End>) =
            ends.into_iter().partition(|end| !is_told && !end.way.passed && !end.way.swayed);
        let (joins, others): (Vec<End>, Vec<End>) =
            unsure.into_iter().partition(|end| class(end) == 0);
        // Where something else can happen for sure, a join that may never be come to takes nothing from that.
        let only_joins = sure.iter().all(|end| class(end) == 0);
        let first =
            others.into_iter().next().or_else(|| joins.first().filter(|_| only_joins).cloned());
        match first {
            Some(end) => sure.push(End { kind: EndKind::Escaped, ..end }),
            None => sure.extend(joins),
        }
        sure
    }
}

/// The part of a tuple that a place begins with, or all of anything else.
pub(super) fn tuple_part<'t>(ty: &'t Ty, proj: &[Proj]) -> &'t Ty {
    let part = match (ty, proj.first()) {
        (Ty::Tuple(parts), Some(Proj::Field(field))) => {
            field.name.parse().ok().and_then(|at: usize| parts.get(at))
        }
        _ => None,
    };
    part.unwrap_or(ty)
}

impl Follower<'_> {
    /// Whether something else may hold what keeps the token as well.
    pub(in crate::flow) fn is_shared(&self, flow: &Flow, place: &Place) -> bool {
        let local = &flow.locals[place.local.0 as usize];
        let own = match &local.ty {
            Ty::Reference(inner) if self.is_given_by_reference(flow, place.local) => inner,
            ty => ty,
        };
        tuple_part(own, &place.proj).is_shared()
            || place.proj.iter().any(|proj| match proj {
                Proj::Field(field) => self.is_shared_field(&field.owner, &field.name),
                _ => false,
            })
    }

    /// Whether a variable is a parameter that the caller lends, or captures one: the value that is followed is the
    /// caller's.
    fn is_given_by_reference(&self, flow: &Flow, local: LocalId) -> bool {
        match flow.locals[local.0 as usize].kind {
            LocalKind::Reference => true,
            LocalKind::Capture(_) => {
                let capture = flow.captures.iter().find(|capture| capture.inner == local);
                flow.parent.zip(capture).is_some_and(|(parent, capture)| {
                    self.is_given_by_reference(self.flows.body(parent), capture.outer.local)
                })
            }
            _ => false,
        }
    }

    fn is_shared_field(&self, owner: &Owner, name: &Name) -> bool {
        let Owner::Type(TyHead::Item(file, item)) = owner else { return false };
        let Some(declared) = self.model.refs_of(*file, *item).next() else { return true };
        let ty = |ty| self.model.ty(declared.module, None, &[], ty);
        match &self.model.item(declared).kind {
            ItemKind::Struct(fields) => {
                fields.iter().any(|field| field.name == *name && ty(&field.ty).is_shared())
            }
            ItemKind::Enum(variants) => {
                let fields = variants.iter().flat_map(|variant| &variant.fields);
                fields.into_iter().any(|field| field.name == *name && ty(&field.ty).is_shared())
            }
            _ => true,
        }
    }
}
