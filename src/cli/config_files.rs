//! Where configuration lies: beside the manifest of a workspace or a package, or in that manifest.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::args::Options;
use super::discover::Discovery;
use super::discover::paths::{absolute, shown};
use super::read::words;
use crate::policy::{ConfigFile, ConfigForm, ConfigSource};
use crate::source::PackageId;

/// The file that holds a configuration and nothing else.
const FILE: &str = "thread-lint.toml";
/// The file in which a table may be a configuration.
const MANIFEST: &str = "Cargo.toml";

/// Every file that may hold a configuration of this run, those of workspaces first.
///
/// # Errors
/// In words, when one that is there or was asked for cannot be read.
pub(super) fn sources(
    args: &Options,
    cwd: &Path,
    found: &Discovery,
) -> Result<Vec<ConfigSource>, String> {
    if args.no_config {
        return Ok(Vec::new());
    }
    let root = [String::new()];
    let workspaces = if found.workspaces.is_empty() { &root[..] } else { &found.workspaces };
    let mut sources = Vec::new();
    if let Some(written) = asked_for(args, cwd)? {
        let file = named(written, cwd, found)?;
        sources.push(ConfigSource { file, form: ConfigForm::File, package: None });
    } else {
        for dir in workspaces {
            let files = in_directory(found, dir, ConfigForm::WorkspaceMetadata)?;
            for owner in owners(found, workspaces, dir) {
                let of = |(file, form): &(ConfigFile, ConfigForm)| ConfigSource {
                    file: file.clone(),
                    form: *form,
                    package: owner,
                };
                sources.extend(files.iter().map(of));
            }
        }
    }
    for (package, id) in found.project.packages.iter().zip(0..) {
        let mut files = in_directory(found, &package.dir, ConfigForm::PackageMetadata)?;
        // The file beside the manifest of a workspace is the workspace's.
        files.retain(|(_, form)| *form != ConfigForm::File || !workspaces.contains(&package.dir));
        let package = Some(PackageId(id));
        sources.extend(files.into_iter().map(|(file, form)| ConfigSource { file, form, package }));
    }
    Ok(sources)
}

/// The file that `--config` names. What cargo's option of the same name takes (`KEY=VALUE`) is
/// passed over: editors hand on what they would give to cargo.
fn asked_for<'a>(args: &'a Options, cwd: &Path) -> Result<Option<&'a Path>, String> {
    let setting =
        |path: &Path| path.to_string_lossy().contains('=') && !absolute(cwd, path).is_file();
    let mut paths = args.config.iter().map(Path::new).filter(|path| !setting(path));
    let first = paths.next();
    match paths.next() {
        Some(_) => Err("`--config` names more than one file".to_owned()),
        None => Ok(first),
    }
}

fn named(written: &Path, cwd: &Path, found: &Discovery) -> Result<ConfigFile, String> {
    let path = &absolute(cwd, written);
    let text = fs::read_to_string(path).map_err(|error| {
        format!("cannot use the configuration {}: {}", written.display(), reason(&error))
    })?;
    let mut name = shown(&found.root, path);
    // The same directory may be known by two names.
    if Path::new(&name).is_absolute()
        && let (Ok(root), Ok(real)) = (fs::canonicalize(&found.root), fs::canonicalize(path))
        && real.starts_with(&root)
    {
        name = shown(&root, &real);
    }
    Ok(ConfigFile { path: name.into(), text: text.into() })
}

/// Whose the configuration of one workspace is: everybody's if there is no other workspace, else
/// that of its packages.
fn owners(found: &Discovery, workspaces: &[String], dir: &str) -> Vec<Option<PackageId>> {
    if workspaces.len() == 1 {
        return vec![None];
    }
    let innermost = |package: &str| {
        let around = workspaces.iter().filter(|dir| Path::new(package).starts_with(dir));
        around.max_by_key(|dir| dir.len()).map(String::as_str)
    };
    let packages = found.project.packages.iter().zip(0..);
    let own = packages.filter(|(package, _)| innermost(&package.dir) == Some(dir));
    own.map(|(_, id)| Some(PackageId(id))).collect()
}

/// What one directory has: its configuration file, and its manifest, which may hold one in the
/// given form.
fn in_directory(
    found: &Discovery,
    dir: &str,
    form: ConfigForm,
) -> Result<Vec<(ConfigFile, ConfigForm)>, String> {
    let mut files = Vec::new();
    for (name, form) in [(FILE, ConfigForm::File), (MANIFEST, form)] {
        let path = if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        match fs::read_to_string(found.root.join(&path)) {
            Ok(text) => {
                files.push((ConfigFile { path: Arc::from(path), text: text.into() }, form));
            }
            // What is wrong with a manifest was said when the workspace was looked for.
            Err(error) if name == MANIFEST || error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(format!("cannot use the configuration {path}: {}", reason(&error)));
            }
        }
    }
    Ok(files)
}

fn reason(error: &std::io::Error) -> String {
    if error.kind() == ErrorKind::InvalidData { "not valid UTF-8".to_owned() } else { words(error) }
}

#[cfg(test)]
mod tests;
