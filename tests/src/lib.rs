//! What the tests of the whole product share: servers of their own, the real binary in a folder of its own, and
//! revisions made for a test.

pub mod command;
pub mod disk;
pub mod embed;
pub mod galera;
pub mod mariadb;
pub mod pgbouncer;
pub mod postgres;
pub mod proxy;
mod server;
pub mod suite;
