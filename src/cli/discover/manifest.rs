//! Reads one `Cargo.toml` without cargo, so that a broken or foreign manifest never stops a run.
//!
//! The parser recovers: what stands before and after a mistake still counts, and the first mistake
//! is kept with its line.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::read::words;
use crate::source::TargetKind;

/// What discovery needs of one manifest.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    /// Directory that holds it.
    pub(super) dir: PathBuf,
    /// `[package]`, guessed to be there when a broken file has neither table.
    pub(super) package: Option<PackageTable>,
    /// `[workspace]`.
    pub(super) workspace: Option<WorkspaceTable>,
    /// The first mistake: "line 3: …".
    pub(super) mistake: Option<String>,
}

/// A value that a member may take from its workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Field<T> {
    /// Not written.
    #[default]
    Absent,
    /// `key.workspace = true`.
    Inherited,
    /// Written here.
    Value(T),
}

/// `[package]` and the tables beside it that belong to a package.
#[derive(Debug, Default)]
pub(super) struct PackageTable {
    pub(super) name: Option<String>,
    pub(super) version: Field<String>,
    pub(super) edition: Field<String>,
    pub(super) publish: Field<bool>,
    /// `package.workspace`: where the workspace root is said to be.
    pub(super) workspace: Option<String>,
    pub(super) dependencies: Vec<DependencyLine>,
    pub(super) targets: TargetTables,
}

/// One line of any dependency table.
#[derive(Clone, Debug)]
pub(super) struct DependencyLine {
    pub(super) key: String,
    pub(super) package: Option<String>,
    pub(super) path: Option<String>,
    pub(super) inherited: bool,
}

/// `[workspace]`.
#[derive(Debug, Default)]
pub(super) struct WorkspaceTable {
    pub(super) members: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) default_members: Option<Vec<String>>,
    pub(super) version: Option<String>,
    pub(super) edition: Option<String>,
    pub(super) publish: Option<bool>,
    pub(super) dependencies: Vec<DependencyLine>,
}

/// What a manifest says about targets, before the files are known.
#[derive(Debug, Default)]
pub(super) struct TargetTables {
    pub(super) build: Build,
    pub(super) lib: Option<TargetTable>,
    /// `autolib`.
    pub(super) auto_lib: Option<bool>,
    /// `[[bin]]`, `[[example]]`, `[[test]]`, `[[bench]]` and their `auto…` keys.
    pub(super) lists: HashMap<TargetKind, (Vec<TargetTable>, Option<bool>)>,
}

/// `package.build`.
#[derive(Debug, Default)]
pub(super) enum Build {
    /// `build.rs` if there is one.
    #[default]
    Auto,
    /// `build = false`.
    Off,
    /// Named scripts.
    Paths(Vec<String>),
}

/// One explicit target.
#[derive(Debug, Default)]
pub(super) struct TargetTable {
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) edition: Option<String>,
}

/// Manifests by directory, each read once.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    read: HashMap<PathBuf, Option<Rc<Manifest>>>,
}

impl Manifests {
    /// The manifest in `dir`, or `None` if there is no such file.
    pub(super) fn get(&mut self, dir: &Path) -> Option<Rc<Manifest>> {
        if let Some(known) = self.read.get(dir) {
            return known.clone();
        }
        let file = dir.join("Cargo.toml");
        let manifest = match fs::read(&file) {
            Ok(bytes) => Some(Rc::new(from_bytes(dir, bytes))),
            Err(_) if !file.is_file() => None,
            Err(error) => Some(Rc::new(guessed(dir, format!("cannot be read: {}", words(&error))))),
        };
        self.read.insert(dir.to_path_buf(), manifest.clone());
        manifest
    }

    /// The manifest in `dir` or in the nearest directory above it.
    pub(super) fn nearest(&mut self, dir: &Path) -> Option<Rc<Manifest>> {
        dir.ancestors().find_map(|dir| self.get(dir))
    }
}

fn from_bytes(dir: &Path, bytes: Vec<u8>) -> Manifest {
    match String::from_utf8(bytes) {
        Ok(text) => parse(dir, &text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            guessed(dir, format!("line {line}: is not valid UTF-8"))
        }
    }
}

/// A manifest that says nothing usable is taken for a package with default targets: its files are
/// there all the same.
fn guessed(dir: &Path, mistake: String) -> Manifest {
    Manifest {
        dir: dir.to_path_buf(),
        package: Some(PackageTable::default()),
        workspace: None,
        mistake: Some(mistake),
    }
}

fn parse(dir: &Path, text: &str) -> Manifest {
    let (table, errors) = DeTable::parse_recoverable(text);
    let table = table.get_ref();
    let line_of = |at: usize| text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1;
    let mut mistake = errors.first().map(|error| {
        let line = error.span().map_or(1, |span| line_of(span.start));
        format!("line {line}: {}", error.message().lines().next().unwrap_or("is not TOML"))
    });
    let package_table = child(table, "package").or_else(|| child(table, "project"));
    let workspace = child(table, "workspace").map(|it| workspace(it.1));
    if package_table.is_none() && workspace.is_none() {
        let mistake = mistake.unwrap_or_else(|| {
            "line 1: has neither a [package] nor a [workspace] table".to_owned()
        });
        return guessed(dir, mistake);
    }
    let package = package_table.map(|(at, of)| {
        let package = package(table, of);
        if package.name.is_none() && mistake.is_none() {
            mistake = Some(format!("line {}: [package] has no name", line_of(at)));
        }
        package
    });
    Manifest { dir: dir.to_path_buf(), package, workspace, mistake }
}

