use std::sync::mpsc::Receiver;
use std::thread;

mod broken;

fn work() {}

pub fn run(jobs: Receiver<u8>) {
    let first = thread::spawn(work);
    let mut rest = Vec::new();
    for _ in 0..4 {
        rest.push(thread::spawn(work));
    }
    let handle = thread::spawn(work);
    first.join().unwrap();
    // Waits for whoever sends, so no join is certain to come back.
    thread::spawn(move || jobs.recv());
    for handle in rest {
        handle.join().unwrap();
    }
    handle.join().unwrap();
}
