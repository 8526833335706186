//! What is not known in a run: what tests have said of it, and the choices that are still to be tried.
//!
//! A run takes its choices from a list and adds to it where it has to choose anew; the list is then changed at
//! its end and the program run again, until all is tried. What was decided of something unknown holds for the
//! rest of the run. Where two decisions may not go together, as of `n > 3` and `n % 2 == 0`, the run is doubtful: it
//! may be none that there is.

mod bounds;

use std::collections::{BTreeMap, BTreeSet};

use super::relation::{Relations, ZERO};
use super::same::{holds, key};
use super::value::{Maybe, SymId, Value};
use crate::facts::tree::{Comparison, Name};
use crate::model::{Ty, TyHead};

/// Everything unknown in one run.
#[derive(Debug, Default)]
pub(super) struct Unknowns {
    all: Vec<Unknown>,
    by_key: BTreeMap<String, SymId>,
    types: BTreeMap<SymId, Ty>,
    decided: BTreeMap<SymId, BTreeSet<SymId>>,
    relations: Relations,
    /// What is chosen: which, and of how many.
    pub(super) choices: Vec<(usize, usize)>,
    pub(super) taken: usize,
    /// How many of them say nothing of what is unknown: whether the system has room for a thread.
    pub(super) apart: usize,
    /// Set while code runs that only computes: whether it had to decide something.
    pub(super) pure: Option<bool>,
    late: usize,
    /// Elements of an unknown collection that are tried at most.
    pub(super) most: usize,
    /// Whether something is counted up to more than that.
    pub(super) counts_on: bool,
    /// Whether the run may be none that there is.
    pub(super) doubtful: bool,
    /// Whether it goes one way where there are others that are not tried.
    pub(super) assumed: bool,
    /// Whether more could have been tried.
    pub(super) capped: bool,
}

/// What is known of something unknown.
#[derive(Debug, Default)]
struct Unknown {
    root: SymId,
    comparison: Option<(Comparison, Value, Value)>,
    negated: Option<SymId>,
    is: Option<Value>,
    not: Vec<Value>,
    above: Option<i128>,
    below: Option<i128>,
    variant: Option<Name>,
    others: Vec<Name>,
    len: Option<usize>,
    many: bool,
    good: Option<Maybe>,
    untold: bool,
    computed: bool,
    /// Which number it is more than, or less, and by how much.
    sum: Option<(SymId, i128)>,
    needle: Option<Name>,
}

impl Unknowns {
    /// The same choices up to the last that can be another one; nothing when all were tried.
    pub(super) fn next_choices(mut choices: Vec<(usize, usize)>) -> Option<Vec<(usize, usize)>> {
        while let Some((chosen, of)) = choices.pop() {
            if chosen + 1 < of {
                choices.push((chosen + 1, of));
                return Some(choices);
            }
        }
        None
    }

    /// Which share of all ways lies before those that begin with these choices, if behind each of them are as many.
    pub(super) fn share(choices: &[(usize, usize)]) -> f64 {
        let mut each = 1.0;
        choices.iter().fold(0.0, |before, &(chosen, of)| {
            each /= of as f64;
            before + each * chosen as f64
        })
    }

    pub(super) fn new(choices: Vec<(usize, usize)>, most: usize) -> Self {
        Self { choices, most, ..Self::default() }
    }

    /// One of several ways.
    pub(super) fn choose(&mut self, of: usize) -> usize {
        if let Some(chose) = &mut self.pure {
            *chose = true;
            return 0;
        }
        if self.taken == self.choices.len() {
            self.choices.push((0, of));
        }
        let (chosen, _) = self.choices[self.taken];
        self.taken += 1;
        chosen
    }

    /// What is known of the run so far.
    pub(super) fn flags(&self) -> [bool; 4] {
        [self.doubtful, self.capped, self.counts_on, self.assumed]
    }

    /// Goes back to what was known of it.
    pub(super) fn set_flags(&mut self, flags: [bool; 4]) {
        [self.doubtful, self.capped, self.counts_on, self.assumed] = flags;
    }

    /// Whether something has not happened yet; after a few times it has.
    pub(super) fn is_late(&mut self, most: usize) -> bool {
        let is_late = self.late < most && self.choose(2) == 1;
        self.late += usize::from(is_late);
        is_late
    }

    /// Something new of which nothing is known.
    pub(super) fn fresh(&mut self) -> Value {
        let id = self.all.len();
        self.all.push(Unknown { root: id, ..Unknown::default() });
        Value::Sym(id)
    }

