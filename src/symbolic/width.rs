//! Types of whole numbers: where they end, and what becomes of a number that goes beyond.

use super::eval::last;
use super::value::{Cell, Kind, Value};
use crate::model::Ty;

/// The type of a whole number, as far as it is known.
///
/// What is not known is what a literal may still become: its type is that of whatever it goes together with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Width {
    /// Any of them.
    #[default]
    Open,
    /// With a sign or without one, of so many bits.
    Bits(bool, u8),
    /// A `Duration`: its nanoseconds.
    Time,
}

/// Nanoseconds of a second.
pub(super) const SECOND: i128 = 1_000_000_000;

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
            _ if matches!(name, "Duration" | "std::time::Duration") => return Self::Time,
            _ => return Self::Open,
        };
        match name.as_bytes().first() {
            Some(b'u') => Self::Bits(false, bits),
            Some(b'i') => Self::Bits(true, bits),
            _ => Self::Open,
        }
    }

    /// The names that it may go by.
    pub(super) fn name(self) -> &'static [&'static str] {
        match self {
            Self::Bits(true, 8) => &["i8"],
            Self::Bits(true, 16) => &["i16"],
            Self::Bits(true, 32) => &["i32"],
            Self::Bits(true, 64) => &["i64", "isize"],
            Self::Bits(true, _) => &["i128"],
            Self::Bits(false, 8) => &["u8"],
            Self::Bits(false, 16) => &["u16"],
            Self::Bits(false, 32) => &["u32"],
            Self::Bits(false, 64) => &["u64", "usize"],
            Self::Bits(false, _) => &["u128"],
            Self::Time => &["std::time::Duration"],
            Self::Open => &[],
        }
    }

    /// The type of what two numbers make.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Open, other) | (_, other @ Self::Time) => other,
            (known, _) => known,
        }
    }

    pub(super) fn is_known(self) -> bool {
        self != Self::Open
    }

    /// Its least and its greatest number; of `u128` the greatest that is computed with.
    pub(super) fn ends(self) -> Option<(i128, i128)> {
        Some(match self {
            Self::Open => return None,
            Self::Time => (0, i128::from(u64::MAX) * SECOND + SECOND - 1),
            Self::Bits(true, 128) => (i128::MIN, i128::MAX),
            Self::Bits(false, 128) => (0, i128::MAX),
            Self::Bits(true, bits) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            Self::Bits(false, bits) => (0, (1 << bits) - 1),
        })
    }

    /// Whether it has a number; `None` where that is not known.
    pub(super) fn has(self, number: i128) -> Option<bool> {
        self.ends().map(|(least, most)| (least..=most).contains(&number))
    }

    /// The number that is left of one when what its type has no room for is cut off.
    pub(super) fn wrapped(self, number: i128) -> Option<i128> {
        let Self::Bits(is_signed, bits) = self else { return None };
        if bits == 128 {
            return Some(number).filter(|it| is_signed || *it >= 0);
        }
        let low = number & ((1 << bits) - 1);
        Some(if is_signed && low >= 1 << (bits - 1) { low - (1 << bits) } else { low })
    }

    /// The nearest number that it has.
    pub(super) fn saturated(self, number: i128) -> Option<i128> {
        self.ends().map(|(least, most)| number.clamp(least, most))
    }

    /// How many bits it has.
    pub(super) fn bits(self) -> Option<u32> {
        match self {
            Self::Bits(_, bits) => Some(u32::from(bits)),
            _ => None,
        }
    }

    /// Whether its numbers may be below nothing.
    pub(super) fn is_signed(self) -> bool {
        matches!(self, Self::Bits(true, _))
    }

    /// The type of as many bits, with a sign or without.
    pub(super) fn with_sign(self, is_signed: bool) -> Self {
        match self {
            Self::Bits(_, bits) => Self::Bits(is_signed, bits),
            other => other,
        }
    }

    /// The bits of one of its numbers, the lowest first in the number that is given back.
    pub(super) fn raw(self, number: i128) -> Option<u128> {
        let bits = self.bits()?;
        let all = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
        Some(u128::from_le_bytes(number.to_le_bytes()) & all)
    }

    /// The number that has these bits; nothing where that is none that is computed with.
    pub(super) fn of_raw(self, raw: u128) -> Option<i128> {
        match self {
            Self::Bits(false, 128) => i128::try_from(raw).ok(),
            _ => self.wrapped(i128::from_le_bytes(raw.to_le_bytes())),
        }
    }
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
        assert_eq!((Width::known("f64").has(0), Width::known("u128").has(-1)), (None, Some(false)));
        assert_eq!(Width::known("").or(byte), byte);
        assert_eq!((small.raw(-1), small.of_raw(255)), (Some(255), Some(-1)));
    }
}
