//! What the private servers of all engines have in common: they start in a moment, and never outlive the test process.

mod account;
mod client;
mod engine;
mod instance;
mod name;
mod requirement;
mod secret;
mod supervisor;
mod template;
mod url;

pub(crate) use client::ask;
pub(crate) use engine::Engine;
pub(crate) use instance::Instance;
pub(crate) use name::database_name;
pub use requirement::missing_engine;
pub(crate) use requirement::{is_required, skipped};
pub(crate) use secret::give_secret;
pub(crate) use template::Recipe;
pub(crate) use url::{encoded, tcp_url};
