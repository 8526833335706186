//! Methods of collections.

use super::machine::{Result, Run, Stop, unknown};
use super::value::{Kind, Place, Step, Value};
use crate::facts::tree::Size;
use crate::model::Ty;

/// Methods that change the elements of a part, in the collection that it is of.
const REORDERS: &[&str] = &[
    "reverse",
    "swap",
    "fill",
    "fill_with",
    "rotate_left",
    "rotate_right",
    "copy_within",
    "swap_with_slice",
];

/// Positions that something unknown is tried to be.
const MAX_TRIED: usize = 4;

/// Methods of all collections that are followed.
pub(super) const METHODS: &[&str] = &[
    "push",
    "push_back",
    "push_front",
    "pop",
    "pop_back",
    "pop_front",
    "insert",
    "remove",
    "swap_remove",
    "drain",
    "truncate",
    "clear",
    "len",
    "is_empty",
    "iter",
    "iter_mut",
    "into_iter",
    "first",
    "last",
    "first_mut",
    "last_mut",
    "front",
    "back",
    "front_mut",
    "back_mut",
    "get",
    "get_mut",
    "extend",
    "append",
    "retain",
    "retain_mut",
    "split_off",
    "swap",
    "reverse",
    "contains",
    "contains_key",
    "entry",
    "values",
    "values_mut",
    "into_values",
    "keys",
    "into_keys",
    "chunks",
    "windows",
    "to_vec",
    "as_slice",
    "as_mut_slice",
    "split_first",
    "split_last",
    "sort",
    "sort_by_key",
    "sort_unstable",
    "sort_by",
    "capacity",
    "reserve",
    "concat",
    "clone",
    "take",
    "pop_first",
    "pop_last",
    "remove_entry",
    "shrink_to_fit",
    "resize_with",
    "eq",
    "ne",
    "replace",
    "map",
    "into_boxed_slice",
    "into_vec",
    "as_ref",
    "as_mut",
    "split_at",
    "split_at_mut",
    "chunks_exact",
    "chunks_mut",
    "chunks_exact_mut",
    "starts_with",
    "ends_with",
    "partition_point",
    "dedup_by",
    "split",
    "get_key_value",
    "copy_from_slice",
    "clone_from_slice",
    "sort_by_cached_key",
    "rotate_left",
    "rotate_right",
    "extend_from_slice",
    "dedup_by_key",
    "dedup",
    "fill",
    "sort_unstable_by_key",
    "sort_unstable_by",
    "binary_search",
    "is_sorted",
    "join",
    "into_sorted_vec",
    "first_entry",
    "last_entry",
    "fill_with",
    "first_key_value",
    "last_key_value",
    "peek",
    "splice",
    "resize",
    "pop_if",
    "range",
    "union",
    "intersection",
    "difference",
    "symmetric_difference",
    "is_subset",
    "is_superset",
    "is_disjoint",
    "make_contiguous",
    "try_into",
    "each_mut",
    "into",
    "rchunks",
    "rchunks_mut",
    "rchunks_exact",
    "rchunks_exact_mut",
    "chunk_by",
    "chunk_by_mut",
    "rsplit",
    "split_mut",
    "splitn",
    "rsplitn",
    "split_inclusive",
    "strip_prefix",
    "strip_suffix",
    "binary_search_by",
    "binary_search_by_key",
    "is_sorted_by",
    "is_sorted_by_key",
    "repeat",
    "as_flattened",
    "as_flattened_mut",
    "into_flattened",
    "copy_within",
    "swap_with_slice",
    "extend_from_within",
    "split_at_checked",
    "split_at_mut_checked",
    "swap_remove_front",
    "swap_remove_back",
    "pop_front_if",
    "pop_back_if",
    "range_mut",
    "reserve_exact",
    "shrink_to",
    "trim_ascii",
    "trim_ascii_start",
    "trim_ascii_end",
    "eq_ignore_ascii_case",
    "to_ascii_uppercase",
    "to_ascii_lowercase",
    "is_ascii",
    "split_first_mut",
    "split_last_mut",
    "clone_from",
    "to_owned",
    "is_sorted",
    "array_windows",
    "each_ref",
];

