//! The rules: one page each for the specification, one short query each for the code.
//!
//! A page under `rules/` holds the metadata (TOML front matter), the documentation and the examples
//! that run as tests; nothing of it is repeated here. To add a rule: write the page, write the
//! query, add a `mod` line and a line in [`ALL`].

use std::sync::OnceLock;

use crate::finding::Confidence;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not run unless selected.
    Off,
    /// Shown.
    Warn,
    /// Shown, and the run fails.
    Error,
}

/// What a page describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A statement about threads, made by a query.
    Rule,
    /// A statement about the configuration or the input, made by the policy layer.
    Policy,
}

/// A rule as its page describes it.
#[derive(Debug)]
pub struct Page {
    /// The rule id: the stem of the page's file.
    pub id: &'static str,
    /// Rule or policy.
    pub kind: Kind,
    /// The group that selects it: `no-detached-threads`, `require-thread-registry` or `policy`.
    pub group: String,
    /// Its level when nothing is configured.
    pub level: Level,
    /// The confidence of its findings when all goes well.
    pub confidence: Confidence,
    /// First version that had it.
    pub since: String,
    /// One line.
    pub summary: String,
    /// The page without its front matter.
    pub body: &'static str,
}

/// One entry of the list: everything else about rules is derived from it.
struct Entry {
    id: &'static str,
    page: &'static str,
}

macro_rules! page {
    ($id:literal) => {
        Entry { id: $id, page: include_str!(concat!("../rules/", $id, ".md")) }
    };
}

/// All rules, in the order in which they are listed to users.
const ALL: &[Entry] = &[
    page!("detached-thread"),
    page!("unjoined-handle"),
    page!("unjoined-collection"),
    page!("unpolled-async-thread"),
    page!("raw-thread-spawn"),
    page!("unnamed-thread"),
    page!("stale-allow"),
    page!("stale-exempt"),
    page!("suppression-without-reason"),
    page!("unreadable-source"),
    page!("unused-suppression"),
];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    kind: Kind,
    group: String,
    level: Level,
    confidence: Confidence,
    since: String,
    summary: String,
}

/// All pages, in listing order.
///
/// # Panics
/// Never in a build that passed its tests: the embedded pages are parsed by one.
pub fn pages() -> &'static [Page] {
    static PAGES: OnceLock<Vec<Page>> = OnceLock::new();
    PAGES.get_or_init(|| ALL.iter().map(parse).collect())
}

/// The page of one rule.
pub fn page(id: &str) -> Option<&'static Page> {
    pages().iter().find(|page| page.id == id)
}

/// All groups, in listing order.
pub fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&'static str> = Vec::new();
    for page in pages() {
        if !groups.contains(&page.group.as_str()) {
            groups.push(&page.group);
        }
    }
    groups
}

#[expect(clippy::panic, reason = "embedded pages are part of the build and parsed by a test")]
fn parse(entry: &Entry) -> Page {
    let rest = entry.page.strip_prefix("+++\n");
    let Some((front, body)) = rest.and_then(|rest| rest.split_once("\n+++\n")) else {
        panic!("rules/{}.md has no +++ front matter", entry.id);
    };
    let front: FrontMatter = match toml::from_str(front) {
        Ok(front) => front,
        Err(error) => panic!("rules/{}.md: {error}", entry.id),
    };
    let FrontMatter { kind, group, level, confidence, since, summary } = front;
    Page { id: entry.id, kind, group, level, confidence, since, summary, body }
}
