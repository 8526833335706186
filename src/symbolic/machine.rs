//! One run of a program: what it has made so far, what is dropped, and what becomes of its threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::At;
use super::expansion::Expansions;
use super::turn::{Turns, Wait};
use super::unknown::Unknowns;
use super::value::{Called, Cell, Context, Kind, Maybe, Place, Slot, Step, Value, head_of};
use crate::facts::tree::{Body, Name, Path};
use crate::model::{Def, ItemRef, Model, ModuleId, Namespace, Ty};
use crate::text::TextRange;

/// Steps of one run.
const MAX_STEPS: usize = 15_000;
/// Threads of which each is tried to be the first.
const MAX_FIRST: usize = 2;
/// Sleeps of a run in which threads do not take turns.
const MAX_SLEEPS: usize = 100;
/// Steps of code that only computes.
const MAX_PURE: usize = 3_000;
/// Calls inside each other.
const MAX_FRAMES: usize = 40;

/// Why a run does not go on to the next expression.
#[derive(Debug)]
pub(super) enum Stop {
    /// `return`, and `?` of an error.
    Return(Value),
    /// `break`.
    Break(Option<Name>, Value),
    /// `continue`.
    Continue(Option<Name>),
    /// The process ends: what was lost before is lost.
    Exit,
    /// A panic.
    Panic,
    /// A way that cannot be, or one that is not tried; a panic that only may be.
    Ended,
    /// Something that is not followed.
    Unknown(String),
}

/// What comes of a step.
pub(super) type Result<T> = std::result::Result<T, Stop>;

/// What was found out of the code in one run, which the next one need not.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    /// What paths mean, by the module and the place in which they are written.
    paths: FxHashMap<(ModuleId, TextRange, Namespace), Vec<Def>>,
    /// What macros write.
    pub(super) written: Expansions,
}

/// What traits of the project have.
#[derive(Debug, Default)]
pub(super) struct Provides {
    /// Traits by the names of their functions.
    pub(super) functions: BTreeMap<Name, Vec<ItemRef>>,
    /// Constants that they provide, by their names.
    pub(super) constants: BTreeMap<Name, BTreeSet<ItemRef>>,
}

/// What has become of a handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Somebody has it.
    Held,
    /// It was joined.
    Joined(At),
    /// It was dropped.
    Lost(At, &'static str),
}

/// A thread.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) born: At,
    pub(super) code: Option<Value>,
    pub(super) result: Option<Value>,
    pub(super) scope: Option<usize>,
    pub(super) name: Called,
    /// The type of its result, as far as that is known.
    pub(super) gives: Ty,
    /// Whether it is known to have ended: what it has done so far is no sign of that.
    pub(super) has_ended: bool,
    /// Whether it has come to its end.
    pub(super) is_over: bool,
    pub(super) fate: Fate,
}

/// What a shared owner keeps.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) slot: Slot,
    pub(super) strong: usize,
}

/// A channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) queue: Vec<Value>,
    pub(super) senders: usize,
    pub(super) is_open: bool,
    pub(super) bound: Option<usize>,
}

impl Channel {
    /// Whether a sender need not wait.
    pub(super) fn has_room(&self) -> bool {
        !self.is_open || self.bound.is_none_or(|bound| self.queue.len() < bound.max(1))
    }
}

/// A function or closure that is being run.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) body: Arc<Body>,
    pub(super) context: Arc<Context>,
    pub(super) outer: Vec<(Name, Slot)>,
    pub(super) scopes: Vec<Vec<(Name, Slot)>>,
    pub(super) temps: Vec<Slot>,
}

