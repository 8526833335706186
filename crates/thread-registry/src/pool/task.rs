//! One task from outside: its handle, its value, and why there is none.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::panic::Panic;
use crate::poisonless as lock;
use crate::sync::Until;

/// The handle of a task. Dropping it cancels nothing.
pub struct TaskHandle<T> {
    outcome: Arc<Outcome<T>>,
}

/// Why a task gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// It was never started.
    Cancelled,
    /// It panicked.
    Panicked(Panic),
    /// It has not ended in time. The handle can be asked again.
    TimedOut,
    /// Its value was handed out before.
    Taken,
}

/// Why a task was not taken, with the task.
pub enum SubmitError<F> {
    /// The pool takes no more.
    Closed(F),
    /// As many wait as may.
    Full(F),
}

/// Where a task leaves its value.
pub(super) struct Outcome<T> {
    value: Mutex<Option<Result<T, TaskError>>>,
    done: Condvar,
}

impl<T> Outcome<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { value: Mutex::new(None), done: Condvar::new() })
    }

    pub(super) fn tell(&self, value: Result<T, TaskError>) {
        // Nobody has told before, so nothing of anybody else's is dropped under the lock.
        *lock(&self.value) = Some(value);
        self.done.notify_all();
    }
}

impl<T> TaskHandle<T> {
    pub(super) fn new(outcome: Arc<Outcome<T>>) -> Self {
        Self { outcome }
    }

    /// Blocks until the task has ended or was cancelled, and gives its value.
    ///
    /// # Errors
    /// [`TaskError::Cancelled`] if it was never started, [`TaskError::Panicked`] if it panicked,
    /// [`TaskError::Taken`] if [`TaskHandle::join_timeout`] gave the value before.
    pub fn join(mut self) -> Result<T, TaskError> {
        self.join_until(&Until::Never)
    }

    /// Like [`TaskHandle::join`], for no longer than `timeout`.
    ///
    /// # Errors
    /// Those of `join`, and [`TaskError::TimedOut`], after which it can be asked again.
    pub fn join_timeout(&mut self, timeout: Duration) -> Result<T, TaskError> {
        self.join_until(&Until::after(timeout))
    }

    fn join_until(&mut self, until: &Until) -> Result<T, TaskError> {
        let mut value = lock(&self.outcome.value);
        while value.is_none() {
            if until.has_passed() {
                return Err(TaskError::TimedOut);
            }
            value = wait(&self.outcome.done, value, until);
        }
        value.replace(Err(TaskError::Taken)).unwrap_or(Err(TaskError::Taken))
    }

    /// Whether it has ended or was cancelled.
    pub fn is_finished(&self) -> bool {
        lock(&self.outcome.value).is_some()
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was never started"),
            Self::Panicked(panic) => write!(f, "the task panicked: {panic}"),
            Self::TimedOut => f.write_str("the task has not ended in time"),
            Self::Taken => f.write_str("the value of the task was handed out before"),
        }
    }
}

impl Error for TaskError {}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed(_) => "Closed",
            Self::Full(_) => "Full",
        })
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed(_) => "the pool takes no more tasks",
            Self::Full(_) => "as many tasks wait as may",
        })
    }
}

impl<F> Error for SubmitError<F> {}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle").field("finished", &self.is_finished()).finish()
    }
}

/// Waits on a condition variable of std.
pub(super) fn wait<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    until: &Until,
) -> MutexGuard<'a, T> {
    let woken = match until {
        Until::At(at) => {
            let left = at.saturating_duration_since(Instant::now());
            changed
                .wait_timeout(guard, left)
                .map(|(guard, _)| guard)
                .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0))
        }
        _ => changed.wait(guard),
    };
    woken.unwrap_or_else(PoisonError::into_inner)
}
