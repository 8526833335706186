//! A `macro_rules!` at work: which arm a call matches, and what that writes.
//!
//! As the language reference says, arms are tried in order, a fragment is whatever its parser takes, and a
//! repetition takes as many rounds as it can. What cannot be told is not written at all.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser, Result};

use super::writer::Writer;

/// Tokens that a call may give, as each fragment is looked for in all that are left.
const MAX_GIVEN: usize = 1_000;
/// How deep repetitions and groups of a matcher may lie in each other.
const MAX_DEPTH: usize = 16;

/// Writes what a macro makes of its arguments; `None` where no arm takes them, or where that is not known.
pub(super) fn write(rules: TokenStream, args: TokenStream, out: &mut Writer<'_>) -> Option<()> {
    let args: Vec<TokenTree> = args.into_iter().collect();
    if args.len() > MAX_GIVEN {
        return None;
    }
    let mut tokens = rules.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let TokenTree::Group(matcher) = token else { return None };
        for of in ['=', '>'] {
            tokens.next_if(|it| is_punct(it, of))?;
        }
        let Some(TokenTree::Group(transcriber)) = tokens.next() else { return None };
        tokens.next_if(|it| is_punct(it, ';'));
        let matcher = matcher_of(matcher.stream(), 0)?;
        let mut bound = Bindings::new();
        if whole(&matcher, &args, &mut bound) {
            let tokens: Vec<TokenTree> = transcriber.stream().into_iter().collect();
            return transcribe(&tokens, &bound, out);
        }
    }
    None
}

/// A part of a matcher.
enum Part {
    Token(TokenTree),
    Group(Delimiter, Vec<Part>),
    Variable(String, String),
    /// A repetition: what is repeated, between what, and at least and at most how often.
    Repeat {
        parts: Vec<Part>,
        between: Option<TokenTree>,
        least: usize,
        most: usize,
    },
}

/// What metavariables stand for.
type Bindings = BTreeMap<String, Bound>;

#[derive(Clone)]
enum Bound {
    /// A fragment, and whether it is one expression whatever stands around it.
    One(Vec<TokenTree>, bool),
    Many(Vec<Bound>),
}

fn is_punct(token: &TokenTree, of: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == of)
}

fn matcher_of(tokens: TokenStream, depth: usize) -> Option<Vec<Part>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut tokens = tokens.into_iter().peekable();
    let mut parts = Vec::new();
    while let Some(token) = tokens.next() {
        parts.push(match token {
            TokenTree::Group(group) => {
                Part::Group(group.delimiter(), matcher_of(group.stream(), depth + 1)?)
            }
            token if is_punct(&token, '$') => match tokens.next()? {
                TokenTree::Ident(name) => {
                    tokens.next_if(|it| is_punct(it, ':'))?;
                    let Some(TokenTree::Ident(fragment)) = tokens.next() else { return None };
                    Part::Variable(name.to_string(), fragment.to_string())
                }
                TokenTree::Group(group) => {
                    let parts = matcher_of(group.stream(), depth + 1)?;
                    let (between, least, most) = repetition(&mut tokens)?;
                    Part::Repeat { parts, between, least, most }
                }
                _ => return None,
            },
            token => Part::Token(token),
        });
    }
    Some(parts)
}

/// What stands behind `$(…)`: a separator, and how often that is.
fn repetition(
    tokens: &mut std::iter::Peekable<impl Iterator<Item = TokenTree>>,
) -> Option<(Option<TokenTree>, usize, usize)> {
    let often = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => match punct.as_char() {
            '*' => Some((0, usize::MAX)),
            '+' => Some((1, usize::MAX)),
            '?' => Some((0, 1)),
            _ => None,
        },
        _ => None,
    };
    let first = tokens.next()?;
    if let Some((least, most)) = often(&first) {
        // `$(…)+*` is a separator, and a rare one.
        let is_separator = tokens.peek().and_then(often).is_some() && most > 1;
        if !is_separator {
            return Some((None, least, most));
        }
    }
    if matches!(&first, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint)
        && tokens.peek().and_then(often).is_none()
    {
        return None;
    }
    let (least, most) = often(&tokens.next()?)?;
    Some((Some(first), least, most))
}

/// Whether a matcher takes all of some tokens.
fn whole(parts: &[Part], tokens: &[TokenTree], bound: &mut Bindings) -> bool {
    let mut found = bound.clone();
    let taken = prefix(parts, tokens, &mut found, true);
    if taken.is_some() {
        *bound = found;
    }
    taken.is_some()
}

