//! Functions and closures of the project: their frames, and what becomes of what they own.

use std::sync::Arc;

use super::eval::last;
use super::machine::{Frame, Result, Run, Stop, unknown};
use super::many::one;
use super::value::{Context, Data, Place, Value, head_of, type_of};
use crate::facts::tree::{Body, ExprId, ExprKind, ItemKind, Name, Receiver};
use crate::model::{Def, ItemRef, Ty};

impl Run<'_> {
    /// Calls a function of the project.
    pub(super) fn call_function(
        &mut self,
        item: ItemRef,
        receiver: Option<Value>,
        mut args: Vec<Value>,
        context: Option<Context>,
    ) -> Result<Value> {
        self.step()?;
        let Some(function) = self.model.function(item) else { return unknown("no function") };
        if function.is_async {
            return unknown("an `async fn`");
        }
        if let (Some(Receiver::Value | Receiver::Reference(_) | Receiver::Typed(_)), None) =
            (&function.receiver, &receiver)
        {
            if args.is_empty() {
                return unknown("a method without a value");
            }
            let first = args.remove(0);
            return self.call_function(item, Some(first), args, context);
        }
        let mut context = context.unwrap_or_else(|| self.context_of(item, &[]));
        if let (true, Some(Value::Data(data))) =
            (context.types.is_empty(), receiver.as_ref().map(|it| self.behind_all(it)))
        {
            context.types.clone_from(&data.types);
        }
        // A function of a trait means that of the value.
        if context.own == Ty::Unknown
            && let Some(value) = &receiver
            && let Value::Data(data) = self.behind_all(value)
        {
            let head = head_of(data.item);
            context.own = type_of(data.item);
            let name = self.model.item(item).name.clone();
            let of = self.model.function_at(item).and_then(|it| it.container);
            let own = of.and_then(|of| self.model.provided_for(&head, of, &name));
            if let Some(own) = own
                && own != item
            {
                return self.call_function(own, receiver, args, None);
            }
        }
        let Some(body) = function.body.clone() else {
            self.unread.insert(item);
            return unknown("a function that was not read");
        };
        let around = self.model.function_at(item).and_then(|it| it.container);
        let around = match around.map(|it| &self.model.item(it).kind) {
            Some(ItemKind::Impl(it)) => it.generics.as_slice(),
            _ => &[],
        };
        for generics in [function.generics.as_slice(), around] {
            if generics.is_empty() {
                continue;
            }
            for (param, value) in function.params.iter().zip(&args) {
                self.infer(generics, param, value, &mut context.types);
            }
        }
        let at = self.at;
        let scope: Vec<(Name, usize)> =
            receiver.map(|value| (Name::from("self"), self.slot(value))).into_iter().collect();
        self.frames.push(Frame {
            body: body.clone(),
            context: Arc::new(context),
            outer: Vec::new(),
            scopes: vec![scope],
            temps: Vec::new(),
        });
        self.at.0 = item.file;
        self.type_numbers(&function.params, &mut args);
        let params: Vec<_> = body.params.clone();
        let result = self.run_frame(body.root, &params, args);
        self.at = at;
        result
    }

    /// What code gives, or that it panics.
    pub(super) fn caught(&mut self, code: Value) -> Result<Value> {
        let owned = match &code {
            Value::Closure(closure) => closure.owned.clone(),
            _ => Vec::new(),
        };
        self.catches += 1;
        let result = self.call_value(code, Vec::new());
        self.catches -= 1;
        match result {
            Err(Stop::Panic) => {
                for slot in owned {
                    // It may have moved some of them on before.
                    let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
                    self.discard(value, "dropped with the closure that it was moved into")?;
                }
                Ok(Value::err(self.unknown.fresh()))
            }
            result => result.map(Value::ok),
        }
    }

    /// Gives numbers that have no type yet that of the parameter.
    fn type_numbers(&self, params: &[crate::facts::tree::Type], args: &mut [Value]) {
        for (param, value) in params.iter().zip(args) {
            if has_open_number(value) {
                let ty = self.ty(param);
                let own = std::mem::replace(value, Value::Moved);
                *value = super::width::of_type(own, &ty);
            }
        }
    }

    /// Runs the frame that was pushed last, with its arguments.
    pub(super) fn run_frame(
        &mut self,
        root: Option<ExprId>,
        params: &[crate::facts::tree::PatId],
        args: Vec<Value>,
    ) -> Result<Value> {
        let depth = self.frames.len();
        let bound = self.run_body(root, params, args);
        let result = match bound {
            Err(Stop::Return(value)) => Ok(value),
            Ok(value) => Ok(value),
            Err(other) => Err(other),
        };
        let result = match result {
            Ok(value) => self.left().map(|()| value),
            Err(Stop::Panic) => {
                let outer = std::mem::replace(&mut self.unwinds, true);
                let left = self.left();
                self.unwinds = outer;
                match left {
                    // One panic in another is the end of the process.
                    Err(Stop::Panic) => Err(Stop::Ended),
                    Err(other) => Err(other),
                    Ok(()) => Err(Stop::Panic),
                }
            }
            Err(other) => Err(other),
        };
        self.frames.truncate(depth - 1);
        result
    }

    /// What the innermost frame has is dropped.
    fn left(&mut self) -> Result<()> {
        self.end_temps(0)?;
        while self.frames.last().is_some_and(|frame| !frame.scopes.is_empty()) {
            self.end_scope()?;
        }
        Ok(())
    }

    pub(super) fn run_body(
        &mut self,
        root: Option<ExprId>,
        params: &[crate::facts::tree::PatId],
        args: Vec<Value>,
    ) -> Result<Value> {
        for (&pat, value) in params.iter().zip(args) {
            let slot = self.slot(value);
            self.declare(Name::from(""), slot);
            let place = Place::slot(slot);
            if !self.matches(pat, &place)? {
                return Err(Stop::Ended);
            }
            self.bind(pat, &place, false)?;
        }
        let context = self.context()?;
        match root {
            Some(root) => self.eval(root, &context.gives),
            None => unknown("a function without a body"),
        }
    }

    /// Evaluates the initialiser of a constant.
    pub(super) fn run_constant(
        &mut self,
        item: ItemRef,
        body: &Arc<Body>,
        ty: &Ty,
    ) -> Result<Value> {
        let mut context = self.context_of(item, &[]);
        context.gives = ty.clone();
        self.frames.push(Frame {
            body: body.clone(),
            context: Arc::new(context),
            outer: Vec::new(),
            scopes: vec![Vec::new()],
            temps: Vec::new(),
        });
        self.run_frame(body.root, &[], Vec::new())
    }

    /// Calls what is at a place: a closure is used up where the place owns it and it owns something.
    pub(super) fn call_at(&mut self, place: &Place, args: Vec<Value>) -> Result<Value> {
        let place = self.resolved(place)?;
        match self.get(&place)? {
            Value::Closure(_) => {
                let code = self.get(&place)?.clone();
                self.enter_closure(&code, args)
            }
            Value::Shared(_) => match self.deref(&place)? {
                Some(to) => self.call_at(&to, args),
                None => unknown("a call of something else"),
            },
            other => {
                let code = other.clone();
                self.call_value(code, args)
            }
        }
    }

    /// Calls a closure or function, which is used up if it is no reference.
    pub(super) fn call_value(&mut self, code: Value, args: Vec<Value>) -> Result<Value> {
        match code {
            Value::Ref(place) => self.call_at(&place, args),
            Value::Shared(_) => {
                let slot = self.slot(code);
                self.call_at(&Place::slot(slot), args)
            }
            Value::Closure(_) => {
                let result = self.enter_closure(&code, args)?;
                self.discard(code, "dropped with the closure that it was moved into")?;
                Ok(result)
            }
            Value::Function(defs) => self.call_named(&defs, args),
            Value::Late(name) => {
                let mut args = args;
                let first = one(&mut args)?;
                let place = self.temp(first);
                self.method(&place, &name, args)
            }
            Value::Sym(_) => {
                if args.iter().any(|it| self.owns(it)) {
                    return unknown("a function that is not known");
                }
                Ok(self.unknown.fresh())
            }
            _ => unknown("a call of something else"),
        }
    }

    pub(super) fn enter_closure(&mut self, code: &Value, args: Vec<Value>) -> Result<Value> {
        self.step()?;
        let Value::Closure(closure) = code else { return unknown("no closure") };
        let ExprKind::Closure(written) = &closure.body.expr(closure.expr).kind else {
            return unknown("no closure");
        };
        let params: Vec<_> = written.params.iter().map(|(pat, _)| *pat).collect();
        let at = self.at;
        self.frames.push(Frame {
            body: closure.body.clone(),
            context: closure.context.clone(),
            outer: closure.captured.clone(),
            scopes: vec![Vec::new()],
            temps: Vec::new(),
        });
        self.at.0 = closure.context.item.file;
        let result = self.run_frame(Some(written.body), &params, args);
        self.at = at;
        result
    }

    /// Calls a function that was given by its path.
    pub(super) fn call_named(&mut self, defs: &[Def], mut args: Vec<Value>) -> Result<Value> {
        match defs {
            [Def::Item(item) | Def::Method(item)] if self.model.function(*item).is_some() => {
                self.call_function(*item, None, args, None)
            }
            [Def::Variant(..) | Def::Item(_)] => {
                let (item, variant) = match defs {
                    [Def::Variant(item, name)] => (*item, Some(name.clone())),
                    [Def::Item(item)] => (*item, None),
                    _ => return unknown("no constructor"),
                };
                let fields = args
                    .into_iter()
                    .enumerate()
                    .map(|(at, value)| (Name::from(at.to_string()), value))
                    .collect();
                Ok(Value::Data(Box::new(Data {
                    item,
                    variant,
                    fields,
                    types: self.types_of(item),
                })))
            }
            [Def::External(path)] => {
                if let Some(made) = self.std_function(path, &mut args, &Ty::Unknown)? {
                    return Ok(made);
                }
                if args.is_empty() {
                    return Ok(self.unknown.fresh());
                }
                let owner = path.rsplit("::").nth(1).unwrap_or_default();
                if super::library::limits(owner).is_some() {
                    return self.of_numbers(path, args);
                }
                let first = args.remove(0);
                let place = self.temp(first);
                self.method(&place, last(path), args)
            }
            _ => unknown("a function that is not known"),
        }
    }
}

/// Whether there is a number in a value of which nobody has said the type.
fn has_open_number(value: &Value) -> bool {
    match value {
        Value::Int(_, width) => !width.is_known(),
        Value::Maybe(_, Some(inner)) => has_open_number(inner),
        Value::Tuple(parts) | Value::Many(_, parts) => parts.first().is_some_and(has_open_number),
        _ => false,
    }
}