/// One run.
#[derive(Debug)]
pub(super) struct Run<'m> {
    pub(super) model: &'m Model<'m>,
    /// Traits of the project by the functions that they have.
    pub(super) provides: &'m Provides,
    pub(super) unknown: Unknowns,
    pub(super) slots: Vec<Value>,
    pub(super) shared: Vec<Shared>,
    pub(super) threads: Vec<Thread>,
    pub(super) channels: Vec<Channel>,
    /// What is locked, as often as somebody has it, and the thread that has locked it.
    pub(super) locked: Vec<(Place, Option<usize>)>,
    /// Whether what is dropped is so by a panic.
    pub(super) unwinds: bool,
    /// How much code runs whose panics are noticed.
    pub(super) catches: usize,
    /// Whether an order that is not known is decided.
    pub(super) decides: bool,
    /// What is in locks that a thread had as it panicked.
    pub(super) poisoned: Vec<Place>,
    /// Statics, and those that each thread has its own of, by its number.
    pub(super) statics: BTreeMap<(ItemRef, Option<usize>), Slot>,
    pub(super) frames: Vec<Frame>,
    pub(super) scopes: usize,
    pub(super) steps: usize,
    /// Threads that are being run inside each other.
    pub(super) running: Vec<usize>,
    pub(super) at: At,
    /// Whether threads run as soon as they are born, and not when somebody waits for them.
    pub(super) is_eager: bool,
    /// Calls of macros inside each other.
    pub(super) nested: usize,
    /// The step up to which code is run that only computes.
    pure_until: usize,
    /// Loops that only compute, and take long.
    pub(super) computing: BTreeSet<At>,
    /// What paths were found to mean.
    pub(super) meanings: Meanings,
    /// Threads that take turns, if they do.
    pub(super) turns: Option<Box<Turns<'m>>>,
    /// Whether what was computed last panics.
    pub(super) panics: bool,
    /// How often threads have slept.
    sleeps: usize,
    /// Whether a thread waits for what only another one in the middle of something could do.
    pub(super) is_stuck: bool,
    /// Whether what was not read will not be.
    pub(super) is_last: bool,
    /// Functions whose bodies nobody has read.
    pub(super) unread: BTreeSet<ItemRef>,
}

/// A run goes where it is not followed.
pub(super) fn unknown<T>(what: &str) -> Result<T> {
    Err(Stop::Unknown(what.to_owned()))
}

impl<'m> Run<'m> {
    pub(super) fn new(
        model: &'m Model<'m>,
        provides: &'m Provides,
        choices: Vec<(usize, usize)>,
        at: At,
        most: usize,
    ) -> Self {
        Self {
            model,
            provides,
            unknown: Unknowns::new(choices, most),
            slots: Vec::new(),
            shared: Vec::new(),
            threads: Vec::new(),
            channels: Vec::new(),
            locked: Vec::new(),
            unwinds: false,
            catches: 0,
            decides: false,
            poisoned: Vec::new(),
            statics: BTreeMap::new(),
            frames: Vec::new(),
            scopes: 0,
            steps: 0,
            running: Vec::new(),
            at,
            is_eager: false,
            nested: 0,
            pure_until: usize::MAX,
            computing: BTreeSet::new(),
            meanings: Meanings::default(),
            turns: None,
            panics: false,
            sleeps: 0,
            is_stuck: false,
            is_last: false,
            unread: BTreeSet::new(),
        }
    }

    /// What a path means where it is written.
    pub(super) fn meanings_of(
        &mut self,
        module: ModuleId,
        path: &Path,
        namespace: Namespace,
    ) -> Vec<Def> {
        let at = (module, path.range, namespace);
        if let Some(known) = self.meanings.paths.get(&at) {
            return known.clone();
        }
        let names: Vec<Name> = path.segments.iter().map(|it| it.name.clone()).collect();
        let found = self.model.resolve(module, path.global, &names, namespace);
        self.meanings.paths.insert(at, found.clone());
        found
    }

