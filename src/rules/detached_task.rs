//! An asynchronous task whose handle is lost.

use super::Context;
use crate::finding::Finding;
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
        Some(context.lost("detached-task", life, loss, message, help))
    });
    findings.collect()
}
