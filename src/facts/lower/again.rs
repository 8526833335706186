//! Reads some functions of a file whose other functions are known.
//!
//! What verdicts depend on is looked for in rounds, and a round mostly asks for a few more bodies of a
//! file. Parsing and lowering it as a whole again costs several times what those bodies do.

use syn::Item as SynItem;

use super::super::condense::Condensed;
use super::super::tree::{ItemId, ItemKind};
use super::super::{FileFacts, guard};
use super::{Lowering, order, parsed};
use crate::text::TextRange;

/// What a file is with more needles than it was read with.
pub enum Again {
    /// What it was: they all lie in what is known, or where they change nothing.
    Same,
    /// Some more functions are known.
    More(Box<FileFacts>),
    /// The whole file has to be read to tell.
    Whole,
}

/// Reads the functions of a text that new needles lie in.
///
/// `known` are its facts with fewer needles, and `needles` are all of them, sorted.
pub fn again(text: &str, known: &FileFacts, needles: &[u32]) -> Again {
    let Some(wanted) = functions_with_new(text, known, needles) else { return Again::Whole };
    if wanted.is_empty() {
        return Again::Same;
    }
    let code = only(text, known, &wanted, needles);
    if guard::refuse(&code.text).is_some() {
        return Again::Whole;
    }
    let read = parsed(&code, |file| {
        let mut lowering = Lowering::new(needles);
        for item in &file.items {
            if matches!(item, SynItem::Fn(_)) {
                lowering.item(item);
            }
        }
        order::outer_first(lowering.facts, &lowering.nested)
    });
    let facts = read.ok().and_then(|read| graft(known.clone(), read, &wanted));
    facts.map_or(Again::Whole, |facts| Again::More(Box::new(facts)))
}

/// Indexes of the functions outside bodies that hold a needle which is not known, in order.
fn functions_with_new(text: &str, known: &FileFacts, needles: &[u32]) -> Option<Vec<usize>> {
    let outside = known.nested.values().min().copied().unwrap_or(known.items.len());
    let mut functions: Vec<usize> = (0..outside)
        .filter(|&index| matches!(known.items[index].kind, ItemKind::Function(_)))
        .collect();
    functions.sort_by_key(|&index| known.items[index].keyword);
    let has_body = |index: usize| match &known.items[index].kind {
        ItemKind::Function(function) => function.body.is_some(),
        _ => false,
    };
    let mut wanted = Vec::new();
    for &needle in needles {
        if known.needles.binary_search(&needle).is_ok() {
            continue;
        }
        let before = functions.partition_point(|&index| known.items[index].keyword <= needle);
        let around = before.checked_sub(1).map(|at| functions[at]);
        let holds = |range: &TextRange| range.start <= needle && needle < range.end;
        match around.filter(|&index| holds(&known.items[index].range)) {
            // What is in a body that is known is known, but for what was left out of it.
            Some(index) if has_body(index) && !known.probed_inside.iter().any(holds) => {}
            Some(index) => wanted.push(index),
            // A constant, or a macro.
            None if known.probed.iter().any(holds) => return None,
            None => {}
        }
    }
    wanted.dedup();
    let can_have = |&index: &usize| text[..known.items[index].range.end as usize].ends_with('}');
    wanted.retain(can_have);
    // Items in a body that is known would have to go first.
    let is_around = |keyword: u32| {
        let mut ranges = wanted.iter().map(|&index| known.items[index].range);
        ranges.any(|range| range.start < keyword && keyword < range.end)
    };
    (!known.nested.keys().any(|&keyword| is_around(keyword))).then_some(wanted)
}

/// What is left of some functions of a text.
fn only(text: &str, known: &FileFacts, functions: &[usize], needles: &[u32]) -> Condensed {
    let mut code = Condensed::default();
    for &index in functions {
        let (start, end) =
            (known.items[index].keyword as usize, known.items[index].range.end as usize);
        code.add(&text[start..end], start, needles);
    }
    code
}

/// Puts functions that were read into the facts of their file.
fn graft(mut facts: FileFacts, read: FileFacts, wanted: &[usize]) -> Option<FileFacts> {
    let outside = read.items.len() - read.nested.len();
    if outside != wanted.len() {
        return None;
    }
    let number = |index: usize| ItemId(u32::try_from(index).unwrap_or(u32::MAX));
    facts.sightings.retain(|(owner, _)| !wanted.iter().any(|&index| number(index) == *owner));
    let mut nested = read.nested.into_iter().collect::<Vec<_>>();
    nested.sort_by_key(|&(_, index)| index);
    for (index, item) in read.items.into_iter().enumerate() {
        match wanted.get(index) {
            Some(&place) => {
                let old = &mut facts.items[place];
                match (&mut old.kind, item.kind) {
                    (ItemKind::Function(old_function), ItemKind::Function(function))
                        if old.keyword == item.keyword =>
                    {
                        old_function.body = function.body;
                    }
                    _ => return None,
                }
            }
            None => {
                facts.nested.insert(nested[index - outside].0, facts.items.len());
                facts.items.push(item);
            }
        }
    }
    facts.sightings.extend(read.sightings.into_iter().map(|(owner, sighting)| {
        let outer = wanted.get(owner.0 as usize).filter(|_| owner.0 & ItemId::NESTED == 0);
        (outer.map_or(owner, |&index| number(index)), sighting)
    }));
    facts.macro_names.extend(read.macro_names);
    facts.probed_inside.extend(read.probed_inside);
    Some(facts)
}
