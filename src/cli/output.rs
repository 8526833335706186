//! What a run says and how it reaches the terminal: made as a whole, written once.

use std::io::{self, ErrorKind, Write};

use anstream::{AutoStream, ColorChoice};

use super::args::Color;
use super::{BROKEN, CLEAN, USAGE};
use crate::emit;

/// All that a run has to say.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// The results.
    pub(super) results: String,
    /// What is said of the run itself, for stderr.
    pub(super) remarks: String,
    /// The exit code.
    pub(super) code: u8,
}

impl Output {
    /// Results and nothing else.
    pub(super) fn results(results: String) -> Self {
        Self { results, remarks: String::new(), code: CLEAN }
    }

    /// A run that ended before there were results.
    pub(super) fn error(code: u8, message: &str) -> Self {
        Self { results: String::new(), remarks: emit::error(message), code }
    }

    /// What clap has to say: help and version are results, all else is a mistake.
    pub(super) fn of_clap(error: &clap::Error) -> Self {
        // Clap writes it, with the colours that it was given.
        match error.print() {
            Err(failure) if failure.kind() != ErrorKind::BrokenPipe => {
                Self { code: BROKEN, ..Self::default() }
            }
            _ => Self { code: if error.use_stderr() { USAGE } else { CLEAN }, ..Self::default() },
        }
    }

    /// Writes everything and gives the exit code of the run.
    pub(super) fn print(self) -> u8 {
        error_lines(&self.remarks);
        // Colour was decided when the text was made; this only teaches old consoles to show it.
        let mut out = AutoStream::always(io::stdout().lock());
        match out.write_all(self.results.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => self.code,
            // Whoever reads has seen enough; the code is for the one who started us.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.code,
            Err(error) => {
                error_lines(&emit::error(&format!("cannot write to stdout: {error}")));
                BROKEN
            }
        }
    }
}

/// Writes to stderr. There is nowhere to complain if that fails.
pub(super) fn error_lines(text: &str) {
    let _ = AutoStream::always(io::stderr().lock()).write_all(text.as_bytes());
}

/// Whether results get colour.
pub(super) fn results_colored(color: Color) -> bool {
    colored(color, || AutoStream::choice(&io::stdout()))
}

/// Whether remarks get colour.
pub(super) fn remarks_colored(color: Color) -> bool {
    colored(color, || AutoStream::choice(&io::stderr()))
}

/// `NO_COLOR`, `TERM` and what the stream is count only where nobody decided.
fn colored(color: Color, detect: impl FnOnce() -> ColorChoice) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => detect() != ColorChoice::Never,
    }
}
