//! Levels, step by step.

use super::super::sample::Sample;
use super::super::{FlagLevel, Why};
use super::{hidden, shown};
use crate::finding::Confidence;
use crate::source::Dependency;

/// The level of one finding of `rule` under `path`, after a configuration and flags.
fn level(rule: &'static str, path: &str, config: &str, flags: &str) -> String {
    let mut sample = Sample::new(&[(path, "go")]);
    sample.find(rule, path, "go");
    sample.config("thread-lint.toml", config);
    set(&mut sample, flags);
    match shown(&sample).first() {
        Some(line) => line.split(' ').skip(2).collect::<Vec<_>>().join(" "),
        None if hidden(&sample).is_empty() => "off".to_owned(),
        None => "hidden".to_owned(),
    }
}

fn set(sample: &mut Sample, flags: &str) {
    let mut words = flags.split_whitespace().map(str::to_owned);
    while let Some(flag) = words.next() {
        let mut next = || words.next().unwrap();
        match flag.as_str() {
            "-D" => sample.options.levels.push((FlagLevel::Deny, next())),
            "-W" => sample.options.levels.push((FlagLevel::Warn, next())),
            "-A" => sample.options.levels.push((FlagLevel::Allow, next())),
            "--only" => sample.options.only.push(next()),
            "--select" => sample.options.select.push(next()),
            "--ignore" => sample.options.ignore.push(next()),
            "--include-tests" => sample.options.include_tests = true,
            _ => unreachable!(),
        }
    }
    assert_eq!(sample.options.problems(), [""; 0]);
}

#[test]
fn each_step_overrides_the_ones_before() {
    const LIB: &str = "src/lib.rs";
    const GROUP: &str = "no-detached-threads = 'warn'";
    const RULE: &str = "detached-thread = 'off'";
    for (path, config, flags, expected) in [
        (LIB, "", "", "error"),
        (LIB, &format!("[levels]\n{GROUP}"), "", "warn"),
        (LIB, &format!("[levels]\n{GROUP}\n{RULE}"), "", "off"),
        (LIB, &format!("[levels]\n{RULE}"), "-W detached-thread", "warn"),
        (LIB, &format!("[levels]\n{RULE}"), "-D no-detached-threads", "error"),
        (LIB, &format!("[levels]\n{RULE}"), "--select detached-thread", "error"),
        (LIB, &format!("[levels]\n{RULE}"), "--only no-detached-threads", "error"),
        (LIB, "", "-D detached-thread -A no-detached-threads", "off"),
        (LIB, "", "-A no-detached-threads -W detached-thread", "warn"),
        (LIB, "", "-A warnings", "error"),
        (LIB, "", "-W detached-thread -D warnings", "error"),
        (LIB, "", "-D warnings -W detached-thread", "error"),
        (LIB, "", "-W detached-thread -A warnings", "off"),
        (LIB, "", "--only unjoined-handle", "off"),
        (LIB, "", "--only unjoined-handle --select detached-thread", "error"),
        (LIB, "", "--only no-detached-threads --ignore detached-thread", "off"),
        (LIB, "", "--ignore detached-thread -D detached-thread", "off"),
        ("examples/e.rs", "", "", "warn"),
        ("examples/e.rs", "[levels]\ndetached-thread = 'error'", "", "warn"),
        ("examples/e.rs", "[examples]\nno-detached-threads = 'error'", "", "error"),
        ("examples/e.rs", "[examples]\ndetached-thread = 'off'", "--only detached-thread", "off"),
        ("examples/e.rs", "", "-D detached-thread", "error"),
        ("examples/e.rs", "", "-D warnings", "error"),
        ("benches/b.rs", "[examples]\ndetached-thread = 'error'", "", "warn"),
        ("benches/b.rs", "[benches]\ndetached-thread = 'error'", "", "error"),
        ("orphans/o.rs", "", "", "warn"),
        ("orphans/o.rs", "", "-D detached-thread", "warn"),
        ("tests/t.rs", "", "", "hidden"),
        ("tests/t.rs", "", "--include-tests", "error"),
        ("tests/t.rs", "[tests]\nno-detached-threads = 'warn'", "", "warn"),
        ("tests/t.rs", "[tests]\ndetached-thread = 'off'", "", "off"),
        ("tests/t.rs", "[tests]\nunnamed-thread = 'warn'", "", "hidden"),
    ] {
        assert_eq!(
            level("detached-thread", path, config, flags),
            expected,
            "{path} {config} {flags}"
        );
    }
}

