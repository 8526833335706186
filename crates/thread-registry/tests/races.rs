//! Spawns against shutdowns, many times: every thread that was spawned is in a report or had ended before it,
//! and finished threads leave nothing behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use thread_registry::{Registry, SpawnError};

const LONG: Duration = Duration::from_secs(30);

/// How often the long tests go round: in full only when slow tests are asked for.
fn rounds(short: usize, full: usize) -> usize {
    if std::env::var_os("SLOW_TESTS").is_some() {
        full
    } else {
        short
    }
}

#[test]
fn no_thread_is_missing_from_a_report() {
    let mut spawned_in_all = 0;
    let wanted = rounds(3_000, 100_000) as u64;
    while spawned_in_all < wanted {
        let registry = Registry::new("race");
        let (spawned, ran) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let report = thread::scope(|scope| {
            for name in ["left", "right"] {
                let (registry, spawned, ran) = (&registry, &spawned, &ran);
                scope.spawn(move || loop {
                    let ran = ran.clone();
                    let body = move |ctx: &thread_registry::ThreadCtx| {
                        ran.fetch_add(1, Ordering::SeqCst);
                        ctx.stop().wait(Duration::from_micros(50));
                    };
                    match registry.spawn(name, body) {
                        Ok(_) => spawned.fetch_add(1, Ordering::SeqCst),
                        Err(SpawnError::ShuttingDown { .. }) => break,
                        Err(error) => panic!("{error}"),
                    };
                });
            }
            while spawned.load(Ordering::SeqCst) < 30 {
                thread::yield_now();
            }
            registry.shutdown(LONG)
        });
        assert!(report.is_clean(), "{report}");
        // A spawn that was under way when the registry closed may tell of its success later.
        let spawned = spawned.load(Ordering::SeqCst);
        assert_eq!(report.total as u64 + report.ended_before, spawned, "{report}");
        assert_eq!(ran.load(Ordering::SeqCst), spawned, "{report}");
        assert_eq!(registry.metrics().spawned, spawned);
        spawned_in_all += spawned;
    }
}

#[test]
fn handles_joined_while_all_ends_give_their_values() {
    for _ in 0..rounds(200, 5_000) {
        let registry = Registry::new("race");
        let handles: Vec<_> =
            (0..4_usize).map(|index| registry.spawn("worker", move |_| index).unwrap()).collect();
        let (values, report) = thread::scope(|scope| {
            let joins =
                scope.spawn(|| handles.into_iter().map(|it| it.join().unwrap()).sum::<usize>());
            let report = registry.shutdown(LONG);
            (joins.join().unwrap(), report)
        });
        assert_eq!(values, 6);
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.total as u64 + report.ended_before, 4, "{report}");
    }
}

#[cfg(target_os = "linux")]
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn finished_threads_leave_nothing_behind() {
    let registry = Registry::new("many");
    let count = rounds(4_000, 40_000);
    let spawn_some = |count: usize| {
        // A machine that is busy elsewhere starts threads much faster than it ends them.
        let wait_for = |most: usize| {
            let deadline = Instant::now() + LONG;
            while registry.metrics().active_threads > most && Instant::now() < deadline {
                thread::yield_now();
            }
        };
        for _ in 0..count {
            wait_for(32);
            registry.spawn("brief", |_| ()).unwrap();
        }
        wait_for(0);
        assert!(registry.active().is_empty());
    };
    spawn_some(count / 10);
    let before = resident_kib();
    spawn_some(count);
    let after = resident_kib();
    // A thread that is kept costs about 8 KiB.
    assert!(after < before + 4096, "{before} KiB, then {after} KiB");
    assert!(registry.shutdown(LONG).is_clean());
}

#[test]
fn five_hundred_blocked_threads_end_together() {
    let registry = Registry::new("crowd");
    for index in 0..512 {
        let spec = thread_registry::Spec::named(format!("blocked-{index}")).stack_size(64 << 10);
        registry.spawn(spec, |ctx| ctx.stop().wait_stopped()).unwrap();
    }
    let report = registry.shutdown(LONG);
    assert!(report.is_clean() && report.joined == 512, "{report}");
}
