//! What a database holds, read from its catalog, written as SQL, and read again.

mod mariadb;
mod postgres;
mod sqlite;
mod support;
