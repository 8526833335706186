//! What the registry costs on top of std, measured in turns in one run: absolute times of a shared machine
//! mean nothing. `cargo bench -p thread-registry` prints the figures and fails where a promise is broken.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use thread_registry::{Registry, Spec};

/// Threads of each attempt, std's and ours together.
const RUNS: usize = 16_000;
/// Attempts before a promise counts as broken: a minute and more, since a build that ran before is still written
/// to disk for a while.
const ATTEMPTS: usize = 20;
/// Shares of what std takes: the second wake-up of a join is a quarter, bookkeeping a twelfth.
const SPAWN: f64 = 1.0 / 12.0;
const JOIN: f64 = 0.25;
const BLOCKED: usize = 512;
const SETTLE: Duration = Duration::from_micros(50);
const LONG: Duration = Duration::from_secs(60);

struct Times(Vec<Duration>);

impl Times {
    /// In microseconds.
    fn percentile(&mut self, percent: usize) -> f64 {
        self.0.sort_unstable();
        self.0[(self.0.len() - 1) * percent / 100].as_secs_f64() * 1e6
    }
}

/// Whose thread comes next. At random, so that neither always finds what the other one has left behind: caches,
/// a core asleep or awake, the memory of a thread that ended.
struct Turns(u64);

impl Turns {
    fn is_ours(&mut self) -> bool {
        // Xorshift (Marsaglia, Journal of Statistical Software 8, 2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 63 == 1
    }
}

/// Keeps this core awake for a moment, until the other one has fallen asleep.
fn settle() {
    let awake = Instant::now();
    while awake.elapsed() < SETTLE {
        std::hint::spin_loop();
    }
}

/// What is promised: at most so many microseconds more than std, or such a share of what std takes where that is more.
/// A machine on which std's own spawn takes three times as long does our bookkeeping no faster.
struct Row {
    what: &'static str,
    most: f64,
    share: f64,
    holds: bool,
}

impl Row {
    fn new(what: &'static str, most: f64, share: f64) -> Self {
        Self { what, most, share, holds: false }
    }

    /// Prints one attempt, and keeps whether the promise has held in any.
    fn check(&mut self, std: f64, ours: f64) {
        let what = self.what;
        let most = self.most.max(std * self.share);
        let over = ours - std;
        let verdict = if over <= most { "ok" } else { "TOO MUCH" };
        println!(
            "{what:<32} std {std:8.2} µs   ours {ours:8.2} µs   {over:+8.2} µs of {most:+.1}   {verdict}"
        );
        self.holds |= over <= most;
    }
}

/// Spawns and joins: each thread right after the last (`hot`), or after a pause.
fn spawns(rows: &mut [Row; 3], turns: &mut Turns, hot: bool) {
    let registry = Registry::new("bench");
    let mut times = [(); 4].map(|()| Times(Vec::new()));
    let [std_spawn, our_spawn, std_both, our_both] = &mut times;
    for _ in 0..RUNS {
        if !hot {
            settle();
        }
        let begun = Instant::now();
        if turns.is_ours() {
            let handle = registry.spawn("bench", |_| ()).expect("a thread");
            our_spawn.0.push(begun.elapsed());
            handle.join().expect("no panic");
            our_both.0.push(begun.elapsed());
        } else {
            let builder = thread::Builder::new().name("bench".to_owned());
            // thread-lint: allow(raw-thread-spawn) std is what the registry is measured against
            let handle = builder.spawn(|| ()).expect("a thread");
            std_spawn.0.push(begun.elapsed());
            handle.join().expect("no panic");
            std_both.0.push(begun.elapsed());
        }
    }
    assert!(registry.shutdown(LONG).is_clean());
    rows[0].check(std_spawn.percentile(50), our_spawn.percentile(50));
    rows[1].check(std_spawn.percentile(95), our_spawn.percentile(95));
    rows[2].check(std_both.percentile(50), our_both.percentile(50));
}

/// The time to end many threads that wait, against closing channels and joining by hand.
fn crowd(row: &mut Row) {
    let (mut std, mut ours) = (Times(Vec::new()), Times(Vec::new()));
    for _ in 0..9 {
        let threads: Vec<_> = (0..BLOCKED)
            .map(|_| {
                let (end, ended) = channel::<()>();
                let builder = thread::Builder::new().stack_size(64 << 10);
                // thread-lint: allow(raw-thread-spawn) std is what the registry is measured against
                (end, builder.spawn(move || ended.recv().unwrap_or_default()).expect("a thread"))
            })
            .collect();
        thread::sleep(Duration::from_millis(50));
        let begun = Instant::now();
        let (ends, handles): (Vec<_>, Vec<_>) = threads.into_iter().unzip();
        drop(ends);
        handles.into_iter().for_each(|handle| handle.join().expect("no panic"));
        std.0.push(begun.elapsed());
        let registry = Registry::new("crowd");
        for _ in 0..BLOCKED {
            let spec = Spec::named("blocked").stack_size(64 << 10);
            registry.spawn(spec, |ctx| ctx.stop().wait_stopped()).expect("a thread");
        }
        thread::sleep(Duration::from_millis(50));
        let begun = Instant::now();
        let report = registry.shutdown(LONG);
        ours.0.push(begun.elapsed());
        assert!(report.is_clean() && report.joined == BLOCKED);
    }
    let (std, ours) = (std.percentile(50), ours.percentile(50));
    row.check(std, ours);
}

fn main() {
    let mut hot = [
        Row::new("spawn, p50", 1.0, SPAWN),
        Row::new("spawn, p95", 2.0, SPAWN),
        Row::new("spawn and join, p50", 10.0, JOIN),
    ];
    let mut paused = [
        Row::new("after a pause: spawn, p50", 1.0, SPAWN),
        Row::new("after a pause: spawn, p95", 2.0, SPAWN),
        Row::new("after a pause: both, p50", 10.0, JOIN),
    ];
    // Twice what std takes.
    let mut stops = Row::new("512 threads stop and join", 0.0, 1.0);
    let mut turns = Turns(0x2545_f491_4f6c_dd1d);
    // Somebody else's work on the machine looks like ours: what is too slow has to be so every time.
    for _ in 0..ATTEMPTS {
        spawns(&mut hot, &mut turns, true);
        spawns(&mut paused, &mut turns, false);
        crowd(&mut stops);
        if hot.iter().chain(&paused).chain([&stops]).all(|row| row.holds) {
            return;
        }
    }
    panic!("a promise is broken in each of {ATTEMPTS} attempts");
}
