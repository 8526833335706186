//! Configurations on scratch trees: where they are found and whose they are.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::sources;
use crate::cli::args::parse;
use crate::cli::discover::{Discovery, Request, discover};
use crate::policy::ConfigForm;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = tree.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn found(&self, cwd: &str, paths: &[&str]) -> Discovery {
        let cwd = fs::canonicalize(self.root().join(cwd)).unwrap();
        let paths = paths.iter().map(Into::into).collect();
        discover(&Request { cwd, paths, ..Request::default() }).unwrap()
    }

    /// `path form package` of all sources.
    fn sources(&self, found: &Discovery, line: &str) -> Result<Vec<String>, String> {
        let words = std::iter::once("x").chain(line.split_whitespace()).map(OsString::from);
        let args = parse(words).unwrap().options;
        let cwd = fs::canonicalize(self.root()).unwrap();
        let sources = sources(&args, &cwd, found)?;
        let show = |form| match form {
            ConfigForm::File => "file",
            ConfigForm::WorkspaceMetadata => "workspace",
            ConfigForm::PackageMetadata => "package",
        };
        let line = |source: &crate::policy::ConfigSource| {
            let package = source.package.map(|id| found.project.package(id).name.clone());
            let package = package.unwrap_or_else(|| "all".to_owned());
            format!("{} {} {package}", source.file.path, show(source.form))
        };
        Ok(sources.iter().map(line).collect())
    }
}

fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
}

fn workspace() -> Tree {
    Tree::new(&[
        ("Cargo.toml", &(package("root") + "[workspace]\nmembers = [\"sub\"]\n")),
        ("thread-lint.toml", ""),
        ("src/lib.rs", ""),
        ("sub/Cargo.toml", &package("sub")),
        ("sub/thread-lint.toml", ""),
        ("sub/src/lib.rs", ""),
        ("other.toml", ""),
        ("key=value", ""),
    ])
}

#[test]
fn workspace_and_packages_have_their_own() {
    let tree = workspace();
    let found = tree.found("", &[]);
    let packages =
        ["Cargo.toml package root", "sub/thread-lint.toml file sub", "sub/Cargo.toml package sub"];
    let own = ["thread-lint.toml file all", "Cargo.toml workspace all"];
    assert_eq!(tree.sources(&found, "").unwrap(), [&own[..], &packages].concat());
    // From below the root it is the same workspace.
    assert_eq!(tree.sources(&tree.found("sub", &[]), "").unwrap().len(), 5);
    let named = ["other.toml file all"];
    assert_eq!(
        tree.sources(&found, "--config other.toml").unwrap(),
        [&named[..], &packages].concat()
    );
    assert!(tree.sources(&found, "--no-config").unwrap().is_empty());
}

#[test]
fn cargos_option_of_the_same_name_is_passed_over() {
    let tree = workspace();
    let found = tree.found("", &[]);
    let all = tree.sources(&found, "").unwrap();
    assert_eq!(tree.sources(&found, "--config build.jobs=1 --config a.b=2").unwrap(), all);
    let named = tree.sources(&found, "--config build.jobs=1 --config key=value").unwrap();
    assert_eq!(named[0], "key=value file all");
    let twice = tree.sources(&found, "--config other.toml --config thread-lint.toml");
    assert_eq!(twice.unwrap_err(), "`--config` names more than one file");
    let missing = tree.sources(&found, "--config no.toml").unwrap_err();
    assert_eq!(missing, "cannot use the configuration no.toml: no such file or directory");
}

#[test]
fn a_file_outside_keeps_its_absolute_path() {
    let tree = workspace();
    let found = tree.found("", &[]);
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("shared.toml");
    fs::write(&path, "").unwrap();
    let sources = tree.sources(&found, &format!("--config {}", path.display())).unwrap();
    assert!(Path::new(sources[0].split(' ').next().unwrap()).is_absolute(), "{sources:?}");
}

#[test]
fn of_several_workspaces_each_keeps_its_own() {
    let tree = Tree::new(&[
        ("a/Cargo.toml", &(package("a") + "[workspace]\n")),
        ("a/thread-lint.toml", ""),
        ("a/src/lib.rs", ""),
        ("b/Cargo.toml", &(package("b") + "[workspace]\n")),
        ("b/src/lib.rs", ""),
    ]);
    let found = tree.found("", &["a/src/lib.rs", "b/src/lib.rs"]);
    assert_eq!(
        tree.sources(&found, "").unwrap(),
        [
            "a/thread-lint.toml file a",
            "a/Cargo.toml workspace a",
            "b/Cargo.toml workspace b",
            "a/Cargo.toml package a",
            "b/Cargo.toml package b",
        ]
    );
}

#[test]
fn a_directory_without_a_manifest_may_have_one_too() {
    let tree = Tree::new(&[("thread-lint.toml", ""), ("x.rs", "")]);
    let found = tree.found("", &[]);
    assert_eq!(tree.sources(&found, "").unwrap(), ["thread-lint.toml file all"]);
}

#[test]
fn what_cannot_be_read_stops_the_run() {
    let tree = workspace();
    fs::write(tree.root().join("thread-lint.toml"), b"\xff").unwrap();
    let message = tree.sources(&tree.found("", &[]), "").unwrap_err();
    assert_eq!(message, "cannot use the configuration thread-lint.toml: not valid UTF-8");
}
