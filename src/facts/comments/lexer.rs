//! Just enough of a lexer to tell comments from everything that looks like one.

use super::{Directive, parse, range};
use crate::text::TextRange;

/// Walks one text from start to end.
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// End of the last token that is neither blank nor comment.
    code_end: usize,
    attribute: Attribute,
    found: Vec<Directive>,
    /// Which of `found` still wait for the code they cover.
    waiting: Vec<usize>,
}

/// How far into an attribute the lexer is while a directive waits for what the attribute is on.
#[derive(Clone, Copy)]
enum Attribute {
    Outside,
    /// After `#`.
    Hash,
    /// Inside that many brackets.
    Open(usize),
}

impl<'a> Lexer<'a> {
    /// Starts after what is no Rust: a byte order mark and a shebang line.
    pub(super) fn new(text: &'a str) -> Self {
        let body = text.trim_start_matches('\u{feff}');
        let mut at = text.len() - body.len();
        let inner_attribute = body.get(2..).is_some_and(|rest| rest.trim_start().starts_with('['));
        if body.starts_with("#!") && !inner_attribute {
            at += body.find('\n').unwrap_or(body.len());
        }
        Self {
            text,
            bytes: text.as_bytes(),
            at,
            code_end: at,
            attribute: Attribute::Outside,
            found: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// All directives of the text.
    pub(super) fn run(mut self) -> Vec<Directive> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ => self.code(byte),
            }
        }
        self.found
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let end = rest.iter().position(|&b| b == b'\n').map_or(self.bytes.len(), |n| from + n);
        if end > from && self.bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end }
    }

    fn line_comment(&mut self) {
        let (start, end) = (self.at, self.line_end(self.at));
        self.at = end;
        // `///` and `//!` document; prose about a directive is not one.
        if matches!(self.bytes.get(start + 2), Some(b'/' | b'!')) {
            return;
        }
        let Some(body) = parse(self.text, start..end) else { return };
        let line = self.bytes.get(..start).unwrap_or_default();
        let line = line.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
        let trailing = self.code_end > line;
        let covers = if trailing { range(line, end) } else { range(end, end) };
        if !trailing {
            self.waiting.push(self.found.len());
        }
        self.found.push(Directive { comment: range(start, end), covers, trailing, body });
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// One token of code, and what it means for the directives that wait for it.
    fn code(&mut self, byte: u8) {
        let start = self.at;
        match byte {
            b'"' => self.string(),
            b'\'' => self.quote(),
            _ if byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii() => self.word(),
            _ => self.at += 1,
        }
        self.code_end = self.at;
        if !self.waiting.is_empty() && !self.in_attribute(byte) {
            let covers = range(start, self.line_end(start));
            self.settle(covers);
        }
    }

    fn settle(&mut self, covers: TextRange) {
        for index in self.waiting.drain(..) {
            if let Some(directive) = self.found.get_mut(index) {
                directive.covers = covers;
            }
        }
        self.attribute = Attribute::Outside;
    }

    /// Whether the token that starts with `byte` belongs to an attribute.
    fn in_attribute(&mut self, byte: u8) -> bool {
        self.attribute = match (self.attribute, byte) {
            (Attribute::Outside, b'#') | (Attribute::Hash, b'!') => Attribute::Hash,
            (Attribute::Hash, b'[') => Attribute::Open(1),
            (Attribute::Outside | Attribute::Hash, _) => return false,
            (Attribute::Open(depth), b'[') => Attribute::Open(depth + 1),
            (Attribute::Open(1), b']') => Attribute::Outside,
            (Attribute::Open(depth), b']') => Attribute::Open(depth - 1),
            (open @ Attribute::Open(_), _) => open,
        };
        true
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// A character literal or a lifetime.
    fn quote(&mut self) {
        self.at += 1;
        if self.peek(0) == Some(b'\\') {
            self.at = (self.at + 2).min(self.bytes.len());
            while let Some(byte) = self.peek(0) {
                // An unclosed one must not swallow the file.
                if byte == b'\n' {
                    return;
                }
                self.at += 1;
                if byte == b'\'' {
                    return;
                }
            }
            return;
        }
        let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let length = next.map_or(0, char::len_utf8);
        if length > 0 && self.peek(length) == Some(b'\'') {
            self.at += length + 1;
        }
    }

    /// An identifier, keyword or number, and the raw string that it may begin.
    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|b| b == b'_' || b.is_ascii_alphanumeric() || !b.is_ascii())
        {
            self.at += 1;
        }
        if !matches!(self.bytes.get(start..self.at), Some(b"r" | b"br" | b"cr")) {
            return;
        }
        let mut hashes = 0;
        while self.peek(hashes) == Some(b'#') {
            hashes += 1;
        }
        if self.peek(hashes) != Some(b'"') {
            return;
        }
        self.at += hashes + 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'"' && (0..hashes).all(|ahead| self.peek(ahead) == Some(b'#')) {
                self.at += hashes;
                return;
            }
        }
    }
}
