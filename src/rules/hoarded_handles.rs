//! Handles that an endless loop gathers and never lets go.

use super::Context;
use crate::finding::Finding;
use crate::verdict::Site;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let spawns =
        context.lives.iter().filter(|life| matches!(life.site, Site::Spawn | Site::Wrapper));
    let findings = spawns.filter_map(|life| {
        let collection = life.hoarded.as_ref()?;
        let message = format!(
            "the handles of `{}` gather in `{collection}` in a loop that does not end",
            life.verdict.api
        );
        let help =
            "take out and join what is finished in the same loop, or bound the number of threads";
        let mut finding = context.finding("hoarded-handles", life, message, help);
        finding.primary.text = "spawned here, round after round".to_owned();
        Some(finding)
    });
    findings.collect()
}
