//! Which files and which bodies can matter, told from the text alone.
//!
//! Parsing is what costs, so it is spent on files whose text spells the last name of a catalogued
//! call, or a type that carries a builder, in more than comments. A spawn cannot hide from this: the call itself must
//! spell the name, and an alias of it is spelled where it is made and becomes a needle of its own.

mod declared;

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::catalog::{Catalog, Role};

pub use declared::{Declares, Functions, declares};

/// What one text says about itself.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Sorted offsets of names that a body must spell to matter.
    pub needles: Vec<u32>,
    /// Those of them that are more than names of calls: a body that spells one is wanted, whatever its calls mean.
    pub wanted: Vec<u32>,
    /// Whether the file has to be parsed.
    pub matters: bool,
    /// Whether it declares modules at unusual places.
    pub has_paths: bool,
    /// Whether it spells an alias.
    pub has_alias: bool,
    /// Whether it spells a call that waits for any child process.
    pub reaps: bool,
    /// Whether a comment of it suppresses something.
    is_tagged: bool,
    /// Where it spells the module of threads, and the type that carries a builder.
    threads: Vec<u32>,
    carriers: Vec<u32>,
}

impl Scan {
    /// Whether the file has to be parsed if only what stands at some places is code.
    pub fn matters_where(&self, is_code: impl Fn(u32) -> bool) -> bool {
        let any = |places: &[u32]| places.iter().any(|&at| is_code(at));
        self.is_tagged || any(&self.needles) || (any(&self.threads) && any(&self.carriers))
    }
}

/// The search for one set of names.
#[derive(Debug)]
pub struct Search {
    automaton: Option<AhoCorasick>,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A call name, or the start of one.
    Call,
    /// The same, and a name that something asked for.
    Asked,
    /// A name that has to match whole.
    Word,
    /// The suppression tag.
    Tag,
    Thread,
    Carrier,
    Attribute,
    Reaper,
}

impl Search {
    /// A search for the calls of the catalog and for further names (aliases).
    pub fn new<'c>(catalog: &'c Catalog, aliases: &'c BTreeSet<String>) -> Self {
        let mut calls: BTreeSet<&str> = BTreeSet::new();
        for api in catalog.iter() {
            if matches!(api.role, Role::Spawn | Role::ScopedSpawn | Role::OwnedByRegistry) {
                calls.extend(api.path.rsplit("::").next());
            }
        }
        let kind = |name| if aliases.contains(name) { Kind::Asked } else { Kind::Call };
        let mut patterns: Vec<(&str, Kind)> =
            calls.into_iter().map(|name| (name, kind(name))).collect();
        // A leading dot asks for a numbered field.
        patterns.extend(aliases.iter().map(|name| (name.as_str(), Kind::Word)));
        patterns.extend([
            ("thread-lint:", Kind::Tag),
            ("thread", Kind::Thread),
            ("Builder", Kind::Carrier),
            ("#[path", Kind::Attribute),
            ("#[cfg_attr(", Kind::Attribute),
        ]);
        let reapers = catalog.iter().filter(|api| api.role == Role::WaitChild);
        let last = |path: &'c str| path.rsplit("::").next().unwrap_or(path);
        patterns.extend(reapers.map(|api| (last(&api.path), Kind::Reaper)));
        let (patterns, kinds): (Vec<&str>, Vec<Kind>) = patterns.into_iter().unzip();
        // A few short literals are far from the automaton's limits; without one everything matters.
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok();
        Self { automaton, kinds }
    }

    /// Looks at one text.
    pub fn scan(&self, text: &str) -> Scan {
        let mut scan = Scan::default();
        let bytes = text.as_bytes();
        let Some(automaton) = &self.automaton else {
            let needles: Vec<u32> = (0..u32::try_from(text.len()).unwrap_or(u32::MAX)).collect();
            return Scan { wanted: needles.clone(), needles, matters: true, ..scan };
        };
        for hit in automaton.find_iter(text) {
            let starts_word = starts_word(bytes, hit.start());
            let is_whole = is_whole(bytes, hit.start(), hit.end());
            let needle = u32::try_from(hit.start()).unwrap_or(u32::MAX);
            match self.kinds[hit.pattern().as_usize()] {
                Kind::Word | Kind::Asked if is_whole => {
                    scan.has_alias = true;
                    scan.needles.push(needle);
                    scan.wanted.push(needle);
                }
                Kind::Call | Kind::Asked if starts_word => scan.needles.push(needle),
                Kind::Tag => {
                    scan.is_tagged = true;
                    scan.needles.push(needle);
                    scan.wanted.push(needle);
                }
                Kind::Thread if is_whole => scan.threads.push(needle),
                Kind::Carrier if is_whole => scan.carriers.push(needle),
                Kind::Reaper => scan.reaps |= is_whole,
                Kind::Attribute => scan.has_paths |= gives_path(&text[hit.start()..]),
                _ => {}
            }
        }
        scan.needles.sort_unstable();
        scan.needles.dedup();
        scan.matters = scan.matters_where(|_| true);
        scan
    }
}

