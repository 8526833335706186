//! Exempt files, allowed lines, comments, and those of them that hide nothing.

use super::super::sample::Sample;
use super::super::{PathNote, Why};
use super::{hidden, messages, shown};
use crate::Note;
use crate::finding::Role;

/// How many of three findings (`src/a.rs`, `src/deep/b.rs`, `sub/src/c.rs`) are hidden.
fn exempted(path: &str, exempt: &str) -> (usize, Vec<String>) {
    let mut sample =
        Sample::new(&[("src/a.rs", "go"), ("src/deep/b.rs", "go"), ("sub/src/c.rs", "go")]);
    for file in ["src/a.rs", "src/deep/b.rs", "sub/src/c.rs"] {
        sample.find("detached-thread", file, "go");
    }
    sample.config(path, &format!("exempt = [{exempt}]"));
    let stale = shown(&sample).into_iter().filter(|line| line.starts_with("stale-exempt"));
    (hidden(&sample).len(), stale.collect())
}

#[test]
fn exempt_is_a_file_a_directory_or_a_glob() {
    for (path, exempt, expected) in [
        ("thread-lint.toml", "'src/a.rs'", 1),
        ("thread-lint.toml", "'./src/a.rs'", 1),
        ("thread-lint.toml", "'src'", 2),
        ("thread-lint.toml", "'src/'", 2),
        ("thread-lint.toml", "'.'", 3),
        ("thread-lint.toml", "'src/*.rs'", 1),
        ("thread-lint.toml", "'src/**'", 2),
        ("thread-lint.toml", "'**/*.rs'", 3),
        ("thread-lint.toml", "'**/{b,c}.rs'", 2),
        ("thread-lint.toml", "'sr'", 0),
        ("thread-lint.toml", "'*.rs'", 0),
        ("sub/thread-lint.toml", "'src'", 1),
        ("sub/thread-lint.toml", "'.'", 1),
        ("sub/thread-lint.toml", "'**'", 1),
        // Given on the command line, from outside of the workspace in `/ws`.
        ("/thread-lint.toml", "'ws/src'", 2),
        ("/thread-lint.toml", "'**/c.rs'", 1),
        ("/thread-lint.toml", "'src'", 0),
        ("/etc/thread-lint.toml", "'**'", 0),
        ("thread-lint.toml", "{ glob = 'src', reason = 'r' }", 2),
        ("thread-lint.toml", "{ glob = 'src', rules = ['no-detached-threads'], reason = 'r' }", 2),
        ("thread-lint.toml", "{ glob = 'src', rules = ['unnamed-thread'], reason = 'r' }", 0),
    ] {
        let (number, stale) = exempted(path, exempt);
        assert_eq!(number, expected, "{exempt}");
        assert_eq!(stale.is_empty(), expected > 0, "{exempt}: {stale:?}");
    }
}

#[test]
fn reasons_come_from_the_entry_or_its_comment() {
    for (entries, expected) in [
        ("exempt = [\n  'src/a.rs', # old\n]", Why::Exempted(Some("old".to_owned()))),
        ("exempt = [\n  'src/a.rs' # old\n]", Why::Exempted(Some("old".to_owned()))),
        ("exempt = ['src/a.rs'] # no", Why::Exempted(None)),
        ("allow = [{ at = 'src/a.rs:1', reason = 'r' }]", Why::Allowed(Some("r".to_owned()))),
        ("allow = [\n'src/a.rs:1', # ok\n]", Why::Allowed(Some("ok".to_owned()))),
    ] {
        let mut sample = Sample::new(&[("src/a.rs", "go")]);
        sample.find("detached-thread", "src/a.rs", "go");
        sample.config("thread-lint.toml", entries);
        assert_eq!(hidden(&sample), [expected], "{entries}");
    }
}

#[test]
fn allow_goes_by_the_line_of_the_finding_or_its_statement() {
    const TEXT: &str = "a();\nlet h = x\n    .go()\n    .end();\n";
    for (entry, hides) in [
        ("'src/a.rs:3'", true),
        ("'./src/a.rs:2'", true),
        ("'src/a.rs:1'", false),
        ("'src/a.rs:4'", false),
        ("'a.rs:3'", false),
        ("{ at = 'src/a.rs:3', rule = 'detached-thread', reason = 'r' }", true),
        ("{ at = 'src/a.rs:3', rule = 'no-detached-threads', reason = 'r' }", true),
        ("{ at = 'src/a.rs:3', rule = 'unjoined-handle', reason = 'r' }", false),
    ] {
        let mut sample = Sample::new(&[("src/a.rs", TEXT)]);
        sample.find("detached-thread", "src/a.rs", "go");
        sample.also(Role::Silent, "src/a.rs", "let h = x\n    .go()\n    .end();", "");
        sample.also(Role::Related, "src/a.rs", "end", "");
        sample.config("thread-lint.toml", &format!("allow = [{entry}]"));
        let stale = shown(&sample).iter().any(|line| line.starts_with("stale-allow"));
        assert_eq!((hidden(&sample).len() == 1, stale), (hides, !hides), "{entry}");
    }
}