    /// What the source says, but nobody has read: whatever depends on it may not be.
    pub(super) fn untold(&mut self, key: String) -> Value {
        let made = self.derived(key, None);
        if let Value::Sym(id) = made {
            self.all[id].untold = true;
        }
        made
    }

    /// The same of something that may be another thing each time.
    pub(super) fn untold_anew(&mut self) -> Value {
        let made = self.fresh();
        if let Value::Sym(id) = made {
            self.all[id].untold = true;
        }
        made
    }

    /// What is made of something: as little told as that.
    pub(super) fn made_of(&mut self, from: &Value) -> Value {
        let made = self.fresh();
        if let (Value::Sym(from), Value::Sym(id)) = (from, &made) {
            self.all[*id].untold = self.is_untold(*from);
        }
        made
    }

    /// Whether something depends on what nobody has read.
    fn is_untold(&self, id: SymId) -> bool {
        self.all[id].untold || self.all[self.all[id].root].untold
    }

    /// Something new of which only the variant is known.
    pub(super) fn of_variant(&mut self, name: &str) -> Value {
        let made = self.fresh();
        if let Value::Sym(id) = made {
            self.all[id].variant = Some(Name::from(name));
        }
        made
    }

    /// What is made of something in one way is the same each time.
    pub(super) fn derived(&mut self, key: String, from: Option<&Value>) -> Value {
        if let Some(&id) = self.by_key.get(&key) {
            return Value::Sym(id);
        }
        let Value::Sym(id) = self.fresh() else { return Value::Unit };
        if let Some(Value::Sym(from)) = from {
            self.all[id].root = self.all[*from].root;
        }
        self.by_key.insert(key, id);
        Value::Sym(id)
    }

    /// What is inside of something: nothing that is decided of the one says anything of the other.
    pub(super) fn part(&mut self, of: SymId, part: &str) -> Value {
        let made = self.derived(format!("#{of}.{part}"), None);
        if let Value::Sym(id) = made {
            self.all[id].untold |= self.is_untold(of);
        }
        made
    }

    /// The value, if tests have left only one.
    pub(super) fn concrete(&self, value: &Value) -> Value {
        match value {
            Value::Sym(id) => {
                let (base, by) = self.form(*id);
                match &self.all[base].is {
                    Some(Value::Int(number, width)) if base != *id => {
                        Value::Int(number.saturating_add(by), *width)
                    }
                    _ => self.all[*id].is.clone().unwrap_or(Value::Sym(*id)),
                }
            }
            other => other.clone(),
        }
    }

    /// A comparison of which the answer is not known yet.
    pub(super) fn compared(&mut self, op: Comparison, left: &Value, right: &Value) -> Value {
        let key = format!("{}{op:?}{}", key(left), key(right));
        let is_open = |it: &Value| matches!(it, Value::Sym(_));
        // How two things relate says little of each.
        let from = [left, right].into_iter().find(|it| is_open(it));
        let from = from.filter(|_| !(is_open(left) && is_open(right)));
        let made = self.derived(key, from);
        if let Value::Sym(id) = made {
            let sides = [left, right].into_iter();
            let untold = sides.filter(|it| match it {
                Value::Sym(side) => self.is_untold(*side),
                _ => false,
            });
            // Two values that are told, and cannot be compared here; two that are made of the same.
            let told = untold.count() > 0 || !(is_open(left) || is_open(right));
            self.all[id].untold |= told || self.is_of_one(left, right);
            self.all[id].comparison = Some((op, left.clone(), right.clone()));
        }
        made
    }

    pub(super) fn negated(&mut self, of: SymId) -> Value {
        let made = self.derived(format!("!#{of}"), Some(&Value::Sym(of)));
        if let Value::Sym(id) = made {
            self.all[id].negated = Some(of);
        }
        made
    }

    /// Whether something unknown is true; decided now if it was not before.
    pub(super) fn truth(&mut self, id: SymId) -> bool {
        if let Some(Value::Bool(known)) = self.all[id].is {
            return known;
        }
        if let Some(of) = self.all[id].negated {
            return !self.truth(of);
        }
        let answer = match self.all[id].comparison.clone() {
            Some((op, Value::Sym(left), right)) if is_constant(&right) => {
                self.compare(left, op, &right)
            }
            Some((op, left, Value::Sym(right))) if is_constant(&left) => {
                self.compare(right, mirrored(op), &left)
            }
            Some((op, Value::Sym(left), Value::Sym(right))) => {
                self.compare_two(id, op, left, right)
            }
            _ => {
                self.note(id);
                self.choose(2) == 0
            }
        };
        self.all[id].is = Some(Value::Bool(answer));
        answer
    }