fn package(manifest: &DeTable<'_>, table: &DeTable<'_>) -> PackageTable {
    let mut dependencies = dependency_tables(manifest);
    if let Some((_, targets)) = child(manifest, "target") {
        let tables = targets.iter().filter_map(|(_, value)| as_table(value.get_ref()));
        dependencies.extend(tables.flat_map(dependency_tables));
    }
    let mut lists = HashMap::new();
    for (kind, key, auto) in [
        (TargetKind::Bin, "bin", "autobins"),
        (TargetKind::Example, "example", "autoexamples"),
        (TargetKind::Test, "test", "autotests"),
        (TargetKind::Bench, "bench", "autobenches"),
    ] {
        lists.insert(kind, (target_list(manifest, key), boolean(table, auto)));
    }
    PackageTable {
        name: string(table, "name"),
        version: field(table, "version", as_string),
        edition: field(table, "edition", as_string),
        publish: field(table, "publish", publish),
        workspace: string(table, "workspace"),
        dependencies,
        targets: TargetTables {
            build: build(value(table, "build")),
            lib: child(manifest, "lib").map(|(_, lib)| target(lib)),
            auto_lib: boolean(table, "autolib"),
            lists,
        },
    }
}

fn workspace(table: &DeTable<'_>) -> WorkspaceTable {
    let inherited = child(table, "package").map(|it| it.1);
    let text = |key| inherited.and_then(|table| string(table, key));
    WorkspaceTable {
        members: strings(value(table, "members")).unwrap_or_default(),
        exclude: strings(value(table, "exclude")).unwrap_or_default(),
        default_members: strings(value(table, "default-members")),
        version: text("version"),
        edition: text("edition"),
        publish: inherited.and_then(|table| value(table, "publish")).and_then(publish),
        dependencies: child(table, "dependencies").map_or_else(Vec::new, |it| dependencies(it.1)),
    }
}

fn dependency_tables(table: &DeTable<'_>) -> Vec<DependencyLine> {
    let keys = [
        "dependencies",
        "dev-dependencies",
        "dev_dependencies",
        "build-dependencies",
        "build_dependencies",
    ];
    keys.iter().filter_map(|key| child(table, key)).flat_map(|it| dependencies(it.1)).collect()
}

fn dependencies(table: &DeTable<'_>) -> Vec<DependencyLine> {
    let line = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let details = as_table(value.get_ref());
        let text = |name| details.and_then(|details| string(details, name));
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        DependencyLine {
            key: key.to_string(),
            package: text("package"),
            path: text("path"),
            inherited: details.and_then(|it| boolean(it, "workspace")) == Some(true),
        }
    };
    table.iter().map(line).collect()
}

fn target_list(manifest: &DeTable<'_>, key: &str) -> Vec<TargetTable> {
    match value(manifest, key) {
        Some(DeValue::Array(array)) => {
            array.iter().filter_map(|item| as_table(item.get_ref())).map(target).collect()
        }
        Some(DeValue::Table(table)) => vec![target(table)],
        _ => Vec::new(),
    }
}

fn target(table: &DeTable<'_>) -> TargetTable {
    TargetTable {
        name: string(table, "name"),
        path: string(table, "path"),
        edition: string(table, "edition"),
    }
}

fn build(value: Option<&DeValue<'_>>) -> Build {
    match value {
        Some(DeValue::Boolean(false)) => Build::Off,
        Some(DeValue::String(path)) => Build::Paths(vec![path.to_string()]),
        Some(DeValue::Array(_)) => strings(value).map_or(Build::Auto, Build::Paths),
        _ => Build::Auto,
    }
}

/// `false` and an empty list of registries both forbid publishing.
fn publish(value: &DeValue<'_>) -> Option<bool> {
    match value {
        DeValue::Boolean(yes) => Some(*yes),
        DeValue::Array(registries) => Some(registries.iter().next().is_some()),
        _ => None,
    }
}

fn field<T>(table: &DeTable<'_>, key: &str, read: impl Fn(&DeValue<'_>) -> Option<T>) -> Field<T> {
    match value(table, key) {
        Some(DeValue::Table(inner)) if boolean(inner, "workspace") == Some(true) => {
            Field::Inherited
        }
        Some(found) => read(found).map_or(Field::Absent, Field::Value),
        None => Field::Absent,
    }
}

fn value<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t DeValue<'i>> {
    table.get(key).map(Spanned::get_ref)
}

/// A table inside a table, with the place where it starts.
fn child<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<(usize, &'t DeTable<'i>)> {
    let found = table.get(key)?;
    as_table(found.get_ref()).map(|inner| (found.span().start, inner))
}

fn as_table<'t, 'i>(value: &'t DeValue<'i>) -> Option<&'t DeTable<'i>> {
    match value {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn as_string(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn string(table: &DeTable<'_>, key: &str) -> Option<String> {
    value(table, key).and_then(as_string)
}

fn boolean(table: &DeTable<'_>, key: &str) -> Option<bool> {
    match value(table, key)? {
        DeValue::Boolean(yes) => Some(*yes),
        _ => None,
    }
}

fn strings(value: Option<&DeValue<'_>>) -> Option<Vec<String>> {
    match value? {
        DeValue::Array(array) => {
            Some(array.iter().filter_map(|item| as_string(item.get_ref())).collect())
        }
        _ => None,
    }
}
