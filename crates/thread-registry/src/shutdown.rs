//! Ending all threads of a registry: asked phase by phase, joined within a deadline, each accounted for.

use std::collections::BTreeSet;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::ThreadState;
use crate::inner::{Inner, Shutdown};
use crate::observer::Event;
use crate::record::Record;
use crate::report::{PhaseReport, ShutdownReport};
use crate::spec::{OnShutdown, Phase};
use crate::sync::{current, lock, Until};

/// How often observers hear of what is waited for.
const PROGRESS: Duration = Duration::from_secs(1);

/// How long a shutdown may take: a duration from the call on, a point in time, or what the registry is set
/// to (the default).
#[derive(Clone, Debug, Default)]
pub struct Deadline(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Configured,
    After(Duration),
    Until(Until),
}

impl From<Duration> for Deadline {
    fn from(duration: Duration) -> Self {
        Self(Kind::After(duration))
    }
}

impl From<Instant> for Deadline {
    fn from(at: Instant) -> Self {
        Self(Kind::Until(Until::At(at)))
    }
}

impl Deadline {
    /// One that a model fires.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn until(until: Until) -> Self {
        Self(Kind::Until(until))
    }

    fn of(&self, inner: &Inner) -> Until {
        match &self.0 {
            Kind::Configured => Until::after(inner.settings.deadline),
            Kind::After(duration) => Until::after(*duration),
            Kind::Until(until) => until.clone(),
        }
    }
}

/// Closes a registry and all below it, and asks the first phase to stop; whether nobody had before.
pub(crate) fn request(inner: &Arc<Inner>) -> bool {
    let mut all = inner.subtree();
    let first = close(inner, &mut all);
    let phases = all.iter().filter_map(|inner| {
        let table = lock(&inner.table);
        let records = table.entries.values().map(|entry| &entry.record);
        let live = records.filter(|record| record.exit.state() < ThreadState::Returned);
        live.map(|record| record.spec.phase).min()
    });
    if let Some(phase) = phases.min() {
        fire(&all, phase);
    }
    first
}

/// Closes registries; whether the first of them was open. One that is made below them meanwhile is closed as well.
fn close(inner: &Arc<Inner>, all: &mut Vec<Arc<Inner>>) -> bool {
    let mut first = false;
    let mut closed: BTreeSet<*const Inner> = BTreeSet::new();
    loop {
        for inner in all.iter() {
            if closed.insert(Arc::as_ptr(inner)) {
                let mut table = lock(&inner.table);
                let was_open = !std::mem::replace(&mut table.closed, true);
                first |= was_open && closed.len() == 1;
            }
        }
        // A closed registry makes closed ones only, so this ends.
        *all = inner.subtree();
        if all.iter().all(|inner| closed.contains(&Arc::as_ptr(inner))) {
            break;
        }
    }
    for inner in all.iter() {
        inner.count_panics(inner.requested.fire().panicked);
    }
    if first {
        inner.observe(&Event::ShutdownRequested { registry: &inner.name });
    }
    first
}

/// Asks the threads of a phase to stop.
fn fire(all: &[Arc<Inner>], phase: Phase) {
    let source = |inner: &Arc<Inner>| lock(&inner.table).phase(phase).clone();
    let sources: Vec<_> = all.iter().map(source).collect();
    for (inner, source) in all.iter().zip(&sources) {
        inner.count_panics(source.fire().panicked);
    }
}

