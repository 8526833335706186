//! Collections and iterators that hold the token: what takes it out, what runs on it, what loses it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::ends::{EndKind, LossKind};
use super::super::follow::{moved, rest};
use super::super::methods::{self, OnMany};
use super::super::outside::Outside;
use super::super::token::{Among, Token};
use super::super::{
    BlockId, Call, Callable, Callee, Code, Extent, FlowId, LocalId, LocalKind, Many, Over, Owner,
    Place, Proj, Site, typing,
};
use super::{Next, Transfer};
use crate::facts::tree::Name;
use crate::model::{Def, Ty, TyHead};
use crate::text::TextRange;

impl Transfer<'_> {
    pub(super) fn on_many(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        name: &Name,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let dst = Place::local(call.dst);
        let escape = |text: String| vec![self.end(EndKind::Escaped, range, text)];
        let used = || vec![self.used_by(range, name)];
        let Some(action) = methods::on_many(name) else { return used() };
        let lost = |text: String| {
            let kind = LossKind::Collection(self.name(receiver.local).cloned());
            self.lost_inside(rest, token, kind, range, text)
        };
        // What is taken out from behind a reference is nobody else's any more.
        let taken = token.taken(name.ends_with("drain"));
        let whole = || self.go(moved(&dst, rest), &taken, None);
        match action {
            OnMany::Store if self.may_displace(call, token) => {
                let inside = rest.get(1..).unwrap_or_default();
                let text = "another one may take its place: the key may be there".to_owned();
                let to = moved(&dst.then(Proj::Inner), inside);
                let old = self.go(to, &taken, Some((range, text)));
                vec![self.stay(token), old]
            }
            OnMany::Look | OnMany::Store => vec![self.stay(token)],
            OnMany::All | OnMany::Some
                if matches!(&**name, "split_off" | "extract_if") || call.partial =>
            {
                vec![whole(), self.stay(token)]
            }
            // What is not taken of an iterator that makes its elements is never made.
            OnMany::All if &**name == "take" && token.among == Among::Unborn => vec![whole()],
            OnMany::All if &**name == "take" && !call.args.is_empty() => {
                vec![whole(), self.not_taken(call, receiver, token, lost)]
            }
            OnMany::All => vec![match flatter(name, rest) {
                Some((first, after)) => self.go(moved(&dst.then(first), after), token, None),
                None => whole(),
            }],
            // What runs before it runs on all elements, unless the iteration stops early.
            OnMany::Some
                if matches!(rest.first(), Some(Proj::Lazy(..))) && !methods::stops(name) =>
            {
                vec![whole()]
            }
            OnMany::Some
                if &**name == "filter"
                    && self.asks_for(call, rest.get(1..).unwrap_or_default()) == Some(true) =>
            {
                vec![whole()]
            }
            OnMany::Some => vec![whole(), lost(format!("`{name}` may leave it out"))],
            OnMany::Keep => self.on_kept(range, call, name, rest, token),
            OnMany::Lose => vec![lost(format!("`{name}` drops it"))],
            // An array's `map` runs at once.
            OnMany::Lazy if &**name == "map" && matches!(call.receiver_ty, Ty::Slice(..)) => {
                self.on_payload(range, call, &[Proj::Elem], &rest[1..], token)
            }
            OnMany::Lazy => {
                let Some(code) = self.callable_arg(call) else {
                    return escape(format!("given to a function by `{name}`"));
                };
                let stops = methods::stops(name) && !self.goes_on(&code);
                let flattens = matches!(&**name, "flat_map" | "filter_map" | "map_while" | "scan");
                let to = dst.then(Proj::Lazy(Arc::new(code), flattens));
                let mut next = vec![self.go(moved(&to, rest), token, None)];
                if stops {
                    next.push(lost(format!("`{name}` may stop before it")));
                }
                next
            }
            _ => self.driven(range, call, receiver, action, rest, token),
        }
    }

    /// What becomes of the elements that `take` leaves: those behind a reference are still there for whoever lent it.
    fn not_taken(
        &self,
        call: &Call,
        receiver: &Place,
        token: &Token,
        lost: impl Fn(String) -> Next,
    ) -> Next {
        let local = &self.flow.locals[receiver.local.0 as usize];
        let is_reference = matches!(call.receiver_ty, Ty::Reference(_));
        match is_reference || (local.kind == LocalKind::Reference && receiver.proj.is_empty()) {
            true => self.stay(token),
            false => lost("`take` may leave it out".to_owned()),
        }
    }

    /// Whether a call puts something into a map under a key that may be there: it is made of what the program is
    /// given.
    fn may_displace(&self, call: &Call, token: &Token) -> bool {
        let is_map = call.receiver_ty.path().and_then(|path| path.rsplit("::").next());
        let is_map = is_map.is_some_and(|name| matches!(name, "HashMap" | "BTreeMap"));
        match call.args.as_slice() {
            [key, _] if is_map && &*call.name == "insert" => {
                key.place().is_some_and(|(key, _)| self.is_given(key, token))
            }
            _ => false,
        }
    }

    /// Whether a `zip` may run out of what is on its other side before it comes to the token.
    pub(super) fn is_cut_short(&self, other: &Extent, token: &Token) -> bool {
        let Some((site, outside)) = self.origins(token) else { return false };
        let is_given = |place: &Place| outside.gives_number(site, place);
        let any = |many: usize| {
            other.written < many && (other.of.is_empty() || other.of.iter().all(is_given))
        };
        match &token.many {
            Many::Several(number) => any(*number),
            Many::Fixed => !other.of.is_empty() && any(other.written + 1),
            Many::Given => other.of.is_empty(),
            Many::Each(flow, place) if *flow == site.flow => {
                let fewer = other.fewer && other.written == 0 && other.of == [place.clone()];
                fewer || (other.of.is_empty() && is_given(place))
            }
            Many::Each(..) | Many::One | Many::Unknown => false,
        }
    }

    /// How many there are like the token, for whoever does not see this body.
    pub(super) fn many_elsewhere(&self, token: &Token) -> Many {
        match &token.many {
            Many::Each(..) => self.origins(token).map_or(Many::Unknown, |(site, outside)| {
                outside.seen_from_outside(token.many.clone(), site)
            }),
            many => many.clone(),
        }
    }

    /// Whether what is at a place where the token is now is made of what the program is given.
    fn is_given(&self, place: &Place, token: &Token) -> bool {
        self.origins(token).is_some_and(|(site, outside)| outside.gives(site, place))
    }

    /// Where the token is, for a question of where values come from.
    fn origins(&self, token: &Token) -> Option<(Site, Outside<'_>)> {
        let follower = self.follower;
        let mut bodies = (0..).map(FlowId).zip(&follower.flows.bodies);
        let (flow, _) = bodies.find(|(_, it)| std::ptr::eq(*it, self.flow))?;
        let index = u32::try_from(token.index).unwrap_or(u32::MAX);
        let site = Site { body: follower.body, flow, block: token.block, index };
        Some((site, Outside { model: follower.model, program: follower.program }))
    }

    /// Whether each round of a loop takes elements out of a collection, so that there may never be several.
    fn is_emptied_in_loop(&self, collection: &Place) -> bool {
        let takes = |call: &Call| match &call.callee {
            Callee::Method(place, name, _) if place.local == collection.local => {
                !matches!(methods::on_many(name), Some(OnMany::Look | OnMany::Store))
            }
            _ => false,
        };
        let blocks = (0..).map(BlockId).zip(&self.flow.blocks);
        let mut taking = blocks.filter(|(_, block)| block.calls().any(takes));
        taking.any(|(at, _)| self.flow.rounds.iter().any(|round| self.flow.is_in_each(at, round)))
    }

    /// Methods that take elements out, so that whatever is pending on them runs first.
    pub(super) fn driven(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        action: OnMany,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let mut next = Vec::new();
        let takes_one = matches!(action, OnMany::PopMaybe | OnMany::Pop);
        // What nobody takes of an iterator that makes its elements is never made.
        let is_left = token.among != Among::Unborn && receiver.proj.last() != Some(&Proj::Turn);
        if takes_one && is_left {
            // Another one comes out; this one is still there, so the collection is not empty.
            let full = Some(call.dst);
            let again =
                self.flow.is_repeated_inside(token.block) || self.is_emptied_in_loop(receiver);
            next.push(Next::Go {
                place: token.place.clone(),
                full,
                borrowed: token.borrowed,
                among: token.passed(again).among,
                learns: None,
                step: None,
            });
        }
        let token = &token.with(Among::Others);
        let pending = matches!(rest.first(), Some(Proj::Lazy(..)));
        let collects_results = action == OnMany::Collect && call.ty.payload() != Ty::Unknown;
        // A later error drops what was collected before it.
        let fallible = matches!(rest, [Proj::Elem | Proj::Payload, Proj::Inner, ..]);
        let decides = match rest.first() {
            _ if &*call.name == "try_for_each" => self.callable_arg(call),
            Some(Proj::Lazy(code, false)) if collects_results => Some((**code).clone()),
            _ => None,
        };
        let may_stop =
            action == OnMany::ShortCircuit || (collects_results && (pending || fallible));
        if may_stop && !decides.is_some_and(|code| self.goes_on(&code)) {
            let kind = LossKind::Collection(self.name(receiver.local).cloned());
            let takes_rest = action == OnMany::ShortCircuit && self.name(receiver.local).is_some();
            next.push(if takes_rest {
                // The iterator is only lent, and what it did not come to is still in it.
                self.stay(token)
            } else {
                self.lost_pending(token, kind, range, "the iteration may stop before it")
            });
        }
        for element in self.drive(range, call, rest, token) {
            match element {
                Ok(element) => {
                    next.extend(self.comes_out(range, call, receiver, action, &element, token));
                }
                Err(done) => next.push(done),
            }
        }
        next
    }

    /// The answer for the token, if a closure asks of each element whether anything is in it, and nothing else.
    fn asks_for(&self, call: &Call, element: &[Proj]) -> Option<bool> {
        let code = self.callable_arg(call)?;
        let name = match &code.callable {
            Callable::Body(_) => {
                let mut calls = self.follower.closure(&code)?.calls();
                let (only, None) = (calls.next()?, calls.next()) else { return None };
                only.name.clone()
            }
            Callable::Function(defs) => match defs.as_slice() {
                [Def::External(path)] => Name::from(methods::as_method(path)?),
                _ => return None,
            },
            Callable::OneOf(_) => return None,
        };
        let is_there = match element.first()? {
            Proj::Inner => true,
            Proj::Error => false,
            _ => return None,
        };
        match &*name {
            "is_ok" | "is_some" => Some(is_there),
            "is_err" | "is_none" => Some(!is_there),
            _ => None,
        }
    }

    /// Whether no iteration stops at what a callable gives.
    fn goes_on(&self, code: &Code) -> bool {
        self.follower.closure(code).is_some_and(|closure| closure.goes_on)
    }

    /// Like a loss of what the iterator holds; that a closure was to run on it first does not count.
    fn lost_pending(&self, token: &Token, kind: LossKind, range: TextRange, text: &str) -> Next {
        let proj = token.place.proj.iter().filter(|proj| !matches!(proj, Proj::Lazy(..)));
        let place = Place { local: token.place.local, proj: proj.cloned().collect() };
        self.lost(&Token { place, ..token.clone() }, kind, range, text.to_owned())
    }

    /// What a method does with one element, the token's, that has come out.
    fn comes_out(
        &self,
        range: TextRange,
        call: &Call,
        receiver: &Place,
        action: OnMany,
        element: &[Proj],
        token: &Token,
    ) -> Vec<Next> {
        let dst = Place::local(call.dst);
        let lost = |text: &str| {
            let kind = LossKind::Collection(self.name(receiver.local).cloned());
            self.lost(token, kind, range, text.to_owned())
        };
        let to = |place: Place, rest: &[Proj]| self.go(moved(&place, rest), token, None);
        let taken = token.taken(true);
        let owned = |place: Place| self.go(moved(&place, element), &taken, None);
        match action {
            OnMany::Paired(field) => {
                let mut next = vec![to(dst.then(Proj::Elem).then(Proj::element(field)), element)];
                let other = call.beside.as_ref().and_then(|beside| beside[1].as_ref());
                if other.is_some_and(|other| self.is_cut_short(other, token)) {
                    next.push(lost("`zip` may run out of the others before it"));
                }
                next
            }
            OnMany::Pop => match typing::takes_out(&call.receiver_ty) {
                Some(true) => vec![owned(dst.then(Proj::Inner))],
                Some(false) => vec![owned(dst)],
                None => vec![owned(dst.then(Proj::Payload))],
            },
            OnMany::PopMaybe => vec![owned(dst.then(Proj::Inner))],
            OnMany::Last => {
                vec![to(dst.then(Proj::Inner), element), lost("the others are dropped")]
            }
            OnMany::Unzip => match element.split_first() {
                Some((side @ Proj::Field(_), after)) => {
                    vec![to(dst.then(side.clone()).then(Proj::Elem), after)]
                }
                _ => {
                    let text = "unzipped from a value that is not a pair".to_owned();
                    vec![self.end(EndKind::Escaped, range, text)]
                }
            },
            OnMany::Partition => {
                let sides = [0, 1].into_iter().filter(|side| {
                    self.asks_for(call, element).is_none_or(|first| first == (*side == 0))
                });
                sides
                    .map(|side| to(dst.then(Proj::element(side)).then(Proj::Elem), element))
                    .collect()
            }
            // What a type of the project makes of it is its own.
            OnMany::Collect if matches!(call.ty.peel(), Ty::Named(TyHead::Item(..), ..)) => {
                let text = "collected into a type of its own".to_owned();
                vec![self.escape(element, range, text)]
            }
            OnMany::Collect => match element.split_first() {
                Some((Proj::Inner, after)) if call.ty.payload() != Ty::Unknown => {
                    vec![to(dst.then(Proj::Inner).then(Proj::Elem), after)]
                }
                _ => vec![to(dst.then(Proj::Elem), element)],
            },
            // Std adds up numbers only.
            OnMany::Drive if matches!(&*call.name, "sum" | "product") => {
                let text = "added up by a type of its own".to_owned();
                vec![self.escape(element, range, text)]
            }
            OnMany::Drive => vec![lost("what comes out is dropped")],
            OnMany::Each | OnMany::ShortCircuit => {
                self.on_payload(range, call, &[], element, token)
            }
            OnMany::Fold => self.folded(range, call, element, token),
            _ => vec![to(dst.then(Proj::Elem), element)],
        }
    }

    /// What a closure makes of an element and of what it gave for those before, and of what it gives itself
    /// when the next one comes.
    fn folded(&self, range: TextRange, call: &Call, element: &[Proj], token: &Token) -> Vec<Next> {
        let reduces = &*call.name == "reduce";
        let wrap: &[Proj] = if reduces { &[Proj::Inner] } else { &[] };
        let mut next = self.on_payload(range, call, wrap, element, token);
        let Some(code) = self.callable_arg(call) else { return next };
        let closure = self.follower.closure(&code).filter(|closure| closure.params.len() == 2);
        let Some(gathered) = closure.map(|closure| closure.params[0]) else { return next };
        let given = next.iter().filter_map(|next| match next {
            Next::Go { place, .. } if place.local == call.dst => {
                let rest = &place.proj[wrap.len().min(place.proj.len())..];
                let tries = &*call.name == "try_fold";
                Some(if tries { rest.get(1..).unwrap_or_default() } else { rest }.to_vec())
            }
            _ => None,
        });
        // The first of all is not given as an element.
        let first = reduces.then(|| element.to_vec());
        let again: BTreeSet<Vec<Proj>> = given.chain(first).collect();
        for proj in again {
            let entry = moved(&Place::local(gathered), &proj);
            next.extend(self.run(&code, &entry, call, wrap, token));
        }
        next
    }

    /// What comes out of an iterator for the token: the way to it inside its element, or an end.
    pub(super) fn drive(
        &self,
        range: TextRange,
        call: &Call,
        rest: &[Proj],
        token: &Token,
    ) -> Vec<Result<Vec<Proj>, Next>> {
        match rest.split_first() {
            Some((Proj::Lazy(code, flattens), inner)) => {
                let mut out = Vec::new();
                for element in self.drive(range, call, inner, token) {
                    let element = match element {
                        Ok(element) => element,
                        Err(done) => {
                            out.push(Err(done));
                            continue;
                        }
                    };
                    for next in self.run_on(range, code, call, &[], &element, token) {
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
            Some((Proj::Elem | Proj::Current | Proj::Payload | Proj::Inner, inner)) => {
                vec![Ok(inner.to_vec())]
            }
            _ => vec![Err(self.end(
                EndKind::Escaped,
                range,
                "iterated in a way that is not known".to_owned(),
            ))],
        }
    }

    /// The head of a `for` loop: the token comes out, stays for later, or the loop ends.
    pub(in crate::flow) fn next_element(
        &self,
        iter: &Place,
        item: LocalId,
        over: Over,
        range: TextRange,
        token: &Token,
    ) -> Vec<(bool, Next)> {
        let Some(rest) = rest(&token.place.unnumbered(), iter) else {
            return vec![(true, self.stay(token)), (false, self.stay(token))];
        };
        if over != Over::Owned {
            return match rest.split_first() {
                Some((Proj::Elem | Proj::Payload | Proj::Inner, inside)) => {
                    let current = moved(&moved(iter, &[Proj::Current]), inside);
                    vec![(true, self.go(current, token, None)), (true, self.stay(token))]
                }
                Some((Proj::Current, inside)) => {
                    vec![(false, self.go(moved(&moved(iter, &[Proj::Elem]), inside), token, None))]
                }
                _ if over == Over::Positions => {
                    vec![(true, self.stay(token)), (false, self.stay(token))]
                }
                _ => {
                    vec![(
                        false,
                        self.end(EndKind::Escaped, range, "iterated by reference".to_owned()),
                    )]
                }
            };
        }
        let call = Call {
            dst: item,
            callee: Callee::Function(Vec::new()),
            args: Vec::new(),
            name_range: range,
            statement: range,
            ..Call::default()
        };
        let mut next = Vec::new();
        for element in self.drive(range, &call, &rest, token) {
            match element {
                Ok(element) => {
                    next.push((true, self.go(moved(&Place::local(item), &element), token, None)));
                }
                Err(done) => next.push((true, done)),
            }
        }
        next.push((true, self.stay(token)));
        next
    }
}

/// The step to an element and what is left after it, where a method takes out a level between: collections
/// in a collection, or the values of pairs.
fn flatter<'a>(name: &str, rest: &'a [Proj]) -> Option<(Proj, &'a [Proj])> {
    match (name, rest) {
        ("flatten", [first, Proj::Elem | Proj::Inner | Proj::Payload, after @ ..]) => {
            Some((first.clone(), after))
        }
        // The pairs that a map was made of are its keys and values.
        ("into_values", [first, Proj::Field(field), after @ ..])
            if field.owner == Owner::Tuple && &*field.name == "1" =>
        {
            Some((first.clone(), after))
        }
        _ => None,
    }
}
