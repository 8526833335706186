//! Which level a rule has, for which package and which code.
//!
//! Each step overrides the ones before it: the rule's page, `[levels]` of the workspace and then of
//! the package, the cap on code that matters less, the table for that kind of code, the command
//! line. Last comes what was selected, and `warnings`, which speaks of results and not of rules.

use super::config::{Config, Configs, LevelTable};
use super::names;
use crate::finding::{CodeKind, Confidence};
use crate::rules::{self, Kind, Level, Page};
use crate::source::{PackageId, Project};

/// The flags that set levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagLevel {
    /// `-D`.
    Deny,
    /// `-W`.
    Warn,
    /// `-A`.
    Allow,
}

/// The part of the command line that decides what is shown.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--only`: these rules and groups alone.
    pub only: Vec<String>,
    /// `--select`: these as well, though they are off.
    pub select: Vec<String>,
    /// `--ignore`: not these.
    pub ignore: Vec<String>,
    /// `-D`, `-W` and `-A` in the order given.
    pub levels: Vec<(FlagLevel, String)>,
    /// `--confidence`: the least sure finding that is shown.
    pub confidence: Confidence,
    /// `--include-tests`: test code is judged like any other.
    pub include_tests: bool,
    /// The whole workspace is reported on, so that what is not needed there is needed nowhere.
    pub whole: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            select: Vec::new(),
            ignore: Vec::new(),
            levels: Vec::new(),
            confidence: Confidence::Proved,
            include_tests: false,
            whole: true,
        }
    }
}

/// Every finding that has the level warn, in `-D`, `-W` and `-A`.
const WARNINGS: &str = "warnings";

impl Options {
    /// What is wrong with the names on the command line, in words.
    pub fn problems(&self) -> Vec<String> {
        let selection = [&self.only, &self.select, &self.ignore].into_iter().flatten();
        let levels = self.levels.iter().map(|(_, name)| name).filter(|name| *name != WARNINGS);
        selection
            .chain(levels)
            .filter(|name| names::expand(name).is_none())
            .map(|name| format!("unknown rule or group `{name}`; {}", names::help(name)))
            .collect()
    }
}

/// In test code a finding is counted and not shown, but for these.
const SHOWN_IN_TESTS: [&str; 1] = ["unjoined-test-thread"];

/// Answers for one run.
pub struct Levels<'a> {
    project: &'a Project,
    configs: &'a Configs,
    options: &'a Options,
    /// The same without what the command line says of rules.
    unasked: Options,
}

impl<'a> Levels<'a> {
    /// Answers for one run.
    pub fn new(project: &'a Project, configs: &'a Configs, options: &'a Options) -> Self {
        Self { project, configs, options, unasked: Options::default() }
    }

    /// The level of a rule in one kind of code of a package; off if there is no such rule.
    pub fn level(&self, rule: &str, package: Option<PackageId>, code: CodeKind) -> Level {
        rules::page(rule).map_or(Level::Off, |page| self.of(page, package, code, self.options))
    }

    /// Whether threads of this package have a registry to go to.
    pub fn has_registry(&self, package: Option<PackageId>) -> bool {
        let depends = package.is_some_and(|package| {
            let dependencies = &self.project.package(package).dependencies;
            dependencies.iter().any(|dependency| dependency.package == "thread_registry")
        });
        depends || self.configs.of(package).registry.is_configured()
    }

    /// Whether findings of a rule in test code are only counted.
    pub(super) fn only_counted(&self, rule: &str, package: Option<PackageId>) -> bool {
        let tests = &self.configs.of(package).tests;
        !self.options.include_tests
            && !SHOWN_IN_TESTS.contains(&rule)
            && rules::page(rule).is_none_or(|page| last(tests, page).is_none())
    }

    /// Whether the command line asks for the rule by its name or its group's.
    pub(super) fn named_on_command_line(&self, rule: &str) -> bool {
        let options = self.options;
        let raised = options.levels.iter().filter(|(flag, _)| *flag != FlagLevel::Allow);
        let mut named =
            options.only.iter().chain(&options.select).chain(raised.map(|(_, name)| name));
        rules::page(rule).is_some_and(|page| named.any(|name| names::means(name, page)))
    }

    /// Whether an entry that hid nothing can be blamed for it: a rule it is for did run, and the
    /// command line switched none of them off. `None` is an entry for all rules.
    pub(super) fn judgeable(&self, only: Option<&[&str]>, package: Option<PackageId>) -> bool {
        let pages = || {
            rules::pages().iter().filter(|page| match only {
                Some(only) => only.contains(&page.id),
                None => page.kind == Kind::Rule,
            })
        };
        let on = |page: &Page, options: &Options| {
            self.of(page, package, CodeKind::Main, options) != Level::Off
        };
        pages().any(|page| on(page, self.options))
            && pages().all(|page| on(page, self.options) || !on(page, &self.unasked))
    }

    fn of(
        &self,
        page: &Page,
        package: Option<PackageId>,
        code: CodeKind,
        options: &Options,
    ) -> Level {
        let named = |names: &[String]| names.iter().any(|name| names::means(name, page));
        let asked = named(&options.only) || named(&options.select);
        // A file that was not read may hide anything, so no selection of rules hides the file.
        let always = page.id == "unreadable-source";
        if (!options.only.is_empty() && !asked && !always) || named(&options.ignore) {
            return Level::Off;
        }
        let config = self.configs.of(package);
        let raised = page.id == "raw-thread-spawn" && self.has_registry(package);
        let default = if raised { Level::Error } else { page.level };
        let mut level = last(&config.levels, page).unwrap_or(default);
        if asked && level == Level::Off {
            level = default.max(Level::Warn);
        }
        let lesser = matches!(code, CodeKind::Example | CodeKind::Bench | CodeKind::Orphan);
        if lesser {
            level = level.min(Level::Warn);
        }
        level = of_code(config, code).and_then(|tables| last(tables, page)).unwrap_or(level);
        for (flag, name) in &options.levels {
            if names::means(name, page) {
                level = flag.level();
            }
        }
        if code == CodeKind::Orphan {
            level = level.min(Level::Warn);
        }
        let warnings = options.levels.iter().rev().find(|(_, name)| name == WARNINGS);
        match warnings {
            Some((flag, _)) if level == Level::Warn => flag.level(),
            _ => level,
        }
    }
}

impl FlagLevel {
    fn level(self) -> Level {
        match self {
            Self::Deny => Level::Error,
            Self::Warn => Level::Warn,
            Self::Allow => Level::Off,
        }
    }
}

/// What the innermost table that mentions a rule says.
fn last(tables: &[LevelTable], page: &Page) -> Option<Level> {
    tables.iter().rev().find_map(|table| table.get(page))
}

fn of_code(config: &Config, code: CodeKind) -> Option<&[LevelTable]> {
    match code {
        CodeKind::Main | CodeKind::Orphan => None,
        CodeKind::Example => Some(&config.examples),
        CodeKind::Bench => Some(&config.benches),
        CodeKind::Test => Some(&config.tests),
    }
}
