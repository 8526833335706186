//! A registry at one moment, for a person to read.

use std::fmt;

use crate::audit::Metrics;
use crate::info::ThreadInfo;
use crate::registry::State;

/// Everything that a registry can tell of itself. `Display` is for people; with the feature `serde` any
/// serializer can write it, as JSON for example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Dump {
    /// Its name, with those above.
    pub registry: String,
    /// How far it has got.
    pub state: State,
    /// Its threads and those below, by number.
    pub threads: Vec<ThreadInfo>,
    /// Its figures.
    pub metrics: Metrics,
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Open => "open",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
        };
        let Metrics { active_threads, peak_threads, spawned, panicked, .. } = &self.metrics;
        write!(
            f,
            "{}: {state}, {active_threads} threads ({peak_threads} at most), {spawned} spawned, {panicked} panicked",
            self.registry
        )?;
        for thread in &self.threads {
            write!(f, "\n  {thread}")?;
        }
        Ok(())
    }
}
