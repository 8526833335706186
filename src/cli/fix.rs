//! `--fix`: repairs what can be repaired, all in memory first, then file by file.
//!
//! Nothing is written before the whole workspace was analysed again with the repairs in it. A file
//! in which a repair leaves its finding, brings another or no longer parses keeps its text. Every
//! file is replaced as a whole, and one that changed on the disk meanwhile is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::read::{DiskFiles, words};
use crate::finding::{Fix, Spot};
use crate::fix::apply;
use crate::policy::Origin;
use crate::report::Report;
use crate::source::{FileId, Files, Project, ReadError};

/// Repairs may bring others to light: rounds until that is enough.
const MAX_ROUNDS: usize = 16;
/// Paths of changed files that a refusal names.
const NAMED: usize = 5;

/// The files on the disk with some texts in the place of theirs.
pub(super) struct Overlay<'d> {
    disk: &'d DiskFiles,
    texts: BTreeMap<FileId, Arc<str>>,
    /// What they were repaired from.
    originals: BTreeMap<FileId, Arc<str>>,
}

impl<'d> Overlay<'d> {
    pub(super) fn new(disk: &'d DiskFiles) -> Self {
        Self { disk, texts: BTreeMap::new(), originals: BTreeMap::new() }
    }
}

impl Files for Overlay<'_> {
    fn read(&self, file: FileId) -> Result<Arc<str>, ReadError> {
        self.texts.get(&file).map_or_else(|| self.disk.read(file), |text| Ok(text.clone()))
    }

    fn look(&self, file: FileId, look: &mut dyn FnMut(&str)) -> Result<(), ReadError> {
        match self.texts.get(&file) {
            Some(text) => look(text),
            None => self.disk.look(file, look)?,
        }
        Ok(())
    }
}

/// What a repair may be done to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permission {
    /// Files with changes that are in no commit.
    pub(super) dirty: bool,
    /// Files that no version control keeps.
    pub(super) no_vcs: bool,
    /// Repairs that somebody has to look at.
    pub(super) uncertain: bool,
}

/// Repairs what a report can repair. The result is the report on what is left, and a line for each
/// file that was written.
///
/// # Errors
/// The working tree has changes that are in no commit, or a file could not be written; what was
/// written before stays written.
pub(super) fn fix(
    project: &Project,
    root: &Path,
    files: &mut Overlay<'_>,
    report: Report,
    permission: Permission,
    judge: impl Fn(&dyn Files) -> Report,
) -> Result<(Report, String), String> {
    let paths = |files: BTreeSet<FileId>| -> Vec<&str> {
        files.into_iter().map(|file| &*project.file(file).path).collect()
    };
    let wanted: BTreeSet<FileId> = batch(&report, &Refused::new(permission)).into_keys().collect();
    if wanted.is_empty() {
        return Ok((report, String::new()));
    }
    ask_git(root, &paths(wanted), permission)?;
    let (report, repaired) = repair(files, report, permission, judge);
    let mut said = String::new();
    for (file, count) in repaired {
        let path = &project.file(file).path;
        write(files, file).map_err(|message| format!("{path}: {message}\n{said}"))?;
        let plural = if count == 1 { "" } else { "s" };
        said.push_str(&format!("fixed: {path} ({count} finding{plural})\n"));
    }
    Ok((report, said))
}

/// Repairs texts in memory until nothing more can be done; how many findings in which file.
fn repair(
    files: &mut Overlay<'_>,
    mut report: Report,
    permission: Permission,
    judge: impl Fn(&dyn Files) -> Report,
) -> (Report, BTreeMap<FileId, usize>) {
    let mut repaired: BTreeMap<FileId, usize> = BTreeMap::new();
    let mut refused = Refused::new(permission);
    for _ in 0..MAX_ROUNDS {
        let batch = batch(&report, &refused);
        let before = files.texts.clone();
        let mut tried: BTreeMap<FileId, Vec<Fix>> = BTreeMap::new();
        for (file, fixes) in batch {
            let edits: Vec<_> = fixes.iter().flat_map(|fix| fix.edits.iter().cloned()).collect();
            let text = files.read(file).ok();
            match text.as_ref().and_then(|text| apply(text, &edits)).zip(text.as_ref()) {
                Some((new, old)) => {
                    files.originals.entry(file).or_insert_with(|| old.clone());
                    files.texts.insert(file, Arc::from(new));
                    tried.insert(file, fixes.into_iter().cloned().collect());
                }
                None => refused.add(file, &fixes),
            }
        }
        if tried.is_empty() {
            if refused.is_new() {
                continue;
            }
            break;
        }
        let next = judge(files);
        let (had, has) = (counts(&report), counts(&next));
        let worse = |file: FileId, fixes: usize| {
            let of = |counts: &Counts| -> usize {
                counts.iter().filter(|((it, _), _)| *it == file).map(|(_, number)| number).sum()
            };
            let mut own = has.iter().filter(|((it, _), _)| *it == file);
            let rose = own.any(|(key, number)| had.get(key).is_none_or(|before| number > before));
            rose || of(&has) + fixes > of(&had)
        };
        if tried.iter().any(|(&file, fixes)| worse(file, fixes.len())) {
            files.texts = before;
            for (&file, fixes) in tried.iter().filter(|(file, fixes)| worse(**file, fixes.len())) {
                refused.add(file, &fixes.iter().collect::<Vec<_>>());
            }
        } else {
            for (file, fixes) in tried {
                *repaired.entry(file).or_default() += fixes.len();
            }
            report = next;
        }
    }
    (report, repaired)
}

