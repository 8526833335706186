//! What the registry costs on top of std, measured in turns in one run: absolute times of a shared machine
//! mean nothing. `cargo bench -p thread-registry` prints the figures and fails where a promise is broken.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use thread_registry::{Registry, Spec};

/// Blocks of each kind, runs in a block that count, and runs before them that do not.
const BLOCKS: usize = 25;
const RUNS: usize = 160;
const WARM: usize = 20;
/// Whole runs before a promise counts as broken.
const ATTEMPTS: usize = 3;
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

/// Measures one run.
fn timed<T>(into: &mut Times, run: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let value = run();
    into.0.push(begun.elapsed());
    value
}

/// Keeps this core awake for a moment: what ran before may have left it and the other one in any state.
fn settle() {
    let awake = Instant::now();
    while awake.elapsed() < SETTLE {
        std::hint::spin_loop();
    }
}

/// Prints one line and says whether the promise holds.
fn promise(what: &str, std: f64, ours: f64, most: f64) -> bool {
    let over = ours - std;
    let verdict = if over <= most { "ok" } else { "TOO MUCH" };
    println!("{what:<24} std {std:8.2} µs   ours {ours:8.2} µs   {over:+8.2} µs of {most:+.1}   {verdict}");
    over <= most
}

/// Spawns and joins, std's and ours in blocks that take turns: each run right after the last (`hot`), or
/// each after a pause in which the other core falls asleep.
fn spawns(hot: bool) -> bool {
    let registry = Registry::new("bench");
    let mut times = [(); 4].map(|()| Times(Vec::new()));
    let [std_spawn, our_spawn, std_both, our_both] = &mut times;
    let builder = || thread::Builder::new().name("bench".to_owned());
    let pause = || {
        if !hot {
            settle();
        }
    };
    for _ in 0..BLOCKS {
        block(std_spawn, |into| {
            pause();
            let handle = timed(into, || builder().spawn(|| ()).expect("a thread"));
            handle.join().expect("no panic");
        });
        block(our_spawn, |into| {
            pause();
            let handle = timed(into, || registry.spawn("bench", |_| ()).expect("a thread"));
            handle.join().expect("no panic");
        });
        block(std_both, |into| {
            pause();
            timed(into, || builder().spawn(|| ()).expect("a thread").join().expect("no panic"));
        });
        block(our_both, |into| {
            pause();
            timed(into, || {
                registry.spawn("bench", |_| ()).expect("a thread").join().expect("no panic");
            });
        });
    }
    assert!(registry.shutdown(LONG).is_clean());
    println!("{}", if hot { "one right after the other" } else { "after a pause" });
    let rows = [
        ("spawn, p50", std_spawn.percentile(50), our_spawn.percentile(50), 1.0),
        ("spawn, p95", std_spawn.percentile(95), our_spawn.percentile(95), 2.0),
        ("spawn and join, p50", std_both.percentile(50), our_both.percentile(50), 10.0),
    ];
    rows.map(|(what, std, ours, most)| promise(what, std, ours, most)).iter().all(|&holds| holds)
}

/// A block of runs of one kind; the first of them warm up.
fn block(into: &mut Times, mut run: impl FnMut(&mut Times)) {
    let mut warm = Times(Vec::new());
    (0..WARM).for_each(|_| run(&mut warm));
    (0..RUNS).for_each(|_| run(into));
}

/// The time to end many threads that wait, against closing channels and joining by hand.
fn crowd() -> bool {
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
        timed(&mut std, || {
            let (ends, handles): (Vec<_>, Vec<_>) = threads.into_iter().unzip();
            drop(ends);
            handles.into_iter().for_each(|handle| handle.join().expect("no panic"));
        });
        let registry = Registry::new("crowd");
        for _ in 0..BLOCKED {
            let spec = Spec::named("blocked").stack_size(64 << 10);
            registry.spawn(spec, |ctx| ctx.stop().wait_stopped()).expect("a thread");
        }
        thread::sleep(Duration::from_millis(50));
        let report = timed(&mut ours, || registry.shutdown(LONG));
        assert!(report.is_clean() && report.joined == BLOCKED);
    }
    let (std, ours) = (std.percentile(50), ours.percentile(50));
    promise("512 threads stop and join", std, ours, std)
}

fn main() {
    // Somebody else's work on the machine looks like ours: what is too slow has to be so every time.
    let holds = (0..ATTEMPTS).any(|_| [spawns(true), spawns(false), crowd()].iter().all(|&it| it));
    assert!(holds, "a promise is broken");
}
