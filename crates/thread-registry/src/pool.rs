//! Workers that share a bounded queue, and that end without losing a task unseen: what is queued is done or
//! cancelled, what runs is waited for and then asked to stop, and all of it is counted.

mod task;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::context::ThreadCtx;
use crate::env::{count, EnvError};
use crate::error::SpawnError;
use crate::handle::ThreadHandle;
use crate::panic::{discard, Panic};
use crate::poisonless as lock;
use crate::registry::Registry;
use crate::spec::{Phase, Spec};
use crate::sync::Until;
use crate::token::Stopped;
use task::{wait, Outcome};

pub use task::{SubmitError, TaskError, TaskHandle};

/// Tasks that may wait, unless somebody says otherwise.
const QUEUE: usize = 1024;
/// How long what is queued is still worked on once the registry shuts down, unless somebody says otherwise.
const GRACE: Duration = Duration::from_secs(2);

/// Threads that work on tasks. Clones are the same pool; it ends with its registry, or by [`Pool::drain`].
///
/// ```
/// use std::time::Duration;
/// use thread_registry::pool::{Pool, PoolConfig};
/// use thread_registry::Registry;
///
/// let registry = Registry::new("app");
/// let pool = Pool::new(&registry, PoolConfig::named("resize").workers(2))?;
/// let task = pool.submit("thumbnail", |_| 6 * 7)?;
/// assert_eq!(task.join(), Ok(42));
/// assert_eq!(pool.drain(Duration::from_secs(5)).completed, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
    workers: Arc<Vec<ThreadHandle<()>>>,
}

/// Settings of a pool to be.
#[derive(Clone, Debug)]
#[must_use = "it is no pool yet"]
pub struct PoolConfig {
    name: String,
    workers: usize,
    queue: usize,
    grace: Duration,
    phase: Phase,
}

/// What a task can ask while it runs.
pub struct TaskCtx {
    shared: Arc<Shared>,
}

/// How a pool ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "it says which tasks were not done"]
#[non_exhaustive]
pub struct DrainReport {
    /// Tasks that ended, over the life of the pool, those that panicked included.
    pub completed: u64,
    /// Tasks that were never started.
    pub cancelled: u64,
    /// Labels of tasks that still run.
    pub still_running: Vec<&'static str>,
}

/// Figures of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PoolMetrics {
    /// Workers that run.
    pub active_threads: usize,
    /// Workers there may be.
    pub max_threads: usize,
    /// Tasks that run.
    pub active_tasks: usize,
    /// Tasks that wait.
    pub queued_tasks: usize,
    /// Tasks that ended.
    pub completed: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Whether all workers have ended.
    pub is_shutdown: bool,
    /// Whether it takes no more and some still run.
    pub shutting_down: bool,
}

struct Shared {
    limit: usize,
    grace: Duration,
    state: Mutex<Queue>,
    /// A task came, or the pool was closed.
    more: Condvar,
    /// A task was taken or has ended, or the pool was closed.
    less: Condvar,
}

/// A task that runs.
struct Running {
    id: u64,
    label: &'static str,
    by: std::thread::ThreadId,
}

struct Queue {
    closed: bool,
    /// From then on, what waits is not started.
    until: Option<Instant>,
    tasks: VecDeque<Task>,
    running: Vec<Running>,
    next: u64,
    workers: usize,
    completed: u64,
    panicked: u64,
    cancelled: u64,
}

/// Runs a task, or cancels it without a context; says whether it panicked before it tells anybody else.
type Run = Box<dyn FnOnce(Option<&TaskCtx>, &mut dyn FnMut(bool)) + Send>;

/// A task with its label: run with `Some`, cancelled with `None`. Whether it panicked.
struct Task {
    label: &'static str,
    run: Run,
}

impl PoolConfig {
    /// As many workers as the machine runs at once, and a queue of 1024 tasks.
    pub fn named(name: impl Into<String>) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { name: name.into(), workers, queue: QUEUE, grace: GRACE, phase: Phase::default() }
    }

    /// How many workers; at least one.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// How many tasks may wait; at least one.
    pub fn queue(mut self, tasks: usize) -> Self {
        self.queue = tasks.max(1);
        self
    }

    /// How long the registry's shutdown lets the pool work on what is queued, before that is cancelled and what
    /// runs is asked to stop: two seconds, if nothing is said.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// When the registry asks its workers to stop.
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Takes the number of workers from the environment: `APP_WORKERS`, if `prefix` is `APP`.
    ///
    /// # Errors
    /// The variable, if its value is no number from 1 on.
    pub fn from_env(mut self, prefix: &str) -> Result<Self, EnvError> {
        if let Some(workers) = count(&format!("{prefix}_WORKERS"))? {
            self.workers = workers;
        }
        Ok(self)
    }
}

