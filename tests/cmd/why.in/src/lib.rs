//! Lives to be told.

mod quiet;

use std::thread::{self, JoinHandle};

pub struct Clock {
    ticker: Option<JoinHandle<()>>,
}

impl Clock {
    pub fn start() -> Self {
        Self { ticker: Some(thread::spawn(work)) }
    }

    pub fn stop(&mut self) {
        if let Some(ticker) = self.ticker.take() {
            ticker.join().unwrap();
        }
    }
}

pub fn forget() {
    let worker =
        thread::spawn(work);
    println!("{}", worker.is_finished());
}

pub fn warm_up() {
    // thread-lint: detached only fills a cache
    thread::spawn(work);
}

fn work() {}
