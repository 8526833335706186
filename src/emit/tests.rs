//! Each format on one small report, and on input that tries to break it.

use super::*;
use crate::Note;
use crate::finding::{CodeKind, Confidence, Role};
use crate::policy::sample::Sample;
use crate::report::Report;
use crate::rules;
use crate::verdict::{Outcome, Step, Verdict};

const MAIN: &str = "fn f() {\n    let é = 1; spawn(a);\n}\n";

/// A finding with everything, one in a configuration, four that fold, one unreadable file.
fn sample() -> Sample {
    let mut sample = Sample::new(&[
        ("src/main.rs", MAIN),
        ("src/other.rs", "\u{feff}use lost;\n"),
        ("src/zero.rs", "\0"),
        ("sub/src/lib.rs", "a\nb\nc\nd\n"),
    ]);
    let finding = sample.find("detached-thread", "src/main.rs", "spawn(a)");
    finding.notes.push("a note".to_owned());
    finding.help = Some("join it".to_owned());
    sample.also(Role::Related, "src/main.rs", "fn f()", "in here");
    sample.also(Role::Related, "src/other.rs", "use lost", "lost here");
    sample.also(Role::Silent, "src/main.rs", "let", "nowhere");
    for code in ["d", "c", "b", "a"] {
        sample.find("raw-thread-spawn", "sub/src/lib.rs", code);
    }
    let file = sample.file("src/zero.rs");
    sample.analysis.notes.push(Note { file, range: None, message: "is binary".to_owned() });
    sample.config("thread-lint.toml", "exempt = [\n  'gone.rs',\n]\n");
    let call = sample.label("src/main.rs", "spawn(a)", "").range;
    let lost = sample.label("src/other.rs", "lost", "");
    let step = Step { file: lost.file, range: lost.range, text: "bound to `h`".to_owned() };
    sample.analysis.verdicts.push(Verdict {
        file: sample.file("src/main.rs"),
        callee: call,
        call,
        statement: call,
        api: "std::thread::spawn".to_owned(),
        item: "f".to_owned(),
        package: None,
        code: CodeKind::Main,
        confidence: Confidence::Proved,
        outcome: Outcome::Unknown,
        steps: vec![step],
    });
    sample
}

