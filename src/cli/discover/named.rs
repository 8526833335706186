//! The paths on the command line, and which files they mean.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::paths::absolute;
use super::walk::{Found, is_rust};
use super::{InputError, Request};
use crate::cli::read::words;

/// Named paths. Files are compared by where they really are, so that a link means its target.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Whether any path was given at all, useful or not.
    pub(super) given: bool,
    /// Rust files and directories, sorted by their real place.
    pub(super) places: Vec<Place>,
}

/// One named path.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) real: PathBuf,
    pub(super) is_dir: bool,
}

impl Named {
    /// Looks at each path once.
    pub(super) fn resolve(cwd: &Path, request: &Request) -> Result<Self, InputError> {
        let mut places = Vec::with_capacity(request.paths.len());
        let mut folders = HashMap::new();
        for written in &request.paths {
            if let Some(place) = place(cwd, written, &mut folders)? {
                places.push(place);
            }
        }
        places.sort_by(|a, b| (&a.real, &a.path).cmp(&(&b.real, &b.path)));
        places.dedup_by(|a, b| a.real == b.real && a.path == b.path);
        Ok(Self { given: !request.paths.is_empty(), places })
    }

    /// Whether a file is named, itself or by a directory above it.
    pub(super) fn selects(&self, real: &Path) -> bool {
        self.is_file(real) || real.ancestors().skip(1).any(|dir| self.contains(dir, true))
    }

    /// Whether exactly this file is named.
    pub(super) fn is_file(&self, real: &Path) -> bool {
        self.contains(real, false)
    }

    /// The places that none of `files` lies in.
    pub(super) fn unmet(&self, files: &[Found]) -> Vec<&Place> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let mut reals: Vec<&Path> = files.iter().map(|file| &*file.real).collect();
        // Paths compare by component, so all that lies in a directory follows it directly.
        reals.sort_unstable();
        let met = |place: &Place| {
            let at = reals.partition_point(|real| *real < place.real);
            reals.get(at).is_some_and(|real| real.starts_with(&place.real))
        };
        self.places.iter().filter(|place| !met(place)).collect()
    }

    fn contains(&self, real: &Path, is_dir: bool) -> bool {
        let at = self.places.partition_point(|place| *place.real < *real);
        self.places.get(at).is_some_and(|place| place.real == real && place.is_dir == is_dir)
    }
}

fn place(
    cwd: &Path,
    written: &Path,
    folders: &mut HashMap<PathBuf, PathBuf>,
) -> Result<Option<Place>, InputError> {
    let missing = |error: std::io::Error| {
        InputError::new(format!("cannot use {}: {}", written.display(), words(&error)))
    };
    let path = absolute(cwd, written);
    let own = fs::symlink_metadata(&path).map_err(missing)?;
    // Thousands of files lie in few directories, and only those need resolving.
    let parent = path.parent().filter(|_| !own.is_symlink() && !own.is_dir());
    let (real, is_dir, is_file) = match parent.zip(path.file_name()) {
        Some((parent, name)) => {
            let known = match folders.get(parent) {
                Some(real) => real.clone(),
                None => fs::canonicalize(parent).map_err(missing)?,
            };
            let real = known.join(name);
            folders.insert(parent.to_path_buf(), known);
            (real, false, own.is_file())
        }
        None => {
            let real = fs::canonicalize(&path).map_err(missing)?;
            let behind = fs::metadata(&real).map_err(missing)?;
            (real, behind.is_dir(), behind.is_file())
        }
    };
    // Hooks hand over manifests and whatever else their filter lets through.
    let rust = is_file && path.file_name().is_some_and(is_rust);
    Ok((is_dir || rust).then_some(Place { path, real, is_dir }))
}
