//! One run from arguments to output: discover, configure, analyse, judge, report, draw.

use std::path::Path;

use super::args::{Color, Format, Options};
use super::discover::paths::absolute;
use super::discover::{About, Discovery, Request, discover};
use super::fix::{self, Overlay, Permission};
use super::output::{self, Output};
use super::read::DiskFiles;
use super::{CLEAN, FINDINGS, USAGE, config_files};
use crate::catalog::Catalog;
use crate::emit;
use crate::policy::{self, ConfigProblem, Configs, FlagLevel, Input, PathNote};
use crate::report::Report;
use crate::source::{Files, PackageId, Project};

/// Lints what the arguments name.
pub(super) fn run(args: &Options, levels: Vec<(FlagLevel, String)>) -> Output {
    let drawn = analysed(args, levels, |done| {
        let scope = done.found.notes.iter().filter(|note| note.about == About::Scope);
        Output {
            results: results(args, done.context, done.report),
            remarks: scope
                .map(|note| emit::remark(&note.path, &note.message))
                .chain([done.fixed.to_owned()])
                .collect(),
            code: if done.report.failed() { FINDINGS } else { CLEAN },
        }
    });
    drawn.unwrap_or_else(|stopped| stopped)
}

/// What a run found out.
pub(super) struct Done<'a> {
    pub(super) found: &'a Discovery,
    pub(super) cwd: &'a Path,
    pub(super) context: &'a emit::Context<'a>,
    pub(super) report: &'a Report,
    /// What was repaired, a line for each file.
    pub(super) fixed: &'a str,
}

