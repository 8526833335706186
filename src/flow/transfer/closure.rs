//! Closures: what becomes of a token in one, or in what one refers to, where it is run.

use super::super::ends::{Cell, EndKind, LossKind};
use super::super::follow::{moved, rest};
use super::super::token::{Among, Token};
use super::super::{Call, Callable, Code, Env, LocalId, LocalKind, Place, Proj};
use super::{Next, Transfer};
use crate::model::Def;
use crate::text::TextRange;

impl Transfer<'_> {
    /// Calls a closure held in a local.
    pub(super) fn call_closure(
        &self,
        range: TextRange,
        call: &Call,
        place: &Place,
        callable: Option<&Callable>,
        token: &Token,
    ) -> Vec<Next> {
        if let Some(next) = self.run_captured(call, place, &[], token) {
            return next;
        }
        let code = match callable {
            Some(callable) => Some(Code { body: self.follower.body, callable: callable.clone() }),
            None => self.follower.code_in(self.flow, place),
        };
        if let Some(code) = code {
            for (index, arg) in call.args.iter().enumerate() {
                let Some((from, by_reference)) = arg.place() else { continue };
                let Some(rest) = rest(&token.place, from) else { continue };
                let functions = code.callable.functions();
                if !functions.is_empty() {
                    let called = |defs: &Vec<Def>| {
                        self.function_arg(range, call, defs, index, &rest, by_reference, token)
                    };
                    return functions.iter().flat_map(called).collect();
                }
                let params = self.follower.closure(&code).map_or(&[][..], |it| &it.params);
                if let (Some(&param), false) = (params.get(index), by_reference) {
                    let entry = moved(&Place::local(param), &rest);
                    return self.run(&code, &entry, call, &[], token);
                }
            }
        }
        if rest(&token.place, place).is_some() || self.closure_borrows(place.local, token) {
            let text = "called, and not followed from here".to_owned();
            return vec![self.end(EndKind::Escaped, range, text)];
        }
        if let Some(fed) = self.fed(range, call, place, token) {
            return vec![fed];
        }
        self.unknown_call(range, call, "passed to a closure or function value", token)
    }

    /// The token is given to what the caller of this function passed to it.
    fn fed(&self, range: TextRange, call: &Call, place: &Place, token: &Token) -> Option<Next> {
        let param = self.follower.param_of(self.flow, place).filter(|_| self.depth == 0)?;
        let param = self.flow.params.iter().position(|&it| it == param)?;
        let mut args = call.args.iter().enumerate();
        let (argument, rest) = args.find_map(|(index, arg)| {
            let (from, by_reference) = arg.place()?;
            let rest = rest(&token.place, from).filter(|_| !by_reference)?;
            Cell::of(&rest).is_none().then_some((index, rest))
        })?;
        let text = "passed to a function or closure that the caller gave".to_owned();
        Some(self.end(EndKind::Fed(param, argument, rest), range, text))
    }

    /// Runs a callable with the token inside and goes on with what comes out.
    pub(super) fn run(
        &self,
        code: &Code,
        entry: &Place,
        call: &Call,
        wrap: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let borrowed = token.borrowed;
        let ends = self.follower.apply(code, entry, borrowed, self.depth);
        let mut next = Vec::new();
        let passed = token.with(Among::Passed);
        for found in ends {
            let token = if found.way.passed || found.way.left { &passed } else { token };
            next.push(match found.kind {
                EndKind::Returned(proj) => {
                    let to = Place { local: call.dst, proj: wrap.to_vec() };
                    // What comes out of a reference is the token itself.
                    let token = Token { borrowed: false, ..token.clone() };
                    self.go(moved(&to, &proj), &token, None)
                }
                EndKind::Untouched => self.stay_giving(token, call.dst, found.gives),
                EndKind::Captured(outer, proj) => {
                    self.left_in_capture(code, entry, outer, &proj, token, found.range)
                }
                EndKind::Outside(code, place) if self.is_around(&code) => {
                    self.go(place, token, None)
                }
                EndKind::Lost(_) | EndKind::Kept(_) if token.among == Among::Guessed => self.end(
                    EndKind::Escaped,
                    found.range,
                    "lost, if that method runs it".to_owned(),
                ),
                kind => Next::End {
                    kind,
                    file: found.file,
                    range: found.range,
                    steps: found.trace,
                    passed: found.way.passed,
                },
            });
        }
        // Nothing follows a callable that never returns.
        next
    }

    /// A closure put the token into one of its captured variables, or left it there.
    pub(super) fn left_in_capture(
        &self,
        code: &Code,
        entry: &Place,
        outer: LocalId,
        proj: &[Proj],
        token: &Token,
        range: TextRange,
    ) -> Next {
        let Some(body) = self.follower.closure(code) else { return self.stay(token) };
        let kind = |local: LocalId| body.locals[local.0 as usize].kind;
        match body.capture_of(outer) {
            Some(capture) if capture.moves.is_empty() => {
                let place = moved(&capture.outer, proj);
                if self.is_around(code) {
                    return self.go(place, token, None);
                }
                // Left where it was, for the next call.
                if kind(entry.local) == LocalKind::Capture(outer) && *proj == entry.proj {
                    return self.stay(token);
                }
                let file = self.follower.program.body(code.body).function.item.file;
                let kind = EndKind::Outside(code.clone(), place);
                Next::End { kind, file, range, steps: Vec::new(), passed: false }
            }
            // It was in the closure's own environment and stays there.
            _ if matches!(kind(entry.local), LocalKind::Capture(_)) => self.stay(token),
            _ => self.end(
                EndKind::Escaped,
                range,
                "put into a variable that a closure owns".to_owned(),
            ),
        }
    }

    /// Whether a closure stands right in this body.
    pub(super) fn is_around(&self, code: &Code) -> bool {
        let closure = self.follower.closure(code).filter(|_| code.body == self.follower.body);
        let parent = closure.and_then(|closure| closure.parent);
        parent.is_some_and(|parent| std::ptr::eq(self.follower.flows.body(parent), self.flow))
    }

    /// Runs a closure argument that captured the token.
    pub(super) fn closure_arg(
        &self,
        call: &Call,
        place: &Place,
        wrap: &[Proj],
        token: &Token,
        may_skip: bool,
    ) -> Option<Vec<Next>> {
        let mut next = self.run_captured(call, place, wrap, token)?;
        if may_skip && rest(&token.place, place).is_some() {
            let text = "dropped with the closure, if that is not called".to_owned();
            next.push(self.lost(token, LossKind::ScopeEnd(None), call.name_range, text));
        } else if may_skip {
            next.push(self.stay(token));
        }
        Some(next)
    }

    /// Runs the closure in a place, if it owns the token or refers to it.
    fn run_captured(
        &self,
        call: &Call,
        place: &Place,
        wrap: &[Proj],
        token: &Token,
    ) -> Option<Vec<Next>> {
        let rest = rest(&token.place, place).or_else(|| self.referred(place.local, token))?;
        let (Proj::Captured(env), rest) = rest.split_first()? else { return None };
        let entry = moved(&Place::local(env.variable), rest);
        Some(self.run(&env.code(), &entry, call, wrap, token))
    }

    /// Whether a closure that holds a reference to the token leaves it where it is, however often somebody
    /// runs it.
    pub(super) fn only_looks(&self, call: &Call, closure: &Place, token: &Token) -> bool {
        let stays = |next: &Next| matches!(next, Next::Go { place, .. } if *place == token.place);
        if !self.closure_borrows(closure.local, token) {
            return false;
        }
        let run = self.run_captured(call, closure, &[], token);
        run.is_some_and(|next| !next.is_empty() && next.iter().all(stays))
    }

    /// The way to the token inside a closure that refers to it.
    fn referred(&self, closure: LocalId, token: &Token) -> Option<Vec<Proj>> {
        let Some(Callable::Body(id)) = self.flow.locals[closure.0 as usize].callable else {
            return None;
        };
        let captures = &self.follower.flows.body(id).captures;
        // What another closure does with it is not seen where this one calls that.
        let others = captures.iter().map(|capture| capture.outer.local);
        if others.filter(|&other| other != closure).any(|it| self.closure_borrows(it, token)) {
            return None;
        }
        captures.iter().find_map(|capture| {
            let rest = rest(&token.place, &capture.outer)?;
            if capture.takes(&token.place).is_some() {
                return None;
            }
            let (body, variable) = (self.follower.body, capture.inner);
            let env = Proj::Captured(Env { body, closure: id, variable });
            Some(std::iter::once(env).chain(rest).collect())
        })
    }

    /// The way to the token inside a closure that refers to it, if no other argument of a call does.
    pub(super) fn lent_in(
        &self,
        call: &Call,
        closure: LocalId,
        token: &Token,
    ) -> Option<Vec<Proj>> {
        let args = call.args.iter().filter_map(|arg| Some(arg.place()?.0.local));
        let borrowing = args.filter(|&local| self.closure_borrows(local, token)).count();
        if borrowing == 1 { self.referred(closure, token) } else { None }
    }
}
