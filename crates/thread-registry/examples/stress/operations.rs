//! What is done over and over: each operation is a small life of its own, from the first thread to the last report.

use std::process::Command;
use std::time::Duration;

use thread_registry::pool::{Pool, PoolConfig};
use thread_registry::{JoinError, KillPolicy, Phase, Registry, ShutdownReport, Spec};

/// Nothing here should take this long.
const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    SpawnJoin,
    TimedJoin,
    ShutdownCycle,
    PoolTasks,
    ChildProcess,
    StopWait,
}

/// How an operation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Done,
    /// It ran out of time where it is meant to.
    TimedOut,
    Failed(&'static str),
}

impl Operation {
    pub(crate) const ALL: [Self; 6] = [
        Self::SpawnJoin,
        Self::TimedJoin,
        Self::ShutdownCycle,
        Self::PoolTasks,
        Self::ChildProcess,
        Self::StopWait,
    ];

    /// One after the other, children less often: they cost a hundred times as much as threads.
    pub(crate) fn at(turn: usize) -> Self {
        match Self::ALL[turn % Self::ALL.len()] {
            Self::ChildProcess if turn % 5 != 0 => Self::SpawnJoin,
            operation => operation,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SpawnJoin => "spawn and join",
            Self::TimedJoin => "timed join",
            Self::ShutdownCycle => "shutdown cycle",
            Self::PoolTasks => "pool tasks",
            Self::ChildProcess => "child process",
            Self::StopWait => "stop wait",
        }
    }

    pub(crate) fn run(self) -> Outcome {
        let registry = Registry::new(self.name());
        let done = match self {
            Self::SpawnJoin => spawn_join(&registry),
            Self::TimedJoin => timed_join(&registry),
            Self::ShutdownCycle => shutdown_cycle(&registry),
            Self::PoolTasks => pool_tasks(&registry),
            Self::ChildProcess => child_process(&registry),
            Self::StopWait => stop_wait(&registry),
        };
        let report = registry.shutdown(LONG);
        match done {
            Ok(outcome) if is_right(&report) => outcome,
            Ok(_) => Outcome::Failed("a report that is not clean"),
            Err(what) => Outcome::Failed(what),
        }
    }
}

type Done = Result<Outcome, &'static str>;

fn is_right(report: &ShutdownReport) -> bool {
    let sum = report.joined + report.timed_out.len() + report.orphaned.len();
    report.is_clean() && report.total == sum
}

fn spawn_join(registry: &Registry) -> Done {
    let handle = registry.spawn("one", |_| 7).map_err(|_| "spawn")?;
    match handle.join() {
        Ok(7) => Ok(Outcome::Done),
        _ => Err("the value of a join"),
    }
}

/// Half of them end in time.
fn timed_join(registry: &Registry) -> Done {
    let spawned = registry.spawn("slow", |ctx| ctx.wait(Duration::from_millis(2)));
    let mut handle = spawned.map_err(|_| "spawn")?;
    match handle.join_timeout(Duration::from_millis(2)) {
        Ok(_) => Ok(Outcome::Done),
        Err(JoinError::TimedOut) => {
            handle.join().map_err(|_| "a join after a timed join")?;
            Ok(Outcome::TimedOut)
        }
        Err(_) => Err("a timed join"),
    }
}

fn shutdown_cycle(registry: &Registry) -> Done {
    for index in 0..6_u8 {
        let spec = Spec::named(format!("cycle-{index}")).phase(Phase(index % 3));
        registry.spawn(spec, |ctx| ctx.stop().wait_stopped()).map_err(|_| "spawn")?;
    }
    let below = registry.child("below");
    below.spawn("below", |ctx| ctx.stop().wait_stopped()).map_err(|_| "spawn below")?;
    let report = registry.shutdown(LONG);
    if !is_right(&report) || report.joined != 7 {
        return Err("a shutdown");
    }
    match registry.spawn("late", |_| ()) {
        Ok(_) => Err("a spawn after the end"),
        Err(_) => Ok(Outcome::Done),
    }
}

fn pool_tasks(registry: &Registry) -> Done {
    let config = PoolConfig::named("pool").workers(3).queue(64);
    let pool = Pool::new(registry, config).map_err(|_| "a pool")?;
    let mut tasks = Vec::new();
    for index in 0..40_u64 {
        tasks.push(pool.submit("task", move |_| index).map_err(|_| "submit")?);
    }
    let sum = tasks.into_iter().map(|task| task.join().unwrap_or(1000)).sum::<u64>();
    let report = pool.drain(LONG);
    match (sum, report.completed, report.cancelled) {
        (780, 40, 0) => Ok(Outcome::Done),
        _ => Err("the tasks of a pool"),
    }
}

fn child_process(registry: &Registry) -> Done {
    let mut brief = Command::new("/bin/sh");
    brief.args(["-c", "exit 3"]);
    let brief =
        registry.spawn_child("brief", brief, KillPolicy::default()).map_err(|_| "a child")?;
    let mut long = Command::new("/bin/sh");
    long.args(["-c", "sleep 600"]);
    registry.spawn_child("long", long, KillPolicy::default()).map_err(|_| "a child")?;
    match brief.wait() {
        Ok(status) if status.code() == Some(3) => Ok(Outcome::Done),
        _ => Err("the end of a child"),
    }
}

fn stop_wait(registry: &Registry) -> Done {
    let mut handles = Vec::new();
    for index in 0..4 {
        let waiting = registry.spawn(format!("waits-{index}"), |ctx| ctx.wait(LONG));
        handles.push(waiting.map_err(|_| "spawn")?);
    }
    registry.request_shutdown();
    match handles.into_iter().all(|handle| handle.join() == Ok(true)) {
        true => Ok(Outcome::Done),
        false => Err("a wait that nobody ended"),
    }
}
