//! A child process that nobody waits for.

use super::{Context, loss_label};
use crate::finding::{Finding, Role};
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
        let mut finding = context.finding("unwaited-child", life, message, help);
        finding.primary.text = "spawned here".to_owned();
        finding.labels.push((Role::Related, loss_label(loss)));
        Some(finding)
    });
    findings.collect()
}