/// Analyses what the arguments name and draws the report. The error is what there is to say when
/// there is none.
pub(super) fn analysed(
    args: &Options,
    levels: Vec<(FlagLevel, String)>,
    draw: impl FnOnce(&Done<'_>) -> Output,
) -> Result<Output, Output> {
    let usage = |message: &str| Output::error(USAGE, message);
    let mut options = policy_options(args, levels);
    if let Some(problem) = first_line_each(&options.problems()) {
        return Err(usage(&problem));
    }
    let cwd = std::env::current_dir()
        .map_err(|error| usage(&format!("the current directory is unknown: {error}")))?;
    let request = Request {
        cwd,
        manifest_path: args.manifest_path.clone(),
        workspace: args.workspace,
        packages: args.packages.clone(),
        exclude: args.exclude.clone(),
        paths: args.paths.clone(),
    };
    let mut found = discover(&request).map_err(|error| usage(&error.message))?;
    options.whole = is_whole(&request, &found.project);

    let root = found.root.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let color = args.message_format.colored(args.color);
    let sources =
        config_files::sources(args, &request.cwd, &found).map_err(|message| usage(&message))?;
    let configs = Configs::load(&sources).map_err(|problems| {
        let disk = DiskFiles::new(&found.root, &found.project);
        let context = emit::Context::new(&found.project, &disk, &root, color);
        misconfigured(args, &context, &problems)
    })?;

    close(&mut found.project, &configs);
    let disk = DiskFiles::new(&found.root, &found.project);
    let core_options = core_options(args, &found, &configs);
    let notes = source_notes(&request, &found);
    let judge = |files: &dyn Files| {
        let analysis = crate::analyse(&found.project, files, &core_options);
        let input = Input {
            project: &found.project,
            configs: &configs,
            options: &options,
            files,
            root: &root,
            notes: &notes,
        };
        Report::new(&found.project, policy::judge(analysis, &input))
    };
    let mut files = Overlay::new(&disk);
    let mut report = judge(&files);
    let mut fixed = String::new();
    if args.fix {
        let permission = Permission {
            dirty: args.allow_dirty,
            no_vcs: args.allow_no_vcs,
            uncertain: args.unsafe_fixes,
        };
        (report, fixed) =
            fix::fix(&found.project, &found.root, &mut files, report, permission, judge)
                .map_err(|message| usage(&message))?;
    }
    let context = emit::Context::new(&found.project, &files, &root, color);
    Ok(draw(&Done {
        found: &found,
        cwd: &request.cwd,
        context: &context,
        report: &report,
        fixed: &fixed,
    }))
}

/// People read it on stderr; an editor reads it where it reads everything else.
fn misconfigured(
    args: &Options,
    context: &emit::Context<'_>,
    problems: &[ConfigProblem],
) -> Output {
    Output {
        results: match args.message_format {
            Format::Human | Format::Short => String::new(),
            Format::Json | Format::JsonAnsi => emit::problems_json(context, problems),
        },
        remarks: emit::problems(problems, output::remarks_colored(args.color)),
        code: USAGE,
    }
}

impl Format {
    /// Whether the text of findings gets colour.
    fn colored(self, color: Color) -> bool {
        match self {
            Self::Human => output::results_colored(color),
            Self::Short | Self::Json => false,
            Self::JsonAnsi => true,
        }
    }
}

fn results(args: &Options, context: &emit::Context<'_>, report: &Report) -> String {
    let findings = match args.message_format {
        Format::Human => emit::human(context, report),
        Format::Short => emit::short(context, report),
        Format::Json | Format::JsonAnsi => {
            // Whoever reads cargo's lines stops at the one that says the build is finished.
            let verdicts =
                if args.verdicts { emit::verdicts_json(context, report) } else { String::new() };
            return verdicts + &emit::json(context, report);
        }
    };
    let mut out = findings;
    if args.verdicts {
        out.push_str(&emit::verdicts_human(context, report));
    }
    if !args.quiet && (args.verdicts || args.message_format == Format::Human) {
        out.push_str(&emit::summary(&report.summary, args.verdicts));
    }
    out
}

fn policy_options(args: &Options, levels: Vec<(FlagLevel, String)>) -> policy::Options {
    policy::Options {
        only: args.only.clone(),
        select: args.select.clone(),
        ignore: args.ignore.clone(),
        levels,
        confidence: args.confidence.into(),
        include_tests: args.include_tests,
        whole: false,
    }
}

fn core_options(args: &Options, found: &Discovery, configs: &Configs) -> crate::Options {
    let mut catalog = Catalog::embedded();
    for api in configs.catalog_entries(&found.project) {
        catalog.add(api);
    }
    crate::Options {
        catalog,
        registry_modules: configs.registry_modules(&found.project),
        scoped_threads_denied: configs.scoped_denied(),
        search: !args.no_search,
    }
}

/// Takes the public API of packages for private where the configuration says that nobody else calls it.
fn close(project: &mut Project, configs: &Configs) {
    for (package, index) in project.packages.iter_mut().zip(0..) {
        package.publish &= configs.of(Some(PackageId(index))).outside_callers.unwrap_or(true);
    }
}

/// Several mistakes as one message, the first behind `error: `.
fn first_line_each(problems: &[String]) -> Option<String> {
    (!problems.is_empty()).then(|| problems.join("\nerror: "))
}

/// Whether everything there is gets reported, so that an entry of the configuration that nothing
/// needs here is needed nowhere.
fn is_whole(request: &Request, project: &Project) -> bool {
    let Request { paths, packages, exclude, workspace, .. } = request;
    paths.is_empty()
        && packages.is_empty()
        && exclude.is_empty()
        && (*workspace || project.packages.iter().all(|package| package.selected))
}

/// Source that discovery could not use, as far as it is asked for.
fn source_notes(request: &Request, found: &Discovery) -> Vec<PathNote> {
    let named: Vec<_> = request.paths.iter().map(|path| absolute(&request.cwd, path)).collect();
    let asked = |path: &str| {
        if !named.is_empty() {
            let path = found.root.join(path);
            return named.iter().any(|named| path.starts_with(named));
        }
        let packages = found.project.packages.iter();
        let around = packages.filter(|package| Path::new(path).starts_with(&package.dir));
        around.max_by_key(|package| package.dir.len()).is_none_or(|package| package.selected)
    };
    let notes = found.notes.iter().filter(|note| note.about == About::Source && asked(&note.path));
    notes.map(|note| PathNote { path: note.path.clone(), message: note.message.clone() }).collect()
}

#[cfg(test)]
mod tests;
