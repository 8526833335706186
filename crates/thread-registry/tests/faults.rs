//! What threads can do to a shutdown, done on real threads: none of it may hold up a report, or be missing from one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{channel, Receiver};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use thread_registry::{
    current, Deadline, Event, Heartbeat, JoinError, OnShutdown, Phase, Registry, ShutdownReport,
    SpawnError, Spec, StallKind, State, ThreadState,
};

const SHORT: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_secs(20);
/// How much a shutdown may overrun its deadline.
const SLACK: Duration = Duration::from_millis(50);

/// Shuts down within a deadline, and holds the report to its arithmetic and the call to its time.
fn shut(registry: &Registry, deadline: Duration) -> ShutdownReport {
    let begun = Instant::now();
    let report = registry.shutdown(deadline);
    let took = begun.elapsed();
    assert!(took <= deadline.saturating_add(SLACK), "{took:?} for {deadline:?}: {report}");
    adds_up(&report);
    report
}

fn adds_up(report: &ShutdownReport) {
    assert_eq!(
        report.total,
        report.joined + report.timed_out.len() + report.orphaned.len(),
        "{report}"
    );
    assert!(report.panicked.len() <= report.joined, "{report}");
}

/// A thread that nothing but the end of the test ends; the sender is the end.
fn stubborn(registry: &Registry, spec: impl Into<Spec>) -> std::sync::mpsc::Sender<()> {
    let (end, ended) = channel::<()>();
    registry.spawn(spec, move |_| ended.recv().unwrap_or_default()).unwrap();
    end
}

#[test]
fn threads_that_stop_are_joined() {
    let registry = Registry::new("app");
    for index in 0..5 {
        registry.spawn(format!("worker-{index}"), |ctx| while !ctx.wait(LONG) {}).unwrap();
    }
    let report = shut(&registry, LONG);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.total, report.joined, report.caller), (5, 5, None));
    assert_eq!(registry.state(), State::Stopped);
    assert!(registry.active().is_empty());
}

#[test]
fn one_that_ignores_the_request_times_out_and_can_be_joined_later() {
    let registry = Registry::new("app");
    let end = stubborn(&registry, Spec::named("deaf").purpose("listens to nobody"));
    let report = shut(&registry, SHORT);
    assert_eq!((report.total, report.joined, report.timed_out.len()), (1, 0, 1));
    assert!(!report.is_clean() && !report.repeated);
    let text = report.to_string();
    assert!(text.contains("timed out: ") && text.contains("deaf (listens to nobody)"), "{text}");
    assert!(text.contains("tests/faults.rs:"), "{text}");
    drop(end);
    let again = shut(&registry, LONG);
    assert!(again.repeated && again.is_clean(), "{again}");
    assert_eq!(again.joined, 1);
    let third = shut(&registry, Duration::ZERO);
    assert!(
        third.repeated && third.joined == again.joined,
        "the report of a finished shutdown stays"
    );
}

#[test]
fn panics_are_told_whatever_they_carry() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !thread::panicking() {
                panic!("again");
            }
        }
    }
    let registry = Registry::new("app");
    let text = registry.spawn("text", |_| panic!("with a {}", "text")).map(drop);
    let fixed = registry.spawn("fixed", |_| panic!("fixed"));
    let number = registry.spawn("number", |_| panic_any(7_u8)).map(drop);
    let bomb = registry.spawn("bomb", |_| panic_any(Bomb)).map(drop);
    let value = registry.spawn("value", |_| Bomb).map(drop);
    assert!([text, number, bomb, value].into_iter().all(|spawned| spawned.is_ok()));
    let Err(JoinError::Panicked(panic)) = fixed.unwrap().join() else { panic!("it panicked") };
    assert_eq!(panic.message(), "fixed");
    let report = shut(&registry, LONG);
    assert!(!report.is_clean(), "{report}");
    assert_eq!(registry.metrics().panicked, 4);
}

#[test]
fn destructors_of_thread_locals_count_as_the_thread() {
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(400));
        }
    }
    thread_local!(static SLOW: RefCell<Option<Slow>> = const { RefCell::new(None) });
    let registry = Registry::new("app");
    let body = |_: &thread_registry::ThreadCtx| SLOW.with(|slow| *slow.borrow_mut() = Some(Slow));
    let mut handle = registry.spawn("slow-end", body).unwrap();
    let begun = Instant::now();
    assert_eq!(handle.join_timeout(SHORT), Err(JoinError::TimedOut));
    assert!(begun.elapsed() < SHORT + SLACK, "{:?}", begun.elapsed());
    assert!(handle.is_finished(), "the closure has returned");
    let report = shut(&registry, SHORT);
    assert_eq!(report.timed_out.len(), 1, "{report}");
    assert_eq!(report.timed_out[0].state, ThreadState::Returned);
    assert_eq!(handle.join_timeout(LONG), Ok(()));
    assert_eq!(handle.join_timeout(LONG), Err(JoinError::Taken));
}

