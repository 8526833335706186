//! The command line: our options, and those of `cargo check` that editors add.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::finding::Confidence;
use crate::policy::FlagLevel;

/// Finds every thread birth in Rust source and says who owns it and how it ends.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-thread-lint",
    bin_name = "cargo thread-lint",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 clean, 1 findings at error level, 2 usage, configuration or input \
                  error, 3 the tool itself failed."
)]
pub(super) struct Options {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// Files and directories to report on; analysis is always of the whole workspace
    #[arg(value_name = "PATHS")]
    pub(super) paths: Vec<PathBuf>,

    /// Report on all packages of the workspace
    #[arg(long, visible_alias = "all", help_heading = "Packages")]
    pub(super) workspace: bool,
    /// Report on these packages: a name, `name@version`, a glob of names or a package id
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Packages")]
    pub(super) packages: Vec<String>,
    /// Leave packages out of `--workspace`
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = "Packages")]
    pub(super) exclude: Vec<String>,
    /// Path of the Cargo.toml to start from
    #[arg(long, value_name = "PATH", help_heading = "Packages")]
    pub(super) manifest_path: Option<PathBuf>,

    /// Run these rules or groups alone
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    pub(super) only: Vec<String>,
    /// Run these as well, though they are off
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    pub(super) select: Vec<String>,
    /// Do not run these
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    pub(super) ignore: Vec<String>,
    /// Fail the run for these; `warnings` is everything that warns
    #[arg(short = 'D', long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    deny: Vec<String>,
    /// Show these without failing the run
    #[arg(short = 'W', long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    warn: Vec<String>,
    /// Hide these; of -D, -W and -A the last one wins
    #[arg(short = 'A', long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    allow: Vec<String>,
    /// Show findings that are at least this sure
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL", help_heading = "Rules")]
    pub(super) confidence: Sure,
    /// Judge test code like any other
    #[arg(long, help_heading = "Rules")]
    pub(super) include_tests: bool,

    /// Use this file instead of the workspace's configuration
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = "Configuration")]
    pub(super) config: Vec<OsString>,
    /// Use no configuration at all
    #[arg(long, help_heading = "Configuration")]
    pub(super) no_config: bool,

    /// Repair what can be repaired for certain, and report the rest
    #[arg(long, help_heading = "Fixes")]
    pub(super) fix: bool,
    /// Make repairs as well that somebody has to look at afterwards
    #[arg(long, requires = "fix", help_heading = "Fixes")]
    pub(super) unsafe_fixes: bool,
    /// Fix files although the working tree has changes that are in no commit
    #[arg(long, requires = "fix", help_heading = "Fixes")]
    pub(super) allow_dirty: bool,
    /// Fix files although no version control keeps them
    #[arg(long, requires = "fix", help_heading = "Fixes")]
    pub(super) allow_no_vcs: bool,

    /// Form of the output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    pub(super) message_format: Format,
    /// When to use colour
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "CARGO_TERM_COLOR",
        hide_env_values = true,
        value_name = "WHEN",
        help_heading = "Output"
    )]
    pub(super) color: Color,
    /// List every thread birth with its verdict and the path that proves it
    #[arg(long, help_heading = "Output")]
    pub(super) verdicts: bool,
    /// Leave the figures at the end out
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,
    /// Worker threads; 0 means one for each core
    #[arg(
        short = 'j',
        long,
        alias = "jobs",
        value_name = "N",
        default_value_t,
        hide_default_value = true,
        value_parser = clap::value_parser!(u16).range(0..=256)
    )]
    pub(super) threads: u16,

    /// Parse every file and every body, to prove that skipping changes nothing
    #[arg(long, hide = true)]
    pub(super) no_search: bool,
    #[command(flatten)]
    _cargo: OfCargoCheck,
}

/// What editors pass to any `cargo check`: accepted, and without a meaning here, because nothing is
/// compiled and every target is always looked at.
#[derive(Debug, clap::Args)]
struct OfCargoCheck {
    #[arg(long, hide = true)]
    keep_going: bool,
    #[arg(long, hide = true)]
    all_targets: bool,
    #[arg(long, hide = true)]
    all_features: bool,
    #[arg(long, hide = true)]
    no_default_features: bool,
    #[arg(short = 'F', long, hide = true)]
    features: Vec<String>,
    #[arg(long, hide = true)]
    target: Vec<String>,
    #[arg(long, hide = true)]
    target_dir: Option<OsString>,
    #[arg(long, hide = true)]
    lib: bool,
    #[arg(long, hide = true)]
    bins: bool,
    #[arg(long, hide = true)]
    bin: Vec<String>,
    #[arg(long, hide = true)]
    examples: bool,
    #[arg(long, hide = true)]
    example: Vec<String>,
    #[arg(long, hide = true)]
    tests: bool,
    #[arg(long, hide = true)]
    test: Vec<String>,
    #[arg(long, hide = true)]
    benches: bool,
    #[arg(long, hide = true)]
    bench: Vec<String>,
    #[arg(long, hide = true)]
    offline: bool,
    #[arg(long, hide = true)]
    locked: bool,
    #[arg(long, hide = true)]
    frozen: bool,
    #[arg(long, hide = true)]
    profile: Option<String>,
    #[arg(short, long, hide = true)]
    release: bool,
}

