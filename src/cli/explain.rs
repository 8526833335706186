//! The subcommands that print pages.

use super::USAGE;
use super::output::Output;
use crate::{emit, policy, rules};

/// `explain RULE`.
pub(super) fn explain(rule: &str) -> Output {
    match rules::page(rule) {
        Some(page) => Output::results(emit::explain(page)),
        None => Output::error(USAGE, &policy::unknown_rule(rule)),
    }
}

/// `rules`.
pub(super) fn rules() -> Output {
    Output::results(emit::rules_table(rules::pages()))
}
