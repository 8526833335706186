//! Parts of collections: what is changed in one is changed in the collection.

use std::ops::Range;

use super::machine::{Result, Run, Stop, unknown};
use super::many::one;
use super::value::{Kind, Place, Step, Value};
use crate::model::Ty;

impl Run<'_> {
    /// Some elements of a collection, one after the other.
    pub(super) fn part_of(&mut self, place: &Place, range: Range<usize>) -> Result<Value> {
        Ok(Value::Many(Kind::Slice, self.refs(place, range)?))
    }

    /// References to elements, wherever they are.
    fn refs(&self, place: &Place, range: Range<usize>) -> Result<Vec<Value>> {
        let own = match self.get(place)? {
            Value::Many(Kind::Slice, items) => items.get(range.clone()).map(<[Value]>::to_vec),
            _ => None,
        };
        Ok(own.unwrap_or_else(|| range.map(|at| Value::Ref(place.then(Step::At(at)))).collect()))
    }

    /// A method that changes elements of a part: it is done to what is there, which is then put back.
    pub(super) fn slice_reordered(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
        want: &Ty,
    ) -> Result<Value> {
        let places = self.places_of(place)?;
        let mut items = Vec::new();
        for place in &places {
            items.push(std::mem::replace(self.get_mut(place)?, Value::Moved));
        }
        let whole = Place::slot(self.slot(Value::list(items)));
        let made = self.many_method(&whole, name, args, want)?;
        let Value::Many(_, items) = self.take(&whole)? else { return unknown("no collection") };
        for (place, item) in places.iter().zip(items) {
            *self.get_mut(place)? = item;
        }
        Ok(made)
    }

    /// Where the elements of a collection or of a part are.
    fn places_of(&self, place: &Place) -> Result<Vec<Place>> {
        let Value::Many(kind, items) = self.get(place)? else { return unknown("no collection") };
        let own = (0..items.len()).map(|at| place.then(Step::At(at)));
        if *kind != Kind::Slice {
            return Ok(own.collect());
        }
        own.map(|it| self.resolved(&it)).collect()
    }

    /// `list.get(at)`
    pub(super) fn element_if(
        &mut self,
        place: &Place,
        len: usize,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let found = |index: Option<usize>| {
            Value::option(index.map(|it| Value::Ref(place.then(Step::At(it)))))
        };
        let index = one(args)?;
        Ok(match self.seen(&index) {
            Value::Int(it, _) => found(usize::try_from(it).ok().filter(|it| *it < len)),
            Value::Iter(_) => match self.slice(place, index) {
                Err(Stop::Panic) => Value::none(),
                part => Value::some(part?),
            },
            // Each that there is, or none of them.
            Value::Sym(_) => {
                let mut known = None;
                for it in 0..len {
                    if known.is_none() && self.equal(&index, &Value::int(it))? {
                        known = Some(it);
                    }
                }
                found(known)
            }
            _ => return unknown("a position that is not known"),
        })
    }

    /// Methods that give parts of a collection.
    pub(super) fn many_parts(
        &mut self,
        place: &Place,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let before = self.unknown.taken;
        let len = self.list(place)?.len();
        if let Some(kind) = Chunks::of(name) {
            let size = self.index(args)?;
            if size == 0 {
                return self.panic(before);
            }
            let mut parts = Vec::new();
            for range in kind.ranges(len, size) {
                parts.push(self.part_of(place, range)?);
            }
            return Ok(Value::iter(parts));
        }
        Ok(match name {
            "split_first" | "split_last" | "split_first_mut" | "split_last_mut" => {
                if len == 0 {
                    return Ok(Value::none());
                }
                let (own, rest) = if name.starts_with("split_first") {
                    (0, 1..len)
                } else {
                    (len - 1, 0..len - 1)
                };
                let own = Value::Ref(place.then(Step::At(own)));
                Value::some(Value::Tuple(vec![own, self.part_of(place, rest)?]))
            }
            "split_at" | "split_at_mut" | "split_at_checked" | "split_at_mut_checked" => {
                let by = self.index(args)?;
                let is_checked = name.ends_with("checked");
                if by > len {
                    return if is_checked { Ok(Value::none()) } else { self.panic(before) };
                }
                let parts =
                    Value::Tuple(vec![self.part_of(place, 0..by)?, self.part_of(place, by..len)?]);
                if is_checked { Value::some(parts) } else { parts }
            }
            "chunk_by" | "chunk_by_mut" => {
                let code = one(args)?;
                let slot = self.slot(code);
                let (mut parts, mut from) = (Vec::new(), 0);
                for at in 1..len {
                    let given = self.refs(place, at - 1..at + 1)?;
                    let answer = self.call_value(Value::Ref(Place::slot(slot)), given)?;
                    if !self.truth(&answer)? {
                        parts.push(self.part_of(place, from..at)?);
                        from = at;
                    }
                }
                if len > 0 {
                    parts.push(self.part_of(place, from..len)?);
                }
                Value::iter(parts)
            }
            "split" | "split_mut" | "rsplit" | "split_inclusive" => {
                self.split_by(place, name, None, args)?
            }
            "splitn" | "rsplitn" => {
                let most = self.index(args)?;
                self.split_by(place, name, Some(most), args)?
            }
            "strip_prefix" | "strip_suffix" => self.stripped(place, name, args)?,
            "range" | "range_mut" => {
                let range = one(args)?;
                let (from, to) = self.bounds(range, len)?;
                Value::iter(self.refs(place, from..to)?)
            }
            _ => return self.many_reduced(place, name, args),
        })
    }

    /// What is left without a part at one end.
    fn stripped(&mut self, place: &Place, name: &str, args: &mut Vec<Value>) -> Result<Value> {
        let len = self.list(place)?.len();
        let part = one(args)?;
        let Value::Many(_, part) = self.seen(&part) else {
            return unknown("a part that is not known");
        };
        let is_prefix = name == "strip_prefix";
        let fits = if is_prefix { "starts_with" } else { "ends_with" };
        let count = part.len();
        let answer = self.compared_part(place, fits, &mut vec![Value::list(part)])?;
        let rest = if is_prefix { count..len } else { 0..len.saturating_sub(count) };
        Ok(match self.truth(&answer)? {
            true => Value::some(self.part_of(place, rest)?),
            false => Value::none(),
        })
    }

    /// `list.split(|it| ..)`: the parts between elements.
    fn split_by(
        &mut self,
        place: &Place,
        name: &str,
        most: Option<usize>,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        let code = one(args)?;
        let slot = self.slot(code);
        let len = self.list(place)?.len();
        let mut found = Vec::new();
        for at in 0..len {
            let given = self.refs(place, at..at + 1)?;
            let answer = self.call_value(Value::Ref(Place::slot(slot)), given)?;
            if self.truth(&answer)? {
                found.push(at);
            }
        }
        let cuts = most.map_or(found.len(), |it| it.saturating_sub(1));
        match name {
            "rsplitn" => found = found.split_off(found.len().saturating_sub(cuts)),
            _ => found.truncate(cuts),
        }
        let is_inclusive = name == "split_inclusive";
        let (mut ranges, mut from) = (Vec::new(), 0);
        for at in found {
            ranges.push(from..if is_inclusive { at + 1 } else { at });
            from = at + 1;
        }
        if !is_inclusive || from < len {
            ranges.push(from..len);
        }
        if name.starts_with('r') {
            ranges.reverse();
        }
        if most == Some(0) {
            ranges.clear();
        }
        let mut parts = Vec::new();
        for range in ranges {
            parts.push(self.part_of(place, range)?);
        }
        Ok(Value::iter(parts))
    }
}

