//! Discovery on scratch trees: scope, packages and manifests, one broken thing at a time.

mod disk;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Discovery, InputError, Request, with_cargo};
use crate::source::TargetKind;

struct Tree(TempDir);

impl Tree {
    /// Files with their text; a path that ends in `/` is a directory.
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = tree.at(path);
            if path.to_string_lossy().ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        tree
    }

    fn at(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.0.path()).unwrap().join(path)
    }

    fn request(&self, paths: &[&str]) -> Request {
        let paths = paths.iter().map(PathBuf::from).collect();
        Request { cwd: self.at(""), paths, ..Request::default() }
    }

    #[cfg(unix)]
    fn link(&self, to: &str, at: &str) {
        std::os::unix::fs::symlink(to, self.at(at)).unwrap();
    }
}

fn real_cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

fn with(request: &Request) -> Discovery {
    with_cargo(request, real_cargo().as_os_str()).unwrap()
}

fn without(request: &Request) -> Discovery {
    with_cargo(request, OsStr::new("no-such-cargo")).unwrap()
}

fn error(request: &Request) -> String {
    let InputError { message } = with_cargo(request, real_cargo().as_os_str()).unwrap_err();
    message
}

fn files(found: &Discovery) -> Vec<&str> {
    found.project.files.iter().map(|file| &*file.path).collect()
}

fn selected(found: &Discovery) -> Vec<&str> {
    let files = found.project.files.iter().filter(|file| file.selected);
    files.map(|file| &*file.path).collect()
}

fn packages(found: &Discovery) -> Vec<&str> {
    found.project.packages.iter().map(|package| &*package.name).collect()
}

fn targets(found: &Discovery) -> Vec<(TargetKind, &str, &str)> {
    let of = |target: &'_ crate::source::Target| target.root;
    let targets = found.project.targets.iter();
    targets.map(|it| (it.kind, &*it.name, &*found.project.file(of(it)).path)).collect()
}

fn notes(found: &Discovery) -> Vec<String> {
    found.notes.iter().map(|note| format!("{}: {}", note.path, note.message)).collect()
}

const MEMBER: &str = "[package]\nname = \"NAME\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";

fn member(name: &str) -> String {
    MEMBER.replace("NAME", name)
}

/// A workspace with inheritance, renames, explicit and found targets.
fn workspace() -> Tree {
    let a = "[package]\nname = \"my-a\"\nversion.workspace = true\nedition.workspace = true\n\
             publish = false\n[lib]\nname = \"liba\"\n[[bin]]\nname = \"tool\"\n\
             path = \"src/tool.rs\"\n[dependencies]\nbee = { path = \"../b\", package = \"my-b\" }\n\
             shared.workspace = true\n[target.'cfg(unix)'.dev-dependencies]\n\
             my-b = { path = \"../b\" }\n";
    let root = "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\n\
                exclude = [\"crates/out\"]\ndefault-members = [\"crates/a\"]\n\
                [workspace.package]\nversion = \"0.3.0\"\nedition = \"2018\"\n\
                [workspace.dependencies]\nshared = { path = \"extra\", package = \"real-name\" }\n";
    let b = member("my-b") + "autotests = false\nbuild = \"make.rs\"\n";
    Tree::new(&[
        ("Cargo.toml", root),
        ("crates/a/Cargo.toml", a),
        ("crates/a/src/lib.rs", ""),
        ("crates/a/src/main.rs", ""),
        ("crates/a/src/tool.rs", ""),
        ("crates/a/src/bin/one.rs", ""),
        ("crates/a/src/bin/two/main.rs", ""),
        ("crates/a/src/bin/two/part.rs", ""),
        ("crates/a/tests/it/main.rs", ""),
        ("crates/a/tests/quick.rs", ""),
        ("crates/a/examples/show.rs", ""),
        ("crates/a/benches/speed.rs", ""),
        ("crates/a/target/debug/x.rs", ""),
        ("crates/b/Cargo.toml", &b),
        ("crates/b/src/lib.rs", ""),
        ("crates/b/make.rs", ""),
        ("crates/b/tests/off.rs", ""),
        ("crates/out/Cargo.toml", &member("out")),
        ("crates/out/src/lib.rs", ""),
        ("extra/Cargo.toml", &member("real-name")),
        ("extra/src/lib.rs", ""),
        ("scripts/run.rs", ""),
    ])
}

