//! Gives items inside bodies and macros numbers that depend on where they stand.
//!
//! Which bodies are lowered depends on what is looked for. All items keep their numbers whatever
//! that is, so that other files can be analysed once although this one is lowered again.

use std::sync::Arc;

use super::super::FileFacts;
use super::super::tree::{Body, Item, ItemId, ItemKind};

/// The same facts, with the items that are `nested` in bodies and macros last.
pub(super) fn outer_first(mut facts: FileFacts, nested: &[bool]) -> FileFacts {
    if !nested.contains(&true) {
        return facts;
    }
    let inner = |index: &usize| nested.get(*index).copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..facts.items.len()).collect();
    order.sort_by_key(inner);
    let mut renamed = vec![ItemId(0); order.len()];
    for (new, &old) in order.iter().enumerate() {
        renamed[old] = if inner(&old) {
            let keyword = facts.items[old].keyword;
            facts.nested.insert(keyword, new);
            ItemId(keyword | ItemId::NESTED)
        } else {
            ItemId(u32::try_from(new).unwrap_or(u32::MAX))
        };
    }
    let mut items: Vec<Option<Item>> = facts.items.drain(..).map(Some).collect();
    facts.items = order.iter().filter_map(|&old| items[old].take()).collect();
    facts.items.iter_mut().for_each(|item| rename_in(item, &renamed));
    rename(&mut facts.root, &renamed);
    facts.sightings.iter_mut().for_each(|(owner, _)| *owner = renamed[owner.0 as usize]);
    facts
}

fn rename(ids: &mut [ItemId], renamed: &[ItemId]) {
    ids.iter_mut().for_each(|id| *id = renamed[id.0 as usize]);
}

fn rename_in(item: &mut Item, renamed: &[ItemId]) {
    let in_body = |body: &mut Option<Arc<Body>>| {
        // Nobody else has it yet.
        let body = body.as_mut().and_then(Arc::get_mut);
        let blocks = body.into_iter().flat_map(|body| &mut body.blocks);
        blocks.for_each(|block| rename(&mut block.items, renamed));
    };
    match &mut item.kind {
        ItemKind::Module(module) => {
            module.items.iter_mut().for_each(|items| rename(items, renamed));
        }
        ItemKind::Function(function) => in_body(&mut function.body),
        ItemKind::Value(value) => in_body(&mut value.body),
        ItemKind::Trait(functions, constants) => {
            rename(functions, renamed);
            rename(constants, renamed);
        }
        ItemKind::Impl(it) => {
            rename(&mut it.functions, renamed);
            rename(&mut it.constants, renamed);
        }
        ItemKind::Use(_)
        | ItemKind::ExternCrate(_)
        | ItemKind::Struct(_)
        | ItemKind::Enum(_)
        | ItemKind::Alias(_)
        | ItemKind::MacroRules { .. } => {}
    }
}
