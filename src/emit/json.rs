//! For editors: the lines that `cargo check --message-format=json` would print.
//!
//! What rust-analyzer insists on: the real package id, one artifact for each package that was
//! looked at (it clears the findings of a package only when it hears of it), a level it knows,
//! source lines in every span, and columns in characters.

use std::borrow::Cow;

use serde::Serialize;

use super::{Context, Drawing, Mark, human, place, word};
use crate::finding::{CodeKind, Fix};
use crate::policy::{ConfigProblem, Origin};
use crate::report::Report;
use crate::source::{Package, PackageId, Target, TargetKind};
use crate::text::TextRange;

/// The whole report, a JSON object a line. Colour is for the text that a message carries.
pub fn json(context: &Context<'_>, report: &Report) -> String {
    let mut out = String::new();
    for judged in &report.shown {
        let (package, path, code) = match &judged.origin {
            Origin::Source(finding) => {
                let file = context.project.file(finding.primary.file);
                let package = finding.subject.package.or(file.package);
                (package, &file.path, finding.subject.code)
            }
            Origin::Outside(outside) => (None, &outside.path, CodeKind::Main),
        };
        let owner = owner(context, package);
        out.push_str(&line(&Message {
            reason: "compiler-message",
            package_id: &owner.id,
            manifest_path: &owner.manifest,
            target: owner.target(context, path, code),
            message: diagnostic(&context.drawing(judged), context.color),
        }));
    }
    for (package, id) in context.project.packages.iter().zip(0..) {
        if package.selected {
            out.push_str(&artifact(context, &owner(context, Some(PackageId(id)))));
        }
    }
    out.push_str(&line(&Finished { reason: "build-finished", success: !report.failed() }));
    out
}

/// Mistakes in configurations, in the same form: an editor shows them where they are.
pub fn problems_json(context: &Context<'_>, problems: &[ConfigProblem]) -> String {
    let mut out = String::new();
    let owner = owner(context, None);
    for problem in problems {
        out.push_str(&line(&Message {
            reason: "compiler-message",
            package_id: &owner.id,
            manifest_path: &owner.manifest,
            target: owner.target(context, &problem.spot.file.path, CodeKind::Main),
            message: diagnostic(&Drawing::of_problem(problem), context.color),
        }));
    }
    out.push_str(&line(&Finished { reason: "build-finished", success: false }));
    out
}

/// One object on a line of its own.
pub(super) fn line<T: Serialize>(value: &T) -> String {
    // Plain structures of strings and numbers: there is nothing that could fail.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// The package that a message is filed under: cargo knows no message without one.
pub(super) struct Owner<'a> {
    pub(super) id: Cow<'a, str>,
    manifest: Cow<'a, str>,
    name: &'a str,
    edition: u16,
    package: Option<PackageId>,
}

/// The owner of a package's messages; for files without a package, the first one selected.
pub(super) fn owner<'a>(context: &'a Context<'_>, package: Option<PackageId>) -> Owner<'a> {
    let packages = &context.project.packages;
    let first =
        || packages.iter().zip(0..).find(|(one, _)| one.selected).map(|(_, id)| PackageId(id));
    let Some(id) = package.or_else(first) else {
        let root = context.root;
        let (id, manifest) = (format!("path+file://{root}"), format!("{root}/Cargo.toml"));
        let (id, manifest) = (Cow::Owned(id), Cow::Owned(manifest));
        return Owner { id, manifest, name: "", edition: 2021, package: None };
    };
    let Package { id: key, manifest, name, edition, .. } = context.project.package(id);
    let (key, manifest) = (Cow::Borrowed(key.as_str()), Cow::Borrowed(manifest.as_str()));
    Owner { id: key, manifest, name, edition: *edition, package: Some(id) }
}

impl Owner<'_> {
    /// The target that most likely compiles a file: the one it is the root of, else one for this
    /// kind of code whose root is in the nearest directory above it.
    fn target(&self, context: &Context<'_>, path: &str, code: CodeKind) -> OutTarget {
        let project = context.project;
        let targets = project.targets.iter().filter(|target| Some(target.package) == self.package);
        let fits = |target: &Target| match code {
            CodeKind::Example => target.kind == TargetKind::Example,
            CodeKind::Bench => target.kind == TargetKind::Bench,
            CodeKind::Main | CodeKind::Test | CodeKind::Orphan => true,
        };
        let best = targets.filter(|target| fits(target)).max_by_key(|target| {
            let root = &project.file(target.root).path;
            let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
            let rest = path.strip_prefix(directory);
            let below = rest.is_some_and(|rest| directory.is_empty() || rest.starts_with('/'));
            let depth = if below { directory.len() } else { 0 };
            (**root == *path, below, depth, std::cmp::Reverse(target.kind))
        });
        self.out(context, best)
    }

    fn out(&self, context: &Context<'_>, target: Option<&Target>) -> OutTarget {
        let Some(target) = target else {
            return OutTarget {
                kind: ["lib"],
                crate_types: ["lib"],
                name: self.name.to_owned(),
                src_path: self.manifest.to_string(),
                edition: self.edition.to_string(),
                doc: false,
                doctest: false,
                test: false,
            };
        };
        let root = &context.project.file(target.root).path;
        let absolute = root.starts_with('/') || root.as_bytes().get(1) == Some(&b':');
        let (kind, crate_type) = match target.kind {
            TargetKind::Lib => ("lib", "lib"),
            TargetKind::Bin => ("bin", "bin"),
            TargetKind::BuildScript => ("custom-build", "bin"),
            TargetKind::Example => ("example", "bin"),
            TargetKind::Bench => ("bench", "bin"),
            TargetKind::Test => ("test", "bin"),
        };
        OutTarget {
            kind: [kind],
            crate_types: [crate_type],
            name: target.name.clone(),
            src_path: if absolute { root.to_string() } else { format!("{}/{root}", context.root) },
            edition: target.edition.to_string(),
            doc: matches!(target.kind, TargetKind::Lib | TargetKind::Bin),
            doctest: target.kind == TargetKind::Lib,
            test: matches!(target.kind, TargetKind::Lib | TargetKind::Bin | TargetKind::Test),
        }
    }
}

