//! `--backup`: a copy of the database before the first write, by the database's own client or by a configured command.
//!
//! What cannot be backed up is not changed: every failure here stops the run.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use migrate_plan::{Code, Diagnostic};
use migrate_runtime::cli::Output;

use crate::database::{Dump, Dumped};
use crate::environment::FoundUrl;
use crate::project::{Project, shown};

/// The folder of backups, beside the file that configures the project.
const FOLDER: &str = "backups";

/// How many backups of one second get names of their own.
const SAME_SECOND: u32 = 100;

/// Backs the database up and says where to; gives what the log is to say of it.
pub(crate) fn make(
    found: &FoundUrl,
    project: &Project,
    history_exists: bool,
    output: &Output,
) -> Result<String, Diagnostic> {
    let history = project.config.settings.history_schema.as_deref().filter(|_| history_exists);
    let dump = Dump::of(&found.url, &found.base, history)?;
    let folder = folder(&dump, project)?;
    let (file, restore) = match &project.config.backup_command {
        Some(command) => (run_configured(command, &dump, &folder, found)?, None),
        None => by_client(&dump, &folder)?,
    };
    let here = std::env::current_dir().unwrap_or_default();
    let size = std::fs::metadata(&file).map(|metadata| metadata.len()).unwrap_or(0);
    if size == 0 {
        let _ = std::fs::remove_file(&file);
        return Err(failed(format!("`{}` is not there, or empty", shown(&here, &file)), "see what the command writes"));
    }
    output.note(&format!("backup: {}, {size} bytes", shown(&here, &file)));
    restore.iter().for_each(|restore| output.note(&format!("restore it with: {restore}")));
    Ok(format!("backup {}, {size} bytes", file.display()))
}

/// A file of its own that the client fills, readable by nobody else.
fn by_client(dump: &Dump, folder: &Path) -> Result<(PathBuf, Option<String>), Diagnostic> {
    let file = new_file(folder, &dump.name, dump.extension)?;
    let outcome = match dump.write(&file) {
        Dumped::Done => sync(&file),
        Dumped::Failed(problem, help) => Err(failed(problem, help)),
        Dumped::ByClient(commands) => run_client(commands).and_then(|()| sync(&file)),
    };
    match outcome {
        Ok(()) => {
            let restore = dump.restore(&file);
            Ok((file, Some(restore)))
        }
        Err(problem) => {
            // Half a backup is worse than none.
            let _ = std::fs::remove_file(&file);
            Err(problem)
        }
    }
}

/// Runs the first of the clients that is there.
fn run_client(clients: Vec<crate::database::Client>) -> Result<(), Diagnostic> {
    let names: Vec<String> = clients.iter().map(|client| format!("`{}`", client.program)).collect();
    for mut client in clients {
        let output = client.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
        match output {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(failed(format!("`{}` cannot be started: {error}", client.program), "see that it can run"));
            }
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let problem = format!("`{}` ended with {}", client.program, output.status);
                let help = "mend what it says; a client must be as new as its server";
                let mut refusal = failed(problem, help);
                refusal.notes = words(&client.without_secret(&String::from_utf8_lossy(&output.stderr)));
                return Err(refusal);
            }
        }
    }
    Err(failed(
        format!("{} is not there", names.join(" or ")),
        "install the database's client, or set `backup-command`",
    ))
}

/// The last lines of what a program said.
fn words(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].iter().map(|line| (*line).to_owned()).collect()
}

/// The project's own command; `{file}` in it is the file to write, and `DATABASE_URL` in its environment says of what.
fn run_configured(command: &str, dump: &Dump, folder: &Path, found: &FoundUrl) -> Result<PathBuf, Diagnostic> {
    let file = free_name(folder, &dump.name, dump.extension)?;
    let words = command.split_whitespace().map(|word| word.replace("{file}", &file.display().to_string()));
    let words: Vec<String> = words.collect();
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("`backup-command` is empty".to_owned(), "name a command, or leave the key out"));
    };
    let ended =
        |why: String| failed(format!("`backup-command` {why}: `{command}`"), "mend the command in the configuration");
    let mut process = Command::new(program);
    process.args(arguments).env("DATABASE_URL", &found.url).stdin(Stdio::null()).stdout(Stdio::null());
    match process.status() {
        Ok(status) if status.success() => Ok(file),
        Ok(status) => Err(ended(format!("ended with {status}"))),
        Err(error) => Err(ended(format!("cannot be started ({error})"))),
    }
}

/// Where backups go: beside a SQLite file, else to the folder of the project; one that is made here is kept out of git.
fn folder(dump: &Dump, project: &Project) -> Result<PathBuf, Diagnostic> {
    let configured = project.config.backup_folder.as_deref();
    if let (Some(beside), None) = (&dump.beside, configured) {
        return Ok(beside.clone());
    }
    let folder = project.config_folder().join(configured.unwrap_or(FOLDER));
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    if !folder.is_dir() {
        let made = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join(".gitignore"), "*\n"));
        made.map_err(|error| unwritable(&folder, &error))?;
    }
    Ok(folder)
}

fn new_file(folder: &Path, name: &str, extension: &str) -> Result<PathBuf, Diagnostic> {
    for path in names(folder, name, extension) {
        let mut options = std::fs::File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritable(folder, &error)),
        }
    }
    Err(failed("there are too many backups of this second".to_owned(), "wait a second"))
}

fn free_name(folder: &Path, name: &str, extension: &str) -> Result<PathBuf, Diagnostic> {
    let free = names(folder, name, extension).find(|path| !path.exists());
    free.ok_or_else(|| failed("there are too many backups of this second".to_owned(), "wait a second"))
}

/// `<database>_<UTC time>`, and a number behind it from the second one on.
fn names(folder: &Path, name: &str, extension: &str) -> impl Iterator<Item = PathBuf> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let harmless = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '_' };
    let stem = format!("{}_{time}", name.chars().map(harmless).collect::<String>());
    let (folder, extension) = (folder.to_owned(), extension.to_owned());
    (1..SAME_SECOND).map(move |number| match number {
        1 => folder.join(format!("{stem}.{extension}")),
        _ => folder.join(format!("{stem}_{number}.{extension}")),
    })
}

/// What is not on the disk yet may be lost with what comes next.
fn sync(file: &Path) -> Result<(), Diagnostic> {
    let synced = std::fs::File::options().write(true).open(file).and_then(|file| file.sync_all());
    synced.map_err(|error| failed(format!("`{}` cannot be written: {error}", file.display()), "make room on the disk"))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> Diagnostic {
    let problem = format!("`{}` cannot be written: {error}", folder.display());
    failed(problem, "make the folder writable, or name another one: `backup-folder`")
}

/// A backup that there is not stops the run.
fn failed(problem: String, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BackupFailed, format!("there is no backup: {problem}"), help)
        .because("a backup was asked for, so that nothing is written without one")
}

/// A word as a shell takes it.
pub(crate) fn shell_word(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::{shell_word, words};

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("--host=db.example.org"), "--host=db.example.org");
        assert_eq!(shell_word("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn only_the_last_words_of_a_client_are_repeated() {
        assert_eq!(words("a\n\nb\nc\nd\ne\nf\n"), ["b", "c", "d", "e", "f"]);
        assert_eq!(words(""), [""; 0]);
    }
}
