//! A join whose result nobody looks at.

use super::Context;
use crate::finding::Finding;
use crate::verdict::Answer;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let ignored = context.joins.iter().filter(|it| it.result == Answer::Ignored && !it.at_the_end);
    let findings = ignored.map(|join| {
        let message = "the result of `join` is ignored: a panic of the thread vanishes".to_owned();
        let help = "unwrap it, or log the error: it is all that is left of the thread's panic";
        Finding {
            fix: join.fix.clone(),
            ..context.at_join("ignored-join-result", join, message, help)
        }
    });
    findings.collect()
}
