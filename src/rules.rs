//! The rules: one page each for the specification, one short query each for the code.
//!
//! A page under `rules/` holds the metadata (TOML front matter), the documentation and the examples
//! that run as tests; nothing of it is repeated here. To add a rule: write the page, write the
//! query, add a `mod` line and a line in `ALL`.

mod detached_task;
mod detached_thread;
mod exit_with_live_threads;
mod hoarded_handles;
mod ignored_join_result;
mod join_before_sender_drop;
mod join_not_in_drop;
mod join_under_lock;
mod join_unwrap_in_drop;
mod lost_thread_result;
mod missing_shutdown_check;
mod partially_joined_handle;
mod raw_thread_spawn;
mod self_join;
mod sleep_instead_of_join;
mod unjoined_collection;
mod unjoined_field;
mod unjoined_handle;
mod unjoined_test_thread;
mod unnamed_thread;
mod unpolled_async_thread;
mod unwaited_child;

use std::sync::OnceLock;

use crate::finding::{CodeKind, Confidence, Finding, Label, Role, Subject};
use crate::flow::LossKind;
use crate::verdict::{Endless, Join, Life, Loss, Outcome, Site};

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
    /// The query; policy pages have none.
    check: Option<fn(&Context<'_>) -> Vec<Finding>>,
}

macro_rules! rule {
    ($id:literal, $query:ident) => {
        Entry {
            id: $id,
            page: include_str!(concat!("../rules/", $id, ".md")),
            check: Some($query::check),
        }
    };
}

macro_rules! policy {
    ($id:literal) => {
        Entry { id: $id, page: include_str!(concat!("../rules/", $id, ".md")), check: None }
    };
}

/// All rules, in the order in which they are listed to users.
const ALL: &[Entry] = &[
    rule!("detached-thread", detached_thread),
    rule!("unjoined-handle", unjoined_handle),
    rule!("partially-joined-handle", partially_joined_handle),
    rule!("unjoined-collection", unjoined_collection),
    rule!("unjoined-field", unjoined_field),
    rule!("sleep-instead-of-join", sleep_instead_of_join),
    rule!("hoarded-handles", hoarded_handles),
    rule!("exit-with-live-threads", exit_with_live_threads),
    rule!("ignored-join-result", ignored_join_result),
    rule!("lost-thread-result", lost_thread_result),
    rule!("join-before-sender-drop", join_before_sender_drop),
    rule!("join-under-lock", join_under_lock),
    rule!("self-join", self_join),
    rule!("join-not-in-drop", join_not_in_drop),
    rule!("join-unwrap-in-drop", join_unwrap_in_drop),
    rule!("unjoined-test-thread", unjoined_test_thread),
    rule!("unpolled-async-thread", unpolled_async_thread),
    rule!("unwaited-child", unwaited_child),
    rule!("detached-task", detached_task),
    rule!("raw-thread-spawn", raw_thread_spawn),
    rule!("unnamed-thread", unnamed_thread),
    rule!("missing-shutdown-check", missing_shutdown_check),
    policy!("stale-allow"),
    policy!("stale-exempt"),
    policy!("suppression-without-reason"),
    policy!("unreadable-source"),
    policy!("unused-suppression"),
];

/// What a query may ask.
#[derive(Debug)]
pub struct Context<'a> {
    /// Every place where threads are born, in order.
    pub lives: &'a [Life],
    /// Every call that joins a thread, in order.
    pub joins: &'a [Join],
    /// Every place on a thread that nothing gets beyond, in order.
    pub endless: &'a [Endless],
    /// Modules of the thread registry: raw spawns in them are its own.
    pub registry_modules: &'a [String],
    /// Whether scoped threads count as raw.
    pub scoped_threads_denied: bool,
}

/// Runs every rule, in order.
pub fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        ALL.iter().filter_map(|entry| entry.check).flat_map(|check| check(context)).collect();
    findings.sort_by(|one, two| one.order().cmp(&two.order()));
    findings
}

