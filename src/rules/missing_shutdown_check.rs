//! A loop, or a wait, on a thread that nothing ends.

use super::Context;
use crate::finding::{Finding, Label, Role, Subject};
use crate::verdict::EndlessKind;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let findings = context.endless.iter().map(|endless| {
        let at = |range, text: &str| Label { file: endless.file, range, text: text.to_owned() };
        let (message, text, help) = match endless.kind {
            EndlessKind::Loop => (
                format!("nothing ends this loop on the thread spawned by `{}`", endless.api),
                "runs for ever",
                "leave it when a stop flag is set, or when a channel is closed: \
                 `while let Ok(job) = jobs.recv()`",
            ),
            EndlessKind::Future => (
                format!("the thread spawned by `{}` waits for what is never ready", endless.api),
                "waits for ever",
                "wait for a signal to stop instead, such as the receiver of a channel",
            ),
        };
        let mut labels = vec![(Role::Silent, at(endless.statement, ""))];
        labels.extend(endless.births.iter().map(|it| {
            let text = "the thread is spawned here".to_owned();
            (Role::Related, Label { file: it.file, range: it.callee, text })
        }));
        if let [only] = endless.births.iter().collect::<Vec<_>>().as_slice() {
            // Whoever says why that thread is on its own says it of its loop.
            let statement = Label { file: only.file, range: only.statement, text: String::new() };
            labels.push((Role::Silent, statement));
        }
        Finding {
            rule: "missing-shutdown-check",
            primary: at(endless.range, text),
            labels,
            message,
            notes: Vec::new(),
            help: Some(endless.stop.clone().unwrap_or_else(|| help.to_owned())),
            fix: None,
            confidence: endless.confidence,
            absorbed_by: None,
            subject: Subject {
                package: endless.package,
                item: endless.item.clone(),
                api: endless.api.clone(),
                code: endless.code,
            },
        }
    });
    findings.collect()
}
