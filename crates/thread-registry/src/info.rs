//! What is told of one thread, as plain data.

use std::fmt;
use std::hash::Hasher;
use std::panic::Location;
use std::time::Duration;

use crate::exit::ThreadState;
use crate::panic::Panic;
use crate::spec::Phase;

/// The number of a thread: unique in its process, and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ThreadId(pub(crate) u64);

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Spreads numbers of threads. Nobody outside chooses them, so nobody can make them collide.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 6.4): 2^64 over the golden ratio.
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A line of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Place {
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

impl From<&'static Location<'static>> for Place {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: location.file(), line: location.line() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One thread at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ThreadInfo {
    /// Its number.
    pub id: ThreadId,
    /// Its whole name.
    pub name: String,
    /// What the operating system has of it.
    pub os_name: String,
    /// What it is there for.
    pub purpose: Option<String>,
    /// The registry that owns it, with those above: `app/net`.
    pub registry: String,
    /// When shutdown asks it to stop.
    pub phase: Phase,
    /// How far it has got.
    pub state: ThreadState,
    /// Whether it was started by somebody else and only adopted.
    pub adopted: bool,
    /// Time since it was asked for.
    pub uptime: Duration,
    /// Time since it last gave a sign of life, if it ever did.
    pub last_check_in: Option<Duration>,
    /// What it says that it does.
    pub activity: Option<&'static str>,
    /// Whether it says that it waits on purpose.
    pub parked: bool,
    /// The `spawn` or `adopt` that made it.
    pub spawned_at: Place,
    /// The registered thread that made it.
    pub spawned_by: Option<ThreadId>,
    /// Its number in the operating system, where that is known.
    pub os_tid: Option<u64>,
    /// What it panicked with.
    pub panic: Option<Panic>,
}

impl fmt::Display for ThreadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.id, self.registry, self.name)?;
        if let Some(purpose) = &self.purpose {
            write!(f, " ({purpose})")?;
        }
        let state = match self.state {
            ThreadState::Starting => "starting",
            ThreadState::Running if self.parked => "parked",
            ThreadState::Running => "running",
            ThreadState::Returned => "returned",
            ThreadState::Gone => "gone",
        };
        write!(f, ": {state} for {:.1?}", self.uptime)?;
        if let Some(activity) = self.activity {
            write!(f, ", {activity}")?;
        }
        if let Some(silent) = self.last_check_in {
            write!(f, ", checked in {silent:.1?} ago")?;
        }
        if let Some(panic) = &self.panic {
            write!(f, ", panicked: {panic}")?;
        }
        write!(f, ", spawned at {}", self.spawned_at)
    }
}
