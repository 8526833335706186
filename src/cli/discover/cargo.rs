//! Asks cargo what the workspace is: its ids and targets are the ones that editors know.

use std::ffi::OsStr;
use std::path::Path;

use cargo_metadata::{Error, Metadata, MetadataCommand, TargetKind as Kind};

use super::paths::absolute;
use super::workspace::{RawPackage, RawTarget, Targets, Workspace, dependency};
use crate::cli::read::words;
use crate::source::{Dependency, TargetKind};

/// Why cargo gave no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The first line of what it said.
    pub(super) reason: String,
    /// It could not even be started: there is no use in asking again.
    pub(super) absent: bool,
}

/// The workspace of `manifest` as cargo knows it.
pub(super) fn load(cargo: &OsStr, manifest: &Path) -> Result<Workspace, Refusal> {
    let mut command = MetadataCommand::new();
    // A toolchain file must not make rustup fetch a toolchain: a linter needs no network.
    command.cargo_path(cargo).manifest_path(manifest).no_deps().env("RUSTUP_AUTO_INSTALL", "0");
    if let Some(dir) = manifest.parent() {
        command.current_dir(dir);
    }
    match command.exec() {
        Ok(metadata) => Ok(convert(&metadata, manifest)),
        Err(error) => {
            Err(Refusal { reason: reason(&error), absent: matches!(error, Error::Io(_)) })
        }
    }
}

fn convert(metadata: &Metadata, manifest: &Path) -> Workspace {
    let root = metadata.workspace_root.as_std_path().to_path_buf();
    let at_root = manifest.parent() == Some(root.as_path());
    let packages: Vec<RawPackage> = metadata
        .workspace_packages()
        .into_iter()
        .map(|found| {
            let mut package = package(found);
            package.default = match &metadata.workspace_default_members {
                // Cargo's rule: below the root it is the package one stands in.
                _ if !at_root => found.manifest_path.as_std_path() == manifest,
                known if known.is_available() => known.contains(&found.id),
                _ => metadata.root_package().is_none_or(|root| root.id == found.id),
            };
            package
        })
        .collect();
    let target_dir = Some(metadata.target_directory.as_std_path().to_path_buf());
    Workspace { root, packages, target_dir }
}

fn package(found: &cargo_metadata::Package) -> RawPackage {
    let manifest = found.manifest_path.as_std_path();
    let dir = manifest.parent().unwrap_or(manifest).to_path_buf();
    let mut dependencies: Vec<Dependency> = found
        .dependencies
        .iter()
        .map(|line| dependency(line.rename.as_ref().unwrap_or(&line.name), &line.name))
        .collect();
    dependencies.sort_by(|a, b| (&a.code_name, &a.package).cmp(&(&b.code_name, &b.package)));
    dependencies.dedup();
    RawPackage {
        name: found.name.to_string(),
        version: found.version.to_string(),
        id: found.id.repr.clone(),
        edition: edition(found.edition),
        dependencies,
        publish: found.publish.as_ref().is_none_or(|registries| !registries.is_empty()),
        default: false,
        targets: Targets::Listed(
            found.targets.iter().filter_map(|target| target_of(&dir, target)).collect(),
        ),
        mistakes: Vec::new(),
        dir,
    }
}

fn target_of(dir: &Path, found: &cargo_metadata::Target) -> Option<RawTarget> {
    let kind = found.kind.iter().find_map(|kind| match kind {
        Kind::Lib | Kind::RLib | Kind::DyLib | Kind::CDyLib | Kind::StaticLib | Kind::ProcMacro => {
            Some(TargetKind::Lib)
        }
        Kind::Bin => Some(TargetKind::Bin),
        Kind::Example => Some(TargetKind::Example),
        Kind::Test => Some(TargetKind::Test),
        Kind::Bench => Some(TargetKind::Bench),
        Kind::CustomBuild => Some(TargetKind::BuildScript),
        _ => None,
    })?;
    let path = absolute(dir, found.src_path.as_std_path());
    Some(RawTarget { kind, name: found.name.clone(), edition: edition(found.edition), path })
}

fn edition(found: cargo_metadata::Edition) -> u16 {
    found.as_str().parse().unwrap_or(2024)
}

fn reason(error: &Error) -> String {
    match error {
        Error::CargoMetadata { stderr } => {
            // Warnings may come first.
            let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
            let line = lines().find(|line| line.starts_with("error")).or_else(|| lines().next());
            let line = line.unwrap_or("it failed without a word");
            line.trim_start_matches("error:").trim().to_owned()
        }
        Error::Io(error) => words(error),
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}
