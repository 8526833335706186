//! Asking threads to stop, and sleeping in a way that the request ends.
//!
//! A source stops its token and everything below it, once and for ever. The model is that of C++20's
//! `stop_source`, `stop_token` and `stop_callback`, with children as Go's contexts and tokio-util's
//! `CancellationToken` have them.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::sync::{lock, AtomicBool, Condvar, Mutex, Until};

/// Tells whether somebody wants you to stop. Clones are the same token.
#[derive(Clone)]
pub struct StopToken {
    node: Arc<Node>,
}

/// Stops a token and everything below it. Clones are the same source; dropping one stops nothing.
#[derive(Clone)]
pub struct StopSource {
    node: Arc<Node>,
}

/// A source that keeps nothing: it is none any more when nobody has the token.
pub(crate) struct WeakSource {
    node: Weak<Node>,
}

/// A callback that waits for a stop. Dropping it takes the callback back, unless it runs already;
/// [`OnStop::keep`] leaves it in place.
#[must_use = "dropping it takes the callback back"]
pub struct OnStop {
    at: Option<(Weak<Node>, u64)>,
}

/// Somebody asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stop was requested")
    }
}

impl std::error::Error for Stopped {}

type Callback = Box<dyn FnOnce() + Send>;

struct Node {
    /// What stops it. A child keeps its parent, never the other way round: who holds the end of a chain is
    /// told of a stop at its start.
    _parent: Option<Arc<Node>>,
    stopped: AtomicBool,
    below: Mutex<Below>,
    changed: Condvar,
}

#[derive(Default)]
struct Below {
    next: u64,
    callbacks: BTreeMap<u64, Callback>,
    children: Vec<Weak<Node>>,
    /// How long the list of children was when the dead ones were last thrown out.
    pruned: usize,
}

/// What a stop did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fired {
    /// Whether it was the first.
    pub(crate) first: bool,
    /// Callbacks that panicked.
    pub(crate) panicked: usize,
}

impl Node {
    fn new(parent: Option<Arc<Node>>) -> Arc<Self> {
        Arc::new(Self {
            _parent: parent,
            stopped: AtomicBool::new(false),
            below: Mutex::new(Below::default()),
            changed: Condvar::new(),
        })
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    fn child(self: &Arc<Self>) -> Arc<Self> {
        let child = Self::new(Some(self.clone()));
        let mut below = lock(&self.below);
        if self.is_stopped() {
            child.stopped.store(true, Ordering::Release);
            return child;
        }
        if below.children.len() >= 2 * below.pruned + 8 {
            below.children.retain(|child| child.strong_count() > 0);
            below.pruned = below.children.len();
        }
        below.children.push(Arc::downgrade(&child));
        child
    }

    /// Marks everything below as stopped and wakes it, and only then runs the callbacks: one that
    /// takes long holds up no other thread.
    fn stop(self: &Arc<Self>) -> Fired {
        let mut fired = Fired::default();
        let mut open = vec![self.clone()];
        let mut callbacks = Vec::new();
        while let Some(node) = open.pop() {
            let mut below = lock(&node.below);
            if node.stopped.swap(true, Ordering::AcqRel) {
                continue;
            }
            fired.first |= Arc::ptr_eq(&node, self);
            callbacks.extend(std::mem::take(&mut below.callbacks).into_values());
            open.extend(below.children.drain(..).filter_map(|child| child.upgrade()));
            node.changed.notify_all();
        }
        for callback in callbacks {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(callback)) {
                fired.panicked += 1;
                crate::panic::discard(payload);
            }
        }
        fired
    }

    fn wait(&self, until: &Until) -> bool {
        if self.is_stopped() {
            return true;
        }
        let mut below = lock(&self.below);
        while !self.is_stopped() {
            if until.has_passed() {
                return false;
            }
            below = until.wait(&self.changed, below);
        }
        true
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // What callbacks own may panic when it goes, and this may be anywhere.
        let callbacks = std::mem::take(&mut lock(&self.below).callbacks);
        callbacks.into_values().for_each(crate::panic::discard);
    }
}

impl StopToken {
    /// Whether a stop was requested. Never blocks.
    pub fn is_stopped(&self) -> bool {
        self.node.is_stopped()
    }

    /// An error once a stop was requested, so that `?` leaves a loop.
    ///
    /// # Errors
    /// [`Stopped`] from the first request on.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_stopped() {
            Err(Stopped)
        } else {
            Ok(())
        }
    }

    /// Sleeps for `duration`, or until a stop is requested; whether one was. This is what a loop calls
    /// instead of `std::thread::sleep`.
    pub fn wait(&self, duration: Duration) -> bool {
        self.node.wait(&Until::after(duration))
    }

    /// Blocks until a stop is requested.
    pub fn wait_stopped(&self) {
        self.node.wait(&Until::Never);
    }

    /// Runs `callback` when a stop is requested, on the thread that requests it, outside of all locks: to
    /// close a socket, to drop a sender, to wake a poll. If one was requested already, it runs now.
    /// It runs at most once; a panic in it is caught and counted.
    pub fn on_stop(&self, callback: impl FnOnce() + Send + 'static) -> OnStop {
        let mut below = lock(&self.node.below);
        if self.is_stopped() {
            drop(below);
            if let Err(payload) = catch_unwind(AssertUnwindSafe(callback)) {
                crate::panic::discard(payload);
            }
            return OnStop { at: None };
        }
        let id = below.next;
        below.next += 1;
        below.callbacks.insert(id, Box::new(callback));
        OnStop { at: Some((Arc::downgrade(&self.node), id)) }
    }

    /// A source whose token stops with this one, or by itself before.
    pub fn child(&self) -> StopSource {
        StopSource { node: self.node.child() }
    }
}

impl StopSource {
    /// A source with nothing above it.
    pub fn new() -> Self {
        Self { node: Node::new(None) }
    }

    /// Requests the stop, and runs callbacks on this thread; whether it is the first request.
    pub fn stop(&self) -> bool {
        self.fire().first
    }

    pub(crate) fn fire(&self) -> Fired {
        self.node.stop()
    }

    /// The token of this source.
    pub fn token(&self) -> StopToken {
        StopToken { node: self.node.clone() }
    }

    pub(crate) fn downgrade(&self) -> WeakSource {
        WeakSource { node: Arc::downgrade(&self.node) }
    }
}

impl WeakSource {
    pub(crate) fn upgrade(&self) -> Option<StopSource> {
        Some(StopSource { node: self.node.upgrade()? })
    }
}

impl Default for StopSource {
    fn default() -> Self {
        Self::new()
    }
}

impl OnStop {
    /// Leaves the callback in place for as long as anybody has the token: on a thread's own, mostly until the
    /// thread ends. One that shall run when the registry stops belongs on [`crate::Registry::stop_token`].
    pub fn keep(mut self) {
        self.at = None;
    }
}

impl Drop for OnStop {
    fn drop(&mut self) {
        let Some((node, id)) = self.at.take() else { return };
        if let Some(node) = node.upgrade() {
            // It may own anything, so it is dropped outside of the lock.
            let callback = lock(&node.below).callbacks.remove(&id);
            drop(callback);
        }
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken").field("stopped", &self.is_stopped()).finish()
    }
}

impl fmt::Debug for StopSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopSource").field("stopped", &self.node.is_stopped()).finish()
    }
}

impl fmt::Debug for OnStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnStop").field("waits", &self.at.is_some()).finish()
    }
}
