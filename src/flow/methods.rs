//! What std's methods do with a handle, by name.
//!
//! A type is not always known, so a name counts only where the place of the handle fits it: `take` opens an
//! `Option` that holds the handle, `drain` a collection. A name that is not listed is an unknown
//! use, which counts as handled.

use super::{Callee, Flow, LocalId, Operand, Place, Proj, StmtKind, Terminator};
use crate::model::Def;

/// How a method gives another name for its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Borrowing {
    /// The receiver itself, by reference.
    Same,
    /// Each of its elements, by reference.
    Each,
    /// The receiver behind a guard that may come in a `Result`.
    Guard,
    /// An element, in an `Option`.
    Element,
}

/// Whether a method borrows its receiver.
pub(super) fn borrowing(name: &str, args: usize) -> Option<Borrowing> {
    Some(match (name, args) {
        (
            "as_ref"
            | "as_mut"
            | "as_deref"
            | "as_deref_mut"
            | "borrow"
            | "borrow_mut"
            | "deref"
            | "deref_mut"
            | "as_slice"
            | "as_str"
            | "as_mut_slice"
            | "by_ref"
            | "as_pin_mut"
            | "clone"
            | "to_owned"
            | "cloned"
            | "upgrade"
            | "get_or_insert_default"
            | "blocking_lock",
            0,
        )
        | ("get_or_insert" | "get_or_insert_with" | "get_or_init", 1) => Borrowing::Same,
        ("iter" | "iter_mut" | "values" | "values_mut" | "par_iter" | "par_iter_mut", 0) => {
            Borrowing::Each
        }
        (
            "lock" | "write" | "read" | "try_lock" | "try_write" | "try_read" | "try_borrow"
            | "try_borrow_mut" | "into_inner" | "get_mut",
            0,
        ) => Borrowing::Guard,
        (
            "first" | "last" | "first_mut" | "last_mut" | "front" | "back" | "front_mut"
            | "back_mut" | "peek" | "peek_mut",
            0,
        )
        | ("get" | "get_mut" | "entry", 1) => Borrowing::Element,
        _ => return None,
    })
}

/// Whether what a call of std gives was behind a reference, and is nobody else's now.
pub(super) fn takes_out(callee: &Callee) -> bool {
    match callee {
        Callee::Function(defs) => matches!(defs.as_slice(), [Def::External(path)]
            if matches!(&**path, "std::mem::take" | "std::mem::replace")),
        Callee::Method(_, name, own) => {
            own.is_empty() && (takes_one(name) || matches!(&**name, "take" | "replace"))
        }
        Callee::Local(..) | Callee::Await(_) => false,
    }
}

/// Whether a method of an entry puts something there only where nothing is.
pub(super) fn fills(name: &str) -> bool {
    matches!(name, "or_insert" | "or_insert_with" | "or_insert_with_key" | "or_default")
}

/// The place that a borrowing method names.
pub(super) fn alias(place: &Place, borrowing: Borrowing) -> Place {
    match borrowing {
        Borrowing::Same => place.clone(),
        Borrowing::Each => place.then(Proj::Each),
        Borrowing::Guard => place.then(Proj::Maybe),
        Borrowing::Element => place.then(Proj::Elem).then(Proj::Maybe),
    }
}

/// Whether std has a method of this name that the tables here speak of.
pub(super) fn is_known(name: &str, args: usize) -> bool {
    borrowing(name, args).is_some() || on_maybe(name).is_some() || on_many(name).is_some()
}

/// Methods of iterators that give the same elements, or some of them.
pub(super) fn adapts(name: &str) -> bool {
    matches!(on_many(name), Some(OnMany::All | OnMany::Paired(_) | OnMany::Some))
}

/// Adaptors with a closure that give the same elements, or some of them.
pub(super) fn filters(name: &str) -> bool {
    matches!(name, "filter" | "skip_while" | "take_while" | "inspect")
}

