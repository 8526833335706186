//! What a program is given: its arguments and environment, and what it reads line by line.
//!
//! Of that nobody knows how much there is, or whether the same comes twice. So what is stored under a key that is
//! made of it may take the place of what was stored before, and what runs for each of it may run any number of times.
//! It is followed by the names of std's methods, from values to what is made of them, and to the parameters of
//! functions; what a function makes of it, or a method that is not listed, is not known to be of it any more.

use std::collections::BTreeSet;

use super::place::{Owner, Place, Proj};
use super::program::{FunctionKey, Program, Site};
use super::transfer::argument;
use super::{
    Call, Callable, Callee, Entry, Flow, FlowId, Flows, LocalId, LocalKind, Many, Operand,
    StmtKind, Terminator, methods,
};
use crate::model::{Def, Model};

/// Functions above one another that are asked what they give.
const MAX_CALLERS: usize = 6;

/// Asks where values come from.
pub(super) struct Outside<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) program: &'a Program,
}

/// A local of one of the bodies of a function.
type Node = (FlowId, LocalId);

impl Outside<'_> {
    /// Whether what is at a place is made of what the program is given, and no one asks what it is before.
    pub(super) fn gives(&self, site: Site, place: &Place) -> bool {
        self.gives_to(site, place, &mut BTreeSet::new())
    }

    /// Whether what is at a place is a number that the program is given, or something of which it is given any number;
    /// and no one asks which.
    pub(super) fn gives_number(&self, site: Site, place: &Place) -> bool {
        !self.program.body(site.body).flows.body(site.flow).is_asked_of(place.local)
            && self.gives(site, place)
    }

    /// How many there are that are made at a site, for whoever does not see that body.
    pub(super) fn seen_from_outside(&self, many: Many, site: Site) -> Many {
        let flows = &self.program.body(site.body).flows;
        let function = flows.body(FlowId(0));
        let is_alone =
            function.params.is_empty() && function.receiver.is_none() && sources(flows).is_empty();
        match many {
            Many::Each(flow, place) if self.gives_number(Site { flow, ..site }, &place) => {
                Many::Given
            }
            Many::Each(..) | Many::Unknown if is_alone => Many::Fixed,
            Many::Each(..) => Many::Unknown,
            other => other,
        }
    }

    fn gives_to(
        &self,
        site: Site,
        place: &Place,
        seen: &mut BTreeSet<(FunctionKey, usize)>,
    ) -> bool {
        let lowered = self.program.body(site.body);
        let flows = &lowered.flows;
        let at = (site.flow, place.local);
        let own = self.program.call_at(site).and_then(Call::receiver);
        if !is_whole(place) {
            return false;
        }
        let given = made_of(flows, &sources(flows));
        if given.contains(&at) {
            return !is_asked(flows, site, own, &given);
        }
        let function = flows.body(FlowId(0));
        let item = lowered.function.item;
        let key = (item.file, item.item);
        let takes_self = self.model.function(item).is_some_and(|it| it.receiver.is_some());
        function.params.iter().enumerate().any(|(index, &param)| {
            let made = made_of(flows, &BTreeSet::from([(FlowId(0), param)]));
            made.contains(&at)
                && !is_asked(flows, site, own, &made)
                && seen.len() < MAX_CALLERS
                && seen.insert((key, index))
                && self.program.callers_of(key).iter().any(|&site| {
                    let call = self.program.call_at(site);
                    let given = call.and_then(|it| argument(it, Entry::Param(index), takes_self));
                    given.is_some_and(|(place, _)| self.gives_to(site, place, seen))
                })
        })
    }
}

/// Whether a place is all of what a local stands for, or the value of its pair.
fn is_whole(place: &Place) -> bool {
    place.proj.iter().all(|proj| match proj {
        Proj::Field(field) => field.owner == Owner::Tuple && &*field.name == "1",
        Proj::Variant(_) | Proj::Error | Proj::Result | Proj::Asked(_) | Proj::Captured(_) => false,
        _ => true,
    })
}

/// Locals that are given something by a call that asks the system for it.
fn sources(flows: &Flows) -> BTreeSet<Node> {
    let mut found = BTreeSet::new();
    for (id, flow) in (0..).map(FlowId).zip(&flows.bodies) {
        for call in flow.calls() {
            match &call.callee {
                Callee::Function(defs) if is_source(defs) => {
                    found.insert((id, call.dst));
                }
                // Whatever has lines, may have one twice.
                Callee::Method(_, name, own) if own.is_empty() && &**name == "lines" => {
                    found.insert((id, call.dst));
                }
                Callee::Method(_, name, own) if own.is_empty() && &**name == "read_line" => {
                    let filled = call.args.iter().filter_map(|arg| Some(arg.place()?.0.local));
                    found.extend(filled.map(|local| (id, local)));
                }
                _ => {}
            }
        }
    }
    found
}

