//! Entries of `exempt` and `allow`: paths, globs, lines, rules and reasons.

use std::ops::Range;

use toml::de::DeValue;

use super::{Reader, Value};
use crate::policy::allow::Allow;
use crate::policy::exempt::{Exempt, Shape};
use crate::policy::names;

const EXEMPT_HELP: &str = "write `{ glob = \"legacy/**\", reason = \"leaves in 3.0\" }`";
const ALLOW_HELP: &str = "write `{ at = \"src/gui.rs:41\", rule = \"detached-thread\", reason = \"ends with the window\" }`";

impl Reader<'_> {
    pub(super) fn exempts(&mut self, value: &Value<'_>) -> Vec<Exempt> {
        let entries = self.array(value, "exempt").iter();
        let mut exempts: Vec<Exempt> = Vec::new();
        for exempt in entries.filter_map(|entry| self.exempt(entry)).collect::<Vec<_>>() {
            let same =
                |other: &Exempt| other.written == exempt.written && other.rules == exempt.rules;
            if exempts.iter().any(same) {
                let message = format!("`{}` is exempt twice", exempt.written);
                self.problem(exempt.span(), message, Some("remove one entry".to_owned()));
            }
            exempts.push(exempt);
        }
        exempts
    }

    fn exempt(&mut self, entry: &Value<'_>) -> Option<Exempt> {
        let (written, span, rules, reason) = match entry.get_ref() {
            DeValue::String(text) => {
                (text.as_ref(), entry.span(), None, self.trailing_comment(entry.span()))
            }
            DeValue::Table(table) => {
                self.only_keys(table, &["glob", "rules", "reason"]);
                let glob = self.required(table, entry.span(), "glob", EXEMPT_HELP);
                let reason = self.required(table, entry.span(), "reason", EXEMPT_HELP);
                let rules = table.get("rules").map(|rules| self.rules(rules));
                let (glob, span) = glob?;
                (glob, span, rules, Some(reason?.0.to_owned()))
            }
            _ => return self.wrong_type(entry, "exempt", "a list of strings or tables"),
        };
        let path = self.path(written, span.clone())?;
        let shape = if written.contains(['*', '?', '[', '{']) {
            let directory = globset::escape(self.directory);
            let relative = written.trim_start_matches("./");
            let slash = if matches!(&*directory, "" | "/") { "" } else { "/" };
            let glob = globset::GlobBuilder::new(&format!("{directory}{slash}{relative}"))
                .literal_separator(true)
                .build();
            match glob {
                Ok(glob) => Shape::Glob(glob.compile_matcher()),
                Err(error) => {
                    let message = format!("`{written}` is no glob: {}", error.kind());
                    self.problem(span, message, None);
                    return None;
                }
            }
        } else {
            Shape::Path(path)
        };
        let (written, spot) = (written.to_owned(), self.spot(entry.span()));
        Some(Exempt { written, shape, rules, reason, spot })
    }

    pub(super) fn allows(&mut self, value: &Value<'_>) -> Vec<Allow> {
        let entries = self.array(value, "allow").iter();
        let mut allows: Vec<Allow> = Vec::new();
        for allow in entries.filter_map(|entry| self.allow(entry)).collect::<Vec<_>>() {
            let same = |other: &Allow| {
                (&other.path, other.line, &other.rules) == (&allow.path, allow.line, &allow.rules)
            };
            if allows.iter().any(same) {
                let message = format!("`{}` is allowed twice", allow.written);
                self.problem(allow.span(), message, Some("remove one entry".to_owned()));
            }
            allows.push(allow);
        }
        allows
    }

    fn allow(&mut self, entry: &Value<'_>) -> Option<Allow> {
        let (written, span, rules, reason) = match entry.get_ref() {
            DeValue::String(text) => {
                (text.as_ref(), entry.span(), None, self.trailing_comment(entry.span()))
            }
            DeValue::Table(table) => {
                self.only_keys(table, &["at", "rule", "reason"]);
                let at = self.required(table, entry.span(), "at", ALLOW_HELP);
                let reason = self.required(table, entry.span(), "reason", ALLOW_HELP);
                let rules = table.get("rule").map(|rule| self.rule(rule).unwrap_or_default());
                let (at, span) = at?;
                (at, span, rules, Some(reason?.0.to_owned()))
            }
            _ => return self.wrong_type(entry, "allow", "a list of strings or tables"),
        };
        let place = written.rsplit_once(':').and_then(|(path, line)| {
            line.parse::<u32>().ok().filter(|&line| line > 0).map(|line| (path, line))
        });
        let Some((path, line)) = place.filter(|(path, _)| !ends_with_line(path)) else {
            let help = match place {
                Some((path, _)) => format!("leave out the column: `{path}`"),
                None => "write the file and the line: `src/gui.rs:41`".to_owned(),
            };
            self.problem(span, format!("`{written}` is no `file:line`"), Some(help));
            return None;
        };
        let path = self.path(path, span)?;
        let (written, spot) = (written.to_owned(), self.spot(entry.span()));
        Some(Allow { written, path, line, rules, reason, spot })
    }

    fn rules(&mut self, value: &Value<'_>) -> Vec<&'static str> {
        let names = self.array(value, "rules").iter();
        let mut rules: Vec<_> = names.filter_map(|name| self.rule(name)).flatten().collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    fn rule(&mut self, value: &Value<'_>) -> Option<Vec<&'static str>> {
        let name = self.string(value, "rule")?;
        let rules = names::expand(name);
        if rules.is_none() {
            let message = format!("unknown rule or group `{name}`");
            self.problem(value.span(), message, Some(names::help(name)));
        }
        rules
    }

    /// A path from the root of the workspace, made of one from the directory of this file.
    fn path(&mut self, written: &str, span: Range<usize>) -> Option<String> {
        let absolute = written.starts_with('/') || written.as_bytes().get(1) == Some(&b':');
        let help = if written.trim().is_empty() {
            "name a file, a directory or a glob"
        } else if written.contains('\\') {
            "write `/` between the parts of a path"
        } else if absolute {
            "write it from the directory of this file"
        } else if written.split('/').any(|part| part == "..") {
            "configure it in a file above it: an entry reaches nothing outside its own directory"
        } else {
            let parts = self.directory.split('/').chain(written.split('/'));
            let parts: Vec<_> = parts.filter(|part| !matches!(*part, "" | ".")).collect();
            let root = if self.directory.starts_with('/') { "/" } else { "" };
            return Some(format!("{root}{}", parts.join("/")));
        };
        self.problem(span, format!("`{written}` is no path that can match"), Some(help.to_owned()));
        None
    }

    /// The comment behind an entry on its line, which is the reason of one that has no other place
    /// for it.
    fn trailing_comment(&self, span: Range<usize>) -> Option<String> {
        let rest = self.file.text.get(span.end..)?.lines().next()?.trim_start();
        let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        let reason = rest.strip_prefix('#')?.trim();
        (!reason.is_empty()).then(|| reason.to_owned())
    }
}

/// Whether a `file:line` is followed by a column.
fn ends_with_line(path: &str) -> bool {
    path.rsplit_once(':').is_some_and(|(_, line)| line.parse::<u32>().is_ok())
}
