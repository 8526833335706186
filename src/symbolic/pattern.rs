//! Patterns: whether a value fits, and what they bind.

use super::eval::literal;
use super::machine::{Result, Run, unknown};
use super::value::{Cell, Kind, Maybe, Place, Step, Value};
use crate::facts::tree::{Body, Comparison, ItemKind, Name, PatId, PatKind, Path, Said};
use crate::model::Def;

impl Run<'_> {
    /// Whether what is at a place fits a pattern; decided now for what is unknown. Nothing moves.
    pub(super) fn matches(&mut self, pat: PatId, place: &Place) -> Result<bool> {
        let body = self.body()?;
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
            PatKind::Literal(it) => self.equal(&Value::Ref(place.clone()), &literal(&body, *it)),
            PatKind::Refutable(hash) => self.match_interval(&body, *hash, place),
            PatKind::Tuple(parts) => {
                self.match_parts(parts, place, |index| Step::Field(Name::from(index.to_string())))
            }
            PatKind::Slice(parts) => self.match_slice(&body, parts, place),
            PatKind::Variant(path, parts) => {
                if !self.is_variant(path, place)? {
                    return Ok(false);
                }
                let inner = self.inside(place)?;
                match inner {
                    Some(inner) => {
                        parts.first().map_or(Ok(true), |&part| self.matches(part, &inner))
                    }
                    None => {
                        let place = self.data_at(place)?;
                        self.match_parts(parts, &place, |index| {
                            Step::Field(Name::from(index.to_string()))
                        })
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
            PatKind::Path(path) => self.matches_path(path, place),
        }
    }

    /// Whether what is at a place is the constant or the variant that a path means.
    fn matches_path(&mut self, path: &Path, place: &Place) -> Result<bool> {
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

    /// Whether what is at a place lies in an interval.
    fn match_interval(&mut self, body: &Body, hash: u64, place: &Place) -> Result<bool> {
        let value = self.seen(&Value::Ref(place.clone()));
        if let (Value::Int(number, _), Some(Said::Interval(from, to))) =
            (&value, body.said.get(&hash))
        {
            let from = from.is_none_or(|it| it <= *number);
            return Ok(from && to.is_none_or(|it| *number <= it));
        }
        if let (Value::Sym(_), Some(Said::Interval(from, to))) = (&value, body.said.get(&hash)) {
            // What is known of its bounds says more than another question.
            let ends = [(Comparison::AtLeast, from), (Comparison::AtMost, to)];
            for (op, end) in ends {
                let Some(end) = end else { continue };
                let asked = self.compare(op, &value, &Value::number(*end));
                if !self.truth(&asked)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let key = format!("{hash}~{}", super::same::key(&value));
        let asked = self.unknown.derived(key, Some(&value));
        // An interval that is not looked at: what is known does not say.
        self.unknown.doubtful |= !matches!(value, Value::Sym(_));
        self.truth(&asked)
    }

    pub(super) fn match_parts(
        &mut self,
        parts: &[PatId],
        place: &Place,
        step: impl Fn(usize) -> Step,
    ) -> Result<bool> {
        let body = self.body()?;
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

    pub(super) fn match_slice(
        &mut self,
        body: &Body,
        parts: &[PatId],
        place: &Place,
    ) -> Result<bool> {
        let place = self.listed(place)?;
        if let Value::Sym(id) = *self.get(&place)? {
            // So many elements as it is tried to have.
            let len = self.unknown.len(id);
            let items = (1..=len).map(|at| self.unknown.part(id, &format!("[{at}]"))).collect();
            *self.get_mut(&place)? = Value::list(items);
        }
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
    pub(super) fn positions(
        &self,
        body: &Body,
        parts: &[PatId],
        place: &Place,
    ) -> Result<Vec<(usize, PatId)>> {
        let count = match self.get(place)? {
            Value::Tuple(values) | Value::Many(_, values) => values.len(),
            Value::Data(data) => data.fields.len(),
            _ => parts.len(),
        };
        let rest = parts.iter().position(|&it| is_rest(body, it));
        let all = parts.iter().enumerate().filter(|(_, it)| !is_rest(body, **it));
        Ok(all
            .map(|(index, &pat)| match rest {
                Some(rest) if index > rest => ((count + index).saturating_sub(parts.len()), pat),
                _ => (index, pat),
            })
            .collect())
    }

    /// The payload of an `Option` or `Result` at a place.
    pub(super) fn inside(&self, place: &Place) -> Result<Option<Place>> {
        let place = self.resolved(place)?;
        Ok(match self.get(&place)? {
            Value::Maybe(_, Some(_)) | Value::Cell(Cell::Made(_), _) => {
                Some(place.then(Step::Inner))
            }
            Value::Entry(..) => Some(place),
            _ => None,
        })
    }

    /// Where a value with parts is, through references and boxes.
    pub(super) fn data_at(&mut self, place: &Place) -> Result<Place> {
        self.resolved(place)
    }

    /// Whether what is at a place is of the variant that a path names.
    pub(super) fn is_variant(&mut self, path: &Path, place: &Place) -> Result<bool> {
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
                let is_own = self.constructed(path).is_some();
                if let Some(named) = Maybe::of(&name).filter(|it| !is_own || !it.is_flow()) {
                    return Ok(self.maybe_at(&place, named.good())? == Some(named));
                }
                if path.segments.len() < 2 && matches!(self.constructed(path), Some((_, None))) {
                    return Ok(true);
                }
                Ok(self.unknown.is_variant(id, &name))
            }
            Value::Entry(map, key) => {
                let (map, key) = (map.clone(), (**key).clone());
                let is_there = self.find_key(&map, &key)?.is_some();
                match &*name {
                    "Occupied" => Ok(is_there),
                    "Vacant" => Ok(!is_there),
                    _ => unknown("a pattern of another type"),
                }
            }
            Value::Cell(Cell::Made(made), _) => Ok(*made == &*name),
            Value::Tuple(_) => Ok(true),
            _ => unknown("a pattern of another type"),
        }
    }

    /// What a plain name in a pattern means, if it is a constant or a unit variant.
    pub(super) fn constant_pattern(&self, name: &Name) -> Option<Def> {
        if Maybe::of(name) == Some(Maybe::None) {
            return Some(Def::External(Name::from("std::option::Option::None")));
        }
        if !name.starts_with(|it: char| it.is_ascii_uppercase()) {
            return None;
        }
        let module = self.frames.last()?.context.module;
        let defs = self.model.resolve(
            module,
            false,
            std::slice::from_ref(name),
            crate::model::Namespace::Value,
        );
        defs.into_iter().next()
    }

    pub(super) fn is_constant(&mut self, def: &Def, place: &Place) -> Result<bool> {
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
                let answer = self.compare(
                    Comparison::Equal,
                    &Value::Ref(place.clone()),
                    &Value::Ref(constant),
                );
                self.truth(&answer)
            }
            Def::Item(_) => Ok(true),
            Def::External(path) => {
                let place = self.resolved(place)?;
                let (value, name) =
                    (self.get(&place)?.clone(), Name::from(super::eval::last(path)));
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
        let body = self.body()?;
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
                    return parts
                        .first()
                        .map_or(Ok(()), |&part| self.bind(part, &inner, is_behind));
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
    pub(super) fn bind_rest(
        &mut self,
        body: &Body,
        parts: &[PatId],
        place: &Place,
        is_behind: bool,
    ) -> Result<()> {
        let Value::Many(_, items) = self.get(place)? else { return Ok(()) };
        let count = items.len();
        let named = parts.iter().enumerate().find_map(|(index, &it)| match &body.pat(it).kind {
            PatKind::Bind { name, sub: Some(sub), .. } if is_rest(body, *sub) => {
                Some((index, name.clone()))
            }
            _ => None,
        });
        let Some((from, name)) = named else { return Ok(()) };
        let to = (count + from + 1).saturating_sub(parts.len());
        let mut rest = Vec::new();
        for at in from..to {
            let part = place.then(Step::At(at));
            rest.push(if is_behind { Value::Ref(part) } else { self.take(&part)? });
        }
        let kind = if is_behind { Kind::Slice } else { Kind::List };
        let slot = self.slot(Value::Many(kind, rest));
        self.declare(name, slot);
        Ok(())
    }
}

fn is_rest(body: &Body, pat: PatId) -> bool {
    match &body.pat(pat).kind {
        PatKind::Rest => true,
        PatKind::Bind { sub: Some(sub), .. } => is_rest(body, *sub),
        _ => false,
    }
}
