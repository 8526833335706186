//! Runs the built binary and reads its JSON: the outermost interface, which is what users get and
//! what stays the same while everything inside moves.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// The binary that cargo built for this test run, in the profile of the run.
pub(crate) const BIN: &str = env!("CARGO_BIN_EXE_cargo-thread-lint");

/// One finding as printed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    /// Path relative to the workspace root.
    pub(crate) file: String,
    /// 1-based line of the primary span.
    pub(crate) line: u32,
    /// 1-based column of the primary span.
    pub(crate) column: u32,
    /// Rule id as in the pages, with hyphens.
    pub(crate) rule: String,
    /// The message alone.
    pub(crate) message: String,
    /// Texts of all labels, the primary one included.
    pub(crate) labels: Vec<String>,
    /// Text of the help lines.
    pub(crate) help: Vec<String>,
}

/// One thread birth as printed with `--verdicts`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Birth {
    /// Path relative to the workspace root.
    pub(crate) file: String,
    /// 1-based line of the call.
    pub(crate) line: u32,
    /// 1-based column of the call.
    pub(crate) column: u32,
    /// Canonical name of the call.
    pub(crate) api: String,
    /// `main`, `example`, `bench`, `test` or `orphan`.
    pub(crate) code: String,
    /// How the thread ends.
    pub(crate) outcome: String,
    /// The path that proves it.
    #[serde(default)]
    pub(crate) steps: Vec<serde_json::Value>,
}

/// All that one run printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printed {
    /// Findings in order of output.
    pub(crate) findings: Vec<Shown>,
    /// Births in order of output.
    pub(crate) births: Vec<Birth>,
}

/// Runs the tool on one manifest with `--message-format json` and `args`.
///
/// # Errors
/// In words, when it does not end with 0 or 1 or prints something that cannot be read.
pub(crate) fn run(manifest: &Path, args: &[&str]) -> Result<Printed, String> {
    let output = Command::new(BIN)
        .arg("--manifest-path")
        .arg(manifest)
        .args(["--all", "--color", "never", "--message-format", "json"])
        .args(args)
        .env_remove("CARGO_TERM_COLOR")
        .output()
        .map_err(|error| format!("{BIN}: {error}"))?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = stderr.lines().rev().take(5).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        return Err(format!("ended with {}: {}", output.status, last.join(" | ")));
    }
    parse(&String::from_utf8_lossy(&output.stdout))
}

/// Reads lines of JSON; reasons that we do not know are skipped, as cargo's contract asks.
pub(crate) fn parse(stdout: &str) -> Result<Printed, String> {
    let mut printed = Printed::default();
    for line in stdout.lines().filter(|line| line.starts_with('{')) {
        let wrong = |error: serde_json::Error| format!("unreadable line ({error}): {line}");
        let value: serde_json::Value = serde_json::from_str(line).map_err(wrong)?;
        match value["reason"].as_str() {
            Some("compiler-message") => {
                let message = Message::deserialize(&value["message"]).map_err(wrong)?;
                printed.findings.extend(message.shown());
            }
            Some("thread-lint-verdict") => {
                printed.births.push(Birth::deserialize(&value).map_err(wrong)?);
            }
            _ => {}
        }
    }
    Ok(printed)
}

#[derive(Deserialize)]
struct Message {
    message: String,
    #[serde(default)]
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Message>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
    label: Option<String>,
}

impl Message {
    /// The finding in it; a message without one of our codes or without a place is none.
    fn shown(&self) -> Option<Shown> {
        let rule = self.code.as_ref()?.code.strip_prefix("thread_lint::")?.replace('_', "-");
        let primary = self.spans.iter().find(|span| span.is_primary)?;
        let labels = self.spans.iter().filter_map(|span| span.label.clone()).collect();
        let helps = self.children.iter().filter(|child| child.level == "help");
        Some(Shown {
            file: primary.file_name.replace('\\', "/"),
            line: primary.line_start,
            column: primary.column_start,
            rule,
            message: self.message.clone(),
            labels,
            help: helps.map(|child| child.message.clone()).collect(),
        })
    }
}

#[test]
fn cargo_shaped_lines_are_read() {
    let text = concat!(
        r#"{"reason":"compiler-artifact","package_id":"p"}"#,
        "\n",
        r#"{"reason":"compiler-message","package_id":"p","message":{"message":"m `x`","level":"error","#,
        r#""code":{"code":"thread_lint::detached_thread"},"children":[{"message":"join it","level":"help","#,
        r#""code":null,"spans":[]}],"spans":[{"file_name":"src/a.rs","line_start":3,"column_start":5,"#,
        r#""is_primary":true,"label":"here"}]}}"#,
        "\n",
        r#"{"reason":"thread-lint-verdict","file":"src/a.rs","line":3,"column":5,"api":"std::thread::spawn","#,
        r#""item":"f","code":"main","confidence":"proved","outcome":"detached","steps":[]}"#,
        "\n",
    );
    let printed = parse(text).unwrap();
    let finding = &printed.findings[0];
    assert_eq!(
        (finding.rule.as_str(), finding.line, finding.help.len()),
        ("detached-thread", 3, 1)
    );
    assert_eq!((printed.births.len(), printed.births[0].outcome.as_str()), (1, "detached"));
    assert!(parse("{broken").is_err());
}
