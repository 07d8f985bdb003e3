//! What the common code has to know about one engine's server.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

/// How one engine's server is named, called and looked at.
#[derive(Debug)]
pub(crate) struct Engine {
    /// The engine as people write it.
    pub(crate) name: &'static str,
    /// The account that runs the server when we are root, where it exists.
    pub(crate) account: &'static str,
    /// The three letters with which the name of its folder of instances begins.
    pub(crate) folder: &'static str,
    /// What the names of the environment variables that its programs obey begin with.
    pub(crate) variables: &'static [&'static str],
    /// What the server is called with to tell its version.
    pub(crate) version: &'static [&'static str],
    /// The signal that ends the server at once, as in a crash.
    pub(crate) crash: &'static str,
    /// What runs the server, given its program, its home and its port; the data is in `data` below the home.
    pub(crate) command: fn(&Path, &Path, u16) -> Vec<OsString>,
    /// Removes what a crash leaves in a home and what would mislead the next start.
    pub(crate) tidy: fn(&Path, u16),
    /// Whether the server of a home takes connections.
    pub(crate) is_ready: fn(&Path) -> bool,
}

impl Engine {
    /// Keeps the caller's settings for the engine from a command.
    pub(crate) fn clean_environment(&self, command: &mut Command) {
        for (name, _) in env::vars_os() {
            if self.variables.iter().any(|prefix| name.as_bytes().starts_with(prefix.as_bytes())) {
                command.env_remove(name);
            }
        }
        // Messages are read by these modules, and macOS's PostgreSQL wants a set locale.
        command.env("LC_ALL", "C").env_remove("LANGUAGE");
    }
}
