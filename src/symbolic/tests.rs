//! What runs say of small programs: that each way is tried, and what is given up, and why.

use std::sync::Arc;

use super::*;
use crate::catalog::Catalog;
use crate::model::Loader;
use crate::source::{FileEntry, Files, Package, PackageId, Project, ReadError, Target, TargetKind};

struct Text(Arc<str>);

impl Files for Text {
    fn read(&self, _: FileId) -> Result<Arc<str>, ReadError> {
        Ok(self.0.clone())
    }
}

/// Runs the program `fn main() { … }` with a `use std::thread;` before it.
fn runs(main: &str) -> Runs {
    let package = PackageId(0);
    let project = Project {
        files: vec![FileEntry {
            path: Arc::from("src/main.rs"),
            package: Some(package),
            selected: true,
            ignored: false,
        }],
        packages: vec![Package {
            name: "program".to_owned(),
            version: "0.1.0".to_owned(),
            id: "path+file:///program#0.1.0".to_owned(),
            dir: String::new(),
            manifest: "/program/Cargo.toml".to_owned(),
            edition: 2021,
            dependencies: Vec::new(),
            publish: true,
            selected: true,
        }],
        targets: vec![Target {
            package,
            kind: TargetKind::Bin,
            name: "program".to_owned(),
            edition: 2021,
            root: FileId(0),
        }],
    };
    let text = Text(Arc::from(format!("use std::thread;\nfn main() {{ {main} }}\n")));
    let catalog = Catalog::embedded();
    let (_, model) = Loader::new(&project, &text, &catalog, false);
    let own = model.modules.iter().map(|module| (module.krate, Asked::default()));
    let mut found = Runs::default();
    run(&model, &own.collect(), true, &mut found);
    found
}

/// What is said of the only birth: whether one was joined, whether one was lost, and whether all was tried.
fn tried(main: &str) -> (bool, bool, bool) {
    let found = runs(main);
    let births: Vec<&Tried> = found.births.values().collect();
    let [tried] = births.as_slice() else {
        panic!("{main}: {} births, {:?}", births.len(), found.gave_up)
    };
    (tried.joined.is_some(), tried.lost.is_some(), tried.all)
}

const H: &str = "let h = thread::spawn(|| 1);";
const FLAG: &str = "std::env::var(\"A\").is_ok()";

#[test]
fn each_way_is_tried() {
    assert_eq!(tried(&format!("{H} h.join().unwrap();")), (true, false, true));
    assert_eq!(tried(&format!("{H} drop(h);")), (false, true, true));
    assert_eq!(tried(&format!("{H} if {FLAG} {{ h.join().unwrap(); }}")), (true, true, true));
    // The same question has the same answer.
    let twice = format!(
        "{H} let a = {FLAG}; if a {{ h.join().unwrap(); return; }} if {FLAG} {{ drop(h); }} else {{ h.join().unwrap(); }}"
    );
    assert_eq!(tried(&twice), (true, false, true));
    // Both orders of what runs beside each other.
    let race =
        "let f = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)); let g = f.clone();
        let h = thread::spawn(move || g.store(true, std::sync::atomic::Ordering::SeqCst));
        if !f.load(std::sync::atomic::Ordering::SeqCst) { h.join().unwrap(); }";
    assert_eq!(tried(race), (true, true, true));
}

#[test]
fn what_is_told_and_not_computed_never_blames() {
    for told in [
        "0.1 + 0.2 != 0.3",
        "format!(\"{:?}\", std::sync::Mutex::new(1)).len() == 9",
        "std::any::type_name::<u8>() == \"u8\"",
        "std::mem::size_of::<u32>() == 4",
    ] {
        let (_, lost, all) = tried(&format!("{H} if {told} {{ h.join().unwrap(); }}"));
        assert!(!lost && !all, "{told}");
    }
    // Two decisions on one number may not go together.
    let n = "let n: u32 = std::env::var(\"N\").unwrap().parse().unwrap();";
    let halves = format!(
        "{n} {H} if n % 2 == 0 {{ h.join().unwrap(); }} else if n % 2 != 0 {{ h.join().unwrap(); }}"
    );
    assert!(!tried(&halves).1);
}