#[test]
fn staleness_is_judged_only_where_it_can_be() {
    type Change = fn(&mut Sample);
    let changes: [(&str, Change, usize); 8] = [
        ("nothing", |_| {}, 2),
        ("a part of the workspace", |sample| sample.options.whole = false, 0),
        ("other rules only", |sample| sample.options.only.push("unnamed-thread".to_owned()), 0),
        (
            "the rule switched off",
            |sample| sample.options.ignore.push("detached-thread".to_owned()),
            0,
        ),
        // The unlimited entry may be for any rule.
        (
            "another switched off",
            |sample| sample.options.ignore.push("unnamed-thread".to_owned()),
            1,
        ),
        (
            "a file nobody could read",
            |sample| {
                let file = sample.file("src/a.rs");
                let message = "is binary".to_owned();
                sample.analysis.notes.push(Note { file, range: None, message });
            },
            0,
        ),
        (
            "findings in it",
            |sample| {
                sample.find("detached-thread", "src/a.rs", "go");
            },
            0,
        ),
        (
            "findings that are not sure",
            |sample| {
                sample.find("detached-thread", "src/a.rs", "go").confidence =
                    crate::finding::Confidence::Possible;
            },
            0,
        ),
    ];
    for (what, change, expected) in changes {
        let mut sample = Sample::new(&[("src/a.rs", "go")]);
        sample.config(
            "thread-lint.toml",
            "exempt = ['src']\nallow = [{ at = 'src/a.rs:1', rule = 'detached-thread', reason = 'r' }]",
        );
        change(&mut sample);
        let stale = shown(&sample).into_iter().filter(|line| line.starts_with("stale")).count();
        assert_eq!(stale, expected, "{what}");
    }
}

/// Text → reasons of what is hidden, messages of what is said about the comments.
fn comments(text: &str) -> (Vec<String>, Vec<String>) {
    let mut sample = Sample::new(&[("src/a.rs", text)]);
    sample.find("detached-thread", "src/a.rs", "go(");
    let (_, statement) = text.split_once("let").unwrap();
    let statement = format!("let{}", statement.split_inclusive(';').next().unwrap());
    sample.also(Role::Silent, "src/a.rs", &statement, "");
    let hidden = hidden(&sample).into_iter().filter_map(|why| match why {
        Why::Suppressed(reason) => Some(reason),
        _ => None,
    });
    let said = messages(&sample).into_iter().filter(|message| !message.starts_with("found by"));
    (hidden.collect(), said.collect())
}

#[test]
fn comments_hide_what_they_stand_at() {
    const NO_REASON: &str = "this suppression gives no reason, so it hides nothing";
    const NOTHING: &str = "this suppression hides nothing";
    for (text, hides, said) in [
        ("let x = go(); // thread-lint: allow(detached-thread) why", true, &[][..]),
        ("let x = go(); // thread-lint: detached why", true, &[]),
        ("let x =\n  go(|| {\n  }); // thread-lint: detached why", true, &[]),
        ("let x = // thread-lint: detached why\n  go(|| {\n  });", true, &[]),
        ("// thread-lint: detached why\n#[x]\nlet x = go();", true, &[]),
        ("// thread-lint: allow(no-detached-threads) why\nlet x = go();", true, &[]),
        (
            "// thread-lint: allow(unnamed-thread, detached-thread) why\nlet x = go();",
            true,
            &["`unnamed-thread` hides nothing here"],
        ),
        (
            "// thread-lint: allow(detached-tread, detached-thread) why\nlet x = go();",
            true,
            &["there is no rule or group `detached-tread`"],
        ),
        (
            "// thread-lint: allow(stale-allow) why\nlet x = go();",
            false,
            &["`stale-allow` cannot be allowed by a comment"],
        ),
        ("// thread-lint: allow(unnamed-thread) why\nlet x = go();", false, &[NOTHING]),
        ("// thread-lint: detached why\nf();\nlet x = go();", false, &[NOTHING]),
        ("let x = go();\nf(); // thread-lint: detached why", false, &[NOTHING]),
        ("let x = go(); // thread-lint: detached", false, &[NO_REASON]),
        ("let x = go(); // thread-lint: allow(detached-thread)", false, &[NO_REASON]),
        (
            "let x = go(); // thread-lint: alow(detached-thread) why",
            false,
            &[
                "this suppression cannot be read: `alow` is no directive; write `allow(rule) reason` or `detached reason`",
            ],
        ),
    ] {
        let (reasons, messages) = comments(text);
        assert_eq!(reasons, vec!["why"; usize::from(hides)], "{text}");
        assert_eq!(messages, said, "{text}");
    }
}

#[test]
fn a_comment_is_unused_only_if_its_rule_ran() {
    for (flags, expected) in [("", 1), ("unnamed-thread", 1), ("detached-thread", 0)] {
        let mut sample =
            Sample::new(&[("src/a.rs", "// thread-lint: allow(detached-thread) why\nf();")]);
        if !flags.is_empty() {
            sample.options.ignore.push(flags.to_owned());
        }
        assert_eq!(shown(&sample).len(), expected, "{flags}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let mut sample = Sample::new(&[("src/a.rs", "go"), ("src/b.rs", "\0")]);
    for path in ["src/a.rs", "src/b.rs", "src/b.rs"] {
        let file = sample.file(path);
        sample.analysis.notes.push(Note { file, range: None, message: "is binary".to_owned() });
    }
    sample.notes.push(PathNote { path: "gone".to_owned(), message: "is locked".to_owned() });
    sample.options.only.push("detached-thread".to_owned());
    sample.config("thread-lint.toml", "exempt = ['src/a.rs']");
    assert_eq!(sample.judge().unreadable, 3);
    assert_eq!(hidden(&sample), [Why::Exempted(None)]);
    assert_eq!(
        shown(&sample),
        [
            "unreadable-source gone:0 warn",
            "unreadable-source src/b.rs:0 warn",
            "unreadable-source src/b.rs:0 warn"
        ]
    );
    assert!(messages(&sample).contains(&"source not analysed: is locked".to_owned()));
}
