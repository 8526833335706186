//! What is a directive, what only looks like one, and what each covers.

use super::*;

fn only(text: &str) -> Directive {
    let mut all = directives(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all.remove(0)
}

fn slice(text: &str, range: TextRange) -> &str {
    &text[range.clamp(text)]
}

#[test]
fn looks_like_a_directive_and_is_none() {
    for text in [
        "/// thread-lint: allow(x) y\nfn f() {}",
        "//! thread-lint: allow(x) y\n",
        "//// thread-lint: allow(x) y\n",
        "// see `thread-lint: allow(x)` in the manual\n",
        "// Use thread-lint: allow(x) y\n",
        "// thread-lint allow(x) y\n",
        "/* thread-lint: allow(x) y */ fn f() {}",
        "/* /* */ // thread-lint: allow(x) y\n */",
        "const A: &str = \"// thread-lint: allow(x) y\";",
        "const A: &str = \"\\\" // thread-lint: allow(x) y\";",
        "const A: &str = r#\"\" // thread-lint: allow(x) y\"#;",
        "const A: &[u8] = b\"// thread-lint: allow(x) y\";",
        "const A: &[u8] = br##\"\"# // thread-lint: allow(x) y\"##;",
        "const A: &CStr = c\"// thread-lint: allow(x) y\";",
        "const A: &CStr = cr\"\\\"; const B: &str = \"// thread-lint: allow(x) y\";",
        "const A: &str = \"\n// thread-lint: allow(x) y\n\";",
    ] {
        assert_eq!(directives(text), [], "{text}");
    }
}

#[test]
fn quotes_that_open_no_string() {
    for before in [
        "let c = '\"';",
        "let c = b'\"';",
        "let c = '\\'';",
        "let c = '\\\"';",
        "let c = 'é';",
        "let c = '\\u{22}';",
        "fn f<'a>(x: &'a str) -> &'static str {}",
        "'outer: loop { break 'outer }",
        "let r#type = 1; let r = 2;",
        "/* \" */ let a = 1;",
        "// don't \"\n let a = 1;",
        "#!/usr/bin/env don't\nlet a = 1;",
        "\u{feff}#!/usr/bin/env don't\nlet a = 1;",
        "#![doc = \"don't\"] fn f() {}",
    ] {
        let text = format!("{before}\nx(); // thread-lint: detached why\n");
        let found = only(&text);
        assert!(found.trailing, "{text}");
        assert_eq!(slice(&text, found.covers), "x(); // thread-lint: detached why");
    }
}

#[test]
fn grammar() {
    let allow = |rules: &[&str], reason: Option<&str>| {
        (rules.iter().map(|&rule| rule.to_owned()).collect::<Vec<_>>(), reason.map(str::to_owned))
    };
    for (said, expected) in [
        ("allow(a-b) why not", Some(allow(&["a-b"], Some("why not")))),
        ("allow(a, b_c ,d)  why", Some(allow(&["a", "b_c", "d"], Some("why")))),
        ("allow(a)", Some(allow(&["a"], None))),
        ("allow(a) :", Some(allow(&["a"], None))),
        ("allow(a): why", Some(allow(&["a"], Some(": why")))),
        ("detached why not", Some(allow(&[], Some("why not")))),
        ("detached", Some(allow(&[], None))),
        ("detached -", Some(allow(&[], None))),
        ("detached: why", None),
        ("detach why", None),
        ("allow (a) why", None),
        ("allow a why", None),
        ("allow(a why", None),
        ("allow() why", None),
        ("allow(a,) why", None),
        ("allow(a b) why", None),
        ("Allow(a) why", None),
        ("", None),
    ] {
        let text = format!("fn f() {{\n    // thread-lint: {said}\r\n}}");
        let found = match only(&text).body {
            DirectiveBody::Allow { rules, reason } => {
                for (name, range) in &rules {
                    assert_eq!(slice(&text, *range), name);
                }
                Some((rules.into_iter().map(|(name, _)| name).collect(), reason))
            }
            DirectiveBody::Detached { reason } => Some((Vec::new(), reason)),
            DirectiveBody::Malformed(message) => {
                assert!(message.contains("reason`"), "{message}");
                None
            }
        };
        assert_eq!(found, expected, "{said}");
    }
}

#[test]
fn own_lines_cover_the_next_code() {
    for (text, covers) in [
        ("// thread-lint: detached r\n\n  let a = 1; \n", "let a = 1; "),
        ("// thread-lint: detached r\n// more\n/* x */ let a = 1;", "let a = 1;"),
        ("// thread-lint: detached r\n/// docs\n#[a(b[1], \"]\")]\n#[c]\nfn f() {\n}", "fn f() {"),
        ("// thread-lint: detached r\n#[c] fn f() {}\r\n", "fn f() {}"),
        ("// thread-lint: detached r\n#![c]\nfn f() {}", "fn f() {}"),
        ("/* x */ // thread-lint: detached r\nfn f() {}", "fn f() {}"),
        ("// thread-lint: detached r\n}", "}"),
        ("// thread-lint: detached r", ""),
        ("//thread-lint:detached r\nfn f() {}", "fn f() {}"),
    ] {
        let found = only(text);
        assert!(!found.trailing, "{text}");
        assert_eq!(slice(text, found.covers), covers, "{text}");
    }
}

#[test]
fn several_wait_for_the_same_code() {
    let text = "// thread-lint: detached a\n// thread-lint: allow(b) c\n#[d] // thread-lint: detached e\nfn f() {}";
    let found = directives(text);
    let covered: Vec<_> = found.iter().map(|one| (slice(text, one.covers), one.trailing)).collect();
    assert_eq!(
        covered,
        [("fn f() {}", false), ("fn f() {}", false), ("#[d] // thread-lint: detached e", true)]
    );
}

#[test]
fn any_cut_of_a_text_is_survived() {
    let text = "\u{feff}#!x\n'\\'' é 'é' r#\"\"# \"\\\\\" /* /* */ */ #[a] // thread-lint: allow(é, b) r\nx";
    for start in 0..text.len() {
        for end in start..=text.len() {
            if let Some(cut) = text.get(start..end) {
                lexer::find(cut);
            }
        }
    }
}
