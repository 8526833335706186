//! A handle that is joined on some paths and lost on others.

use super::Context;
use crate::finding::Finding;
use crate::verdict::{Outcome, Site};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let partly = context.lives.iter().filter(|life| life.verdict.outcome == Outcome::Partly);
    let findings = partly.filter_map(|life| {
        let loss = life.loss.as_ref()?;
        let (what, help) = match life.site {
            Site::Spawn | Site::Wrapper => (
                "thread spawned by `{}` is joined",
                "join it before this way out as well, or use `std::thread::scope`, which joins on all of them",
            ),
            Site::Child => (
                "child process of `{}` is waited for",
                "wait for it before this way out as well, or in the `Drop` of a guard",
            ),
            Site::Owned | Site::Task | Site::Value | Site::Tokens => return None,
        };
        let what = what.replace("{}", &life.verdict.api);
        let message = format!("the {what} on some paths, but not on all");
        Some(context.lost("partially-joined-handle", life, loss, message, help))
    });
    findings.collect()
}
