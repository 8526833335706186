//! What is known of what is in a place: a small abstract domain, with what tests add to it and what is left of two.

use super::{Constant, Place, Test};

/// Facts that are remembered at once.
const MAX_FACTS: usize = 6;
/// Values that are told apart in one of them.
const MAX_VALUES: usize = 16;

/// What is known of what is in a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fact {
    /// It is `Some` or `Ok`, or it is not.
    Inner(bool),
    /// It has no elements, or it has some.
    Empty(bool),
    /// It is one of these.
    Is(Vec<Constant>),
    /// It is none of these.
    Not(Vec<Constant>),
    /// It is a number above the first and not above the second, as far as they are known.
    Number(Option<usize>, Option<usize>),
}

impl Fact {
    /// What is known when something was known and a test has said more; nothing when the two cannot both be.
    pub(super) fn after(known: Option<&Self>, test: &Test, holds: bool) -> Option<Self> {
        let values = match (test, known) {
            (Test::Inner, Some(Self::Inner(known))) if *known != holds => return None,
            (Test::Empty, Some(Self::Empty(known))) if *known != holds => return None,
            (Test::Inner, Some(Self::Is(own))) if *own == [Constant::none()] => {
                return (!holds).then(|| Self::Is(own.clone()));
            }
            (Test::Inner, _) => return Some(Self::Inner(holds)),
            (Test::Empty, _) => return Some(Self::Empty(holds)),
            (Test::Above(number), _) => return Self::compared(known, *number, holds),
            (Test::Is(values), _) => values,
        };
        let of = |from: &[Constant], among: &[Constant], inside: bool| -> Vec<Constant> {
            from.iter().filter(|value| among.contains(value) == inside).cloned().collect()
        };
        let left = match (known, holds) {
            (Some(Self::Is(own)), _) => of(own, values, holds),
            (Some(Self::Not(own)), true) => of(values, own, false),
            (Some(Self::Not(own)), false) => {
                let mut all = own.clone();
                all.extend(of(values, own, false));
                all.sort();
                return Some(Self::none_of(all));
            }
            (Some(Self::Number(above, most)), true) => {
                let fits = |value: &&Constant| match value {
                    Constant::Number(it) => {
                        above.is_none_or(|above| *it > above) && most.is_none_or(|most| *it <= most)
                    }
                    Constant::Bool(_) | Constant::Variant(_) | Constant::Text(_) => true,
                };
                values.iter().filter(fits).cloned().collect()
            }
            (Some(known @ Self::Number(..)), false) => return Some(known.clone()),
            (_, true) => values.clone(),
            (_, false) => return Some(Self::none_of(values.clone())),
        };
        Self::one_of(left)
    }

    /// One of some values, if there are any; of too many of them nothing is known.
    fn one_of(values: Vec<Constant>) -> Option<Self> {
        match values.len() {
            0 => None,
            1..=MAX_VALUES => Some(Self::Is(values)),
            _ => Some(Self::Not(Vec::new())),
        }
    }

    /// What is known when something is above a number, or is not.
    fn compared(known: Option<&Self>, number: usize, holds: bool) -> Option<Self> {
        let (above, most) = match known {
            Some(Self::Is(own)) => {
                let fits = |value: &&Constant| match value {
                    Constant::Number(it) => (*it > number) == holds,
                    Constant::Bool(_) | Constant::Variant(_) | Constant::Text(_) => true,
                };
                let left: Vec<Constant> = own.iter().filter(fits).cloned().collect();
                return Self::one_of(left);
            }
            Some(Self::Number(above, most)) => (*above, *most),
            // No number is below 0.
            Some(Self::Not(values))
                if !holds && (0..=number).all(|it| values.contains(&Constant::Number(it))) =>
            {
                return None;
            }
            _ => (None, None),
        };
        let (above, most) = match holds {
            true => (above.max(Some(number)), most),
            false => (above, Some(most.map_or(number, |most| most.min(number)))),
        };
        let is_none = above.zip(most).is_some_and(|(above, most)| most <= above);
        (!is_none).then_some(Self::Number(above, most))
    }

    /// None of some values: of a `bool` there is only one other.
    fn none_of(values: Vec<Constant>) -> Self {
        match values.as_slice() {
            [Constant::Bool(value)] => Self::Is(vec![Constant::Bool(!value)]),
            _ => Self::Not(values.into_iter().take(MAX_VALUES).collect()),
        }
    }

    /// Whether it can be a value.
    pub(super) fn allows(&self, value: &Constant) -> bool {
        Self::after(Some(self), &Test::Is(vec![value.clone()]), true).is_some()
    }

    /// The value, if there is only one that it can be.
    pub(super) fn only(&self) -> Option<&Constant> {
        match self {
            Self::Is(values) => values.first().filter(|_| values.len() == 1),
            _ => None,
        }
    }
}

/// Notes what is known of a place, in an order that does not depend on the way.
pub(super) fn learn(facts: &mut Vec<(Place, Fact)>, place: Place, fact: Fact) {
    match facts.binary_search_by(|(known, _)| known.cmp(&place)) {
        Ok(at) => facts[at].1 = fact,
        Err(at) if facts.len() < MAX_FACTS => facts.insert(at, (place, fact)),
        Err(_) => {}
    }
}

/// What is known if one of two things is.
pub(super) fn either(one: &[(Place, Fact)], other: &[(Place, Fact)]) -> Vec<(Place, Fact)> {
    let both = one.iter().filter_map(|(place, fact)| {
        let (_, second) = other.iter().find(|(at, _)| at == place)?;
        let fact = match (fact, second) {
            _ if fact == second => fact.clone(),
            (Fact::Is(own), Fact::Is(more)) => {
                let mut all: Vec<Constant> = own.iter().chain(more).cloned().collect();
                all.sort();
                all.dedup();
                if all.len() > MAX_VALUES {
                    return None;
                }
                Fact::Is(all)
            }
            _ => return None,
        };
        Some((place.clone(), fact))
    });
    both.collect()
}

/// Whether a place is known to be true.
pub(super) fn is_true(facts: &[(Place, Fact)], place: &Place) -> bool {
    let fact = facts.iter().find(|(at, _)| at == place);
    fact.and_then(|(_, fact)| fact.only()) == Some(&Constant::Bool(true))
}
