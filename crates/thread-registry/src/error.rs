//! What can go wrong when a thread is spawned or joined.

use std::error::Error;
use std::fmt;
use std::io;

use crate::info::Place;
use crate::name::NameError;
use crate::panic::Panic;

/// Why a thread was not spawned.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// The registry shuts down, or has: it takes no more threads.
    ShuttingDown {
        /// The name of the thread.
        name: String,
        /// Where it was to be spawned.
        at: Place,
    },
    /// As many threads run as the registry may have.
    Limit {
        /// How many that is.
        max: usize,
    },
    /// Its name is none.
    Name(NameError),
    /// The operating system did not start it.
    Os(io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShuttingDown { name, at } => {
                write!(f, "the thread `{name}` was not spawned at {at}: its registry shuts down")
            }
            Self::Limit { max } => write!(f, "the registry already runs {max} threads, its limit"),
            Self::Name(error) => error.fmt(f),
            Self::Os(error) => write!(f, "the operating system did not start the thread: {error}"),
        }
    }
}

impl Error for SpawnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Name(error) => Some(error),
            Self::Os(error) => Some(error),
            Self::ShuttingDown { .. } | Self::Limit { .. } => None,
        }
    }
}

impl From<NameError> for SpawnError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

/// Why a join gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The thread has not ended in time. The handle can be asked again.
    TimedOut,
    /// It ended in a panic.
    Panicked(Panic),
    /// It is the thread that asked.
    SelfJoin,
    /// Its value was handed out before.
    Taken,
    /// The process is a fork of the one that the thread belongs to.
    Forked,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the thread has not ended in time"),
            Self::Panicked(panic) => write!(f, "the thread panicked: {panic}"),
            Self::SelfJoin => f.write_str("a thread cannot join itself"),
            Self::Taken => f.write_str("the value of the thread was handed out before"),
            Self::Forked => f.write_str("the thread does not exist in this fork of its process"),
        }
    }
}

impl Error for JoinError {}
