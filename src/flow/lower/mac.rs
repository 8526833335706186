//! Macro calls. The well-known ones are what they expand to; of the others only what they name.

use super::super::{Leaving, LocalKind, Operand, Proj, StmtKind, Terminator};
use super::{Lowering, Value};
use crate::facts::tree::{ExprId, ExprKind, MacroArgs, MacroCall};
use crate::model::{Namespace, Ty};
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
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
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

impl Lowering<'_> {
    pub(super) fn macro_call(&mut self, range: TextRange, call: &MacroCall) -> Value {
        let name = call.path.last();
        if self.is_own_macro(call) {
            return self.unknown_macro(range, call);
        }
        if let (MacroArgs::Exprs(args, _), true) =
            (&call.args, call.mentions.iter().any(|name| &**name == "if"))
            && name == "matches"
        {
            // The guard of a pattern is not among the arguments.
            args.iter().for_each(|&arg| {
                self.expr(arg);
            });
            return self.opaque(range, &call.mentions);
        }
        match (&call.args, name) {
            (MacroArgs::Exprs(args, repeats), "vec") => self.vec_macro(range, args, *repeats),
            (MacroArgs::Exprs(args, _), "try") if args.len() == 1 => self.question(range, args[0]),
            (MacroArgs::Exprs(args, _), "dbg") if args.len() == 1 => self.expr(args[0]),
            (args, name) if DIVERGING.contains(&name) => {
                self.frame().flow.asserts = true;
                self.look_at(args);
                self.frame().end(Terminator::Stop);
                self.never()
            }
            (args, name) if RETURNING.contains(&name) => {
                self.look_at(args);
                self.frame().drop_scopes(0, range, Leaving::Jump);
                self.frame().end(Terminator::Return);
                self.never()
            }
            (args, name) if LOOKING.contains(&name) => {
                self.frame().flow.asserts |= name.contains("assert");
                self.look_at(args);
                if matches!(args, MacroArgs::Tokens) {
                    self.opaque(range, &call.mentions);
                }
                Value::constant(Ty::Unknown)
            }
            _ => self.unknown_macro(range, call),
        }
    }

    /// Whether the project defines a macro of this name, which then is not std's.
    fn is_own_macro(&self, call: &MacroCall) -> bool {
        let Some(name) = call.path.as_name() else { return false };
        let mut module = Some(self.module());
        while let Some(id) = module {
            if !self
                .model
                .resolve(id, false, std::slice::from_ref(name), Namespace::Macro)
                .is_empty()
            {
                return true;
            }
            module = self.model.module(id).parent;
        }
        false
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
                    match self.body.expr(arg).kind {
                        ExprKind::Assign(_, value) => self.expr(value),
                        _ => self.expr(arg),
                    };
                }
            }
            MacroArgs::Block(block) => {
                self.block(*block, None);
            }
            MacroArgs::Tokens => {}
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
                    let value = self.expr(arg);
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
                let value = self.block(*block, None);
                self.in_unknown_macro = outer;
                self.mention_value(&value, range, "given to a macro that is not expanded");
                self.frame().goto(after);
                self.frame().enter(after);
            }
            MacroArgs::Tokens => {}
        }
        self.opaque(range, &call.mentions);
        let local = self.frame().declare(None, range, Ty::Unknown, LocalKind::Temporary);
        Value {
            operand: Operand::Move(super::super::Place::local(local)),
            ..Value::constant(Ty::Unknown)
        }
    }
}
