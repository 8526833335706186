//! How numbers that are not known lie to each other.
//!
//! What decisions have said is kept as differences that are not greater than something, and closed after each: `a <= b` and
//! `b < c` say `a < c`. That is the domain of difference bounds (Miné, *A New Numerical Abstract Domain Based on
//! Difference-Bound Matrices*, 2001), for a handful of numbers in one run.

use std::collections::BTreeMap;

use super::value::SymId;
use crate::facts::tree::Comparison;

/// Numbers that are related, at most; decisions of more say nothing of each other.
const MAX_NUMBERS: usize = 24;

/// What the number zero goes by.
pub(super) const ZERO: SymId = SymId::MAX;

/// What is known of differences.
#[derive(Debug, Default)]
pub(super) struct Relations {
    /// The greatest that the difference of the first and the second can be.
    most: BTreeMap<(SymId, SymId), i128>,
    /// Two that do not differ by this.
    unequal: Vec<(SymId, SymId, i128)>,
    numbers: Vec<SymId>,
}

impl Relations {
    /// The greatest that the difference of two can be, if there is one.
    pub(super) fn most(&self, left: SymId, right: SymId) -> Option<i128> {
        if left == right {
            return Some(0);
        }
        self.most.get(&(left, right)).copied()
    }

    /// Whether `left op right + by`, if that is known.
    pub(super) fn says(&self, op: Comparison, left: SymId, right: SymId, by: i128) -> Option<bool> {
        let (most, least) = (self.most(left, right), self.least(left, right));
        let above = least.is_some_and(|it| it > by);
        let below = most.is_some_and(|it| it < by);
        let at_least = least.is_some_and(|it| it >= by);
        let at_most = most.is_some_and(|it| it <= by);
        let is_unequal = above || below || self.differ(left, right, by);
        let known = |yes: bool, no: bool| if yes { Some(true) } else { no.then_some(false) };
        match op {
            Comparison::Equal => known(at_least && at_most, is_unequal),
            Comparison::Unequal => known(is_unequal, at_least && at_most),
            Comparison::Less => known(below || (at_most && is_unequal), at_least),
            Comparison::AtLeast => known(at_least, below || (at_most && is_unequal)),
            Comparison::More => known(above || (at_least && is_unequal), at_most),
            Comparison::AtMost => known(at_most, above || (at_least && is_unequal)),
        }
    }

    /// Notes that `left op right + by`, or that it is not so.
    pub(super) fn learn(
        &mut self,
        op: Comparison,
        holds: bool,
        left: SymId,
        right: SymId,
        by: i128,
    ) {
        let op = if holds { op } else { negated(op) };
        match op {
            Comparison::Equal => {
                self.at_most(left, right, by);
                self.at_most(right, left, by.saturating_neg());
            }
            Comparison::Unequal => {
                self.unequal.push((left, right, by));
                self.unequal.push((right, left, by.saturating_neg()));
            }
            Comparison::Less => self.at_most(left, right, by.saturating_sub(1)),
            Comparison::AtMost => self.at_most(left, right, by),
            Comparison::More => self.at_most(right, left, by.saturating_neg().saturating_sub(1)),
            Comparison::AtLeast => self.at_most(right, left, by.saturating_neg()),
        }
        // Not greater, and not the same: less.
        for _ in 0..MAX_NUMBERS {
            let found = self.unequal.iter().find(|it| self.most(it.0, it.1) == Some(it.2)).copied();
            let Some((left, right, by)) = found.filter(|it| it.0 != it.1) else { break };
            self.at_most(left, right, by.saturating_sub(1));
        }
    }

    fn least(&self, left: SymId, right: SymId) -> Option<i128> {
        self.most(right, left).map(i128::saturating_neg)
    }

    /// Whether two do not differ by this: they, or two that are as far from them as is known, were found not to.
    fn differ(&self, left: SymId, right: SymId, by: i128) -> bool {
        self.unequal.iter().any(|&(one, other, not)| {
            match (self.exactly(left, one), self.exactly(right, other)) {
                (Some(a), Some(b)) => not.saturating_add(a).saturating_sub(b) == by,
                _ => false,
            }
        })
    }

    /// The difference of two, if it is known.
    fn exactly(&self, left: SymId, right: SymId) -> Option<i128> {
        let most = self.most(left, right)?;
        (self.least(left, right)? == most).then_some(most)
    }

    /// `left - right <= most`, and all that follows from it.
    fn at_most(&mut self, left: SymId, right: SymId, most: i128) {
        for number in [left, right] {
            if !self.numbers.contains(&number) {
                if self.numbers.len() == MAX_NUMBERS {
                    return;
                }
                self.numbers.push(number);
            }
        }
        for &from in &self.numbers {
            for &to in &self.numbers {
                let (Some(before), Some(after)) = (self.most(from, left), self.most(right, to))
                else {
                    continue;
                };
                let through = before.saturating_add(most).saturating_add(after);
                if from != to && self.most(from, to).is_none_or(|known| through < known) {
                    self.most.insert((from, to), through);
                }
            }
        }
    }
}

fn negated(op: Comparison) -> Comparison {
    match op {
        Comparison::Equal => Comparison::Unequal,
        Comparison::Unequal => Comparison::Equal,
        Comparison::Less => Comparison::AtLeast,
        Comparison::AtLeast => Comparison::Less,
        Comparison::More => Comparison::AtMost,
        Comparison::AtMost => Comparison::More,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_two_decisions_is_known() {
        let mut known = Relations::default();
        known.learn(Comparison::AtMost, true, 1, 2, 0);
        known.learn(Comparison::Less, true, 2, 3, 0);
        assert_eq!(known.says(Comparison::Less, 1, 3, 0), Some(true));
        assert_eq!(known.says(Comparison::Equal, 3, 1, 0), Some(false));
        assert_eq!(known.says(Comparison::Equal, 1, 2, 0), None);
        // Not the other way round, and not equal: below, and so for what comes after.
        known.learn(Comparison::AtMost, true, 0, 1, 0);
        known.learn(Comparison::Equal, false, 1, 2, 0);
        assert_eq!(known.says(Comparison::Less, 1, 2, 0), Some(true));
        assert_eq!(known.says(Comparison::AtLeast, 1, 2, 0), Some(false));
        assert_eq!(known.says(Comparison::Equal, 0, 2, 0), Some(false));
    }

    #[test]
    fn what_is_equal_to_one_is_unequal_to_another_as_that_is() {
        let mut known = Relations::default();
        known.learn(Comparison::Equal, false, 1, 2, 0);
        known.learn(Comparison::Equal, true, 3, 1, 2);
        assert_eq!(known.says(Comparison::Equal, 3, 2, 2), Some(false));
        assert_eq!(known.says(Comparison::Equal, 3, 2, 0), None);
    }

    #[test]
    fn numbers_have_ends_through_others() {
        let mut known = Relations::default();
        known.learn(Comparison::AtMost, true, 1, ZERO, 5);
        known.learn(Comparison::Equal, true, 2, 1, 3);
        assert_eq!(known.says(Comparison::More, 2, ZERO, 8), Some(false));
        assert_eq!(known.most(2, ZERO), Some(8));
        known.learn(Comparison::Equal, true, 2, ZERO, 7);
        assert_eq!(known.says(Comparison::Equal, 1, ZERO, 4), Some(true));
    }
}
