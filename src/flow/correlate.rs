//! What is tested twice: `if verbose { spawn }` and later `if verbose { join }`.
//!
//! The graph alone would combine the first branch with the second one's `else`. A place that nothing
//! changes gives the same answer each time, so a token remembers what tests said of it, and what a variable was set to:
//! that it is one of some values, or none of them.

use rustc_hash::FxHashMap;

use super::fact::{Fact, either, learn};
use super::lower::GIVEN;
use super::{
    Binding, BlockId, Call, Callee, Condition, Constant, Flow, LocalId, LocalKind, Operand, Place,
    Proj, RETURN, Stmt, StmtKind, Terminator, Test,
};
use crate::model::Def;

/// The places of a body that are tested more than once and that nothing changes.
pub(super) fn stable(flow: &Flow) -> Vec<Place> {
    let mut tested: FxHashMap<&Place, (usize, bool)> = FxHashMap::default();
    let before = chained(flow);
    for (block, conditions) in tests(flow) {
        for condition in conditions {
            let (times, plain) = tested.entry(&condition.place).or_insert((0, true));
            // The arms of one `match` ask one after the other.
            let is_next = before.get(&block).is_some_and(|all| all.contains(&&condition.place));
            *times += usize::from(!is_next);
            *plain &= is_bool(&condition.test);
        }
    }
    for given in flow.calls().flat_map(|call| &call.given) {
        let (times, plain) = tested.entry(&given.place).or_insert((0, true));
        *times += 1;
        *plain &= is_bool(&given.test);
    }
    for condition in flow.rounds.iter().filter_map(|round| round.entered.as_ref()) {
        if let Some((times, _)) = tested.get_mut(&condition.place) {
            *times += 1;
        }
    }
    // Whoever is given it may ask as well.
    for arg in flow.calls().filter(|call| !call.targets().is_empty()).flat_map(|call| &call.args) {
        if let Operand::Move(place) = arg
            && let Some((times, _)) = tested.get_mut(place)
        {
            *times += 1;
        }
    }
    // Several branches ask one question that is made of others.
    for (place, question) in &flow.asked {
        if let Some((times, _)) = tested.get_mut(place) {
            *times = question.times;
        }
    }
    let twice = tested.into_iter().filter(|(_, (times, _))| *times > 1);
    let kept = twice.filter(|(place, (_, plain))| !changes(flow, place, *plain));
    let mut found: Vec<Place> = kept.map(|(place, _)| place.clone()).collect();
    found.sort();
    found
}

/// What each branch of a body tests.
fn tests(flow: &Flow) -> impl Iterator<Item = (BlockId, &[Condition])> {
    (0..).map(BlockId).zip(&flow.blocks).filter_map(|(at, block)| match &block.end {
        Terminator::Branch(edges) => Some((at, edges.first()?.1.as_slice())),
        _ => None,
    })
}

/// What is tested of a place.
fn tests_of<'f>(flow: &'f Flow, place: &'f Place) -> impl Iterator<Item = &'f Test> {
    let conditions = tests(flow).flat_map(|(_, all)| all);
    conditions.filter(move |it| it.place == *place).map(|it| &it.test)
}

/// The places that were tested on every edge into a block.
fn chained(flow: &Flow) -> FxHashMap<BlockId, Vec<&Place>> {
    let mut into: FxHashMap<BlockId, Vec<&Place>> = FxHashMap::default();
    for block in &flow.blocks {
        for (to, conditions) in successors(&block.end) {
            let own = || conditions.iter().map(|it| &it.place);
            into.entry(to)
                .and_modify(|places| places.retain(|place| own().any(|it| it == *place)))
                .or_insert_with(|| own().collect());
        }
    }
    into
}

fn is_bool(test: &Test) -> bool {
    matches!(test, Test::Is(values) if values.iter().all(|it| matches!(it, Constant::Bool(_))))
}

