//! What models need of the core: deadlines that another modelled thread fires. Exists under `cfg(loom)` and `cfg(shuttle)` only.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use crate::error::JoinError;
use crate::handle::ThreadHandle;
use crate::registry::Registry;
use crate::shutdown::Deadline;
use crate::sync::{lock, AtomicBool, Until};

/// When a deadline passes.
#[derive(Clone, Debug)]
pub struct Fires(Until);

impl Fires {
    /// Never.
    pub fn never() -> Self {
        Self(Until::Never)
    }

    /// When [`Fires::fire`] is called.
    pub fn when_told() -> Self {
        Self(Until::Fired(Arc::new(AtomicBool::new(false))))
    }

    /// Now.
    pub fn fire(&self) {
        if let Until::Fired(flag) = &self.0 {
            flag.store(true, Ordering::SeqCst);
        }
    }
}

/// A deadline for a shutdown.
pub fn deadline(fires: &Fires) -> Deadline {
    Deadline::until(fires.0.clone())
}

/// A join with such a deadline.
///
/// # Errors
/// Those of a timed join.
pub fn join_until<T>(handle: &mut ThreadHandle<T>, fires: &Fires) -> Result<T, JoinError> {
    handle.join_until(&fires.0)
}

/// Wakes whoever joins this thread, to look at the deadline.
pub fn poke<T: 'static>(handle: &ThreadHandle<T>) -> impl FnOnce() + 'static {
    let record = handle.record().clone();
    move || record.exit.poke()
}

/// Waits until nothing of this thread runs any more, and leaves it to others to join it.
pub fn wait_gone<T>(handle: &ThreadHandle<T>) {
    handle.record().exit.wait(&Until::Never);
}

/// Threads that a registry has not joined yet.
pub fn kept(registry: &Registry) -> usize {
    lock(&registry.inner.table).entries.len()
}
