//! Methods of std's types: which are followed, and those of handles, cells, shared owners and channels.

use super::iterate::{Adaptor, Iter};
use super::machine::{At, Fate, Result, Run, Stop, Thread, unknown};
use super::many::one;
use super::value::{Cell, Kind, Maybe, Place, Step, Value};
use super::{consume, many, maybe};
use crate::model::Ty;

/// How often threads have not ended yet in one run.
const MAX_UNFINISHED: usize = 6;
/// How often something else has not happened yet.
const MAX_LATE: usize = 2;

/// Methods of something unknown that tell of an `Option` or `Result`.
const TELLS_MAYBE: &[&str] = &[
    "map_or", "map_or_else", "unwrap_or", "unwrap_or_else", "unwrap_or_default", "ok_or", "ok_or_else", "and_then", "map_err", "ok", "err",
    "or_else", "is_some_and", "is_none_or", "is_ok_and", "is_some", "is_none", "is_ok", "is_err",
];

/// Methods of something unknown that tell of an iterator.
const TELLS_ITER: &[&str] = &["for_each", "collect", "any", "all", "filter_map", "flat_map", "enumerate", "fold", "zip", "take_while", "chain", "find"];

impl Run<'_> {
    /// Whether a method is one of std's for what is at a place, through no reference.
    pub(super) fn is_built_in(&self, place: &Place, name: &str) -> Result<bool> {
        Ok(match self.get(place)? {
            Value::Handle(_) => matches!(name, "join" | "is_finished" | "thread"),
            Value::Maybe(..) => maybe::METHODS.contains(&name),
            Value::Many(..) => many::METHODS.contains(&name),
            Value::Iter(_) => consume::METHODS.contains(&name) || Adaptor::of(name).is_some(),
            Value::Shared(_) => matches!(name, "clone"),
            Value::Weak(_) => matches!(name, "upgrade" | "clone"),
            Value::Cell(Cell::Kept | Cell::Lazy, _) => false,
            Value::Cell(..) => true,
            Value::Sender(_) => matches!(name, "send" | "try_send" | "clone"),
            Value::Receiver(_) => matches!(name, "recv" | "try_recv" | "recv_timeout" | "iter" | "try_iter" | "into_iter"),
            Value::Thread(_) => matches!(name, "name" | "id" | "unpark" | "clone"),
            Value::Builder(_) => matches!(name, "name" | "stack_size" | "spawn" | "spawn_scoped"),
            Value::Scope(_) => matches!(name, "spawn"),
            Value::Entry(..) => matches!(name, "or_insert" | "or_insert_with" | "or_insert_with_key" | "or_default" | "and_modify"),
            Value::Closure(_) | Value::Function(_) => matches!(name, "clone" | "call_once"),
            Value::Tuple(_) | Value::Data(_) => matches!(name, "clone" | "eq" | "ne" | "into" | "borrow" | "as_ref" | "as_mut" | "to_string" | "is_null"),
            Value::Sym(_) | Value::Int(_) | Value::Bool(_) | Value::Text(_) | Value::Unit => true,
            Value::Ref(_) | Value::Moved => false,
        })
    }

    /// Whether a method is one that every iterator has.
    pub(super) fn is_iterator_method(&self, name: &str) -> bool {
        consume::METHODS.contains(&name) || Adaptor::of(name).is_some()
    }

    /// Calls a method of std.
    pub(super) fn built_in(&mut self, place: &Place, name: &str, args: &mut Vec<Value>, want: &Ty, born: At, types: &[Ty]) -> Result<Value> {
        match self.get(place)? {
            Value::Handle(thread) => {
                let thread = *thread;
                self.handle_method(place, thread, name)
            }
            Value::Maybe(..) => self.maybe_method(place, name, args, want),
            Value::Many(..) => self.many_method(place, name, args, want),
            Value::Iter(_) => self.iter_method(place, name, args, want),
            Value::Weak(of) => {
                let of = *of;
                match (name, of) {
                    ("upgrade", Some(id)) if self.shared[id].strong > 0 => {
                        self.shared[id].strong += 1;
                        Ok(Value::some(Value::Shared(id)))
                    }
                    ("upgrade", _) => Ok(Value::none()),
                    _ => Ok(Value::Weak(of)),
                }
            }
            Value::Cell(..) => self.cell_method(place, name, args),
            Value::Sender(channel) => {
                let channel = *channel;
                self.sender_method(place, channel, name, args)
            }
            Value::Receiver(channel) => {
                let channel = *channel;
                self.receiver_method(place, channel, name)
            }
            Value::Thread(is_named) => {
                let is_named = *is_named;
                Ok(match name {
                    "name" => Value::option(is_named.then(|| self.unknown.fresh())),
                    "unpark" => Value::Unit,
                    "clone" => Value::Thread(is_named),
                    _ => self.unknown.fresh(),
                })
            }
            Value::Builder(is_named) => {
                let is_named = *is_named;
                if !matches!(name, "spawn" | "spawn_scoped") {
                    return Ok(Value::Builder(is_named || name == "name"));
                }
                let scope = match args.first().map(|it| self.seen(it)) {
                    Some(Value::Scope(id)) => Some(id),
                    _ => None,
                };
                let Some(code) = args.pop() else { return unknown("a spawn without a closure") };
                match self.unknown.choose(2) {
                    0 => {
                        let handle = self.spawned(born, code, scope);
                        if let Some(thread) = self.threads.last_mut() {
                            thread.is_named = is_named;
                        }
                        Ok(Value::ok(handle))
                    }
                    _ => {
                        self.discard(code, "dropped with the closure of a thread that could not be started")?;
                        Ok(Value::err(self.unknown.fresh()))
                    }
                }
            }
            Value::Scope(id) => {
                let id = *id;
                let code = one(args)?;
                Ok(self.spawned(born, code, Some(id)))
            }
            Value::Entry(map, key) => {
                let (map, key) = (map.clone(), (**key).clone());
                self.entry_method(&map, key, name, args)
            }
            Value::Sym(_) => self.sym_method(place, name, args, want, types),
            Value::Int(_) | Value::Bool(_) | Value::Text(_) | Value::Unit => self.plain_method(place, name, args),
            _ => match name {
                "eq" | "ne" => {
                    let other = one(args)?;
                    let equal = self.equal(&Value::Ref(place.clone()), &other)?;
                    Ok(Value::Bool(equal == (name == "eq")))
                }
                "clone" => {
                    let value = self.get(place)?.clone();
                    self.copied(&value)
                }
                "into" => self.take_into(place, want),
                "to_string" => Ok(self.unknown.fresh()),
                "is_null" => Ok(Value::Bool(false)),
                _ => Ok(Value::Ref(place.clone())),
            },
        }
    }

    /// `value.into()`, by the `From` of the type that is wanted.
    fn take_into(&mut self, place: &Place, want: &Ty) -> Result<Value> {
        let Value::Data(data) = self.get(place)? else { return self.take(place) };
        let from = data.item;
        let Some(head) = want.head() else { return unknown("`into` of a type that is not known") };
        let own = self.model.methods_of(&head, "from");
        match own {
            [only] => {
                let item = only.item;
                let value = self.take(place)?;
                self.call_function(item, None, vec![value], None)
            }
            [] if self.model.item_of(want) == Some(from) => self.take(place),
            _ => unknown("`into` of several meanings"),
        }
    }

    /// A thread is born.
    pub(super) fn spawned(&mut self, born: At, code: Value, scope: Option<usize>) -> Value {
        self.threads.push(Thread { born, code: Some(code), result: None, scope, is_named: false, has_ended: false, fate: Fate::Held });
        Value::Handle(self.threads.len() - 1)
    }

    fn handle_method(&mut self, place: &Place, thread: usize, name: &str) -> Result<Value> {
        match name {
            "join" => {
                self.take(place)?;
                self.join(thread)
            }
            "is_finished" => {
                let ended = self.threads[thread].has_ended || !self.unknown.is_late(MAX_UNFINISHED);
                if ended {
                    self.threads[thread].has_ended = true;
                    self.run_thread(thread)?;
                }
                Ok(Value::Bool(ended))
            }
            _ => Ok(Value::Thread(self.threads[thread].is_named)),
        }
    }

    fn cell_method(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let Some((kind, inner)) = self.cell_at(place)? else { return unknown("no cell") };
        let guard = Value::Ref(inner.clone());
        Ok(match (kind, name) {
            (Cell::Lock, "lock" | "write" | "read") => Value::ok(guard),
            (Cell::Lock | Cell::RefCell, "try_lock" | "try_write" | "try_read" | "try_borrow_mut" | "try_borrow") => {
                // Somebody else may have it.
                let is_alone = self.threads.iter().all(|it| it.code.is_none());
                match kind == Cell::RefCell || is_alone || !self.unknown.is_late(MAX_LATE) {
                    true => Value::ok(guard),
                    false => Value::err(self.unknown.fresh()),
                }
            }
            (Cell::Lock, "get_mut") => Value::ok(guard),
            (Cell::Lock, "into_inner") => {
                let Value::Cell(_, inner) = self.take_whole(place)? else { return unknown("no cell") };
                Value::ok(*inner)
            }
            (Cell::Lock, "is_poisoned") => Value::Bool(false),
            (Cell::Lock, "clear_poison" | "notify_one" | "notify_all") => Value::Unit,
            // A `thread_local!`.
            (Cell::RefCell | Cell::Plain | Cell::Once, "with") => {
                let code = one(args)?;
                self.call_value(code, vec![Value::Ref(place.clone())])?
            }
            (Cell::RefCell, "with_borrow" | "with_borrow_mut") => {
                let code = one(args)?;
                self.call_value(code, vec![guard])?
            }
            (Cell::Plain, "fetch_update") => {
                let Some(code) = args.pop() else { return unknown("a missing argument") };
                let old = self.get(&inner)?.clone();
                let made = self.call_value(code, vec![old.clone()])?;
                match self.opened(made)? {
                    Some(new) => {
                        *self.get_mut(&inner)? = new;
                        Value::ok(old)
                    }
                    None => Value::err(old),
                }
            }
            (Cell::Plain, "update") => {
                let code = one(args)?;
                let old = self.get(&inner)?.clone();
                let made = self.call_value(code, vec![old])?;
                *self.get_mut(&inner)? = made;
                Value::Unit
            }
            (Cell::RefCell, "borrow" | "borrow_mut") | (Cell::RefCell | Cell::Plain, "get_mut") => guard,
            (Cell::RefCell | Cell::Plain | Cell::Once, "into_inner") => {
                let Value::Cell(_, inner) = self.take_whole(place)? else { return unknown("no cell") };
                *inner
            }
            (Cell::RefCell | Cell::Plain, "take") => {
                let empty = self.emptied(&inner)?;
                std::mem::replace(self.get_mut(&inner)?, empty)
            }
            (Cell::RefCell | Cell::Plain, "replace") | (Cell::Plain, "swap") => {
                let value = one(args)?;
                std::mem::replace(self.get_mut(&inner)?, value)
            }
            (Cell::Plain, "set" | "store") => {
                let value = one(args)?;
                self.put(&inner, value)?;
                Value::Unit
            }
            (Cell::Plain, "get" | "load") => self.take(&inner)?,
            (Cell::Plain, "fetch_add" | "fetch_sub" | "fetch_or" | "fetch_and" | "fetch_max" | "fetch_min") => {
                let by = one(args)?;
                let op = match name {
                    "fetch_add" => "add",
                    "fetch_sub" => "sub",
                    "fetch_or" => "bitor",
                    "fetch_and" => "bitand",
                    other => other,
                };
                let old = self.get(&inner)?.clone();
                *self.get_mut(&inner)? = self.arithmetic(op, &old, &by);
                old
            }
            (Cell::Plain, "compare_exchange" | "compare_exchange_weak") => {
                let (expected, new) = (one(args)?, one(args)?);
                let old = self.get(&inner)?.clone();
                match self.equal(&old, &expected)? {
                    true => {
                        *self.get_mut(&inner)? = new;
                        Value::ok(old)
                    }
                    false => Value::err(old),
                }
            }
            (Cell::Once, _) => return self.once_method(place, &inner, name, args),
            (_, "clone") => {
                let value = self.get(place)?.clone();
                self.copied(&value)?
            }
            _ => return unknown(&format!("`{name}` of a cell")),
        })
    }

    fn once_method(&mut self, place: &Place, inner: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let has = matches!(self.get(inner)?, Value::Maybe(Maybe::Some, _));
        let content = inner.then(Step::Inner);
        Ok(match name {
            "get" | "get_mut" => Value::option(has.then_some(Value::Ref(content))),
            "set" => {
                let value = one(args)?;
                match has {
                    true => Value::err(value),
                    false => {
                        *self.get_mut(inner)? = Value::some(value);
                        Value::ok(Value::Unit)
                    }
                }
            }
            "get_or_init" => {
                let code = one(args)?;
                if !has {
                    let made = self.call_value(code, Vec::new())?;
                    *self.get_mut(inner)? = Value::some(made);
                }
                Value::Ref(content)
            }
            "take" => std::mem::replace(self.get_mut(inner)?, Value::none()),
            _ => return unknown(&format!("`{name}` of a cell at {}", place.slot)),
        })
    }

    /// Takes a value even if all in it could be copied.
    fn take_whole(&mut self, place: &Place) -> Result<Value> {
        match self.get(place)? {
            Value::Moved => unknown("a value that was moved"),
            _ => Ok(std::mem::replace(self.get_mut(place)?, Value::Moved)),
        }
    }

    /// What `take` leaves behind.
    pub(super) fn emptied(&mut self, place: &Place) -> Result<Value> {
        Ok(match self.get(place)? {
            Value::Maybe(Maybe::Some | Maybe::None, _) => Value::none(),
            Value::Many(kind, _) => Value::Many(*kind, Vec::new()),
            Value::Int(_) => Value::Int(0),
            Value::Bool(_) => Value::Bool(false),
            Value::Text(_) => Value::Text(0),
            Value::Sym(_) => self.unknown.fresh(),
            Value::Unit => Value::Unit,
            Value::Data(data) => {
                let item = data.item;
                return self.default_of_item(item);
            }
            _ => return unknown("what `take` leaves behind"),
        })
    }

    fn sender_method(&mut self, place: &Place, channel: usize, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        if name == "clone" {
            let value = self.get(place)?.clone();
            return self.copied(&value);
        }
        let value = one(args)?;
        let own = &mut self.channels[channel];
        if !own.is_open {
            return Ok(Value::err(Value::Tuple(vec![value])));
        }
        let is_full = own.bound.is_some_and(|bound| own.queue.len() >= bound.max(1));
        if name == "try_send" && (own.bound.is_some_and(|bound| bound == 0) || is_full) {
            // Whether there is room depends on how far the other side has got.
            if self.unknown.choose(2) == 1 {
                return Ok(Value::err(Value::Tuple(vec![value])));
            }
        }
        self.channels[channel].queue.push(value);
        Ok(Value::ok(Value::Unit))
    }

    /// What comes out of a channel: what threads that were not run yet may send comes before the end. `now` is for what
    /// does not wait; then the variant of std's error says why nothing comes.
    pub(super) fn received(&mut self, channel: usize, now: bool) -> Result<std::result::Result<Value, &'static str>> {
        // A thread may get there before anything was sent.
        if now && !self.running.is_empty() && self.unknown.is_late(MAX_LATE) {
            return Ok(Err("Empty"));
        }
        loop {
            self.step()?;
            if !self.channels[channel].queue.is_empty() {
                return Ok(Ok(self.channels[channel].queue.remove(0)));
            }
            if self.channels[channel].senders == 0 {
                return Ok(Err("Disconnected"));
            }
            if now && (self.threads.iter().all(|it| it.code.is_none()) || self.unknown.is_late(MAX_LATE)) {
                return Ok(Err("Empty"));
            }
            if !self.run_waiting()? {
                return unknown("a receipt that waits for what is not run");
            }
        }
    }

    fn receiver_method(&mut self, place: &Place, channel: usize, name: &str) -> Result<Value> {
        Ok(match name {
            "recv" | "try_recv" | "recv_timeout" => {
                let is_late = name == "recv_timeout"
                    && self.channels[channel].queue.is_empty()
                    && self.unknown.is_late(MAX_LATE);
                let received = match is_late {
                    true => Err("Timeout"),
                    false => self.received(channel, name == "try_recv")?,
                };
                match received {
                    Ok(value) => Value::ok(value),
                    Err(why) => Value::err(self.unknown.of_variant(why)),
                }
            }
            "iter" => Value::Iter(Box::new(Iter::Channel(channel, false))),
            "try_iter" => Value::Iter(Box::new(Iter::Channel(channel, true))),
            _ => {
                let value = self.take(place)?;
                self.iterated(value)?
            }
        })
    }

    /// A method of something of which nothing is known.
    fn sym_method(&mut self, place: &Place, name: &str, args: &mut Vec<Value>, want: &Ty, types: &[Ty]) -> Result<Value> {
        let Value::Sym(id) = self.get(place)? else { return unknown("nothing unknown") };
        let id = *id;
        let runs = args.iter().any(|it| matches!(self.seen(it), Value::Closure(_) | Value::Function(_)));
        let owns = args.iter().any(|it| self.owns(&self.seen(it)));
        if TELLS_MAYBE.contains(&name) && (runs || owns || name.starts_with("is_") || args.is_empty()) && maybe::METHODS.contains(&name) {
            let want = if name == "unwrap_or_default" && *want == Ty::Unknown { Ty::external("std::string::String", Vec::new()) } else { want.clone() };
            let copy = self.temp(Value::Sym(id));
            return self.maybe_method(&copy, name, args, &want);
        }
        let is_iter = TELLS_ITER.contains(&name) || Adaptor::of(name).is_some_and(|it| !matches!(it, Adaptor::Map | Adaptor::Filter | Adaptor::Inspect)) || matches!(name, "lines" | "split_whitespace" | "args" | "split" | "into_iter" | "iter" | "chars" | "bytes");
        if is_iter && (runs || owns || Adaptor::of(name).is_some() || matches!(name, "collect")) {
            let iter = Value::Iter(Box::new(Iter::Unknown(id, 0)));
            let own = self.temp(iter);
            return self.iter_method(&own, name, args, want);
        }
        // Of one value or of many.
        if runs && matches!(name, "map" | "filter" | "inspect") {
            if self.unknown.iterates(id) {
                let own = self.temp(Value::Iter(Box::new(Iter::Unknown(id, 0))));
                return self.iter_method(&own, name, args, want);
            }
            let copy = self.temp(Value::Sym(id));
            return self.maybe_method(&copy, name, args, want);
        }
        if runs || owns {
            if matches!(name, "then") {
                return self.then(place, name, args);
            }
            return unknown(&format!("`{name}` of something unknown"));
        }
        if matches!(name, "then_some") {
            return self.then(place, name, args);
        }
        let _ = types;
        if name == "next" || name == "nth" || name == "pop" || name == "read_line" || name.starts_with("write") {
            self.note_written(args)?;
            return Ok(self.unknown.fresh());
        }
        self.note_written(args)?;
        let args = std::mem::take(args);
        self.of_unknown(place, name, &args)
    }

    /// What something unknown may have written through references that it was given.
    pub(super) fn note_written(&mut self, args: &[Value]) -> Result<()> {
        for arg in args {
            let Value::Ref(place) = arg else { continue };
            let place = self.resolved(place)?;
            if matches!(self.get(&place)?, Value::Sym(_) | Value::Text(_)) {
                let fresh = self.unknown.fresh();
                *self.get_mut(&place)? = fresh;
            }
        }
        Ok(())
    }

    /// `c.then(..)` and `c.then_some(..)`
    fn then(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let given = one(args)?;
        let holds = self.truth(&Value::Ref(place.clone()))?;
        match (holds, name) {
            (true, "then") => Ok(Value::some(self.call_value(given, Vec::new())?)),
            (true, _) => Ok(Value::some(given)),
            (false, _) => {
                self.discard(given, "dropped as it is not needed")?;
                Ok(Value::none())
            }
        }
    }

    /// Methods of numbers, texts and `bool`s.
    fn plain_method(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let value = self.get(place)?.clone();
        if matches!(name, "then" | "then_some") {
            return self.then(place, name, args);
        }
        if args.is_empty() && matches!(name, "clone" | "to_string" | "to_owned" | "into" | "as_str" | "as_ref" | "borrow" | "as_bytes" | "copied" | "cloned" | "trim" | "as_mut" | "get" | "into_boxed_str") {
            return Ok(value);
        }
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        if shown.iter().any(|it| matches!(it, Value::Closure(_) | Value::Function(_))) {
            return unknown(&format!("`{name}` of a plain value"));
        }
        let op = match name {
            "saturating_sub" | "wrapping_sub" | "sub" => "sub",
            "saturating_add" | "wrapping_add" | "add" => "add",
            "saturating_mul" | "wrapping_mul" | "mul" => "mul",
            "pow" | "min" | "max" => name,
            "eq" | "ne" => {
                let equal = self.equal(&value, &shown[0])?;
                return Ok(Value::Bool(equal == (name == "eq")));
            }
            _ => "",
        };
        if let (Value::Int(own), Some(Value::Int(other))) = (&value, shown.first()) {
            let made = match op {
                "sub" => {
                    let made = own.saturating_sub(*other);
                    Some(if name == "saturating_sub" { made.max(0) } else { made })
                }
                "add" => own.checked_add(*other),
                "mul" => own.checked_mul(*other),
                "pow" => u32::try_from(*other).ok().and_then(|by| own.checked_pow(by)),
                "min" => Some(*own.min(other)),
                "max" => Some(*own.max(other)),
                _ => None,
            };
            if let Some(made) = made {
                return Ok(Value::Int(made));
            }
        }
        if let (Value::Text(_), "push_str" | "push" | "clear" | "truncate" | "write_str") = (&value, name) {
            let fresh = self.unknown.fresh();
            *self.get_mut(place)? = fresh;
            return Ok(Value::Unit);
        }
        let keys: Vec<String> = shown.iter().map(super::unknown::key).collect();
        let key = format!("{}.{name}({})", super::unknown::key(&value), keys.join(","));
        Ok(self.unknown.derived(key, shown.first()))
    }

    /// `Arc::try_unwrap` and `Arc::into_inner`: whether threads that were not run have ended by then is open.
    pub(super) fn unwrapped(&mut self, value: Value, is_try: bool) -> Result<Value> {
        let Value::Shared(id) = self.behind(value)? else { return unknown("no shared owner") };
        while self.shared[id].strong > 1 && self.threads.iter().any(|it| it.code.is_some()) {
            if self.unknown.choose(2) == 1 || !self.run_waiting()? {
                break;
            }
        }
        if self.shared[id].strong > 1 {
            return match is_try {
                true => Ok(Value::err(Value::Shared(id))),
                false => {
                    self.shared[id].strong -= 1;
                    Ok(Value::none())
                }
            };
        }
        self.shared[id].strong = 0;
        let slot = self.shared[id].slot;
        let value = std::mem::replace(&mut self.slots[slot], Value::Moved);
        Ok(if is_try { Value::ok(value) } else { Value::some(value) })
    }

    /// A value, or a copy of what a reference refers to if that is no more than a reference itself.
    pub(super) fn behind(&self, value: Value) -> Result<Value> {
        match value {
            Value::Ref(place) => Ok(self.get(&self.resolved(&place)?)?.clone()),
            other => Ok(other),
        }
    }

    /// A scope: what was spawned in it ends with it.
    pub(super) fn scope(&mut self, code: Value) -> Result<Value> {
        let id = self.scopes;
        self.scopes += 1;
        let scope = self.temp(Value::Scope(id));
        let result = self.call_value(code, vec![Value::Ref(scope)]);
        if !matches!(result, Ok(_) | Err(Stop::Return(_))) {
            return result;
        }
        loop {
            let waits = self.threads.iter().position(|it| it.scope == Some(id) && it.code.is_some());
            let Some(thread) = waits else { return result };
            self.run_thread(thread)?;
        }
    }

    /// A number of elements, as far as it is known.
    pub(super) fn kind_of(name: &str) -> Kind {
        match name {
            it if it.ends_with("Map") => Kind::Map,
            it if it.ends_with("Set") => Kind::Set,
            _ => Kind::List,
        }
    }
}
