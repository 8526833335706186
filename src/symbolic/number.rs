//! What methods of whole numbers give.
//!
//! A number whose type nobody has written may be of any: what a method gives is then known only where it is the same for all
//! types that have the numbers that it is called with.

use super::width::{SECOND, Width};

/// What a method of a number gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Made {
    /// Whether something holds.
    Holds(bool),
    /// A number.
    Number(i128, Width),
    /// A fraction.
    Float(f64),
    /// Maybe a number.
    Maybe(Option<(i128, Width)>),
    /// What is left of a number, and whether something was cut off.
    Cut(i128, Width, bool),
    /// The bytes of a number.
    Bytes(Vec<u8>),
    /// The thread panics.
    Panic,
    /// The same in a build that looks for overflows is a panic, and a number that is cut off in others.
    Overflow,
}

/// A number and its type.
pub(super) type Typed = (i128, Width);

/// Types that a number may have whose type nobody has written, most usual first.
const OPEN: &[Width] = &[
    Width::Bits(true, 32),
    Width::Bits(false, 64),
    Width::Bits(false, 32),
    Width::Bits(false, 8),
    Width::Bits(true, 64),
    Width::Bits(false, 16),
];

/// What a method gives of a number and those that it is called with; nothing where that is not known.
pub(super) fn method(own: Typed, name: &str, args: &[Typed]) -> Option<Made> {
    let beside = args.first().filter(|_| !takes_any(name)).map_or(Width::Open, |it| it.1);
    let width = own.1.or(beside);
    if width.is_known() {
        return of_known(own.0, width, name, args);
    }
    let has_all = |it: &&Width| {
        it.has(own.0) == Some(true)
            && (takes_any(name) || args.iter().all(|arg| it.has(arg.0) == Some(true)))
    };
    let mut found: Option<Made> = None;
    for width in OPEN.iter().filter(has_all) {
        let made = of_known(own.0, *width, name, args)?;
        match &found {
            // The one of `u32` does not say whether it is one of the same type.
            Some(_) if *width == COUNT => {
                if found.clone().map(|it| without_type(it, COUNT))
                    != Some(without_type(made, COUNT))
                {
                    return None;
                }
            }
            Some(other) => {
                let made = without_type(made, *width);
                if *other != made {
                    return None;
                }
            }
            None => found = Some(without_type(made, *width)),
        }
    }
    found
}

/// The type of counts of bits.
const COUNT: Width = Width::Bits(false, 32);

/// Whether the numbers that a method takes are of a type of their own.
fn takes_any(name: &str) -> bool {
    let op = name.split_once('_').map_or(name, |(_, op)| op);
    ["pow", "shl", "shr"].contains(&op) || name.starts_with("rotate") || name.ends_with("signed")
}

/// What was computed for one of several types, as a number that has none yet.
fn without_type(made: Made, width: Width) -> Made {
    let of = |it: Width| if it == width { Width::Open } else { it };
    match made {
        Made::Number(number, own) => Made::Number(number, of(own)),
        Made::Maybe(Some((number, own))) => Made::Maybe(Some((number, of(own)))),
        Made::Cut(number, own, is_cut) => Made::Cut(number, of(own), is_cut),
        other => other,
    }
}

/// What an operation gives before anybody asks whether its type has that.
enum Exact {
    /// This.
    Is(i128),
    /// What is left of it has these low bits, and it is below nothing or not.
    Beyond(i128, bool),
    /// Nothing: it divides by nothing.
    Never,
}

fn of_known(own: i128, width: Width, name: &str, args: &[Typed]) -> Option<Made> {
    if width == Width::Time {
        return of_time(own, name, args);
    }
    if let Some(made) = of_bits(own, width, name, args) {
        return Some(made);
    }
    let parts = name.split_once('_').filter(|(how, _)| HOWS.contains(how));
    if let Some(made) = checked(own, width, parts.unwrap_or(("", name)), args) {
        return Some(made);
    }
    match args {
        [] => of_one(own, width, name),
        [other] => of_two(own, width, name, other.0),
        [least, most] if name == "clamp" => Some(match least.0 <= most.0 {
            true => Made::Number(own.clamp(least.0, most.0), width),
            false => Made::Panic,
        }),
        _ => None,
    }
}

