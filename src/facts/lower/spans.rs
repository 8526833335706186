//! Spans of the parser as byte ranges.
//!
//! The parser counts characters, and its own conversion to bytes keeps a tree of all places that were
//! ever asked for, which cost a tenth of a run. Lines and columns it has at hand, and with the
//! starts of the lines a place is one addition away, in a text of nothing but ASCII; in others a
//! byte offset is noted for every few characters.

use std::cell::RefCell;

use proc_macro2::{LineColumn, Span};

use crate::text::TextRange;

/// How many characters lie between two noted offsets.
const STRIDE: usize = 64;

thread_local! {
    /// The text whose spans are asked for. Spans belong to a thread as well.
    static TEXT: RefCell<Places> = RefCell::default();
}

/// Notes which text the spans of this thread are in, from now on.
pub(super) fn enter(text: &str) {
    TEXT.with(|places| places.borrow_mut().enter(text));
}

/// The bytes of a span, in the text that was entered last.
pub(super) fn byte_range(span: Span) -> TextRange {
    let (start, end) = (span.start(), span.end());
    TEXT.with(|places| {
        let places = places.borrow();
        TextRange::new(places.byte(start), places.byte(end))
    })
}

#[derive(Default)]
struct Places {
    /// The character at which each line starts.
    lines: Vec<u32>,
    /// A text that is not all ASCII, with the byte offset of every [`STRIDE`]th character.
    wide: Option<(String, Vec<u32>)>,
}

impl Places {
    fn enter(&mut self, text: &str) {
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
        self.wide = Some((text.to_owned(), offsets));
    }

    fn byte(&self, at: LineColumn) -> u32 {
        let line = self.lines.get(at.line.saturating_sub(1)).copied().unwrap_or(0);
        let index = line as usize + at.column;
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let Some((text, offsets)) = &self.wide else { return number(index) };
        let Some(&noted) = offsets.get(index / STRIDE) else { return number(text.len()) };
        let rest = &text[noted as usize..];
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
        enter(text);
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
}
