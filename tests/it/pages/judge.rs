//! What is found in an example.
//!
//! A rule page is about the analysis, so its examples run in memory, before any level or exemption.
//! Where the judgement itself is the matter (a policy page, a configuration, a comment that suppresses) the
//! binary runs on a copy on disk, with every rule turned on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use thread_lint::Analysis;
use thread_lint::finding::{Confidence, Finding, Role};
use thread_lint::rules::{self, Kind};
use thread_lint::source::{
    Dependency, FileEntry, FileId, Files, Package, PackageId, Project, ReadError, Target,
    TargetKind,
};
use thread_lint::text::LineIndex;

use super::example::Example;
use crate::support;
use crate::tool::{self, Shown};

const CONFIG: &str = "thread-lint.toml";

/// All findings of at least likely confidence.
///
/// # Errors
/// In words, when the binary could not judge it.
pub(crate) fn findings(example: &Example) -> Result<Vec<Shown>, String> {
    let policy = rules::page(&example.page).is_some_and(|page| page.kind == Kind::Policy);
    let judged = |text: &String| text.contains("thread-lint:");
    if policy || example.files.contains_key(CONFIG) || example.files.values().any(judged) {
        by_binary(example)
    } else {
        Ok(by_analysis(example))
    }
}

struct InMemory(Vec<Arc<str>>);

impl Files for InMemory {
    fn read(&self, file: FileId) -> Result<Arc<str>, ReadError> {
        let text = self.0.get(file.0 as usize).cloned();
        text.ok_or_else(|| ReadError { message: "is not in the example".to_owned() })
    }
}

/// All that the analysis says of an example.
pub(crate) fn analysis(example: &Example) -> Analysis {
    let (project, memory) = input(example);
    thread_lint::analyse(&project, &memory, support::options())
}

fn input(example: &Example) -> (Project, InMemory) {
    let files: BTreeMap<&String, &String> = example.rust_files().collect();
    let memory = InMemory(files.values().map(|text| Arc::from(text.as_str())).collect());
    (project(example, &files), memory)
}

fn by_analysis(example: &Example) -> Vec<Shown> {
    let (project, memory) = input(example);
    let analysis = thread_lint::analyse(&project, &memory, support::options());
    let sure = analysis.findings.iter().filter(|finding| finding.confidence >= Confidence::Likely);
    sure.map(|finding| show(finding, &project, &memory)).collect()
}

fn show(finding: &Finding, project: &Project, memory: &InMemory) -> Shown {
    let text = &memory.0[finding.primary.file.0 as usize];
    let at = LineIndex::new(text).line_column(text, finding.primary.range.start);
    let related =
        finding.labels.iter().filter(|(role, _)| *role == Role::Related).map(|(_, label)| label);
    let labels = std::iter::once(&finding.primary).chain(related).map(|label| label.text.clone());
    Shown {
        file: project.file(finding.primary.file).path.to_string(),
        line: at.line,
        column: at.column,
        rule: finding.rule.to_owned(),
        message: finding.message.clone(),
        labels: labels.filter(|text| !text.is_empty()).collect(),
        help: finding.help.iter().cloned().collect(),
    }
}

/// The example as cargo would see it: one package at the root, targets by the usual places.
fn project(example: &Example, files: &BTreeMap<&String, &String>) -> Project {
    let package = PackageId(0);
    let entries = files.keys().map(|path| FileEntry {
        path: Arc::from(path.as_str()),
        package: Some(package),
        selected: true,
        ignored: false,
    });
    let roots = files.keys().zip(0..).filter_map(|(path, file)| {
        let (kind, name) = target_of(path)?;
        Some(Target { package, kind, name, edition: example.edition, root: FileId(file) })
    });
    let mut targets: Vec<Target> = roots.collect();
    targets.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Project {
        files: entries.collect(),
        packages: vec![Package {
            name: "example".to_owned(),
            version: "0.1.0".to_owned(),
            id: "path+file:///example#0.1.0".to_owned(),
            dir: String::new(),
            manifest: "/example/Cargo.toml".to_owned(),
            edition: example.edition,
            dependencies: dependencies(example),
            publish: true,
            selected: true,
        }],
        targets,
    }
}

fn target_of(path: &str) -> Option<(TargetKind, String)> {
    match path {
        "src/lib.rs" => return Some((TargetKind::Lib, "example".to_owned())),
        "src/main.rs" => return Some((TargetKind::Bin, "example".to_owned())),
        "build.rs" => return Some((TargetKind::BuildScript, "build-script-build".to_owned())),
        _ => {}
    }
    let places = [
        ("src/bin/", TargetKind::Bin),
        ("examples/", TargetKind::Example),
        ("benches/", TargetKind::Bench),
        ("tests/", TargetKind::Test),
    ];
    places.into_iter().find_map(|(dir, kind)| {
        let name = path.strip_prefix(dir)?.strip_suffix(".rs")?;
        let name = name.strip_suffix("/main").unwrap_or(name);
        (!name.contains('/')).then(|| (kind, name.to_owned()))
    })
}

/// Dependencies that a `Cargo.toml` fence declares.
fn dependencies(example: &Example) -> Vec<Dependency> {
    let Some(manifest) = example.files.get("Cargo.toml") else {
        return Vec::new();
    };
    let manifest: toml::Table =
        manifest.parse().unwrap_or_else(|error| panic!("{example}: {error}"));
    let sections = ["dependencies", "dev-dependencies"]
        .into_iter()
        .filter_map(|name| manifest.get(name)?.as_table());
    let pairs = sections.flatten().map(|(name, value)| {
        let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(name);
        Dependency { code_name: name.replace('-', "_"), package: package.replace('-', "_") }
    });
    pairs.collect()
}

fn by_binary(example: &Example) -> Result<Vec<Shown>, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    write_package(example, dir.path(), "example").map_err(|error| error.to_string())?;
    let mut args = vec!["--include-tests", "--confidence", "likely"];
    for group in rules::groups() {
        args.extend(["-W", group]);
    }
    Ok(tool::run(&dir.path().join("Cargo.toml"), &args)?.findings)
}

/// Writes the example to disk, with the manifest that it does not show.
pub(crate) fn write_package(example: &Example, dir: &Path, name: &str) -> std::io::Result<()> {
    for (path, text) in &example.files {
        let target = dir.join(path);
        std::fs::create_dir_all(target.parent().unwrap_or(dir))?;
        std::fs::write(target, text)?;
    }
    if !example.files.keys().any(|path| target_of(path).is_some()) {
        std::fs::create_dir_all(dir.join("src"))?;
        std::fs::write(dir.join("src/lib.rs"), "")?;
    }
    let own = example.files.get("Cargo.toml").map_or("", String::as_str);
    let head = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"{}\"\n\n",
        example.edition
    );
    let head = if own.contains("[package]") { String::new() } else { head };
    std::fs::write(dir.join("Cargo.toml"), head + own)
}

#[test]
fn targets_follow_the_usual_places() {
    let kind = |path| target_of(path).map(|(kind, name)| format!("{kind:?} {name}"));
    assert_eq!(kind("src/bin/tool/main.rs").as_deref(), Some("Bin tool"));
    assert_eq!(kind("tests/it.rs").as_deref(), Some("Test it"));
    assert_eq!(kind("tests/it/helper.rs"), None);
    assert_eq!(kind("src/net.rs"), None);
}