/// Methods of an iterator of references that give on references, or what a closure makes of them.
pub(super) fn gives_references(name: &str) -> bool {
    let action = on_many(name);
    let picks = matches!(name, "find" | "find_map");
    let runs = matches!(action, Some(OnMany::Each | OnMany::Fold | OnMany::ShortCircuit));
    let ends = matches!(action, Some(OnMany::Look | OnMany::Drive | OnMany::Keep | OnMany::Lose));
    let then = matches!(on_maybe(name), Some(OnMaybe::Then | OnMaybe::Look));
    picks || !(runs || ends || then || filters(name))
}

/// Methods that give the payload of an `Option` or `Result`, whatever they do without one.
pub(super) fn opens(name: &str) -> bool {
    matches!(
        name,
        "unwrap"
            | "expect"
            | "unwrap_or"
            | "unwrap_or_else"
            | "unwrap_or_default"
            | "unwrap_unchecked"
            | "unwrap_or_log"
            | "expect_or_log"
    )
}

/// Methods that give back the callable they were called on.
pub(super) fn passes_callable(name: &str) -> bool {
    matches!(name, "boxed" | "boxed_local" | "into_future")
}

/// Methods whose turbofish is what they return.
pub(super) fn converts(name: &str) -> bool {
    matches!(name, "collect" | "into" | "sum" | "product" | "downcast")
}

/// Methods that gather what they go through in whatever collection their place asks for.
pub(super) fn gathers(name: &str) -> bool {
    matches!(name, "collect" | "unzip" | "partition")
}

/// The method that a path of std is, when it is one: `std::option::Option::take` is `take`.
pub(super) fn as_method(path: &str) -> Option<&str> {
    let (ty, name) = path.rsplit_once("::")?;
    let owner = ty.rsplit("::").next()?;
    // What these take is no `self`.
    let is_type =
        ty.starts_with("std::") && owner.starts_with(char::is_uppercase) && owner != "ManuallyDrop";
    let constructs = matches!(
        name,
        "new" | "with_capacity" | "from" | "default" | "from_iter" | "spawn" | "name"
    );
    (is_type && !constructs && name.starts_with(char::is_lowercase)).then_some(name)
}

/// The parts of a captured variable that a closure takes, as far as names tell.
pub(super) fn consumes(flow: &Flow, inner: LocalId) -> Vec<Vec<Proj>> {
    let mut parts = Vec::new();
    let mut take = |place: &Place| {
        if place.local == inner {
            parts.push(fields(place));
        }
    };
    for stmt in flow.blocks.iter().flat_map(|block| &block.stmts) {
        match &stmt.kind {
            StmtKind::Assign(_, from) => take(from),
            StmtKind::Build(_, built) => built.iter().for_each(|(_, part)| {
                if let Operand::Move(from) = part {
                    take(from);
                }
            }),
            StmtKind::Call(call) => {
                if let Callee::Method(place, name, _) = &call.callee
                    && takes_self(name)
                {
                    take(place);
                }
                for arg in &call.args {
                    if let Operand::Move(from) = arg {
                        take(from);
                    }
                }
            }
            StmtKind::Closure(_, _, captures) => {
                captures
                    .iter()
                    .filter(|capture| !capture.moves.is_empty())
                    .for_each(|capture| take(&capture.outer));
            }
            StmtKind::Clear(_)
            | StmtKind::Flag(..)
            | StmtKind::Mention(..)
            | StmtKind::Drop(..) => {}
        }
    }
    parts
}

