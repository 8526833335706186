//! Syntax of old editions that the parser has given up: `async` and `try` as names, trait objects without
//! `dyn`, trait methods with unnamed parameters.
//!
//! Only a file that does not parse comes here. It is read again with the tokens put into today's
//! form; every token that stays keeps its place, so spans are still those of the text.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

/// Parses a text after putting its tokens into today's form.
pub(super) fn parse(text: &str) -> Option<syn::File> {
    let tokens: TokenStream = text.parse().ok()?;
    syn::parse2(modern(tokens, false)).ok()
}

fn modern(tokens: TokenStream, in_trait: bool) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out: Vec<TokenTree> = Vec::with_capacity(tokens.len());
    // Where the next brace opens the body of a trait.
    let mut trait_ahead = false;
    // Where the next parentheses are the parameters of a trait method.
    let mut params_ahead = false;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if ident == "async" || ident == "await" => {
                // `if async {` asks a variable; an async block is no condition.
                let is_asked = matches!(out.last(), Some(TokenTree::Ident(last)) if ["if", "while", "match", "mod", "use", "let"].contains(&last.to_string().as_str()));
                let is_keyword = ident == "async"
                    && !is_asked
                    && tokens.get(index + 1).is_some_and(begins_async);
                let is_postfix = ident == "await"
                    && matches!(out.last(), Some(TokenTree::Punct(dot)) if dot.as_char() == '.');
                out.push(if is_keyword || is_postfix { token.clone() } else { raw(ident) });
            }
            TokenTree::Ident(ident) if ident == "try" => {
                let is_macro = matches!(tokens.get(index + 1), Some(TokenTree::Punct(bang)) if bang.as_char() == '!');
                out.push(if is_macro { token.clone() } else { raw(ident) });
            }
            TokenTree::Ident(ident)
                if ["Fn", "FnMut", "FnOnce"].iter().any(|name| ident == name) =>
            {
                let has_params = matches!(tokens.get(index + 1), Some(TokenTree::Group(params)) if params.delimiter() == Delimiter::Parenthesis);
                if has_params && begins_type(&out) {
                    out.push(TokenTree::Ident(Ident::new("dyn", ident.span())));
                }
                out.push(token.clone());
            }
            TokenTree::Ident(ident) => {
                trait_ahead |= ident == "trait";
                params_ahead |= in_trait && ident == "fn";
                out.push(token.clone());
            }
            TokenTree::Group(group) => {
                let is_body = group.delimiter() == Delimiter::Brace;
                let mut inner = modern(group.stream(), is_body && trait_ahead);
                if params_ahead && group.delimiter() == Delimiter::Parenthesis {
                    inner = named_params(inner);
                    params_ahead = false;
                }
                trait_ahead &= !is_body;
                let mut again = Group::new(group.delimiter(), inner);
                again.set_span(group.span());
                out.push(TokenTree::Group(again));
            }
            TokenTree::Punct(punct) => {
                trait_ahead &= punct.as_char() != ';';
                if punct.as_char() == '+' && begins_bound(tokens.get(index + 1)) {
                    name_trait_object(&mut out);
                }
                out.push(token.clone());
            }
            TokenTree::Literal(_) => out.push(token.clone()),
        }
    }
    out.into_iter().collect()
}

fn begins_async(next: &TokenTree) -> bool {
    match next {
        TokenTree::Ident(ident) => ident == "fn" || ident == "move",
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == '|',
        TokenTree::Literal(_) => false,
    }
}

fn begins_bound(next: Option<&TokenTree>) -> bool {
    match next {
        Some(TokenTree::Ident(ident)) => ident.to_string().starts_with(char::is_uppercase),
        Some(TokenTree::Punct(punct)) => punct.as_char() == '\'',
        _ => false,
    }
}

/// Whether what comes next is a whole type: a type argument, or what a reference points to.
fn begins_type(out: &[TokenTree]) -> bool {
    let punct = |back: usize| match out.len().checked_sub(back).and_then(|at| out.get(at)) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    match out.last() {
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), '<' | ',' | '&'),
        Some(TokenTree::Ident(ident)) if ident == "mut" => true,
        Some(TokenTree::Ident(_)) => punct(2) == Some('\'') && punct(3) == Some('&'),
        _ => false,
    }
}

