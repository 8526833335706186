//! A child process that is started again when it ends, and that ends with the program, even if that is killed: `cargo run
//! -p thread-registry --features processes,signals --example supervised -- sleep 2`, and then Ctrl-C, or `kill -9`.

#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::error::Error;
use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::time::Duration;

use thread_registry::{KillPolicy, Registry, Spec};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (program, rest) = arguments.split_first().ok_or("usage: supervised COMMAND…")?;
    let registry = Registry::new("supervised");
    let _signals = registry.on_signals()?;
    let policy = KillPolicy::default().grace(Duration::from_secs(2));
    while !registry.stop_token().is_stopped() {
        let mut command = Command::new(program);
        command.args(rest);
        let spec = Spec::named("child").purpose("does the work");
        let child = registry.spawn_child(spec, command, policy)?;
        println!("process {} runs", child.id());
        println!("process ended: {}", child.wait()?);
        // A child that fails at once is not started a thousand times a second.
        registry.stop_token().wait(Duration::from_millis(500));
    }
    let report = registry.shutdown(Duration::from_secs(5));
    println!("{report}");
    Ok(ExitCode::from(&report))
}
