//! What a file may mean by a name, told from its text alone.
//!
//! A file that is read to answer one question costs a parse and brings questions of its own, so it is
//! read only if its text leaves the answer open.

use std::hash::{Hash, Hasher};

use memchr::{memchr_iter, memmem};
use rustc_hash::FxHasher;

use super::is_whole;

/// What a text says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Declares {
    /// Nothing.
    Nothing,
    /// Nothing itself, but it hands on all that others declare.
    Globs,
    /// It spells it, and what that means is declared elsewhere.
    Elsewhere,
    /// A function or a constant.
    Value,
    /// A function that never returns, or a constant that is a `bool` or a number: it decides where execution goes.
    Decision,
    /// A type or a trait.
    Type,
    /// A module.
    Module,
}

/// What a text says of a name; of what stands there more than once, the last in order.
pub fn declares(text: &str, name: &str) -> Declares {
    let spelled = memmem::find_iter(text.as_bytes(), name).map(|at| (at, at + name.len()));
    let whole = spelled.filter(|&(start, end)| is_whole(text.as_bytes(), start, end));
    let says = whole.map(|(start, end)| match last_word(&text[..start]) {
        "fn" if never_returns(signature(&text[end..])) => Declares::Decision,
        "const" | "static" if decides(&text[end..]) => Declares::Decision,
        "fn" | "const" | "static" => Declares::Value,
        "struct" | "enum" | "union" | "trait" | "type" => Declares::Type,
        "mod" => Declares::Module,
        _ => Declares::Elsewhere,
    });
    says.max().unwrap_or_else(|| match has_globs(text) {
        true => Declares::Globs,
        false => Declares::Nothing,
    })
}

/// Whether a text may import all that some module has: `a::*`, also with blanks, and in braces.
fn has_globs(text: &str) -> bool {
    memchr_iter(b'*', text.as_bytes()).any(|at| {
        let before = text[..at].trim_end();
        let in_braces = before.ends_with(['{', ',']) && {
            let after = text[at + 1..].trim_start();
            after.starts_with(['}', ',', ';'])
        };
        before.ends_with("::") || in_braces
    })
}

/// The names of all functions and methods that a text may declare, as hashes: two names may have one, so that
/// a text is taken to declare what it does not, and never the other way round. Of those that never return there is one
/// more hash.
#[derive(Clone, Debug, Default)]
pub struct Functions(Box<[u32]>);

impl Functions {
    /// Those of a text.
    pub fn of(text: &str) -> Self {
        let mut names: Vec<u32> = Vec::new();
        // In most texts, nothing.
        let some_diverge = never_returns(text);
        for (name, rest) in functions(text) {
            names.push(Self::hash(name));
            if some_diverge && never_returns(signature(rest)) {
                names.push(Self::hash_of_diverging(name));
            }
        }
        names.sort_unstable();
        names.dedup();
        Self(names.into())
    }

    /// The hashes, each once.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }

    /// What stands for a name.
    pub fn hash(name: &str) -> u32 {
        let mut hasher = FxHasher::default();
        name.hash(&mut hasher);
        (hasher.finish() >> 32) as u32
    }

    /// What stands for the name of a function that never returns.
    pub fn hash_of_diverging(name: &str) -> u32 {
        !Self::hash(name)
    }
}

/// The functions of a text, each with the text behind its name.
fn functions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = memmem::find_iter(text.as_bytes(), b"fn").map(|at| (at, at + 2));
    let words = words.filter(|&(start, end)| is_whole(text.as_bytes(), start, end));
    words.filter_map(|(_, end)| {
        let rest = text[end..].trim_start().trim_start_matches("r#");
        let name = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        rest.split_at_checked(name?).filter(|(name, _)| !name.is_empty())
    })
}

fn last_word(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches("r#").trim_end();
    text.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or("")
}

/// The rest of a signature, of all that follows it.
fn signature(rest: &str) -> &str {
    &rest[..rest.find(['{', ';']).unwrap_or(rest.len())]
}

/// Whether something in a text, such as the rest of a signature, has no output: `-> !`.
fn never_returns(text: &str) -> bool {
    memmem::find_iter(text.as_bytes(), b"->").any(|at| text[at + 2..].trim_start().starts_with('!'))
}

/// Whether the type after a constant's name is `bool` or that of a whole number.
fn decides(rest: &str) -> bool {
    let ty = rest.trim_start().strip_prefix(':').map(str::trim_start);
    let is_number =
        |ty: &str| ty.starts_with(['u', 'i']) && ty[1..].starts_with(['8', '1', '3', '6', 's']);
    ty.is_none_or(|ty| ty.starts_with("bool") || is_number(ty))
}

#[cfg(test)]
mod tests {
    use super::Declares::{Decision, Elsewhere, Globs, Module, Nothing, Type, Value};
    use super::{Functions, declares, functions};

    #[test]
    fn what_a_text_declares_is_told_from_the_word_before() {
        let text = "use a::far;\npub fn near(x: u8) -> u8 { x }\nfn die(_: &str)\n    -> ! { loop {} }\n\
                    const ON: bool = true;\nconst MANY: usize = 1;\nconst NAME: &str = \"\";\nstruct near_it;\npub mod r#in;";
        assert_eq!(declares(text, "near"), Value);
        assert_eq!(declares(text, "die"), Decision);
        assert_eq!(declares(text, "ON"), Decision);
        assert_eq!(declares(text, "MANY"), Decision);
        assert_eq!(declares(text, "NAME"), Value);
        assert_eq!(declares(text, "near_it"), Type);
        assert_eq!(declares(text, "far"), Elsewhere);
        assert_eq!(declares(text, "nowhere"), Nothing);
        for text in [
            "pub use a::*;",
            "use a:: *;",
            "use a::{*};",
            "use a::{b, *};",
            "use a::{self,\n*,\n};",
        ] {
            assert_eq!(declares(text, "nowhere"), Globs, "{text}");
        }
        assert_eq!(declares("f(a, *b); let c = {*d} * e;", "nowhere"), Nothing);
        assert_eq!(declares("#[cfg(a)] fn x() -> u8 {}\n#[cfg(b)] fn x() -> ! {}", "x"), Decision);
        assert_eq!(declares("fn f() { x() }\nmod x;", "x"), Module);
    }

    #[test]
    fn functions_are_told_from_the_word_before() {
        let text = "fn one() {}\nasync fn  r#two<T>(f: fn(u8)) {}\nlet fnord = 3;\nimpl A { fn\nthree(&self) {} }";
        assert_eq!(
            functions(text).map(|(name, _)| name).collect::<Vec<_>>(),
            ["one", "two", "three"]
        );
        let declared =
            Functions::of("fn back() -> u8 { 0 }\nfn gone(_: &str)\n    -> ! { loop {} }");
        let has = |hash: u32| declared.iter().any(|it| it == hash);
        assert!(has(Functions::hash("back")) && has(Functions::hash("gone")));
        assert!(has(Functions::hash_of_diverging("gone")));
        assert!(!has(Functions::hash_of_diverging("back")));
    }
}
