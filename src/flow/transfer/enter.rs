//! Calls of the project's own functions: what their summaries say becomes of the token.

use super::super::correlate::is_tested;
use super::super::ends::{End, EndKind, Entry};
use super::super::follow::moved;
use super::super::solve::rank;
use super::super::sway::Derived;
use super::super::task::ParamKey;
use super::super::token::{Among, Token};
use super::super::{
    Call, Callee, Code, Constant, LocalId, Many, Operand, Owner, Place, Proj, Terminator,
};
use super::call::owner_of;
use super::{Next, Transfer};
use crate::facts::tree::{Function, ItemKind, Receiver, Type};
use crate::model::{FunctionRef, ItemRef, TyHead};
use crate::text::TextRange;

/// Steps of a callee that are told at its call.
const MAX_STEPS: usize = 24;

/// How a token is given to a function.
pub(in crate::flow) struct Given<'a> {
    /// The parameter.
    pub(in crate::flow) entry: Entry,
    /// The way to the token inside the argument.
    pub(in crate::flow) rest: &'a [Proj],
    /// Whether the argument is a reference.
    pub(in crate::flow) by_reference: bool,
}

/// Whether a way leads to one of several.
fn is_among(proj: &[Proj]) -> bool {
    proj.iter().any(|it| matches!(it, Proj::Elem | Proj::Nth(..) | Proj::Current))
}

/// The functions behind refs.
pub(super) fn items(functions: &[FunctionRef]) -> Vec<ItemRef> {
    functions.iter().map(|function| function.item).collect()
}

/// The argument of a call for a parameter of what it calls, and whether it is a reference.
pub(in crate::flow) fn argument(
    call: &Call,
    entry: Entry,
    takes_self: bool,
) -> Option<(&Place, bool)> {
    match (&call.callee, entry) {
        (Callee::Method(place, ..), Entry::Receiver) => Some((place, true)),
        (Callee::Method(..), Entry::Param(index)) => call.args.get(index)?.place(),
        (_, Entry::Value(_) | Entry::Argument(..)) => None,
        (_, Entry::Receiver) => call.args.first()?.place(),
        (_, Entry::Param(index)) => call.args.get(index + usize::from(takes_self))?.place(),
    }
}

