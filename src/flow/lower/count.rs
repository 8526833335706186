//! How many elements there are: lengths that were noted, what has a round at all, what runs as often as nobody knows.

use super::super::{
    Binding, Callable, Callee, Condition, Constant, LocalId, LocalKind, Often, Place, Test, methods,
};
use super::Lowering;
use crate::facts::tree::{ExprId, ExprKind, Name};
use crate::model::Ty;

impl Lowering<'_> {
    /// The collection of which an expression that was just lowered is the length.
    pub(super) fn length_of(&mut self, length: ExprId) -> Option<Place> {
        match &self.body.expr(length).kind {
            ExprKind::Path(None, path) => {
                let frame = self.frame();
                let local = frame.lookup(path.as_name()?)?;
                frame.lengths.get(&local).map(|(counted, _)| counted.clone())
            }
            ExprKind::Method(method) if &*method.name == "len" => {
                let at = method.name_range;
                let call = self.frame().calls().find(|call| call.name_range == at)?;
                match &call.callee {
                    Callee::Method(place, _, own) if own.is_empty() => Some(place.clone()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// How often something runs that runs for each element of an iterable.
    pub(super) fn how_often(&mut self, iterable: ExprId) -> Often {
        if self.fewest(iterable).is_some_and(|number| number > 1) {
            Often::Several
        } else if self.is_fixed(iterable) {
            Often::Few
        } else {
            Often::Unknown
        }
    }

    /// How many elements an iterable has at the least, if that is written out.
    fn fewest(&mut self, id: ExprId) -> Option<usize> {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Array(elements) => Some(elements.len()),
            ExprKind::Repeat(_, times) => self.number(*times),
            ExprKind::Range { ends, .. } => match *ends.as_slice() {
                [start, end] => self.number(end)?.checked_sub(self.number(start)?),
                _ => None,
            },
            ExprKind::Method(call) if methods::keeps_number(&call.name) => {
                self.fewest(call.receiver)
            }
            ExprKind::Reference(_, inner) => self.fewest(*inner),
            _ => None,
        }
    }

    /// The number that an expression is, if that is written out, there or in a constant.
    pub(super) fn number(&mut self, id: ExprId) -> Option<usize> {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Number(number) => Some(*number),
            ExprKind::Cast(inner, _) => self.number(*inner),
            ExprKind::Path(None, path) => {
                let local = path.as_name().and_then(|name| self.variable(name));
                let known = match local {
                    // What changes in a loop is another number in the next round.
                    Some(local) if self.frame().local(local).binding == Binding::Free => None,
                    Some(local) => self.frame().constants.get(&local).cloned(),
                    None => self.written_out(&self.path_defs(None, path)),
                };
                match known {
                    Some(Constant::Number(number)) => Some(number),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether it is known how many elements an iterable has, or may be: it is written out, or made of what is.
    fn is_fixed(&mut self, id: ExprId) -> bool {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Number(_)
            | ExprKind::Literal(_)
            | ExprKind::Array(_)
            | ExprKind::Repeat(..) => true,
            ExprKind::Range { ends, .. } => ends.iter().all(|&end| self.is_fixed(end)),
            ExprKind::Method(call) => {
                let takes = matches!(&*call.name, "take" | "chunks" | "min")
                    && call.args.iter().all(|&arg| self.is_fixed(arg));
                takes || self.is_fixed(call.receiver)
            }
            ExprKind::Macro(_) => true,
            ExprKind::Reference(_, inner)
            | ExprKind::Unary(inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Deref(inner) => self.is_fixed(*inner),
            ExprKind::Binary { left, right, .. } => self.is_fixed(*left) && self.is_fixed(*right),
            ExprKind::Path(_, path) => {
                let local = path.as_name().and_then(|name| self.variable(name));
                match local {
                    Some(local) => {
                        let frame = self.frame();
                        let ty = &frame.local(local).ty;
                        let is_short = matches!(ty.peel(), Ty::Slice(_)) || ty.is_maybe();
                        is_short || frame.numbers.contains(&local)
                    }
                    // A constant.
                    None => true,
                }
            }
            _ => false,
        }
    }

    /// What must be so for an iterable to have an element: `n` of `0..n` is above 0, and `v` is not empty.
    pub(super) fn entered(&mut self, iterable: ExprId) -> Option<Condition> {
        let body = self.body;
        match &body.expr(iterable).kind {
            ExprKind::Range { ends, .. } => match ends.as_slice() {
                &[start, end] if matches!(body.expr(start).kind, ExprKind::Number(0)) => {
                    let ExprKind::Path(None, path) = &body.expr(end).kind else { return None };
                    let local = self.variable(path.as_name()?)?;
                    let place = self.frame().place_of(local);
                    Some(Condition { place, test: Test::Above(0), holds: true })
                }
                _ => None,
            },
            ExprKind::Method(call) if matches!(&*call.name, "iter" | "iter_mut") => {
                self.entered(call.receiver)
            }
            ExprKind::Reference(_, inner) => self.entered(*inner),
            ExprKind::Path(None, path) => {
                let local = self.variable(path.as_name()?)?;
                let place = self.frame().place_of(local);
                Some(Condition { place, test: Test::Empty, holds: false })
            }
            _ => None,
        }
    }

    /// Notes how often a method runs what it was given.
    pub(super) fn repeat(&mut self, made: Option<LocalId>, often: Often) {
        let Some(call) = made.and_then(|made| self.frame().last_call(made)) else { return };
        let args: Vec<LocalId> =
            call.args.iter().filter_map(|arg| Some(arg.place()?.0.local)).collect();
        for local in args {
            if let Some(Callable::Body(id)) = self.frame().local(local).callable {
                self.flows.bodies[id.0 as usize].repeats = often;
            }
        }
    }

    /// The collection of which a place holds the length, if that is still so. A type of the project is taken to be as
    /// long as what it holds.
    pub(super) fn counted_by(&mut self, place: &Place) -> Option<Place> {
        if !place.proj.is_empty() {
            return None;
        }
        let frame = self.frame();
        if let Some((counted, since)) = frame.lengths.get(&place.local).cloned() {
            // If it may have grown since, the number says nothing of it.
            return (!frame.may_have_more(&counted, since)).then_some(counted);
        }
        if frame.local(place.local).kind != LocalKind::Temporary {
            return None;
        }
        let call = frame.calls().find(|call| call.dst == place.local)?;
        match &call.callee {
            Callee::Method(counted, name, _) if &**name == "len" => Some(counted.clone()),
            _ => None,
        }
    }

    /// Notes what a variable says that was just made of an expression: how many elements something has.
    pub(super) fn note_length(&mut self, name: &Name, init: ExprId) {
        let is_fixed = self.is_fixed(init);
        let place = self.length_of(init);
        let frame = self.frame();
        if is_fixed {
            let local = frame.lookup(name);
            frame.numbers.extend(local);
        }
        let Some(place) = place else { return };
        if let Some(local) = frame.lookup(name) {
            let here = frame.position();
            frame.lengths.insert(local, (place, here));
        }
    }
}
