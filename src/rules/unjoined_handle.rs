//! A handle that is bound and that no path joins or hands on.

use super::{Context, lost};
use crate::finding::Finding;
use crate::flow::LossKind;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    lost(context, "unjoined-handle", |kind| match kind {
        LossKind::ScopeEnd(_) => Some("its handle goes out of scope without a join"),
        _ => None,
    })
}
