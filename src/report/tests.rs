//! Order and figures.

use super::*;
use crate::policy::sample::Sample;
use crate::source::FileId;
use crate::verdict::Verdict;

#[test]
fn order_is_by_path_place_and_rule_whatever_came_first() {
    let mut sample = Sample::new(&[("src/a.rs", "a b"), ("z/b.rs", "a b")]);
    sample.find("unjoined-handle", "z/b.rs", "a");
    sample.find("unjoined-handle", "src/a.rs", "b");
    sample.find("unjoined-handle", "src/a.rs", "a");
    sample.find("detached-thread", "src/a.rs", "a");
    sample.config("thread-lint.toml", "exempt = ['x']");
    let order = |sample: &Sample| -> Vec<String> {
        let report = Report::new(&sample.project, sample.judge());
        let line = |judged: &Judged| {
            let (path, range, rule) = place(&sample.project, &judged.origin);
            format!("{path}:{} {rule}", range.start)
        };
        report.shown.iter().map(line).collect()
    };
    let forwards = order(&sample);
    assert_eq!(
        forwards,
        [
            "src/a.rs:0 detached-thread",
            "src/a.rs:0 unjoined-handle",
            "src/a.rs:2 unjoined-handle",
            "thread-lint.toml:10 stale-exempt",
            "z/b.rs:0 unjoined-handle",
        ]
    );
    sample.analysis.findings.reverse();
    assert_eq!(order(&sample), forwards);
}

fn verdict(code: CodeKind, outcome: Outcome) -> Verdict {
    let range = TextRange::default();
    Verdict {
        file: FileId(0),
        callee: range,
        call: range,
        statement: range,
        api: "std::thread::spawn".to_owned(),
        item: String::new(),
        package: None,
        code,
        confidence: Confidence::Proved,
        outcome,
        steps: Vec::new(),
    }
}

#[test]
fn figures_count_each_kind_of_code_apart() {
    let mut sample = Sample::new(&[
        ("src/a.rs", "go\n\nb // thread-lint: detached why\nzz"),
        ("src/e.rs", "go"),
        ("tests/t.rs", "go"),
    ]);
    sample.analysis.verdicts = vec![
        verdict(CodeKind::Main, Outcome::Joined),
        verdict(CodeKind::Main, Outcome::Unknown),
        verdict(CodeKind::Main, Outcome::Joined),
        verdict(CodeKind::Test, Outcome::Detached),
    ];
    sample.find("detached-thread", "src/a.rs", "go");
    sample.find("unnamed-thread", "src/a.rs", "go");
    sample.find("detached-thread", "src/a.rs", "b");
    sample.find("detached-thread", "src/a.rs", "zz");
    sample.find("detached-thread", "src/e.rs", "go");
    sample.find("detached-thread", "tests/t.rs", "go");
    sample.find("detached-thread", "src/a.rs", "go").confidence = Confidence::Likely;
    sample.config("thread-lint.toml", "exempt = ['src/e.rs']\nallow = ['src/a.rs:4']");
    let report = Report::new(&sample.project, sample.judge());
    let summary = &report.summary;
    assert!(report.failed());
    assert_eq!((summary.errors, summary.warnings, summary.unreadable), (1, 1, 0));
    assert_eq!((summary.suppressed, summary.allowed, summary.exempted), (1, 1, 1));
    assert_eq!((summary.below_confidence, summary.in_tests), (1, 1));
    let main = &summary.births[&CodeKind::Main];
    assert_eq!((main.total(), main.of(Outcome::Joined), main.unknown_per_mille()), (3, 2, 333));
    assert_eq!(summary.births[&CodeKind::Test].total(), 1);
    assert_eq!(Births::default().unknown_per_mille(), 0);
}