/// The variables of a body that are set to a known value, on whatever way, and that nothing else can get at; with the
/// temporaries that the values come through.
pub(super) fn flags(flow: &Flow) -> Vec<LocalId> {
    let stmts = || flow.blocks.iter().flat_map(|block| &block.stmts);
    let mut set = set_to_known(flow);
    if set.is_empty() {
        return Vec::new();
    }
    let moved: Vec<(LocalId, LocalId)> = stmts()
        .filter_map(|stmt| match &stmt.kind {
            StmtKind::Assign(to, from) if to.proj.is_empty() => Some((to.local, from.local)),
            _ => None,
        })
        .collect();
    loop {
        let known = set.len();
        for (to, from) in &moved {
            if let Some(&plain) = set.get(from) {
                set.entry(*to).or_insert(plain);
            }
        }
        if set.len() == known {
            break;
        }
    }
    let is_own = |local: LocalId, plain: bool| {
        let lent = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Closure(_, _, captures) => captures.iter().any(|it| it.outer.local == local),
            StmtKind::Mention(places, _) => places.iter().any(|place| place.local == local),
            StmtKind::Build(_, parts) => parts.iter().any(|(_, part)| borrows(part, local)),
            StmtKind::Call(call) => {
                let used = matches!(&call.callee, Callee::Method(place, ..)
                    if place.local == local && !plain && !call.looks);
                used || call.args.iter().any(|arg| borrows(arg, local))
            }
            _ => false,
        };
        flow.locals[local.0 as usize].kind == LocalKind::Variable
            && tests_of(flow, &Place::local(local)).next().is_some()
            && !stmts().any(lent)
    };
    let is_temporary = |local: LocalId| {
        flow.locals[local.0 as usize].kind == LocalKind::Temporary && set.contains_key(&local)
    };
    // Callers may ask what comes back.
    let own = set.iter().filter(|(local, plain)| **local == RETURN || is_own(**local, **plain));
    let own = own.map(|it| *it.0);
    let mut found: Vec<LocalId> = own.collect();
    let mut next = 0;
    while let Some(&local) = found.get(next) {
        let from = moved.iter().filter(|(to, from)| *to == local && is_temporary(*from));
        let more: Vec<LocalId> = from.map(|it| it.1).filter(|it| !found.contains(it)).collect();
        found.extend(more);
        next += 1;
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The locals that are set to a known value somewhere, and whether all that is known of one is that it is true or false.
fn set_to_known(flow: &Flow) -> FxHashMap<LocalId, bool> {
    let mut set: FxHashMap<LocalId, bool> = FxHashMap::default();
    for stmt in flow.blocks.iter().flat_map(|block| &block.stmts) {
        let (local, value) = match &stmt.kind {
            StmtKind::Flag(local, Some(value)) => (*local, value),
            StmtKind::Build(local, parts) => {
                let known = parts.iter().find_map(|(_, part)| match part {
                    Operand::Constant(value) => value.as_ref(),
                    _ => None,
                });
                let Some(value) = known else { continue };
                (*local, value)
            }
            StmtKind::Call(call) if made(call).is_some() => {
                set.insert(call.dst, false);
                continue;
            }
            _ => continue,
        };
        *set.entry(local).or_insert(true) &= matches!(value, Constant::Bool(_));
    }
    set
}

fn borrows(operand: &Operand, local: LocalId) -> bool {
    matches!(operand, Operand::Borrow(place) if place.local == local)
}

/// What is known after a statement.
pub(super) fn facts_over(flow: &Flow, facts: &mut Vec<(Place, Fact)>, stmt: &Stmt) {
    match &stmt.kind {
        StmtKind::Flag(local, value) => {
            facts.retain(|(place, _)| place.local != *local);
            if let Some(value) = value.as_ref().filter(|_| flow.flags.binary_search(local).is_ok())
            {
                learn(facts, Place::local(*local), Fact::Is(vec![value.clone()]));
            }
        }
        StmtKind::Clear(to) => facts.retain(|(place, _)| !overlaps(place, to)),
        StmtKind::Assign(to, from) => {
            let known = facts.iter().filter_map(|(place, fact)| {
                let rest = below(place, from)?;
                let mut to = to.clone();
                to.proj.extend(rest.iter().cloned());
                Some((to, fact.clone()))
            });
            let mut known: Vec<(Place, Fact)> = known.collect();
            facts.retain(|(place, _)| !overlaps(place, to));
            // What is known of a parameter is known of nothing that changes later.
            known.retain(|(to, _)| flow.params.contains(&from.local) || is_carried(flow, to));
            known.into_iter().for_each(|(place, fact)| learn(facts, place, fact));
        }
        // In the next round of a loop it is another one.
        StmtKind::Drop(local, _) => facts.retain(|(place, _)| place.local != *local),
        StmtKind::Build(local, parts) => {
            let is_flag = flow.flags.binary_search(local).is_ok();
            let known = parts.iter().filter_map(|(proj, part)| {
                let fact = match part {
                    Operand::Move(from) => &facts.iter().find(|(place, _)| place == from)?.1,
                    Operand::Constant(Some(value)) if is_flag => &Fact::Is(vec![value.clone()]),
                    _ => return None,
                };
                Some((Place { local: *local, proj: proj.clone() }, fact.clone()))
            });
            let known: Vec<(Place, Fact)> = known.collect();
            facts.retain(|(place, _)| place.local != *local);
            known.into_iter().for_each(|(place, fact)| learn(facts, place, fact));
        }
        StmtKind::Call(call) => {
            facts.retain(|(place, _)| place.local != call.dst);
            if flow.flags.binary_search(&call.dst).is_ok()
                && let Some(fact) = made(call)
            {
                learn(facts, Place::local(call.dst), fact);
            }
        }
        StmtKind::Closure(..) | StmtKind::Mention(..) => {}
    }
}

/// What is known of what a call makes, if it makes a variant: `Some(..)`, `State::Running(..)`.
fn made(call: &Call) -> Option<Fact> {
    let Callee::Function(defs) = &call.callee else { return None };
    match defs.as_slice() {
        [Def::Variant(_, name)] => Some(Fact::Is(vec![Constant::Variant(name.clone())])),
        [Def::External(path)] => match &**path {
            "std::option::Option::Some" | "std::result::Result::Ok" => Some(Fact::Inner(true)),
            "std::result::Result::Err" => Some(Fact::Inner(false)),
            _ => None,
        },
        _ => None,
    }
}

/// The way from a place to what is in it, or nothing if that is elsewhere.
fn below<'p>(place: &'p Place, from: &Place) -> Option<&'p [Proj]> {
    let same = place.local == from.local;
    same.then(|| place.proj.strip_prefix(from.proj.as_slice())).flatten()
}

