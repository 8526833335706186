//! A file that is read a second time, for more of its bodies, says what it would have said at once.

use std::collections::BTreeMap;

use thread_lint::facts::condense::Condensed;
use thread_lint::facts::tree::ItemId;
use thread_lint::facts::{Again, FileFacts, again, lower};

use crate::support;

/// Some names of a text: those for which `pick` holds, by their number.
fn needles(text: &str, pick: impl Fn(usize) -> bool) -> Vec<u32> {
    let is_ident = |letter: char| letter.is_alphanumeric() || letter == '_';
    let starts = text.char_indices().scan(false, |inside, (at, letter)| {
        let starts = is_ident(letter) && !*inside;
        *inside = is_ident(letter);
        Some((at, starts))
    });
    let starts = starts.filter(|&(_, starts)| starts).enumerate();
    let picked = starts.filter(|&(number, _)| pick(number));
    picked.map(|(_, (at, _))| u32::try_from(at).unwrap()).collect()
}

fn read(text: &str, needles: &[u32]) -> Option<FileFacts> {
    let mut facts = lower(&Condensed::of(text, needles), needles).ok()?;
    facts.needles = needles.to_vec();
    Some(facts)
}

/// Everything that facts say, in an order that depends on nothing but the text.
fn said(facts: &FileFacts) -> String {
    let outside = facts.items.len() - facts.nested.len();
    let nested: BTreeMap<u32, _> =
        facts.nested.iter().map(|(&keyword, &index)| (keyword, &facts.items[index])).collect();
    let mut sightings: Vec<String> = facts.sightings.iter().map(|it| format!("{it:?}")).collect();
    sightings.sort();
    let outer: Vec<_> = facts.items[..outside].iter().collect();
    format!(
        "{:?}\n{outer:?}\n{nested:?}\n{:?}\n{sightings:?}\n{:?}",
        facts.cfg, facts.root, facts.macro_names
    )
}

#[test]
fn reading_again_says_what_reading_at_once_does() {
    let (mut grafted, mut nested, mut wrong) = (0, 0, Vec::new());
    let places = ["src", "tests", "crates", "fixtures/pairs"];
    // All of them would take longer than the rest of the tests.
    let all = places.iter().flat_map(|place| support::files_below(place, "rs"));
    let some = all.step_by(if support::is_slow_run() { 1 } else { 80 });
    for path in some {
        let text = std::fs::read_to_string(support::root().join(&path)).unwrap();
        for (few, more) in [(97, 31), (40, 7), (5000, 11), (13, 3)] {
            let first = needles(&text, |number| number % few == few / 2);
            let all = needles(&text, |number| number % few == few / 2 || number % more == 1);
            let (Some(known), Some(at_once)) = (read(&text, &first), read(&text, &all)) else {
                continue;
            };
            let facts = match again(&text, &known, &all) {
                Again::Same => known.clone(),
                Again::More(facts) => *facts,
                Again::Whole => continue,
            };
            grafted += 1;
            nested += usize::from(facts.nested.len() > known.nested.len());
            // Those written in macros are there as soon as something in the macro is looked for.
            let outside = |id: &&ItemId| id.0 & ItemId::NESTED == 0;
            assert!(facts.root.iter().filter(outside).eq(at_once.root.iter().filter(outside)));
            if said(&facts) != said(&at_once) {
                wrong.push(format!("{path}: of {few}, then of {more}"));
            }
        }
    }
    support::assert_none("files that say something else when they are read again", &wrong);
    let nested_enough = nested > 5 || !support::is_slow_run();
    assert!(grafted > 20 && nested_enough, "{grafted} were read again, {nested} with inner items");
}
