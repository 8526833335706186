//! The shape of source files: heads, sizes, and what production code must not do.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::lexer;
use crate::support;

const MAX_FILE: usize = 600;
const MAX_FUNCTION: usize = 80;

/// Longer than allowed, for now: `path` or `path:function`.
const TOO_LONG: [&str; 0] = [];

/// Macros for the rim alone.
const PRINTS: [&str; 4] = ["print", "println", "eprint", "eprintln"];
/// Macros for nobody.
const GIVES_UP: [&str; 3] = ["todo", "unimplemented", "dbg"];

#[test]
fn every_file_says_why_it_exists() {
    let headless = support::own_rust_files()
        .into_iter()
        .filter(|path| !support::read(path).starts_with("//! "));
    support::assert_none(
        "files that do not start with a `//!` head",
        &headless.collect::<Vec<_>>(),
    );
}

#[test]
fn files_and_functions_stay_small() {
    let mut long: Vec<(String, usize)> = Vec::new();
    for path in support::own_rust_files() {
        let text = support::read(&path);
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut functions = Functions::default();
        functions.visit_file(&file);
        let functions = functions.0.into_iter().filter(|(_, lines)| *lines > MAX_FUNCTION);
        long.extend(functions.map(|(name, lines)| (format!("{path}:{name}"), lines)));
        let lines = text.lines().count();
        long.extend((lines > MAX_FILE).then(|| (path.clone(), lines)));
    }
    let excused = |place: &str| TOO_LONG.contains(&place);
    let mut complaints: Vec<String> = long
        .iter()
        .filter(|(place, _)| !excused(place))
        .map(|(place, lines)| format!("{place}: {lines} lines"))
        .collect();
    let idle = TOO_LONG.iter().filter(|place| !long.iter().any(|(own, _)| own == *place));
    complaints
        .extend(idle.map(|place| format!("{place}: short now, remove it from the exceptions")));
    support::assert_none(
        &format!("files over {MAX_FILE} or functions over {MAX_FUNCTION} lines"),
        &complaints,
    );
}

#[derive(Default)]
struct Functions(Vec<(String, usize)>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let lines = block.span().end().line - signature.span().start().line + 1;
        self.0.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

#[test]
fn production_code_neither_prints_nor_gives_up() {
    let mut complaints = Vec::new();
    for path in support::production_files() {
        let rim = path.starts_with("src/cli") || path == "src/main.rs";
        scan(lexer::tokens(&path), &path, rim, &mut complaints);
    }
    support::assert_none("production code that prints, gives up or silences a lint", &complaints);
}

/// Reads tokens outside of `#[cfg(test)]` modules.
fn scan(stream: TokenStream, path: &str, rim: bool, complaints: &mut Vec<String>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut in_test = false;
    for (at, tree) in trees.iter().enumerate() {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let body = group.delimiter() == Delimiter::Brace;
                if !(in_test && body) {
                    scan(group.stream(), path, rim, complaints);
                }
                let marks = group.stream().to_string().replace(' ', "") == "cfg(test)";
                in_test = marks || in_test && !body;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => in_test = false,
            TokenTree::Ident(word) => {
                let called = |sign: char| matches!(trees.get(at + 1), Some(TokenTree::Punct(p)) if p.as_char() == sign);
                let word = word.to_string();
                let prints = PRINTS.contains(&word.as_str()) && called('!') && !rim;
                let gives_up = GIVES_UP.contains(&word.as_str()) && called('!');
                let after_dot =
                    at > 0 && matches!(&trees[at - 1], TokenTree::Punct(p) if p.as_char() == '.');
                let unwraps = after_dot
                    && matches!(word.as_str(), "unwrap" | "expect")
                    && is_call(trees.get(at + 1));
                let silences =
                    word == "allow" && at == 0 && is_call(trees.get(1)) && trees.len() == 2;
                if prints || gives_up || unwraps || silences {
                    complaints.push(format!("{path}:{line}: `{word}`"));
                }
            }
            _ => {}
        }
    }
}

fn is_call(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

#[test]
fn unsafe_code_is_forbidden_and_clippy_holds_the_rest() {
    let manifest: toml::Table = support::read("Cargo.toml").parse().unwrap();
    let lints = &manifest["lints"];
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for lint in [
        "unwrap_used",
        "expect_used",
        "panic",
        "todo",
        "print_stdout",
        "print_stderr",
        "allow_attributes",
    ] {
        assert_eq!(lints["clippy"][lint].as_str(), Some("warn"), "clippy::{lint}");
    }
}

#[test]
fn forbidden_words_are_found_outside_of_tests_only() {
    let mut complaints = Vec::new();
    let code = "fn f() { x.unwrap(); println!(\"a\"); } #[cfg(test)] mod tests { fn g() { x.unwrap(); } }
        #[allow(dead_code)] fn h() { x.expect(); todo!() } #[expect(dead_code)] fn i() { unwrap(); }";
    scan(code.parse().unwrap(), "p", false, &mut complaints);
    assert_eq!(
        complaints,
        ["p:1: `unwrap`", "p:1: `println`", "p:2: `allow`", "p:2: `expect`", "p:2: `todo`"]
    );
}
