//! What is asked for on the command line.

use std::fmt;
use std::time::Duration;

pub(crate) const USAGE: &str =
    "usage: stress [quick|normal|extended] [--concurrency N] [--duration SECONDS]

  quick     30 s with 5 workers (default)
  normal    5 min with 10
  extended  15 min with 20";

#[derive(Debug)]
pub(crate) struct Options {
    profile: &'static str,
    pub(crate) concurrency: usize,
    pub(crate) duration: Duration,
}

impl Options {
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        use lexopt::prelude::{Long, Value, ValueExt};
        let (mut profile, mut concurrency, mut duration) = (("quick", 30, 5), None, None);
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("concurrency") => concurrency = Some(arguments.value()?.parse()?),
                Long("duration") => duration = Some(arguments.value()?.parse()?),
                Value(name) if name == "quick" => profile = ("quick", 30, 5),
                Value(name) if name == "normal" => profile = ("normal", 5 * 60, 10),
                Value(name) if name == "extended" => profile = ("extended", 15 * 60, 20),
                other => return Err(other.unexpected()),
            }
        }
        let (profile, seconds, workers) = profile;
        let concurrency = concurrency.unwrap_or(workers);
        if concurrency == 0 {
            return Err("--concurrency is a number from 1 on".into());
        }
        let duration = Duration::from_secs(duration.unwrap_or(seconds));
        Ok(Self { profile, concurrency, duration })
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, concurrency, duration } = self;
        write!(f, "stress: {profile}, {concurrency} workers, {duration:.0?}")
    }
}
