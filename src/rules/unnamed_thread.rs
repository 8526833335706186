//! A thread that gets no name.

use super::Context;
use crate::finding::Finding;
use crate::verdict::Site;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let unnamed =
        context.lives.iter().filter(|life| life.site == Site::Spawn && life.named == Some(false));
    let findings = unnamed.map(|life| {
        let message = format!("`{}` spawns a thread without a name", life.verdict.api);
        let help = "name it: `std::thread::Builder::new().name(\"…\".into()).spawn(…)`";
        let mut finding = context.finding("unnamed-thread", life, message, help);
        finding.absorbed_by = Some("raw-thread-spawn");
        finding
    });
    findings.collect()
}
