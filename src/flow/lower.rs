//! Lowers the plain-data tree of a body to control-flow graphs.
//!
//! One [`Lowering`] makes a function and all closures in it. Each body under construction is a
//! [`Frame`]; names that a frame does not know are looked for in the frames around it and become
//! captures on the way.

mod bind;
mod call;
mod conditional;
mod control;
mod count;
mod expr;
mod frame;
mod index;
mod mac;
mod operator;
mod paths;
mod pattern;
mod question;
mod stmt;
mod types;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use frame::{Frame, ScopeKind};

pub(super) use operator::GIVEN;

use super::correlate::{flags, stable};
use super::touch::touched;
use super::{
    Binding, Block, Callable, Constant, FlowId, FlowKind, Flows, Leaving, LocalKind, Operand,
    Place, RETURN, StmtKind, Terminator,
};
use crate::facts::cfg::Cfg;
use crate::facts::tree::{Body, ExprId, Generic, ItemKind, Name, PatId, Receiver, Type};
use crate::model::{FunctionRef, Model, ModuleId, Ty, TyHead};
use crate::text::TextRange;

/// Lowers a function, or the initialiser of a constant, under one assignment of its conditions.
pub fn lower_body(
    model: &Model<'_>,
    function: FunctionRef,
    body: &Body,
    assignment: &BTreeMap<Cfg, bool>,
) -> Flows {
    let mut lowering = Lowering::new(model, function, body, assignment);
    lowering.run();
    lowering.flows
}

/// The value of an expression: where it is and what is known of it.
#[derive(Clone, Debug)]
struct Value {
    operand: Operand,
    ty: Ty,
    callable: Option<Callable>,
    named: Option<bool>,
}

impl Value {
    fn constant(ty: Ty) -> Self {
        Self { operand: Operand::Constant(None), ty, callable: None, named: None }
    }

    /// A value that is known.
    fn known(constant: Constant) -> Self {
        Self { operand: Operand::Constant(Some(constant)), ..Self::constant(Ty::Unknown) }
    }

    fn place(&self) -> Option<&Place> {
        match &self.operand {
            Operand::Move(place) | Operand::Borrow(place) => Some(place),
            Operand::Function(_) | Operand::Constant(_) => None,
        }
    }

    fn is_borrow(&self) -> bool {
        matches!(self.operand, Operand::Borrow(_))
    }
}

struct Lowering<'m> {
    model: &'m Model<'m>,
    function: FunctionRef,
    body: &'m Body,
    assignment: &'m BTreeMap<Cfg, bool>,
    self_ty: Option<Ty>,
    generics: Vec<Generic>,
    flows: Flows,
    frames: Vec<Frame>,
    /// Modules of the blocks around, innermost last.
    modules: Vec<ModuleId>,
    /// The statement being lowered.
    statement: TextRange,
    /// Inside the arguments of a macro that nobody knows.
    in_unknown_macro: bool,
    /// How many bodies were open where such a macro began.
    macro_depth: Option<usize>,
    /// What the function returns, if it says so.
    output: Option<Ty>,
    /// The types that places ask of the expressions in them.
    wanted: FxHashMap<ExprId, Ty>,
}

impl<'m> Lowering<'m> {
    fn new(
        model: &'m Model<'m>,
        function: FunctionRef,
        body: &'m Body,
        assignment: &'m BTreeMap<Cfg, bool>,
    ) -> Self {
        let mut generics =
            model.function(function.item).map_or(Vec::new(), |it| it.generics.clone());
        let mut self_ty = None;
        if let Some(container) = function.container {
            match &model.item(container).kind {
                ItemKind::Impl(it) => {
                    self_ty = Some(model.ty(container.module, None, &it.generics, &it.self_ty));
                    generics.extend(it.generics.iter().cloned());
                }
                // Of what a trait provides for, nothing but the trait is known.
                _ => {
                    let head = TyHead::Item(container.file, container.item);
                    self_ty = Some(Ty::Named(head, Some(container.module), Vec::new()));
                }
            }
        }
        let flows = Flows::default();
        Self {
            model,
            function,
            body,
            assignment,
            self_ty,
            generics,
            flows,
            frames: Vec::new(),
            modules: vec![function.item.module],
            statement: TextRange::default(),
            in_unknown_macro: false,
            macro_depth: None,
            output: None,
            wanted: FxHashMap::default(),
        }
    }

    fn run(&mut self) {
        let Some(root) = self.body.root else { return };
        let range = self.body.expr(root).range;
        self.open_frame(FlowKind::Function, range);
        if let Some(function) = self.model.function(self.function.item) {
            if let Some(receiver) = &function.receiver {
                let kind =
                    if receiver.is_lent() { LocalKind::Reference } else { LocalKind::Parameter };
                let ty = match receiver {
                    // One of several owners, of which this may not be the last one.
                    Receiver::Typed(written) if !receiver.is_lent() => self.ty(written),
                    _ => self.self_ty.clone().unwrap_or_default(),
                };
                let local = self.frame().declare(Some(Name::from("self")), range, ty, kind);
                self.frame().flow.receiver = Some(local);
                self.frame().flow.lent.push(Place::local(local));
                self.frame().bind(Name::from("self"), local);
            }
            let params: Vec<_> =
                self.body.params.iter().copied().zip(function.params.iter().cloned()).collect();
            for (pat, ty) in params {
                self.parameter(pat, &ty);
            }
            self.output = function.output.as_ref().map(|output| self.ty(output));
        }
        if let Some(output) = self.output.clone() {
            self.want(root, &output);
        }
        self.statement = range;
        self.frame().open(ScopeKind::Statement);
        let value = self.expr(root);
        self.finish_frame(&value, range);
    }

