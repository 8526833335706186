//! How far a thread has got, and waiting for it with a deadline.
//!
//! Std can only join without one, and its `is_finished` is true before the destructors of
//! thread-local values have run, so a thread that looks finished may hold up a join for as long as
//! they like. Here the end of a thread is told by the destructor of the first thread-local value that
//! it made, which on Linux runs last. Where destructors run in another order, a deadline may be
//! overrun by those that run later, and nothing else changes.

use crate::sync::{lock, Condvar, Mutex, Until};

/// How far a thread has got; it never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum ThreadState {
    /// It was asked for and does not run yet.
    Starting,
    /// Its closure runs.
    Running,
    /// Its closure has returned or panicked; destructors of thread-local values may still run.
    Returned,
    /// Nothing of it runs any more.
    Gone,
}

/// The state of one thread.
#[derive(Debug)]
pub(crate) struct Exit {
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Debug)]
struct Progress {
    state: ThreadState,
    /// Whether anybody ever waited: to wake nobody is a system call as well.
    awaited: bool,
}

impl Exit {
    pub(crate) fn new() -> Self {
        let progress = Progress { state: ThreadState::Starting, awaited: false };
        Self { progress: Mutex::new(progress), changed: Condvar::new() }
    }

    pub(crate) fn state(&self) -> ThreadState {
        lock(&self.progress).state
    }

    /// Goes on to a later state; an earlier one is ignored.
    pub(crate) fn advance(&self, to: ThreadState) {
        let mut progress = lock(&self.progress);
        if progress.state < to {
            progress.state = to;
            // Nobody waits for what comes before the end.
            if to == ThreadState::Gone && progress.awaited {
                self.changed.notify_all();
            }
        }
    }

    /// Waits until the thread is gone; whether it is.
    pub(crate) fn wait(&self, until: &Until) -> bool {
        let mut progress = lock(&self.progress);
        while progress.state < ThreadState::Gone {
            if until.has_passed() {
                return false;
            }
            progress.awaited = true;
            progress = until.wait(&self.changed, progress);
        }
        true
    }

    /// Wakes whoever waits, to look at a deadline that a model has fired.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn poke(&self) {
        drop(lock(&self.progress));
        self.changed.notify_all();
    }
}
