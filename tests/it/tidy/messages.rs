//! How findings speak, checked on everything that the examples of all pages produce.
//!
//! One voice over all rules: lower case, no full stop, and a help line that says what to write. Rules about code
//! also name the thing found in back quotes; policy findings need not.

use thread_lint::rules::{self, Kind};

use crate::pages;
use crate::support;
use crate::tool::Shown;

#[test]
fn findings_speak_in_one_voice() {
    let mut complaints = Vec::new();
    for (example, found) in pages::runs() {
        for shown in found.iter().flatten() {
            let faults = faults(shown).into_iter();
            complaints.extend(faults.map(|fault| format!("{example}: {}: {fault}", shown.rule)));
        }
    }
    complaints.sort();
    complaints.dedup();
    support::assert_none("findings that break the convention of messages", &complaints);
}

fn faults(shown: &Shown) -> Vec<String> {
    let mut faults = Vec::new();
    let texts = std::iter::once(&shown.message).chain(&shown.labels).chain(&shown.help);
    for text in texts {
        if text.chars().next().is_none_or(char::is_uppercase) {
            faults.push(format!("begins in upper case or is empty: `{text}`"));
        }
        if text.ends_with(['.', '!', ':']) || text.trim() != text {
            faults.push(format!("ends with a stop or has space around it: `{text}`"));
        }
    }
    if shown.message.contains('\n') {
        faults.push(format!("has several lines: `{}`", shown.message));
    }
    // A comment or a file has no name of its own: its place says which one is meant.
    let policy = rules::page(&shown.rule).is_some_and(|page| page.kind == Kind::Policy);
    if !policy && !shown.message.contains('`') {
        faults.push(format!("does not name the thing found in back quotes: `{}`", shown.message));
    }
    if shown.help.is_empty() {
        faults.push(format!("does not say what to write instead: `{}`", shown.message));
    }
    faults
}

#[test]
fn faults_are_seen() {
    let shown = |message: &str, help: &[&str]| Shown {
        file: String::new(),
        line: 1,
        column: 1,
        rule: String::new(),
        message: message.to_owned(),
        labels: Vec::new(),
        help: help.iter().map(|&text| text.to_owned()).collect(),
    };
    assert!(faults(&shown("the handle of `spawn` is lost", &["join it"])).is_empty());
    assert_eq!(faults(&shown("The handle is lost.", &[])).len(), 4);
}