impl Transfer<'_> {
    /// The parameter that an argument of a call by path is.
    pub(in crate::flow) fn entry(&self, functions: &[ItemRef], index: usize) -> Entry {
        match (self.takes_self(functions), index) {
            (true, 0) => Entry::Receiver,
            (true, index) => Entry::Param(index - 1),
            (false, index) => Entry::Param(index),
        }
    }

    fn takes_self(&self, functions: &[ItemRef]) -> bool {
        let first = functions.first().and_then(|item| self.follower.model.function(*item));
        first.is_some_and(|function| function.receiver.is_some())
    }

    /// The token goes into a function of the project; alternatives of it under different conditions
    /// are several, and the kindest holds.
    pub(in crate::flow) fn enter(
        &self,
        range: TextRange,
        call: &Call,
        functions: &[ItemRef],
        given: &Given<'_>,
        token: &Token,
        text: &str,
    ) -> Vec<Next> {
        let escaped = || vec![self.given(range, text, given.rest, token, given.by_reference)];
        // What only tests compile says nothing of other code, where there is something for that.
        let model = self.follower.model;
        let is_test = |item: &ItemRef| {
            let own = model.function_at(*item).is_some_and(|function| function.test_only);
            own || model.module(item.module).test_only
        };
        let provided = self.provided(functions, given);
        // Any of the implementations may be meant: what they do can only clear.
        let any = provided.is_none();
        let Some(mut functions) = provided.or_else(|| self.implementations(functions, given))
        else {
            return escaped();
        };
        if !self.follower.is_test && !functions.iter().all(is_test) {
            functions.retain(|item| !is_test(item));
        }
        let functions = functions.as_slice();
        if self.follower.by_value && functions.len() > 1 {
            // Which of them it is depends on more of its type than is known.
            return escaped();
        }
        let mut kindest: Option<Vec<End>> = None;
        for &item in functions {
            let Some(key) = self.key(call, item, given, token) else {
                // Of what nobody has read the best is hoped; it is read before anything is said.
                return match self.is_unread(item) && self.follower.by_value {
                    true => vec![self.stay(token)],
                    false => escaped(),
                };
            };
            let ends = self.follower.known.get(&key).map(|ends| ends.to_vec()).unwrap_or_default();
            self.follower.asked.borrow_mut().keys.insert(key);
            if kindest.as_ref().is_none_or(|kindest| rank(&ends) < rank(kindest)) {
                kindest = Some(ends);
            }
        }
        let takes_self = self.takes_self(functions);
        let mut ends = kindest.unwrap_or_default();
        if any && !(ends.is_empty() || ends.iter().all(|end| end.kind == EndKind::Joined)) {
            return escaped();
        }
        if self.follower.by_value && !given.rest.is_empty() {
            let keeps_it = functions.iter().all(|item| !self.is_lent(*item, given.entry));
            ends = self.agreed(ends, keeps_it, &|| self.is_told(call, token));
        }
        let goes = |end: &End| !end.kind.stays();
        if given.rest.iter().any(Proj::may_be_missing)
            && (self.follower.by_value || ends.iter().any(goes))
            && functions.iter().any(|item| self.says(*item))
        {
            // It may say whether there is a handle at all. What it says of this one is known only where that is asked
            // at once.
            let is_asked = self.is_only_asked(call.dst) && !is_among(&token.place.proj);
            let stay = ends.iter_mut().filter(|end| end.kind.stays());
            let stay = stay.filter(|end| !(is_asked && end.gives.is_some()));
            stay.for_each(|end| end.kind = EndKind::Escaped);
        }
        // What gives one of several back may give this one or another.
        let gives = |end: &End| matches!(end.kind, EndKind::Returned(_));
        let either = ends.iter().any(gives) && ends.iter().any(|end| end.kind.stays());
        ends.into_iter()
            .map(|end| {
                let token = self.among_after(&end, given, token, either);
                self.come_back(range, call, end, given, takes_self, &token, text)
            })
            .collect()
    }

    /// The token after a call, with what is known of it among the elements of its collection; `either` says that
    /// the call may give this one or another.
    fn among_after(&self, end: &End, given: &Given<'_>, token: &Token, either: bool) -> Token {
        let comes_out = matches!(&end.kind, EndKind::Returned(proj) if !is_among(proj));
        match end.way {
            // What comes out of a collection is the very one.
            _ if comes_out && is_among(given.rest) => token.with(Among::Others),
            _ if !end.kind.stays() => token.clone(),
            way if way.passed => token.with(Among::Passed),
            way if way.left => token.passed(self.flow.is_repeated(token.block)),
            _ if either => token.with(Among::Passed),
            _ => token.clone(),
        }
    }

    /// The same functions, with what the type of the value provides for those that only a trait declares.
    fn provided(&self, functions: &[ItemRef], given: &Given<'_>) -> Option<Vec<ItemRef>> {
        let model = self.follower.model;
        let concrete = |item: &ItemRef| {
            let of = model.function_at(*item).and_then(|known| known.container);
            match of.filter(|of| matches!(model.item(*of).kind, ItemKind::Trait(..))) {
                Some(of) if given.entry == Entry::Receiver => {
                    let head = match owner_of(given.rest) {
                        Some(head) => head.clone(),
                        None => self.outside(*item, of, given.rest)?,
                    };
                    model.provided_for(&head, of, &model.item(*item).name)
                }
                Some(_) => None,
                None => Some(*item),
            }
        };
        functions.iter().map(concrete).collect()
    }

    /// All implementations of a method that only a trait declares, and that is given the handle beside `self`.
    fn implementations(&self, functions: &[ItemRef], given: &Given<'_>) -> Option<Vec<ItemRef>> {
        let model = self.follower.model;
        let [item] = functions else { return None };
        let of = model.function_at(*item).and_then(|known| known.container)?;
        let found = model.implementations(of, &model.item(*item).name);
        let is_param = matches!(given.entry, Entry::Param(_)) && !self.follower.by_value;
        (is_param && !found.is_empty()).then_some(found)
    }

    /// The type outside the project that the value at the start of the way to the token is of, if it has a trait of
    /// the project: the handle itself, or the one kind of wrapper or collection that has it.
    fn outside(&self, item: ItemRef, of: ItemRef, rest: &[Proj]) -> Option<TyHead> {
        let handle = &self.follower.handle;
        let fits = |path: &str| {
            let is_maybe = matches!(path, "std::option::Option" | "std::result::Result");
            match rest.first() {
                None => *path == **handle,
                Some(Proj::Inner) => is_maybe,
                Some(Proj::Elem | Proj::Nth(..)) => {
                    !is_maybe && *path != **handle && path.starts_with("std::")
                }
                Some(Proj::Field(field)) => field.owner == Owner::Tuple && path.starts_with('('),
                Some(_) => false,
            }
        };
        let model = self.follower.model;
        if rest.is_empty() {
            // Asks for it where it was not read.
            let head = TyHead::External(handle.clone());
            model.methods_of(&head, &model.item(item).name);
        }
        model.provided_outside(of, fits)
    }

    /// The summary to ask for, or nothing when the function cannot be followed.
    fn key(
        &self,
        call: &Call,
        item: ItemRef,
        given: &Given<'_>,
        token: &Token,
    ) -> Option<ParamKey> {
        let model = self.follower.model;
        let function = model.function(item)?;
        if function.is_async && !call.awaited {
            return None;
        }
        if let Entry::Param(index) | Entry::Value(index) = given.entry {
            function.params.get(index)?;
        }
        let by_reference = self.is_lent(item, given.entry);
        let key = (item.file, item.item);
        if self.follower.program.bodies_of(key).is_empty() {
            self.follower.asked.borrow_mut().bodies.insert(item);
            return None;
        }
        Some(ParamKey {
            function: key,
            entry: given.entry,
            proj: given.rest.to_vec(),
            borrowed: given.by_reference && !by_reference,
            flags: self.known_params(call, item, function, token),
            given: self.callables(call, function),
            many: match given.rest.contains(&Proj::Elem) {
                true => self.many_elsewhere(token),
                false => Many::One,
            },
            handle: self.follower.handle.clone(),
        })
    }

    /// The parameters whose value is known at a call, because it is written there or was tested on the way, and
    /// that the function tests.
    fn known_params(
        &self,
        call: &Call,
        item: ItemRef,
        function: &Function,
        token: &Token,
    ) -> Vec<(usize, Constant)> {
        let by_path = !matches!(call.callee, Callee::Method(..));
        let shift = usize::from(by_path && function.receiver.is_some());
        let known = |index: usize| match call.args.get(index + shift)? {
            Operand::Move(place) => {
                let fact = token.facts.iter().find(|(fact, _)| fact == place);
                fact.and_then(|(_, fact)| fact.only()).cloned()
            }
            arg => Constant::of(self.follower.model, arg),
        };
        let of_use = |flag: &(usize, Constant)| {
            let bodies = self.follower.program.bodies_of((item.file, item.item)).iter();
            let mut flows =
                bodies.filter_map(|&body| self.follower.program.body(body).flows.bodies.first());
            flows.any(|flow| is_tested(flow, flag))
        };
        let all = (0..function.params.len()).filter_map(|index| Some((index, known(index)?)));
        all.filter(of_use).collect()
    }

    /// The parameters that are given something to call, when it is known what.
    fn callables(&self, call: &Call, function: &Function) -> Vec<(usize, Code)> {
        let by_path = !matches!(call.callee, Callee::Method(..));
        let shift = usize::from(by_path && function.receiver.is_some());
        let args = call.args.iter().skip(shift).enumerate();
        args.filter_map(|(index, arg)| Some((index, self.code_of(arg)?))).collect()
    }

    /// Whether a parameter of a function is a reference.
    fn is_lent(&self, item: ItemRef, entry: Entry) -> bool {
        let Some(function) = self.follower.model.function(item) else { return false };
        match entry {
            Entry::Receiver => function.receiver.as_ref().is_some_and(Receiver::is_lent),
            Entry::Param(index) => {
                matches!(function.params.get(index), Some(Type::Reference(..)))
            }
            Entry::Value(_) | Entry::Argument(..) => false,
        }
    }

    /// Whether a function gives a `bool`.
    fn says(&self, item: ItemRef) -> bool {
        let function = self.follower.model.function(item);
        matches!(function.and_then(|it| it.output.as_ref()),
            Some(Type::Path(None, path)) if path.last() == "bool")
    }

    /// Whether all that becomes of a value is that it is tested.
    fn is_only_asked(&self, local: LocalId) -> bool {
        let stmts = self.flow.blocks.iter().flat_map(|block| &block.stmts);
        let mut used = stmts.flat_map(|stmt| stmt.kind.places());
        let is_tested = self.flow.blocks.iter().any(|block| match &block.end {
            Terminator::Branch(edges) => {
                edges.iter().flat_map(|(_, all)| all).any(|it| it.place == Place::local(local))
            }
            _ => false,
        });
        is_tested && !used.any(|place| place.local == local)
    }

    /// Whether an argument of a call is made of the value that has the token.
    fn is_told(&self, call: &Call, token: &Token) -> bool {
        let derived = Derived::new(self.flow, token.place.local);
        let told = |place: &Place| place.local != token.place.local && derived.has(place);
        call.args.iter().filter_map(Operand::place).any(|(place, _)| told(place))
    }

    /// Whether a function has a body that was not read.
    fn is_unread(&self, item: ItemRef) -> bool {
        self.follower.asked.borrow().bodies.contains(&item)
    }

    /// Translates an end inside a function to what happens at its call.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call and of one end")]
    fn come_back(
        &self,
        range: TextRange,
        call: &Call,
        end: End,
        given: &Given<'_>,
        takes_self: bool,
        token: &Token,
        text: &str,
    ) -> Next {
        // A closure that only refers to the token says nothing of where that is.
        let lent = given.by_reference && matches!(given.rest.first(), Some(Proj::Captured(_)));
        let own = EndKind::Left(given.entry, given.rest.to_vec());
        match end.kind {
            EndKind::Returned(_) | EndKind::Left(..) if lent && end.kind != own => {
                self.end(EndKind::Escaped, range, text.to_owned())
            }
            EndKind::Fed(..) => self.end(EndKind::Escaped, range, text.to_owned()),
            EndKind::Returned(proj) => {
                let step = (range, text.to_owned());
                self.go(moved(&Place::local(call.dst), &proj), token, Some(step))
            }
            EndKind::Left(entry, proj) if entry == given.entry && proj == given.rest => {
                self.stay_giving(token, call.dst, end.gives)
            }
            EndKind::Untouched => self.stay_giving(token, call.dst, end.gives),
            EndKind::Outside(code, place) if self.is_around(&code) => {
                self.go(place, token, Some((range, text.to_owned())))
            }
            EndKind::Left(entry, proj) => match argument(call, entry, takes_self) {
                Some((place, _)) => {
                    self.go(moved(place, &proj), token, Some((range, text.to_owned())))
                }
                None => self.end(EndKind::Escaped, range, text.to_owned()),
            },
            EndKind::Lost(_) | EndKind::Kept(_) if token.among == Among::Guessed => {
                self.end(EndKind::Escaped, range, text.to_owned())
            }
            kind => {
                // Of a long chain of calls, its end tells what happens.
                let told = end.trace.len().saturating_sub(MAX_STEPS);
                let mut steps = vec![self.trace(range, text.to_owned())];
                steps.extend(end.trace.into_iter().skip(told));
                // What may have been another one is in doubt here as well.
                let passed = end.way.passed && kind == EndKind::Escaped;
                Next::End { kind, file: end.file, range: end.range, steps, passed }
            }
        }
    }
}
