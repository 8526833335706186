//! Macro calls: they are expanded only where a program is run, so their arguments are read as far as they are ordinary
//! Rust, and the rest is kept as the identifiers it mentions and the paths it spells.

use std::sync::Arc;

use proc_macro2::extra::DelimSpan;
use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Block, Expr, Macro, MacroDelimiter, Pat, Token};

use super::super::Sighting;
use super::super::tree::{BinaryOp, ExprId, ExprKind, MacroArgs, MacroCall, Name, Path, Segment};
use super::body::BodyLowering;
use super::spans::piece;
use super::{Lowering, byte_range, delimited};
use crate::text::TextRange;

/// Macros that build code instead of running it: what they spell is no call.
const QUOTING: &[&str] =
    &["quote", "quote_spanned", "parse_quote", "parse_quote_spanned", "stringify", "concat"];

/// Macros whose first argument is an expression and whose second is a pattern.
const MATCHING: &[&str] = &["matches", "assert_matches", "debug_assert_matches", "assert_let"];

/// Macros of std that hardly anybody declares anew.
const KNOWN: &[&str] = &[
    "vec",
    "println",
    "print",
    "eprintln",
    "eprint",
    "format",
    "write",
    "writeln",
    "panic",
    "unreachable",
    "todo",
    "unimplemented",
    "assert",
    "assert_eq",
    "assert_ne",
    "matches",
];

impl BodyLowering<'_, '_> {
    pub(super) fn macro_call(&mut self, mac: &Macro) -> ExprId {
        let path = self.lowering.path(&mac.path);
        let inside = delimiter_range(mac);
        let range = path.range.cover(inside);
        let mentions = self.mentions(&mac.tokens);
        let args = if QUOTING.contains(&path.last()) {
            // Functions in it are empty where nothing in them can matter, and so not mentioned.
            self.lowering.note_probed(inside);
            MacroArgs::Exprs(Vec::new(), false)
        } else {
            self.macro_args(mac, path.last(), inside)
        };
        if matches!(args, MacroArgs::Tokens) && self.lowering.matters(inside) {
            self.lowering.sight_paths(&mac.tokens, false);
        }
        let is_known = path.as_name().is_some_and(|name| KNOWN.contains(&&**name));
        let tokens = (!is_known).then(|| Arc::new(piece(delim_span(mac))));
        self.add(range, ExprKind::Macro(Box::new(MacroCall { path, args, mentions, tokens })))
    }

