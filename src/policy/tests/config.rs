//! Mistakes in configurations, each with its place and its help; merging.

use super::super::sample::Sample;
use crate::catalog::Role;
use crate::rules::Level;
use crate::source::PackageId;

/// `marked text` → `message` → `help` of all mistakes.
fn mistakes(path: &str, text: &str) -> Vec<(String, String, String)> {
    let mut sample = Sample::new(&[]);
    sample.config(path, text);
    let problems = sample.configs().err().unwrap_or_default();
    let marked = |range: crate::text::TextRange| text[range.clamp(text)].to_owned();
    problems
        .into_iter()
        .map(|problem| {
            (marked(problem.spot.range), problem.message, problem.help.unwrap_or_default())
        })
        .collect()
}

/// A configuration, the text that is marked, and parts of the message and of the help.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("exmpt = []", "exmpt", "unknown key `exmpt`", "did you mean `exempt`?"),
    ("zzz = 1", "zzz", "unknown key `zzz`", "known keys here: `exempt`, `allow`"),
    ("[baseline]\nfile = 'x'", "baseline", "not supported yet", "exempt"),
    ("exempt = 'a'", "'a'", "`exempt` must be a list, not a string", ""),
    ("exempt = [1]", "1", "must be a list of strings or tables, not an integer", ""),
    ("exempt = ['']", "''", "`` is no path", "name a file"),
    ("exempt = ['a\\b']", "'a\\b'", "is no path", "write `/`"),
    ("exempt = ['/a']", "'/a'", "is no path", "from the directory of this file"),
    ("exempt = ['C:/a']", "'C:/a'", "is no path", "from the directory of this file"),
    ("exempt = ['../a']", "'../a'", "is no path", "a file above it"),
    ("exempt = ['a/[']", "'a/['", "`a/[` is no glob: unclosed character class", ""),
    ("exempt = ['a', 'a']", "'a'", "`a` is exempt twice", "remove"),
    ("exempt = [{ glob = 'a' }]", "{ glob = 'a' }", "`reason` is missing", "write `{ glob"),
    ("exempt = [{ glob = 'a', reason = ' ' }]", "' '", "`reason` is empty", "write `{ glob"),
    ("exempt = [{ reason = 'a' }]", "{ reason = 'a' }", "`glob` is missing", "write `{ glob"),
    (
        "exempt = [{ glob = 'a', reason = 'b', rule = 'c' }]",
        "rule",
        "unknown key `rule`",
        "did you mean `rules`?",
    ),
    (
        "exempt = [{ glob = 'a', reason = 'b', rules = ['detached-treads'] }]",
        "'detached-treads'",
        "unknown rule or group `detached-treads`",
        "did you mean `detached-thread`?",
    ),
    ("allow = ['a.rs']", "'a.rs'", "`a.rs` is no `file:line`", "src/gui.rs:41"),
    ("allow = ['a.rs:0']", "'a.rs:0'", "`a.rs:0` is no `file:line`", "src/gui.rs:41"),
    ("allow = ['a.rs:1:2']", "'a.rs:1:2'", "is no `file:line`", "leave out the column: `a.rs:1`"),
    ("allow = ['a.rs:1', './a.rs:1']", "'./a.rs:1'", "allowed twice", "remove"),
    ("allow = [{ at = 'a.rs:1' }]", "{ at = 'a.rs:1' }", "`reason` is missing", "write `{ at"),
    (
        "allow = [{ at = 'a.rs:1', reason = 'b', anchor = 'c' }]",
        "anchor",
        "unknown key `anchor`",
        "known keys here: `at`, `rule`, `reason`",
    ),
    (
        "allow = [{ at = 'a.rs:1', reason = 'b', rule = 'zzzzzzzz' }]",
        "'zzzzzzzz'",
        "unknown rule or group",
        "cargo thread-lint rules",
    ),
    ("levels = 1", "1", "`levels` must be a table, not an integer", ""),
    ("[levels]\nunnamed-thread = 'wran'", "'wran'", "`wran` is no level", "did you mean `warn`?"),
    (
        "[tests]\nunnamed-thread = 'x'",
        "'x'",
        "`x` is no level",
        "write one of `off`, `warn`, `error`",
    ),
    ("[benches]\nunnamed-thread = true", "true", "`level` must be a string, not a boolean", ""),
    ("[examples]\nunamed_thread = 'off'", "unamed_thread", "unknown rule", "`unnamed-thread`?"),
    ("[registry]\nmodule = []", "module", "unknown key", "did you mean `modules`?"),
    ("[registry]\nspawn = 'a'", "'a'", "`spawn` must be a list", ""),
    ("[registry]\nspawn = ['a::<b>']", "'a::<b>'", "is no path", "without generics"),
    (
        "outside-callers = 'no'",
        "'no'",
        "`outside-callers` must be `true` or `false`, not a string",
        "",
    ),
    ("[registry]\nowns = 1", "1", "`owns` must be `true` or `false`, not an integer", ""),
    (
        "[registry]\nscoped-threads = 'yes'",
        "'yes'",
        "`yes` is no policy for scoped threads",
        "write one of `allow`, `deny`",
    ),
    ("api = [{ path = 'a' }]", "{ path = 'a' }", "`role` is missing", "an entry says"),
    (
        "[[api]]\npath = 'a'\nrole = 'spwan'",
        "'spwan'",
        "`spwan` is no role",
        "did you mean `spawn`?",
    ),
    (
        "[[api]]\npath = 'a'\nrole = 'spawn'\nbody = -1",
        "-1",
        "`body` must be a position counted from 0, not an integer",
        "",
    ),
    ("exempt = [", "", "not valid TOML", ""),
    ("exempt = []\nexempt = []", "exempt", "not valid TOML: duplicate key", ""),
];

