//! Fractions.
//!
//! They are computed as `f64`. One that `f32` would hold in another way is no answer where all depends on its last digits: two
//! that lie very close together are equal or not, as the type decides that nobody has looked up.

use std::cmp::Ordering;

use super::machine::Run;
use super::text::text;
use super::value::Value;
use super::width::Width;
use crate::facts::tree::Comparison;

/// How far apart two fractions have to be, as a share of them, to tell which one is greater.
const CLOSE: f64 = 1e-5;

impl Run<'_> {
    /// What an operator makes of two numbers of which one is a fraction.
    pub(super) fn of_floats(&mut self, name: &str, left: &Value, right: &Value) -> Option<Value> {
        let (left, right) = match (left, right) {
            (Value::Float(left), Value::Float(right)) => (*left, *right),
            // Where a sum begins.
            (Value::Int(left @ (0 | 1), width), Value::Float(right)) if !width.is_known() => {
                (if *left == 0 { 0.0 } else { 1.0 }, *right)
            }
            _ => return None,
        };
        Some(Value::Float(match name {
            "add" => left + right,
            "sub" => left - right,
            "mul" => left * right,
            "div" => left / right,
            "rem" => left % right,
            _ => return None,
        }))
    }

    /// A method of a fraction; nothing where it is none that is followed.
    pub(super) fn float_method(&mut self, own: f64, name: &str, args: &[Value]) -> Option<Value> {
        let shown: Vec<Value> = args.iter().map(|it| self.seen(it)).collect();
        Some(match (name, shown.as_slice()) {
            ("clone" | "to_owned" | "into" | "borrow", []) => Value::Float(own),
            ("is_nan", []) => Value::Bool(own.is_nan()),
            ("is_finite", []) => Value::Bool(own.is_finite()),
            ("is_infinite", []) => Value::Bool(own.is_infinite()),
            ("is_sign_negative", []) => Value::Bool(own.is_sign_negative()),
            ("is_sign_positive", []) => Value::Bool(own.is_sign_positive()),
            ("floor", []) => Value::Float(own.floor()),
            ("ceil", []) => Value::Float(own.ceil()),
            ("round", []) => Value::Float(own.round()),
            ("trunc", []) => Value::Float(own.trunc()),
            ("fract", []) => Value::Float(own.fract()),
            ("abs", []) => Value::Float(own.abs()),
            ("sqrt", []) => Value::Float(own.sqrt()),
            ("recip", []) => Value::Float(own.recip()),
            ("signum", []) => Value::Float(own.signum()),
            ("to_string", []) => text(own.to_string()),
            ("powi", [Value::Int(by, _)]) => Value::Float(own.powi(i32::try_from(*by).ok()?)),
            ("powf", [Value::Float(by)]) => Value::Float(own.powf(*by)),
            ("min", [Value::Float(other)]) => Value::Float(own.min(*other)),
            ("max", [Value::Float(other)]) => Value::Float(own.max(*other)),
            ("clamp", [Value::Float(least), Value::Float(most)]) if least <= most => {
                Value::Float(own.clamp(*least, *most))
            }
            ("mul_add", [Value::Float(by), Value::Float(more)]) => Value::Float(own * by + more),
            _ => return None,
        })
    }
}

/// Which of two fractions comes first; nothing where they are too close, or none.
pub(super) fn order(left: f64, right: f64) -> Option<Ordering> {
    let (one, other) = (fits_all(left), fits_all(right));
    if one && other || left.is_infinite() || right.is_infinite() {
        return left.partial_cmp(&right);
    }
    let is_far = (left - right).abs() > CLOSE * left.abs().max(right.abs());
    left.partial_cmp(&right).filter(|_| is_far)
}

/// What a comparison of two fractions says, if that is known.
pub(super) fn holds(op: Comparison, left: f64, right: f64) -> Option<bool> {
    if left.is_nan() || right.is_nan() {
        return Some(op == Comparison::Unequal);
    }
    let order = order(left, right)?;
    Some(match op {
        Comparison::Equal => order.is_eq(),
        Comparison::Unequal => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::More => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
    })
}

/// A fraction as a whole number of a type: what is left of the dot, or the nearest that there is.
pub(super) fn whole(own: f64, width: Width) -> Option<i128> {
    // All that are computed with are far below.
    let made = if own.is_nan() { 0 } else { own.trunc().clamp(-1e30, 1e30) as i128 };
    if width.is_known() { width.saturated(made) } else { Some(made) }
}

/// Whether both types of fractions hold a number as it is.
fn fits_all(number: f64) -> bool {
    f64::from(number as f32).to_bits() == number.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_close_together_is_not_told_apart() {
        assert_eq!(holds(Comparison::Less, 0.5, 1.5), Some(true));
        assert_eq!(holds(Comparison::Equal, 0.75, 0.75), Some(true));
        assert_eq!(holds(Comparison::Equal, 0.1 + 0.2, 0.3), None);
        assert_eq!(holds(Comparison::Less, 0.1 + 0.2, 0.4), Some(true));
        assert_eq!(holds(Comparison::Unequal, f64::NAN, f64::NAN), Some(true));
        assert_eq!(whole(300.7, Width::known("u8")), Some(255));
        assert_eq!(whole(-3.7, Width::known("i32")), Some(-3));
    }
}
