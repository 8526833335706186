//! Every thread birth and what became of it: the evidence behind the figures.

use serde::Serialize;

use super::json::{line, owner};
use super::{Context, clean, place};
use crate::finding::{CodeKind, Confidence};
use crate::report::Report;
use crate::source::FileId;
use crate::text::LineColumn;
use crate::verdict::Verdict;

/// A line a birth, its steps indented below.
pub fn verdicts_human(context: &Context<'_>, report: &Report) -> String {
    report.verdicts.iter().map(|verdict| verdict_human(context, verdict)).collect()
}

/// A JSON object a birth, each on its line.
pub fn verdicts_json(context: &Context<'_>, report: &Report) -> String {
    report.verdicts.iter().map(|verdict| line(&verdict_line(context, verdict))).collect()
}

/// One birth and its steps.
pub(super) fn verdict_human(context: &Context<'_>, verdict: &Verdict) -> String {
    let at = location(context, verdict.file, verdict.callee.start);
    let item = match verdict.item.as_str() {
        "" => String::new(),
        item => format!(" in {item}"),
    };
    let line = format!("{}{item}: {}", verdict.api, verdict.outcome.word());
    let mut out = format!("{at}: {}\n", clean(&line));
    for step in &verdict.steps {
        let at = location(context, step.file, step.range.start);
        out.push_str(&format!("    {at} {}\n", clean(&step.text)));
    }
    out
}

/// One birth as data.
pub(super) fn verdict_line<'a>(context: &'a Context<'_>, verdict: &'a Verdict) -> VerdictLine<'a> {
    let (file, at) = at(context, verdict.file, verdict.callee.start);
    let steps = verdict.steps.iter().map(|step| {
        let (file, at) = self::at(context, step.file, step.range.start);
        Step { file, line: at.line, column: at.column, text: &step.text }
    });
    VerdictLine {
        reason: "thread-lint-verdict",
        package_id: owner(context, verdict.package).id.to_string(),
        file,
        line: at.line,
        column: at.column,
        api: &verdict.api,
        item: &verdict.item,
        code: match verdict.code {
            CodeKind::Main => "main",
            CodeKind::Example => "example",
            CodeKind::Bench => "bench",
            CodeKind::Test => "test",
            CodeKind::Orphan => "orphan",
        },
        confidence: match verdict.confidence {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Proved => "proved",
        },
        outcome: verdict.outcome.word(),
        steps: steps.collect(),
    }
}

fn at<'a>(context: &'a Context<'_>, file: FileId, offset: u32) -> (&'a str, LineColumn) {
    let text = context.texts.get(file);
    (&context.project.file(file).path, place(text.as_deref(), offset))
}

fn location(context: &Context<'_>, file: FileId, offset: u32) -> String {
    let (path, LineColumn { line, column }) = at(context, file, offset);
    format!("{}:{line}:{column}", clean(path))
}

#[derive(Serialize)]
pub(super) struct VerdictLine<'a> {
    reason: &'static str,
    package_id: String,
    file: &'a str,
    line: u32,
    column: u32,
    api: &'a str,
    item: &'a str,
    code: &'static str,
    confidence: &'static str,
    outcome: &'static str,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
pub(super) struct Step<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    text: &'a str,
}