/// What a collection is, by the first method that somebody calls on it.
pub(super) fn used_as(name: &str, args: usize) -> Kind {
    match (name, args) {
        ("insert", 1) => Kind::Set(false),
        ("insert", 2) | ("entry" | "contains_key" | "keys" | "values" | "values_mut", _) => {
            Kind::Map(false)
        }
        ("push_back" | "push_front" | "pop_front" | "pop_back" | "front" | "back", _) => {
            Kind::Queue
        }
        ("len" | "is_empty" | "iter" | "clone" | "clear", _) => Kind::Open,
        _ => Kind::List,
    }
}

/// How a collection is cut into parts of one size.
struct Chunks {
    /// Whether they have elements in common.
    overlap: bool,
    /// Whether what is left over and too short is none of them.
    is_exact: bool,
    /// Whether they begin at the end.
    from_end: bool,
}

impl Chunks {
    fn of(name: &str) -> Option<Self> {
        let name = name.strip_suffix("_mut").unwrap_or(name);
        if name == "windows" {
            return Some(Self { overlap: true, is_exact: true, from_end: false });
        }
        let (name, from_end) = match name.strip_prefix('r') {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        match name {
            "chunks" => Some(Self { overlap: false, is_exact: false, from_end }),
            "chunks_exact" => Some(Self { overlap: false, is_exact: true, from_end }),
            _ => None,
        }
    }

    /// The positions of each of them.
    fn ranges(&self, len: usize, size: usize) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut from = 0;
        while from < len && (!self.is_exact || from + size <= len) {
            let to = (from + size).min(len);
            ranges.push(if self.from_end { len - to..len - from } else { from..to });
            from += if self.overlap { 1 } else { size };
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_size() {
        let of = |name: &str| Chunks::of(name).unwrap().ranges(5, 2);
        assert_eq!(of("chunks_mut"), [0..2, 2..4, 4..5]);
        assert_eq!(of("chunks_exact"), [0..2, 2..4]);
        assert_eq!(of("rchunks"), [3..5, 1..3, 0..1]);
        assert_eq!(of("windows"), [0..2, 1..3, 2..4, 3..5]);
    }
}
