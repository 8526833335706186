//! A worker pool that drains on Ctrl-C: `cargo run -p thread-registry --features pool,signals --example drain`, and then
//! Ctrl-C, or `kill`. What runs and what waits is done before the program ends; a second Ctrl-C ends it at once.

#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use thread_registry::pool::{Pool, PoolConfig};
use thread_registry::Registry;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let registry = Registry::builder("drain").from_env("DRAIN")?.build();
    let _signals = registry.on_signals()?;
    let pool = Pool::new(&registry, PoolConfig::named("resize").workers(2).from_env("DRAIN")?)?;
    let mut images = 0;
    while !registry.stop_token().wait(Duration::from_millis(50)) {
        images += 1;
        let task = pool.submit("resize", move |ctx| {
            // Work that can be cut short asks now and then.
            for _row in 0..10 {
                if ctx.wait(Duration::from_millis(20)) {
                    return;
                }
            }
        });
        if let Err(error) = task {
            println!("image {images}: {error}");
        }
    }
    println!("asked to stop after {images} images: {:?}", pool.metrics());
    let drained = pool.drain(Duration::from_secs(5));
    println!("drained: {drained:?}");
    let report = registry.shutdown(Duration::from_secs(2));
    println!("{report}");
    Ok(ExitCode::from(&report))
}
