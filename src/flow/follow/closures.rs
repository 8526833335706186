//! Closures: bodies of their own, entered where they run, and left towards the body around.

use std::cell::RefCell;

use super::super::correlate::{facts_before, facts_given};
use super::super::ends::Way;
use super::super::fact::learn;
use super::super::sway::Sways;
use super::super::token::{Among, Token};
use super::super::transfer::{Given, Next, Transfer};
use super::super::{
    BlockId, Call, Callable, Callee, Code, End, EndKind, Entry, Flow, FlowId, FlowKind,
    FunctionKey, LocalId, LocalKind, Many, Often, Operand, Place, Proj, Stmt, StmtKind, TraceStep,
    methods,
};
use super::Follower;
use crate::catalog::Role;
use crate::model::{Def, Model};
use crate::text::TextRange;

/// A token after a call, with the steps that led there, or what became of it in the call.
type Start = Result<(Token, Vec<TraceStep>), Box<End>>;

/// Closures run one inside the other.
const MAX_APPLY: usize = 12;

impl Follower<'_> {
    /// Runs a closure with the token in one of its parameters or captures.
    pub(in crate::flow) fn apply(
        &self,
        code: &Code,
        entry: &Place,
        borrowed: bool,
        depth: usize,
    ) -> Vec<End> {
        let Callable::Body(id) = code.callable else { return Vec::new() };
        if code.body != self.body {
            let there = self.in_body(code.body);
            let here = Code { body: code.body, callable: Callable::Body(id) };
            let ends = there.apply(&here, entry, borrowed, depth);
            self.asked.borrow_mut().extend(there.asked.into_inner());
            return ends;
        }
        if depth >= MAX_APPLY {
            let range = self.flows.body(id).range;
            let text = "closures run in closures too deep to follow".to_owned();
            let trace = vec![TraceStep { file: self.file, range, text }];
            let kind = EndKind::Escaped;
            return vec![End::new(kind, self.file, range, trace)];
        }
        let start = Token { borrowed, ..Token::at(BlockId(0), 0, entry.clone()) };
        let ends = self.walk(id, start, Vec::new(), depth + 1);
        match ends.iter().find(|end| end.way.swayed) {
            // Which of its ways a closure takes may depend on what it captured.
            Some(end) => vec![escaped(end, end.range, "which may depend on what else is there")],
            None => ends,
        }
    }

    /// The same search in another function: what its caller gave that to call is not known here.
    fn in_body(&self, body: u32) -> Follower<'_> {
        let lowered = self.program.body(body);
        Follower {
            body,
            flows: &lowered.flows,
            bound: Vec::new(),
            sways: self.sways.as_ref().map(|_| Sways::default()),
            file: lowered.function.item.file,
            is_test: self.is_test,
            in_main: false,
            handle: self.handle.clone(),
            asked: RefCell::default(),
            ..*self
        }
    }

    /// The body of a closure.
    pub(in crate::flow) fn closure(&self, code: &Code) -> Option<&Flow> {
        match code.callable {
            Callable::Body(id) => Some(self.program.body(code.body).flows.body(id)),
            Callable::Function(_) | Callable::OneOf(_) => None,
        }
    }

    /// What calling a place runs: what was put there, or what the caller of the function gave it.
    pub(in crate::flow) fn code_in(&self, flow: &Flow, place: &Place) -> Option<Code> {
        let local = &flow.locals[place.local.0 as usize];
        if let Some(callable) = &local.callable {
            return Some(Code { body: self.body, callable: callable.clone() });
        }
        if self.bound.is_empty() {
            return None;
        }
        let param = self.param_of(flow, place)?;
        let bound = self.bound.iter().find(|(bound, _)| *bound == param);
        bound.map(|(_, code)| code.clone())
    }

    /// The parameter of the function that a place is, as one of its bodies sees it: whole, under whatever name.
    pub(in crate::flow) fn param_of(&self, flow: &Flow, place: &Place) -> Option<LocalId> {
        if !place.proj.is_empty() {
            return None;
        }
        match (flow.locals[place.local.0 as usize].kind, flow.parent) {
            (LocalKind::Capture(outer), Some(parent)) => {
                self.param_of(self.flows.body(parent), &Place::local(outer))
            }
            _ if flow.params.contains(&place.local) => flow.parent.is_none().then_some(place.local),
            (LocalKind::Variable | LocalKind::Parameter | LocalKind::Reference, _) => {
                let mut sources = statements(flow).filter_map(|(_, _, kind)| match kind {
                    StmtKind::Assign(to, from) if to == place => Some(from),
                    _ => None,
                });
                let (source, other) = (sources.next()?, sources.next());
                if other.is_some() { None } else { self.param_of(flow, source) }
            }
            _ => None,
        }
    }

    /// Carries what leaves a closure on in the body around it.
    pub(super) fn lift(&self, id: FlowId, ends: Vec<End>, many: &Many, depth: usize) -> Vec<End> {
        let flow = self.flows.body(id);
        let repeats = matches!(flow.repeats, Often::Unknown(_)) && !many.is_many();
        let many = if repeats { &Many::Unknown } else { many };
        let Some(parent) =
            flow.parent.filter(|_| flow.kind != FlowKind::Function && depth < MAX_APPLY)
        else {
            return ends;
        };
        let mut lifted = Vec::new();
        for end in ends {
            if !matches!(end.kind, EndKind::Returned(_) | EndKind::Captured(..)) {
                lifted.push(end);
                continue;
            }
            let starts = self.uses_of(parent, id, &end, depth);
            let outer: Vec<End> = starts
                .into_iter()
                .flat_map(|start| match start {
                    Ok((token, steps)) => {
                        let trace = end.trace.iter().cloned().chain(steps).collect();
                        let around = self.flows.body(parent);
                        let many = many.clone().times(around.how_many(parent, token.block));
                        let mut facts = token.facts;
                        for (place, fact) in facts_before(around, token.block, token.index) {
                            learn(&mut facts, place, fact);
                        }
                        let token = Token { many, facts, ..token };
                        self.walk(parent, token, trace, depth + 1)
                    }
                    Err(other) => vec![*other],
                })
                .collect();
            lifted.extend(self.lift(parent, outer, many, depth + 1));
        }
        lifted
    }

    /// Where the body around runs a closure, and where the token is after that.
    fn uses_of(&self, parent: FlowId, id: FlowId, end: &End, depth: usize) -> Vec<Start> {
        let flow = self.flows.body(parent);
        let mut starts = Vec::new();
        for (at, stmt, call) in calls(flow) {
            if !runs(flow, call, id) {
                continue;
            }
            let next = match &end.kind {
                EndKind::Returned(proj) => {
                    let is_it = |place: &Place| {
                        let callable = flow.locals[place.local.0 as usize].callable.as_ref();
                        callable == Some(&Callable::Body(id))
                    };
                    let next = self.value_after(flow, at, call, position(call, is_it), proj, depth);
                    let told = |start: Start| {
                        start.map_err(|mut other| {
                            other.trace.splice(..0, end.trace.iter().cloned());
                            other
                        })
                    };
                    next.map(|next| next.into_iter().map(told).collect())
                }
                EndKind::Captured(outer, proj)
                    if self.runs_here(call) || self.is_shared_by(flow, *outer, call) =>
                {
                    self.flows.body(id).capture_of(*outer).map(|capture| {
                        let place = capture.outer.with(proj);
                        vec![Ok((Token::at(at.0, at.1 + 1, place), Vec::new()))]
                    })
                }
                _ => None,
            };
            starts.extend(next.unwrap_or_else(|| {
                let text = "the closure that holds it is given away";
                vec![Err(Box::new(escaped(end, stmt.range, text)))]
            }));
        }
        if starts.is_empty() {
            let text = "the closure that holds it is not run here";
            starts.push(Err(Box::new(escaped(end, flow.range, text))));
        }
        starts
    }

    /// Where the value of what is run by a call, its argument at this position, is after the call.
    fn value_after(
        &self,
        flow: &Flow,
        at: (BlockId, usize),
        call: &Call,
        arg: Option<usize>,
        proj: &[Proj],
        depth: usize,
    ) -> Option<Vec<Start>> {
        if let Some(place) = self.value_of_run(call, proj) {
            let sure = call.runs(self.model) != Some(false);
            let among = if sure { Among::Unborn } else { Among::Guessed };
            let mut token = Token { among, ..Token::at(at.0, at.1 + 1, place) };
            // What `then` makes is there only if it was called on `true`.
            facts_given(flow, call).for_each(|(place, fact)| learn(&mut token.facts, place, fact));
            return Some(vec![Ok((token, Vec::new()))]);
        }
        let functions = call.targets();
        if functions.is_empty() || functions.iter().any(|it| self.model.function(*it).is_none()) {
            return None;
        }
        let transfer = Transfer { follower: self, flow, depth };
        let entry = match &call.callee {
            Callee::Method(..) => Entry::Param(arg?),
            _ => transfer.entry(&functions, arg?),
        };
        let Entry::Param(index) = entry else { return None };
        let given = Given { entry: Entry::Value(index), rest: proj, by_reference: false };
        let token = Token::at(at.0, at.1, Place::local(call.dst));
        let text = format!("given to `{}`, which calls what makes it", call.name);
        let next = transfer.enter(call.name_range, call, &functions, &given, &token, &text);
        let start = |next| match next {
            Next::Go { place, step, .. } => {
                Ok((Token::at(at.0, at.1 + 1, place), step.into_iter().collect()))
            }
            Next::End { kind, file, range, steps, passed } => {
                let way = Way { passed, ..Way::default() };
                Err(Box::new(End { way, ..End::new(kind, file, range, steps) }))
            }
        };
        Some(next.into_iter().map(start).collect())
    }

    /// What becomes of the value that a parameter of the function gives when it is called.
    pub(in crate::flow) fn follow_value(&self, param: LocalId, proj: &[Proj]) -> Vec<End> {
        let mut ends = Vec::new();
        for (id, flow) in (0..).map(FlowId).zip(&self.flows.bodies) {
            let is_it = |place: &Place| self.param_of(flow, place) == Some(param);
            for (at, stmt, kind) in statements(flow) {
                let starts = match kind {
                    StmtKind::Call(call) => {
                        let called =
                            matches!(&call.callee, Callee::Local(place, _) if is_it(place));
                        let arg = position(call, is_it);
                        match (called || arg.is_some(), kind.places().into_iter().any(is_it)) {
                            (true, _) => self.value_after(flow, at, call, arg, proj, 0),
                            (false, true) => None,
                            (false, false) => continue,
                        }
                    }
                    // What runs in a closure is seen there.
                    StmtKind::Closure(..) => continue,
                    StmtKind::Assign(to, _) if is_it(to) => continue,
                    _ if kind.places().into_iter().any(is_it) => None,
                    _ => continue,
                };
                let text = "what makes it is given away".to_owned();
                let trace = vec![TraceStep { file: self.file, range: stmt.range, text }];
                let away = End::new(EndKind::Escaped, self.file, stmt.range, trace);
                let starts = starts.unwrap_or_else(|| vec![Err(Box::new(away))]).into_iter();
                ends.extend(starts.flat_map(|start| self.follow_start(id, start)));
            }
        }
        ends
    }

    /// Whether a call gives a thread a variable that this body shares with it: what the thread puts there is
    /// there for both.
    fn is_shared_by(&self, flow: &Flow, outer: LocalId, call: &Call) -> bool {
        call.spawns(self.model) && flow.locals[outer.0 as usize].ty.is_shared()
    }

    /// Whether a call runs the closures it is given before it returns.
    fn runs_here(&self, call: &Call) -> bool {
        match &call.callee {
            Callee::Local(..) | Callee::Await(_) => true,
            Callee::Function(defs) => runs_at_once(self.model, defs),
            Callee::Method(_, name, own) => {
                own.is_empty()
                    && (methods::on_many(name).is_some() || methods::on_maybe(name).is_some())
            }
        }
    }

    /// What becomes of the value of a function after a call that is given its name and runs it.
    pub(in crate::flow) fn follow_named(
        &self,
        id: FlowId,
        at: (BlockId, usize),
        call: &Call,
        function: FunctionKey,
        proj: &[Proj],
    ) -> Option<Vec<End>> {
        let arg = named_only(call, function)?;
        let flow = self.flows.body(id);
        let starts = self.value_after(flow, at, call, Some(arg), proj, 0)?;
        Some(starts.into_iter().flat_map(|start| self.follow_start(id, start)).collect())
    }

    /// What becomes of a handle that a function gives to what a call passes to it, as this argument.
    pub(in crate::flow) fn follow_fed(
        &self,
        id: FlowId,
        at: (BlockId, usize),
        call: &Call,
        called: &Operand,
        argument: usize,
        proj: &[Proj],
    ) -> Option<Vec<End>> {
        let flow = self.flows.body(id);
        let transfer = Transfer { follower: self, flow, depth: 0 };
        let code = transfer.code_of(called)?;
        let &param = self.closure(&code)?.params.get(argument)?;
        let entry = Place { local: param, proj: proj.to_vec() };
        let mut ends = Vec::new();
        for mut end in self.apply(&code, &entry, false, 0) {
            let text = "given to this closure".to_owned();
            end.trace.insert(0, TraceStep { file: self.file, range: call.name_range, text });
            if let Some(place) = self.put_outside(&code, id, &end.kind) {
                let token = Token::at(at.0, at.1 + 1, place);
                ends.extend(self.follow_on(id, token, end.trace));
                continue;
            }
            let decided = matches!(
                end.kind,
                EndKind::Joined | EndKind::Lost(_) | EndKind::Kept(_) | EndKind::Exits
            );
            if !decided {
                end.kind = EndKind::Escaped;
            }
            ends.push(end);
        }
        Some(ends)
    }

    /// The variable of the body around a closure into which that has put a token.
    fn put_outside(&self, code: &Code, around: FlowId, end: &EndKind) -> Option<Place> {
        let EndKind::Captured(outer, proj) = end else { return None };
        let closure = self.closure(code).filter(|it| it.parent == Some(around))?;
        let capture = closure.capture_of(*outer).filter(|it| it.moves.is_empty())?;
        Some(capture.outer.with(proj))
    }

    /// Follows a token from a call on, in one body and in the bodies around it.
    fn follow_start(&self, id: FlowId, start: Start) -> Vec<End> {
        match start {
            Ok((token, trace)) => self.follow_on(id, token, trace),
            Err(end) => vec![*end],
        }
    }

    /// Where a closure's value is after a call that runs it.
    fn value_of_run(&self, call: &Call, proj: &[Proj]) -> Option<Place> {
        let at = |wrap: &[Proj], proj: &[Proj]| {
            let proj = wrap.iter().chain(proj).cloned().collect();
            Some(Place { local: call.dst, proj })
        };
        match &call.callee {
            _ if call.spawns(self.model) => at(call.thread_result(), proj),
            _ if call.runs(self.model).is_some() => at(&[], proj),
            Callee::Local(..) | Callee::Await(_) => at(&[], proj),
            Callee::Function(defs) if runs_at_once(self.model, defs) => at(&[], proj),
            Callee::Function(defs) => match defs.as_slice() {
                [Def::External(path)] => match &**path {
                    "std::iter::repeat_with" => at(&[Proj::Elem], proj),
                    "std::array::from_fn" => at(&[Proj::Payload], proj),
                    "std::iter::from_fn" => at(&[Proj::Elem], proj.get(1..)?),
                    "std::panic::catch_unwind" => at(&[Proj::Inner], proj),
                    _ => None,
                },
                _ => None,
            },
            Callee::Method(place, name, own) if own.is_empty() => match &**name {
                // The value goes to where one was missing.
                "or_insert_with" | "or_insert_with_key" | "get_or_init" | "get_or_insert_with"
                | "resize_with" => {
                    let mut place = place.clone();
                    place.proj.retain(|proj| !matches!(proj, Proj::Maybe));
                    place.proj.extend(match &**name {
                        "get_or_insert_with" => Some(Proj::Inner),
                        "get_or_init" if call.receiver_ty.is_once() => Some(Proj::Inner),
                        "resize_with" => Some(Proj::Elem),
                        _ => None,
                    });
                    place.proj.extend(proj.iter().cloned());
                    Some(place)
                }
                "map" => at(&[Proj::Payload], proj),
                "then" => at(&[Proj::Inner], proj),
                "flat_map" | "filter_map" => at(&[Proj::Payload], proj.get(1..)?),
                "and_then" | "map_or" | "map_or_else" | "unwrap_or_else" | "or_else" | "with"
                | "fold" => at(&[], proj),
                "for_each" => at(&[], proj),
                _ => None,
            },
            Callee::Method(..) => None,
        }
    }
}

