//! A child process that nobody waits for.

use super::Context;
use crate::finding::Finding;
use crate::verdict::{Outcome, Site};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let lost = context
        .lives
        .iter()
        .filter(|life| life.site == Site::Child && life.verdict.outcome == Outcome::Detached);
    let findings = lost.filter_map(|life| {
        let loss = life.loss.as_ref()?;
        let message = format!("the child process of `{}` is never waited for", life.verdict.api);
        let help = "call `wait()`, or `try_wait()` until it has ended: until then it is a zombie";
        Some(context.lost("unwaited-child", life, loss, message, help))
    });
    findings.collect()
}
