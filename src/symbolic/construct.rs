//! Constructors of std's types, and functions of theirs that take no `self`.

use super::adaptor::Adaptor;
use super::builtin::MAX_LATE;
use super::iterate::Iter;
use super::library::limits;
use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::text::{known_bytes, text};
use super::turn::Wait;
use super::value::{Cell, Place, Value};
use super::width::{SECOND, Width, of_atomic, typed};
use crate::facts::tree::Size;
use crate::model::Ty;

impl Run<'_> {
    /// Functions of numbers and characters by their types.
    pub(super) fn of_number(
        &mut self,
        owner: &str,
        name: &str,
        args: &[Value],
    ) -> Result<Option<Value>> {
        if let ("from_str_radix", [said, base]) = (name, args) {
            return Ok(self.of_radix(owner, said, base));
        }
        if let ("char", "from_digit", [digit, base]) = (owner, name, args) {
            return self.of_digit(digit, base);
        }
        let [given] = args else { return Ok(None) };
        let shown = self.seen(given);
        if name.ends_with("_bytes")
            && let Some(bytes) = super::text::known_bytes(&shown)
            && let Some(made) = super::number::of_bytes(Width::known(owner), name, &bytes)
        {
            return Ok(Some(self.fitting(made, Width::known(owner))));
        }
        if let ("from_str", Value::Text(said)) = (name, &shown)
            && (limits(owner).is_some()
                || matches!(owner, "f64" | "f32" | "bool" | "char" | "String"))
        {
            let want = Ty::external("std::result::Result", vec![Ty::external(owner, Vec::new())]);
            return self.parsed(said, &want);
        }
        Ok(match (owner, name, &shown) {
            (_, "from_le", Value::Int(number, _)) if limits(owner).is_some() => {
                Some(Value::Int(*number, Width::known(owner)))
            }
            (_, "from_be", Value::Int(number, _)) if limits(owner).is_some() => {
                let width = Width::known(owner);
                let number = super::number::method((*number, width), "swap_bytes", &[]);
                return number.map(|it| self.made_of_number(it)).transpose();
            }
            ("char", "from_u32", Value::Int(code, _)) => {
                let made = u32::try_from(*code).ok().and_then(char::from_u32);
                Some(Value::option(made.map(|it| text(it.to_string()))))
            }
            ("char", "from", Value::Int(code, _)) => {
                u32::try_from(*code).ok().and_then(char::from_u32).map(|it| text(it.to_string()))
            }
            ("char", "from", Value::Text(_)) => Some(shown),
            (_, "try_from", Value::Text(said)) if limits(owner).is_some() => {
                let code = said.chars().next().map(u32::from).filter(|_| said.chars().count() == 1);
                let Some(code) = code.map(i128::from) else { return Ok(None) };
                let width = Width::known(owner);
                return Ok(Some(match width.has(code) {
                    Some(true) => Value::ok(Value::Int(code, width)),
                    _ => Value::err(self.unknown.fresh()),
                }));
            }
            (_, "from", Value::Int(number, _)) if limits(owner).is_some() => {
                Some(Value::Int(*number, Width::known(owner)))
            }
            ("f64" | "f32", "from", Value::Int(number, _)) => Some(Value::Float(*number as f64)),
            ("f64" | "f32", "from", Value::Float(_)) => Some(shown),
            (_, "from", Value::Sym(_)) if limits(owner).is_some() => Some(shown),
            (_, "from", Value::Bool(it)) if limits(owner).is_some() => {
                Some(Value::Int(i128::from(*it), Width::known(owner)))
            }
            (_, "from", Value::Text(said)) if limits(owner).is_some() => {
                let code = said.chars().next().map(u32::from).filter(|_| said.chars().count() == 1);
                code.map(|it| Value::Int(i128::from(it), Width::known(owner)))
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

    /// `char::from_digit(digit, base)`
    fn of_digit(&mut self, digit: &Value, base: &Value) -> Result<Option<Value>> {
        let (Value::Int(digit, _), Value::Int(base, _)) = (self.seen(digit), self.seen(base))
        else {
            return Ok(None);
        };
        let Some(base) = u32::try_from(base).ok().filter(|it| (2..=36).contains(it)) else {
            return Err(Stop::Panic);
        };
        let made = u32::try_from(digit).ok().and_then(|it| char::from_digit(it, base));
        Ok(Some(Value::option(made.map(|it| text(it.to_string())))))
    }

    /// `u8::from_str_radix(said, base)`
    fn of_radix(&mut self, owner: &str, said: &Value, base: &Value) -> Option<Value> {
        limits(owner)?;
        let (Value::Text(said), Value::Int(base @ 2..=36, _)) = (self.seen(said), self.seen(base))
        else {
            return None;
        };
        let width = Width::known(owner);
        let number = i128::from_str_radix(&said, u32::try_from(base).ok()?).ok();
        let is_below = !width.is_signed() && said.starts_with('-');
        Some(match number.filter(|it| !is_below && width.has(*it) == Some(true)) {
            Some(number) => Value::ok(Value::Int(number, width)),
            None => Value::err(self.unknown.fresh()),
        })
    }

    /// Constructors of std's types, and their functions without `self`.
    pub(super) fn made(
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
            ("Arc" | "Rc", "weak_count") => return unknown("how many look at a shared owner"),
            ("Weak", "ptr_eq") => {
                match (self.shared_argument(args)?, self.shared_argument(args)?) {
                    (Value::Weak(one), Value::Weak(other)) => Value::Bool(one == other),
                    _ => return unknown("no shared owner"),
                }
            }
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
        if self.slots.iter().any(|it| matches!(it, Value::Weak(Some(of)) if *of == id)) {
            return unknown("a shared owner that is changed");
        }
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
            ("OnceLock" | "OnceCell", "from") => Value::cell(Cell::Once, Value::some(one(args)?)),
            ("OnceLock" | "OnceCell", "new") => Value::cell(Cell::Once, Value::none()),
            ("LazyLock" | "LazyCell", "new") => Value::cell(Cell::Lazy, one(args)?),
            ("LazyLock" | "LazyCell", "force" | "force_mut") => {
                let place = self.given_place(args)?;
                match self.deref(&place)? {
                    Some(made) => Value::Ref(made),
                    None => return unknown("no `LazyCell`"),
                }
            }
            ("LazyLock" | "LazyCell", "get" | "get_mut") => {
                return unknown("whether a value was made already");
            }
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
                let bytes = args.first().and_then(|it| known_bytes(&self.seen(it)));
                match args.first() {
                    Some(_) if name == "from_utf8" && bytes.is_some() => {
                        match String::from_utf8(bytes.unwrap_or_default()) {
                            Ok(said) => Value::ok(text(said)),
                            Err(_) => Value::err(self.unknown.fresh()),
                        }
                    }
                    Some(_) if name == "from_utf8_lossy" && bytes.is_some() => {
                        text(String::from_utf8_lossy(&bytes.unwrap_or_default()))
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
            ("iter", _) => return self.made_iter(name, args),
            ("Default", "default") | ("default", "Default") => self.default_of(want)?,
            ("PoisonError", "into_inner") => match one(args)? {
                Value::Cell(Cell::Made("PoisonError"), inner) => *inner,
                other => other,
            },
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

    /// Functions of `std::iter`.
    fn made_iter(&mut self, name: &str, args: &mut Vec<Value>) -> Result<Option<Value>> {
        Ok(Some(match name {
            "once" => Value::iter(vec![one(args)?]),
            "empty" => Value::iter(Vec::new()),
            "from_fn" => Value::Iter(Box::new(Iter::FromFn(one(args)?))),
            "repeat_n" => {
                let value = one(args)?;
                let times = one(args)?;
                let given = Value::Iter(Box::new(Iter::Repeat(value)));
                match self.seen(&times) {
                    Value::Int(times, _) => Value::Iter(Box::new(Iter::Adapted(
                        Adaptor::Take,
                        given,
                        Value::number(times),
                    ))),
                    _ => return unknown("a number of elements that is not known"),
                }
            }
            "repeat" => Value::Iter(Box::new(Iter::Repeat(one(args)?))),
            "repeat_with" => {
                let given = Value::Iter(Box::new(Iter::Repeat(Value::Unit)));
                let code = Value::Tuple(vec![one(args)?]);
                Value::Iter(Box::new(Iter::Adapted(Adaptor::MapUnit, given, code)))
            }
            "successors" => {
                let first = one(args)?;
                let code = one(args)?;
                Value::Iter(Box::new(Iter::Adapted(Adaptor::Successors, first, code)))
            }
            "zip" => {
                let first = one(args)?;
                let left = self.iterated(first)?;
                let second = one(args)?;
                let right = self.iterated(second)?;
                Value::Iter(Box::new(Iter::Adapted(Adaptor::Zip, left, right)))
            }
            _ => return Ok(None),
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
            ("Duration", _) if name == "new" || name.starts_with("from_") => {
                return self.duration(name, args);
            }
            ("Path" | "PathBuf" | "OsString" | "OsStr", "new" | "from") if args.len() == 1 => {
                let given = one(args)?;
                self.seen(&given)
            }
            ("PathBuf" | "OsString", "new") => text(""),
            ("array", "from") if args.len() == 1 => super::call::as_list(one(args)?),
            ("array", "from_fn") => {
                let Some(count) = self.wanted_count(want)? else {
                    return unknown("an array of a length that is not known");
                };
                let code = one(args)?;
                let slot = self.slot(code);
                let mut all = Vec::new();
                for at in 0..count {
                    let given = vec![Value::int(at)];
                    all.push(self.call_value(Value::Ref(Place::slot(slot)), given)?);
                }
                Value::list(all)
            }
            ("convert", "identity") | ("hint", "black_box") => one(args)?,
            ("hint", "select_unpredictable") if args.len() == 3 => {
                let (condition, first, second) = (one(args)?, one(args)?, one(args)?);
                let (taken, left) =
                    if self.truth(&condition)? { (first, second) } else { (second, first) };
                self.discard(left, "dropped as it is not chosen")?;
                taken
            }
            ("Display" | "Debug", "fmt") if args.len() == 2 => {
                let (value, to) = (one(args)?, one(args)?);
                self.said_to(&value, &to, owner)?
            }
            ("Cow", "Borrowed" | "Owned" | "from") => {
                let given = one(args)?;
                match self.seen(&given) {
                    said @ Value::Text(_) => said,
                    _ => given,
                }
            }
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

    /// How many elements an array is wanted to have: where nothing says so and there is only one constant parameter, as
    /// many as that.
    fn wanted_count(&self, want: &Ty) -> Result<Option<usize>> {
        if let Ty::Slice(_, Size::Exactly(count)) = want {
            return Ok(Some(*count));
        }
        let context = self.context()?;
        let mut counts = context.types.iter().filter_map(|(_, ty)| match ty {
            Ty::Slice(of, Size::Exactly(count)) if **of == Ty::Unknown => Some(*count),
            _ => None,
        });
        Ok(counts.next().filter(|_| counts.next().is_none()))
    }

    /// A `Duration`; nothing where it is not known.
    fn duration(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>> {
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        let unit = match name {
            "from_secs" | "new" | "from_secs_f64" => SECOND,
            "from_millis" => 1_000_000,
            "from_micros" => 1_000,
            "from_nanos" => 1,
            "from_mins" => 60 * SECOND,
            "from_hours" => 3_600 * SECOND,
            _ => return Ok(None),
        };
        let made = match shown.as_slice() {
            [Value::Int(count, _)] => count.checked_mul(unit),
            [Value::Int(secs, _), Value::Int(nanos, _)] => {
                secs.checked_mul(unit).and_then(|it| it.checked_add(*nanos))
            }
            [Value::Float(secs)] => {
                let made = super::float::whole((secs * unit as f64).round(), Width::Open);
                made.filter(|_| *secs >= 0.0)
            }
            [given @ Value::Sym(_)] => {
                return Ok(Some(self.arithmetic("mul", given, &Value::number(unit))));
            }
            _ => return Ok(None),
        };
        match made {
            Some(made) if Width::Time.has(made) == Some(true) => {
                Ok(Some(Value::Int(made, Width::Time)))
            }
            _ => Err(Stop::Panic),
        }
    }

    /// The same of the next argument.
    pub(super) fn shared_argument(&self, args: &mut Vec<Value>) -> Result<Value> {
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
}
