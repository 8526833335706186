//! The rim: everything that touches the disk, other programs and the terminal.

mod args;
mod config_files;
pub mod discover;
mod explain;
mod fix;
mod output;
mod pool;
pub mod read;
mod run;
mod why;

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Arc, Mutex, PoisonError};

use args::{Command, Parsed};
use output::Output;

/// Exit code: nothing at error level.
pub const CLEAN: u8 = 0;
/// Exit code: findings at error level.
pub const FINDINGS: u8 = 1;
/// Exit code: the arguments, a configuration or what is to be analysed make no sense.
pub const USAGE: u8 = 2;
/// Exit code: the tool itself failed, and says nothing about the source.
pub const BROKEN: u8 = 3;

/// The whole program: `args` are those of the process, the program's name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    guarded(|| dispatch(args).print()).unwrap_or_else(|said| {
        let version = env!("CARGO_PKG_VERSION");
        output::error_lines(&format!(
            "error: cargo-thread-lint {version} failed: {said}\n\
             note: this is a mistake of the tool; please report it with these lines and, if you \
             can, the code that it was given\n"
        ));
        BROKEN
    })
}

/// Runs `work`; the error is what a panic in it said.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let panicked = Arc::new(Mutex::new(None));
    let hook = Arc::clone(&panicked);
    // A panic is said once and in our words, whichever thread it happens on.
    panic::set_hook(Box::new(move |info| {
        hook.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| describe(info));
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    drop(panic::take_hook());
    result.map_err(|payload| {
        let said = panicked.lock().unwrap_or_else(PoisonError::into_inner).take();
        said.unwrap_or_else(|| words(&*payload))
    })
}

fn dispatch(args: impl IntoIterator<Item = OsString>) -> Output {
    let Parsed { options, levels } = match args::parse(args) {
        Ok(parsed) => parsed,
        Err(error) => return Output::of_clap(&error),
    };
    match &options.command {
        Some(Command::Explain { rule }) => explain::explain(rule),
        Some(Command::Rules) => explain::rules(),
        Some(Command::Why(args)) => pool::inside(0, || why::why(args)),
        None => pool::inside(options.threads, || run::run(&options, levels)),
    }
}

/// What happened and where; with `RUST_BACKTRACE` also how it came to that.
fn describe(info: &PanicHookInfo<'_>) -> String {
    let mut text = words(info.payload());
    if let Some(place) = info.location() {
        text.push_str(&format!(" ({}:{})", place.file(), place.line()));
    }
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("\n{trace}"));
    }
    text
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_any_thread_is_the_tools_own_failure() {
        let Err(said) = guarded(|| pool::inside(1, || panic!("deep inside"))) else { panic!() };
        assert!(said.starts_with("deep inside (src/cli.rs:"), "{said}");
        assert_eq!(guarded(|| CLEAN), Ok(CLEAN));
        assert_eq!(words(&3), "a panic without a message");
    }
}
