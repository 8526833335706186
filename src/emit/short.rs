//! One line a finding: for `grep`, for vim's quickfix list, for logs.

use super::{Context, clean, clean_lines, word};
use crate::report::Report;

/// `path:line:col: error[rule]: message`, each finding on its line.
pub fn short(context: &Context<'_>, report: &Report) -> String {
    let mut out = String::new();
    for judged in &report.shown {
        let drawing = context.drawing(judged);
        let (at, level) = (drawing.primary.location(), word(drawing.level));
        let rule = drawing.rule.unwrap_or_default();
        out.push_str(&format!("{at}: {level}[{rule}]: {}\n", clean(drawing.message)));
    }
    out
}

/// A line about the run itself.
pub fn remark(path: &str, message: &str) -> String {
    format!("warning: {}: {}\n", clean(path), clean(message))
}

/// Why a run ended before there were results.
pub fn error(message: &str) -> String {
    format!("error: {}\n", clean_lines(message))
}
