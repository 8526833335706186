//! Models with more threads than loom can explore, on random schedules: `RUSTFLAGS="--cfg shuttle" cargo test -p
//! thread-registry --release --test shuttle`.

#![cfg(shuttle)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use shuttle::thread;
use thread_registry::model::{deadline, Fires};
use thread_registry::{Phase, Registry, SpawnError, Spec};

/// Schedules that are tried.
const TRIES: usize = 3_000;

#[test]
fn many_spawners_against_a_shutdown() {
    shuttle::check_random(
        || {
            let registry = Registry::new("model");
            let spawned = Arc::new(AtomicUsize::new(0));
            let spawners: Vec<_> = (0..3)
                .map(|_| {
                    let (registry, spawned) = (registry.clone(), spawned.clone());
                    thread::spawn(move || {
                        for phase in 0..3_u8 {
                            let spec = Spec::named("worker").phase(Phase(phase % 2));
                            match registry.spawn(spec, |ctx| ctx.stop().wait_stopped()) {
                                Ok(_) => spawned.fetch_add(1, Ordering::SeqCst),
                                Err(SpawnError::ShuttingDown { .. }) => return,
                                Err(error) => panic!("{error}"),
                            };
                        }
                    })
                })
                .collect();
            let report = registry.shutdown(deadline(&Fires::never()));
            spawners.into_iter().for_each(|spawner| spawner.join().unwrap());
            assert!(report.is_clean(), "{report}");
            assert_eq!(
                report.total + usize::try_from(report.ended_before).unwrap(),
                spawned.load(Ordering::SeqCst)
            );
        },
        TRIES,
    );
}

#[test]
fn workers_that_all_shut_down_with_registries_below() {
    shuttle::check_random(
        || {
            let registry = Registry::new("model");
            let below = registry.child("below");
            for owner in [&registry, &below, &registry, &below] {
                let all = registry.clone();
                let worker = owner.spawn("worker", move |ctx| {
                    ctx.stop().wait_stopped();
                    drop(all.shutdown(deadline(&Fires::never())));
                });
                drop(worker.unwrap());
            }
            let other = below.clone();
            let second = thread::spawn(move || other.shutdown(deadline(&Fires::never())));
            let report = registry.shutdown(deadline(&Fires::never()));
            assert!(second.join().unwrap().timed_out.is_empty());
            assert!(report.timed_out.is_empty(), "{report}");
        },
        TRIES,
    );
}

#[test]
fn handles_joined_by_many() {
    shuttle::check_random(
        || {
            let registry = Registry::new("model");
            let joiners: Vec<_> = (0..4_usize)
                .map(|index| {
                    let handle = registry.spawn("worker", move |_| index).unwrap();
                    thread::spawn(move || handle.join().unwrap())
                })
                .collect();
            let report = registry.shutdown(deadline(&Fires::never()));
            assert!(report.is_clean(), "{report}");
            let sum: usize = joiners.into_iter().map(|joiner| joiner.join().unwrap()).sum();
            assert_eq!(sum, 6);
        },
        TRIES,
    );
}
