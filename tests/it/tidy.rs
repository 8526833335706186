//! Properties of the repository that no compiler checks and that rot unless a test reads them.
//!
//! Lists of exceptions stand next to the checks and may only shrink: an exception that is no longer
//! needed fails too.

mod generated;
mod layers;
mod lexer;
mod messages;
mod prose;
mod shape;
