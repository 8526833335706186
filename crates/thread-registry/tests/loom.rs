//! Every interleaving of the core's races, up to a bound on preemptions: `RUSTFLAGS="--cfg loom" cargo test -p
//! thread-registry --release --test loom`.
//!
//! Model checkers know no time, so a deadline is a flag that another modelled thread sets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(loom)]

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;

use thread_registry::model::{deadline, join_until, kept, poke, wait_gone, Fires};
use thread_registry::{JoinError, Registry, SpawnError, StopSource};

/// Explores a model with at most this many preemptions: with two, every known bug of this kind is found.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

#[test]
fn a_spawn_that_succeeds_is_in_the_report() {
    explore(2, || {
        let registry = Registry::new("model");
        let inside = registry.clone();
        let spawner =
            thread::spawn(move || match inside.spawn("worker", |ctx| ctx.stop().wait_stopped()) {
                Ok(_) => 1,
                Err(SpawnError::ShuttingDown { .. }) => 0,
                Err(error) => panic!("{error}"),
            });
        let report = registry.shutdown(deadline(&Fires::never()));
        let spawned = spawner.join().unwrap();
        assert!(report.is_clean());
        assert_eq!(report.total as u64 + report.ended_before, spawned);
    });
}

#[test]
fn two_shutdowns_agree() {
    explore(2, || {
        let registry = Registry::new("model");
        drop(registry.spawn("worker", |ctx| ctx.stop().wait_stopped()).unwrap());
        let other = registry.clone();
        let second = thread::spawn(move || other.shutdown(deadline(&Fires::never())));
        let first = registry.shutdown(deadline(&Fires::never()));
        let second = second.join().unwrap();
        assert_eq!((first.total, first.joined), (second.total, second.joined));
        assert!(first.repeated != second.repeated);
    });
}

#[test]
fn a_timed_join_sees_the_end_or_the_deadline() {
    explore(3, || {
        let registry = Registry::new("model");
        let mut handle = registry.spawn("worker", |_| 7).unwrap();
        let fires = Fires::when_told();
        let timer = {
            let (fires, poke) = (fires.clone(), poke(&handle));
            thread::spawn(move || {
                fires.fire();
                poke();
            })
        };
        match join_until(&mut handle, &fires) {
            Ok(value) => assert_eq!(value, 7),
            Err(error) => {
                assert_eq!(error, JoinError::TimedOut);
                assert_eq!(
                    join_until(&mut handle, &Fires::never()),
                    Ok(7),
                    "it can be asked again"
                );
            }
        }
        timer.join().unwrap();
        assert!(registry.shutdown(deadline(&Fires::never())).is_clean());
    });
}

#[test]
fn a_join_and_a_shutdown_share_the_end() {
    explore(2, || {
        let registry = Registry::new("model");
        let handle = registry.spawn("worker", |_| 7).unwrap();
        let joiner = thread::spawn(move || handle.join());
        let report = registry.shutdown(deadline(&Fires::never()));
        assert_eq!(joiner.join().unwrap(), Ok(7));
        assert!(report.is_clean());
        assert_eq!(report.total as u64 + report.ended_before, 1);
    });
}

#[test]
fn a_callback_runs_once_whenever_it_is_registered() {
    explore(3, || {
        let source = StopSource::new();
        let token = source.token();
        let ran = Arc::new(AtomicUsize::new(0));
        let told = ran.clone();
        let registering = thread::spawn(move || {
            token
                .on_stop(move || {
                    told.fetch_add(1, Ordering::SeqCst);
                })
                .keep();
        });
        source.stop();
        registering.join().unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_callback_taken_back_runs_at_most_once_and_never_later() {
    explore(3, || {
        let source = StopSource::new();
        let ran = Arc::new(AtomicUsize::new(0));
        let told = ran.clone();
        let callback = source.token().on_stop(move || {
            told.fetch_add(1, Ordering::SeqCst);
        });
        let stopping = {
            let source = source.clone();
            thread::spawn(move || source.stop())
        };
        drop(callback);
        assert!(stopping.join().unwrap());
        assert!(ran.load(Ordering::SeqCst) <= 1);
    });
}

#[test]
fn no_wake_up_is_lost() {
    explore(3, || {
        let source = StopSource::new();
        let child = source.token().child();
        let waiting = [source.token(), child.token()]
            .map(|token| thread::spawn(move || token.wait_stopped()));
        source.stop();
        for waiting in waiting {
            waiting.join().unwrap();
        }
    });
}

#[test]
fn a_child_made_while_its_parent_stops_is_stopped() {
    explore(3, || {
        let source = StopSource::new();
        let token = source.token();
        let making = thread::spawn(move || token.child().token());
        source.stop();
        let child = making.join().unwrap();
        assert!(child.is_stopped());
    });
}

#[test]
fn a_shutdown_from_inside_and_one_from_outside_both_end() {
    explore(2, || {
        let registry = Registry::new("model");
        let inside = registry.clone();
        let called = Arc::new(AtomicBool::new(false));
        let told = called.clone();
        drop(
            registry
                .spawn("caller", move |_| {
                    drop(inside.shutdown(deadline(&Fires::never())));
                    told.store(true, Ordering::SeqCst);
                })
                .unwrap(),
        );
        let report = registry.shutdown(deadline(&Fires::never()));
        assert!(report.is_clean() || report.caller.is_some());
        // Whoever came first, the caller is not waited for by itself; a second call waits for it.
        let again = registry.shutdown(deadline(&Fires::never()));
        assert!(again.timed_out.is_empty());
    });
}

#[test]
fn a_thread_hears_of_its_own_stop_whenever_it_is_asked() {
    explore(3, || {
        let registry = Registry::new("model");
        let handle = registry.spawn("worker", |ctx| ctx.stop().wait_stopped()).unwrap();
        assert!(handle.request_stop(), "nobody had asked before");
        handle.join().unwrap();
        assert!(registry.shutdown(deadline(&Fires::never())).is_clean());
    });
}

#[test]
fn nobody_has_to_join_what_ends() {
    explore(2, || {
        let registry = Registry::new("model");
        let first = registry.spawn("first", |_| ()).unwrap();
        // The first may have ended, be at its end, or have its handle still on the way: this spawn looks for it.
        let second = registry.spawn("second", |_| 7).unwrap();
        assert_eq!(second.join(), Ok(7));
        wait_gone(&first);
        drop(first);
        assert!(registry.active().is_empty());
        assert_eq!(kept(&registry), 0, "looking clears away what has ended");
        let report = registry.shutdown(deadline(&Fires::never()));
        assert!(report.is_clean());
        assert_eq!((report.total, report.ended_before), (0, 2));
    });
}
