//! The catalog of mariadb.
