//! What one statement does to the token.

use std::rc::Rc;

use super::follow::{EndKind, Follower, LossKind, RESULT, Token, TraceStep, is_scope, moved, rest};
use super::methods::{self, OnMany, OnMaybe, Storing};
use super::{Call, Callable, Callee, Flow, Leaving, LocalId, LocalKind, Operand, Place, Proj, Stmt, StmtKind};
use crate::catalog::Role;
use crate::facts::tree::Name;
use crate::model::Def;
use crate::text::TextRange;

/// Where the token goes from a statement.
pub(super) enum Next {
    /// On, in this place.
    Go { place: Place, full: Option<LocalId>, borrowed: bool, step: Option<TraceStep> },
    /// Nowhere.
    End { kind: EndKind, range: TextRange, steps: Vec<TraceStep> },
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
            StmtKind::Build(to, parts) => vec![self.build(stmt.range, *to, parts, token)],
            StmtKind::Closure(to, _, captures) => {
                for capture in captures {
                    if capture.moves
                        && let Some(rest) = rest(&token.place, &capture.outer)
                    {
                        let to = Place::local(*to).then(Proj::Captured(capture.inner));
                        let text = "moved into a closure".to_owned();
                        return vec![self.go(moved(&to, &rest), token, Some((stmt.range, text)))];
                    }
                }
                vec![self.stay(token)]
            }
            StmtKind::Mention(places, why) => {
                let touched = places.iter().any(|place| {
                    rest(&token.place, place).is_some() || self.closure_borrows(place.local, token)
                });
                vec![if touched { end(EndKind::Escaped, stmt.range, (*why).to_owned()) } else { self.stay(token) }]
            }
            StmtKind::Drop(local, why) if token.place.local == *local => {
                vec![self.dropped(stmt.range, *why, token)]
            }
            StmtKind::Drop(..) => vec![self.stay(token)],
            StmtKind::Call(call) => self.call(stmt.range, call, token),
        }
    }

    fn stay(&self, token: &Token) -> Next {
        Next::Go { place: token.place.clone(), full: token.full, borrowed: token.borrowed, step: None }
    }

    fn go(&self, place: Place, token: &Token, step: Option<(TextRange, String)>) -> Next {
        let step = step.map(|(range, text)| TraceStep { range, text });
        Next::Go { place, full: token.full, borrowed: token.borrowed, step }
    }

    fn name(&self, local: LocalId) -> Option<&Name> {
        self.flow.locals[local.0 as usize].name.as_ref()
    }

    fn assign(&self, range: TextRange, to: &Place, from: &Place, token: &Token) -> Next {
        if let Some(rest) = rest(&token.place, from) {
            let step = self.name(to.local).map(|name| {
                let verb = if to.proj.is_empty() { "bound to" } else { "stored in" };
                (range, format!("{verb} `{name}`"))
            });
            return self.go(moved(to, &rest), token, step);
        }
        if rest(&token.place, to).is_some() && to.local != RESULT && !token.borrowed {
            return self.lost(token, LossKind::Overwritten, range, "overwritten by another value".to_owned());
        }
        self.stay(token)
    }

    fn build(&self, range: TextRange, to: LocalId, parts: &[(Vec<Proj>, Operand)], token: &Token) -> Next {
        for (proj, operand) in parts {
            match operand {
                Operand::Move(from) => {
                    if let Some(rest) = rest(&token.place, from) {
                        let to = Place { local: to, proj: proj.clone() };
                        return self.go(moved(&to, &rest), token, None);
                    }
                    if self.closure_borrows(from.local, token) {
                        return end(EndKind::Escaped, range, "held by a closure that is stored".to_owned());
                    }
                }
                Operand::Borrow(from) => {
                    if rest(&token.place, from).is_some() {
                        return end(EndKind::Escaped, range, "borrowed by a value that is built here".to_owned());
                    }
                }
                Operand::Function(_) | Operand::Constant => {}
            }
        }
        self.stay(token)
    }

    /// Whether a local is a closure that holds a reference to the token.
    fn closure_borrows(&self, local: LocalId, token: &Token) -> bool {
        let Some(Callable::Body(id)) = &self.flow.locals[local.0 as usize].callable else { return false };
        let captures = &self.follower.flows.body(*id).captures;
        captures.iter().any(|capture| !capture.moves && rest(&token.place, &capture.outer).is_some())
    }

    fn dropped(&self, range: TextRange, why: Leaving, token: &Token) -> Next {
        let local = &self.flow.locals[token.place.local.0 as usize];
        if token.borrowed {
            return Next::End { kind: EndKind::Untouched, range, steps: Vec::new() };
        }
        let name = local.name.clone();
        let shown = name.as_deref().unwrap_or("it");
        let many = token.place.proj.iter().any(|proj| matches!(proj, Proj::Elem | Proj::Current | Proj::Payload));
        let (kind, range, text) = match local.kind {
            LocalKind::Underscore => (LossKind::Underscore, local.range, "`_` drops it at once".to_owned()),
            LocalKind::Parameter if name.is_none() => {
                (LossKind::Discarded, local.range, "the closure ignores it, which drops it".to_owned())
            }
            LocalKind::Temporary if why == Leaving::End => {
                (LossKind::Discarded, range, "nobody takes it: it is dropped at the end of the statement".to_owned())
            }
            _ if why == Leaving::Jump => {
                let kind = if many { LossKind::Collection(name) } else { LossKind::ScopeEnd(name) };
                (kind, range, "this way out leaves it unjoined".to_owned())
            }
            _ if many => {
                let text = format!("`{shown}` goes out of scope with the handle in it");
                (LossKind::Collection(name), range, text)
            }
            _ => {
                let text = format!("`{shown}` goes out of scope without being joined");
                (LossKind::ScopeEnd(name), range, text)
            }
        };
        self.lost(token, kind, range, text)
    }

    /// The token's place is dropped. A value of a type that nobody looked at may join what it holds
    /// when it is dropped, so that is no loss.
    fn lost(&self, token: &Token, kind: LossKind, range: TextRange, text: String) -> Next {
        for proj in &token.place.proj {
            match proj {
                Proj::Field(field) if !field.starts_with(|first: char| first.is_ascii_digit()) => {
                    let text = format!("kept in the field `{field}` of a value that is dropped here");
                    return end(EndKind::Stored, range, text);
                }
                Proj::Variant(variant) => {
                    return end(EndKind::Stored, range, format!("kept in `{variant}`, which is dropped here"));
                }
                Proj::Lazy(..) => {
                    let text = "the iterator that leads to it is never driven".to_owned();
                    return end(EndKind::Lost(LossKind::Undriven), range, text);
                }
                _ => {}
            }
        }
        end(EndKind::Lost(kind), range, text)
    }

    fn call(&self, range: TextRange, call: &Call, token: &Token) -> Vec<Next> {
        match &call.callee {
            Callee::Method(receiver, name, own) => {
                // People look for a method at its name; the receiver may begin lines above.
                let range = call.name_range;
                if let Some(rest) = rest(&token.place, receiver) {
                    if !own.is_empty() {
                        return vec![self.given(range, &format!("used by the method `{name}`"), &rest, token, false)];
                    }
                    return self.method(range, call, receiver, name, &rest, token);
                }
                self.method_args(range, call, receiver, name, !own.is_empty(), token)
            }
            Callee::Function(defs) => self.function(range, call, defs, token),
            Callee::Local(place, callable) => self.call_closure(range, call, place, callable.as_ref(), token),
            Callee::Await(place) => match rest(&token.place, place) {
                Some(_) => vec![end(EndKind::Escaped, range, "awaited".to_owned())],
                None => vec![self.stay(token)],
            },
        }
    }

    /// A use that cannot be followed. A plain handle behind `&` cannot be joined there.
    fn given(&self, range: TextRange, text: &str, rest: &[Proj], token: &Token, by_reference: bool) -> Next {
        if by_reference && rest.is_empty() {
            return self.stay(token);
        }
        end(EndKind::Escaped, range, text.to_owned())
    }

    /// Calls a closure held in a local.
    fn call_closure(
        &self,
        range: TextRange,
        call: &Call,
        place: &Place,
        callable: Option<&Callable>,
        token: &Token,
    ) -> Vec<Next> {
        if let Some(callable @ Callable::Body(id)) = callable {
            let body = self.follower.flows.body(*id);
            if let Some(rest) = rest(&token.place, place)
                && let Some((Proj::Captured(inner), rest)) = rest.split_first()
            {
                return self.run(callable, &moved(&Place::local(*inner), rest), call, &[], token, None);
            }
            for capture in &body.captures {
                if let (false, Some(rest)) = (capture.moves, rest(&token.place, &capture.outer)) {
                    let entry = moved(&Place::local(capture.inner), &rest);
                    return self.run(callable, &entry, call, &[], token, Some(&capture.outer));
                }
            }
            for (arg, &param) in call.args.iter().zip(&body.params) {
                if let Operand::Move(from) = arg
                    && let Some(rest) = rest(&token.place, from)
                {
                    return self.run(callable, &moved(&Place::local(param), &rest), call, &[], token, None);
                }
            }
        }
        self.unknown_call(range, call, "passed to a closure or function value", token)
    }

    /// The token is in an argument of something that is not followed.
    fn unknown_call(&self, range: TextRange, call: &Call, text: &str, token: &Token) -> Vec<Next> {
        for arg in &call.args {
            let (place, by_reference) = match arg {
                Operand::Move(place) => (place, false),
                Operand::Borrow(place) => (place, true),
                Operand::Function(_) | Operand::Constant => continue,
            };
            if let Some(rest) = rest(&token.place, place) {
                return vec![self.given(range, text, &rest, token, by_reference)];
            }
            if self.closure_borrows(place.local, token) {
                return vec![end(EndKind::Escaped, range, "captured by a closure that is given away".to_owned())];
            }
        }
        vec![self.stay(token)]
    }

    /// Runs a callable with the token inside and goes on with what comes out.
    fn run(
        &self,
        callable: &Callable,
        entry: &Place,
        call: &Call,
        wrap: &[Proj],
        token: &Token,
        stays_at: Option<&Place>,
    ) -> Vec<Next> {
        let borrowed = token.borrowed;
        let ends = self.follower.apply(callable, entry, borrowed, self.depth);
        let mut next = Vec::new();
        for found in ends {
            next.push(match found.kind {
                EndKind::Returned(proj) => {
                    let to = Place { local: call.dst, proj: wrap.to_vec() };
                    self.go(moved(&to, &proj), token, None)
                }
                EndKind::Untouched => self.stay(token),
                EndKind::Captured(_, proj) => match stays_at {
                    Some(outer) => self.go(moved(outer, &proj), token, None),
                    // It stays in the closure's own environment.
                    None => self.stay(token),
                },
                kind => Next::End { kind, range: found.range, steps: found.trace },
            });
        }
        // Nothing follows a callable that never returns.
        next
    }

    fn function(&self, range: TextRange, call: &Call, defs: &[Def], token: &Token) -> Vec<Next> {
        let scope = is_scope(self.follower.model, defs);
        for (index, arg) in call.args.iter().enumerate() {
            let (place, by_reference) = match arg {
                Operand::Move(place) => (place, false),
                Operand::Borrow(place) => (place, true),
                Operand::Function(_) | Operand::Constant => continue,
            };
            if scope && let Some(next) = self.closure_arg(call, place, &[], token) {
                return next;
            }
            if let Some(rest) = rest(&token.place, place) {
                return vec![self.function_arg(range, call, defs, index, &rest, by_reference, token)];
            }
            if self.closure_borrows(place.local, token) {
                return vec![end(EndKind::Escaped, range, "captured by a closure that is given away".to_owned())];
            }
        }
        vec![self.stay(token)]
    }

    /// Runs a closure argument that captured the token.
    fn closure_arg(
        &self,
        call: &Call,
        place: &Place,
        wrap: &[Proj],
        token: &Token,
    ) -> Option<Vec<Next>> {
        let callable = self.flow.locals[place.local.0 as usize].callable.as_ref()?;
        let Callable::Body(id) = callable else { return None };
        if let Some(rest) = rest(&token.place, place)
            && let Some((Proj::Captured(inner), rest)) = rest.split_first()
        {
            let entry = moved(&Place::local(*inner), rest);
            return Some(self.run(callable, &entry, call, wrap, token, None));
        }
        for capture in &self.follower.flows.body(*id).captures {
            if let (false, Some(rest)) = (capture.moves, rest(&token.place, &capture.outer)) {
                let entry = moved(&Place::local(capture.inner), &rest);
                return Some(self.run(callable, &entry, call, wrap, token, Some(&capture.outer)));
            }
        }
        None
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn function_arg(
        &self,
        range: TextRange,
        call: &Call,
        defs: &[Def],
        index: usize,
        rest: &[Proj],
        by_reference: bool,
        token: &Token,
    ) -> Next {
        let dst = Place::local(call.dst);
        let [def] = defs else {
            return self.given(range, "passed to a function that is not known", rest, token, by_reference);
        };
        let path = match def {
            Def::External(path) => path,
            Def::Variant(_, name) => {
                let to = dst.then(Proj::Variant(name.clone())).then(Proj::Field(Name::from(index.to_string())));
                return self.go(moved(&to, rest), token, None);
            }
            Def::Item(item) | Def::Method(item) => {
                let model = self.follower.model;
                let name = &model.item(*item).name;
                if matches!(model.item(*item).kind, crate::facts::tree::ItemKind::Struct(_)) {
                    let to = dst.then(Proj::Variant(name.clone())).then(Proj::Field(Name::from(index.to_string())));
                    return self.go(moved(&to, rest), token, None);
                }
                return self.given(range, &format!("passed to `{name}`"), rest, token, by_reference);
            }
            Def::Module(_) | Def::Unknown => {
                return self.given(range, "passed to a function that is not known", rest, token, by_reference);
            }
        };
        let name = path.rsplit("::").next().unwrap_or(path);
        match (self.follower.model.catalog.role(path), by_reference) {
            (Some(Role::Detach), false) => {
                return self.lost(token, LossKind::OnPurpose, range, format!("`{name}` throws it away"));
            }
            (Some(Role::Join), _) if rest.is_empty() => {
                return end(EndKind::Joined, range, "joined here".to_owned());
            }
            _ => {}
        }
        match (&**path, by_reference) {
            ("std::mem::replace" | "std::mem::take", true) if index == 0 => {
                Next::Go { place: moved(&dst, rest), full: token.full, borrowed: false, step: None }
            }
            ("std::option::Option::Some" | "std::result::Result::Ok" | "std::task::Poll::Ready", false) => {
                self.go(moved(&dst.then(Proj::Inner), rest), token, None)
            }
            ("std::result::Result::Err", false) => self.go(moved(&dst.then(Proj::Error), rest), token, None),
            ("std::iter::once", false) => self.go(moved(&dst.then(Proj::Elem), rest), token, None),
            (path, false) if methods::wraps(path) => self.go(moved(&dst, rest), token, None),
            _ => self.given(range, &format!("passed to `{name}`"), rest, token, by_reference),
        }
    }

    /// The token is in an argument of a method, or captured by one.
    fn method_args(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        name: &Name,
        is_own: bool,
        token: &Token,
    ) -> Vec<Next> {
        let known = !is_own && (methods::on_many(name).is_some() || methods::on_maybe(name).is_some());
        for arg in &call.args {
            let (Operand::Move(place) | Operand::Borrow(place)) = arg else { continue };
            if known && let Some(next) = self.closure_arg(call, place, &[Proj::Payload], token) {
                return next;
            }
            let Some(rest) = rest(&token.place, place) else { continue };
            if let (false, Some(storing), true) = (is_own, methods::storing(name), self.is_std(call, receiver)) {
                return vec![self.stored(range, call, receiver, name, storing, &rest, token)];
            }
            if let ("zip", [Proj::Elem, after @ ..]) = (&**name, rest.as_slice()) {
                let to = Place::local(call.dst).then(Proj::Elem).then(Proj::Field(Name::from("1")));
                return vec![self.go(moved(&to, after), token, None)];
            }
        }
        self.unknown_call(range, call, &format!("passed to the method `{name}`"), token)
    }

    /// Whether the receiver is known to be a collection, option or cell of std.
    fn is_std(&self, call: &Call, receiver: &Place) -> bool {
        let by_type = call.receiver_ty.path().is_some_and(|path| path.starts_with("std::"));
        by_type || matches!(call.receiver_ty, crate::model::Ty::Slice(_)) || {
            // A field whose type is not known stays where it is whatever its methods do.
            let local = &self.flow.locals[receiver.local.0 as usize];
            matches!(local.kind, LocalKind::Reference | LocalKind::Static) && call.receiver_ty == crate::model::Ty::Unknown
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn stored(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        name: &Name,
        storing: Storing,
        rest: &[Proj],
        token: &Token,
    ) -> Next {
        let text = match self.name(receiver.local) {
            Some(owner) => format!("put into `{owner}` by `{name}`"),
            None => format!("put away by `{name}`"),
        };
        let to = match storing {
            Storing::Element => receiver.then(Proj::Elem),
            Storing::Elements => match rest.split_first() {
                Some((Proj::Elem | Proj::Inner | Proj::Payload | Proj::Current, after)) => {
                    let to = if &**name == "chain" { Place::local(call.dst) } else { receiver.clone() };
                    return self.go(moved(&to.then(Proj::Elem), after), token, Some((range, text)));
                }
                _ => return end(EndKind::Escaped, range, format!("passed to the method `{name}`")),
            },
            Storing::Payload if call.args.len() > 1 => receiver.then(Proj::Elem),
            Storing::Payload if &**name == "set" => receiver.clone(),
            Storing::Payload => receiver.then(Proj::Payload),
        };
        self.go(moved(&to, rest), token, Some((range, text)))
    }

    /// The token is in the receiver.
    fn method(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        name: &Name,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let each = receiver.proj.last() == Some(&Proj::Each);
        if each {
            return self.on_each(range, call, name, rest, token);
        }
        match rest.first() {
            None => vec![self.on_handle(range, name, token)],
            Some(Proj::Inner) => self.on_maybe(range, call, name, rest, token),
            Some(Proj::Elem | Proj::Current | Proj::Lazy(..)) => self.on_many(range, call, receiver, name, rest, token),
            Some(Proj::Payload) => {
                let many = methods::on_many(name);
                let only_maybe = methods::on_maybe(name).is_some()
                    && (many.is_none() || methods::opens(name) || matches!(&**name, "take" | "ok"));
                if only_maybe {
                    let opened: Vec<Proj> = std::iter::once(Proj::Inner).chain(rest[1..].iter().cloned()).collect();
                    return self.on_maybe(range, call, name, &opened, token);
                }
                let elements: Vec<Proj> = std::iter::once(Proj::Elem).chain(rest[1..].iter().cloned()).collect();
                self.on_many(range, call, receiver, name, &elements, token)
            }
            Some(_) if matches!(&**name, "fmt" | "is_some" | "is_none") => vec![self.stay(token)],
            Some(_) => vec![end(EndKind::Escaped, range, format!("used by the method `{name}`"))],
        }
    }

    fn on_handle(&self, range: TextRange, name: &Name, token: &Token) -> Next {
        let path = format!("{}::{name}", self.follower.handle);
        match self.follower.model.catalog.role(&path) {
            Some(Role::Join) => end(EndKind::Joined, range, "joined here".to_owned()),
            Some(Role::NonUse) => self.stay(token),
            _ if matches!(&**name, "fmt" | "type_id") => self.stay(token),
            _ => end(EndKind::Escaped, range, format!("used by the method `{name}`")),
        }
    }

    fn on_maybe(&self, range: TextRange, call: &Call, name: &Name, rest: &[Proj], token: &Token) -> Vec<Next> {
        let dst = Place::local(call.dst);
        let Some(action) = methods::on_maybe(name) else {
            return vec![end(EndKind::Escaped, range, format!("used by the method `{name}`"))];
        };
        let inside = &rest[1..];
        let out = |place: Place| vec![Next::Go { place, full: token.full, borrowed: false, step: None }];
        match action {
            OnMaybe::Open => out(moved(&dst, inside)),
            OnMaybe::Whole => out(moved(&dst, rest)),
            OnMaybe::Iterate => out(moved(&dst.then(Proj::Elem), inside)),
            OnMaybe::Look => vec![self.stay(token)],
            OnMaybe::Lose => {
                vec![self.lost(token, LossKind::Discarded, range, format!("`{name}` throws the handle away"))]
            }
            OnMaybe::Map => self.on_payload(range, call, &[Proj::Inner], inside, token),
            OnMaybe::Then => self.on_payload(range, call, &[], inside, token),
        }
    }

    /// Runs the last callable argument on the payload.
    fn on_payload(&self, range: TextRange, call: &Call, wrap: &[Proj], inside: &[Proj], token: &Token) -> Vec<Next> {
        let Some(callable) = self.callable_arg(call) else {
            return vec![end(EndKind::Escaped, range, "given to a function that is not known".to_owned())];
        };
        self.run_on(range, &callable, call, wrap, inside, token)
    }

    fn run_on(
        &self,
        range: TextRange,
        callable: &Callable,
        call: &Call,
        wrap: &[Proj],
        inside: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        match callable {
            Callable::Body(id) => {
                let params = &self.follower.flows.body(*id).params;
                let Some(&param) = params.last() else {
                    return vec![self.lost(token, LossKind::Discarded, range, "the closure ignores it".to_owned())];
                };
                let entry = moved(&Place::local(param), inside);
                self.run(callable, &entry, call, wrap, token, None)
            }
            Callable::Function(defs) => {
                // The function is called on the payload as if written out.
                let inner = Call {
                    dst: call.dst,
                    callee: Callee::Function(defs.clone()),
                    args: Vec::new(),
                    name_range: call.name_range,
                    ty: crate::model::Ty::Unknown,
                    receiver_ty: crate::model::Ty::Unknown,
                };
                let next = match defs.as_slice() {
                    [Def::External(path)] if methods::as_method(path).is_some() => {
                        let name = Name::from(methods::as_method(path).unwrap_or_default());
                        match inside.first() {
                            None => vec![self.on_handle(range, &name, token)],
                            Some(Proj::Inner) => self.on_maybe(range, &inner, &name, inside, token),
                            Some(_) => vec![end(EndKind::Escaped, range, format!("used by the method `{name}`"))],
                        }
                    }
                    _ => vec![self.function_arg(range, &inner, defs, 0, inside, false, token)],
                };
                next.into_iter().map(|next| wrapped(next, call.dst, wrap)).collect()
            }
        }
    }

    fn callable_arg(&self, call: &Call) -> Option<Callable> {
        call.args.iter().rev().find_map(|arg| match arg {
            Operand::Function(defs) => Some(Callable::Function(defs.clone())),
            Operand::Move(place) | Operand::Borrow(place) => self.flow.locals[place.local.0 as usize].callable.clone(),
            Operand::Constant => None,
        })
    }

    /// Elements that are looked at by reference.
    fn on_each(&self, range: TextRange, call: &Call, name: &Name, rest: &[Proj], token: &Token) -> Vec<Next> {
        let Some((Proj::Elem | Proj::Current | Proj::Payload | Proj::Inner, inside)) = rest.split_first() else {
            return vec![end(EndKind::Escaped, range, format!("used by the method `{name}`"))];
        };
        let Some(callable) = self.callable_arg(call) else {
            let harmless = matches!(
                methods::on_many(name),
                Some(OnMany::Look | OnMany::Drive | OnMany::Last)
            ) || &**name == "next";
            let text = format!("its elements are given on by `{name}`");
            return vec![if harmless { self.stay(token) } else { end(EndKind::Escaped, range, text) }];
        };
        let Callable::Body(id) = &callable else {
            return vec![end(EndKind::Escaped, range, format!("given to a function by `{name}`"))];
        };
        let Some(&param) = self.follower.flows.body(*id).params.last() else { return vec![self.stay(token)] };
        let entry = moved(&Place::local(param), inside);
        let mut next = Vec::new();
        for found in self.follower.apply(&callable, &entry, true, self.depth) {
            next.push(match found.kind {
                EndKind::Untouched => self.stay(token),
                EndKind::Returned(proj) => {
                    let to = Place::local(call.dst).then(Proj::Payload);
                    Next::Go { place: moved(&to, &proj), full: token.full, borrowed: false, step: None }
                }
                EndKind::Captured(..) => end(EndKind::Escaped, found.range, "moved out by a closure".to_owned()),
                kind => Next::End { kind, range: found.range, steps: found.trace },
            });
        }
        next
    }

    fn on_many(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        name: &Name,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let dst = Place::local(call.dst);
        let escape = |text: String| vec![end(EndKind::Escaped, range, text)];
        let Some(action) = methods::on_many(name) else {
            return escape(format!("used by the method `{name}`"));
        };
        let lost = |text: String| {
            self.lost(token, LossKind::Collection(self.name(receiver.local).cloned()), range, text)
        };
        let whole = || self.go(moved(&dst, rest), token, None);
        match action {
            OnMany::Look | OnMany::Store => vec![self.stay(token)],
            OnMany::All => vec![whole()],
            OnMany::Some => vec![whole(), lost(format!("`{name}` may leave it out"))],
            OnMany::Keep => vec![self.stay(token), lost(format!("`{name}` may drop it"))],
            OnMany::Lose => vec![lost(format!("`{name}` drops it"))],
            OnMany::Lazy => {
                let Some(callable) = self.callable_arg(call) else {
                    return escape(format!("given to a function by `{name}`"));
                };
                let flattens = matches!(&**name, "flat_map" | "filter_map");
                let to = dst.then(Proj::Lazy(Rc::new(callable), flattens));
                vec![self.go(moved(&to, rest), token, None)]
            }
            _ => self.driven(range, call, receiver, action, rest, token),
        }
    }

    /// Methods that take elements out, so that whatever is pending on them runs first.
    fn driven(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        action: OnMany,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let dst = Place::local(call.dst);
        let mut next = Vec::new();
        if matches!(action, OnMany::PopMaybe | OnMany::Pop) {
            // Another one comes out; this one is still there, so the collection is not empty.
            let full = Some(call.dst);
            next.push(Next::Go { place: token.place.clone(), full, borrowed: token.borrowed, step: None });
        }
        let stops = action == OnMany::Collect && call.ty.payload() != crate::model::Ty::Unknown;
        if stops && matches!(rest.first(), Some(Proj::Lazy(..))) {
            let kind = LossKind::Collection(self.name(receiver.local).cloned());
            let text = "the collection stops at the first error".to_owned();
            next.push(end(EndKind::Lost(kind), range, text));
        }
        for element in self.drive(range, call, rest, token) {
            let element = match element {
                Ok(element) => element,
                Err(done) => {
                    next.push(done);
                    continue;
                }
            };
            let lost = |text: &str| {
                let kind = LossKind::Collection(self.name(receiver.local).cloned());
                self.lost(token, kind, range, text.to_owned())
            };
            match action {
                OnMany::Paired(field) => {
                    let to = dst.then(Proj::Elem).then(Proj::Field(Name::from(field)));
                    next.push(self.go(moved(&to, &element), token, None));
                }
                OnMany::PopMaybe | OnMany::Pop => {
                    let to = if action == OnMany::Pop { dst.clone() } else { dst.then(Proj::Inner) };
                    next.push(self.go(moved(&to, &element), token, None));
                }
                OnMany::Last => {
                    next.push(self.go(moved(&dst.then(Proj::Inner), &element), token, None));
                    next.push(lost("the others are dropped"));
                }
                OnMany::Unzip => next.push(match element.split_first() {
                    Some((side @ Proj::Field(_), after)) => {
                        self.go(moved(&dst.then(side.clone()).then(Proj::Elem), after), token, None)
                    }
                    _ => end(EndKind::Escaped, range, "unzipped from a value that is not a pair".to_owned()),
                }),
                OnMany::Partition => {
                    for side in ["0", "1"] {
                        let to = dst.then(Proj::Field(Name::from(side))).then(Proj::Elem);
                        next.push(self.go(moved(&to, &element), token, None));
                    }
                }
                OnMany::Collect => {
                    let to = match element.split_first() {
                        Some((Proj::Inner, after)) if call.ty.payload() != crate::model::Ty::Unknown => {
                            moved(&dst.then(Proj::Inner).then(Proj::Elem), after)
                        }
                        _ => moved(&dst.then(Proj::Elem), &element),
                    };
                    next.push(self.go(to, token, None));
                }
                OnMany::Drive => next.push(lost("what comes out is dropped")),
                OnMany::Each | OnMany::Fold | OnMany::ShortCircuit => {
                    if action == OnMany::ShortCircuit {
                        next.push(lost("the iteration may stop before it"));
                    }
                    next.extend(self.on_payload(range, call, &[], &element, token));
                }
                _ => next.push(self.go(moved(&dst.then(Proj::Elem), &element), token, None)),
            }
        }
        next
    }

    /// What comes out of an iterator for the token: the way to it inside its element, or an end.
    fn drive(&self, range: TextRange, call: &Call, rest: &[Proj], token: &Token) -> Vec<Result<Vec<Proj>, Next>> {
        match rest.split_first() {
            Some((Proj::Lazy(callable, flattens), inner)) => {
                let mut out = Vec::new();
                for element in self.drive(range, call, inner, token) {
                    let element = match element {
                        Ok(element) => element,
                        Err(done) => {
                            out.push(Err(done));
                            continue;
                        }
                    };
                    for next in self.run_on(range, callable, call, &[], &element, token) {
                        match next {
                            Next::Go { place, .. } if place.local == call.dst => {
                                let skip = usize::from(*flattens);
                                out.push(Ok(place.proj.get(skip..).unwrap_or_default().to_vec()));
                            }
                            other => out.push(Err(other)),
                        }
                    }
                }
                out
            }
            Some((Proj::Elem | Proj::Current | Proj::Payload | Proj::Inner, inner)) => vec![Ok(inner.to_vec())],
            _ => vec![Err(end(EndKind::Escaped, range, "iterated in a way that is not known".to_owned()))],
        }
    }

    /// The head of a `for` loop: the token comes out, stays for later, or the loop ends.
    pub(super) fn next_element(
        &self,
        iter: &Place,
        item: LocalId,
        borrowed: bool,
        range: TextRange,
        token: &Token,
    ) -> Vec<(bool, Next)> {
        let Some(rest) = rest(&token.place, iter) else {
            return vec![(true, self.stay(token)), (false, self.stay(token))];
        };
        if borrowed {
            return match rest.split_first() {
                Some((Proj::Elem | Proj::Payload | Proj::Inner, inside)) => {
                    let current = moved(&moved(iter, &[Proj::Current]), inside);
                    vec![(true, self.go(current, token, None)), (true, self.stay(token))]
                }
                Some((Proj::Current, inside)) => {
                    vec![(false, self.go(moved(&moved(iter, &[Proj::Elem]), inside), token, None))]
                }
                _ => vec![(false, end(EndKind::Escaped, range, "iterated by reference".to_owned()))],
            };
        }
        let call = Call {
            dst: item,
            callee: Callee::Function(Vec::new()),
            args: Vec::new(),
            name_range: range,
            ty: crate::model::Ty::Unknown,
            receiver_ty: crate::model::Ty::Unknown,
        };
        let mut next = Vec::new();
        for element in self.drive(range, &call, &rest, token) {
            match element {
                Ok(element) => next.push((true, self.go(moved(&Place::local(item), &element), token, None))),
                Err(done) => next.push((true, done)),
            }
        }
        next.push((true, self.stay(token)));
        next
    }
}

fn end(kind: EndKind, range: TextRange, text: String) -> Next {
    Next::End { kind, range, steps: vec![TraceStep { range, text }] }
}

/// Wraps where a value went into what the method around puts it in.
fn wrapped(next: Next, dst: LocalId, wrap: &[Proj]) -> Next {
    match next {
        Next::Go { place, full, borrowed, step } if place.local == dst => {
            let to = Place { local: dst, proj: wrap.to_vec() };
            Next::Go { place: moved(&to, &place.proj), full, borrowed, step }
        }
        other => other,
    }
}
