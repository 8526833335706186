//! The one walk: every Rust file below the packages, and what each directory means.
//!
//! Entries that say what their directory is (`Cargo.toml`, `CACHEDIR.TAG`, …) are sorted first, so
//! that the walk knows it before it meets anything else, without asking the disk again.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::git::Ignores;
use crate::cli::read::words;

/// What a manifest that belongs to no known package means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nested {
    /// Somebody else's package: left out.
    Skip,
    /// One more package.
    Collect,
}

/// All that the walks of one discovery find.
#[derive(Debug, Default)]
pub(super) struct Walker {
    pub(super) files: Vec<Found>,
    /// Package directories; a file's owner is an index into it.
    pub(super) owners: Vec<Owner>,
    /// Things that went wrong, by path on the disk.
    pub(super) notes: Vec<(PathBuf, String)>,
    /// Directories that are never entered.
    pub(super) pruned: Vec<PathBuf>,
    by_dir: HashMap<PathBuf, usize>,
    linked: HashSet<PathBuf>,
}

/// A Rust file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The same without links.
    pub(super) real: PathBuf,
    pub(super) linked: bool,
    pub(super) owner: Option<usize>,
    pub(super) ignored: bool,
}

/// A directory with a manifest.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) dir: PathBuf,
    /// Reached by a link: its files may turn out to be another's.
    pub(super) linked: bool,
    /// Whether it was walked.
    pub(super) seen: bool,
}

/// What is known of a directory on the way to the current entry.
#[derive(Clone, Debug)]
struct Frame {
    owner: Option<usize>,
    real: PathBuf,
    linked: bool,
    ignored: bool,
    /// Holds a manifest or is where the walk began.
    top: bool,
    /// Lies under a package's `src`, `tests`, `examples` or `benches`.
    source: bool,
}

enum Next {
    Go,
    SkipDir,
}

struct Walk<'w> {
    walker: &'w mut Walker,
    nested: Nested,
    ignores: Ignores,
    frames: Vec<Frame>,
    real_root: PathBuf,
}

impl Walker {
    /// Makes `dir` a package directory.
    pub(super) fn own(&mut self, dir: &Path) -> usize {
        if let Some(&index) = self.by_dir.get(dir) {
            return index;
        }
        let index = self.owners.len();
        self.owners.push(Owner { dir: dir.to_path_buf(), linked: false, seen: false });
        self.by_dir.insert(dir.to_path_buf(), index);
        index
    }

    /// The innermost package directory around a path.
    pub(super) fn around(&self, path: &Path) -> Option<usize> {
        path.ancestors().skip(1).find_map(|dir| self.by_dir.get(dir).copied())
    }

    /// Lists one file that no walk meets.
    pub(super) fn list(&mut self, path: &Path, owner: Option<usize>) {
        self.files.push(Found {
            path: path.to_path_buf(),
            real: fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()),
            linked: false,
            owner,
            ignored: false,
        });
    }

    /// Leaves one entry for each real file: the one without a link on its way if there is one, and
    /// of several walks the one that knows its package.
    pub(super) fn settle(&mut self) {
        self.files.sort_by(|a, b| {
            let key = |file: &Found| (file.linked, file.owner.is_none(), file.ignored);
            a.path.cmp(&b.path).then_with(|| key(a).cmp(&key(b)))
        });
        self.files.dedup_by(|next, kept| next.path == kept.path);
        if !self.files.iter().any(|file| file.linked) {
            return;
        }
        let direct = self.files.iter().filter(|file| !file.linked);
        let mut seen: HashSet<PathBuf> = direct.map(|file| file.real.clone()).collect();
        self.files.retain(|file| !file.linked || seen.insert(file.real.clone()));
    }

    /// Walks `root`, at most `depth` levels deep. Files belong to `owner` until a manifest says
    /// otherwise.
    pub(super) fn walk(&mut self, root: &Path, owner: Option<usize>, nested: Nested, depth: usize) {
        let real_root = match fs::canonicalize(root) {
            Ok(real) => real,
            Err(error) => return self.notes.push((root.to_path_buf(), unreadable(&words(&error)))),
        };
        let top = Frame {
            owner,
            real: real_root.clone(),
            linked: false,
            ignored: false,
            top: true,
            source: false,
        };
        let ignores = Ignores::above(root);
        let mut walk = Walk { walker: self, nested, ignores, frames: vec![top], real_root };
        let mut entries =
            WalkDir::new(root).max_depth(depth).follow_links(true).sort_by(order).into_iter();
        while let Some(entry) = entries.next() {
            let next = match entry {
                Ok(entry) => walk.step(&entry),
                Err(error) => {
                    walk.failed(&error);
                    Next::Go
                }
            };
            if matches!(next, Next::SkipDir) {
                entries.skip_current_dir();
            }
        }
    }
}

