//! A join of a thread that waits for the end of a channel, with a sender still in hand.

use super::Context;
use crate::finding::{Finding, Label, Role};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let findings = context.joins.iter().filter_map(|join| {
        let sender = join.alive_sender.as_ref()?;
        let message = format!(
            "this `join` waits for ever: the thread waits until `{}` is dropped",
            sender.name
        );
        let help = format!("drop the last sender before the join: `drop({});`", sender.name);
        let mut finding = context.at_join("join-before-sender-drop", join, message, &help);
        finding.fix = sender.fix.clone();
        for (range, text) in [
            (sender.declared, "this sender keeps the channel open"),
            (sender.spawned, "the thread receives until the channel is closed"),
        ] {
            let label = Label { file: join.file, range, text: text.to_owned() };
            finding.labels.push((Role::Related, label));
        }
        Some(finding)
    });
    findings.collect()
}
