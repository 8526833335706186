//! A tokio runtime whose threads are adopted, and whose tasks end with the registry: the token of the one cancels
//! that of the other, and a tracker waits for the tasks.

#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::cell::RefCell;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use thread_registry::{Adopted, Registry, Spec};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

thread_local! {
    /// For as long as a thread of the runtime lives, it is in the registry.
    static ADOPTED: RefCell<Option<Adopted>> = const { RefCell::new(None) };
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let registry = Registry::new("service");
    let adopter = registry.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .on_thread_start(move || {
            let spec = Spec::named("tokio").purpose("runs tasks");
            // A thread that starts after the end is not worth a panic: it is only not seen.
            let adopted = adopter.adopt(spec).ok();
            ADOPTED.with(|kept| *kept.borrow_mut() = adopted);
        })
        .on_thread_stop(|| ADOPTED.with(|kept| drop(kept.borrow_mut().take())))
        .build()?;
    let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
    let cancelled = cancel.clone();
    registry.stop_token().on_stop(move || cancelled.cancel()).keep();
    for number in 1..=3 {
        let cancel = cancel.clone();
        let task = async move {
            while cancel
                .run_until_cancelled(tokio::time::sleep(Duration::from_millis(20)))
                .await
                .is_some()
            {}
            println!("task {number} ends");
        };
        tasks.spawn_on(task, runtime.handle());
    }
    std::thread::sleep(Duration::from_millis(100));
    println!("{} threads of the runtime", registry.active().len());
    registry.request_shutdown();
    // What async code must not do, waiting for a thread, is done here, outside of it.
    tasks.close();
    runtime.block_on(tasks.wait());
    runtime.shutdown_timeout(Duration::from_secs(2));
    let report = registry.shutdown(Duration::from_secs(2));
    println!("{report}");
    Ok(ExitCode::from(&report))
}
