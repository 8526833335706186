//! Just enough of a lexer to tell code from what only looks like it.
//!
//! Three readers need that and no more, before or beside the parser: the guard against nesting,
//! leaving out what cannot matter, and the search for suppression comments. It never fails: what is
//! unterminated runs to the end of the text.

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `// …`, without its line end.
    LineComment,
    /// `/* … */`, nested.
    BlockComment,
    /// A string, raw string, byte string or character literal.
    Literal,
    /// An identifier, keyword or number; also a lifetime.
    Word,
    /// One byte of anything else. White space is not reported.
    Punct(u8),
}

/// One stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Walks a text piece by piece.
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
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
        Self { text, bytes: text.as_bytes(), at }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
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

    /// A character literal, or a lifetime.
    fn quote(&mut self) -> Kind {
        self.at += 1;
        if self.peek(0) == Some(b'\\') {
            self.at = (self.at + 2).min(self.bytes.len());
            while let Some(byte) = self.peek(0) {
                // An unclosed one must not swallow the file.
                if byte == b'\n' {
                    break;
                }
                self.at += 1;
                if byte == b'\'' {
                    break;
                }
            }
            return Kind::Literal;
        }
        let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let length = next.map_or(0, char::len_utf8);
        if length > 0 && self.peek(length) == Some(b'\'') {
            self.at += length + 1;
            return Kind::Literal;
        }
        self.skip_word();
        Kind::Word
    }

    fn skip_word(&mut self) {
        while self.peek(0).is_some_and(in_word) {
            self.at += 1;
        }
    }

    /// A word, or the raw string that it begins.
    fn word(&mut self) -> Kind {
        let start = self.at;
        self.skip_word();
        if !matches!(self.bytes.get(start..self.at), Some(b"r" | b"br" | b"cr")) {
            return Kind::Word;
        }
        let mut hashes = 0;
        while self.peek(hashes) == Some(b'#') {
            hashes += 1;
        }
        if self.peek(hashes) != Some(b'"') {
            return Kind::Word;
        }
        self.at += hashes + 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'"' && (0..hashes).all(|ahead| self.peek(ahead) == Some(b'#')) {
                self.at += hashes;
                break;
            }
        }
        Kind::Literal
    }
}

impl Iterator for Lexer<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        while self.peek(0).is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        let start = self.at;
        let kind = match self.peek(0)? {
            b'/' if self.peek(1) == Some(b'/') => {
                let rest = &self.bytes[self.at..];
                let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                self.at += length;
                if self.bytes[start..self.at].ends_with(b"\r") {
                    self.at -= 1;
                }
                Kind::LineComment
            }
            b'/' if self.peek(1) == Some(b'*') => {
                self.block_comment();
                Kind::BlockComment
            }
            b'"' => {
                self.string();
                Kind::Literal
            }
            b'\'' => self.quote(),
            byte if in_word(byte) => self.word(),
            byte => {
                self.at += 1;
                Kind::Punct(byte)
            }
        };
        Some(Piece { kind, start, end: self.at })
    }
}

fn in_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        Lexer::new(text).map(|piece| piece.kind).collect()
    }

    #[test]
    fn literals_and_comments_are_one_piece() {
        assert_eq!(kinds("r##\"{\"#\"## '{' '\\'' \"\\\"{\" b\"{\""), {
            let mut expected = vec![Kind::Literal; 4];
            expected.extend([Kind::Word, Kind::Literal]);
            expected
        });
        assert_eq!(kinds("'a: 'b"), vec![Kind::Word, Kind::Punct(b':'), Kind::Word]);
        assert_eq!(
            kinds("/* /* { */ */ // {\n}"),
            vec![Kind::BlockComment, Kind::LineComment, Kind::Punct(b'}')]
        );
    }

    #[test]
    fn unterminated_text_ends() {
        for text in ["\"", "'", "r#\"", "/*", "/* /*", "\"\\", "'\\"] {
            assert!(Lexer::new(text).count() <= 2, "{text}");
        }
    }
}
