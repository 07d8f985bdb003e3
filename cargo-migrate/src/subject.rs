//! What `inspect` and `diff` are about: a database, or something that a scratch database is built from.

use std::fmt;
use std::path::{Path, PathBuf};

use migrate_plan::schema::Schema;
use migrate_plan::{Ahead, Code, Diagnostic, Dialect, LockKind, Revision, Settings, split_statements};
use migrate_runtime::cli::{Failure, Need, Output, interrupts};
use migrate_runtime::{Inspection, Migrations};

use crate::arguments::{Global, ScopeArgs};
use crate::command::Call;
use crate::database::{Database, Place, Scratch};
use crate::environment::FoundUrl;
use crate::files::Files;
use crate::project::Project;

/// A schema, by the words of the command line.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A database as it is, and what it is called.
    Database(FoundUrl, String),
    /// What the revisions make, all of them or up to a target.
    Migrations(Option<String>),
    /// What a file of SQL makes.
    File(PathBuf),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A URL may hold a password.
            Self::Database(_, name) => f.write_str(name),
            Self::Migrations(None) => f.write_str(MIGRATIONS),
            Self::Migrations(Some(target)) => write!(f, "{MIGRATIONS}@{target}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

const MIGRATIONS: &str = "migrations";

impl Subject {
    /// Reads the words.
    pub(crate) fn parse(text: &str, global: &Global, project: &Project) -> Result<Self, Diagnostic> {
        if text == "database" {
            return FoundUrl::require(global, project).map(|found| Self::Database(found, text.to_owned()));
        }
        if text == MIGRATIONS {
            return Ok(Self::Migrations(None));
        }
        if let Some(target) = text.strip_prefix(MIGRATIONS).and_then(|rest| rest.strip_prefix('@')) {
            return Ok(Self::Migrations(Some(target.to_owned())));
        }
        if text.contains("://") || text.starts_with("sqlite:") {
            let found = FoundUrl::given(text, global, project)?;
            let place = Place::of(&found.url, &found.base)?;
            return Ok(Self::Database(found, place.to_string()));
        }
        let path = PathBuf::from(text);
        if path.is_file() {
            return Ok(Self::File(path));
        }
        let problem = format!("`{text}` is neither a file nor anything else that has a schema");
        let help = "write `database`, a URL, `migrations`, `migrations@<revision>`, or the path of a `.sql` file";
        Err(Diagnostic::new(Code::Usage, problem, help))
    }
}

/// Where subjects become schemas.
pub(crate) struct Workshop<'c> {
    project: &'c Project,
    inspection: Inspection,
    /// Where scratch databases are made, when one is needed.
    scratch: Option<FoundUrl>,
    output: Output,
}

impl<'c> Workshop<'c> {
    /// What these subjects need.
    pub(crate) fn new(
        subjects: &[&Subject],
        scope: &ScopeArgs,
        project: &'c Project,
        call: &Call<'_>,
    ) -> Result<Self, Diagnostic> {
        let builds = subjects.iter().any(|subject| !matches!(subject, Subject::Database(..)));
        let scratch = if builds { Some(scratch_url(subjects, call.global, project)?) } else { None };
        let inspection = Inspection::new().settings(&project.config.settings);
        let inspection =
            if scope.schemas.is_empty() { inspection } else { inspection.schemas(scope.schemas.iter().cloned()) };
        Ok(Self { project, inspection, scratch, output: call.output })
    }

    /// Reads or builds one.
    pub(crate) async fn schema(&self, subject: &Subject) -> Result<Schema, Failure> {
        let Subject::Database(found, _) = subject else {
            return self.in_scratch(subject).await;
        };
        let mut database = Database::connect(found, Need::Read, &self.output).await?;
        crate::interrupt::watch(database.cancel(), self.output);
        Ok(self.inspection.run_live(database.live()).await?)
    }

    async fn in_scratch(&self, subject: &Subject) -> Result<Schema, Failure> {
        let Some(found) = &self.scratch else { return Err(no_server().into()) };
        let mut scratch = Scratch::create(found, &self.output).await?;
        crate::interrupt::watch(scratch.cancel(), self.output);
        let outcome = self.build(subject, &mut scratch).await;
        scratch.remove(&self.output).await;
        outcome
    }

    async fn build(&self, subject: &Subject, scratch: &mut Scratch) -> Result<Schema, Failure> {
        match subject {
            Subject::Migrations(target) => {
                let files = Files::without_lock(self.project)?;
                files.graph()?;
                upgrade(&files.migrations(), &[from_the_end(target.as_deref())], scratch).await?;
            }
            Subject::File(path) => run_file(path, scratch).await?,
            Subject::Database(..) => {}
        }
        let settings = in_scratch(&self.project.config.settings);
        let mut inspection = self.inspection.clone().settings(&settings);
        if let Some(schemas) = scratch.schemas() {
            inspection = inspection.schemas(schemas);
        }
        Ok(inspection.run_live(scratch.live()).await?)
    }
}