#[test]
fn manifests_alone_say_what_cargo_says() {
    let tree = workspace();
    let request = Request { workspace: true, ..tree.request(&[]) };
    let (cargo, own) = (with(&request), without(&request));
    assert_eq!(cargo.notes, []);
    assert_eq!(notes(&own).len(), 1);
    assert!(notes(&own)[0].starts_with("Cargo.toml: cargo cannot be started"), "{own:?}");
    assert_eq!(format!("{:?}", cargo.project), format!("{:?}", own.project));
    assert_eq!(packages(&cargo), ["my-a", "my-b", "real-name"]);
    let codes: Vec<_> = cargo.project.packages[0].dependencies.iter().collect();
    let codes: Vec<_> = codes.iter().map(|it| (&*it.code_name, &*it.package)).collect();
    assert_eq!(codes, [("bee", "my_b"), ("my_b", "my_b"), ("shared", "real_name")]);
    assert!(!cargo.project.packages[0].publish);
    assert!(cargo.project.packages[0].id.ends_with("/crates/a#my-a@0.3.0"));
    assert!(targets(&cargo).contains(&(TargetKind::Bin, "two", "crates/a/src/bin/two/main.rs")));
    assert!(targets(&cargo).contains(&(
        TargetKind::BuildScript,
        "build-script-make",
        "crates/b/make.rs"
    )));
    assert!(!files(&cargo).iter().any(|path| path.contains("target") || path.contains("out")));
    assert!(!tree.at("Cargo.lock").exists());
}

#[test]
fn scope_is_cargos_rule() {
    let tree = workspace();
    let only = |request: &Request| {
        let (cargo, own) = (with(request), without(request));
        assert_eq!(selected(&cargo), selected(&own));
        let picked = cargo.project.packages.iter().filter(|package| package.selected);
        picked.map(|package| package.name.clone()).collect::<Vec<_>>()
    };
    let request = tree.request(&[]);
    assert_eq!(only(&request), ["my-a"]);
    assert_eq!(only(&Request { cwd: tree.at("crates/b/src"), ..request.clone() }), ["my-b"]);
    let manifest_path = Some(PathBuf::from("crates/b/Cargo.toml"));
    assert_eq!(only(&Request { manifest_path, ..request.clone() }), ["my-b"]);
    let url = format!("path+file://{}#my-b@0.1.0", tree.at("crates/b").display());
    let nameless = format!("path+file://{}#0.1", tree.at("crates/b").display());
    for spec in ["my-b", "my-b@0.1.0", "my-b@0.1", "*-b", &url, &nameless] {
        let packages = vec![spec.to_owned()];
        assert_eq!(only(&Request { packages, ..request.clone() }), ["my-b"], "{spec}");
    }
    let exclude = vec!["my-a".to_owned(), "nobody".to_owned()];
    let request = Request { workspace: true, exclude, ..request };
    assert_eq!(only(&request), ["my-b", "real-name"]);
    assert!(notes(&with(&request))[0].contains("`--exclude nobody`"));
}

#[test]
fn requests_that_make_no_sense_are_errors() {
    let tree = workspace();
    let ask = |spec: &str| Request { packages: vec![spec.to_owned()], ..tree.request(&[]) };
    assert!(error(&ask("my-aa")).ends_with("did you mean `my-a`?"));
    assert!(error(&ask("my-b@2")).contains("; there is path+file://"));
    assert!(!error(&ask("zzzzzz")).contains("mean"));
    assert!(error(&tree.request(&["no.rs"])).contains("no.rs: no such file"));
    let manifest = |path: &str| Request { manifest_path: Some(path.into()), ..tree.request(&[]) };
    assert!(error(&manifest("scripts/run.rs")).contains("Cargo.toml file"));
    assert!(error(&manifest("no/Cargo.toml")).contains("does not exist"));
}

#[test]
fn named_paths_select_and_analysis_stays_whole() {
    let tree = workspace();
    let found = with(&tree.request(&["crates/a/src/tool.rs", "crates/b/src", "Cargo.toml"]));
    assert_eq!(selected(&found), ["crates/a/src/tool.rs", "crates/b/src/lib.rs"]);
    assert_eq!(packages(&found), ["my-a", "my-b", "real-name"]);
    let found = with(&tree.request(&["Cargo.toml"]));
    assert_eq!(selected(&found), [""; 0]);
    let found = with(&tree.request(&["crates"]));
    assert!(selected(&found).len() > 8 && !selected(&found).contains(&"extra/src/lib.rs"));
    assert_eq!(selected(&with(&tree.request(&["extra"]))), ["extra/src/lib.rs"]);
    // Both ways of narrowing together.
    let found = with(&Request {
        packages: vec!["my-b".to_owned()],
        ..tree.request(&["crates/a/src", "crates/b/src"])
    });
    assert_eq!(selected(&found), ["crates/b/src/lib.rs"]);
    // An excluded package inside the workspace joins by its manifest.
    let found = with(&tree.request(&["crates/out/src/lib.rs", "crates/b/make.rs"]));
    assert_eq!(packages(&found), ["my-a", "my-b", "out", "real-name"]);
    assert_eq!(selected(&found), ["crates/b/make.rs", "crates/out/src/lib.rs"]);
    // From outside, and not in any member.
    let elsewhere = Tree::new(&[]);
    let run = tree.at("scripts/run.rs");
    let request = Request { paths: vec![run], ..elsewhere.request(&[]) };
    let found = without(&request);
    assert_eq!((files(&found), found.notes.len()), (vec!["scripts/run.rs"], 0));
    assert_eq!(found.root, tree.at("").components().collect::<PathBuf>());
}

