//! A thread that computes a value which nobody takes.

use super::Context;
use crate::finding::{Finding, Label, Role};
use crate::verdict::{Answer, Site};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let computing = context
        .lives
        .iter()
        .filter(|life| life.site == Site::Spawn && life.computes && !life.joined_at.is_empty());
    let findings = computing.filter_map(|life| {
        let joins: Option<Vec<_>> = life
            .joined_at
            .iter()
            .map(|at| context.joins.iter().find(|join| (join.file, join.name) == *at))
            .collect();
        let joins = joins?;
        if !joins.iter().all(|it| it.result == Answer::Unwrapped && !it.value_taken) {
            return None;
        }
        let api = &life.verdict.api;
        let message = format!("nobody takes the value that the thread spawned by `{api}` computes");
        let help = "use what `join` gives, or end the closure with `;` if the value means nothing";
        let mut finding = context.finding("lost-thread-result", life, message, help);
        finding.primary.text = "computed by this thread".to_owned();
        finding.labels.extend(joins.into_iter().map(|join| {
            let text = "joined here, and the value is dropped".to_owned();
            (Role::Related, Label { file: join.file, range: join.name, text })
        }));
        Some(finding)
    });
    findings.collect()
}
