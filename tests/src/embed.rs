//! Small crates that embed migrations, built by the real cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::command::{Ran, Sandbox};

/// A crate that embeds the revisions of its folder, beside a folder for `cargo migrate`.
#[derive(Debug)]
pub struct Crate {
    /// Its folder.
    pub sandbox: Sandbox,
}

/// How many crates this process has made. They share one target folder, in which cargo tells packages by their names.
static MADE: AtomicUsize = AtomicUsize::new(0);

const MAIN: &str = "migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }

fn main() {
    for revision in MIGRATIONS.revisions() {
        println!(\"{} {}\", revision.id, revision.title);
    }
}
";

impl Default for Crate {
    fn default() -> Self {
        Self::new()
    }
}

impl Crate {
    /// A crate without revisions, and without a migrations folder.
    pub fn new() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let sandbox = Sandbox::new();
        sandbox.write(
            "Cargo.toml",
            format!(
                "[package]\nname = \"embeds-{}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[dependencies]\n\
                 migrate-runtime = {{ path = \"{}\" }}\n\n[workspace]\n\n[profile.dev]\ndebug = false\n",
                MADE.fetch_add(1, Ordering::Relaxed),
                workspace.join("migrate-runtime").display()
            ),
        );
        sandbox.write("src/main.rs", MAIN);
        let lock = std::fs::read(workspace.join("Cargo.lock")).expect("the workspace has a lock file");
        sandbox.write("Cargo.lock", lock);
        Self { sandbox }
    }

    /// A crate with revision files: `(name, text)`.
    pub fn with_revisions(files: &[(&str, &str)]) -> Self {
        let embeds = Self::new();
        for (name, text) in files {
            embeds.sandbox.write(&format!("migrations/{name}"), text);
        }
        embeds
    }

    /// The same with `verify = "sqlite"`, and with the feature that it needs.
    #[must_use]
    pub fn verified(self) -> Self {
        let manifest = self.sandbox.read("Cargo.toml");
        self.sandbox.write(
            "Cargo.toml",
            manifest.replace("migrate-runtime\" }", "migrate-runtime\", features = [\"verify-sqlite\"] }"),
        );
        self.sandbox.write("src/main.rs", MAIN.replace("Migrations; }", "Migrations; verify = \"sqlite\" }"));
        self
    }

    /// Runs cargo in the crate; all such crates share what they are built from.
    pub fn cargo(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--offline", "--quiet", "--color=never"])
            .current_dir(self.sandbox.path())
            .env("CARGO_TARGET_DIR", Self::target())
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .expect("cargo runs");
        output.into()
    }

    /// The folder into which all such crates are built.
    fn target() -> PathBuf {
        crate::command::binaries().join("embedding")
    }

    /// The errors of the crate, without the parts that only point at the macro.
    pub fn compile_errors(&self) -> String {
        let checked = self.cargo(&["check"]);
        assert_ne!(checked.code, 0, "it compiles: {}", checked.stderr);
        let says = |line: &&str| !line.trim_start().starts_with("-->") && !line.contains(" | ") && line.trim() != "|";
        let lines: Vec<&str> = checked.stderr.lines().filter(says).filter(|line| !line.is_empty()).collect();
        let end = lines.iter().position(|line| line.starts_with("error: could not compile")).unwrap_or(lines.len());
        let start = lines.iter().position(|line| line.starts_with("error")).unwrap_or(end);
        lines[start..end].join("\n")
    }

    /// Builds and runs the crate: the ids and titles that are embedded.
    pub fn embedded(&self) -> Vec<String> {
        let ran = self.cargo(&["run"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.lines().map(str::to_owned).collect()
    }
}

/// The text of a revision with written sections.
pub fn revision(id: &str, parents: &str) -> String {
    format!(
        "-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\nSELECT '{id}';\n\n-- migrate: down\nSELECT 1;\n"
    )
}
