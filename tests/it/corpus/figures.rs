//! The figures that may only get better, each with the direction that is better.

use super::tally::{Comparison, Results, Topic};
use super::truth::Loss;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    /// More is better: a floor.
    More,
    /// Less is better: a ceiling.
    Less,
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// Key in the ratchet.
    pub(crate) name: String,
    /// The value, rounded to four digits against itself: a floor down, a ceiling up.
    pub(crate) value: f64,
    /// Which way is better.
    pub(crate) better: Better,
    /// Numerator and denominator, for people.
    pub(crate) counts: (u32, u32),
}

/// All figures of a comparison.
pub(crate) fn figures(results: &Results, comparison: &Comparison) -> Vec<Figure> {
    let ran = results.values().filter(|result| result.is_ok()).count();
    let mut figures = vec![rate("crates-analysed", Better::More, count(ran), count(results.len()))];
    for topic in Topic::ALL {
        let tally = comparison.total(topic);
        let recall = format!("{}-recall", topic.name());
        figures.push(rate(&recall, Better::More, tally.found, tally.found + tally.missed));
        let precision = format!("{}-precision", topic.name());
        figures.push(rate(&precision, Better::More, tally.right, tally.right + tally.wrong));
    }
    let (agree, contradict) = comparison.verdicts;
    figures.push(rate("verdict-agreement", Better::More, agree, agree + contradict));
    let sum =
        |field: fn(&super::tally::Followed) -> u32| comparison.followed.values().map(field).sum();
    let (main, all): (u32, u32) = (sum(|own| own.main), sum(|own| own.all));
    figures.push(rate("unknown-in-main", Better::Less, sum(|own| own.main_unknown), main));
    figures.push(rate("unknown-in-all", Better::Less, sum(|own| own.all_unknown), all));
    figures.push(rate("without-path", Better::Less, sum(|own| own.unproved), all));
    figures
}

/// What is found of the handles that escape when nobody outside of a crate uses it.
pub(crate) fn closed(comparison: &Comparison) -> Vec<Figure> {
    let tally = comparison.total(Topic::Lost(Loss::Elsewhere));
    let rate = |name: &str, part, whole| {
        rate(&format!("lost-elsewhere-inside-{name}"), Better::More, part, whole)
    };
    vec![
        rate("recall", tally.found, tally.found + tally.missed),
        rate("precision", tally.right, tally.right + tally.wrong),
    ]
}

/// A rate; of nothing it is the worst there is, so that a tool which says nothing earns nothing.
pub(crate) fn rate(name: &str, better: Better, part: u32, whole: u32) -> Figure {
    let exact = f64::from(part) / f64::from(whole) * 10_000.0;
    let value = match better {
        _ if whole == 0 => f64::from(u8::from(better == Better::Less)),
        // The tiny shift keeps 0.9953 from becoming 0.9952 in binary.
        Better::More => (exact + 1e-6).floor() / 10_000.0,
        Better::Less => (exact - 1e-6).max(0.0).ceil() / 10_000.0,
    };
    Figure { name: name.to_owned(), value, better, counts: (part, whole) }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap()
}

#[test]
fn rates_round_against_themselves() {
    let value = |better, part, whole| rate("x", better, part, whole).value.to_string();
    assert_eq!(value(Better::More, 2, 3), "0.6666");
    assert_eq!(value(Better::Less, 1, 3), "0.3334");
    assert_eq!(value(Better::More, 0, 0), "0");
    assert_eq!(value(Better::Less, 0, 0), "1");
    assert_eq!(value(Better::More, 9953, 10_000), "0.9953");
}
