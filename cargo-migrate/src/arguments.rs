//! The command line, and what is said to one that cannot be used.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use migrate_plan::{Code, Diagnostic, parse_duration};
use migrate_runtime::REFINERY_TABLE;
use migrate_runtime::cli::{Exit, OutputArgs, Shown, Verb, error_json};

/// Database migrations: a graph of revisions, checked and embedded at compile time.
#[derive(Debug, Parser)]
#[command(name = "cargo migrate", bin_name = "cargo migrate", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags that every verb takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The folder of revision files; no cargo project is looked for then. May be repeated
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) dir: Vec<PathBuf>,
    /// The package whose migrations these are
    #[arg(short, long, global = true, value_name = "NAME", conflicts_with = "dir")]
    pub(crate) package: Option<String>,
    /// The Cargo.toml of the project
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "dir")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Where the database is: `sqlite://app.db`, `postgres://user@host/name` [env: DATABASE_URL]
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// Which of the project's databases, when it is not the first one
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// All databases of the project, one after the other
    #[arg(long, global = true, conflicts_with_all = ["database", "database_url", "dir"])]
    pub(crate) all: bool,
    /// The environment whose database is meant, such as `staging`
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "database_url")]
    pub(crate) env: Option<String>,
    /// Wait so long for a server that is not there yet, such as `30s`
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) wait: Option<Duration>,
    /// Where scratch databases are made, when not where the database is
    #[arg(long, global = true, value_name = "URL", env = "MIGRATE_SCRATCH_URL", hide_env_values = true)]
    pub(crate) scratch_url: Option<String>,
    /// Back the database up before the first write, with its own client or `backup-command`
    #[arg(long, global = true)]
    pub(crate) backup: bool,
    /// Refuse to write files
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// Ask nothing: the answer is yes
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prepares a project: the folder, its lock file and what git must know of it
    Init(InitArgs),
    /// Writes a new revision file behind the head
    #[command(visible_alias = "revision")]
    New(NewArgs),
    /// Joins branches: writes a revision with several parents
    Merge(MergeArgs),
    /// Puts drafts behind the other head, or gives a duplicate a fresh id
    Rebase(RebaseArgs),
    /// Makes revisions immutable: from now on an edit of one does not compile
    Seal(SealArgs),
    /// Opens the file of a revision in the editor (`VISUAL` or `EDITOR`), and checks what was written
    Edit(EditArgs),
    /// Takes a project and its databases over from another tool
    Adopt(AdoptArgs),
    /// Checks everything that CI should refuse; says what it did not check, and why
    Check(CheckArgs),
    /// Shows what a database holds, or what the revisions make
    Inspect(InspectArgs),
    /// Shows what differs between two schemas
    Diff(DiffArgs),
    /// Tries out every `down` in a scratch database: whether it restores what was there
    Verify(VerifyArgs),
    /// Runs a command with the URL of a scratch database at the head, which is gone afterwards
    Scratch(ScratchArgs),
    /// Creates or drops a database as a whole
    Database(DatabaseArgs),
    /// Prints a completion script for a shell
    Completions(CompletionsArgs),
    #[command(flatten)]
    Verb(Verb),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Write a `build.rs` too, so that files added by hand are seen by cargo
    #[arg(long)]
    pub(crate) build_script: bool,
    /// Write a template for new revisions, to be edited: `plain` or `checklist`
    #[arg(long, value_name = "NAME", value_parser = ["plain", "checklist"])]
    pub(crate) template: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// What the revision does, in one line
    #[arg(required_unless_present = "message")]
    pub(crate) title: Option<String>,
    /// The same, as Alembic's users write it
    #[arg(short, long, value_name = "TITLE", conflicts_with = "title")]
    pub(crate) message: Option<String>,
    /// The revision that it follows: an id, its prefix or a label; `none` for a new root [default: the head]
    #[arg(long, value_name = "REVISION", alias = "head")]
    pub(crate) parent: Option<String>,
    /// Let it follow a revision that is no head, which begins a second branch there
    #[arg(long, requires = "parent")]
    pub(crate) splice: bool,
    /// A label for its branch; may be repeated
    #[arg(long = "label", value_name = "LABEL", alias = "branch-label")]
    pub(crate) labels: Vec<String>,
    /// A revision that must be applied before it without being its parent; may be repeated
    #[arg(long, value_name = "REVISION")]
    pub(crate) depends_on: Vec<String>,
    /// Its id, in place of a fresh one
    #[arg(long, value_name = "ID")]
    pub(crate) rev_id: Option<String>,
    /// The folder for its file, where there are several [default: that of its parent]
    #[arg(long, value_name = "FOLDER", alias = "version-path")]
    pub(crate) into: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The revisions to join; without any, or as `heads`, all heads
    pub(crate) parents: Vec<String>,
    /// What the merge is for, in one line
    #[arg(short, long, value_name = "TITLE")]
    pub(crate) message: Option<String>,
    /// A label for the branch that begins here; may be repeated
    #[arg(long = "label", value_name = "LABEL", alias = "branch-label")]
    pub(crate) labels: Vec<String>,
    /// Its id, in place of a fresh one
    #[arg(long, value_name = "ID")]
    pub(crate) rev_id: Option<String>,
    /// The folder for its file, where there are several [default: that of its first parent]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RebaseArgs {
    /// The drafts: an id, its prefix, or its file each; whole branches move, one behind the other
    #[arg(required = true, value_name = "REVISION")]
    pub(crate) revisions: Vec<String>,
    /// The revision to put them behind [default: the other head]
    #[arg(long, value_name = "REVISION")]
    pub(crate) onto: Option<String>,
    /// Print the plan and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SealArgs {
    /// Up to this revision, with its ancestors [default: all]
    pub(crate) target: Option<String>,
    /// Take a reviewed change of this sealed revision
    #[arg(long, value_name = "REVISION", requires = "reason", conflicts_with = "target")]
    pub(crate) accept: Option<String>,
    /// Why it was changed; kept in the lock file
    #[arg(long, value_name = "WORDS", requires = "accept")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// The revision: an id or its prefix, a label, `head`
    #[arg(default_value = "head", allow_negative_numbers = true)]
    pub(crate) target: String,
}

