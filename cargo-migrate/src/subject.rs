//! What `inspect` and `diff` are about: a database, or something that a scratch database is built from.

use std::fmt;
use std::path::PathBuf;

use migrate_plan::schema::Schema;
use migrate_plan::{Code, Diagnostic};
use migrate_runtime::Inspection;
use migrate_runtime::cli::{Failure, Need, Output};

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
        let beside = subjects.iter().find_map(|subject| match subject {
            Subject::Database(found, _) => Some(found),
            _ => None,
        });
        let scratch = if builds { Some(scratch_url(beside, call.global, project)?) } else { None };
        let inspection = Inspection::new().settings(&project.config.settings);
        let inspection =
            if scope.schemas.is_empty() { inspection } else { inspection.schemas(scope.schemas.iter().cloned()) };
        Ok(Self { project, inspection, scratch, output: call.output })
    }

    /// Reads or builds one.
    pub(crate) async fn schema(&self, subject: &Subject) -> Result<Schema, Failure> {
        let Subject::Database(found, _) = subject else {
            let Some(found) = &self.scratch else { return Err(no_server().into()) };
            return Scratch::within(found, &self.output, async |scratch| self.build(subject, scratch).await).await;
        };
        let mut database = Database::connect(found, Need::Read, &self.output).await?;
        if Place::of(&found.url, &found.base)?.is_missing_file() {
            if found.is_given() {
                let problem = format!("there is no database `{subject}`");
                return Err(Diagnostic::new(Code::MissingDatabase, problem, "check the path in the URL").into());
            }
            self.output.note("there is no such file yet: it counts as an empty database");
        }
        crate::interrupt::watch(database.cancel(), self.output);
        Ok(self.inspection.run_live(database.live()).await?)
    }

    async fn build(&self, subject: &Subject, scratch: &mut Scratch) -> Result<Schema, Failure> {
        match subject {
            Subject::Migrations(target) => {
                let files = Files::without_lock(self.project)?;
                files.graph()?;
                scratch.upgrade(&files.migrations(), &[from_the_end(target.as_deref())]).await?;
            }
            Subject::File(path) => scratch.run_file(path).await?,
            Subject::Database(..) => {}
        }
        scratch.inspect(&self.inspection, &self.project.config.settings).await
    }
}

/// Where scratch databases are made: where a flag says, else beside the database that is asked about, else beside the project's.
pub(crate) fn scratch_url(
    beside: Option<&FoundUrl>,
    global: &Global,
    project: &Project,
) -> Result<FoundUrl, Diagnostic> {
    match (&global.scratch_url, beside) {
        (Some(url), _) => FoundUrl::for_scratch(url, global, project),
        (None, Some(found)) => Ok(found.clone()),
        (None, None) => FoundUrl::find(global, project)?.ok_or_else(no_server),
    }
}

fn no_server() -> Diagnostic {
    let help =
        "give the URL of a database on the server that is meant by `--scratch-url`; `sqlite::memory:` for SQLite";
    Diagnostic::new(Code::MissingUrl, "it is not known where a scratch database can be made", help)
}

/// A target, counted from where the history ends, as `history -r -3:` has it.
fn from_the_end(target: Option<&str>) -> String {
    match target {
        None => "heads".to_owned(),
        Some(steps) if steps.starts_with('-') => format!("head{steps}"),
        Some(target) => target.to_owned(),
    }
}
