//! The catalog of postgres.
