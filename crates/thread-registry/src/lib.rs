//! Every thread named, stoppable, and joined within a deadline.
//!
//! A [`Registry`] owns the threads that it spawns. It knows what each is for and where it came from, asks
//! them to stop phase by phase, joins them within a deadline, and says of each what became of it.
//!
//! ```
//! use std::time::Duration;
//! use thread_registry::Registry;
//!
//! fn main() -> Result<(), thread_registry::SpawnError> {
//!     let registry = Registry::new("app");
//!     // Whatever way `main` ends, its threads end first.
//!     let _guard = registry.guard();
//!     registry.spawn("ticker", |ctx| {
//!         while !ctx.wait(Duration::from_secs(1)) {
//!             println!("tick");
//!         }
//!     })?;
//!     Ok(())
//! }
//! ```
//!
//! * [`Registry::spawn`] never detaches: the handle may be dropped, the registry keeps the thread.
//! * [`StopToken`] is in every thread: [`ThreadCtx::wait`] is a sleep that ends when the thread should, and
//!   [`StopToken::on_stop`] unblocks what only closing unblocks.
//! * [`Registry::shutdown`] returns by its deadline, whatever its threads do: they cannot be killed, but they
//!   can be named in its [`ShutdownReport`].
//! * [`ThreadHandle::join_timeout`] is the join with a deadline that std does not have.
//!
//! Nothing of this polls, and nothing is unsafe.

mod audit;
mod context;
mod dump;
mod env;
mod error;
mod exit;
mod guard;
mod handle;
mod info;
mod inner;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(any(loom, shuttle))]
pub mod model;
mod name;
mod observer;
mod os;
mod panic;
#[cfg(feature = "pool")]
pub mod pool;
#[cfg(all(feature = "processes", unix))]
mod processes;
mod record;
mod registry;
mod report;
mod shutdown;
#[cfg(all(feature = "signals", unix))]
mod signals;
mod spec;
mod sync;
pub mod testing;
mod token;
#[cfg(feature = "tracing")]
mod tracing;

pub use audit::{Audit, Metrics, OsThread, Stall, StallKind};
pub use context::{current, Busy, Parked, ThreadCtx};
pub use dump::Dump;
pub use env::EnvError;
pub use error::{JoinError, SpawnError};
pub use exit::ThreadState;
pub use guard::ShutdownGuard;
pub use handle::ThreadHandle;
pub use info::{Place, ThreadId, ThreadInfo};
#[cfg(feature = "metrics")]
pub use metrics::MetricsObserver;
pub use name::NameError;
pub use observer::{Event, Observer};
pub use panic::Panic;
#[cfg(all(feature = "processes", unix))]
pub use processes::{ChildHandle, KillPolicy, WaitError};
pub use registry::{global, Adopted, Registry, RegistryBuilder, State};
pub use report::{PhaseReport, ShutdownReport};
pub use shutdown::Deadline;
#[cfg(all(feature = "signals", unix))]
pub use signals::Signals;
pub use spec::{Heartbeat, OnShutdown, Phase, Spec};
pub use token::{OnStop, StopSource, StopToken, Stopped};
#[cfg(feature = "tracing")]
pub use tracing::TracingObserver;

/// Locks a mutex that guards plain data, whoever panicked with it in hand.
pub(crate) fn poisonless<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What must not be dropped by accident does not compile where warnings are errors; the same with a name does.
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// thread_registry::Registry::new("app").guard();
/// ```
///
/// ```
/// #![deny(unused_must_use)]
/// let _guard = thread_registry::Registry::new("app").guard();
/// ```
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// thread_registry::Registry::new("app").shutdown(std::time::Duration::ZERO);
/// ```
///
/// ```
/// #![deny(unused_must_use)]
/// assert!(thread_registry::Registry::new("app").shutdown(std::time::Duration::ZERO).is_clean());
/// ```
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// thread_registry::StopSource::new().token().on_stop(|| ());
/// ```
///
/// ```
/// #![deny(unused_must_use)]
/// thread_registry::StopSource::new().token().on_stop(|| ()).keep();
/// ```
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// thread_registry::Spec::named("nobody");
/// ```
///
/// A handle may be dropped: the registry owns the thread.
///
/// ```
/// #![deny(unused_must_use)]
/// let registry = thread_registry::Registry::new("app");
/// registry.spawn("worker", |_| ())?;
/// # Ok::<(), thread_registry::SpawnError>(())
/// ```
///
/// An adopted thread is about the thread that adopted it, and stays there.
///
/// ```compile_fail,E0277
/// let registry = thread_registry::Registry::new("app");
/// let adopted = registry.adopt("main").expect("it is open");
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(adopted));
/// });
/// ```
///
/// ```
/// let registry = thread_registry::Registry::new("app");
/// let adopted = registry.adopt("main").expect("it is open");
/// drop(adopted);
/// ```
#[cfg(doctest)]
struct MustUse;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/deployment.md")]
struct Deployment;
