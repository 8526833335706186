//! Figures, threads that owe a sign of life, and threads that nobody registered.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::info::ThreadInfo;
use crate::os;
use crate::record::Record;

/// Figures of a registry and of those below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Metrics {
    /// Threads whose closure has not returned.
    pub active_threads: usize,
    /// The most there were at once; of each registry below, at its own time.
    pub peak_threads: usize,
    /// The most there may be, if there is a limit.
    pub max_threads: Option<usize>,
    /// Threads ever spawned or adopted.
    pub spawned: u64,
    /// Those that ended in a panic.
    pub panicked: u64,
    /// Whether a shutdown is through.
    pub is_shutdown: bool,
    /// Whether one was requested and is not.
    pub shutting_down: bool,
}

/// A thread that has been silent for longer than it promised.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Stall {
    /// The thread.
    pub thread: ThreadInfo,
    /// For how long.
    pub silence: Duration,
    /// How bad that is.
    pub kind: StallKind,
}

/// How bad a silence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum StallKind {
    /// Longer than [`crate::Heartbeat::warn`].
    Slow,
    /// Longer than [`crate::Heartbeat::dead`].
    Dead,
}

/// The threads that the operating system runs in this process, and which of them are registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Audit {
    /// Those that are.
    pub registered: usize,
    /// Those that are not, apart from the main thread: somebody else has started them.
    pub unregistered: Vec<OsThread>,
}

/// A thread as the operating system knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OsThread {
    /// Its number there.
    pub tid: u64,
    /// What is left of its name there.
    pub name: String,
}

impl Audit {
    pub(crate) fn of(records: &[Arc<Record>]) -> io::Result<Self> {
        let main = u64::from(std::process::id());
        let known: Vec<u64> = records.iter().filter_map(|record| record.os_tid()).collect();
        let (registered, others): (Vec<_>, Vec<_>) =
            os::threads()?.into_iter().partition(|(tid, _)| known.contains(tid));
        let others = others.into_iter().filter(|(tid, _)| *tid != main);
        Ok(Self {
            registered: registered.len(),
            unregistered: others.map(|(tid, name)| OsThread { tid, name }).collect(),
        })
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} threads registered, {} not", self.registered, self.unregistered.len())?;
        for OsThread { tid, name } in &self.unregistered {
            write!(f, "\n  {tid} {name}")?;
        }
        Ok(())
    }
}
