//! Leaves out what cannot matter, so that the parser has less to read.
//!
//! Comments, bodies of functions in which no needle lies, and all white space but one of each go; of what stays is
//! known where it was, and the items around stay whole. Parsing is most of what a run costs, and it goes through
//! white space character by character.

use std::borrow::Cow;
use std::ops::Range;

use super::lexical::{Kind, Lexer};

/// What is left of a text.
#[derive(Clone, Debug, Default)]
pub struct Condensed {
    /// What the parser reads.
    pub text: String,
    /// Where stretches of it begin, in it and in what it is left of.
    places: Vec<(u32, u32)>,
    /// Where the last of them ends in what it is left of.
    end: usize,
}

impl Condensed {
    /// A text as it is, but for what the parser does not take for Rust.
    pub fn whole(text: &str) -> Self {
        let text = without_preamble(text).into_owned();
        Self { end: text.len(), text, places: vec![(0, 0)] }
    }

    /// A text that stands nowhere, whose first byte counts as that at `base`.
    pub(super) fn written(text: String, base: u32) -> Self {
        Self { end: text.len(), text, places: vec![(0, base)] }
    }

    /// What is left of a text when everything is left out in which none of the sorted `needles` lies.
    pub fn of(text: &str, needles: &[u32]) -> Self {
        let mut all = Self { text: String::with_capacity(text.len() / 4), ..Self::default() };
        all.places.push((0, 0));
        all.add(&without_preamble(text), 0, needles);
        all
    }

    /// Adds what is left of a part of the text, which begins at `offset` and behind all that was added before.
    pub fn add(&mut self, part: &str, offset: usize, needles: &[u32]) {
        let first = needles.partition_point(|&needle| (needle as usize) < offset);
        let needles = &needles[first..];
        let mut scan = Scan { needles, after_fn: None, ahead: None, bang: false, open: Vec::new() };
        for piece in Lexer::new(part) {
            let (start, end) = (offset + piece.start, offset + piece.end);
            let written = &part[piece.start..piece.end];
            match piece.kind {
                Kind::LineComment | Kind::BlockComment => continue,
                Kind::Word => scan.word(written, start),
                Kind::Literal => {}
                Kind::Punct(byte) => {
                    if let Some(inside) = scan.punct(byte, start) {
                        self.text.truncate(inside.left);
                        self.places.truncate(inside.places);
                        self.end = inside.start;
                    }
                }
            }
            self.push(written, start);
            if let (Kind::Punct(b'{' | b'(' | b'['), Some(open)) =
                (piece.kind, scan.open.last_mut())
            {
                open.inside =
                    Inside { start: end, left: self.text.len(), places: self.places.len() };
            }
        }
    }

    /// Adds what stands at `start`.
    fn push(&mut self, written: &str, start: usize) {
        let gap = start - self.end;
        if gap > 0 {
            self.text.push(' ');
        }
        if gap > 1 {
            self.places.push((number(self.text.len()), number(start)));
        }
        self.text.push_str(written);
        self.end = start + written.len();
    }

    /// Whether what stands at a place of the text is left.
    pub fn keeps(&self, at: u32) -> bool {
        let after = self.places.partition_point(|&(_, was)| was <= at);
        let Some(&(place, was)) = after.checked_sub(1).and_then(|before| self.places.get(before))
        else {
            return false;
        };
        let end = self.places.get(after).map_or(number(self.text.len()), |&(next, _)| next - 1);
        at - was < end - place
    }

    /// Where its stretches were.
    pub(super) fn places(&self) -> &[(u32, u32)] {
        &self.places
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Where the inside of a delimiter starts, and how much was left before it: that stays when the inside goes.
#[derive(Clone, Copy, Default)]
struct Inside {
    start: usize,
    left: usize,
    places: usize,
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
    /// What goes if it is a body that cannot matter.
    inside: Inside,
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
    fn punct(&mut self, byte: u8, at: usize) -> Option<Inside> {
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
                self.open.push(Open { keyword, inside: Inside::default(), within });
                None
            }
            b'}' | b')' | b']' => {
                let Open { keyword, inside, within } = self.open.pop()?;
                self.ahead = self.ahead.filter(|&(depth, _)| depth <= self.open.len());
                // A needle in the signature asks for the body as well.
                let keyword = keyword.filter(|_| within != Within::Macro)?;
                let first = self.needles.partition_point(|&needle| (needle as usize) < keyword);
                let empty = self.needles.get(first).is_none_or(|&needle| needle as usize >= at);
                empty.then_some(inside)
            }
            b';' if self.ahead.is_some_and(|(opens_at, _)| opens_at == depth) => {
                self.ahead = None;
                None
            }
            _ => None,
        }
    }
}

