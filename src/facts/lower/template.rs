//! What a `macro_rules!` writes, read as the Rust that it would be.
//!
//! Nobody expands macros here, but most transcribers are statements or items with a few holes. The
//! holes are filled with what cannot be resolved: a name that nothing else has, or a call of a macro
//! that nobody knows and that mentions every name which the caller chose. So a birth in a transcriber
//! is judged like any other, and what goes through a hole is not followed.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::Block;
use syn::parse::Parser;

use super::super::tree::STAND_IN;

/// What one arm of a macro writes.
pub(super) struct Template {
    /// The tokens between the delimiters, as written.
    pub(super) tokens: TokenStream,
    /// The same, read as statements; `None` when they are none.
    pub(super) stmts: Option<Vec<syn::Stmt>>,
}

/// The arms of a `macro_rules!`, from the tokens between its delimiters.
pub(super) fn templates(tokens: &TokenStream) -> Vec<Template> {
    let mut tokens = tokens.clone().into_iter();
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        let TokenTree::Group(matcher) = token else { continue };
        let is_arrow = |token: Option<TokenTree>, of: char| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == of);
        if !(is_arrow(tokens.next(), '=') && is_arrow(tokens.next(), '>')) {
            continue;
        }
        let Some(TokenTree::Group(transcriber)) = tokens.next() else { continue };
        let mut holes = Holes::default();
        holes.declare(matcher.stream());
        let tokens = transcriber.stream();
        let filled = holes.fill(tokens.clone(), false, true);
        let stmts = filled.and_then(|filled| Block::parse_within.parse2(filled).ok());
        found.push(Template { tokens, stmts });
    }
    found
}

/// The holes of one arm: each metavariable with its fragment specifier.
#[derive(Default)]
struct Holes {
    fragments: BTreeMap<String, String>,
}

impl Holes {
    /// Finds every `$name:fragment` of a matcher.
    fn declare(&mut self, matcher: TokenStream) {
        let mut tokens = matcher.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.declare(group.stream()),
                TokenTree::Punct(dollar) if dollar.as_char() == '$' => {
                    let Some(TokenTree::Ident(name)) =
                        tokens.next_if(|next| matches!(next, TokenTree::Ident(_)))
                    else {
                        continue;
                    };
                    tokens.next();
                    if let Some(TokenTree::Ident(fragment)) = tokens.next() {
                        self.fragments.insert(name.to_string(), fragment.to_string());
                    }
                }
                _ => {}
            }
        }
    }

    /// The tokens of a transcriber with every hole filled and every repetition written once; `None` when a
    /// hole is bound by a `let` outside of all braces, since what is bound there lives on in the caller.
    fn fill(&self, transcriber: TokenStream, mut binds: bool, stays: bool) -> Option<TokenStream> {
        let mut tokens = transcriber.into_iter().peekable();
        let mut filled = Vec::new();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(dollar) if dollar.as_char() == '$' => match tokens.next()? {
                    TokenTree::Ident(name) if name == "crate" => filled.push(name.into()),
                    TokenTree::Ident(name) => filled.extend(self.hole(&name, binds && stays)?),
                    TokenTree::Group(repeated) => {
                        filled.extend(self.fill(repeated.stream(), binds, stays)?);
                        let is_count = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if "*+?".contains(punct.as_char()));
                        if !is_count(&tokens.next()?) {
                            tokens.next_if(is_count)?;
                        }
                    }
                    _ => return None,
                },
                TokenTree::Group(group) => {
                    let stays = stays && group.delimiter() != Delimiter::Brace;
                    let inside = self.fill(group.stream(), binds, stays)?;
                    filled.push(wrapped(group.delimiter(), inside, group.span()));
                }
                other => {
                    match &other {
                        TokenTree::Ident(word) => binds |= *word == "let",
                        TokenTree::Punct(punct) if "=;".contains(punct.as_char()) => binds = false,
                        _ => {}
                    }
                    filled.push(other);
                }
            }
        }
        Some(filled.into_iter().collect())
    }

    /// What stands for a metavariable; `None` where it cannot be known.
    fn hole(&self, name: &Ident, binds: bool) -> Option<Vec<TokenTree>> {
        let span = name.span();
        let stand_in = || TokenTree::Ident(stand_in(&name.to_string(), span));
        Some(match self.fragments.get(&name.to_string())?.as_str() {
            "ident" | "pat" | "pat_param" | "tt" if binds => return None,
            "ident" | "ty" | "path" | "literal" | "pat" | "pat_param" | "meta" | "tt" => {
                vec![stand_in()]
            }
            "lifetime" => {
                let mut quote = Punct::new('\'', Spacing::Joint);
                quote.set_span(span);
                vec![quote.into(), stand_in()]
            }
            "expr" | "expr_2021" => vec![wrapped(Delimiter::Parenthesis, self.unknown(span), span)],
            "block" | "stmt" => vec![wrapped(Delimiter::Brace, self.unknown(span), span)],
            "vis" | "item" => Vec::new(),
            _ => return None,
        })
    }

    /// A call of a macro that nobody knows, with every name that the caller chose.
    fn unknown(&self, span: Span) -> TokenStream {
        let names = self.fragments.keys().map(|name| TokenTree::Ident(stand_in(name, span)));
        let mut mark = Punct::new('!', Spacing::Alone);
        mark.set_span(span);
        let called = TokenTree::Ident(stand_in("caller", span));
        [called, mark.into(), wrapped(Delimiter::Brace, names.collect(), span)]
            .into_iter()
            .collect()
    }
}

/// A name that stands for a metavariable and that no path of the project resolves.
fn stand_in(name: &str, span: Span) -> Ident {
    Ident::new(&format!("{STAND_IN}{}", name.trim_start_matches("r#")), span)
}

fn wrapped(delimiter: Delimiter, tokens: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(delimiter, tokens);
    group.set_span(span);
    group.into()
}
