//! Handles that are gathered in a local collection nobody drains and joins.

use super::{Context, lost};
use crate::finding::Finding;
use crate::flow::LossKind;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    lost(context, "unjoined-collection", |kind| match kind {
        LossKind::Collection(_) => Some("its handle is dropped with the collection that holds it"),
        LossKind::Undriven => Some("its handle is in an iterator that is never driven"),
        _ => None,
    })
}