/// What methods do where a number is beyond those of its type.
const HOWS: &[&str] = &["wrapping", "checked", "saturating", "overflowing", "strict", "unbounded"];

/// `checked_add` and all of its kind, and `add` itself.
fn checked(own: i128, width: Width, (how, op): (&str, &str), args: &[Typed]) -> Option<Made> {
    let other = args.first().map(|it| it.0);
    if let ("shl" | "shr", Some(by)) = (op, other) {
        return shifted(own, width, how, op, by);
    }
    let exact = exact(own, width, op, other)?;
    let (made, fits, is_below) = match exact {
        Exact::Is(made) => (made, width.has(made)?, made < 0),
        // It may have it, and nobody computes with that.
        Exact::Beyond(..) if width == Width::Bits(false, 128) => return None,
        Exact::Beyond(low, is_below) => (low, false, is_below),
        Exact::Never => {
            return Some(if how == "checked" { Made::Maybe(None) } else { Made::Panic });
        }
    };
    // What is left over of the least number when it is divided by -1 has no place on its way.
    let fits = fits
        && !(op.starts_with("rem")
            && other == Some(-1)
            && Some(own) == width.ends().map(|it| it.0));
    let given = if op.starts_with("ilog") { COUNT } else { width };
    Some(match how {
        "wrapping" => Made::Number(width.wrapped(made)?, width),
        "overflowing" => Made::Cut(width.wrapped(made)?, width, !fits),
        "checked" => Made::Maybe(fits.then_some((made, given))),
        "" | "strict" | "saturating" if fits => Made::Number(made, given),
        "" => Made::Overflow,
        "strict" => Made::Panic,
        "saturating" => {
            let (least, most) = width.ends()?;
            Made::Number(if is_below { least } else { most }, width)
        }
        _ => return None,
    })
}

/// What an operation gives of numbers that have no end.
fn exact(own: i128, width: Width, op: &str, other: Option<i128>) -> Option<Exact> {
    let of = |made: Option<i128>, low: i128, is_below: bool| match made {
        Some(made) => Exact::Is(made),
        None => Exact::Beyond(low, is_below),
    };
    Some(match (op, other) {
        (
            "div" | "rem" | "div_euclid" | "rem_euclid" | "next_multiple_of" | "div_ceil",
            Some(0),
        ) => Exact::Never,
        ("add" | "add_signed" | "add_unsigned", Some(other)) => {
            of(own.checked_add(other), own.wrapping_add(other), other < 0)
        }
        ("sub" | "sub_signed" | "sub_unsigned", Some(other)) => {
            of(own.checked_sub(other), own.wrapping_sub(other), other > 0)
        }
        ("div_ceil", Some(other)) if own >= 0 && other > 0 => {
            Exact::Is((own - 1).div_euclid(other) + 1)
        }
        ("mul", Some(other)) => {
            of(own.checked_mul(other), own.wrapping_mul(other), (own < 0) != (other < 0))
        }
        ("div", Some(other)) => of(own.checked_div(other), own, false),
        ("rem", Some(other)) => of(own.checked_rem(other), 0, false),
        ("div_euclid", Some(other)) => of(own.checked_div_euclid(other), own, false),
        ("rem_euclid", Some(other)) => of(own.checked_rem_euclid(other), 0, false),
        ("next_multiple_of", Some(other)) if own >= 0 && other > 0 => {
            of(next_multiple(own, other), 0, false)
        }
        ("pow", Some(by)) => {
            let by = u32::try_from(by).ok()?;
            of(own.checked_pow(by), own.wrapping_pow(by), own < 0 && by % 2 == 1)
        }
        ("neg", None) => Exact::Is(own.checked_neg()?),
        ("abs", None) => Exact::Is(own.checked_abs()?),
        ("isqrt", None) if own < 0 => Exact::Never,
        ("isqrt", None) => Exact::Is(own.isqrt()),
        ("ilog2", None) if own <= 0 => Exact::Never,
        ("ilog2", None) => Exact::Is(i128::from(own.ilog2())),
        ("ilog10", None) if own <= 0 => Exact::Never,
        ("ilog10", None) => Exact::Is(i128::from(own.ilog10())),
        ("ilog", Some(base)) if own <= 0 || base < 2 => Exact::Never,
        ("ilog", Some(base)) => Exact::Is(i128::from(own.ilog(base))),
        ("next_power_of_two", None) if own >= 0 => {
            let made = width.raw(own)?.checked_next_power_of_two()?;
            Exact::Is(i128::try_from(made).ok()?)
        }
        _ => return None,
    })
}