    /// Compares something unknown with a constant.
    fn compare(&mut self, id: SymId, op: Comparison, with: &Value) -> bool {
        if let (Value::Int(number, width), (base, by)) = (with, self.form(id))
            && base != id
            && let Some(number) = number.checked_sub(by)
        {
            return self.compare(base, op, &Value::Int(number, *width));
        }
        let known = &self.all[id];
        if let Some(is) = &known.is {
            return holds(op, is, with).unwrap_or_else(|| self.choose(2) == 0);
        }
        let asked = op;
        let (op, negate) = match op {
            Comparison::Unequal => (Comparison::Equal, true),
            Comparison::AtLeast => (Comparison::Less, true),
            Comparison::AtMost => (Comparison::More, true),
            other => (other, false),
        };
        let is_int = |value: &Value| if let Value::Int(it, _) = value { Some(*it) } else { None };
        let number = is_int(with);
        let low = known.above.map(|it| it.saturating_add(1));
        let high = known.below.map(|it| it.saturating_sub(1));
        let settled = match (op, number) {
            (Comparison::Equal, _) if known.not.iter().any(|it| same(it, with)) => Some(false),
            (Comparison::Equal, Some(n))
                if low.is_some_and(|low| n < low) || high.is_some_and(|high| n > high) =>
            {
                Some(false)
            }
            (Comparison::Less, Some(n)) if high.is_some_and(|high| high < n) => Some(true),
            (Comparison::Less, Some(n)) if low.is_some_and(|low| low >= n) => Some(false),
            (Comparison::More, Some(n)) if low.is_some_and(|low| low > n) => Some(true),
            (Comparison::More, Some(n)) if high.is_some_and(|high| high <= n) => Some(false),
            _ => None,
        };
        if let Some(settled) = settled {
            return settled != negate;
        }
        let related = number.and_then(|n| self.relations.says(asked, id, ZERO, n));
        if let Some(settled) = related {
            return settled;
        }
        self.note(id);
        let answer = self.choose(2) == 0;
        if let Some(n) = number {
            self.relations.learn(asked, answer, id, ZERO, n);
        }
        let known = &mut self.all[id];
        match (op, answer != negate, number) {
            (Comparison::Equal, true, _) => known.is = Some(with.clone()),
            (Comparison::Equal, false, _) => known.not.push(with.clone()),
            (Comparison::Less, true, Some(n)) => {
                known.below = Some(known.below.map_or(n, |it| it.min(n)));
            }
            (Comparison::Less, false, Some(n)) => {
                known.above =
                    Some(known.above.map_or(n.saturating_sub(1), |it| it.max(n.saturating_sub(1))));
            }
            (Comparison::More, true, Some(n)) => {
                known.above = Some(known.above.map_or(n, |it| it.max(n)));
            }
            (Comparison::More, false, Some(n)) => {
                known.below =
                    Some(known.below.map_or(n.saturating_add(1), |it| it.min(n.saturating_add(1))));
            }
            _ => {}
        }
        if let (Some(above), Some(below)) = (known.above, known.below)
            && below.saturating_sub(above) == 2
        {
            known.is = Some(Value::number(above.saturating_add(1)));
        }
        answer
    }

    /// Notes that something unknown is whether a text contains a part.
    pub(super) fn is_whether_contains(&mut self, value: &Value, part: &Name) {
        if let Value::Sym(id) = value {
            self.all[*id].needle = Some(part.clone());
        }
    }

    /// A decision of something: another one of what it was made of may not go with it.
    fn note(&mut self, id: SymId) {
        let root = self.all[id].root;
        let is_fixed = root != id && self.all[root].is.is_some();
        let decided = self.decided.entry(root).or_default();
        decided.insert(id);
        // Whether a text contains one thing says nothing of another, if neither is in the other.
        let needles: Option<Vec<&Name>> =
            decided.iter().map(|it| self.all[*it].needle.as_ref()).collect();
        let is_apart = needles.is_some_and(|all| {
            all.iter().enumerate().all(|(at, it)| {
                all[..at].iter().all(|other| !it.contains(&***other) && !other.contains(&***it))
            })
        });
        if (decided.len() > 1 && !is_apart) || is_fixed || self.is_untold(id) {
            self.doubtful = true;
        }
    }

    /// Whether something unknown is this variant; decided now if it was not before.
    pub(super) fn is_variant(&mut self, id: SymId, name: &Name) -> bool {
        let known = &self.all[id];
        if let Some(variant) = &known.variant {
            return variant == name;
        }
        if known.others.contains(name) {
            return false;
        }
        let untold = self.is_untold(id);
        let other = Maybe::of(name).filter(|it| !it.is_flow()).map(|it| it.other().name());
        let known = &self.all[id];
        self.doubtful |= untold;
        let answer = match other {
            Some(other) if known.others.iter().any(|it| &**it == other) => true,
            _ => self.choose(2) == 0,
        };
        let known = &mut self.all[id];
        match answer {
            true => known.variant = Some(name.clone()),
            false => known.others.push(name.clone()),
        }
        answer
    }

