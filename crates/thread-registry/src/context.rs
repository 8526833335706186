//! What a thread can ask of its registry while it runs.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::info::{ThreadId, ThreadInfo};
use crate::record::{Now, Record};
use crate::registry::Registry;
use crate::token::{StopToken, Stopped};

thread_local! {
    /// What this thread is registered as; the last is the current one.
    static CURRENT: RefCell<Vec<ThreadCtx>> = const { RefCell::new(Vec::new()) };
}

/// A registered thread, seen from inside. The closure of every spawn gets one; [`current`] finds it
/// from anywhere on the thread.
#[derive(Clone)]
pub struct ThreadCtx {
    record: Arc<Record>,
    registry: Registry,
    stop: StopToken,
}

/// The registered thread that this is, if it is one and not about to end.
pub fn current() -> Option<ThreadCtx> {
    CURRENT.try_with(|current| current.borrow().last().cloned()).ok().flatten()
}

/// Its number, without the rest.
pub(crate) fn current_id() -> Option<ThreadId> {
    CURRENT.try_with(|current| current.borrow().last().map(ThreadCtx::id)).ok().flatten()
}

/// Makes a thread the current one, until it is left.
pub(crate) fn enter(ctx: ThreadCtx) {
    // At the very end of a thread nobody asks any more.
    let _ = CURRENT.try_with(|current| current.borrow_mut().push(ctx));
}

/// Leaves it, whatever was entered since.
pub(crate) fn leave(id: ThreadId) {
    let take = |current: &RefCell<Vec<ThreadCtx>>| {
        let mut current = current.borrow_mut();
        let at = current.iter().rposition(|ctx| ctx.id() == id)?;
        Some(current.remove(at))
    };
    // It may own the registry, so it is dropped when nothing is borrowed any more.
    drop(CURRENT.try_with(take));
}

impl ThreadCtx {
    pub(crate) fn new(record: Arc<Record>, registry: Registry) -> Self {
        let stop = record.make_token();
        Self { record, registry, stop }
    }

    /// Whether the thread should stop, and how to wait for that.
    pub fn stop(&self) -> &StopToken {
        &self.stop
    }

    /// An error once the thread should stop.
    ///
    /// # Errors
    /// [`Stopped`] from then on.
    pub fn check(&self) -> Result<(), Stopped> {
        self.stop.check()
    }

    /// Sleeps, or less if the thread should stop; whether it should. A sign of life on both sides.
    pub fn wait(&self, duration: Duration) -> bool {
        let _parked = self.park();
        self.stop.wait(duration)
    }

    /// Gives a sign of life: about 25 ns.
    pub fn check_in(&self) {
        self.record.check_in();
    }

    /// Says what the thread does, until the guard is dropped.
    pub fn busy(&self, activity: &'static str) -> Busy<'_> {
        let before = self.record.say(Now { activity: Some(activity), parked: false });
        Busy { ctx: self, before }
    }

    /// Says that the thread waits on purpose, for as long as it takes, until the guard is dropped: it owes no
    /// sign of life meanwhile.
    pub fn park(&self) -> Parked<'_> {
        let now = self.record.now();
        let before = self.record.say(Now { parked: true, ..now });
        Parked { ctx: self, before }
    }

    /// The number of the thread.
    pub fn id(&self) -> ThreadId {
        self.record.id
    }

    /// Its whole name.
    pub fn name(&self) -> &str {
        &self.record.spec.name
    }

    /// All that is known of it.
    pub fn info(&self) -> ThreadInfo {
        self.record.info()
    }

    /// The registry that owns it.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

impl fmt::Debug for ThreadCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadCtx").field("id", &self.id()).field("name", &self.name()).finish()
    }
}

/// A thread does something; see [`ThreadCtx::busy`].
#[derive(Debug)]
#[must_use = "the activity ends when this is dropped"]
pub struct Busy<'c> {
    ctx: &'c ThreadCtx,
    before: Now,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.ctx.record.say(self.before);
    }
}

/// A thread waits on purpose; see [`ThreadCtx::park`].
#[derive(Debug)]
#[must_use = "the thread owes a sign of life again when this is dropped"]
pub struct Parked<'c> {
    ctx: &'c ThreadCtx,
    before: Now,
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.ctx.record.say(self.before);
    }
}
