//! A thread spawned outside the thread registry.

use super::Context;
use crate::finding::Finding;
use crate::verdict::Site;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let raw = context.lives.iter().filter(|life| match life.site {
        Site::Spawn | Site::Value | Site::Tokens => !context.in_registry(life),
        Site::Wrapper | Site::Child | Site::Task => false,
        Site::Owned => context.scoped_threads_denied && life.verdict.api.starts_with("std::"),
    });
    let findings = raw.map(|life| {
        let message = match life.site {
            Site::Tokens => format!("`{}` in a macro spawns a raw thread", life.verdict.api),
            Site::Value => format!("`{}` is handed on as a value to spawn raw threads", life.verdict.api),
            _ => format!("`{}` spawns a raw thread", life.verdict.api),
        };
        let help = "give it an owner: `std::thread::scope`, or one module that spawns for all, named in `[registry] modules`";
        context.finding("raw-thread-spawn", life, message, help)
    });
    findings.collect()
}
