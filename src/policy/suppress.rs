//! Suppression comments: what each hides, and what is wrong with those that hide nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::levels::Levels;
use super::names;
use super::texts::Texts;
use crate::facts::comments::{Directive, DirectiveBody};
use crate::finding::{Finding, Role};
use crate::rules::{self, Kind};
use crate::source::{FileId, Project};
use crate::text::TextRange;

/// What `detached` hides: every way of saying that nobody joins a thread, or ends it.
const DETACHED: [&str; 7] = [
    "detached-thread",
    "unjoined-handle",
    "unjoined-collection",
    "unjoined-field",
    "partially-joined-handle",
    "unjoined-test-thread",
    "missing-shutdown-check",
];

/// A finding of this layer about a comment.
pub(super) struct Said {
    pub(super) rule: &'static str,
    pub(super) file: FileId,
    pub(super) range: TextRange,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// All comments, and which of their rules hid something.
pub(super) struct Suppressions {
    files: BTreeMap<FileId, Vec<Suppression>>,
}

struct Suppression {
    directive: Directive,
    /// The line, when it is the line that counts.
    line: Option<u32>,
    /// Why, if it says so; without that it hides nothing.
    reason: Option<String>,
    parts: Vec<Part>,
}

/// One rule or group of a comment.
struct Part {
    name: String,
    range: TextRange,
    /// The rules it stands for; `None` if there is no such rule.
    rules: Option<Vec<&'static str>>,
    used: bool,
}

impl Suppressions {
    pub(super) fn new(
        project: &Project,
        directives: Vec<(FileId, Directive)>,
        texts: &Texts<'_>,
    ) -> Self {
        let mut files: BTreeMap<FileId, Vec<Suppression>> = BTreeMap::new();
        for (file, directive) in directives {
            if super::selected(project, file) {
                let text = directive.trailing.then(|| texts.get(file)).flatten();
                let line = text.map(|text| text.lines.line(directive.comment.start));
                files.entry(file).or_default().push(Suppression::new(directive, line));
            }
        }
        Self { files }
    }

    /// The reason of the first comment that hides the finding, if one does.
    pub(super) fn hides(&mut self, finding: &Finding, texts: &Texts<'_>) -> Option<String> {
        let mut first = None;
        let silent = finding.labels.iter().filter(|(role, _)| *role == Role::Silent);
        let files: BTreeSet<FileId> =
            silent.map(|(_, label)| label.file).chain([finding.primary.file]).collect();
        for file in files {
            for suppression in self.files.get_mut(&file).into_iter().flatten() {
                let Some(reason) = &suppression.reason else { continue };
                if !covers(suppression, file, finding, texts) {
                    continue;
                }
                for part in &mut suppression.parts {
                    if part.rules.as_ref().is_some_and(|rules| rules.contains(&finding.rule)) {
                        part.used = true;
                        first.get_or_insert_with(|| reason.clone());
                    }
                }
            }
        }
        first
    }

