//! Tasks are done, cancelled or named, whatever ends the pool.

#![cfg(feature = "pool")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use thread_registry::pool::{Pool, PoolConfig, SubmitError, TaskError};
use thread_registry::Registry;

const SHORT: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_secs(20);

fn pool(registry: &Registry, workers: usize, queue: usize) -> Pool {
    Pool::new(registry, PoolConfig::named("pool").workers(workers).queue(queue)).unwrap()
}

#[test]
fn tasks_give_their_values_and_their_panics() {
    let registry = Registry::new("app");
    let pool = pool(&registry, 3, 100);
    let tasks: Vec<_> =
        (0..50_u64).map(|n| pool.submit("square", move |_| n * n).unwrap()).collect();
    let sum: u64 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
    assert_eq!(sum, 40_425);
    let failed = pool.submit("fails", |_| panic!("on purpose")).unwrap();
    let Err(TaskError::Panicked(panic)) = failed.join() else { panic!("it panicked") };
    assert_eq!(panic.message(), "on purpose");
    let report = pool.drain(LONG);
    assert_eq!((report.completed, report.cancelled, report.still_running.len()), (51, 0, 0));
    assert_eq!(pool.metrics().panicked, 1);
    assert!(matches!(pool.submit("late", |_| ()), Err(SubmitError::Closed(_))));
    assert!(registry.shutdown(LONG).is_clean(), "a panic of a task is none of its worker");
    assert!(pool.metrics().is_shutdown);
}

#[test]
fn a_full_queue_gives_the_task_back() {
    let registry = Registry::new("app");
    let pool = pool(&registry, 1, 1);
    let (end, ended) = channel::<()>();
    let first = pool.submit("blocks", move |_| ended.recv().unwrap_or_default()).unwrap();
    while pool.metrics().active_tasks == 0 {
        thread::yield_now();
    }
    let second = pool.submit("waits", |_| 2).unwrap();
    let Err(SubmitError::Full(third)) = pool.submit("third", |_: &_| 3) else {
        panic!("it is full")
    };
    let begun = Instant::now();
    let Err(SubmitError::Full(third)) = pool.submit_timeout("third", third, SHORT) else {
        panic!("it is full still")
    };
    assert!(begun.elapsed() >= SHORT);
    let metrics = pool.metrics();
    assert_eq!((metrics.active_tasks, metrics.queued_tasks, metrics.max_threads), (1, 1, 1));
    let third = thread::scope(|scope| {
        let submitted = scope.spawn(|| pool.submit_timeout("third", third, LONG).unwrap());
        drop(end);
        submitted.join().unwrap()
    });
    assert_eq!((first.join(), second.join(), third.join()), (Ok(()), Ok(2), Ok(3)));
    assert!(registry.shutdown(LONG).is_clean());
}

#[test]
fn a_drain_that_runs_out_cancels_what_waits_and_names_what_runs() {
    let registry = Registry::new("app");
    let pool = pool(&registry, 1, 10);
    let (end, ended) = channel::<()>();
    let deaf = pool.submit("deaf", move |_| ended.recv().unwrap_or_default()).unwrap();
    let mut waiting = pool.submit("waits", |_| ()).unwrap();
    while pool.metrics().active_tasks == 0 {
        thread::yield_now();
    }
    let report = pool.drain(SHORT);
    assert_eq!((report.completed, report.cancelled), (0, 1));
    assert_eq!(report.still_running, ["deaf"]);
    assert_eq!(waiting.join_timeout(LONG), Err(TaskError::Cancelled));
    drop(end);
    assert_eq!(deaf.join(), Ok(()));
    assert!(registry.shutdown(LONG).is_clean());
}

#[test]
fn a_shutdown_lets_the_queue_run_dry_within_its_grace() {
    let registry = Registry::new("app");
    let config = PoolConfig::named("pool").workers(2).grace(LONG);
    let pool = Pool::new(&registry, config).unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..40 {
        let done = done.clone();
        drop(pool.submit("works", move |_| {
            thread::sleep(Duration::from_millis(2));
            done.fetch_add(1, Ordering::SeqCst);
        }));
    }
    assert!(registry.shutdown(LONG).is_clean());
    assert_eq!(done.load(Ordering::SeqCst), 40);
    assert_eq!(pool.metrics().completed, 40);
}

#[test]
fn a_task_that_listens_ends_when_the_grace_is_over() {
    let registry = Registry::new("app");
    let config = PoolConfig::named("pool").workers(1).grace(SHORT);
    let pool = Pool::new(&registry, config).unwrap();
    let task = pool.submit("listens", |ctx| ctx.wait(LONG)).unwrap();
    let never = pool.submit("waits", |_| ()).unwrap();
    while pool.metrics().active_tasks == 0 {
        thread::yield_now();
    }
    let begun = Instant::now();
    assert!(registry.shutdown(LONG).is_clean());
    let took = begun.elapsed();
    assert!(took >= SHORT && took < LONG / 2, "{took:?}");
    assert_eq!((task.join(), never.join()), (Ok(true), Err(TaskError::Cancelled)));
}

#[test]
fn a_pool_that_cannot_start_leaves_no_worker() {
    let registry = Registry::builder("app").max_threads(2).build();
    assert!(Pool::new(&registry, PoolConfig::named("pool").workers(3)).is_err());
    assert!(registry.shutdown(LONG).is_clean());
}