#[test]
fn nothing_is_spawned_after_the_end() {
    let registry = Registry::new("app");
    assert!(registry.request_shutdown());
    assert!(!registry.request_shutdown());
    assert_eq!(registry.state(), State::Stopping);
    let Err(SpawnError::ShuttingDown { name, at }) = registry.spawn("late", |_| ()) else {
        panic!("it is closed");
    };
    assert_eq!((name.as_str(), at.file), ("late", file!()));
    assert!(matches!(
        registry.child("below").spawn("late", |_| ()),
        Err(SpawnError::ShuttingDown { .. })
    ));
    assert!(matches!(registry.adopt("late"), Err(SpawnError::ShuttingDown { .. })));
    assert!(shut(&registry, LONG).is_clean());
}

#[test]
fn names_limits_and_refusals_are_errors() {
    let registry = Registry::builder("app").max_threads(1).build();
    assert!(matches!(registry.spawn("", |_| ()), Err(SpawnError::Name(_))));
    assert!(matches!(registry.spawn("a\0b", |_| ()), Err(SpawnError::Name(_))));
    // A stack that no address space holds.
    let huge = Spec::named("huge").stack_size(1 << 46);
    assert!(matches!(registry.spawn(huge, |_| ()), Err(SpawnError::Os(_))));
    let end = stubborn(&registry, "only");
    assert!(matches!(registry.spawn("second", |_| ()), Err(SpawnError::Limit { max: 1 })));
    drop(end);
    let report = shut(&registry, LONG);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.total + usize::try_from(report.ended_before).unwrap(), 1);
}

