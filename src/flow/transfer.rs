//! What one statement does to the token.

mod beyond;
mod call;
mod closure;
mod enter;
mod iterate;
mod lent;
mod method;
mod owner;
mod sole;

use super::ends::{Cell, EndKind, LossKind, TraceStep, home_name};
use super::fact::Fact;
use super::follow::{Follower, is_held, may_be_another, moved, rest};
use super::form;
use super::token::{Among, Token};
use super::{
    Callable, Env, Flow, Leaving, LocalId, LocalKind, Operand, Owner, Place, Proj, RETURN, Stmt,
    StmtKind, typing,
};
use crate::facts::tree::Name;
use crate::model::{Ty, TyHead};
use crate::source::FileId;
use crate::text::TextRange;
pub(super) use enter::{Given, argument};
use owner::tuple_part;

/// Where the token goes from a statement.
pub(super) enum Next {
    /// On, in this place.
    Go {
        place: Place,
        full: Option<LocalId>,
        borrowed: bool,
        among: Among,
        /// What is known of what a call has given.
        learns: Option<(LocalId, Fact)>,
        step: Option<TraceStep>,
    },
    /// Nowhere.
    End {
        kind: EndKind,
        file: FileId,
        range: TextRange,
        steps: Vec<TraceStep>,
        /// Whether that is only so because another one may have been taken in its place.
        passed: bool,
    },
}

pub(super) struct Transfer<'a> {
    pub(super) follower: &'a Follower<'a>,
    pub(super) flow: &'a Flow,
    pub(super) depth: usize,
}

