//! The only place where a finding gets its level and where one is hidden.
//!
//! Everything before this layer says what is true; here the configuration, the command line and the
//! comments in the source say what of it matters. Nothing is dropped silently: a hidden finding
//! keeps the reason, and an entry that hides nothing is itself a finding.

mod allow;
mod config;
mod exempt;
mod levels;
mod names;
mod outside;
#[cfg(test)]
pub(crate) mod sample;
mod suppress;
#[cfg(test)]
mod tests;
mod texts;
mod validate;

pub use config::{
    Config, ConfigFile, ConfigForm, ConfigProblem, ConfigSource, Configs, LevelTable, Registry,
    Spot,
};
pub use levels::{FlagLevel, Levels, Options};
pub use names::unknown_rule;
pub use outside::{Outside, PathNote};
pub use texts::{Text, Texts};

use std::collections::BTreeSet;

use crate::finding::{CodeKind, Confidence, Finding, Label, Subject};
use crate::rules::Level;
use crate::source::{FileId, Files, Project};
use crate::text::TextRange;
use crate::verdict::Verdict;
use crate::{Analysis, Note};

/// What the rim knows besides the analysis.
pub struct Input<'a> {
    /// What was analysed.
    pub project: &'a Project,
    /// The configuration of the workspace and its packages.
    pub configs: &'a Configs,
    /// The command line.
    pub options: &'a Options,
    /// Texts of the project's files.
    pub files: &'a dyn Files,
    /// Absolute path of the workspace root, which project paths start from.
    pub root: &'a str,
    /// What discovery could not read.
    pub notes: &'a [PathNote],
}

/// A finding that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What is said, and about what.
    pub origin: Origin,
    /// How much it matters; never [`Level::Off`].
    pub level: Level,
    /// One of many alike: people get one line for all of them, programs get each.
    pub folded: bool,
}

/// What a shown finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A source file of the project.
    Source(Finding),
    /// Any other file.
    Outside(Outside),
}

/// A finding that is not shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hidden {
    /// The finding.
    pub finding: Finding,
    /// Why it is not shown.
    pub why: Why,
}

/// Why a finding is not shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A comment in the source, with its reason.
    Suppressed(String),
    /// An `allow` entry of a configuration, with its reason if it gives one.
    Allowed(Option<String>),
    /// An `exempt` entry of a configuration, with its reason if it gives one.
    Exempted(Option<String>),
    /// It is less sure than what was asked for.
    BelowConfidence,
    /// It is in code compiled for tests only.
    TestCode,
}

/// The outcome of [`judge`], in no particular order.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What is shown.
    pub shown: Vec<Judged>,
    /// What is not.
    pub hidden: Vec<Hidden>,
    /// Verdicts of what was selected.
    pub verdicts: Vec<Verdict>,
    /// Files that could not be read or parsed, or of which a part could not.
    pub unreadable: usize,
    /// The confidence that was asked for.
    pub confidence: Option<Confidence>,
}

/// Rules of which there may be hundreds in code that uses no registry.
const FOLDED: [&str; 2] = ["raw-thread-spawn", "unnamed-thread"];

/// Applies the configuration, the command line and the suppression comments.
pub fn judge(analysis: Analysis, input: &Input<'_>) -> Judgement {
    let texts = Texts::new(input.files);
    let mut run = Run {
        input,
        levels: Levels::new(input.project, input.configs, input.options),
        exempts: exempt::Exempts::new(input.configs, input.root),
        allows: allow::Allows::new(input.configs, input.root),
        suppressions: suppress::Suppressions::new(input.project, analysis.directives, &texts),
        out: Judgement { confidence: Some(input.options.confidence), ..Judgement::default() },
        texts: &texts,
    };
    for finding in analysis.findings {
        if selected(input.project, finding.primary.file) {
            run.finding(finding);
        }
    }
    run.absorb();
    run.unreadable(&analysis.notes);
    let mut unread: Vec<FileId> = analysis.notes.iter().map(|note| note.file).collect();
    unread.sort_unstable();
    unread.dedup();
    run.suppressions(&unread);
    run.stale(&unread);
    let verdicts = analysis.verdicts.into_iter();
    run.out.verdicts = verdicts.filter(|one| selected(input.project, one.file)).collect();
    run.out
}

/// Whether findings of a file are reported: both the file and its package must be asked for.
fn selected(project: &Project, file: FileId) -> bool {
    let entry = project.file(file);
    entry.selected && entry.package.is_none_or(|package| project.package(package).selected)
}

struct Run<'a> {
    input: &'a Input<'a>,
    levels: Levels<'a>,
    exempts: exempt::Exempts<'a>,
    allows: allow::Allows<'a>,
    suppressions: suppress::Suppressions,
    texts: &'a Texts<'a>,
    out: Judgement,
}

