//! Types of what std's methods give and of what they pass to closures, by the type of their receiver.
//!
//! No inference: a type is known going forwards or not at all. What an iterator is made of does not
//! matter, so an iterator is a `std::iter::Iterator` of its items or still has the type of its collection.

use super::methods::opens;
use crate::model::{Ty, TyHead};

const ITERATOR: &str = "std::iter::Iterator";
const OPTION: &str = "std::option::Option";

/// What a type is to the methods of std.
enum Shape {
    /// Something that is there or not.
    Maybe(Ty),
    /// A collection or iterator.
    Many(Ty),
    /// A map.
    Map(Ty, Ty),
    /// Anything else.
    Other,
}

fn shape(ty: &Ty) -> Shape {
    let ty = ty.peel();
    match ty {
        Ty::Slice(element, _) => Shape::Many((**element).clone()),
        Ty::Named(TyHead::External(path), _, args) => {
            let arg = |at: usize| args.get(at).cloned().unwrap_or_default();
            match path.rsplit("::").next().unwrap_or(path) {
                "Option" | "Result" => Shape::Maybe(arg(0)),
                "HashMap" | "BTreeMap" | "IndexMap" => Shape::Map(arg(0), arg(1)),
                "Vec"
                | "VecDeque"
                | "LinkedList"
                | "BinaryHeap"
                | "BTreeSet"
                | "HashSet"
                | "IntoIter"
                | "Iterator"
                | "IntoIterator"
                | "DoubleEndedIterator"
                | "ExactSizeIterator" => Shape::Many(arg(0)),
                _ => Shape::Other,
            }
        }
        _ => Shape::Other,
    }
}

/// An `Option` of this.
pub(super) fn option(ty: Ty) -> Ty {
    Ty::external(OPTION, vec![ty])
}

fn reference(ty: Ty) -> Ty {
    Ty::Reference(Box::new(ty))
}

/// What goes over the elements of such a type by reference, or may have a reference to its payload.
pub(super) fn by_reference(ty: &Ty) -> Ty {
    match shape(ty) {
        Shape::Maybe(payload) => option(reference(payload)),
        Shape::Many(item) => iterator(reference(item)),
        Shape::Map(key, value) => iterator(Ty::Tuple(vec![reference(key), reference(value)])),
        Shape::Other => Ty::Unknown,
    }
}

/// An iterator of such items.
pub(super) fn iterator(item: Ty) -> Ty {
    Ty::external(ITERATOR, vec![item])
}

/// Whether a type is an iterator for sure: collections are typed like what goes over them.
pub(super) fn is_iterator(ty: &Ty) -> bool {
    ty.path() == Some(ITERATOR)
}

/// What comes out of a type that is iterated over, by value or by reference.
pub(super) fn item(ty: &Ty) -> Ty {
    match shape(ty) {
        Shape::Maybe(item) | Shape::Many(item) => item,
        Shape::Map(key, value) => Ty::Tuple(vec![key, value]),
        Shape::Other => ty.element(),
    }
}

/// What a method of std returns, as far as that is plain from its receiver.
pub(super) fn output(receiver: &Ty, name: &str) -> Ty {
    if matches!(name, "or_default" | "or_insert_with") && is_entry(receiver) {
        return receiver.element();
    }
    if name == "try_unwrap" {
        return Ty::external("std::result::Result", vec![receiver.peel().clone()]);
    }
    let plain = plain_output(receiver, name);
    if plain != Ty::Unknown {
        return plain;
    }
    match shape(receiver) {
        Shape::Many(item) => match name {
            "pop" | "pop_front" | "pop_back" | "pop_first" | "pop_last" | "pop_if" | "next"
            | "next_back" | "nth" | "last" | "first" | "first_mut" | "last_mut" | "front"
            | "front_mut" | "back" | "back_mut" | "get" | "get_mut" | "peek" | "peek_mut"
            | "find" | "min_by_key" | "max_by_key" | "reduce" | "next_if" => option(item),
            "remove" => match receiver.peel().path() {
                Some("std::vec::Vec") => item,
                Some("std::collections::VecDeque") => option(item),
                _ => Ty::Unknown,
            },
            "swap_remove" => item,
            "swap_remove_back" | "swap_remove_front" => option(item),
            "drain" | "chain" | "peekable" | "cycle" | "copied" | "cloned" | "extract_if"
            | "into_sorted_vec" | "into_vec" | "split_off" | "sorted_by_key" => iterator(item),
            "enumerate" => iterator(Ty::Tuple(vec![Ty::Unknown, item])),
            "flatten" => iterator(match shape(&item) {
                Shape::Maybe(inner) | Shape::Many(inner) => inner,
                Shape::Map(..) | Shape::Other => Ty::Unknown,
            }),
            _ => Ty::Unknown,
        },
        Shape::Map(key, value) => match name {
            "get" | "get_mut" | "remove" | "insert" => option(value),
            "entry" => Ty::external("std::collections::hash_map::Entry", vec![value]),
            "values" | "values_mut" | "into_values" => iterator(value),
            "keys" | "into_keys" => iterator(key),
            "iter" | "iter_mut" | "into_iter" | "drain" => iterator(Ty::Tuple(vec![key, value])),
            "pop_first" | "pop_last" | "remove_entry" => option(Ty::Tuple(vec![key, value])),
            _ => Ty::Unknown,
        },
        Shape::Maybe(_) | Shape::Other => Ty::Unknown,
    }
}