#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    #[command(subcommand)]
    pub(crate) from: AdoptFrom,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdoptFrom {
    /// From refinery: its files become revisions, and what it has applied to the database is recorded
    Refinery(RefineryArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RefineryArgs {
    /// The folder of refinery's migrations; of another one than `--dir` the files stay as they are [default: the project's folder]
    pub(crate) folder: Option<PathBuf>,
    /// The table in which refinery keeps what it has applied, with its schema before it where it has one
    #[arg(long, value_name = "NAME", default_value = REFINERY_TABLE)]
    pub(crate) table: String,
    /// Say that the file of a version was edited after refinery had applied it, such as `V3=1234`; may be repeated
    #[arg(long, value_name = "VERSION=CHECKSUM", value_parser = edited)]
    pub(crate) edited: Vec<(String, u64)>,
    /// Look at the files alone, although a database is configured
    #[arg(long, conflicts_with = "lock_timeout")]
    pub(crate) files_only: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Wait no longer than this for another process, such as `30s`, `5m` or `500ms`; a bare number is seconds
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) lock_timeout: Option<Duration>,
}

fn edited(text: &str) -> Result<(String, u64), String> {
    let (version, checksum) = text.split_once('=').ok_or("write a version and a checksum, such as `V3=1234`")?;
    let checksum = checksum.trim().parse().map_err(|_| "a checksum of refinery's is a number".to_owned())?;
    Ok((version.trim().to_owned(), checksum))
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Write the lock file anew where drafts have changed
    #[arg(long)]
    pub(crate) fix: bool,
    /// Refuse changes of revisions that stand at this git reference, such as `origin/main`
    #[arg(long, value_name = "GIT REF")]
    pub(crate) since: Option<String>,
    /// Compare the schema of the database with what its applied revisions make
    #[arg(long)]
    pub(crate) drift: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// What to look at: `database`, a URL, `migrations`, `migrations@<revision>`, or a `.sql` file
    #[arg(value_name = "WHAT", default_value = "database")]
    pub(crate) subject: String,
    /// How it is shown
    #[arg(long = "as", value_enum, value_name = "HOW", default_value_t)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// What it is now: `database`, a URL, `migrations`, `migrations@<revision>`, or a `.sql` file
    pub(crate) before: String,
    /// What it is to be, in the same words
    pub(crate) after: String,
    /// End with 5 when they differ
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The revisions: ids, labels, or ranges such as `a1:head` [default: all]
    #[arg(value_name = "REVISION", allow_negative_numbers = true, conflicts_with = "drafts")]
    pub(crate) revisions: Vec<String>,
    /// The drafts alone
    #[arg(long)]
    pub(crate) drafts: bool,
    /// Make no rows: compare the catalog alone
    #[arg(long)]
    pub(crate) no_rows: bool,
    /// On a server, try out this many parts of the history at once, each in a scratch database of its own
    /// [default: 1 for every 25 revisions, as many as there are processors, at most 4]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct ScratchArgs {
    /// Where the database stands
    #[arg(long, value_name = "REVISION", default_value = "heads")]
    pub(crate) target: String,
    /// The command with its arguments, behind `--`
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// How much of a PostgreSQL database is looked at.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ScopeArgs {
    /// Only the default schema and this one, on PostgreSQL; may be repeated [default: all]
    #[arg(long = "schema", value_name = "NAME")]
    pub(crate) schemas: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DatabaseArgs {
    #[command(subcommand)]
    pub(crate) verb: DatabaseVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseVerb {
    /// Creates the database, empty
    Create,
    /// Drops the database with everything in it
    Drop(DropArgs),
    /// Drops the database, creates it anew, and upgrades it
    Reset(DropArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DropArgs {
    /// End the sessions of others, on PostgreSQL 13 and later
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Other tools' words for our verbs.
const ELSEWHERE: [(&str, &str); 20] = [
    ("run", "upgrade"),
    ("migrate", "upgrade"),
    ("apply", "upgrade"),
    ("deploy", "upgrade"),
    ("add", "new"),
    ("generate", "new"),
    ("create", "new"),
    ("make", "new"),
    ("revert", "downgrade"),
    ("rollback", "downgrade"),
    ("undo", "downgrade"),
    ("info", "status"),
    ("list", "history"),
    ("log", "history"),
    ("validate", "check"),
    ("setup", "init"),
    ("fresh", "database reset"),
    ("reset", "database reset"),
    ("drop", "database drop"),
    ("db", "database"),
];

/// Words of verbs that do more than ours can do yet.
const NOT_YET: [(&str, &str); 1] = [("refresh", "`redo base` undoes and applies everything")];

/// Reads the command line; a help text, a version or an error is printed, and its exit code given.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Arguments, ExitCode> {
    let mut arguments: Vec<OsString> = arguments.collect();
    // cargo runs `cargo-migrate migrate …` for `cargo migrate …`.
    if arguments.get(1).is_some_and(|argument| argument == "migrate") {
        arguments.remove(1);
    }
    Arguments::try_parse_from(&arguments).map_err(|error| refuse(&error, &arguments))
}

/// The clap command, for completions.
pub(crate) fn command() -> clap::Command {
    Arguments::command()
}

fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    let help = elsewhere(error);
    if !is_help && wants_json(arguments) {
        // What is missing, or possible, stands on lines of its own before the first empty one.
        let message = error.to_string();
        let lines: Vec<&str> = message.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let message = lines.split_first().map_or_else(String::new, |(first, rest)| {
            format!("{} {}", first.trim_start_matches("error: "), rest.join(", ")).trim_end().to_owned()
        });
        let help = help.unwrap_or_else(|| "`cargo migrate --help` lists the verbs and their flags".to_owned());
        let refusal = error_json(vec![Diagnostic::new(Code::Usage, message, help)], Exit::Usage);
        // Nothing can be done about a stream that does not take the message.
        let _ = writeln!(std::io::stdout(), "{refusal}");
        return ExitCode::from(Exit::Usage as u8);
    }
    let _ = error.print();
    if let Some(help) = help {
        let _ = writeln!(anstream::stderr(), "\n help: {help}");
    }
    ExitCode::from(if is_help && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        Exit::Done as u8
    } else {
        Exit::Usage as u8
    })
}

fn elsewhere(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let clap::error::ContextValue::String(word) = error.get(clap::error::ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let named = |list: &[(&str, &'static str)]| list.iter().find(|(theirs, _)| theirs == word).map(|(_, ours)| *ours);
    let ours = named(&ELSEWHERE).map(|ours| format!("here it is `cargo migrate {ours}`"));
    ours.or_else(|| named(&NOT_YET).map(|instead| format!("there is no `{word}` yet; {instead}")))
}

fn wants_json(arguments: &[OsString]) -> bool {
    let pairs = arguments.iter().zip(arguments.iter().skip(1));
    arguments.iter().any(|argument| argument == "--format=json")
        || pairs.into_iter().any(|(flag, value)| flag == "--format" && value == "json")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
