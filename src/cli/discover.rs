//! Finds what there is to analyse: the workspace, its packages and every Rust file.
//!
//! Analysis is always of the whole workspace, because a handle may be joined in any file of it.
//! What the command line names only decides what is *reported* (`selected`). Whatever is wrong with
//! one manifest, link or directory becomes a note, and the rest goes on.

mod assemble;
mod cargo;
mod git;
mod manifest;
mod named;
pub(super) mod paths;
mod select;
mod survey;
mod targets;
mod walk;
mod workspace;

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::source::Project;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Directory that relative paths start from.
    pub cwd: PathBuf,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// `--workspace`: report on every member.
    pub workspace: bool,
    /// `-p`: names, `name@version`, globs of names, or package id URLs.
    pub packages: Vec<String>,
    /// `--exclude`, in the same forms.
    pub exclude: Vec<String>,
    /// Files and directories to report on.
    pub paths: Vec<PathBuf>,
}

/// What there is.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// Absolute directory that project paths are relative to: the workspace root, or the deepest
    /// directory that holds all workspaces when the named files lie in several.
    pub root: PathBuf,
    /// Workspace roots as project directories (`""` is `root` itself), sorted: where configuration
    /// may lie.
    pub workspaces: Vec<String>,
    /// The project.
    pub project: Project,
    /// What could not be used, sorted.
    pub notes: Vec<InputNote>,
}

/// Something that could not be used, while the rest goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputNote {
    /// Project path of what it is about.
    pub path: String,
    /// What it is about.
    pub about: About,
    /// What went wrong and what to do.
    pub message: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// Manifests and arguments: the analysis may see less of the project than there is.
    Scope,
    /// Source that is not analysed.
    Source,
}

/// A request that makes no sense: exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// What went wrong and what to do.
    pub message: String,
}

impl InputError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// Finds the project that `request` is about.
///
/// # Errors
/// A path that does not exist, a `--manifest-path` that is no manifest, an unknown package.
pub fn discover(request: &Request) -> Result<Discovery, InputError> {
    let cargo = std::env::var_os("CARGO").filter(|program| !program.is_empty());
    with_cargo(request, cargo.as_deref().unwrap_or_else(|| OsStr::new("cargo")))
}

fn with_cargo(request: &Request, cargo: &OsStr) -> Result<Discovery, InputError> {
    let cwd = std::path::absolute(&request.cwd)
        .map(|cwd| paths::absolute(&cwd, &cwd))
        .map_err(|error| InputError::new(format!("the current directory is unknown: {error}")))?;
    let named = named::Named::resolve(&cwd, request)?;
    let mut survey = survey::Survey::new(cargo, &cwd);
    survey.seed(request, &named)?;
    survey.load();
    let mut found = survey.walk(&named);
    let mut assembly = assemble::Assembly::new(&mut found);
    assembly.resolve_targets(&mut found);
    assembly.finish(found, request, &named)
}
