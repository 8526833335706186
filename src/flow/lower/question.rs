//! Questions that are asked twice in the same words: `if cmd == "sync" { spawn }` and later `if cmd == "sync" { join }`.
//!
//! What such a condition says is not known, but it says the same each time, as long as nothing changes what it reads.
//! So it becomes a test of a place of its own.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::super::{BlockId, Condition, Field, LocalKind, Owner, Place, Proj, Test, methods};
use super::Lowering;
use crate::facts::tree::{BinaryOp, Comparison, ExprId, ExprKind};

/// Expressions in expressions of one question.
const MAX_DEPTH: usize = 8;

impl Lowering<'_> {
    /// Goes to `yes` or `no` by a condition that was lowered and of which nothing else is known; `before` is how many
    /// places had been named by then.
    pub(super) fn ask(&mut self, id: ExprId, yes: BlockId, no: BlockId, before: usize) {
        let frame = self.frame();
        let named = frame.read[before..].to_vec();
        match self.in_words(id) {
            Some((place, holds)) => {
                self.frame().reads(named);
                let test = Test::is_true();
                self.branch(&[Condition { place, test, holds }], yes, no);
            }
            None => self.frame().either(yes, no, named),
        }
    }

    /// The place that stands for a question, and the answer that it means.
    fn in_words(&mut self, id: ExprId) -> Option<(Place, bool)> {
        let mut reads = Vec::new();
        let mut hasher = FxHasher::default();
        let holds = self.words(id, &mut hasher, &mut reads, 0)?;
        let place = self.noted(hasher.finish(), reads)?;
        Some((place, holds))
    }

    /// The place that stands for whether a place fits a pattern.
    pub(super) fn fits(&mut self, place: &Place, pattern: u64) -> Option<Place> {
        if pattern == 0 {
            return None;
        }
        let mut hasher = FxHasher::default();
        (place, pattern).hash(&mut hasher);
        self.noted(hasher.finish(), vec![place.clone()])
    }

    fn noted(&mut self, words: u64, reads: Vec<Place>) -> Option<Place> {
        let frame = self.frame();
        let is_own = |place: &Place| {
            !matches!(frame.local(place.local).kind, LocalKind::Capture(_) | LocalKind::Static(..))
        };
        if !reads.iter().all(is_own) {
            return None;
        }
        // What is declared last is the first to be another one.
        let last = reads.iter().map(|place| place.local).max()?;
        let place = Place { local: last, proj: vec![Proj::Asked(words)] };
        frame.flow.asked.insert(place.clone(), reads);
        Some(place)
    }

    /// Hashes how a question is written, with variables by what they are, and gives the answer that it means.
    fn words(
        &mut self,
        id: ExprId,
        hasher: &mut FxHasher,
        reads: &mut Vec<Place>,
        depth: usize,
    ) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        let body = self.body;
        let kind = &body.expr(id).kind;
        std::mem::discriminant(kind).hash(hasher);
        match kind {
            ExprKind::Bool(value) => value.hash(hasher),
            ExprKind::Number(number) => number.hash(hasher),
            ExprKind::Literal(words) if *words != 0 => words.hash(hasher),
            ExprKind::Path(None, path) => {
                let local = path.as_name().and_then(|name| self.variable(name));
                match local {
                    Some(local) => {
                        let place = self.frame().place_of(local);
                        place.hash(hasher);
                        reads.push(place);
                    }
                    // A constant; a static with a cell or a lock may change.
                    None => {
                        let value = self.path_value(None, path);
                        if value.place().is_some() && value.ty.may_change_within() {
                            return None;
                        }
                        path.segments.iter().for_each(|segment| segment.name.hash(hasher));
                    }
                }
            }
            ExprKind::Field(base, name) => {
                let read = reads.len();
                self.words(*base, hasher, reads, depth + 1)?.then_some(())?;
                name.hash(hasher);
                if let [place] = &mut reads[read..] {
                    let field = Field { name: name.clone(), owner: Owner::Unknown };
                    *place = place.then(Proj::Field(field));
                }
            }
            ExprKind::Unary(inner) | ExprKind::Deref(inner) | ExprKind::Reference(false, inner) => {
                let holds = self.words(*inner, hasher, reads, depth + 1)?;
                if !holds {
                    return None;
                }
            }
            ExprKind::Binary { op, left, right } => {
                return self.binary_words(op, *left, *right, hasher, reads, depth + 1);
            }
            ExprKind::Method(call)
                if methods::repeats_itself(&call.name, call.args.len())
                    && call.types.is_empty() =>
            {
                call.name.hash(hasher);
                self.words(call.receiver, hasher, reads, depth + 1)?.then_some(())?;
                self.all_words(&call.args, hasher, reads, depth + 1)?;
            }
            ExprKind::Call(callee, args) => {
                let ExprKind::Path(None, path) = &body.expr(*callee).kind else { return None };
                let plain = path.segments.iter().all(|segment| segment.args.is_empty());
                if !plain || !methods::repeats_itself(path.last(), args.len()) {
                    return None;
                }
                path.segments.iter().for_each(|segment| segment.name.hash(hasher));
                self.all_words(args, hasher, reads, depth + 1)?;
            }
            ExprKind::Range { ends, endless } => {
                endless.hash(hasher);
                self.all_words(ends, hasher, reads, depth + 1)?;
            }
            ExprKind::Tuple(elems) => self.all_words(elems, hasher, reads, depth + 1)?,
            _ => return None,
        }
        Some(true)
    }

    fn all_words(
        &mut self,
        all: &[ExprId],
        hasher: &mut FxHasher,
        reads: &mut Vec<Place>,
        depth: usize,
    ) -> Option<()> {
        all.len().hash(hasher);
        all.iter().try_for_each(|&id| self.words(id, hasher, reads, depth)?.then_some(()))
    }

    fn binary_words(
        &mut self,
        op: &BinaryOp,
        left: ExprId,
        right: ExprId,
        hasher: &mut FxHasher,
        reads: &mut Vec<Place>,
        depth: usize,
    ) -> Option<bool> {
        // `a <= b` is no `b < a`.
        let (name, turned, holds) = match op {
            BinaryOp::Compare(Comparison::Equal) => ("==", false, true),
            BinaryOp::Compare(Comparison::Unequal) => ("==", false, false),
            BinaryOp::Compare(Comparison::Less) => ("<", false, true),
            BinaryOp::Compare(Comparison::AtLeast) => ("<", false, false),
            BinaryOp::Compare(Comparison::More) => ("<", true, true),
            BinaryOp::Compare(Comparison::AtMost) => ("<", true, false),
            BinaryOp::Strict(name) => (*name, false, true),
            BinaryOp::And | BinaryOp::Or => return None,
        };
        name.hash(hasher);
        let (first, second) = if turned { (right, left) } else { (left, right) };
        self.all_words(&[first, second], hasher, reads, depth)?;
        Some(holds)
    }
}
