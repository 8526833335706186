//! A thread that owns what joins it.

use super::Context;
use crate::finding::{Finding, Label, Role};
use crate::verdict::Site;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let spawns = context.lives.iter().filter(|life| life.site == Site::Spawn);
    let findings = spawns.filter_map(|life| {
        let joined = life.self_join.as_ref()?;
        let message = format!(
            "the thread spawned by `{}` may join itself: it owns the `{}` that joins it in `drop`",
            life.verdict.api, joined.owner
        );
        let help = "give the thread a `Weak`, or only the part that it needs, or do not join when \
                    `thread::current().id()` is its own";
        let mut finding = context.finding("self-join", life, message, help);
        finding.primary.text = "spawned here".to_owned();
        let text = "runs on the thread when it drops the last owner".to_owned();
        finding
            .labels
            .push((Role::Related, Label { file: joined.file, range: joined.range, text }));
        Some(finding)
    });
    findings.collect()
}