impl Run<'_> {
    fn finding(&mut self, finding: Finding) {
        let (package, code) = (finding.subject.package, finding.subject.code);
        let path = &self.input.project.file(finding.primary.file).path;
        // All three are asked always: an entry is stale only if nothing at all needs it.
        let suppressed = self.suppressions.hides(&finding, self.texts);
        let allowed = self.allows.hides(path, &finding, self.texts);
        let exempted = self.exempts.hides(path, finding.rule);
        let level = self.levels.level(finding.rule, package, code);
        if level == Level::Off {
            return;
        }
        let unsure = finding.confidence < self.input.options.confidence;
        let in_tests = code == CodeKind::Test && self.levels.only_counted(finding.rule, package);
        let why = suppressed
            .map(Why::Suppressed)
            .or(allowed.map(Why::Allowed))
            .or(exempted.map(Why::Exempted))
            .or(unsure.then_some(Why::BelowConfidence))
            .or(in_tests.then_some(Why::TestCode));
        match why {
            Some(why) => self.out.hidden.push(Hidden { finding, why }),
            None => {
                let folded = level == Level::Warn
                    && FOLDED.contains(&finding.rule)
                    && !self.levels.has_registry(package)
                    && !self.levels.named_on_command_line(finding.rule);
                self.out.shown.push(Judged { origin: Origin::Source(finding), level, folded });
            }
        }
    }

    /// Silences findings beside which a rule that says more was judged, shown or hidden.
    fn absorb(&mut self) {
        let place = |finding: &Finding| (finding.primary.file, finding.primary.range);
        let shown = self.out.shown.iter().filter_map(|judged| match &judged.origin {
            Origin::Source(finding) => Some(finding),
            Origin::Outside(_) => None,
        });
        let judged: BTreeSet<_> = shown
            .chain(self.out.hidden.iter().map(|hidden| &hidden.finding))
            .map(|finding| (place(finding), finding.rule))
            .collect();
        let stays = |finding: &Finding| {
            finding.absorbed_by.is_none_or(|rule| !judged.contains(&(place(finding), rule)))
        };
        self.out.shown.retain(|shown| match &shown.origin {
            Origin::Source(finding) => stays(finding),
            Origin::Outside(_) => true,
        });
        self.out.hidden.retain(|hidden| stays(&hidden.finding));
    }

    fn unreadable(&mut self, notes: &[Note]) {
        let mut files: Vec<FileId> = Vec::new();
        for note in notes.iter().filter(|note| selected(self.input.project, note.file)) {
            files.push(note.file);
            let message = note.message.clone();
            self.source(
                "unreadable-source",
                note.file,
                note.range.unwrap_or_default(),
                message,
                Some("fix the file, or exempt it in thread-lint.toml".to_owned()),
            );
        }
        files.sort_unstable();
        files.dedup();
        self.out.unreadable = files.len() + self.input.notes.len();
        for note in self.input.notes {
            let outside = outside::unreadable(note);
            self.outside(outside, None);
        }
    }

    fn suppressions(&mut self, unread: &[FileId]) {
        for said in self.suppressions.judge(&self.levels, self.input.project, unread) {
            self.source(said.rule, said.file, said.range, said.message, said.help);
        }
    }

    fn stale(&mut self, unread: &[FileId]) {
        // A part of the workspace proves nothing about the entries of the whole.
        if !self.input.options.whole {
            return;
        }
        let project = self.input.project;
        let unread: Vec<&str> = unread.iter().map(|&file| &*project.file(file).path).collect();
        let stale = self.allows.stale(&self.levels, &unread);
        let exempt = self.exempts.stale(&self.levels, project, &unread);
        for (outside, package) in stale.into_iter().chain(exempt) {
            self.outside(outside, package);
        }
    }

    /// A finding of this layer about a source file. Exempting the file hides it too.
    fn source(
        &mut self,
        rule: &'static str,
        file: FileId,
        range: TextRange,
        message: String,
        help: Option<String>,
    ) {
        let entry = self.input.project.file(file);
        let level = self.levels.level(rule, entry.package, CodeKind::Main);
        if level == Level::Off {
            return;
        }
        let finding = Finding {
            rule,
            primary: Label { file, range, text: String::new() },
            labels: Vec::new(),
            message,
            notes: Vec::new(),
            help,
            fix: None,
            confidence: Confidence::Proved,
            absorbed_by: None,
            subject: Subject {
                package: entry.package,
                item: String::new(),
                api: String::new(),
                code: CodeKind::Main,
            },
        };
        match self.exempts.hides(&entry.path, rule) {
            Some(reason) => {
                self.out.hidden.push(Hidden { finding, why: Why::Exempted(reason) });
            }
            None => {
                let origin = Origin::Source(finding);
                self.out.shown.push(Judged { origin, level, folded: false });
            }
        }
    }

    fn outside(&mut self, outside: Outside, package: Option<crate::source::PackageId>) {
        let level = self.levels.level(outside.rule, package, CodeKind::Main);
        if level != Level::Off {
            let origin = Origin::Outside(outside);
            self.out.shown.push(Judged { origin, level, folded: false });
        }
    }
}
