//! Nothing to see.
