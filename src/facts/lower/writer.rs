//! Writes what a macro makes of a call, token by token, and knows where each came from.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenTree};

use super::super::written::Piece;
use crate::text::TextRange;

/// Tokens that one call may write.
const MAX_TOKENS: usize = 4_000;
/// What a name of the macro's own begins with, where the caller has the same.
const OWN: &str = "__of_the_macro_";

/// Writes tokens, and notes where they came from.
pub(super) struct Writer<'p> {
    rules: &'p Piece,
    args: &'p Piece,
    tokens: Vec<Token>,
}

impl<'p> Writer<'p> {
    pub(super) fn new(rules: &'p Piece, args: &'p Piece) -> Self {
        Self { rules, args, tokens: Vec::new() }
    }

    /// Writes a token of the definition or of the call; `None` when that is too much.
    pub(super) fn token(&mut self, token: &TokenTree, is_own: bool) -> Option<()> {
        let is_joint =
            matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
        self.push(token.to_string(), Some((token.span(), is_own)), is_joint)
    }

    pub(super) fn open(&mut self, group: &Group, is_own: bool) -> Option<()> {
        let (open, _) = delimiters(group.delimiter());
        self.push(open.to_owned(), Some((group.span_open(), is_own)), false)
    }

    pub(super) fn close(&mut self, group: &Group, is_own: bool) -> Option<()> {
        let (_, close) = delimiters(group.delimiter());
        self.push(close.to_owned(), Some((group.span_close(), is_own)), false)
    }

    /// Writes what stands nowhere.
    pub(super) fn plain(&mut self, text: &str) -> Option<()> {
        self.push(text.to_owned(), None, false)
    }

    fn push(&mut self, text: String, from: Option<(Span, bool)>, is_joint: bool) -> Option<()> {
        let was = from.map(|(span, is_own)| {
            let piece = if is_own { self.rules } else { self.args };
            piece.place(span.byte_range())
        });
        let is_own = from.is_some_and(|(_, is_own)| is_own);
        self.tokens.push(Token { text, was, is_own, is_joint });
        (self.tokens.len() <= MAX_TOKENS).then_some(())
    }

    /// Where its tokens are, in what is written from `base` on, and where they came from.
    pub(super) fn places(&self, base: u32) -> Vec<(TextRange, TextRange)> {
        let mut at = base;
        let mut places = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            let end = at + number(token.text.len());
            places.extend(token.was.map(|was| (TextRange::new(at, end), was)));
            at = end + u32::from(!token.is_joint);
        }
        places
    }

    /// What is written.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for token in &self.tokens {
            text.push_str(&token.text);
            if !token.is_joint {
                text.push(' ');
            }
        }
        text
    }

    /// Names that the call spells as well, or that stay when what is written is over, out of those that the
    /// macro binds itself at the `places` given.
    pub(super) fn shared(&self, places: &[u32]) -> BTreeSet<String> {
        let (mut at, mut depth) = (0, 0_usize);
        let mut own = Vec::new();
        // `mut` and `ref` stand before the name.
        let mut binds = false;
        for token in &self.tokens {
            match &*token.text {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            binds |= places.contains(&at);
            if binds && !matches!(&*token.text, "mut" | "ref") {
                binds = false;
                if token.is_own {
                    own.push((&token.text, depth == 0));
                }
            }
            at += number(token.text.len()) + u32::from(!token.is_joint);
        }
        let is_given = |name: &str| self.tokens.iter().any(|it| !it.is_own && it.text == name);
        let is_variable = |name: &str| name.starts_with(|it: char| it.is_lowercase() || it == '_');
        let shared =
            own.into_iter().filter(|(name, stays)| is_variable(name) && (*stays || is_given(name)));
        shared.map(|(name, _)| name.clone()).collect()
    }

    /// Gives names that the macro binds itself others that nobody has; `None` where it is not known what is a name
    /// and what is a field.
    pub(super) fn rename(&mut self, names: &BTreeSet<String>) -> Option<()> {
        let texts: Vec<String> = self.tokens.iter().map(|it| it.text.clone()).collect();
        let text = |at: usize| texts.get(at).map_or("", |it| &**it);
        let before = |at: usize, back: usize| at.checked_sub(back).map_or("", text);
        let mut open: Vec<usize> = Vec::new();
        for at in 0..texts.len() {
            match text(at) {
                "{" | "(" | "[" => open.push(at),
                "}" | ")" | "]" => drop(open.pop()),
                _ => {}
            }
            if !self.tokens[at].is_own || !names.contains(text(at)) {
                continue;
            }
            let is_part = before(at, 1) == "." && before(at, 2) != ".";
            let is_path = before(at, 1) == ":" && before(at, 2) == ":";
            let is_macro = text(at + 1) == "!" && text(at + 2) != "=";
            let leads = text(at + 1) == ":" && text(at + 2) == ":";
            let in_braces = open.last().is_some_and(|&it| text(it) == "{");
            let begins = in_braces && matches!(before(at, 1), "{" | ",");
            let is_field = begins && text(at + 1) == ":";
            let of_type = open.last().is_some_and(|&it| {
                before(it, 1) == ">" || before(it, 1).starts_with(char::is_uppercase)
            });
            if begins && of_type && matches!(text(at + 1), "," | "}") {
                return None;
            }
            if !(is_part || is_path || is_macro || leads || is_field) {
                self.tokens[at].text = format!("{OWN}{}", text(at).trim_start_matches("r#"));
            }
        }
        Some(())
    }
}

/// A token that a macro writes.
#[derive(Clone, Debug)]
struct Token {
    text: String,
    was: Option<TextRange>,
    /// Whether the definition has it, and not the call.
    is_own: bool,
    is_joint: bool,
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn delimiters(of: Delimiter) -> (&'static str, &'static str) {
    match of {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}