/// Where scratch databases are made: where a flag says, else where a database of the subjects is, else where the project's is.
pub(crate) fn scratch_url(subjects: &[&Subject], global: &Global, project: &Project) -> Result<FoundUrl, Diagnostic> {
    if let Some(url) = &global.scratch_url {
        return FoundUrl::for_scratch(url, global, project);
    }
    let beside = subjects.iter().find_map(|subject| match subject {
        Subject::Database(found, _) => Some(found),
        _ => None,
    });
    match beside {
        Some(found) => Ok(found.clone()),
        None => FoundUrl::find(global, project)?.ok_or_else(no_server),
    }
}

/// Where a scratch database for comparison with this one is made.
pub(crate) fn scratch_url_beside(found: &FoundUrl, global: &Global, project: &Project) -> Result<FoundUrl, Diagnostic> {
    match &global.scratch_url {
        Some(url) => FoundUrl::for_scratch(url, global, project),
        None => Ok(found.clone()),
    }
}

fn no_server() -> Diagnostic {
    let help =
        "give the URL of a database on the server that is meant by `--scratch-url`; `sqlite::memory:` for SQLite";
    Diagnostic::new(Code::MissingUrl, "it is not known where a scratch database can be made", help)
}

/// The settings for a scratch database: nobody else is there, and the history stands in it and nowhere else.
pub(crate) fn in_scratch(settings: &Settings) -> Settings {
    Settings { history_schema: None, lock: LockKind::None, ahead: Ahead::AllowWhenIdle, ..settings.clone() }
}

/// A target, counted from where the history ends, as `history -r -3:` has it.
fn from_the_end(target: Option<&str>) -> String {
    match target {
        None => "heads".to_owned(),
        Some(steps) if steps.starts_with('-') => format!("head{steps}"),
        Some(target) => target.to_owned(),
    }
}

/// Applies revisions to a scratch database, up to these targets; none is the base.
pub(crate) async fn upgrade(migrations: &Migrations, targets: &[String], scratch: &mut Scratch) -> Result<(), Failure> {
    if targets.is_empty() || targets == ["base"] {
        return Ok(());
    }
    let settings = in_scratch(migrations.settings());
    let migrations = Migrations::new(migrations.revisions().to_vec(), settings);
    let dialect = dialect_of(scratch).await?;
    make_ready(scratch, migrations.revisions(), dialect).await?;
    let run = migrations.migrator().targets(targets).stop_on(interrupts()).run_live(scratch.live()).await;
    run.map(drop).map_err(|error| {
        // What was done is gone with the scratch database, and is nobody's state.
        Failure { applied: Vec::new(), state: None, ..Failure::from(error) }
    })
}

/// Refuses revisions that reach out of a scratch database, and makes the extensions that they expect.
pub(crate) async fn make_ready(
    scratch: &mut Scratch,
    revisions: &[Revision],
    dialect: Dialect,
) -> Result<(), Vec<Diagnostic>> {
    scratch.bounds().refuse_revisions(revisions, dialect)?;
    let texts = revisions.iter().flat_map(|revision| revision.sections.iter().map(|section| &*section.body));
    scratch.install_extensions(&texts.collect::<Vec<_>>()).await;
    Ok(())
}

/// The dialect of the server, which its driver may not know.
pub(crate) async fn dialect_of(scratch: &mut Scratch) -> Result<Dialect, Failure> {
    Ok(migrate_runtime::dialect_of(scratch.live()).await?)
}

/// Runs a file of SQL, statement by statement.
async fn run_file(path: &Path, scratch: &mut Scratch) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Diagnostic::new(Code::UnreadableFile, format!("`{shown}` cannot be read: {error}"), "give a text file in UTF-8")
    })?;
    if text.lines().any(|line| line.starts_with("-- migrate:")) {
        let problem = format!("`{shown}` is a revision: it holds what applies it and what undoes it");
        let help = "write `migrations@<revision>` for what the revisions make up to it";
        return Err(Diagnostic::new(Code::Usage, problem, help).into());
    }
    // What newer versions of pg_dump write for psql alone.
    let is_for_psql = |line: &str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    let text: String = text.split_inclusive('\n').map(|line| if is_for_psql(line) { "\n" } else { line }).collect();
    let dialect = dialect_of(scratch).await?;
    let statements = split_statements(&text, dialect).map_err(|error| {
        Diagnostic::new(Code::Unsplittable, error.to_string(), "mend the SQL")
            .at(migrate_plan::Place::new(shown.clone(), 1))
    })?;
    for statement in statements.iter().filter(|statement| !statement.is_empty()) {
        if let Some(problem) = scratch.bounds().refusal(statement, dialect) {
            return Err(problem.into());
        }
        scratch.live().batch_execute(statement.sql()).await.map_err(|error| {
            let line = 1 + text[..statement.sql_offset()].matches('\n').count();
            let first = statement.sql().lines().next().unwrap_or_default();
            Diagnostic::new(Code::StatementFailed, format!("a statement of `{shown}` failed: {error}"), "mend the file")
                .at(migrate_plan::Place::new(shown.clone(), line as u32))
                .note(format!("in: {first}"))
        })?;
    }
    // A dump leaves the session without a search path, and everything would be somewhere else.
    if dialect == Dialect::Postgres && scratch.schemas().is_none() {
        scratch
            .live()
            .batch_execute("RESET ALL")
            .await
            .map_err(|driver| migrate_runtime::Error::Driver { doing: "the session cannot be reset", driver })?;
    }
    Ok(())
}
