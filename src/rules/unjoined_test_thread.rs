//! A thread that checks something for a test which does not wait for it.

use super::{Context, fails_no_test, loss_label};
use crate::finding::{Finding, Role};
use crate::verdict::Outcome;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let lost = context
        .lives
        .iter()
        .filter(|life| fails_no_test(life) && life.verdict.outcome == Outcome::Detached);
    let findings = lost.filter_map(|life| {
        let loss = life.loss.as_ref()?;
        let message = format!(
            "the thread spawned by `{}` asserts, but no test joins it: a failure there ends the thread only",
            life.verdict.api
        );
        let help = "join it and unwrap the result, so that its panic is the test's";
        let mut finding = context.finding("unjoined-test-thread", life, message, help);
        finding.primary.text = "spawned here".to_owned();
        finding.labels.push((Role::Related, loss_label(loss)));
        Some(finding)
    });
    findings.collect()
}
