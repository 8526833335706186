//! Reads the examples out of a page.
//!
//! A `rust` fence is an example. It is `src/lib.rs` unless the line before names another file in
//! back quotes; fences that follow each other, each with its file named, are one package, and a
//! `toml` fence belongs to the fences right after it. Further words after `rust`: `known-miss`,
//! `known-false`, `edition2018` and its like, and `ignore` for what is no example.

use std::collections::{BTreeMap, BTreeSet};

use super::example::{Example, Mark, Today};

/// The edition of an example that names none.
const EDITION: u16 = 2024;

struct Fence {
    section: String,
    words: Vec<String>,
    /// The file that the line before names.
    path: Option<String>,
    /// At most one line of text lies between it and the fence before it.
    follows: bool,
    /// Page line of the opening fence, counted in the body.
    line: u32,
    text: String,
}

impl Fence {
    fn is(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    fn file(&self) -> String {
        let default = if self.is("toml") { "thread-lint.toml" } else { "src/lib.rs" };
        self.path.clone().unwrap_or_else(|| default.to_owned())
    }
}

/// Headings of a page, in order, outside of fences.
pub(crate) fn headings(body: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in body.lines() {
        inside ^= line.starts_with("```");
        if !inside && line.starts_with('#') {
            found.push(line.trim_start_matches('#').trim().to_owned());
        }
    }
    found
}

/// All examples of a page.
///
/// # Errors
/// A sentence, when the page cannot be meant as it is written.
pub(crate) fn examples(page: &str, body: &str) -> Result<Vec<Example>, String> {
    let front = front_lines(page);
    let mut examples: Vec<Example> = Vec::new();
    let mut last: Option<Fence> = None;
    for fence in fences(body)? {
        if fence.is("ignore") || !(fence.is("rust") || fence.is("toml")) {
            last = None;
            continue;
        }
        let joins = last.as_ref().is_some_and(|last| continues(last, &fence));
        if !joins {
            examples.push(new_example(page, &fence, front)?);
        }
        let example = examples.last_mut().ok_or("no example")?;
        add(example, &fence, front)?;
        last = Some(fence);
    }
    Ok(examples)
}

/// Whether `fence` is a further file of the package that `last` belongs to.
fn continues(last: &Fence, fence: &Fence) -> bool {
    let config_then_code = last.is("toml") && fence.is("rust");
    fence.follows
        && last.section == fence.section
        && (config_then_code || last.path.is_some() && fence.path.is_some())
}

fn new_example(page: &str, fence: &Fence, front: u32) -> Result<Example, String> {
    Ok(Example {
        page: page.to_owned(),
        section: fence.section.clone(),
        line: fence.line + front,
        files: BTreeMap::new(),
        offsets: BTreeMap::new(),
        marks: BTreeSet::new(),
        today: Today::Right,
        edition: edition(fence)?,
    })
}

fn edition(fence: &Fence) -> Result<u16, String> {
    let Some(year) = fence.words.iter().find_map(|word| word.strip_prefix("edition")) else {
        return Ok(EDITION);
    };
    year.trim_start_matches('=')
        .parse()
        .map_err(|_| format!("line {}: edition `{year}`", fence.line))
}

fn add(example: &mut Example, fence: &Fence, front: u32) -> Result<(), String> {
    for word in &fence.words {
        match word.as_str() {
            "known-miss" => example.today = Today::KnownMiss,
            "known-false" => example.today = Today::KnownFalse,
            "rust" | "toml" => {}
            word if word.starts_with("edition") => example.edition = edition(fence)?,
            word => {
                return Err(format!(
                    "line {}: unknown word `{word}` after the fence",
                    fence.line + front
                ));
            }
        }
    }
    let file = fence.file();
    if example.files.contains_key(&file) {
        return Err(format!("line {}: a second `{file}` in one example", fence.line + front));
    }
    let (text, marks) = take_marks(&file, &fence.text);
    if let Some(mark) = marks.iter().find(|mark| thread_lint::rules::page(&mark.rule).is_none()) {
        return Err(format!("line {}: no rule `{}`", fence.line + front + mark.line, mark.rule));
    }
    example.marks.extend(marks);
    example.offsets.insert(file.clone(), fence.line + front);
    example.files.insert(file, text);
    Ok(())
}

/// Cuts the markers off, so that what is analysed is what a user would write.
fn take_marks(file: &str, text: &str) -> (String, Vec<Mark>) {
    let sign = if file.ends_with(".toml") { "#~" } else { "//~" };
    let mut clean = String::new();
    let mut marks = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let (code, rules) = line.split_once(sign).unwrap_or((line, ""));
        let rules = rules.split_whitespace();
        marks.extend(rules.map(|rule| Mark {
            file: file.to_owned(),
            line: number,
            rule: rule.to_owned(),
        }));
        clean.push_str(code.trim_end());
        clean.push('\n');
    }
    (clean, marks)
}

