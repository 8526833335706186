//! Corners in which something was wrong once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use thread_registry::{current, Event, JoinError, Phase, Registry, Spec, State};

const SHORT: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_secs(20);

/// Panics when it is dropped, unless that is happening already.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("a bomb");
        }
    }
}

#[test]
fn whoever_asked_is_waited_for_by_the_next() {
    let registry = Registry::new("app");
    let (told, tell) = channel();
    let (end, ended) = channel::<()>();
    let inside = registry.clone();
    registry
        .spawn("fatal", move |_| {
            told.send(inside.shutdown(LONG)).unwrap();
            ended.recv().unwrap_or_default();
        })
        .unwrap();
    let report = tell.recv().unwrap();
    assert!(report.is_clean() && report.caller.is_some() && report.total == 0, "{report}");
    assert_eq!(registry.shutdown(SHORT).timed_out.len(), 1, "it still runs");
    drop(end);
    let report = registry.shutdown(LONG);
    assert!(report.is_clean() && report.total as u64 + report.ended_before == 1, "{report}");
}

#[test]
fn registries_below_that_nobody_holds_are_cleared_away() {
    let app = Registry::new("app");
    for _ in 0..500 {
        app.child("conn").spawn("brief", |_| ()).unwrap();
        drop(app.child("conn").child("stream"));
    }
    let deadline = Instant::now() + LONG;
    while app.metrics().active_threads > 0 {
        assert!(Instant::now() < deadline);
        thread::yield_now();
    }
    // The next looks through them, and all but the last few are gone.
    (0..2000).for_each(|_| drop(app.child("more")));
    let text = format!("{:?}", app.shutdown(LONG));
    assert!(text.contains("ended_before: 500") || text.contains("ended_before: 4"), "{text}");
    assert_eq!(app.metrics().spawned, 500);
}

#[test]
fn hooks_and_tokens_of_registries_below_are_kept() {
    let app = Registry::new("app");
    let ran = Arc::new(AtomicBool::new(false));
    let token = app.child("token").stop_token();
    let told = ran.clone();
    app.child("hook").before_stop(move || told.store(true, Ordering::SeqCst));
    (0..100).for_each(|_| drop(app.child("more")));
    assert!(app.shutdown(LONG).is_clean());
    assert!(token.is_stopped() && ran.load(Ordering::SeqCst));
}

#[test]
fn the_end_of_a_chain_of_tokens_hears_of_its_start() {
    let top = thread_registry::StopSource::new();
    let end = top.token().child().token().child().token();
    assert!(!end.is_stopped());
    top.stop();
    assert!(end.is_stopped());
    let registry = Registry::new("app");
    let inner = registry.spawn("brief", |ctx| ctx.stop().child().token()).unwrap().join().unwrap();
    assert!(registry.shutdown(LONG).is_clean());
    assert!(inner.is_stopped(), "its thread ended long before");
}

#[test]
fn panics_that_nobody_was_told_of_are_in_the_report() {
    let run = |look: bool| {
        let registry = Registry::new("app");
        let handle = registry.spawn("wild", |_| panic!("on purpose")).map(drop);
        handle.unwrap();
        while registry.metrics().panicked == 0 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(20));
        if look {
            assert!(registry.active().is_empty());
        }
        registry.shutdown(LONG).is_clean()
    };
    assert!(!run(false) && !run(true));
    let registry = Registry::new("app");
    let told = registry.spawn("wild", |_| -> u8 { panic!("on purpose") }).unwrap().join();
    assert!(matches!(told, Err(JoinError::Panicked(_))));
    assert!(registry.shutdown(LONG).is_clean(), "somebody was told");
    // The same where it was cleared away before its owner asked.
    let registry = Registry::new("app");
    let handle = registry.spawn("wild", |_| -> u8 { panic!("on purpose") }).unwrap();
    while !handle.is_finished() || !registry.active().is_empty() {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(20));
    assert!(registry.active().is_empty());
    assert!(matches!(handle.join(), Err(JoinError::Panicked(_))));
    assert!(registry.shutdown(LONG).is_clean(), "somebody was told late");
}

#[test]
fn a_thread_that_is_adopted_as_well_is_still_its_registrys() {
    for _ in 0..8 {
        let registry = Registry::new("app");
        let inside = registry.clone();
        // So that numbers are odd as well as even.
        registry.spawn("another", |_| ()).unwrap().join().unwrap();
        let (begun, started) = channel();
        let spawned = registry.spawn("twice", move |_| {
            let _adopted = inside.adopt("again").unwrap();
            begun.send(()).unwrap();
            inside.stop_token().wait_stopped();
            // It does not wait: the one outside waits for this thread.
            inside.shutdown(Duration::from_secs(2)).in_progress
        });
        started.recv().unwrap();
        let report = registry.shutdown(Duration::from_secs(2));
        assert!(report.is_clean(), "{report}");
        assert_eq!(spawned.unwrap().join(), Ok(true));
    }
}