#[test]
fn phases_stop_one_after_the_other() {
    let registry = Registry::builder("app").phase_deadline(Phase(0), SHORT).build();
    let order = Arc::new(Mutex::new(Vec::new()));
    for phase in [2_u8, 1, 0] {
        let order = order.clone();
        let spec = Spec::named(format!("phase-{phase}")).phase(Phase(phase));
        registry
            .spawn(spec, move |ctx| {
                ctx.stop().wait_stopped();
                order.lock().unwrap().push(phase);
            })
            .unwrap();
    }
    let end = stubborn(&registry, "holds-up-phase-0");
    registry.request_shutdown();
    thread::sleep(SHORT);
    assert_eq!(*order.lock().unwrap(), [0], "a request stops the first phase only");
    let report = shut(&registry, LONG);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    assert_eq!(report.phases.iter().map(|it| it.phase.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!((report.total, report.joined, report.timed_out.len()), (4, 3, 1), "{report}");
    drop(end);
}

#[test]
fn some_are_waited_for_less_and_some_not_at_all() {
    let registry = Registry::new("app");
    let brief = Spec::named("brief").on_shutdown(OnShutdown::JoinWithin(SHORT));
    let ends = [
        stubborn(&registry, brief),
        stubborn(&registry, Spec::named("left").on_shutdown(OnShutdown::Abandon)),
    ];
    registry
        .spawn(Spec::named("quick").on_shutdown(OnShutdown::Abandon), |_| ())
        .unwrap()
        .join()
        .unwrap();
    let begun = Instant::now();
    let report = shut(&registry, LONG);
    assert!(begun.elapsed() < SHORT + SLACK);
    assert_eq!((report.timed_out.len(), report.orphaned.len()), (1, 1), "{report}");
    drop(ends);
}

#[test]
fn a_worker_can_end_it_all() {
    let registry = Registry::new("app");
    let (told, tell) = channel();
    registry.spawn("other", |ctx| ctx.stop().wait_stopped()).unwrap();
    let inside = registry.clone();
    let caller =
        registry.spawn("caller", move |_| told.send(inside.shutdown(LONG)).unwrap()).unwrap();
    let report = tell.recv_timeout(LONG).unwrap();
    assert_eq!((report.total, report.joined, report.caller), (1, 1, Some(caller.id())), "{report}");
    caller.join().unwrap();
    assert!(shut(&registry, LONG).repeated);
}

#[test]
fn workers_that_all_end_it_all_do_not_wait_for_each_other() {
    let registry = Registry::new("app");
    for index in 0..8 {
        let inside = registry.clone();
        registry
            .spawn(format!("caller-{index}"), move |ctx| {
                ctx.stop().wait_stopped();
                adds_up(&inside.shutdown(LONG));
            })
            .unwrap();
    }
    let begun = Instant::now();
    let report = shut(&registry, LONG);
    assert!(report.is_clean() && report.joined == 8, "{report}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn callers_at_once_agree() {
    let registry = Registry::new("app");
    for index in 0..6 {
        registry.spawn(format!("worker-{index}"), |ctx| ctx.stop().wait_stopped()).unwrap();
    }
    let reports: Vec<ShutdownReport> = thread::scope(|scope| {
        let callers: Vec<_> = (0..8).map(|_| scope.spawn(|| registry.shutdown(LONG))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert_eq!(reports.iter().filter(|report| !report.repeated).count(), 1);
    assert!(reports.iter().all(|report| (report.total, report.joined) == (6, 6)));
}

#[test]
fn one_that_cannot_wait_is_told_that_it_goes_on() {
    let registry = Registry::new("app");
    let end = stubborn(&registry, "deaf");
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| registry.shutdown(Duration::from_millis(400)));
        while registry.state() == State::Open {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(20));
        (shut(&registry, SHORT), first.join().unwrap())
    });
    assert!(first.in_progress && first.timed_out.len() == 1, "{first}");
    assert!(!second.in_progress && second.timed_out.len() == 1, "{second}");
    drop(end);
}

#[test]
fn callbacks_and_hooks_may_do_anything() {
    let registry = Registry::new("app");
    let reports = Arc::new(Mutex::new(Vec::new()));
    let (inside, seen) = (registry.clone(), reports.clone());
    registry
        .spawn("worker", move |ctx| {
            ctx.stop().on_stop(|| panic!("in a callback")).keep();
            ctx.stop()
                .on_stop(move || {
                    assert!(matches!(
                        inside.spawn("late", |_| ()),
                        Err(SpawnError::ShuttingDown { .. })
                    ));
                    seen.lock().unwrap().push(inside.shutdown(LONG));
                })
                .keep();
            ctx.stop().wait_stopped();
        })
        .unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    for name in ["before-1", "before-2"] {
        let order = order.clone();
        registry.before_stop(move || order.lock().unwrap().push(name));
    }
    let (after, inside) = (order.clone(), registry.clone());
    registry.after_stop(move || after.lock().unwrap().push("after"));
    registry.after_stop(move || assert!(inside.shutdown(LONG).in_progress));
    registry.before_stop(|| panic!("in a hook"));
    while registry.active()[0].state != ThreadState::Running {
        thread::yield_now();
    }
    thread::sleep(SHORT);
    let report = shut(&registry, LONG);
    assert_eq!((report.joined, report.callbacks_panicked), (1, 2), "{report}");
    assert!(reports.lock().unwrap().iter().all(|report| report.in_progress));
    assert_eq!(*order.lock().unwrap(), ["before-2", "before-1", "after"]);
}

#[test]
fn a_guard_ends_on_every_way_out() {
    fn early(registry: &Registry, fails: bool, seen: &Arc<AtomicUsize>) -> Result<(), SpawnError> {
        let told = seen.clone();
        let _guard = registry.guard().on_report(move |report| {
            told.fetch_add(report.joined, Ordering::SeqCst);
        });
        registry.spawn("worker", |ctx| ctx.stop().wait_stopped())?;
        if fails {
            registry.spawn("", |_| ())?;
        }
        panic!("unwinds");
    }
    let seen = Arc::new(AtomicUsize::new(0));
    assert!(early(&Registry::new("error"), true, &seen).is_err());
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    let unwound = catch_unwind(AssertUnwindSafe(|| early(&Registry::new("panic"), false, &seen)));
    assert!(unwound.is_err());
    assert_eq!(seen.load(Ordering::SeqCst), 2);
    let ((), report) = Registry::new("run").run(|registry| {
        registry.spawn("worker", |ctx| ctx.stop().wait_stopped()).unwrap();
    });
    assert!(report.is_clean() && report.joined == 1);
    let registry = Registry::new("disarmed");
    registry.guard().disarm();
    assert_eq!(registry.state(), State::Open);
}

#[test]
fn registries_below_end_with_the_one_above() {
    let app = Registry::new("app");
    let net = app.child("net");
    let deep = net.child("tls");
    deep.spawn("deep", |ctx| ctx.stop().wait_stopped()).unwrap();
    net.spawn("net", |ctx| ctx.stop().wait_stopped()).unwrap();
    app.spawn("app", |ctx| ctx.stop().wait_stopped()).unwrap();
    assert_eq!(app.active().len(), 3);
    assert_eq!(net.active().len(), 2);
    assert!(app.active().iter().any(|info| info.registry == "app/net/tls"));
    let report = shut(&net, LONG);
    assert_eq!((report.total, report.joined), (2, 2), "{report}");
    assert_eq!((app.state(), net.state()), (State::Open, State::Stopped));
    // Those below come and go, and nothing of them is kept but the figures.
    for index in 0..100 {
        app.child(&format!("short-{index}")).spawn("brief", |_| ()).unwrap().join().unwrap();
    }
    let report = shut(&app, LONG);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.total as u64 + report.ended_before, 103);
    assert_eq!(app.metrics().spawned, 103);
}

#[test]
fn adopted_threads_are_seen_and_not_waited_for() {
    let registry = Registry::new("app");
    let (out, end): (_, Receiver<()>) = channel();
    let (told, tell) = channel();
    let inside = registry.clone();
    let foreign = thread::spawn(move || {
        let adopted = inside.adopt(Spec::named("runtime").purpose("is not ours")).unwrap();
        assert_eq!(current().unwrap().name(), "runtime");
        told.send(()).unwrap();
        end.recv().unwrap_or_default();
        assert!(adopted.ctx().stop().is_stopped());
        drop(adopted);
        assert!(current().is_none());
    });
    tell.recv().unwrap();
    assert!(registry.active()[0].adopted);
    let report = shut(&registry, LONG);
    assert_eq!((report.total, report.joined, report.orphaned.len()), (1, 0, 1), "{report}");
    drop(out);
    foreign.join().unwrap();
    assert!(shut(&registry, LONG).orphaned.is_empty());
}

#[test]
fn a_registry_that_nobody_holds_leaves_its_threads_alone() {
    let (told, tell) = channel();
    let (end, ended) = channel::<()>();
    let registry = Registry::new("app");
    let handle = registry
        .spawn("left", move |ctx| {
            ended.recv().unwrap_or_default();
            // It still has the registry, and can ask it anything.
            told.send(ctx.registry().active().len()).unwrap();
            assert!(ctx.registry().clone().spawn("more", |_| ()).is_ok());
            7
        })
        .unwrap();
    drop(registry);
    drop(end);
    assert_eq!(tell.recv_timeout(LONG), Ok(1));
    assert_eq!(handle.join(), Ok(7), "the handle is enough to join it");
}

#[test]
fn nobody_joins_himself() {
    let registry = Registry::new("app");
    let slot: Arc<OnceLock<Mutex<thread_registry::ThreadHandle<()>>>> = Arc::default();
    let (go, wait) = channel::<()>();
    let own = slot.clone();
    let handle = registry
        .spawn("self", move |_| {
            wait.recv().unwrap_or_default();
            let mut handle = own.get().unwrap().lock().unwrap();
            assert_eq!(handle.join_timeout(LONG), Err(JoinError::SelfJoin));
        })
        .unwrap();
    assert!(slot.set(Mutex::new(handle)).is_ok());
    drop(go);
    assert!(shut(&registry, LONG).is_clean());
}

#[test]
fn silence_is_told_unless_it_is_on_purpose() {
    let beat = Heartbeat { warn: Duration::from_millis(30), dead: Duration::from_millis(150) };
    let registry = Registry::new("app");
    let ends = ["silent", "parked", "lively"].map(|name| {
        let (end, ended) = channel::<()>();
        let spec = Spec::named(name).heartbeat(beat);
        registry
            .spawn(spec, move |ctx| {
                let _busy = ctx.busy("reading");
                let _parked = (name == "parked").then(|| ctx.park());
                while ended
                    .recv_timeout(Duration::from_millis(5))
                    .is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout)
                {
                    if name == "lively" {
                        ctx.check_in();
                    }
                }
            })
            .unwrap();
        end
    });
    let deadline = Instant::now() + LONG;
    loop {
        let stalled = registry.stalled();
        assert!(stalled.iter().all(|stall| stall.thread.name != "parked"));
        let dead = stalled.iter().find(|stall| stall.kind == StallKind::Dead);
        if let Some(dead) = dead.filter(|dead| dead.thread.name == "silent") {
            assert_eq!(dead.thread.activity, Some("reading"));
            break;
        }
        assert!(Instant::now() < deadline, "{stalled:?}");
        thread::sleep(Duration::from_millis(5));
    }
    drop(ends);
    assert!(shut(&registry, LONG).is_clean());
}

#[test]
fn what_happens_is_told() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = seen.clone();
    let registry = Registry::builder("app")
        .observer(move |event: &Event<'_>| {
            let line = match event {
                Event::Started(thread) => format!("started {}", thread.name),
                Event::Ended(thread) => format!("ended {}", thread.name),
                Event::ShutdownRequested { registry } => format!("requested {registry}"),
                Event::PhaseStarted { phase, waited_for, .. } => {
                    format!("phase {} {waited_for}", phase.0)
                }
                Event::Waiting { left, of, names, .. } => {
                    format!("waiting {left} of {of}: {names:?}")
                }
                Event::ShutdownFinished(report) => format!("finished {}", report.joined),
                _ => "something else".to_owned(),
            };
            told.lock().unwrap().push(line);
        })
        .build();
    registry.spawn("quick", |ctx| ctx.stop().wait_stopped()).unwrap();
    let spec = Spec::named("tardy").purpose("takes its time");
    registry
        .spawn(spec, |ctx| {
            ctx.stop().wait_stopped();
            thread::sleep(Duration::from_millis(1300));
        })
        .unwrap();
    assert!(shut(&registry, LONG).is_clean());
    let seen = seen.lock().unwrap();
    for line in [
        "requested app",
        "phase 0 2",
        "waiting 1 of 2: [\"tardy\"]",
        "ended quick",
        "ended tardy",
        "finished 2",
    ] {
        assert!(seen.iter().any(|seen| seen == line), "{line} in {seen:?}");
    }
}

