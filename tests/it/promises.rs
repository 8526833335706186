//! What the analysis promises of every input: the same answer however it runs, and an answer at all.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use thread_lint::catalog::Catalog;
use thread_lint::flow::Program;
use thread_lint::model::{Loader, Model, Wanted};
use thread_lint::source::{
    FileEntry, FileId, Files, Package, PackageId, Project, ReadError, Target, TargetKind,
};
use thread_lint::verdict::{Known, Outcome};
use thread_lint::{Analysis, Options, settled};

mod packages;

use crate::tool;
use crate::{pages, support};
use packages::{
    aliased, beside, beyond, decided, decided_far, far, files, gathered, meant, ran, rings,
};

/// Packages in memory, each with one library or program.
#[derive(Default)]
struct Sources {
    project: Project,
    texts: Vec<Arc<str>>,
}

impl Files for Sources {
    fn read(&self, file: FileId) -> Result<Arc<str>, ReadError> {
        let text = self.texts.get(file.0 as usize).cloned();
        text.ok_or_else(|| ReadError { message: "is not there".to_owned() })
    }
}

impl Sources {
    /// Each package is a list of files below its directory; the first is its root.
    fn new(packages: &[Vec<(String, String)>]) -> Self {
        let mut files = Vec::new();
        let mut project = Project::default();
        for (index, package) in packages.iter().enumerate() {
            let id = PackageId(u32::try_from(index).unwrap());
            for (path, text) in package {
                files.push((
                    format!("p{index:04}/{path}"),
                    id,
                    text.clone(),
                    path == &package[0].0,
                ));
            }
            project.packages.push(Package {
                name: format!("p{index}"),
                version: "0.1.0".to_owned(),
                id: format!("p{index}"),
                dir: format!("p{index:04}"),
                manifest: String::new(),
                edition: 2024,
                dependencies: Vec::new(),
                publish: true,
                selected: true,
            });
        }
        files.sort();
        let mut texts = Vec::new();
        for (index, (path, package, text, is_root)) in files.into_iter().enumerate() {
            let file = FileId(u32::try_from(index).unwrap());
            if is_root {
                let kind = match path.ends_with("main.rs") {
                    true => TargetKind::Bin,
                    false => TargetKind::Lib,
                };
                let name = format!("p{}", package.0);
                project.targets.push(Target { package, kind, name, edition: 2024, root: file });
            }
            let path = Arc::from(path);
            project.files.push(FileEntry {
                path,
                package: Some(package),
                selected: true,
                ignored: false,
            });
            texts.push(Arc::from(text));
        }
        Self { project, texts }
    }

    fn analyse(&self, threads: usize, search: bool) -> Analysis {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(256 << 20)
            .build()
            .unwrap();
        let options = Options { search, ..Options::default() };
        pool.install(|| thread_lint::analyse(&self.project, self, &options))
    }
}