/// Replaces what the parser does not take for Rust (byte order mark, shebang, frontmatter) by as
/// many spaces as it has bytes, so that spans stay offsets into the original.
fn without_preamble(text: &str) -> Cow<'_, str> {
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = &text[bom..];
    let mut end = bom;
    if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
        end += rest.find('\n').unwrap_or(rest.len());
    }
    let after = &text[end..];
    let fence_at = after.len() - after.trim_start().len();
    if let Some(frontmatter) = frontmatter(&after[fence_at..]) {
        end += fence_at + frontmatter.end;
    }
    if end == 0 {
        return Cow::Borrowed(text);
    }
    let mut blanked: String =
        text[..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    blanked.push_str(&text[end..]);
    Cow::Owned(blanked)
}

/// A `---` block at the very start, as cargo scripts have it.
fn frontmatter(text: &str) -> Option<Range<usize>> {
    let dashes = text.bytes().take_while(|&byte| byte == b'-').count();
    if dashes < 3 {
        return None;
    }
    let fence = format!("\n{}", &text[..dashes]);
    let close = text.find(&fence)? + fence.len();
    let line = text[close..].find('\n').map_or(text.len(), |at| close + at);
    Some(0..line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::lower;

    /// What is left, where it was, with spaces around it.
    fn spread(code: &Condensed) -> String {
        let mut spread = String::new();
        let ends = code.places.iter().skip(1).map(|&(place, _)| place as usize);
        let ends = ends.chain([code.text.len()]);
        for (&(place, was), end) in code.places.iter().zip(ends) {
            spread.extend(std::iter::repeat_n(' ', was as usize - spread.len()));
            spread.push_str(&code.text[place as usize..end]);
        }
        spread
    }

    fn left(text: &str, needle: &str) -> String {
        let at = text.find(needle).unwrap_or_default();
        spread(&Condensed::of(text, &[number(at)]))
    }

    #[test]
    fn keeps_offsets_and_needles() {
        let text = "fn a() -> u8 { é(); }\n// é\nimpl B { fn c(&self) where D: E { spawn() } fn f(); }\nmacro_rules! g { () => { h } }";
        let kept = left(text, "spawn");
        assert_eq!(kept.len(), text.len());
        assert_eq!(kept.find("spawn"), text.find("spawn"));
        // What a macro does in the bodies that call it matters everywhere.
        assert!(!kept.contains('é') && kept.contains("=> { h }"));
        assert!(kept.contains("fn a() -> u8 {") && kept.contains("fn f();"));
        assert!(Condensed::of(text, &[]).text.starts_with("fn a() -> u8 { } impl B { fn c(&self)"));
    }

    #[test]
    fn a_function_type_opens_no_body() {
        let text =
            "fn a(b: fn(), c: impl Fn() -> fn() -> u8) { spawn(b); if c { d() } use e::{f}; }";
        assert_eq!(left(text, "spawn"), text);
    }

    #[test]
    fn what_a_macro_in_a_body_gets_stays() {
        let text = "fn a() { spawn(); b!(fn c() { h.join() }); fn d() {   } } e! { fn f() {   } }";
        assert_eq!(left(&text.replace("   ", "g()"), "spawn"), text);
    }

    #[test]
    fn what_is_in_literals_stays() {
        let text = "const A: &str = \"  // \n  é\";   const B: char = ' ';";
        let code = Condensed::of(text, &[]);
        assert_eq!(code.text, "const A: &str = \"  // \n  é\"; const B: char = ' ';");
        assert_eq!(spread(&code), text);
    }

    #[test]
    fn parts_are_put_where_they_were() {
        let text = "fn a() { b() } fn c() { spawn() }   fn d() { e() }";
        let mut code = Condensed::default();
        let (from, needle) = (text.find("fn c").unwrap_or(0), text.find("spawn").unwrap_or(0));
        code.add(&text[from..from + 18], from, &[number(needle)]);
        let last = text.find("fn d").unwrap_or(0);
        code.add(&text[last..], last, &[number(needle)]);
        assert_eq!(code.text, " fn c() { spawn() } fn d() { }");
        assert_eq!(
            code.places,
            [(1, number(from)), (20, number(last)), (29, number(text.len() - 1))]
        );
    }

    #[test]
    fn unbalanced_text_is_no_trouble() {
        assert_eq!(Condensed::of("}}} fn {", &[]).text, "}}} fn {");
        assert_eq!(Condensed::of("", &[]).text, "");
    }

    #[test]
    fn preamble_keeps_offsets() {
        let text = "\u{feff}#!/usr/bin/é\n---\n[dependencies]\n---\nfn a() {}\n";
        let kept = without_preamble(text);
        assert_eq!(kept.len(), text.len());
        assert_eq!(kept.find("fn a"), text.find("fn a"));
        assert!(lower(&Condensed::whole(text), &[]).is_ok());
        assert_eq!(Condensed::of(text, &[]).text.trim(), "fn a() {}");
    }

    #[test]
    fn attribute_is_no_shebang() {
        assert!(matches!(without_preamble("#![allow(x)]\n"), Cow::Borrowed(_)));
    }
}
