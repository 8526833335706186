//! Edits to text, as pure functions: where each goes, and all of one file together.
//!
//! Rules say which edit repairs a finding; here it meets the text, and takes over the indentation
//! and the line ends that it finds there.

use crate::finding::{Edit, Spot};
use crate::text::TextRange;

/// An edit that has met its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replacement {
    /// The bytes that go.
    pub range: TextRange,
    /// What comes in their place.
    pub text: String,
}

/// What an edit does to a text.
pub fn replacement(edit: &Edit, text: &str) -> Replacement {
    let (before, like) = match edit.spot {
        Spot::Replace(range) => return Replacement { range, text: edit.text.clone() },
        Spot::Lines { before, like } => (before, like),
    };
    let line = line_start(text, before);
    let own_line = text.get(line..before as usize).is_some_and(|it| it.trim().is_empty());
    if own_line {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let indent = indentation(text, like);
        let lines = edit.text.lines().map(|it| format!("{indent}{it}{end}"));
        let at = u32::try_from(line).unwrap_or(before);
        Replacement { range: TextRange::new(at, at), text: lines.collect() }
    } else {
        // A block on one line stays on one line.
        let words: Vec<&str> = edit.text.split_whitespace().collect();
        let range = TextRange::new(before, before);
        Replacement { range, text: format!("{} ", words.join(" ")) }
    }
}

/// A text after edits that do not overlap; `None` when two do, or one is not inside the text.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut all: Vec<Replacement> = edits.iter().map(|edit| replacement(edit, text)).collect();
    all.sort();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for Replacement { range, text: new } in &all {
        out.push_str(text.get(at..range.start as usize)?);
        out.push_str(new);
        at = range.end as usize;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn line_start(text: &str, offset: u32) -> usize {
    let before = text.get(..offset as usize).unwrap_or_default();
    before.rfind('\n').map_or(0, |at| at + 1)
}

/// The white space that the line of an offset begins with.
fn indentation(text: &str, offset: u32) -> &str {
    let line = text.get(line_start(text, offset)..).unwrap_or_default();
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn edit(spot: Spot, text: &str) -> Edit {
        Edit { file: FileId(0), spot, text: text.to_owned() }
    }

    #[test]
    fn lines_take_over_indentation_and_line_ends() {
        let text = "fn a() {\r\n\tb();\r\n}\r\n";
        let before = u32::try_from(text.find('}').unwrap()).unwrap();
        let like = u32::try_from(text.find('b').unwrap()).unwrap();
        let lines = edit(Spot::Lines { before, like }, "c {\n    d();\n}");
        assert_eq!(
            apply(text, &[lines]).unwrap(),
            "fn a() {\r\n\tb();\r\n\tc {\r\n\t    d();\r\n\t}\r\n}\r\n"
        );
    }

    #[test]
    fn a_block_on_one_line_stays_there() {
        let text = "fn a() { b(); }";
        let lines = edit(Spot::Lines { before: 14, like: 9 }, "c {\n    d();\n}");
        assert_eq!(apply(text, &[lines]).unwrap(), "fn a() { b(); c { d(); } }");
    }

    #[test]
    fn edits_that_overlap_are_refused_and_neighbours_are_not() {
        let replace = |start, end, text| edit(Spot::Replace(TextRange::new(start, end)), text);
        let text = "let _ = é.join();";
        assert_eq!(
            apply(text, &[replace(17, 18, ".unwrap();"), replace(0, 8, "")]).unwrap(),
            "é.join().unwrap();"
        );
        assert_eq!(apply(text, &[replace(0, 8, ""), replace(4, 10, "")]), None);
        assert_eq!(apply(text, &[replace(9, 10, "")]), None, "splits a character");
        assert_eq!(apply(text, &[replace(17, 40, "")]), None);
    }
}
