//! `embed_migrations!`: the revision files of a crate, checked while it compiles and embedded in it.
//!
//! Applications use it through `migrate-runtime`. The flow: `input` reads what is written in the macro, `project`
//! reads the files and refuses a broken history, `verify` runs it if that is asked for, `output` writes the static.

mod input;
mod output;
mod project;
#[cfg(feature = "verify-sqlite")]
mod verify;
#[cfg(not(feature = "verify-sqlite"))]
#[path = "verify/without.rs"]
mod verify;

use proc_macro::TokenStream;
use proc_macro2::Span;
use quote::quote_spanned;

/// Embeds the revision files of this crate as a `static`.
///
/// ```ignore
/// migrate_runtime::embed_migrations! { pub static MIGRATIONS: Migrations; }
/// migrate_runtime::embed_migrations! { static OTHERS: Migrations = "db/others", heads = "many"; }
/// migrate_runtime::embed_migrations! { static BOTH: Migrations = ["core", "plugins/billing"], heads = "many"; }
/// migrate_runtime::embed_migrations! { static ANALYTICS: Migrations, database = "analytics"; }
/// migrate_runtime::embed_migrations! { static CHECKED: Migrations; verify = "sqlite" }
/// ```
///
/// The folder is the literal's, else that of `[package.metadata.migrate]`, else `migrations`; relative to `Cargo.toml`. Several
/// folders make one graph, and the name of each stands for its first revision, as a label does.
/// Any visibility, name and attributes may be used; `Migrations` needs no import. `heads = "many"` allows several heads.
/// `database = "analytics"` takes everything from `[package.metadata.migrate.database.analytics]`.
/// Options stand before the `;` or behind it.
///
/// `verify = "sqlite"` (feature `verify-sqlite`) runs every revision up, down and up again, in a database in memory and with
/// foreign keys on, unless the same revisions were verified by an earlier build. What is not written yet, and what stands on
/// it, is left out; what cannot be undone stays. It reads and writes no file but a mark in cargo's target folder.
///
/// # Errors
///
/// The crate does not compile when the history is broken: malformed files, duplicate ids, unknown parents, cycles,
/// clashing labels, several heads, or a sealed revision that was changed. Every problem is one error with file, line,
/// reason and mend. So it is when the folders here and those of the configuration are neither the same nor wholly others.
/// What is only unwritten, or not yet in `migrate.lock`, compiles. With `verify`, so are a statement that SQLite refuses, a
/// revision without a section for SQLite, and a `down` after which the tables, columns, indexes, views and triggers are not
/// those that were there before the `up`.
#[proc_macro]
pub fn embed_migrations(tokens: TokenStream) -> TokenStream {
    let input = match syn::parse::<input::Input>(tokens) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error().into(),
    };
    let span = input.span();
    match project::read(&input) {
        Ok(project) => output::render(&input, &project).into(),
        Err(problems) => {
            // An empty static keeps rustc from complaining about every use of its name as well.
            let mut tokens = output::render(&input, &project::Project::default());
            tokens.extend(problems.iter().map(|problem| compile_error(span, &problem.compile_error())));
            tokens.into()
        }
    }
}

fn compile_error(span: Span, message: &str) -> proc_macro2::TokenStream {
    quote_spanned! { span => ::core::compile_error! { #message } }
}
