//! Cargo wants a library or a binary beside the tests.