impl Transfer<'_> {
    pub(super) fn stmt(&self, stmt: &Stmt, token: &Token) -> Vec<Next> {
        match &stmt.kind {
            StmtKind::Assign(to, from) => vec![self.assign(stmt.range, to, from, token)],
            StmtKind::Clear(place) if !may_be_another(&token.place, place) => {
                vec![self.overwritten(stmt.range, place, token)]
            }
            StmtKind::Clear(_) | StmtKind::Flag(..) => vec![self.stay(token)],
            StmtKind::Build(to, parts) => vec![self.build(stmt.range, *to, parts, token)],
            StmtKind::Closure(to, closure, captures) => {
                for capture in captures {
                    if let Some(rest) = capture.takes(&token.place) {
                        let (body, closure) = (self.follower.body, *closure);
                        let env = Env { body, closure, variable: capture.inner };
                        let to = Place::local(*to).then(Proj::Captured(env));
                        let text = "moved into a closure".to_owned();
                        return vec![self.go(moved(&to, &rest), token, Some((stmt.range, text)))];
                    }
                }
                vec![self.stay(token)]
            }
            StmtKind::Mention(places, why) => {
                let named = places.iter().find_map(|place| {
                    let borrowed = self.closure_borrows(place.local, token).then(Vec::new);
                    rest(&token.place, place).or(borrowed)
                });
                vec![match named {
                    Some(rest) => self.escape(&rest, stmt.range, (*why).to_owned()),
                    None => self.stay(token),
                }]
            }
            StmtKind::Drop(local, why) if token.place.local == *local => {
                vec![self.dropped(stmt.range, *why, token)]
            }
            StmtKind::Drop(..) => vec![self.stay(token)],
            StmtKind::Call(call) => self.call(stmt.range, call, token),
        }
    }

    pub(super) fn trace(&self, range: TextRange, text: String) -> TraceStep {
        TraceStep { file: self.follower.file, range, text }
    }

    pub(super) fn end(&self, kind: EndKind, range: TextRange, text: String) -> Next {
        let file = self.follower.file;
        let steps = vec![self.trace(range, text)];
        Next::End { kind, file, range, steps, passed: false }
    }

    /// The token goes, this far inside a value, to where it is not followed. Whoever joins it there
    /// has to name the field that it is in.
    pub(super) fn escape(&self, rest: &[Proj], range: TextRange, text: String) -> Next {
        match Cell::of(rest) {
            Some(cell) => {
                let home = home_name(self.follower.model, &cell.home);
                self.end(EndKind::Kept(cell), range, format!("{text}, in {home}"))
            }
            None => self.end(EndKind::Escaped, range, text),
        }
    }

    pub(super) fn stay(&self, token: &Token) -> Next {
        self.stay_giving(token, RETURN, None)
    }

    /// The token stays while a call gives something, of which this may be known.
    pub(super) fn stay_giving(&self, token: &Token, to: LocalId, gives: Option<Fact>) -> Next {
        Next::Go {
            place: token.place.clone(),
            full: token.full,
            borrowed: token.borrowed,
            among: token.among,
            learns: gives.map(|fact| (to, fact)),
            step: None,
        }
    }

    /// The token stays while something else of the same collection, or it, is taken out.
    pub(super) fn pass(&self, token: &Token) -> Next {
        self.stay(&token.with(Among::Passed))
    }

    pub(super) fn go(
        &self,
        place: Place,
        token: &Token,
        step: Option<(TextRange, String)>,
    ) -> Next {
        let step = step.map(|(range, text)| self.trace(range, text));
        Next::Go {
            place,
            full: None,
            borrowed: token.borrowed,
            among: token.among,
            learns: None,
            step,
        }
    }

    pub(super) fn name(&self, local: LocalId) -> Option<&Name> {
        self.flow.locals[local.0 as usize].name.as_ref()
    }

    pub(super) fn assign(&self, range: TextRange, to: &Place, from: &Place, token: &Token) -> Next {
        if let Some(rest) = rest(&token.place, from) {
            let step = self.name(to.local).map(|name| {
                let verb = if to.proj.is_empty() { "bound to" } else { "stored in" };
                (range, format!("{verb} `{name}`"))
            });
            return self.go(moved(to, &rest), token, step);
        }
        if to.local == RETURN || may_be_another(&token.place, to) {
            return self.stay(token);
        }
        self.overwritten(range, to, token)
    }

    /// Another value takes the place of what may hold the token.
    fn overwritten(&self, range: TextRange, place: &Place, token: &Token) -> Next {
        match rest(&token.place, place).filter(|_| !token.borrowed) {
            Some(rest) => {
                let text = "overwritten by another value".to_owned();
                let from = token.place.proj.len().saturating_sub(rest.len());
                let kind = LossKind::Overwritten;
                let is_content = place.proj.last() == Some(&Proj::Maybe);
                if is_content
                    && Cell::of(&token.place.proj).is_none()
                    && token.among.doubt().is_none()
                {
                    return self.end(EndKind::Lost(kind), range, text);
                }
                self.lost_from(from, token, kind, range, text)
            }
            None => self.stay(token),
        }
    }

    pub(super) fn build(
        &self,
        range: TextRange,
        to: LocalId,
        parts: &[(Vec<Proj>, Operand)],
        token: &Token,
    ) -> Next {
        for (proj, operand) in parts {
            match operand {
                Operand::Move(from) => {
                    if let Some(rest) = rest(&token.place, from) {
                        // `Type { field: other, ..from }` leaves that field behind.
                        let given = |(own, _): &(Vec<Proj>, Operand)| {
                            !own.is_empty() && rest.starts_with(own)
                        };
                        if proj.is_empty() && parts.iter().any(given) {
                            return self.stay(token);
                        }
                        let to = Place { local: to, proj: proj.clone() };
                        return self.go(moved(&to, &rest), token, None);
                    }
                    if self.closure_borrows(from.local, token) {
                        return self.end(
                            EndKind::Escaped,
                            range,
                            "held by a closure that is stored".to_owned(),
                        );
                    }
                }
                Operand::Borrow(from) => {
                    if let Some(rest) = rest(&token.place, from) {
                        let text = "borrowed by a value that is built here".to_owned();
                        return self.escape(&rest, range, text);
                    }
                    if self.closure_borrows(from.local, token) {
                        let text = "held by a closure that is lent to a value".to_owned();
                        return self.end(EndKind::Escaped, range, text);
                    }
                }
                Operand::Function(_) | Operand::Constant(_) => {}
            }
        }
        self.stay(token)
    }

    /// Whether a local is a closure that holds a reference to the token.
    pub(super) fn closure_borrows(&self, local: LocalId, token: &Token) -> bool {
        let Some(Callable::Body(id)) = &self.flow.locals[local.0 as usize].callable else {
            return false;
        };
        let captures = &self.follower.flows.body(*id).captures;
        captures.iter().any(|capture| {
            let borrows = capture.takes(&token.place).is_none()
                && rest(&token.place, &capture.outer).is_some();
            // A closure that calls another closure reaches what that one refers to.
            borrows
                || (capture.outer.local != local
                    && self.closure_borrows(capture.outer.local, token))
        })
    }

    pub(super) fn dropped(&self, range: TextRange, why: Leaving, token: &Token) -> Next {
        let local = &self.flow.locals[token.place.local.0 as usize];
        if token.borrowed {
            if is_held(&token.place.proj) {
                let text = "borrowed by a closure that is dropped with what keeps it".to_owned();
                return self.end(EndKind::Escaped, range, text);
            }
            let file = self.follower.file;
            let (kind, steps) = (EndKind::Untouched, Vec::new());
            return Next::End { kind, file, range, steps, passed: false };
        }
        let name = local.name.clone();
        let shown = name.as_deref().unwrap_or("it");
        let many = token
            .place
            .proj
            .iter()
            .any(|proj| matches!(proj, Proj::Elem | Proj::Nth(..) | Proj::Current));
        let in_closure = token.place.proj.iter().any(|proj| matches!(proj, Proj::Captured(_)));
        let (left, ended) = match self.follower.is_child() {
            true => ("does not wait for it", "being waited for"),
            false => ("leaves it unjoined", "being joined"),
        };
        let (kind, range, text) = match local.kind {
            _ if in_closure => {
                let text = "dropped with the closure that it was moved into".to_owned();
                (LossKind::ScopeEnd(None), range, text)
            }
            LocalKind::Underscore => {
                (LossKind::Underscore, local.range, "`_` drops it at once".to_owned())
            }
            LocalKind::Parameter if name.is_none() => (
                LossKind::Discarded,
                local.range,
                "the closure ignores it, which drops it".to_owned(),
            ),
            LocalKind::Temporary if why == Leaving::End => (
                LossKind::Discarded,
                range,
                "nobody takes it: it is dropped at the end of the statement".to_owned(),
            ),
            _ if why == Leaving::Jump => {
                let kind = if many { LossKind::Collection(name) } else { LossKind::ScopeEnd(name) };
                (kind, range, format!("this way out {left}"))
            }
            _ if many => {
                let text = format!("`{shown}` goes out of scope with the handle in it");
                (LossKind::Collection(name), range, text)
            }
            _ => {
                let text = format!("`{shown}` goes out of scope without {ended}");
                (LossKind::ScopeEnd(name), range, text)
            }
        };
        if local.kind == LocalKind::Variable && self.is_referred_to(&token.place) {
            let text = format!("{text}, and something that refers to it may join it");
            return self.escape(&token.place.proj, range, text);
        }
        // On an early way out, what has not been taken out by then is lost.
        let token = if why == Leaving::Jump { token.with(Among::Others) } else { token.clone() };
        self.lost(&token, kind, range, text)
    }

    /// Whether a value of this type may do more than std's types when it is dropped.
    fn may_own(&self, ty: &Ty) -> bool {
        match ty {
            // Of a trait nothing is known, but the way to the token says what the value is.
            Ty::Named(TyHead::Item(..), ..) => !self.follower.model.is_trait(ty),
            Ty::Named(TyHead::External(path), ..) => {
                !path.starts_with("std::") && **path != *self.follower.handle
            }
            _ => false,
        }
    }

    /// The token's place is dropped. A value of a type that nobody looked at may join what it holds
    /// when it is dropped, so that is no loss.
    pub(super) fn lost(
        &self,
        token: &Token,
        kind: LossKind,
        range: TextRange,
        text: String,
    ) -> Next {
        self.lost_from(0, token, kind, range, text)
    }

    /// The same when what is dropped is only the part of a place in which the token is `rest` steps deep.
    pub(super) fn lost_inside(
        &self,
        rest: &[Proj],
        token: &Token,
        kind: LossKind,
        range: TextRange,
        text: String,
    ) -> Next {
        let from = token.place.proj.len().saturating_sub(rest.len());
        self.lost_from(from, token, kind, range, text)
    }

    /// The same when only what lies beyond the first `from` steps of the way to the token is dropped.
    fn lost_from(
        &self,
        from: usize,
        token: &Token,
        kind: LossKind,
        range: TextRange,
        text: String,
    ) -> Next {
        if let Some(unless) = token.among.doubt() {
            return self.escape(&token.place.proj, range, format!("{text}, {unless}"));
        }
        let local = &self.flow.locals[token.place.local.0 as usize];
        if !form::fits(self.follower.model, &self.follower.handle, &local.ty, &token.place.proj) {
            return self.end(EndKind::Stored, range, "kept in a value that may join it".to_owned());
        }
        if let Some(cell) = Cell::of(&token.place.proj) {
            if self.follower.by_value && !matches!(local.kind, LocalKind::Static(..)) {
                return self.lost_with_owner(token, &cell, from, range, &text);
            }
            let text = format!("kept in {}", home_name(self.follower.model, &cell.home));
            return self.end(EndKind::Kept(cell), range, text);
        }
        if self.may_own(&local.ty) {
            return self.end(EndKind::Stored, range, "kept in a value that may join it".to_owned());
        }
        // What a parameter refers to is dropped where it is overwritten or cleared.
        let ty = match (&local.ty, local.kind) {
            (Ty::Reference(inner), LocalKind::Reference) => inner,
            (ty, _) => ty,
        };
        if tuple_part(ty, &token.place.proj).is_shared() && !self.is_sole_owner(token.place.local) {
            return self.end(
                EndKind::Stored,
                range,
                "kept behind a reference or shared owner".to_owned(),
            );
        }
        // A number names the field of a tuple or of a struct; only a tuple is known to do nothing.
        let mut ty = local.ty.clone();
        for proj in &token.place.proj {
            match proj {
                Proj::Field(field) => match ty.peel() {
                    Ty::Tuple(parts) => {
                        let part =
                            field.name.parse().ok().and_then(|at: usize| parts.get(at).cloned());
                        ty = part.unwrap_or_default();
                    }
                    Ty::Unknown if field.owner == Owner::Tuple => ty = Ty::Unknown,
                    _ => {
                        let text = format!(
                            "kept in the field `{}` of a value that is dropped here",
                            field.name
                        );
                        return self.end(EndKind::Stored, range, text);
                    }
                },
                Proj::Inner | Proj::Payload => ty = ty.payload(),
                Proj::Variant(variant) => {
                    return self.end(
                        EndKind::Stored,
                        range,
                        format!("kept in `{variant}`, which is dropped here"),
                    );
                }
                Proj::Lazy(..) => {
                    let text = "the iterator that leads to it is never driven".to_owned();
                    return self.end(EndKind::Lost(LossKind::Undriven), range, text);
                }
                Proj::Elem | Proj::Nth(..) | Proj::Current => ty = typing::item(&ty),
                _ => ty = Ty::Unknown,
            }
        }
        self.end(EndKind::Lost(kind), range, text)
    }
}
