//! The catalog of sqlite.
