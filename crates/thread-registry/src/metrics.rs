//! Events of a registry as figures of the `metrics` facade.

use crate::observer::{Event, Observer};

/// Counts what happens: `thread_registry_threads` (a gauge), `thread_registry_spawned_total`,
/// `thread_registry_panicked_total`, `thread_registry_timed_out_total`, `thread_registry_orphaned_total`,
/// `thread_registry_waiting` (a gauge: threads that a shutdown waits for) and `thread_registry_shutdown_seconds`
/// (a histogram). Each has the label `registry`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MetricsObserver;

impl Observer for MetricsObserver {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started(thread) => {
                let registry = thread.registry.clone();
                metrics::gauge!("thread_registry_threads", "registry" => registry.clone())
                    .increment(1.0);
                metrics::counter!("thread_registry_spawned_total", "registry" => registry)
                    .increment(1);
            }
            Event::Ended(thread) => {
                let registry = thread.registry.clone();
                metrics::gauge!("thread_registry_threads", "registry" => registry.clone())
                    .decrement(1.0);
                if thread.panic.is_some() {
                    metrics::counter!("thread_registry_panicked_total", "registry" => registry)
                        .increment(1);
                }
            }
            Event::Waiting { registry, left, .. } => {
                metrics::gauge!("thread_registry_waiting", "registry" => (*registry).to_owned())
                    .set(*left as f64);
            }
            Event::ShutdownFinished(report) => {
                let label = || report.registry.clone();
                metrics::gauge!("thread_registry_waiting", "registry" => label()).set(0.0);
                metrics::counter!("thread_registry_timed_out_total", "registry" => label())
                    .increment(report.timed_out.len() as u64);
                metrics::counter!("thread_registry_orphaned_total", "registry" => label())
                    .increment(report.orphaned.len() as u64);
                metrics::histogram!("thread_registry_shutdown_seconds", "registry" => label())
                    .record(report.duration.as_secs_f64());
            }
            Event::ShutdownRequested { .. } | Event::PhaseStarted { .. } => {}
        }
    }
}
