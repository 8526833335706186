//! Branches, loops, patterns and places.

use super::machine::{Result, Run, Stop, unknown};
use super::value::{Cell, Maybe, Place, Step, Value};
use crate::facts::tree::{
    Arm, BinaryOp, BlockId, Body, Comparison, ExprId, ExprKind, ItemKind, Name, PatId, PatKind, Path,
};
use crate::model::{Def, Ty, TyHead};

/// Rounds of a loop in which something is chosen.
const MAX_ROUNDS: usize = 5;

impl Run<'_> {
    pub(super) fn control(&mut self, id: ExprId, want: &Ty) -> Result<Value> {
        let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
            return unknown("code outside of functions");
        };
        match &body.expr(id).kind {
            ExprKind::Block(label, block) => match self.block(*block, want) {
                Err(Stop::Break(Some(to), value)) if Some(&to) == label.as_ref() => Ok(value),
                other => other,
            },
            ExprKind::If(condition, then, other) => {
                self.open_scope();
                let value = match self.condition(*condition)? {
                    true => self.scoped(|run| run.block(*then, want)),
                    false => self.scoped(|run| other.map_or(Ok(Value::Unit), |other| run.eval(other, want))),
                }?;
                Ok(value)
            }
            ExprKind::Let(..) => Ok(Value::Bool(self.condition(id)?)),
            ExprKind::While(label, condition, block) => self.repeat(label.as_ref(), |run| {
                run.open_scope();
                let goes_on = run.condition(*condition)?;
                run.scoped(|run| match goes_on {
                    true => run.block(*block, &Ty::Unknown).map(|_| ()),
                    false => Err(Stop::Break(None, Value::Unit)),
                })
            }),
            ExprKind::Loop(label, block) => {
                self.repeat(label.as_ref(), |run| run.block(*block, &Ty::Unknown).map(|_| ()))
            }
            ExprKind::For(label, pat, iterable, block) => self.for_loop(label.as_ref(), *pat, *iterable, *block),
            ExprKind::Match(scrutinee, arms) => self.match_arms(*scrutinee, arms, want),
            _ => unknown("an expression that is not followed"),
        }
    }

    fn open_scope(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.scopes.push(Vec::new());
        }
    }

    /// Runs something in the scope that was opened last, and ends that.
    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let depth = self.frames.last().map_or(0, |frame| frame.scopes.len());
        let result = work(self);
        let leaves = matches!(result, Ok(_) | Err(Stop::Return(_) | Stop::Break(..) | Stop::Continue(_)));
        while leaves && self.frames.last().is_some_and(|frame| frame.scopes.len() >= depth) {
            self.end_scope()?;
        }
        result
    }

    /// Rounds of a loop until something leaves it.
    fn repeat(&mut self, label: Option<&Name>, mut round: impl FnMut(&mut Self) -> Result<()>) -> Result<Value> {
        let mut undecided = 0;
        loop {
            self.step()?;
            let temps = self.frames.last().map_or(0, |frame| frame.temps.len());
            let before = self.unknown.taken;
            let result = round(self);
            undecided += usize::from(self.unknown.taken > before);
            if undecided > MAX_ROUNDS.max(self.unknown.most) && matches!(result, Ok(()) | Err(Stop::Continue(_))) {
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

    fn for_loop(&mut self, label: Option<&Name>, pat: PatId, iterable: ExprId, block: BlockId) -> Result<Value> {
        let over = self.eval(iterable, &Ty::Unknown)?;
        let iter = self.iterated(over)?;
        let place = self.temp(iter);
        let result = self.repeat(label, |run| {
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

    fn match_arms(&mut self, scrutinee: ExprId, arms: &[Arm], want: &Ty) -> Result<Value> {
        let place = self.place(scrutinee)?;
        let before = self.unknown.taken;
        for arm in arms {
            if arm.cfg.is_test_only() || !self.matches(arm.pat, &place)? {
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
        let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
            return unknown("code outside of functions");
        };
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
                let value = self.eval(id, &Ty::Unknown)?;
                self.truth(&value)
            }
        }
    }

    /// Whether what is at a place fits a pattern; decided now for what is unknown. Nothing moves.
    pub(super) fn matches(&mut self, pat: PatId, place: &Place) -> Result<bool> {
        let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
            return unknown("code outside of functions");
        };
        self.step()?;
        match &body.pat(pat).kind {
            PatKind::Wild | PatKind::Rest => Ok(true),
            PatKind::Bind { name, sub: None, .. } => match self.constant_pattern(name) {
                Some(def) => self.is_constant(&def, place),
                None => Ok(true),
            },
            PatKind::Bind { sub: Some(sub), .. } => self.matches(*sub, place),
            PatKind::Reference(inner) => self.matches(*inner, place),
            PatKind::Or(all) => {
                for &one in all {
                    if self.matches(one, place)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            PatKind::Bool(it) => {
                let value = self.get(&self.resolved(place)?)?.clone();
                Ok(self.truth(&value)? == *it)
            }
            PatKind::Number(it) => self.equal(&Value::Ref(place.clone()), &Value::int(*it)),
            PatKind::Literal(it) => self.equal(&Value::Ref(place.clone()), &Value::Text(*it)),
            PatKind::Refutable(hash) => {
                let value = self.seen(&Value::Ref(place.clone()));
                let key = format!("{hash}~{}", super::unknown::key(&value));
                let asked = self.unknown.derived(key, Some(&value));
                // An interval that is not looked at: what is known does not say.
                self.unknown.doubtful |= !matches!(value, Value::Sym(_));
                self.truth(&asked)
            }
            PatKind::Tuple(parts) => self.match_parts(parts, place, |index| Step::Field(Name::from(index.to_string()))),
            PatKind::Slice(parts) => self.match_slice(&body, parts, place),
            PatKind::Variant(path, parts) => {
                if !self.is_variant(path, place)? {
                    return Ok(false);
                }
                let inner = self.inside(place)?;
                match inner {
                    Some(inner) => parts.first().map_or(Ok(true), |&part| self.matches(part, &inner)),
                    None => {
                        let place = self.data_at(place)?;
                        self.match_parts(parts, &place, |index| Step::Field(Name::from(index.to_string())))
                    }
                }
            }
            PatKind::Struct(path, fields) => {
                if !self.is_variant(path, place)? {
                    return Ok(false);
                }
                let place = self.data_at(place)?;
                for (name, pat) in fields {
                    let part = self.field_of(&place, name)?;
                    if !self.matches(*pat, &part)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            PatKind::Path(path) => {
                let known = self.constructed(path).is_some() || Maybe::of(path.last()).is_some();
                if known {
                    return self.is_variant(path, place);
                }
                let defs = self.defs(None, path)?;
                match defs.first() {
                    Some(def) => self.is_constant(def, place),
                    None => unknown("a pattern that is not known"),
                }
            }
        }
    }

    fn match_parts(&mut self, parts: &[PatId], place: &Place, step: impl Fn(usize) -> Step) -> Result<bool> {
        let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
            return unknown("code outside of functions");
        };
        let place = self.data_at(place)?;
        for (at, pat) in self.positions(&body, parts, &place)? {
            let part = match step(at) {
                Step::Field(name) => self.field_of(&place, &name)?,
                step => place.then(step),
            };
            if !self.matches(pat, &part)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn match_slice(&mut self, body: &Body, parts: &[PatId], place: &Place) -> Result<bool> {
        let place = self.listed(place)?;
        let Value::Many(_, items) = self.get(&place)? else { return unknown("a slice pattern") };
        let (count, has_rest) = (items.len(), parts.iter().any(|&it| is_rest(body, it)));
        let wanted = parts.len() - usize::from(has_rest);
        if count < wanted || (count > wanted && !has_rest) {
            return Ok(false);
        }
        for (at, pat) in self.positions(body, parts, &place)? {
            if !self.matches(pat, &place.then(Step::At(at)))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Patterns of parts with their positions; those after `..` are counted from the end.
    fn positions(&self, body: &Body, parts: &[PatId], place: &Place) -> Result<Vec<(usize, PatId)>> {
        let count = match self.get(place)? {
            Value::Tuple(values) | Value::Many(_, values) => values.len(),
            Value::Data(data) => data.fields.len(),
            _ => parts.len(),
        };
        let rest = parts.iter().position(|&it| is_rest(body, it));
        let all = parts.iter().enumerate().filter(|(_, it)| !is_rest(body, **it));
        Ok(all
            .map(|(index, &pat)| match rest {
                Some(rest) if index > rest => (count + index - parts.len(), pat),
                _ => (index, pat),
            })
            .collect())
    }

    /// The payload of an `Option` or `Result` at a place.
    fn inside(&self, place: &Place) -> Result<Option<Place>> {
        let place = self.resolved(place)?;
        Ok(matches!(self.get(&place)?, Value::Maybe(_, Some(_))).then(|| place.then(Step::Inner)))
    }

    /// Where a value with parts is, through references and boxes.
    fn data_at(&mut self, place: &Place) -> Result<Place> {
        self.resolved(place)
    }

    /// Whether what is at a place is of the variant that a path names.
    fn is_variant(&mut self, path: &Path, place: &Place) -> Result<bool> {
        let place = self.resolved(place)?;
        let name = Name::from(path.last());
        match self.get(&place)? {
            Value::Maybe(maybe, _) => match Maybe::of(&name) {
                Some(named) if named == *maybe || named == maybe.other() => Ok(named == *maybe),
                _ => unknown("a pattern of another type"),
            },
            Value::Data(data) => match &data.variant {
                Some(variant) => Ok(*variant == name),
                None => Ok(true),
            },
            Value::Sym(id) => {
                let id = *id;
                if let Some(named) = Maybe::of(&name) {
                    let good = if matches!(named, Maybe::Some | Maybe::None) { Maybe::Some } else { Maybe::Ok };
                    return Ok(self.maybe_at(&place, good)? == Some(named));
                }
                if path.segments.len() < 2 && matches!(self.constructed(path), Some((_, None))) {
                    return Ok(true);
                }
                Ok(self.unknown.is_variant(id, &name))
            }
            Value::Tuple(_) => Ok(true),
            _ => unknown("a pattern of another type"),
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
                _ => match self.deref(&place)? {
                    Some(to) => place = to,
                    None => return unknown(&format!("the field `{name}` of something else")),
                },
            }
        }
    }

    /// What a plain name in a pattern means, if it is a constant or a unit variant.
    fn constant_pattern(&self, name: &Name) -> Option<Def> {
        if Maybe::of(name) == Some(Maybe::None) {
            return Some(Def::External(Name::from("std::option::Option::None")));
        }
        if !name.starts_with(|it: char| it.is_ascii_uppercase()) {
            return None;
        }
        let module = self.frames.last()?.context.module;
        let defs = self.model.resolve(module, false, std::slice::from_ref(name), crate::model::Namespace::Value);
        defs.into_iter().next()
    }

    fn is_constant(&mut self, def: &Def, place: &Place) -> Result<bool> {
        match def {
            Def::External(path) if super::eval::last(path) == "None" => {
                let place = self.resolved(place)?;
                Ok(self.maybe_at(&place, Maybe::Some)? == Some(Maybe::None))
            }
            Def::Variant(_, name) => {
                let place = self.resolved(place)?;
                match self.get(&place)? {
                    Value::Data(data) => Ok(data.variant.as_ref() == Some(name)),
                    Value::Sym(id) => {
                        let id = *id;
                        Ok(self.unknown.is_variant(id, name))
                    }
                    _ => unknown("a pattern of another type"),
                }
            }
            Def::Item(item) if matches!(self.model.item(*item).kind, ItemKind::Value(_)) => {
                let constant = self.static_place(*item)?;
                let answer = self.compare(Comparison::Equal, &Value::Ref(place.clone()), &Value::Ref(constant));
                self.truth(&answer)
            }
            Def::Item(_) => Ok(true),
            Def::External(path) => {
                let place = self.resolved(place)?;
                let (value, name) = (self.get(&place)?.clone(), Name::from(super::eval::last(path)));
                let constant = self.unknown.derived(path.to_string(), None);
                match (&value, &constant) {
                    (Value::Sym(id), Value::Sym(own)) if id == own => Ok(true),
                    (Value::Sym(id), _) => Ok(self.unknown.is_variant(*id, &name)),
                    _ => unknown("a constant of another crate"),
                }
            }
            _ => unknown("a constant that is not known"),
        }
    }

    /// Binds the names of a pattern that fits; `by_ref` where it stands behind a reference.
    pub(super) fn bind(&mut self, pat: PatId, place: &Place, by_ref: bool) -> Result<()> {
        let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
            return unknown("code outside of functions");
        };
        let is_behind = by_ref || matches!(self.get(place)?, Value::Ref(_));
        match &body.pat(pat).kind {
            PatKind::Bind { name, by_ref: own, sub, .. } => {
                if self.constant_pattern(name).is_some() && sub.is_none() {
                    return Ok(());
                }
                let value = match by_ref || *own {
                    true => Value::Ref(place.clone()),
                    false => self.take(place)?,
                };
                let slot = self.slot(value);
                self.declare(name.clone(), slot);
                if let Some(sub) = sub {
                    return self.bind(*sub, &Place::slot(slot), by_ref);
                }
                Ok(())
            }
            PatKind::Reference(inner) => {
                let to = self.resolved(place)?;
                self.bind(*inner, &to, false)
            }
            PatKind::Or(all) => {
                for &one in all {
                    if self.matches(one, place)? {
                        return self.bind(one, place, by_ref);
                    }
                }
                Ok(())
            }
            PatKind::Tuple(parts) => {
                let place = self.resolved(place)?;
                for (at, pat) in self.positions(&body, parts, &place)? {
                    let part = self.field_of(&place, &Name::from(at.to_string()))?;
                    self.bind(pat, &part, is_behind)?;
                }
                Ok(())
            }
            PatKind::Slice(parts) => {
                let place = self.listed(place)?;
                for (at, pat) in self.positions(&body, parts, &place)? {
                    self.bind(pat, &place.then(Step::At(at)), is_behind)?;
                }
                self.bind_rest(&body, parts, &place, is_behind)
            }
            PatKind::Variant(_, parts) => {
                if let Some(inner) = self.inside(place)? {
                    return parts.first().map_or(Ok(()), |&part| self.bind(part, &inner, is_behind));
                }
                let place = self.resolved(place)?;
                for (at, pat) in self.positions(&body, parts, &place)? {
                    let part = self.field_of(&place, &Name::from(at.to_string()))?;
                    self.bind(pat, &part, is_behind)?;
                }
                Ok(())
            }
            PatKind::Struct(_, fields) => {
                let place = self.resolved(place)?;
                for (name, pat) in fields {
                    let part = self.field_of(&place, name)?;
                    self.bind(*pat, &part, is_behind)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// `rest @ ..` in a slice pattern.
    fn bind_rest(&mut self, body: &Body, parts: &[PatId], place: &Place, is_behind: bool) -> Result<()> {
        let Value::Many(_, items) = self.get(place)? else { return Ok(()) };
        let count = items.len();
        let named = parts.iter().enumerate().find_map(|(index, &it)| match &body.pat(it).kind {
            PatKind::Bind { name, sub: Some(sub), .. } if is_rest(body, *sub) => Some((index, name.clone())),
            _ => None,
        });
        let Some((from, name)) = named else { return Ok(()) };
        let to = count + from + 1 - parts.len();
        let mut rest = Vec::new();
        for at in from..to {
            let part = place.then(Step::At(at));
            rest.push(if is_behind { Value::Ref(part) } else { self.take(&part)? });
        }
        let slot = self.slot(Value::list(rest));
        self.declare(name, slot);
        Ok(())
    }

    /// The place that an expression names; any other value lies in a temporary one.
    pub(super) fn place(&mut self, id: ExprId) -> Result<Place> {
        self.place_wanted(id, &Ty::Unknown)
    }

    pub(super) fn place_wanted(&mut self, id: ExprId, want: &Ty) -> Result<Place> {
        let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
            return unknown("code outside of functions");
        };
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
                    Value::Sym(_) | Value::Int(_) | Value::Bool(_) | Value::Text(_) => Ok(inner),
                    _ => Ok(self.deref(&inner)?.unwrap_or(inner)),
                }
            }
            _ => {
                let value = self.eval(id, want)?;
                Ok(self.temp(value))
            }
        }
    }

    /// Where a collection is, through whatever leads to it.
    pub(super) fn listed(&mut self, place: &Place) -> Result<Place> {
        let mut place = place.clone();
        while !matches!(self.get(&place)?, Value::Many(..) | Value::Sym(_)) {
            match self.deref(&place)? {
                Some(to) => place = to,
                None => return unknown("no collection"),
            }
        }
        Ok(place)
    }

    fn element(&mut self, base: ExprId, index: ExprId) -> Result<Place> {
        let base = self.place(base)?;
        let own = self.resolved(&base)?;
        if let Value::Data(data) = self.get(&own)? {
            let head = TyHead::Item(data.item.file, data.item.item);
            let methods = self.model.methods_of(&head, "index_mut").first().or(self.model.methods_of(&head, "index").first());
            if let Some(function) = methods.map(|it| it.item) {
                let index = self.eval(index, &Ty::Unknown)?;
                return match self.call_function(function, Some(Value::Ref(own)), vec![index], None)? {
                    Value::Ref(to) => Ok(to),
                    other => Ok(self.temp(other)),
                };
            }
        }
        let list = self.listed(&base)?;
        let index = self.eval(index, &Ty::Unknown)?;
        let index = self.seen(&index);
        match (self.get(&list)?, &index) {
            (Value::Sym(id), _) => {
                let id = *id;
                let part = self.unknown.part(id, &super::unknown::key(&index));
                Ok(self.temp(part))
            }
            (Value::Many(super::value::Kind::Map, _), _) => match self.find_key(&list, &index)? {
                Some(at) => Ok(list.then(Step::At(at)).then(Step::Second)),
                None => Err(Stop::Ended),
            },
            (Value::Many(_, items), Value::Int(at)) => match usize::try_from(*at) {
                Ok(at) if at < items.len() => Ok(list.then(Step::At(at))),
                _ => Err(Stop::Ended),
            },
            // Some element: each is tried.
            (Value::Many(_, items), Value::Sym(_)) if !items.is_empty() => {
                let of = items.len();
                for at in 0..of - 1 {
                    if self.equal(&index, &Value::int(at))? {
                        return Ok(list.then(Step::At(at)));
                    }
                }
                Ok(list.then(Step::At(of - 1)))
            }
            (Value::Many(..), Value::Iter(_)) => {
                let part = self.slice(&list, index)?;
                Ok(self.temp(part))
            }
            (Value::Many(..), Value::Sym(_)) => Err(Stop::Ended),
            _ => unknown("an index that is not known"),
        }
    }

    /// The wrapped value of a cell at a place.
    pub(super) fn cell_at(&self, place: &Place) -> Result<Option<(Cell, Place)>> {
        match self.get(place)? {
            Value::Cell(kind, _) => Ok(Some((*kind, place.then(Step::Inner)))),
            _ => Ok(None),
        }
    }
}

fn is_rest(body: &Body, pat: PatId) -> bool {
    match &body.pat(pat).kind {
        PatKind::Rest => true,
        PatKind::Bind { sub: Some(sub), .. } => is_rest(body, *sub),
        _ => false,
    }
}
