//! A small project in memory, for the tests of this layer and those behind it.

use std::sync::Arc;

use crate::Analysis;
use crate::facts::comments::directives;
use crate::finding::{CodeKind, Confidence, Finding, Label, Role, Subject};
use crate::policy::{
    ConfigFile, ConfigForm, ConfigProblem, ConfigSource, Configs, Input, Judgement, Options,
    PathNote, judge,
};
use crate::source::{
    FileEntry, FileId, Files, Package, PackageId, Project, ReadError, Target, TargetKind,
};
use crate::text::TextRange;

/// Packages `app` (the root) and `sub` (below `sub/`), and an analysis that tests fill.
pub(crate) struct Sample {
    pub(crate) project: Project,
    pub(crate) texts: Texts,
    pub(crate) analysis: Analysis,
    pub(crate) options: Options,
    pub(crate) sources: Vec<ConfigSource>,
    pub(crate) notes: Vec<PathNote>,
}

pub(crate) struct Texts(Vec<Arc<str>>);

impl Files for Texts {
    fn read(&self, file: FileId) -> Result<Arc<str>, ReadError> {
        match self.0.get(file.0 as usize) {
            Some(text) if **text == *"\0" => Err(ReadError { message: "is not there".to_owned() }),
            Some(text) => Ok(text.clone()),
            None => Err(ReadError { message: "is not there".to_owned() }),
        }
    }
}

fn package(name: &str, dir: &str) -> Package {
    let path = format!("/ws/{dir}");
    let path = path.trim_end_matches('/');
    Package {
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        id: format!("path+file://{path}#{name}@0.1.0"),
        dir: dir.to_owned(),
        manifest: format!("{path}/Cargo.toml"),
        edition: 2021,
        dependencies: Vec::new(),
        publish: true,
        selected: true,
    }
}

impl Sample {
    /// Files with their texts; `"\0"` stands for one that cannot be read.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let mut files = files.to_vec();
        files.sort_unstable();
        let mut project = Project {
            packages: vec![package("app", ""), package("sub", "sub")],
            ..Project::default()
        };
        let mut analysis = Analysis::default();
        for (index, (path, text)) in (0..).zip(&files) {
            let id = FileId(index);
            let package = PackageId(u32::from(path.starts_with("sub/")));
            project.files.push(FileEntry {
                path: (*path).into(),
                package: Some(package),
                selected: true,
                ignored: false,
            });
            let kind = match path.trim_start_matches("sub/").split('/').collect::<Vec<_>>()[..] {
                ["src", "lib.rs"] => Some(TargetKind::Lib),
                ["src", "main.rs"] => Some(TargetKind::Bin),
                ["examples", _] => Some(TargetKind::Example),
                ["benches", _] => Some(TargetKind::Bench),
                ["tests", _] => Some(TargetKind::Test),
                _ => None,
            };
            let target =
                |kind| Target { package, kind, name: "t".to_owned(), edition: 2021, root: id };
            project.targets.extend(kind.map(target));
            analysis.directives.extend(directives(text).into_iter().map(|one| (id, one)));
        }
        Self {
            project,
            texts: Texts(files.iter().map(|(_, text)| (*text).into()).collect()),
            analysis,
            options: Options::default(),
            sources: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn file(&self, path: &str) -> FileId {
        self.project.find(path).unwrap()
    }

    pub(crate) fn label(&self, path: &str, code: &str, text: &str) -> Label {
        let file = self.file(path);
        let start = self.texts.0[file.0 as usize].find(code).unwrap();
        let cut = |at: usize| u32::try_from(at).unwrap();
        let range = TextRange::new(cut(start), cut(start + code.len()));
        Label { file, range, text: text.to_owned() }
    }

    /// A finding on the first occurrence of `code`.
    pub(crate) fn find(&mut self, rule: &'static str, path: &str, code: &str) -> &mut Finding {
        let primary = self.label(path, code, "born here");
        let kind = match path.trim_start_matches("sub/").split('/').next() {
            Some("examples") => CodeKind::Example,
            Some("benches") => CodeKind::Bench,
            Some("tests") => CodeKind::Test,
            Some("orphans") => CodeKind::Orphan,
            _ => CodeKind::Main,
        };
        let subject = Subject {
            package: self.project.file(primary.file).package,
            item: "f".to_owned(),
            api: "std::thread::spawn".to_owned(),
            code: kind,
        };
        self.analysis.findings.push(Finding {
            rule,
            primary,
            labels: Vec::new(),
            message: format!("found by {rule}"),
            notes: Vec::new(),
            help: None,
            fix: None,
            confidence: Confidence::Proved,
            absorbed_by: None,
            subject,
        });
        self.analysis.findings.last_mut().unwrap()
    }

    /// Adds a label to the last finding.
    pub(crate) fn also(&mut self, role: Role, path: &str, code: &str, text: &str) {
        let label = self.label(path, code, text);
        self.analysis.findings.last_mut().unwrap().labels.push((role, label));
    }

    /// Adds a configuration file; its path says whose it is and in which form.
    pub(crate) fn config(&mut self, path: &str, text: &str) {
        let inner = path.starts_with("sub/");
        let form = match (path.ends_with("Cargo.toml"), inner) {
            (false, _) => ConfigForm::File,
            (true, false) => ConfigForm::WorkspaceMetadata,
            (true, true) => ConfigForm::PackageMetadata,
        };
        let file = ConfigFile { path: path.into(), text: text.into() };
        self.sources.push(ConfigSource { file, form, package: inner.then_some(PackageId(1)) });
    }

    pub(crate) fn configs(&self) -> Result<Configs, Vec<ConfigProblem>> {
        Configs::load(&self.sources)
    }

    pub(crate) fn judge(&self) -> Judgement {
        let configs = self.configs().unwrap();
        judge(
            self.analysis.clone(),
            &Input {
                project: &self.project,
                configs: &configs,
                options: &self.options,
                files: &self.texts,
                root: "/ws",
                notes: &self.notes,
            },
        )
    }
}
