//! A library that brings its own tables. It needs no driver: the application has one.

migrate_runtime::embed_migrations! {
    /// The tables of this library; an application combines them with its own.
    pub static MIGRATIONS: Migrations;
}
