//! Functions of std by their path, macros, ranges and defaults.

use super::eval::last;
use super::iterate::Iter;
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::value::{Cell, Data, Place, Value};
use crate::facts::tree::{ExprId, ExprKind, ItemKind, MacroArgs, MacroCall, Name};
use crate::model::{ItemRef, Ty, TyHead};

impl Run<'_> {
    /// A function of std by its path; nothing where it is none that is followed.
    pub(super) fn std_function(
        &mut self,
        path: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        if !path.starts_with("std::") {
            return Ok(None);
        }
        let mut names = path.rsplit("::");
        let (name, owner) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        Ok(Some(match (owner, name) {
            ("thread", "sleep" | "yield_now" | "park" | "park_timeout") => Value::Unit,
            // A run that panics is none that counts.
            ("thread", "panicking") => Value::Bool(false),
            ("thread", "scope") => {
                let code = one(args)?;
                self.scope(code)?
            }
            ("Builder", "new") if path.contains("thread") => Value::Builder(false),
            ("mem", "drop") | ("prelude", "drop") => {
                let value = one(args)?;
                self.discard(value, "`drop` drops it")?;
                Value::Unit
            }
            ("mem", "forget") | ("Box", "leak") => {
                let value = one(args)?;
                self.forget(&value)?;
                if name == "leak" {
                    let slot = self.slot(value);
                    return Ok(Some(Value::Ref(Place::slot(slot))));
                }
                Value::Unit
            }
            ("mem", "take") => {
                let place = self.given_place(args)?;
                let empty = self.emptied(&place)?;
                std::mem::replace(self.get_mut(&place)?, empty)
            }
            ("mem", "replace") => {
                let place = self.given_place(args)?;
                let value = one(args)?;
                std::mem::replace(self.get_mut(&place)?, value)
            }
            ("mem", "swap") => {
                let (left, right) = (self.given_place(args)?, self.given_place(args)?);
                let value = std::mem::replace(self.get_mut(&left)?, Value::Moved);
                let other = std::mem::replace(self.get_mut(&right)?, value);
                *self.get_mut(&left)? = other;
                Value::Unit
            }
            _ => return self.std_outside(path, args, want),
        }))
    }

    /// Functions that reach out of the program, or make ways through it.
    fn std_outside(
        &mut self,
        path: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        let mut names = path.rsplit("::");
        let (name, owner) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        Ok(Some(match (owner, name) {
            ("process", "exit" | "abort") => return Err(Stop::Exit),
            ("panic", "resume_unwind") => return Err(Stop::Ended),
            ("panic", "catch_unwind") => {
                let code = one(args)?;
                Value::ok(self.call_value(code, Vec::new())?)
            }
            ("mpsc", "channel") => self.channel(None),
            ("mpsc", "sync_channel") => {
                let bound = one(args)?;
                let bound = match self.seen(&bound) {
                    Value::Int(bound) => usize::try_from(bound).unwrap_or(1),
                    _ => 1,
                };
                self.channel(Some(bound))
            }
            ("env", "args") => {
                let Value::Sym(id) = self.unknown.derived("args".to_owned(), None) else {
                    return unknown("arguments");
                };
                let count = self.unknown.len(id);
                let mut all = vec![self.unknown.part(id, "program")];
                for at in 0..count {
                    all.push(self.unknown.part(id, &at.to_string()));
                }
                Value::iter(all)
            }
            ("env", "var" | "var_os") => {
                let key = super::unknown::key(&self.seen(&one(args)?));
                let made = self.unknown.derived(format!("{name}({key})"), None);
                self.unknown.is_maybe(
                    &made,
                    if name == "var" { super::value::Maybe::Ok } else { super::value::Maybe::Some },
                );
                made
            }
            ("ptr", "eq" | "null" | "null_mut") => self.unknown.fresh(),
            _ => return self.made(path, owner, name, args, want),
        }))
    }

    /// The place behind a reference that comes as the next argument.
    fn given_place(&mut self, args: &mut Vec<Value>) -> Result<Place> {
        match one(args)? {
            Value::Ref(place) => self.resolved(&place),
            _ => unknown("no reference"),
        }
    }

    /// Constructors of std's types, and their functions without `self`.
    fn made(
        &mut self,
        path: &str,
        owner: &str,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        let is_new = matches!(name, "new" | "from" | "pin");
        Ok(Some(match (owner, name) {
            ("Box" | "Pin" | "AssertUnwindSafe", _) if is_new => one(args)?,
            ("panic", "AssertUnwindSafe") => one(args)?,
            ("cmp", "Reverse") => Value::Tuple(vec![one(args)?]),
            ("Arc" | "Rc", _) if is_new => {
                let value = one(args)?;
                self.share(value)
            }
            ("Arc" | "Rc", "clone") => {
                let value = one(args)?;
                let value = self.shared_in(value)?;
                self.copied(&value)?
            }
            ("Arc" | "Rc", "downgrade") => match self.shared_argument(args)? {
                Value::Shared(id) => Value::Weak(Some(id)),
                _ => return unknown("no shared owner"),
            },
            ("Arc" | "Rc", "strong_count") => match self.shared_argument(args)? {
                Value::Shared(id) => {
                    while self.threads.iter().any(|it| it.code.is_some()) {
                        if self.unknown.choose(2) == 1 || !self.run_waiting()? {
                            break;
                        }
                    }
                    Value::int(self.shared[id].strong)
                }
                _ => self.unknown.fresh(),
            },
            ("Arc" | "Rc", "try_unwrap" | "into_inner") => {
                let value = one(args)?;
                self.unwrapped(value, name == "try_unwrap")?
            }
            ("Arc" | "Rc", "get_mut") => match self.shared_argument(args)? {
                Value::Shared(id) if self.shared[id].strong == 1 => {
                    Value::some(Value::Ref(Place::slot(self.shared[id].slot)))
                }
                Value::Shared(_) => Value::none(),
                _ => return unknown("no shared owner"),
            },
            ("Arc" | "Rc", "make_mut" | "new_cyclic") => {
                return unknown("a shared owner that is changed");
            }
            ("Arc" | "Rc", "ptr_eq") => self.unknown.fresh(),
            ("Weak", "new") => Value::Weak(None),
            ("Weak", "upgrade") => return Ok(None),
            _ => return self.made_cell(path, owner, name, args, want),
        }))
    }

    /// Constructors of cells, and what goes through raw pointers.
    fn made_cell(
        &mut self,
        path: &str,
        owner: &str,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        let is_new = matches!(name, "new" | "from");
        Ok(Some(match (owner, name) {
            ("Mutex" | "RwLock", _) if is_new => Value::cell(Cell::Lock, one(args)?),
            ("Condvar" | "Barrier", "new") => self.unknown.fresh(),
            ("RefCell", _) if is_new => Value::cell(Cell::Borrowed, one(args)?),
            ("Cell", _) if is_new => Value::cell(Cell::Plain, one(args)?),
            (atomic, _) if is_new && atomic.starts_with("Atomic") => {
                Value::cell(Cell::Plain, one(args)?)
            }
            ("OnceLock" | "OnceCell", "new") => Value::cell(Cell::Once, Value::none()),
            ("LazyLock" | "LazyCell", "new") => Value::cell(Cell::Lazy, one(args)?),
            ("ManuallyDrop", "new") => Value::cell(Cell::Kept, one(args)?),
            ("ManuallyDrop", "take" | "into_inner" | "drop") => {
                let place = match one(args)? {
                    Value::Ref(place) => self.resolved(&place)?,
                    other => self.temp(other),
                };
                let Value::Cell(Cell::Kept, inner) = self.get_mut(&place)? else {
                    return unknown("no `ManuallyDrop`");
                };
                let inner = std::mem::replace(&mut **inner, Value::Moved);
                if name == "drop" {
                    self.discard(inner, "dropped")?;
                    return Ok(Some(Value::Unit));
                }
                inner
            }
            ("Box", "into_raw") | ("Arc" | "Rc", "into_raw") => {
                let value = one(args)?;
                let slot = self.slot(value);
                Value::Ref(Place::slot(slot))
            }
            ("Box", "from_raw") | ("Arc" | "Rc", "from_raw") => match one(args)? {
                Value::Ref(place) => std::mem::replace(self.get_mut(&place)?, Value::Moved),
                _ => return unknown("a raw pointer"),
            },
            _ => return self.made_many(path, owner, name, args, want),
        }))
    }

    /// Constructors of collections, texts and iterators, and defaults.
    fn made_many(
        &mut self,
        path: &str,
        owner: &str,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        Ok(Some(match (owner, name) {
            (
                "Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "LinkedList",
                "new" | "with_capacity" | "default",
            ) => Self::empty(Self::kind_of(owner)),
            (
                "Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "LinkedList",
                "from" | "from_iter",
            ) => {
                let value = one(args)?;
                let slot = self.slot(Self::empty(Self::kind_of(owner)));
                let place = Place::slot(slot);
                self.many_method(&place, "extend", &mut vec![value], want)?;
                self.take(&place)?
            }
            ("String", _) | ("str", _) if args.iter().all(|it| !self.owns(it)) => {
                match args.first() {
                    Some(first) if matches!(name, "from" | "from_utf8_lossy") => self.seen(first),
                    None if name == "new" => Value::Text(0),
                    _ => self.unknown.untold(format!("{name}{:?}", self.at)),
                }
            }
            ("Option", "default") => Value::none(),
            ("iter", "once") => Value::iter(vec![one(args)?]),
            ("iter", "empty") => Value::iter(Vec::new()),
            ("iter", "from_fn") => Value::Iter(Box::new(Iter::FromFn(one(args)?))),
            ("iter", "repeat") => Value::Iter(Box::new(Iter::Repeat(one(args)?))),
            ("iter", "repeat_with") => {
                return unknown("`repeat_with`");
            }
            ("array", "from_fn") => match want {
                Ty::Slice(_, crate::facts::tree::Size::Exactly(count)) => {
                    let code = one(args)?;
                    let slot = self.slot(code);
                    let mut all = Vec::new();
                    for at in 0..*count {
                        all.push(
                            self.call_value(Value::Ref(Place::slot(slot)), vec![Value::int(at)])?,
                        );
                    }
                    Value::list(all)
                }
                _ => {
                    return unknown("an array of a length that is not known");
                }
            },
            ("convert", "identity") => one(args)?,
            ("Default", "default") | ("default", "Default") => self.default_of(want)?,
            ("PoisonError", "into_inner") => one(args)?,
            _ if name == "default" && owner.starts_with(|it: char| it.is_ascii_uppercase()) => self
                .default_of(&Ty::external(
                    path.trim_end_matches("::default"),
                    match want {
                        Ty::Named(_, _, args) => args.clone(),
                        _ => Vec::new(),
                    },
                ))?,
            _ => return Ok(None),
        }))
    }

    /// The same of the next argument.
    fn shared_argument(&self, args: &mut Vec<Value>) -> Result<Value> {
        let value = one(args)?;
        self.shared_in(value)
    }

    /// The shared owner that an argument is or refers to.
    fn shared_in(&self, value: Value) -> Result<Value> {
        match value {
            Value::Ref(place) => Ok(self.get(&self.resolved(&place)?)?.clone()),
            other => Ok(other),
        }
    }

    /// `Default::default()` of a type.
    pub(super) fn default_of(&mut self, ty: &Ty) -> Result<Value> {
        match ty {
            Ty::Tuple(parts) if parts.is_empty() => Ok(Value::Unit),
            Ty::Tuple(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.push(self.default_of(part)?);
                }
                Ok(Value::Tuple(all))
            }
            Ty::Named(TyHead::Item(..), ..) => match self.model.item_of(ty) {
                Some(item) => self.default_of_item(item),
                None => unknown("a default of a type that is not known"),
            },
            Ty::Named(TyHead::External(path), _, args) => {
                let inner = args.first().cloned().unwrap_or_default();
                Ok(match last(path) {
                    "Option" => Value::none(),
                    "Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet"
                    | "LinkedList" => Self::empty(Self::kind_of(last(path))),
                    "Arc" | "Rc" => {
                        let value = self.default_of(&inner)?;
                        self.share(value)
                    }
                    "Box" => self.default_of(&inner)?,
                    "Mutex" | "RwLock" => Value::cell(Cell::Lock, self.default_of(&inner)?),
                    "RefCell" => Value::cell(Cell::Borrowed, self.default_of(&inner)?),
                    "Cell" => Value::cell(Cell::Plain, self.default_of(&inner)?),
                    "OnceLock" | "OnceCell" => Value::cell(Cell::Once, Value::none()),
                    "Weak" => Value::Weak(None),
                    "bool" => Value::Bool(false),
                    "AtomicBool" => Value::cell(Cell::Plain, Value::Bool(false)),
                    it if it.starts_with("Atomic") => Value::cell(Cell::Plain, Value::Int(0)),
                    "String" | "str" => Value::Text(0),
                    "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32"
                    | "i64" | "i128" | "isize" => Value::Int(0),
                    _ => self.unknown.fresh(),
                })
            }
            Ty::Slice(element, crate::facts::tree::Size::Exactly(count)) if *count <= 64 => {
                let mut all = Vec::new();
                for _ in 0..*count {
                    all.push(self.default_of(element)?);
                }
                Ok(Value::list(all))
            }
            Ty::Slice(..) => Ok(self.unknown.fresh()),
            _ => unknown("a default of a type that is not known"),
        }
    }

    /// The default of a struct of the project: its own, or that of each field.
    pub(super) fn default_of_item(&mut self, item: ItemRef) -> Result<Value> {
        let head = TyHead::Item(item.file, item.item);
        if let Some(own) = self.model.methods_of(&head, "default").first().map(|it| it.item) {
            return self.call_function(own, None, Vec::new(), None);
        }
        let ItemKind::Struct(fields) = &self.model.item(item).kind else {
            return unknown("a default of an enum");
        };
        let names: Vec<Name> = fields.iter().map(|it| it.name.clone()).collect();
        let mut made = Vec::new();
        for name in names {
            let ty = self.field_type(item, None, &name);
            made.push((name, self.default_of(&ty)?));
        }
        Ok(Value::Data(Box::new(Data {
            item,
            variant: None,
            fields: made,
            types: self.types_of(item),
        })))
    }

    /// Whether it is no use to read the initialiser of a constant: it makes an empty cell, or was asked for before.
    pub(super) fn asked_for(&mut self, item: ItemRef, ty: &Ty) -> bool {
        self.is_empty_cell(ty) || self.is_last || !self.unread.insert(item)
    }

    /// A constant of which the initialiser was not read: an empty cell, or something unknown.
    pub(super) fn constant_of(&mut self, ty: &Ty) -> Result<Value> {
        match self.is_empty_cell(ty) {
            true => self.default_of(ty),
            false => Ok(self.unknown.untold(format!("{:?}", self.at))),
        }
    }

    fn is_empty_cell(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Named(TyHead::External(path), ..) => matches!(
                last(path),
                "Mutex" | "RwLock" | "OnceLock" | "OnceCell" | "RefCell" | "Vec" | "Option"
            ),
            _ => false,
        }
    }

    pub(super) fn range(&mut self, ends: &[ExprId], endless: bool, closed: bool) -> Result<Value> {
        let mut values = Vec::new();
        for &end in ends {
            let value = self.eval(end, &Ty::Unknown)?;
            values.push(self.seen(&value));
        }
        let (from, to) = match (values.as_slice(), endless) {
            ([], _) => return Ok(Value::Iter(Box::new(Iter::Numbers(0, None)))),
            ([from], true) => (from.clone(), None),
            ([to], false) => (Value::Int(0), Some(to.clone())),
            ([from, to], _) => (from.clone(), Some(to.clone())),
            _ => return unknown("a range"),
        };
        Ok(match (from, to) {
            (Value::Int(from), None) => Value::Iter(Box::new(Iter::Numbers(from, None))),
            (Value::Int(from), Some(Value::Int(to))) => Value::Iter(Box::new(Iter::Numbers(
                from,
                Some(to.saturating_add(i64::from(closed))),
            ))),
            // Up to something unknown: so many as that is tried to be.
            (Value::Int(from), Some(Value::Sym(id))) => {
                let Some(to) = self.unknown.counted(id, from) else { return Err(Stop::Ended) };
                let to = to.saturating_add(i64::from(closed));
                Value::Iter(Box::new(Iter::Numbers(from, Some(to))))
            }
            (from, to) => Value::Iter(Box::new(Iter::Open(from, to, 0))),
        })
    }

    pub(super) fn macro_call(&mut self, call: &MacroCall, want: &Ty) -> Result<Value> {
        let name = call.path.last().to_owned();
        let (exprs, repeats) = match &call.args {
            MacroArgs::Exprs(exprs, repeats) => (exprs.clone(), *repeats),
            MacroArgs::Test(test) => {
                self.open_scope();
                let holds = self.condition(*test)?;
                self.end_scope()?;
                return Ok(Value::Bool(holds));
            }
            _ if matches!(&*name, "panic" | "unreachable" | "todo" | "unimplemented") => {
                return Err(Stop::Ended);
            }
            MacroArgs::Tokens
                if matches!(&*name, "trace" | "debug" | "info" | "warn" | "error") =>
            {
                return Ok(Value::Unit);
            }
            MacroArgs::Tokens if matches!(&*name, "println" | "print" | "eprintln" | "eprint") => {
                return Ok(Value::Unit);
            }
            MacroArgs::Tokens if name == "format" => {
                return Ok(self.unknown.untold(format!("{name}{:?}", self.at)));
            }
            MacroArgs::Tokens if matches!(&*name, "write" | "writeln") => {
                return Ok(Value::ok(Value::Unit));
            }
            MacroArgs::Block(_) | MacroArgs::Tokens => {
                return unknown(&format!("the macro `{name}`"));
            }
        };
        self.expanded(&name, &exprs, repeats, want)
    }

    /// What a well-known macro does with the expressions that it is given.
    fn expanded(
        &mut self,
        name: &str,
        exprs: &[ExprId],
        repeats: bool,
        want: &Ty,
    ) -> Result<Value> {
        match name {
            "vec" => {
                if let (true, [value, times]) = (repeats, exprs) {
                    let (value, times) = (*value, *times);
                    return self.repeated(value, times, &want.element());
                }
                let items = self.eval_all(exprs, &want.element())?;
                Ok(Value::list(items))
            }
            "panic" | "unreachable" | "todo" | "unimplemented" => Err(Stop::Ended),
            "println" | "print" | "eprintln" | "eprint" => {
                self.look_at(exprs)?;
                Ok(Value::Unit)
            }
            "format" | "format_args" | "concat" | "stringify" | "env" | "option_env" | "line"
            | "file" | "module_path" => {
                self.look_at(exprs)?;
                Ok(self.unknown.untold(format!("{name}{:?}", self.at)))
            }
            "write" | "writeln" => {
                self.look_at(exprs)?;
                Ok(Value::ok(Value::Unit))
            }
            "assert" | "debug_assert" => {
                let Some((&first, _)) = exprs.split_first() else { return Ok(Value::Unit) };
                let holds = self.condition(first)?;
                if holds { Ok(Value::Unit) } else { Err(Stop::Ended) }
            }
            "assert_eq" | "assert_ne" | "debug_assert_eq" => {
                let [left, right, ..] = exprs else { return Ok(Value::Unit) };
                let (left, right) = (self.place(*left)?, self.place(*right)?);
                let equal = self.equal(&Value::Ref(left), &Value::Ref(right))?;
                if equal == (name != "assert_ne") { Ok(Value::Unit) } else { Err(Stop::Ended) }
            }
            "trace" | "debug" | "info" | "warn" | "error" | "log" | "dbg" => {
                self.look_at(exprs)?;
                Ok(self.unknown.fresh())
            }
            "anyhow" | "eyre" | "format_err" | "json" | "concat_string" => {
                self.look_at(exprs)?;
                Ok(self.unknown.fresh())
            }
            "bail" => Err(Stop::Return(Value::err(self.unknown.fresh()))),
            "ensure" => {
                let Some((&first, _)) = exprs.split_first() else { return Ok(Value::Unit) };
                match self.condition(first)? {
                    true => Ok(Value::Unit),
                    false => Err(Stop::Return(Value::err(self.unknown.fresh()))),
                }
            }
            "cfg" => Ok(self.unknown.derived("cfg".to_owned(), None)),
            _ => unknown(&format!("the macro `{name}`")),
        }
    }

    /// Values that are only looked at.
    fn look_at(&mut self, exprs: &[ExprId]) -> Result<()> {
        for &expr in exprs {
            let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
                return Ok(());
            };
            // `name = value` gives an argument its name.
            match &body.expr(expr).kind {
                ExprKind::Assign(_, value) => self.place(*value)?,
                _ => self.place(expr)?,
            };
        }
        Ok(())
    }
}
