//! Closures: bodies of their own, entered where they run, and left towards the body around.

use std::cell::RefCell;

use super::super::{
    BlockId, Call, Callable, Callee, Code, End, EndKind, Flow, FlowId, FlowKind, FunctionKey,
    LocalKind, Operand, Place, Proj, StmtKind, TraceStep, methods,
};
use super::{Among, Follower, Token};
use crate::catalog::Role;
use crate::model::{Def, Model};
use crate::text::TextRange;

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
            return vec![End { kind: EndKind::Escaped, file: self.file, range, trace }];
        }
        let start = Token { borrowed, ..Token::at(BlockId(0), 0, entry.clone()) };
        self.walk(id, start, Vec::new(), depth + 1)
    }

    /// The same search in another function: what its caller gave that to call is not known here.
    fn in_body(&self, body: u32) -> Follower<'_> {
        let lowered = self.program.body(body);
        Follower {
            body,
            flows: &lowered.flows,
            bound: Vec::new(),
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
            Callable::Function(_) => None,
        }
    }

    /// What calling a place runs: what was put there, or what the caller of the function gave it.
    pub(in crate::flow) fn code_in(&self, flow: &Flow, place: &Place) -> Option<Code> {
        let local = &flow.locals[place.local.0 as usize];
        if let Some(callable) = &local.callable {
            return Some(Code { body: self.body, callable: callable.clone() });
        }
        match (local.kind, flow.parent) {
            _ if !place.proj.is_empty() => None,
            (LocalKind::Capture(outer), Some(parent)) => {
                self.code_in(self.flows.body(parent), &Place::local(outer))
            }
            (LocalKind::Parameter | LocalKind::Reference, None) => {
                let bound = self.bound.iter().find(|(param, _)| *param == place.local);
                bound.map(|(_, code)| code.clone())
            }
            _ => None,
        }
    }

    /// Carries what leaves a closure on in the body around it.
    pub(super) fn lift(&self, id: FlowId, ends: Vec<End>, depth: usize) -> Vec<End> {
        let flow = self.flows.body(id);
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
            let starts = self.uses_of(parent, id, &end);
            let outer: Vec<End> = starts
                .into_iter()
                .flat_map(|start| match start {
                    Ok(token) => self.walk(parent, token, end.trace.clone(), depth + 1),
                    Err(other) => vec![other],
                })
                .collect();
            lifted.extend(self.lift(parent, outer, depth + 1));
        }
        lifted
    }

    /// Where the body around runs a closure, and where the token is after that.
    fn uses_of(&self, parent: FlowId, id: FlowId, end: &End) -> Vec<Result<Token, End>> {
        let flow = self.flows.body(parent);
        let mut starts = Vec::new();
        for (block, contents) in flow.blocks.iter().enumerate() {
            let block = BlockId(u32::try_from(block).unwrap_or(u32::MAX));
            for (index, stmt) in contents.stmts.iter().enumerate() {
                let StmtKind::Call(call) = &stmt.kind else { continue };
                if !runs(flow, call, id) {
                    continue;
                }
                let place = match &end.kind {
                    EndKind::Returned(proj) => self.value_of_run(call, proj),
                    EndKind::Captured(outer, proj) if self.runs_here(call) => {
                        let captures = &self.flows.body(id).captures;
                        let inner = |capture: &&super::super::Capture| {
                            self.flows.body(id).locals[capture.inner.0 as usize].kind
                                == LocalKind::Capture(*outer)
                        };
                        captures.iter().find(inner).map(|capture| {
                            let mut place = capture.outer.clone();
                            place.proj.extend(proj.iter().cloned());
                            place
                        })
                    }
                    _ => None,
                };
                let start = match place {
                    Some(place) => {
                        let makes = matches!(&end.kind, EndKind::Returned(_));
                        let among = if makes { Among::Unborn } else { Among::Others };
                        Ok(Token { among, ..Token::at(block, index + 1, place) })
                    }
                    None => {
                        Err(escaped(end, stmt.range, "the closure that holds it is given away"))
                    }
                };
                starts.push(start);
            }
        }
        if starts.is_empty() {
            starts.push(Err(escaped(end, flow.range, "the closure that holds it is not run here")));
        }
        starts
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

    /// Where the value of a function is after a call that is given its name and runs it.
    pub(in crate::flow) fn value_of_named(
        &self,
        call: &Call,
        function: FunctionKey,
        proj: &[Proj],
    ) -> Option<Place> {
        names_only(call, function).then(|| self.value_of_run(call, proj))?
    }

    /// Where a closure's value is after a call that runs it.
    fn value_of_run(&self, call: &Call, proj: &[Proj]) -> Option<Place> {
        let at = |wrap: &[Proj], proj: &[Proj]| {
            let proj = wrap.iter().chain(proj).cloned().collect();
            Some(Place { local: call.dst, proj })
        };
        match &call.callee {
            _ if call.spawns(self.model) => at(call.thread_result(), proj),
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

/// Whether a call is given the name of one function, this one, and of nothing else that it could run.
fn names_only(call: &Call, function: FunctionKey) -> bool {
    let is_it = |arg: &Operand| match arg {
        Operand::Function(defs) => matches!(defs.as_slice(), [Def::Item(item) | Def::Method(item)]
            if (item.file, item.item) == function),
        _ => false,
    };
    let named = call.args.iter().filter(|arg| matches!(arg, Operand::Function(_))).count();
    named == 1 && call.args.iter().any(is_it)
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
    End { kind: EndKind::Escaped, file, range, trace }
}
