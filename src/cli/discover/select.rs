//! Which packages the command line means: names, `name@version`, globs and package id URLs.

use globset::{Glob, GlobMatcher};

use super::workspace::RawPackage;
use super::{InputError, Request};

/// Which packages are reported on, and the exclusions that exclude nothing.
#[derive(Debug)]
pub(super) struct Selection {
    /// One answer for each package.
    pub(super) selected: Vec<bool>,
    /// One answer for each package: taken out by `--exclude`.
    pub(super) excluded: Vec<bool>,
    /// `--exclude` arguments without a match.
    pub(super) unmatched: Vec<String>,
}

/// Applies `-p`, `--workspace` and `--exclude`.
///
/// # Errors
/// A `-p` that matches no package.
pub(super) fn select(packages: &[RawPackage], request: &Request) -> Result<Selection, InputError> {
    let mut selected: Vec<bool> =
        packages.iter().map(|package| request.workspace || package.default).collect();
    if !request.packages.is_empty() {
        selected.fill(false);
        for text in &request.packages {
            if !mark(text, packages, &mut selected) {
                return Err(unknown(text, packages));
            }
        }
    }
    let mut excluded = vec![false; packages.len()];
    let misses = request.exclude.iter().filter(|text| !mark(text, packages, &mut excluded));
    let unmatched = misses.cloned().collect();
    for (selected, excluded) in selected.iter_mut().zip(&excluded) {
        *selected &= !excluded;
    }
    Ok(Selection { selected, excluded, unmatched })
}

fn mark(text: &str, packages: &[RawPackage], marks: &mut [bool]) -> bool {
    let spec = Spec::parse(text);
    let mut any = false;
    for (package, mark) in packages.iter().zip(marks) {
        if package.id == text || spec.matches(package) {
            *mark = true;
            any = true;
        }
    }
    any
}

struct Spec<'t> {
    url: Option<&'t str>,
    name: Option<&'t str>,
    glob: Option<GlobMatcher>,
    version: Option<&'t str>,
}

impl<'t> Spec<'t> {
    fn parse(text: &'t str) -> Self {
        let (url, rest) = match text.split_once('#') {
            Some((url, rest)) => (Some(url), Some(rest)),
            None if text.contains("://") => (Some(text), None),
            None => (None, Some(text)),
        };
        let url = url.map(|url| url.strip_prefix("path+").unwrap_or(url).trim_end_matches('/'));
        let (name, version) = match rest.map(|rest| rest.split_once(['@', ':']).ok_or(rest)) {
            None => (None, None),
            Some(Ok((name, version))) => (Some(name), Some(version)),
            Some(Err(rest)) if url.is_some() && rest.starts_with(|c: char| c.is_ascii_digit()) => {
                (None, Some(rest))
            }
            Some(Err(rest)) => (Some(rest), None),
        };
        let pattern = name.filter(|name| name.contains(['*', '?', '[']));
        let glob = pattern.and_then(|name| Glob::new(name).ok()).map(|glob| glob.compile_matcher());
        Self { url, name, glob, version }
    }

    fn matches(&self, package: &RawPackage) -> bool {
        let id = package.id.strip_prefix("path+").unwrap_or(&package.id);
        let url = id.split_once('#').map_or(id, |(url, _)| url);
        let same_name = match (&self.glob, self.name) {
            (Some(glob), _) => glob.is_match(&package.name),
            (None, Some(name)) => package.name == name,
            (None, None) => true,
        };
        let same_version = self.version.is_none_or(|wanted| {
            let rest = package.version.strip_prefix(wanted);
            // `1.2` means any 1.2.x, as in cargo.
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
        });
        self.url.is_none_or(|wanted| wanted == url) && same_name && same_version
    }
}

fn unknown(text: &str, packages: &[RawPackage]) -> InputError {
    let spec = Spec::parse(text);
    let wanted = spec.name.or_else(|| spec.url.and_then(|url| url.rsplit('/').next()));
    let wanted = wanted.unwrap_or(text);
    let near = packages
        .iter()
        .map(|package| (distance(wanted, &package.name), &package.name))
        .filter(|&(distance, _)| distance <= wanted.chars().count().max(3) / 3)
        .min();
    let hint = match near {
        Some((0, name)) => {
            let same = packages.iter().find(|package| package.name == *name);
            same.map_or_else(String::new, |same| format!("; there is {}", same.id))
        }
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None => String::new(),
    };
    InputError::new(format!("no package in the workspace matches `{text}`{hint}"))
}

/// Edits between two names, an exchange of neighbours counted as two.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, one) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(one != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
