//! A workspace as the manifests alone describe it: for when cargo is absent or refuses.
//!
//! Cargo refuses the whole workspace for one mistake in one member. A linter that did the same
//! would fall silent exactly while somebody edits a manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::manifest::{
    DependencyLine, Field, Manifest, Manifests, PackageTable, TargetTables, WorkspaceTable,
};
use super::paths::{absolute, package_id};
use crate::source::{Dependency, TargetKind};

/// Packages that belong together, whoever found them.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    pub(super) packages: Vec<RawPackage>,
    /// Where cargo builds, if cargo was asked.
    pub(super) target_dir: Option<PathBuf>,
}

/// A package before its files are known.
#[derive(Debug)]
pub(super) struct RawPackage {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) id: String,
    pub(super) dir: PathBuf,
    pub(super) edition: u16,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) publish: bool,
    /// Whether cargo would take it when no package is named.
    pub(super) default: bool,
    pub(super) targets: Targets,
    /// What is wrong with its manifest.
    pub(super) mistakes: Vec<String>,
}

/// Targets, as far as they are known before the walk.
#[derive(Debug)]
pub(super) enum Targets {
    /// Cargo listed them.
    Listed(Vec<RawTarget>),
    /// The manifest declares them; the files decide the rest.
    Declared(std::rc::Rc<Manifest>),
}

/// A target before its root has a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RawTarget {
    pub(super) kind: TargetKind,
    pub(super) name: String,
    pub(super) edition: u16,
    pub(super) path: PathBuf,
}

/// The workspace of the package or workspace manifest in `dir`.
pub(super) fn load(manifests: &mut Manifests, dir: &Path) -> Option<Workspace> {
    let start = manifests.get(dir)?;
    let root = root_of(manifests, &start).unwrap_or_else(|| dir.to_path_buf());
    let mut members = members_of(manifests, &root);
    members.insert(dir.to_path_buf());
    let defaults = default_members(manifests, &root, dir, &members);
    let mut packages = Vec::new();
    for member in &members {
        if let Some(mut package) = package(manifests, member) {
            package.default = defaults.contains(member);
            packages.push(package);
        }
    }
    Some(Workspace { root, packages, target_dir: None })
}

/// The directory of the workspace that a package belongs to, or `None` if it stands alone.
pub(super) fn root_of(manifests: &mut Manifests, start: &Manifest) -> Option<PathBuf> {
    if start.workspace.is_some() {
        return Some(start.dir.clone());
    }
    if let Some(said) = start.package.as_ref().and_then(|package| package.workspace.as_ref()) {
        return Some(absolute(&start.dir, Path::new(said)));
    }
    for dir in start.dir.ancestors().skip(1) {
        let Some(above) = manifests.get(dir) else { continue };
        let Some(workspace) = &above.workspace else { continue };
        // The first workspace above decides: cargo looks no further.
        let ours = !excluded(dir, workspace, &start.dir)
            && members_of(manifests, dir).contains(&start.dir);
        return ours.then(|| dir.to_path_buf());
    }
    None
}

/// Directories of all members of the workspace in `root`, its own package included.
pub(super) fn members_of(manifests: &mut Manifests, root: &Path) -> BTreeSet<PathBuf> {
    let mut members = BTreeSet::new();
    let Some(manifest) = manifests.get(root) else { return members };
    let mut queue = Vec::new();
    if manifest.package.is_some() {
        queue.push(root.to_path_buf());
    }
    if let Some(workspace) = &manifest.workspace {
        for pattern in &workspace.members {
            let dirs = expand(root, pattern);
            queue.extend(dirs.into_iter().filter(|dir| !excluded(root, workspace, dir)));
        }
    }
    while let Some(dir) = queue.pop() {
        if members.contains(&dir) {
            continue;
        }
        let Some(member) = manifests.get(&dir) else { continue };
        members.insert(dir.clone());
        let Some(workspace) = &manifest.workspace else { continue };
        let Some(package) = &member.package else { continue };
        // Path dependencies inside the workspace are members without being listed.
        for line in &package.dependencies {
            let (base, path) = match inherited(workspace, line) {
                Some(shared) => (root, shared.path.as_ref()),
                None => (dir.as_path(), line.path.as_ref()),
            };
            let Some(path) = path.map(|path| absolute(base, Path::new(path))) else { continue };
            if path.starts_with(root) && !excluded(root, workspace, &path) {
                queue.push(path);
            }
        }
    }
    members
}

/// Reads the package in `dir`; `None` for a virtual manifest or none at all.
pub(super) fn package(manifests: &mut Manifests, dir: &Path) -> Option<RawPackage> {
    let manifest = manifests.get(dir)?;
    let table = manifest.package.as_ref()?;
    let shared = shared_by(manifests, &manifest);
    let shared = shared.as_ref().and_then(|manifest| manifest.workspace.as_ref());
    let mut mistakes: Vec<String> = manifest.mistake.iter().cloned().collect();

    let folder = dir.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let name = table.name.clone().unwrap_or(folder);
    let version = resolve(&table.version, shared.map(|it| it.version.as_ref()));
    let edition = resolve(&table.edition, shared.map(|it| it.edition.as_ref()));
    let edition = match (edition.as_deref(), mistakes.is_empty()) {
        (Some(text), _) => edition_number(text).unwrap_or_else(|| {
            mistakes.push(format!("edition {text:?} is unknown: taken for 2024"));
            2024
        }),
        // Cargo's default. A manifest that lost its edition to a mistake is rarely that old.
        (None, true) => 2015,
        (None, false) => 2021,
    };
    let said = resolve(&table.publish, shared.map(|it| it.publish.as_ref()));
    // Without a version there is nothing to publish; a mistake proves nothing of the kind.
    let publish = said.unwrap_or(version.is_some() || !mistakes.is_empty());
    let version = version.unwrap_or_else(|| "0.0.0".to_owned());
    Some(RawPackage {
        id: package_id(dir, &name, &version),
        dependencies: dependencies(table, shared),
        dir: dir.to_path_buf(),
        default: false,
        targets: Targets::Declared(std::rc::Rc::clone(&manifest)),
        name,
        version,
        edition,
        publish,
        mistakes,
    })
}