/// Whether one of two places is the other, or a part of it.
fn overlaps(one: &Place, other: &Place) -> bool {
    let same = |(one, other): (&Proj, &Proj)| {
        let opens = |proj: &Proj| matches!(proj, Proj::Open | Proj::Inner | Proj::Maybe);
        one == other || (opens(one) && opens(other))
    };
    one.local == other.local && one.proj.iter().zip(&other.proj).all(same)
}

/// Whether anything in a body may change what is in a place; `plain` says that it is a `bool`.
fn changes(flow: &Flow, place: &Place, plain: bool) -> bool {
    if let Some(question) = flow.asked.get(place) {
        return question.reads.iter().any(|place| changes(flow, place, false));
    }
    // Of elements nobody knows which, and what is behind a lock changes whenever somebody else has it.
    if place.proj.iter().any(Proj::is_one_of)
        || flow.locked.iter().any(|lock| overlaps(place, &lock.place))
    {
        return true;
    }
    let local = &flow.locals[place.local.0 as usize];
    let is_fixed = match local.binding {
        Binding::Free => false,
        Binding::Once => is_scalar(flow, place),
        Binding::Data => true,
    };
    // What is behind a reference or shared with another body may change at any time.
    let own = match local.kind {
        LocalKind::Variable | LocalKind::Parameter | LocalKind::Temporary => true,
        LocalKind::Reference => is_fixed || !plain || !place.proj.is_empty(),
        _ => false,
    };
    if !own {
        return true;
    }
    let overlaps = |other: &Place| overlaps(place, other);
    let mut stores = 0;
    for stmt in flow.blocks.iter().flat_map(|block| &block.stmts) {
        match &stmt.kind {
            StmtKind::Assign(to, _) if overlaps(to) => stores += 1,
            StmtKind::Build(to, _) if is_fixed => stores += usize::from(*to == place.local),
            StmtKind::Call(call) if is_fixed => stores += usize::from(call.dst == place.local),
            StmtKind::Closure(..) | StmtKind::Mention(..) if is_fixed => {}
            StmtKind::Build(_, parts)
                if parts
                    .iter()
                    .any(|(_, it)| matches!(it, Operand::Borrow(at) if overlaps(at))) =>
            {
                return true;
            }
            StmtKind::Build(to, _) if *to == place.local => stores += 1,
            StmtKind::Clear(to) if overlaps(to) => return true,
            StmtKind::Flag(to, None) if *to == place.local => return true,
            StmtKind::Closure(_, _, captures) => {
                // A closure may write to what it borrows.
                let writes =
                    |capture: &super::Capture| capture.moves.is_empty() && overlaps(&capture.outer);
                if captures.iter().any(writes) {
                    return true;
                }
            }
            StmtKind::Mention(_, GIVEN) if local.binding != Binding::Free => {}
            StmtKind::Mention(places, _) if places.iter().any(overlaps) => return true,
            StmtKind::Call(call) => {
                let borrows = |arg: &Operand| matches!(arg, Operand::Borrow(at) if overlaps(at));
                // A method may change what it is called on, but not if that is the very `bool`.
                let inside = matches!(&call.callee, Callee::Method(at, ..)
                    if overlaps(at) && !call.looks && (!plain || at.proj.len() < place.proj.len()));
                if inside || call.args.iter().any(borrows) {
                    return true;
                }
                stores += usize::from(call.dst == place.local);
            }
            _ => {}
        }
    }
    // The one store is where it is bound.
    let bound =
        place.proj.is_empty() || matches!(local.kind, LocalKind::Variable | LocalKind::Temporary);
    stores > usize::from(bound)
}

