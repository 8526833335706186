//! A TCP server that stops within its deadline, though `accept` and `read` wait for ever: `cargo run -p thread-registry
//! --features signals --example server`, and then `echo hello | nc 127.0.0.1 PORT`, and Ctrl-C.

#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use thread_registry::{Phase, Registry, Spec, ThreadCtx};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let registry = Registry::builder("server").deadline(Duration::from_secs(3)).build();
    let _signals = registry.on_signals()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    println!("listening on {address}");
    let accept = Spec::named("accept").purpose("takes connections").phase(Phase(0));
    registry.spawn(accept, move |ctx| accept_all(ctx, &listener, address))?;
    registry.stop_token().wait_stopped();
    let report = registry.shutdown(Duration::from_secs(3));
    println!("{report}");
    Ok(ExitCode::from(&report))
}

/// Takes connections until it should stop. Only a connection wakes `accept`, so that is what stopping makes.
fn accept_all(ctx: &ThreadCtx, listener: &TcpListener, address: SocketAddr) {
    let _wake = ctx.stop().on_stop(move || drop(TcpStream::connect(address)));
    for (stream, number) in listener.incoming().zip(1..) {
        if ctx.stop().is_stopped() {
            return;
        }
        let Ok(stream) = stream else { continue };
        // Connections end after the listener, so that none comes in between.
        let spec = Spec::named(format!("client-{number}")).purpose("echoes").phase(Phase(1));
        let served = ctx.registry().spawn(spec, move |ctx| {
            if let Err(error) = echo(ctx, stream) {
                println!("client {number}: {error}");
            }
        });
        if let Err(error) = served {
            println!("client {number} was turned away: {error}");
        }
    }
}

/// Gives back what it reads. Closing the socket from outside is what ends a `read`.
fn echo(ctx: &ThreadCtx, mut stream: TcpStream) -> io::Result<()> {
    let outside = stream.try_clone()?;
    let _close = ctx.stop().on_stop(move || drop(outside.shutdown(Shutdown::Read)));
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read])?;
    }
}