#[test]
fn threads_take_turns_where_one_has_to_wait() {
    let channels = "use std::sync::mpsc; let (tx, rx) = mpsc::channel(); let (back, answers) = mpsc::channel();";
    let serves = "let h = thread::spawn(move || for n in rx { back.send(n + 1).unwrap(); });";
    for (program, lost) in [
        // Each request is answered before the next one.
        ("tx.send(1).unwrap(); if answers.recv() == Ok(2) { drop(tx); h.join().unwrap(); }", false),
        ("tx.send(1).unwrap(); if answers.recv() == Ok(3) { drop(tx); h.join().unwrap(); }", true),
        // It waits for ever, and the process ends.
        ("tx.send(1).unwrap(); answers.recv().unwrap(); std::mem::forget(tx);", true),
    ] {
        let (joined, is_lost, all) = tried(&format!("{channels} {serves} {program}"));
        assert_eq!((joined, is_lost, all), (!lost, lost, true), "{program}");
    }
    // A full channel makes room only when somebody reads.
    let bounded = "let (tx, rx) = std::sync::mpsc::sync_channel(1);
        let h = thread::spawn(move || { for n in 0..3 { tx.send(n).unwrap(); } });
        if rx.iter().sum::<i32>() == 3 { h.join().unwrap(); }";
    assert_eq!(tried(bounded), (true, false, true));
    // So does one that looks again and again.
    let flag = "use std::sync::atomic::{AtomicBool, Ordering}; let f = std::sync::Arc::new(AtomicBool::new(false));
        let g = f.clone();
        let h = thread::spawn(move || g.store(true, Ordering::SeqCst));
        while !f.load(Ordering::SeqCst) { thread::yield_now(); }
        h.join().unwrap();";
    assert_eq!(tried(flag), (true, false, true));
}

#[test]
fn a_loss_on_each_way_needs_no_way_that_is_certain() {
    let told = "0.1 + 0.2 != 0.3";
    let both = format!("{H} if {told} {{ drop(h); }} else {{ let _ = h; }}");
    assert_eq!(tried(&both), (false, true, true));
    let one = format!("{H} if {told} {{ drop(h); }} else {{ h.join().unwrap(); }}");
    assert_eq!(tried(&one), (true, false, false));
}

#[test]
fn what_is_not_followed_says_why() {
    for (program, why) in [
        ("async { 1 };", "asynchronous code"),
        ("#[cfg(unix)] h.join().unwrap();", "a statement that only some builds have"),
        (
            "let (tx, rx) = std::sync::mpsc::channel::<u8>(); rx.recv().ok(); drop(tx);",
            "threads that wait for each other",
        ),
        ("unread!(h);", "the macro `unread`"),
        (
            "macro_rules! deeper { ($a:expr) => { deeper!($a) } } deeper!(h);",
            "macros too deep in each other",
        ),
        ("let mut n = 0u64; loop { n += 1; }", "it runs too long"),
    ] {
        let found = runs(&format!("{H} {program}"));
        assert!(found.gave_up.iter().any(|it| it == why), "{program}: {:?}", found.gave_up);
        assert!(found.births.values().all(|tried| !tried.all), "{program}");
    }
}

#[test]
fn what_was_tried_is_a_share_of_all_ways() {
    for (choices, share) in [
        (&[][..], 0.0),
        (&[(1, 2)], 0.5),
        (&[(1, 2), (1, 2)], 0.75),
        (&[(0, 3), (1, 2), (2, 3)], (0.5 + 1.0 / 3.0) / 3.0),
    ] {
        assert!((Unknowns::share(choices) - share).abs() < 1e-9, "{choices:?}");
    }
    // Ways that go on as the first ones did come to an end; those that get nowhere do not.
    let mut walk = Walk::new(FIRST);
    walk.steps = FIRST.steps / PARTS;
    assert!(!walk.is_hopeless(FIRST.steps, &[(1, 16)]));
    assert!(!walk.is_hopeless(FIRST.steps, &[(1, 16)]), "asked again too early");
    walk.steps *= 2;
    assert!(walk.is_hopeless(FIRST.steps, &[(1, 16), (1, 64)]));
}
