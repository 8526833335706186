//! Events of a registry as events of `tracing`.

use crate::observer::{Event, Observer};

/// Tells `tracing` what happens: threads at level debug, shutdowns at info, what goes wrong at warn.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started(thread) => {
                tracing::debug!(name = thread.name, registry = thread.registry, at = %thread.spawned_at, "thread started");
            }
            Event::Ended(thread) => match &thread.panic {
                None => {
                    tracing::debug!(name = thread.name, uptime = ?thread.uptime, "thread ended");
                }
                Some(panic) => {
                    tracing::warn!(name = thread.name, %panic, at = %thread.spawned_at, "thread panicked");
                }
            },
            Event::ShutdownRequested { registry } => tracing::info!(registry, "shutdown requested"),
            Event::PhaseStarted { registry, phase, waited_for } => {
                tracing::info!(registry, phase = phase.0, waited_for, "threads asked to stop");
            }
            Event::Waiting { registry, left, of, names, since } => {
                tracing::info!(registry, left, of, ?names, ?since, "waiting for threads");
            }
            Event::ShutdownFinished(report) if report.is_clean() => {
                tracing::info!(joined = report.joined, duration = ?report.duration, "shutdown finished");
            }
            Event::ShutdownFinished(report) => tracing::warn!(%report, "shutdown left something"),
        }
    }
}