/// Every example of every page, and this very crate.
fn everything() -> Sources {
    let mut packages: Vec<Vec<(String, String)>> = Vec::new();
    for example in pages::all_examples() {
        let files = example.rust_files().map(|(path, text)| (path.clone(), text.clone()));
        let mut files: Vec<_> = files.collect();
        files.sort_by_key(|(path, _)| path != "src/lib.rs");
        packages.push(files);
    }
    let own = support::production_files().into_iter().map(|path| {
        let text = support::read(&path);
        (path, text)
    });
    let mut own: Vec<_> = own.collect();
    own.sort_by_key(|(path, _)| path != "src/lib.rs");
    packages.push(own);
    // An alias of an alias, and a macro that is read late and puts an item before another.
    packages.push(files(&[
        ("src/lib.rs", "pub(crate) mod a; pub mod d;\npub fn go() { let h = crate::a::b::c::two(); drop(h); }\n"),
        ("src/a.rs", "pub(crate) mod b;\n"),
        ("src/a/b.rs", "pub mod c;\npub(crate) use crate::d::make as one;\n"),
        ("src/a/b/c.rs", "pub(crate) use crate::a::b::one as two;\n"),
        ("src/d.rs", "pub fn make() -> std::thread::JoinHandle<()> { std::thread::spawn(|| {}) }\n"),
    ]));
    packages.push(files(&[
        ("src/lib.rs", "pub(crate) mod m0; pub mod m1; pub(crate) mod m2;\npub struct S { h: Option<std::thread::JoinHandle<()>> }\nimpl S { pub fn new() -> Self { S { h: Some(crate::m0::h1()) } } }\n"),
        ("src/m0.rs", "pub mod m5;\npub fn h1() -> std::thread::JoinHandle<()> { std::thread::spawn(|| {}) }\npub(crate) use crate::m0::m5::h5 as r12;\n"),
        ("src/m0/m5.rs", "pub(crate) fn h5() -> std::thread::JoinHandle<()> { crate::m0::h1() }\n"),
        ("src/m1.rs", "macro_rules! mn16 { ($n:ident) => { pub fn $n() { let _ = crate::m0::r12(); } } }\npub(crate) fn h15() -> std::thread::JoinHandle<()> { std::thread::spawn(|| {}) }\nmn16!(x);\n"),
        ("src/m2.rs", "pub(crate) fn e19() { let h = crate::m1::h15(); drop(h); }\n"),
    ]));
    packages.push(far());
    packages.push(meant());
    packages.push(decided());
    packages.push(decided_far());
    packages.push(rings());
    packages.push(gathered());
    packages.push(beyond());
    packages.push(ran());
    // Names that only another file makes: an alias of a call, a builder under another name.
    packages.push(aliased());
    Sources::new(&packages)
}

#[test]
fn any_number_of_threads_gives_the_same_answer() {
    let sources = everything();
    let one = format!("{:?}", sources.analyse(1, true));
    assert!(one.contains("std::thread::spawn"), "the sources hold births");
    for threads in [2, 8] {
        assert_eq!(one, format!("{:?}", sources.analyse(threads, true)), "{threads} threads");
    }
}

#[test]
fn what_decides_is_read_wherever_it_stands() {
    let found = Sources::new(&[far()]).analyse(2, true);
    let unknown = found.verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Unknown);
    let unknown: Vec<_> = unknown.map(|verdict| verdict.item.clone()).collect();
    support::assert_none("births that were not followed", &unknown);
    let joined = ["given", "made", "ends", "decides", "turns", "turns_there"];
    for verdict in &found.verdicts {
        let name = verdict.item.rsplit("::").next().unwrap_or_default();
        let ends = matches!(verdict.outcome, Outcome::Joined | Outcome::StoredAndJoined);
        assert_eq!(ends, joined.contains(&name) || name == "start", "{}", verdict.item);
    }
    let endless = found.findings.iter().filter(|it| it.rule == "missing-shutdown-check");
    assert_eq!(endless.count(), 2);
}

#[test]
fn who_calls_and_what_is_called_decide_though_nothing_is_born_there() {
    let sources = Sources::new(&[decided()]);
    let found = sources.analyse(2, true);
    let outcomes: Vec<_> =
        found.verdicts.iter().map(|it| (it.item.as_str(), it.outcome.word())).collect();
    let expected = [
        ("run", "stored-and-joined"),
        ("Ended::new", "stored-and-joined"),
        ("select", "joined"),
        ("start", "partly"),
        ("start", "partly"),
        ("S::new", "stored-and-joined"),
    ];
    assert_eq!(outcomes, expected);
    let ignored = found.findings.iter().filter(|it| it.rule == "ignored-join-result");
    let said = ignored
        .map(|it| &sources.texts[it.primary.file.0 as usize][it.primary.range.start as usize..]);
    let said: Vec<_> = said.map(|text| text.lines().next().unwrap_or_default()).collect();
    assert_eq!(said, ["join(); if n > 0 { select(n - 1) } }"]);
}

