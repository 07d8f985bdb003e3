//! How the catalog is read.