impl Pool {
    /// Starts a pool whose workers are threads of `registry`.
    ///
    /// # Errors
    /// That of the first worker that could not be spawned; those before it end.
    #[track_caller]
    pub fn new(registry: &Registry, config: PoolConfig) -> Result<Self, SpawnError> {
        let PoolConfig { name, workers, queue, grace, phase } = config;
        let shared = Arc::new(Shared {
            limit: queue,
            grace,
            state: Mutex::new(Queue {
                closed: false,
                until: None,
                tasks: VecDeque::new(),
                running: Vec::new(),
                next: 0,
                workers: 0,
                completed: 0,
                panicked: 0,
                cancelled: 0,
            }),
            more: Condvar::new(),
            less: Condvar::new(),
        });
        let mut handles = Vec::new();
        for index in 0..workers {
            let spec =
                Spec::named(format!("{name}-{index}")).purpose("works on tasks").phase(phase);
            let own = shared.clone();
            lock(&shared.state).workers += 1;
            let spawned = registry.spawn(spec, move |ctx| {
                let closing = own.clone();
                let grace = own.grace;
                let on_stop = ctx.stop().on_stop(move || closing.close(Some(grace)));
                own.work(ctx);
                drop(on_stop);
            });
            match spawned {
                Ok(handle) => handles.push(handle),
                Err(error) => {
                    lock(&shared.state).workers -= 1;
                    shared.close(Some(Duration::ZERO));
                    return Err(error);
                }
            }
        }
        // Workers that are busy to the end of the shutdown cannot cancel what waits behind them.
        let left = Arc::downgrade(&shared);
        registry.after_stop(move || {
            if let Some(left) = left.upgrade() {
                left.close(Some(Duration::ZERO));
                left.cancel_queued();
            }
        });
        Ok(Self { shared, workers: Arc::new(handles) })
    }

    /// Queues a task. Never blocks.
    ///
    /// # Errors
    /// The task, if the pool takes no more or the queue is full.
    pub fn submit<F, T>(
        &self,
        label: &'static str,
        task: F,
    ) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&TaskCtx) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_until(label, task, &Until::At(Instant::now()))
    }

    /// Queues a task; blocks while the queue is full, for no longer than `timeout`.
    ///
    /// # Errors
    /// The task, if the pool takes no more or the queue stays full.
    pub fn submit_timeout<F, T>(
        &self,
        label: &'static str,
        task: F,
        timeout: Duration,
    ) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&TaskCtx) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_until(label, task, &Until::after(timeout))
    }

    fn submit_until<F, T>(
        &self,
        label: &'static str,
        task: F,
        until: &Until,
    ) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&TaskCtx) -> T + Send + 'static,
        T: Send + 'static,
    {
        let shared = &self.shared;
        let mut queue = lock(&shared.state);
        loop {
            if queue.closed {
                return Err(SubmitError::Closed(task));
            }
            if queue.tasks.len() < shared.limit {
                break;
            }
            if until.has_passed() {
                return Err(SubmitError::Full(task));
            }
            queue = wait(&shared.less, queue, until);
        }
        let outcome = Outcome::new();
        let told = outcome.clone();
        let run = move |ctx: Option<&TaskCtx>, ended: &mut dyn FnMut(bool)| {
            let value = match ctx {
                Some(ctx) => catch_unwind(AssertUnwindSafe(|| task(ctx)))
                    .map_err(|payload| TaskError::Panicked(Panic::of(payload))),
                None => {
                    discard(task);
                    Err(TaskError::Cancelled)
                }
            };
            ended(matches!(value, Err(TaskError::Panicked(_))));
            told.tell(value);
            // Nobody may be left to take the value: then it goes here, whatever its destructor does.
            discard(told);
        };
        queue.tasks.push_back(Task { label, run: Box::new(run) });
        drop(queue);
        shared.more.notify_one();
        Ok(TaskHandle::new(outcome))
    }

    /// Closes the pool, and blocks until its tasks are done; after `timeout`, what waits is cancelled and what runs is asked
    /// to stop. Says what became of them. The workers end by themselves.
    pub fn drain(&self, timeout: Duration) -> DrainReport {
        let until = Until::after(timeout);
        self.shared.close(None);
        let mut queue = lock(&self.shared.state);
        while queue.is_busy() && !until.has_passed() {
            queue = wait(&self.shared.less, queue, &until);
        }
        drop(queue);
        self.shared.close(Some(Duration::ZERO));
        self.shared.cancel_queued();
        let queue = lock(&self.shared.state);
        DrainReport {
            completed: queue.completed,
            cancelled: queue.cancelled,
            still_running: queue.running.iter().map(|running| running.label).collect(),
        }
    }

    /// Figures for a dashboard.
    pub fn metrics(&self) -> PoolMetrics {
        let queue = lock(&self.shared.state);
        PoolMetrics {
            active_threads: queue.workers,
            max_threads: self.workers.len(),
            active_tasks: queue.running.len(),
            queued_tasks: queue.tasks.len(),
            completed: queue.completed,
            panicked: queue.panicked,
            is_shutdown: queue.closed && queue.workers == 0,
            shutting_down: queue.closed && queue.workers > 0,
        }
    }
}