#[test]
fn what_is_called_set_or_made_decides_wherever_it_stands() {
    let found = Sources::new(&[decided_far(), rings(), gathered(), beyond()]).analyse(2, true);
    let outcomes: Vec<_> =
        found.verdicts.iter().map(|it| (it.item.as_str(), it.outcome.word())).collect();
    let expected = [
        ("run", "stored-and-joined"),
        ("run_by", "stored-and-joined"),
        ("S::new", "stored-and-joined"),
        ("P::new", "stored-and-joined"),
        ("__n::new", "stored-and-joined"),
        ("behind", "joined"),
        ("Pool::start", "stored-and-joined"),
        ("flagged", "joined"),
        ("Ring::put", "partly"),
        ("Other::add", "stored-and-joined"),
        ("seen", "joined"),
        ("gathered", "unknown"),
        ("kept", "unknown"),
        ("begin", "detached"),
        ("fails", "joined"),
        ("waits", "joined"),
        ("gone", "joined"),
        ("far_gone", "joined"),
        ("own", "stored-and-joined"),
        ("lost", "detached"),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn a_program_is_read_before_it_is_run() {
    let found = Sources::new(&[ran()]).analyse(2, true);
    let outcomes: Vec<_> =
        found.verdicts.iter().map(|it| (it.item.as_str(), it.outcome.word())).collect();
    assert_eq!(outcomes, [("first", "joined"), ("second", "joined"), ("go", "partly")]);
}

#[test]
fn leaving_files_unread_changes_no_finding_and_no_verdict() {
    let sources = everything();
    let (with, without) = (sources.analyse(2, true), sources.analyse(2, false));
    let aliased = with.verdicts.iter().filter(|verdict| {
        let path = &sources.project.file(verdict.file).path;
        path.starts_with(&sources.project.packages[sources.project.packages.len() - 1].dir)
    });
    assert_eq!(aliased.count(), 4, "the calls by other names are found");
    assert_eq!(format!("{:?}", with.verdicts), format!("{:?}", without.verdicts));
    assert_eq!(format!("{:?}", with.findings), format!("{:?}", without.findings));
}

#[test]
fn a_body_that_gives_birth_to_nothing_is_lowered_when_somebody_asks_for_it() {
    let sources = Sources::new(&[meant()]);
    let catalog = Catalog::embedded();
    let (mut loader, mut model) = Loader::new(&sources.project, &sources, &catalog, true);
    let lowered = |program: &Program, model: &Model<'_>| -> BTreeSet<String> {
        let names = program.bodies().map(|(_, it)| model.item(it.function.item).name.to_string());
        names.collect()
    };
    let mut program = Program::default();
    while let unread = program.wanted_first(&model)
        && !unread.is_empty()
    {
        loader.answer(&mut model, &Wanted { unread, ..Wanted::default() });
    }
    program.update(&model);
    let births =
        ["built", "fill", "held", "in_macro", "looked_up", "nobody", "spawn", "start", "within"];
    assert_eq!(lowered(&program, &model), births.map(str::to_owned).into());
    // Who hands a handle out is asked for by name.
    settled(&mut loader, &mut model, &mut Known::default());
    program.update(&model);
    let asked = lowered(&program, &model);
    assert!(asked.contains("handed") && asked.is_superset(&births.map(str::to_owned).into()));
}

/// The files of the runtime crate, which spawns.
fn own() -> Vec<(String, String)> {
    let mut own = support::files_below("crates/thread-registry/src", "rs");
    own.sort_by_key(|path| path != "crates/thread-registry/src/lib.rs");
    own.into_iter().map(|path| (path.clone(), support::read(&path))).collect()
}

#[test]
fn what_was_found_in_rounds_is_found_at_once() {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(2).stack_size(256 << 20).build().unwrap();
    // What stands beside changes no crate: bodies are added to those that there are.
    let sources = [
        (everything(), 3..=u32::MAX),
        (Sources::new(&[own()]), 1..=u32::MAX),
        (Sources::new(&[beside()]), 0..=0),
    ];
    for (sources, rounds) in sources {
        let catalog = Catalog::embedded();
        let found = |known: &mut Known, model: &Model<'_>| {
            known.look(model);
            known.follow(model);
            let found = known.judge(model);
            format!("{:?}\n{:?}\n{:?}", found.lives, found.joins, found.endless)
        };
        pool.install(|| {
            let (mut loader, mut model) = Loader::new(&sources.project, &sources, &catalog, true);
            let before = model.round();
            let mut known = Known::default();
            settled(&mut loader, &mut model, &mut known);
            let in_rounds = found(&mut known, &model);
            let at_once = found(&mut Known::default(), &model);
            let read = model.round() - before;
            assert!(rounds.contains(&read), "the crates were built anew {read} times");
            assert!(in_rounds.contains("outcome: "), "something is born");
            assert_eq!(in_rounds, at_once);
        });
    }
}

