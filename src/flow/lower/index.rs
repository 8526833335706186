//! Elements that are named by their position: `v[0]`, `v[i]`, and loops over all positions.
//!
//! In `for i in 0..v.len()` each `v[i]` is the element of that round, as if the loop went over `&mut v`.

use super::super::methods;
use super::super::{Operand, Place, Proj};
use super::{Lowering, Value};
use crate::facts::tree::{ExprId, ExprKind, PatId, PatKind};

impl Lowering<'_> {
    /// `base[index]`.
    pub(super) fn index(&mut self, base: ExprId, index: ExprId) -> Value {
        let base = self.expr(base);
        self.expr(index);
        if !matches!(self.body.expr(index).kind, ExprKind::Range { .. }) {
            let element = self.element_at(&base, index);
            return self.project(&base, element, base.ty.element());
        }
        // A slice is another name for the elements of what it is a part of.
        match base.operand {
            Operand::Move(place) => Value { operand: Operand::Borrow(place), ..base },
            _ => base,
        }
    }

    /// The element of a collection at a position.
    pub(super) fn element_at(&mut self, base: &Value, index: ExprId) -> Proj {
        match &self.body.expr(index).kind {
            ExprKind::Number(number) => Proj::Index(*number),
            ExprKind::Path(None, path) => {
                let name = path.as_name().cloned();
                let frame = self.frame();
                let local = name.and_then(|name| frame.lookup(&name));
                let counted = local.and_then(|local| frame.positions.get(&local));
                if counted.is_some() && counted == base.place() {
                    Proj::Current
                } else {
                    Proj::Elem
                }
            }
            _ => Proj::Elem,
        }
    }

    /// What a method is called on that takes one element out, in each round of a loop with as many rounds as
    /// there are elements.
    pub(super) fn in_turn(&mut self, place: Place, name: &str) -> Place {
        let takes_one = methods::takes_one(name);
        if takes_one && self.frame().counted.contains(&place) {
            return place.then(Proj::Turn);
        }
        place
    }

    /// The collection of which an iterable gives all positions, in whatever order.
    pub(super) fn counted(&mut self, iterable: ExprId) -> Option<Place> {
        let body = self.body;
        match &body.expr(iterable).kind {
            ExprKind::Method(call) if &*call.name == "rev" => self.counted(call.receiver),
            ExprKind::Range { ends, .. } => match ends.as_slice() {
                &[start, end] if matches!(body.expr(start).kind, ExprKind::Number(0)) => {
                    self.length_of(end)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Notes the variable of a loop over all positions of a collection.
    pub(super) fn note_position(&mut self, pat: PatId, collection: Place) {
        let PatKind::Bind { name, mutable: false, .. } = &self.body.pat(pat).kind else { return };
        let frame = self.frame();
        if let Some(local) = frame.lookup(name) {
            frame.positions.insert(local, collection);
        }
    }
}
