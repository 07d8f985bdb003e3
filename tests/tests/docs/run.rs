//! Runs a page in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use migrate_tests::command::binaries;
use tempfile::TempDir;

use super::page::{Block, Call, Needs, Page};
use super::sample::{Ids, compare};

/// What the pages call the folder, and the machine behind the user `ann`.
const SHOWN_FOLDER: &str = "/home/ann/shop";
const SHOWN_HOST: &str = "laptop";

/// Variables of the caller that would be seen in what is printed.
const FOREIGN: [&str; 6] =
    ["DATABASE_URL", "NO_COLOR", "CLICOLOR_FORCE", "MIGRATE_TEST_REQUIRE", "RUST_BACKTRACE", "CARGO_MANIFEST_DIR"];

/// Runs a page; says which line does not hold.
pub(crate) fn page(page: &Page, database_url: Option<&str>) -> Result<(), String> {
    let runner = Runner::new(page, database_url);
    let mut ids = Ids::default();
    for block in &page.blocks {
        match block {
            Block::Console(calls) => {
                calls.iter().try_for_each(|call| runner.call(call, &mut ids))?;
            }
            Block::Section { line, marker, part, text } => runner
                .fill_section(marker, part, &ids.fill(text))
                .map_err(|problem| format!("{}:{line}: {problem}", page.name))?,
            Block::File { path, text } => runner.write(&ids.fill(path), &ids.fill(text)),
        }
    }
    Ok(())
}

struct Runner<'p> {
    page: &'p Page,
    folder: PathBuf,
    database_url: Option<&'p str>,
    _temporary: TempDir,
}

impl<'p> Runner<'p> {
    fn new(page: &'p Page, database_url: Option<&'p str>) -> Self {
        let temporary = TempDir::new().expect("the system gives a temporary folder");
        let folder = std::fs::canonicalize(temporary.path()).expect("the folder is there");
        let runner = Self { page, folder, database_url, _temporary: temporary };
        if page.needs == Needs::Cargo {
            runner.stand_in_for_the_registry();
        }
        runner
    }

    /// The crates of this workspace in place of published ones, at the versions that are tested here.
    fn stand_in_for_the_registry(&self) {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let runtime = workspace.join("migrate-runtime");
        self.write(".cargo/config.toml", &format!("[patch.crates-io]\nmigrate-runtime = {{ path = {runtime:?} }}\n"));
        self.write("Cargo.lock", &super::text("Cargo.lock"));
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        std::fs::write(path, text).expect("files can be written");
    }

    /// Puts text below a marker, in place of what stands there up to the next one.
    fn fill_section(&self, marker: &str, part: &str, text: &str) -> Result<(), String> {
        let path = self.revision(part)?;
        let old = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let (before, after) = old.split_once(marker).ok_or_else(|| format!("`{part}` has no `{}`", marker.trim()))?;
        let rest =
            after.find("-- migrate: up").or_else(|| after.find("-- migrate: down")).map_or("", |at| &after[at..]);
        let gap = if rest.is_empty() { "" } else { "\n" };
        std::fs::write(path, format!("{before}{marker}{text}{gap}{rest}")).map_err(|error| error.to_string())
    }

    /// The one revision file whose name holds `part`.
    fn revision(&self, part: &str) -> Result<PathBuf, String> {
        let entries = std::fs::read_dir(self.folder.join("migrations")).map_err(|error| error.to_string())?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let is_meant = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".sql") && name.contains(part)
        };
        match paths.filter(is_meant).collect::<Vec<_>>().as_slice() {
            [one] => Ok(one.clone()),
            found => Err(format!("{} revision files have `{part}` in their name", found.len())),
        }
    }

    fn call(&self, call: &Call, ids: &mut Ids) -> Result<(), String> {
        let (output, code) = self.run(&ids.fill(&call.command));
        let printed: Vec<&str> = output.lines().collect();
        let place = |line: usize| format!("{}:{line}", self.page.name);
        if let Err(index) = compare(&call.printed, &printed, ids) {
            let quoted = |line: Option<&str>| line.map_or("nothing more".to_owned(), |line| format!("`{line}`"));
            let shown = quoted(call.printed.get(index).map(String::as_str));
            let lines_of_command = call.command.lines().count();
            return Err(format!(
                "{}: expected {shown}, got {}\n`{}` printed:\n{output}",
                place(call.line + lines_of_command + index),
                quoted(printed.get(index).copied()),
                call.command
            ));
        }
        if code == call.code {
            return Ok(());
        }
        let expected = call.code;
        Err(format!(
            "{}: expected exit code {expected}, got {code}\n`{}` printed:\n{output}",
            place(call.line),
            call.command
        ))
    }

    /// Everything that a command prints, as the page would show it, and its exit code.
    fn run(&self, command: &str) -> (String, i32) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(binaries().to_owned()).chain(std::env::split_paths(&path));
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("exec 2>&1\n{command}")).current_dir(&self.folder).stdin(Stdio::null());
        for variable in FOREIGN {
            shell.env_remove(variable);
        }
        shell
            .env("PATH", std::env::join_paths(folders).expect("folders of PATH can be joined"))
            .envs([
                ("USER", "ann"),
                ("LC_ALL", "C.UTF-8"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
            ])
            .envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@example.org")])
            .envs([("GIT_COMMITTER_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "ann@example.org")])
            .envs(self.database_url.map(|url| ("DATABASE_URL", url)));
        if self.page.needs == Needs::Cargo {
            shell.envs([("CARGO_NET_OFFLINE", "true"), ("CARGO_TERM_COLOR", "never")]);
            shell.env("CARGO_TARGET_DIR", binaries().join("embedding"));
        }
        let output = shell.output().expect("sh runs");
        let text = String::from_utf8_lossy(&output.stdout).replace(&*self.folder.to_string_lossy(), SHOWN_FOLDER);
        (with_shown_host(&text), output.status.code().unwrap_or(-1))
    }
}

/// `ann@` and whatever machine this is, as the pages call it.
fn with_shown_host(text: &str) -> String {
    let mut parts = text.split("ann@");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        shown.push_str(&format!("ann@{SHOWN_HOST}{rest}"));
    }
    shown
}
