//! Facts of one file, as plain data.

pub mod comments;
