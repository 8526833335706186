//! Macro calls. The well-known ones are what they expand to; of the others only what they name.

use super::super::{Call, Callee, Leaving, LocalKind, Operand, Place, Proj, StmtKind, Terminator};
use super::{Lowering, Value};
use crate::facts::tree::{ExprId, ExprKind, ItemKind, MacroArgs, MacroCall, Name, arm_name};
use crate::model::{Def, ModuleId, Namespace, Ty};
use crate::text::TextRange;

/// Macros that look at their arguments and give them back.
const LOOKING: &[&str] = &[
    "print",
    "println",
    "eprint",
    "eprintln",
    "format",
    "format_args",
    "write",
    "writeln",
    "assert",
    "assert_eq",
    "assert_ne",
    "matches",
    "assert_matches",
    "cfg",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "log",
    "concat",
    "stringify",
    "line",
    "file",
    "column",
    "module_path",
    "env",
    "option_env",
    "include_str",
    "include_bytes",
    "thread_local",
    "quote",
    "quote_spanned",
    "parse_quote",
    "parse_quote_spanned",
];

/// Macros that never return.
const DIVERGING: &[&str] = &["panic", "unreachable", "todo", "unimplemented", "compile_error"];

/// Macros that return an error from the function.
const RETURNING: &[&str] = &["bail", "fail", "throw"];

/// What is known of a macro that is declared or imported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OwnMacro {
    /// Nothing in it leaves the function.
    Stays,
    /// Nobody sees what it is.
    Unseen,
    /// It may return.
    Leaves,
}

