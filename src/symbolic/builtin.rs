//! Methods of std's types: which are followed, and those of handles, cells, shared owners and channels.

use super::At;
use super::adaptor::Adaptor;
use super::iterate::Iter;
use super::machine::{Fate, Result, Run, Stop, Thread, unknown};
use super::many::one;
use super::text::text;
use super::turn::Wait;
use super::value::{Called, Cell, Kind, Place, Step, SymId, Value};
use super::{consume, many, maybe};
use crate::facts::tree::Name;
use crate::model::Ty;

/// How often threads have not ended yet in one run.
const MAX_UNFINISHED: usize = 6;
/// How often something else has not happened yet.
pub(super) const MAX_LATE: usize = 2;

/// Methods of something unknown that tell of an `Option` or `Result`.
const TELLS_MAYBE: &[&str] = &[
    "map_or",
    "map_or_else",
    "unwrap_or",
    "unwrap_or_else",
    "unwrap_or_default",
    "ok_or",
    "ok_or_else",
    "and_then",
    "map_err",
    "ok",
    "err",
    "or_else",
    "is_some_and",
    "is_none_or",
    "is_ok_and",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
];

/// Methods of something unknown that tell of an iterator.
const TELLS_ITER: &[&str] = &[
    "for_each",
    "collect",
    "any",
    "all",
    "filter_map",
    "flat_map",
    "enumerate",
    "fold",
    "zip",
    "take_while",
    "chain",
    "find",
    "max_by_key",
    "min_by_key",
    "max_by",
    "min_by",
    "reduce",
    "partition",
    "position",
    "map_while",
    "skip_while",
];

