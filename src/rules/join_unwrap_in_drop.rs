//! A join that panics while something is dropped.

use super::Context;
use crate::finding::Finding;
use crate::verdict::Answer;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let unwrapped = context
        .joins
        .iter()
        .filter(|it| it.in_drop && it.result == Answer::Unwrapped && !it.asks_panicking);
    let findings = unwrapped.map(|join| {
        let message = "the result of `join` is unwrapped in `drop`: while unwinding, a panic of \
                       the thread aborts the process"
            .to_owned();
        let help = "log the error instead, or unwrap only `if !std::thread::panicking()`";
        context.at_join("join-unwrap-in-drop", join, message, help)
    });
    findings.collect()
}
