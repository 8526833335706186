//! Patterns: what they test.

use super::super::{BlockId, Condition, Constant, Field, Operand, Place, Proj, Terminator, Test};
use super::{Lowering, Value};
use crate::facts::tree::{ItemKind, Name, PatId, PatKind, Path, Type};
use crate::model::{Def, Namespace, Ty};
use crate::text::TextRange;

/// How one part of a pattern can fail.
enum Part {
    /// A place is (or is not) `Some` or `Ok`.
    Inner(Place, bool),
    /// A place has no elements.
    Empty(Place),
    /// A place is one of these values, or variants of a type of the project; and what else it can be, if that is
    /// known.
    Is(Place, Vec<Constant>, Option<Vec<Constant>>),
    /// A place that may not match, for some other reason.
    Other(Place),
}

/// What a path in a pattern names.
pub(super) enum Named {
    Good,
    Bad,
    Other,
}

impl Lowering<'_> {
    /// Goes to `yes` when the pattern matches the value, else to `no`.
    pub(super) fn test_pattern(&mut self, pat: PatId, value: &Value, yes: BlockId, no: BlockId) {
        if let PatKind::Or(cases) = &self.body.pat(pat).kind
            && let Some((last, others)) = cases.split_last()
        {
            if self.leaves_nothing(cases, value) {
                return self.frame().goto(yes);
            }
            for &case in others {
                let next = self.frame().new_block();
                self.test_pattern(case, value, yes, next);
                self.frame().enter(next);
            }
            return self.test_pattern(*last, value, yes, no);
        }
        let mut parts = Vec::new();
        let nowhere = Place::local(super::super::RETURN);
        let place = value.place().cloned();
        self.parts(pat, place.as_ref().unwrap_or(&nowhere), &mut parts);
        if parts.is_empty() {
            self.frame().goto(yes);
            return;
        }
        if place.is_none() {
            return self.frame().either(yes, no, Vec::new());
        }
        // From the outside in: each part is tested where those before it hold, so that each way to
        // fail says which part it was.
        let last = parts.len() - 1;
        for (index, part) in parts.into_iter().enumerate() {
            let next = if index == last { yes } else { self.frame().new_block() };
            let (matched, failed) = match part {
                Part::Inner(place, good) => {
                    let test = |holds| {
                        let place = place.clone();
                        vec![Condition { place, test: Test::Inner, holds }]
                    };
                    (test(good), test(!good))
                }
                Part::Empty(place) => {
                    let test =
                        |holds| vec![Condition { place: place.clone(), test: Test::Empty, holds }];
                    (test(true), test(false))
                }
                Part::Is(place, values, others) => {
                    let test = |values: Vec<Constant>, holds| {
                        vec![Condition { place: place.clone(), test: Test::Is(values), holds }]
                    };
                    let failed = match others {
                        Some(others) => test(others, true),
                        None => test(values.clone(), false),
                    };
                    (test(values, true), failed)
                }
                Part::Other(place) => {
                    self.frame().either(next, no, vec![place]);
                    if index != last {
                        self.frame().enter(next);
                    }
                    continue;
                }
            };
            let (matched, failed) = (self.with_origins(matched), self.with_origins(failed));
            self.frame().end(Terminator::Branch(vec![(next, matched), (no, failed)]));
            if index != last {
                self.frame().enter(next);
            }
        }
    }

    /// Whether some cases are `Ok` and `Err`, whatever is in them, or `Some` and `None`.
    fn leaves_nothing(&mut self, cases: &[PatId], value: &Value) -> bool {
        let Some(of) = value.place().cloned() else { return false };
        let mut seen = [false; 2];
        for &case in cases {
            let mut parts = Vec::new();
            self.parts(case, &of, &mut parts);
            match parts.as_slice() {
                [] => return true,
                [Part::Inner(place, good)] if *place == of => seen[usize::from(*good)] = true,
                _ => {}
            }
        }
        seen == [true; 2]
    }

    fn parts(&mut self, pat: PatId, place: &Place, parts: &mut Vec<Part>) {
        let body = self.body;
        match &body.pat(pat).kind {
            PatKind::Wild | PatKind::Rest => {}
            PatKind::Bind { name, sub, .. } => {
                if sub.is_none() && self.is_constant(name) {
                    let path =
                        Path { global: false, segments: segment(name), range: body.pat(pat).range };
                    parts.push(match self.named(&path) {
                        Named::Bad => Part::Inner(place.clone(), false),
                        _ => self.variant(&path, place),
                    });
                }
                if let Some(sub) = sub {
                    self.parts(*sub, place, parts);
                }
            }
            PatKind::Tuple(elems) => {
                for (index, &elem) in elems.iter().enumerate() {
                    let place = place.then(Proj::element(index));
                    self.parts(elem, &place, parts);
                }
            }
            PatKind::Slice(elems) if elems.is_empty() => parts.push(Part::Empty(place.clone())),
            PatKind::Slice(elems) => {
                parts.push(Part::Other(place.clone()));
                for &elem in elems {
                    self.parts(elem, &place.then(Proj::Elem), parts);
                }
            }
            PatKind::Variant(path, elems) => self.variant_parts(path, elems, place, parts),
            PatKind::Struct(path, fields) => {
                if !self.is_struct(path) {
                    parts.push(self.variant(path, place));
                }
                let (owner, place) = (self.owner_of(path), self.inside(path, place));
                for (name, field) in fields {
                    let part = Field { name: name.clone(), owner: owner.clone() };
                    self.parts(*field, &place.then(Proj::Field(part)), parts);
                }
            }
            PatKind::Path(path) => parts.push(match self.named(path) {
                Named::Bad => Part::Inner(place.clone(), false),
                _ => self.variant(path, place),
            }),
            PatKind::Reference(inner) => self.parts(*inner, place, parts),
            PatKind::Or(cases) => {
                let irrefutable = cases.iter().any(|&case| {
                    let mut inner = Vec::new();
                    self.parts(case, place, &mut inner);
                    inner.is_empty()
                });
                if !irrefutable {
                    parts.extend(self.alternatives(cases, place));
                }
            }
            PatKind::Bool(value) => {
                parts.push(Part::Is(place.clone(), vec![Constant::Bool(*value)], None));
            }
            PatKind::Number(0) if self.counted_by(place).is_some() => {
                parts.extend(self.counted_by(place).map(Part::Empty));
            }
            PatKind::Number(value) => {
                parts.push(Part::Is(place.clone(), vec![Constant::Number(*value)], None));
            }
            PatKind::Literal(words) => parts.push(match Constant::text(*words) {
                Some(text) => Part::Is(place.clone(), vec![text], None),
                None => Part::Other(place.clone()),
            }),
            PatKind::Refutable(words) => parts.push(match self.fits(place, *words) {
                Some(asked) => Part::Is(asked, vec![Constant::Bool(true)], None),
                None => Part::Other(place.clone()),
            }),
        }
    }

    fn variant_parts(
        &mut self,
        path: &Path,
        elems: &[PatId],
        place: &Place,
        parts: &mut Vec<Part>,
    ) {
        let body = self.body;
        match self.named(path) {
            Named::Good => {
                parts.push(Part::Inner(place.clone(), true));
                for &elem in elems {
                    self.parts(elem, &place.then(Proj::Inner), parts);
                }
            }
            Named::Bad => {
                parts.push(Part::Inner(place.clone(), false));
                if elems.iter().any(|&elem| {
                    !matches!(body.pat(elem).kind, PatKind::Wild | PatKind::Bind { .. })
                }) {
                    parts.push(Part::Other(place.clone()));
                }
            }
            Named::Other => {
                let is_struct = self.is_struct(path);
                if !is_struct {
                    parts.push(self.variant(path, place));
                }
                for (index, &elem) in elems.iter().enumerate() {
                    let place = self.variant_part(path, place, index, is_struct);
                    self.parts(elem, &place, parts);
                }
            }
        }
    }

    /// How an or-pattern can fail: with variants of one place, by being none of them.
    fn alternatives(&mut self, cases: &[PatId], place: &Place) -> Vec<Part> {
        let (mut values, mut plain) = (Vec::new(), true);
        let mut others: Option<Vec<Constant>> = None;
        for &case in cases {
            let mut parts = Vec::new();
            self.parts(case, place, &mut parts);
            plain &= parts.len() == 1;
            match parts.into_iter().next() {
                Some(Part::Is(of, own, left)) if of == *place => {
                    values.extend(own);
                    others = others.or(left);
                }
                _ => return vec![Part::Other(place.clone())],
            }
        }
        if let Some(others) = &mut others {
            others.retain(|other| !values.contains(other));
        }
        let among = Part::Is(place.clone(), values, others);
        if plain { vec![among] } else { vec![among, Part::Other(place.clone())] }
    }

    /// A numbered part of a tuple struct, or of a variant.
    pub(super) fn variant_part(
        &self,
        path: &Path,
        place: &Place,
        index: usize,
        is_struct: bool,
    ) -> Place {
        let name = Name::from(index.to_string());
        let part = Proj::Field(Field { name, owner: self.owner_of(path) });
        if is_struct {
            return place.then(part);
        }
        let variant = self.variant_name(path).unwrap_or_else(|| Name::from(path.last()));
        place.then(Proj::Variant(variant)).then(part)
    }

    /// The declared type of a part of what a path in a pattern names.
    pub(super) fn declared_part(&self, path: &Path, name: &str) -> Ty {
        match self.path_defs(None, path).as_slice() {
            [Def::Variant(item, variant)] => self.model.variant_field_ty(*item, variant, name),
            _ => self.model.field_ty(&self.ty(&Type::Path(None, path.clone())), name),
        }
    }

    /// The variant of a type of the project that a path in a pattern names, whatever it is called there.
    pub(super) fn variant_name(&self, path: &Path) -> Option<Name> {
        match self.path_defs(None, path).as_slice() {
            [Def::Variant(_, name)] => Some(name.clone()),
            _ => None,
        }
    }

    /// Where the fields of what a path constructs are.
    pub(super) fn inside(&self, path: &Path, place: &Place) -> Place {
        match self.variant_name(path) {
            Some(variant) => place.then(Proj::Variant(variant)),
            None => place.clone(),
        }
    }

    /// How a path in a pattern fails that is no constructor of std.
    fn variant(&self, path: &Path, place: &Place) -> Part {
        match self.path_defs(None, path).as_slice() {
            [Def::Variant(item, name)] => {
                let own = Constant::Variant(name.clone());
                let names = self.model.variants(*item);
                let others = names.filter(|other| *other != name);
                let others = others.map(|other| Constant::Variant(other.clone())).collect();
                Part::Is(place.clone(), vec![own], Some(others))
            }
            _ => Part::Other(place.clone()),
        }
    }

    /// Which of the two well-known sums a path in a pattern names.
    pub(super) fn named(&self, path: &Path) -> Named {
        let defs = self.path_defs(None, path);
        match defs.as_slice() {
            [Def::External(path)] => match path.rsplit("::").next() {
                Some("Some" | "Ok" | "Ready") => Named::Good,
                Some("None" | "Err" | "Pending") => Named::Bad,
                _ => Named::Other,
            },
            _ => Named::Other,
        }
    }

    pub(super) fn is_struct(&self, path: &Path) -> bool {
        let names: Vec<Name> = path.segments.iter().map(|segment| segment.name.clone()).collect();
        if names.len() == 1 && &*names[0] == "Self" {
            return true;
        }
        let defs = self.model.resolve(self.module(), path.global, &names, Namespace::Type);
        matches!(defs.as_slice(), [Def::Item(item)] if matches!(self.model.item(*item).kind, ItemKind::Struct(_)))
    }

    /// Whether a plain name in a pattern is a constant or unit variant rather than a new variable.
    pub(super) fn is_constant(&self, name: &Name) -> bool {
        if &**name == "None" {
            return true;
        }
        if !name.starts_with(char::is_uppercase) {
            return false;
        }
        let defs =
            self.model.resolve(self.module(), false, std::slice::from_ref(name), Namespace::Value);
        !defs.is_empty()
            || self
                .model
                .resolve(self.module(), false, std::slice::from_ref(name), Namespace::Type)
                .iter()
                .any(|def| matches!(def, Def::Variant(..) | Def::Unknown))
    }

    /// A value in a place of its own, so that its parts can be named.
    pub(super) fn materialise(&mut self, value: Value, range: TextRange) -> Value {
        match value.operand {
            Operand::Move(_) | Operand::Borrow(_) => value,
            Operand::Function(_) | Operand::Constant(_) => {
                let local = self.temp(range, value.ty.clone());
                Value { operand: Operand::Move(Place::local(local)), ..value }
            }
        }
    }
}

fn segment(name: &Name) -> Vec<crate::facts::tree::Segment> {
    vec![crate::facts::tree::Segment { name: name.clone(), args: Vec::new() }]
}
