//! The configuration as the rest of this layer sees it: checked, merged, with places to point at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::allow::Allow;
use super::exempt::Exempt;
use super::validate;
use crate::catalog::{Api, Role};
use crate::rules::{Level, Page};
use crate::source::{PackageId, Project};
use crate::text::TextRange;

/// A configuration file as the rim read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigFile {
    /// Relative to the workspace root, absolute if it lies outside, `/` between parts.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl ConfigFile {
    /// A project path as entries of this file spell it: absolute if the file lies outside of the
    /// workspace, whose absolute path is `root`.
    pub(super) fn spelled<'p>(&self, path: &'p str, root: &str) -> Cow<'p, str> {
        if is_absolute(&self.path) && !is_absolute(path) {
            Cow::Owned(format!("{root}/{path}"))
        } else {
            Cow::Borrowed(path)
        }
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.as_bytes().get(1) == Some(&b':')
}

/// Where in a file the configuration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigForm {
    /// The whole file: a `thread-lint.toml`.
    File,
    /// `[workspace.metadata.thread-lint]` of a `Cargo.toml`.
    WorkspaceMetadata,
    /// `[package.metadata.thread-lint]` of a `Cargo.toml`.
    PackageMetadata,
}

/// A file that may hold a configuration.
#[derive(Clone, Debug)]
pub struct ConfigSource {
    /// The file.
    pub file: ConfigFile,
    /// Where in it the configuration stands.
    pub form: ConfigForm,
    /// The package it is for; `None` when it is the workspace's.
    pub package: Option<PackageId>,
}

/// A place in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The file.
    pub file: ConfigFile,
    /// The bytes.
    pub range: TextRange,
}

/// A mistake in a configuration. Any one stops the run: half a configuration would hide or show
/// what nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigProblem {
    /// Where it is.
    pub spot: Spot,
    /// Lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// One table of levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelTable {
    /// Levels of single rules; they win over the group's.
    pub rules: BTreeMap<String, Level>,
    /// Levels of whole groups.
    pub groups: BTreeMap<String, Level>,
}

impl LevelTable {
    /// What the table says about a rule.
    pub fn get(&self, page: &Page) -> Option<Level> {
        self.rules.get(page.id).or_else(|| self.groups.get(&page.group)).copied()
    }
}

/// A home-made thread registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// Modules whose raw spawns are the registry's own.
    pub modules: Vec<String>,
    /// Functions, methods or macros that spawn.
    pub spawn: Vec<String>,
    /// Whether it keeps the handle, so that dropping what it returns detaches nothing.
    pub owns: Option<bool>,
    /// Functions that say whether shutdown was requested.
    pub stop: Vec<String>,
    /// Functions that stop and join all threads.
    pub shutdown: Vec<String>,
    /// Whether scoped threads need the registry too.
    pub scoped_allowed: Option<bool>,
}

impl Registry {
    /// Whether there is one.
    pub fn is_configured(&self) -> bool {
        !self.spawn.is_empty() || !self.modules.is_empty()
    }
}

/// One configuration, or several merged.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub(super) exempt: Vec<Exempt>,
    pub(super) allow: Vec<Allow>,
    /// `[levels]`, the outermost configuration first.
    pub levels: Vec<LevelTable>,
    /// `[tests]`, likewise.
    pub tests: Vec<LevelTable>,
    /// `[benches]`, likewise.
    pub benches: Vec<LevelTable>,
    /// `[examples]`, likewise.
    pub examples: Vec<LevelTable>,
    /// `outside-callers`: whether code outside the workspace may use the public API of its packages.
    pub outside_callers: Option<bool>,
    /// `[registry]`.
    pub registry: Registry,
    /// `[[api]]`.
    pub api: Vec<Api>,
}

impl Config {
    /// Reads one source; `None` when it holds no configuration.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(source: &ConfigSource) -> Result<Option<Self>, Vec<ConfigProblem>> {
        Ok(validate::read(source)?.map(|(config, _)| config))
    }

    /// Adds an inner configuration: lists add, scalars override.
    pub fn merge(&mut self, inner: Self) {
        self.exempt.extend(inner.exempt);
        self.allow.extend(inner.allow);
        self.levels.extend(inner.levels);
        self.tests.extend(inner.tests);
        self.benches.extend(inner.benches);
        self.examples.extend(inner.examples);
        self.outside_callers = inner.outside_callers.or(self.outside_callers);
        self.registry.modules.extend(inner.registry.modules);
        self.registry.spawn.extend(inner.registry.spawn);
        self.registry.stop.extend(inner.registry.stop);
        self.registry.shutdown.extend(inner.registry.shutdown);
        self.registry.owns = inner.registry.owns.or(self.registry.owns);
        self.registry.scoped_allowed =
            inner.registry.scoped_allowed.or(self.registry.scoped_allowed);
        self.api.extend(inner.api);
    }

    /// What the configuration adds to the catalog: its `[[api]]` entries after the registry's own
    /// functions, so that an entry may say more about one of those.
    pub fn catalog_entries(&self) -> Vec<Api> {
        let owns = self.registry.owns.unwrap_or(false);
        let role = if owns { Role::OwnedByRegistry } else { Role::Spawn };
        let returns = (!owns).then(|| validate::HANDLE.to_owned());
        let spawn = |path: &String| Api {
            path: path.clone(),
            role,
            returns: returns.clone(),
            body: None,
            passes: None,
            stop: None,
        };
        let stop = |path: &String| Api {
            path: path.clone(),
            role: Role::StopCheck,
            returns: None,
            body: None,
            passes: None,
            stop: None,
        };
        let own = self.registry.spawn.iter().map(spawn);
        own.chain(self.registry.stop.iter().map(stop)).chain(self.api.iter().cloned()).collect()
    }
}

