//! Packages in which it decides what stands elsewhere.

/// Paths below a package, and texts.
pub(super) fn files(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// Names that only another file makes.
pub(super) fn aliased() -> Vec<(String, String)> {
    files(&[
        (
            "src/lib.rs",
            "mod c; mod d; mod e; mod f;\nuse std::thread::spawn as go;\npub type TB = std::thread::Builder;\n",
        ),
        (
            "src/c.rs",
            "pub fn b() -> crate::TB { crate::TB::new() }\npub fn w() { super::go(|| {}); }\n",
        ),
        ("src/d.rs", "pub struct Cfg { pub b: crate::TB }\n"),
        ("src/e.rs", "use super::*;\npub fn w() { drop(go(|| {})); }\n"),
        (
            "src/f.rs",
            "pub fn w(cfg: crate::d::Cfg) { crate::c::b().spawn(|| {}).unwrap(); cfg.b.spawn(|| {}).unwrap(); }\n",
        ),
    ])
}

/// What decides stands in files that spell nothing which could matter.
pub(super) fn far() -> Vec<(String, String)> {
    files(&[
        (
            "src/lib.rs",
            "mod a; mod b; mod c; mod d; mod e;
            use std::thread::spawn;
            pub fn given() { let h = spawn(|| ()); a::join(h); }
            pub fn kept() { let h = spawn(|| ()); b::KEPT.lock().unwrap().push(h); }
            pub fn held() { let h = spawn(|| ()); let s = a::Holder { h }; s.stop(); }
            pub fn made() { let w = a::make().unwrap(); let h = w.start(); h.join().unwrap(); }
            pub fn ends() { let h = spawn(|| ()); if c::bad() { a::die(); return; } h.join().unwrap(); }
            pub fn decides() { let h = spawn(|| ()); if c::ALWAYS { h.join().unwrap(); } }
            pub fn turns() { spawn(|| c::turn()).join().unwrap(); }
            pub fn turns_there(of: d::Turner) { spawn(move || of.turn()).join().unwrap(); }
            // No call of `Worker::start`, which takes nothing.
            pub fn other() { d::unknown!(of).start(1); }
            pub fn handed_on() { let h = spawn(|| ()); e::join(h); }
            ",
        ),
        (
            "src/a.rs",
            "pub use crate::c::*;
            pub fn join(h: std::thread::JoinHandle<()>) { h.join().unwrap(); }
            pub struct Holder { pub h: std::thread::JoinHandle<()> }
            impl Holder { pub fn stop(self) { drop(self.h) } }
            pub fn make() -> crate::d::Made { Ok(crate::d::Worker) }
            ",
        ),
        (
            "src/b.rs",
            "pub static KEPT: std::sync::Mutex<Vec<std::thread::JoinHandle<()>>> =
                std::sync::Mutex::new(Vec::new());
            ",
        ),
        (
            "src/c.rs",
            "pub const ALWAYS: bool = true;
            pub fn bad() -> bool { false }
            pub fn die() -> ! { std::process::exit(1) }
            pub fn turn() { let mut n = 0; loop { n += 1; } }
            ",
        ),
        (
            "src/d.rs",
            "pub type Made = Result<Worker, ()>;
            pub struct Worker;
            impl Worker {
                pub fn start(&self) -> std::thread::JoinHandle<()> { std::thread::spawn(|| ()) }
            }
            pub struct Turner;
            impl Turner { pub fn turn(&self) { let mut n = 0; loop { n += 1; } } }
            ",
        ),
        ("src/e.rs", "mod f;\npub use self::f::join;\n"),
        ("src/e/f.rs", "pub fn join<H>(h: H) { drop(h) }\n"),
    ])
}

/// Calls that are all spelled alike, and of which some give birth.
pub(super) fn meant() -> Vec<(String, String)> {
    files(&[
        (
            "src/lib.rs",
            "mod inner; mod shared; mod own;
            pub fn nothing() { own::spawn(|| {}); crate::own::spawn(|| {}); }
            pub fn nobody() { fn spawn() {} spawn(); }
            pub fn within() { use std::thread::spawn; spawn(|| {}); }
            pub fn held() { let spawn = std::thread::spawn; spawn(|| {}); }
            pub fn built(it: std::thread::Builder) { drop(it.spawn(|| {})); }
            pub fn looked_up() { drop(inner::deep::spawn(|| {})); }
            pub fn handed() { own::spawn(|| {}); crate::shared::spawn(); }
            pub fn in_macro() { println!(\"{:?}\", std::thread::spawn(|| {})); }
            pub trait Starts: Sized { fn start(self) -> std::io::Result<std::thread::JoinHandle<()>>; }
            impl Starts for std::thread::Builder {
                fn start(self) -> std::io::Result<std::thread::JoinHandle<()>> { Self::spawn(self, || {}) }
            }
            pub struct Pool;
            impl Pool { fn spawn() {} pub fn fill() { Self::spawn(); Pool::spawn(); } }
            ",
        ),
        ("src/own.rs", "pub fn spawn(run: impl Fn()) { run() }\n"),
        ("src/inner.rs", "pub mod deep;\n"),
        ("src/inner/deep.rs", "pub use std::thread::*;\n"),
        (
            "src/shared.rs",
            "pub fn spawn() -> std::thread::JoinHandle<()> { std::thread::spawn(|| {}) }\n",
        ),
    ])
}

/// Who calls, or what a call comes to, decides, and stands where nothing is born.
pub(super) fn decided() -> Vec<(String, String)> {
    files(&[
        (
            "src/lib.rs",
            "mod emptied; mod ended; mod mapped; mod once; mod own; mod several;
            pub fn run() { own::spawn(); for _ in 0..4 { once::start(); } once::stop() }
            pub fn map() { own::spawn(); let names: Vec<String> = std::env::args().collect(); mapped::start(names); }
            pub fn shutdown(it: &mut ended::Ended) { own::spawn(); middle(it) }
            fn middle(it: &mut ended::Ended) { it.fin() }
            ",
        ),
        ("src/own.rs", "pub fn spawn() {}\n"),
        // The thread that is there is joined before it is thrown away.
        (
            "src/emptied.rs",
            "use std::sync::Mutex; use std::thread::JoinHandle;
            static KEPT: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
            pub fn run() { *KEPT.lock().unwrap() = Some(std::thread::spawn(|| {})); middle(); *KEPT.lock().unwrap() = None; }
            fn end() { if let Some(h) = KEPT.lock().unwrap().take() { h.join().unwrap(); } }
            fn middle() { crate::own::spawn(); end(); }
            ",
        ),
        (
            "src/several.rs",
            "pub struct S { h: Option<std::thread::JoinHandle<()>> }
            impl S {
                pub fn new() -> S { S { h: Some(std::thread::spawn(|| {})) } }
                pub fn lose(&mut self) { middle(self); let _ = self.h.take(); }
                fn fin(&mut self) { if let Some(h) = self.h.take() { h.join().unwrap(); } }
            }
            fn middle(s: &mut S) { crate::own::spawn(); s.fin(); }
            ",
        ),
        // Ignored at an end only, and by a function that calls itself.
        (
            "src/ended.rs",
            "pub struct Ended { h: Option<std::thread::JoinHandle<()>> }
            impl Ended {
                pub fn new() -> Self { Self { h: Some(std::thread::spawn(|| {})) } }
                pub fn fin(&mut self) { let _ = self.h.take().unwrap().join(); }
            }
            fn select(n: u32) { let _ = std::thread::spawn(|| {}).join(); if n > 0 { select(n - 1) } }
            pub fn run() { crate::own::spawn(); select(3) }
            ",
        ),
        // What is there already is lost.
        (
            "src/once.rs",
            "use std::sync::{Mutex, OnceLock}; use std::thread::JoinHandle;
            static KEPT: OnceLock<Mutex<Option<JoinHandle<()>>>> = OnceLock::new();
            pub fn start() { let _ = KEPT.set(Mutex::new(Some(std::thread::spawn(|| {})))); }
            pub fn stop() { if let Some(h) = KEPT.get() { h.lock().unwrap().take().unwrap().join().unwrap(); } }
            ",
        ),
        (
            "src/mapped.rs",
            "use std::collections::*; use std::thread::JoinHandle;
            pub fn start(names: Vec<String>) {
                let mut all: HashMap<String, JoinHandle<()>> = HashMap::new();
                for name in names { all.insert(name, std::thread::spawn(|| {})); }
                for (_, h) in all { h.join().unwrap(); }
            }
            ",
        ),
    ])
}

/// What a thread runs stands beside it, and spells nothing that could matter.
pub(super) fn beside() -> Vec<(String, String)> {
    files(&[(
        "src/lib.rs",
        "pub fn start() { std::thread::spawn(|| turn()).join().unwrap(); }
        fn turn() { again() }
        fn again() { loop { std::hint::spin_loop(); } }
        ",
    )])
}
