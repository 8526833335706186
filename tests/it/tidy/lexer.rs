//! A view of Rust files as tokens, which sees through formatting and into macros, and never takes a
//! comment or a string for code.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path of at least two segments (`crate::flow::Body`), or one leaf of a braced `use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathUse {
    /// Its segments as written; `super` and `self` unresolved.
    pub(crate) segments: Vec<String>,
    /// 1-based line.
    pub(crate) line: usize,
    /// How many inline modules stand around it.
    pub(crate) depth: usize,
}

/// The tokens of a file.
pub(crate) fn tokens(path: &str) -> TokenStream {
    let text = crate::support::read(path);
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All paths of a token stream, in order.
pub(crate) fn paths(stream: TokenStream) -> Vec<PathUse> {
    let mut found = Vec::new();
    walk(stream, 0, &mut found);
    found
}

fn walk(stream: TokenStream, depth: usize, found: &mut Vec<PathUse>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < trees.len() {
        match &trees[at] {
            TokenTree::Ident(_) if !preceded_by_separator(&trees, at) => {
                at = path_at(&trees, at, &[], depth, found);
            }
            TokenTree::Group(group) => {
                let inline_module =
                    group.delimiter() == Delimiter::Brace && is_module_body(&trees, at);
                walk(group.stream(), depth + usize::from(inline_module), found);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Reads one path at `at` and gives the index after it. Braces open several paths with one prefix.
fn path_at(
    trees: &[TokenTree],
    at: usize,
    prefix: &[String],
    depth: usize,
    found: &mut Vec<PathUse>,
) -> usize {
    let mut segments = prefix.to_vec();
    let line = trees[at].span().start().line;
    let mut next = at;
    loop {
        match trees.get(next) {
            Some(TokenTree::Ident(ident)) => segments.push(ident.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                braced(group.stream(), &segments, depth, found);
                return next + 1;
            }
            _ => break,
        }
        next += 1;
        if !is_separator(trees, next) {
            break;
        }
        next += 2;
    }
    if segments.len() > 1 {
        found.push(PathUse { segments, line, depth });
    }
    next.max(at + 1)
}

fn braced(stream: TokenStream, prefix: &[String], depth: usize, found: &mut Vec<PathUse>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < trees.len() {
        let begins = at == 0 || is_punct(&trees[at - 1], ',');
        at = match &trees[at] {
            TokenTree::Ident(_) if begins => path_at(&trees, at, prefix, depth, found),
            _ => at + 1,
        };
    }
}

fn is_punct(tree: &TokenTree, wanted: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_separator(trees: &[TokenTree], at: usize) -> bool {
    matches!(trees.get(at..at + 2), Some([one, two]) if is_punct(one, ':') && is_punct(two, ':'))
}

/// `::x` and `$crate` continue something, or name it from elsewhere. A leading `::` is no continuation.
fn preceded_by_separator(trees: &[TokenTree], at: usize) -> bool {
    if at >= 1 && is_punct(&trees[at - 1], '$') {
        return true;
    }
    let Some(left) = at.checked_sub(3).filter(|_| is_separator(trees, at - 2)) else {
        return false;
    };
    // `<T as U>::x` goes on, and in `-> ::std::x` the path begins.
    let arrow = left >= 1 && is_punct(&trees[left - 1], '-');
    matches!(trees[left], TokenTree::Ident(_)) || is_punct(&trees[left], '>') && !arrow
}

fn is_module_body(trees: &[TokenTree], at: usize) -> bool {
    at >= 2 && matches!(&trees[at - 2], TokenTree::Ident(word) if word == "mod")
}

#[test]
fn paths_are_seen_in_every_form() {
    let code = "use crate::{a::B, flow, x::{Y, z as w}}; mod t { use super::super::c::D; m!(crate::e::f()); }
        fn g() -> ::std::io::Result<()> { let s = \"crate::no::no\"; h.i::<J>(); Self::k() }";
    let found: Vec<String> = paths(code.parse().unwrap())
        .iter()
        .map(|own| format!("{}@{}", own.segments.join("::"), own.depth))
        .collect();
    let wanted = [
        "crate::a::B@0",
        "crate::flow@0",
        "crate::x::Y@0",
        "crate::x::z@0",
        "super::super::c::D@1",
        "crate::e::f@1",
        "std::io::Result@0",
        "Self::k@0",
    ];
    assert_eq!(found, wanted);
}