/// A search for whole names.
#[derive(Debug)]
pub struct Spelled {
    automaton: Option<AhoCorasick>,
}

impl Spelled {
    /// A search for these names; one that starts with a dot is a numbered field, one with a `$` is left to the caller of a
    /// macro.
    pub fn new<'n>(names: impl Iterator<Item = &'n String>) -> Self {
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names);
        Self { automaton: automaton.ok() }
    }

    /// Whether a text spells one of them.
    pub fn finds(&self, text: &str) -> bool {
        let Some(automaton) = &self.automaton else { return true };
        let bytes = text.as_bytes();
        automaton.find_iter(text).any(|hit| is_whole(bytes, hit.start(), hit.end()))
    }
}

/// Whether a name that stands here is no part of a longer one. What ends with a parenthesis is whole by that.
fn is_whole(bytes: &[u8], start: usize, end: usize) -> bool {
    let goes_on = || bytes.get(end).is_some_and(|&byte| is_ident(byte));
    starts_word(bytes, start) && !(is_ident(bytes[end - 1]) && goes_on())
}

/// Whether nothing before it makes what starts here the end of a name. A dot starts a field.
fn starts_word(bytes: &[u8], start: usize) -> bool {
    bytes[start] == b'.' || !start.checked_sub(1).is_some_and(|at| is_ident(bytes[at]))
}

/// Whether the attribute at the start of `rest` gives a module its path.
fn gives_path(rest: &str) -> bool {
    let attribute = &rest[..rest.find(']').unwrap_or(rest.len())];
    attribute.split("path").skip(1).any(|after| after.trim_start().starts_with('='))
}

fn is_ident(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn scan(text: &str) -> Scan {
        Search::new(&Catalog::embedded(), &BTreeSet::from(["go".to_owned()])).scan(text)
    }

    #[test]
    fn calls_aliases_and_carriers_matter() {
        assert_eq!(scan("fn a() { thread::spawn(b) }").needles.len(), 1);
        assert!(scan("x.spawn_with_priority(1)").matters);
        assert!(scan("go(b)").matters);
        assert!(!scan("golang(b)").matters);
        assert!(scan("#[cfg_attr(unix, path = \"a.rs\")] mod a;").has_paths);
        assert!(!scan("let path = \"a.rs\";").has_paths);
        assert!(!scan("use std::thread;\nfn a() { thread::sleep(b) }").matters);
        assert!(!scan("respawn(); // the thread").matters);
        assert!(scan("fn a() -> thread::Builder {}").matters);
    }

    #[test]
    fn what_is_not_code_matters_only_as_a_suppression() {
        let in_comment =
            |text: &str| !scan(text).matters_where(|at| !text[at as usize..].starts_with("spawn"));
        assert!(in_comment("/// thread::spawn(b)\nfn a() {}"));
        assert!(!in_comment("/// thread::spawn(b)\nfn a() { thread::spawn_unchecked(b); go() }"));
        assert!(!in_comment("// thread-lint: allow\n// spawn"));
        let text = "// a thread\nfn a() -> Builder {}";
        assert!(scan(text).matters && !scan(text).matters_where(|at| at > 11));
    }
}
