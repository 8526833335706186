pub fn broken( { std::thread::spawn(work) }
