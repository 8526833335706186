//! Questions that are asked twice in the same words: `if cmd == "sync" { spawn }` and later `if cmd == "sync" { join }`.
//!
//! What such a condition says is not known, but it says the same each time, as long as nothing changes what it reads.
//! So it becomes a test of a place of its own.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::super::{
    BlockId, Condition, Field, LocalKind, Owner, Place, Proj, Question, RETURN, Terminator, Test,
    asking,
};
use super::{Lowering, Value};
use crate::facts::tree::{
    BinaryOp, Comparison, ExprId, ExprKind, MacroArgs, MacroCall, MethodCall, PatId, PatKind, Path,
};
use crate::model::Ty;

/// Expressions in expressions of one question.
const MAX_DEPTH: usize = 8;

/// A question in words, as far as it was read.
#[derive(Default)]
struct Words {
    hasher: FxHasher,
    /// The places that it reads.
    reads: Vec<Place>,
    /// Whether it calls something of which only the types of what it is given say that it answers the same again.
    calls: bool,
}

impl Lowering<'_> {
    /// Goes to `yes` or `no` by a condition that was lowered and of which nothing else is known; `before` is how many
    /// places had been named by then.
    pub(super) fn ask(&mut self, id: ExprId, yes: BlockId, no: BlockId, before: usize) {
        self.ask_of(id, None, yes, no, before);
    }

    /// The same by a condition that gave a value, of which whoever made it may say something.
    pub(super) fn ask_value(
        &mut self,
        id: ExprId,
        value: &Value,
        yes: BlockId,
        no: BlockId,
        before: usize,
    ) {
        let own =
            |place: &Place| Condition { place: place.clone(), test: Test::is_true(), holds: true };
        self.ask_of(id, value.place().map(own), yes, no, before);
    }

    /// The same by a condition of which this is known as well.
    pub(super) fn ask_of(
        &mut self,
        id: ExprId,
        own: Option<Condition>,
        yes: BlockId,
        no: BlockId,
        before: usize,
    ) {
        let named = self.frame().read[before..].to_vec();
        let all: Vec<Condition> = own.into_iter().chain(self.asked(id)).collect();
        let frame = self.frame();
        if all.is_empty() {
            return frame.either(yes, no, named);
        }
        frame.reads(named);
        self.branch(&all, yes, no);
    }

    /// The condition that stands for a question.
    pub(super) fn asked(&mut self, id: ExprId) -> Option<Condition> {
        let (place, holds) = self.in_words(id)?;
        Some(Condition { place, test: Test::is_true(), holds })
    }

    /// The place that stands for a question, and the answer that it means.
    fn in_words(&mut self, id: ExprId) -> Option<(Place, bool)> {
        let mut words = Words::default();
        let holds = self.words(id, &mut words, 0)?;
        let is_data =
            |place: &Place| self.type_around(place).is_some_and(|ty| self.model.is_data(ty));
        if words.calls && !words.reads.iter().all(is_data) {
            return None;
        }
        let place = self.noted(words.hasher.finish(), words.reads)?;
        Some((place, holds))
    }

    /// The type of the variable that a place is in.
    fn type_around(&self, place: &Place) -> Option<&Ty> {
        Some(&self.frames.last()?.local(place.local).ty)
    }

    /// Goes to `yes` or `no` by two conditions; what they say together is remembered as well.
    pub(super) fn ask_both(
        &mut self,
        id: ExprId,
        (op, left, right): (&BinaryOp, ExprId, ExprId),
        yes: BlockId,
        no: BlockId,
    ) {
        // Before a `let` in it binds names, which are others each time.
        let asked = self.in_words(id);
        let (here, _) = self.frame().position();
        let first = self.frame().flow.blocks.len();
        let right_block = self.frame().new_block();
        match op {
            BinaryOp::And => self.condition(left, right_block, no),
            _ => self.condition(left, yes, right_block),
        }
        self.frame().enter(right_block);
        self.condition(right, yes, no);
        let Some((place, holds)) = asked else { return };
        let blocks = &mut self.frame().flow.blocks;
        let (before, after) = blocks.split_at_mut(first);
        for block in before.iter_mut().skip(here.0 as usize).take(1).chain(after) {
            let Terminator::Branch(edges) = &mut block.end else { continue };
            for (to, conditions) in edges {
                if *to == yes || *to == no {
                    let holds = holds == (*to == yes);
                    let place = place.clone();
                    conditions.push(Condition { place, test: Test::is_true(), holds });
                }
            }
        }
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
        // What is declared last is the first to be another one; what reads nothing is always the same.
        let last = reads.iter().map(|place| place.local).max().unwrap_or(RETURN);
        let place = Place { local: last, proj: vec![Proj::Asked(words)] };
        let known = frame.flow.asked.entry(place.clone());
        known.or_insert(Question { reads, times: 0 }).times += 1;
        Some(place)
    }

    /// Hashes how a question is written, with variables by what they are, and gives the answer that it means.
    fn words(&mut self, id: ExprId, words: &mut Words, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        let body = self.body;
        let kind = &body.expr(id).kind;
        std::mem::discriminant(kind).hash(&mut words.hasher);
        match kind {
            ExprKind::Bool(value) => value.hash(&mut words.hasher),
            ExprKind::Number(number) => number.hash(&mut words.hasher),
            ExprKind::Literal(written) if *written != 0 => written.hash(&mut words.hasher),
            ExprKind::Path(None, path) => self.name_words(path, words)?,
            ExprKind::Field(base, name) => {
                let read = words.reads.len();
                self.words(*base, words, depth + 1)?.then_some(())?;
                name.hash(&mut words.hasher);
                if let [place] = &mut words.reads[read..] {
                    let field = Field { name: name.clone(), owner: Owner::Unknown };
                    *place = place.then(Proj::Field(field));
                }
            }
            ExprKind::Unary(_, inner)
            | ExprKind::Deref(inner)
            | ExprKind::Reference(false, inner)
            | ExprKind::Cast(inner, _) => {
                self.words(*inner, words, depth + 1)?.then_some(())?;
            }
            ExprKind::Binary { op, left, right } => {
                return self.binary_words(op, *left, *right, words, depth + 1);
            }
            ExprKind::Index(base, index) => self.all_words(&[*base, *index], words, depth + 1)?,
            ExprKind::Method(call) => self.method_words(call, words, depth + 1)?,
            ExprKind::Call(callee, args) => {
                self.call_words(*callee, args, words, depth + 1)?;
            }
            ExprKind::Range { ends, endless, closed } => {
                (endless, closed).hash(&mut words.hasher);
                self.all_words(ends, words, depth + 1)?;
            }
            ExprKind::Tuple(elems) | ExprKind::Array(elems) => {
                self.all_words(elems, words, depth + 1)?;
            }
            ExprKind::Let(pat, value) => {
                self.words(*value, words, depth + 1)?.then_some(())?;
                self.pattern_words(*pat, words, depth + 1)?;
            }
            ExprKind::Closure(closure) => {
                closure.params.len().hash(&mut words.hasher);
                for (pat, _) in &closure.params {
                    self.pattern_words(*pat, words, depth + 1)?;
                }
                self.words(closure.body, words, depth + 1)?.then_some(())?;
            }
            ExprKind::Macro(call) => return self.macro_words(call, words, depth + 1),
            _ => return None,
        }
        Some(true)
    }

    fn name_words(&mut self, path: &Path, words: &mut Words) -> Option<()> {
        let local = path.as_name().and_then(|name| self.variable(name));
        if let Some(local) = local {
            let place = self.frame().place_of(local);
            place.hash(&mut words.hasher);
            words.reads.push(place);
            return Some(());
        }
        // A constant; a static with a cell or a lock may change.
        let value = self.path_value(None, path);
        if value.place().is_some() && value.ty.may_change_within() {
            return None;
        }
        path.segments.iter().for_each(|segment| segment.name.hash(&mut words.hasher));
        Some(())
    }

    fn call_words(
        &mut self,
        callee: ExprId,
        args: &[ExprId],
        words: &mut Words,
        depth: usize,
    ) -> Option<()> {
        let ExprKind::Path(None, path) = &self.body.expr(callee).kind else { return None };
        if path.segments.iter().any(|segment| !segment.args.is_empty()) {
            return None;
        }
        if !asking::repeats_itself(path.last(), args.len()) {
            if args.is_empty() || asking::varies(path.last()) {
                return None;
            }
            words.calls = true;
        }
        path.segments.iter().for_each(|segment| segment.name.hash(&mut words.hasher));
        self.all_words(args, words, depth)
    }

    fn all_words(&mut self, all: &[ExprId], words: &mut Words, depth: usize) -> Option<()> {
        all.len().hash(&mut words.hasher);
        all.iter().try_for_each(|&id| self.words(id, words, depth)?.then_some(()))
    }

    fn method_words(&mut self, call: &MethodCall, words: &mut Words, depth: usize) -> Option<()> {
        if !call.types.is_empty() {
            return None;
        }
        if !asking::repeats_itself(&call.name, call.args.len()) {
            if asking::varies(&call.name) {
                return None;
            }
            words.calls = true;
        }
        call.name.hash(&mut words.hasher);
        self.words(call.receiver, words, depth)?.then_some(())?;
        self.all_words(&call.args, words, depth)
    }

    /// `matches!` asks what its condition does, and `cfg!` the same wherever it stands.
    fn macro_words(&mut self, call: &MacroCall, words: &mut Words, depth: usize) -> Option<bool> {
        if let Some(test) = self.matched(call) {
            return self.words(test, words, depth);
        }
        match &call.args {
            MacroArgs::Exprs(args, _) if call.path.last() == "cfg" => {
                call.mentions.hash(&mut words.hasher);
                args.iter().try_for_each(|&arg| self.option_words(arg, words, depth))?;
            }
            _ => return None,
        }
        Some(true)
    }

    /// An option of `cfg!`: `feature = "x"` and what is made of them.
    fn option_words(&mut self, id: ExprId, words: &mut Words, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Path(..) => {}
            ExprKind::Literal(written) if *written != 0 => written.hash(&mut words.hasher),
            ExprKind::Assign(name, value) => {
                for part in [*name, *value] {
                    self.option_words(part, words, depth + 1)?;
                }
            }
            ExprKind::Call(_, args) => {
                args.len().hash(&mut words.hasher);
                args.iter().try_for_each(|&arg| self.option_words(arg, words, depth + 1))?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Hashes how a pattern is written.
    fn pattern_words(&self, pat: PatId, words: &mut Words, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let body = self.body;
        let kind = &body.pat(pat).kind;
        std::mem::discriminant(kind).hash(&mut words.hasher);
        let parts: Vec<PatId> = match kind {
            PatKind::Wild | PatKind::Rest => Vec::new(),
            PatKind::Bind { name, sub, .. } => {
                name.hash(&mut words.hasher);
                sub.iter().copied().collect()
            }
            PatKind::Tuple(parts) | PatKind::Slice(parts) | PatKind::Or(parts) => parts.clone(),
            PatKind::Variant(path, parts) => {
                path.last().hash(&mut words.hasher);
                parts.clone()
            }
            PatKind::Struct(path, fields) => {
                path.last().hash(&mut words.hasher);
                fields.iter().for_each(|(name, _)| name.hash(&mut words.hasher));
                fields.iter().map(|(_, part)| *part).collect()
            }
            PatKind::Path(path) => {
                path.last().hash(&mut words.hasher);
                Vec::new()
            }
            PatKind::Reference(inner) => vec![*inner],
            PatKind::Bool(value) => {
                value.hash(&mut words.hasher);
                Vec::new()
            }
            PatKind::Number(number) => {
                number.hash(&mut words.hasher);
                Vec::new()
            }
            PatKind::Literal(written) | PatKind::Refutable(written) if *written != 0 => {
                written.hash(&mut words.hasher);
                Vec::new()
            }
            PatKind::Literal(_) | PatKind::Refutable(_) => return None,
        };
        parts.len().hash(&mut words.hasher);
        parts.into_iter().try_for_each(|part| self.pattern_words(part, words, depth + 1))
    }

    fn binary_words(
        &mut self,
        op: &BinaryOp,
        left: ExprId,
        right: ExprId,
        words: &mut Words,
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
            BinaryOp::And => ("&&", false, true),
            BinaryOp::Or => ("||", false, true),
        };
        name.hash(&mut words.hasher);
        let (first, second) = if turned { (right, left) } else { (left, right) };
        for side in [first, second] {
            // Within `&&` and `||` a side may be asked the other way round.
            let own = self.words(side, words, depth)?;
            own.hash(&mut words.hasher);
            if !own && !matches!(op, BinaryOp::And | BinaryOp::Or) {
                return None;
            }
        }
        Some(holds)
    }
}
