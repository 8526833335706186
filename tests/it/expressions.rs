//! What running programs computes, against what Rust does.
//!
//! Each line of `fixtures/expressions.txt` is an expression that is true. A thread is joined if it is: where the run
//! computes it, the thread is joined in every run. A line that begins with `?` is one that is not computed yet; it may
//! leave the verdict open, and must not turn it around. With `SLOW_TESTS=1` the compiler says that all of them are true.

use std::fmt::Write as _;
use std::process::Command;

use crate::pairs::outcomes;
use crate::support;

#[test]
fn expressions_are_computed_as_rust_does() {
    let text = std::fs::read_to_string(support::root().join("fixtures/expressions.txt")).unwrap();
    let (mut wrong, mut all) = (Vec::new(), String::new());
    let lines = text.lines().filter(|it| !it.is_empty() && !it.starts_with('#'));
    for line in lines {
        let open = line.strip_prefix("? ");
        let expr = open.unwrap_or(line);
        let program = format!(
            "fn main() {{\n let h = std::thread::spawn(|| ());\n let ok = {expr};\n if ok {{ h.join().unwrap(); }}\n}}\n"
        );
        let outcome = outcomes(&program, 2021).into_values().next().unwrap_or("no birth");
        if (outcome == "joined") == open.is_some() || outcome == "detached" {
            wrong.push(format!("{outcome}: {line}"));
        }
        writeln!(all, "    let ok = {expr};\n    assert!(ok);").unwrap();
    }
    support::assert_none("expressions that are computed otherwise", &wrong);
    if support::is_slow_run() {
        let dir = support::scratch();
        let source = dir.join("expressions.rs");
        std::fs::write(&source, format!("#![allow(warnings)]\nfn main() {{\n{all}}}\n")).unwrap();
        let binary = dir.join("expressions");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let compiled = Command::new(rustc)
            .args(["--edition", "2021", "-o"])
            .args([&binary, &source])
            .status()
            .unwrap();
        assert!(compiled.success(), "{} does not compile", source.display());
        assert!(Command::new(&binary).status().unwrap().success(), "one of them is not true");
    }
}
