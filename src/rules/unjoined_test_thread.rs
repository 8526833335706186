//! A thread that checks something for a test which does not wait for it.

use super::{Context, fails_no_test};
use crate::finding::Finding;
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
        Some(context.lost("unjoined-test-thread", life, loss, message, help))
    });
    findings.collect()
}
