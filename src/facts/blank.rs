//! Blanks, byte for byte, what cannot matter, so that the parser has less to read.
//!
//! Comments, and bodies of functions in which no needle lies, become spaces:
//! offsets stay what they are, and the items around stay whole. Parsing is most of what a run
//! costs; on large trees most of each file goes.

use super::lexical::{Kind, Lexer};

/// The text with everything blank in which none of the sorted `needles` lies.
pub fn blank(text: &str, needles: &[u32]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut scan = Scan { needles, after_fn: None, ahead: None, bang: false, open: Vec::new() };
    for piece in Lexer::new(text) {
        match piece.kind {
            Kind::LineComment | Kind::BlockComment => bytes[piece.start..piece.end].fill(b' '),
            Kind::Word => scan.word(&text[piece.start..piece.end], piece.start),
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
    /// Where `fn` has just been read: a name makes it a function, anything else a type.
    after_fn: Option<usize>,
    /// After `fn name`, the number of open delimiters at which its body opens, and
    /// where the keyword stands.
    ahead: Option<(usize, usize)>,
    /// Whether a `!` has just been read.
    bang: bool,
    /// Open delimiters.
    open: Vec<Open>,
}

/// A delimiter that is open.
#[derive(Clone, Copy)]
struct Open {
    /// The keyword of the body that it opened.
    keyword: Option<usize>,
    /// Where its inside starts.
    start: usize,
    /// Whether it lies in a body, and whether in a macro there, of which nobody knows what it makes of a body.
    within: Within,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Items,
    Body,
    Macro,
}

impl Scan<'_> {
    fn word(&mut self, word: &str, at: usize) {
        if let Some(keyword) = self.after_fn {
            self.ahead = Some((self.open.len(), keyword));
        }
        self.after_fn = (word == "fn").then_some(at);
        self.bang = false;
    }

    /// The inside of a body that ends here and cannot matter.
    fn punct(&mut self, byte: u8, at: usize) -> Option<(usize, usize)> {
        self.after_fn = None;
        let depth = self.open.len();
        let after_bang = std::mem::replace(&mut self.bang, byte == b'!');
        match byte {
            b'{' | b'(' | b'[' => {
                let here = |(opens_at, _): &mut (usize, usize)| byte == b'{' && *opens_at == depth;
                let keyword = self.ahead.take_if(here).map(|(_, keyword)| keyword);
                let within = match self.open.last() {
                    Some(Open { within: Within::Macro, .. }) => Within::Macro,
                    Some(Open { within: Within::Body, .. }) if after_bang => Within::Macro,
                    Some(Open { within: Within::Body, .. }) => Within::Body,
                    _ if keyword.is_some() => Within::Body,
                    _ => Within::Items,
                };
                self.open.push(Open { keyword, start: at + 1, within });
                None
            }
            b'}' | b')' | b']' => {
                let Open { keyword, start, within } = self.open.pop()?;
                self.ahead = self.ahead.filter(|&(depth, _)| depth <= self.open.len());
                // A needle in the signature asks for the body as well.
                let keyword = keyword.filter(|_| within != Within::Macro)?;
                let first = self.needles.partition_point(|&needle| (needle as usize) < keyword);
                let empty = self.needles.get(first).is_none_or(|&needle| needle as usize >= at);
                empty.then_some((start, at))
            }
            b';' if self.ahead.is_some_and(|(opens_at, _)| opens_at == depth) => {
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
        // What a macro does in the bodies that call it matters everywhere.
        assert!(!blanked.contains('é') && blanked.contains("=> { h }"));
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
    fn what_a_macro_in_a_body_gets_stays() {
        let text = "fn a() { spawn(); b!(fn c() { h.join() }); fn d() {   } } e! { fn f() {   } }";
        let full = text.replace("   ", "g()");
        let needle = text.find("spawn").unwrap_or_default();
        assert_eq!(blank(&full, &[u32::try_from(needle).unwrap_or_default()]), text);
    }

    #[test]
    fn unbalanced_text_is_no_trouble() {
        assert_eq!(blank("}}} fn {", &[]), "}}} fn {");
        assert_eq!(blank("", &[]), "");
    }
}
