//! The one test binary of the package: a single link keeps `cargo test` fast.
//!
//! Plain `cargo test` runs everything that needs neither network nor minutes; `SLOW_TESTS=1` adds
//! the rest, and `UPDATE=1` rewrites whatever is generated or may only rise.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read its own input has failed, and panicking is how it says so"
)]

/// As in the program: the tests are judged by their time as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod again;
mod cli;
mod corpus;
mod expressions;
mod fix;
mod pages;
mod pairs;
mod promises;
mod readings;
mod support;
mod tidy;
mod tool;
