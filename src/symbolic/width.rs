//! Types of whole numbers: where they end, and what becomes of a number that goes beyond.

use super::eval::last;
use super::value::{Cell, Kind, Value};
use crate::model::Ty;

/// The type of a whole number, as far as it is known.
///
/// What is not known is what a literal may still become: its type is that of whatever it goes together with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Width(Option<(bool, u32)>);

impl Width {
    /// The type by its name; one that is not known for any other.
    pub(super) fn known(name: &str) -> Self {
        let bits = match name.get(1..) {
            Some("8") => 8,
            Some("16") => 16,
            Some("32") => 32,
            // Those that run this are of 64 bits.
            Some("64" | "size") => 64,
            Some("128") => 128,
            _ => return Self(None),
        };
        match name.as_bytes().first() {
            Some(b'u') => Self(Some((false, bits))),
            Some(b'i') => Self(Some((true, bits))),
            _ => Self(None),
        }
    }

    /// The names that it may go by.
    pub(super) fn name(self) -> &'static [&'static str] {
        match self.0 {
            Some((true, 8)) => &["i8"],
            Some((true, 16)) => &["i16"],
            Some((true, 32)) => &["i32"],
            Some((true, 64)) => &["i64", "isize"],
            Some((true, 128)) => &["i128"],
            Some((false, 8)) => &["u8"],
            Some((false, 16)) => &["u16"],
            Some((false, 32)) => &["u32"],
            Some((false, 64)) => &["u64", "usize"],
            Some((false, 128)) => &["u128"],
            _ => &[],
        }
    }

    /// The type of what two numbers make.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }

    pub(super) fn is_known(self) -> bool {
        self.0.is_some()
    }

    /// Its least and its greatest number.
    fn ends(self) -> Option<(i128, i128)> {
        let (is_signed, bits) = self.0?;
        Some(match (is_signed, bits) {
            (_, 128) => return None,
            (true, bits) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            (false, bits) => (0, (1 << bits) - 1),
        })
    }

    /// Whether it has a number; `None` where that is not known.
    pub(super) fn has(self, number: i128) -> Option<bool> {
        self.ends().map(|(least, most)| (least..=most).contains(&number))
    }

    /// The number that is left of one when what its type has no room for is cut off.
    pub(super) fn wrapped(self, number: i128) -> Option<i128> {
        let (is_signed, bits) = self.0.filter(|(_, bits)| *bits < 128)?;
        let low = number & ((1 << bits) - 1);
        Some(if is_signed && low >= 1 << (bits - 1) { low - (1 << bits) } else { low })
    }

    /// The nearest number that it has.
    pub(super) fn saturated(self, number: i128) -> Option<i128> {
        self.ends().map(|(least, most)| number.clamp(least, most))
    }

    /// How many bits it has.
    pub(super) fn bits(self) -> Option<u32> {
        self.0.map(|(_, bits)| bits)
    }

    /// What a method without arguments makes of a number.
    pub(super) fn of_one(self, own: i64, name: &str) -> Option<Counted> {
        let own = i128::from(own);
        let bits = self.bits().filter(|bits| *bits < 128);
        let raw = bits.map(|bits| (own & ((1 << bits) - 1)).unsigned_abs());
        let count = |it: u32| Some(Counted::Number(i128::from(it), Self::known("u32")));
        match name {
            "is_power_of_two" => Some(Counted::Holds(own > 0 && own & (own - 1) == 0)),
            "next_power_of_two" if own >= 0 => {
                let made = i128::try_from(own.unsigned_abs().next_power_of_two()).ok()?;
                Some(Counted::Number(made, self)).filter(|_| self.has(made) != Some(false))
            }
            "count_ones" if own >= 0 => count(own.count_ones()),
            "count_ones" => count(raw?.count_ones()),
            "count_zeros" => count(bits? - raw?.count_ones()),
            "trailing_zeros" if own != 0 => count(own.trailing_zeros()),
            "trailing_zeros" => count(bits?),
            "leading_zeros" => count(raw?.leading_zeros() - (128 - bits?)),
            "ilog2" if own > 0 => count(own.ilog2()),
            "ilog10" if own > 0 => count(own.ilog10()),
            "isqrt" if own >= 0 => Some(Counted::Number(own.isqrt(), self)),
            _ => None,
        }
    }
}

/// What a method makes of a number.
pub(super) enum Counted {
    /// Whether something holds of it.
    Holds(bool),
    /// Another number.
    Number(i128, Width),
}

/// A value in which a number of no type yet has this one.
pub(super) fn typed(value: Value, width: Width) -> Value {
    match value {
        Value::Int(number, own) if !own.is_known() => Value::Int(number, width),
        Value::Maybe(maybe, Some(inner)) if maybe.is_good() => {
            Value::Maybe(maybe, Some(Box::new(typed(*inner, width))))
        }
        other => other,
    }
}

/// A value in which the numbers that have no type yet are of the one that is wanted.
pub(super) fn of_type(value: Value, ty: &Ty) -> Value {
    if matches!(ty, Ty::Unknown) {
        return value;
    }
    match value {
        Value::Int(number, own) if !own.is_known() => {
            Value::Int(number, ty.path().map_or(own, |path| Width::known(last(path))))
        }
        Value::Maybe(maybe, Some(inner)) if maybe.is_good() => {
            Value::Maybe(maybe, Some(Box::new(of_type(*inner, &ty.payload()))))
        }
        Value::Many(Kind::List, items) if matches!(items.first(), Some(Value::Int(_, own)) if !own.is_known()) =>
        {
            let element = ty.element();
            Value::Many(Kind::List, items.into_iter().map(|it| of_type(it, &element)).collect())
        }
        Value::Tuple(parts) => match ty {
            Ty::Tuple(types) if types.len() == parts.len() => {
                Value::Tuple(parts.into_iter().zip(types).map(|(it, ty)| of_type(it, ty)).collect())
            }
            _ => Value::Tuple(parts),
        },
        Value::Cell(kind @ Cell::Plain, inner) => {
            let name = ty.path().map_or("", last);
            Value::Cell(kind, Box::new(typed(*inner, of_atomic(name))))
        }
        other => other,
    }
}

/// The type of the numbers in an atomic, by its name.
pub(super) fn of_atomic(name: &str) -> Width {
    Width::known(&name.strip_prefix("Atomic").unwrap_or_default().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_their_type_does() {
        let (byte, small) = (Width::known("u8"), Width::known("i8"));
        assert_eq!(
            (byte.has(255), byte.has(256), small.has(-128)),
            (Some(true), Some(false), Some(true))
        );
        assert_eq!(
            (byte.wrapped(260), byte.wrapped(-1), small.wrapped(128)),
            (Some(4), Some(255), Some(-128))
        );
        assert_eq!(
            (byte.saturated(300), byte.saturated(-3), small.saturated(-200)),
            (Some(255), Some(0), Some(-128))
        );
        let long = Width::known("usize");
        assert_eq!(long.wrapped(-1), Some(i128::from(u64::MAX)));
        assert_eq!((Width::known("f64").has(0), Width::known("u128").has(0)), (None, None));
        assert_eq!(Width::known("").or(byte), byte);
    }
}