    /// What is wrong with the comments, once every finding was asked for. Files in `unread` were
    /// not analysed, so nobody can tell what a comment in them would hide.
    pub(super) fn judge(
        &self,
        levels: &Levels<'_>,
        project: &Project,
        unread: &[FileId],
    ) -> Vec<Said> {
        let mut said = Vec::new();
        for (&file, suppressions) in &self.files {
            let package = project.file(file).package;
            for suppression in suppressions {
                let mut say = |(rule, range, message, help)| {
                    said.push(Said { rule, file, range, message, help });
                };
                if let Some(complaint) = suppression.unclear() {
                    say(complaint);
                    continue;
                }
                let idle = |part: &&Part| {
                    !part.used
                        && !unread.contains(&file)
                        && levels.judgeable(part.rules.as_deref(), package)
                };
                let (known, unknown): (Vec<_>, Vec<_>) =
                    suppression.parts.iter().partition(|part| part.can_hide());
                unknown.iter().for_each(|part| say(part.unknown()));
                let unused: Vec<_> = known.iter().copied().filter(idle).collect();
                if !unused.is_empty() && unused.len() == suppression.parts.len() {
                    let message = "this suppression hides nothing".to_owned();
                    let help = Some("remove the comment".to_owned());
                    say(("unused-suppression", suppression.directive.comment, message, help));
                    continue;
                }
                for part in unused {
                    let message = format!("`{}` hides nothing here", part.name);
                    let help = Some("remove it from the list".to_owned());
                    say(("unused-suppression", part.range, message, help));
                }
            }
        }
        said
    }
}

type Complaint = (&'static str, TextRange, String, Option<String>);

impl Suppression {
    fn new(directive: Directive, line: Option<u32>) -> Self {
        let comment = directive.comment;
        let (reason, parts) = match &directive.body {
            DirectiveBody::Allow { rules, reason } => {
                let parts = rules.iter().map(|(name, range)| Part {
                    name: name.clone(),
                    range: *range,
                    rules: names::expand(name),
                    used: false,
                });
                (reason.clone(), parts.collect())
            }
            DirectiveBody::Detached { reason } => {
                let rules = Some(DETACHED.to_vec());
                let name = "detached".to_owned();
                (reason.clone(), vec![Part { name, range: comment, rules, used: false }])
            }
            DirectiveBody::Malformed(_) => (None, Vec::new()),
        };
        Self { directive, line, reason, parts }
    }

    /// What keeps the comment from hiding anything at all.
    fn unclear(&self) -> Option<Complaint> {
        let (message, help) = match &self.directive.body {
            DirectiveBody::Malformed(message) => {
                let help = "write `allow(rule) reason` or `detached reason` after `thread-lint:`";
                (format!("this suppression cannot be read: {message}"), Some(help.to_owned()))
            }
            _ if self.reason.is_some() => return None,
            DirectiveBody::Detached { .. } => (
                "this suppression gives no reason, so it hides nothing".to_owned(),
                Some("write why: `// thread-lint: detached ends with the process`".to_owned()),
            ),
            DirectiveBody::Allow { .. } => {
                let names: Vec<_> = self.parts.iter().map(|part| part.name.as_str()).collect();
                let written = format!("// thread-lint: allow({}) …", names.join(", "));
                (
                    "this suppression gives no reason, so it hides nothing".to_owned(),
                    Some(format!("write why after the list: `{written}`")),
                )
            }
        };
        Some(("suppression-without-reason", self.directive.comment, message, help))
    }
}

impl Part {
    /// Whether it names a rule that says things about code.
    fn can_hide(&self) -> bool {
        let rules = self.rules.iter().flatten();
        rules.filter_map(|rule| rules::page(rule)).any(|page| page.kind == Kind::Rule)
    }

    fn unknown(&self) -> Complaint {
        let name = &self.name;
        let (message, help) = if self.rules.is_none() {
            (format!("there is no rule or group `{name}`"), names::help(name))
        } else {
            let help = "set its level in the configuration".to_owned();
            (format!("`{name}` cannot be allowed by a comment"), help)
        };
        ("unused-suppression", self.range, message, Some(help))
    }
}

/// Whether a comment of a file is meant for one of the places of a finding.
fn covers(suppression: &Suppression, file: FileId, finding: &Finding, texts: &Texts<'_>) -> bool {
    let directive = &suppression.directive;
    let silent = finding.labels.iter().filter(|(role, _)| *role == Role::Silent);
    let mut places = std::iter::once(&finding.primary)
        .chain(silent.map(|(_, label)| label))
        .filter(|label| label.file == file);
    if !directive.trailing {
        let covers = directive.covers;
        return places.any(|it| covers.start <= it.range.start && it.range.start < covers.end);
    }
    let (Some(line), Some(text)) = (suppression.line, texts.get(file)) else { return false };
    places.any(|label| {
        let last = label.range.end.saturating_sub(1).max(label.range.start);
        text.lines.line(label.range.start) == line || text.lines.line(last) == line
    })
}
