//! A `main` that may fail anywhere, and whose threads end first whatever way it does: `cargo run -p thread-registry
//! --example guarded -- numbers.txt`.

#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::error::Error;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use thread_registry::{Registry, Spec};

fn main() -> Result<(), Box<dyn Error>> {
    let registry = Registry::new("guarded");
    // Below, every `?` and every panic goes through its drop.
    let _guard = registry.guard().deadline(Duration::from_secs(2));
    let path = std::env::args().nth(1).ok_or("usage: guarded FILE")?;
    let (send, numbers) = sync_channel::<i64>(16);
    let adder = registry.spawn(Spec::named("adder").purpose("adds up"), move |_| {
        // It ends when the sender is gone, on the way of an error as well.
        numbers.iter().sum::<i64>()
    })?;
    registry.spawn("ticker", |ctx| {
        while !ctx.wait(Duration::from_millis(500)) {
            println!("still reading");
        }
    })?;
    for line in std::fs::read_to_string(path)?.lines() {
        send.send(line.trim().parse()?)?;
    }
    drop(send);
    println!("the sum is {}", adder.join()?);
    Ok(())
}