/// What a body knows at its start of parameters whose value is known, as far as nothing changes them.
pub(super) fn facts_at_start(flow: &Flow, flags: &[(usize, Constant)]) -> Vec<(Place, Fact)> {
    let fact = |(index, value): &(usize, Constant)| {
        let param = *flow.params.get(*index)?;
        let plain = matches!(value, Constant::Bool(_));
        let fact = Fact::Is(vec![value.clone()]);
        (!changes(flow, named(flow, param)?, plain)).then_some((Place::local(param), fact))
    };
    let mut facts = Vec::new();
    for (place, fact) in flags.iter().filter_map(fact) {
        learn(&mut facts, place, fact);
    }
    facts
}

/// What must be so for a call to have run what it is given, as far as nothing changes that while it is asked again.
pub(super) fn facts_given<'f>(
    flow: &'f Flow,
    call: &'f Call,
) -> impl Iterator<Item = (Place, Fact)> + 'f {
    let kept = call.given.iter().filter(|it| is_kept(flow, &it.place));
    kept.filter_map(|it| Some((it.place.clone(), Fact::after(None, &it.test, it.holds)?)))
}

/// The variable that a parameter is bound to.
pub(super) fn named(flow: &Flow, param: LocalId) -> Option<&Place> {
    flow.blocks.first()?.stmts.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign(to, from) if *from == Place::local(param) => Some(to),
        _ => None,
    })
}

