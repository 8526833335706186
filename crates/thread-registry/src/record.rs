//! What a registry keeps of one thread, shared with the thread itself.
//!
//! It is let go by whoever has it last, which may be the very end of the thread, so it owns nothing that is
//! anybody else's: no callbacks, no values.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::exit::{Exit, ThreadState};
use crate::info::{ThreadId, ThreadInfo};
use crate::name;
use crate::panic::Panic;
use crate::spec::{OnShutdown, Spec};
use crate::sync::{self, current, lock};
use crate::token::{StopToken, WeakSource};

/// Nobody has said anything yet.
const NEVER: u64 = u64::MAX;

pub(crate) struct Record {
    pub(crate) id: ThreadId,
    pub(crate) spec: Spec,
    pub(crate) adopted: bool,
    pub(crate) exit: Exit,
    /// Stops the threads of its phase.
    above: StopToken,
    stop: sync::Mutex<Stop>,
    /// The operating system refused to start it.
    pub(crate) refused: AtomicBool,
    /// Its panic is counted among those that nobody was told of; changed under the lock of the table only.
    pub(crate) untold: AtomicBool,
    registry: Arc<str>,
    born: Instant,
    location: &'static Location<'static>,
    spawned_by: Option<ThreadId>,
    /// The thread, once it runs.
    pub(crate) thread: OnceLock<sync::ThreadId>,
    os_tid: AtomicU64,
    /// Nanoseconds from its birth to its last sign of life.
    check_in: AtomicU64,
    now: Mutex<Now>,
    panic: OnceLock<Panic>,
}

/// How one thread is asked to stop. It makes its token itself: whoever spawns it need not wait for that.
#[derive(Default)]
struct Stop {
    /// Somebody asked before there was a token.
    requested: bool,
    made: Option<WeakSource>,
}

/// What a thread says that it does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Now {
    pub(crate) activity: Option<&'static str>,
    pub(crate) parked: bool,
}

/// Where a thread comes from.
pub(crate) struct Origin {
    pub(crate) registry: Arc<str>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) spawned_by: Option<ThreadId>,
    pub(crate) adopted: bool,
}

impl Record {
    pub(crate) fn new(id: ThreadId, spec: Spec, above: StopToken, origin: Origin) -> Self {
        let Origin { registry, location, spawned_by, adopted } = origin;
        Self {
            id,
            spec,
            adopted,
            exit: Exit::new(),
            above,
            stop: sync::Mutex::new(Stop::default()),
            refused: AtomicBool::new(false),
            untold: AtomicBool::new(false),
            registry,
            born: Instant::now(),
            location,
            spawned_by,
            thread: OnceLock::new(),
            os_tid: AtomicU64::new(0),
            check_in: AtomicU64::new(NEVER),
            now: Mutex::new(Now::default()),
            panic: OnceLock::new(),
        }
    }

    /// What only the thread itself can tell; called by it first of all.
    pub(crate) fn started(&self) {
        // Whoever set it before was this very thread.
        let _ = self.thread.set(current().id());
        if let Some(tid) = crate::os::current_tid() {
            self.os_tid.store(tid, Ordering::Relaxed);
        }
        if !self.adopted {
            crate::os::rename_current(&self.spec.name);
        }
        self.exit.advance(ThreadState::Running);
    }

    /// The token of the thread, for the thread, which asks for it once.
    pub(crate) fn make_token(&self) -> StopToken {
        let source = self.above.child();
        let is_late = {
            let mut stop = lock(&self.stop);
            stop.made = Some(source.downgrade());
            stop.requested
        };
        if is_late {
            source.stop();
        }
        source.token()
    }

    /// Asks the thread to stop, and no other; whether it could be and nobody had before.
    pub(crate) fn request_stop(&self) -> bool {
        let source = {
            let mut stop = lock(&self.stop);
            match &stop.made {
                // Whoever asked before there was a token was the first.
                Some(_) if stop.requested => return false,
                Some(made) => made.upgrade(),
                None => {
                    let first = !std::mem::replace(&mut stop.requested, true);
                    return first && !self.above.is_stopped();
                }
            }
        };
        source.is_some_and(|source| source.stop())
    }

    /// Keeps what it panicked with.
    pub(crate) fn panicked(&self, panic: Panic) {
        let _ = self.panic.set(panic);
    }

    pub(crate) fn registry(&self) -> &str {
        &self.registry
    }

    pub(crate) fn panic(&self) -> Option<&Panic> {
        self.panic.get()
    }

    pub(crate) fn os_tid(&self) -> Option<u64> {
        Some(self.os_tid.load(Ordering::Relaxed)).filter(|&tid| tid != 0)
    }

    pub(crate) fn is_current(&self) -> bool {
        self.thread.get() == Some(&current().id())
    }

    /// Whether shutdown waits for it.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.adopted && self.spec.on_shutdown != OnShutdown::Abandon
    }

    pub(crate) fn check_in(&self) {
        let now = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(NEVER - 1);
        self.check_in.store(now, Ordering::Relaxed);
    }

    /// Changes what the thread says that it does; what it said before.
    pub(crate) fn say(&self, now: Now) -> Now {
        self.check_in();
        std::mem::replace(&mut *crate::poisonless(&self.now), now)
    }

    pub(crate) fn now(&self) -> Now {
        *crate::poisonless(&self.now)
    }

    /// Time since its last sign of life; its birth is one.
    pub(crate) fn silence(&self) -> Duration {
        let uptime = self.born.elapsed();
        uptime.saturating_sub(self.last_check_in().unwrap_or_default())
    }

    /// From its birth to its last check-in.
    fn last_check_in(&self) -> Option<Duration> {
        let at = self.check_in.load(Ordering::Relaxed);
        (at != NEVER).then(|| Duration::from_nanos(at))
    }

    pub(crate) fn info(&self) -> ThreadInfo {
        let (now, uptime) = (self.now(), self.born.elapsed());
        ThreadInfo {
            id: self.id,
            name: self.spec.name.to_string(),
            os_name: name::for_os(&self.spec.name),
            purpose: self.spec.purpose.as_deref().map(str::to_owned),
            registry: self.registry.to_string(),
            phase: self.spec.phase,
            state: self.exit.state(),
            adopted: self.adopted,
            uptime,
            last_check_in: self.last_check_in().map(|at| uptime.saturating_sub(at)),
            activity: now.activity,
            parked: now.parked,
            spawned_at: self.location.into(),
            spawned_by: self.spawned_by,
            os_tid: self.os_tid(),
            panic: self.panic().cloned(),
        }
    }
}
