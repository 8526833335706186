//! Reads one file: as little of it as can matter, and no more of it than is not known.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::aliases::spawn_aliases;
use super::{Loader, Read};
use crate::Note;
use crate::facts::condense::Condensed;
use crate::facts::{self, Again, FileFacts, guard, lower};
use crate::scan::{Functions, Scan, Search};
use crate::source::FileId;
use crate::text::TextRange;

impl Loader<'_> {
    /// Reads one file; `None` when what is known of it still holds.
    pub(super) fn read_one(
        &self,
        file: FileId,
        search: &Search,
        names: &BTreeSet<String>,
        force: bool,
    ) -> Option<Read> {
        let read = self.files.ask(file, |text| self.read_text(file, text, search, names, force));
        read.unwrap_or_else(|error| {
            let message = format!("source not analysed: it {}", error.message);
            Some(Read::Failed(Note { file, range: None, message }, None))
        })
    }

    fn read_text(
        &self,
        file: FileId,
        text: &str,
        search: &Search,
        names: &BTreeSet<String>,
        force: bool,
    ) -> Option<Read> {
        let failed = |range, message| {
            Some(Read::Failed(Note { file, range, message }, Some(Arc::from(text))))
        };
        let mut scan = search.scan(text);
        self.add_bodies(file, &mut scan);
        let known = self.read.get(&file);
        if let Some(Read::Lowered(facts)) = known {
            if facts.whole {
                return None;
            }
            // This may be a search for fewer names than the last one.
            merge(&mut scan.wanted, &facts.wanted);
        }
        let again = scan.has_alias || self.whole.contains(&file) || self.bodies.contains_key(&file);
        if matches!(known, Some(Read::Lowered(_) | Read::Failed(..))) && !again {
            return None;
        }
        let skipped = |scan: &Scan| {
            let functions = Functions::of(text);
            Read::Skipped { has_paths: scan.has_paths, reaps: scan.reaps, functions }
        };
        if !(force || scan.matters) {
            return Some(skipped(&scan));
        }
        let whole = !self.search || self.whole.contains(&file);
        if let (Some(Read::Lowered(known)), false) = (known, whole) {
            match facts::again(text, known, &scan.needles) {
                Again::Same if known.wanted == scan.wanted => return None,
                Again::Same => {
                    let facts = FileFacts { wanted: scan.wanted, ..FileFacts::clone(known) };
                    return Some(Read::Lowered(Arc::new(facts)));
                }
                Again::More(facts) => {
                    if let Some(facts) = self.completed(*facts, text, &scan, names) {
                        return Some(Read::Lowered(Arc::new(facts)));
                    }
                }
                Again::Whole => {}
            }
        }
        let code = match whole {
            true => Condensed::whole(text),
            false => Condensed::of(text, &scan.needles),
        };
        // What is said in comments alone, most often in examples, matters to nobody.
        let is_open = matches!(known, None | Some(Read::Skipped { .. })) && !force;
        if is_open && !scan.matters_where(|at| code.keeps(at)) {
            return Some(skipped(&scan));
        }
        if let Some(reason) = guard::refuse(&code.text) {
            return failed(
                None,
                format!("source not analysed: {reason}, which no parser survives"),
            );
        }
        match self.lower(file, text, &code, &scan, names, whole) {
            Ok(mut facts) => {
                facts.directives = facts::directives(text, &facts);
                facts.reaps = scan.reaps;
                Some(Read::Lowered(Arc::new(facts)))
            }
            Err((range, message)) => {
                failed(Some(range), format!("source not analysed: it {message}"))
            }
        }
    }

    /// Adds the needles of functions that were asked for.
    fn add_bodies(&self, file: FileId, scan: &mut Scan) {
        if let Some(bodies) = self.bodies.get(&file) {
            let bodies: Vec<u32> = bodies.iter().copied().collect();
            merge(&mut scan.needles, &bodies);
            merge(&mut scan.wanted, &bodies);
        }
    }

    /// Facts with some more functions, unless they make aliases, which are looked for in the whole file.
    fn completed(
        &self,
        mut facts: FileFacts,
        text: &str,
        scan: &Scan,
        names: &BTreeSet<String>,
    ) -> Option<FileFacts> {
        let mut aliases = spawn_aliases(&facts, self.catalog, &self.aliases, false);
        aliases.retain(|alias| !names.contains(alias));
        if !aliases.is_empty() {
            return None;
        }
        facts.directives = facts::directives(text, &facts);
        facts.needles.clone_from(&scan.needles);
        facts.wanted.clone_from(&scan.wanted);
        Some(facts)
    }

    fn lower(
        &self,
        file: FileId,
        text: &str,
        code: &Condensed,
        scan: &Scan,
        names: &BTreeSet<String>,
        whole: bool,
    ) -> Result<FileFacts, (TextRange, String)> {
        if whole {
            // One needle on every byte: every body is lowered.
            let everywhere: Vec<u32> = (0..u32::try_from(text.len()).unwrap_or(u32::MAX)).collect();
            let mut facts = lower(code, &everywhere)?;
            facts.whole = true;
            return Ok(facts);
        }
        let mut facts = lower(code, &scan.needles)?;
        // An alias made in this very file is a needle of its own.
        let mut aliases = spawn_aliases(&facts, self.catalog, &self.aliases, false);
        aliases.retain(|alias| !names.contains(alias));
        if aliases.is_empty() {
            facts.needles.clone_from(&scan.needles);
            facts.wanted.clone_from(&scan.wanted);
            return Ok(facts);
        }
        aliases.extend(names.iter().cloned());
        let mut scan = Search::new(self.catalog, &aliases).scan(text);
        self.add_bodies(file, &mut scan);
        let mut facts = lower(&Condensed::of(text, &scan.needles), &scan.needles)?;
        facts.needles = scan.needles;
        facts.wanted = scan.wanted;
        Ok(facts)
    }
}

/// Adds some needles to others.
fn merge(needles: &mut Vec<u32>, others: &[u32]) {
    needles.extend(others);
    needles.sort_unstable();
    needles.dedup();
}
