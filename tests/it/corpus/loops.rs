//! Loops in what threads run, as a person read them before the rule existed.

use serde::Deserialize;

use super::figures::{Better, Figure, rate};
use super::tally::Results;
use crate::support;

#[derive(Deserialize)]
struct Read {
    #[serde(rename = "crate")]
    source: String,
    file: String,
    line: u32,
    label: String,
}

/// The figures of the loops that stand in the corpus, and every loop that was judged wrongly.
pub(crate) fn figures(results: &Results) -> (Vec<Figure>, Vec<String>) {
    let text = support::read("fixtures/readings/loops.json");
    let all: Vec<Read> = serde_json::from_str(&text).unwrap();
    let (mut found, mut endless, mut wrong) = (0, 0, 0);
    let mut complaints = Vec::new();
    for it in &all {
        let Some(Ok(printed)) = results.get(&it.source) else { continue };
        let reported = printed.findings.iter().any(|finding| {
            finding.rule == "missing-shutdown-check"
                && finding.file == it.file
                && finding.line == it.line
        });
        let is_endless = it.label == "endless";
        endless += u32::from(is_endless);
        found += u32::from(is_endless && reported);
        wrong += u32::from(!is_endless && reported);
        if is_endless != reported {
            complaints.push(format!("loop {} {}:{}: {}", it.source, it.file, it.line, it.label));
        }
    }
    let figures = vec![
        rate("endless-loop-recall", Better::More, found, endless),
        rate("endless-loop-precision", Better::More, found, found + wrong),
    ];
    (figures, complaints)
}
