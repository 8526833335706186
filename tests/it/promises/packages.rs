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

/// What decides is called, set or made in files that spell nothing which could matter.
pub(super) fn decided_far() -> Vec<(String, String)> {
    files(&[
        (
            "src/lib.rs",
            "mod emptied; mod given; mod middle; mod taken;
            pub fn run() { emptied::run(); emptied::run_by(&taken::T); }
            ",
        ),
        (
            "src/emptied.rs",
            "use std::sync::Mutex; use std::thread::JoinHandle;
            static KEPT: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
            static OTHER: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
            pub fn run() { *KEPT.lock().unwrap() = Some(std::thread::spawn(|| {})); crate::given::over(); *KEPT.lock().unwrap() = None; }
            pub fn run_by(t: &crate::taken::T) { *OTHER.lock().unwrap() = Some(std::thread::spawn(|| {})); t.over(); *OTHER.lock().unwrap() = None; }
            pub fn end() { if let Some(h) = KEPT.lock().unwrap().take() { h.join().unwrap(); } }
            pub fn end_other() { if let Some(h) = OTHER.lock().unwrap().take() { h.join().unwrap(); } }
            pub struct S { h: Option<JoinHandle<()>> }
            impl S {
                pub fn new() -> S { S { h: Some(std::thread::spawn(|| {})) } }
                pub fn lose(&mut self) { crate::given::over_to(self); let _ = self.h.take(); }
                pub fn fin(&mut self) { if let Some(h) = self.h.take() { h.join().unwrap(); } }
            }
            pub struct P { h: Option<JoinHandle<()>> }
            impl P {
                pub fn new() -> P { P { h: Some(std::thread::spawn(|| {})) } }
                pub fn lose(&mut self) { self.over(); let _ = self.h.take(); }
                pub fn end_it(&mut self) { if let Some(h) = self.h.take() { h.join().unwrap(); } }
            }
            macro_rules! keeps { ($n:ident, $f:ident) => {
                pub struct $n { $f: Option<JoinHandle<()>> }
                impl $n {
                    pub fn new() -> Self { $n { $f: Some(std::thread::spawn(|| {})) } }
                    pub fn fin(&mut self) { if let Some(h) = self.$f.take() { h.join().unwrap(); } }
                }
            } }
            keeps!(Work, h);
            ",
        ),
        (
            "src/given.rs",
            "pub fn over() { crate::middle::over(); }
            pub fn over_to(s: &mut crate::emptied::S) { s.fin(); }
            impl crate::emptied::P { pub fn over(&mut self) { self.end_it(); } }
            ",
        ),
        ("src/middle.rs", "pub fn over() { crate::emptied::end(); }\n"),
        (
            "src/taken.rs",
            "pub struct T;\nimpl T { pub fn over(&self) { crate::emptied::end_other(); } }\n",
        ),
    ])
}

/// What keeps handles is made, set and taken apart where nobody looks.
pub(super) fn rings() -> Vec<(String, String)> {
    files(&[
        ("src/lib.rs", "mod ring; mod set; mod pool; mod wait; mod all; mod flag; mod again; mod named; mod far; mod top;\n"),
        // A birth behind two names, and one that only a child sees.
        ("src/again.rs", "pub use crate::named as other;\n"),
        ("src/named.rs", "pub use std::thread::spawn as go;\n"),
        ("src/far.rs", "pub fn behind() { crate::again::other::go(|| ()).join().unwrap(); }\n"),
        ("src/top.rs", "use std::thread as t;\nuse t::spawn as start;\npub mod child;\n"),
        ("src/top/child.rs", "pub fn seen() { super::start(|| ()).join().unwrap(); }\n"),
        // What is kept without a name is taken out by a pattern, and what decides comes through braces.
        (
            "src/pool.rs",
            "pub struct Pool(pub(crate) Vec<std::thread::JoinHandle<()>>);
            impl Pool { pub fn start() -> Pool { Pool((0..2).map(|_| std::thread::spawn(|| ())).collect()) } }
            pub fn flagged() { let h = std::thread::spawn(|| ()); if crate::all::WAIT { h.join().unwrap() } }
            ",
        ),
        (
            "src/wait.rs",
            "use crate::pool::Pool;
            impl Pool { pub fn wait(self) { let Self(all) = self; for h in all { h.join().unwrap() } } }
            ",
        ),
        ("src/all.rs", "pub use crate::flag::{*};\n"),
        ("src/flag.rs", "pub const WAIT: bool = true;\n"),
        (
            "src/ring.rs",
            "use std::collections::VecDeque; use std::thread::{self, JoinHandle};
            pub struct Ring { pub window: usize, held: VecDeque<JoinHandle<()>> }
            impl Ring {
                pub fn with_window(window: usize) -> Self { Ring { window, held: VecDeque::with_capacity(window) } }
                fn put(&mut self) {
                    if self.held.len() >= self.window { self.held.pop_front(); }
                    let job = thread::spawn(|| {});
                    self.held.push_back(job);
                }
                fn wait(&mut self) -> bool {
                    let Some(job) = self.held.pop_front() else { return false };
                    job.join().unwrap();
                    true
                }
            }
            pub fn made(names: Vec<String>) {
                let mut ring = crate::set::made(3);
                for _ in names { ring.put(); }
                while ring.wait() {}
            }
            pub struct Other { pub width: usize, kept: VecDeque<JoinHandle<()>> }
            impl Other {
                pub fn of_width(width: usize) -> Self { Other { width, kept: VecDeque::with_capacity(width) } }
                fn add(&mut self) {
                    if self.kept.len() >= self.width { self.kept.pop_front(); }
                    let job = thread::spawn(|| {});
                    self.kept.push_back(job);
                }
                fn rest(&mut self) -> bool {
                    let Some(job) = self.kept.pop_front() else { return false };
                    job.join().unwrap();
                    true
                }
            }
            pub fn set(names: Vec<String>) {
                let mut other = Other::of_width(3);
                for _ in names { other.add(); }
                while other.rest() {}
            }
            ",
        ),
        (
            "src/set.rs",
            "pub fn made(n: usize) -> crate::ring::Ring { crate::ring::Ring::with_window(n) }
            pub fn widen(it: &mut crate::ring::Other) { it.width = 9; }
            ",
        ),
    ])
}

