//! Uses everything at once for a while, and says whether it held: `cargo run --release -p thread-registry --features
//! pool,processes --example stress -- quick`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    reason = "a program that reports to a person and to CI"
)]

mod operations;
mod options;
mod record;
mod sample;
mod verdict;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use operations::Operation;
use options::Options;
use record::Record;
use sample::Samples;
use thread_registry::{Registry, Spec, ThreadCtx};
use verdict::Verdict;

/// Without any operation that ends for so long, something is stuck.
const STUCK: Duration = Duration::from_secs(30);
/// How long the last operations may take to end.
const DEADLINE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    println!("{options}");
    let baseline = sample::now();
    let registry = Registry::builder("stress").deadline(DEADLINE).build();
    let record = Arc::new(Record::new());
    let samples = Arc::new(Samples::new(options.duration / 5));
    let begun = Instant::now();
    for index in 0..options.concurrency {
        let record = record.clone();
        let spec = Spec::named(format!("worker-{index}")).purpose("runs operations");
        let worker = registry.spawn(spec, move |ctx| work(ctx, index, &record));
        drop(worker.expect("the first threads start"));
    }
    let (shown, sampled, all) = (record.clone(), samples.clone(), options.duration);
    let watching = registry.spawn("watch", move |ctx| watch(ctx, &shown, &sampled, all));
    drop(watching.expect("the first threads start"));
    registry.stop_token().wait(options.duration);
    let report = registry.shutdown(DEADLINE);
    let left = sample::settled(baseline);
    println!("{report}");
    println!("{}", record.table(begun.elapsed()));
    println!("{}", samples.table());
    let verdict = Verdict { record: &record, samples: &samples, report: &report, baseline, left };
    print!("{verdict}");
    if verdict.holds() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs one operation after the other, until it should stop.
fn work(ctx: &ThreadCtx, index: usize, record: &Record) {
    let mut turn = index;
    while !ctx.stop().is_stopped() {
        let operation = Operation::at(turn);
        let _busy = ctx.busy(operation.name());
        let begun = Instant::now();
        let outcome = operation.run();
        record.add(operation, outcome, begun.elapsed());
        turn += 1;
    }
}

/// Samples the process, shows how far it is, and ends it when nothing goes on.
fn watch(ctx: &ThreadCtx, record: &Record, samples: &Samples, all: Duration) {
    let begun = Instant::now();
    let (mut last, mut since) = (0, Instant::now());
    let pause = Duration::from_secs(if all > Duration::from_secs(60) { 5 } else { 1 });
    while !ctx.wait(pause) {
        let sample = samples.take(begun.elapsed());
        let done = record.total();
        if done != last {
            (last, since) = (done, Instant::now());
        }
        println!("{:>5.0?} of {all:.0?}  {done:>8} operations  {sample}", begun.elapsed());
        if since.elapsed() > STUCK {
            eprintln!("DEADLOCK: nothing has ended for {STUCK:.0?}\n{}", ctx.registry().dump());
            std::process::exit(3);
        }
    }
}
