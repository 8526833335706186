//! Whether it held, line by line.

use std::fmt;

use thread_registry::ShutdownReport;

use crate::record::Record;
use crate::sample::{Sample, Samples};

/// The share of operations that must not fail.
const SUCCESS: f64 = 0.95;
/// What may come on top after the warm-up.
const GROWTH_KIB: u64 = 100 * 1024;

pub(crate) struct Verdict<'a> {
    pub(crate) record: &'a Record,
    pub(crate) samples: &'a Samples,
    pub(crate) report: &'a ShutdownReport,
    pub(crate) baseline: Sample,
    pub(crate) left: Sample,
}

impl Verdict<'_> {
    fn lines(&self) -> [(&'static str, bool, String); 5] {
        let Self { record, samples, report, baseline, left } = self;
        let growth = samples.growth_kib();
        [
            (
                "no deadlock",
                report.timed_out.is_empty(),
                format!("{} workers ended", report.joined),
            ),
            (
                "more than 95 % success",
                record.success() > SUCCESS,
                format!("{:.3} %", 100.0 * record.success()),
            ),
            (
                "growth below 100 MiB",
                growth < GROWTH_KIB,
                format!("{:.1} MiB", growth as f64 / 1024.0),
            ),
            (
                "threads back to where they were",
                left.threads <= baseline.threads,
                format!("{} of {}", left.threads, baseline.threads),
            ),
            (
                "children back to where they were",
                left.children <= baseline.children,
                format!("{} of {}", left.children, baseline.children),
            ),
        ]
    }

    pub(crate) fn holds(&self) -> bool {
        self.lines().iter().all(|(_, holds, _)| *holds)
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (what, holds, figure) in self.lines() {
            writeln!(f, "{}  {what:<34} {figure}", if holds { "pass" } else { "FAIL" })?;
        }
        Ok(())
    }
}
