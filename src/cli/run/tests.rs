//! Runs on scratch trees: exit codes, and what is said where.

use std::ffi::OsString;
use std::fs;

use super::run;
use crate::cli::args::{Parsed, parse};
use crate::cli::output::Output;
use crate::cli::{CLEAN, FINDINGS, USAGE};

struct Tree(tempfile::TempDir);

impl Tree {
    /// A workspace of `a` and `b`, `a` the default.
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        let root = "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"b\"]\n\
                    default-members = [\"a\"]\n";
        tree.write("Cargo.toml", root);
        for name in ["a", "b"] {
            let manifest =
                format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
            tree.write(&format!("{name}/Cargo.toml"), &manifest);
            tree.write(&format!("{name}/src/lib.rs"), "");
        }
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `@` in the arguments is the root of the tree.
    fn run(&self, line: &str) -> Output {
        let root = fs::canonicalize(self.0.path()).unwrap();
        let line = line.replace('@', root.to_str().unwrap());
        let manifest = root.join("Cargo.toml").into_os_string();
        let fixed = ["x".into(), "--color".into(), "never".into(), "--manifest-path".into()];
        let words = line.split_whitespace().map(OsString::from);
        let args = fixed.into_iter().chain([manifest]).chain(words);
        let Parsed { options, levels } = parse(args).unwrap();
        run(&options, levels)
    }
}

#[test]
fn entries_are_stale_only_where_all_is_seen() {
    let tree = Tree::new();
    tree.write("thread-lint.toml", "exempt = [\"gone.rs\"]\n");
    for whole in ["--workspace", "--all --message-format short", "--all -D warnings"] {
        assert!(tree.run(whole).results.contains("[stale-exempt]"), "{whole}");
    }
    for part in ["", "-p a", "--all --exclude b", "@/a", "@/a/src/lib.rs", "--all --no-config"] {
        assert!(!tree.run(part).results.contains("[stale-exempt]"), "{part}");
    }
    let codes = ["--all", "--all -D warnings", "--all -D warnings -A stale-exempt"];
    assert_eq!(codes.map(|line| tree.run(line).code), [CLEAN, FINDINGS, CLEAN]);
}

#[cfg(unix)]
#[test]
fn unreadable_source_is_said_where_it_is_asked_for() {
    let tree = Tree::new();
    std::os::unix::fs::symlink("nowhere", tree.0.path().join("b/src/x.rs")).unwrap();
    for asked in ["--all", "-p b", "@/b", "@/b/src/lib.rs @/b/src"] {
        let output = tree.run(asked);
        assert!(output.results.contains("warning[unreadable-source]"), "{asked}");
        assert!(output.results.contains("--> b/src/x.rs:1:1"), "{asked}: {}", output.results);
        assert_eq!((output.code, &*output.remarks), (CLEAN, ""), "{asked}");
    }
    for elsewhere in ["", "-p a", "@/a", "@/b/src/lib.rs", "--all -A unreadable-source"] {
        let output = tree.run(elsewhere);
        assert!(!output.results.contains("unreadable-source"), "{elsewhere}");
    }
    assert_eq!(tree.run("--all -D unreadable-source").code, FINDINGS);
}

#[test]
fn what_is_wrong_with_the_scope_is_a_remark() {
    let tree = Tree::new();
    let output = tree.run("--all --exclude no-such --message-format json");
    assert!(output.remarks.starts_with("warning: Cargo.toml: no package matches"));
    assert_eq!(output.code, CLEAN);
    tree.write("b/Cargo.toml", "[package]\nname = \"b\"\nversion = \n");
    let output = tree.run("--all");
    assert!(output.remarks.contains("warning: b/Cargo.toml: "), "{}", output.remarks);
    assert!(!output.results.contains("unreadable-source"), "{}", output.results);
}

#[test]
fn mistakes_stop_the_run() {
    let tree = Tree::new();
    let output = tree.run("--only x --deny y");
    let lines: Vec<&str> = output.remarks.lines().collect();
    assert_eq!((output.code, lines.len(), &*output.results), (USAGE, 2, ""));
    assert!(lines.iter().all(|line| line.starts_with("error: unknown rule or group `")));
    tree.write("b/Cargo.toml", "[package.metadata.thread-lint]\nexmpt = []\n");
    let output = tree.run("--all");
    assert!(output.remarks.contains("--> b/Cargo.toml:2:1"), "{}", output.remarks);
    assert_eq!((output.code, &*output.results), (USAGE, ""));
    let output = tree.run("--all --message-format json");
    let message = output.results.lines().next().unwrap();
    let message: serde_json::Value = serde_json::from_str(message).unwrap();
    assert_eq!(message["message"]["code"]["code"], "thread_lint::configuration");
    assert_eq!(message["message"]["spans"][0]["file_name"], "b/Cargo.toml");
    assert!(output.results.ends_with("\"success\":false}\n"));
    assert_eq!(tree.run("@/missing.rs").code, USAGE);
    assert!(!tree.run("@/\u{1b}[2J.rs").remarks.contains('\u{1b}'));
}

#[test]
fn json_ends_with_the_line_that_ends_a_build() {
    let tree = Tree::new();
    tree.write("thread-lint.toml", "exempt = [\"gone.rs\"]\n");
    let output = tree.run("--all --verdicts --message-format json");
    for line in output.results.lines() {
        serde_json::from_str::<cargo_metadata::Message>(line).unwrap();
    }
    assert!(output.results.ends_with("{\"reason\":\"build-finished\",\"success\":true}\n"));
    assert!(!output.results.contains("\\u001b["));
    let output = tree.run("--all --message-format json-diagnostic-rendered-ansi");
    assert!(output.results.contains("\\u001b["));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let tree = Tree::new();
    tree.write("thread-lint.toml", "exempt = [\"gone.rs\"]\n");
    let one = tree.run("--all --verdicts");
    let other = tree.run("--all --verdicts -j 2 --no-search");
    assert_eq!(one.results, other.results);
}
