//! Reads a configuration and says everything that is wrong with it, each mistake at its place.
//!
//! The tables are walked by hand instead of derived: a derived reader stops at the first mistake,
//! and knows neither rules nor globs.

mod entries;
mod tables;
mod values;

use toml::de::{DeTable, DeValue};

use super::config::{Config, ConfigFile, ConfigForm, ConfigProblem, ConfigSource, Spot};
use super::names;
use crate::text::TextRange;

pub(super) use tables::HANDLE;

type Value<'t> = toml::Spanned<DeValue<'t>>;
type Key<'t> = toml::Spanned<std::borrow::Cow<'t, str>>;

/// The directory of a path, `""` at the root.
pub(super) fn directory(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => "",
    }
}

/// Reads one source; `None` when it holds no configuration, else with the place of its table.
pub(super) fn read(
    source: &ConfigSource,
) -> Result<Option<(Config, TextRange)>, Vec<ConfigProblem>> {
    let metadata = source.form != ConfigForm::File;
    // Most manifests never name the tool, and what else is wrong with them is no matter of ours.
    let named =
        || ["thread-lint", "thread_lint"].iter().any(|name| source.file.text.contains(name));
    if metadata && !named() {
        return Ok(None);
    }
    let file = &source.file;
    let mut reader = Reader { file, directory: directory(&file.path), problems: Vec::new() };
    let document = match DeTable::parse(&file.text) {
        Ok(document) => document,
        Err(error) => {
            let span = error.span().unwrap_or_default();
            reader.problem(span, format!("not valid TOML: {}", error.message()), None);
            return Err(reader.problems);
        }
    };
    let found = if metadata {
        reader.metadata(document.get_ref(), source.form)
    } else {
        Some((document.get_ref(), 0..0))
    };
    let config = found.map(|(table, span)| (reader.config(table), range(span)));
    if reader.problems.is_empty() {
        return Ok(config);
    }
    reader.problems.sort();
    Err(reader.problems)
}

struct Reader<'f> {
    file: &'f ConfigFile,
    directory: &'f str,
    problems: Vec<ConfigProblem>,
}

const KEYS: &[&str] = &[
    "exempt",
    "allow",
    "levels",
    "tests",
    "benches",
    "examples",
    "outside-callers",
    "registry",
    "api",
];

impl Reader<'_> {
    /// The table of the tool in a manifest.
    fn metadata<'d, 't>(
        &mut self,
        document: &'d DeTable<'t>,
        form: ConfigForm,
    ) -> Option<(&'d DeTable<'t>, std::ops::Range<usize>)> {
        let outer = if form == ConfigForm::WorkspaceMetadata { "workspace" } else { "package" };
        let metadata = document.get(outer)?.get_ref().get("metadata")?.get_ref();
        let DeValue::Table(metadata) = metadata else { return None };
        for misnamed in ["thread_lint", "cargo-thread-lint"] {
            if let Some((key, _)) = metadata.get_key_value(misnamed) {
                let message = format!("`{misnamed}` is read by nobody");
                self.problem(key.span(), message, Some("did you mean `thread-lint`?".to_owned()));
            }
        }
        let value = metadata.get("thread-lint")?;
        Some((self.table(value, "thread-lint")?, value.span()))
    }

    fn config(&mut self, table: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "exempt" => config.exempt = self.exempts(value),
                "allow" => config.allow = self.allows(value),
                "levels" => config.levels.extend(self.levels(value, "levels")),
                "tests" => config.tests.extend(self.levels(value, "tests")),
                "benches" => config.benches.extend(self.levels(value, "benches")),
                "examples" => config.examples.extend(self.levels(value, "examples")),
                "outside-callers" => {
                    config.outside_callers = self.boolean(value, "outside-callers");
                }
                "registry" => config.registry = self.registry(value),
                "api" => config.api = self.apis(value),
                "baseline" => {
                    let message = "a baseline is not supported yet".to_owned();
                    let help = "exempt old code meanwhile: `exempt = [\"legacy/**\"]`".to_owned();
                    self.problem(key.span(), message, Some(help));
                }
                _ => self.unknown_key(key, KEYS),
            }
        }
        config
    }

    fn problem(&mut self, span: std::ops::Range<usize>, message: String, help: Option<String>) {
        let spot = self.spot(span);
        self.problems.push(ConfigProblem { spot, message, help });
    }

    fn spot(&self, span: std::ops::Range<usize>) -> Spot {
        Spot { file: self.file.clone(), range: range(span) }
    }

    fn unknown_key(&mut self, key: &Key<'_>, known: &[&str]) {
        let word = key.get_ref();
        let help = match names::nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys here: {}", list(known)),
        };
        self.problem(key.span(), format!("unknown key `{word}`"), Some(help));
    }
}

/// Words as a reader's list: `a`, `b`.
fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn range(span: std::ops::Range<usize>) -> TextRange {
    let cut = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    TextRange::new(cut(span.start), cut(span.end))
}