impl Walk<'_> {
    fn step(&mut self, entry: &DirEntry) -> Next {
        let depth = entry.depth();
        if depth == 0 {
            return Next::Go;
        }
        self.frames.truncate(depth);
        self.ignores.leave(depth);
        let name = entry.file_name();
        if name == ".git" {
            self.ignores.open(depth, parent(entry.path()));
        }
        if entry.file_type().is_dir() {
            return self.directory(entry);
        }
        if name == "Cargo.toml" && entry.file_type().is_file() {
            return self.manifest(parent(entry.path()), depth);
        }
        if depth > 1 && (name == "CACHEDIR.TAG" || name == ".cargo-checksum.json") {
            return Next::SkipDir;
        }
        if name == ".gitignore" {
            self.ignores.add(depth, parent(entry.path()));
        }
        if entry.file_type().is_file() && is_rust(name) {
            self.file(entry);
        }
        Next::Go
    }

    fn directory(&mut self, entry: &DirEntry) -> Next {
        let Some(above) = self.frames.last() else { return Next::SkipDir };
        let (path, name) = (entry.path(), entry.file_name());
        if self.by_name(path, name) {
            return Next::SkipDir;
        }
        let link = entry.path_is_symlink();
        let in_source = above.source || (above.top && is_source_folder(name));
        let ignored = above.ignored || self.ignores.ignored(path, !link);
        if ignored && !in_source {
            return Next::SkipDir;
        }
        let mut frame = Frame {
            owner: above.owner,
            real: above.real.join(name),
            linked: above.linked || link,
            ignored,
            top: false,
            source: in_source,
        };
        if link {
            let Ok(real) = fs::canonicalize(path) else { return Next::SkipDir };
            if self.real_root.starts_with(&real) {
                self.note(path, LOOP);
                return Next::SkipDir;
            }
            // Each target once: links among directories could multiply without end.
            if !self.walker.linked.insert(real.clone()) {
                return Next::SkipDir;
            }
            frame.real = real;
        }
        self.frames.push(frame);
        Next::Go
    }

    /// Directories whose name or place says that nothing in them is the project's own.
    fn by_name(&self, path: &Path, name: &OsStr) -> bool {
        let top = self.frames.last().is_some_and(|frame| frame.top);
        is_hidden(name)
            || name == "node_modules"
            || (top && name == "target")
            || self.walker.pruned.iter().any(|pruned| pruned == path)
    }

    fn manifest(&mut self, dir: &Path, depth: usize) -> Next {
        let Some(frame) = self.frames.last_mut() else { return Next::Go };
        let known = self.walker.by_dir.get(dir).copied();
        let index = match known {
            Some(index) => index,
            None if self.nested == Nested::Collect => {
                let index = self.walker.own(dir);
                self.walker.owners[index].linked = frame.linked;
                index
            }
            None if depth == 1 => return Next::Go,
            None => return Next::SkipDir,
        };
        frame.owner = Some(index);
        frame.top = true;
        frame.source = false;
        let owner = &mut self.walker.owners[index];
        // A walk of its own already listed it.
        let again = owner.seen && depth > 1;
        owner.seen = true;
        if again { Next::SkipDir } else { Next::Go }
    }

    fn file(&mut self, entry: &DirEntry) {
        let Some(frame) = self.frames.last() else { return };
        let path = entry.path();
        let link = entry.path_is_symlink();
        let real = if link { fs::canonicalize(path).ok() } else { None };
        self.walker.files.push(Found {
            real: real.unwrap_or_else(|| frame.real.join(entry.file_name())),
            linked: link || frame.linked,
            owner: frame.owner,
            ignored: frame.ignored || self.ignores.ignored(path, false),
            path: path.to_path_buf(),
        });
    }

    fn failed(&mut self, error: &walkdir::Error) {
        let Some(path) = error.path() else { return };
        if error.depth() > 0 {
            self.frames.truncate(error.depth());
            self.ignores.leave(error.depth());
            let name = path.file_name().unwrap_or_default();
            let is_dir = !path.is_symlink();
            // What would have been left out anyway is nobody's trouble.
            if self.by_name(path, name) || self.ignores.ignored(path, is_dir) {
                return;
            }
        }
        if error.loop_ancestor().is_some() {
            return self.note(path, LOOP);
        }
        let words = error.io_error().map_or_else(String::new, words);
        if !path.is_symlink() {
            return self.note(path, &unreadable(&words));
        }
        let frame = self.frames.last();
        let matters = frame.is_some_and(|it| it.source) || path.file_name().is_some_and(is_rust);
        if matters {
            self.note(
                path,
                &format!("is a link that leads nowhere ({words}): repair or remove it"),
            );
        }
    }

    fn note(&mut self, path: &Path, message: &str) {
        self.walker.notes.push((path.to_path_buf(), message.to_owned()));
    }
}

const LOOP: &str = "is a link to a directory that holds it: not followed; remove the link";

fn unreadable(words: &str) -> String {
    format!("cannot be read ({words}), so the files in it are unknown: check its permissions")
}

fn order(left: &DirEntry, right: &DirEntry) -> Ordering {
    let key = |name| (rank(name), name);
    key(left.file_name()).cmp(&key(right.file_name()))
}

/// What decides over a whole directory comes first, a repository's root before its ignore file.
fn rank(name: &OsStr) -> u8 {
    match name.as_encoded_bytes() {
        b".git" => 0,
        b"CACHEDIR.TAG" | b".cargo-checksum.json" | b"Cargo.toml" => 1,
        b".gitignore" => 2,
        _ => 3,
    }
}

pub(super) fn is_rust(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(b".rs") && !is_hidden(name)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_source_folder(name: &OsStr) -> bool {
    ["src", "tests", "examples", "benches"].iter().any(|folder| name == *folder)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