#[test]
fn deadlines_are_points_in_time_as_well() {
    let registry = Registry::builder("app").deadline(SHORT).build();
    let end = stubborn(&registry, "deaf");
    let begun = Instant::now();
    assert_eq!(registry.shutdown(Deadline::default()).timed_out.len(), 1);
    assert_eq!(registry.shutdown(begun + SHORT + SHORT).timed_out.len(), 1);
    assert!((SHORT * 2..SHORT * 2 + SLACK).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    drop(end);
    assert!(shut(&registry, Duration::MAX).is_clean(), "a deadline that no clock reaches");
}

#[test]
fn a_callback_taken_back_does_not_run() {
    let source = thread_registry::StopSource::new();
    let ran = Arc::new(AtomicBool::new(false));
    let told = ran.clone();
    drop(source.token().on_stop(move || told.store(true, Ordering::SeqCst)));
    let child = source.token().child();
    assert!(source.stop() && !source.stop());
    assert!(!ran.load(Ordering::SeqCst));
    assert!(child.token().is_stopped() && source.token().child().token().is_stopped());
    let told = ran.clone();
    source.token().on_stop(move || told.store(true, Ordering::SeqCst)).keep();
    assert!(ran.load(Ordering::SeqCst), "it is too late to wait");
    assert!(source.token().check().is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn an_audit_names_threads_that_nobody_registered() {
    let registry = Registry::new("app");
    let end = stubborn(&registry, "connection-worker-12");
    let (out, wait) = channel::<()>();
    let (told, tell) = channel();
    let foreign = thread::Builder::new()
        .name("foreign".into())
        .spawn(move || {
            told.send(()).unwrap();
            wait.recv().unwrap_or_default();
        })
        .unwrap();
    tell.recv().unwrap();
    while registry.active()[0].os_tid.is_none() {
        thread::yield_now();
    }
    let audit = registry.audit().unwrap();
    assert!(audit.registered == 1, "{audit}");
    assert!(audit.unregistered.iter().any(|thread| thread.name == "foreign"), "{audit}");
    let tid = registry.active()[0].os_tid.unwrap();
    let comm = format!("/proc/self/task/{tid}/comm");
    let deadline = Instant::now() + LONG;
    while std::fs::read_to_string(&comm).unwrap().trim_end() != "connection-w-12" {
        assert!(Instant::now() < deadline);
        thread::yield_now();
    }
    drop((out, end));
    foreign.join().unwrap();
    assert!(shut(&registry, LONG).is_clean());
}