fn raw(ident: &Ident) -> TokenTree {
    TokenTree::Ident(Ident::new_raw(&ident.to_string(), ident.span()))
}

/// Puts `dyn` before the path at the end of `out` if it begins a type: `<A + B`, `, A + B`, `&A + B`.
fn name_trait_object(out: &mut Vec<TokenTree>) {
    let mut start = out.len();
    let mut depth = 0usize;
    while let Some(at) = start.checked_sub(1) {
        let belongs = match &out[at] {
            TokenTree::Ident(ident) => {
                !matches!(ident.to_string().as_str(), "dyn" | "impl" | "mut" | "where" | "for")
            }
            TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
            TokenTree::Punct(punct) => match punct.as_char() {
                '>' if matches!(out.get(at.wrapping_sub(1)), Some(TokenTree::Punct(dash)) if dash.as_char() == '-') => {
                    true
                }
                '>' => {
                    depth += 1;
                    true
                }
                '<' if depth > 0 => {
                    depth -= 1;
                    true
                }
                ',' => depth > 0,
                ':' => {
                    matches!(out.get(at.wrapping_sub(1)), Some(TokenTree::Punct(colon)) if colon.as_char() == ':')
                        || punct.spacing() == Spacing::Joint
                }
                '-' => true,
                _ => depth > 0,
            },
            TokenTree::Literal(_) => false,
        };
        if !belongs {
            break;
        }
        start = at;
    }
    let begins_type = match start.checked_sub(1).map(|at| &out[at]) {
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), '<' | ',' | '&' | '='),
        Some(TokenTree::Ident(ident)) => ident == "mut",
        _ => false,
    };
    let is_path = matches!(out.get(start), Some(TokenTree::Ident(ident)) if ident.to_string().starts_with(char::is_uppercase));
    if begins_type && is_path {
        let span = out[start].span();
        out.insert(start, TokenTree::Ident(Ident::new("dyn", span)));
    }
}

/// Gives every parameter without a name the name `_`.
fn named_params(params: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut param: Vec<TokenTree> = Vec::new();
    let mut depth = 0usize;
    for token in params {
        let mut ends = false;
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                ',' => ends = depth == 0,
                _ => {}
            }
        }
        param.push(token);
        if ends {
            name_param(&mut out, std::mem::take(&mut param));
        }
    }
    name_param(&mut out, param);
    out.into_iter().collect()
}

fn name_param(out: &mut Vec<TokenTree>, param: Vec<TokenTree>) {
    let mut depth = 0usize;
    let mut named = param.is_empty();
    for (index, token) in param.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if ident == "self" => named = true,
            TokenTree::Punct(punct) => match punct.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                ':' if depth == 0 && punct.spacing() == Spacing::Alone => {
                    let after_colon = index.checked_sub(1).map(|at| &param[at]);
                    named |= !matches!(after_colon, Some(TokenTree::Punct(colon)) if colon.as_char() == ':');
                }
                _ => {}
            },
            _ => {}
        }
    }
    if !named {
        let span = param.first().map_or_else(Span::call_site, TokenTree::span);
        out.push(TokenTree::Ident(Ident::new("_", span)));
        let mut colon = Punct::new(':', Spacing::Alone);
        colon.set_span(span);
        out.push(TokenTree::Punct(colon));
    }
    out.extend(param);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_old_syntax() {
        for text in [
            "pub fn async<T>(await: T, try: bool) { try!(a); if async { b } }",
            "fn a(f: &'a Fn() -> B, g: Option<&'a Fn(&'static str)>, h: Rc<Fn(u8)>) where F: Fn() {}",
            "struct A { a: Box<FnMut() + Send>, b: Option<Arc<Fn(u8) -> u8 + Send + Sync>> }",
            "trait A { fn a(&self, u8, Vec<u8>) -> u8; fn b(&mut self, x: u8); fn c(::std::io::Error); }",
            "fn a() -> Box<Error + 'static> { let b = x < y + z; }",
        ] {
            assert!(parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn keeps_places() {
        let text = "trait A { fn a(u8); } fn late() { x(); }";
        let file = parse(text).map(|file| file.items.len());
        assert_eq!(file, Some(2));
    }
}
