//! The command line as users meet it: arguments, output and exit code, kept as data.
//!
//! A case is a file under `tests/cmd/`; `TRYCMD=overwrite cargo test cli` rewrites what it expects.

use crate::support::files_below;

#[test]
fn command_line_cases_hold() {
    let cases = files_below("tests/cmd", "trycmd").len() + files_below("tests/cmd", "toml").len();
    assert!(
        cases >= 3,
        "only {cases} cases under tests/cmd: a glob that finds nothing would pass silently"
    );
    let runner = trycmd::TestCases::new();
    runner.env("CARGO_TERM_COLOR", "never").env("CLICOLOR_FORCE", "0");
    runner.case("tests/cmd/*.trycmd").case("tests/cmd/*.toml");
    runner.run();
}