    /// The variant of something unknown, if that is known.
    pub(super) fn variant(&self, id: SymId) -> Option<&str> {
        self.all[id].variant.as_deref()
    }

    /// Notes the variant of something unknown.
    pub(super) fn has_variant(&mut self, id: SymId, name: &str) {
        self.all[id].variant = Some(Name::from(name));
    }

    /// A value of an enum of another crate, by its path.
    pub(super) fn named(&mut self, path: &str) -> Value {
        let made = self.derived(path.to_owned(), None);
        let mut names = path.rsplit("::");
        let (name, owner) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        if name == "NAN" {
            return self.fresh();
        }
        let is_type = |it: &str| {
            it.starts_with(|it: char| it.is_ascii_uppercase())
                && it.contains(|it: char| it.is_ascii_lowercase())
        };
        if let (Value::Sym(id), true, true) = (&made, is_type(name), is_type(owner)) {
            self.all[*id].variant = Some(Name::from(name));
        }
        made
    }

    /// Notes that something unknown is an `Option` or a `Result`: which, by its good variant.
    pub(super) fn is_maybe(&mut self, value: &Value, good: Maybe) {
        if let Value::Sym(id) = value {
            self.all[*id].good = Some(good);
        }
    }

    /// The good variant of something unknown, if it is known to be an `Option` or a `Result`.
    pub(super) fn good(&self, id: SymId) -> Option<Maybe> {
        self.all[id].good
    }

    /// Notes of which type of the project something unknown is, where that was not known.
    pub(super) fn is_of_type(&mut self, value: &Value, ty: &Ty) {
        if let (Value::Sym(id), Ty::Named(TyHead::Item(..), ..)) = (value, ty.peel()) {
            self.types.entry(*id).or_insert_with(|| ty.peel().clone());
        }
    }

    /// The type of the project that something unknown is of.
    pub(super) fn type_of(&self, id: SymId) -> Option<&Ty> {
        self.types.get(&id)
    }

    /// Notes that something unknown is an iterator.
    pub(super) fn is_iterator(&mut self, value: &Value) {
        if let Value::Sym(id) = value {
            self.all[*id].many = true;
        }
    }

    /// How many elements something unknown has, if that was decided.
    pub(super) fn known_len(&self, id: SymId) -> Option<usize> {
        self.all[id].len
    }

    /// Whether something unknown is known to be an iterator.
    pub(super) fn iterates(&self, id: SymId) -> bool {
        self.all[id].many
    }

    /// What a number is, as it is counted up to it: one of those that are tried, above another.
    pub(super) fn counted(&mut self, id: SymId, from: i128) -> Option<i128> {
        if let Some(Value::Int(known, _)) = self.all[id].is {
            return Some(known);
        }
        let more = i128::try_from(self.len(id)).unwrap_or(0);
        let number = from.saturating_add(more);
        let known = &mut self.all[id];
        let is_out = known.above.is_some_and(|above| number <= above)
            || known.below.is_some_and(|below| number >= below)
            || known.not.iter().any(|it| same(it, &Value::number(number)));
        known.is = Some(Value::number(number));
        let (base, by) = self.form(id);
        let other = number.saturating_sub(by);
        let is_out =
            is_out || self.relations.says(Comparison::Equal, base, ZERO, other) == Some(false);
        self.relations.learn(Comparison::Equal, true, base, ZERO, other);
        (!is_out).then_some(number)
    }

    /// How many elements something unknown has.
    pub(super) fn len(&mut self, id: SymId) -> usize {
        if let Some(len) = self.all[id].len {
            return len;
        }
        self.doubtful |= self.is_untold(id);
        let len = self.choose(self.most + 1);
        self.capped |= len == self.most;
        self.all[id].len = Some(len);
        len
    }
}

fn mirrored(op: Comparison) -> Comparison {
    match op {
        Comparison::Less => Comparison::More,
        Comparison::More => Comparison::Less,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::AtLeast => Comparison::AtMost,
        other => other,
    }
}

fn is_constant(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(..)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Literal(_)
            | Value::Unit
    )
}

/// Whether two constants are the same.
fn same(one: &Value, other: &Value) -> bool {
    holds(Comparison::Equal, one, other) == Some(true)
}
