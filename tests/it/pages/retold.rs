//! The same code told differently: what a reader would call the same program gets the same verdicts.
//!
//! Each example is rewritten in ways that mean nothing (comments between the lines, items in another
//! order, all of it inside a module, a module imported under another name), and everything that is
//! said of it has to stay, but for the places.

use std::collections::BTreeMap;

use thread_lint::facts;
use thread_lint::facts::condense::Condensed;

use super::example::Example;
use super::judge;

/// A way to tell a file differently; `None` where it would change the meaning.
type Retelling = fn(&str) -> Option<String>;

/// All of them, with their names.
pub(crate) const RETELLINGS: [(&str, Retelling); 4] = [
    ("with comments", commented),
    ("in another order", reordered),
    ("inside a module", wrapped),
    ("with a renamed import", renamed),
];

/// What is said of an example: how often each outcome of each API, and each rule.
pub(crate) fn said(example: &Example) -> BTreeMap<String, usize> {
    let analysis = judge::analysis(example);
    let mut said = BTreeMap::new();
    let last = |path: &str| path.rsplit("::").next().unwrap_or(path).to_owned();
    for verdict in &analysis.verdicts {
        *said.entry(format!("{}: {}", last(&verdict.api), verdict.outcome.word())).or_default() +=
            1;
    }
    for finding in &analysis.findings {
        *said.entry(finding.rule.to_owned()).or_default() += 1;
    }
    said
}

/// An example that is one file and can be told again.
pub(crate) fn only_file(example: &Example) -> Option<(&String, &String)> {
    let mut files = example.rust_files();
    let only = files.next().filter(|_| files.next().is_none())?;
    // A comment that suppresses belongs to its place.
    (!only.1.contains("thread-lint:")).then_some(only)
}

/// The example with another text in its only file.
pub(crate) fn with_text(example: &Example, path: &str, text: String) -> Example {
    let mut told = example.clone();
    told.files.insert(path.to_owned(), text);
    told
}

fn commented(text: &str) -> Option<String> {
    if text.contains("r#\"") || text.contains("\\\n") {
        return None;
    }
    let mut told = String::from("// told again\n/* and /* once */ more */\n");
    for line in text.lines() {
        told.push_str(line);
        if line.ends_with([';', '{', '}', ',']) {
            told.push_str(" // spawn, join { and drop(");
        }
        told.push('\n');
    }
    Some(told)
}

fn reordered(text: &str) -> Option<String> {
    // The place of a `macro_rules!` is part of what it means; so is that of an inner attribute.
    if text.contains("macro_rules!") || text.contains("#![") {
        return None;
    }
    let everywhere: Vec<u32> = (0..u32::try_from(text.len()).ok()?).collect();
    let facts = facts::lower(&Condensed::whole(text), &everywhere).ok()?;
    // Each item with everything up to the next, from the start of its line: `pub` is before it.
    let start_of = |at: usize| text[..at].rfind('\n').map_or(0, |line| line + 1);
    let mut starts: Vec<usize> =
        facts.root.iter().map(|&id| start_of(facts.item(id).range.start as usize)).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let parts: Vec<&str> = starts.iter().zip(ends).map(|(&start, end)| &text[start..end]).collect();
    Some(parts.into_iter().rev().collect::<Vec<_>>().join("\n"))
}

fn wrapped(text: &str) -> Option<String> {
    // Paths from the crate's root change their meaning, and so does `main`.
    let rooted = ["crate::", "#![", "fn main", "super::", "extern crate", "pub(crate)"];
    if rooted.iter().any(|word| text.contains(word)) {
        return None;
    }
    Some(format!("pub mod outer {{\n    pub mod inner {{\n{text}\n    }}\n}}\n"))
}

fn renamed(text: &str) -> Option<String> {
    let import = "use std::thread;\n";
    if !text.contains(import) || text.contains("use thread::") || text.contains("macro_rules!") {
        return None;
    }
    let told = text.replace(import, "use std::thread as fibre;\n");
    let parts: Vec<&str> = told.split("thread::").collect();
    let mut out = String::from(parts[0]);
    for pair in parts.windows(2) {
        let inside = pair[0]
            .ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':');
        out.push_str(if inside { "thread::" } else { "fibre::" });
        out.push_str(pair[1]);
    }
    Some(out)
}
