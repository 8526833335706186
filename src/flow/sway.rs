//! Which branches of a function depend on the value that keeps a handle.
//!
//! A method that joins on one way and drops on another proves nothing of a value, as long as the way depends on what
//! else that value holds: `if self.running { join }` is right when only running values have a thread. A way that is
//! chosen by something else, an argument or an event, can be taken with any value. What depends on the value is
//! found as taint is: without regard to the order of statements, and too much rather than too little.

use rustc_hash::FxHashSet;

use super::{
    Block, BlockId, Call, Callee, Field, Flow, LocalId, LocalKind, Operand, Place, Proj, Stmt,
    StmtKind, Terminator, asking,
};

/// Places that are told apart; with more of them every branch counts.
const MAX_PLACES: usize = 64;

/// The blocks of a body at the end of which a value has a say.
#[derive(Debug, Default)]
pub(super) struct Sways(FxHashSet<BlockId>);

impl Sways {
    /// The blocks whose branch may depend on what is in `from`, or on what nobody knows. How many elements there are
    /// in the collection that the token is in, `way` says where, tells nothing of this one, and neither does a field of
    /// which `is_free` says so.
    pub(super) fn new(
        flow: &Flow,
        from: LocalId,
        way: &[Proj],
        is_free: &dyn Fn(&Field) -> bool,
    ) -> Self {
        let derived = Derived::new(flow, from);
        let depth = way.iter().position(|proj| matches!(proj, Proj::Elem));
        let gathered = depth.map(|depth| Place { local: from, proj: way[..depth].to_vec() });
        let sways = |block: BlockId| match &flow.blocks[block.0 as usize].end {
            Terminator::Branch(edges) => {
                let tested = edges.iter().flat_map(|(_, all)| all).map(|it| &it.place);
                let reads = flow.reads.get(&block).into_iter().flatten();
                let counts = counted(&flow.blocks[block.0 as usize], gathered.as_ref());
                // What a question is about is among what was read for it.
                let asked = |place: &Place| matches!(place.proj.last(), Some(Proj::Asked(_)));
                let tested = tested.filter(|place| !(counts && asked(place)));
                let all: Vec<&Place> = tested.chain(reads).collect();
                let is_free = |place: &Place| match place.proj.as_slice() {
                    [Proj::Field(field)] => place.local == from && is_free(field),
                    _ => false,
                };
                let tells = |place: &Place| {
                    derived.may_tell(place)
                        && !(counts && Some(place) == gathered.as_ref())
                        && !is_free(place)
                };
                let mut others = all.iter().filter(|place| Some(**place) != gathered.as_ref());
                (others.next().is_none() && !counts) || all.iter().copied().any(tells)
            }
            Terminator::Next { iter, .. } => derived.may_tell(iter),
            _ => false,
        };
        let blocks = (0..).map(BlockId).take(flow.blocks.len());
        Self(blocks.filter(|&block| sways(block)).collect())
    }

    /// Whether the way out of a block depends on the value.
    pub(super) fn at(&self, block: BlockId) -> bool {
        self.0.contains(&block)
    }
}

impl Flow {
    /// Whether one statement may come before another.
    pub fn is_before(&self, (one, index): (BlockId, usize), (other, at): (BlockId, usize)) -> bool {
        (one == other && index < at) || self.reachable(one).contains(&other)
    }

    /// Whether a statement only asks how many elements there are, and none of them.
    pub fn only_counts(&self, (block, index): (BlockId, usize)) -> bool {
        let stmt = self.blocks[block.0 as usize].stmts.get(index);
        stmt.is_some_and(|stmt| match &stmt.kind {
            StmtKind::Call(call) => match &call.callee {
                Callee::Method(_, name, own) => own.is_empty() && asking::counts(name),
                _ => false,
            },
            _ => false,
        })
    }

    /// Whether nothing before a statement can have changed what is in a place, or depends on the value that it is in:
    /// no call of which `takes` says that it may is given that value, no closure captures it, and no branch asks it.
    pub fn is_untouched_before(
        &self,
        place: &Place,
        at: (BlockId, usize),
        takes: &dyn Fn(&Call) -> bool,
    ) -> bool {
        let whole = Place::local(place.local);
        let names = |stmt: &StmtKind| stmt.places().iter().any(|it| it.local == place.local);
        let gives = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Call(call) => names(&stmt.kind) && takes(call),
            StmtKind::Closure(..) => names(&stmt.kind),
            _ => false,
        };
        let blocks = || (0..).map(BlockId).zip(&self.blocks);
        let given = blocks().any(|(block, it)| {
            let mut stmts = it.stmts.iter().enumerate();
            stmts.any(|(index, stmt)| gives(stmt) && self.is_before((block, index), at))
        });
        if given {
            return false;
        }
        let sways = Sways::new(self, whole.local, &place.proj, &|_| false);
        let leads = |to: BlockId| to == at.0 || self.reachable(to).contains(&at.0);
        let decides = |block: BlockId| {
            let next = self.successors(block);
            sways.at(block) && next.iter().any(|&to| leads(to)) && !next.iter().all(|&to| leads(to))
        };
        !blocks().any(|(block, _)| decides(block))
    }
}