    fn macro_args(&mut self, mac: &Macro, name: &str, inside: TextRange) -> MacroArgs {
        if name == "matches"
            && let Ok((value, pat, guard)) = matched.parse2(mac.tokens.clone())
        {
            let (value, pat) = (self.expr(&value), self.pat(&pat));
            let test = self.add(inside, ExprKind::Let(pat, value));
            let guard = guard.map(|guard| self.expr(&guard));
            return MacroArgs::Test(guard.map_or(test, |right| {
                self.add(inside, ExprKind::Binary { op: BinaryOp::And, left: test, right })
            }));
        }
        if MATCHING.contains(&name) {
            let first = |input: ParseStream<'_>| {
                let first = input.parse::<Expr>()?;
                input.parse::<TokenStream>()?;
                Ok(first)
            };
            if let Ok(first) = first.parse2(mac.tokens.clone()) {
                self.lowering.note_probed(inside);
                return MacroArgs::Exprs(vec![self.expr(&first)], false);
            }
        }
        if let Ok((exprs, repeats)) = arguments.parse2(mac.tokens.clone()) {
            let exprs = exprs.iter().map(|expr| self.expr(expr)).collect();
            return MacroArgs::Exprs(exprs, repeats);
        }
        match Block::parse_within.parse2(mac.tokens.clone()) {
            Ok(stmts) => MacroArgs::Block(self.stmts(inside, &stmts)),
            Err(_) => MacroArgs::Tokens,
        }
    }

    pub(super) fn mentions(&mut self, tokens: &TokenStream) -> Vec<Name> {
        let mut names = Vec::new();
        self.lowering.collect_mentions(tokens, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Lowering<'_> {
    /// Notes every name among the tokens of a macro that is no part of a body.
    pub(super) fn name_all(&mut self, tokens: &TokenStream) {
        let mut names = Vec::new();
        self.collect_mentions(tokens, &mut names);
        self.facts.macro_names.extend(names);
    }

    fn collect_mentions(&mut self, tokens: &TokenStream, names: &mut Vec<Name>) {
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(ident) => names.push(self.ident(&ident)),
                TokenTree::Group(group) => self.collect_mentions(&group.stream(), names),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Records every path with at least two segments, or one that is called, that lies on a needle.
    pub(super) fn sight_paths(&mut self, tokens: &TokenStream, in_definition: bool) {
        let mut tokens = tokens.clone().into_iter().peekable();
        let mut segments: Vec<Segment> = Vec::new();
        let mut range: Option<TextRange> = None;
        let mut colons = 0;
        let mut after_dot = false;
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Ident(ident) => {
                    if colons < 2 {
                        segments.clear();
                        range = None;
                    }
                    colons = 0;
                    let here = byte_range(ident.span());
                    range = Some(range.map_or(here, |range| range.cover(here)));
                    segments.push(Segment { name: self.ident(ident), args: Vec::new() });
                    let continues = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
                    if continues {
                        continue;
                    }
                    let called = matches!(tokens.peek(), Some(TokenTree::Group(_)));
                    let range = range.take().unwrap_or(here);
                    let quoting = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
                    if quoting && QUOTING.contains(&segments.last().map_or("", |last| &*last.name))
                    {
                        tokens.next();
                        tokens.next();
                    } else if !after_dot && (called || segments.len() > 1) && self.matters(range) {
                        let path =
                            Path { global: false, segments: std::mem::take(&mut segments), range };
                        self.sight(Sighting { path, in_definition });
                    }
                    segments.clear();
                    after_dot = false;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(punct) => {
                    after_dot = punct.as_char() == '.';
                    colons = 0;
                    segments.clear();
                }
                TokenTree::Group(group) => {
                    after_dot = false;
                    colons = 0;
                    segments.clear();
                    self.sight_paths(&group.stream(), in_definition);
                }
                TokenTree::Literal(_) => {
                    after_dot = false;
                    colons = 0;
                    segments.clear();
                }
            }
        }
    }
}

/// The arguments of `matches!`: a value, a pattern, and perhaps a guard.
fn matched(input: ParseStream<'_>) -> syn::Result<(Expr, Pat, Option<Expr>)> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pat = Pat::parse_multi_with_leading_vert(input)?;
    let guard = match input.parse::<Option<Token![if]>>()? {
        Some(_) => Some(input.parse()?),
        None => None,
    };
    input.parse::<Option<Token![,]>>()?;
    Ok((value, pat, guard))
}

/// Expressions separated by commas or semicolons; `true` when it is `value; length`.
fn arguments(input: ParseStream<'_>) -> syn::Result<(Vec<Expr>, bool)> {
    let mut exprs = Vec::new();
    let mut semicolons = 0;
    while !input.is_empty() {
        exprs.push(input.parse::<Expr>()?);
        if input.is_empty() {
            break;
        }
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            semicolons += 1;
        } else {
            input.parse::<Token![,]>()?;
        }
    }
    if semicolons > 1 || (semicolons == 1 && exprs.len() != 2) {
        return Err(input.error("statements, not arguments"));
    }
    Ok((exprs, semicolons == 1))
}

pub(super) fn delimiter_range(mac: &Macro) -> TextRange {
    delimited(delim_span(mac))
}

pub(super) fn delim_span(mac: &Macro) -> &DelimSpan {
    match &mac.delimiter {
        MacroDelimiter::Paren(paren) => &paren.span,
        MacroDelimiter::Brace(brace) => &brace.span,
        MacroDelimiter::Bracket(bracket) => &bracket.span,
    }
}

pub(super) fn tokens_range(tokens: &TokenStream) -> TextRange {
    let ranges = tokens.clone().into_iter().map(|token| byte_range(token.span()));
    ranges.reduce(TextRange::cover).unwrap_or_default()
}