fn is_source(defs: &[Def]) -> bool {
    matches!(defs, [Def::External(path)] if matches!(
        &**path,
        "std::env::args" | "std::env::args_os" | "std::env::var" | "std::env::vars" | "std::io::stdin"
            | "std::fs::read_to_string"
    ))
}

/// Every local that is made of some of them.
fn made_of(flows: &Flows, of: &BTreeSet<Node>) -> BTreeSet<Node> {
    let bodies = || (0..).map(FlowId).zip(&flows.bodies);
    let changed: BTreeSet<Node> =
        bodies().flat_map(|(id, flow)| changed(flow).map(move |local| (id, local))).collect();
    let mut made: BTreeSet<Node> = of.difference(&changed).copied().collect();
    loop {
        let before = made.len();
        for (id, flow) in bodies() {
            let more = spread(flows, id, flow, &made);
            made.extend(more.into_iter().filter(|node| !changed.contains(node)));
        }
        if made.len() == before {
            return made;
        }
    }
}

/// Variables with something added to what is in them, or without what is there twice.
fn changed(flow: &Flow) -> impl Iterator<Item = LocalId> {
    let changes = |name: &str| {
        ["dedup", "retain", "push", "insert", "extend", "resize", "append"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    flow.calls().filter_map(move |call| match &call.callee {
        Callee::Method(place, name, own) if own.is_empty() && changes(name) => Some(place.local),
        _ => None,
    })
}

/// What some statement of a body makes of what was made by then.
fn spread(flows: &Flows, id: FlowId, flow: &Flow, made: &BTreeSet<Node>) -> Vec<Node> {
    let is_made = |place: &Place| {
        let is_built = || is_built_of(flow, place, |part| made.contains(&(id, part.local)));
        (is_whole(place) && made.contains(&(id, place.local))) || is_built()
    };
    let mut more = Vec::new();
    for (index, local) in (0..).zip(&flow.locals) {
        if local.alias.as_ref().is_some_and(is_made) {
            more.push((id, LocalId(index)));
        }
    }
    for stmt in flow.blocks.iter().flat_map(|block| &block.stmts) {
        match &stmt.kind {
            StmtKind::Assign(to, from) if to.proj.is_empty() && is_made(from) => {
                more.push((id, to.local));
            }
            StmtKind::Closure(_, closure, captures) => {
                let captures = captures.iter().filter(|capture| is_made(&capture.outer));
                more.extend(captures.map(|capture| (*closure, capture.inner)));
            }
            StmtKind::Call(call) if carries(call) && reads(call).any(is_made) => {
                more.push((id, call.dst));
                let given = call.args.iter().filter(|_| gives_on(&call.name));
                more.extend(given.filter_map(|arg| {
                    let local = arg.place()?.0.local;
                    match &flow.locals[local.0 as usize].callable {
                        Some(Callable::Body(closure)) => {
                            Some((*closure, *flows.body(*closure).params.first()?))
                        }
                        _ => None,
                    }
                }));
            }
            _ => {}
        }
    }
    for block in &flow.blocks {
        if let Terminator::Next { iter, item, .. } = &block.end
            && is_made(iter)
        {
            more.push((id, *item));
        }
    }
    more
}

/// Methods that give what they are called on to a closure.
fn gives_on(name: &str) -> bool {
    methods::runs_on_each(name) || matches!(name, "and_then" | "filter" | "inspect" | "map_or")
}

/// Whether a place is a field of a tuple that is put together of such parts only.
fn is_built_of(flow: &Flow, place: &Place, is_it: impl Fn(&Place) -> bool) -> bool {
    let Some((Proj::Field(field), inside)) = place.proj.split_first() else { return false };
    let inside = Place { local: place.local, proj: inside.to_vec() };
    let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
    let mut built = stmts.filter_map(|stmt| match &stmt.kind {
        StmtKind::Build(to, parts) if *to == place.local => Some(parts),
        _ => None,
    });
    let is_part = |operand: &Operand| operand.place().is_some_and(|(part, _)| is_it(part));
    field.owner == Owner::Tuple
        && is_whole(&inside)
        && built.next().is_some_and(|parts| parts.iter().all(|(_, part)| is_part(part)))
}

/// The places that a call makes its value of.
fn reads(call: &Call) -> impl Iterator<Item = &Place> {
    let (receiver, args) = match &call.callee {
        Callee::Method(place, name, _) => (Some(place), &**name == "chain"),
        _ => (None, true),
    };
    let args = call.args.iter().filter(move |_| args).filter_map(|arg| Some(arg.place()?.0));
    receiver.into_iter().chain(args)
}

/// Whether what a call gives is made of what it is called on, and of nothing else that would tell two apart.
fn carries(call: &Call) -> bool {
    match &call.callee {
        Callee::Method(_, name, own) if own.is_empty() => match &**name {
            "collect" => call.ty.path().is_some_and(|path| {
                ["Vec", "String", "VecDeque", "Result", "Option"]
                    .iter()
                    .any(|it| path.rsplit("::").next() == Some(it))
            }),
            _ => keeps(name),
        },
        Callee::Function(defs) => matches!(defs.as_slice(), [Def::External(path)] if matches!(
            &**path,
            "std::option::Option::Some" | "std::result::Result::Ok" | "std::string::String::from"
                | "std::path::PathBuf::from" | "std::io::BufReader::new"
        )),
        _ => false,
    }
}

fn keeps(name: &str) -> bool {
    matches!(
        name,
        "skip"
            | "take"
            | "iter"
            | "into_iter"
            | "by_ref"
            | "cloned"
            | "copied"
            | "peekable"
            | "fuse"
            | "chain"
            | "enumerate"
            | "filter"
            | "filter_map"
            | "map"
            | "map_while"
            | "take_while"
            | "skip_while"
            | "inspect"
            | "flatten"
            | "flat_map"
            | "rev"
            | "next"
            | "next_back"
            | "nth"
            | "last"
            | "first"
            | "get"
            | "lock"
            | "lines"
            | "bytes"
            | "split"
            | "splitn"
            | "split_once"
            | "split_whitespace"
            | "split_ascii_whitespace"
            | "trim"
            | "trim_start"
            | "trim_end"
            | "strip_prefix"
            | "strip_suffix"
            | "parse"
            | "unwrap"
            | "expect"
            | "unwrap_or"
            | "unwrap_or_default"
            | "unwrap_or_else"
            | "ok"
            | "ok_or"
            | "ok_or_else"
            | "map_err"
            | "and_then"
            | "or"
            | "or_else"
            | "clone"
            | "as_str"
            | "as_ref"
            | "as_deref"
            | "as_slice"
            | "as_bytes"
            | "borrow"
            | "into"
            | "to_string"
            | "to_owned"
            | "to_vec"
            | "to_lowercase"
            | "to_uppercase"
            | "to_ascii_lowercase"
            | "to_ascii_uppercase"
            | "to_string_lossy"
            | "into_owned"
            | "into_string"
            | "into_boxed_str"
    )
}

/// Whether something in a body sees to it that what the call at a site is given is not there twice: it is compared, or
/// a call that is given some of it decides a way, or is one of what the call at the site is one of (`own`) and comes
/// before.
fn is_asked(flows: &Flows, site: Site, own: Option<&Place>, given: &BTreeSet<Node>) -> bool {
    (0..).map(FlowId).zip(&flows.bodies).any(|(id, flow)| {
        let is_given = |place: &Place| given.contains(&(id, place.local));
        let tested = || flow.conditions().map(|condition| &condition.place);
        let keeps = |place: &Place| {
            let same = |own: &Place| own.local == place.local && place.proj.starts_with(&own.proj);
            id == site.flow && own.is_some_and(same)
        };
        let calls = (0..).map(super::BlockId).zip(&flow.blocks).any(|(at, block)| {
            block.stmts.iter().zip(0..).any(|(stmt, index)| match &stmt.kind {
                StmtKind::Call(call)
                    if (at, index) != (site.block, site.index) || id != site.flow =>
                {
                    let is_before = (at, index) < (site.block, site.index);
                    let asks =
                        || call.args.iter().filter_map(|arg| Some(arg.place()?.0)).any(is_given);
                    let decides =
                        || tested().any(|place| place.local == call.dst) && !carries(call);
                    let around = |place: &Place| {
                        own.is_some_and(|own| own.local == place.local) && id == site.flow
                    };
                    let of_it = || {
                        call.receiver().is_some_and(|place| {
                            (is_before && around(place))
                                || (methods::tells_of_keys(&call.name) && keeps(place))
                        })
                    };
                    asks() && (of_it() || decides())
                }
                _ => false,
            })
        });
        let compared = flow.reads.iter().any(|(&block, reads)| {
            let is_own = id == site.flow && block == site.block;
            let variables: BTreeSet<LocalId> = reads
                .iter()
                .map(|place| place.local)
                .filter(|local| flow.locals[local.0 as usize].kind != LocalKind::Temporary)
                .collect();
            !is_own && variables.len() > 1 && reads.iter().any(is_given)
        });
        calls || compared || flow.asserts || tested().any(keeps)
    })
}