    /// Declares a parameter and binds its pattern.
    fn parameter(&mut self, pat: PatId, written: &Type) {
        let ty = self.ty(written);
        let changes = !matches!(written, Type::Reference(false, _)) || ty.may_change_within();
        self.typed_parameter(pat, &ty, matches!(written, Type::Reference(..)), changes);
        if let Type::Reference(false, _) = written
            && self.model.is_data(&ty)
            && let Some(&local) = self.frame().flow.params.last()
        {
            self.frame().local_mut(local).binding = Binding::Data;
        }
    }

    /// The same when the type is known; `changes` says whether what it is or leads to can be changed through it.
    fn typed_parameter(&mut self, pat: PatId, ty: &Ty, is_reference: bool, changes: bool) {
        let range = self.body.pat(pat).range;
        let kind = if is_reference { LocalKind::Reference } else { LocalKind::Parameter };
        let local = self.frame().declare(None, range, ty.clone(), kind);
        self.frame().flow.params.push(local);
        if changes {
            self.frame().flow.lent.push(Place::local(local));
        }
        self.bind(pat, &Place::local(local), is_reference, ty);
    }

    fn open_frame(&mut self, kind: FlowKind, range: TextRange) {
        let id = FlowId(u32::try_from(self.flows.bodies.len()).unwrap_or(u32::MAX));
        // The place of the body is taken now, so that inner bodies get later numbers.
        self.flows.bodies.push(Frame::new(id, kind, None, range).flow);
        let parent = self.frames.last().map(|frame| frame.id);
        self.frames.push(Frame::new(id, kind, parent, range));
        // Parameters outlive the temporaries of the value that is returned.
        self.frame().open(ScopeKind::Plain);
    }

    /// Returns `value`, closes the innermost frame and keeps its body.
    fn finish_frame(&mut self, value: &Value, range: TextRange) -> FlowId {
        let end = TextRange::new(range.end.saturating_sub(1), range.end);
        self.return_value(value, end, Leaving::End);
        if let Some(mut frame) = self.frames.pop() {
            frame.flow.returns_future |= self.is_future(value);
            frame.flow.computes = value.ty.is_value();
            let returns = |block: &&Block| matches!(block.end, Terminator::Return);
            frame.flow.goes_on &= frame.flow.blocks.iter().filter(returns).count() == 1;
            frame.flow.stable = stable(&frame.flow);
            frame.flow.flags = flags(&frame.flow);
            frame.flow.touched = touched(&frame.flow, &self.flows.bodies);
            let id = frame.id;
            self.flows.bodies[id.0 as usize] = frame.flow;
            return id;
        }
        FlowId(0)
    }

    /// Moves a value to where the body returns it and ends the body.
    fn return_value(&mut self, value: &Value, range: TextRange, why: Leaving) {
        // The reference that it was given is its caller's as before.
        let is_self = |place: &Place| {
            let receiver = self.frames.last().and_then(|frame| frame.flow.receiver);
            place.proj.is_empty() && Some(place.local) == receiver
        };
        let gives_self = value.is_borrow()
            && value.place().is_some_and(is_self)
            && self.model.gives_self(self.function.item);
        if !gives_self {
            self.store(Place::local(RETURN), value, range);
        }
        self.frame().drop_scopes(0, range, why);
        self.frame().end(Terminator::Return);
    }

    /// Whether a value is a future made right here, which nobody has polled.
    fn is_future(&self, value: &Value) -> bool {
        match &value.callable {
            Some(Callable::Body(id)) => self
                .flows
                .bodies
                .get(id.0 as usize)
                .is_some_and(|flow| flow.kind == FlowKind::Async),
            _ => value.ty.path() == Some(paths::FUTURE),
        }
    }

    fn frame(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn module(&self) -> ModuleId {
        self.modules.last().copied().unwrap_or(self.function.item.module)
    }

    fn ty(&self, written: &Type) -> Ty {
        self.model.ty(self.module(), self.self_ty.as_ref(), &self.generics, written)
    }

    /// Whether something under this condition is part of the body being lowered.
    fn is_active(&self, cfg: &Cfg) -> bool {
        cfg.eval(&|atom| self.assignment.get(atom).copied()) != Some(false)
    }

    fn push(&mut self, range: TextRange, kind: StmtKind) {
        self.frame().push(range, kind);
    }

    /// Stores a value in a place.
    fn store(&mut self, place: Place, value: &Value, range: TextRange) {
        match &value.operand {
            Operand::Move(from) => self.push(range, StmtKind::Assign(place, from.clone())),
            Operand::Borrow(from) => {
                self.push(range, StmtKind::Mention(vec![from.clone()], "borrowed"));
            }
            Operand::Function(_) | Operand::Constant(_) => {
                let known = self.value_of(value).filter(|_| place.proj.is_empty());
                if known.is_some() {
                    self.push(range, StmtKind::Flag(place.local, known));
                }
            }
        }
    }
}
