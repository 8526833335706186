//! Panics of threads, as text: a payload can be of any type, and can panic when it is dropped.

use std::any::Any;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What a thread panicked with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Panic {
    message: String,
}

impl Panic {
    /// Takes a payload apart.
    pub(crate) fn of(payload: Box<dyn Any + Send>) -> Self {
        let message =
            match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
                (Some(text), _) => (*text).to_owned(),
                (_, Some(text)) => text.clone(),
                _ => "a panic without a text".to_owned(),
            };
        discard(payload);
        Self { message }
    }

    /// The text of the panic; a fixed one if its payload was no text.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Drops a value of somebody else's type, whatever its destructor does. Of one that panics again and again
/// the last payload is leaked: there is no other end to it.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
    }
}
