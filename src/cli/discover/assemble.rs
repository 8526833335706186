//! Puts the pieces together: numbers for files, packages and targets, in the order the core relies
//! on.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named::Named;
use super::paths::{absolute, project_path, shown};
use super::select::{Selection, select};
use super::survey::Surveyed;
use super::targets::{Inferred, infer};
use super::walk::{Nested, Walker};
use super::workspace::{RawPackage, RawTarget, Targets};
use super::{About, Discovery, InputError, InputNote, Request};
use crate::source::{FileEntry, Package, PackageId, Project, Target, TargetKind};

/// Targets of each package, while roots are still being looked for.
#[derive(Debug)]
pub(super) struct Assembly {
    targets: Vec<Vec<RawTarget>>,
}

impl Assembly {
    /// The targets that cargo listed or that manifests and files imply.
    pub(super) fn new(found: &mut Surveyed) -> Self {
        let root = found.root.clone();
        let dirs: HashMap<&Path, usize> =
            found.packages.iter().enumerate().map(|(index, it)| (&*it.dir, index)).collect();
        let mut files: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); found.packages.len()];
        let names: Vec<Option<String>> =
            found.walker.files.iter().map(|file| project_path(&root, &file.path).ok()).collect();
        for (file, name) in found.walker.files.iter().zip(&names) {
            let owner = file.owner.and_then(|owner| {
                let dir = &*found.walker.owners[owner].dir;
                dirs.get(dir).map(|&package| (package, project_path(&root, dir)))
            });
            if let (Some((package, Ok(dir))), Some(name)) = (owner, name)
                && found.packages[package].declared().is_some()
            {
                let inner = name.strip_prefix(&*dir).unwrap_or(name);
                files[package].insert(inner.trim_start_matches('/'));
            }
        }
        let targets = found.packages.iter().zip(&files);
        Self { targets: targets.map(|(package, files)| targets_of(package, files)).collect() }
    }

    /// Makes every root that exists a file of the project. What lies beside a root outside of all
    /// packages can be its module, so it is listed too, to be read only when a `mod` reaches it.
    pub(super) fn resolve_targets(&mut self, found: &mut Surveyed) {
        let known: HashSet<PathBuf> =
            found.walker.files.iter().map(|file| file.path.clone()).collect();
        let mut by_real: Option<HashMap<PathBuf, PathBuf>> = None;
        let mut walked = HashSet::new();
        for (package, targets) in found.packages.iter().zip(&mut self.targets) {
            targets.retain_mut(|target| {
                if known.contains(&target.path) {
                    return true;
                }
                let real = fs::canonicalize(&target.path).ok().filter(|real| real.is_file());
                let Some(real) = real else {
                    if !stripped(package, target) {
                        found.walker.notes.push((target.path.clone(), no_root(package, target)));
                    }
                    return false;
                };
                let by_real = by_real.get_or_insert_with(|| {
                    let files = found.walker.files.iter();
                    files.map(|file| (file.real.clone(), file.path.clone())).collect()
                });
                if let Some(path) = by_real.get(&real) {
                    target.path.clone_from(path);
                    return true;
                }
                outside(&mut found.walker, package, target, &mut walked);
                true
            });
        }
        found.walker.settle();
    }

    /// The finished project.
    pub(super) fn finish(
        self,
        found: Surveyed,
        request: &Request,
        named: &Named,
    ) -> Result<Discovery, InputError> {
        let Surveyed { root, workspaces, packages, walker } = found;
        let selection = select(&packages, request)?;
        let mut notes: Vec<InputNote> = walker
            .notes
            .iter()
            .map(|(path, message)| {
                let manifest = path.file_name() == Some(OsStr::new("Cargo.toml"));
                let about = if manifest { About::Scope } else { About::Source };
                InputNote { path: shown(&root, path), about, message: message.clone() }
            })
            .collect();
        let at = workspaces.first().map_or_else(|| root.clone(), |it| it.join("Cargo.toml"));
        notes.extend(selection.unmatched.iter().map(|text| {
            let message = format!("no package matches `--exclude {text}`: it excludes nothing");
            InputNote { path: shown(&root, &at), about: About::Scope, message }
        }));

        let dirs = packages.iter().map(|it| shown(&root, &it.dir)).collect::<Vec<_>>();
        let mut order: Vec<usize> = (0..packages.len()).collect();
        order.sort_by(|&a, &b| (&dirs[a], &packages[a].name).cmp(&(&dirs[b], &packages[b].name)));
        let mut rank = vec![PackageId(0); packages.len()];
        for (at, &index) in order.iter().enumerate() {
            rank[index] = PackageId(number(at));
        }

        let mut project = Project::default();
        let picked = pick(&walker, &packages, &selection, named, request);
        for (file, (package, selected)) in walker.files.iter().zip(picked) {
            match project_path(&root, &file.path) {
                Ok(path) => project.files.push(FileEntry {
                    path: Arc::from(path),
                    package: package.map(|index| rank[index]),
                    selected,
                    ignored: file.ignored && !named.is_file(&file.real),
                }),
                Err(lossy) => notes.push(InputNote {
                    path: lossy,
                    about: About::Source,
                    message: "has a path that is not UTF-8, so it is skipped: rename it".to_owned(),
                }),
            }
        }
        project.files.sort();
        project.files.dedup_by(|next, kept| next.path == kept.path);
        project.targets = number_targets(&project, &root, self.targets, &rank);
        project.packages = order
            .iter()
            .map(|&index| outward(&packages[index], dirs[index].clone(), selection.selected[index]))
            .collect();
        if named.given {
            select_by_files(&mut project);
        }
        notes.sort();
        notes.dedup();
        let workspaces = workspaces.iter().map(|dir| shown(&root, dir)).collect();
        Ok(Discovery { root, workspaces, project, notes })
    }
}

