//! The threads that do the work.
//!
//! Source may nest deeper than a usual stack, so nothing that follows its nesting runs anywhere
//! else: not the analysis, not the rules, not dropping what they made.

use super::BROKEN;
use super::output::Output;

/// Stack of each worker. Only what is used of it costs memory.
const STACK: usize = 256 << 20;

/// Runs `work` on a pool of `threads` workers, 0 for one a core; parallel work inside stays there.
pub(super) fn inside(threads: u16, work: impl FnOnce() -> Output + Send) -> Output {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.into())
        .stack_size(STACK)
        .thread_name(|index| format!("thread-lint-{index}"))
        .build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(error) => Output::error(BROKEN, &format!("cannot start worker threads: {error}")),
    }
}
