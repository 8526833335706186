//! The subcommand that tells one life.

use std::path::Path;

use super::args::{Format, WhyArgs};
use super::discover::paths::{absolute, shown};
use super::output::Output;
use super::run::{Done, analysed};
use super::{CLEAN, USAGE};
use crate::emit;

/// `why FILE:LINE`.
pub(super) fn why(args: &WhyArgs) -> Output {
    let Some((file, line)) = place(&args.place) else {
        let message = format!("`{}` is no place: write `src/main.rs:10`", args.place);
        return Output::error(USAGE, &message);
    };
    let options = match args.options() {
        Ok(options) => options,
        Err(error) => return Output::of_clap(&error),
    };
    let told = analysed(&options, Vec::new(), |done| tell(done, file, line, args));
    told.unwrap_or_else(|stopped| stopped)
}

fn tell(done: &Done<'_>, file: &str, line: u32, options: &WhyArgs) -> Output {
    let path = shown(&done.found.root, &absolute(done.cwd, Path::new(file)));
    if done.found.project.find(&path).is_none() {
        let message = format!("`{path}` is not a source file of this workspace");
        return Output::error(USAGE, &message);
    }
    let text = match options.format() {
        Format::Human | Format::Short => emit::why_human(done.context, done.report, &path, line),
        Format::Json | Format::JsonAnsi => emit::why_json(done.context, done.report, &path, line),
    };
    if !text.is_empty() {
        return Output { results: text, remarks: String::new(), code: CLEAN };
    }
    let births = emit::births_in(done.context, done.report, &path);
    let known = match births.as_slice() {
        [] => "no thread is seen to be born in this file".to_owned(),
        lines => {
            let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
            format!("births in this file are on lines {}", lines.join(", "))
        }
    };
    Output::error(USAGE, &format!("no thread is born at {path}:{line}; {known}"))
}

/// The file and the line of `FILE:LINE` and `FILE:LINE:COLUMN`.
fn place(text: &str) -> Option<(&str, u32)> {
    let (before, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    match before.rsplit_once(':') {
        Some((file, line)) if line.parse::<u32>().is_ok() => Some((file, line.parse().ok()?)),
        _ => Some((before, last)),
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_are_read_as_tools_print_them() {
        assert_eq!(place("src/a.rs:10"), Some(("src/a.rs", 10)));
        assert_eq!(place("src/a.rs:10:4"), Some(("src/a.rs", 10)));
        assert_eq!(place("C:/a.rs:3"), Some(("C:/a.rs", 3)));
        assert_eq!(place("src/a.rs"), None);
        assert_eq!(place("src/a.rs:x"), None);
    }
}