/// Shifts, by what they do with one as wide as the type or wider.
fn shifted(own: i128, width: Width, how: &str, op: &str, by: i128) -> Option<Made> {
    let bits = width.bits()?;
    let by = u32::try_from(by).ok()?;
    let fits = by < bits;
    let moved = |by: u32| {
        if op == "shl" {
            width.of_raw(width.raw(own)?.checked_shl(by)?)
        } else {
            own.checked_shr(by)
        }
    };
    let low = by % bits;
    Some(match how {
        "wrapping" => Made::Number(moved(low)?, width),
        "overflowing" => Made::Cut(moved(low)?, width, !fits),
        "checked" if fits => Made::Maybe(Some((moved(by)?, width))),
        "checked" => Made::Maybe(None),
        "strict" if !fits => Made::Panic,
        "unbounded" if !fits => Made::Number(if op == "shr" && own < 0 { -1 } else { 0 }, width),
        "strict" | "unbounded" => Made::Number(moved(by)?, width),
        _ => return None,
    })
}

/// Methods that look at the bits of a number.
fn of_bits(own: i128, width: Width, name: &str, args: &[Typed]) -> Option<Made> {
    let (raw, bits) = (width.raw(own)?, width.bits()?);
    let count = |it: u32| Some(Made::Number(i128::from(it), COUNT));
    let again = |it: u128| Some(Made::Number(width.of_raw(it)?, width));
    let high = 128 - bits;
    match (name, args) {
        ("count_ones", []) => count(raw.count_ones()),
        ("count_zeros", []) => count(bits - raw.count_ones()),
        ("trailing_zeros", []) => count(raw.trailing_zeros().min(bits)),
        ("trailing_ones", []) => count(raw.trailing_ones()),
        ("leading_zeros", []) => count(raw.leading_zeros() - high),
        ("leading_ones", []) => count((raw << high).leading_ones().min(bits)),
        ("rotate_left" | "rotate_right", [(by, _)]) => {
            let by = u32::try_from(*by).ok()? % bits;
            let by = if name == "rotate_left" { by } else { (bits - by) % bits };
            again(if by == 0 { raw } else { raw << by | raw >> (bits - by) })
        }
        // Those that run this have the lowest byte first.
        ("swap_bytes" | "to_be", []) => again(raw.swap_bytes() >> high),
        ("to_le", []) => again(raw),
        ("reverse_bits", []) => again(raw.reverse_bits() >> high),
        ("to_le_bytes" | "to_ne_bytes" | "to_be_bytes", []) => {
            let mut bytes = raw.to_le_bytes()[..bits as usize / 8].to_vec();
            if name == "to_be_bytes" {
                bytes.reverse();
            }
            Some(Made::Bytes(bytes))
        }
        ("cast_signed", []) => {
            let other = width.with_sign(true);
            Some(Made::Number(other.of_raw(raw)?, other))
        }
        ("cast_unsigned", []) => {
            let other = width.with_sign(false);
            Some(Made::Number(other.of_raw(raw)?, other))
        }
        _ => None,
    }
}

