//! A handle in a field that only a method joins which callers may forget.

use super::Context;
use crate::finding::{Finding, Label, Role};
use crate::verdict::Site;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let spawns = context.lives.iter().filter(|life| life.site == Site::Spawn);
    let findings = spawns.filter_map(|life| {
        let kept = life.forgettable.as_ref()?;
        let message = format!(
            "the thread spawned by `{}` is joined only if somebody calls `{}`",
            life.verdict.api, kept.by
        );
        let help = "join it in `Drop` as well, for those who forget the call or leave early";
        let mut finding = context.finding("join-not-in-drop", life, message, help);
        finding.primary.text = "spawned here".to_owned();
        let text = format!("no `drop` joins what {} keeps", kept.home);
        finding.labels.push((Role::Related, Label { file: kept.file, range: kept.range, text }));
        Some(finding)
    });
    findings.collect()
}