/// Whether all that the last statement of a block calls is how many elements something has.
fn counted(block: &Block, of: Option<&Place>) -> bool {
    let Some(last) = block.calls().next_back() else { return false };
    let mut others = block.calls().rev().skip(1).take_while(|it| it.statement == last.statement);
    others.next().is_none()
        && &*last.name == "len"
        && matches!(&last.callee, Callee::Method(at, ..) if Some(at) == of)
}

/// The places of a body that may hold something made of one value.
pub(super) struct Derived<'f> {
    flow: &'f Flow,
    places: Vec<Place>,
}

impl<'f> Derived<'f> {
    /// What is made of `from` anywhere in a body.
    pub(super) fn new(flow: &'f Flow, from: LocalId) -> Self {
        let mut derived = Self { flow, places: vec![Place::local(from)] };
        let mut known = 0;
        while known != derived.places.len() && derived.places.len() <= MAX_PLACES {
            known = derived.places.len();
            for block in &flow.blocks {
                block.stmts.iter().for_each(|stmt| derived.over(&stmt.kind));
                if let Terminator::Next { iter, item, .. } = &block.end
                    && derived.has(iter)
                {
                    derived.add(Place::local(*item));
                }
            }
        }
        derived
    }

    /// Whether a place may hold something made of the value.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.places.len() > MAX_PLACES || self.places.iter().any(|own| overlap(own, place))
    }

    /// Whether what is in a place may say something of the value: a static may know of it too.
    fn may_tell(&self, place: &Place) -> bool {
        let kind = self.flow.locals[place.local.0 as usize].kind;
        matches!(kind, LocalKind::Static(..)) || self.has(place)
    }

    fn add(&mut self, place: Place) {
        let is_new =
            |own: &Place| own.local != place.local || !place.proj.starts_with(own.proj.as_slice());
        if self.places.iter().all(is_new) {
            self.places.push(place);
        }
    }

    /// What goes from one place to another.
    fn moves(&mut self, to: &Place, from: &Place) {
        let found: Vec<Place> = self
            .places
            .iter()
            .filter(|own| overlap(own, from))
            .map(|own| match own.proj.strip_prefix(from.proj.as_slice()) {
                Some(rest) => to.with(rest),
                None => to.clone(),
            })
            .collect();
        found.into_iter().for_each(|place| self.add(place));
    }

    fn over(&mut self, kind: &StmtKind) {
        match kind {
            StmtKind::Assign(to, from) => self.moves(to, from),
            StmtKind::Build(to, parts) => {
                for (proj, part) in parts {
                    if let Some((from, _)) = part.place() {
                        self.moves(&Place { local: *to, proj: proj.clone() }, from);
                    }
                }
            }
            StmtKind::Closure(to, _, captures) => {
                if captures.iter().any(|it| self.has(&it.outer)) {
                    self.add(Place::local(*to));
                    captures.iter().for_each(|it| self.add(it.outer.clone()));
                }
            }
            StmtKind::Mention(places, _) => {
                if places.iter().any(|place| self.has(place)) {
                    places.iter().for_each(|place| self.add(place.clone()));
                }
            }
            // What a thread gives says nothing of what keeps its handle.
            StmtKind::Call(call) if &*call.name == "join" && call.args.is_empty() => {}
            StmtKind::Call(call) => {
                let receiver = match &call.callee {
                    Callee::Method(place, ..) | Callee::Local(place, _) | Callee::Await(place) => {
                        Some(place)
                    }
                    Callee::Function(_) => None,
                };
                let args = || call.args.iter().filter_map(Operand::place);
                if receiver.into_iter().chain(args().map(|(place, _)| place)).any(|it| self.has(it))
                {
                    self.add(Place::local(call.dst));
                    // Whatever can be changed may be told of it.
                    let changes = |it: &Place| {
                        let kind = self.flow.locals[it.local.0 as usize].kind;
                        matches!(kind, LocalKind::Capture(_))
                            || self.flow.lent.iter().any(|lent| overlap(lent, it))
                    };
                    let lent: Vec<&Place> = args()
                        .filter(|(it, by_reference)| *by_reference && changes(it))
                        .map(|(it, _)| it)
                        .collect();
                    receiver.into_iter().chain(lent).for_each(|place| self.add(place.clone()));
                }
            }
            StmtKind::Clear(_) | StmtKind::Flag(..) | StmtKind::Drop(..) => {}
        }
    }
}

/// Whether one of two places may lie in the other: not if they part at fields of different names.
pub(super) fn overlap(one: &Place, other: &Place) -> bool {
    let first = one.proj.iter().zip(&other.proj).find(|(one, other)| one != other);
    one.local == other.local && !matches!(first, Some((Proj::Field(_), Proj::Field(_))))
}
