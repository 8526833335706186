//! Who calls and names what, of all lowered bodies.
//!
//! A body is put in when it is lowered and taken out when it is lowered anew, so that a round of reading costs what it
//! changes. Everything is kept in the order of the bodies.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::{FunctionKey, Lowered, Site};
use crate::facts::tree::Name;
use crate::flow::named::Given;
use crate::source::FileId;

/// Bodies, calls and names, by what they are asked for by.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Bodies by the function that they are of.
    pub(super) by_item: FxHashMap<FunctionKey, Vec<u32>>,
    /// Bodies by file.
    pub(super) in_file: FxHashMap<FileId, Vec<u32>>,
    /// Bodies in which something is born.
    pub(super) births: Vec<u32>,
    /// Calls of functions.
    pub(super) calls: FxHashMap<FunctionKey, Vec<Site>>,
    /// Functions that are handed on as values.
    pub(super) values: FxHashMap<FunctionKey, Vec<Site>>,
    /// Calls of something by a name that could not be resolved.
    pub(super) loose: FxHashMap<Name, Vec<(Given, Site)>>,
    /// Bodies with a macro that mentions a name and that nobody expanded.
    pub(super) opaque: FxHashMap<Name, Vec<u32>>,
    /// Fields: the body, and the position among what it names.
    pub(super) fields: FxHashMap<Name, Vec<(u32, u32)>>,
    /// Bodies that name or set a field of a type.
    pub(super) owners: FxHashMap<FunctionKey, Vec<u32>>,
    /// Statics: the body, and the position among what it names.
    pub(super) statics: FxHashMap<FunctionKey, Vec<(u32, u32)>>,
    /// Bodies that take something out of a channel.
    pub(super) receipts: Vec<u32>,
    /// Calls of methods named `join`.
    pub(super) joins: Vec<Site>,
}

impl Index {
    /// Puts a body in.
    pub(super) fn add(&mut self, body: u32, lowered: &Lowered) {
        let (item, named) = (lowered.function.item, &lowered.named);
        insert(self.by_item.entry((item.file, item.item)).or_default(), body);
        insert(self.in_file.entry(item.file).or_default(), body);
        if !lowered.flows.births.is_empty() {
            insert(&mut self.births, body);
        }
        for name in &named.opaque {
            insert(self.opaque.entry(name.clone()).or_default(), body);
        }
        for (function, at) in &named.values {
            insert(self.values.entry(*function).or_default(), at.site(body));
        }
        for (function, at) in &named.calls {
            insert(self.calls.entry(*function).or_default(), at.site(body));
        }
        for (name, given, at) in &named.loose {
            insert(self.loose.entry(name.clone()).or_default(), (*given, at.site(body)));
        }
        for (position, (name, ..)) in (0..).zip(&named.fields) {
            insert(self.fields.entry(name.clone()).or_default(), (body, position));
        }
        for owner in &named.owners {
            insert(self.owners.entry(*owner).or_default(), body);
        }
        for (position, (item, ..)) in (0..).zip(&named.statics) {
            insert(self.statics.entry(*item).or_default(), (body, position));
        }
        if !named.receipts.is_empty() {
            insert(&mut self.receipts, body);
        }
        for at in &named.joins {
            insert(&mut self.joins, at.site(body));
        }
    }

    /// Takes a body out.
    pub(super) fn remove(&mut self, body: u32, lowered: &Lowered) {
        let (item, named) = (lowered.function.item, &lowered.named);
        remove_at(&mut self.by_item, &(item.file, item.item), body);
        remove_at(&mut self.in_file, &item.file, body);
        remove(&mut self.births, body);
        named.opaque.iter().for_each(|name| remove_at(&mut self.opaque, name, body));
        named.values.iter().for_each(|(it, _)| remove_at(&mut self.values, it, body));
        named.calls.iter().for_each(|(it, _)| remove_at(&mut self.calls, it, body));
        named.loose.iter().for_each(|(name, ..)| remove_at(&mut self.loose, name, body));
        named.fields.iter().for_each(|(name, ..)| remove_at(&mut self.fields, name, body));
        named.owners.iter().for_each(|it| remove_at(&mut self.owners, it, body));
        named.statics.iter().for_each(|(it, ..)| remove_at(&mut self.statics, it, body));
        remove(&mut self.receipts, body);
        remove(&mut self.joins, body);
    }
}

/// Something in a body.
trait InBody {
    /// The body.
    fn body(&self) -> u32;
}

impl InBody for u32 {
    fn body(&self) -> u32 {
        *self
    }
}

impl InBody for (u32, u32) {
    fn body(&self) -> u32 {
        self.0
    }
}

impl InBody for Site {
    fn body(&self) -> u32 {
        self.body
    }
}

impl InBody for (Given, Site) {
    fn body(&self) -> u32 {
        self.1.body
    }
}

/// Puts something behind all that is in its body and those before.
fn insert<T: InBody>(all: &mut Vec<T>, it: T) {
    let at = match all.last() {
        Some(last) if last.body() > it.body() => {
            all.partition_point(|other| other.body() <= it.body())
        }
        _ => all.len(),
    };
    all.insert(at, it);
}

/// Takes out all that is in a body.
fn remove<T: InBody>(all: &mut Vec<T>, body: u32) {
    let start = all.partition_point(|it| it.body() < body);
    let end = start + all[start..].partition_point(|it| it.body() == body);
    all.drain(start..end);
}

fn remove_at<K: Hash + Eq, T: InBody>(map: &mut FxHashMap<K, Vec<T>>, key: &K, body: u32) {
    if let Some(all) = map.get_mut(key) {
        remove(all, body);
    }
}
