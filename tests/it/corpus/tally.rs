//! The counts of the comparison, and the places behind them.

use std::collections::BTreeMap;

use super::sites::Claim;
use super::truth::{Label, Loss};
use crate::tool::Printed;

/// What each crate's run gave.
pub(crate) type Results = BTreeMap<String, Result<Printed, String>>;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// Raw spawns, by the findings of the rule.
    Raw,
    /// The same for calls in macro bodies.
    RawInMacro,
    /// Raw spawns, by the births that have a verdict.
    Births,
    /// Lost handles, by kind of loss and kind of rule.
    Lost(Loss),
    /// Lost handles of calls in macro bodies.
    LostInMacro,
}

impl Topic {
    /// All topics in order of the report.
    pub(crate) const ALL: [Self; 7] = [
        Self::Raw,
        Self::RawInMacro,
        Self::Births,
        Self::Lost(Loss::AtBirth),
        Self::Lost(Loss::Bound),
        Self::Lost(Loss::Elsewhere),
        Self::LostInMacro,
    ];

    /// Its name in the report and in the ratchet.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw-spawn",
            Self::RawInMacro => "raw-spawn-in-macro",
            Self::Births => "birth",
            Self::Lost(Loss::AtBirth) => "lost-at-birth",
            Self::Lost(Loss::Bound) => "bound-and-lost",
            Self::Lost(Loss::Elsewhere) => "lost-elsewhere",
            Self::LostInMacro => "lost-in-macro",
        }
    }
}

/// Counts of one topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Sites that the tool found.
    pub(crate) found: u32,
    /// Sites that it missed.
    pub(crate) missed: u32,
    /// Claims that are true.
    pub(crate) right: u32,
    /// Claims that are false.
    pub(crate) wrong: u32,
}

impl Tally {
    /// Adds another.
    pub(crate) fn add(&mut self, other: Self) {
        self.found += other.found;
        self.missed += other.missed;
        self.right += other.right;
        self.wrong += other.wrong;
    }
}

/// Births of one crate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Followed {
    /// In library and binary code.
    pub(crate) main: u32,
    /// Of these, with an unknown end.
    pub(crate) main_unknown: u32,
    /// In all code.
    pub(crate) all: u32,
    /// Of these, with an unknown end.
    pub(crate) all_unknown: u32,
    /// With a known end and no step that would prove it.
    pub(crate) unproved: u32,
}

/// A place where tool and compiler say different things.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Disagreement {
    /// Heading under which it is listed.
    pub(crate) kind: String,
    /// `crate/path:line:column` and what each side says.
    pub(crate) text: String,
}

/// The whole comparison.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Counts by topic and crate.
    pub(crate) tallies: BTreeMap<(Topic, String), Tally>,
    /// Births by crate.
    pub(crate) followed: BTreeMap<String, Followed>,
    /// How many sites have this outcome (`none` without a verdict) and this fate.
    pub(crate) confusion: BTreeMap<(String, &'static str), u32>,
    /// Verdicts that agree with, and that contradict, a fate.
    pub(crate) verdicts: (u32, u32),
    /// Everything worth reading, sorted.
    pub(crate) disagreements: Vec<Disagreement>,
}

impl Comparison {
    /// The sum over all crates.
    pub(crate) fn total(&self, topic: Topic) -> Tally {
        let mut sum = Tally::default();
        self.tallies
            .iter()
            .filter(|((own, _), _)| *own == topic)
            .for_each(|(_, tally)| sum.add(*tally));
        sum
    }

    /// The counts of one crate.
    pub(crate) fn of(&self, topic: Topic, package: &str) -> Tally {
        self.tallies.get(&(topic, package.to_owned())).copied().unwrap_or_default()
    }

    /// The counts of one crate, to be changed.
    pub(crate) fn tally(&mut self, topic: Topic, package: &str) -> &mut Tally {
        self.tallies.entry((topic, package.to_owned())).or_default()
    }

    /// A site is found, and the claim about it is right.
    pub(crate) fn hit(&mut self, topic: Topic, package: &str) {
        let tally = self.tally(topic, package);
        tally.found += 1;
        tally.right += 1;
    }

    /// A site is missed.
    pub(crate) fn miss(&mut self, topic: Topic, site: &Label) {
        self.tally(topic, &site.package).missed += 1;
        self.disagree(topic, "missed", &describe(site));
    }

    /// A claim is false: `site` is what it is about, if that is anything.
    pub(crate) fn wrong(&mut self, topic: Topic, claim: &Claim, site: Option<&Label>) {
        self.tally(topic, &claim.package).wrong += 1;
        let truth = site.map_or_else(|| "no such call".to_owned(), fate);
        self.disagree(topic, "false", &format!("{claim} {} [{truth}]", claim.what));
    }

    fn disagree(&mut self, topic: Topic, kind: &str, text: &str) {
        let kind = format!("{}: {kind}", topic.name());
        self.disagreements.push(Disagreement { kind, text: text.to_owned() });
    }
}

/// The truth about a site in words.
pub(crate) fn fate(site: &Label) -> String {
    let hand = site.hand_label.as_ref().map(|hand| format!(", read: {hand}")).unwrap_or_default();
    format!("{}{hand}; {}", site.fate, site.spelling)
}

fn describe(site: &Label) -> String {
    let Label { package, file, line, col, api, target_kind, .. } = site;
    let in_macro = if site.in_macro { "; in a macro" } else { "" };
    format!("{package}/{file}:{line}:{col} {api} [{}; {target_kind}{in_macro}]", fate(site))
}
