//! What the feature `serde` writes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(feature = "serde")]

use std::time::Duration;

use thread_registry::{Registry, Spec};

#[test]
fn dumps_and_reports_are_json() {
    let registry = Registry::new("app");
    let spec = Spec::named("worker").purpose("works");
    registry.spawn(spec, |ctx| ctx.stop().wait_stopped()).unwrap();
    let dump = serde_json::to_value(registry.dump()).unwrap();
    let thread = &dump["threads"][0];
    assert_eq!(thread["name"], "worker");
    assert_eq!(thread["purpose"], "works");
    assert_eq!(thread["registry"], "app");
    assert!(thread["spawned_at"]["file"].as_str().unwrap().ends_with("tests/serde.rs"));
    assert_eq!(dump["metrics"]["active_threads"], 1);
    let report = serde_json::to_value(registry.shutdown(Duration::from_secs(20))).unwrap();
    assert_eq!((&report["total"], &report["joined"]), (&1.into(), &1.into()));
}
