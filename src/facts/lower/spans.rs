//! Spans of the parser as byte ranges.
//!
//! The parser counts characters, and its own conversion to bytes keeps a tree of all places that were
//! ever asked for, which cost a tenth of a run. Lines and columns it has at hand, and with the
//! starts of the lines a place is one addition away, in a text of nothing but ASCII; in others a
//! byte offset is noted for every few characters. What it reads is what was left of a text, and a place is one of
//! the text.

use std::cell::RefCell;

use proc_macro2::extra::DelimSpan;
use proc_macro2::{LineColumn, Span};

use super::super::condense::Condensed;
use super::super::written::Piece;
use crate::text::TextRange;

/// How many characters lie between two noted offsets.
const STRIDE: usize = 64;

thread_local! {
    /// The text whose spans are asked for. Spans belong to a thread as well.
    static TEXT: RefCell<Places> = RefCell::default();
}

/// Notes which text the spans of this thread are in, from now on.
pub(super) fn enter(code: &Condensed) {
    TEXT.with(|places| places.borrow_mut().enter(code));
}

/// The bytes of a span, in the text that was entered last.
pub(super) fn byte_range(span: Span) -> TextRange {
    let (start, end) = (span.start(), span.end());
    TEXT.with(|places| {
        let places = places.borrow();
        let start = places.was(places.byte(start));
        // Something may have been left out right behind it.
        let end = places.byte(end).checked_sub(1).map_or(0, |last| places.was(last) + 1);
        TextRange::new(start, end.max(start))
    })
}

/// What the parser read between the delimiters of a macro.
pub(super) fn piece(inside: &DelimSpan) -> Piece {
    let (start, end) = (inside.open().end(), inside.close().start());
    TEXT.with(|places| {
        let places = places.borrow();
        let (start, end) = (places.byte(start), places.byte(end));
        let text = places.text.get(start as usize..end as usize).unwrap_or_default();
        let first = places.stretches.partition_point(|&(place, _)| place <= start);
        let behind = places.stretches[first..].iter().take_while(|(place, _)| *place < end);
        let behind = behind.map(|&(place, was)| (place - start, was));
        let stretches = std::iter::once((0, places.was(start))).chain(behind).collect();
        Piece { text: text.into(), stretches }
    })
}

#[derive(Default)]
struct Places {
    text: String,
    /// The character at which each line starts.
    lines: Vec<u32>,
    /// Where it is not all ASCII, the byte offset of every [`STRIDE`]th character.
    wide: Option<Vec<u32>>,
    /// Where stretches of it begin, in it and in the text that it is left of.
    stretches: Vec<(u32, u32)>,
}

impl Places {
    fn enter(&mut self, code: &Condensed) {
        let text = code.text.as_str();
        self.text.clear();
        self.text.push_str(text);
        self.stretches.clear();
        self.stretches.extend_from_slice(code.places());
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.lines.clear();
        self.lines.push(0);
        if text.is_ascii() {
            self.wide = None;
            self.lines.extend(text.match_indices('\n').map(|(at, _)| number(at + 1)));
            return;
        }
        let mut offsets = Vec::with_capacity(text.len() / STRIDE + 1);
        for (index, (offset, letter)) in text.char_indices().enumerate() {
            if index % STRIDE == 0 {
                offsets.push(number(offset));
            }
            if letter == '\n' {
                self.lines.push(number(index + 1));
            }
        }
        self.wide = Some(offsets);
    }

    /// Where the byte at a place was in the text.
    fn was(&self, at: u32) -> u32 {
        let after = self.stretches.partition_point(|&(place, _)| place <= at);
        let (place, was) = after.checked_sub(1).map_or((0, 0), |before| self.stretches[before]);
        was + (at - place)
    }

    fn byte(&self, at: LineColumn) -> u32 {
        let line = self.lines.get(at.line.saturating_sub(1)).copied().unwrap_or(0);
        let index = line as usize + at.column;
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let Some(offsets) = &self.wide else { return number(index) };
        let Some(&noted) = offsets.get(index / STRIDE) else { return number(self.text.len()) };
        let rest = &self.text[noted as usize..];
        let beyond = rest.char_indices().nth(index % STRIDE).map_or(rest.len(), |(at, _)| at);
        noted + number(beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parser's own conversion says of every token of a text.
    fn agrees(text: &str) -> usize {
        proc_macro2::extra::invalidate_current_thread_spans();
        enter(&Condensed::whole(text));
        let tokens: proc_macro2::TokenStream = text.parse().unwrap_or_default();
        let mut seen = 0;
        for token in tokens {
            let (span, own) = (token.span(), byte_range(token.span()));
            assert_eq!(own.start as usize..own.end as usize, span.byte_range(), "{token}");
            seen += 1;
        }
        seen
    }

    #[test]
    fn agrees_with_the_parser() {
        assert_eq!(agrees("fn a() {\r\n  b\n}\n\nfn c(d: E) {}"), 8);
        let wide = format!(
            "\"{}\" é /* ü\nß */ + \"ü\n\" fn\t\n ß {} ß",
            "é".repeat(200),
            "ab ".repeat(90)
        );
        assert_eq!(agrees(&wide), 97);
        assert_eq!(agrees(""), 0);
    }

    #[test]
    fn what_is_left_is_found_where_it_was() {
        let text = "/// é\nfn a() {\n    b(\"  \");\n}\n\n/* c */ fn d(e: F)   -> G { spawn( h ) } // i\nstatic J: &str = \"ü\"  ;";
        let needle = u32::try_from(text.find("spawn").unwrap_or_default()).unwrap_or_default();
        let code = Condensed::of(text, &[needle]);
        assert_eq!(
            code.text,
            " fn a() { } fn d(e: F) -> G { spawn( h ) } static J: &str = \"ü\" ;"
        );
        proc_macro2::extra::invalidate_current_thread_spans();
        enter(&code);
        let mut open: Vec<_> = code.text.parse::<proc_macro2::TokenStream>().into_iter().collect();
        let mut seen = 0;
        while let Some(tokens) = open.pop() {
            for token in tokens {
                let range = byte_range(token.span());
                let there = &text[range.start as usize..range.end as usize];
                match token {
                    proc_macro2::TokenTree::Group(group) => {
                        let ends = byte_range(group.span_close());
                        assert_eq!(range.end, ends.end);
                        open.push(group.stream());
                    }
                    token => assert_eq!(there, token.to_string()),
                }
                seen += 1;
            }
        }
        assert_eq!(seen, 25);
    }
}
