//! Byte ranges and lines: the only coordinates the core knows.
//!
//! Every layer speaks in byte offsets into the text as it is on disk (a BOM included). Lines and
//! columns are a matter of output: cargo counts characters, editors UTF-16 units, rdjson bytes, so
//! each format converts from a byte offset with the [`LineIndex`] of the text it shows.

/// A half-open range of bytes, `start <= end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextRange {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl TextRange {
    /// A range; an `end` before `start` is taken as empty at `start`.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The smallest range that holds both.
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether `other` lies inside (edges included).
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// As a range of `usize` that is safe to slice `text` with: cut at the end of the text and
    /// moved outwards to character boundaries (renderers panic on anything else).
    pub fn clamp(self, text: &str) -> std::ops::Range<usize> {
        let mut start = (self.start as usize).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (self.end as usize).clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }
}

/// A place as people and cargo count: both 1-based, the column in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
}

/// Starts of all lines of one text. Lines end at `\n`; a `\r` before it belongs to the line.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Reads `text` once.
    pub fn new(text: &str) -> Self {
        let newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let starts = std::iter::once(0)
            .chain(newlines.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)))
            .collect();
        Self { starts }
    }

    /// 1-based line of a byte offset; past the end it is the last line.
    pub fn line(&self, offset: u32) -> u32 {
        let index = self.starts.partition_point(|&start| start <= offset);
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// Line and column of a byte offset in `text`, which must be the text the index was made of.
    pub fn line_column(&self, text: &str, offset: u32) -> LineColumn {
        let line = self.line(offset);
        let start = self.starts[line as usize - 1] as usize;
        let end = TextRange::new(offset, offset).clamp(text).start.max(start);
        // Cargo does not count a byte order mark as a column.
        let before = text[start..end].trim_start_matches('\u{feff}');
        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX - 1) + 1;
        LineColumn { line, column }
    }

    /// Byte range of a 1-based line without its line end, or `None` past the last line.
    pub fn line_range(&self, text: &str, line: u32) -> Option<TextRange> {
        let index = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).map_or(text.len(), |&next| next as usize);
        let content = text[start as usize..end].trim_end_matches(['\n', '\r']);
        Some(TextRange::new(start, start + u32::try_from(content.len()).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let text = "\u{feff}a\r\né𝕏b\n";
        let index = LineIndex::new(text);
        assert_eq!(index.line_column(text, 3), LineColumn { line: 1, column: 1 });
        let b = u32::try_from(text.find('b').unwrap_or_default()).unwrap_or_default();
        assert_eq!(index.line_column(text, b), LineColumn { line: 2, column: 3 });
        assert_eq!(index.line_range(text, 1), Some(TextRange::new(0, 4)));
        assert_eq!(index.line_range(text, 9), None);
    }

    #[test]
    fn clamp_never_splits_a_character() {
        let text = "é";
        assert_eq!(TextRange::new(1, 2).clamp(text), 0..2);
        assert_eq!(TextRange::new(9, 99).clamp(text), 2..2);
    }
}
