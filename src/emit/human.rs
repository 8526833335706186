//! For people: findings drawn the way rustc draws them, then figures that fit a screen.
//!
//! ASCII decoration, because the problem matchers of editors and CI read nothing else.

use std::collections::BTreeMap;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level as Title};
use annotate_snippets::{Origin, Renderer, Snippet};

use super::{Context, Drawing, Mark, clean, clean_lines, word};
use crate::policy::{ConfigProblem, Judged, Origin as Source};
use crate::report::Report;
use crate::rules::{self, Level};
use crate::source::PackageId;
use crate::text::TextRange;

/// All findings, without the figures.
pub fn human(context: &Context<'_>, report: &Report) -> String {
    let mut out = String::new();
    for judged in report.shown.iter().filter(|judged| !judged.folded) {
        out.push_str(&draw(&context.drawing(judged), context.color));
        out.push_str("\n\n");
    }
    let folded = folded(context, &report.shown);
    if !folded.is_empty() {
        out.push_str(&folded);
        out.push('\n');
    }
    out
}

/// Mistakes in configurations, drawn like findings.
pub fn problems(problems: &[ConfigProblem], color: bool) -> String {
    let mut out = String::new();
    for problem in problems {
        out.push_str(&draw(&Drawing::of_problem(problem), color));
        out.push_str("\n\n");
    }
    out
}

/// One finding, without a line end.
pub(super) fn draw(drawing: &Drawing<'_>, color: bool) -> String {
    let level = if drawing.level == Level::Error { Title::ERROR } else { Title::WARNING };
    let message = clean(drawing.message);
    let mut title = level.primary_title(&*message);
    if let Some(rule) = drawing.rule {
        title = title.id(rule);
    }
    let mut group = Group::with_title(title).elements(snippets(drawing));
    for note in drawing.notes {
        group = group.element(Title::NOTE.message(clean_lines(note)));
    }
    if let Some(help) = drawing.help {
        group = group.element(Title::HELP.message(clean_lines(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// One element a file, the primary's first.
fn snippets<'d>(drawing: &'d Drawing<'_>) -> Vec<Element<'d>> {
    let mut files: Vec<(&'d str, Vec<(AnnotationKind, &'d Mark)>)> =
        vec![(&drawing.primary.path, vec![(AnnotationKind::Primary, &drawing.primary)])];
    for mark in &drawing.related {
        match files.iter_mut().find(|(path, _)| *path == mark.path) {
            Some((_, marks)) => marks.push((AnnotationKind::Context, mark)),
            None => files.push((&mark.path, vec![(AnnotationKind::Context, mark)])),
        }
    }
    files.iter().map(|(path, marks)| snippet(path, marks)).collect()
}

fn snippet<'d>(path: &'d str, marks: &[(AnnotationKind, &'d Mark)]) -> Element<'d> {
    let path = clean(path);
    let text = marks.iter().find_map(|(_, mark)| mark.text.as_deref());
    let ranges = marks.iter().filter_map(|(kind, mark)| Some((*kind, mark, mark.range?)));
    let all = ranges.clone().map(|(_, _, range)| range).reduce(TextRange::cover);
    let (Some(text), Some(all)) = (text, all) else {
        // With a line and a column, or no problem matcher knows it for a place.
        return Origin::path(path).line(1).char_column(1).into();
    };
    // Only the lines in question are handed over: the renderer measures all that it gets.
    let first = text.lines.line(all.start);
    let last = text.lines.line(all.end.saturating_sub(1).max(all.start));
    let start = text.lines.line_range(&text.text, first).map_or(0, |line| line.start as usize);
    let end = text.lines.line_range(&text.text, last).map_or(start, |line| line.end as usize);
    let window = text.text.get(start..end).unwrap_or_default();
    // A byte order mark has no width, and columns are counted without it.
    let visible = window.trim_start_matches('\u{feff}');
    let start = start + (window.len() - visible.len());
    let annotations = ranges.map(|(kind, mark, range)| -> Annotation<'d> {
        let bytes = range.clamp(&text.text);
        let inside = |at: usize| at.saturating_sub(start).min(visible.len());
        let annotation = kind.span(inside(bytes.start)..inside(bytes.end));
        let label = clean(&mark.label);
        if label.is_empty() { annotation } else { annotation.label(label) }
    });
    let source = Snippet::source(visible).path(path).line_start(first as usize);
    source.annotations(annotations).into()
}

/// One line for each package and rule of which there are too many to draw.
fn folded(context: &Context<'_>, shown: &[Judged]) -> String {
    type Key<'r> = (Option<PackageId>, &'r str);
    let mut lines: BTreeMap<Key<'_>, (Level, Vec<String>)> = BTreeMap::new();
    for judged in shown.iter().filter(|judged| judged.folded) {
        let Source::Source(finding) = &judged.origin else { continue };
        let key = (finding.subject.package, finding.rule);
        let (_, places) = lines.entry(key).or_insert_with(|| (judged.level, Vec::new()));
        let mark = context.mark(&finding.primary);
        places.push(format!("{}:{}", clean(&mark.path), mark.start().line));
    }
    let mut out = String::new();
    for ((package, rule), (level, places)) in lines {
        let summary = rules::page(rule).map_or("", |page| page.summary.as_str());
        let package = package.map_or_else(String::new, |package| {
            format!(" in `{}`", clean(&context.project.package(package).name))
        });
        let more = if places.len() > 3 { ", ..." } else { "" };
        let times = if places.len() == 1 { "time" } else { "times" };
        let first = places.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
        out.push_str(&format!(
            "{}[{rule}]: {} {times}{package}: {summary} ({first}{more}; `--only {rule}` shows each)\n",
            word(level),
            places.len(),
        ));
    }
    out
}
