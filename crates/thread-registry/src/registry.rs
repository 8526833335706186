//! The registry: spawning, asking to stop, and looking at what runs.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe, Location};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::audit::{Audit, Metrics, Stall, StallKind};
use crate::context::{self, ThreadCtx};
use crate::dump::Dump;
use crate::error::SpawnError;
use crate::exit::ThreadState;
use crate::guard::ShutdownGuard;
use crate::handle::{Slot, ThreadHandle};
use crate::info::{ThreadId, ThreadInfo};
use crate::inner::{Inner, Settings, Shutdown};
use crate::observer::{Event, Observer};
use crate::panic::{discard, Panic};
use crate::record::Record;
use crate::report::ShutdownReport;
use crate::shutdown::{self, Deadline};
use crate::spec::{Phase, Spec};
use crate::sync::{lock, Builder, Mutex};
use crate::token::{StopSource, StopToken};

/// How long a shutdown takes at most, unless somebody says otherwise: containers are killed after ten seconds.
const DEADLINE: Duration = Duration::from_secs(8);

/// How long an audit waits for threads that are about to run.
const STARTS: Duration = Duration::from_millis(50);

/// Owns threads: names them, asks them to stop, and joins them. Clones are the same registry.
///
/// Dropping the last clone stops nothing: use [`Registry::run`] or hold a [`Registry::guard`].
#[derive(Clone)]
pub struct Registry {
    pub(crate) inner: Arc<Inner>,
}

/// The registry of the process. Nothing shuts it down by itself: hold its [`Registry::guard`] in `main`.
pub fn global() -> &'static Registry {
    static GLOBAL: OnceLock<Registry> = OnceLock::new();
    GLOBAL.get_or_init(|| Registry::new("global"))
}

/// How far a registry has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum State {
    /// It takes threads.
    Open,
    /// It takes no more; those that it has are asked to stop.
    Stopping,
    /// A shutdown is through.
    Stopped,
}

/// Settings of a registry to be; see [`Registry::builder`].
#[derive(Clone)]
#[must_use = "it is no registry before `build`"]
pub struct RegistryBuilder {
    name: String,
    settings: Settings,
}

impl Registry {
    /// A registry with the usual settings: eight seconds for a shutdown, any number of threads.
    pub fn new(name: &str) -> Self {
        Self::builder(name).build()
    }

    /// A registry with settings of your own.
    pub fn builder(name: &str) -> RegistryBuilder {
        let settings = Settings {
            deadline: DEADLINE,
            phase_deadlines: BTreeMap::new(),
            max_threads: None,
            observers: Vec::new(),
        };
        RegistryBuilder { name: name.to_owned(), settings }
    }

    /// A registry below this one, for a subsystem: its threads are in the dumps, reports and shutdowns of both.
    /// It has the settings of this one, but its own count towards a limit.
    pub fn child(&self, name: &str) -> Self {
        let path: Arc<str> = format!("{}/{name}", self.inner.name).into();
        let child = self.inner.take_child(|closed| {
            let requested = self.inner.requested.token().child();
            Arc::new(Inner::new(path, self.inner.settings.clone(), requested, closed))
        });
        Self { inner: child }
    }

    /// Spawns a thread that the registry owns. The handle may be dropped: nothing is detached by that.
    ///
    /// ```
    /// use std::time::Duration;
    /// use thread_registry::{Registry, Spec};
    ///
    /// let registry = Registry::new("app");
    /// let spec = Spec::named("ticker").purpose("counts the seconds");
    /// registry.spawn(spec, |ctx| while !ctx.wait(Duration::from_secs(1)) {})?;
    /// assert!(registry.shutdown(Duration::from_secs(5)).is_clean());
    /// # Ok::<(), thread_registry::SpawnError>(())
    /// ```
    ///
    /// # Errors
    /// [`SpawnError::ShuttingDown`] from the first request to shut down on, [`SpawnError::Limit`] where
    /// the registry is full, [`SpawnError::Name`] for a name that is none, [`SpawnError::Os`] where the operating
    /// system refuses.
    #[track_caller]
    pub fn spawn<F, T>(&self, spec: impl Into<Spec>, f: F) -> Result<ThreadHandle<T>, SpawnError>
    where
        F: FnOnce(&ThreadCtx) -> T + Send + 'static,
        T: Send + 'static,
    {
        let record = self.inner.enter(spec.into(), Location::caller(), false)?;
        let mut builder = Builder::new().name(record.spec.name.to_string());
        if let Some(bytes) = record.spec.stack_size {
            builder = builder.stack_size(bytes);
        }
        let slot = Slot::new();
        let thread = Thread { record: record.clone(), registry: self.clone(), slot: slot.clone() };
        match builder.spawn(move || thread.run(f)) {
            Ok(join) => {
                // The entry stays until somebody joins, which takes this handle.
                drop(self.inner.keep(&record, join));
                self.inner.reap();
                Ok(ThreadHandle::new(record, self.inner.clone(), slot))
            }
            Err(error) => {
                self.inner.withdraw(&record);
                Err(SpawnError::Os(error))
            }
        }
    }