fn artifact(context: &Context<'_>, owner: &Owner<'_>) -> String {
    let mut targets = context.project.targets.iter();
    let first = targets.find(|target| Some(target.package) == owner.package);
    line(&Artifact {
        reason: "compiler-artifact",
        package_id: &owner.id,
        manifest_path: &owner.manifest,
        target: owner.out(context, first),
        profile: Profile {
            opt_level: "0",
            debuginfo: 0,
            debug_assertions: true,
            overflow_checks: true,
            test: false,
        },
        features: [],
        filenames: [],
        executable: None,
        fresh: false,
    })
}

fn diagnostic(drawing: &Drawing<'_>, color: bool) -> Diagnostic {
    let notes = drawing.notes.iter().map(|note| child("note", note));
    let help = drawing.help.iter().map(|help| child("help", help));
    let fix = drawing.fix.iter().map(|(fix, places)| suggestion(fix, places));
    let related = drawing.related.iter().map(|mark| span(mark, false));
    let rule = drawing.rule.unwrap_or("configuration").replace('-', "_");
    Diagnostic {
        message: drawing.message.to_owned(),
        code: Some(Code { code: format!("thread_lint::{rule}"), explanation: None }),
        level: word(drawing.level),
        spans: std::iter::once(span(&drawing.primary, true)).chain(related).collect(),
        children: notes.chain(help).chain(fix).collect(),
        rendered: Some(human::draw(drawing, color) + "\n\n"),
    }
}

fn child(level: &'static str, message: &str) -> Diagnostic {
    let message = message.to_owned();
    Diagnostic { message, code: None, level, spans: vec![], children: vec![], rendered: None }
}

/// A help that an editor can apply.
fn suggestion(fix: &Fix, places: &[(Mark, String)]) -> Diagnostic {
    let how = if fix.certain { "MachineApplicable" } else { "MaybeIncorrect" };
    let spans = places.iter().map(|(mark, text)| Span {
        suggested_replacement: Some(text.clone()),
        suggestion_applicability: Some(how),
        ..span(mark, true)
    });
    Diagnostic { spans: spans.collect(), ..child("help", fix.title) }
}

fn span(mark: &Mark, is_primary: bool) -> Span {
    let text = mark.text.as_deref();
    let range = mark.range.unwrap_or_default();
    let (start, end) = (place(text, range.start), place(text, range.end));
    let cut = text.map_or(0..0, |text| range.clamp(&text.text));
    let lines = text.map_or_else(Vec::new, |text| {
        let numbers = start.line..=end.line;
        let range = |number| text.lines.line_range(&text.text, number);
        numbers
            .filter_map(|number| Some((number, range(number)?)))
            .map(|(number, TextRange { start: from, end: to })| {
                let content = text.text.get(from as usize..to as usize).unwrap_or_default();
                let content = content.trim_start_matches('\u{feff}');
                let after = u32::try_from(content.chars().count()).unwrap_or(u32::MAX - 1) + 1;
                SpanLine {
                    text: content.to_owned(),
                    highlight_start: if number == start.line { start.column } else { 1 },
                    highlight_end: if number == end.line { end.column } else { after },
                }
            })
            .collect()
    });
    Span {
        file_name: mark.path.clone(),
        byte_start: cut.start,
        byte_end: cut.end,
        line_start: start.line,
        line_end: end.line,
        column_start: start.column,
        column_end: end.column,
        is_primary,
        text: lines,
        label: (!mark.label.is_empty()).then(|| mark.label.clone()),
        suggested_replacement: None,
        suggestion_applicability: None,
        expansion: None,
    }
}

#[derive(Serialize)]
struct Message<'a> {
    reason: &'static str,
    package_id: &'a str,
    manifest_path: &'a str,
    target: OutTarget,
    message: Diagnostic,
}

#[derive(Serialize)]
struct Artifact<'a> {
    reason: &'static str,
    package_id: &'a str,
    manifest_path: &'a str,
    target: OutTarget,
    profile: Profile,
    features: [(); 0],
    filenames: [(); 0],
    executable: Option<()>,
    fresh: bool,
}

#[derive(Serialize)]
struct Finished {
    reason: &'static str,
    success: bool,
}

#[derive(Serialize)]
struct OutTarget {
    kind: [&'static str; 1],
    crate_types: [&'static str; 1],
    name: String,
    src_path: String,
    edition: String,
    doc: bool,
    doctest: bool,
    test: bool,
}

#[derive(Serialize)]
struct Profile {
    opt_level: &'static str,
    debuginfo: u8,
    debug_assertions: bool,
    overflow_checks: bool,
    test: bool,
}

#[derive(Serialize)]
struct Diagnostic {
    message: String,
    code: Option<Code>,
    level: &'static str,
    spans: Vec<Span>,
    children: Vec<Diagnostic>,
    rendered: Option<String>,
}

#[derive(Serialize)]
struct Code {
    code: String,
    explanation: Option<()>,
}

#[derive(Serialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    text: Vec<SpanLine>,
    label: Option<String>,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<&'static str>,
    expansion: Option<()>,
}

#[derive(Serialize)]
struct SpanLine {
    text: String,
    highlight_start: u32,
    highlight_end: u32,
}
