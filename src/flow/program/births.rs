//! Whether something may be born in a body, before that is lowered.
//!
//! What is read because of a name is read because it may be the name of a call that gives birth. Most often that is told
//! from what the name means; where it means a function of the project, the body matters only to who asks for it.

use rustc_hash::FxHashSet;

use crate::catalog::Role;
use crate::facts::tree::{Body, ExprKind, Name, Path};
use crate::model::{Ask, Def, FunctionRef, Model, Namespace, watched};

/// What is known of what a body gives birth to.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Whether it gives birth, or nobody can tell before it is lowered.
    pub(super) may_be: bool,
    /// What it depends on that was not read.
    pub(super) open: Vec<Ask>,
    /// The same, and what may make it something else later.
    pub(super) asked: Vec<Ask>,
}

/// What a body gives birth to, by the names of calls that do.
pub(super) fn given(
    model: &Model<'_>,
    names: &FxHashSet<&str>,
    function: FunctionRef,
    body: &Body,
) -> Given {
    // Names in a block with items of its own mean what those say.
    if body.blocks.iter().any(|block| !block.items.is_empty()) {
        return Given { may_be: true, ..Given::default() };
    }
    let mut given = Given::default();
    let is_birth = |name: &Name| names.contains(&**name);
    for expr in &body.exprs {
        match &expr.kind {
            ExprKind::Path(None, path) if names.contains(path.last()) => {
                let (means, asked) = watched(|| meaning(model, function, path));
                if means == Means::Unknown {
                    given.open.extend(asked.iter().cloned());
                }
                given.may_be |= means != Means::Other;
                given.asked.extend(asked);
            }
            ExprKind::Path(Some(_), path) => given.may_be |= names.contains(path.last()),
            // Of what type it is called is not known yet.
            ExprKind::Method(call) => given.may_be |= is_birth(&call.name),
            ExprKind::Macro(call) => given.may_be |= call.mentions.iter().any(is_birth),
            ExprKind::Opaque(mentions) => given.may_be |= mentions.iter().any(is_birth),
            _ => {}
        }
    }
    given
}

/// What a path means.
#[derive(PartialEq, Eq)]
enum Means {
    /// A call that gives birth, or nobody can tell before types are known.
    Birth,
    /// Something else.
    Other,
    /// Something that was not read, or is not there.
    Unknown,
}

fn meaning(model: &Model<'_>, function: FunctionRef, path: &Path) -> Means {
    let segments: Vec<Name> = path.segments.iter().map(|it| it.name.clone()).collect();
    if segments.first().is_some_and(|first| &**first == "Self") {
        return Means::Birth;
    }
    let defs = model.resolve(function.item.module, path.global, &segments, Namespace::Value);
    let gives_birth = |def: &Def| {
        let role = model.canonical(def).and_then(|path| model.catalog.role(&path));
        role.is_some_and(|role| Role::BIRTHS.contains(&role))
    };
    if defs.iter().any(gives_birth) {
        Means::Birth
    } else if defs.is_empty() || defs.contains(&Def::Unknown) {
        Means::Unknown
    } else {
        Means::Other
    }
}