/// What must have been so of the parameters of a function for a block to be reached, if nothing changes them.
pub(super) fn given_before(flow: &Flow, block: BlockId) -> Vec<(usize, Fact)> {
    let facts = facts_on_entry(flow, block);
    if flow.parent.is_some() || facts.is_empty() {
        return Vec::new();
    }
    let of_param = |(index, &param): (usize, &LocalId)| {
        let place = variable_of(flow, param);
        let (_, fact) = facts.iter().find(|(at, _)| *at == place)?;
        let plain = matches!(fact.only(), Some(Constant::Bool(_)));
        (!changes(flow, &place, plain)).then(|| (index, fact.clone()))
    };
    flow.params.iter().enumerate().filter_map(of_param).collect()
}

/// The place that a function knows a parameter by.
fn variable_of(flow: &Flow, param: LocalId) -> Place {
    named(flow, param).cloned().unwrap_or_else(|| Place::local(param))
}

/// Whether what is asked of a variable tells that it is a number or a `bool`.
fn is_scalar(flow: &Flow, place: &Place) -> bool {
    let is_one = |test: &Test| match test {
        Test::Above(_) => true,
        Test::Is(values) => {
            values.iter().all(|it| matches!(it, Constant::Bool(_) | Constant::Number(_)))
        }
        Test::Inner | Test::Empty => false,
    };
    let mut tests = tests_of(flow, place).peekable();
    place.proj.is_empty() && tests.peek().is_some() && tests.all(is_one)
}

/// Whether all that is asked of a place is whether it is true.
fn is_plain(flow: &Flow, place: &Place) -> bool {
    tests_of(flow, place).all(is_bool)
}

/// For each block that can be reached, what is known wherever it is entered.
pub(super) type Entered = Vec<Option<Vec<(Place, Fact)>>>;

/// What is known wherever a block is entered, of places that are asked again and of parameters.
fn facts_on_entry(flow: &Flow, block: BlockId) -> &[(Place, Fact)] {
    let all = flow.entered.get_or_init(|| {
        let mut kept = flow.stable.clone();
        kept.extend(flow.flags.iter().map(|&local| Place::local(local)));
        if flow.parent.is_none() {
            kept.extend(flow.params.iter().map(|&param| variable_of(flow, param)));
        }
        let is_flag = |place: &Place| place.proj.is_empty() && flow.flags.contains(&place.local);
        kept.retain(|place| {
            tests_of(flow, place).next().is_some()
                && (is_flag(place) || !changes(flow, place, is_plain(flow, place)))
        });
        if kept.is_empty() { Vec::new() } else { entered(flow, &kept) }
    });
    all.get(block.0 as usize).and_then(Option::as_deref).unwrap_or_default()
}

/// A walk over the whole graph to a fixpoint: where ways meet, what holds on both is known, and values are added up.
fn entered(flow: &Flow, kept: &[Place]) -> Entered {
    let mut known: Entered = vec![None; flow.blocks.len()];
    let Some(first) = known.first_mut() else { return known };
    *first = Some(Vec::new());
    let mut open = vec![BlockId(0)];
    while let Some(at) = open.pop() {
        let Some(mut facts) = known[at.0 as usize].clone() else { continue };
        let block = &flow.blocks[at.0 as usize];
        block.stmts.iter().for_each(|stmt| facts_over(flow, &mut facts, stmt));
        for (to, conditions) in successors(&block.end) {
            let round = flow.rounds.iter().find(|it| it.head == at && it.body == Some(to));
            // What was so in the first round need not be so in another one, if it changes.
            let lasts = |it: &&Condition| !flow.flags.contains(&it.place.local);
            let entered = round.and_then(|round| round.entered.as_ref()).filter(lasts);
            let all = conditions.iter().chain(entered);
            let keeps = |place: &Place| kept.contains(place);
            let Some(after) = facts_after_all(&facts, all, &keeps) else { continue };
            let own = &mut known[to.0 as usize];
            let joined = match own {
                Some(before) => either(before, &after),
                None => after,
            };
            if own.as_ref() != Some(&joined) {
                *own = Some(joined);
                open.push(to);
            }
        }
    }
    known
}

