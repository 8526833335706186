//! What the core locks, waits and spawns with: std's, or a model checker's when models are checked.

#[cfg(loom)]
pub(crate) use loom::{
    sync::atomic::AtomicBool,
    sync::{Condvar, Mutex, MutexGuard},
    thread::{current, Builder, JoinHandle, ThreadId},
};
#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::atomic::AtomicBool,
    sync::{Condvar, Mutex, MutexGuard},
    thread::{current, Builder, JoinHandle, ThreadId},
};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::{
    sync::atomic::AtomicBool,
    sync::{Condvar, Mutex, MutexGuard},
    thread::{current, Builder, JoinHandle, ThreadId},
};

use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Locks, whether or not somebody panicked with the lock in hand: what it guards is whole between
/// any two statements of this crate, and no code of anybody else runs under it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long to wait.
#[derive(Clone, Debug)]
pub(crate) enum Until {
    /// For ever.
    Never,
    /// Up to a point in time.
    At(Instant),
    /// Up to when a model says so: model checkers know no time.
    #[cfg(any(loom, shuttle))]
    Fired(std::sync::Arc<AtomicBool>),
}

impl Until {
    /// This long from now; for ever if no clock goes that far.
    pub(crate) fn after(duration: Duration) -> Self {
        Instant::now().checked_add(duration).map_or(Self::Never, Self::At)
    }

    /// The earlier of two.
    pub(crate) fn min(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::At(one), Self::At(two)) => Self::At(*one.min(two)),
            (Self::Never, other) => other.clone(),
            (own, _) => own.clone(),
        }
    }

    /// Whether there is nothing left to wait for.
    pub(crate) fn has_passed(&self) -> bool {
        match self {
            Self::Never => false,
            Self::At(at) => Instant::now() >= *at,
            #[cfg(any(loom, shuttle))]
            Self::Fired(flag) => flag.load(std::sync::atomic::Ordering::SeqCst),
        }
    }

    /// Waits on a condition variable once, for no longer than this. It may wake early.
    pub(crate) fn wait<'a, T>(
        &self,
        changed: &Condvar,
        guard: MutexGuard<'a, T>,
    ) -> MutexGuard<'a, T> {
        match self {
            Self::At(at) => {
                let left = at.saturating_duration_since(Instant::now());
                changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
            }
            _ => changed.wait(guard).unwrap_or_else(PoisonError::into_inner),
        }
    }
}
