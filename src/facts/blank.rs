//! Blanks, byte for byte, what cannot matter, so that the parser has less to read.
//!
//! Comments, and bodies of functions and `macro_rules!` in which no needle lies, become spaces:
//! offsets stay what they are, and the items around stay whole. Parsing is most of what a run
//! costs; on large trees most of each file goes.

use super::lexical::{Kind, Lexer};

/// The text with everything blank in which none of the sorted `needles` lies.
pub fn blank(text: &str, needles: &[u32]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut scan = Scan { needles, after_fn: false, ahead: None, open: Vec::new() };
    for piece in Lexer::new(text) {
        match piece.kind {
            Kind::LineComment | Kind::BlockComment => bytes[piece.start..piece.end].fill(b' '),
            Kind::Word => scan.word(&text[piece.start..piece.end]),
            Kind::Literal => {}
            Kind::Punct(byte) => {
                if let Some((start, end)) = scan.punct(byte, piece.start) {
                    bytes[start..end].fill(b' ');
                }
            }
        }
    }
    // Only whole characters were replaced, each by as many spaces as it has bytes.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

struct Scan<'a> {
    needles: &'a [u32],
    /// Whether `fn` has just been read: a name makes it a function, anything else a type.
    after_fn: bool,
    /// After `fn name` or `macro_rules!`, the number of open delimiters at which its body opens.
    ahead: Option<usize>,
    /// Open delimiters: whether each opened a body, and where.
    open: Vec<(bool, usize)>,
}

impl Scan<'_> {
    fn word(&mut self, word: &str) {
        if self.after_fn || word == "macro_rules" {
            self.ahead = Some(self.open.len());
        }
        self.after_fn = word == "fn";
    }

    /// The inside of a body that ends here and cannot matter.
    fn punct(&mut self, byte: u8, at: usize) -> Option<(usize, usize)> {
        self.after_fn = false;
        match byte {
            b'{' | b'(' | b'[' => {
                let is_body = byte == b'{' && self.ahead == Some(self.open.len());
                if is_body {
                    self.ahead = None;
                }
                self.open.push((is_body, at + 1));
                None
            }
            b'}' | b')' | b']' => {
                let (is_body, start) = self.open.pop()?;
                self.ahead = self.ahead.filter(|&depth| depth <= self.open.len());
                let first = self.needles.partition_point(|&needle| (needle as usize) < start);
                let empty = self.needles.get(first).is_none_or(|&needle| needle as usize >= at);
                (is_body && empty).then_some((start, at))
            }
            b';' if self.ahead == Some(self.open.len()) => {
                self.ahead = None;
                None
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_offsets_and_needles() {
        let text = "fn a() -> u8 { é(); }\n// é\nimpl B { fn c(&self) where D: E { spawn() } fn f(); }\nmacro_rules! g { () => { h } }";
        let needle = text.find("spawn").unwrap_or_default();
        let blanked = blank(text, &[u32::try_from(needle).unwrap_or_default()]);
        assert_eq!(blanked.len(), text.len());
        assert_eq!(blanked.find("spawn"), Some(needle));
        assert!(!blanked.contains('é') && !blanked.contains("=> {"));
        assert!(blanked.contains("fn a() -> u8 {") && blanked.contains("fn f();"));
    }

    #[test]
    fn a_function_type_opens_no_body() {
        let text =
            "fn a(b: fn(), c: impl Fn() -> fn() -> u8) { spawn(b); if c { d() } use e::{f}; }";
        let needle = text.find("spawn").unwrap_or_default();
        assert_eq!(blank(text, &[u32::try_from(needle).unwrap_or_default()]), text);
    }

    #[test]
    fn unbalanced_text_is_no_trouble() {
        assert_eq!(blank("}}} fn {", &[]), "}}} fn {");
        assert_eq!(blank("", &[]), "");
    }
}
