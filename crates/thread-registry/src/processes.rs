//! Child processes that end with their registry, all that they started included.
//!
//! Each child leads a process group of its own. One thread waits for its end, and clears the group away
//! before the number of the group can be given to anybody else; another one waits for the request to stop, asks
//! the group to end, and kills it when it has had its time. A shell that holds one end of a pipe does the same
//! when this process is killed and can do nothing any more.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::panic::Location;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    kill_process, kill_process_group, waitid, Pid, Signal, WaitId, WaitIdOptions,
};

use crate::context::ThreadCtx;
use crate::error::{JoinError, SpawnError};
use crate::handle::ThreadHandle;
use crate::poisonless as lock;
use crate::registry::{Registry, State};
use crate::spec::Spec;
use crate::token::{StopSource, StopToken};

/// Room for a thread that only waits.
const STACK: usize = 128 << 10;
/// What a shell does that outlives this process: it reads until the other end is gone, and ends the group that
/// it is in.
const LIFELINE: &str = "trap '' TERM INT HUP QUIT; read _; kill -KILL 0";

/// How a child is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillPolicy {
    grace: Duration,
    lifeline: bool,
}

impl Default for KillPolicy {
    /// Five seconds between the request and the kill, which is less than a shutdown takes at most, and a lifeline.
    fn default() -> Self {
        Self { grace: Duration::from_secs(5), lifeline: true }
    }
}

impl KillPolicy {
    /// How long a group may take to end after it was asked to.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Whether the group ends even when this process is killed: takes one more process, `/bin/sh`.
    #[must_use]
    pub fn lifeline(mut self, lifeline: bool) -> Self {
        self.lifeline = lifeline;
        self
    }
}

/// A child process of a registry. Dropping it leaves the child to its registry.
#[derive(Debug)]
pub struct ChildHandle {
    id: u32,
    /// What the child reads, if its command says `Stdio::piped`.
    pub stdin: Option<ChildStdin>,
    /// What the child writes, if its command says so.
    pub stdout: Option<ChildStdout>,
    /// What the child complains about, if its command says so.
    pub stderr: Option<ChildStderr>,
    stopper: ThreadHandle<()>,
    waiter: ThreadHandle<io::Result<ExitStatus>>,
}

/// Why there is no exit status.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// The child has not ended in time, or its status was handed out before.
    Join(JoinError),
    /// The operating system does not tell.
    Os(io::Error),
}

impl Registry {
    /// Starts a child process that ends with this registry: asked to by `SIGTERM`, killed after a grace, together
    /// with all that it started and that has not left its group. It is always waited for, so it leaves no zombie.
    ///
    /// It takes two threads of the registry, which dumps and reports show under its name.
    ///
    /// # Errors
    /// [`SpawnError::Os`] where the command cannot be run, and those of [`Registry::spawn`].
    #[track_caller]
    pub fn spawn_child(
        &self,
        spec: impl Into<Spec>,
        mut command: Command,
        policy: KillPolicy,
    ) -> Result<ChildHandle, SpawnError> {
        let spec: Spec = spec.into().stack_size(STACK);
        if self.state() != State::Open {
            // It would be started only to be killed.
            let at = Location::caller().into();
            return Err(SpawnError::ShuttingDown { name: spec.name.into_owned(), at });
        }
        let mut child = command.process_group(0).spawn().map_err(SpawnError::Os)?;
        let id = child.id();
        let stdio = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut family = Family::of(child).map_err(SpawnError::Os)?;
        if policy.lifeline {
            family.hold_lifeline().map_err(SpawnError::Os)?;
        }
        let group = family.group.clone();
        let ended = StopSource::new();
        let (end, over) = (ended.clone(), ended.token());
        let mut stopping = spec.clone();
        stopping.name.to_mut().push_str("-stop");
        let stopper = self.spawn(stopping, move |ctx| stop(ctx, &group, &over, policy.grace))?;
        let waiter = self.spawn(spec, move |ctx| {
            let _parked = ctx.park();
            let status = family.wait();
            end.stop();
            status
        });
        if waiter.is_err() {
            // The family has gone with the closure.
            ended.stop();
        }
        let (stdin, stdout, stderr) = stdio;
        Ok(ChildHandle { id, stdin, stdout, stderr, stopper, waiter: waiter? })
    }
}

