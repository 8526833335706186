use std::thread::{self, JoinHandle};

pub struct Preview {
    pub thread: Option<JoinHandle<()>>,
}

impl Preview {
    pub fn show(&mut self) {
        self.thread = Some(thread::spawn(|| println!("preview")));
    }
}
