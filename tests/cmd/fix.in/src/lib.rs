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
    thread::spawn(work);
    let _ = first.join();
    // Waits for whoever sends, so no join is certain to come back.
    thread::spawn(move || jobs.recv());
}