#[test]
fn several_workspaces_are_one_project() {
    let tree = Tree::new(&[
        ("one/Cargo.toml", &member("one")),
        ("one/src/lib.rs", ""),
        ("two/Cargo.toml", &member("two")),
        ("two/src/main.rs", ""),
        ("loose.rs", ""),
    ]);
    let found = with(&tree.request(&["two/src/main.rs", "one/src/lib.rs", "loose.rs"]));
    assert_eq!(selected(&found), ["loose.rs", "one/src/lib.rs", "two/src/main.rs"]);
    assert_eq!(found.workspaces, ["one", "two"]);
    assert_eq!(found.project.files[0].package, None);
}

#[test]
fn a_broken_member_is_a_note() {
    let tree = Tree::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\n"),
        ("a/Cargo.toml", &member("a")),
        ("a/src/lib.rs", ""),
        ("b/Cargo.toml", "[package]\nname = \"bee\"\nversion = = \"1\"\nedition = \"2018\"\n"),
        ("b/src/main.rs", ""),
        ("c/Cargo.toml", "name = \"c\"\n"),
        ("c/src/lib.rs", ""),
    ]);
    let found = with(&Request { workspace: true, ..tree.request(&[]) });
    assert_eq!(packages(&found), ["a", "bee", "c"]);
    assert_eq!(found.project.packages[1].edition, 2018);
    assert_eq!(targets(&found).len(), 3);
    let notes = notes(&found);
    let start = "Cargo.toml: cargo could not describe this workspace (";
    assert!(notes[0].starts_with(start) && !notes[0].contains("error:"), "{notes:?}");
    assert!(notes[1].starts_with("b/Cargo.toml: line 3: "), "{notes:?}");
    assert!(notes[2].starts_with("c/Cargo.toml: line 1: has neither"), "{notes:?}");
    assert!(selected(&found).contains(&"b/src/main.rs"));
}

#[test]
fn a_directory_without_manifests_is_enough() {
    let tree = Tree::new(&[
        ("z.rs", ""),
        ("sub/x.rs/y.rs", ""),
        ("one/Cargo.toml", &member("one")),
        ("one/src/lib.rs", ""),
        ("one/inner/Cargo.toml", "[package]\nname = \"old-one\"\n[[bin]]\nname = \"q\"\n"),
        ("one/inner/src/main.rs", ""),
        (
            "ws/Cargo.toml",
            "[workspace]\nmembers = [\"m\"]\n[workspace.package]\nversion = \"7.0.0\"\n",
        ),
        ("ws/m/Cargo.toml", "[package]\nname = \"m\"\nversion.workspace = true\n"),
        ("ws/m/src/lib.rs", ""),
        ("bad/Cargo.toml", "\u{1}\n"),
        ("bad/src/lib.rs", ""),
    ]);
    let found = without(&tree.request(&[]));
    assert_eq!(packages(&found), ["bad", "one", "old-one", "m"]);
    assert_eq!(found.project.packages[3].version, "7.0.0");
    assert_eq!(found.project.packages[2].edition, 2015);
    assert!(targets(&found).contains(&(TargetKind::Bin, "q", "one/inner/src/main.rs")));
    assert_eq!(selected(&found).len(), 6);
    assert!(files(&found).contains(&"sub/x.rs/y.rs"));
    assert_eq!(notes(&found).len(), 1);
    assert!(notes(&found)[0].starts_with("bad/Cargo.toml: line 1: "));
    let loose = without(&tree.request(&["z.rs"]));
    assert_eq!((files(&loose), selected(&loose)), (vec!["z.rs"], vec!["z.rs"]));
    let empty =
        without(&Request { cwd: Path::new("/").join(tree.at("sub")), ..Request::default() });
    assert_eq!((files(&empty), packages(&empty).len()), (vec!["x.rs/y.rs"], 0));
}
