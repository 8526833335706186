//! What there is to analyse: packages, their targets and their files, as plain data.
//!
//! The rim finds and reads; the core sees this description and the [`Files`] trait only, so every
//! run of the analysis is a function of data and tests need no disk.

use std::sync::Arc;

/// Index of a file in [`Project::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Index of a package in [`Project::packages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub u32);

/// Index of a target in [`Project::targets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);

/// One workspace, one package, or a directory without a manifest.
///
/// Order is part of the contract: files by path, packages by manifest path, targets by package,
/// kind and name. output follows it.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Every file that may be read, sorted by path.
    pub files: Vec<FileEntry>,
    /// Packages, sorted by their directory.
    pub packages: Vec<Package>,
    /// Compilation roots of all packages.
    pub targets: Vec<Target>,
}

/// A file that exists in the project. Its text is read through [`Files`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileEntry {
    /// Path relative to the workspace root, `/` between parts; absolute if it lies outside.
    pub path: Arc<str>,
    /// The innermost package that holds the file, if any.
    pub package: Option<PackageId>,
    /// Whether findings in it are shown: named files and packages select what is reported,
    /// never what is analysed.
    pub selected: bool,
    /// Git ignores it: it is read only when a `mod` of another file reaches it.
    pub ignored: bool,
}

/// A cargo package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name as in its manifest.
    pub name: String,
    /// Version as in its manifest; empty when it has none.
    pub version: String,
    /// Cargo's package id (`path+file:///…#0.1.0`), which editors use as a key.
    pub id: String,
    /// Directory relative to the workspace root, `""` for the root itself.
    pub dir: String,
    /// Absolute path of the manifest, for cargo-shaped output; empty without a manifest.
    pub manifest: String,
    /// Rust edition: 2015, 2018, 2021 or 2024.
    pub edition: u16,
    /// Dependencies that code can name.
    pub dependencies: Vec<Dependency>,
    /// Whether it may be published (`publish = false` says no, and so may the configuration), so that its
    /// public API has callers nobody here sees.
    pub publish: bool,
    /// Whether its findings are reported.
    pub selected: bool,
}

/// A dependency as code names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The crate name in paths: the `package =` rename if there is one, `-` written as `_`.
    pub code_name: String,
    /// The real package name, `-` written as `_`.
    pub package: String,
}

/// What cargo builds from one root file.
#[derive(Clone, Debug)]
pub struct Target {
    /// The package it belongs to.
    pub package: PackageId,
    /// What kind of target it is.
    pub kind: TargetKind,
    /// Target name as cargo gives it.
    pub name: String,
    /// Edition of this target.
    pub edition: u16,
    /// Root file.
    pub root: FileId,
}

/// Kinds of targets. The order is the order of preference when one file belongs to several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// `src/lib.rs`, proc macros included.
    Lib,
    /// `src/main.rs`, `src/bin/*`.
    Bin,
    /// `build.rs`.
    BuildScript,
    /// `examples/*`.
    Example,
    /// `benches/*`.
    Bench,
    /// `tests/*`.
    Test,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What went wrong and what to do, without the path: "is not valid UTF-8 (byte 17)".
    pub message: String,
}

/// Reading, as the core needs it. The rim implements it on the disk, tests on maps.
pub trait Files: Sync {
    /// The whole text of a file.
    ///
    /// # Errors
    /// The reason in words when it cannot be read, is no UTF-8 or is too large to analyse.
    fn read(&self, file: FileId) -> Result<Arc<str>, ReadError>;

    /// Looks at the whole text of a file that need not be kept: most are looked at once.
    ///
    /// # Errors
    /// As for [`Files::read`]; then nothing is looked at.
    fn look(&self, file: FileId, look: &mut dyn FnMut(&str)) -> Result<(), ReadError> {
        self.read(file).map(|text| look(&text))
    }
}

impl dyn Files + '_ {
    /// What there is to say of the text of a file.
    ///
    /// # Errors
    /// As for [`Files::read`].
    pub fn ask<T>(&self, file: FileId, say: impl FnOnce(&str) -> T) -> Result<T, ReadError> {
        let (mut say, mut said) = (Some(say), None);
        self.look(file, &mut |text| said = say.take().map(|say| say(text)))?;
        said.ok_or_else(|| ReadError { message: "is not there".to_owned() })
    }
}

impl Project {
    /// The entry of a file.
    pub fn file(&self, id: FileId) -> &FileEntry {
        &self.files[id.0 as usize]
    }

    /// The package with this id.
    pub fn package(&self, id: PackageId) -> &Package {
        &self.packages[id.0 as usize]
    }

    /// The target with this id.
    pub fn target(&self, id: TargetId) -> &Target {
        &self.targets[id.0 as usize]
    }

    /// Looks a file up by its project path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        let index = self.files.binary_search_by(|entry| (*entry.path).cmp(path)).ok()?;
        u32::try_from(index).ok().map(FileId)
    }

    /// All file ids in order.
    pub fn file_ids(&self) -> impl Iterator<Item = FileId> + '_ {
        (0..self.files.len()).map(|index| FileId(u32::try_from(index).unwrap_or(u32::MAX)))
    }
}