/// Texts that a careless parser or renderer would not survive.
fn hostile() -> Vec<String> {
    let body = "use std::thread;\nfn é() { let h = thread::spawn(|| \"𝕏\"); }\n";
    let mut texts: Vec<String> = (0..=body.len())
        .filter(|&at| body.is_char_boundary(at))
        .flat_map(|at| [body[..at].to_owned(), body[at..].to_owned()])
        .collect();
    for nest in [
        "(",
        "[",
        "{",
        "fn a(){",
        "!",
        "&",
        "*",
        "-",
        "a=",
        "||",
        "Vec<",
        "a::",
        "x.",
        "if x {} else ",
        "#[",
        "r#\"",
        "/*",
        "'",
        "match x { _ => ",
        "async {",
        "return ",
        "&&",
        "..",
        "move ||",
        "<<T as A>::B as ",
    ] {
        for count in [3, 400, 3_000, 30_000] {
            texts.push(format!("fn spawn() {{ {} }}", nest.repeat(count)));
            texts.push(nest.repeat(count));
        }
    }
    texts.push("type A = (A, A); pub fn f(a: A) { std::thread::spawn(|| {}); }".to_owned());
    texts.push("\u{feff}#!/bin/sh\nfn a() { std::thread::spawn(b); }".to_owned());
    texts.push("---\nname = 1\n---\nfn a() { std::thread::spawn(b); }".to_owned());
    texts.push("fn a() {\r\n std::thread::spawn(b);\r\n}".to_owned());
    texts
}

#[test]
fn no_text_stops_the_analysis() {
    let good = "pub fn good() { std::thread::spawn(work); }\n";
    let packages: Vec<_> = hostile()
        .iter()
        .map(|text| files(&[("src/lib.rs", text.as_str()), ("src/good.rs", good)]))
        .collect();
    let sources = Sources::new(&packages);
    for search in [true, false] {
        let analysis = sources.analyse(2, search);
        let path = |file| &*sources.project.file(file).path;
        let checked: Vec<&str> =
            analysis.verdicts.iter().map(|verdict| path(verdict.file)).collect();
        for index in 0..packages.len() {
            let beside = format!("p{index:04}/src/good.rs");
            assert!(
                checked.contains(&beside.as_str()),
                "{beside} (search {search}) is not checked"
            );
        }
        assert!(analysis.notes.len() > 50, "most of them are no Rust, and each is named");
    }
}

