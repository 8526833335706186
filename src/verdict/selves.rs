//! Threads that own what joins them: the last owner's `drop` runs on the thread itself.

use super::fate::Fates;
use super::feeds::captures;
use super::joins::is_drop;
use crate::facts::tree::ItemId;
use crate::flow::{Birth, Callable, End, EndKind, Flow, Home, Keep, LocalId, Task};
use crate::model::TyHead;
use crate::source::FileId;
use crate::text::TextRange;

/// A `drop` that joins the thread which runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfJoin {
    /// The type whose `drop` it is.
    pub owner: String,
    /// The file of the join.
    pub file: FileId,
    /// The join.
    pub range: TextRange,
}

/// Whether the thread born at a place keeps the owner of its own handle alive, whose `drop` joins it.
pub(super) fn self_join(
    fates: &Fates<'_>,
    flow: &Flow,
    birth: &Birth,
    ends: &[End],
) -> Option<SelfJoin> {
    let Some(Callable::Body(worker)) = birth.runs else { return None };
    ends.iter().find_map(|end| {
        let EndKind::Kept(cell) = &end.kind else { return None };
        let Home::Field(file, item, _) = &cell.home else { return None };
        // What a thread is given outlives the function, so whatever it has of that type it owns.
        let mut taken = captures(flow, worker).filter(|it| it.outer.proj.is_empty());
        let owns = taken.any(|it| is_owner(flow, it.outer.local, (*file, *item)));
        if !owns {
            return None;
        }
        let keep = (cell.clone(), birth.handle());
        let declared = fates.model.facts.get(*file)?.item(*item);
        let (file, range) = joined_in_drop(fates, &keep, (*file, *item))?;
        Some(SelfJoin { owner: declared.name.to_string(), file, range })
    })
}

/// Whether a variable is of a type, or a shared pointer to one.
fn is_owner(flow: &Flow, local: LocalId, ty: (FileId, ItemId)) -> bool {
    let of = flow.locals[local.0 as usize].ty.peel().head();
    of == Some(TyHead::Item(ty.0, ty.1))
}

/// Where the `drop` of a type joins what it keeps, without asking which thread runs it.
fn joined_in_drop(
    fates: &Fates<'_>,
    keep: &Keep,
    ty: (FileId, ItemId),
) -> Option<(FileId, TextRange)> {
    fates.solution.accesses(keep).iter().find_map(|task| {
        let Task::Access(site, _, _, true) = task else { return None };
        let lowered = fates.program.body(site.body);
        let own = lowered.flows.bodies.first()?;
        let receiver = own.receiver?;
        let asks =
            lowered.flows.bodies.iter().flat_map(Flow::calls).any(|call| &*call.name == "id");
        if !is_drop(fates.model, lowered.function) || asks || !is_owner(own, receiver, ty) {
            return None;
        }
        let ends = fates.solution.ends(task).iter();
        let mut joins = ends.filter(|end| end.kind == EndKind::Joined);
        joins.next().map(|end| (end.file, end.range))
    })
}
