//! Where `mod name;` looks for its file.

/// Directory in which the out-of-line children of a module are looked for.
///
/// `file` is the module's file; a root and `mod.rs` own their directory, `name.rs` owns `name/`.
pub(super) fn children_dir(file: &str, is_root: bool) -> String {
    let (dir, name) = file.rsplit_once('/').unwrap_or(("", file));
    if is_root || name == "mod.rs" {
        return dir.to_owned();
    }
    join(dir, name.strip_suffix(".rs").unwrap_or(name))
}

/// Directory of a file.
pub(super) fn parent_dir(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Joins and normalises `.` and `..`.
pub(super) fn join(dir: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    let absolute = path.starts_with('/') || (dir.starts_with('/') && !path.starts_with('/'));
    let base = if path.starts_with('/') { "" } else { dir };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

/// Files that may be ancestors of `file` in a module tree laid out in the usual way.
pub(super) fn usual_ancestors(file: &str) -> Vec<String> {
    let mut ancestors = Vec::new();
    let mut dir = parent_dir(file);
    loop {
        for name in ["mod.rs", "lib.rs", "main.rs"] {
            ancestors.push(join(dir, name));
        }
        if dir.is_empty() {
            return ancestors;
        }
        ancestors.push(format!("{dir}.rs"));
        dir = parent_dir(dir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_and_paths() {
        assert_eq!(children_dir("src/lib.rs", true), "src");
        assert_eq!(children_dir("src/a.rs", false), "src/a");
        assert_eq!(children_dir("src/a/mod.rs", false), "src/a");
        assert_eq!(join("src/a", "../b.rs"), "src/b.rs");
        assert_eq!(join("", "./b.rs"), "b.rs");
        assert_eq!(join("/x/src", "../b.rs"), "/x/b.rs");
        assert!(usual_ancestors("src/a/b.rs").contains(&"src/a.rs".to_owned()));
    }
}
