//! What disks hold besides files: ignored, linked, hidden, shut and misnamed things.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use super::{Tree, files, member, notes, packages, selected, targets, with, without};
use crate::cli::discover::{Discovery, Request};

#[test]
fn roots_that_are_missing_or_outside() {
    let lib = member("a")
        + "[lib]\npath = \"../shared/lib.rs\"\n[[test]]\nname = \"t\"\n\
                             path = \"tests/x.rs\"\n[[bench]]\nname = \"b\"\npath = \"b.rs\"\n";
    let tree = Tree::new(&[
        ("a/Cargo.toml", &lib),
        ("a/tests/x.rs/inner.rs", ""),
        ("shared/lib.rs", ""),
        ("shared/part.rs", ""),
    ]);
    let request = Request { cwd: tree.at("a"), ..Request::default() };
    let found = without(&request);
    let ignored: Vec<_> = found.project.files.iter().map(|file| file.ignored).collect();
    assert_eq!(ignored, [false, true, false]);
    assert!(files(&found)[1].ends_with("/shared/part.rs") && files(&found)[1].starts_with('/'));
    assert_eq!(files(&found)[2], "tests/x.rs/inner.rs");
    assert_eq!(targets(&found).len(), 1);
    let notes = notes(&found);
    assert!(notes.iter().any(|note| note.starts_with("b.rs: should be the root of the benchmark")));
    assert!(
        notes.iter().any(|note| note.starts_with("tests/x.rs: ") && note.contains("directory"))
    );
    // A published package was stripped of its benchmarks by its author's choice.
    fs::write(tree.at("a/Cargo.toml.orig"), "").unwrap();
    assert!(!without(&request).notes.iter().any(|note| note.path == "b.rs"));
}

#[test]
fn git_ignores_but_modules_may_reach() {
    let tree = Tree::new(&[
        (".git/info/exclude", "private.rs\n"),
        (".gitignore", "*.gen.rs\nout/\n"),
        ("pkg/Cargo.toml", &member("p")),
        ("pkg/.gitignore", "!keep.gen.rs\n"),
        ("pkg/src/lib.rs", ""),
        ("pkg/src/a.gen.rs", ""),
        ("pkg/src/keep.gen.rs", ""),
        ("pkg/src/out/b.rs", ""),
        ("pkg/src/private.rs", ""),
        ("pkg/out/c.rs", ""),
        ("pkg/sub/.git/HEAD", ""),
        ("pkg/sub/d.gen.rs", ""),
        ("pkg/.hidden/e.rs", ""),
        ("pkg/node_modules/f.rs", ""),
        ("pkg/build/CACHEDIR.TAG", ""),
        ("pkg/build/g.rs", ""),
        ("pkg/vendor/h/.cargo-checksum.json", ""),
        ("pkg/vendor/h/Cargo.toml", &member("h")),
        ("pkg/vendor/h/src/lib.rs", ""),
        ("pkg/src/target/i.rs", ""),
    ]);
    let request = Request { cwd: tree.at("pkg"), ..Request::default() };
    let found = with(&request);
    let ignored = |found: &Discovery| {
        let ignored = found.project.files.iter().filter(|file| file.ignored);
        ignored.map(|file| file.path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ignored(&found), ["src/a.gen.rs", "src/out/b.rs", "src/private.rs"]);
    let rest = ["src/keep.gen.rs", "src/lib.rs", "src/target/i.rs", "sub/d.gen.rs"];
    let kept = found.project.files.iter().filter(|file| !file.ignored);
    assert_eq!(kept.map(|file| &*file.path).collect::<Vec<_>>(), rest);
    // Named, they are no longer ignored, wherever they lie.
    let paths = ["src/a.gen.rs", "out", ".hidden/e.rs", "vendor/h/src/lib.rs"];
    let found = with(&Request { paths: paths.iter().map(PathBuf::from).collect(), ..request });
    assert_eq!(
        selected(&found),
        [".hidden/e.rs", "out/c.rs", "src/a.gen.rs", "vendor/h/src/lib.rs"]
    );
    assert_eq!(ignored(&found), ["src/out/b.rs", "src/private.rs"]);
    assert_eq!((packages(&found), found.notes.len()), (vec!["p", "h"], 0));
}

#[cfg(unix)]
#[test]
fn links_are_followed_once() {
    let tree = Tree::new(&[
        ("Cargo.toml", &member("p")),
        ("src/lib.rs", ""),
        ("src/real/a.rs", ""),
        ("elsewhere/deep/b.rs", ""),
    ]);
    let outside = Tree::new(&[("c.rs", "")]);
    tree.link("lib.rs", "src/again.rs");
    tree.link("real", "src/alias");
    tree.link("../elsewhere", "src/more");
    tree.link(outside.at("").to_str().unwrap(), "src/outer");
    tree.link("nowhere", "src/dangling.rs");
    tree.link("user@host.1", "src/.#lib.rs");
    tree.link("..", "src/up");
    tree.link("self.rs", "src/self.rs");
    let found = with(&tree.request(&[]));
    assert_eq!(
        files(&found),
        ["elsewhere/deep/b.rs", "src/lib.rs", "src/outer/c.rs", "src/real/a.rs"]
    );
    let notes = notes(&found);
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].starts_with("src/dangling.rs: is a link that leads nowhere (no such file"));
    assert!(notes[1].starts_with("src/self.rs: is a link that leads nowhere"));
    assert!(notes[2].starts_with("src/up: is a link to a directory that holds it"));
    // A named link means the file behind it.
    assert_eq!(selected(&with(&tree.request(&["src/again.rs"]))), ["src/lib.rs"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_noted() {
    use std::os::unix::ffi::OsStrExt as _;
    let tree = Tree::new(&[("a.rs", "")]);
    fs::write(tree.at("").join(OsStr::from_bytes(b"b\xff.rs")), "").unwrap();
    let found = without(&tree.request(&[]));
    assert_eq!(files(&found), ["a.rs"]);
    assert!(notes(&found)[0].starts_with("b\u{fffd}.rs: has a path that is not UTF-8"));
}

#[cfg(unix)]
#[test]
fn an_unreadable_directory_is_a_note() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = Tree::new(&[("a.rs", ""), ("shut/b.rs", "")]);
    let mode = |mode| fs::set_permissions(tree.at("shut"), fs::Permissions::from_mode(mode));
    mode(0o000).unwrap();
    let for_us = fs::read_dir(tree.at("shut")).is_err();
    let found = without(&tree.request(&[]));
    mode(0o755).unwrap();
    // The superuser reads everything.
    if for_us {
        assert_eq!(files(&found), ["a.rs"]);
        assert!(notes(&found)[0].starts_with("shut: cannot be read (permission denied)"));
    }
}
