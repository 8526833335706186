//! A handle kept in a field or static from which nobody ever takes it to join it, or in one value of a type that
//! is dropped while others are joined.

use super::{Context, lost};
use crate::finding::Finding;
use crate::flow::LossKind;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    lost(context, "unjoined-field", |kind| match kind {
        LossKind::Kept(_) => Some("nobody joins what keeps its handle"),
        LossKind::Owner(_) => Some("the value that keeps its handle is dropped without a join"),
        _ => None,
    })
}
