//! The state of a registry: which threads it has, whether it takes more, and how it ended.
//!
//! Two rules keep it right. To close the registry and to enter a thread takes the same lock, so every
//! thread that was spawned is in some report and every later one is refused. And nothing of anybody else
//! runs under that lock: no spawn, no join, no callback, no destructor of a user's value.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::panic::{catch_unwind, AssertUnwindSafe, Location};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crate::context;
use crate::error::SpawnError;
use crate::exit::ThreadState;
use crate::info::{IdHasher, ThreadId, ThreadInfo};
use crate::name;
use crate::observer::{Event, Observer};
use crate::panic::discard;
use crate::record::{Origin, Record};
use crate::report::ShutdownReport;
use crate::spec::{Phase, Spec};
use crate::sync::{self, lock, Condvar, JoinHandle, Mutex};
use crate::token::StopSource;

/// Finished threads that are cleared away whenever one starts or ends: two keep up with any rate.
const REAPED_AT_ONCE: usize = 2;

/// Numbers of threads, of all registries of the process.
static NEXT: AtomicU64 = AtomicU64::new(1);

pub(crate) struct Inner {
    pub(crate) name: Arc<str>,
    pub(crate) settings: Settings,
    /// Stops when shutdown is requested.
    pub(crate) requested: StopSource,
    pub(crate) table: Mutex<Table>,
    /// Threads at their very end, to be joined; some of them may be by now.
    pub(crate) gone: Arc<Mutex<VecDeque<ThreadId>>>,
    /// Callbacks, hooks and observers that panicked.
    pub(crate) callbacks_panicked: AtomicUsize,
    /// Something about the shutdown has changed.
    pub(crate) changed: Condvar,
    /// The process that the threads belong to.
    pub(crate) pid: u32,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) deadline: Duration,
    pub(crate) phase_deadlines: BTreeMap<Phase, Duration>,
    pub(crate) max_threads: Option<usize>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

pub(crate) struct Table {
    pub(crate) closed: bool,
    /// In no order. A tree would allocate for the first and free for the last, at every spawn of a program
    /// that has one thread at a time.
    pub(crate) entries: HashMap<ThreadId, Entry, BuildHasherDefault<IdHasher>>,
    pub(crate) children: Vec<Arc<Inner>>,
    /// How many of them were kept when they were last looked through.
    pub(crate) kept: usize,
    /// One source for each phase; the tokens of its threads are below it.
    pub(crate) phases: BTreeMap<Phase, StopSource>,
    pub(crate) hooks: Hooks,
    pub(crate) counts: Counts,
    pub(crate) shutdown: Shutdown,
}

pub(crate) struct Entry {
    pub(crate) record: Arc<Record>,
    /// Std's handle, until somebody joins it.
    pub(crate) join: Option<JoinHandle<()>>,
}

type Hook = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) before: Vec<Hook>,
    pub(crate) after: Vec<Hook>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Threads whose closure has not returned.
    pub(crate) live: usize,
    pub(crate) peak: usize,
    pub(crate) spawned: u64,
    pub(crate) panicked: u64,
    /// Threads that ended and whose entry is gone.
    pub(crate) cleared: u64,
    /// Those of them that panicked, and whose panic nobody was told of.
    pub(crate) panics_cleared: u64,
}

pub(crate) enum Shutdown {
    /// Nobody has called it.
    Idle,
    /// This thread is at it.
    Running(sync::ThreadId),
    /// It is through.
    Done(Box<ShutdownReport>),
}

impl Inner {
    pub(crate) fn new(
        name: Arc<str>,
        settings: Settings,
        requested: StopSource,
        closed: bool,
    ) -> Self {
        Self {
            name,
            settings,
            requested,
            table: Mutex::new(Table {
                closed,
                entries: HashMap::default(),
                children: Vec::new(),
                kept: 0,
                phases: BTreeMap::new(),
                hooks: Hooks::default(),
                counts: Counts::default(),
                shutdown: Shutdown::Idle,
            }),
            gone: Arc::new(Mutex::new(VecDeque::new())),
            callbacks_panicked: AtomicUsize::new(0),
            changed: Condvar::new(),
            pid: std::process::id(),
        }
    }

    /// Whether this process is a fork of the one that made the registry.
    pub(crate) fn is_forked(&self) -> bool {
        self.pid != std::process::id()
    }