#[test]
fn inner_configurations_override_outer_ones() {
    let mut sample = Sample::new(&[("src/lib.rs", "go"), ("sub/src/lib.rs", "go")]);
    sample.find("detached-thread", "src/lib.rs", "go");
    sample.find("detached-thread", "sub/src/lib.rs", "go");
    sample.config("thread-lint.toml", "[levels]\ndetached-thread = 'off'");
    sample.config("sub/thread-lint.toml", "[levels]\nno-detached-threads = 'warn'");
    assert_eq!(shown(&sample), ["detached-thread sub/src/lib.rs:0 warn"]);
}

#[test]
fn a_flood_is_folded_until_somebody_asks() {
    const LIB: &str = "src/lib.rs";
    const REGISTRY: &str = "[registry]\nspawn = ['app::go']";
    for (rule, config, flags, expected) in [
        ("raw-thread-spawn", "", "", "warn folded"),
        ("unnamed-thread", "", "", "warn folded"),
        ("detached-thread", "", "", "error"),
        ("raw-thread-spawn", "", "--only raw-thread-spawn", "warn"),
        ("raw-thread-spawn", "", "--select require-thread-registry", "warn"),
        ("raw-thread-spawn", "", "-W raw-thread-spawn", "warn"),
        ("raw-thread-spawn", "", "-A unnamed-thread", "warn folded"),
        ("raw-thread-spawn", "", "-D warnings", "error"),
        ("raw-thread-spawn", REGISTRY, "", "error"),
        ("unnamed-thread", REGISTRY, "", "warn"),
        ("raw-thread-spawn", "[levels]\nraw-thread-spawn = 'error'", "", "error"),
        ("raw-thread-spawn", "[registry]\nstop = ['a::b']", "", "warn folded"),
    ] {
        assert_eq!(level(rule, LIB, config, flags), expected, "{rule} {config} {flags}");
    }
    let mut sample = Sample::new(&[(LIB, "go")]);
    sample.find("raw-thread-spawn", LIB, "go");
    sample.project.packages[0].dependencies.push(Dependency {
        code_name: "registry".to_owned(),
        package: "thread_registry".to_owned(),
    });
    assert_eq!(shown(&sample), ["raw-thread-spawn src/lib.rs:0 error"]);
}

#[test]
fn confidence_hides_what_is_less_sure() {
    use Confidence::{Likely, Possible, Proved};
    for (asked, expected) in [(Proved, 1), (Likely, 2), (Possible, 3)] {
        let mut sample = Sample::new(&[("src/lib.rs", "go")]);
        for sure in [Possible, Likely, Proved] {
            sample.find("detached-thread", "src/lib.rs", "go").confidence = sure;
        }
        sample.options.confidence = asked;
        assert_eq!(shown(&sample).len(), expected);
        assert_eq!(hidden(&sample), vec![Why::BelowConfidence; 3 - expected]);
    }
}

#[test]
fn only_what_is_selected_is_reported() {
    let mut sample = Sample::new(&[("src/a.rs", "go"), ("src/b.rs", "go"), ("sub/src/c.rs", "go")]);
    for path in ["src/a.rs", "src/b.rs", "sub/src/c.rs"] {
        sample.find("detached-thread", path, "go");
    }
    sample.project.files[0].selected = false;
    sample.project.packages[1].selected = false;
    assert_eq!(shown(&sample), ["detached-thread src/b.rs:0 error"]);
    assert_eq!(hidden(&sample), []);
}

#[test]
fn names_on_the_command_line_are_checked() {
    let mut sample = Sample::new(&[]);
    sample.options.only.push("detached-threads".to_owned());
    sample.options.select.push("warnings".to_owned());
    sample.options.levels.push((FlagLevel::Deny, "warnings".to_owned()));
    let problems = sample.options.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(
        problems[0],
        "unknown rule or group `detached-threads`; did you mean `detached-thread`?"
    );
}