/// Whether `remove` and its kin of a collection give an `Option` of an element, or the element.
pub(super) fn takes_out(receiver: &Ty) -> Option<bool> {
    match (receiver.peel().path()?, shape(receiver)) {
        ("std::vec::Vec", _) => Some(false),
        ("std::collections::VecDeque", _) | (_, Shape::Map(..)) => Some(true),
        _ => None,
    }
}

/// What a method gives that only hands on what it has, or opens it.
fn plain_output(receiver: &Ty, name: &str) -> Ty {
    let is_map = matches!(shape(receiver), Shape::Map(..));
    match name {
        _ if opens(name) => receiver.payload(),
        "lock" | "write" | "read" | "borrow_mut" | "borrow" | "get_mut" | "into_inner"
            if is_lock(receiver) =>
        {
            let content = match receiver.peel() {
                Ty::Named(_, _, args) => args.first().cloned().unwrap_or_default(),
                _ => Ty::Unknown,
            };
            let guarded = Ty::Reference(Box::new(content));
            match receiver.peel().path() {
                Some("std::sync::Mutex" | "std::sync::RwLock") => {
                    Ty::external("std::result::Result", vec![guarded])
                }
                _ => guarded,
            }
        }
        // What is taken out from behind a reference is nobody else's any more.
        "take" | "replace" if receiver.is_option() => {
            let mut taken = receiver;
            while let Ty::Reference(inner) = taken {
                taken = inner;
            }
            taken.clone()
        }
        "map" if let Ty::Slice(_, size) = receiver => {
            Ty::Slice(Box::new(Ty::Unknown), size.clone())
        }
        // Its `map` waits to be driven, and an array's does not.
        "into_iter" if matches!(receiver, Ty::Slice(..)) => {
            Ty::external("std::array::IntoIter", vec![receiver.element()])
        }
        "iter" | "iter_mut" | "into_iter" if is_map => Ty::Unknown,
        "clone" | "as_ref" | "as_mut" | "take" | "replace" | "or" | "or_else" | "ok_or"
        | "ok_or_else" | "map_err" | "ok" | "by_ref" | "borrow" | "borrow_mut" | "iter"
        | "iter_mut" | "into_iter" | "lock" | "write" | "read" | "inspect" | "inspect_err"
        | "to_owned" | "as_deref" | "as_deref_mut" => receiver.clone(),
        _ if same_elements(name) => receiver.clone(),
        _ => Ty::Unknown,
    }
}

/// Adaptors that give the elements themselves.
pub(super) fn same_elements(name: &str) -> bool {
    matches!(
        name,
        "rev" | "skip" | "step_by" | "take_while" | "skip_while" | "filter" | "fuse" | "inspect"
    )
}

/// Whether a type is a place in a map.
pub(super) fn is_entry(ty: &Ty) -> bool {
    ty.path() == Some("std::collections::hash_map::Entry")
}

/// The type behind pointers and locks.
pub(super) fn unlocked(ty: &Ty) -> &Ty {
    match ty.peel() {
        Ty::Named(_, _, args) if is_lock(ty) => args.first().map_or(&Ty::Unknown, unlocked),
        ty => ty,
    }
}

/// Whether a type guards its content: every lock crate has its own.
fn is_lock(ty: &Ty) -> bool {
    let last = ty.peel().path().and_then(|path| path.rsplit("::").next());
    matches!(last, Some("Mutex" | "RwLock" | "RefCell" | "Cell" | "FairMutex" | "ReentrantMutex"))
}

/// Which argument of a method of std is a closure that is given something of the receiver, and what.
pub(super) fn passes(receiver: &Ty, name: &str) -> Option<(usize, Vec<Ty>)> {
    match shape(receiver) {
        Shape::Maybe(payload) => match name {
            "map" | "and_then" | "is_some_and" | "is_ok_and" | "is_none_or" | "for_each" => {
                Some((0, vec![payload]))
            }
            "inspect" | "filter" | "take_if" => Some((0, vec![reference(payload)])),
            "map_or" | "map_or_else" => Some((1, vec![payload])),
            _ => None,
        },
        Shape::Map(key, value) => match name {
            "retain" => Some((0, vec![reference(key), reference(value)])),
            _ => None,
        },
        Shape::Many(item) => match name {
            "map" | "for_each" | "filter_map" | "flat_map" | "any" | "all" | "find_map"
            | "position" | "map_while" | "try_for_each" => Some((0, vec![item])),
            "filter" | "find" | "partition" | "take_while" | "skip_while" | "inspect"
            | "retain" | "retain_mut" | "max_by_key" | "min_by_key" | "pop_if" | "next_if"
            | "extract_if" => Some((0, vec![reference(item)])),
            "fold" | "try_fold" | "scan" => Some((1, vec![Ty::Unknown, item])),
            "reduce" => Some((0, vec![item.clone(), item])),
            _ => None,
        },
        Shape::Other => None,
    }
}

