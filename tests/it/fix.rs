//! `--fix` on the disk: what it asks of git, and what it leaves as it was.

use std::path::Path;
use std::process::{Command, Output};

use crate::tool::BIN;

const BEFORE: &str = "\u{feff}use std::thread;\r\n\r\nfn work() {}\r\n\r\npub fn run() {\r\n\tlet one = thread::spawn(work);\r\n\tlet _ = one.join();\r\n}\r\n";

fn git(dir: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"];
    let output = Command::new("git").arg("-C").arg(dir).args(identity).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn fix(dir: &Path, more: &[&str]) -> Output {
    Command::new(BIN)
        .current_dir(dir)
        .args(["--fix", "--unsafe-fixes"])
        .args(more)
        .output()
        .unwrap()
}

fn package() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let manifest =
        "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::write(dir.path().join(".gitignore"), "Cargo.lock\n").unwrap();
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(dir.path().join("src/lib.rs"), BEFORE).unwrap();
    dir
}

#[test]
fn only_what_git_can_bring_back_is_fixed() {
    let dir = package();
    let source = dir.path().join("src/lib.rs");
    let text = || std::fs::read_to_string(&source).unwrap();
    let refused = |more: &[&str], says: &str| {
        let output = fix(dir.path(), more);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
        assert_eq!(text(), BEFORE);
    };
    refused(&[], "`--allow-no-vcs`");
    git(dir.path(), &["init", "--quiet"]);
    // A file that no commit holds yet.
    refused(&[], "src/lib.rs");
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "--quiet", "-m", "a"]);
    std::fs::write(dir.path().join(".gitignore"), "Cargo.lock\nb\n").unwrap();
    refused(&[], ".gitignore");
    git(dir.path(), &["commit", "--quiet", "-am", "b"]);
    let output = fix(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = BEFORE.replace("let _ = one.join();", "one.join().unwrap();");
    assert_eq!(text(), expected, "the rest of the text stays, line ends and all");
    // A second run has nothing to do, so it asks nobody.
    let output = fix(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text(), expected);
}

#[test]
fn changes_of_ones_own_are_fixed_when_told_so() {
    let dir = package();
    git(dir.path(), &["init", "--quiet"]);
    let output = fix(dir.path(), &["--allow-dirty"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(dir.path().join("src/lib.rs")).unwrap();
    assert!(text.contains("\tone.join().unwrap();\r\n}"), "{text}");
    let left: Vec<_> = std::fs::read_dir(dir.path().join("src")).unwrap().collect();
    assert_eq!(left.len(), 1, "no half written file is left");
}

#[test]
fn without_being_told_only_the_certain_is_fixed() {
    let text = "use std::sync::mpsc;\nuse std::thread;\n\npub fn run() {\n    let (sender, receiver) = mpsc::channel::<u8>();\n    let worker = thread::spawn(move || {\n        for byte in receiver {\n            drop(byte);\n        }\n    });\n    sender.send(1).unwrap();\n    let _ = worker.join();\n}\n";
    let dir = package();
    std::fs::write(dir.path().join("src/lib.rs"), text).unwrap();
    let run = |args: &[&str]| {
        let output = Command::new(BIN).current_dir(dir.path()).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let said = run(&["--message-format", "json"]);
    for (replacement, how) in
        [("    drop(sender);\\n", "MachineApplicable"), (".unwrap();", "MaybeIncorrect")]
    {
        let edit = format!(
            r#""suggested_replacement":"{replacement}","suggestion_applicability":"{how}""#
        );
        assert!(said.contains(&edit), "{edit} is not in {said}");
    }
    run(&["--fix", "--allow-no-vcs"]);
    let fixed = std::fs::read_to_string(dir.path().join("src/lib.rs")).unwrap();
    assert_eq!(fixed, text.replace("    let _ = worker", "    drop(sender);\n    let _ = worker"));
}
