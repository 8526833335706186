//! Finds directives among the comments of a text, and the code that each of them covers.

use super::super::lexical::{Kind, Lexer, Piece};
use super::{Directive, parse, range};
use crate::text::TextRange;

/// All directives of a text.
pub(super) fn find(text: &str) -> Vec<Directive> {
    let mut search = Search {
        text,
        code_end: 0,
        attribute: Attribute::Outside,
        found: Vec::new(),
        waiting: Vec::new(),
    };
    for piece in Lexer::new(text) {
        match piece.kind {
            Kind::LineComment => search.comment(piece),
            Kind::BlockComment => {}
            Kind::Literal | Kind::Word | Kind::Punct(_) => search.code(piece),
        }
    }
    search.found
}

struct Search<'a> {
    text: &'a str,
    /// End of the last piece of code.
    code_end: usize,
    attribute: Attribute,
    found: Vec<Directive>,
    /// Which of `found` still wait for the code they cover.
    waiting: Vec<usize>,
}

/// How far into an attribute the text is while a directive waits for what the attribute is on.
#[derive(Clone, Copy)]
enum Attribute {
    Outside,
    /// After `#`.
    Hash,
    /// Inside that many brackets.
    Open(usize),
}

impl Search<'_> {
    fn comment(&mut self, piece: Piece) {
        let (start, end) = (piece.start, piece.end);
        // `///` and `//!` document; prose about a directive is not one.
        if matches!(self.text.as_bytes().get(start + 2), Some(b'/' | b'!')) {
            return;
        }
        let Some(body) = parse(self.text, start..end) else { return };
        let line = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let trailing = self.code_end > line;
        let covers = if trailing { range(line, end) } else { range(end, end) };
        if !trailing {
            self.waiting.push(self.found.len());
        }
        self.found.push(Directive { comment: range(start, end), covers, trailing, body });
    }

    fn code(&mut self, piece: Piece) {
        self.code_end = piece.end;
        if self.waiting.is_empty() || self.in_attribute(piece.kind) {
            return;
        }
        let rest = &self.text[piece.start..];
        let line = rest.find('\n').map_or(rest, |newline| &rest[..newline]);
        let covers: TextRange = range(piece.start, piece.start + line.trim_end_matches('\r').len());
        for index in self.waiting.drain(..) {
            if let Some(directive) = self.found.get_mut(index) {
                directive.covers = covers;
            }
        }
        self.attribute = Attribute::Outside;
    }

    /// Whether a piece belongs to an attribute.
    fn in_attribute(&mut self, kind: Kind) -> bool {
        let byte = if let Kind::Punct(byte) = kind { byte } else { b' ' };
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
}
