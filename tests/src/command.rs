//! The real `cargo-migrate`, run in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The folder in which cargo puts the binaries of this profile, with `cargo-migrate` built and current.
pub fn binaries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has an executable");
        let deps = test.parent().expect("an executable is in a folder");
        let folder = deps.parent().expect("tests are in `deps`").to_owned();
        let profile = if folder.ends_with("release") { &["--release"][..] } else { &[] };
        build(&[&["-p", "cargo-migrate"], profile].concat());
        folder
    })
}

/// Builds a package of this workspace; nothing happens when it is current.
pub fn build(arguments: &[&str]) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--offline", "--manifest-path"]).arg(manifest).args(arguments);
    // What cargo tells a test of its package would tell build scripts that they are stale, here and at the next call.
    let of_the_package = |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_the_package)) {
        command.env_remove(name);
    }
    let status = command.status().expect("cargo runs");
    assert!(status.success(), "cargo build {arguments:?} failed");
}

/// What decides about TLS where a URL says nothing.
const TLS_VARIABLES: [&str; 6] =
    ["PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What a call printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; -1 for a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Everything that was printed and the exit code, for snapshots.
    pub fn transcript(&self) -> String {
        let part = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("--- {name}\n{text}") };
        format!("{}{}exit {}", part("stdout", &self.stdout), part("stderr", &self.stderr), self.code)
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A folder of its own in which `cargo migrate` is called.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("the system gives a temporary folder") }
    }

    /// A folder with revision files: `(name, text)`.
    pub fn with_revisions(files: &[(&str, &str)]) -> Self {
        let sandbox = Self::new();
        for (name, text) in files {
            sandbox.write(&format!("migrations/{name}"), text);
        }
        sandbox
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with its folders.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        std::fs::write(path, text).expect("files can be written");
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of the files in a folder, sorted.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join(folder)).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// A `cargo migrate` call that is not started yet; nothing of the caller's configuration reaches it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binaries().join("cargo-migrate"));
        command.arg("migrate").args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for variable in
            ["DATABASE_URL", "NO_COLOR", "CLICOLOR_FORCE", "MIGRATE_TEST_REQUIRE"].iter().chain(&TLS_VARIABLES)
        {
            command.env_remove(variable);
        }
        command
    }

    /// Calls `cargo migrate`.
    pub fn migrate(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().expect("cargo-migrate runs").into()
    }

    /// Calls `cargo migrate` on a terminal where somebody types; what it prints is one stream.
    ///
    /// # Panics
    ///
    /// When there is no `script`, which makes the terminal.
    pub fn migrate_on_a_terminal(&self, arguments: &[&str], typed: &str) -> Ran {
        let mut child = self.on_a_terminal(arguments);
        let mut stdin = child.stdin.take().expect("it is a pipe");
        std::io::Write::write_all(&mut stdin, typed.as_bytes()).expect("it can be typed");
        // The pipe stays open: its end would be a key, too.
        let ran = child.wait_with_output().expect("it ends");
        drop(stdin);
        let mut ran = Ran::from(ran);
        ran.stdout = ran.stdout.replace('\r', "");
        ran
    }

    /// Calls `cargo migrate` on a terminal, and types Ctrl-C once it has asked something; gives the exit code.
    ///
    /// # Panics
    ///
    /// When there is no `script`, or no question.
    pub fn interrupt_a_question(&self, arguments: &[&str]) -> Option<i32> {
        let mut child = self.on_a_terminal(arguments);
        let mut stdin = child.stdin.take().expect("it is a pipe");
        let mut stdout = child.stdout.take().expect("it is a pipe");
        let (mut said, mut byte) = (Vec::new(), [0]);
        while !said.ends_with(b"[y/N] ") {
            let read = std::io::Read::read(&mut stdout, &mut byte).expect("it says something");
            assert!(read > 0, "it asked nothing: {}", String::from_utf8_lossy(&said));
            said.extend(byte);
        }
        std::io::Write::write_all(&mut stdin, b"\x03").expect("it can be typed");
        let _ = std::io::Read::read_to_end(&mut stdout, &mut said);
        child.wait().expect("it ends").code()
    }

    fn on_a_terminal(&self, arguments: &[&str]) -> Child {
        let quoted = arguments.iter().map(|argument| format!("'{}'", argument.replace('\'', "'\\''")));
        let words: Vec<String> = quoted.collect();
        let program = binaries().join("cargo-migrate");
        let line = format!("stty -echo; '{}' migrate {}", program.display(), words.join(" "));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(self.path()).env("TERM", "dumb");
        command.env_remove("DATABASE_URL").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("there is a `script`")
    }

    /// Runs any other program in the folder.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        Command::new(program).args(arguments).current_dir(self.path()).output().expect("the program runs").into()
    }
}