    pub(super) fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps > self.pure_until || self.unknown.pure == Some(true) {
            return unknown("more than is computed");
        }
        if std::mem::take(&mut self.panics) {
            return Err(Stop::Panic);
        }
        if self.steps > MAX_STEPS || self.frames.len() > MAX_FRAMES {
            return unknown("it runs too long");
        }
        Ok(())
    }

    pub(super) fn slot(&mut self, value: Value) -> Slot {
        self.slots.push(value);
        self.slots.len() - 1
    }

    /// A slot that is dropped at the end of the statement.
    pub(super) fn temp(&mut self, value: Value) -> Place {
        let slot = self.slot(value);
        if let Some(frame) = self.frames.last_mut() {
            frame.temps.push(slot);
        }
        Place::slot(slot)
    }

    pub(super) fn get(&self, place: &Place) -> Result<&Value> {
        let mut value = &self.slots[place.slot];
        for step in &place.path {
            match value.part(step) {
                Some(part) => value = part,
                None => return unknown("a part that is not there"),
            }
        }
        Ok(value)
    }

    pub(super) fn get_mut(&mut self, place: &Place) -> Result<&mut Value> {
        let mut value = &mut self.slots[place.slot];
        for step in &place.path {
            match value.part_mut(step) {
                Some(part) => value = part,
                None => return unknown("a part that is not there"),
            }
        }
        Ok(value)
    }

    /// Takes what is at a place: what owns something is moved, the rest copied.
    pub(super) fn take(&mut self, place: &Place) -> Result<Value> {
        let value = self.get(place)?;
        if matches!(value, Value::Moved) {
            return unknown("a value that was moved");
        }
        if self.owns(value) {
            return Ok(std::mem::replace(self.get_mut(place)?, Value::Moved));
        }
        Ok(value.clone())
    }

    /// Puts a value into a place and drops what was there.
    pub(super) fn put(&mut self, place: &Place, value: Value) -> Result<()> {
        let old = std::mem::replace(self.get_mut(place)?, value);
        self.discard(old, "overwritten by another value")
    }

    pub(super) fn declare(&mut self, name: Name, slot: Slot) {
        if let Some(scope) = self.frames.last_mut().and_then(|frame| frame.scopes.last_mut()) {
            scope.push((name, slot));
        }
    }

    /// The slot of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<Slot> {
        let frame = self.frames.last()?;
        let own = frame.scopes.iter().rev().flat_map(|scope| scope.iter().rev());
        own.chain(frame.outer.iter().rev()).find(|(own, _)| &**own == name).map(|(_, slot)| *slot)
    }

    /// A copy of a value as `clone` makes it.
    pub(super) fn copied(&mut self, value: &Value) -> Result<Value> {
        self.step()?;
        Ok(match value {
            Value::Shared(id) => {
                self.shared[*id].strong += 1;
                Value::Shared(*id)
            }
            Value::Sender(channel) => {
                self.channels[*channel].senders += 1;
                Value::Sender(*channel)
            }
            Value::Ref(place) => {
                let behind = self.get(place)?.clone();
                self.copied(&behind)?
            }
            Value::Data(data) => {
                let head = head_of(data.item);
                let own = self.model.methods_of(&head, "clone").first().map(|it| it.item);
                if let Some(own) = own {
                    let slot = self.slot(value.clone());
                    return self.call_function(
                        own,
                        Some(Value::Ref(Place::slot(slot))),
                        Vec::new(),
                        None,
                    );
                }
                let mut data = data.clone();
                for (_, field) in &mut data.fields {
                    *field = self.copied(field)?;
                }
                Value::Data(data)
            }
            Value::Tuple(parts) => Value::Tuple(self.copied_all(parts)?),
            Value::Many(kind, parts) => Value::Many(*kind, self.copied_all(parts)?),
            Value::Maybe(maybe, Some(inner)) => {
                Value::Maybe(*maybe, Some(Box::new(self.copied(inner)?)))
            }
            Value::Closure(closure) => {
                let mut closure = closure.clone();
                for slot in &mut closure.owned {
                    let value = self.slots[*slot].clone();
                    let value = self.copied(&value)?;
                    let copy = self.slot(value);
                    let names = closure.captured.iter_mut().filter(|(_, own)| own == slot);
                    names.for_each(|(_, own)| *own = copy);
                    *slot = copy;
                }
                Value::Closure(closure)
            }
            other if self.owns(other) => return unknown("a copy of something that owns a thread"),
            other => other.clone(),
        })
    }

    pub(super) fn copied_all(&mut self, parts: &[Value]) -> Result<Vec<Value>> {
        parts.iter().map(|part| self.copied(part)).collect()
    }

    /// Where a place leads through references.
    pub(super) fn resolved(&self, place: &Place) -> Result<Place> {
        let mut place = place.clone();
        while let Value::Ref(to) = self.get(&place)? {
            place = to.bare();
        }
        Ok(place)
    }

    /// One step of `Deref`, where there is one.
    pub(super) fn deref(&mut self, place: &Place) -> Result<Option<Place>> {
        match self.get(place)? {
            Value::Ref(to) => Ok(Some(to.bare())),
            Value::Shared(id) => Ok(Some(Place::slot(self.shared[*id].slot))),
            Value::Cell(Cell::Kept, _) => Ok(Some(place.then(Step::Inner))),
            Value::Cell(Cell::Lazy, inner) => {
                if matches!(**inner, Value::Closure(_) | Value::Function(_)) {
                    let code =
                        std::mem::replace(self.get_mut(&place.then(Step::Inner))?, Value::Moved);
                    let made = self.call_value(code, Vec::new())?;
                    *self.get_mut(&place.then(Step::Inner))? = made;
                }
                Ok(Some(place.then(Step::Inner)))
            }
            Value::Data(data) => {
                let head = head_of(data.item);
                let own = self
                    .model
                    .methods_of(&head, "deref_mut")
                    .first()
                    .or(self.model.methods_of(&head, "deref").first());
                let Some(own) = own.map(|it| it.item) else { return Ok(None) };
                match self.call_function(own, Some(Value::Ref(place.clone())), Vec::new(), None)? {
                    Value::Ref(to) => Ok(Some(to)),
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// A new shared owner.
    pub(super) fn share(&mut self, value: Value) -> Value {
        let slot = self.slot(value);
        self.shared.push(Shared { slot, strong: 1 });
        Value::Shared(self.shared.len() - 1)
    }

    pub(super) fn channel(&mut self, bound: Option<usize>) -> Value {
        self.channels.push(Channel { queue: Vec::new(), senders: 1, is_open: true, bound });
        let id = self.channels.len() - 1;
        Value::Tuple(vec![Value::Sender(id), Value::Receiver(id)])
    }

    /// Runs a thread to its end, if it has not come to that.
    pub(super) fn run_thread(&mut self, thread: usize) -> Result<()> {
        if self.turns.is_none() {
            return self.run_nested(thread);
        }
        while !self.threads[thread].is_over {
            self.step()?;
            if !self.wait_for(Wait::Over(thread))? {
                return unknown("a join of a thread that is running");
            }
        }
        Ok(())
    }

    /// Runs a thread to its end, here and now, if it was not run yet.
    pub(super) fn run_nested(&mut self, thread: usize) -> Result<()> {
        let Some(code) = self.threads[thread].code.take() else { return Ok(()) };
        let at = self.at;
        self.running.push(thread);
        self.body_of(thread, code)?;
        self.running.pop();
        self.at = at;
        Ok(())
    }

    /// What a thread runs.
    pub(super) fn body_of(&mut self, thread: usize, code: Value) -> Result<()> {
        let result = match self.is_pure(&code) {
            Some(true) if self.may_panic(&code) => {
                let result = self.unknown.fresh();
                self.unknown.is_maybe(&result, Maybe::Ok);
                result
            }
            Some(true) => Value::ok(self.unknown.fresh()),
            Some(false) => self.tried_to_compute(code)?,
            None => self.caught(code)?,
        };
        self.end_own_statics(thread)?;
        self.threads[thread].result = Some(result);
        self.threads[thread].is_over = true;
        Ok(())
    }

    /// What code that only computes gives: something that is told, if it takes long or decides by what is not known.
    fn tried_to_compute(&mut self, code: Value) -> Result<Value> {
        let (depth, steps) = (self.frames.len(), self.steps);
        let flags = self.unknown.flags();
        self.unknown.pure = Some(false);
        self.pure_until = steps + MAX_PURE;
        let result = self.caught(code);
        let chose = self.unknown.pure.take() == Some(true);
        self.unknown.set_flags(flags);
        let is_long = self.steps > self.pure_until;
        self.pure_until = usize::MAX;
        if !chose && !is_long {
            return result;
        }
        self.frames.truncate(depth);
        self.steps = steps + (self.steps - steps) / 8;
        Ok(Value::ok(self.unknown.untold_anew()))
    }

    /// A panic: where nobody notices it, and something was decided to come to it, the run is none that counts.
    pub(super) fn panic<T>(&self, before: usize) -> Result<T> {
        let is_noticed = self.catches > 0 || self.unknown.taken == before;
        Err(if is_noticed { Stop::Panic } else { Stop::Ended })
    }

    /// Lets another thread go on, while something is waited for; whether there was one.
    pub(super) fn run_waiting(&mut self, wait: Wait) -> Result<bool> {
        if self.turns.is_some() {
            return self.wait_for(wait);
        }
        match self.new_thread() {
            Some(first) => self.run_nested(first).map(|()| true),
            None => {
                self.is_stuck |= wait != Wait::Last;
                Ok(false)
            }
        }
    }

    /// A thread sleeps, and others go on. Where they cannot, one that sleeps again and again waits for them.
    pub(super) fn let_others_go(&mut self) -> Result<()> {
        if self.turns.is_some() {
            return self.wait_for(Wait::Turn).map(|_| ());
        }
        self.sleeps += 1;
        let has_outer = !self.running.is_empty();
        if self.sleeps > MAX_SLEEPS && (has_outer || self.has_others()) {
            self.is_stuck = true;
            return unknown("a thread that waits by sleeping");
        }
        Ok(())
    }

    /// One of the first threads that were not run yet.
    pub(super) fn new_thread(&mut self) -> Option<usize> {
        let waiting = (0..).zip(&self.threads).filter(|(_, thread)| thread.code.is_some());
        let waiting: Vec<usize> = waiting.map(|(number, _)| number).take(MAX_FIRST).collect();
        match waiting.as_slice() {
            [] => None,
            [only] => Some(*only),
            more => Some(more[self.unknown.choose(more.len())]),
        }
    }

    /// A thread that was just born runs now, if they all do.
    pub(super) fn begun(&mut self, handle: Value) -> Result<Value> {
        if let (true, Value::Handle(thread)) = (self.is_eager, &handle) {
            match self.turns.is_some() {
                true => self.start(*thread)?,
                false => self.run_nested(*thread)?,
            }
        }
        Ok(handle)
    }

    /// What is known to come out of a join.
    pub(super) fn join(&mut self, thread: usize) -> Result<Value> {
        self.run_thread(thread)?;
        let at = self.at;
        let thread = &mut self.threads[thread];
        thread.fate = Fate::Joined(at);
        match thread.result.take() {
            Some(result) => Ok(result),
            None => {
                self.is_stuck = true;
                unknown("a join of a thread that is running")
            }
        }
    }

    /// A variant of `Option` or `Result` at a place, where that is known; decided for what is unknown.
    pub(super) fn maybe_at(&mut self, place: &Place, good: Maybe) -> Result<Option<Maybe>> {
        match self.get(place)? {
            Value::Maybe(maybe, _) => Ok(Some(*maybe)),
            Value::Sym(id) => {
                let id = *id;
                let good = self.unknown.good(id).unwrap_or(good);
                let is_good = self.unknown.is_variant(id, &Name::from(good.name()));
                let is = if is_good { good } else { good.other() };
                let inner = match is {
                    Maybe::None => None,
                    _ => Some(Box::new(self.unknown.part(id, is.name()))),
                };
                *self.get_mut(place)? = Value::Maybe(is, inner);
                Ok(Some(is))
            }
            _ => Ok(None),
        }
    }

    /// A collection without elements.
    pub(super) fn empty(kind: Kind) -> Value {
        Value::Many(kind, Vec::new())
    }
}
