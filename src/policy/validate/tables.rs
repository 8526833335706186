//! The tables: levels, the registry, entries for the catalog.

use super::{Reader, Value};
use crate::catalog::Api;
use crate::policy::config::{LevelTable, Registry};
use crate::policy::names;
use crate::rules;

/// The type that `returns = "handle"` is short for.
pub(in crate::policy) const HANDLE: &str = "std::thread::JoinHandle";

/// Whether scoped threads may be spawned without the registry.
#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scoped {
    Allow,
    Deny,
}

impl Reader<'_> {
    pub(super) fn levels(&mut self, value: &Value<'_>, key: &str) -> Option<LevelTable> {
        let table = self.table(value, key)?;
        let mut levels = LevelTable::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(level) = self.word(value, "level") else { continue };
            if rules::page(name).is_some() {
                levels.rules.insert(name.to_owned(), level);
            } else if rules::groups().contains(&name) {
                levels.groups.insert(name.to_owned(), level);
            } else {
                let message = format!("unknown rule or group `{name}`");
                self.problem(key.span(), message, Some(names::help(name)));
            }
        }
        Some(levels)
    }

    pub(super) fn registry(&mut self, value: &Value<'_>) -> Registry {
        const KEYS: &[&str] = &["modules", "spawn", "owns", "stop", "shutdown", "scoped-threads"];
        let mut registry = Registry::default();
        let Some(table) = self.table(value, "registry") else { return registry };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "modules" => registry.modules = self.code_paths(value, name),
                "spawn" => registry.spawn = self.code_paths(value, name),
                "owns" => registry.owns = self.boolean(value, name),
                "stop" => registry.stop = self.code_paths(value, name),
                "shutdown" => registry.shutdown = self.code_paths(value, name),
                "scoped-threads" => {
                    let scoped = self.word(value, "policy for scoped threads");
                    registry.scoped_allowed = scoped.map(|scoped| matches!(scoped, Scoped::Allow));
                }
                _ => self.unknown_key(key, KEYS),
            }
        }
        registry
    }

    pub(super) fn apis(&mut self, value: &Value<'_>) -> Vec<Api> {
        let mut apis: Vec<Api> = Vec::new();
        for entry in self.array(value, "api") {
            let Some(api) = self.api(entry) else { continue };
            if apis.iter().any(|other| other.path == api.path) {
                let message = format!("`{}` is described twice", api.path);
                self.problem(entry.span(), message, Some("remove one entry".to_owned()));
            }
            apis.push(api);
        }
        apis
    }

    fn api(&mut self, entry: &Value<'_>) -> Option<Api> {
        const HELP: &str = "an entry says `path = \"mylib::launch\"` and `role = \"spawn\"`";
        let table = self.table(entry, "api")?;
        self.only_keys(table, &["path", "role", "returns", "body", "passes", "stop"]);
        let path = self.required(table, entry.span(), "path", HELP);
        let role = self.required(table, entry.span(), "role", HELP);
        let role = role.and_then(|_| self.word(table.get("role")?, "role"));
        let mut text = |key: &str| {
            let value = table.get(key)?;
            self.string(value, key).map(str::to_owned)
        };
        let (returns, passes, stop) = (text("returns"), text("passes"), text("stop"));
        let body = table.get("body").and_then(|value| self.position(value, "body"));
        let returns = returns.map(|returns| match returns.as_str() {
            "handle" => HANDLE.to_owned(),
            "result-handle" => format!("Result<{HANDLE}>"),
            _ => returns,
        });
        let (path, span) = path?;
        let path = self.code_path(path, span)?;
        Some(Api { path, role: role?, returns, body, passes, stop })
    }

    fn code_paths(&mut self, value: &Value<'_>, key: &str) -> Vec<String> {
        let mut paths = Vec::new();
        for item in self.array(value, key) {
            let Some(text) = self.string(item, key) else { continue };
            paths.extend(self.code_path(text, item.span()));
        }
        paths
    }

    /// A path as code would write it; a macro ends with `!`.
    fn code_path(&mut self, text: &str, span: std::ops::Range<usize>) -> Option<String> {
        let path = text.strip_prefix("::").unwrap_or(text);
        let name = |part: &str| {
            !part.is_empty()
                && !part.starts_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c == '_' || c.is_alphanumeric())
        };
        if path.strip_suffix('!').unwrap_or(path).split("::").all(name) {
            return Some(path.to_owned());
        }
        let help = "write it as in code, without generics: `app::threads::spawn`".to_owned();
        self.problem(span, format!("`{text}` is no path"), Some(help));
        None
    }
}