/// The parts of a captured variable that a closure names at all.
pub(super) fn uses(flow: &Flow, inner: LocalId) -> Vec<Vec<Proj>> {
    let mut parts = consumes(flow, inner);
    let mut name = |place: &Place| {
        if place.local == inner {
            parts.push(fields(place));
        }
    };
    for block in &flow.blocks {
        for stmt in &block.stmts {
            match &stmt.kind {
                StmtKind::Assign(to, _) | StmtKind::Clear(to) => name(to),
                StmtKind::Build(_, built) => built.iter().for_each(|(_, part)| {
                    if let Operand::Borrow(from) = part {
                        name(from);
                    }
                }),
                StmtKind::Call(call) => {
                    if let Callee::Method(place, ..)
                    | Callee::Local(place, _)
                    | Callee::Await(place) = &call.callee
                    {
                        name(place);
                    }
                    for arg in &call.args {
                        if let Operand::Borrow(from) = arg {
                            name(from);
                        }
                    }
                }
                StmtKind::Closure(_, _, captures) => {
                    captures.iter().for_each(|capture| name(&capture.outer));
                }
                StmtKind::Mention(places, _) => places.iter().for_each(&mut name),
                StmtKind::Flag(..) | StmtKind::Drop(..) => {}
            }
        }
        match &block.end {
            Terminator::Branch(edges) => {
                edges
                    .iter()
                    .flat_map(|(_, conditions)| conditions)
                    .filter(|condition| !flow.asked.contains_key(&condition.place))
                    .for_each(|condition| name(&condition.place));
            }
            Terminator::Next { iter, .. } => name(iter),
            Terminator::Stop
            | Terminator::Diverge(_)
            | Terminator::Exit(_)
            | Terminator::Goto(_)
            | Terminator::Return => {}
        }
    }
    // Names that were bound by reference stand for places.
    flow.locals.iter().filter_map(|local| local.alias.as_ref()).for_each(&mut name);
    parts
}

/// The fields at the start of a place: what a closure captures of it.
fn fields(place: &Place) -> Vec<Proj> {
    place.proj.iter().take_while(|proj| matches!(proj, Proj::Field(_))).cloned().collect()
}

fn takes_self(name: &str) -> bool {
    opens(name)
        || name.starts_with("into_")
        || matches!(name, "join" | "ok" | "err" | "map" | "and_then")
}

/// What a method does when its receiver is an `Option` or `Result` that holds the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnMaybe {
    /// Moves the payload out.
    Open,
    /// Moves the whole, still wrapped.
    Whole,
    /// Runs a closure on the payload; the result is wrapped again.
    Map,
    /// Runs a closure on the payload; the result is as the closure gives it.
    Then,
    /// Looks at it.
    Look,
    /// Throws the payload away.
    Lose,
    /// Gives an iterator of it.
    Iterate,
}

/// What a method does on an `Option` or `Result`.
pub(super) fn on_maybe(name: &str) -> Option<OnMaybe> {
    Some(match name {
        _ if opens(name) => OnMaybe::Open,
        "take" | "ok" | "ok_or" | "ok_or_else" | "map_err" | "or" | "or_else" | "inspect"
        | "inspect_err" | "context" | "with_context" | "wrap_err" | "wrap_err_with"
        | "transpose" | "into" | "try_into" | "replace" | "fuse" | "filter" | "xor"
        | "into_inner" | "map_err_into" | "change_context" | "take_if" => OnMaybe::Whole,
        "map" => OnMaybe::Map,
        "and_then" | "map_or" | "map_or_else" | "is_some_and" | "is_ok_and" | "is_none_or"
        | "for_each" => OnMaybe::Then,
        "is_some" | "is_none" | "is_ok" | "is_err" | "fmt" | "eq" | "ne" | "hash" | "cmp"
        | "as_ptr" => OnMaybe::Look,
        "err" | "unwrap_err" | "expect_err" | "and" | "insert" => OnMaybe::Lose,
        "into_iter" | "drain" => OnMaybe::Iterate,
        _ => return None,
    })
}

/// What a method does on a `Result` with the handle in its `Err`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnError {
    /// Moves the whole.
    Whole,
    /// Gives an `Option` of it.
    Maybe,
    /// Moves it out.
    Open,
    /// Runs a closure on it; the result is an `Err` again.
    Map,
    /// Runs a closure on it; the result is as the closure gives it.
    Then,
    /// Looks at it.
    Look,
    /// Panics, which is no path.
    Panic,
    /// Throws it away.
    Lose,
}

/// What a method does on a `Result` with the handle in its `Err`.
pub(super) fn on_error(name: &str) -> Option<OnError> {
    Some(match name {
        "map" | "and_then" | "inspect" | "and" => OnError::Whole,
        "err" => OnError::Maybe,
        "unwrap_err" | "expect_err" => OnError::Open,
        "map_err" => OnError::Map,
        "unwrap_or_else" | "or_else" => OnError::Then,
        "is_ok" | "is_err" | "is_ok_and" => OnError::Look,
        "unwrap" | "expect" => OnError::Panic,
        "ok" | "unwrap_or" | "unwrap_or_default" | "or" | "map_or" => OnError::Lose,
        _ => return None,
    })
}

