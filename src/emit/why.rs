//! One life told from birth to end, with what the rules and the policy made of it.

use serde::Serialize;

use super::json::line as json_line;
use super::verdicts::{VerdictLine, verdict_human, verdict_line};
use super::{Context, clean, place, word};
use crate::finding::Finding;
use crate::policy::{Origin, Why};
use crate::report::Report;
use crate::verdict::{Outcome, Verdict};

/// The lives born on a line, for people; empty when there is none.
pub fn why_human(context: &Context<'_>, report: &Report, path: &str, line: u32) -> String {
    let mut out = String::new();
    for verdict in born_at(context, report, path, line) {
        out.push_str(&verdict_human(context, verdict));
        let said = said(report, verdict);
        for (finding, how) in &said {
            out.push_str(&format!("  {how}: {} [{}]\n", clean(&finding.message), finding.rule));
        }
        if !said.iter().any(|(finding, _)| is_about_owner(finding)) {
            out.push_str(&format!("  not reported as lost: {}\n", reason(verdict.outcome)));
        }
    }
    out
}

/// The same as JSON, a line for each life.
pub fn why_json(context: &Context<'_>, report: &Report, path: &str, line: u32) -> String {
    let mut out = String::new();
    for verdict in born_at(context, report, path, line) {
        let said = said(report, verdict);
        let reported = said.iter().any(|(finding, _)| is_about_owner(finding));
        let findings = said.into_iter().map(|(finding, status)| Said {
            rule: finding.rule,
            message: &finding.message,
            status,
        });
        let why = WhyLine {
            reason: "thread-lint-why",
            verdict: verdict_line(context, verdict),
            findings: findings.collect(),
            because: (!reported).then(|| reason(verdict.outcome)),
        };
        out.push_str(&json_line(&why));
    }
    out
}

/// Lines of a file on which threads are born.
pub fn births_in(context: &Context<'_>, report: &Report, path: &str) -> Vec<u32> {
    let own = report.verdicts.iter().filter(|it| *context.project.file(it.file).path == *path);
    let mut lines: Vec<u32> =
        own.map(|it| place(context.texts.get(it.file).as_deref(), it.callee.start).line).collect();
    lines.dedup();
    lines
}

/// Lives whose call, or the statement around it, is on a line; exact ones first and alone.
fn born_at<'r>(
    context: &Context<'_>,
    report: &'r Report,
    path: &str,
    line: u32,
) -> Vec<&'r Verdict> {
    let own = || report.verdicts.iter().filter(|it| *context.project.file(it.file).path == *path);
    let at = |it: &Verdict, offset: u32| place(context.texts.get(it.file).as_deref(), offset).line;
    let exact: Vec<&Verdict> = own().filter(|it| at(it, it.callee.start) == line).collect();
    if !exact.is_empty() {
        return exact;
    }
    let around = |it: &&Verdict| {
        (at(it, it.statement.start)..=at(it, it.statement.end.saturating_sub(1))).contains(&line)
    };
    own().filter(around).collect()
}

/// What the rules said of a birth, and what the policy made of it.
fn said<'r>(report: &'r Report, verdict: &Verdict) -> Vec<(&'r Finding, String)> {
    let here = |finding: &&Finding| {
        finding.primary.file == verdict.file && finding.primary.range == verdict.callee
    };
    let shown = report.shown.iter().filter_map(|judged| match &judged.origin {
        Origin::Source(finding) => Some((finding, word(judged.level).to_owned())),
        Origin::Outside(_) => None,
    });
    let hidden = report.hidden.iter().map(|hidden| (&hidden.finding, hiding(&hidden.why)));
    shown.chain(hidden).filter(|(finding, _)| here(finding)).collect()
}

fn hiding(why: &Why) -> String {
    let because = |reason: &Option<String>| match reason {
        Some(reason) => format!(" ({})", clean(reason)),
        None => String::new(),
    };
    match why {
        Why::Suppressed(reason) => format!("hidden by a comment in the source ({})", clean(reason)),
        Why::Allowed(reason) => {
            format!("hidden by an `allow` entry of the configuration{}", because(reason))
        }
        Why::Exempted(reason) => {
            format!("hidden by an `exempt` entry of the configuration{}", because(reason))
        }
        Why::BelowConfidence => "hidden, because it is not sure enough".to_owned(),
        Why::TestCode => {
            "hidden, because it is in test code (`--include-tests` shows it)".to_owned()
        }
    }
}

/// Whether a finding says that somebody loses the thread.
fn is_about_owner(finding: &Finding) -> bool {
    crate::rules::page(finding.rule).is_some_and(|page| page.group == "no-detached-threads")
}

/// Why a verdict alone is no finding.
fn reason(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Joined => "every path that has the handle joins it",
        Outcome::Owned => "something joins it by construction, or it is held for ever",
        Outcome::StoredAndJoined => "it is kept, and something that takes it from there joins it",
        Outcome::HandedOut => "code outside this workspace decides",
        Outcome::Unknown => "it could not be followed to its end, and nobody is blamed on a guess",
        Outcome::Partly => "some path joins it; the rule for the others may be off",
        Outcome::Detached => {
            "whoever loses it is reported where the handle is handed out, or the rule is off"
        }
    }
}

#[derive(Serialize)]
struct WhyLine<'a> {
    reason: &'static str,
    verdict: VerdictLine<'a>,
    findings: Vec<Said<'a>>,
    /// Why nobody is blamed, when nobody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
}

#[derive(Serialize)]
struct Said<'a> {
    rule: &'a str,
    message: &'a str,
    status: String,
}
