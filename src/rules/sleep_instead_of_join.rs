//! A fixed sleep where the joins belong.

use std::collections::BTreeMap;

use super::Context;
use crate::finding::{Finding, Label, Role};
use crate::verdict::{Life, Site};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut by_sleep: BTreeMap<_, Vec<&Life>> = BTreeMap::new();
    for life in context.lives.iter().filter(|life| life.site == Site::Spawn) {
        if let Some(sleep) = life.slept {
            by_sleep.entry((life.verdict.file, sleep)).or_default().push(life);
        }
    }
    let findings = by_sleep.into_iter().filter_map(|((file, range), lives)| {
        let first = lives.first()?;
        let message = format!(
            "`sleep` stands for the join of {}",
            match lives.len() {
                1 => "a thread".to_owned(),
                many => format!("{many} threads"),
            }
        );
        let help =
            "join the threads, or use `std::thread::scope`: a fixed time is too long or too short";
        let mut finding = context.finding("sleep-instead-of-join", first, message, help);
        finding.primary = Label { file, range, text: String::new() };
        finding.labels = lives
            .iter()
            .map(|life| {
                let text = "spawned here, and never joined".to_owned();
                (Role::Related, Label { file, range: life.verdict.callee, text })
            })
            .chain([(Role::Silent, Label { file, range, text: String::new() })])
            .collect();
        Some(finding)
    });
    findings.collect()
}
