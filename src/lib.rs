//! Finds every thread birth in Rust source and says who owns it and how it ends.
//!
//! The pipeline, left to right: source text → [`facts`] of each file → [`model`] of all crates →
//! lowered bodies ([`flow`]), and programs run without their input ([`symbolic`]) → one [`verdict`] for each birth →
//! findings of the [`rules`] →
//! [`policy`] → [`report`] → [`emit`]. [`analyse`] is the core up to the findings: a function of
//! data that reads through [`source::Files`], prints nothing and never fails.

pub mod catalog;
pub mod cli;
pub mod emit;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod flow;
pub mod model;
pub mod policy;
pub mod report;
pub mod rules;
pub mod scan;
pub mod source;
pub mod symbolic;
pub mod text;
pub mod verdict;

use catalog::Catalog;
use facts::comments::Directive;
use finding::Finding;
use model::{Loader, Model};
use source::{FileId, Files, Project};
use text::TextRange;
use verdict::{Known, Verdict, Verdicts, Waiting};

/// A file that could not be read or parsed, or of which a part could not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file.
    pub file: FileId,
    /// Where in it, when that is known.
    pub range: Option<TextRange>,
    /// What went wrong and what to do.
    pub message: String,
}

/// All that the core says about a project, before any policy.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Every finding of every rule, in order; levels and exemptions are not applied.
    pub findings: Vec<Finding>,
    /// One verdict for each birth, by file and place.
    pub verdicts: Vec<Verdict>,
    /// Suppression comments of the files that were read, by file and place.
    pub directives: Vec<(FileId, Directive)>,
    /// Files that could not be read or parsed.
    pub notes: Vec<Note>,
}

/// What the analysis is told beside the sources.
#[derive(Clone, Debug)]
pub struct Options {
    /// The thread APIs, those of the configuration included.
    pub catalog: Catalog,
    /// Modules of the thread registry, with the crate's name first.
    pub registry_modules: Vec<String>,
    /// Whether scoped threads count as raw.
    pub scoped_threads_denied: bool,
    /// Whether files that cannot matter are left unparsed. The report is the same either way, but for notes on those files,
    /// and what the bounds on looking for names leave as not followed.
    pub search: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            catalog: Catalog::embedded(),
            registry_modules: Vec::new(),
            scoped_threads_denied: false,
            search: true,
        }
    }
}

/// Files that are read in one round where most is read already.
const FEW: usize = 8;

/// How often what running programs asks for is read.
const MAX_TRIES: usize = 8;

/// Reads, follows and judges until no verdict depends on what was not read.
///
/// Looking through threads, following and judging ask for names; what spells them and was not read is read, and all
/// begins again with what still holds. The next costs more each time, so it waits until there is nothing left for the
/// one before; and judging, then, for the births that wait for more. At the beginning, the first two ask for much that is
/// the same.
pub fn settled<'p>(loader: &mut Loader<'p>, model: &mut Model<'p>, known: &mut Known) -> Verdicts {
    let (mut waiting, mut read) = (Waiting::default(), usize::MAX);
    loop {
        loop {
            let first = known.wanted_first(model);
            if first.unread.is_empty() || loader.answer(model, &first) == 0 {
                break;
            }
        }
        let mut wanted = known.look(model);
        if read < FEW {
            read = loader.answer(model, &wanted);
            if read > 0 {
                continue;
            }
        }
        let followed = known.follow(model);
        wanted.extend(followed.wanted(model));
        read = loader.answer(model, &wanted);
        if read > 0 {
            continue;
        }
        let wanted = followed.wanted_again(model, &mut waiting);
        read = loader.answer(model, &wanted);
        if read > 0 {
            continue;
        }
        let found = known.judge(model);
        read = loader.answer(model, &found.wanted);
        if read == 0 {
            return found;
        }
        waiting = found.waiting;
    }
}

/// Analyses a project: every birth, every verdict, every finding, before any policy.
///
/// Runs on the current rayon pool, whose threads need deep stacks (the parser recurses); the result
/// does not depend on their number. A program whose threads wait for each other is run on eight threads of its own, of
/// which one at a time goes on, and which have ended when this returns. What was read is freed on the pool after that.
pub fn analyse(project: &Project, files: &dyn Files, options: &Options) -> Analysis {
    let (mut loader, mut model) = Loader::new(project, files, &options.catalog, options.search);
    let mut known = Known::default();
    let mut found = settled(&mut loader, &mut model, &mut known);
    // What programs run is read, their own code before that and others' as they come to it, and followed no more: nothing
    // is born there.
    let own = verdict::programs_to_read(&model, &found);
    while loader.answer(&mut model, &own) > 0 {}
    let mut runs = symbolic::Runs::default();
    for tries in 0..=MAX_TRIES {
        let wanted = verdict::try_programs(&model, &mut found, &mut runs, tries == MAX_TRIES);
        if wanted.functions.is_empty() {
            break;
        }
        if loader.answer(&mut model, &wanted) == 0 {
            verdict::try_programs(&model, &mut found, &mut runs, true);
            break;
        }
    }
    let context = rules::Context {
        lives: &found.lives,
        joins: &found.joins,
        endless: &found.endless,
        registry_modules: &options.registry_modules,
        scoped_threads_denied: options.scoped_threads_denied,
    };
    let findings = rules::run(&context);
    let directives = model.facts.iter().flat_map(|(file, facts)| {
        facts.directives.iter().map(move |directive| (file, directive.clone()))
    });
    let directives = directives.collect();
    let births = found.lives.into_iter().filter(|life| life.site.is_thread());
    loader.free(&mut model);
    known.free();
    Analysis {
        findings,
        verdicts: births.map(|life| life.verdict).collect(),
        directives,
        notes: model.notes,
    }
}
