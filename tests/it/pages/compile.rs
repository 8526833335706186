//! What the pages recommend has to compile.
//!
//! All Good examples become members of one scratch workspace, checked by one call of cargo. An
//! example with a manifest of its own needs other crates, which no test may download: it is left
//! out, unless all that it needs is the runtime crate next door.

use std::process::Command;

use thread_lint::rules;

use super::{examples, judge};
use crate::support;

#[test]
fn good_examples_compile() {
    if !support::slow("pages") {
        return;
    }
    let dir = support::scratch().join("good-examples");
    let packages = dir.join("packages");
    if packages.exists() {
        std::fs::remove_dir_all(&packages).unwrap();
    }
    let mut members = 0;
    for page in rules::pages() {
        let good = examples(page).into_iter().filter(|own| own.section == "Good");
        for (example, number) in good.filter(|own| own.rust_files().count() > 0).zip(1..) {
            if example.files.get("Cargo.toml").is_some_and(|manifest| needs_others(manifest)) {
                continue;
            }
            let name = format!("{}-{number}", page.id);
            judge::write_package(&example, &packages.join(&name), &name).unwrap();
            members += 1;
        }
    }
    assert!(members > 0, "no page has a Good example");
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/thread-registry");
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"packages/*\"]\n\n[patch.crates-io]\n\
         thread-registry = {{ path = {runtime:?} }}\n"
    );
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--workspace", "--all-targets", "--offline", "--quiet", "--keep-going"])
        .current_dir(&dir)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .env("RUSTFLAGS", "-Awarnings")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Good examples do not compile:\n{text}");
}

/// Whether a manifest depends on anything but the runtime crate.
fn needs_others(manifest: &str) -> bool {
    let dependencies = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    dependencies
        .filter(|line| line.contains('='))
        .any(|line| !line.starts_with("thread-registry ="))
}