/// Methods of one number after which there is nothing to overflow.
fn of_one(own: i128, width: Width, name: &str) -> Option<Made> {
    Some(match name {
        "is_power_of_two" => Made::Holds(own > 0 && own & (own - 1) == 0),
        "is_positive" => Made::Holds(own > 0),
        "is_negative" => Made::Holds(own < 0),
        "signum" => Made::Number(own.signum(), width),
        "unsigned_abs" => Made::Number(own.checked_abs()?, width.with_sign(false)),
        _ => return None,
    })
}

/// The same of two.
fn of_two(own: i128, width: Width, name: &str, other: i128) -> Option<Made> {
    Some(match name {
        "checked_signed_diff" => {
            let (width, made) = (width.with_sign(true), own.checked_sub(other)?);
            Made::Maybe(width.has(made)?.then_some((made, width)))
        }
        "abs_diff" => Made::Number(own.checked_sub(other)?.checked_abs()?, width.with_sign(false)),
        // With a sign they are cut towards nothing.
        "midpoint" => Made::Number(own.checked_add(other)? / 2, width),
        "min" => Made::Number(own.min(other), width),
        "max" => Made::Number(own.max(other), width),
        "is_multiple_of" => Made::Holds(if other == 0 { own == 0 } else { own % other == 0 }),
        "bitand" => Made::Number(own & other, width),
        "bitor" => Made::Number(own | other, width),
        "bitxor" => Made::Number(own ^ other, width),
        _ => return None,
    })
}

/// Methods of a `Duration`.
fn of_time(own: i128, name: &str, args: &[Typed]) -> Option<Made> {
    let time = Width::Time;
    let whole = |unit: i128, of: &str| Some(Made::Number(own / unit, Width::known(of)));
    let part = |unit: i128| Some(Made::Number(own % SECOND / unit, Width::known("u32")));
    if let Some((how @ ("checked" | "saturating"), op)) = name.split_once('_')
        && let [(other, _)] = args
    {
        let made = match exact(own, time, op, Some(*other))? {
            Exact::Is(made) if time.has(made)? => Some(made),
            _ => None,
        };
        return Some(match (how, made) {
            ("checked", made) => Made::Maybe(made.map(|it| (it, time))),
            (_, Some(made)) => Made::Number(made, time),
            (_, None) => {
                let (least, most) = time.ends()?;
                Made::Number(if op == "sub" { least } else { most }, time)
            }
        });
    }
    match (name, args) {
        ("as_secs", []) => whole(SECOND, "u64"),
        ("as_millis", []) => whole(1_000_000, "u128"),
        ("as_micros", []) => whole(1_000, "u128"),
        ("as_nanos", []) => whole(1, "u128"),
        ("subsec_millis", []) => part(1_000_000),
        ("subsec_micros", []) => part(1_000),
        ("subsec_nanos", []) => part(1),
        ("as_secs_f64", []) => Some(Made::Float(own as f64 / SECOND as f64)),
        ("is_zero", []) => Some(Made::Holds(own == 0)),
        ("add" | "sub" | "mul" | "div", [(other, _)]) => {
            match exact(own, time, name, Some(*other))? {
                Exact::Is(made) if time.has(made)? => Some(Made::Number(made, time)),
                _ => Some(Made::Panic),
            }
        }
        ("div_duration_f64", [(other, _)]) => Some(Made::Float(own as f64 / *other as f64)),
        ("abs_diff" | "min" | "max", [(other, _)]) => of_two(own, time, name, *other),
        ("clamp", [(least, _), (most, _)]) if least <= most => {
            Some(Made::Number(own.clamp(*least, *most), time))
        }
        _ => None,
    }
}

