//! A handle that is thrown away at birth or on purpose.

use super::{Context, lost};
use crate::finding::Finding;
use crate::flow::LossKind;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    lost(context, "detached-thread", |kind| match kind {
        LossKind::Discarded => Some("its handle is dropped at once"),
        LossKind::Underscore => Some("`let _` drops its handle at once"),
        LossKind::OnPurpose => Some("its handle is thrown away"),
        LossKind::Overwritten => Some("its handle is overwritten"),
        LossKind::ScopeEnd(_)
        | LossKind::Collection(_)
        | LossKind::Undriven
        | LossKind::Kept(_)
        | LossKind::Owner(_) => None,
    })
}
