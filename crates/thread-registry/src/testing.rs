//! Tests that notice when a thread or a child process is left behind, as goleak does for Go.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use crate::audit::OsThread;
use crate::os;

/// How long a leak may linger, unless somebody says otherwise: threads that were told to end need a moment.
const LINGER: Duration = Duration::from_secs(1);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// What runs before and after, compared; Linux only. Other tests of the same process start threads as well, so a test
/// that uses it needs a process of its own, or `--test-threads=1`.
///
/// ```
/// # if cfg!(target_os = "linux") {
/// use thread_registry::testing::LeakCheck;
///
/// let check = LeakCheck::start()?;
/// let worker = std::thread::spawn(|| ());
/// worker.join().expect("no panic");
/// check.finish()?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "only `finish` checks"]
pub struct LeakCheck {
    threads: BTreeSet<u64>,
    children: BTreeSet<u32>,
    linger: Duration,
    ignored: Vec<String>,
}

/// What was left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leaks {
    /// Threads.
    pub threads: Vec<OsThread>,
    /// Child processes, by their number; zombies, which nobody has waited for, included.
    pub children: Vec<u32>,
}

/// Why a check fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum LeakError {
    /// Something was left behind.
    Leaks(Leaks),
    /// The operating system did not say what runs.
    Os(io::Error),
}

impl LeakCheck {
    /// Notes what runs now.
    ///
    /// # Errors
    /// Where the operating system does not say.
    pub fn start() -> io::Result<Self> {
        let threads = os::threads()?.into_iter().map(|(tid, _)| tid).collect();
        Ok(Self { threads, children: os::children()?, linger: LINGER, ignored: Vec::new() })
    }

    /// How long something may linger before it counts as left behind; a second, if nothing is said.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Threads that may stay: those whose name starts like this. Linux keeps 15 bytes of a name.
    pub fn ignore(mut self, name: impl Into<String>) -> Self {
        self.ignored.push(name.into());
        self
    }

    /// Looks again, until nothing more runs than at the start, or the time is up.
    ///
    /// # Errors
    /// What was left behind, or that nobody could say.
    pub fn finish(self) -> Result<(), LeakError> {
        let begun = Instant::now();
        loop {
            let leaks = self.look().map_err(LeakError::Os)?;
            if leaks.threads.is_empty() && leaks.children.is_empty() {
                return Ok(());
            }
            if begun.elapsed() >= self.linger {
                return Err(LeakError::Leaks(leaks));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn look(&self) -> io::Result<Leaks> {
        let is_ignored = |name: &str| self.ignored.iter().any(|ignored| name.starts_with(ignored));
        let threads = os::threads()?.into_iter();
        let threads =
            threads.filter(|(tid, name)| !self.threads.contains(tid) && !is_ignored(name));
        let children = os::children()?;
        Ok(Leaks {
            threads: threads.map(|(tid, name)| OsThread { tid, name }).collect(),
            children: children.difference(&self.children).copied().collect(),
        })
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} threads and {} children left", self.threads.len(), self.children.len())?;
        for OsThread { tid, name } in &self.threads {
            write!(f, "\n  thread {tid} {name}")?;
        }
        for pid in &self.children {
            write!(f, "\n  child {pid}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LeakError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaks(leaks) => leaks.fmt(f),
            Self::Os(error) => write!(f, "nobody says what runs: {error}"),
        }
    }
}

impl Error for LeakError {}