impl Shared {
    /// Takes no more tasks; with a grace, cancels what waits when that is over.
    fn close(&self, grace: Option<Duration>) {
        let now = Instant::now();
        let mut queue = lock(&self.state);
        queue.closed = true;
        if let Some(at) = grace.and_then(|grace| now.checked_add(grace)) {
            queue.until = Some(queue.until.map_or(at, |until| until.min(at)));
        }
        drop(queue);
        self.more.notify_all();
        self.less.notify_all();
    }

    /// What a worker does, from its start to its end.
    fn work(self: &Arc<Self>, ctx: &ThreadCtx) {
        let _leaves = Leaves(self);
        let task_ctx = TaskCtx { shared: self.clone() };
        while let Some((id, task)) = self.next(ctx) {
            let _busy = ctx.busy(task.label);
            (task.run)(Some(&task_ctx), &mut |panicked| self.ended(id, panicked));
        }
    }

    /// Notes that a task has ended.
    fn ended(&self, id: u64, panicked: bool) {
        let mut queue = lock(&self.state);
        queue.running.retain(|running| running.id != id);
        queue.completed += 1;
        queue.panicked += u64::from(panicked);
        drop(queue);
        self.less.notify_all();
    }

    /// The next task for a worker; `None` when it is to end.
    fn next(&self, ctx: &ThreadCtx) -> Option<(u64, Task)> {
        let _parked = ctx.park();
        let mut queue = lock(&self.state);
        loop {
            if queue.is_over() {
                drop(queue);
                self.cancel_queued();
                return None;
            }
            if let Some(task) = queue.tasks.pop_front() {
                let id = queue.next;
                queue.next += 1;
                let by = std::thread::current().id();
                queue.running.push(Running { id, label: task.label, by });
                drop(queue);
                self.less.notify_all();
                return Some((id, task));
            }
            if queue.closed {
                return None;
            }
            queue = wait(&self.more, queue, &Until::Never);
        }
    }

    /// Cancels what waits.
    fn cancel_queued(&self) {
        let tasks = {
            let mut queue = lock(&self.state);
            queue.cancelled += queue.tasks.len() as u64;
            std::mem::take(&mut queue.tasks)
        };
        // A task may own anything: it is dropped outside of the lock.
        for task in tasks {
            (task.run)(None, &mut |_| ());
        }
        self.less.notify_all();
    }
}

impl Queue {
    /// Whether a task waits, or runs on another thread than this one.
    fn is_busy(&self) -> bool {
        let me = std::thread::current().id();
        !self.tasks.is_empty() || self.running.iter().any(|running| running.by != me)
    }

    /// Whether nothing more is to be started.
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// A worker that ends, whatever way.
struct Leaves<'s>(&'s Shared);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        let is_last = {
            let mut queue = lock(&self.0.state);
            queue.workers -= 1;
            queue.workers == 0
        };
        self.0.less.notify_all();
        if is_last {
            // Nobody is left to start what waits.
            self.0.close(Some(Duration::ZERO));
            self.0.cancel_queued();
        }
    }
}

impl TaskCtx {
    /// Whether the task should end: its pool was drained for as long as it may, or its registry shuts down
    /// and the grace is over.
    pub fn is_cancelled(&self) -> bool {
        lock(&self.shared.state).is_over()
    }

    /// An error once the task should end.
    ///
    /// # Errors
    /// [`Stopped`] from then on.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_cancelled() {
            Err(Stopped)
        } else {
            Ok(())
        }
    }

    /// Sleeps, or less if the task should end; whether it should.
    pub fn wait(&self, duration: Duration) -> bool {
        let until = Until::after(duration);
        let mut queue = lock(&self.shared.state);
        while !queue.is_over() {
            if until.has_passed() {
                return false;
            }
            let over = queue.until.map_or(Until::Never, Until::At);
            queue = wait(&self.shared.less, queue, &until.min(&over));
        }
        true
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("metrics", &self.metrics()).finish()
    }
}

impl fmt::Debug for TaskCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskCtx").field("cancelled", &self.is_cancelled()).finish()
    }
}
