//! What a macro writes: Rust that stands nowhere, and where each token of it came from.
//!
//! A macro is expanded where a program is run, and only there. What it writes is a text of its own
//! that is parsed like any other; its places begin beyond those of every file, so that they are never
//! taken for one, and each is known as the place of a token in the definition or in the call.

use std::sync::Arc;

use super::tree::Body;
use crate::text::TextRange;

/// The first place that no file has: files are at most half of what a place can be.
pub const NOWHERE: u32 = 1 << 31;

/// Tokens as the parser read them, between the delimiters of a macro.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    /// Their text.
    pub text: Box<str>,
    /// Where stretches of it begin, in it and in the file.
    pub stretches: Vec<(u32, u32)>,
}

impl Piece {
    /// Where a part of it is in the file.
    pub(super) fn place(&self, range: std::ops::Range<usize>) -> TextRange {
        let was = |at: usize| {
            let at = number(at);
            let after = self.stretches.partition_point(|&(place, _)| place <= at);
            let (place, was) = after.checked_sub(1).map_or((0, 0), |it| self.stretches[it]);
            was + (at - place)
        };
        let end = range.end.checked_sub(1).map_or(0, |last| was(last) + 1);
        TextRange::new(was(range.start), end)
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// What a call of a macro writes.
#[derive(Debug)]
pub struct Written {
    /// Its statements, in a block.
    pub body: Arc<Body>,
    /// Where its tokens begin and end, and where they came from.
    places: Vec<(TextRange, TextRange)>,
}

impl Written {
    pub(super) fn new(body: Body, places: Vec<(TextRange, TextRange)>) -> Self {
        Self { body: Arc::new(body), places }
    }

    /// Where what stands here came from: from where its first token was to where its last one was, if
    /// they belong together.
    pub fn place(&self, range: TextRange) -> Option<TextRange> {
        let first = self.places.partition_point(|(it, _)| it.end <= range.start);
        let behind = self.places.partition_point(|(it, _)| it.start < range.end);
        let (first, last) = (self.places.get(first)?.1, self.places[..behind].last()?.1);
        Some(if first.start <= last.end { TextRange::new(first.start, last.end) } else { first })
    }

    /// Where its text begins and ends.
    pub fn range(&self) -> TextRange {
        let ends = self.places.first().zip(self.places.last());
        ends.map_or_else(TextRange::default, |((first, _), (last, _))| first.cover(*last))
    }
}
