//! A cheap look at a text before the parser sees it, because the parser recurses without a bound
//! and a stack overflow cannot be caught.
//!
//! It bounds what makes a recursive-descent parser deep: open delimiters, and links of one
//! statement that nest to the right or pile up to the left (`!!!!x`, `a = b = c`, `|| || x`,
//! `Vec<Vec<…`, `x.a().b()`, `else if`).

use super::lexical::{Kind, Lexer};

/// Open delimiters at one point.
const MAX_DEPTH: usize = 1_500;
/// Links of one statement.
const MAX_CHAIN: usize = 12_000;

/// Why a text must not be parsed, or `None` when it may.
pub fn refuse(text: &str) -> Option<String> {
    // For each open delimiter, how many links its current statement has.
    let mut chains: Vec<usize> = vec![0];
    // Whether a block has just ended, so that the next piece tells whether its statement has.
    let mut after_block = false;
    for piece in Lexer::new(text) {
        let word = &text[piece.start..piece.end];
        let goes_on = match piece.kind {
            Kind::LineComment | Kind::BlockComment => continue,
            Kind::Punct(byte) => !matches!(byte, b'#' | b'}'),
            Kind::Word => word == "else",
            Kind::Literal => false,
        };
        let chain = chains.last_mut()?;
        if std::mem::take(&mut after_block) && !goes_on {
            *chain = 0;
        }
        match piece.kind {
            Kind::Punct(b'(' | b'[' | b'{') => {
                if chains.len() > MAX_DEPTH {
                    return Some(format!("it nests more than {MAX_DEPTH} delimiters deep"));
                }
                chains.push(0);
            }
            Kind::Punct(close @ (b')' | b']' | b'}')) => {
                if chains.len() > 1 {
                    chains.pop();
                }
                after_block = close == b'}';
            }
            Kind::Punct(b';' | b',') => *chain = 0,
            Kind::Word if word != "else" => {}
            Kind::Word | Kind::Punct(_) => {
                *chain += 1;
                if *chain > MAX_CHAIN {
                    return Some(format!(
                        "it chains more than {MAX_CHAIN} operators in one statement"
                    ));
                }
            }
            Kind::Literal | Kind::LineComment | Kind::BlockComment => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_overflow() {
        assert!(refuse(&"(".repeat(100_000)).is_some());
        for link in ["!", "& ", "a = ", "|| ", "a.b().", "if a {} else "] {
            assert!(refuse(&format!("fn a() {{ {}x }}", link.repeat(100_000))).is_some(), "{link}");
        }
        assert!(refuse(&format!("type A = {}x;", "Vec<".repeat(100_000))).is_some());
        assert!(refuse(&format!("use {}a;", "a::".repeat(100_000))).is_some());
    }

    #[test]
    fn passes_ordinary_and_odd_text() {
        let text = r####"fn a<'a>() { let b = '{'; let c = '\''; let d = r#"((("#; let e = "\"(("; } // ((("####;
        assert_eq!(refuse(text), None);
        assert_eq!(refuse(&"let a = '(';".repeat(5_000)), None);
        assert_eq!(refuse(&"fn a() -> Option<B> { b }\n".repeat(20_000)), None);
        for odd in ["'", "r#\"", "\"\\", "}}}", ""] {
            assert_eq!(refuse(odd), None, "{odd}");
        }
    }
}