/// What a method does when its receiver is a collection or iterator that holds the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnMany {
    /// Gives an iterator or collection of all of them.
    All,
    /// Like `All`, but each comes as the field of a pair.
    Paired(usize),
    /// Gives some of them and loses the rest.
    Some,
    /// Gives one of them, in an `Option`; the rest stays.
    PopMaybe,
    /// Gives one of them; the rest stays.
    Pop,
    /// Gives one of them and loses the rest.
    Last,
    /// Runs a closure on each when driven.
    Lazy,
    /// Runs a closure on each now; what it gives is dropped.
    Each,
    /// Runs a closure on each now; what it gives goes on in the result.
    Fold,
    /// Runs a closure on some of them now and loses the rest.
    ShortCircuit,
    /// Drives whatever is pending and gives a collection.
    Collect,
    /// Drives whatever is pending and gives one collection for each side of a pair.
    Unzip,
    /// Drives whatever is pending and gives two collections, one of which has it.
    Partition,
    /// Drives whatever is pending and loses what comes out.
    Drive,
    /// Looks at it.
    Look,
    /// Stores another element; this one stays.
    Store,
    /// Throws all away.
    Lose,
    /// Keeps some of them and loses the rest.
    Keep,
}

/// What a method does on a collection or iterator.
pub(super) fn on_many(name: &str) -> Option<OnMany> {
    Some(match name {
        "into_iter" | "drain" | "rev" | "chain" | "peekable" | "fuse" | "into_boxed_slice"
        | "into_vec" | "into_values" | "into_par_iter" | "par_drain" | "by_ref" | "take"
        | "into" | "split_off" | "inspect" | "into_sorted_vec" | "sorted_by" | "sorted_by_key"
        | "progress" | "copied" | "flatten" | "unwrap" | "expect" | "to_vec" | "with_min_len"
        | "with_max_len" | "cycle" => OnMany::All,
        "enumerate" => OnMany::Paired(1),
        "zip" => OnMany::Paired(0),
        "skip" | "step_by" | "filter" | "take_while" | "skip_while" | "dedup" | "extract_if" => {
            OnMany::Some
        }
        "pop" | "pop_front" | "pop_back" | "next" | "next_back" | "pop_first" | "pop_last"
        | "pop_if" | "steal" | "recv" | "try_recv" => OnMany::PopMaybe,
        "remove" | "swap_remove" | "swap_remove_back" | "remove_entry" => OnMany::Pop,
        "last" | "min" | "max" | "min_by_key" | "max_by_key" => OnMany::Last,
        "map" | "flat_map" | "filter_map" | "map_while" | "scan" | "then" => OnMany::Lazy,
        "for_each" | "for_each_with" => OnMany::Each,
        "fold" | "reduce" | "try_fold" | "rfold" => OnMany::Fold,
        "any" | "all" | "find" | "find_map" | "position" | "try_for_each" => OnMany::ShortCircuit,
        "collect" | "collect_vec" | "collect_into_vec" => OnMany::Collect,
        "unzip" => OnMany::Unzip,
        "partition" => OnMany::Partition,
        "sum" | "count" | "product" | "cmp" | "eq" => OnMany::Drive,
        "len" | "is_empty" | "capacity" | "reserve" | "contains" | "contains_key" | "iter"
        | "shrink_to_fit" | "fmt" | "sort_by_key" | "sort_by" | "reverse" | "swap"
        | "size_hint" | "is_full" | "resize_with" => OnMany::Look,
        "push" | "push_back" | "push_front" | "extend" | "insert" | "append" => OnMany::Store,
        "clear" => OnMany::Lose,
        "retain" | "retain_mut" | "truncate" => OnMany::Keep,
        _ => return None,
    })
}

