//! A rayon pool whose threads the registry owns. Dropping such a pool only asks its threads to end: here they have
//! ended when the shutdown is through.

#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use rayon::prelude::*;
use thread_registry::{Registry, Spec};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let registry = Registry::new("sums");
    let owner = registry.clone();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(4)
        .spawn_handler(move |thread| {
            let spec = Spec::named(format!("rayon-{}", thread.index())).purpose("computes");
            // Rayon tells its threads to end, not the registry, so there is nothing to listen to.
            let spawned = owner.spawn(spec, move |_| thread.run());
            spawned.map(drop).map_err(|error| std::io::Error::new(std::io::ErrorKind::Other, error))
        })
        .build()?;
    let sum: u64 = pool.install(|| (1..=1_000_000_u64).into_par_iter().sum());
    println!("the sum is {sum}, on {} threads", registry.active().len());
    // The pool ends at the start of the shutdown, and the registry waits for its threads.
    registry.before_stop(move || drop(pool));
    let report = registry.shutdown(Duration::from_secs(5));
    println!("{report}");
    Ok(ExitCode::from(&report))
}