/// What handles are gathered in is a type of the project that is written in a file which spells nothing.
pub(super) fn gathered() -> Vec<(String, String)> {
    files(&[
        ("src/lib.rs", "mod gather; mod heap;\n"),
        (
            "src/gather.rs",
            "pub fn gathered() { let _all: crate::heap::Heap<_> = (0..2).map(|_| std::thread::spawn(|| ())).collect(); }
            pub struct Kept { heap: crate::heap::Heap<std::thread::JoinHandle<()>> }
            pub fn kept() { let _kept = Kept { heap: (0..2).map(|_| std::thread::spawn(|| ())).collect() }; }
            ",
        ),
        (
            "src/heap.rs",
            "pub struct Heap<T>(pub Vec<T>);
            impl<T> FromIterator<T> for Heap<T> { fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self { Heap(all.into_iter().collect()) } }
            ",
        ),
    ])
}

/// A handle comes by a path of new names, and a way ends in a method, all in files that spell nothing.
pub(super) fn beyond() -> Vec<(String, String)> {
    files(&[
        (
            "src/lib.rs",
            "mod app; mod born; mod drops; mod ends; mod made; mod new; mod newer; mod own; mod renamed; mod taken; mod util;
            use util::*;
            pub fn fails() { let h = std::thread::spawn(|| ()); if h.is_finished() { fail(3) } else { h.join().unwrap() } }
            pub fn waits() { let h = std::thread::spawn(|| ()); if WAITS { h.join().unwrap(); } }
            pub fn gone() { let h = std::thread::spawn(|| ()); if h.is_finished() { app::App.fatal() } else { h.join().unwrap() } }
            pub fn far_gone() {
                let made = made::made();
                let h = std::thread::spawn(|| ());
                if h.is_finished() { made.app.fatal() } else { h.join().unwrap() }
            }
            ",
        ),
        ("src/app.rs", "pub struct App;\n"),
        ("src/made.rs", "pub struct Made { pub app: crate::app::App }\npub fn made() -> Made { Made { app: crate::app::App } }\n"),
        ("src/ends.rs", "impl crate::app::App { pub fn fatal(&self) -> ! { panic!() } }\n"),
        ("src/util.rs", "pub const WAITS: bool = true;\npub fn fail(code: u8) -> ! { panic!(\"{code}\") }\n"),
        ("src/own.rs", "pub struct Own(pub Option<std::thread::JoinHandle<()>>);\npub fn own() { let _own = Own(Some(std::thread::spawn(|| ()))); }\n"),
        ("src/drops.rs", "impl Drop for crate::renamed::own_too::Own { fn drop(&mut self) { if let Some(h) = self.0.take() { h.join().unwrap() } } }\n"),
        ("src/renamed.rs", "pub use crate::own as own_too;\n"),
        ("src/born.rs", "pub fn begin() -> std::thread::JoinHandle<()> { std::thread::spawn(|| ()) }\n"),
        ("src/new.rs", "pub use crate::born as one;\n"),
        ("src/newer.rs", "pub use crate::new::one as two;\n"),
        ("src/taken.rs", "pub fn lost() { crate::newer::two::begin(); }\n"),
    ])
}

/// A program of which most code spells nothing that could matter, and decides when it is run.
pub(super) fn ran() -> Vec<(String, String)> {
    files(&[
        (
            "src/main.rs",
            "mod env; mod equal; mod key; mod late; mod log; mod work;
            fn main() { first(); second(); work::go(true); late::last(); }
            fn first() {
                let mut level = 0;
                log::init(&mut level);
                let h = std::thread::spawn(|| ());
                if level == 0 { return }
                h.join().unwrap();
            }
            fn second() {
                let h = std::thread::spawn(|| ());
                if key::Key(1) == key::Key(2) { h.join().unwrap() }
            }
            ",
        ),
        ("src/log.rs", "pub fn init(level: &mut u8) { crate::env::read(level) }\n"),
        ("src/env.rs", "pub fn read(level: &mut u8) { *level = 3 }\n"),
        ("src/key.rs", "pub struct Key(pub u8);\n"),
        (
            "src/equal.rs",
            "impl PartialEq for crate::key::Key { fn eq(&self, _: &Self) -> bool { true } }\n",
        ),
        (
            "src/work.rs",
            "pub fn go(wait: bool) { let h = std::thread::spawn(|| ()); if wait { h.join().unwrap() } }\n",
        ),
        ("src/late.rs", "pub fn last() { crate::work::go(false) }\n"),
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
