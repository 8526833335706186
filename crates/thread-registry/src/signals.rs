//! Signals that end the program: the first asks for a shutdown, the second ends the process at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use signal_hook::consts::{FORBIDDEN, TERM_SIGNALS};
use signal_hook::iterator::Signals as Iter;
use signal_hook::{flag, low_level, SigId};

use crate::error::SpawnError;
use crate::handle::ThreadHandle;
use crate::poisonless as lock;
use crate::registry::Registry;
use crate::spec::{Phase, Spec};

/// Within this time, a second signal is the first one once more: `timeout` sends it to a process and then to its
/// group, and some supervisors do.
const ECHO: Duration = Duration::from_millis(100);

/// Handlers that nobody listens for any more. They stay, and end the process: taken out, they would leave it deaf,
/// since nobody brings the default back. The next to listen takes their place.
static LEFT: Mutex<Vec<SigId>> = Mutex::new(Vec::new());

/// Signals are listened to, until this is dropped; from then on they end the process at once. See
/// [`Registry::on_signals`].
#[derive(Debug)]
#[must_use = "dropping it stops listening"]
pub struct Signals {
    /// Only kept: where it is dropped, they are left behind.
    _handlers: Handlers,
    listener: ThreadHandle<()>,
}

/// Handlers for as long as somebody listens.
#[derive(Debug, Default)]
struct Handlers(Vec<SigId>);

impl Drop for Handlers {
    fn drop(&mut self) {
        lock(&LEFT).append(&mut self.0);
    }
}

/// Makes signals end the process when it is dropped, on whatever way.
struct Arms(Arc<AtomicBool>);

impl Drop for Arms {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Registry {
    /// Requests a shutdown when the process is asked to end: by `SIGTERM`, `SIGINT` or `SIGQUIT`. A second signal, a
    /// tenth of a second later or more, ends the process at once, with 128 and the number of the signal,
    /// whatever its threads do: nobody has to wait for a shutdown that hangs.
    ///
    /// Listening takes a thread of this registry, named `signals`. Nothing of this crate runs in a handler. Once that
    /// thread has ended, whether because all is shut down or because what this returns was dropped, one signal
    /// ends the process.
    ///
    /// # Errors
    /// Where the handlers cannot be installed, or the thread cannot be spawned.
    #[track_caller]
    pub fn on_signals(&self) -> io::Result<Signals> {
        self.on_these_signals(TERM_SIGNALS)
    }

    /// Like [`Registry::on_signals`], for these signals.
    ///
    /// # Errors
    /// As there; also for signals that nobody may handle.
    #[track_caller]
    pub fn on_these_signals(&self, signals: &[i32]) -> io::Result<Signals> {
        if let Some(signal) = signals.iter().find(|signal| FORBIDDEN.contains(signal)) {
            let message = format!("signal {signal} cannot be handled");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let asked = Arc::new(AtomicBool::new(false));
        let arms = Arms(asked.clone());
        let before = std::mem::take(&mut *lock(&LEFT));
        let mut handlers = Handlers::default();
        for &signal in signals {
            let handler = flag::register_conditional_shutdown(signal, 128 + signal, asked.clone())?;
            handlers.0.push(handler);
        }
        for handler in before {
            low_level::unregister(handler);
        }
        let mut arrived = Iter::new(signals)?;
        let close = arrived.handle();
        // The last to stop: for as long as anything else is waited for, a second signal counts.
        let spec = Spec::named("signals")
            .purpose("requests the shutdown when a signal asks for it")
            .phase(Phase(u8::MAX));
        let spawned = self.spawn(spec, move |ctx| {
            let closed = ctx.stop().on_stop(move || close.close());
            let _parked = ctx.park();
            if arrived.forever().next().is_some() {
                ctx.registry().request_shutdown();
                ctx.stop().wait(ECHO);
            }
            drop(closed);
            drop(arms);
        });
        let listener = spawned.map_err(|error| match error {
            SpawnError::Os(error) => error,
            other => io::Error::new(io::ErrorKind::Other, other),
        })?;
        Ok(Signals { _handlers: handlers, listener })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Its registry joins it.
        self.listener.request_stop();
    }
}
