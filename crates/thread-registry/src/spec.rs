//! What a thread is for, and what becomes of it at shutdown.

use std::borrow::Cow;
use std::time::Duration;

/// A thread to be: its name, and whatever else its registry shall know of it.
///
/// ```
/// use std::time::Duration;
/// use thread_registry::{OnShutdown, Phase, Spec};
///
/// let spec = Spec::named("net-rx")
///     .purpose("reads packets from the uplink")
///     .phase(Phase(1))
///     .on_shutdown(OnShutdown::JoinWithin(Duration::from_secs(2)));
/// # let _ = spec;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a spec spawns nothing by itself"]
pub struct Spec {
    pub(crate) name: Cow<'static, str>,
    pub(crate) purpose: Option<Cow<'static, str>>,
    pub(crate) phase: Phase,
    pub(crate) on_shutdown: OnShutdown,
    pub(crate) heartbeat: Option<Heartbeat>,
    pub(crate) stack_size: Option<usize>,
}

/// When a thread is asked to stop at shutdown: lower phases first, all threads of one phase at once, and the
/// next phase when they are gone or their time is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Phase(pub u8);

/// What shutdown does about a thread, once it has asked it to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnShutdown {
    /// Waits for it as long as there is time.
    #[default]
    Join,
    /// Waits for it no longer than this, counted from the start of its phase.
    JoinWithin(Duration),
    /// Does not wait: if it still runs at the end, it counts as orphaned.
    Abandon,
}

/// How often a thread promises to call [`crate::ThreadCtx::check_in`], unless it is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heartbeat {
    /// Silence after which it counts as slow.
    pub warn: Duration,
    /// Silence after which it counts as dead.
    pub dead: Duration,
}

impl Spec {
    /// A thread of this name, of which nothing else is known. A literal is kept as it is.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            purpose: None,
            phase: Phase::default(),
            on_shutdown: OnShutdown::default(),
            heartbeat: None,
            stack_size: None,
        }
    }

    /// What it is there for, in a few words, for dumps and reports.
    pub fn purpose(mut self, purpose: impl Into<Cow<'static, str>>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// When it is asked to stop.
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// What shutdown does about it.
    pub fn on_shutdown(mut self, on_shutdown: OnShutdown) -> Self {
        self.on_shutdown = on_shutdown;
        self
    }

    /// How often it promises a sign of life.
    pub fn heartbeat(mut self, heartbeat: Heartbeat) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// The size of its stack, in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }
}

impl From<&'static str> for Spec {
    fn from(name: &'static str) -> Self {
        Self::named(name)
    }
}

impl From<String> for Spec {
    fn from(name: String) -> Self {
        Self::named(name)
    }
}
