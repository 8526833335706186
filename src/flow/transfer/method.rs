//! Methods of whatever holds the token: the handle itself, an `Option` or `Result`, references to
//! elements.

use super::super::ends::{EndKind, LossKind};
use super::super::fact::Fact;
use super::super::follow::moved;
use super::super::methods::{self, Borrowing, OnError, OnMany, OnMaybe};
use super::super::token::Token;
use super::super::{Call, Callable, Callee, Code, LocalId, Operand, Place, Proj};
use super::{Next, Transfer};
use crate::catalog::Role;
use crate::facts::tree::Name;
use crate::model::Def;
use crate::text::TextRange;

impl Transfer<'_> {
    /// The token is in the receiver.
    pub(super) fn method(
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
        // What makes a missing value leaves one that is there alone.
        if methods::borrowing(name, call.args.len()) == Some(Borrowing::Same)
            || methods::fills(name)
        {
            return vec![self.stay(token)];
        }
        if &**name == "leak" && matches!(rest, [] | [Proj::Elem]) {
            let text = "`leak` leaves a reference to it, and nobody joins through that".to_owned();
            return vec![self.lost(token, LossKind::OnPurpose, range, text)];
        }
        // It fails only where somebody else still has it.
        if &**name == "try_unwrap" {
            let to = Place::local(call.dst).then(Proj::Inner);
            return vec![self.go(moved(&to, rest), token, None)];
        }
        // So does what is set once.
        if &**name == "set" && call.receiver_ty.is_once() {
            return vec![self.stay(token)];
        }
        if let (Some(Proj::Error), Some(action)) = (rest.first(), methods::on_error(name)) {
            return self.on_error(range, call, action, rest, token);
        }
        match rest.first() {
            None => vec![self.on_handle(range, name, token)],
            // `remove` gives the element itself or an `Option` of it.
            Some(Proj::Payload) if rest.len() == 1 && self.is_join(name) => {
                vec![self.end(EndKind::Joined, range, "joined here".to_owned())]
            }
            Some(Proj::Inner) => self.on_maybe(range, call, name, rest, token),
            Some(Proj::Elem | Proj::Current | Proj::Lazy(..)) => {
                self.on_many(range, call, receiver, name, rest, token)
            }
            Some(Proj::Payload) => {
                if &**name == "map" {
                    // An `Option` runs it at once; an iterator that nobody drives has no births.
                    return self.on_payload(range, call, &[Proj::Payload], &rest[1..], token);
                }
                let many = methods::on_many(name);
                let only_maybe = methods::on_maybe(name).is_some()
                    && (many.is_none() || methods::opens(name) || matches!(&**name, "take" | "ok"));
                if only_maybe {
                    let opened: Vec<Proj> =
                        std::iter::once(Proj::Inner).chain(rest[1..].iter().cloned()).collect();
                    return self.on_maybe(range, call, name, &opened, token);
                }
                let elements: Vec<Proj> =
                    std::iter::once(Proj::Elem).chain(rest[1..].iter().cloned()).collect();
                self.on_many(range, call, receiver, name, &elements, token)
            }
            Some(Proj::Result) if self.is_join(name) => {
                let to = Place::local(call.dst).then(Proj::Inner);
                vec![self.go(moved(&to, &rest[1..]), token, None)]
            }
            Some(Proj::Result) if self.role_on_handle(name) == Some(Role::NonUse) => {
                vec![self.stay(token)]
            }
            Some(_) if matches!(&**name, "fmt" | "is_some" | "is_none") => vec![self.stay(token)],
            Some(_) => vec![self.escape(rest, range, format!("used by the method `{name}`"))],
        }
    }

    /// Nobody knows what a method does with the token: a trait of the project that nobody has read may have it.
    pub(super) fn used_by(&self, range: TextRange, name: &Name) -> Next {
        let method = (self.follower.file, name.clone());
        self.follower.asked.borrow_mut().methods.insert(method);
        self.end(EndKind::Escaped, range, format!("used by the method `{name}`"))
    }

    fn is_join(&self, name: &str) -> bool {
        self.role_on_handle(name) == Some(Role::Join)
    }

    fn role_on_handle(&self, name: &str) -> Option<Role> {
        self.follower.model.catalog.role(&format!("{}::{name}", self.follower.handle))
    }

    pub(super) fn on_handle(&self, range: TextRange, name: &Name, token: &Token) -> Next {
        match self.role_on_handle(name) {
            Some(Role::Join) => self.end(EndKind::Joined, range, "joined here".to_owned()),
            Some(Role::NonUse) => self.stay(token),
            _ if matches!(&**name, "fmt" | "type_id") => self.stay(token),
            _ => self.used_by(range, name),
        }
    }

    pub(super) fn on_maybe(
        &self,
        range: TextRange,
        call: &Call,
        name: &Name,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let dst = Place::local(call.dst);
        if let ("flatten", [Proj::Inner, inner @ Proj::Inner, after @ ..]) = (&**name, rest) {
            return vec![self.go(moved(&dst.then(inner.clone()), after), token, None)];
        }
        let Some(action) = methods::on_maybe(name) else {
            return vec![self.used_by(range, name)];
        };
        let inside = &rest[1..];
        let out = |place: Place| {
            let (full, among) = (token.full, token.among);
            vec![Next::Go { place, full, borrowed: false, among, learns: None, step: None }]
        };
        match action {
            OnMaybe::Open => out(moved(&dst, inside)),
            OnMaybe::Whole if &**name == "filter" => {
                let text = "`filter` may drop it".to_owned();
                let mut next = out(moved(&dst, rest));
                next.push(self.lost(token, LossKind::Discarded, range, text));
                next
            }
            OnMaybe::Whole if &**name == "take_if" => {
                let mut next = out(moved(&dst, rest));
                next.push(self.stay_giving(token, call.dst, Some(Fact::Inner(false))));
                next
            }
            OnMaybe::Whole => out(moved(&dst, rest)),
            OnMaybe::Iterate => out(moved(&dst.then(Proj::Elem), inside)),
            OnMaybe::Look => vec![self.stay(token)],
            OnMaybe::Lose => {
                let text = format!("`{name}` throws the handle away");
                vec![self.lost_inside(rest, token, LossKind::Discarded, range, text)]
            }
            OnMaybe::Map => self.on_payload(range, call, &[Proj::Inner], inside, token),
            OnMaybe::Then => self.on_payload(range, call, &[], inside, token),
        }
    }

    /// The token is in an `Err`.
    fn on_error(
        &self,
        range: TextRange,
        call: &Call,
        action: OnError,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let name = &call.name;
        let (dst, inside) = (Place::local(call.dst), &rest[1..]);
        match action {
            OnError::Whole => vec![self.go(moved(&dst, rest), token, None)],
            OnError::Maybe => vec![self.go(moved(&dst.then(Proj::Inner), inside), token, None)],
            OnError::Open => vec![self.go(moved(&dst, inside), token, None)],
            OnError::Map => self.on_payload(range, call, &[Proj::Error], inside, token),
            OnError::Then => self.on_payload(range, call, &[], inside, token),
            OnError::Look => vec![self.stay(token)],
            OnError::Panic => Vec::new(),
            // Who has waited for its end knows that it has come.
            OnError::Lose if self.flow.calls().any(|call| &*call.name == "is_finished") => {
                vec![self.escape(rest, range, format!("used by the method `{name}`"))]
            }
            OnError::Lose => {
                let text = format!("`{name}` drops what an `Err` holds");
                vec![self.lost_inside(rest, token, LossKind::Discarded, range, text)]
            }
        }
    }

    /// Runs the last callable argument on the payload.
    pub(super) fn on_payload(
        &self,
        range: TextRange,
        call: &Call,
        wrap: &[Proj],
        inside: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let Some(code) = self.callable_arg(call) else {
            return vec![self.end(
                EndKind::Escaped,
                range,
                "given to a function that is not known".to_owned(),
            )];
        };
        self.run_on(range, &code, call, wrap, inside, token)
    }

    pub(super) fn run_on(
        &self,
        range: TextRange,
        code: &Code,
        call: &Call,
        wrap: &[Proj],
        inside: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        match &code.callable {
            Callable::Body(_) => {
                let closure = self.follower.closure(code);
                let Some(&param) = closure.and_then(|closure| closure.params.last()) else {
                    return vec![self.lost(
                        token,
                        LossKind::Discarded,
                        range,
                        "the closure ignores it".to_owned(),
                    )];
                };
                let entry = moved(&Place::local(param), inside);
                self.run(code, &entry, call, wrap, token)
            }
            Callable::Function(_) | Callable::OneOf(_) => {
                let called = |defs| self.called_on(range, defs, call, inside, token);
                let next = code.callable.functions().iter().flat_map(called);
                next.map(|next| wrapped(next, call.dst, wrap)).collect()
            }
        }
    }

    /// A function that a method calls on the payload, as if written out.
    fn called_on(
        &self,
        range: TextRange,
        defs: &Vec<Def>,
        call: &Call,
        inside: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let inner = Call {
            dst: call.dst,
            callee: Callee::Function(defs.clone()),
            args: Vec::new(),
            name_range: call.name_range,
            name: call.name.clone(),
            statement: call.statement,
            ..Call::default()
        };
        match defs.as_slice() {
            [Def::External(path)] if methods::as_method(path).is_some() => {
                let name = Name::from(methods::as_method(path).unwrap_or_default());
                match inside.first() {
                    None => vec![self.on_handle(range, &name, token)],
                    Some(Proj::Inner) => self.on_maybe(range, &inner, &name, inside, token),
                    Some(_) => vec![self.end(
                        EndKind::Escaped,
                        range,
                        format!("used by the method `{name}`"),
                    )],
                }
            }
            _ => self.function_arg(range, &inner, defs, 0, inside, false, token),
        }
    }

    pub(super) fn callable_arg(&self, call: &Call) -> Option<Code> {
        call.args.iter().rev().find_map(|arg| self.code_of(arg))
    }

    /// What calling an argument runs, when that is known.
    pub(in crate::flow) fn code_of(&self, arg: &Operand) -> Option<Code> {
        match arg {
            Operand::Function(defs) => {
                let callable = Callable::Function(defs.clone());
                Some(Code { body: self.follower.body, callable })
            }
            Operand::Move(place) | Operand::Borrow(place) => {
                self.follower.code_in(self.flow, place)
            }
            Operand::Constant(_) => None,
        }
    }

    /// Elements that a closure looks at and that stay or are dropped as it says.
    pub(super) fn on_kept(
        &self,
        range: TextRange,
        call: &Call,
        name: &Name,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let either = || {
            let text = format!("`{name}` may drop it");
            let kind = LossKind::Collection(None);
            vec![self.stay(token), self.lost_inside(rest, token, kind, range, text)]
        };
        if self.callable_arg(call).is_none() {
            return either();
        }
        let looked_at = self.on_each(range, call, name, rest, token);
        let is_same = |next: &Next| matches!(next, Next::Go { place, .. } if *place == token.place);
        // Whoever joins those that it drops keeps the others.
        let joins = |next: &Next| matches!(next, Next::End { kind: EndKind::Joined, .. });
        if looked_at.iter().any(joins) {
            return looked_at;
        }
        looked_at
            .into_iter()
            .flat_map(|next| if is_same(&next) { either() } else { vec![next] })
            .collect()
    }

    /// Elements that are looked at by reference.
    pub(super) fn on_each(
        &self,
        range: TextRange,
        call: &Call,
        name: &Name,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let Some((Proj::Elem | Proj::Current | Proj::Payload | Proj::Inner, inside)) =
            rest.split_first()
        else {
            return vec![self.end(EndKind::Escaped, range, format!("used by the method `{name}`"))];
        };
        // Nobody joins a plain handle through a reference, but one in an `Option` can be taken out.
        let is_plain = inside.iter().all(|proj| matches!(proj, Proj::Field(_)));
        let gives_on = !is_plain && methods::gives_references(name);
        let given_on = || {
            let text = format!("its elements are given on by `{name}`");
            self.end(EndKind::Escaped, range, text)
        };
        let Some(code) = self.callable_arg(call) else {
            let looks =
                matches!(methods::on_many(name), Some(OnMany::Look | OnMany::Drive | OnMany::Last));
            let harmless = looks || &**name == "next";
            return vec![if harmless && !gives_on { self.stay(token) } else { given_on() }];
        };
        let Some(closure) = self.follower.closure(&code) else {
            return vec![self.end(
                EndKind::Escaped,
                range,
                format!("given to a function by `{name}`"),
            )];
        };
        let Some(&param) = closure.params.last() else { return vec![self.stay(token)] };
        let entry = moved(&Place::local(param), inside);
        let mut next = Vec::new();
        for found in self.follower.apply(&code, &entry, true, self.depth) {
            next.push(match found.kind {
                EndKind::Untouched if gives_on => given_on(),
                EndKind::Untouched => self.stay(token),
                EndKind::Returned(proj) => {
                    let to = Place::local(call.dst).then(Proj::Payload);
                    Next::Go {
                        place: moved(&to, &proj),
                        full: token.full,
                        borrowed: false,
                        among: token.among,
                        learns: None,
                        step: None,
                    }
                }
                EndKind::Captured(outer, proj) => {
                    self.left_in_capture(&code, &entry, outer, &proj, token, found.range)
                }
                kind => Next::End {
                    kind,
                    file: found.file,
                    range: found.range,
                    steps: found.trace,
                    passed: found.way.passed,
                },
            });
        }
        next
    }
}

/// Wraps where a value went into what the method around puts it in.
fn wrapped(next: Next, dst: LocalId, wrap: &[Proj]) -> Next {
    match next {
        Next::Go { place, full, borrowed, among, learns, step } if place.local == dst => {
            let to = Place { local: dst, proj: wrap.to_vec() };
            Next::Go { place: moved(&to, &place.proj), full, borrowed, among, learns, step }
        }
        other => other,
    }
}