impl Lowering<'_> {
    pub(super) fn macro_call(&mut self, range: TextRange, call: &MacroCall) -> Value {
        let name = call.path.last();
        if let Some(own) = self.own_macro(call) {
            // What a logger calls `info` does not jump, wherever it is imported from.
            let logs = own == OwnMacro::Unseen && LOOKING.contains(&name);
            if own != OwnMacro::Stays && !logs {
                self.frame().leaves_unseen();
            }
            let value = self.unknown_macro(range, call);
            if own == OwnMacro::Leaves {
                self.may_leave(range, "a macro that is not expanded may leave the function here");
            }
            return value;
        }
        if let (MacroArgs::Exprs(..), true) =
            (&call.args, call.mentions.iter().any(|name| &**name == "if"))
            && name == "matches"
        {
            // The guard of a pattern is not among the arguments.
            self.look_at(&call.args);
            return self.opaque(range, &call.mentions);
        }
        match (&call.args, name) {
            (MacroArgs::Test(test), "matches") => self.boolean(*test),
            (MacroArgs::Exprs(args, repeats), "vec") => self.vec_macro(range, args, *repeats),
            (MacroArgs::Exprs(args, _), "try") if args.len() == 1 => self.question(range, args[0]),
            (MacroArgs::Exprs(args, _), "dbg") if args.len() == 1 => {
                let value = self.expr(args[0]);
                self.looked_at(&value);
                value
            }
            (args, name) if DIVERGING.contains(&name) => {
                self.frame().flow.panics = true;
                self.look_at(args);
                // What is called unreachable is never reached, as the end of a `match` is not.
                let end = match name {
                    "unreachable" => Terminator::Stop,
                    _ => Terminator::Diverge(Vec::new()),
                };
                self.frame().end(end);
                self.never()
            }
            (args, name) if RETURNING.contains(&name) => {
                self.look_at(args);
                self.frame().drop_scopes(0, range, Leaving::Jump);
                self.frame().end(Terminator::Return);
                self.never()
            }
            (args, name) if name.starts_with("debug_assert") => {
                // Compiled out of a release build, arguments and all.
                self.frame().flow.asserts = true;
                let frame = self.frame();
                let (inside, after) = (frame.new_block(), frame.new_block());
                frame.end(Terminator::Branch(vec![(inside, Vec::new()), (after, Vec::new())]));
                frame.enter(inside);
                self.look_at(args);
                self.frame().goto(after);
                self.frame().enter(after);
                Value::constant(Ty::Unknown)
            }
            (args, name) if LOOKING.contains(&name) => {
                self.frame().flow.asserts |= name.contains("assert");
                self.look_at(args);
                if matches!(args, MacroArgs::Tokens) {
                    self.opaque(range, &call.mentions);
                }
                Value::constant(Ty::Unknown)
            }
            _ => {
                self.frame().leaves_unseen();
                self.unknown_macro(range, call)
            }
        }
    }

    /// What is known of a macro whose name is declared or imported here, which then is not std's.
    fn own_macro(&self, call: &MacroCall) -> Option<OwnMacro> {
        let (defs, _) = self.declared_macro(call)?;
        let all = defs.iter().map(|def| match def {
            Def::Item(item) => match self.model.item(*item).kind {
                ItemKind::MacroRules { leaves: true, .. } => OwnMacro::Leaves,
                ItemKind::MacroRules { leaves: false, .. } => OwnMacro::Stays,
                _ => OwnMacro::Unseen,
            },
            _ => OwnMacro::Unseen,
        });
        all.max()
    }

    /// The condition that a call of std's `matches!` is.
    pub(super) fn matched(&self, call: &MacroCall) -> Option<ExprId> {
        let MacroArgs::Test(test) = call.args else { return None };
        self.own_macro(call).is_none().then_some(test)
    }

    /// What the name of a macro means here, and the module that says so.
    fn declared_macro(&self, call: &MacroCall) -> Option<(Vec<Def>, ModuleId)> {
        self.model.macros_called(self.module(), call.path.as_name()?)
    }

    /// The arms of a macro of the project, as far as they were read: bodies that give a value where it is called.
    fn arms(&self, call: &MacroCall) -> Vec<Def> {
        let Some((defs, module)) = self.declared_macro(call) else { return Vec::new() };
        let is_rules = |def: &Def| {
            matches!(def, Def::Item(item)
                if matches!(self.model.item(*item).kind, ItemKind::MacroRules { .. }))
        };
        if !defs.iter().all(is_rules) {
            return Vec::new();
        }
        let arm = arm_name(call.path.last());
        self.model.resolve(module, false, &[arm], Namespace::Value)
    }

    /// Whoever is alive here may be lost, and nobody can tell.
    pub(super) fn may_leave(&mut self, range: TextRange, why: &'static str) {
        let places: Vec<Place> = self.frame().alive().into_iter().map(Place::local).collect();
        self.push(range, StmtKind::Mention(places, why));
    }

    /// Whether a jump out of the innermost body stands in a macro that may put it into another.
    pub(super) fn is_in_macro(&self) -> bool {
        self.macro_depth == Some(self.frames.len())
    }

    /// Lowers what is given to a macro that nobody expands.
    fn inside_macro<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.macro_depth.replace(self.frames.len());
        let value = lower(self);
        self.macro_depth = outer;
        value
    }

    fn vec_macro(&mut self, range: TextRange, args: &[ExprId], repeats: bool) -> Value {
        let mut parts = Vec::new();
        let mut elem = Ty::Unknown;
        for (index, &arg) in args.iter().enumerate() {
            let value = self.expr(arg);
            if !(repeats && index == 1) {
                elem = value.ty;
                parts.push((vec![Proj::Elem], value.operand));
            }
        }
        let local = self.temp(range, Ty::external("std::vec::Vec", vec![elem]));
        self.push(range, StmtKind::Build(local, parts));
        self.temp_value(local)
    }

    fn look_at(&mut self, args: &MacroArgs) {
        match args {
            MacroArgs::Exprs(args, _) => {
                for &arg in args {
                    // `name = value` names a format argument.
                    let value = match self.body.expr(arg).kind {
                        ExprKind::Assign(_, value) => self.expr(value),
                        _ => self.expr(arg),
                    };
                    self.looked_at(&value);
                }
            }
            MacroArgs::Block(block) => {
                let value = self.block(*block, None);
                self.looked_at(&value);
            }
            MacroArgs::Test(_) | MacroArgs::Tokens => {}
        }
    }

    fn looked_at(&mut self, value: &Value) {
        if let Some(local) = value.place().map(|place| place.local) {
            self.frame().flow.looked_at.push(local);
        }
    }

    fn unknown_macro(&mut self, range: TextRange, call: &MacroCall) -> Value {
        match &call.args {
            MacroArgs::Exprs(args, _) => {
                for &arg in args {
                    // A plain name may be anything to a macro, even something that it defines.
                    if matches!(&self.body.expr(arg).kind, ExprKind::Path(None, path) if path.as_name().is_some())
                    {
                        continue;
                    }
                    let value = self.inside_macro(|inside| inside.expr(arg));
                    self.mention_value(&value, range, "given to a macro that is not expanded");
                }
            }
            MacroArgs::Block(block) => {
                // What the macro does with its statements is not known: they may never run.
                let frame = self.frame();
                let (inside, after) = (frame.new_block(), frame.new_block());
                frame.end(Terminator::Branch(vec![(inside, Vec::new()), (after, Vec::new())]));
                frame.enter(inside);
                let outer = std::mem::replace(&mut self.in_unknown_macro, true);
                let value = self.inside_macro(|inside| inside.block(*block, None));
                self.in_unknown_macro = outer;
                self.mention_value(&value, range, "given to a macro that is not expanded");
                self.frame().goto(after);
                self.frame().enter(after);
            }
            MacroArgs::Test(_) | MacroArgs::Tokens => {}
        }
        self.opaque(range, &call.mentions);
        let local = self.frame().declare(None, range, Ty::Unknown, LocalKind::Temporary);
        let arms = self.arms(call);
        if !arms.is_empty() {
            let made = Call {
                dst: local,
                callee: Callee::Function(arms),
                args: Vec::new(),
                name_range: call.path.range,
                name: Name::from(call.path.last()),
                statement: self.statement,
                ..Call::default()
            };
            self.push(range, StmtKind::Call(Box::new(made)));
        }
        Value { operand: Operand::Move(Place::local(local)), ..Value::constant(Ty::Unknown) }
    }
}