/// How many tokens a matcher takes, which have to be all if it `is_whole`.
fn prefix(
    parts: &[Part],
    tokens: &[TokenTree],
    bound: &mut Bindings,
    is_whole: bool,
) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else {
        return (!is_whole || tokens.is_empty()).then_some(0);
    };
    let taken = match part {
        Part::Token(wanted) => {
            let first = tokens.first()?;
            let is_it = match (wanted, first) {
                (TokenTree::Punct(wanted), TokenTree::Punct(it)) => {
                    wanted.as_char() == it.as_char()
                }
                (TokenTree::Ident(wanted), TokenTree::Ident(it)) => wanted == it,
                (TokenTree::Literal(wanted), TokenTree::Literal(it)) => {
                    wanted.to_string() == it.to_string()
                }
                _ => false,
            };
            is_it.then_some(1)?
        }
        Part::Group(delimiter, parts) => {
            let Some(TokenTree::Group(group)) = tokens.first() else { return None };
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            let is_it = group.delimiter() == *delimiter && whole(parts, &inside, bound);
            is_it.then_some(1)?
        }
        Part::Variable(name, fragment) => {
            let taken = fragment_len(fragment, tokens)?;
            let is_one = matches!(&**fragment, "expr" | "expr_2021");
            bound.insert(name.clone(), Bound::One(tokens[..taken].to_vec(), is_one));
            taken
        }
        Part::Repeat { parts, between, least, most } => {
            return repeated(
                (parts, between.as_ref(), *least, *most),
                rest,
                tokens,
                bound,
                is_whole,
            );
        }
    };
    Some(taken + prefix(rest, &tokens[taken..], bound, is_whole)?)
}

/// The same for a repetition and what follows it: the most rounds after which that fits.
fn repeated(
    (parts, between, least, most): (&[Part], Option<&TokenTree>, usize, usize),
    rest: &[Part],
    tokens: &[TokenTree],
    bound: &mut Bindings,
    is_whole: bool,
) -> Option<usize> {
    let mut rounds: Vec<Bindings> = Vec::new();
    let mut ends = vec![0];
    while rounds.len() < most {
        let mut at = ends[rounds.len()];
        if let (Some(between), false) = (between, rounds.is_empty()) {
            match prefix(&[Part::Token(between.clone())], &tokens[at..], bound, false) {
                Some(taken) => at += taken,
                None => break,
            }
        }
        let mut round = Bindings::new();
        // What follows may have to fit as well, where a round could take too much.
        let Some(taken) = prefix(parts, &tokens[at..], &mut round, false) else { break };
        if taken == 0 {
            break;
        }
        rounds.push(round);
        ends.push(at + taken);
    }
    let mut names = Vec::new();
    names_of(parts, &mut names);
    for count in (least..ends.len()).rev() {
        let mut found = bound.clone();
        for name in &names {
            let all = rounds[..count].iter().filter_map(|round| round.get(name).cloned());
            found.insert(name.clone(), Bound::Many(all.collect()));
        }
        if let Some(taken) = prefix(rest, &tokens[ends[count]..], &mut found, is_whole) {
            *bound = found;
            return Some(ends[count] + taken);
        }
    }
    None
}

fn names_of(parts: &[Part], names: &mut Vec<String>) {
    for part in parts {
        match part {
            Part::Token(_) => {}
            Part::Variable(name, _) => names.push(name.clone()),
            Part::Group(_, parts) | Part::Repeat { parts, .. } => names_of(parts, names),
        }
    }
}

