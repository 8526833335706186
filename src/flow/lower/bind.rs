//! Patterns: what they bind.

use super::super::{Binding, Field, LocalKind, Operand, Place, Proj, StmtKind, Terminator};
use super::pattern::Named;
use super::{Lowering, Value};
use crate::facts::tree::{Name, PatId, PatKind, Size};
use crate::model::Ty;
use crate::text::TextRange;

/// Parts of a tuple that a `..` may stand for.
const MAX_GAP: usize = 8;

impl Lowering<'_> {
    /// Binds a pattern to a value that it matches.
    pub(super) fn bind_value(&mut self, pat: PatId, value: &Value) {
        let body = self.body;
        let name = match &body.pat(pat).kind {
            PatKind::Bind { name, .. } => Some(name),
            _ => None,
        };
        match value.place() {
            Some(place) => {
                // A pattern looks through a reference and binds references.
                let looks_through = name.is_none() && matches!(value.ty, Ty::Reference(_));
                self.bind(pat, place, value.is_borrow() || looks_through, &value.ty);
            }
            None => self.declare_names(pat, &value.ty),
        }
        if let Some(name) = name {
            self.describe(name, value);
        }
    }

    fn describe(&mut self, name: &Name, value: &Value) {
        if let Some(local) = self.frame().lookup(name) {
            let data = self.frame().local_mut(local);
            data.callable = value.callable.clone();
            data.named = value.named;
        }
    }

    /// Declares every name of a pattern without a value.
    pub(super) fn declare_names(&mut self, pat: PatId, ty: &Ty) {
        let body = self.body;
        let range = body.pat(pat).range;
        match &body.pat(pat).kind {
            PatKind::Bind { name, sub, .. } => {
                let local = self.frame().declare(
                    Some(name.clone()),
                    range,
                    ty.clone(),
                    LocalKind::Variable,
                );
                self.frame().bind(name.clone(), local);
                if let Some(sub) = sub {
                    self.declare_names(*sub, &Ty::Unknown);
                }
            }
            PatKind::Tuple(elems)
            | PatKind::Slice(elems)
            | PatKind::Variant(_, elems)
            | PatKind::Or(elems) => {
                for (index, &elem) in elems.iter().enumerate() {
                    let ty = self.model.field_ty(ty, &index.to_string());
                    self.declare_names(elem, &ty);
                }
            }
            PatKind::Struct(_, fields) => {
                for (_, field) in fields {
                    self.declare_names(*field, &Ty::Unknown);
                }
            }
            PatKind::Reference(inner) => self.declare_names(*inner, ty),
            _ => {}
        }
    }

    /// Moves the parts of a place into the names of a pattern; a borrowed place gets further names.
    pub(super) fn bind(&mut self, pat: PatId, place: &Place, borrowed: bool, ty: &Ty) {
        let body = self.body;
        let range = body.pat(pat).range;
        match &body.pat(pat).kind {
            PatKind::Bind { .. } => self.bind_name(pat, place, borrowed, ty),
            PatKind::Tuple(elems) => {
                for (index, &elem) in elems.iter().enumerate() {
                    let name = index.to_string();
                    let ty = self.model.field_ty(ty, &name);
                    self.bind(elem, &place.then(Proj::element(index)), borrowed, &ty);
                }
            }
            PatKind::Slice(elems) if elems.len() > 1 && !borrowed => {
                self.bind_elements(elems, place, ty, range);
            }
            PatKind::Slice(elems) => {
                for &elem in elems {
                    self.bind(elem, &place.then(Proj::Elem), borrowed, &ty.element());
                }
            }
            PatKind::Variant(path, elems) => {
                let named = self.named(path);
                let payload = ty.payload();
                let is_known = self.variant_name(path).is_some() || self.is_struct(path);
                let takes = elems
                    .iter()
                    .any(|&elem| !matches!(body.pat(elem).kind, PatKind::Wild | PatKind::Rest));
                if matches!(named, Named::Other) && !is_known && takes {
                    let text = "taken apart by a pattern of a type that is not known";
                    self.push(range, StmtKind::Mention(vec![place.clone()], text));
                }
                for (index, &elem) in elems.iter().enumerate() {
                    let (place, ty) = match named {
                        Named::Good => (place.then(Proj::Inner), payload.clone()),
                        Named::Bad => (place.then(Proj::Error), Ty::Unknown),
                        Named::Other => {
                            let is_struct = self.is_struct(path);
                            let ty = self.declared_part(path, &index.to_string());
                            (self.variant_part(path, place, index, is_struct), ty)
                        }
                    };
                    self.bind(elem, &place, borrowed, &ty);
                }
            }
            PatKind::Struct(path, fields) => {
                let (owner, place) = (self.owner_of(path), self.inside(path, place));
                for (name, field) in fields {
                    let ty = self.declared_part(path, name);
                    let part = Field { name: name.clone(), owner: owner.clone() };
                    self.bind(*field, &place.then(Proj::Field(part)), borrowed, &ty);
                }
            }
            PatKind::Reference(inner) => self.bind(*inner, place, borrowed, ty.peel()),
            PatKind::Or(cases) => self.bind_cases(cases, place, borrowed, ty, range),
            _ => {}
        }
    }

    /// Declares the name of a pattern that is one.
    fn bind_name(&mut self, pat: PatId, place: &Place, borrowed: bool, ty: &Ty) {
        let body = self.body;
        let range = body.pat(pat).range;
        let PatKind::Bind { name, by_ref, sub, mutable } = &body.pat(pat).kind else { return };
        if sub.is_none() && self.is_constant(name) {
            return;
        }
        let local =
            self.frame().declare(Some(name.clone()), range, ty.clone(), LocalKind::Variable);
        let binding = if *mutable { Binding::Free } else { self.binding(ty) };
        self.frame().local_mut(local).binding = binding;
        self.frame().bind(name.clone(), local);
        // A value that is made for a reference lives as long as that.
        let made_for_it =
            place.proj.is_empty() && self.frame().local(place.local).kind == LocalKind::Temporary;
        if borrowed || (*by_ref && !made_for_it) {
            self.frame().local_mut(local).alias = Some(place.clone());
        } else {
            self.push(range, StmtKind::Assign(Place::local(local), place.clone()));
        }
        if let Some(sub) = sub {
            self.bind(*sub, &Place::local(local), true, ty);
        }
    }

    /// Takes apart what may be an array that is written out, or a tuple of which not all parts are named.
    fn bind_elements(&mut self, elems: &[PatId], place: &Place, ty: &Ty, range: TextRange) {
        let body = self.body;
        let is_rest = |pat: PatId| matches!(body.pat(pat).kind, PatKind::Rest);
        let rest_name = |pat: PatId| match &body.pat(pat).kind {
            PatKind::Bind { name, sub: Some(sub), .. } if is_rest(*sub) => Some(name),
            _ => None,
        };
        let is_gap = |&elem: &PatId| is_rest(elem) || rest_name(elem).is_some();
        let gap = elems.iter().position(is_gap).unwrap_or(elems.len());
        for (index, &elem) in elems.iter().enumerate() {
            let behind = elems.len() - 1 - index;
            if let Some(name) = rest_name(elem) {
                let kind = LocalKind::Variable;
                let range = body.pat(elem).range;
                let local = self.frame().declare(Some(name.clone()), range, ty.clone(), kind);
                let (to, from) =
                    (Place::local(local).then(Proj::Elem), Proj::Between(index, behind));
                self.push(range, StmtKind::Assign(to, place.then(from)));
                self.frame().bind(name.clone(), local);
                continue;
            }
            let at = if index < gap { Proj::At(index, false) } else { Proj::At(behind, true) };
            self.bind(elem, &place.then(at), false, &ty.element());
        }
        if self.distributed(elems, place, ty, range) {
            return;
        }
        let mut unknown = vec![place.then(Proj::Unnumbered)];
        if gap < elems.len() && !matches!(ty.peel(), Ty::Slice(..)) {
            // Behind the gap in a tuple nobody knows which is which.
            let behind = gap..elems.len() + MAX_GAP;
            unknown.extend(behind.map(|index| place.then(Proj::element(index))));
        }
        self.push(range, StmtKind::Mention(unknown, "taken apart by a slice pattern"));
    }

    /// Goes as many ways as an array has elements that a pattern names, and one more if it leaves some out: on each way,
    /// what is in the array at a position that nobody knows is that one.
    fn distributed(&mut self, elems: &[PatId], place: &Place, ty: &Ty, range: TextRange) -> bool {
        let body = self.body;
        let mut named = Vec::new();
        let (mut leaves, mut has_gap) = (false, false);
        for &elem in elems {
            match &body.pat(elem).kind {
                PatKind::Bind { name, sub: None, .. } => named.push(name.clone()),
                PatKind::Wild => leaves = true,
                PatKind::Rest => has_gap = true,
                _ => return false,
            }
        }
        if has_gap {
            let Ty::Slice(_, Size::Exactly(length)) = ty.peel() else { return false };
            leaves |= *length > elems.len() - 1;
        }
        let locals: Option<Vec<_>> = named.iter().map(|name| self.frame().lookup(name)).collect();
        let Some(locals) = locals.filter(|locals| leaves || !locals.is_empty()) else {
            return false;
        };
        let after = self.frame().new_block();
        let ways: Vec<_> = locals
            .into_iter()
            .map(Some)
            .chain(leaves.then_some(None))
            .map(|local| (self.frame().new_block(), local))
            .collect();
        let edges = ways.iter().map(|(block, _)| (*block, Vec::new())).collect();
        self.frame().end(Terminator::Branch(edges));
        for (block, local) in ways {
            self.frame().enter(block);
            if let Some(local) = local {
                let from = Operand::Move(place.then(Proj::Unnumbered));
                self.push(range, StmtKind::Build(local, vec![(Vec::new(), from)]));
            }
            self.frame().goto(after);
        }
        self.frame().enter(after);
        true
    }

    /// Binds every case of an or-pattern, and gives each name one local for all cases.
    fn bind_cases(
        &mut self,
        cases: &[PatId],
        place: &Place,
        borrowed: bool,
        ty: &Ty,
        range: TextRange,
    ) {
        let mut names = Vec::new();
        cases.iter().take(1).for_each(|&case| self.names(case, &mut names));
        let mut parts: Vec<Vec<(Vec<Proj>, Operand)>> = vec![Vec::new(); names.len()];
        for &case in cases {
            self.bind(case, place, borrowed, ty);
            for (name, parts) in names.iter().zip(&mut parts) {
                let Some(local) = self.frame().lookup(name) else { continue };
                match self.frame().local(local).alias.clone() {
                    Some(alias) => {
                        let text = "bound by one of several patterns";
                        self.push(range, StmtKind::Mention(vec![alias], text));
                    }
                    None => parts.push((Vec::new(), Operand::Move(Place::local(local)))),
                }
            }
        }
        for (name, parts) in names.into_iter().zip(parts) {
            let kind = LocalKind::Variable;
            let local = self.frame().declare(Some(name.clone()), range, Ty::Unknown, kind);
            self.push(range, StmtKind::Build(local, parts));
            self.frame().bind(name, local);
        }
    }

    /// Names that a pattern binds.
    fn names(&self, pat: PatId, names: &mut Vec<Name>) {
        match &self.body.pat(pat).kind {
            PatKind::Bind { name, sub, .. } => {
                names.push(name.clone());
                if let Some(sub) = sub {
                    self.names(*sub, names);
                }
            }
            PatKind::Tuple(elems)
            | PatKind::Slice(elems)
            | PatKind::Variant(_, elems)
            | PatKind::Or(elems) => elems.iter().for_each(|&elem| self.names(elem, names)),
            PatKind::Struct(_, fields) => {
                fields.iter().for_each(|(_, field)| self.names(*field, names));
            }
            PatKind::Reference(inner) => self.names(*inner, names),
            _ => {}
        }
    }
}