#[test]
fn one_mistake_one_message() {
    for (text, marked, message, help) in MISTAKES {
        let found = mistakes("thread-lint.toml", text);
        let [(at, said, advice)] = found.as_slice() else { panic!("{text}: {found:?}") };
        assert_eq!(at, marked, "{text}");
        assert!(said.contains(message), "{text}: {said}");
        assert!(advice.contains(help) && advice.is_empty() == help.is_empty(), "{text}: {advice}");
    }
}

#[test]
fn all_mistakes_are_found_at_once() {
    let text = "exempt = [1, '']\nallow = ['x']\n[levels]\nx = 'warn'\nunnamed-thread = 'y'\n";
    assert_eq!(mistakes("thread-lint.toml", text).len(), 5);
}

#[test]
fn metadata_is_read_in_place() {
    let table = "[package]\nname = 'x'\n[workspace.metadata.thread-lint]\nexmpt = []\n";
    let [(at, message, _)] = &mistakes("Cargo.toml", table)[..] else { panic!() };
    assert_eq!((at.as_str(), message.as_str()), ("exmpt", "unknown key `exmpt`"));
    let misnamed = "[package.metadata.thread_lint]\nexempt = []\n";
    let [(at, _, help)] = &mistakes("sub/Cargo.toml", misnamed)[..] else { panic!() };
    assert_eq!((at.as_str(), help.as_str()), ("thread_lint", "did you mean `thread-lint`?"));
    for other in
        ["[package]\nname = 'x'", "[workspace.metadata.x]\nthread = 1", "[workspace]\n#thread"]
    {
        assert_eq!(mistakes("Cargo.toml", other), [], "{other}");
    }
}

#[test]
fn one_directory_one_configuration() {
    let mut sample = Sample::new(&[]);
    sample.config("thread-lint.toml", "");
    sample.config("sub/Cargo.toml", "[package.metadata.thread-lint]\nallow = []\n");
    assert!(sample.configs().is_ok());
    sample.config("sub/thread-lint.toml", "");
    let problems = sample.configs().unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(&*problems[0].spot.file.path, "sub/Cargo.toml");
    assert_eq!(problems[0].message, "configured twice: here and in `sub/thread-lint.toml`");
}

#[test]
fn packages_add_lists_and_override_scalars() {
    let mut sample = Sample::new(&[]);
    sample.config(
        "sub/thread-lint.toml",
        "[registry]\nowns = false\nspawn = ['crate::go', '::other::go']\n[levels]\nunnamed-thread = 'off'",
    );
    sample.config(
        "thread-lint.toml",
        "[registry]\nowns = true\nspawn = ['crate::spawn']\nscoped-threads = 'deny'\n\
         [[api]]\npath = 'lib::launch'\nrole = 'spawn'\nreturns = 'result-handle'\nbody = 1\n",
    );
    let configs = sample.configs().unwrap();
    assert!(configs.scoped_denied() && !crate::policy::Configs::default().scoped_denied());
    let outer = configs.of(Some(PackageId(0)));
    let inner = configs.of(Some(PackageId(1)));
    assert_eq!((outer.registry.owns, inner.registry.owns), (Some(true), Some(false)));
    assert_eq!(inner.registry.spawn, ["crate::spawn", "crate::go", "other::go"]);
    assert_eq!(inner.registry.scoped_allowed, Some(false));
    assert_eq!(outer.levels.len() + 1, inner.levels.len() + outer.levels.len());
    assert_eq!(inner.levels[0].rules["unnamed-thread"], Level::Off);
    let entries: Vec<_> = configs
        .catalog_entries(&sample.project)
        .into_iter()
        .map(|api| (api.path, api.role, api.returns.unwrap_or_default(), api.body))
        .collect();
    let handle = "std::thread::JoinHandle".to_owned();
    assert_eq!(
        entries,
        [
            ("app::spawn".to_owned(), Role::OwnedByRegistry, String::new(), None),
            ("sub::spawn".to_owned(), Role::OwnedByRegistry, String::new(), None),
            ("lib::launch".to_owned(), Role::Spawn, format!("Result<{handle}>"), Some(1)),
            ("sub::go".to_owned(), Role::Spawn, handle.clone(), None),
            ("other::go".to_owned(), Role::Spawn, handle, None),
        ]
    );
}

#[test]
fn registry_modules_are_named_from_outside() {
    let mut sample = Sample::new(&[]);
    sample
        .config("thread-lint.toml", "[registry]\nmodules = ['app::threads', 'crate', 'crates::x']");
    sample.config("sub/thread-lint.toml", "[registry]\nmodules = ['crate::threads']");
    let configs = sample.configs().unwrap();
    let modules = configs.registry_modules(&sample.project);
    assert_eq!(modules, ["app", "app::threads", "crates::x", "sub", "sub::threads"]);
    assert!(!configs.scoped_denied());
}