/// What to do other than to lint.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the page of a rule
    Explain {
        /// Id of the rule, such as `detached-thread`
        rule: String,
    },
    /// List all rules (a path of that name is written `./rules`)
    Rules,
    /// Tell the life of the thread born at a place, and why it is or is not reported
    Why(WhyArgs),
}

/// Arguments of `why`.
#[derive(Debug, clap::Args)]
pub(super) struct WhyArgs {
    /// File and line, such as `src/main.rs:10`; a column after it is ignored
    #[arg(value_name = "FILE:LINE")]
    pub(super) place: String,
    /// Path of the Cargo.toml to start from
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Use this file instead of the workspace's configuration
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Vec<OsString>,
    /// Use no configuration at all
    #[arg(long)]
    no_config: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    message_format: Format,
    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

impl WhyArgs {
    /// The options of the run that is asked about: of the whole workspace.
    pub(super) fn options(&self) -> Result<Options, clap::Error> {
        let mut options = Options::try_parse_from(["cargo-thread-lint", "--workspace"])?;
        options.manifest_path.clone_from(&self.manifest_path);
        options.config.clone_from(&self.config);
        options.no_config = self.no_config;
        options.message_format = self.message_format;
        options.color = self.color;
        Ok(options)
    }

    /// The form of the output.
    pub(super) fn format(&self) -> Format {
        self.message_format
    }
}

/// `--message-format`, with the words that cargo knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Findings drawn with their source
    #[default]
    Human,
    /// A line for each finding
    Short,
    /// A line for each message, as `cargo check` prints them
    #[value(aliases = ["json-diagnostic-short", "json-render-diagnostics"])]
    Json,
    #[value(name = "json-diagnostic-rendered-ansi", hide = true)]
    JsonAnsi,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// `--confidence`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Sure {
    /// Proved from the source
    #[default]
    Proved,
    /// Resolved on one of several ways
    Likely,
    /// Seen in a macro that nobody expanded
    Possible,
}

impl From<Sure> for Confidence {
    fn from(sure: Sure) -> Self {
        match sure {
            Sure::Proved => Self::Proved,
            Sure::Likely => Self::Likely,
            Sure::Possible => Self::Possible,
        }
    }
}

/// A command line that makes sense.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) options: Options,
    /// `-D`, `-W` and `-A` in the order in which they were written.
    pub(super) levels: Vec<(FlagLevel, String)>,
}

/// Reads the arguments of the process. Help and version are errors too, as clap has it.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, clap::Error> {
    let args = without_subcommand(args);
    let matches = Options::command().color(early_color(&args)).try_get_matches_from(args)?;
    let options = Options::from_arg_matches(&matches)?;
    let levels = levels(&matches);
    Ok(Parsed { options, levels })
}

/// Cargo repeats the name of the subcommand: `cargo thread-lint X` runs `cargo-thread-lint
/// thread-lint X`.
fn without_subcommand(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == "thread-lint") {
        args.remove(1);
    }
    args
}

/// The three flags are one list, of which the order counts.
fn levels(matches: &ArgMatches) -> Vec<(FlagLevel, String)> {
    let flags = [("deny", FlagLevel::Deny), ("warn", FlagLevel::Warn), ("allow", FlagLevel::Allow)];
    let mut found: Vec<(usize, FlagLevel, String)> = Vec::new();
    for (id, flag) in flags {
        let indices = matches.indices_of(id).into_iter().flatten();
        let names = matches.get_many::<String>(id).into_iter().flatten();
        found.extend(indices.zip(names).map(|(index, name)| (index, flag, name.clone())));
    }
    found.sort_by_key(|&(index, ..)| index);
    found.into_iter().map(|(_, flag, name)| (flag, name)).collect()
}

/// `--color` for what is said about the arguments themselves.
fn early_color(args: &[OsString]) -> clap::ColorChoice {
    let mut word = std::env::var_os("CARGO_TERM_COLOR");
    let mut rest = args.iter().take_while(|arg| *arg != "--");
    while let Some(arg) = rest.next() {
        if arg == "--color" {
            word = rest.next().cloned();
        } else if let Some(value) = arg.to_str().and_then(|arg| arg.strip_prefix("--color=")) {
            word = Some(value.into());
        }
    }
    match word.as_deref().and_then(OsStr::to_str) {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests;
