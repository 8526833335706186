//! What came out, and how long it took.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::operations::{Operation, Outcome};

/// Latencies are kept with three digits, up to a minute, in microseconds.
const LONGEST: u64 = 60_000_000;

pub(crate) struct Record {
    all: Mutex<BTreeMap<Operation, Of>>,
}

/// One kind of operation.
struct Of {
    times: Histogram<u64>,
    outcomes: BTreeMap<Outcome, u64>,
    spent: Duration,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { all: Mutex::new(BTreeMap::new()) }
    }

    pub(crate) fn add(&self, operation: Operation, outcome: Outcome, took: Duration) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let of = all.entry(operation).or_insert_with(|| Of {
            times: Histogram::new_with_max(LONGEST, 3).expect("three digits are possible"),
            outcomes: BTreeMap::new(),
            spent: Duration::ZERO,
        });
        let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST);
        of.times.saturating_record(micros);
        *of.outcomes.entry(outcome).or_default() += 1;
        of.spent += took;
    }

    /// Operations that ended, whatever way.
    pub(crate) fn total(&self) -> u64 {
        self.sum(|_| true)
    }

    pub(crate) fn sum(&self, wanted: impl Fn(Outcome) -> bool) -> u64 {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = all.values().flat_map(|of| &of.outcomes);
        outcomes.filter(|(outcome, _)| wanted(**outcome)).map(|(_, count)| count).sum()
    }

    /// The share of operations that did not fail; those that ran out of time where they are meant to did not.
    pub(crate) fn success(&self) -> f64 {
        let failed = self.sum(|outcome| matches!(outcome, Outcome::Failed(_)));
        let total = self.total();
        if total == 0 {
            return 0.0;
        }
        1.0 - failed as f64 / total as f64
    }

    pub(crate) fn table(&self, took: Duration) -> String {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let spent: Duration = all.values().map(|of| of.spent).sum();
        let mut out = String::from(
            "\noperation            done  timeouts  failed       p50       p95       p99   of the time\n",
        );
        let (mut total, mut failures) = (0, BTreeMap::new());
        for (operation, of) in &*all {
            let count = |wanted: fn(&Outcome) -> bool| {
                of.outcomes.iter().filter(|(it, _)| wanted(it)).map(|(_, n)| n).sum::<u64>()
            };
            for (outcome, n) in &of.outcomes {
                if let Outcome::Failed(what) = outcome {
                    *failures.entry(*what).or_insert(0) += n;
                }
            }
            total += of.times.len();
            let percentile = |q: f64| Duration::from_micros(of.times.value_at_quantile(q));
            let _ = writeln!(
                out,
                "{:<18} {:>6} {:>9} {:>7} {:>9.1?} {:>9.1?} {:>9.1?} {:>12.0}%",
                operation.name(),
                count(|it| *it == Outcome::Done),
                count(|it| *it == Outcome::TimedOut),
                count(|it| matches!(it, Outcome::Failed(_))),
                percentile(0.5),
                percentile(0.95),
                percentile(0.99),
                100.0 * of.spent.as_secs_f64() / spent.as_secs_f64().max(1e-9),
            );
        }
        let rate = total as f64 / took.as_secs_f64();
        let _ = writeln!(out, "{total} operations, {rate:.0} a second");
        for (what, n) in failures {
            let _ = writeln!(out, "failed {n} times: {what}");
        }
        if let Some((operation, of)) = all.iter().max_by_key(|(_, of)| of.spent) {
            let p99 = Duration::from_micros(of.times.value_at_quantile(0.99));
            let name = operation.name();
            let _ = writeln!(out, "bottleneck: {name}, the most time in all (p99 {p99:.1?})");
        }
        let tail = |of: &Of| {
            let p50 = of.times.value_at_quantile(0.5).max(1);
            of.times.value_at_quantile(0.99) / p50
        };
        if let Some((operation, of)) = all.iter().max_by_key(|(_, of)| tail(of)) {
            let (name, times) = (operation.name(), tail(of));
            let _ = writeln!(out, "longest tail: {name}, p99 is {times} times p50");
        }
        out
    }
}
