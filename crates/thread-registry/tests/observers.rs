//! What observers of other crates are told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(any(feature = "tracing", feature = "metrics"))]
use std::time::Duration;
#[cfg(any(feature = "tracing", feature = "metrics"))]
use thread_registry::Registry;

#[cfg(feature = "tracing")]
#[test]
fn tracing_is_told_of_threads_and_shutdowns() {
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Kept {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(kept.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let observer = thread_registry::TracingObserver::default();
    let registry = Registry::builder("app").observer(observer).build();
    registry.spawn("calm", |ctx| ctx.stop().wait_stopped()).unwrap();
    registry.spawn("wild", |_| panic!("on purpose")).map(drop).unwrap();
    assert_eq!(registry.shutdown(Duration::from_secs(20)).joined, 2);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    for line in [
        "thread started name=\"calm\"",
        "WARN thread_registry::tracing: thread panicked name=\"wild\" panic=on purpose",
        "shutdown requested registry=\"app\"",
        "shutdown left something report=app: 2 of 2 threads joined, 1 panicked",
    ] {
        assert!(text.contains(line), "{line}\nin\n{text}");
    }
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_are_counted() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let observer = thread_registry::MetricsObserver::default();
    let registry = Registry::builder("app").observer(observer).build();
    registry.spawn("calm", |ctx| ctx.stop().wait_stopped()).unwrap();
    // Waited for here: a panic with a backtrace can take longer than the shutdown below may.
    registry.spawn("wild", |_| panic!("on purpose")).unwrap().join().unwrap_err();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    registry.spawn("deaf", move |_| ended.recv().unwrap_or_default()).unwrap();
    assert_eq!(registry.shutdown(Duration::from_millis(100)).timed_out.len(), 1);
    let found: Vec<(String, DebugValue)> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| (key.key().to_string(), value))
        .collect();
    let value = |name: &str| &found.iter().find(|(key, _)| key.contains(name)).unwrap().1;
    assert_eq!(value("spawned_total"), &DebugValue::Counter(3));
    assert_eq!(value("panicked_total"), &DebugValue::Counter(1));
    assert_eq!(value("timed_out_total"), &DebugValue::Counter(1));
    assert_eq!(value("thread_registry_threads"), &DebugValue::Gauge(1.0.into()));
    assert!(matches!(value("shutdown_seconds"), DebugValue::Histogram(times) if times.len() == 1));
    assert!(found.iter().all(|(key, _)| key.contains("registry = app")), "{found:?}");
    drop(end);
}