/// How many tokens a fragment takes from the front.
fn fragment_len(fragment: &str, tokens: &[TokenTree]) -> Option<usize> {
    fn parsed<T>(
        tokens: &[TokenTree],
        parse: impl FnOnce(ParseStream<'_>) -> Result<T>,
    ) -> Option<usize> {
        let left = |input: ParseStream<'_>| {
            parse(input)?;
            Ok(input.parse::<TokenStream>()?.into_iter().count())
        };
        let all: TokenStream = tokens.iter().cloned().collect();
        let left = left.parse2(all).ok()?;
        tokens.len().checked_sub(left)
    }
    let first = tokens.first();
    match fragment {
        "tt" => {
            let is_lifetime = first.is_some_and(|it| is_punct(it, '\''));
            let joint = tokens.windows(2).take_while(|pair| match pair {
                [TokenTree::Punct(one), TokenTree::Punct(_)] => one.spacing() == Spacing::Joint,
                _ => false,
            });
            match first? {
                TokenTree::Punct(_) if is_lifetime => Some(2),
                // `=>`, `::` and the like are one token each.
                TokenTree::Punct(_) => Some(1 + joint.count().min(2)),
                _ => Some(1),
            }
        }
        "ident" => matches!(first?, TokenTree::Ident(name) if *name != "_").then_some(1),
        "lifetime" => parsed(tokens, syn::Lifetime::parse),
        "literal" => parsed(tokens, |input| {
            input.parse::<Option<syn::Token![-]>>()?;
            input.parse::<syn::Lit>()
        }),
        "vis" => parsed(tokens, syn::Visibility::parse),
        "block" => parsed(tokens, syn::Block::parse),
        "expr" | "expr_2021" => {
            // What begins like a statement alone is an expression all the same.
            first?;
            parsed(tokens, syn::Expr::parse)
        }
        "ty" => parsed(tokens, syn::Type::parse),
        "path" => parsed(tokens, syn::Path::parse),
        "pat" => parsed(tokens, syn::Pat::parse_multi_with_leading_vert),
        "pat_param" => parsed(tokens, syn::Pat::parse_single),
        "meta" => parsed(tokens, syn::Meta::parse),
        "item" => parsed(tokens, syn::Item::parse),
        // One without its semicolon.
        "stmt" => {
            let ends = |it: &TokenTree| is_punct(it, ';');
            let is_let = matches!(first?, TokenTree::Ident(word) if *word == "let");
            match is_let {
                true => Some(tokens.iter().position(ends).unwrap_or(tokens.len())),
                false => parsed(tokens, syn::Expr::parse),
            }
        }
        _ => None,
    }
}

fn transcribe(tokens: &[TokenTree], bound: &Bindings, out: &mut Writer<'_>) -> Option<()> {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if !is_punct(token, '$') {
            match token {
                TokenTree::Group(group) => {
                    out.open(group, true)?;
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    transcribe(&inside, bound, out)?;
                    out.close(group, true)?;
                }
                token => out.token(token, true)?,
            }
            continue;
        }
        let next = tokens.get(at)?;
        at += 1;
        match next {
            TokenTree::Ident(name) if name == "crate" => out.token(next, true)?,
            TokenTree::Ident(name) => fragment(bound.get(&name.to_string())?, out)?,
            TokenTree::Group(group) => {
                let mut behind = tokens[at..].iter().cloned().peekable();
                let before = behind.len();
                let (between, ..) = repetition(&mut behind)?;
                at += before - behind.len();
                rounds(group, between.as_ref(), bound, out)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn rounds(
    group: &Group,
    between: Option<&TokenTree>,
    bound: &Bindings,
    out: &mut Writer<'_>,
) -> Option<()> {
    let mut used = Vec::new();
    variables(group.stream(), &mut used);
    let repeated: Vec<(&str, &Vec<Bound>)> = used
        .iter()
        .filter_map(|name| match bound.get(name)? {
            Bound::Many(all) => Some((&**name, all)),
            Bound::One(..) => None,
        })
        .collect();
    let count = repeated.iter().map(|(_, all)| all.len()).max()?;
    if repeated.iter().any(|(_, all)| all.len() != count) {
        return None;
    }
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    for index in 0..count {
        if let (Some(between), true) = (between, index > 0) {
            out.token(between, true)?;
        }
        let mut round = bound.clone();
        for (name, all) in &repeated {
            round.insert((*name).to_owned(), all[index].clone());
        }
        transcribe(&tokens, &round, out)?;
    }
    Some(())
}

/// The metavariables that tokens of a transcriber name.
fn variables(tokens: TokenStream, names: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => variables(group.stream(), names),
            token if is_punct(&token, '$') => {
                if let Some(TokenTree::Ident(name)) =
                    tokens.next_if(|it| matches!(it, TokenTree::Ident(_)))
                {
                    names.push(name.to_string());
                }
            }
            _ => {}
        }
    }
}

/// Writes what a metavariable stands for.
fn fragment(bound: &Bound, out: &mut Writer<'_>) -> Option<()> {
    let Bound::One(tokens, is_one) = bound else { return None };
    let wraps = *is_one && tokens.len() > 1;
    if wraps {
        out.plain("(")?;
    }
    given(tokens, out)?;
    if wraps {
        out.plain(")")?;
    }
    Some(())
}

fn given(tokens: &[TokenTree], out: &mut Writer<'_>) -> Option<()> {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                out.open(group, false)?;
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                given(&inside, out)?;
                out.close(group, false)?;
            }
            token => out.token(token, false)?,
        }
    }
    Some(())
}