/// Ends everything, or waits for whoever is at it.
pub(crate) fn shutdown(inner: &Arc<Inner>, deadline: &Deadline) -> ShutdownReport {
    let started = Instant::now();
    if inner.is_forked() {
        // The locks may be held by threads that do not exist here.
        let registry = inner.name.to_string();
        return ShutdownReport { registry, forked: true, ..ShutdownReport::default() };
    }
    let until = deadline.of(inner);
    let repeated = match claim(inner, &until) {
        Claim::Mine { repeated } => repeated,
        Claim::Done(report) => return ShutdownReport { repeated: true, ..*report },
        Claim::Theirs => {
            let mut report = account(inner, &Found::of(&inner.subtree()));
            report.in_progress = true;
            report.duration = started.elapsed();
            return report;
        }
    };
    let mut all = inner.subtree();
    close(inner, &mut all);
    run_hooks(&all, |hooks| std::mem::take(&mut hooks.before));
    let found = Found::of(&all);
    let mut phases = Vec::new();
    for phase in found.records.iter().map(|record| record.spec.phase).collect::<BTreeSet<_>>() {
        let begun = Instant::now();
        fire(&all, phase);
        let waited_for = wait_for(inner, phase, &found.records, &until);
        phases.push(PhaseReport { phase, waited_for, duration: begun.elapsed() });
    }
    // Threads that ended long ago may have handed their tokens on.
    let known = |inner: &Arc<Inner>| lock(&inner.table).phases.keys().copied().collect::<Vec<_>>();
    for phase in all.iter().flat_map(known).collect::<BTreeSet<_>>() {
        fire(&all, phase);
    }
    run_hooks(&all, |hooks| std::mem::take(&mut hooks.after));
    let mut report = account(inner, &found);
    report.phases = phases;
    report.repeated = repeated;
    report.duration = started.elapsed();
    finish(inner, &all, &found, &report);
    report
}

enum Claim {
    /// Nobody else is at it.
    Mine { repeated: bool },
    /// Somebody has done it, and nothing is left.
    Done(Box<ShutdownReport>),
    /// Somebody is at it and must not be waited for, or not any longer.
    Theirs,
}

fn claim(inner: &Arc<Inner>, until: &Until) -> Claim {
    let me = current().id();
    let is_own = is_waited_for(&inner.subtree());
    let mut table = lock(&inner.table);
    loop {
        let repeated = match &table.shutdown {
            Shutdown::Idle => false,
            Shutdown::Done(report) if report.is_final() => return Claim::Done(report.clone()),
            Shutdown::Done(_) => true,
            // Whoever is at it waits for this very thread, or is it: in a callback, in a hook.
            Shutdown::Running(by) if is_own || *by == me => return Claim::Theirs,
            Shutdown::Running(_) if until.has_passed() => return Claim::Theirs,
            Shutdown::Running(_) => {
                table = until.wait(&inner.changed, table);
                continue;
            }
        };
        table.shutdown = Shutdown::Running(me);
        return Claim::Mine { repeated };
    }
}

/// Whether a shutdown of these registries waits for the current thread. One that is spawned may be adopted as well.
fn is_waited_for(all: &[Arc<Inner>]) -> bool {
    all.iter().any(|inner| {
        let table = lock(&inner.table);
        let mut records = table.entries.values().map(|entry| &entry.record);
        records.any(|record| record.is_current() && record.is_waited_for())
    })
}

/// The threads that are there, and what is known of those that were.
struct Found {
    records: Vec<Arc<Record>>,
    before: Vec<Before>,
}

/// What one registry knows of threads that are there no more.
struct Before {
    registry: Arc<str>,
    ended: u64,
    panicked: u64,
}

impl Found {
    fn of(all: &[Arc<Inner>]) -> Self {
        let mut found = Self { records: Vec::new(), before: Vec::new() };
        for inner in all {
            // Both under one lock: every thread is either here or counted as ended.
            let table = lock(&inner.table);
            found.records.extend(table.entries.values().map(|entry| entry.record.clone()));
            found.before.push(Before {
                registry: inner.name.clone(),
                ended: table.counts.cleared,
                panicked: table.counts.panics_cleared,
            });
        }
        found.records.sort_by_key(|record| record.id);
        found
    }
}