impl Context<'_> {
    fn in_registry(&self, life: &Life) -> bool {
        self.registry_modules.iter().any(|module| {
            life.module
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    }

    /// A finding about one join.
    fn at_join(&self, rule: &'static str, join: &Join, message: String, help: &str) -> Finding {
        let label = |range| Label { file: join.file, range, text: String::new() };
        Finding {
            rule,
            primary: label(join.name),
            labels: [join.call, join.statement].map(|it| (Role::Silent, label(it))).into(),
            message,
            notes: Vec::new(),
            help: Some(help.to_owned()),
            fix: None,
            confidence: Confidence::Proved,
            absorbed_by: None,
            subject: Subject {
                package: join.package,
                item: join.item.clone(),
                api: "std::thread::JoinHandle::join".to_owned(),
                code: join.code,
            },
        }
    }

    /// A finding about one birth: the call is where it is, its statement lets it be suppressed.
    fn finding(&self, rule: &'static str, life: &Life, message: String, help: &str) -> Finding {
        let verdict = &life.verdict;
        let label = |range, text: &str| Label { file: verdict.file, range, text: text.to_owned() };
        let silent =
            [verdict.call, verdict.statement].map(|range| (Role::Silent, label(range, "")));
        Finding {
            rule,
            primary: label(verdict.callee, ""),
            labels: silent.into_iter().collect(),
            message,
            notes: Vec::new(),
            help: Some(help.to_owned()),
            fix: None,
            confidence: verdict.confidence,
            absorbed_by: None,
            subject: Subject {
                package: verdict.package,
                item: verdict.item.clone(),
                api: verdict.api.clone(),
                code: verdict.code,
            },
        }
    }

    /// A finding about a birth whose handle is lost: where and how is part of it.
    fn lost(
        &self,
        rule: &'static str,
        life: &Life,
        loss: &Loss,
        message: String,
        help: &str,
    ) -> Finding {
        let mut finding = self.finding(rule, life, message, help);
        finding.fix = life.fix.clone();
        finding.primary.text = "spawned here".to_owned();
        let label = Label { file: loss.file, range: loss.range, text: loss.text.clone() };
        finding.labels.push((Role::Related, label));
        finding
    }
}

/// Findings for every birth whose handle is lost on all ways in one of the wanted manners.
fn lost(
    context: &Context<'_>,
    rule: &'static str,
    wanted: fn(&LossKind) -> Option<&'static str>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for life in context.lives {
        if !matches!(life.site, Site::Spawn | Site::Wrapper)
            || life.verdict.outcome != Outcome::Detached
        {
            continue;
        }
        let Some(loss) = &life.loss else { continue };
        let Some(what) = wanted(&loss.kind) else { continue };
        let verb = if life.site == Site::Wrapper { "handed out" } else { "spawned" };
        let message =
            format!("the thread {verb} by `{}` is never joined: {what}", life.verdict.api);
        let mut finding = context.lost(rule, life, loss, message, cure(&loss.kind));
        finding.primary.text = format!("{verb} here");
        if fails_no_test(life) {
            finding.absorbed_by = Some("unjoined-test-thread");
        }
        findings.push(finding);
    }
    findings
}

/// Whether a thread checks something for a test that does not wait for it.
fn fails_no_test(life: &Life) -> bool {
    life.asserts && life.verdict.code == CodeKind::Test && life.site == Site::Spawn
}

/// What to write instead.
fn cure(kind: &LossKind) -> &'static str {
    match kind {
        LossKind::Collection(_) => {
            "join what is in it: `for handle in handles { handle.join().unwrap(); }`, or use `std::thread::scope`"
        }
        LossKind::Undriven => {
            "drive the iterator with a `for` loop or `collect`, and join the handles"
        }
        LossKind::Kept(_) => {
            "join it where its owner ends: in `Drop`, or in a method that every owner calls"
        }
        LossKind::Owner(_) => "call what joins it before, or join it in `Drop`",
        LossKind::Overwritten => "join the old handle before the new one takes its place",
        _ => {
            "keep the handle and `join()` it, use `std::thread::scope`, or write \
             `// thread-lint: detached <reason>` above it"
        }
    }
}

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
    if (kind == Kind::Rule) != entry.check.is_some() {
        panic!("rules/{}.md: its kind does not fit its entry in the list", entry.id);
    }
    Page { id: entry.id, kind, group, level, confidence, since, summary, body }
}