#[test]
fn long_functions_and_chains_end() {
    let branches = "if a() { b(); } else { c(); }\n".repeat(5_000);
    let wide = format!("fn wide() {{ let h = std::thread::spawn(d);\n{branches} h.join(); }}");
    let deep = format!(
        "fn deep() {{ let h = std::thread::spawn(d); x{}; drop(h); }}",
        ".y()".repeat(2_000)
    );
    let jumps = "match a() { Some(b) => c(b)?, None => return Err(d) }\n".repeat(1_000);
    let jumpy =
        format!("fn jumpy() -> R {{ let h = std::thread::spawn(d);\n{jumps} h.join(); Ok(()) }}");
    let cycle = "mod a { pub use super::b::*; pub use super::c::*; }\nmod b { pub use super::a::*; pub use super::c::*; }\nmod c { pub use super::a::*; pub use super::b::*; }\nfn d() { a::spawn(e); use self::d as f; f(); }";
    // What threads run, and the channels that feed them, are looked at loop by loop.
    let loops = "loop { if a() { break; } }\n".repeat(2_000);
    let worker = format!("fn worker() {{ std::thread::spawn(|| {{\n{loops} }}); }}");
    let drains = "for x in &other { if a() { break; } }\n".repeat(400);
    let fed = format!(
        "use std::sync::mpsc; fn fed() {{ let (s, r) = mpsc::channel(); let h = std::thread::spawn(move || {{\n{drains} for x in r {{ b(x); }} }}); s.send(1); h.join(); }}"
    );
    let texts = [wide, deep, jumpy, cycle.to_owned(), worker, fed];
    let packages: Vec<_> =
        texts.iter().map(|text| vec![("src/lib.rs".to_owned(), text.clone())]).collect();
    let analysis = Sources::new(&packages).analyse(2, true);
    let outcomes: Vec<&str> =
        analysis.verdicts.iter().map(|verdict| verdict.outcome.word()).collect();
    assert_eq!(outcomes, ["joined", "detached", "partly", "detached", "joined"]);
}

#[test]
fn a_chain_of_ten_thousand_calls_ends() {
    if !support::slow("promises") {
        return;
    }
    use std::fmt::Write as _;
    const DEPTH: usize = 10_000;
    let mut text = String::from(
        "use std::thread::{self, JoinHandle};\n\
         fn make0() -> JoinHandle<()> { thread::spawn(|| {}) }\n\
         fn take0(h: JoinHandle<()>) { h.join().unwrap(); }\n",
    );
    for at in 1..DEPTH {
        let below = at - 1;
        writeln!(text, "fn make{at}() -> JoinHandle<()> {{ make{below}() }}").unwrap();
        writeln!(text, "fn take{at}(h: JoinHandle<()>) {{ take{below}(h) }}").unwrap();
    }
    let last = DEPTH - 1;
    writeln!(text, "fn run() {{ take0(make{last}()); take{last}(make0()); }}").unwrap();
    let analysis = Sources::new(&[vec![("src/lib.rs".to_owned(), text)]]).analyse(2, true);
    // Beyond a few hundred hops nobody is blamed.
    let outcomes: Vec<&str> =
        analysis.verdicts.iter().map(|verdict| verdict.outcome.word()).collect();
    assert!(
        outcomes.iter().all(|outcome| !matches!(*outcome, "detached" | "partly")),
        "{outcomes:?}"
    );
    assert!(!outcomes.is_empty());
}

#[test]
fn naming_files_in_any_order_gives_the_same_output() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, text) in
        [("a", "std::thread::spawn(b);"), ("b", "let _ = std::thread::spawn(b);"), ("c", "")]
    {
        let text = format!("pub fn {name}() {{ {text} }}\nfn b() {{}}\n");
        std::fs::write(scratch.path().join(format!("{name}.rs")), text).unwrap();
    }
    let run = |names: [&str; 3], threads: &str| {
        let output = Command::new(tool::BIN)
            .current_dir(scratch.path())
            .args(["--message-format", "json", "--verdicts", "--threads", threads])
            .args(names.map(Path::new))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let expected = run(["a.rs", "b.rs", "c.rs"], "1");
    assert!(expected.contains("detached_thread"), "{expected}");
    for (names, threads) in [
        (["c.rs", "b.rs", "a.rs"], "2"),
        (["b.rs", "a.rs", "c.rs"], "8"),
        (["a.rs", "c.rs", "b.rs"], "1"),
    ] {
        assert_eq!(run(names, threads), expected);
    }
}