#[test]
fn observers_may_panic() {
    let registry = Registry::builder("app")
        .max_threads(1)
        .observer(|_: &Event<'_>| panic!("an observer"))
        .build();
    for _ in 0..3 {
        assert_eq!(registry.spawn("worker", |_| 7).unwrap().join(), Ok(7));
    }
    registry.spawn("worker", |ctx| ctx.stop().wait_stopped()).unwrap();
    let report = registry.shutdown(LONG);
    assert!(report.callbacks_panicked > 6 && report.joined == 1, "{report}");
    assert_eq!(registry.state(), State::Stopped);
}

#[test]
fn what_callbacks_own_may_panic_when_it_goes() {
    for keeps in [true, false] {
        let registry = Registry::new("app");
        let handle = registry
            .spawn("worker", |ctx| {
                let bomb = Bomb;
                ctx.stop().on_stop(move || drop(bomb)).keep();
            })
            .unwrap();
        handle.join().unwrap();
        if keeps {
            for _ in 0..4 {
                registry.spawn("other", |_| ()).unwrap().join().unwrap();
            }
        }
        assert_eq!(registry.shutdown(LONG).timed_out.len(), 0);
    }
    let registry = Registry::new("left");
    let spawned = registry.spawn("worker", |ctx| {
        let bomb = Bomb;
        ctx.stop().on_stop(move || drop(bomb)).keep();
    });
    drop(registry);
    assert_eq!(spawned.unwrap().join(), Ok(()));
}

#[test]
fn one_that_is_not_waited_for_waits() {
    let registry = Registry::new("app");
    let main = registry.adopt("main").unwrap();
    let inside = registry.clone();
    let flushed = Arc::new(AtomicBool::new(false));
    let told = flushed.clone();
    registry
        .spawn("flushes", move |ctx| {
            ctx.stop().wait_stopped();
            thread::sleep(SHORT);
            told.store(true, Ordering::SeqCst);
        })
        .unwrap();
    registry.spawn("fatal", move |_| drop(inside.shutdown(LONG))).unwrap();
    while registry.state() == State::Open {
        thread::yield_now();
    }
    let report = registry.shutdown(LONG);
    assert!(!report.in_progress && flushed.load(Ordering::SeqCst), "{report}");
    drop(main);
}

#[test]
fn a_request_asks_a_phase_that_lives() {
    let registry = Registry::new("app");
    let first = registry.spawn(Spec::named("first").phase(Phase(0)), |_| ()).unwrap();
    while !first.is_finished() {
        thread::yield_now();
    }
    let spec = Spec::named("second").phase(Phase(1));
    let second = registry.spawn(spec, |ctx| ctx.stop().wait(LONG)).unwrap();
    registry.request_shutdown();
    assert_eq!(second.join(), Ok(true));
    assert!(registry.shutdown(LONG).is_clean());
}

#[test]
fn panics_in_callbacks_are_counted_whoever_fires_them() {
    let registry = Registry::new("app");
    registry.stop_token().on_stop(|| panic!("of the registry")).keep();
    let (ready, wait) = channel();
    registry
        .spawn("worker", move |ctx| {
            ctx.stop().on_stop(|| panic!("of the thread")).keep();
            ready.send(()).unwrap();
            ctx.stop().wait_stopped();
        })
        .unwrap();
    wait.recv().unwrap();
    registry.request_shutdown();
    assert_eq!(registry.shutdown(LONG).callbacks_panicked, 2);
}

#[test]
fn registries_below_know_that_they_have_ended() {
    let app = Registry::new("app");
    let net = app.child("net");
    net.spawn("worker", |ctx| ctx.stop().wait_stopped()).unwrap();
    app.spawn("worker", |ctx| ctx.stop().wait_stopped()).unwrap();
    assert_eq!(app.shutdown(LONG).joined, 2);
    assert_eq!(net.state(), State::Stopped);
    let own = net.shutdown(LONG);
    assert!(own.repeated && (own.total, own.joined) == (1, 1), "{own}");
}

#[test]
fn adopted_twice_and_left_in_any_order() {
    let registry = Registry::new("app");
    let outer = registry.adopt("outer").unwrap();
    let inner = registry.adopt("inner").unwrap();
    drop(outer);
    assert_eq!(current().unwrap().name(), "inner");
    drop(inner);
    assert!(current().is_none());
    assert!(registry.shutdown(LONG).is_clean());
}

#[cfg(feature = "pool")]
#[test]
fn a_pool_survives_what_its_tasks_give() {
    use std::sync::atomic::AtomicUsize;
    use thread_registry::pool::{Pool, PoolConfig, TaskError};
    let registry = Registry::new("app");
    let config = PoolConfig::named("pool").workers(1).grace(SHORT);
    let pool = Pool::new(&registry, config).unwrap();
    drop(pool.submit("bomb", |_| Bomb).unwrap());
    assert_eq!(pool.submit("next", |_| 7).unwrap().join(), Ok(7));
    let done = Arc::new(AtomicUsize::new(0));
    let (told, own) = (done.clone(), pool.clone());
    let drains = pool.submit("drains", move |_| {
        told.store(usize::try_from(own.drain(LONG).completed).unwrap(), Ordering::SeqCst);
    });
    assert_eq!(drains.unwrap().join(), Ok(()));
    assert_eq!(done.load(Ordering::SeqCst), 2, "it does not wait for itself");
    let pool = Pool::new(&registry, PoolConfig::named("deaf").workers(1).grace(SHORT)).unwrap();
    let (end, ended) = channel::<()>();
    let deaf = pool.submit("deaf", move |_| ended.recv().unwrap_or_default()).unwrap();
    let waits = pool.submit("waits", |_| ()).unwrap();
    while pool.metrics().active_tasks == 0 {
        thread::yield_now();
    }
    assert_eq!(registry.shutdown(SHORT * 2).timed_out.len(), 1);
    assert_eq!(waits.join(), Err(TaskError::Cancelled));
    drop(end);
    assert_eq!(deaf.join(), Ok(()));
}
