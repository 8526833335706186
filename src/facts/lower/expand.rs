//! Expands a call of a `macro_rules!`.

use proc_macro2::TokenStream;
use syn::Block;
use syn::parse::Parser;

use super::super::condense::Condensed;
use super::super::tree::{Body, PatKind};
use super::super::written::{NOWHERE, Piece, Written};
use super::writer::Writer;
use super::{Lowering, rules, spans};
use crate::facts::guard;
use crate::text::TextRange;

/// What a macro makes of the tokens that it is given, at places from `base` on.
///
/// `None` where no arm takes them, where what is written is no statements, and where it declares items.
/// Hygiene is that of the language for variables: what the macro binds itself is no variable of the caller.
///
/// Spans that the current thread holds are no longer valid after this.
pub fn expand(rules: &Piece, args: &Piece, base: u32) -> Option<Written> {
    proc_macro2::extra::invalidate_current_thread_spans();
    let written = expanded(rules, args, base.max(NOWHERE));
    proc_macro2::extra::invalidate_current_thread_spans();
    written
}

fn expanded(rules: &Piece, args: &Piece, base: u32) -> Option<Written> {
    let tokens = |piece: &Piece| piece.text.parse::<TokenStream>().ok();
    let mut writer = Writer::new(rules, args);
    rules::write(tokens(rules)?, tokens(args)?, &mut writer)?;
    let body = lowered(writer.text(), base)?;
    let bound: Vec<u32> = body
        .pats
        .iter()
        .filter(|pat| matches!(pat.kind, PatKind::Bind { .. }))
        .map(|pat| pat.range.start.saturating_sub(base))
        .collect();
    let shared = writer.shared(&bound);
    if shared.is_empty() {
        return Some(Written::new(body, writer.places(base)));
    }
    writer.rename(&shared)?;
    Some(Written::new(lowered(writer.text(), base)?, writer.places(base)))
}

