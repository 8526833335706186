//! Path arithmetic of discovery: lexical clean-up, project paths, package ids.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

/// `path` from `base` without `.` and `..`, by name alone. Cargo leaves `..` in what it prints.
pub(in crate::cli) fn absolute(base: &Path, path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// How the project names `path`: relative to `root`, absolute if outside, `/` between parts. The
/// lossy form is the error, for a note.
pub(super) fn project_path(root: &Path, path: &Path) -> Result<String, String> {
    let inner = path.strip_prefix(root).unwrap_or(path);
    match inner.to_str() {
        Some(text) => Ok(slashes(text)),
        None => Err(slashes(&inner.to_string_lossy())),
    }
}

/// The same for messages, where a lossy name is better than none.
pub(in crate::cli) fn shown(root: &Path, path: &Path) -> String {
    project_path(root, path).unwrap_or_else(|lossy| lossy)
}

/// The deepest directory that holds both.
pub(super) fn common(left: &Path, right: &Path) -> PathBuf {
    let pairs = left.components().zip(right.components());
    pairs.take_while(|(one, other)| one == other).map(|(part, _)| part).collect()
}

/// The package id that cargo prints for a package in `dir`.
pub(super) fn package_id(dir: &Path, name: &str, version: &str) -> String {
    let url = file_url(dir);
    // Cargo leaves the name out where the directory already says it.
    if dir.file_name().and_then(|last| last.to_str()) == Some(name) {
        format!("path+{url}#{version}")
    } else {
        format!("path+{url}#{name}@{version}")
    }
}

fn file_url(dir: &Path) -> String {
    let text = slashes(&dir.to_string_lossy());
    let mut url = String::from(if text.starts_with('/') { "file://" } else { "file:///" });
    for byte in text.bytes() {
        if byte <= b' ' || byte >= 0x7f || b"\"#%<>?`{}".contains(&byte) {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{byte:02X}");
        } else {
            url.push(char::from(byte));
        }
    }
    url
}

fn slashes(text: &str) -> String {
    if std::path::MAIN_SEPARATOR == '/' {
        text.to_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_cargo_writes_them() {
        let dir = Path::new("/w/a b#c%d^e|f{g}`h[i]~é'(x)");
        assert_eq!(
            package_id(dir, "q", "0.0.0"),
            "path+file:///w/a%20b%23c%25d^e|f%7Bg%7D%60h[i]~%C3%A9'(x)#q@0.0.0"
        );
        assert_eq!(package_id(Path::new("/w/q"), "q", "1.2.3"), "path+file:///w/q#1.2.3");
    }

    #[test]
    fn dots_go_away() {
        assert_eq!(absolute(Path::new("/w/a"), Path::new("../b/./c")), Path::new("/w/b/c"));
        assert_eq!(absolute(Path::new("/w/a"), Path::new("/x/..")), Path::new("/"));
    }
}