    /// Enters the current thread, which somebody else has started: a runtime, a pool, a library. It is in
    /// dumps, can be asked to stop, and is never waited for: one that is still entered at the end of a
    /// shutdown counts as orphaned. Dropping what this returns takes it out.
    ///
    /// # Errors
    /// As for [`Registry::spawn`], but for the operating system's.
    #[track_caller]
    pub fn adopt(&self, spec: impl Into<Spec>) -> Result<Adopted, SpawnError> {
        let record = self.inner.enter(spec.into(), Location::caller(), true)?;
        record.started();
        let ctx = ThreadCtx::new(record.clone(), self.clone());
        self.inner.observe_thread(&record, |thread| Event::Started(thread));
        context::enter(ctx.clone());
        Ok(Adopted { ctx, record, here: std::marker::PhantomData })
    }

    /// Closes the registry, those below it included, and asks the threads of its first phase to stop. Does not
    /// wait, apart from callbacks of stop tokens, which run here. Whether it is the first request.
    pub fn request_shutdown(&self) -> bool {
        shutdown::request(&self.inner)
    }

    /// Asks all threads to stop, phase by phase, and joins them; blocks until they are gone, and no longer than the
    /// deadline, apart from hooks and callbacks. Says what became of each.
    ///
    /// It may be called from anywhere and as often as you like. Later calls say so, and wait once more for
    /// what was left. One that comes while another is at it waits for that one; on a thread of the
    /// registry, which that one waits for, it returns at once instead.
    pub fn shutdown(&self, deadline: impl Into<Deadline>) -> ShutdownReport {
        shutdown::shutdown(&self.inner, &deadline.into())
    }

    /// Shuts down when it is dropped: at the end of its scope, on `?`, and when a panic unwinds.
    pub fn guard(&self) -> ShutdownGuard {
        ShutdownGuard::new(self.clone())
    }

    /// Runs `f`, and then shuts down, also when `f` panics.
    pub fn run<R>(self, f: impl FnOnce(&Self) -> R) -> (R, ShutdownReport) {
        let guard = self.guard();
        let value = f(&self);
        (value, guard.shutdown())
    }

    /// Runs `hook` at the start of a shutdown, before any phase is asked to stop; the last one registered first.
    pub fn before_stop(&self, hook: impl FnOnce() + Send + 'static) {
        lock(&self.inner.table).hooks.before.push(Box::new(hook));
    }

    /// Runs `hook` at the end of a shutdown; the last one registered first.
    pub fn after_stop(&self, hook: impl FnOnce() + Send + 'static) {
        lock(&self.inner.table).hooks.after.push(Box::new(hook));
    }

    /// How far it has got.
    pub fn state(&self) -> State {
        let table = lock(&self.inner.table);
        match (table.closed, &table.shutdown) {
            (false, _) => State::Open,
            (true, Shutdown::Done(_)) => State::Stopped,
            (true, _) => State::Stopping,
        }
    }

    /// Stops when a shutdown is requested: what a main loop waits on.
    pub fn stop_token(&self) -> StopToken {
        self.inner.requested.token()
    }

    /// The threads that have not ended, those of registries below included, by number.
    pub fn active(&self) -> Vec<ThreadInfo> {
        self.records().iter().map(|record| record.info()).collect()
    }

    /// All of it, for a person or a serializer to read.
    pub fn dump(&self) -> Dump {
        Dump {
            registry: self.inner.name.to_string(),
            state: self.state(),
            threads: self.active(),
            metrics: self.metrics(),
        }
    }

    /// Figures for a dashboard, over those below as well.
    pub fn metrics(&self) -> Metrics {
        let mut metrics = Metrics {
            max_threads: self.inner.settings.max_threads,
            is_shutdown: self.state() == State::Stopped,
            shutting_down: self.state() == State::Stopping,
            ..Metrics::default()
        };
        for inner in self.inner.subtree() {
            let counts = lock(&inner.table).counts;
            metrics.active_threads += counts.live;
            metrics.peak_threads += counts.peak;
            metrics.spawned += counts.spawned;
            metrics.panicked += counts.panicked;
        }
        metrics
    }

    /// Threads that have promised a sign of life and owe it.
    pub fn stalled(&self) -> Vec<Stall> {
        let stall = |record: &Arc<Record>| {
            let heartbeat = record.spec.heartbeat?;
            let silence = record.silence();
            let kind = match silence {
                _ if record.now().parked => return None,
                silence if silence >= heartbeat.dead => StallKind::Dead,
                silence if silence >= heartbeat.warn => StallKind::Slow,
                _ => return None,
            };
            Some(Stall { thread: record.info(), silence, kind })
        };
        self.records().iter().filter_map(stall).collect()
    }

    /// Compares what is registered, here and below, with what the operating system runs: Linux only.
    ///
    /// # Errors
    /// Where the threads of the process cannot be listed.
    pub fn audit(&self) -> io::Result<Audit> {
        let mut records = self.all(ThreadState::Gone);
        // A thread that is about to run has no number yet.
        let deadline = Instant::now() + STARTS;
        while records.iter().any(|record| record.exit.state() == ThreadState::Starting)
            && Instant::now() < deadline
        {
            std::thread::yield_now();
        }
        records.retain(|record| record.os_tid().is_some());
        Audit::of(&records)
    }

