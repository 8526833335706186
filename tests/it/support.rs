//! What every test module needs and no test is about: places in the repository, the two switches
//! in the environment, and the comparison of generated text with the committed copy.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What the environment asks to do with files that a test generates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// Compare only.
    No,
    /// `UPDATE=1`: rewrite; figures that may only rise are never lowered.
    Raise,
    /// `UPDATE=force`: rewrite, lowering figures too.
    Force,
}

impl Update {
    /// Reads `UPDATE`.
    pub(crate) fn from_env() -> Self {
        match std::env::var("UPDATE").as_deref() {
            Err(_) | Ok("" | "0") => Self::No,
            Ok("force") => Self::Force,
            Ok(_) => Self::Raise,
        }
    }
}

/// Root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The directory for what tests write.
pub(crate) fn scratch() -> PathBuf {
    let dir = root().join("target");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Whether the tests that take minutes are asked for.
pub(crate) fn is_slow_run() -> bool {
    std::env::var("SLOW_TESTS").is_ok_and(|value| !value.is_empty() && value != "0")
}

/// Whether slow suites run. When not, says so on the terminal, past the capture of test output.
pub(crate) fn slow(suite: &str) -> bool {
    let on = is_slow_run();
    if !on {
        say(&format!("{suite}: skipped; `SLOW_TESTS=1 cargo test --test it {suite}` runs it\n"));
    }
    on
}

/// Writes to the terminal even when the test passes (`println!` would be captured).
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap();
}

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> String {
    let full = root().join(path);
    std::fs::read_to_string(&full).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files below `dir` (relative to the root) with this extension, sorted, `/` between parts.
/// A directory that does not exist has none.
pub(crate) fn files_below(dir: &str, extension: &str) -> Vec<String> {
    let mut found: Vec<String> = walkdir::WalkDir::new(root().join(dir))
        .into_iter()
        .filter_entry(|entry| entry.file_name() != "target" || entry.depth() == 0)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| entry.path().extension().is_some_and(|own| own == extension))
        .map(|entry| slashed(entry.path().strip_prefix(root()).unwrap()))
        .collect();
    found.sort();
    found
}

/// Every Rust file that we wrote to be read: sources, tests, benches and crates, no fixtures.
pub(crate) fn own_rust_files() -> Vec<String> {
    let dirs = ["src", "tests", "benches", "crates"];
    let all = dirs.iter().flat_map(|dir| files_below(dir, "rs"));
    // Trees that command-line cases run on are fixtures.
    all.filter(|path| !path.starts_with("tests/cmd/")).collect()
}

/// Files below `src` without the modules that exist for tests only, and what lies below those.
pub(crate) fn production_files() -> Vec<String> {
    let all = files_below("src", "rs");
    let tests: Vec<String> = all.iter().flat_map(|path| test_modules(path, &read(path))).collect();
    let is_test = |path: &String| {
        let stem = path.trim_end_matches(".rs");
        tests.iter().any(|test| {
            stem.strip_prefix(test).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    all.into_iter().filter(|path| !is_test(path)).collect()
}

/// Paths, without their ending, of modules that a file declares under `#[cfg(test)]`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let stem = path.trim_end_matches(".rs");
    let below = match stem.rsplit_once('/') {
        Some((dir, "lib" | "main" | "mod")) => dir,
        _ => stem,
    };
    let mut found = Vec::new();
    let mut in_test = false;
    for line in text.lines().map(str::trim) {
        if line == "#[cfg(test)]" {
            in_test = true;
        } else if !line.starts_with("#[") {
            let name = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod "));
            found.extend(name.filter(|_| in_test).map(|(_, name)| format!("{below}/{name}")));
            in_test = false;
        }
    }
    found
}

#[test]
fn modules_for_tests_are_known() {
    let text = "#[cfg(test)]\n#[expect(x)]\npub(crate) mod sample;\nmod a;\n#[cfg(test)]\nmod tests {\nmod b;\n";
    assert_eq!(test_modules("src/policy.rs", text), ["src/policy/sample"]);
    assert_eq!(test_modules("src/lib.rs", text), ["src/sample"]);
    assert!(!production_files().is_empty());
}

/// A path with `/` between its parts.
pub(crate) fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Compares a committed file with what a test makes of it; `UPDATE=1` rewrites the file.
///
/// Several tests own parts of one file and run side by side, so reading, making and writing are one step.
pub(crate) fn assert_generated(path: &str, make: impl FnOnce(&str) -> String) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let committed = read(path);
    let expected = make(&committed);
    if committed == expected {
        return;
    }
    if Update::from_env() != Update::No {
        std::fs::write(root().join(path), expected).unwrap();
        return;
    }
    let same = committed.lines().zip(expected.lines()).take_while(|(old, new)| old == new);
    panic!(
        "{path} is out of date from line {} on; `UPDATE=1 cargo test` rewrites it",
        same.count() + 1
    );
}

/// Replaces what stands between two marker lines of `text`, markers kept.
pub(crate) fn between(text: &str, open: &str, close: &str, new: &str) -> Option<String> {
    let start = text.find(open)? + open.len();
    let end = start + text[start..].find(close)?;
    Some(format!("{}\n{}\n{}", &text[..start], new.trim_end(), &text[end..]))
}

/// Panics with all complaints at once, so that one run shows the whole work.
pub(crate) fn assert_none(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n  {}", complaints.join("\n  "));
}

#[test]
fn text_between_markers_is_replaced() {
    let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
    let new = between(text, "<!-- x -->", "<!-- /x -->", "new\n");
    assert_eq!(new.as_deref(), Some("a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"));
    assert_eq!(between(text, "<!-- y -->", "<!-- /y -->", ""), None);
}

/// The options that nobody has set, with the catalog read once for all examples.
pub(crate) fn options() -> &'static thread_lint::Options {
    static OPTIONS: std::sync::LazyLock<thread_lint::Options> =
        std::sync::LazyLock::new(thread_lint::Options::default);
    &OPTIONS
}