/// What a method of std gives that runs a closure, when the closure gives `made`.
pub(super) fn mapped(receiver: &Ty, name: &str, made: Ty) -> Ty {
    let is_maybe = match shape(receiver) {
        Shape::Maybe(_) => true,
        Shape::Many(_) => false,
        Shape::Map(..) | Shape::Other => return Ty::Unknown,
    };
    match (name, is_maybe) {
        ("map", true) => option(made),
        ("and_then" | "map_or" | "map_or_else", true) => made,
        ("map", false) => iterator(made),
        ("filter_map" | "map_while" | "flat_map", false) => iterator(item(&made)),
        ("find_map", false) => made,
        _ => Ty::Unknown,
    }
}

/// A pair of what two iterables give.
pub(super) fn zipped(receiver: &Ty, other: &Ty) -> Ty {
    iterator(Ty::Tuple(vec![item(receiver), item(other)]))
}

/// What `collect` makes of an iterator where this type is wanted of it.
pub(super) fn collected(wanted: &Ty, from: &Ty) -> Ty {
    let Ty::Named(head, module, args) = wanted else { return wanted.clone() };
    let is_open = args.iter().all(|arg| *arg == Ty::Unknown);
    let args = match (shape(wanted), item(from)) {
        (Shape::Maybe(inner), item) => {
            let inner = collected(&inner, &iterator(item.payload()));
            std::iter::once(inner).chain(args.iter().skip(1).cloned()).collect()
        }
        (Shape::Many(_), item) if is_open => vec![item],
        (Shape::Map(..), Ty::Tuple(pair)) if is_open => pair,
        _ => return wanted.clone(),
    };
    Ty::Named(head.clone(), *module, args)
}

/// A written type, with what it leaves open taken from the type of the value.
pub(super) fn refined(written: Ty, value: &Ty) -> Ty {
    match (written, value) {
        (Ty::Unknown, _) => value.clone(),
        (Ty::Named(head, module, args), Ty::Named(own, _, known)) if head == *own => {
            let known = known.iter().chain(std::iter::repeat(&Ty::Unknown));
            let args = args.into_iter().zip(known).map(|(arg, known)| refined(arg, known));
            Ty::Named(head, module, args.collect())
        }
        (written, _) => written,
    }
}

/// A collection or `Option` of which nobody knew what is in it, once something is put there.
pub(super) fn filled(ty: &Ty, name: &str, given: &[Ty]) -> Option<Ty> {
    let Ty::Named(head, module, args) = ty else { return None };
    if args.iter().any(|arg| *arg != Ty::Unknown) {
        return None;
    }
    let args = match (shape(ty), name, given) {
        (Shape::Many(_), "push" | "push_back" | "push_front" | "insert", [.., element]) => {
            vec![element.clone()]
        }
        (Shape::Many(_), "extend" | "append", [others]) => vec![item(others)],
        (Shape::Map(..), "insert", [key, value]) => vec![key.clone(), value.clone()],
        (Shape::Maybe(_), "insert" | "replace", [payload]) => vec![payload.clone()],
        _ => return None,
    };
    Some(Ty::Named(head.clone(), *module, args))
}

/// What a constructor of a well-known sum makes of its argument.
pub(super) fn wrapped(path: &str, payload: Ty) -> Option<Ty> {
    match path.rsplit("::").next()? {
        "Some" => Some(option(payload)),
        "Ok" => Some(Ty::external("std::result::Result", vec![payload])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Ty {
        Ty::external(name, Vec::new())
    }

    #[test]
    fn maps_give_pairs_and_vectors_give_elements() {
        let (key, value) = (named("Key"), named("Value"));
        let map = Ty::external("std::collections::HashMap", vec![key.clone(), value.clone()]);
        let pair = Ty::Tuple(vec![key, value.clone()]);
        assert_eq!(item(&map), pair);
        assert_eq!(item(&output(&map, "values_mut")), value);
        assert_eq!(output(&map, "remove"), option(value.clone()));
        let vec = Ty::external("std::vec::Vec", vec![value.clone()]);
        assert_eq!(output(&vec, "remove"), value);
        assert_eq!(passes(&vec, "for_each"), Some((0, vec![value.clone()])));
        assert_eq!(passes(&vec, "retain"), Some((0, vec![reference(value.clone())])));
        assert_eq!(item(&by_reference(&vec)), reference(value.clone()));
        assert_eq!(collected(&Ty::external("std::vec::Vec", vec![Ty::Unknown]), &vec), vec);
        let empty = Ty::external("std::vec::Vec", Vec::new());
        assert_eq!(filled(&empty, "push", std::slice::from_ref(&value)), Some(vec));
    }
}
