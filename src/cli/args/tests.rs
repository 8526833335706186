//! Arguments in the order and the spellings that cargo, editors and people use.

use std::ffi::OsString;

use clap::CommandFactory;

use super::{Color, Command, Format, Options, Parsed, parse};
use crate::policy::FlagLevel::{Allow, Deny, Warn};

fn parsed(line: &str) -> Result<Parsed, clap::Error> {
    parse(std::iter::once("cargo-thread-lint").chain(line.split_whitespace()).map(OsString::from))
}

fn refused(line: &str) -> String {
    parsed(line).unwrap_err().to_string()
}

fn paths(line: &str) -> Vec<String> {
    let paths = parsed(line).unwrap().options.paths;
    paths.iter().map(|path| path.display().to_string()).collect()
}

#[test]
fn the_definition_holds_together() {
    Options::command().debug_assert();
}

#[test]
fn levels_keep_the_order_of_the_command_line() {
    let levels = parsed("-A a -Db --warn=c src -W d,e --deny f -A g").unwrap().levels;
    let levels: Vec<_> = levels.iter().map(|(flag, name)| (*flag, name.as_str())).collect();
    assert_eq!(
        levels,
        [
            (Allow, "a"),
            (Deny, "b"),
            (Warn, "c"),
            (Warn, "d"),
            (Warn, "e"),
            (Deny, "f"),
            (Allow, "g")
        ]
    );
}

#[test]
fn the_word_that_cargo_repeats_is_dropped_once() {
    assert!(parsed("thread-lint --all").unwrap().options.workspace);
    assert_eq!(paths("thread-lint thread-lint"), ["thread-lint"]);
    assert_eq!(paths("a.rs thread-lint"), ["a.rs", "thread-lint"]);
    let command = parsed("thread-lint rules").unwrap().options.command;
    assert!(matches!(command, Some(Command::Rules)));
}

#[test]
fn paths_and_subcommands_do_not_clash() {
    assert_eq!(paths("./rules"), ["./rules"]);
    assert_eq!(paths("src rules"), ["src", "rules"]);
    assert_eq!(paths("-- rules"), ["rules"]);
    assert_eq!(paths("help"), ["help"]);
    let explain = parsed("explain detached-thread").unwrap().options.command;
    assert!(matches!(explain, Some(Command::Explain { rule }) if rule == "detached-thread"));
    // Only the first word can be a subcommand.
    assert_eq!(paths("--all rules"), ["rules"]);
}

#[test]
fn what_rust_analyzer_writes_is_understood() {
    let all = parsed(
        "thread-lint --workspace --message-format=json --manifest-path /a/Cargo.toml --keep-going \
         --all-targets --all-features --target-dir t --config build.jobs=1 --config x.y=2",
    );
    let options = all.unwrap().options;
    assert!(options.workspace && options.message_format == Format::Json);
    let one = parsed(
        "thread-lint -p path+file:///abs#0.1.0 --bin NAME --no-default-features --features a,b \
         --target x86 --message-format=json-diagnostic-rendered-ansi --lib --bins --examples \
         --example e --tests --test t --benches --bench b --offline --locked --frozen --profile p \
         --release",
    );
    let options = one.unwrap().options;
    assert_eq!(options.packages, ["path+file:///abs#0.1.0"]);
    assert_eq!(options.message_format, Format::JsonAnsi);
    for word in ["json-diagnostic-short", "json-render-diagnostics"] {
        let options = parsed(&format!("--message-format {word}")).unwrap().options;
        assert_eq!(options.message_format, Format::Json);
    }
}

#[test]
fn combinations_without_a_meaning_are_refused() {
    assert!(refused("--exclude a").contains("--workspace"));
    assert!(refused("--config a --no-config").contains("cannot be used with"));
    assert!(refused("--message-format xml").contains("[possible values: human, short, json]"));
    assert!(refused("-j 1000").contains("256"));
    assert!(refused("explain").contains("<RULE>"));
    assert!(parsed("--all --exclude a").is_ok());
    assert_eq!(parsed("--color never").unwrap().options.color, Color::Never);
}
