//! Telling somebody what happens, so that it can be logged, counted or shown.

use std::time::Duration;

use crate::info::ThreadInfo;
use crate::report::ShutdownReport;
use crate::spec::Phase;

/// Is told what happens in a registry, on the thread on which it happens and outside of all locks. It should
/// be quick: a thread starts and ends no faster than this.
pub trait Observer: Send + Sync {
    /// Something has happened.
    fn event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// What can happen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A thread runs.
    Started(&'a ThreadInfo),
    /// A thread's closure has returned, or panicked.
    Ended(&'a ThreadInfo),
    /// Somebody asked for the end: nothing can be spawned any more.
    ShutdownRequested {
        /// The registry.
        registry: &'a str,
    },
    /// The threads of a phase were asked to stop.
    PhaseStarted {
        /// The registry.
        registry: &'a str,
        /// Which.
        phase: Phase,
        /// How many of them are waited for.
        waited_for: usize,
    },
    /// Shutdown waits, and tells so once a second.
    Waiting {
        /// The registry.
        registry: &'a str,
        /// Threads that are left.
        left: usize,
        /// Threads of the phase.
        of: usize,
        /// The names of those that are left.
        names: &'a [String],
        /// For how long it has waited.
        since: Duration,
    },
    /// A shutdown is through.
    ShutdownFinished(&'a ShutdownReport),
}
