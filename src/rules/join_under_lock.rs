//! A join with a guard in hand whose lock the thread takes.

use super::Context;
use crate::finding::{Finding, Label, Role};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let findings = context.joins.iter().filter_map(|join| {
        let held = join.held_lock.as_ref()?;
        let message = format!(
            "this `join` may wait for ever: `{}` holds a lock that the thread takes",
            held.name
        );
        let help = format!("give the lock back before the join: `drop({});`", held.name);
        let mut finding = context.at_join("join-under-lock", join, message, &help);
        for (range, text) in [
            (held.declared, "this guard lives beyond the join"),
            (held.spawned, "the thread takes the same lock"),
        ] {
            let label = Label { file: join.file, range, text: text.to_owned() };
            finding.labels.push((Role::Related, label));
        }
        Some(finding)
    });
    findings.collect()
}
