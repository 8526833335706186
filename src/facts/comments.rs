//! Suppression comments: the one part of a file's facts that no parser keeps.
//!
//! Comments are gone once a file is a syntax tree, so they are found in the text. A small lexer
//! walks it and knows just enough Rust (strings, raw strings, character literals and lifetimes,
//! nested comments) that a tag inside a string or a doc comment is never taken for a directive.
//! Most files hold no tag at all and are not walked.

mod lexer;
#[cfg(test)]
mod tests;

use crate::text::TextRange;

/// One `// thread-lint: …` comment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Directive {
    /// The comment.
    pub comment: TextRange,
    /// The code it speaks of: its own line when it trails code, else the next statement or item.
    pub covers: TextRange,
    /// Whether code stands before it on its line.
    pub trailing: bool,
    /// What it says.
    pub body: DirectiveBody,
}

/// What a suppression comment says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DirectiveBody {
    /// `allow(rule, …) reason`.
    Allow {
        /// Rules or groups, each with its place.
        rules: Vec<(String, TextRange)>,
        /// The text after the list; `None` when it is empty.
        reason: Option<String>,
    },
    /// `detached reason`: a thread that outlives its function on purpose.
    Detached {
        /// The text after the word; `None` when it is empty.
        reason: Option<String>,
    },
    /// Meant as a directive and not readable as one; the text says why.
    Malformed(String),
}

const TAG: &str = "thread-lint:";

/// All directives of a text, in order.
///
/// A directive on a line of its own covers the rest of the next line of code, from its first token
/// (blank lines, comments and attributes are skipped); whoever knows the syntax tree widens that to
/// the statement or item which starts there.
pub fn directives(text: &str) -> Vec<Directive> {
    if !text.contains(TAG) {
        return Vec::new();
    }
    lexer::find(text)
}

/// Reads a line comment, `//` included; `None` when it is no directive.
fn parse(text: &str, comment: std::ops::Range<usize>) -> Option<DirectiveBody> {
    let content = text.get(comment.clone())?.strip_prefix("//")?;
    let said = content.trim_start().strip_prefix(TAG)?;
    let at = comment.end - said.trim_start().len();
    Some(body(said.trim(), at))
}

fn body(said: &str, at: usize) -> DirectiveBody {
    if let Some(rest) = said.strip_prefix("allow(") {
        return allow(rest, at + "allow(".len());
    }
    if let Some(rest) = said.strip_prefix("detached")
        && (rest.is_empty() || rest.starts_with(char::is_whitespace))
    {
        return DirectiveBody::Detached { reason: reason(rest) };
    }
    let word: String =
        said.chars().take_while(|&c| c.is_alphanumeric() || c == '-' || c == '_').collect();
    DirectiveBody::Malformed(match word.as_str() {
        "" => "it says nothing; write `allow(rule) reason` or `detached reason`".to_owned(),
        "allow" => "write the rule in parentheses right after it: `allow(rule) reason`".to_owned(),
        "detached" => "write the reason after a space: `detached reason`".to_owned(),
        _ => format!("`{word}` is no directive; write `allow(rule) reason` or `detached reason`"),
    })
}

fn allow(rest: &str, at: usize) -> DirectiveBody {
    let Some((list, after)) = rest.split_once(')') else {
        return DirectiveBody::Malformed(
            "the list of rules is not closed; write `allow(rule) reason`".to_owned(),
        );
    };
    let mut rules = Vec::new();
    let mut start = at;
    for item in list.split(',') {
        let name = item.trim();
        let from = start + (item.len() - item.trim_start().len());
        start += item.len() + 1;
        if name.is_empty() {
            return DirectiveBody::Malformed(
                "a rule is missing in the list; write `allow(rule) reason`".to_owned(),
            );
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return DirectiveBody::Malformed(format!(
                "`{name}` is no rule name; write `allow(rule, rule) reason`"
            ));
        }
        rules.push((name.to_owned(), range(from, from + name.len())));
    }
    DirectiveBody::Allow { rules, reason: reason(after) }
}

/// A reason needs a word: a lone colon or dash explains nothing.
fn reason(text: &str) -> Option<String> {
    let text = text.trim();
    text.contains(char::is_alphanumeric).then(|| text.to_owned())
}

fn range(start: usize, end: usize) -> TextRange {
    let cut = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    TextRange::new(cut(start), cut(end))
}