    /// Threads whose closure has not returned.
    fn records(&self) -> Vec<Arc<Record>> {
        self.all(ThreadState::Returned)
    }

    /// Threads that have not got so far yet.
    fn all(&self, before: ThreadState) -> Vec<Arc<Record>> {
        let mut found: Vec<Arc<Record>> = Vec::new();
        for inner in self.inner.subtree() {
            inner.reap();
            let table = lock(&inner.table);
            let entries = table.entries.values().map(|entry| entry.record.clone());
            found.extend(entries.filter(|record| record.exit.state() < before));
        }
        found.sort_by_key(|record| record.id);
        found
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = lock(&self.inner.table).counts.live;
        f.debug_struct("Registry").field("name", &self.inner.name).field("live", &live).finish()
    }
}

impl RegistryBuilder {
    /// How long a shutdown takes at most where nobody says it: eight seconds, since containers are killed
    /// after ten.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// How much of that one phase may take.
    pub fn phase_deadline(mut self, phase: Phase, deadline: Duration) -> Self {
        self.settings.phase_deadlines.insert(phase, deadline);
        self
    }

    /// How many threads may run at once.
    pub fn max_threads(mut self, max: usize) -> Self {
        self.settings.max_threads = Some(max);
        self
    }

    /// Somebody who is told what happens; there may be several.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.settings.observers.push(Arc::new(observer));
        self
    }

    /// The registry.
    pub fn build(self) -> Registry {
        Registry {
            inner: Arc::new(Inner::new(self.name.into(), self.settings, StopSource::new(), false)),
        }
    }
}

impl fmt::Debug for RegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { deadline, max_threads, .. } = &self.settings;
        let mut shown = f.debug_struct("RegistryBuilder");
        shown.field("name", &self.name).field("deadline", deadline);
        shown.field("max_threads", max_threads).finish_non_exhaustive()
    }
}

/// A thread that somebody else has started; see [`Registry::adopt`].
#[must_use = "dropping it takes the thread out of the registry"]
pub struct Adopted {
    ctx: ThreadCtx,
    record: Arc<Record>,
    /// It is about the thread that made it, and stays there.
    here: std::marker::PhantomData<*const ()>,
}

impl Adopted {
    /// What the thread can ask of its registry.
    pub fn ctx(&self) -> &ThreadCtx {
        &self.ctx
    }
}

impl fmt::Debug for Adopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adopted").field("ctx", &self.ctx).finish_non_exhaustive()
    }
}

impl Drop for Adopted {
    fn drop(&mut self) {
        context::leave(self.record.id);
        let inner = &self.ctx.registry().inner;
        inner.ended(&self.record);
        self.record.exit.advance(ThreadState::Gone);
        inner.clear(self.record.id);
        inner.observe_thread(&self.record, |thread| Event::Ended(thread));
    }
}

/// A thread from inside.
struct Thread<T> {
    record: Arc<Record>,
    registry: Registry,
    slot: Arc<Slot<T>>,
}

impl<T> Thread<T> {
    fn run<F: FnOnce(&ThreadCtx) -> T>(self, f: F) {
        let Self { record, registry, slot } = self;
        let gone = registry.inner.gone.clone();
        let sentinel = Sentinel { record: record.clone(), gone };
        // First of all thread-local values, and so the last to go.
        #[cfg(not(any(loom, shuttle)))]
        SENTINEL.with(|kept| *kept.borrow_mut() = Some(sentinel));
        record.started();
        let inner = registry.inner.clone();
        let ctx = ThreadCtx::new(record.clone(), registry);
        inner.observe_thread(&record, |thread| Event::Started(thread));
        #[cfg(not(any(loom, shuttle)))]
        context::enter(ctx.clone());
        match catch_unwind(AssertUnwindSafe(|| f(&ctx))) {
            Ok(value) => discard(slot.put(value)),
            Err(payload) => record.panicked(Panic::of(payload)),
        }
        // Nobody may be left to take the value: then it goes here, whatever its destructor does.
        discard(slot);
        #[cfg(not(any(loom, shuttle)))]
        context::leave(record.id);
        drop(ctx);
        inner.ended(&record);
        record.exit.advance(ThreadState::Returned);
        inner.observe_thread(&record, |thread| Event::Ended(thread));
        inner.reap();
        #[cfg(any(loom, shuttle))]
        drop(sentinel);
    }
}

/// Tells that nothing of a thread runs any more, by its own end. It owns nothing of anybody else's: it goes
/// where nothing may panic.
struct Sentinel {
    record: Arc<Record>,
    gone: Arc<Mutex<VecDeque<ThreadId>>>,
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        // In this order: who sees it gone finds its number there.
        lock(&self.gone).push_back(self.record.id);
        self.record.exit.advance(ThreadState::Gone);
    }
}

#[cfg(not(any(loom, shuttle)))]
thread_local! {
    static SENTINEL: std::cell::RefCell<Option<Sentinel>> = const { std::cell::RefCell::new(None) };
}
