//! The process ends while a thread that is joined elsewhere still runs.

use super::Context;
use crate::finding::{Finding, Label, Role};
use crate::verdict::{Outcome, Site};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let joined = context.lives.iter().filter(|life| {
        matches!(life.site, Site::Spawn | Site::Wrapper)
            && matches!(
                life.verdict.outcome,
                Outcome::Joined | Outcome::StoredAndJoined | Outcome::Partly
            )
    });
    let findings = joined.filter_map(|life| {
        let (file, range) = life.exits?;
        let message = format!(
            "the process exits while the thread spawned by `{}` runs, which is joined otherwise",
            life.verdict.api
        );
        let help = "return an exit code from `main` (`std::process::ExitCode`) after the join";
        let mut finding = context.finding("exit-with-live-threads", life, message, help);
        finding.primary.text = "spawned here".to_owned();
        let text = "the process ends here, and the thread with it".to_owned();
        finding.labels.push((Role::Related, Label { file, range, text }));
        Some(finding)
    });
    findings.collect()
}