fn with<T>(sample: &Sample, color: bool, draw: impl Fn(&Context<'_>, &Report) -> T) -> T {
    let report = Report::new(&sample.project, sample.judge());
    draw(&Context::new(&sample.project, &sample.texts, "/ws", color), &report)
}

#[test]
fn human_draws_findings_then_folds_then_counts() {
    let expected = r#"error[detached-thread]: found by detached-thread
 --> src/main.rs:2:16
  |
1 | fn f() {
  | ------ in here
2 |     let é = 1; spawn(a);
  |                ^^^^^^^^ born here
  |
 ::: src/other.rs:1:1
  |
1 | use lost;
  | -------- lost here
  |
  = note: a note
  = help: join it

warning[unreadable-source]: is binary
--> src/zero.rs:1:1
 = help: fix the file, or exempt it in thread-lint.toml

warning[stale-exempt]: `gone.rs` matches no source file
 --> thread-lint.toml:2:3
  |
2 |   'gone.rs',
  |   ^^^^^^^^^
  |
  = help: a path is a file, a directory or a glob, written from the directory of this file (`dir/**` is everything below `dir`)

warning[raw-thread-spawn]: 4 times in `sub`: an operating system thread is spawned outside the thread registry (sub/src/lib.rs:1, sub/src/lib.rs:2, sub/src/lib.rs:3, ...; `--only raw-thread-spawn` shows each)

1 thread: 1 not followed
1 error, 6 warnings
1 file could not be analysed
"#;
    let all = |context: &Context<'_>, report: &Report| {
        human(context, report) + &summary(&report.summary, false)
    };
    assert_eq!(with(&sample(), false, all), expected);
    let colored = with(&sample(), true, human);
    assert!(colored.contains("\u{1b}["));
}

#[test]
fn short_shows_each_on_a_line() {
    assert_eq!(
        with(&sample(), false, short),
        "src/main.rs:2:16: error[detached-thread]: found by detached-thread\n\
         src/zero.rs:1:1: warning[unreadable-source]: is binary\n\
         sub/src/lib.rs:1:1: warning[raw-thread-spawn]: found by raw-thread-spawn\n\
         sub/src/lib.rs:2:1: warning[raw-thread-spawn]: found by raw-thread-spawn\n\
         sub/src/lib.rs:3:1: warning[raw-thread-spawn]: found by raw-thread-spawn\n\
         sub/src/lib.rs:4:1: warning[raw-thread-spawn]: found by raw-thread-spawn\n\
         thread-lint.toml:2:3: warning[stale-exempt]: `gone.rs` matches no source file\n"
    );
}

#[test]
fn json_is_what_cargo_would_print() {
    use cargo_metadata::Message;
    let out = with(&sample(), false, json);
    let messages: Vec<Message> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            Message::CompilerMessage(message) => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 7);
    let first = found[0];
    assert_eq!(first.package_id.repr, "path+file:///ws#app@0.1.0");
    assert_eq!(first.target.src_path, "/ws/src/main.rs");
    assert!(first.target.is_bin());
    assert_eq!(first.message.code.as_ref().unwrap().code, "thread_lint::detached_thread");
    let spans: Vec<_> = first
        .message
        .spans
        .iter()
        .map(|span| {
            let label = span.label.as_deref().unwrap_or_default();
            let line = &span.text[0];
            let marked: String = line
                .text
                .chars()
                .skip(line.highlight_start - 1)
                .take(line.highlight_end - line.highlight_start)
                .collect();
            (span.file_name.as_str(), span.is_primary, span.column_start, label, marked)
        })
        .collect();
    assert_eq!(
        spans,
        [
            ("src/main.rs", true, 16, "born here", "spawn(a)".to_owned()),
            ("src/main.rs", false, 1, "in here", "fn f()".to_owned()),
            ("src/other.rs", false, 1, "lost here", "use lost".to_owned()),
        ]
    );
    let children: Vec<_> = first.message.children.iter().map(|child| &*child.message).collect();
    assert_eq!(children, ["a note", "join it"]);
    assert!(first.message.rendered.as_ref().unwrap().starts_with("error[detached-thread]"));
    assert_eq!(found[1].message.spans[0].text, []);
    assert_eq!(found[2].package_id.repr, "path+file:///ws/sub#sub@0.1.0");
    assert_eq!(found[6].message.spans[0].file_name, "thread-lint.toml");
    assert_eq!(found[6].package_id, first.package_id);
    let [
        ..,
        Message::CompilerArtifact(a),
        Message::CompilerArtifact(b),
        Message::BuildFinished(end),
    ] = &messages[..]
    else {
        panic!("{out}")
    };
    assert!(!a.fresh && a.package_id == first.package_id && a.package_id != b.package_id);
    assert!(!end.success);
    assert!(out.contains("\"manifest_path\":\"/ws/sub/Cargo.toml\""));
}

#[test]
fn json_names_the_target_of_each_kind_of_code() {
    let mut sample = Sample::new(&[
        ("benches/b.rs", "go"),
        ("examples/e.rs", "go"),
        ("src/deep/x.rs", "go"),
        ("src/lib.rs", "go"),
        ("src/main.rs", "go"),
        ("tests/deep/x.rs", "go"),
        ("tests/t.rs", "go"),
    ]);
    for file in sample.project.files.clone() {
        sample.find("detached-thread", &file.path, "go");
    }
    sample.options.include_tests = true;
    let kinds: Vec<_> = with(&sample, false, json)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|value| value["reason"] == "compiler-message")
        .map(|value| value["target"]["kind"][0].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["bench", "example", "lib", "lib", "bin", "test", "test"]);
}

