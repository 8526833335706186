//! What policy hides, at which level it shows the rest, and what it says of its own input.

mod config;
mod hiding;
mod levels;

use super::sample::Sample;
use super::{Judgement, Origin, Why};
use crate::rules::Level;

/// What is shown, a line each: `rule path:byte level`, ` folded` behind it when it is.
fn shown(sample: &Sample) -> Vec<String> {
    let Judgement { shown, .. } = sample.judge();
    let mut lines: Vec<_> = shown
        .iter()
        .map(|judged| {
            let (rule, path, start) = match &judged.origin {
                Origin::Source(finding) => {
                    let path = &sample.project.file(finding.primary.file).path;
                    (finding.rule, path, finding.primary.range.start)
                }
                Origin::Outside(outside) => {
                    (outside.rule, &outside.path, outside.range.unwrap_or_default().start)
                }
            };
            let level = if judged.level == Level::Error { "error" } else { "warn" };
            let folded = if judged.folded { " folded" } else { "" };
            format!("{rule} {path}:{start} {level}{folded}")
        })
        .collect();
    lines.sort();
    lines
}

/// Messages of all that is shown.
fn messages(sample: &Sample) -> Vec<String> {
    let message = |origin: &Origin| match origin {
        Origin::Source(finding) => finding.message.clone(),
        Origin::Outside(outside) => outside.message.clone(),
    };
    sample.judge().shown.iter().map(|judged| message(&judged.origin)).collect()
}

/// Why the findings that are hidden are.
fn hidden(sample: &Sample) -> Vec<Why> {
    sample.judge().hidden.into_iter().map(|hidden| hidden.why).collect()
}
