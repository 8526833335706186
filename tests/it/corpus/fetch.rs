//! Brings the sources of the corpus: cargo downloads, we copy.
//!
//! Only `cargo fetch` talks to a registry. Crates that do not resolve together are fetched in ever
//! smaller groups, down to one, and whatever was copied once is never asked for again.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support;

/// A published crate at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Crate name.
    pub(crate) name: String,
    /// Exact version.
    pub(crate) version: String,
}

impl Source {
    fn directory(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// Where copies are kept: `THREAD_LINT_CORPUS_DIR`, or below `target/`.
pub(crate) fn cache_dir() -> PathBuf {
    std::env::var_os("THREAD_LINT_CORPUS_DIR")
        .map_or_else(|| support::scratch().join("corpus"), PathBuf::from)
}

/// Lines `name=version`; `#` begins a comment.
pub(crate) fn read_list(text: &str) -> Vec<Source> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, version)| Source { name: name.to_owned(), version: version.to_owned() })
        .collect()
}

/// The directory of each source, or why there is none.
pub(crate) fn all(cache: &Path, list: &[Source]) -> Vec<(Source, Result<PathBuf, String>)> {
    prepare(cache);
    let missing: Vec<&Source> = list
        .iter()
        .filter(|source| !cache.join(source.directory()).is_dir() && unpacked(source).is_none())
        .collect();
    let mut errors = Vec::new();
    if !missing.is_empty() {
        support::say(&format!("corpus: fetching {} crates\n", missing.len()));
        fetch(cache, &missing, &mut errors);
    }
    list.iter().map(|source| (source.clone(), copy(cache, source, &errors))).collect()
}

/// The copies lie below a directory that git ignores, so the cache is made a repository of its own:
/// otherwise a tool that honours `.gitignore` would rightly see nothing in it.
fn prepare(cache: &Path) {
    std::fs::create_dir_all(cache).unwrap();
    if !cache.join(".git").exists() {
        let done = Command::new("git").args(["init", "--quiet"]).current_dir(cache).status();
        assert!(done.is_ok_and(|status| status.success()), "git init in {}", cache.display());
    }
}

/// Fetches a group, or its halves when cargo cannot have all of it at once.
fn fetch(cache: &Path, group: &[&Source], errors: &mut Vec<(Source, String)>) {
    let Err(error) = fetch_together(cache, group) else {
        return;
    };
    if let [one] = group {
        errors.push(((*one).clone(), error));
        return;
    }
    let (left, right) = group.split_at(group.len() / 2);
    fetch(cache, left, errors);
    fetch(cache, right, errors);
}

fn fetch_together(cache: &Path, group: &[&Source]) -> Result<(), String> {
    let project = cache.join(".fetch");
    std::fs::create_dir_all(project.join("src")).unwrap();
    std::fs::write(project.join("src/lib.rs"), "").unwrap();
    let _absent_on_the_first_run = std::fs::remove_file(project.join("Cargo.lock"));
    let mut manifest = String::from(
        "[package]\nname = \"corpus-fetch\"\nedition = \"2021\"\n\n[workspace]\n\n[dependencies]\n",
    );
    for source in group {
        let Source { name, version } = source;
        writeln!(manifest, "{name} = {{ version = \"={version}\", default-features = false }}")
            .unwrap();
    }
    std::fs::write(project.join("Cargo.toml"), manifest).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["fetch", "--quiet"])
        // For one platform: what the crates need elsewhere is many times as much.
        .args(host().map(|host| ["--target".to_owned(), host]).iter().flatten())
        .current_dir(&project)
        .env("CARGO_NET_RETRY", "5")
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// The platform we run on, in the compiler's words.
fn host() -> Option<String> {
    let output = Command::new("rustc").arg("-vV").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

/// Where cargo unpacked a source.
fn unpacked(source: &Source) -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))?;
    let registries = std::fs::read_dir(home.join("registry/src")).ok()?;
    let places =
        registries.filter_map(Result::ok).map(|entry| entry.path().join(source.directory()));
    places.into_iter().find(|path| path.join("Cargo.toml").is_file())
}

/// Copies a source into the cache, whole or not at all.
fn copy(cache: &Path, source: &Source, errors: &[(Source, String)]) -> Result<PathBuf, String> {
    let target = cache.join(source.directory());
    if target.is_dir() {
        return Ok(target);
    }
    let Some(from) = unpacked(source) else {
        let why = errors.iter().find(|(failed, _)| failed == source);
        return Err(
            why.map_or_else(|| "cargo did not unpack it".to_owned(), |(_, error)| error.clone())
        );
    };
    let partial = cache.join(format!(".partial-{}", source.directory()));
    if partial.exists() {
        std::fs::remove_dir_all(&partial).map_err(|error| error.to_string())?;
    }
    copy_tree(&from, &partial).map_err(|error| format!("{}: {error}", from.display()))?;
    stand_alone(&partial).map_err(|error| format!("{}: {error}", partial.display()))?;
    std::fs::rename(&partial, &target).map_err(|error| error.to_string())?;
    Ok(target)
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let Ok(relative) = entry.path().strip_prefix(from) else {
            continue;
        };
        let target = to.join(relative);
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)?;
        } else if entry.file_type().is_file() && entry.file_name() != ".cargo-ok" {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Keeps cargo from looking for a workspace above the copy. Published manifests have no
/// `[workspace]`; it goes to the end, so that no line moves.
fn stand_alone(dir: &Path) -> std::io::Result<()> {
    let path = dir.join("Cargo.toml");
    let text = std::fs::read_to_string(&path)?;
    if text.lines().any(|line| line.trim() == "[workspace]") {
        return Ok(());
    }
    std::fs::write(path, format!("{}\n\n[workspace]\n", text.trim_end()))
}

#[test]
fn lists_name_exact_versions() {
    let list = read_list("# head\nflume=0.12.0\n\nbat=0.26.1 # pager\n");
    let names: Vec<String> = list.iter().map(Source::directory).collect();
    assert_eq!(names, ["flume-0.12.0", "bat-0.26.1"]);
}
