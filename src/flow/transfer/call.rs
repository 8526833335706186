//! Calls: what becomes of a token that is given to something.

use super::super::again::runs_again;
use super::super::asking;
use super::super::ends::{Cell, EndKind, Entry, LossKind};
use super::super::fact::is_true;
use super::super::follow::{may_be_another, moved, rest, runs_at_once};
use super::super::methods::{self, Instead, Storing};
use super::super::token::{Among, Token};
use super::super::{
    Call, Callee, Condition, Field, LocalKind, Operand, Owner, Place, Proj, Terminator,
};
use super::enter::{Given, items};
use super::{Next, Transfer};
use crate::catalog::Role;
use crate::facts::tree::{ItemKind, Name};
use crate::model::{Def, FunctionRef, ItemRef, Ty, TyHead};
use crate::text::TextRange;

impl Transfer<'_> {
    pub(super) fn call(&self, range: TextRange, call: &Call, token: &Token) -> Vec<Next> {
        if let Some(kept) = self.left_in_static(range, call, token) {
            return vec![kept];
        }
        // Only functions of the project are known to keep elements where they are.
        let numbered = token.place.proj.iter().any(|proj| matches!(proj, Proj::Nth(..)));
        let looks = asking::keeps_order(&call.name) && matches!(call.callee, Callee::Method(..));
        if numbered && looks && self.names(call, token) {
            return vec![self.stay(token)];
        }
        if numbered && !self.is_own(call) && self.names(call, token) {
            let token = Token { place: token.place.unnumbered(), ..token.clone() };
            return self.called(range, call, &token);
        }
        let mut next = self.called(range, call, token);
        if self.may_take_another(call, token) {
            next.push(self.pass(token));
        }
        next
    }

    /// Whether a call has to do with the token, or with another element of the same collection.
    fn may_take_another(&self, call: &Call, token: &Token) -> bool {
        let receiver = match &call.callee {
            Callee::Method(place, ..) => Some(place),
            _ => None,
        };
        let args = call.args.iter().filter_map(|arg| Some(arg.place()?.0));
        receiver
            .into_iter()
            .chain(args)
            .any(|place| may_be_another(&token.place, place) && rest(&token.place, place).is_some())
    }

    /// Whether a call means functions of the project only.
    fn is_own(&self, call: &Call) -> bool {
        let targets = call.targets();
        let is_function = |item: &ItemRef| self.follower.model.function(*item).is_some();
        !targets.is_empty() && targets.iter().all(is_function)
    }

    /// Whether a call has anything to do with the local that the token is in.
    fn names(&self, call: &Call, token: &Token) -> bool {
        let local = token.place.local;
        let is_it = |place: &Place| {
            place.local == local || self.flow.locals[place.local.0 as usize].callable.is_some()
        };
        let receiver = match &call.callee {
            Callee::Method(place, ..) | Callee::Local(place, _) | Callee::Await(place) => {
                is_it(place)
            }
            Callee::Function(_) => false,
        };
        receiver || call.args.iter().filter_map(Operand::place).any(|(place, _)| is_it(place))
    }

    fn called(&self, range: TextRange, call: &Call, token: &Token) -> Vec<Next> {
        match &call.callee {
            Callee::Method(receiver, name, own) => {
                // People look for a method at its name; the receiver may begin lines above.
                let range = call.name_range;
                if let Some(rest) = rest(&token.place, receiver) {
                    if !own.is_empty() {
                        let text = format!("used by the method `{name}`");
                        let given =
                            Given { entry: Entry::Receiver, rest: &rest, by_reference: false };
                        return self.enter(range, call, &items(own), &given, token, &text);
                    }
                    return self.method(range, call, receiver, name, &rest, token);
                }
                if self.closure_borrows(receiver.local, token)
                    && !self.only_looks(call, receiver, token)
                {
                    let text = format!("held by a closure that is used by the method `{name}`");
                    return vec![self.end(EndKind::Escaped, range, text)];
                }
                self.method_args(range, call, receiver, name, own, token)
            }
            Callee::Function(defs) => self.function(range, call, defs, token),
            Callee::Local(place, callable) => {
                self.call_closure(range, call, place, callable.as_ref(), token)
            }
            Callee::Await(place) => match rest(&token.place, place) {
                Some(rest) if rest.is_empty() && self.is_task() => {
                    vec![self.end(EndKind::Joined, range, "awaited here".to_owned())]
                }
                Some(rest) => vec![self.escape(&rest, range, "awaited".to_owned())],
                None if self.closure_borrows(place.local, token) => {
                    vec![self.end(EndKind::Escaped, range, "awaited".to_owned())]
                }
                None => vec![self.stay(token)],
            },
        }
    }

    /// Whether the token is the handle of an asynchronous task.
    fn is_task(&self) -> bool {
        let role = self.follower.model.catalog.role(&self.follower.handle);
        role == Some(Role::TaskHandle)
    }

    /// A use that cannot be followed. A plain handle behind `&` cannot be joined there.
    pub(super) fn given(
        &self,
        range: TextRange,
        text: &str,
        rest: &[Proj],
        token: &Token,
        by_reference: bool,
    ) -> Next {
        if by_reference && rest.is_empty() {
            return self.stay(token);
        }
        self.escape(rest, range, text.to_owned())
    }

    /// The token is in an argument of something that is not followed.
    pub(super) fn unknown_call(
        &self,
        range: TextRange,
        call: &Call,
        text: &str,
        token: &Token,
    ) -> Vec<Next> {
        for arg in &call.args {
            let Some((place, by_reference)) = arg.place() else { continue };
            if let Some(rest) = rest(&token.place, place) {
                return vec![self.given(range, text, &rest, token, by_reference)];
            }
            if self.closure_borrows(place.local, token) && !self.only_looks(call, place, token) {
                let text = "captured by a closure that is given away".to_owned();
                return vec![self.end(EndKind::Escaped, range, text)];
            }
        }
        vec![self.stay(token)]
    }

    pub(super) fn function(
        &self,
        range: TextRange,
        call: &Call,
        defs: &[Def],
        token: &Token,
    ) -> Vec<Next> {
        let scope = runs_at_once(self.follower.model, defs);
        let catches =
            matches!(defs, [Def::External(path)] if &**path == "std::panic::catch_unwind");
        let spawns = call.spawns(self.follower.model);
        for (index, arg) in call.args.iter().enumerate() {
            let Some((place, by_reference)) = arg.place() else { continue };
            if scope && let Some(next) = self.closure_arg(call, place, &[], token, false) {
                return next;
            }
            if catches
                && let Some(next) = self.closure_arg(call, place, &[Proj::Inner], token, false)
            {
                return next;
            }
            if spawns
                && let Some(next) =
                    self.closure_arg(call, place, call.thread_result(), token, false)
            {
                return next;
            }
            if let Some(rest) = rest(&token.place, place) {
                return self.function_arg(range, call, defs, index, &rest, by_reference, token);
            }
            if self.only_looks(call, place, token) {
                continue;
            }
            if let (Some(_), Some(rest)) =
                (self.own_functions(defs), self.lent_in(call, place.local, token))
            {
                return self.function_arg(range, call, defs, index, &rest, true, token);
            }
            if self.closure_borrows(place.local, token) {
                let text = "captured by a closure that is given away".to_owned();
                return vec![self.end(EndKind::Escaped, range, text)];
            }
        }
        vec![self.stay(token)]
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    pub(super) fn function_arg(
        &self,
        range: TextRange,
        call: &Call,
        defs: &[Def],
        index: usize,
        rest: &[Proj],
        by_reference: bool,
        token: &Token,
    ) -> Vec<Next> {
        if let Some(functions) = self.own_functions(defs) {
            let text = format!("passed to `{}`", self.follower.model.item(functions[0]).name);
            let entry = self.entry(&functions, index);
            let given = Given { entry, rest, by_reference };
            return self.enter(range, call, &functions, &given, token, &text);
        }
        vec![self.known_arg(range, call, defs, index, rest, by_reference, token)]
    }

    /// The functions of the project that a path means, if it means nothing else.
    fn own_functions(&self, defs: &[Def]) -> Option<Vec<ItemRef>> {
        let functions: Option<Vec<ItemRef>> = defs
            .iter()
            .map(|def| match def {
                Def::Item(item) | Def::Method(item) => {
                    self.follower.model.function(*item).map(|_| *item)
                }
                _ => None,
            })
            .collect();
        functions.filter(|functions| !functions.is_empty())
    }

    /// An argument of a constructor, or of a function outside the project.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn known_arg(
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
        let given = |text: &str| self.given(range, text, rest, token, by_reference);
        let model = self.follower.model;
        let number = Name::from(index.to_string());
        let part = |item: &ItemRef| {
            let owner = Owner::Type(TyHead::Item(item.file, item.item));
            Proj::Field(Field { name: number.clone(), owner })
        };
        let path = match defs {
            [Def::External(path)] => path,
            [Def::Variant(item, _) | Def::Item(item)] if by_reference => {
                return given(&format!("borrowed by `{}`", model.item(*item).name));
            }
            [Def::Variant(item, name)] => {
                let to = dst.then(Proj::Variant(name.clone())).then(part(item));
                return self.go(moved(&to, rest), token, None);
            }
            [Def::Item(item)] if matches!(model.item(*item).kind, ItemKind::Struct(_)) => {
                return self.go(moved(&dst.then(part(item)), rest), token, None);
            }
            _ => return given("passed to a function that is not known"),
        };
        self.external_arg(range, call, path, index, rest, by_reference, token)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn external_arg(
        &self,
        range: TextRange,
        call: &Call,
        path: &Name,
        index: usize,
        rest: &[Proj],
        by_reference: bool,
        token: &Token,
    ) -> Next {
        let dst = Place::local(call.dst);
        let given = |text: &str| self.given(range, text, rest, token, by_reference);
        let name = path.rsplit("::").next().unwrap_or(path);
        match (self.follower.model.catalog.role(path), by_reference) {
            (Some(Role::Detach), false) => {
                let whole = self.follower.by_value.then(|| Cell::of(rest)).flatten();
                if let Some(cell) = whole.filter(|_| name == "forget") {
                    let text = "`forget` throws it away, and what would join it when it is dropped";
                    return self.end(
                        EndKind::Lost(LossKind::Owner(cell.home)),
                        range,
                        text.to_owned(),
                    );
                }
                return self.lost(
                    token,
                    LossKind::OnPurpose,
                    range,
                    format!("`{name}` throws it away"),
                );
            }
            (Some(Role::Join), _) if rest.is_empty() => {
                return self.end(EndKind::Joined, range, "joined here".to_owned());
            }
            _ => {}
        }
        if by_reference && path.contains("::ptr::") {
            return self.escape(rest, range, format!("read through a pointer by `{name}`"));
        }
        match (&**path, by_reference) {
            ("std::mem::replace" | "std::mem::take" | "std::mem::ManuallyDrop::take", true)
                if index == 0 =>
            {
                let place = moved(&dst, rest);
                Next::Go {
                    place,
                    full: token.full,
                    borrowed: false,
                    among: token.among,
                    learns: None,
                    step: None,
                }
            }
            ("std::mem::replace", false) | ("std::mem::swap", true) if index < 2 => {
                match call.args.get(1 - index).and_then(Operand::place) {
                    Some((other, _)) => {
                        let step = (range, format!("moved by `{name}`"));
                        self.go(moved(other, rest), token, Some(step))
                    }
                    None => given(&format!("passed to `{name}`")),
                }
            }
            (
                "std::option::Option::Some" | "std::result::Result::Ok" | "std::task::Poll::Ready",
                false,
            ) => self.go(moved(&dst.then(Proj::Inner), rest), token, None),
            ("std::result::Result::Err", false) => {
                self.go(moved(&dst.then(Proj::Error), rest), token, None)
            }
            ("std::iter::once", false) => self.go(moved(&dst.then(Proj::Elem), rest), token, None),
            (path, false) if methods::wraps(path) => self.go(moved(&dst, rest), token, None),
            _ => given(&format!("passed to `{name}`")),
        }
    }

    /// The token is in an argument of a method, or captured by one.
    pub(super) fn method_args(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        name: &Name,
        own: &[FunctionRef],
        token: &Token,
    ) -> Vec<Next> {
        let is_own = !own.is_empty();
        let known = !is_own && methods::runs_closures(name);
        let spawns = call.spawns(self.follower.model);
        let wrap = match &**name {
            "map_err" | "or_else" | "ok_or_else" => Proj::Error,
            _ => Proj::Payload,
        };
        let may_skip = &**name != "then" || !is_true(&token.facts, receiver);
        for (index, arg) in call.args.iter().enumerate() {
            let Some((place, by_reference)) = arg.place() else { continue };
            if spawns
                && let Some(next) =
                    self.closure_arg(call, place, call.thread_result(), token, false)
            {
                return next;
            }
            if let Some(sure) = call.runs(self.follower.model) {
                let among = if sure { token.among } else { Among::Guessed };
                let token = Token { among, ..token.clone() };
                if let Some(next) = self.closure_arg(call, place, &[], &token, false) {
                    return next;
                }
            }
            if known
                && let Some(next) =
                    self.closure_arg(call, place, std::slice::from_ref(&wrap), token, may_skip)
            {
                return next;
            }
            if self.only_looks(call, place, token) {
                continue;
            }
            let lent = || self.lent_in(call, place.local, token).filter(|_| is_own);
            let inside = rest(&token.place, place);
            let by_reference = by_reference || inside.is_none();
            let Some(rest) = inside.or_else(lent) else { continue };
            if is_own {
                let text = format!("passed to the method `{name}`");
                let given = Given { entry: Entry::Param(index), rest: &rest, by_reference };
                return self.enter(range, call, &items(own), &given, token, &text);
            }
            if let (false, false, Some(instead)) = (is_own, by_reference, methods::instead(name)) {
                return self.taken_if_none(range, call, receiver, instead, &rest, token);
            }
            if !is_own && &**name == "extend" && matches!(rest.first(), Some(Proj::Lazy(..))) {
                return self.extended(range, call, receiver, &rest, token);
            }
            if let (false, Some(storing), true) =
                (is_own, methods::storing(name), self.is_std(call, receiver))
            {
                let kept = self.stored(range, call, receiver, name, storing, &rest, token);
                let back = self.given_back(call, receiver, &rest, token);
                return std::iter::once(kept).chain(back).collect();
            }
            if let ("zip", [Proj::Elem, after @ ..]) = (&**name, rest.as_slice()) {
                return self.zipped(range, call, (place, by_reference), after, token);
            }
        }
        if let Some(sent) = self.sent(range, call, token) {
            return sent;
        }
        self.unknown_call(range, call, &format!("passed to the method `{name}`"), token)
    }

    /// The token is in what an iterator is zipped with.
    fn zipped(
        &self,
        range: TextRange,
        call: &Call,
        (place, by_reference): (&Place, bool),
        after: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let to = Place::local(call.dst).then(Proj::Elem).then(Proj::element(1));
        let mut next = vec![self.go(moved(&to, after), token, None)];
        let other = call.beside.as_ref().and_then(|beside| beside[0].as_ref());
        if !by_reference && other.is_some_and(|other| self.is_cut_short(other, token)) {
            let kind = LossKind::Collection(self.name(place.local).cloned());
            let text = "`zip` may run out of the others before it".to_owned();
            next.push(self.lost(token, kind, range, text));
        }
        next
    }

    /// What is set once, and was set before, comes back as an error.
    fn given_back(&self, call: &Call, cell: &Place, rest: &[Proj], token: &Token) -> Option<Next> {
        let sets = &*call.name == "set" && call.receiver_ty.is_once();
        let to = Place::local(call.dst).then(Proj::Error);
        (sets && self.is_set_again(cell, token)).then(|| self.go(moved(&to, rest), token, None))
    }

    /// Whether what is set once here is set again by the next run of this function.
    fn is_set_again(&self, cell: &Place, token: &Token) -> bool {
        let kind = self.flow.locals[cell.local.0 as usize].kind;
        let (of_static, of_self) =
            (matches!(kind, LocalKind::Static(..)), self.flow.receiver == Some(cell.local));
        let item = self.follower.program.body(self.follower.body).function.item;
        let asked = |call: &Call| {
            matches!(&call.callee, Callee::Method(place, name, _)
                if place.local == cell.local && matches!(&**name, "get" | "get_mut" | "is_initialized"))
        };
        (of_static || of_self)
            && self.flow.parent.is_none()
            && self.flow.is_always_passed(token.block)
            && !self.flow.calls().any(asked)
            && runs_again(self.follower.program, (item.file, item.item), of_static)
    }

    /// A method takes the token in case that there is nothing yet, and drops it otherwise.
    fn taken_if_none(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        instead: Instead,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let to = match instead {
            Instead::Here => receiver.clone(),
            Instead::Given => Place::local(call.dst),
            Instead::GivenMaybe => Place::local(call.dst).then(Proj::Inner),
        };
        let text = format!("`{}` drops it unless it is needed", call.name);
        let other = match instead {
            Instead::Here if self.may_know_of(receiver, token) => self.escape(rest, range, text),
            _ => self.lost(token, LossKind::Discarded, range, text),
        };
        vec![self.go(moved(&to, rest), token, None), other]
    }

    /// Whether this body may know whether a map has an entry: it asks, makes room, or has just made the map.
    fn may_know_of(&self, map: &Place, token: &Token) -> bool {
        let local = &self.flow.locals[map.local.0 as usize];
        let is_new = local.kind == LocalKind::Variable && self.flow.round(token.block).is_empty();
        let asks = |call: &Call| {
            matches!(&call.callee, Callee::Method(place, name, _)
                if place.local == map.local && methods::tells_of_keys(name))
        };
        let asked = |condition: &Condition| condition.place.local == map.local;
        let tested = self.flow.blocks.iter().any(|block| match &block.end {
            Terminator::Branch(edges) => edges.iter().flat_map(|(_, all)| all).any(asked),
            _ => false,
        });
        is_new || tested || self.flow.calls().any(asks)
    }

    /// Whether the receiver is known to be a collection, option or cell of std.
    pub(super) fn is_std(&self, call: &Call, receiver: &Place) -> bool {
        let by_type = call.receiver_ty.path().is_some_and(|path| path.starts_with("std::"));
        by_type || matches!(call.receiver_ty, Ty::Slice(..)) || {
            // A field whose type is not known stays where it is whatever its methods do.
            let local = &self.flow.locals[receiver.local.0 as usize];
            matches!(local.kind, LocalKind::Reference | LocalKind::Static(..))
                && call.receiver_ty == Ty::Unknown
        }
    }

    /// Whatever is extended takes all elements of the iterator, so what was to run on them runs now.
    fn extended(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let is_std = self.is_std(call, receiver);
        let elements = self.drive(range, call, rest, token).into_iter();
        let kept = elements.map(|element| match element {
            Ok(element) if is_std => {
                let (name, storing) = (&call.name, Storing::Element);
                self.stored(range, call, receiver, name, storing, &element, token)
            }
            Ok(element) => self.escape(&element, range, "passed to the method `extend`".to_owned()),
            Err(done) => done,
        });
        kept.collect()
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    pub(super) fn stored(
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
                    let to =
                        if &**name == "chain" { Place::local(call.dst) } else { receiver.clone() };
                    return self.go(moved(&to.then(Proj::Elem), after), token, Some((range, text)));
                }
                _ => return self.escape(rest, range, format!("passed to the method `{name}`")),
            },
            Storing::Payload if call.args.len() > 1 => receiver.then(Proj::Elem),
            Storing::Payload if &**name == "set" && call.receiver_ty.is_once() => {
                receiver.then(Proj::Inner)
            }
            Storing::Payload if &**name == "set" => receiver.clone(),
            Storing::Payload if call.receiver_ty.is_option() => receiver.then(Proj::Inner),
            Storing::Payload => receiver.then(Proj::Payload),
        };
        self.go(moved(&to, rest), token, Some((range, text)))
    }
}

/// The type of the project that the value at the start of the way to the token is of.
pub(super) fn owner_of(rest: &[Proj]) -> Option<&TyHead> {
    match rest {
        [Proj::Field(field), ..] | [Proj::Variant(_), Proj::Field(field), ..] => match &field.owner
        {
            Owner::Type(head @ TyHead::Item(..)) => Some(head),
            _ => None,
        },
        _ => None,
    }
}
