//! What git ignores, as far as the repository itself says so.
//!
//! The user's global excludes are left out on purpose: the same commit must give the same report
//! on every machine.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The ignore files that hold for one place of a walk, outermost first.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    /// Depth in the walk of the entries that the layer is about.
    level: usize,
    rules: Gitignore,
    /// A repository starts here: nothing further out counts.
    repository: bool,
}

impl Ignores {
    /// The layers above `dir`, which is where a walk starts. Its own are met in the walk.
    pub(super) fn above(dir: &Path) -> Self {
        let mut ignores = Self::default();
        if dir.join(".git").exists() {
            return ignores;
        }
        let mut between: Vec<&Path> = Vec::new();
        for above in dir.ancestors().skip(1) {
            between.push(above);
            if above.join(".git").exists() {
                ignores.open(0, above);
                for dir in between.iter().rev() {
                    ignores.add(0, dir);
                }
                break;
            }
        }
        ignores
    }

    /// Forgets the layers of directories that an entry at `depth` does not lie in.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.layers.last().is_some_and(|layer| layer.level > depth) {
            self.layers.pop();
        }
    }

    /// `dir` is the root of a repository.
    pub(super) fn open(&mut self, level: usize, dir: &Path) {
        let mut builder = GitignoreBuilder::new(dir);
        // A glob that git could not read either is no reason to stop.
        let _ = builder.add(common_git_dir(&dir.join(".git")).join("info/exclude"));
        let rules = builder.build().unwrap_or_else(|_| Gitignore::empty());
        self.layers.push(Layer { level, rules, repository: true });
    }

    /// `dir` may hold a `.gitignore`. Outside a repository it says nothing.
    pub(super) fn add(&mut self, level: usize, dir: &Path) {
        if !self.layers.iter().any(|layer| layer.repository) {
            return;
        }
        let mut builder = GitignoreBuilder::new(dir);
        let _ = builder.add(dir.join(".gitignore"));
        if let Ok(rules) = builder.build()
            && !rules.is_empty()
        {
            self.layers.push(Layer { level, rules, repository: false });
        }
    }

    /// Whether git ignores `path` itself; whether it lies in an ignored directory is the walk's
    /// business.
    pub(super) fn ignored(&self, path: &Path, is_dir: bool) -> bool {
        for layer in self.layers.iter().rev() {
            match layer.rules.matched(path, is_dir) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None if layer.repository => return false,
                Match::None => {}
            }
        }
        false
    }
}

/// Worktrees and submodules have a file `.git` that points to the real directory, and a worktree's
/// directory points on to the one with `info/exclude`.
fn common_git_dir(git: &Path) -> PathBuf {
    let base = git.parent().unwrap_or(git);
    let Ok(text) = fs::read_to_string(git) else { return git.to_path_buf() };
    let Some(pointed) = text.strip_prefix("gitdir:") else { return git.to_path_buf() };
    let dir = base.join(pointed.trim());
    match fs::read_to_string(dir.join("commondir")) {
        Ok(common) => dir.join(common.trim()),
        Err(_) => dir,
    }
}
