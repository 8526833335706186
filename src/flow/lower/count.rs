//! How many elements there are: lengths that were noted, what has a round at all, what runs as often as nobody knows.

use super::super::{
    Binding, Callable, Callee, Condition, Constant, Extent, LocalId, LocalKind, Often, Place, Test,
    methods,
};
use super::Lowering;
use crate::facts::tree::{ExprId, ExprKind, ItemKind, MacroArgs, MethodCall, Name, Size, Written};
use crate::model::{Def, Ty};

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
        let extent = self.extent(iterable);
        match extent.as_ref().and_then(Extent::known) {
            Some(number) if number > 1 => Often::Several(number),
            _ if self.is_fixed(iterable) => Often::Few,
            _ => Often::Unknown(extent.and_then(|extent| extent.only().cloned())),
        }
    }

    /// How many elements an iterable has, as far as that is known.
    pub(super) fn extent(&mut self, id: ExprId) -> Option<Extent> {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Array(elements) => Some(Extent::exactly(elements.len())),
            ExprKind::Repeat(_, times) => Some(Extent::exactly(self.number(*times)?)),
            ExprKind::Range { ends, closed, .. } => match *ends.as_slice() {
                [start, end] => {
                    let last = Extent::exactly(usize::from(*closed));
                    match (self.number(start), self.number(end)) {
                        (Some(start), Some(end)) => {
                            Some(Extent::exactly(end.checked_sub(start)?).and(last))
                        }
                        (Some(0), None) => Some(self.decided_by(end)?.and(last)),
                        _ => None,
                    }
                }
                _ => None,
            },
            ExprKind::Method(call) => self.extent_of_method(call),
            ExprKind::Macro(call) if call.path.last() == "vec" => match &call.args {
                MacroArgs::Exprs(elements, false) => Some(Extent::exactly(elements.len())),
                _ => None,
            },
            ExprKind::Call(callee, _) => match &body.expr(*callee).kind {
                ExprKind::Path(None, path) if matches!(path.last(), "once" | "Some") => {
                    Some(Extent::exactly(1))
                }
                _ => None,
            },
            ExprKind::Reference(_, inner) => self.extent(*inner),
            ExprKind::Path(None, path) => {
                let Some(local) = path.as_name().and_then(|name| self.variable(name)) else {
                    return Some(Extent::exactly(self.elements(&self.path_defs(None, path))?));
                };
                let frame = self.frame();
                match frame.extents.get(&local) {
                    Some(known) => known.clone(),
                    None => Some(Extent::of(frame.place_of(local))),
                }
            }
            _ => None,
        }
    }

    /// Whether an iterator is made of one that never ends, or that a function makes one by one.
    fn may_go_on(&self, id: ExprId) -> bool {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Method(call) => {
                let mut parts = std::iter::once(&call.receiver).chain(&call.args);
                &*call.name == "cycle" || parts.any(|&part| self.may_go_on(part))
            }
            ExprKind::Call(callee, _) => match &body.expr(*callee).kind {
                ExprKind::Path(None, path) => matches!(
                    path.last(),
                    "repeat" | "repeat_n" | "repeat_with" | "successors" | "from_fn"
                ),
                _ => true,
            },
            ExprKind::Range { endless, .. } => *endless,
            ExprKind::Path(None, path) => {
                let local = path.as_name().and_then(|name| self.frames.last()?.lookup(name));
                let known = local.and_then(|local| self.frames.last()?.extents.get(&local));
                known.is_some_and(Option::is_none)
            }
            _ => false,
        }
    }

    /// What decides how many a range has that ends with an expression: a number, or the length of something.
    fn decided_by(&mut self, end: ExprId) -> Option<Extent> {
        let body = self.body;
        match &body.expr(end).kind {
            ExprKind::Method(call) if &*call.name == "len" => self.extent(call.receiver),
            ExprKind::Path(None, path) => {
                let local = self.variable(path.as_name()?)?;
                match self.length_of(end) {
                    Some(counted) => Some(Extent::of(counted)),
                    None => Some(Extent::of(self.frame().place_of(local))),
                }
            }
            ExprKind::Cast(inner, _) => self.decided_by(*inner),
            _ => None,
        }
    }

    fn extent_of_method(&mut self, call: &MethodCall) -> Option<Extent> {
        let argument = call.args.first().copied();
        match &*call.name {
            name if methods::keeps_number(name) => self.extent(call.receiver),
            "collect" | "values" | "keys" | "into_values" | "as_slice" | "to_vec" | "clone" => {
                self.extent(call.receiver)
            }
            "drain" => {
                let all = argument.is_some_and(|arg| {
                    matches!(&self.body.expr(arg).kind, ExprKind::Range { ends, .. } if ends.is_empty())
                });
                self.extent(call.receiver).filter(|_| all)
            }
            "filter" | "filter_map" | "take_while" | "map_while" | "skip_while" | "skip"
            | "step_by" => Some(self.extent(call.receiver)?.fewer()),
            "take" => {
                let number = self.number(argument?)?;
                match self.extent(call.receiver) {
                    Some(extent) if extent.of.is_empty() => {
                        Some(Extent { written: extent.written.min(number), ..extent })
                    }
                    _ => Some(Extent::exactly(number)),
                }
            }
            "chain" => Some(self.extent(call.receiver)?.and(self.extent(argument?)?)),
            _ => None,
        }
    }

    /// How many elements a constant has, if it is an array that is written out.
    fn elements(&self, defs: &[Def]) -> Option<usize> {
        let [Def::Item(item)] = defs else { return None };
        let ItemKind::Value(value) = &self.model.item(*item).kind else { return None };
        match value.written {
            Some(Written::Elements(number)) => Some(number),
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
            | ExprKind::Unary(_, inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Deref(inner) => self.is_fixed(*inner),
            ExprKind::Binary { left, right, .. } => self.is_fixed(*left) && self.is_fixed(*right),
            ExprKind::Path(_, path) => {
                let local = path.as_name().and_then(|name| self.variable(name));
                match local {
                    Some(local) => {
                        let frame = self.frame();
                        let ty = &frame.local(local).ty;
                        let is_short =
                            matches!(ty.peel(), Ty::Slice(_, Size::Some | Size::Exactly(_)))
                                || ty.is_maybe();
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
    pub(super) fn repeat(&mut self, made: Option<LocalId>, often: &Often) {
        let Some(call) = made.and_then(|made| self.frame().last_call(made)) else { return };
        let args: Vec<LocalId> =
            call.args.iter().filter_map(|arg| Some(arg.place()?.0.local)).collect();
        for local in args {
            if let Some(Callable::Body(id)) = self.frame().local(local).callable {
                self.flows.bodies[id.0 as usize].repeats = often.clone();
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
        let is_iterable =
            matches!(self.body.expr(init).kind, ExprKind::Number(_) | ExprKind::Path(..));
        let extent = if is_iterable { None } else { self.extent(init) };
        let is_endless = extent.is_none() && self.may_go_on(init);
        let frame = self.frame();
        if is_fixed {
            let local = frame.lookup(name);
            frame.numbers.extend(local);
        }
        if let Some(local) = frame.lookup(name).filter(|_| extent.is_some() || is_endless) {
            frame.extents.insert(local, extent);
        }
        let Some(place) = place else { return };
        if let Some(local) = frame.lookup(name) {
            let here = frame.position();
            frame.lengths.insert(local, (place, here));
        }
    }
}
