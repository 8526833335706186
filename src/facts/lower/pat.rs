//! Patterns.

use std::hash::{DefaultHasher, Hash, Hasher};

use syn::{Expr, Member};

use super::super::tree::{ExprId, Name, Pat, PatId, PatKind, Said};
use super::body::BodyLowering;
use super::{byte_range, delimited, written};
use crate::text::TextRange;

impl BodyLowering<'_, '_> {
    pub(super) fn pat(&mut self, pat: &syn::Pat) -> PatId {
        let (range, kind) = self.pat_kind(pat);
        self.add_pat(range, kind)
    }

    /// A pattern whose guard, if it has one, is given back apart.
    pub(super) fn guarded_pat<'pat>(&mut self, pat: &'pat syn::Pat) -> (PatId, Option<&'pat Expr>) {
        match pat {
            syn::Pat::Guard(guard) => (self.pat(&guard.pat), Some(&guard.guard)),
            other => (self.pat(other), None),
        }
    }

    fn add_pat(&mut self, range: TextRange, kind: PatKind) -> PatId {
        let id = PatId(u32::try_from(self.body.pats.len()).unwrap_or(u32::MAX));
        self.body.pats.push(Pat { range, kind });
        id
    }

    fn pat_kind(&mut self, pat: &syn::Pat) -> (TextRange, PatKind) {
        match pat {
            syn::Pat::Ident(ident) => {
                let range = byte_range(ident.ident.span());
                let sub = ident.subpat.as_ref().map(|(_, sub)| self.pat(sub));
                let name = self.lowering.ident(&ident.ident);
                let (by_ref, mutable) = (ident.by_ref.is_some(), ident.mutability.is_some());
                (range, PatKind::Bind { name, by_ref, mutable, sub })
            }
            syn::Pat::Wild(wild) => (byte_range(wild.underscore_token.span), PatKind::Wild),
            syn::Pat::Rest(_) => (TextRange::default(), PatKind::Rest),
            syn::Pat::Tuple(tuple) => {
                let elems = tuple.elems.iter().map(|elem| self.pat(elem)).collect();
                let range = delimited(&tuple.paren_token.span);
                if has_gap(&tuple.elems) {
                    // Behind a gap nobody knows which is which, as in a slice.
                    return (range, PatKind::Slice(elems));
                }
                (range, PatKind::Tuple(elems))
            }
            syn::Pat::Slice(slice) => {
                let elems = slice.elems.iter().map(|elem| self.pat(elem)).collect();
                (delimited(&slice.bracket_token.span), PatKind::Slice(elems))
            }
            syn::Pat::TupleStruct(variant) => {
                let path = self.lowering.path(&variant.path);
                let elems = variant.elems.iter().map(|elem| self.pat(elem)).collect();
                (
                    path.range.cover(delimited(&variant.paren_token.span)),
                    PatKind::Variant(path, elems),
                )
            }
            syn::Pat::Struct(strukt) => {
                let path = self.lowering.path(&strukt.path);
                let fields = strukt
                    .fields
                    .iter()
                    .map(|field| (self.member(&field.member), self.pat(&field.pat)));
                let fields: Vec<(Name, PatId)> = fields.collect();
                (
                    path.range.cover(delimited(&strukt.brace_token.span)),
                    PatKind::Struct(path, fields),
                )
            }
            syn::Pat::Path(path) => {
                let path = self.lowering.path(&path.path);
                (path.range, PatKind::Path(path))
            }
            syn::Pat::Reference(reference) => {
                let inner = self.pat(&reference.pat);
                let start = byte_range(reference.and_token.spans[0]);
                (start.cover(self.body.pat(inner).range), PatKind::Reference(inner))
            }
            syn::Pat::Paren(paren) => self.pat_kind(&paren.pat),
            syn::Pat::Type(typed) => self.pat_kind(&typed.pat),
            syn::Pat::Guard(guard) => self.pat_kind(&guard.pat),
            syn::Pat::Or(or) => {
                let cases: Vec<PatId> = or.cases.iter().map(|case| self.pat(case)).collect();
                let ranges = cases.iter().map(|&case| self.body.pat(case).range);
                let range = ranges.reduce(TextRange::cover).unwrap_or_default();
                (range, PatKind::Or(cases))
            }
            syn::Pat::Lit(syn::ExprLit { lit, .. }) => {
                (byte_range(lit.span()), self.literal_pat(lit))
            }
            syn::Pat::Range(range) => {
                let hash = written_range(range);
                self.body.said.extend(interval(range).map(|it| (hash, it)));
                (TextRange::default(), PatKind::Refutable(hash))
            }
            _ => (TextRange::default(), PatKind::Refutable(0)),
        }
    }

    pub(super) fn member(&mut self, member: &Member) -> Name {
        match member {
            Member::Named(ident) => self.lowering.ident(ident),
            Member::Unnamed(index) => self.lowering.name(&index.index.to_string()),
        }
    }

    /// Lowers an optional expression.
    pub(super) fn maybe(&mut self, expr: Option<&Expr>) -> Option<ExprId> {
        expr.map(|expr| self.expr(expr))
    }

    fn literal_pat(&mut self, lit: &syn::Lit) -> PatKind {
        match lit {
            syn::Lit::Bool(it) => PatKind::Bool(it.value),
            syn::Lit::Int(it) => it
                .base10_parse()
                .map_or_else(|_| PatKind::Literal(self.written(lit)), PatKind::Number),
            syn::Lit::Byte(it) => PatKind::Number(usize::from(it.value())),
            other => PatKind::Literal(self.written(other)),
        }
    }
}

/// A hash of what a range is written as, if its ends are literals or constants.
fn written_range(range: &syn::ExprRange) -> u64 {
    let mut hasher = DefaultHasher::new();
    matches!(range.limits, syn::RangeLimits::Closed(_)).hash(&mut hasher);
    for end in [&range.start, &range.end] {
        match end.as_deref() {
            None => 0u64.hash(&mut hasher),
            Some(Expr::Lit(lit)) => written(&lit.lit).hash(&mut hasher),
            Some(Expr::Path(path)) => {
                path.path.segments.iter().for_each(|it| it.ident.hash(&mut hasher));
            }
            Some(_) => return 0,
        }
    }
    hasher.finish()
}

/// An interval of whole numbers that are written out.
fn interval(range: &syn::ExprRange) -> Option<Said> {
    let number = |end: &Option<Box<Expr>>| match end.as_deref() {
        None => Some(None),
        Some(Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(it), .. })) => {
            it.base10_parse::<i128>().ok().map(Some)
        }
        Some(_) => None,
    };
    let (from, to) = (number(&range.start)?, number(&range.end)?);
    let is_closed = matches!(range.limits, syn::RangeLimits::Closed(_));
    Some(Said::Interval(from, to.map(|to| to.saturating_sub(i128::from(!is_closed)))))
}

/// Whether `..` stands anywhere but at the end.
fn has_gap<P>(elems: &syn::punctuated::Punctuated<syn::Pat, P>) -> bool {
    elems.iter().rev().skip(1).any(|elem| matches!(elem, syn::Pat::Rest(_)))
}
