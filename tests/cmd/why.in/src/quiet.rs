//! No thread is born here.