fn targets_of(package: &RawPackage, files: &BTreeSet<&str>) -> Vec<RawTarget> {
    match (&package.targets, package.declared()) {
        (Targets::Listed(targets), _) => targets.clone(),
        (_, None) => Vec::new(),
        (_, Some(tables)) => infer(tables, &package.name, package.edition, files)
            .into_iter()
            .map(|Inferred { kind, name, edition, path }| RawTarget {
                kind,
                name,
                edition,
                path: absolute(&package.dir, Path::new(&path)),
            })
            .collect(),
    }
}

fn outside(
    walker: &mut Walker,
    package: &RawPackage,
    target: &RawTarget,
    walked: &mut HashSet<PathBuf>,
) {
    let owner = walker.own(&package.dir);
    let Some(folder) = target.path.parent() else { return };
    let first = walker.files.len();
    if walked.insert(folder.to_path_buf()) {
        // Above the package anything may lie: only what is right beside the root is looked at.
        let depth = if package.dir.starts_with(folder) { 1 } else { usize::MAX };
        walker.walk(folder, Some(owner), Nested::Skip, depth);
    }
    for file in &mut walker.files[first..] {
        file.ignored = true;
    }
    match walker.files.iter_mut().find(|file| file.path == target.path) {
        Some(file) => file.ignored = false,
        None => walker.list(&target.path, Some(owner)),
    }
}

/// Published packages come without the tests, benchmarks and examples that their manifests name.
fn stripped(package: &RawPackage, target: &RawTarget) -> bool {
    let side = [TargetKind::Example, TargetKind::Bench, TargetKind::Test].contains(&target.kind);
    side && package.dir.join("Cargo.toml.orig").is_file() && !target.path.exists()
}

fn no_root(package: &RawPackage, target: &RawTarget) -> String {
    let what = match target.kind {
        TargetKind::Lib => "library",
        TargetKind::Bin => "binary",
        TargetKind::BuildScript => "build script",
        TargetKind::Example => "example",
        TargetKind::Bench => "benchmark",
        TargetKind::Test => "test",
    };
    let state = if target.path.is_dir() { "is a directory" } else { "does not exist" };
    format!(
        "should be the root of the {what} `{}` of package `{}` but {state}: correct its path in \
         Cargo.toml",
        target.name, package.name
    )
}

/// Package and selection of each file.
fn pick(
    walker: &Walker,
    packages: &[RawPackage],
    selection: &Selection,
    named: &Named,
    request: &Request,
) -> Vec<(Option<usize>, bool)> {
    let by_dir: HashMap<&Path, usize> =
        packages.iter().enumerate().map(|(index, package)| (&*package.dir, index)).collect();
    let owners: Vec<Option<usize>> =
        walker.owners.iter().map(|owner| by_dir.get(&*owner.dir).copied()).collect();
    let by_name = !request.packages.is_empty();
    let pick = |file: &super::walk::Found| {
        let package = file.owner.and_then(|owner| owners[owner]);
        let selected = if named.given {
            let allowed = package.map_or(!by_name, |index| {
                !selection.excluded[index] && (!by_name || selection.selected[index])
            });
            allowed && named.selects(&file.real)
        } else {
            package.map_or(!by_name, |index| selection.selected[index])
        };
        (package, selected)
    };
    walker.files.iter().map(pick).collect()
}

fn number_targets(
    project: &Project,
    root: &Path,
    targets: Vec<Vec<RawTarget>>,
    rank: &[PackageId],
) -> Vec<Target> {
    let mut numbered = Vec::new();
    for (index, targets) in targets.into_iter().enumerate() {
        for RawTarget { kind, name, edition, path } in targets {
            let file = project_path(root, &path).ok().and_then(|path| project.find(&path));
            if let Some(root) = file {
                numbered.push(Target { package: rank[index], kind, name, edition, root });
            }
        }
    }
    let key = |target: &Target| (target.package, target.kind, target.name.clone(), target.root);
    numbered.sort_by_key(key);
    numbered.dedup_by_key(|target| key(target));
    numbered
}

fn outward(package: &RawPackage, dir: String, selected: bool) -> Package {
    Package {
        name: package.name.clone(),
        version: package.version.clone(),
        id: package.id.clone(),
        dir,
        manifest: package.dir.join("Cargo.toml").to_string_lossy().into_owned(),
        edition: package.edition,
        dependencies: package.dependencies.clone(),
        publish: package.publish,
        selected,
    }
}

/// With named files a package is reported on if one of its files is.
fn select_by_files(project: &mut Project) {
    let selected = project.files.iter().filter(|file| file.selected);
    let selected: HashSet<PackageId> = selected.filter_map(|file| file.package).collect();
    for (at, package) in project.packages.iter_mut().enumerate() {
        package.selected = selected.contains(&PackageId(number(at)));
    }
}

/// Ids are 32 bits wide; a project with more files than that is none.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
