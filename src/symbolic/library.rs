//! Functions of std by their path, macros, ranges and defaults.

use super::builtin::MAX_LATE;
use super::iterate::{Adaptor, Iter};
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::text::{of_bytes, text};
use super::turn::Wait;
use super::value::{Cell, Place, Value};
use super::width::{Width, of_atomic, typed};
use crate::facts::tree::{ExprId, Name};
use crate::model::Ty;

impl Run<'_> {
    /// A function of std by its path; nothing where it is none that is followed.
    pub(super) fn std_function(
        &mut self,
        path: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        let mut names = path.rsplit("::");
        let (name, owner) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        if let Some(made) = self.of_number(owner, name, args)? {
            return Ok(Some(made));
        }
        if !path.starts_with("std::") {
            return Ok(None);
        }
        Ok(Some(match (owner, name) {
            ("thread", "sleep" | "yield_now" | "park" | "park_timeout") => {
                self.let_others_go()?;
                Value::Unit
            }
            // A run that panics is none that counts.
            ("thread", "current") => match self.running.last() {
                Some(&thread) => Value::Thread(thread + 1, self.threads[thread].name.clone()),
                None => Value::Thread(0, Some(Some(Name::from("main")))),
            },
            ("thread", "panicking") => Value::Bool(false),
            ("thread", "scope") => {
                let code = one(args)?;
                self.scope(code)?
            }
            ("Builder", "new") if path.contains("thread") => Value::Builder(None),
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

    /// Functions of numbers and characters by their types.
    fn of_number(&mut self, owner: &str, name: &str, args: &[Value]) -> Result<Option<Value>> {
        if let ("char", "from_digit", [_, base]) = (owner, name, args)
            && let Value::Int(base, _) = self.seen(base)
            && !(2..=36).contains(&base)
        {
            return Err(Stop::Panic);
        }
        if let ("char", "from_digit", [digit, base]) = (owner, name, args)
            && let (Value::Int(digit, _), Value::Int(base @ 2..=36, _)) =
                (self.seen(digit), self.seen(base))
        {
            let base = u32::try_from(base).unwrap_or(10);
            let made = u32::try_from(digit).ok().and_then(|it| char::from_digit(it, base));
            return Ok(Some(Value::option(made.map(|it| text(it.to_string())))));
        }
        let [given] = args else { return Ok(None) };
        let shown = self.seen(given);
        Ok(match (owner, name, &shown) {
            ("char", "from", Value::Int(code, _)) => {
                u32::try_from(*code).ok().and_then(char::from_u32).map(|it| text(it.to_string()))
            }
            ("char", "from", Value::Text(_)) => Some(shown),
            (_, "from", Value::Int(number, _)) if limits(owner).is_some() => {
                Some(Value::Int(*number, Width::known(owner)))
            }
            ("f64" | "f32", "from", Value::Int(number, _)) => Some(Value::Float(*number as f64)),
            ("f64" | "f32", "from", Value::Float(_)) => Some(shown),
            (_, "from", Value::Sym(_)) if limits(owner).is_some() => Some(shown),
            (_, "from", Value::Bool(it)) if limits(owner).is_some() => {
                Some(Value::Int(i64::from(*it), Width::known(owner)))
            }
            (_, "from", Value::Text(said)) if limits(owner).is_some() => {
                let code = said.chars().next().map(u32::from).filter(|_| said.chars().count() == 1);
                code.map(|it| Value::Int(i64::from(it), Width::known(owner)))
            }
            (_, "try_from", Value::Int(number, _)) => {
                limits(owner).map(|(least, most)| match (least..=most).contains(number) {
                    true => Value::ok(Value::Int(*number, Width::known(owner))),
                    false => Value::err(self.unknown.fresh()),
                })
            }
            _ => None,
        })
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
            ("panic", "resume_unwind" | "panic_any") => return Err(Stop::Panic),
            ("thread", "panicking") => Value::Bool(self.unwinds),
            ("panic", "catch_unwind") => {
                let code = one(args)?;
                match self.caught(code) {
                    Err(Stop::Ended) => return unknown("a panic that is caught"),
                    other => other?,
                }
            }
            ("mpsc", "channel") => self.channel(None),
            ("mpsc", "sync_channel") => {
                let bound = one(args)?;
                let bound = match self.seen(&bound) {
                    Value::Int(bound, _) => usize::try_from(bound).unwrap_or(1),
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
                let key = super::same::key(&self.seen(&one(args)?));
                let made = self.unknown.derived(format!("{name}({key})"), None);
                self.unknown.is_maybe(
                    &made,
                    if name == "var" { super::value::Maybe::Ok } else { super::value::Maybe::Some },
                );
                made
            }
            ("Rc" | "Arc", "ptr_eq") => {
                let (left, right) = (self.shared_argument(args)?, self.shared_argument(args)?);
                match (left, right) {
                    (Value::Shared(left), Value::Shared(right)) => Value::Bool(left == right),
                    _ => self.unknown.fresh(),
                }
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
                    // Those that take turns may go on for ever.
                    let wait = if self.turns.is_some() { Wait::Turn } else { Wait::Last };
                    for _ in 0..MAX_LATE {
                        let goes_on = self.has_others() && self.unknown.choose(2) == 0;
                        if !goes_on || !self.run_waiting(wait)? {
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
                Value::Shared(id)
                    if self
                        .slots
                        .iter()
                        .any(|it| matches!(it, Value::Weak(Some(of)) if *of == id)) =>
                {
                    return unknown("a shared owner that is looked at");
                }
                Value::Shared(id) if self.shared[id].strong == 1 => {
                    Value::some(Value::Ref(Place::slot(self.shared[id].slot)))
                }
                Value::Shared(_) => Value::none(),
                _ => return unknown("no shared owner"),
            },
            ("Arc" | "Rc", "make_mut") => self.made_own(args)?,
            ("Arc" | "Rc", "new_cyclic") => return unknown("a shared owner that is changed"),
            ("Weak", "new") => Value::Weak(None),
            ("Weak", "upgrade") => return Ok(None),
            _ => return self.made_cell(path, owner, name, args, want),
        }))
    }

    /// `Arc::make_mut`
    fn made_own(&mut self, args: &mut Vec<Value>) -> Result<Value> {
        let place = self.given_place(args)?;
        let place = self.resolved(&place)?;
        let Value::Shared(id) = *self.get(&place)? else {
            return unknown("a shared owner that is changed");
        };
        // Who has it alone changes it; anybody else gets a copy first.
        if self.shared[id].strong > 1 && self.has_others() {
            return unknown("a shared owner that is changed");
        }
        let mut slot = self.shared[id].slot;
        if self.shared[id].strong > 1 {
            let copy = self.slots[slot].clone();
            let copy = self.copied(&copy)?;
            let own = self.share(copy);
            let Value::Shared(new) = own else { return unknown("no shared owner") };
            slot = self.shared[new].slot;
            self.put(&place, own)?;
        }
        Ok(Value::Ref(Place::slot(slot)))
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
                Value::cell(Cell::Plain, typed(one(args)?, of_atomic(atomic)))
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
                "Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "LinkedList"
                | "BinaryHeap",
                "new" | "with_capacity" | "default",
            ) => Self::empty(Self::kind_of(owner)),
            (
                "Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "LinkedList"
                | "BinaryHeap",
                "from" | "from_iter",
            ) => {
                let value = one(args)?;
                let slot = self.slot(Self::empty(Self::kind_of(owner)));
                let place = Place::slot(slot);
                self.many_method(&place, "extend", &mut vec![value], want)?;
                self.take(&place)?
            }
            ("String", _) | ("str", _) if args.iter().all(|it| !self.owns(it)) => {
                let bytes = args.first().and_then(|it| of_bytes(&self.seen(it)));
                match args.first() {
                    Some(_) if name == "from_utf8" && bytes.is_some() => {
                        Value::ok(text(bytes.unwrap_or_default()))
                    }
                    Some(_) if name == "from_utf8_lossy" && bytes.is_some() => {
                        text(bytes.unwrap_or_default())
                    }
                    Some(first) if matches!(name, "from" | "from_utf8_lossy") => self.seen(first),
                    None if matches!(name, "new" | "with_capacity" | "default") => text(""),
                    Some(_) if name == "with_capacity" => text(""),
                    _ => self.unknown.untold_anew(),
                }
            }
            ("Option", "default") => Value::none(),
            // Nothing else can be turned into a handle.
            ("JoinHandle", "from") => one(args)?,
            ("iter", "once") => Value::iter(vec![one(args)?]),
            ("iter", "empty") => Value::iter(Vec::new()),
            ("iter", "from_fn") => Value::Iter(Box::new(Iter::FromFn(one(args)?))),
            ("iter", "repeat") => Value::Iter(Box::new(Iter::Repeat(one(args)?))),
            ("iter", "repeat_with") => {
                let given = Value::Iter(Box::new(Iter::Repeat(Value::Unit)));
                let code = Value::Tuple(vec![one(args)?]);
                Value::Iter(Box::new(Iter::Adapted(Adaptor::MapUnit, given, code)))
            }
            ("iter", "successors") => {
                let first = one(args)?;
                let code = one(args)?;
                Value::Iter(Box::new(Iter::Adapted(Adaptor::Successors, first, code)))
            }
            ("iter", "zip") => {
                let first = one(args)?;
                let left = self.iterated(first)?;
                let second = one(args)?;
                let right = self.iterated(second)?;
                Value::Iter(Box::new(Iter::Adapted(Adaptor::Zip, left, right)))
            }
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
            _ => return self.made_else(owner, name, args, want),
        }))
    }

    /// Durations, paths, arrays, and what compares.
    fn made_else(
        &mut self,
        owner: &str,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        Ok(Some(match (owner, name) {
            ("Duration", "from_secs" | "from_millis" | "from_micros" | "from_nanos") => {
                let given = one(args)?;
                let unit = match name {
                    "from_secs" => 1_000_000_000,
                    "from_millis" => 1_000_000,
                    "from_micros" => 1_000,
                    _ => 1,
                };
                self.arithmetic("mul", &given, &Value::number(unit))
            }
            ("Path" | "PathBuf" | "OsString" | "OsStr", "new" | "from") if args.len() == 1 => {
                let given = one(args)?;
                self.seen(&given)
            }
            ("PathBuf" | "OsString", "new") => text(""),
            ("array", "from") if args.len() == 1 => super::call::as_list(one(args)?),
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
            ("cmp", "Reverse") => Value::cell(Cell::Made("Reverse"), one(args)?),
            ("cmp", "max" | "min") if args.len() == 2 => {
                let other = args.pop();
                let first = one(args)?;
                let place = self.temp(first);
                return self.method(&place, name, other.into_iter().collect()).map(Some);
            }
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

    pub(super) fn range(&mut self, ends: &[ExprId], endless: bool, closed: bool) -> Result<Value> {
        let mut values = Vec::new();
        for &end in ends {
            let value = self.eval(end, &Ty::Unknown)?;
            values.push(self.seen(&value));
        }
        let one_char = |it: &Value| match it {
            Value::Text(said) if said.chars().count() == 1 => said.chars().next(),
            _ => None,
        };
        if let [from, to] = values.as_slice()
            && let (Some(from), Some(to)) = (one_char(from), one_char(to))
        {
            let all = (from..=to).filter(|it| closed || *it != to);
            return Ok(Value::iter(all.map(|it| text(it.to_string()))));
        }
        let (from, to) = match (values.as_slice(), endless) {
            ([], _) => {
                return Ok(Value::Iter(Box::new(Iter::Numbers(0, None, Width::default()))));
            }
            ([from], true) => (from.clone(), None),
            ([to], false) => (Value::number(0), Some(to.clone())),
            ([from, to], _) => (from.clone(), Some(to.clone())),
            _ => return unknown("a range"),
        };
        Ok(match (from, to) {
            (Value::Int(from, width), None) => {
                Value::Iter(Box::new(Iter::Numbers(from, None, width)))
            }
            (Value::Int(from, width), Some(Value::Int(to, other))) => {
                let to = to.saturating_add(i64::from(closed));
                Value::Iter(Box::new(Iter::Numbers(from, Some(to), width.or(other))))
            }
            // Up to something unknown: so many as that is tried to be.
            (Value::Int(from, width), Some(Value::Sym(id))) => {
                let least = if closed && from > 0 { from - 1 } else { from };
                let Some(to) = self.unknown.counted(id, least) else { return Err(Stop::Ended) };
                let to = to.saturating_add(i64::from(closed));
                Value::Iter(Box::new(Iter::Numbers(from, Some(to), width)))
            }
            (from, to) => Value::Iter(Box::new(Iter::Open(from, to, 0))),
        })
    }
}

/// The least and the greatest number of a type; what does not fit here is cut off.
pub(super) fn limits(of: &str) -> Option<(i64, i64)> {
    Some(match of {
        "u8" => (0, i64::from(u8::MAX)),
        "u16" => (0, i64::from(u16::MAX)),
        "u32" => (0, i64::from(u32::MAX)),
        // Greater than all else; it is not counted with.
        "u64" | "usize" | "u128" => (0, i64::MAX),
        "i8" => (i64::from(i8::MIN), i64::from(i8::MAX)),
        "i16" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "i32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        "i64" | "isize" | "i128" => (i64::MIN, i64::MAX),
        _ => return None,
    })
}