/// Whether a registry is another one, or below it.
fn is_within(registry: &str, above: &str) -> bool {
    registry.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Waits for the threads of a phase; how many that were.
fn wait_for(inner: &Inner, phase: Phase, records: &[Arc<Record>], until: &Until) -> usize {
    let begun = Instant::now();
    let until = match inner.settings.phase_deadlines.get(&phase) {
        Some(&most) => until.min(&Until::after(most)),
        None => until.clone(),
    };
    let mut open: Vec<(&Record, Until)> = Vec::new();
    for record in records {
        if record.spec.phase != phase || record.is_current() || !record.is_waited_for() {
            continue;
        }
        let until = match record.spec.on_shutdown {
            OnShutdown::JoinWithin(most) => until.min(&Until::after(most)),
            OnShutdown::Join | OnShutdown::Abandon => until.clone(),
        };
        open.push((record, until));
    }
    let waited_for = open.len();
    inner.observe(&Event::PhaseStarted { registry: &inner.name, phase, waited_for });
    let mut next = Until::after(PROGRESS);
    // The last is waited for first, so that taking it out moves nothing.
    while let Some((record, own)) = open.last() {
        let slice = if inner.settings.observers.is_empty() { own.clone() } else { own.min(&next) };
        if record.exit.wait(&slice) || own.has_passed() {
            open.pop();
        }
        if next.has_passed() && !open.is_empty() {
            open.retain(|(record, _)| record.exit.state() < ThreadState::Gone);
            let names: Vec<String> =
                open.iter().map(|(record, _)| record.spec.name.to_string()).collect();
            inner.observe(&Event::Waiting {
                registry: &inner.name,
                left: names.len(),
                of: waited_for,
                names: &names,
                since: begun.elapsed(),
            });
            next = Until::after(PROGRESS);
        }
    }
    waited_for
}

/// Runs hooks, the last registered first, and those of registries below before those above.
fn run_hooks(
    all: &[Arc<Inner>],
    take: impl Fn(&mut crate::inner::Hooks) -> Vec<Box<dyn FnOnce() + Send>>,
) {
    for inner in all.iter().rev() {
        let hooks = take(&mut lock(&inner.table).hooks);
        for hook in hooks.into_iter().rev() {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
                inner.count_panics(1);
                crate::panic::discard(payload);
            }
        }
    }
}

/// What became so far of the threads of a registry and of those below it.
fn account(inner: &Arc<Inner>, found: &Found) -> ShutdownReport {
    let mut report =
        ShutdownReport { registry: inner.name.to_string(), ..ShutdownReport::default() };
    for before in found.before.iter().filter(|it| is_within(&it.registry, &inner.name)) {
        report.ended_before += before.ended;
        report.panicked_before += before.panicked;
    }
    for inner in inner.subtree() {
        report.callbacks_panicked += inner.callbacks_panicked.load(Ordering::Relaxed);
    }
    for record in found.records.iter().filter(|it| is_within(it.registry(), &inner.name)) {
        if record.is_current() {
            report.caller = Some(record.id);
            continue;
        }
        let is_gone = record.exit.state() == ThreadState::Gone;
        if record.refused.load(Ordering::Acquire) {
            continue;
        }
        report.total += 1;
        if is_gone {
            report.joined += 1;
            if record.panic().is_some() {
                report.panicked.push(record.info());
            }
        } else if record.is_waited_for() {
            report.timed_out.push(record.info());
        } else {
            report.orphaned.push(record.info());
        }
    }
    report
}

/// Joins what is gone, keeps the reports, each registry below its own, and wakes whoever waits for them.
fn finish(inner: &Arc<Inner>, all: &[Arc<Inner>], found: &Found, report: &ShutdownReport) {
    for inner in all {
        inner.reap_all();
    }
    for below in all.iter().filter(|below| !Arc::ptr_eq(below, inner)) {
        let own = account(below, found);
        let mut table = lock(&below.table);
        if !matches!(table.shutdown, Shutdown::Running(_)) {
            table.shutdown = Shutdown::Done(Box::new(own));
        }
    }
    inner.observe(&Event::ShutdownFinished(report));
    lock(&inner.table).shutdown = Shutdown::Done(Box::new(report.clone()));
    inner.changed.notify_all();
}
