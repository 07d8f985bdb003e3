//! Makes, once per account, recipe, server version and week, the data directory that instances copy.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::account::Account;
use super::engine::Engine;

const WEEK: u64 = 7 * 24 * 60 * 60;

/// Arguments: base folder, template, then those of the recipe, which is run next.
const BEGIN: &str = r#"
set -eu
umask 077
base=$1 template=$2 building=$2.building
shift 2
rm -rf "$building"
"#;

const END: &str = r#"
mv "$building" "$template"
find "$base" -mindepth 1 -maxdepth 1 -type d -mtime +14 -exec rm -rf {} + || :
"#;

/// How the template of one engine is made.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) engine: &'static Engine,
    /// The server; another version of it makes another template.
    pub(crate) program: PathBuf,
    /// Makes the folder `$building`, in a shell that ends at the first failure.
    pub(crate) script: &'static str,
    /// What the script finds in `$1` and so on.
    pub(crate) arguments: Vec<OsString>,
}

impl Recipe {
    /// Returns the template's path after making it when it is not there yet.
    pub(super) fn ensure(&self, account: &Account, base: &Path) -> Result<PathBuf, String> {
        let template = base.join(self.name()?);
        if template.is_dir() {
            return Ok(template);
        }
        let failed = |error| format!("cannot lock {}: {error}", base.display());
        let lock = File::open(base).map_err(failed)?;
        lock.lock().map_err(failed)?;
        if template.is_dir() {
            return Ok(template);
        }
        let output = account
            .command(self.engine, "/bin/sh")
            .args(["-c", &self.whole_script(), "sh"])
            .args([base, &template])
            .args(&self.arguments)
            // The builder shares the lock, so it stays locked should this process be killed meanwhile.
            .stdin(lock)
            .output()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        if output.status.success() && template.is_dir() {
            return Ok(template);
        }
        Err(format!("cannot make the template {}: {}", template.display(), String::from_utf8_lossy(&output.stderr)))
    }

    fn whole_script(&self) -> String {
        format!("{BEGIN}{}{END}", self.script)
    }

    fn name(&self) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        self.engine.clean_environment(&mut command);
        let output = command
            .args(self.engine.version)
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.program.display()))?;
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let version: String = answer
            .split_whitespace()
            .find(|word| word.starts_with(|character: char| character.is_ascii_digit()))
            .unwrap_or("unknown")
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || *character == '.')
            .collect();
        let mut content = DefaultHasher::new();
        (answer, &self.program, self.whole_script(), &self.arguments).hash(&mut content);
        // Machines clear old files out of /tmp one by one: a template must never get that old.
        let week = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() / WEEK);
        Ok(format!("t-{version}-{:016x}-{week}", content.finish()))
    }
}