#[test]
fn a_project_without_packages_still_has_an_owner() {
    let mut sample = sample();
    sample.project.packages.clear();
    sample.project.targets.clear();
    sample.project.files.iter_mut().for_each(|file| file.package = None);
    sample.analysis.findings.iter_mut().for_each(|finding| finding.subject.package = None);
    let out = with(&sample, false, json);
    for line in out.lines() {
        serde_json::from_str::<cargo_metadata::Message>(line).unwrap();
    }
    assert!(out.contains("\"package_id\":\"path+file:///ws\""), "{out}");
}

#[test]
fn verdicts_are_listed_with_their_steps() {
    let all = |context: &Context<'_>, report: &Report| {
        verdicts_human(context, report) + &summary(&report.summary, true)
    };
    assert_eq!(
        with(&sample(), false, all),
        "src/main.rs:2:16: std::thread::spawn in f: unknown\n    \
         src/other.rs:1:5 bound to `h`\n\
         1 thread: 1 not followed (100.0 % not followed)\n\
         1 error, 6 warnings\n1 file could not be analysed\n"
    );
    let json = with(&sample(), false, verdicts_json);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        value,
        serde_json::json!({
            "reason": "thread-lint-verdict", "package_id": "path+file:///ws#app@0.1.0",
            "file": "src/main.rs", "line": 2, "column": 16, "api": "std::thread::spawn",
            "item": "f", "code": "main", "confidence": "proved", "outcome": "unknown",
            "steps": [{"file": "src/other.rs", "line": 1, "column": 5, "text": "bound to `h`"}],
        })
    );
}

#[test]
fn no_text_and_no_range_breaks_a_format() {
    for text in ["", "é", "\u{feff}é\r\n𝕏", "a\tb\n\n\n", "\u{1b}[31m\u{202e}x"] {
        for (start, end) in [(0, 0), (1, 2), (2, 99), (3, 4), (0, 4), (9, 9), (u32::MAX, u32::MAX)]
        {
            let mut sample = Sample::new(&[("src/\u{1b}[2J\n.rs", text)]);
            let finding = sample.find("detached-thread", "src/\u{1b}[2J\n.rs", "");
            finding.primary.range = TextRange { start, end };
            finding.message = "\u{1b}[2J\n".to_owned();
            finding.notes.push("\u{1b}[2J\n\u{1b}".to_owned());
            finding.help = Some("\u{1b}[2J\n\u{1b}".to_owned());
            let extra =
                (Role::Related, Label { text: "\u{1b}\n".to_owned(), ..finding.primary.clone() });
            finding.labels.push(extra);
            for out in [with(&sample, false, human), with(&sample, false, short)] {
                assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out:?}");
            }
            with(&sample, true, human);
            for line in with(&sample, false, json).lines() {
                serde_json::from_str::<cargo_metadata::Message>(line).unwrap();
            }
        }
    }
}

#[test]
fn mistakes_are_drawn_in_the_configuration() {
    let mut sample = Sample::new(&[]);
    sample.config("sub/thread-lint.toml", "exempt = []\nalow = []\n");
    let Err(found) = sample.configs() else { panic!() };
    assert_eq!(
        problems(&found, false),
        "error: unknown key `alow`\n --> sub/thread-lint.toml:2:1\n  |\n2 | alow = []\n  | ^^^^\n  |\n  \
         = help: did you mean `allow`?\n\n"
    );
}

#[test]
fn a_clean_run_says_so() {
    assert_eq!(with(&Sample::new(&[]), false, human), "");
    let out = with(&Sample::new(&[]), false, |_, report| summary(&report.summary, false));
    assert_eq!(out, "0 threads\nno findings\n");
    assert!(with(&Sample::new(&[]), false, json).ends_with("\"success\":true}\n"));
}

#[test]
fn pages_are_listed_and_explained() {
    let table = rules_table(rules::pages());
    assert_eq!(table.lines().count(), rules::pages().len());
    let first = "no-detached-threads      detached-thread             error  a thread handle";
    assert!(table.starts_with(first), "{table}");
    let page = explain(rules::page("detached-thread").unwrap());
    assert!(page.starts_with("detached-thread: a thread"), "{page}");
    assert!(page.contains("no-detached-threads, error by default, since 0.1.0"), "{page}");
}