/// Every statement with its place in a body.
fn statements(flow: &Flow) -> impl Iterator<Item = ((BlockId, usize), &Stmt, &StmtKind)> {
    (0..).map(BlockId).zip(&flow.blocks).flat_map(|(block, contents)| {
        let stmts = contents.stmts.iter().enumerate();
        stmts.map(move |(index, stmt)| ((block, index), stmt, &stmt.kind))
    })
}

/// Every call with its place in a body.
fn calls(flow: &Flow) -> impl Iterator<Item = ((BlockId, usize), &Stmt, &Call)> {
    statements(flow).filter_map(|(at, stmt, kind)| match kind {
        StmtKind::Call(call) => Some((at, stmt, &**call)),
        _ => None,
    })
}

/// The first argument of a call that is such a place.
fn position(call: &Call, is_it: impl Fn(&Place) -> bool) -> Option<usize> {
    call.args.iter().position(|arg| arg.place().is_some_and(|(place, _)| is_it(place)))
}

/// The argument of a call that is the name of a function, if it is given the name of no other.
fn named_only(call: &Call, function: FunctionKey) -> Option<usize> {
    let is_it = |arg: &Operand| match arg {
        Operand::Function(defs) => matches!(defs.as_slice(), [Def::Item(item) | Def::Method(item)]
            if (item.file, item.item) == function),
        _ => false,
    };
    let named = call.args.iter().filter(|arg| matches!(arg, Operand::Function(_))).count();
    call.args.iter().position(is_it).filter(|_| named == 1)
}

/// Whether a call runs, or is given, the closure with this body.
fn runs(flow: &Flow, call: &Call, id: FlowId) -> bool {
    let callable = Callable::Body(id);
    if let Callee::Local(_, Some(called)) = &call.callee {
        return *called == callable;
    }
    call.args.iter().any(|arg| match arg {
        Operand::Move(place) | Operand::Borrow(place) => {
            flow.locals[place.local.0 as usize].callable.as_ref() == Some(&callable)
        }
        _ => false,
    })
}

/// Whether a function runs the closure it is given before it returns, and gives what that gave.
pub(in crate::flow) fn runs_at_once(model: &Model<'_>, defs: &[Def]) -> bool {
    defs.iter().any(|def| match def {
        Def::External(path) => match model.catalog.role(path) {
            Some(Role::Scope) => true,
            // What that gives is in a `Result`.
            Some(Role::Runs) => &**path != "std::panic::catch_unwind",
            _ => false,
        },
        _ => false,
    })
}

fn escaped(end: &End, range: TextRange, text: &str) -> End {
    let mut trace = end.trace.clone();
    let file = end.file;
    trace.push(TraceStep { file, range, text: text.to_owned() });
    End::new(EndKind::Escaped, file, range, trace)
}