/// Adaptors whose names `Option` has as well.
const OF_ONE: &[Adaptor] = &[Adaptor::Map, Adaptor::Filter, Adaptor::Inspect, Adaptor::Cloned];

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
            Value::Cell(Cell::Made("PoisonError"), _) => {
                matches!(name, "into_inner" | "get_ref" | "get_mut" | "to_string")
            }
            Value::Cell(Cell::Made(_), _) => {
                matches!(name, "clone" | "cmp" | "partial_cmp" | "to_string")
            }
            Value::Cell(..) => true,
            Value::Sender(_) => matches!(name, "send" | "try_send" | "clone"),
            Value::Receiver(_) => matches!(
                name,
                "recv" | "try_recv" | "recv_timeout" | "iter" | "try_iter" | "into_iter"
            ),
            Value::Thread(..) => matches!(name, "name" | "id" | "unpark" | "clone"),
            Value::Builder(_) => matches!(name, "name" | "stack_size" | "spawn" | "spawn_scoped"),
            Value::Scope(_) => matches!(name, "spawn"),
            Value::Entry(..) => matches!(
                name,
                "or_insert"
                    | "or_insert_with"
                    | "or_insert_with_key"
                    | "or_default"
                    | "and_modify"
                    | "key"
                    | "get"
                    | "get_mut"
                    | "into_mut"
                    | "insert"
                    | "insert_entry"
                    | "remove"
                    | "remove_entry"
            ),
            Value::Closure(_) | Value::Function(_) | Value::Late(_) => {
                matches!(name, "clone" | "call_once")
            }
            Value::Data(_) if matches!(name, "max" | "min") => !self.is_iterator(place)?,
            Value::Tuple(_) if matches!(name, "max" | "min") => true,
            Value::Tuple(_) | Value::Data(_) => matches!(
                name,
                "clone"
                    | "eq"
                    | "ne"
                    | "into"
                    | "borrow"
                    | "as_ref"
                    | "as_mut"
                    | "to_string"
                    | "is_null"
                    | "cmp"
                    | "partial_cmp"
            ),
            Value::Sym(_)
            | Value::Int(..)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Literal(_)
            | Value::Unit => true,
            Value::Ref(_) | Value::Moved => false,
        })
    }

    /// Whether a method is one that every iterator has.
    pub(super) fn is_iterator_method(&self, name: &str) -> bool {
        consume::METHODS.contains(&name) || Adaptor::of(name).is_some()
    }

    /// Calls a method of std.
    pub(super) fn built_in(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
        born: At,
    ) -> Result<Value> {
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
                Ok(self.weak_method(of, name))
            }
            Value::Cell(Cell::Made(made), _) => {
                let made = *made;
                self.made_method(place, made, name, args)
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
            Value::Thread(number, called) => {
                let (number, called) = (*number, called.clone());
                Ok(self.thread_method(number, called, name))
            }
            Value::Builder(called) => {
                let called = called.clone();
                self.builder_method(called, name, args, born)
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
            Value::Sym(_) => self.sym_method(place, name, args, want),
            Value::Float(own) => {
                let own = *own;
                match self.float_method(own, name, args) {
                    Some(made) => Ok(made),
                    None => self.plain_method(place, name, args, want),
                }
            }
            Value::Int(..) | Value::Bool(_) | Value::Text(_) | Value::Literal(_) | Value::Unit => {
                self.plain_method(place, name, args, want)
            }
            _ => match name {
                "eq" | "ne" => {
                    let other = one(args)?;
                    let equal = self.equal(&Value::Ref(place.clone()), &other)?;
                    Ok(Value::Bool(equal == (name == "eq")))
                }
                "clone" | "cmp" | "partial_cmp" | "max" | "min" => {
                    self.compared_method(place, name, args)
                }
                "into" => self.take_into(place, want),
                "to_string" => {
                    let said = self.said_by(place, "Display")?;
                    Ok(said.map_or_else(|| self.unknown.fresh(), text))
                }
                "is_null" => Ok(Value::Bool(false)),
                _ => Ok(Value::Ref(place.clone())),
            },
        }
    }

    /// A method of a struct of std around one value.
    fn made_method(
        &mut self,
        place: &Place,
        made: &str,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        match (made, name) {
            (_, "to_string") => Ok(self.unknown.fresh()),
            ("PoisonError", "into_inner") => self.take(&place.then(Step::Inner)),
            ("PoisonError", _) => Ok(Value::Ref(place.then(Step::Inner))),
            _ => self.compared_method(place, name, args),
        }
    }

    fn weak_method(&mut self, of: Option<usize>, name: &str) -> Value {
        match (name, of) {
            ("upgrade", Some(id)) if self.shared[id].strong > 0 => {
                self.shared[id].strong += 1;
                Value::some(Value::Shared(id))
            }
            ("upgrade", _) => Value::none(),
            _ => Value::Weak(of),
        }
    }

    fn thread_method(&mut self, number: usize, called: Called, name: &str) -> Value {
        match name {
            "name" => Value::option(called.map(|it| match it {
                Some(name) => Value::Text(name),
                None => self.unknown.fresh(),
            })),
            "unpark" => Value::Unit,
            "clone" => Value::Thread(number, called),
            "id" => text(format!("ThreadId({number})")),
            _ => self.unknown.fresh(),
        }
    }

    /// A copy, or how a value compares with another one.
    fn compared_method(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        if name == "clone" {
            let value = self.get(place)?.clone();
            return self.copied(&value);
        }
        let other = one(args)?;
        match self.order(&Value::Ref(place.clone()), &other)? {
            Some(order) if matches!(name, "max" | "min") => {
                let own = self.take(place)?;
                let is_own = order.is_gt() == (name == "max");
                let (kept, left) = if is_own { (own, other) } else { (other, own) };
                self.discard(left, "dropped as another one is kept")?;
                Ok(kept)
            }
            Some(order) => {
                let order = self.ordering(order);
                Ok(if name == "cmp" { order } else { Value::some(order) })
            }
            None => unknown("an order that is not known"),
        }
    }

    /// A step of a `thread::Builder`, whose `spawn` may fail.
    fn builder_method(
        &mut self,
        called: Called,
        name: &str,
        args: &mut Vec<Value>,
        born: At,
    ) -> Result<Value> {
        if !matches!(name, "spawn" | "spawn_scoped") {
            let given = args.first().filter(|_| name == "name").map(|it| self.seen(it));
            return Ok(Value::Builder(match given {
                Some(Value::Text(name)) => Some(Some(name)),
                Some(_) => Some(None),
                None => called,
            }));
        }
        let scope = match args.first().map(|it| self.seen(it)) {
            Some(Value::Scope(id)) => Some(id),
            _ => None,
        };
        let Some(code) = args.pop() else { return unknown("a spawn without a closure") };
        self.unknown.apart += 1;
        match self.unknown.choose(2) {
            0 => {
                let handle = self.spawned(born, code, scope);
                if let Some(thread) = self.threads.last_mut() {
                    thread.name = called;
                }
                Ok(Value::ok(self.begun(handle)?))
            }
            _ => {
                self.discard(
                    code,
                    "dropped with the closure of a thread that could not be started",
                )?;
                Ok(Value::err(self.unknown.fresh()))
            }
        }
    }

    /// `value.into()`, by the `From` of the type that is wanted.
    pub(super) fn take_into(&mut self, place: &Place, want: &Ty) -> Result<Value> {
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
        let gives = self.result_of(&code);
        self.threads.push(Thread {
            gives,
            born,
            code: Some(code),
            result: None,
            scope,
            name: None,
            has_ended: false,
            is_over: false,
            fate: Fate::Held,
        });
        Value::Handle(self.threads.len() - 1)
    }

    pub(super) fn handle_method(
        &mut self,
        place: &Place,
        thread: usize,
        name: &str,
    ) -> Result<Value> {
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
            _ => Ok(Value::Thread(thread + 1, self.threads[thread].name.clone())),
        }
    }

    /// A method of something of which nothing is known.
    pub(super) fn sym_method(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        let Value::Sym(id) = self.get(place)? else { return unknown("nothing unknown") };
        let id = *id;
        if let Some(made) = self.decided_sym(place, id, name, args, want)? {
            return Ok(made);
        }
        if let ("count", true, Some(len)) = (name, args.is_empty(), self.unknown.known_len(id)) {
            return Ok(Value::int(len));
        }
        if name.starts_with("wait") && matches!(args.first(), Some(Value::Ref(_))) {
            return self.waited(name, args);
        }
        let runs = args.iter().any(|it| {
            matches!(self.seen(it), Value::Closure(_) | Value::Function(_) | Value::Late(_))
        });
        let owns = args.iter().any(|it| self.owns(&self.seen(it)));
        if TELLS_MAYBE.contains(&name)
            && (runs || owns || name.starts_with("is_") || args.is_empty())
            && maybe::METHODS.contains(&name)
        {
            let want = if name == "unwrap_or_default" && *want == Ty::Unknown {
                Ty::external("std::string::String", Vec::new())
            } else {
                want.clone()
            };
            let copy = self.temp(Value::Sym(id));
            return self.maybe_method(&copy, name, args, &want);
        }
        let is_iter = TELLS_ITER.contains(&name)
            || Adaptor::of(name).is_some_and(|it| !OF_ONE.contains(&it))
            || matches!(
                name,
                "lines"
                    | "split_whitespace"
                    | "args"
                    | "split"
                    | "into_iter"
                    | "iter"
                    | "chars"
                    | "bytes"
            );
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
        if matches!(name, "next" | "nth" | "pop" | "read_line") || name.starts_with("write") {
            self.note_written(args)?;
            return Ok(self.unknown.fresh());
        }
        self.note_written(args)?;
        let args = std::mem::take(args);
        self.of_unknown(place, name, &args)
    }

    /// Methods of something unknown that are decided because of where they are called.
    fn decided_sym(
        &mut self,
        place: &Place,
        id: SymId,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Option<Value>> {
        if let ("cmp" | "partial_cmp" | "total_cmp", true, [other]) =
            (name, self.decides, args.as_slice())
        {
            let (own, other) = (Value::Ref(place.clone()), other.clone());
            if let Some(order) = self.order(&own, &other)? {
                let order = self.ordering(order);
                return Ok(Some(if name == "partial_cmp" { Value::some(order) } else { order }));
            }
        }
        // Where somebody notices the panic, there may be nothing in it.
        let may_panic = self.catches > 0 && self.unknown.good(id).is_some();
        if may_panic && matches!(name, "unwrap" | "expect") {
            let copy = self.temp(Value::Sym(id));
            return self.maybe_method(&copy, name, args, want).map(Some);
        }
        self.sym_order(id, name, args)
    }

    /// A method of what may be an order.
    fn sym_order(&mut self, id: SymId, name: &str, args: &mut Vec<Value>) -> Result<Option<Value>> {
        if matches!(name, "then" | "then_with")
            && let [given] = args.as_slice()
            && (name == "then_with" || matches!(self.seen(given), Value::Sym(_)))
            && self.unknown.variant(id).is_none()
        {
            // Which of two comes first, and by something else where they are equal.
            let is = ["Equal", "Less"]
                .into_iter()
                .find(|it| self.unknown.is_variant(id, &Name::from(*it)));
            self.unknown.has_variant(id, is.unwrap_or("Greater"));
        }
        match self.told_order(&Value::Sym(id)) {
            Some(order) => self.order_method(order, name, args),
            None => Ok(None),
        }
    }

    /// A `Condvar` gives back the guard once somebody has done something.
    fn waited(&mut self, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let guard = one(args)?;
        if name.ends_with("while") {
            let Some(code) = args.pop() else { return unknown("a missing argument") };
            let slot = self.slot(code);
            loop {
                self.step()?;
                let inside = match &guard {
                    Value::Ref(place) => Value::Ref(place.bare()),
                    other => other.clone(),
                };
                let answer = self.call_value(Value::Ref(Place::slot(slot)), vec![inside])?;
                if !self.truth(&answer)? {
                    break;
                }
                if !self.run_waiting(Wait::Turn)? {
                    return unknown("a wait for what is not run");
                }
            }
        } else if !self.run_waiting(Wait::Turn)? {
            return unknown("a wait for what is not run");
        }
        Ok(match name.contains("timeout") {
            true => Value::ok(Value::Tuple(vec![guard, self.unknown.fresh()])),
            false => Value::ok(guard),
        })
    }

    /// What something unknown may have written through references that it was given.
    pub(super) fn note_written(&mut self, args: &[Value]) -> Result<()> {
        for arg in args {
            let Value::Ref(place) = arg else { continue };
            let place = self.resolved(place)?;
            if matches!(self.get(&place)?, Value::Sym(_) | Value::Text(_) | Value::Literal(_)) {
                let fresh = self.unknown.fresh();
                *self.get_mut(&place)? = fresh;
            }
        }
        Ok(())
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
            let takes_turns = self.turns.is_some();
            let is_open = |it: &Thread| it.code.is_some() || (takes_turns && !it.is_over);
            let waits = self.threads.iter().position(|it| it.scope == Some(id) && is_open(it));
            let Some(thread) = waits else { return result };
            self.run_thread(thread)?;
        }
    }

    /// A number of elements, as far as it is known.
    pub(super) fn kind_of(name: &str) -> Kind {
        match name {
            it if it.ends_with("Map") => Kind::Map(it.starts_with("BTree")),
            it if it.ends_with("Set") => Kind::Set(it.starts_with("BTree")),
            "BinaryHeap" => Kind::Heap,
            "VecDeque" | "LinkedList" => Kind::Queue,
            _ => Kind::List,
        }
    }
}
