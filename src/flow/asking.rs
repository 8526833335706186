//! Methods that only look, by name, and questions that get the same answer when they are asked again.

/// Whether a method leaves what it is called on as it was, whatever that is.
pub(super) fn looks(name: &str) -> bool {
    matches!(
        name,
        "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "is_empty"
            | "len"
            | "as_ref"
            | "as_deref"
            | "iter"
            | "first"
            | "last"
            | "get"
            | "contains"
            | "contains_key"
            | "clone"
            | "cloned"
            | "copied"
            | "eq"
            | "ne"
            | "cmp"
            | "partial_cmp"
            | "fmt"
            | "to_string"
            | "to_owned"
            | "as_str"
            | "as_slice"
    )
}

/// Whether a method of a collection tells how many elements there are, or could be.
pub(super) fn counts(name: &str) -> bool {
    matches!(name, "len" | "is_empty" | "capacity")
}

/// Last words of questions that get another answer in time.
const VARYING: &[&str] = &[
    "finished",
    "closed",
    "disconnected",
    "stopped",
    "running",
    "cancelled",
    "canceled",
    "alive",
    "done",
    "ready",
    "shutdown",
    "terminated",
    "complete",
    "completed",
    "connected",
    "active",
    "pending",
    "locked",
    "set",
    "requested",
    "poisoned",
    "panicking",
    "idle",
    "busy",
    "elapsed",
    "now",
    "random",
    "next",
    "read",
    "recv",
    "load",
    "count_down",
];

/// Whether something with this name is likely to give another answer when it is asked again.
pub(super) fn varies(name: &str) -> bool {
    name.rsplit('_').next().is_some_and(|last| VARYING.contains(&last))
}

/// Whether a function or method with so many arguments is taken to give the same answer when it is asked the same
/// again. `Cell::get` may not.
pub(super) fn repeats_itself(name: &str, args: usize) -> bool {
    let asks = ["is_", "has_", "needs_", "uses_", "supports_", "wants_"];
    (looks(name) && (name != "get" || args > 0))
        || matches!(
            name,
            "starts_with"
                | "ends_with"
                | "eq_ignore_ascii_case"
                | "trim"
                | "as_bytes"
                | "to_lowercase"
                | "to_uppercase"
                | "abs"
                | "min"
                | "max"
                | "count_ones"
                | "bits"
                | "intersects"
                | "enabled"
                | "verbose"
                | "unwrap_or_default"
                | "checked_sub"
                | "saturating_sub"
        )
        || (asks.iter().any(|start| name.starts_with(start)) && !varies(name))
}

/// Whether a method of a collection leaves every element where it is.
pub(super) fn keeps_order(name: &str) -> bool {
    matches!(name, "len" | "is_empty" | "capacity" | "contains" | "fmt" | "iter")
}
