//! A thread that only makes a future, which nothing polls.

use super::Context;
use crate::finding::Finding;
use crate::verdict::{Outcome, Site};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    // Whoever joins the thread gets the future and may poll it; only a lost handle proves the bug.
    let unpolled = context.lives.iter().filter(|life| {
        life.site == Site::Spawn && life.makes_future && life.verdict.outcome == Outcome::Detached
    });
    let findings = unpolled.map(|life| {
        let message = format!(
            "`{}` runs a closure that only makes a future: nothing polls it",
            life.verdict.api
        );
        let help = "block on the future inside the closure, or spawn it as a task on a runtime";
        context.finding("unpolled-async-thread", life, message, help)
    });
    findings.collect()
}