/// What did not do what it should.
struct Refused {
    /// Whether repairs are made that somebody has to look at.
    uncertain: bool,
    /// Files where several fixes did not go together: there they are tried one by one.
    singly: BTreeSet<FileId>,
    /// Fixes that failed alone.
    fixes: BTreeSet<Fix>,
    is_new: bool,
}

impl Refused {
    fn new(permission: Permission) -> Self {
        let uncertain = permission.uncertain;
        Self { uncertain, singly: BTreeSet::new(), fixes: BTreeSet::new(), is_new: false }
    }

    fn add(&mut self, file: FileId, fixes: &[&Fix]) {
        self.is_new = true;
        match fixes {
            [only] => _ = self.fixes.insert((*only).clone()),
            _ => _ = self.singly.insert(file),
        }
    }

    fn is_new(&mut self) -> bool {
        std::mem::take(&mut self.is_new)
    }
}

/// How many findings of each rule a file has.
type Counts = BTreeMap<(FileId, &'static str), usize>;

fn counts(report: &Report) -> Counts {
    let mut counts = Counts::new();
    for judged in &report.shown {
        if let Origin::Source(finding) = &judged.origin {
            *counts.entry((finding.primary.file, finding.rule)).or_default() += 1;
        }
    }
    counts
}

/// The fixes of what is shown, by file; of two that touch the same text the first.
fn batch<'r>(report: &'r Report, refused: &Refused) -> BTreeMap<FileId, Vec<&'r Fix>> {
    let mut batch: BTreeMap<FileId, Vec<&Fix>> = BTreeMap::new();
    for judged in &report.shown {
        let Origin::Source(finding) = &judged.origin else { continue };
        let file = finding.primary.file;
        let wanted =
            |fix: &&Fix| (fix.certain || refused.uncertain) && !refused.fixes.contains(fix);
        let Some(fix) = finding.fix.as_ref().filter(wanted) else { continue };
        let fixes = batch.entry(file).or_default();
        let alone = refused.singly.contains(&file) && !fixes.is_empty();
        if !alone && !fixes.iter().any(|other| collide(other, fix)) {
            fixes.push(fix);
        }
    }
    batch
}

/// Whether two fixes change the same text, or would give two handles one name.
fn collide(one: &Fix, other: &Fix) -> bool {
    one.edits.iter().any(|a| {
        other.edits.iter().any(|b| match (a.spot, b.spot) {
            (Spot::Replace(a), Spot::Replace(b)) => a.start < b.end && b.start < a.end || a == b,
            (Spot::Lines { before: one, .. }, Spot::Lines { before: two, .. }) => {
                one == two && a.text == b.text
            }
            _ => false,
        })
    })
}

/// Replaces a file by its new text, as a whole.
fn write(files: &Overlay<'_>, file: FileId) -> Result<(), String> {
    let Some(text) = files.texts.get(&file) else { return Ok(()) };
    let now = files.disk.read(file).map_err(|error| error.message)?;
    if files.originals.get(&file) != Some(&now) {
        return Err("changed while it was being fixed: run it again".to_owned());
    }
    let path = files.disk.path(file);
    let failed = |error: std::io::Error| format!("cannot be written: {}", words(&error));
    // A link stays a link.
    let path = path.canonicalize().map_err(failed)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    fresh.write_all(text.as_bytes()).map_err(failed)?;
    let permissions = std::fs::metadata(&path).map_err(failed)?.permissions();
    fresh.as_file().set_permissions(permissions).map_err(failed)?;
    fresh.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Refuses what could not be undone: changes that are in no commit, and files that git does not keep.
fn ask_git(root: &Path, paths: &[&str], permission: Permission) -> Result<(), String> {
    if !root.ancestors().any(|dir| dir.join(".git").exists()) {
        if permission.no_vcs {
            return Ok(());
        }
        return Err("no version control keeps these files, so a fix could not be undone: \
                    `--allow-no-vcs` fixes them all the same"
            .to_owned());
    }
    if permission.dirty {
        return Ok(());
    }
    let mut changed = git_status(root, &["--untracked-files=no"])?;
    let mut of_files = vec!["--untracked-files=all", "--ignored", "--"];
    of_files.extend(paths);
    changed.extend(git_status(root, &of_files)?);
    if changed.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = changed.iter().take(NAMED).map(String::as_str).collect();
    let more = if changed.len() > NAMED { ", ..." } else { "" };
    Err(format!(
        "the working tree has changes that are in no commit ({}{more}): commit or stash them, or \
         use `--allow-dirty`",
        named.join(", ")
    ))
}

/// Paths that `git status` lists.
fn git_status(root: &Path, more: &[&str]) -> Result<BTreeSet<String>, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["status", "--porcelain=v1"])
        .args(more)
        .output()
        .map_err(|error| format!("git cannot be asked ({}): use `--allow-dirty`", words(&error)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git cannot be asked ({}): use `--allow-dirty`", said.trim()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.get(3..)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileEntry;

    #[test]
    fn a_file_that_changed_meanwhile_keeps_its_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.rs");
        let entry =
            FileEntry { path: Arc::from("a.rs"), package: None, selected: true, ignored: false };
        let project = Project { files: vec![entry], packages: Vec::new(), targets: Vec::new() };
        let disk = DiskFiles::new(dir.path(), &project);
        let mut files = Overlay::new(&disk);
        files.originals.insert(FileId(0), Arc::from("old"));
        files.texts.insert(FileId(0), Arc::from("new"));
        let text = || std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, "somebody else's").unwrap();
        assert!(write(&files, FileId(0)).unwrap_err().contains("run it again"));
        assert_eq!(text(), "somebody else's");
        std::fs::write(&path, "old").unwrap();
        write(&files, FileId(0)).unwrap();
        assert_eq!(text(), "new");
    }
}
