//! Branches, loops, patterns and places.

use super::iterate::Iter;
use super::machine::{Result, Run, Stop, unknown};
use super::value::{Cell, Place, Step, Value, head_of};
use crate::facts::cfg::Cfg;
use crate::facts::tree::{
    Arm, BinaryOp, BlockId, Comparison, ExprId, ExprKind, ItemKind, Name, PatId,
};
use crate::model::{Def, Ty};

/// Rounds of a loop in which something is chosen.
const MAX_ROUNDS: usize = 5;

impl Run<'_> {
    pub(super) fn control(&mut self, id: ExprId, want: &Ty) -> Result<Value> {
        let body = self.body()?;
        match &body.expr(id).kind {
            ExprKind::Block(label, block) => match self.block(*block, want) {
                Err(Stop::Break(Some(to), value)) if Some(&to) == label.as_ref() => Ok(value),
                other => other,
            },
            ExprKind::If(condition, then, other) => {
                let temps = self.temps();
                self.open_scope();
                let holds = self.condition(*condition)?;
                if holds {
                    let value = self.scoped(|run| run.block(*then, want))?;
                    self.end_temps_of(&value, temps)?;
                    return Ok(value);
                }
                self.end_temps_of(&Value::Unit, temps)?;
                self.scoped(|run| other.map_or(Ok(Value::Unit), |other| run.eval(other, want)))
            }
            ExprKind::Let(..) => Ok(Value::Bool(self.condition(id)?)),
            ExprKind::While(label, condition, block) => self.repeat(id, label.as_ref(), |run| {
                run.open_scope();
                let goes_on = run.condition(*condition)?;
                run.scoped(|run| match goes_on {
                    true => run.block(*block, &Ty::Unknown).map(|_| ()),
                    false => Err(Stop::Break(None, Value::Unit)),
                })
            }),
            ExprKind::Loop(label, block) => {
                self.repeat(id, label.as_ref(), |run| run.block(*block, &Ty::Unknown).map(|_| ()))
            }
            ExprKind::For(label, pat, iterable, block) => {
                self.for_loop(id, label.as_ref(), (*pat, *iterable, *block))
            }
            ExprKind::Match(scrutinee, arms) => self.match_arms(*scrutinee, arms, want),
            _ => unknown("an expression that is not followed"),
        }
    }

    pub(super) fn open_scope(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.scopes.push(Vec::new());
        }
    }

    /// Runs something in the scope that was opened last, and ends that.
    pub(super) fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let depth = self.frames.last().map_or(0, |frame| frame.scopes.len());
        let result = work(self);
        let leaves =
            matches!(result, Ok(_) | Err(Stop::Return(_) | Stop::Break(..) | Stop::Continue(_)));
        while leaves && self.frames.last().is_some_and(|frame| frame.scopes.len() >= depth) {
            self.end_scope()?;
        }
        result
    }

    /// Rounds of a loop until something leaves it.
    pub(super) fn repeat(
        &mut self,
        id: ExprId,
        label: Option<&Name>,
        mut round: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<Value> {
        let (mut undecided, mut rounds) = (0, 0);
        loop {
            self.step()?;
            rounds += 1;
            if self.skips_loop(id, rounds)? {
                return Ok(Value::Unit);
            }
            let temps = self.temps();
            let before = self.unknown.taken - self.unknown.apart;
            let result = round(self);
            undecided += usize::from(self.unknown.taken - self.unknown.apart > before);
            if undecided > MAX_ROUNDS.max(self.unknown.most)
                && matches!(result, Ok(()) | Err(Stop::Continue(_)))
            {
                // It may go on, but that is not tried.
                self.unknown.capped = true;
                return Err(Stop::Ended);
            }
            let ours = |to: &Option<Name>| to.is_none() || to.as_ref() == label;
            match result {
                Ok(()) => self.end_temps(temps)?,
                Err(Stop::Continue(to)) if ours(&to) => self.end_temps(temps)?,
                Err(Stop::Break(to, value)) if ours(&to) => {
                    self.end_temps(temps)?;
                    return Ok(value);
                }
                Err(other) => return Err(other),
            }
        }
    }

    pub(super) fn for_loop(
        &mut self,
        id: ExprId,
        label: Option<&Name>,
        (pat, iterable, block): (PatId, ExprId, BlockId),
    ) -> Result<Value> {
        let over = self.eval(iterable, &Ty::Unknown)?;
        let iter = self.iterated(over)?;
        let place = self.temp(iter);
        let result = self.repeat(id, label, |run| {
            let Some(item) = run.next(&place)? else {
                return Err(Stop::Break(None, Value::Unit));
            };
            run.open_scope();
            run.scoped(|run| {
                let slot = run.slot(item);
                run.declare(Name::from(""), slot);
                let item = Place::slot(slot);
                if !run.matches(pat, &item)? {
                    return Err(Stop::Ended);
                }
                run.bind(pat, &item, false)?;
                run.block(block, &Ty::Unknown).map(|_| ())
            })
        });
        let left = std::mem::replace(&mut self.slots[place.slot], Value::Moved);
        if matches!(result, Ok(_) | Err(Stop::Return(_) | Stop::Break(..) | Stop::Continue(_))) {
            self.discard(left, "left in the iterator by a loop that ends early")?;
        }
        result
    }

    pub(super) fn match_arms(
        &mut self,
        scrutinee: ExprId,
        arms: &[Arm],
        want: &Ty,
    ) -> Result<Value> {
        let place = self.place(scrutinee)?;
        let before = self.unknown.taken;
        for arm in arms {
            if arm.cfg != Cfg::Always {
                return unknown("an arm that only some builds have");
            }
            if !self.matches(arm.pat, &place)? {
                continue;
            }
            self.open_scope();
            // A guard looks at what is bound by reference.
            if let Some(guard) = arm.guard {
                self.bind(arm.pat, &place, true)?;
                let holds = self.condition(guard)?;
                self.scoped(|_| Ok(()))?;
                if !holds {
                    continue;
                }
                self.open_scope();
            }
            self.bind(arm.pat, &place, false)?;
            return self.scoped(|run| run.eval(arm.body, want));
        }
        // The arms leave out what cannot be.
        match self.unknown.taken > before {
            true => Err(Stop::Ended),
            false => unknown("a value that no arm fits"),
        }
    }

    /// Whether a condition holds; what it binds goes into the current scope.
    pub(super) fn condition(&mut self, id: ExprId) -> Result<bool> {
        let body = self.body()?;
        match &body.expr(id).kind {
            ExprKind::Let(pat, value) => {
                let place = self.place(*value)?;
                let holds = self.matches(*pat, &place)?;
                if holds {
                    self.bind(*pat, &place, false)?;
                }
                Ok(holds)
            }
            ExprKind::Binary { op: BinaryOp::And, left, right } => {
                Ok(self.condition(*left)? && self.condition(*right)?)
            }
            _ => {
                let temps = self.temps();
                let value = self.eval(id, &Ty::Unknown)?;
                let holds = self.truth(&value)?;
                self.end_temps(temps)?;
                Ok(holds)
            }
        }
    }

    /// How many temporaries there are.
    pub(super) fn temps(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.temps.len())
    }

    /// Since edition 2024, the temporaries of an `if let` and of a block's value go before what comes
    /// next, and not at the end of the statement. A reference may lead to one in a way that Rust would not need.
    pub(super) fn end_temps_of(&mut self, value: &Value, from: usize) -> Result<()> {
        let module = self.frames.last().map(|frame| frame.context.module);
        let is_early = module.is_some_and(|it| self.model.krate(it).edition >= 2024);
        match value {
            Value::Ref(_) => Ok(()),
            _ if is_early => self.end_temps(from),
            _ => Ok(()),
        }
    }

    /// A part of a value by its field; of something unknown it is unknown as well.
    pub(super) fn field_of(&mut self, place: &Place, name: &Name) -> Result<Place> {
        let mut place = place.clone();
        loop {
            let step = Step::Field(name.clone());
            match self.get(&place)? {
                Value::Sym(id) => {
                    let id = *id;
                    let part = self.unknown.part(id, name);
                    if let Some(own) = self.unknown.type_of(id) {
                        let ty = self.model.field_ty(own, name);
                        self.unknown.is_of_type(&part, &ty);
                    }
                    return Ok(self.temp(part));
                }
                value if value.part(&step).is_some() => return Ok(place.then(step)),
                // The ends of a range.
                Value::Iter(iter) => {
                    let end = match (&**iter, &**name) {
                        (Iter::Numbers(from, _, width), "start") => Value::Int(*from, *width),
                        (Iter::Numbers(_, Some(to), width), "end") => Value::Int(*to, *width),
                        (Iter::Open(from, _, 0), "start") => from.clone(),
                        (Iter::Open(_, Some(to), 0), "end") => to.clone(),
                        _ => return unknown(&format!("the field `{name}` of an iterator")),
                    };
                    return Ok(self.temp(end));
                }
                _ => match self.deref(&place)? {
                    Some(to) => place = to,
                    None => return unknown(&format!("the field `{name}` of something else")),
                },
            }
        }
    }

    /// The place that an expression names; any other value lies in a temporary one.
    pub(super) fn place(&mut self, id: ExprId) -> Result<Place> {
        self.place_wanted(id, &Ty::Unknown)
    }

    pub(super) fn place_wanted(&mut self, id: ExprId, want: &Ty) -> Result<Place> {
        let body = self.body()?;
        match &body.expr(id).kind {
            ExprKind::Path(None, path) => {
                if let Some(slot) = path.as_name().and_then(|name| self.variable(name)) {
                    return Ok(Place::slot(slot));
                }
                if let [Def::Item(item)] = self.defs(None, path)?.as_slice()
                    && matches!(self.model.item(*item).kind, ItemKind::Value(_))
                {
                    return self.static_place(*item);
                }
                let value = self.eval(id, want)?;
                Ok(self.temp(value))
            }
            ExprKind::Field(base, name) => {
                let base = self.place(*base)?;
                self.field_of(&base, name)
            }
            ExprKind::Index(base, index) => self.element(*base, *index),
            ExprKind::Deref(inner) => {
                let inner = self.place(*inner)?;
                match self.get(&inner)? {
                    // A box, a data value: nothing stands between.
                    Value::Sym(_)
                    | Value::Int(..)
                    | Value::Float(_)
                    | Value::Bool(_)
                    | Value::Text(_)
                    | Value::Literal(_) => Ok(inner),
                    _ => Ok(self.deref(&inner)?.unwrap_or(inner)),
                }
            }
            _ => {
                let value = self.eval(id, want)?;
                // What is written out lives for ever.
                let is_constant = matches!(
                    body.expr(id).kind,
                    ExprKind::Array(_) | ExprKind::Repeat(..) | ExprKind::Literal(_)
                );
                Ok(match is_constant && !self.owns(&value) {
                    true => Place::slot(self.slot(value)),
                    false => self.temp(value),
                })
            }
        }
    }

    /// Where a collection is, through whatever leads to it.
    pub(super) fn listed(&mut self, place: &Place) -> Result<Place> {
        let mut place = place.clone();
        while !matches!(self.get(&place)?, Value::Many(..) | Value::Sym(_) | Value::Text(_)) {
            match self.deref(&place)? {
                Some(to) => place = to,
                None => return unknown("no collection"),
            }
        }
        Ok(place)
    }

    pub(super) fn element(&mut self, base: ExprId, index: ExprId) -> Result<Place> {
        let base = self.place(base)?;
        let own = self.resolved(&base)?;
        if let Value::Data(data) = self.get(&own)? {
            let head = head_of(data.item);
            let methods = self
                .model
                .methods_of(&head, "index_mut")
                .first()
                .or(self.model.methods_of(&head, "index").first());
            if let Some(function) = methods.map(|it| it.item) {
                let index = self.eval(index, &Ty::Unknown)?;
                return match self.call_function(
                    function,
                    Some(Value::Ref(own)),
                    vec![index],
                    None,
                )? {
                    Value::Ref(to) => Ok(to),
                    other => Ok(self.temp(other)),
                };
            }
        }
        let list = self.listed(&base)?;
        let before = self.unknown.taken;
        let index = self.eval(index, &Ty::Unknown)?;
        let index = self.seen(&index);
        match (self.get(&list)?, &index) {
            (Value::Sym(id), _) => {
                let id = *id;
                let part = self.unknown.part(id, &super::same::key(&index));
                Ok(self.temp(part))
            }
            (Value::Many(super::value::Kind::Map(_), _), _) => {
                match self.find_key(&list, &index)? {
                    Some(at) => Ok(list.then(Step::At(at)).then(Step::Second)),
                    None => self.panic(before),
                }
            }
            (Value::Many(_, items), Value::Int(at, _)) => match usize::try_from(*at) {
                Ok(at) if at < items.len() => Ok(list.then(Step::At(at))),
                _ => Err(Stop::Panic),
            },
            (Value::Many(_, items), Value::Sym(_)) if !items.is_empty() => {
                let of = items.len();
                self.some_element(&list, &index, of)
            }
            (Value::Many(..), Value::Iter(_)) => {
                let part = self.slice(&list, index)?;
                Ok(self.temp(part))
            }
            (Value::Many(..), Value::Sym(_)) => Err(Stop::Ended),
            (Value::Text(own), Value::Int(at, _)) => {
                let byte = usize::try_from(*at).ok().and_then(|at| own.as_bytes().get(at));
                match byte.map(|it| Value::number(i128::from(*it))) {
                    Some(byte) => Ok(self.temp(byte)),
                    None => Err(Stop::Panic),
                }
            }
            (Value::Text(own), Value::Iter(_)) => {
                let own = own.clone();
                match self.text_part(&own, index)? {
                    Some(part) => Ok(self.temp(part)),
                    None => Err(Stop::Panic),
                }
            }
            _ => unknown("an index that is not known"),
        }
    }

    /// Some element: each is tried, and none of them where somebody notices the panic.
    fn some_element(&mut self, list: &Place, index: &Value, of: usize) -> Result<Place> {
        if self.catches > 0 {
            let beyond = self.compare(Comparison::AtLeast, index, &Value::int(of));
            if self.truth(&beyond)? {
                return Err(Stop::Panic);
            }
        }
        for at in 0..of - 1 {
            if self.equal(index, &Value::int(at))? {
                return Ok(list.then(Step::At(at)));
            }
        }
        Ok(list.then(Step::At(of - 1)))
    }

    /// The wrapped value of a cell at a place.
    pub(super) fn cell_at(&self, place: &Place) -> Result<Option<(Cell, Place)>> {
        match self.get(place)? {
            Value::Cell(kind, _) => Ok(Some((*kind, place.then(Step::Inner)))),
            _ => Ok(None),
        }
    }
}