/// A text that stands nowhere as a body.
fn lowered(text: String, base: u32) -> Option<Body> {
    if guard::refuse(&text).is_some() {
        return None;
    }
    let code = Condensed::written(text, base);
    spans::enter(&code);
    let stmts = Block::parse_within.parse_str(&code.text).ok()?;
    let range = TextRange::new(base, base + u32::try_from(code.text.len()).ok()?);
    let mut lowering = Lowering::new(&[]);
    let body = lowering.statements_body(range, &stmts);
    lowering.facts.items.is_empty().then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::tree::ExprKind;

    fn piece(text: &str) -> Piece {
        Piece { text: text.into(), stretches: vec![(0, 0)] }
    }

    /// What a macro writes, without white space.
    fn writes(rules: &str, args: &str) -> Option<String> {
        let (rules, args) = (piece(rules), piece(args));
        let mut writer = Writer::new(&rules, &args);
        let tokens = |it: &Piece| it.text.parse().unwrap_or_default();
        rules::write(tokens(&rules), tokens(&args), &mut writer)?;
        Some(writer.text().replace(' ', ""))
    }

    #[test]
    fn arms_are_tried_in_order() {
        let cases = [
            ("($a:ident) => { $a.b() };", "c", Some("c.b()")),
            ("() => { 0 }; ($a:expr) => { $a * 2 }", "1 + 2", Some("(1+2)*2")),
            ("($a:expr) => { $a * 2 }", "f(x)?", Some("(f(x)?)*2")),
            ("($a:literal, $($b:tt)*) => { $a; $($b)* }", "-1, 'a => b, c", Some("-1;'a=>b,c")),
            ("($($a:ident),+ $(,)?) => { $($a.join();)+ }", "b, c,", Some("b.join();c.join();")),
            ("($($a:ident),+ $(,)?) => { $($a.join();)+ }", "", None),
            ("($a:ident $(, $b:ident)*) => { $a; $($b;)* }", "c", Some("c;")),
            (
                "($($a:ident => $b:expr),* ; $c:ty) => { $(let $a: $c = $b;)* }",
                "d => 1, e => 2 + 3; u8",
                Some("letd:u8=1;lete:u8=(2+3);"),
            ),
            (
                "($($a:ident: [$($b:expr),*]);*) => { $($($a($b);)*)* }",
                "f: [1, 2]; g: []; h: [3]",
                Some("f(1);f(2);h(3);"),
            ),
            (
                "($c:ident; $($a:ident),*) => { $($c.push($a);)* }",
                "v; a, b",
                Some("v.push(a);v.push(b);"),
            ),
            ("(@go $a:ident) => { $a }; ($($a:tt)*) => { m!(@go $($a)*) }", "b", Some("m!(@gob)")),
            (
                "(if $a:expr => $b:block) => { if $a $b }",
                "if x == 1 => { y() }",
                Some("if(x==1){y()}"),
            ),
            (
                "($a:pat => $b:expr) => { matches!($b, $a) }",
                "Some(1) | None => c",
                Some("matches!(c,Some(1)|None)"),
            ),
            ("($($a:expr);+) => { [$($a),+] }", "1; 2", Some("[1,2]")),
            ("($v:vis $a:ident) => { $v $a }", "b", Some("b")),
            ("($a:lifetime) => { break $a }", "'b", Some("break'b")),
            ("($a:path) => { $a() }", "b::c::<D>", Some("b::c::<D>()")),
            ("($a:ty) => { <$a>::new() }", "Vec<Vec<u8>>", Some("<Vec<Vec<u8>>>::new()")),
            // More than one count, and what is not known.
            ("($($a:ident),*; $($b:ident),*) => { $($a($b);)* }", "c, d; e", None),
            ("($a:thing) => { $a }", "b", None),
            ("($a:ident) => { $b }", "b", None),
        ];
        for (rules, args, wanted) in cases {
            assert_eq!(writes(rules, args).as_deref(), wanted, "{rules} of {args}");
        }
    }

    /// The plain names that a macro's statements bind and mention.
    fn names(rules: &str, args: &str) -> Option<Vec<String>> {
        let written = expand(&piece(rules), &piece(args), NOWHERE)?;
        let mut names = Vec::new();
        for pat in &written.body.pats {
            if let PatKind::Bind { name, .. } = &pat.kind {
                names.push(format!("let {name}"));
            }
        }
        for expr in &written.body.exprs {
            if let ExprKind::Path(None, path) = &expr.kind {
                names.extend(path.as_name().map(ToString::to_string));
            }
        }
        Some(names)
    }

    #[test]
    fn what_a_macro_binds_is_its_own() {
        // It would stay for the statements that follow.
        assert_eq!(
            names("($b:expr) => { let a = $b; a.c() }", "b"),
            Some(vec!["let __of_the_macro_a".into(), "b".into(), "__of_the_macro_a".into()])
        );
        // Nobody can tell the two apart inside of braces, so nothing needs another name.
        assert_eq!(
            names("($b:expr) => {{ let mut a = $b; a }}", "b"),
            Some(vec!["let a".into(), "b".into(), "a".into()])
        );
        assert_eq!(
            names("($b:expr) => {{ let mut a = $b; a.a }}", "a"),
            Some(vec!["let __of_the_macro_a".into(), "a".into(), "__of_the_macro_a".into()])
        );
        // The caller's own name.
        assert_eq!(names("($a:ident) => { let $a = 1; }", "a"), Some(vec!["let a".into()]));
        // A field may be called the same.
        assert_eq!(names("($b:expr) => {{ let a = $b; S { a } }}", "a"), None);
        assert_eq!(
            names("($b:expr) => {{ let a = $b; S { a: 1 } }}", "a"),
            Some(vec!["let __of_the_macro_a".into(), "a".into()])
        );
        assert_eq!(names("() => { fn f() {} f() }", ""), None);
    }

    #[test]
    fn places_are_those_of_the_tokens() {
        let (rules, args) = ("($a:expr) => { spawn($a); f($a) }", "g( 1 )");
        let written = expand(&piece(rules), &piece(args), NOWHERE).expect("an arm takes it");
        let mut seen = Vec::new();
        for expr in &written.body.exprs {
            if let ExprKind::Call(..) = &expr.kind {
                assert!(expr.range.start >= NOWHERE);
                let range = written.place(expr.range).unwrap_or_default();
                seen.push((range.start, range.end));
            }
        }
        let at = |text: &str, part: &str| {
            let start = text.find(part).unwrap_or_default();
            (
                u32::try_from(start).unwrap_or_default(),
                u32::try_from(start + part.len()).unwrap_or_default(),
            )
        };
        let given = at(args, args);
        assert_eq!(seen, [given, at(rules, "spawn($a)"), given, at(rules, "f($a)")]);
    }
}