/// The configurations of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Configs {
    /// As they were read, the workspace's first.
    layers: Vec<(Option<PackageId>, Config)>,
    workspace: Config,
    /// Merged with the workspace's; only packages that have one of their own.
    packages: BTreeMap<PackageId, Config>,
}

impl Configs {
    /// Reads and merges all sources.
    ///
    /// # Errors
    /// Every mistake in any of them, in order.
    pub fn load(sources: &[ConfigSource]) -> Result<Self, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        let mut places: Vec<(&ConfigSource, TextRange)> = Vec::new();
        let mut layers = Vec::new();
        for source in sources {
            match validate::read(source) {
                Ok(None) => {}
                Ok(Some((config, range))) => {
                    layers.push((source.package, config));
                    places.push((source, range));
                }
                Err(more) => problems.extend(more),
            }
        }
        problems.extend(twice(&places));
        if !problems.is_empty() {
            problems.sort();
            // One file may be read for several packages.
            problems.dedup();
            return Err(problems);
        }
        layers.sort_by_key(|&(package, _)| package);
        let mut configs = Self { layers, ..Self::default() };
        for (package, config) in &configs.layers {
            match package {
                None => configs.workspace.merge(config.clone()),
                Some(package) => configs
                    .packages
                    .entry(*package)
                    .or_insert_with(|| configs.workspace.clone())
                    .merge(config.clone()),
            }
        }
        Ok(configs)
    }

    /// What holds for a package, or for files without one.
    pub fn of(&self, package: Option<PackageId>) -> &Config {
        package.and_then(|package| self.packages.get(&package)).unwrap_or(&self.workspace)
    }

    /// What all configurations add to the catalog. A path that starts with `crate` is written out
    /// for the package it is configured for, or for every package if the workspace configures it.
    pub fn catalog_entries(&self, project: &Project) -> Vec<Api> {
        let mut entries = Vec::new();
        for (package, config) in &self.layers {
            for api in config.catalog_entries() {
                let paths = written_out(&api.path, *package, project);
                entries.extend(paths.into_iter().map(|path| Api { path, ..api.clone() }));
            }
        }
        entries
    }

    /// Modules whose raw spawns are a registry's own, of all configurations, with `crate` written
    /// out in the same way.
    pub fn registry_modules(&self, project: &Project) -> Vec<String> {
        let modules = self.layers.iter().flat_map(|(package, config)| {
            let modules = config.registry.modules.iter();
            modules.flat_map(|module| written_out(module, *package, project))
        });
        let mut modules: Vec<String> = modules.collect();
        modules.sort_unstable();
        modules.dedup();
        modules
    }

    /// Whether some configuration wants scoped threads to use the registry too.
    pub fn scoped_denied(&self) -> bool {
        let mut all = std::iter::once(&self.workspace).chain(self.packages.values());
        all.any(|config| config.registry.scoped_allowed == Some(false))
    }

    pub(super) fn layers(&self) -> impl Iterator<Item = (Option<PackageId>, &Config)> {
        self.layers.iter().map(|(package, config)| (*package, config))
    }
}

/// A path of a configuration as code of other packages would write it.
fn written_out(path: &str, package: Option<PackageId>, project: &Project) -> Vec<String> {
    let Some(rest) =
        path.strip_prefix("crate").filter(|rest| rest.is_empty() || rest.starts_with("::"))
    else {
        return vec![path.to_owned()];
    };
    let named = match package {
        Some(package) => std::slice::from_ref(project.package(package)),
        None => project.packages.as_slice(),
    };
    named.iter().map(|package| format!("{}{rest}", package.name.replace('-', "_"))).collect()
}

/// A directory with both a `thread-lint.toml` and a metadata table: neither can win.
fn twice(places: &[(&ConfigSource, TextRange)]) -> Vec<ConfigProblem> {
    let directory = |source: &ConfigSource| validate::directory(&source.file.path).to_owned();
    let mut problems = Vec::new();
    for (metadata, range) in places.iter().filter(|(one, _)| one.form != ConfigForm::File) {
        let file = places.iter().find(|(other, _)| {
            // A file of any other name was given on the command line.
            other.form == ConfigForm::File
                && other.file.path.rsplit('/').next() == Some("thread-lint.toml")
                && directory(other) == directory(metadata)
        });
        if let Some((file, _)) = file {
            problems.push(ConfigProblem {
                spot: Spot { file: metadata.file.clone(), range: *range },
                message: format!("configured twice: here and in `{}`", file.file.path),
                help: Some("keep one of the two".to_owned()),
            });
        }
    }
    problems
}