    pub(crate) fn observe(&self, event: &Event<'_>) {
        for observer in &self.settings.observers {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| observer.event(event))) {
                self.callbacks_panicked.fetch_add(1, Ordering::Relaxed);
                discard(payload);
            }
        }
    }

    /// Tells observers of a thread, if there are any.
    pub(crate) fn observe_thread(&self, record: &Record, event: fn(&ThreadInfo) -> Event<'_>) {
        if !self.settings.observers.is_empty() {
            self.observe(&event(&record.info()));
        }
    }

    /// Counts callbacks and hooks that panicked.
    pub(crate) fn count_panics(&self, panicked: usize) {
        self.callbacks_panicked.fetch_add(panicked, Ordering::Relaxed);
    }

    /// Enters a thread, or refuses it.
    pub(crate) fn enter(
        &self,
        spec: Spec,
        location: &'static Location<'static>,
        adopted: bool,
    ) -> Result<Arc<Record>, SpawnError> {
        name::check(&spec.name)?;
        let spawned_by = context::current_id();
        let mut table = lock(&self.table);
        if table.closed {
            return Err(SpawnError::ShuttingDown {
                name: spec.name.into_owned(),
                at: location.into(),
            });
        }
        if let Some(max) = self.settings.max_threads.filter(|&max| table.counts.live >= max) {
            return Err(SpawnError::Limit { max });
        }
        let above = table.phase(spec.phase).token();
        let origin = Origin { registry: self.name.clone(), location, spawned_by, adopted };
        let id = ThreadId(NEXT.fetch_add(1, Ordering::Relaxed));
        let record = Arc::new(Record::new(id, spec, above, origin));
        table.entries.insert(id, Entry { record: record.clone(), join: None });
        table.counts.live += 1;
        table.counts.peak = table.counts.peak.max(table.counts.live);
        table.counts.spawned += 1;
        Ok(record)
    }

    /// Keeps std's handle of a thread that was started; gives it back if its entry is gone already.
    pub(crate) fn keep(&self, record: &Record, join: JoinHandle<()>) -> Option<JoinHandle<()>> {
        match lock(&self.table).entries.get_mut(&record.id) {
            Some(entry) => entry.join.replace(join),
            None => Some(join),
        }
    }

    /// Takes back a thread that the operating system did not start.
    pub(crate) fn withdraw(&self, record: &Record) {
        record.refused.store(true, Ordering::Release);
        let entry = {
            let mut table = lock(&self.table);
            table.counts.live -= 1;
            table.counts.spawned -= 1;
            table.entries.remove(&record.id)
        };
        drop(entry);
        record.exit.advance(ThreadState::Gone);
    }

    /// Notes that the closure of a thread has returned.
    pub(crate) fn ended(&self, record: &Record) {
        let mut table = lock(&self.table);
        table.counts.live -= 1;
        table.counts.panicked += u64::from(record.panic().is_some());
    }

    /// Takes a thread out that its owner has joined, or that is adopted no more.
    pub(crate) fn clear(&self, id: ThreadId) {
        let entry = {
            let mut table = lock(&self.table);
            let entry = table.entries.remove(&id);
            table.counts.cleared += u64::from(entry.is_some());
            entry
        };
        drop(entry);
    }

    /// Notes that the owner of a thread was told of its panic: it may have been cleared before as one of nobody's.
    pub(crate) fn told(&self, record: &Record) {
        let mut table = lock(&self.table);
        if record.untold.swap(false, Ordering::Relaxed) {
            table.counts.panics_cleared -= 1;
        }
    }

    /// Std's handle of a thread, for whoever joins it.
    pub(crate) fn take_join(&self, id: ThreadId) -> Option<JoinHandle<()>> {
        lock(&self.table).entries.get_mut(&id)?.join.take()
    }

    /// Takes a thread out that was joined right after its end, before anybody else looks for it.
    pub(crate) fn clear_last(&self, id: ThreadId) {
        {
            let mut gone = lock(&self.gone);
            if gone.back() == Some(&id) {
                gone.pop_back();
            }
        }
        self.clear(id);
    }

    /// Joins a few threads at their very end, so that neither they nor their stacks pile up.
    pub(crate) fn reap(&self) {
        let ids: Vec<ThreadId> = {
            let mut gone = lock(&self.gone);
            let count = gone.len().min(REAPED_AT_ONCE);
            gone.drain(..count).collect()
        };
        if !ids.is_empty() {
            let later = self.reap_these(ids);
            if !later.is_empty() {
                lock(&self.gone).extend(later);
            }
        }
    }

    /// Joins all threads of which nothing runs any more.
    pub(crate) fn reap_all(&self) {
        let ids: Vec<ThreadId> = lock(&self.table).entries.keys().copied().collect();
        self.reap_these(ids);
        let table = lock(&self.table);
        lock(&self.gone).retain(|id| table.entries.contains_key(id));
    }

    /// Joins those of these threads of which nothing runs any more; the others that are not joined yet.
    fn reap_these(&self, ids: Vec<ThreadId>) -> Vec<ThreadId> {
        let (mut entries, mut later) = (Vec::new(), Vec::new());
        {
            let mut table = lock(&self.table);
            for id in ids {
                // One that is gone and has no handle is being started, or joined by its owner. And after the
                // last of Rust's destructors those of C may run, and call this.
                let is_ready = |entry: &Entry| {
                    let record = &entry.record;
                    let is_gone = record.exit.state() == ThreadState::Gone;
                    entry.join.is_some() && is_gone && !record.is_current()
                };
                match table.entries.get(&id) {
                    None => continue,
                    Some(entry) if !is_ready(entry) => {
                        later.push(id);
                        continue;
                    }
                    Some(_) => {}
                }
                if let Some(entry) = table.entries.remove(&id) {
                    table.counts.cleared += 1;
                    if entry.record.panic().is_some() {
                        entry.record.untold.store(true, Ordering::Relaxed);
                        table.counts.panics_cleared += 1;
                    }
                    entries.push(entry);
                }
            }
        }
        for entry in entries {
            if let Some(join) = entry.join {
                // Panics were caught in the thread, and it is gone: this returns at once.
                let _ = join.join();
            }
        }
        later
    }

    /// Takes a registry below; those that nobody holds and that have nothing are forgotten now and then, but
    /// for what they counted.
    pub(crate) fn take_child(&self, make: impl FnOnce(bool) -> Arc<Self>) -> Arc<Self> {
        let (child, looked_at) = {
            let mut table = lock(&self.table);
            let child = make(table.closed);
            let is_due = table.children.len() >= 2 * table.kept + 8;
            let looked_at = if is_due { table.children.clone() } else { Vec::new() };
            table.children.push(child.clone());
            (child, looked_at)
        };
        if !looked_at.is_empty() {
            self.prune(looked_at);
        }
        child
    }

    /// Forgets those of these registries below that are of no more use. Nothing of theirs is dropped under a lock.
    fn prune(&self, children: Vec<Arc<Self>>) {
        for child in &children {
            child.reap_all();
            let below = lock(&child.table).children.clone();
            if !below.is_empty() {
                child.prune(below);
            }
        }
        // One is held here and one by the table.
        let is_unused = |child: &Arc<Self>| {
            let table = lock(&child.table);
            let is_empty = table.entries.is_empty() && table.children.is_empty();
            let hooks = &table.hooks;
            Arc::strong_count(child) <= 2
                && is_empty
                && hooks.before.is_empty()
                && hooks.after.is_empty()
                && !matches!(table.shutdown, Shutdown::Running(_))
        };
        let mut table = lock(&self.table);
        let unused: Vec<Arc<Self>> = children.into_iter().filter(is_unused).collect();
        table.children.retain(|child| !unused.iter().any(|it| Arc::ptr_eq(it, child)));
        table.kept = table.children.len();
        for child in &unused {
            let counts = lock(&child.table).counts;
            table.counts.spawned += counts.spawned;
            table.counts.panicked += counts.panicked;
            table.counts.cleared += counts.cleared;
            table.counts.panics_cleared += counts.panics_cleared;
        }
        drop(table);
        drop(unused);
    }

    /// This registry and all below it.
    pub(crate) fn subtree(self: &Arc<Self>) -> Vec<Arc<Self>> {
        let mut found = vec![self.clone()];
        let mut next = 0;
        while next < found.len() {
            let children = lock(&found[next].table).children.clone();
            found.extend(children);
            next += 1;
        }
        found
    }
}

impl Table {
    pub(crate) fn phase(&mut self, phase: Phase) -> &StopSource {
        self.phases.entry(phase).or_default()
    }
}
