//! Judges what the tool printed by the truth, crate by crate and topic by topic.
//!
//! Recall belongs to the kind of loss that the compiler saw, precision to the rule that claims one:
//! the two are counted apart, since a rule may find a loss of another kind.

use super::sites::{Claim, lines_of, matching};
use super::tally::{Comparison, Disagreement, Followed, Results, Topic, fate};
use super::truth::{Judgement, Label, Loss, Truth};
use crate::tool::Birth;

/// Compares everything.
pub(crate) fn compare(truth: &Truth, results: &Results) -> Comparison {
    let mut comparison = Comparison::default();
    let raw: Vec<&Label> = truth.labels.iter().filter(|label| label.is_raw()).collect();
    let spawns = finding_claims(results, |rule| rule == "raw-thread-spawn");
    count_raw(&mut comparison, truth, &raw, &spawns, [Topic::Raw, Topic::RawInMacro]);
    let births = birth_claims(results, |birth| raw.iter().any(|label| label.api == birth.api));
    count_raw(&mut comparison, truth, &raw, &births, [Topic::Births, Topic::Births]);
    count_losses(&mut comparison, truth, results);
    count_verdicts(&mut comparison, &raw, &births);
    count_followed(&mut comparison, results);
    comparison.disagreements.sort();
    comparison
}

/// The kind of loss that a rule claims, if it claims one.
fn claimed_loss(rule: &str) -> Option<Loss> {
    match rule {
        "detached-thread" | "unjoined-test-thread" => Some(Loss::AtBirth),
        "unjoined-handle" | "unjoined-collection" => Some(Loss::Bound),
        "unjoined-field" => Some(Loss::Elsewhere),
        _ => None,
    }
}

fn finding_claims(results: &Results, wanted: impl Fn(&str) -> bool) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (package, printed) in results {
        let findings = printed.iter().flat_map(|printed| &printed.findings);
        claims.extend(findings.filter(|finding| wanted(&finding.rule)).map(|finding| Claim {
            package: package.clone(),
            file: finding.file.clone(),
            line: finding.line,
            column: finding.column,
            what: finding.rule.clone(),
        }));
    }
    claims
}

fn birth_claims(results: &Results, wanted: impl Fn(&Birth) -> bool) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (package, printed) in results {
        let births = printed.iter().flat_map(|printed| &printed.births);
        claims.extend(births.filter(|birth| wanted(birth)).map(|birth| Claim {
            package: package.clone(),
            file: birth.file.clone(),
            line: birth.line,
            column: birth.column,
            what: birth.outcome.clone(),
        }));
    }
    claims
}

/// `topics`: for ordinary sites, and for sites in macro bodies.
fn count_raw(
    into: &mut Comparison,
    truth: &Truth,
    raw: &[&Label],
    claims: &[Claim],
    topics: [Topic; 2],
) {
    let found = matching(claims, raw, false);
    let topic = |site: &Label| topics[usize::from(site.in_macro)];
    for (_, site) in found.pairs {
        into.hit(topic(raw[site]), &raw[site].package);
    }
    for site in found.silent_sites {
        into.miss(topic(raw[site]), raw[site]);
    }
    for claim in found.stray_claims.into_iter().map(|claim| &claims[claim]) {
        if truth.compiled(&claim.package, &claim.file, claim.line) {
            into.wrong(topics[0], claim, None);
        }
    }
}