/// Whether a body tests a parameter whose value is known, or hands it on to what may.
pub(super) fn is_tested(flow: &Flow, flag: &(usize, Constant)) -> bool {
    let start = facts_at_start(flow, std::slice::from_ref(flag));
    start.iter().filter_map(|(param, _)| named(flow, param.local)).any(|place| {
        let is_it = |part: &Operand| matches!(part, Operand::Move(it) if it == place);
        let given = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Call(call) => call.args.iter().any(is_it),
            StmtKind::Build(_, parts) => parts.iter().any(|(_, part)| is_it(part)),
            _ => false,
        };
        tests_of(flow, place).next().is_some()
            || flow.blocks.iter().flat_map(|block| &block.stmts).any(given)
    })
}

/// What must have been tested or set before a statement is reached, whatever the way to it.
pub(super) fn facts_before(flow: &Flow, block: BlockId, index: usize) -> Vec<(Place, Fact)> {
    if flow.stable.is_empty() && flow.flags.is_empty() {
        return Vec::new();
    }
    let mut facts = facts_on_entry(flow, block).to_vec();
    facts.retain(|(place, _)| is_kept(flow, place));
    let stmts = flow.blocks[block.0 as usize].stmts.iter().take(index);
    stmts.for_each(|stmt| facts_over(flow, &mut facts, stmt));
    facts
}

fn successors(end: &Terminator) -> Vec<(BlockId, &[Condition])> {
    match end {
        Terminator::Stop | Terminator::Diverge(_) | Terminator::Exit(_) | Terminator::Return => {
            Vec::new()
        }
        Terminator::Goto(block) => vec![(*block, &[])],
        Terminator::Branch(edges) => {
            edges.iter().map(|(block, conditions)| (*block, conditions.as_slice())).collect()
        }
        Terminator::Next { body, exit, .. } => vec![(*body, &[]), (*exit, &[])],
    }
}

/// Whether what a test says of a place holds until something is seen to change it.
pub(super) fn is_kept(flow: &Flow, place: &Place) -> bool {
    flow.stable.contains(place) || (place.proj.is_empty() && flow.flags.contains(&place.local))
}

/// The same, or whether it is a part of what carries what is known to such a place, or is declared without `mut`.
fn is_carried(flow: &Flow, place: &Place) -> bool {
    let stays = flow.locals[place.local.0 as usize].binding != Binding::Free;
    stays || is_kept(flow, place) || flow.flags.binary_search(&place.local).is_ok()
}

/// What is known behind an edge, or nothing when the edge cannot be taken.
pub(super) fn facts_after(
    flow: &Flow,
    facts: &[(Place, Fact)],
    conditions: &[Condition],
) -> Option<Vec<(Place, Fact)>> {
    facts_after_all(facts, conditions.iter(), &|place| is_kept(flow, place))
}

fn facts_after_all<'c>(
    facts: &[(Place, Fact)],
    conditions: impl Iterator<Item = &'c Condition>,
    keeps: &dyn Fn(&Place) -> bool,
) -> Option<Vec<(Place, Fact)>> {
    let mut after = facts.to_vec();
    for condition in conditions {
        let known = after.iter().find(|(place, _)| *place == condition.place).map(|it| &it.1);
        if known.is_some() || keeps(&condition.place) {
            let fact = Fact::after(known, &condition.test, condition.holds)?;
            learn(&mut after, condition.place.clone(), fact);
        }
    }
    Some(after)
}
