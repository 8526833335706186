//! From what the command line names to the packages and directories to walk.
//!
//! Cargo is asked once for each workspace. A package that merely lies inside a known workspace
//! (vendored, excluded, a fixture) is read from its manifest: asking cargo would cost a process
//! for each and fail for most.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::cargo::{self, Refusal};
use super::manifest::Manifests;
use super::named::{Named, Place};
use super::paths::{absolute, common};
use super::walk::{Nested, Walker};
use super::workspace::{self, RawPackage, Workspace};
use super::{InputError, Request};

/// Places and packages, gathered step by step: `seed`, `load`, `walk`.
#[derive(Debug)]
pub(super) struct Survey {
    /// `None` once it is known to be absent.
    cargo: Option<OsString>,
    cwd: PathBuf,
    manifests: Manifests,
    /// Directories of the manifests that the request leads to.
    seeds: BTreeSet<PathBuf>,
    /// Directories without a package around them.
    plain: BTreeSet<PathBuf>,
    /// Directories of named files without a package around them.
    loose: BTreeSet<PathBuf>,
    /// What paths may be relative to.
    roots: BTreeSet<PathBuf>,
    workspaces: BTreeSet<PathBuf>,
    packages: Vec<RawPackage>,
    target_dirs: Vec<PathBuf>,
    notes: Vec<(PathBuf, String)>,
}

/// What the walks brought home.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) root: PathBuf,
    pub(super) workspaces: BTreeSet<PathBuf>,
    pub(super) packages: Vec<RawPackage>,
    pub(super) walker: Walker,
}

