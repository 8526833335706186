//! Settings from the environment, where containers have them.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::registry::RegistryBuilder;

/// A variable whose value is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnvError {
    /// Its name.
    pub variable: String,
    /// Its value, as far as it is text.
    pub value: String,
    wanted: &'static str,
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}: {} is wanted", self.variable, self.value, self.wanted)
    }
}

impl Error for EnvError {}

impl RegistryBuilder {
    /// Takes what the environment says: `APP_SHUTDOWN_TIMEOUT` (`8`, `2.5`, `500ms`; seconds without a unit) and
    /// `APP_MAX_THREADS`, if `prefix` is `APP`. What is not set stays as it is.
    ///
    /// # Errors
    /// The variable whose value is none.
    pub fn from_env(mut self, prefix: &str) -> Result<Self, EnvError> {
        if let Some(deadline) = duration(&format!("{prefix}_SHUTDOWN_TIMEOUT"))? {
            self = self.deadline(deadline);
        }
        if let Some(max) = count(&format!("{prefix}_MAX_THREADS"))? {
            self = self.max_threads(max);
        }
        Ok(self)
    }
}

/// A duration that a variable holds, if it is set.
fn duration(variable: &str) -> Result<Option<Duration>, EnvError> {
    parsed(variable, "a duration, such as 8, 2.5 or 500ms,", |text| {
        let (number, unit) = match text.strip_suffix("ms") {
            Some(number) => (number, 1e-3),
            None => (text.strip_suffix('s').unwrap_or(text), 1.0),
        };
        let seconds = number.trim().parse::<f64>().ok()? * unit;
        Duration::try_from_secs_f64(seconds).ok()
    })
}

/// A number of threads that a variable holds, if it is set.
pub(crate) fn count(variable: &str) -> Result<Option<usize>, EnvError> {
    parsed(variable, "a number from 1 on", |text| text.parse().ok().filter(|&count| count > 0))
}

fn parsed<T>(
    variable: &str,
    wanted: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, EnvError> {
    let Some(value) = std::env::var_os(variable) else { return Ok(None) };
    let value = value.to_string_lossy();
    match parse(value.trim()) {
        Some(parsed) => Ok(Some(parsed)),
        None => Err(EnvError { variable: variable.to_owned(), value: value.into_owned(), wanted }),
    }
}
