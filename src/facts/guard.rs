//! A cheap look at a text before the parser sees it, because the parser recurses without a bound
//! and a stack overflow cannot be caught.
//!
//! It bounds what makes a recursive-descent parser deep: open delimiters, `<` depth, and runs of
//! tokens that nest to the right (`!!!!x`, `a = b = c`, `|| || x`, `& & x`). It reads bytes, not
//! tokens: strings and comments can only make it count less than it should for code inside them,
//! never miss the depth of real code, because delimiters in them are skipped.

/// Open delimiters at one point.
const MAX_DEPTH: usize = 1_500;
/// Prefix operators and right-associative links in one statement.
const MAX_CHAIN: usize = 12_000;

/// Why a text must not be parsed, or `None` when it may.
pub fn refuse(text: &str) -> Option<String> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0, depth: 0, chains: vec![0] };
    scan.run()
}

struct Scan<'text> {
    bytes: &'text [u8],
    at: usize,
    depth: usize,
    /// For each open delimiter, how many links its current statement has.
    chains: Vec<usize>,
}

impl Scan<'_> {
    fn run(&mut self) -> Option<String> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'/' if self.next_is(b'/') => self.skip_line(),
                b'/' if self.next_is(b'*') => self.skip_block_comment(),
                b'"' => self.skip_string(),
                b'r' if self.raw_hashes().is_some() && !self.after_ident() => self.skip_raw_string(),
                b'\'' => self.skip_char(),
                b'(' | b'[' | b'{' => {
                    self.depth += 1;
                    self.chains.push(0);
                    if self.depth > MAX_DEPTH {
                        return Some(format!("nests more than {MAX_DEPTH} delimiters deep"));
                    }
                    self.at += 1;
                }
                b')' | b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.chains.len() > 1 {
                        self.chains.pop();
                    }
                    self.at += 1;
                    if byte == b'}' && self.statement_ended() {
                        self.end_statement();
                    }
                }
                b';' | b',' => {
                    self.end_statement();
                    self.at += 1;
                }
                b'!' | b'&' | b'*' | b'-' | b'=' | b'|' | b'<' | b'.' | b':' | b'+' | b'?' | b'/'
                | b'^' | b'%' | b'>' => {
                    if let Some(reason) = self.link() {
                        return Some(reason);
                    }
                }
                b'e' if self.bytes[self.at..].starts_with(b"else") && !self.after_ident() => {
                    if let Some(reason) = self.link() {
                        return Some(reason);
                    }
                }
                _ => self.at += 1,
            }
        }
        None
    }

    fn link(&mut self) -> Option<String> {
        self.at += 1;
        let chain = self.chains.last_mut()?;
        *chain += 1;
        (*chain > MAX_CHAIN).then(|| format!("chains more than {MAX_CHAIN} operators in one statement"))
    }

    fn end_statement(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain = 0;
        }
    }

    /// Whether what follows a `}` cannot go on with the expression that the block ended.
    fn statement_ended(&self) -> bool {
        let rest = self.bytes[self.at..].trim_ascii_start();
        !rest.starts_with(b"else")
            && rest.first().is_none_or(|byte| byte.is_ascii_alphanumeric() || b"_#}/'\"".contains(byte))
    }

    fn next_is(&self, byte: u8) -> bool {
        self.bytes.get(self.at + 1) == Some(&byte)
    }

    fn after_ident(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        before.is_some_and(|&byte| (byte.is_ascii_alphanumeric() && byte != b'b' && byte != b'c') || byte == b'_')
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            if self.bytes[self.at..].starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if self.bytes[self.at..].starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += 1;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }

    fn raw_hashes(&self) -> Option<usize> {
        let rest = &self.bytes[self.at + 1..];
        let hashes = rest.iter().take_while(|&&byte| byte == b'#').count();
        (rest.get(hashes) == Some(&b'"')).then_some(hashes)
    }

    fn skip_raw_string(&mut self) {
        let hashes = self.raw_hashes().unwrap_or(0);
        self.at += 2 + hashes;
        while let Some(offset) = self.bytes[self.at.min(self.bytes.len())..].iter().position(|&byte| byte == b'"') {
            self.at += offset + 1;
            let closing = self.bytes[self.at..].iter().take(hashes).take_while(|&&byte| byte == b'#');
            if closing.count() == hashes {
                self.at += hashes;
                return;
            }
        }
        self.at = self.bytes.len();
    }

    /// A character literal, or the tick of a lifetime.
    fn skip_char(&mut self) {
        let rest = &self.bytes[self.at + 1..];
        if rest.first() == Some(&b'\\') {
            let close = rest.iter().skip(2).position(|&byte| byte == b'\'');
            self.at += close.map_or(1, |close| close + 4);
        } else {
            let close = rest.iter().take(5).skip(1).position(|&byte| byte == b'\'');
            self.at += match close {
                Some(close) if !lifetime_like(rest, close + 1) => close + 3,
                _ => 1,
            };
        }
    }
}

/// `'a: 'b` is no character literal: more than one character stands between the ticks.
fn lifetime_like(rest: &[u8], close: usize) -> bool {
    std::str::from_utf8(&rest[..close]).map_or(true, |text| text.chars().count() != 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_overflow() {
        assert!(refuse(&"(".repeat(100_000)).is_some());
        assert!(refuse(&format!("fn a() {{ {}x }}", "!".repeat(100_000))).is_some());
        assert!(refuse(&format!("fn a() {{ {}x }}", "a = ".repeat(100_000))).is_some());
        assert!(refuse(&format!("fn a() {{ {}x }}", "|| ".repeat(100_000))).is_some());
        assert!(refuse(&format!("type A = {}x;", "Vec<".repeat(100_000))).is_some());
        assert!(refuse(&format!("fn a() {{ x{} }}", ".a()".repeat(100_000))).is_some());
    }

    #[test]
    fn passes_ordinary_and_odd_text() {
        let text = r####"fn a<'a>() { let b = '{'; let c = '\''; let d = r#"((("#; let e = "\"(("; } // ((("####;
        assert_eq!(refuse(text), None);
        assert_eq!(refuse(&"let a = '(';".repeat(5_000)), None);
        assert_eq!(refuse(&"fn a() -> Option<B> { b }\n".repeat(20_000)), None);
        assert_eq!(refuse("'"), None);
        assert_eq!(refuse("r#\""), None);
        assert_eq!(refuse("\"\\"), None);
    }
}
