//! The handle of one thread, and its value.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::JoinError;
use crate::exit::ThreadState;
use crate::info::{ThreadId, ThreadInfo};
use crate::inner::Inner;
use crate::record::Record;
use crate::sync::{lock, Mutex, Until};

/// A thread of a registry. Dropping it detaches nothing: the registry owns the thread, and joins it.
pub struct ThreadHandle<T> {
    record: Arc<Record>,
    inner: Arc<Inner>,
    slot: Arc<Slot<T>>,
}

/// Where a thread leaves its value.
pub(crate) struct Slot<T> {
    value: Mutex<Option<T>>,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { value: Mutex::new(None) })
    }

    /// Leaves the value, if anybody may still ask for it; else gives it back, to be dropped.
    pub(crate) fn put(self: &Arc<Self>, value: T) -> Option<T> {
        if Arc::strong_count(self) < 2 {
            return Some(value);
        }
        lock(&self.value).replace(value)
    }

    fn take(&self) -> Option<T> {
        lock(&self.value).take()
    }
}

impl<T> ThreadHandle<T> {
    pub(crate) fn new(record: Arc<Record>, inner: Arc<Inner>, slot: Arc<Slot<T>>) -> Self {
        Self { record, inner, slot }
    }

    /// Blocks until nothing of the thread runs any more, and gives its value.
    ///
    /// # Errors
    /// [`JoinError::Panicked`] if it ended in a panic, [`JoinError::SelfJoin`] on the thread itself,
    /// [`JoinError::Taken`] if [`ThreadHandle::join_timeout`] gave the value before, [`JoinError::Forked`] in a fork.
    pub fn join(mut self) -> Result<T, JoinError> {
        self.join_until(&Until::Never)
    }

    /// Like [`ThreadHandle::join`], for no longer than `timeout`. Destructors of thread-local values count as the
    /// thread: a join that succeeds waits for nothing more.
    ///
    /// # Errors
    /// Those of `join`, and [`JoinError::TimedOut`], after which it can be asked again.
    pub fn join_timeout(&mut self, timeout: Duration) -> Result<T, JoinError> {
        self.join_until(&Until::after(timeout))
    }

    pub(crate) fn join_until(&mut self, until: &Until) -> Result<T, JoinError> {
        if self.record.is_current() {
            return Err(JoinError::SelfJoin);
        }
        // A thread that is gone is gone in a fork as well.
        if self.record.exit.state() < ThreadState::Gone && self.inner.is_forked() {
            return Err(JoinError::Forked);
        }
        if !matches!(until, Until::Never) && !self.record.exit.wait(until) {
            return Err(JoinError::TimedOut);
        }
        if let Some(join) = self.inner.take_join(self.record.id) {
            // Without a deadline std does the waiting: to wait for the end here and then for std would wake
            // this thread twice. Panics were caught in the thread.
            let _ = join.join();
            self.inner.clear_last(self.record.id);
        } else {
            // Somebody else joins it, since it is gone.
            self.record.exit.wait(&Until::Never);
        }
        match (self.slot.take(), self.record.panic()) {
            (Some(value), _) => Ok(value),
            (None, Some(panic)) => {
                self.inner.told(&self.record);
                Err(JoinError::Panicked(panic.clone()))
            }
            (None, None) => Err(JoinError::Taken),
        }
    }

    /// Whether the closure has returned or panicked.
    pub fn is_finished(&self) -> bool {
        self.record.exit.state() >= ThreadState::Returned
    }

    /// Asks this thread to stop, and no other; callbacks run on the calling thread. Whether nobody had before:
    /// false also when the thread has ended and nobody else has its token.
    pub fn request_stop(&self) -> bool {
        self.record.request_stop()
    }

    /// Its number.
    pub fn id(&self) -> ThreadId {
        self.record.id
    }

    /// All that is known of it.
    pub fn info(&self) -> ThreadInfo {
        self.record.info()
    }

    #[cfg(any(loom, shuttle))]
    pub(crate) fn record(&self) -> &Arc<Record> {
        &self.record
    }
}

impl<T> fmt::Debug for ThreadHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.record.spec.name;
        f.debug_struct("ThreadHandle").field("id", &self.id()).field("name", name).finish()
    }
}
