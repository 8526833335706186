//! What the process uses, as Linux tells it; elsewhere nothing is known, and nothing is claimed.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long threads and children may take to go after the last shutdown.
const LINGER: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    at: Duration,
    pub(crate) rss_kib: u64,
    pub(crate) threads: usize,
    pub(crate) children: usize,
    /// Processor time so far, in ticks of a hundredth of a second.
    ticks: u64,
    cpu: f64,
}

pub(crate) struct Samples {
    warm_up: Duration,
    taken: Mutex<Vec<Sample>>,
}

pub(crate) fn now() -> Sample {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok());
    Sample {
        at: Duration::ZERO,
        rss_kib: field("VmRSS:").unwrap_or_default(),
        threads: usize::try_from(field("Threads:").unwrap_or_default()).unwrap_or_default(),
        children: children(),
        ticks: ticks.sum(),
        cpu: 0.0,
    }
}

fn children() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of = |task: std::fs::DirEntry| {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.split_whitespace().count()
    };
    tasks.map(of).sum()
}

/// What is left once what is about to go has gone.
pub(crate) fn settled(baseline: Sample) -> Sample {
    let begun = Instant::now();
    loop {
        let sample = now();
        let is_back = sample.threads <= baseline.threads && sample.children <= baseline.children;
        if is_back || begun.elapsed() > LINGER {
            return sample;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Samples {
    pub(crate) fn new(warm_up: Duration) -> Self {
        Self { warm_up, taken: Mutex::new(Vec::new()) }
    }

    pub(crate) fn take(&self, at: Duration) -> Sample {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sample = Sample { at, ..now() };
        let before = taken.last().copied().unwrap_or_default();
        let seconds = (at - before.at).as_secs_f64().max(1e-3);
        sample.cpu = sample.ticks.saturating_sub(before.ticks) as f64 / seconds;
        taken.push(sample);
        sample
    }

    /// How much memory came on top after the warm-up, in KiB.
    pub(crate) fn growth_kib(&self) -> u64 {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let warm = taken.iter().find(|sample| sample.at >= self.warm_up);
        match (warm, taken.last()) {
            (Some(warm), Some(last)) => last.rss_kib.saturating_sub(warm.rss_kib),
            _ => 0,
        }
    }

    pub(crate) fn table(&self) -> String {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let most = |of: fn(&Sample) -> f64| taken.iter().map(of).fold(0.0, f64::max);
        let cpu = taken.iter().map(|it| it.cpu).sum::<f64>() / taken.len().max(1) as f64;
        format!(
            "processor {cpu:.0} % on average, {:.0} % at most; memory {:.1} MiB, threads {:.0}, children {:.0} at most",
            most(|it| it.cpu),
            most(|it| it.rss_kib as f64) / 1024.0,
            most(|it| it.threads as f64),
            most(|it| it.children as f64),
        )
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rss_kib, threads, children, cpu, .. } = self;
        let mib = *rss_kib as f64 / 1024.0;
        write!(f, "{mib:>6.1} MiB  {threads:>3} threads  {children:>2} children  {cpu:>3.0} % cpu")
    }
}