/// Whether a method takes one element out of a collection.
pub(super) fn takes_one(name: &str) -> bool {
    matches!(on_many(name), Some(OnMany::PopMaybe | OnMany::Pop))
}

/// Whether a method of a map says whether it has a key, or sees to it that it has not.
pub(super) fn tells_of_keys(name: &str) -> bool {
    matches!(
        name,
        "contains_key"
            | "get"
            | "get_mut"
            | "remove"
            | "remove_entry"
            | "clear"
            | "retain"
            | "keys"
    )
}

/// Whether a method of std runs the closures that it is given, or keeps them to run later.
pub(super) fn runs_closures(name: &str) -> bool {
    let many = on_many(name).is_some_and(|action| {
        !matches!(action, OnMany::Store | OnMany::Lose | OnMany::PopMaybe | OnMany::Pop)
    });
    let stores = storing(name).is_some();
    let maybe = on_maybe(name).is_some_and(|action| !stores && action != OnMaybe::Lose);
    many || maybe
}

/// Methods of an iterator that run a closure for each of its elements.
pub(super) fn runs_on_each(name: &str) -> bool {
    matches!(name, "map" | "flat_map" | "filter_map" | "for_each" | "map_while" | "scan")
}

/// Methods that give as many elements as their receiver has.
pub(super) fn keeps_number(name: &str) -> bool {
    matches!(
        name,
        "iter"
            | "iter_mut"
            | "into_iter"
            | "map"
            | "enumerate"
            | "rev"
            | "cloned"
            | "copied"
            | "inspect"
    )
}

/// Methods of whatever type that run a closure or future to its end and give what it gives.
pub(super) fn runs_to_the_end(name: &str) -> bool {
    matches!(name, "block_on" | "in_scope" | "install" | "scope")
}

/// Adaptors after which an iteration may end before its source does.
pub(super) fn stops(name: &str) -> bool {
    matches!(name, "take" | "take_while" | "map_while" | "scan")
}

/// How a method stores its arguments in its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storing {
    /// The last argument becomes an element.
    Element,
    /// Elements of the argument become elements.
    Elements,
    /// The argument becomes the payload of an `Option`; an earlier payload comes out.
    Payload,
}

/// How a method of a collection, `Option` or cell stores what it is given.
pub(super) fn storing(name: &str) -> Option<Storing> {
    Some(match name {
        "push" | "push_back" | "push_front" | "push_mut" => Storing::Element,
        "extend" | "append" | "extend_from_slice" | "chain" => Storing::Elements,
        "insert" | "replace" | "get_or_insert" | "set" => Storing::Payload,
        _ => return None,
    })
}

/// Where a method puts the value that it takes only if there is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// Where the other one would be.
    Here,
    /// In what it gives, as it is.
    Given,
    /// In what it gives, in an `Option`.
    GivenMaybe,
}

/// What a method of an entry, an `Option`, a `Result` or a `bool` does with the value that it takes, which it
/// drops unless there is none.
pub(super) fn instead(name: &str) -> Option<Instead> {
    Some(match name {
        "or_insert" => Instead::Here,
        "unwrap_or" | "or" => Instead::Given,
        "then_some" => Instead::GivenMaybe,
        _ => return None,
    })
}

/// Constructors that hold their argument without showing it: `Box::new`, `Arc::new`, `Mutex::new`.
pub(super) fn wraps(path: &str) -> bool {
    matches!(
        path.rsplit_once("::"),
        Some((
            "std::boxed::Box"
                | "std::rc::Rc"
                | "std::sync::Arc"
                | "std::sync::Mutex"
                | "std::sync::RwLock"
                | "std::cell::Cell"
                | "std::cell::RefCell"
                | "std::cell::UnsafeCell"
                | "std::mem::ManuallyDrop"
                | "parking_lot::Mutex"
                | "parking_lot::RwLock"
                | "std::pin::Pin"
                | "std::panic::AssertUnwindSafe"
                | "std::vec::Vec",
            "new" | "pin" | "from"
        )) | Some(("std::convert", "identity") | ("std::mem::ManuallyDrop", "into_inner"))
    )
}
