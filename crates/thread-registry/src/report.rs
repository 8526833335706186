//! How a shutdown went.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use crate::info::{ThreadId, ThreadInfo};
use crate::spec::Phase;

/// What became of every thread of a registry and of those below it.
///
/// `total` is always `joined` and the lengths of `timed_out` and `orphaned` together. The thread that asked for
/// the shutdown is none of them: see [`ShutdownReport::caller`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "it says which threads did not end"]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The registry.
    pub registry: String,
    /// Threads that were there when the shutdown began.
    pub total: usize,
    /// Those that ended; joined means that nothing of them runs any more.
    pub joined: usize,
    /// Those of `joined` that ended in a panic.
    pub panicked: Vec<ThreadInfo>,
    /// Those that were waited for and did not end in time.
    pub timed_out: Vec<ThreadInfo>,
    /// Those that nobody waits for and that still run: abandoned or adopted.
    pub orphaned: Vec<ThreadInfo>,
    /// Threads that had ended and been cleared away before.
    pub ended_before: u64,
    /// Those of `ended_before` that ended in a panic which no join told anybody of.
    pub panicked_before: u64,
    /// The thread that asked, if it is one of the registry's own: nobody waits for himself.
    pub caller: Option<ThreadId>,
    /// How long each phase took, in order.
    pub phases: Vec<PhaseReport>,
    /// Panics in hooks, observers and callbacks of stop tokens, over the life of the registry.
    pub callbacks_panicked: usize,
    /// How long all of it took, hooks included.
    pub duration: Duration,
    /// The registry was shut down before; what was left then has been waited for once more.
    pub repeated: bool,
    /// Another call was at it and had not finished: the figures are those of the moment.
    pub in_progress: bool,
    /// The process is a fork of the one that the threads belong to, so they do not exist here.
    pub forked: bool,
}

/// One phase of a shutdown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PhaseReport {
    /// Which.
    pub phase: Phase,
    /// Threads in it that were waited for.
    pub waited_for: usize,
    /// From the request to stop to the last of them, or to the end of the time.
    pub duration: Duration,
}

impl ShutdownReport {
    /// Whether every thread ended, none in a panic that nobody was told of, and no callback panicked.
    pub fn is_clean(&self) -> bool {
        let nothing_panicked =
            self.panicked.is_empty() && self.panicked_before == 0 && self.callbacks_panicked == 0;
        self.is_settled() && nothing_panicked
    }

    /// Whether a later shutdown would find the same: the one who asked runs still.
    pub(crate) fn is_final(&self) -> bool {
        self.is_settled() && self.caller.is_none()
    }

    /// Whether there is nothing left to wait for.
    pub(crate) fn is_settled(&self) -> bool {
        self.timed_out.is_empty() && self.orphaned.is_empty() && !self.in_progress && !self.forked
    }
}

impl From<&ShutdownReport> for ExitCode {
    fn from(report: &ShutdownReport) -> Self {
        if report.is_clean() {
            Self::SUCCESS
        } else {
            Self::FAILURE
        }
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.forked {
            return write!(f, "{}: in a fork, which has none of its threads", self.registry);
        }
        write!(f, "{}: {} of {} threads joined", self.registry, self.joined, self.total)?;
        for (count, what) in [
            (self.panicked.len(), "panicked"),
            (self.timed_out.len(), "timed out"),
            (self.orphaned.len(), "orphaned"),
            (self.callbacks_panicked, "callbacks panicked"),
            (usize::try_from(self.panicked_before).unwrap_or(usize::MAX), "panicked before"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        write!(f, " in {:.1?}", self.duration)?;
        if self.repeated {
            f.write_str(", shut down before")?;
        }
        if self.in_progress {
            f.write_str(", still going on")?;
        }
        for (what, threads) in [
            ("panicked", &self.panicked),
            ("timed out", &self.timed_out),
            ("orphaned", &self.orphaned),
        ] {
            for thread in threads {
                write!(f, "\n  {what}: {thread}")?;
            }
        }
        Ok(())
    }
}
