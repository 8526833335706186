//! A shutdown that happens on every way out.

use std::fmt;
use std::io::{self, Write as _};
use std::time::Duration;

use crate::registry::Registry;
use crate::report::ShutdownReport;
use crate::shutdown::Deadline;

type OnReport = Box<dyn FnOnce(&ShutdownReport)>;

/// Shuts its registry down when it is dropped, whether by `return`, by `?` or by a panic; see
/// [`Registry::guard`]. A report that is not clean is written to standard error, unless
/// [`ShutdownGuard::on_report`] says what to do with it.
#[must_use = "it shuts down where it is dropped: bind it to a name that is not `_`"]
pub struct ShutdownGuard {
    registry: Option<Registry>,
    deadline: Deadline,
    on_report: Option<OnReport>,
    exit: Option<i32>,
}

impl ShutdownGuard {
    pub(crate) fn new(registry: Registry) -> Self {
        Self {
            registry: Some(registry),
            deadline: Deadline::default(),
            on_report: None,
            exit: None,
        }
    }

    /// How long it waits; what the registry is set to, if nothing is said.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// What is done with the report.
    pub fn on_report(mut self, on_report: impl FnOnce(&ShutdownReport) + 'static) -> Self {
        self.on_report = Some(Box::new(on_report));
        self
    }

    /// Ends the process with this code if threads were left when the guard was dropped. Nothing else runs then,
    /// destructors of the functions around included.
    pub fn exit_if_unclean(mut self, code: i32) -> Self {
        self.exit = Some(code);
        self
    }

    /// Shuts down now, and gives the report back instead of handing it on.
    pub fn shutdown(mut self) -> ShutdownReport {
        match self.registry.take() {
            Some(registry) => registry.shutdown(self.deadline.clone()),
            // Only `disarm` and this take it, and both take the guard.
            None => ShutdownReport::default(),
        }
    }

    /// Shuts nothing down.
    pub fn disarm(mut self) {
        self.registry = None;
    }
}

impl Drop for ShutdownGuard {
    #[allow(clippy::exit, reason = "the caller asked for it")]
    fn drop(&mut self) {
        let Some(registry) = self.registry.take() else { return };
        let report = registry.shutdown(self.deadline.clone());
        match self.on_report.take() {
            Some(on_report) => on_report(&report),
            None if !report.is_clean() => {
                // Where nobody listens, nobody can be told.
                let _ = writeln!(io::stderr(), "{report}");
            }
            None => {}
        }
        if let Some(code) = self.exit.filter(|_| !report.is_settled()) {
            std::process::exit(code);
        }
    }
}

impl fmt::Debug for ShutdownGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownGuard").field("registry", &self.registry).finish_non_exhaustive()
    }
}
