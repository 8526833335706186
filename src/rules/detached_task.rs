//! An asynchronous task whose handle is lost.

use super::{Context, loss_label};
use crate::finding::{Finding, Role};
use crate::verdict::{Outcome, Site};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let lost = context
        .lives
        .iter()
        .filter(|life| life.site == Site::Task && life.verdict.outcome == Outcome::Detached);
    let findings = lost.filter_map(|life| {
        let loss = life.loss.as_ref()?;
        let message = format!("the task spawned by `{}` is never awaited", life.verdict.api);
        let help = "await its handle, or keep it in a `JoinSet` or `TaskTracker` that is awaited";
        let mut finding = context.finding("detached-task", life, message, help);
        finding.primary.text = "spawned here".to_owned();
        finding.labels.push((Role::Related, loss_label(loss)));
        Some(finding)
    });
    findings.collect()
}