/// What a method of a `Duration` gives that is called with a fraction.
pub(super) fn time_by(own: i128, name: &str, by: f64) -> Option<Made> {
    let made = match name {
        "mul_f64" => own as f64 * by,
        "div_f64" => own as f64 / by,
        _ => return None,
    };
    Some(match super::float::whole(made.round(), Width::Time) {
        Some(made) if by >= 0.0 => Made::Number(made, Width::Time),
        _ => Made::Panic,
    })
}

/// The number that bytes make: `u16::from_le_bytes`.
pub(super) fn of_bytes(width: Width, name: &str, given: &[u8]) -> Option<i128> {
    let mut bytes = given.to_vec();
    match name {
        "from_le_bytes" | "from_ne_bytes" => {}
        "from_be_bytes" => bytes.reverse(),
        _ => return None,
    }
    if bytes.len() * 8 != width.bits()? as usize {
        return None;
    }
    bytes.resize(16, 0);
    width.of_raw(u128::from_le_bytes(bytes.try_into().ok()?))
}

/// The next multiple of a number, which std has for numbers without a sign only.
fn next_multiple(own: i128, of: i128) -> Option<i128> {
    match own % of {
        0 => Some(own),
        rest => own.checked_add(of - rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks each method that two numbers of a type have, and compares with what the type itself says.
    macro_rules! compared {
        ($ty:ident, $($how:ident)*; $($one:ident)*; $($two:ident)*) => {
            let width = Width::known(stringify!($ty));
            let numbers = [$ty::MIN, $ty::MIN + 1, $ty::MAX / 3, 0, 1, 2, 7, 100, $ty::MAX - 1, $ty::MAX];
            let wide = |it: $ty| (i128::from(it), width);
            for own in numbers {
                $(
                    let made = method(wide(own), stringify!($one), &[]);
                    assert_eq!(made, Some(Made::Number(own.$one().into(), Width::known("u32"))), "{own}.{}", stringify!($one));
                )*
                for other in numbers {
                    let asked = |name: &str| method(wide(own), name, &[wide(other)]);
                    $(
                        compared!($how, own, other, asked, wide);
                    )*
                    $(
                        let made = Made::Number(own.$two(other).into(), width);
                        assert_eq!(asked(stringify!($two)), Some(made), "{own}.{}({other})", stringify!($two));
                    )*
                }
            }
        };
        (add, $own:ident, $other:ident, $asked:ident, $wide:ident) => {
            compared!(ops $own, $other, $asked, $wide, checked_add wrapping_add overflowing_add);
            assert_eq!($asked("saturating_add"), Some(Made::Number($own.saturating_add($other).into(), $wide(0).1)));
        };
        (sub, $own:ident, $other:ident, $asked:ident, $wide:ident) => {
            compared!(ops $own, $other, $asked, $wide, checked_sub wrapping_sub overflowing_sub);
            assert_eq!($asked("saturating_sub"), Some(Made::Number($own.saturating_sub($other).into(), $wide(0).1)));
        };
        (mul, $own:ident, $other:ident, $asked:ident, $wide:ident) => {
            compared!(ops $own, $other, $asked, $wide, checked_mul wrapping_mul overflowing_mul);
            assert_eq!($asked("saturating_mul"), Some(Made::Number($own.saturating_mul($other).into(), $wide(0).1)));
        };
        (div, $own:ident, $other:ident, $asked:ident, $wide:ident) => {
            if $other != 0 {
                compared!(ops $own, $other, $asked, $wide, checked_div wrapping_div overflowing_div);
                compared!(ops $own, $other, $asked, $wide, checked_rem_euclid wrapping_rem_euclid overflowing_rem_euclid);
                compared!(ops $own, $other, $asked, $wide, checked_div_euclid wrapping_div_euclid overflowing_div_euclid);
            } else {
                assert_eq!($asked("checked_div"), Some(Made::Maybe(None)));
                assert_eq!($asked("wrapping_rem"), Some(Made::Panic));
            }
        };
        (ops $own:ident, $other:ident, $asked:ident, $wide:ident, $checked:ident $wrapping:ident $overflowing:ident) => {
            let made = $asked(stringify!($checked));
            assert_eq!(made, Some(Made::Maybe($own.$checked($other).map($wide))), "{}.{}({})", $own, stringify!($checked), $other);
            let made = $asked(stringify!($wrapping));
            assert_eq!(made, Some(Made::Number($own.$wrapping($other).into(), $wide(0).1)));
            let (low, is_cut) = $own.$overflowing($other);
            assert_eq!($asked(stringify!($overflowing)), Some(Made::Cut(low.into(), $wide(0).1, is_cut)), "{} {}", $own, $other);
        };
    }

    #[test]
    fn methods_of_numbers_give_what_those_of_their_types_do() {
        compared!(i8, add sub mul div; count_ones leading_zeros trailing_zeros leading_ones trailing_ones; min max);
        compared!(u8, add sub mul div; count_ones leading_zeros trailing_zeros leading_ones trailing_ones; min max abs_diff);
        compared!(i32, add sub mul div; count_zeros leading_zeros trailing_zeros; min max);
        compared!(i64, add sub mul div; count_zeros leading_zeros trailing_zeros; min max);
        compared!(u64, add sub mul div; count_ones leading_zeros trailing_zeros leading_ones; min max abs_diff);
    }

    #[test]
    fn a_number_of_any_type_gives_what_is_the_same_for_all() {
        let open = |it: i128| (it, Width::Open);
        assert_eq!(method(open(3), "pow", &[open(4)]), Some(Made::Number(81, Width::Open)));
        assert_eq!(method(open(200), "wrapping_add", &[open(100)]), None);
        assert_eq!(method(open(3), "checked_sub", &[open(5)]), None);
        assert_eq!(method(open(12), "count_ones", &[]), Some(Made::Number(2, Width::known("u32"))));
        assert_eq!(method(open(12), "leading_zeros", &[]), None);
    }

    #[test]
    fn what_u128_may_have_beyond_is_not_known() {
        let wide = |it: i128| (it, Width::known("u128"));
        let much = wide(i128::from(u64::MAX) * 4);
        assert_eq!(method(much, "checked_mul", &[much]), None);
        assert_eq!(method(wide(7), "checked_mul", &[wide(6)]), Some(Made::Maybe(Some(wide(42)))));
        assert_eq!(method(wide(3), "checked_sub", &[wide(5)]), Some(Made::Maybe(None)));
    }

    #[test]
    fn bits_are_turned_around_by_the_width_of_the_type() {
        let short = Width::known("u16");
        let made = |name: &str| method((0x1234, short), name, &[]);
        assert_eq!(made("swap_bytes"), Some(Made::Number(0x3412, short)));
        assert_eq!(
            made("reverse_bits"),
            Some(Made::Number(i128::from(0x1234_u16.reverse_bits()), short))
        );
        assert_eq!(made("to_be_bytes"), Some(Made::Bytes(vec![0x12, 0x34])));
        assert_eq!(of_bytes(short, "from_le_bytes", &[0x34, 0x12]), Some(0x1234));
        let turned = method((0x1234, short), "rotate_left", &[(20, Width::Open)]);
        assert_eq!(turned, Some(Made::Number(i128::from(0x1234_u16.rotate_left(20)), short)));
    }

    #[test]
    fn durations_are_their_nanoseconds() {
        let time = |it: i128| (it, Width::Time);
        assert_eq!(
            method(time(2 * SECOND + 500), "as_millis", &[]),
            Some(Made::Number(2_000, Width::known("u128")))
        );
        assert_eq!(method(time(3), "checked_sub", &[time(5)]), Some(Made::Maybe(None)));
        assert_eq!(
            method(time(3), "saturating_sub", &[time(5)]),
            Some(Made::Number(0, Width::Time))
        );
        assert_eq!(time_by(SECOND, "mul_f64", 0.25), Some(Made::Number(SECOND / 4, Width::Time)));
    }
}