/// Waits for the request to stop, or for the end of the child, and ends its group.
fn stop(ctx: &ThreadCtx, group: &Group, over: &StopToken, grace: Duration) {
    let _parked = ctx.park();
    let either = ctx.stop().child();
    let wake = either.clone();
    over.on_stop(move || {
        wake.stop();
    })
    .keep();
    either.token().wait_stopped();
    if over.is_stopped() {
        return;
    }
    group.signal(Signal::TERM);
    if !over.wait(grace) {
        group.signal(Signal::KILL);
    }
}

/// A process group, as long as its leader was not reaped: until then its number means it and nothing else.
struct Group {
    pid: Pid,
    is_reaped: Mutex<bool>,
}

impl Group {
    fn signal(&self, signal: Signal) {
        let is_reaped = lock(&self.is_reaped);
        if !*is_reaped {
            // It may have ended by itself meanwhile, which is what is wanted.
            let _ = kill_process_group(self.pid, signal);
            // A leader may have gone to another group.
            let _ = kill_process(self.pid, signal);
        }
    }
}

/// A child with its group and what holds its lifeline. Dropped before it was waited for, it is killed.
struct Family {
    group: Arc<Group>,
    leader: Child,
    lifeline: Option<Child>,
}

impl Family {
    fn of(mut leader: Child) -> io::Result<Self> {
        let pid = i32::try_from(leader.id()).ok().and_then(Pid::from_raw);
        let Some(pid) = pid else {
            leader.kill()?;
            leader.wait()?;
            return Err(io::Error::new(io::ErrorKind::Other, "a process without a number"));
        };
        let group = Arc::new(Group { pid, is_reaped: Mutex::new(false) });
        Ok(Self { group, leader, lifeline: None })
    }

    /// Starts the shell that ends the group when this process can do nothing any more: then its input ends.
    fn hold_lifeline(&mut self) -> io::Result<()> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", LIFELINE]).stdin(Stdio::piped());
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        shell.process_group(self.group.pid.as_raw_nonzero().get());
        self.lifeline = Some(shell.spawn()?);
        Ok(())
    }

    /// Blocks until the leader ends, clears away what is left of its group, and gives its status.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        // It stays a zombie for a moment, so that nobody else gets the number of its group.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(error) = waitid(WaitId::Pid(self.group.pid), options) {
            if error != Errno::INTR {
                break;
            }
        }
        self.clear_away()
    }

    fn clear_away(&mut self) -> io::Result<ExitStatus> {
        self.group.signal(Signal::KILL);
        let status = {
            let mut is_reaped = lock(&self.group.is_reaped);
            let status = self.leader.wait();
            *is_reaped = true;
            status
        };
        if let Some(mut shell) = self.lifeline.take() {
            // It was in the group, so it is dead.
            shell.wait()?;
        }
        status
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        if !*lock(&self.group.is_reaped) {
            // Nobody is left to be told.
            let _ = self.clear_away();
        }
    }
}

impl ChildHandle {
    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Asks this child to end, and kills it after its grace. Does not block.
    pub fn request_stop(&self) -> bool {
        self.stopper.request_stop()
    }

    /// Blocks until the child has ended, and gives its status.
    ///
    /// # Errors
    /// Where the operating system does not tell, or the status was handed out before.
    pub fn wait(mut self) -> Result<ExitStatus, WaitError> {
        // Nobody can write to it any more, and it may wait for that.
        self.stdin = None;
        self.waiter.join().map_err(WaitError::Join)?.map_err(WaitError::Os)
    }

    /// Like [`ChildHandle::wait`], for no longer than `timeout`.
    ///
    /// # Errors
    /// Those of `wait`, and [`JoinError::TimedOut`], after which it can be asked again.
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<ExitStatus, WaitError> {
        self.waiter.join_timeout(timeout).map_err(WaitError::Join)?.map_err(WaitError::Os)
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join(error) => error.fmt(f),
            Self::Os(error) => write!(f, "nobody says how the child ended: {error}"),
        }
    }
}

impl Error for WaitError {}
