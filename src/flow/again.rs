//! Whether a function is run more than once on the same thing, so that what it sets once is set already.

use super::program::{FunctionKey, Program, Site};
use super::{BlockId, Flow, LocalId, LocalKind, StmtKind, Terminator};

/// Callers above one another that are asked.
const MAX_CALLERS: usize = 3;

/// Whether a function runs again, whatever else happens: in a loop, or by two calls one after the other. `of_static` says
/// that what it sets is a static; else it has to be called on the same variable.
pub(super) fn runs_again(program: &Program, function: FunctionKey, of_static: bool) -> bool {
    again(program, function, of_static, MAX_CALLERS)
}

fn again(program: &Program, function: FunctionKey, of_static: bool, depth: usize) -> bool {
    let is_real = |site: &&Site| !program.body(site.body).is_test;
    let sites: Vec<Site> = program.callers_of(function).iter().filter(is_real).copied().collect();
    let flow = |site: Site| program.body(site.body).flows.body(site.flow);
    let same = |one: Site, other: Site| {
        let called_on = |site| receiver(program, site);
        of_static || (called_on(one).is_some() && called_on(one) == called_on(other))
    };
    let in_round = |site: Site| {
        let flow = flow(site);
        let stays = || receiver(program, site).is_some_and(|it| !is_made_in(flow, it, site.block));
        flow.how_many(site.flow, site.block).is_many() && (of_static || stays())
    };
    let after = |one: Site, other: Site| {
        (one.body, one.flow) == (other.body, other.flow)
            && same(one, other)
            && flow(one).is_always_passed(other.block)
            && flow(one)
                .is_before((one.block, one.index as usize), (other.block, other.index as usize))
    };
    let of_caller = |site: Site| {
        let item = program.body(site.body).function.item;
        let is_passed = flow(site).parent.is_none() && flow(site).is_always_passed(site.block);
        of_static
            && depth > 0
            && is_passed
            && again(program, (item.file, item.item), true, depth - 1)
    };
    sites.iter().any(|&site| {
        in_round(site) || sites.iter().any(|&other| after(site, other)) || of_caller(site)
    })
}

/// The variable that a method is called on.
fn receiver(program: &Program, site: Site) -> Option<LocalId> {
    let place = program.call_at(site)?.receiver()?;
    let flow = program.body(site.body).flows.body(site.flow);
    let is_variable = flow.locals[place.local.0 as usize].kind == LocalKind::Variable;
    (is_variable && place.proj.is_empty()).then_some(place.local)
}

/// Whether a variable is given its value in a loop that a block is in.
fn is_made_in(flow: &Flow, local: LocalId, block: BlockId) -> bool {
    let round = flow.round(block);
    round.iter().any(|&at| {
        let contents = &flow.blocks[at.0 as usize];
        let made = contents.stmts.iter().any(|stmt| match &stmt.kind {
            StmtKind::Assign(to, _) | StmtKind::Clear(to) => to.local == local,
            StmtKind::Build(to, _) | StmtKind::Closure(to, ..) => *to == local,
            StmtKind::Call(call) => call.dst == local,
            _ => false,
        });
        made || matches!(&contents.end, Terminator::Next { item, .. } if *item == local)
    })
}