impl Survey {
    /// Nothing found yet.
    pub(super) fn new(cargo: &OsStr, cwd: &Path) -> Self {
        Self {
            cargo: Some(cargo.to_os_string()),
            cwd: cwd.to_path_buf(),
            manifests: Manifests::default(),
            seeds: BTreeSet::new(),
            plain: BTreeSet::new(),
            loose: BTreeSet::new(),
            roots: BTreeSet::new(),
            workspaces: BTreeSet::new(),
            packages: Vec::new(),
            target_dirs: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Finds the manifests that the request leads to.
    pub(super) fn seed(&mut self, request: &Request, named: &Named) -> Result<(), InputError> {
        if let Some(written) = &request.manifest_path {
            let path = absolute(&self.cwd, written);
            if path.file_name() != Some(OsStr::new("Cargo.toml")) {
                let message = "the manifest-path must be a path to a Cargo.toml file";
                return Err(InputError::new(format!("{message}: {}", written.display())));
            }
            if !path.is_file() {
                let message = "manifest path does not exist";
                return Err(InputError::new(format!("{message}: {}", written.display())));
            }
            self.seeds.extend(path.parent().map(Path::to_path_buf));
        }
        for place in &named.places {
            self.seed_place(place);
        }
        if request.manifest_path.is_none() && named.places.is_empty() {
            let cwd = self.cwd.clone();
            match self.manifests.nearest(&cwd) {
                Some(manifest) => self.seeds.insert(manifest.dir.clone()),
                // Only files that are no Rust were named: there is nothing to report on.
                None if named.given => self.roots.insert(cwd),
                None => {
                    self.plain.insert(cwd.clone());
                    self.roots.insert(cwd)
                }
            };
        }
        Ok(())
    }

    fn seed_place(&mut self, place: &Place) {
        let dir = if place.is_dir { Some(&*place.path) } else { place.path.parent() };
        let dir = dir.unwrap_or(&place.path).to_path_buf();
        let manifest = self.manifests.nearest(&dir);
        if let Some(manifest) = &manifest {
            let mut holds_members = || {
                let members = workspace::members_of(&mut self.manifests, &manifest.dir);
                members.iter().any(|member| member.starts_with(&dir))
            };
            if manifest.package.is_some()
                || self.seeds.contains(&manifest.dir)
                || (place.is_dir && (manifest.dir == dir || holds_members()))
            {
                self.seeds.insert(manifest.dir.clone());
                return;
            }
        }
        // A virtual workspace around it still gives names and configuration.
        let root = match manifest {
            Some(manifest) => manifest.dir.clone(),
            None if !place.is_dir && dir.starts_with(&self.cwd) => self.cwd.clone(),
            None => dir.clone(),
        };
        self.roots.insert(root);
        if place.is_dir {
            self.plain.insert(dir)
        } else {
            self.loose.insert(dir)
        };
    }

    /// Turns manifests into packages, outer ones first.
    pub(super) fn load(&mut self) {
        let mut known = HashSet::new();
        for dir in std::mem::take(&mut self.seeds) {
            if known.contains(&dir) || self.workspaces.contains(&dir) {
                continue;
            }
            if self.inside_known(&dir) {
                self.packages.extend(workspace::package(&mut self.manifests, &dir));
                known.insert(dir);
                continue;
            }
            let Some(found) = self.workspace(&dir) else { continue };
            let fresh = found.packages.into_iter().filter(|it| known.insert(it.dir.clone()));
            self.packages.extend(fresh);
            self.target_dirs.extend(found.target_dir);
            self.roots.insert(found.root.clone());
            self.workspaces.insert(found.root);
        }
    }

    /// The workspace of one manifest: cargo's word if it gives it, else that of the manifests.
    fn workspace(&mut self, dir: &Path) -> Option<Workspace> {
        let refusal = match &self.cargo {
            Some(cargo) => match cargo::load(cargo, &dir.join("Cargo.toml")) {
                Ok(found) => return Some(found),
                Err(refusal) => Some(refusal),
            },
            None => None,
        };
        let found = workspace::load(&mut self.manifests, dir);
        let root = found.as_ref().map_or(dir, |found| &found.root);
        self.notes.extend(virtual_mistake(&mut self.manifests, root));
        if let Some(Refusal { reason, absent }) = refusal {
            let reason = reason.replace(&format!("{}/", root.display()), "");
            let message = if absent {
                self.cargo = None;
                format!("cargo cannot be started ({reason}): manifests were read without it")
            } else {
                format!(
                    "cargo could not describe this workspace ({reason}): its manifests were read \
                     without cargo"
                )
            };
            self.notes.push((root.join("Cargo.toml"), message));
        }
        found
    }

    /// Whether a package lies in a workspace that is known, with no workspace of its own between.
    fn inside_known(&mut self, dir: &Path) -> bool {
        for above in dir.ancestors() {
            if above != dir && self.workspaces.contains(above) {
                return true;
            }
            let manifest = self.manifests.get(above);
            let own = manifest.as_ref().is_some_and(|manifest| {
                let elsewhere = manifest.package.as_ref().and_then(|it| it.workspace.as_ref());
                manifest.workspace.is_some() || (above == dir && elsewhere.is_some())
            });
            if own {
                return false;
            }
        }
        false
    }

    /// Walks everything once.
    pub(super) fn walk(mut self, named: &Named) -> Surveyed {
        let mut walker = Walker::default();
        walker.pruned.append(&mut self.target_dirs);
        walker.notes.append(&mut self.notes);
        self.packages.sort_by(|a, b| (&a.dir, &a.name).cmp(&(&b.dir, &b.name)));
        for package in &self.packages {
            walker.own(&package.dir);
        }
        for index in 0..walker.owners.len() {
            let owner = &walker.owners[index];
            if !owner.seen {
                let dir = owner.dir.clone();
                walker.walk(&dir, Some(index), Nested::Skip, usize::MAX);
            }
        }
        let mut covered: Option<&Path> = None;
        for dir in &self.plain {
            if covered.is_none_or(|outer| !dir.starts_with(outer)) {
                walker.walk(dir, None, Nested::Collect, usize::MAX);
                covered = Some(dir);
            }
        }
        for dir in &self.loose {
            walker.walk(dir, None, Nested::Skip, 1);
        }
        for place in named.unmet(&walker.files) {
            // Named though it lies where the walk does not go: in a vendored or hidden directory.
            if place.is_dir {
                walker.walk(&place.path, None, Nested::Collect, usize::MAX);
            } else {
                let owner = walker.around(&place.path);
                walker.list(&place.path, owner);
            }
        }
        walker.settle();
        self.read_collected(&mut walker);
        // Manifests say what is wrong with them only now that it is clear which ones count.
        for package in &mut self.packages {
            let file = package.dir.join("Cargo.toml");
            for mistake in package.mistakes.drain(..) {
                walker.notes.push((file.clone(), used(&mistake)));
            }
        }
        let root = self.roots.iter().map(PathBuf::as_path).fold(None, |root, next| match root {
            None => Some(next.to_path_buf()),
            Some(root) => Some(common(&root, next)),
        });
        let root = root.unwrap_or(self.cwd);
        Surveyed { root, workspaces: self.workspaces, packages: self.packages, walker }
    }

    /// Reads the manifests that a walk met in directories without a workspace.
    fn read_collected(&mut self, walker: &mut Walker) {
        let known: HashSet<PathBuf> = self.packages.iter().map(|it| it.dir.clone()).collect();
        let holds: HashSet<usize> = walker.files.iter().filter_map(|file| file.owner).collect();
        for (index, owner) in walker.owners.iter().enumerate() {
            if known.contains(&owner.dir) || (owner.linked && !holds.contains(&index)) {
                continue;
            }
            if let Some(mut package) = workspace::package(&mut self.manifests, &owner.dir) {
                package.default = true;
                self.packages.push(package);
            } else {
                walker.notes.extend(virtual_mistake(&mut self.manifests, &owner.dir));
            }
        }
    }
}

/// What is wrong with a manifest that has no package to say it.
fn virtual_mistake(manifests: &mut Manifests, dir: &Path) -> Option<(PathBuf, String)> {
    let manifest = manifests.get(dir).filter(|manifest| manifest.package.is_none())?;
    manifest.mistake.as_ref().map(|mistake| (dir.join("Cargo.toml"), used(mistake)))
}

fn used(mistake: &str) -> String {
    format!("{mistake}; the rest of the manifest was used")
}
