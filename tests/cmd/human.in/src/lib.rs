//! One finding of every rule.

use std::io;
use std::thread;

mod broken;

pub fn discarded() -> io::Result<()> {
    thread::Builder::new()
        .name("é𝕏".into())
        .spawn(work)?;
    Ok(())
}

pub fn bound(flag: bool) {
    let worker = thread::spawn(work);
    if flag {
        println!("{:?}", worker.thread().id());
    }
}

pub fn gathered() {
    let mut workers = Vec::new();
    for _ in 0..4 {
        workers.push(thread::spawn(work));
    }
    println!("started {}", workers.len());
}

pub fn never_polled() {
    thread::spawn(|| async { work() });
}

pub fn silenced() {
    // thread-lint: allow(detached-thread)
    thread::spawn(work);
    // thread-lint: detached there is no thread here
    work();
}

fn work() {}