impl Run<'_> {
    pub(super) fn list(&mut self, place: &Place) -> Result<&mut Vec<Value>> {
        match self.get_mut(place)? {
            Value::Many(_, items) => Ok(items),
            _ => unknown("no collection"),
        }
    }

    pub(super) fn index(&mut self, args: &mut Vec<Value>) -> Result<usize> {
        let index = one(args)?;
        match self.seen(&index) {
            Value::Int(at, _) => usize::try_from(at).map_err(|_| Stop::Panic),
            // Each that there can be is tried.
            Value::Sym(_) => {
                for at in 0..MAX_TRIED {
                    if self.equal(&index, &Value::int(at))? {
                        return Ok(at);
                    }
                }
                self.unknown.capped = true;
                Ok(usize::MAX)
            }
            _ => unknown("a position that is not known"),
        }
    }

    /// Methods that maps and sets have in another way.
    pub(super) fn map_method(
        &mut self,
        place: &Place,
        kind: Kind,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Option<Value>> {
        let len = self.list(place)?.len();
        Ok(match (kind, name) {
            (
                Kind::Map(_) | Kind::Set(_),
                "insert" | "remove" | "get" | "get_mut" | "contains_key" | "contains" | "entry"
                | "take" | "replace" | "remove_entry" | "get_key_value",
            ) => Some(self.keyed(place, kind, name, args)?),
            (Kind::Map(_), "iter" | "iter_mut") => Some(self.borrowed(place)?),
            (Kind::Map(_), "into_values" | "into_keys") => {
                let value = self.take(place)?;
                let Value::Many(_, items) = value else { return unknown("no map") };
                let mut kept = Vec::new();
                for item in items {
                    let Value::Tuple(mut parts) = item else { return unknown("no pair") };
                    if parts.len() != 2 {
                        return unknown("no pair");
                    }
                    let part = parts.remove(usize::from(name == "into_values"));
                    self.discard_all(parts, "dropped with its key")?;
                    kept.push(part);
                }
                Some(Value::iter(kept))
            }
            (Kind::Map(_), "values" | "values_mut" | "keys") => {
                let step = if name == "keys" { Step::Field("0".into()) } else { Step::Second };
                let all =
                    (0..len).map(|at| Value::Ref(place.then(Step::At(at)).then(step.clone())));
                Some(Value::iter(all))
            }
            (
                Kind::Map(_),
                "pop_first" | "pop_last" | "first_key_value" | "last_key_value" | "first_entry"
                | "last_entry",
            ) => self.ordered_map(place, len, name)?,
            (
                Kind::Set(_),
                "union"
                | "intersection"
                | "difference"
                | "symmetric_difference"
                | "is_subset"
                | "is_superset"
                | "is_disjoint",
            ) => Some(self.two_sets(place, name, args)?),
            (Kind::Map(_) | Kind::Set(_), "range") => Some(self.key_range(place, kind, args)?),
            (Kind::Heap, "pop") => Some(self.popped_from_heap(place)?),
            (Kind::Heap, "peek") => {
                let top = self.heap_top(place)?;
                Some(Value::option(top.map(|at| Value::Ref(place.then(Step::At(at))))))
            }
            (Kind::Heap, "into_sorted_vec") => {
                let Value::Many(_, items) = self.take(place)? else { return unknown("no heap") };
                let sorted = self.temp(Value::list(items));
                self.sorted(&sorted, "sort", &mut Vec::new())?;
                Some(self.take(&sorted)?)
            }
            _ => None,
        })
    }

    pub(super) fn many_method(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        let (kind, len) = match self.get_mut(place)? {
            Value::Many(kind, items) => {
                if *kind == Kind::Open {
                    *kind = super::slice::used_as(name, args.len());
                }
                (*kind, items.len())
            }
            _ => return unknown("no collection"),
        };
        if kind == Kind::Slice && (REORDERS.contains(&name) || name.starts_with("sort")) {
            return self.slice_reordered(place, name, args, want);
        }
        if let Some(answer) = self.map_method(place, kind, name, args)? {
            return Ok(answer);
        }
        let at = |at: usize| place.then(Step::At(at));
        let found = |index: Option<usize>| Value::option(index.map(|it| Value::Ref(at(it))));
        Ok(match name {
            "len" => Value::int(len),
            // There may be room for more than it has.
            "capacity" => {
                let made = self.unknown.untold_anew();
                let least = i128::try_from(len).unwrap_or(0);
                self.unknown.is_between(&made, Some(least), None);
                made
            }
            "is_empty" => Value::Bool(len == 0),
            "push" | "push_back" => {
                let item = one(args)?;
                self.list(place)?.push(item);
                Value::Unit
            }
            "push_front" => {
                let item = one(args)?;
                self.list(place)?.insert(0, item);
                Value::Unit
            }
            "pop" | "pop_back" | "pop_last" => Value::option(self.list(place)?.pop()),
            "pop_front" | "pop_first" => match len {
                0 => Value::none(),
                _ => Value::some(self.list(place)?.remove(0)),
            },
            "each_ref" | "each_mut" => self.part_of(place, 0..len)?,
            "iter" | "iter_mut" | "as_slice" | "as_mut_slice" | "make_contiguous" => match name {
                "iter" | "iter_mut" => self.borrowed(place)?,
                _ => Value::Ref(place.clone()),
            },
            "as_ref" | "as_mut" => Value::Ref(place.clone()),
            "into_iter" => {
                let value = self.take(place)?;
                self.iterated(value)?
            }
            "first" | "first_mut" | "front" | "front_mut" => found((len > 0).then_some(0)),
            "last" | "last_mut" | "back" | "back_mut" => found(len.checked_sub(1)),
            "get" | "get_mut" => self.element_if(place, len, args)?,
            "contains" => {
                let wanted = one(args)?;
                Value::Bool(self.find_key(place, &wanted)?.is_some())
            }
            _ => return self.many_taken(place, kind, name, args, want),
        })
    }

    /// Methods that take all elements, or none.
    pub(super) fn many_taken(
        &mut self,
        place: &Place,
        kind: Kind,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        let before = self.unknown.taken;
        let len = self.list(place)?.len();
        Ok(match name {
            "clear" => {
                let items = std::mem::take(self.list(place)?);
                self.discard_all(items, "`clear` drops it")?;
                Value::Unit
            }
            "clone" | "to_vec" | "to_owned" if kind == Kind::Slice => {
                let items = self.list(place)?.clone();
                let items: Vec<Value> = items.iter().map(|it| self.seen(it)).collect();
                Value::list(self.copied_all(&items)?)
            }
            "clone" | "to_vec" | "to_owned" => {
                let value = self.get(place)?.clone();
                self.copied(&value)?
            }
            "clone_from" => {
                let other = one(args)?;
                let value = self.seen(&other);
                let made = self.copied(&value)?;
                self.put(place, made)?;
                Value::Unit
            }
            "take" => std::mem::replace(self.get_mut(place)?, Value::Many(kind, Vec::new())),
            "into_boxed_slice" | "into_vec" | "into_sorted_vec" => self.take(place)?,
            "into" | "try_into" => self.turned_into(place, kind, name, want)?,
            "reverse" => {
                self.list(place)?.reverse();
                Value::Unit
            }
            "swap" => {
                let (one, other) = (self.index(args)?, self.index(args)?);
                if one >= len || other >= len {
                    return self.panic(before);
                }
                self.list(place)?.swap(one, other);
                Value::Unit
            }
            "sort"
            | "sort_unstable"
            | "sort_by_key"
            | "sort_unstable_by_key"
            | "sort_by"
            | "sort_unstable_by" => self.sorted(place, name, args)?,
            "sort_by_cached_key" => self.sorted(place, "sort_by_key", args)?,
            "copy_from_slice" | "clone_from_slice" => self.copied_from(place, args)?,
            "reserve" | "reserve_exact" | "shrink_to_fit" | "shrink_to" => Value::Unit,
            "eq" | "ne" => {
                let other = one(args)?;
                let equal = self.equal(&Value::Ref(place.clone()), &other)?;
                Value::Bool(equal == (name == "eq"))
            }
            _ => return self.many_changed(place, kind, name, args),
        })
    }

    /// `into` and `try_into` of a collection.
    fn turned_into(&mut self, place: &Place, kind: Kind, name: &str, want: &Ty) -> Result<Value> {
        Ok(match name {
            "into" => match want.path().map(super::eval::last) {
                Some("Arc" | "Rc") => {
                    let value = self.take(place)?;
                    self.share(value)
                }
                Some("Box") => self.take(place)?,
                // Pairs may become a map.
                None if matches!(kind, Kind::List | Kind::Open)
                    && !self.list(place)?.iter().any(|it| matches!(it, Value::Tuple(_))) =>
                {
                    self.take(place)?
                }
                _ => return unknown("`into` of a type that is not known"),
            },
            _ => {
                let value = self.take(place)?;
                match want.payload() {
                    Ty::Slice(_, Size::Exactly(count)) => return self.as_array(value, count),
                    _ => Value::ok(value),
                }
            }
        })
    }

    /// Elements of another collection in the place of its own.
    fn copied_from(&mut self, place: &Place, args: &mut Vec<Value>) -> Result<Value> {
        let len = self.list(place)?.len();
        let from = one(args)?;
        let Value::Many(_, items) = self.seen(&from) else {
            return unknown("a slice that is not known");
        };
        for (at, item) in items.into_iter().enumerate().take(len) {
            let to = self.resolved(&place.then(Step::At(at)))?;
            self.put(&to, item)?;
        }
        Ok(Value::Unit)
    }

    /// Methods that take out or put in more than one element, or at a position.
    pub(super) fn many_changed(
        &mut self,
        place: &Place,
        kind: Kind,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let before = self.unknown.taken;
        let len = self.list(place)?.len();
        Ok(match name {
            "insert" => {
                let at = self.index(args)?;
                let item = one(args)?;
                if at > len {
                    return self.panic(before);
                }
                self.list(place)?.insert(at, item);
                Value::Unit
            }
            "remove" | "swap_remove" => {
                let is_queue = kind == Kind::Queue;
                let at = self.index(args)?;
                if at >= len {
                    return if is_queue { Ok(Value::none()) } else { self.panic(before) };
                }
                let item = match name {
                    "remove" => self.list(place)?.remove(at),
                    _ => self.list(place)?.swap_remove(at),
                };
                if is_queue { Value::some(item) } else { item }
            }
            "truncate" => {
                let to = self.index(args)?;
                let left = if to < len { self.list(place)?.split_off(to) } else { Vec::new() };
                self.discard_all(left, "`truncate` drops it")?;
                Value::Unit
            }
            "split_off" if matches!(kind, Kind::Map(_) | Kind::Set(_)) => {
                let from = one(args)?;
                let (mut kept, mut split) = (Vec::new(), Vec::new());
                for item in std::mem::take(self.list(place)?) {
                    let key = match &item {
                        Value::Tuple(parts) if kind.is_map() => {
                            parts.first().cloned().unwrap_or(Value::Unit)
                        }
                        other => other.clone(),
                    };
                    let above = self.compare(crate::facts::tree::Comparison::AtLeast, &key, &from);
                    if self.truth(&above)? { split.push(item) } else { kept.push(item) }
                }
                *self.list(place)? = kept;
                Value::Many(kind, split)
            }
            "split_off" => {
                let from = self.index(args)?;
                if from > len {
                    return self.panic(before);
                }
                Value::Many(kind, self.list(place)?.split_off(from))
            }
            "drain" => {
                let range =
                    if args.is_empty() { (0, len) } else { self.bounds(args.remove(0), len)? };
                let items: Vec<Value> = self.list(place)?.drain(range.0..range.1).collect();
                Value::iter(items)
            }
            _ => return self.many_joined(place, kind, name, args),
        })
    }

    /// Methods that take in other collections, or go over all elements.
    pub(super) fn many_joined(
        &mut self,
        place: &Place,
        kind: Kind,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        Ok(match name {
            "extend" | "extend_from_slice" => {
                let more = one(args)?;
                let iter = self.iterated(more)?;
                let items = self.drained(iter)?;
                for item in items {
                    let item = if name == "extend" { item } else { self.copied(&item)? };
                    match kind {
                        Kind::List | Kind::Open | Kind::Queue | Kind::Slice | Kind::Heap => {
                            self.list(place)?.push(item);
                        }
                        _ => {
                            let mut args = match item {
                                Value::Tuple(parts) if kind.is_map() => parts,
                                other => vec![other],
                            };
                            let old = self.keyed(place, kind, "insert", &mut args)?;
                            self.discard(old, "another value came for its key")?;
                        }
                    }
                }
                Value::Unit
            }
            "append" => {
                let other = one(args)?;
                let Value::Ref(other) = other else { return unknown("`append`") };
                let other = self.listed(&other)?;
                let items = std::mem::take(self.list(&other)?);
                return self.many_joined(place, kind, "extend", &mut vec![Value::iter(items)]);
            }
            "retain" | "retain_mut" => self.retained(place, kind, args)?,
            "map" => {
                let code = one(args)?;
                let slot = self.slot(code);
                let items = std::mem::take(self.list(place)?);
                let mut made = Vec::new();
                for item in items {
                    made.push(self.call_value(Value::Ref(Place::slot(slot)), vec![item])?);
                }
                let code = std::mem::replace(&mut self.slots[slot], Value::Moved);
                self.discard(code, "dropped with the closure that it was moved into")?;
                Value::list(made)
            }
            _ => return self.many_parts(place, name, args),
        })
    }
}

pub(super) fn one(args: &mut Vec<Value>) -> Result<Value> {
    match args.is_empty() {
        true => unknown("a missing argument"),
        false => Ok(args.remove(0)),
    }
}