fn count_losses(into: &mut Comparison, truth: &Truth, results: &Results) {
    let sites: Vec<&Label> = truth.labels.iter().filter(|label| label.is_thread()).collect();
    let claims = finding_claims(results, |rule| claimed_loss(rule).is_some());
    let found = matching(&claims, &sites, true);
    let claimed = |claim: &Claim| Topic::Lost(claimed_loss(&claim.what).unwrap_or(Loss::AtBirth));
    for (claim, site) in found.pairs {
        let (claim, site) = (&claims[claim], sites[site]);
        let by_rule = if site.in_macro { Topic::LostInMacro } else { claimed(claim) };
        match site.judgement() {
            Judgement::Lost(loss) => {
                let by_site = if site.in_macro { Topic::LostInMacro } else { Topic::Lost(loss) };
                into.tally(by_site, &site.package).found += 1;
                into.tally(by_rule, &site.package).right += 1;
            }
            Judgement::Kept => into.wrong(by_rule, claim, Some(site)),
            Judgement::Open => {}
        }
    }
    for site in found.silent_sites.into_iter().map(|site| sites[site]) {
        let Judgement::Lost(loss) = site.judgement() else {
            continue;
        };
        let topic = if site.in_macro { Topic::LostInMacro } else { Topic::Lost(loss) };
        if blamed_at_caller(site, &truth.labels, &claims) {
            into.tally(topic, &site.package).found += 1;
        } else {
            into.miss(topic, site);
        }
    }
    for claim in found.stray_claims.into_iter().map(|claim| &claims[claim]) {
        if truth.compiled(&claim.package, &claim.file, claim.line) {
            into.wrong(claimed(claim), claim, None);
        }
    }
}

/// A handle that is returned is lost where the caller drops it, so a claim there finds it.
fn blamed_at_caller(site: &Label, labels: &[Label], claims: &[Claim]) -> bool {
    if site.fate != "escapes-returned" {
        return false;
    }
    let callers = labels.iter().filter(|label| {
        label.package == site.package && label.wrapper() == Some(site.function_name())
    });
    let lines: Vec<(u8, String, u32)> = callers.flat_map(|caller| lines_of(caller, true)).collect();
    let blames = |claim: &Claim| {
        lines.iter().any(|(_, file, line)| *file == claim.file && *line == claim.line)
    };
    claims.iter().any(|claim| claim.package == site.package && blames(claim))
}

fn count_verdicts(into: &mut Comparison, raw: &[&Label], births: &[Claim]) {
    let found = matching(births, raw, false);
    for (birth, site) in found.pairs {
        let (birth, site) = (&births[birth], raw[site]);
        if site.in_macro {
            continue;
        }
        *into.confusion.entry((birth.what.clone(), site.column())).or_default() += 1;
        if contradicts(&birth.what, site.column()) {
            into.verdicts.1 += 1;
            let text = format!("{birth} {} [{}]", birth.what, fate(site));
            into.disagreements.push(Disagreement { kind: "verdict: contradicts".to_owned(), text });
        } else if birth.what != "unknown" {
            into.verdicts.0 += 1;
        }
    }
    for site in found.silent_sites.into_iter().map(|site| raw[site]).filter(|site| !site.in_macro) {
        *into.confusion.entry(("none".to_owned(), site.column())).or_default() += 1;
    }
}

/// Whether a verdict and a fate cannot both be true. An unknown end contradicts nothing.
fn contradicts(outcome: &str, column: &str) -> bool {
    match outcome {
        "joined" | "owned" => {
            matches!(column, "detached" | "partly" | "left:never" | "left:partly")
        }
        "stored-and-joined" => matches!(column, "detached" | "left:never"),
        "handed-out" => matches!(column, "joined" | "detached" | "partly"),
        // What a reader found joined somewhere may be lost on another path.
        "partly" => matches!(column, "joined" | "detached" | "left:never"),
        "detached" => matches!(column, "joined" | "partly" | "left:joined" | "left:partly"),
        _ => false,
    }
}

fn count_followed(into: &mut Comparison, results: &Results) {
    for (package, printed) in results {
        let mut sum = Followed::default();
        for birth in printed.iter().flat_map(|printed| &printed.births) {
            let unknown = u32::from(birth.outcome == "unknown");
            let main = u32::from(birth.code == "main");
            sum.all += 1;
            sum.all_unknown += unknown;
            sum.main += main;
            sum.main_unknown += main * unknown;
            sum.unproved += u32::from(unknown == 0 && birth.steps.is_empty());
        }
        into.followed.insert(package.clone(), sum);
    }
}