fn fences(body: &str) -> Result<Vec<Fence>, String> {
    let mut fences: Vec<Fence> = Vec::new();
    let mut section = String::new();
    let mut before: Vec<&str> = Vec::new();
    let mut open: Option<Fence> = None;
    for (line, number) in body.lines().zip(1..) {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(rest)) if rest.trim().is_empty() => {
                fences.extend(open.take());
                before.clear();
            }
            (Some(fence), _) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, Some(info)) => {
                let words = info
                    .split([' ', ','])
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect();
                let path = before.last().and_then(|line| named_file(line));
                let follows = !fences.is_empty() && before.len() <= 1;
                open = Some(Fence {
                    section: section.clone(),
                    words,
                    path,
                    follows,
                    line: number,
                    text: String::new(),
                });
            }
            (None, None) if line.starts_with('#') => {
                section = line.trim_start_matches('#').trim().to_owned();
                before.clear();
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => before.push(line),
        }
    }
    match open {
        Some(fence) => Err(format!("line {}: the fence is never closed", fence.line)),
        None => Ok(fences),
    }
}

/// The last back-quoted file name of a line.
fn named_file(line: &str) -> Option<String> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|name| name.ends_with(".rs") || name.ends_with(".toml")).last().map(str::to_owned)
}

/// How many lines of the file stand before the body.
fn front_lines(page: &str) -> u32 {
    let path = crate::support::root().join("rules").join(format!("{page}.md"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let fences = text.lines().zip(1u32..).filter(|(line, _)| *line == "+++");
    fences.map(|(_, number)| number).nth(1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "
## Bad

```rust
fn a() {} //~ detached-thread
```

Two files:

`src/main.rs`

```rust edition2018
mod b;
```

`src/b.rs`
```rust
fn b() {}
// thread-lint: allow(x) //~ unnamed-thread
```

## Good

```toml
exempt = [\"src\"] #~ stale-exempt
```

```rust known-false
fn c() {}
```

```text
no example
```
";

    #[test]
    fn fences_become_packages() {
        let examples = examples("no-such-page", PAGE).unwrap();
        let paths =
            |index: usize| examples[index].files.keys().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(examples.len(), 3);
        assert_eq!(paths(0), ["src/lib.rs"]);
        assert_eq!(paths(1), ["src/b.rs", "src/main.rs"]);
        assert_eq!(paths(2), ["src/lib.rs", "thread-lint.toml"]);
        assert_eq!(examples[0].files["src/lib.rs"], "fn a() {}\n");
        assert_eq!((examples[0].edition, examples[1].edition), (2024, 2018));
        assert_eq!((examples[0].section.as_str(), examples[2].today), ("Bad", Today::KnownFalse));
        let mark = examples[1].marks.first().unwrap();
        assert_eq!(
            (mark.file.as_str(), mark.line, mark.rule.as_str()),
            ("src/b.rs", 2, "unnamed-thread")
        );
        assert_eq!(examples[1].place(mark), "rules/no-such-page.md:19");
        assert_eq!(examples[2].marks.first().unwrap().file, "thread-lint.toml");
    }

    #[test]
    fn mistakes_in_pages_are_named() {
        let error = |body: &str| examples("no-such-page", body).unwrap_err();
        assert!(error("```rust kown-miss\n```\n").contains("unknown word `kown-miss`"));
        assert!(
            error("```rust\nfn a() {} //~ no-such-rule\n```\n").contains("no rule `no-such-rule`")
        );
        assert!(error("```rust\n").contains("never closed"));
    }
}