impl RawPackage {
    /// What its manifest declares about targets.
    pub(super) fn declared(&self) -> Option<&TargetTables> {
        match &self.targets {
            Targets::Declared(manifest) => manifest.package.as_ref().map(|it| &it.targets),
            Targets::Listed(_) => None,
        }
    }
}

/// The edition that a manifest means.
pub(super) fn edition_number(text: &str) -> Option<u16> {
    ["2015", "2018", "2021", "2024"].contains(&text).then(|| text.parse().ok()).flatten()
}

/// Name and real crate of a dependency, both as code writes them.
pub(super) fn dependency(code_name: &str, package: &str) -> Dependency {
    Dependency { code_name: code_name.replace('-', "_"), package: package.replace('-', "_") }
}

/// The workspace whose values a package inherits.
fn shared_by(manifests: &mut Manifests, of: &Manifest) -> Option<std::rc::Rc<Manifest>> {
    let said = of.package.as_ref().and_then(|package| package.workspace.as_ref());
    if let Some(said) = said {
        return manifests.get(&absolute(&of.dir, Path::new(said)));
    }
    of.dir.ancestors().find_map(|dir| manifests.get(dir).filter(|it| it.workspace.is_some()))
}

fn resolve<T: Clone>(field: &Field<T>, shared: Option<Option<&T>>) -> Option<T> {
    match field {
        Field::Value(value) => Some(value.clone()),
        Field::Inherited => shared.flatten().cloned(),
        Field::Absent => None,
    }
}

fn inherited<'w>(
    workspace: &'w WorkspaceTable,
    line: &DependencyLine,
) -> Option<&'w DependencyLine> {
    let same = |shared: &&DependencyLine| line.inherited && shared.key == line.key;
    workspace.dependencies.iter().find(same)
}

fn dependencies(table: &PackageTable, shared: Option<&WorkspaceTable>) -> Vec<Dependency> {
    let unique: BTreeMap<_, _> = table
        .dependencies
        .iter()
        .map(|line| {
            let real = shared.and_then(|shared| inherited(shared, line)).unwrap_or(line);
            let found = dependency(&line.key, real.package.as_ref().unwrap_or(&line.key));
            ((found.code_name.clone(), found.package.clone()), found)
        })
        .collect();
    unique.into_values().collect()
}

fn default_members(
    manifests: &mut Manifests,
    root: &Path,
    start: &Path,
    members: &BTreeSet<PathBuf>,
) -> BTreeSet<PathBuf> {
    let Some(manifest) = manifests.get(root).filter(|_| start == root) else {
        return BTreeSet::from([start.to_path_buf()]);
    };
    let said = manifest.workspace.as_ref().and_then(|it| it.default_members.as_ref());
    match said {
        Some(patterns) => patterns.iter().flat_map(|pattern| expand(root, pattern)).collect(),
        None if manifest.package.is_some() => BTreeSet::from([root.to_path_buf()]),
        None => members.clone(),
    }
}

/// Cargo's rule: a listed member is never excluded, a globbed one can be.
fn excluded(root: &Path, workspace: &WorkspaceTable, dir: &Path) -> bool {
    let below = |entry: &String| dir.starts_with(absolute(root, Path::new(entry)));
    let matches = |entry: &String| {
        let inner = dir.strip_prefix(root).ok();
        has_glob(entry) && matcher(entry).zip(inner).is_some_and(|(glob, dir)| glob.is_match(dir))
    };
    let out = workspace.exclude.iter().any(|entry| below(entry) || matches(entry));
    out && !workspace.members.iter().any(below)
}

/// Directories that a member pattern means.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut dirs = vec![root.to_path_buf()];
    for part in pattern.split(['/', '\\']).filter(|part| !part.is_empty()) {
        dirs = match part {
            "**" => dirs.into_iter().flat_map(|dir| below(&dir)).collect(),
            _ if has_glob(part) => {
                let Some(glob) = matcher(part) else { return Vec::new() };
                let fits = |dir: &PathBuf| dir.file_name().is_some_and(|name| glob.is_match(name));
                dirs.iter().flat_map(|dir| children(dir)).filter(fits).collect()
            }
            _ => dirs.into_iter().map(|dir| absolute(&dir, Path::new(part))).collect(),
        };
    }
    dirs
}

fn has_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn matcher(glob: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(glob).literal_separator(true).build().ok()?;
    Some(glob.compile_matcher())
}

fn below(dir: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(dir).into_iter();
    let kept = walk.filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        entry.file_type().is_dir()
            && (entry.depth() == 0 || !(name.starts_with('.') || name == "target"))
    });
    kept.flatten().map(walkdir::DirEntry::into_path).collect()
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
