//! What is done in a scratch database: revisions are applied, files run, and the outcome is looked at.

use std::path::Path;

use futures_util::future::{join, join_all};
use migrate_plan::schema::Schema;
use migrate_plan::{Code, Diagnostic, Dialect, Place, Revision, Settings, split_statements};
use migrate_runtime::cli::{Failure, Output, interrupts};
use migrate_runtime::{Error, Inspection, Migrations};

use super::Scratch;
use crate::environment::FoundUrl;
use crate::interrupt::Cancel;

impl Scratch {
    /// Makes one, works in it, and takes it away, whatever came of the work.
    pub(crate) async fn within<T>(
        found: &FoundUrl,
        output: &Output,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        Self::within_several(found, output, 1, async |all: &mut [Self]| work(&mut all[0]).await).await
    }

    /// Makes several at once, where a server has room for them: one at least.
    pub(crate) async fn within_several<T>(
        found: &FoundUrl,
        output: &Output,
        most: usize,
        work: impl AsyncFnOnce(&mut [Self]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let others = join_all((1..most).map(|_| Self::create(found, None)));
        let (first, others) = join(Self::create(found, Some(output)), others).await;
        // What there is no room for the first one can do without.
        let mut others: Vec<Self> = others.into_iter().flatten().collect();
        let first = match first {
            Ok(first) if first.has_room_for_others() => Ok(first),
            other => {
                join_all(others.drain(..).map(|scratch| scratch.remove(output))).await;
                other
            }
        };
        let mut all: Vec<Self> = std::iter::once(first?).chain(others).collect();
        all.iter().for_each(|scratch| scratch.announce(output));
        let cancels: Vec<Cancel> = all.iter().map(Self::cancel).collect();
        crate::interrupt::watch(crate::interrupt::all(cancels), *output);
        let outcome = work(&mut all).await;
        join_all(all.into_iter().map(|scratch| scratch.remove(output))).await;
        outcome
    }

    /// Applies revisions up to these targets; none is the base.
    pub(crate) async fn upgrade(&mut self, migrations: &Migrations, targets: &[String]) -> Result<(), Failure> {
        if targets.is_empty() || targets == ["base"] {
            return Ok(());
        }
        let settings = migrations.settings().for_scratch();
        let migrations = Migrations::new(migrations.revisions().to_vec(), settings);
        self.make_ready(migrations.revisions()).await?;
        let run = migrations.migrator().targets(targets).stop_on(interrupts()).run_live(self.live()).await;
        run.map(drop).map_err(|failed| failed.error.diagnostics_in_scratch().into())
    }

    /// Refuses revisions that reach out of it, and makes the extensions that they expect.
    pub(crate) async fn make_ready(&mut self, revisions: &[Revision]) -> Result<(), Failure> {
        let dialect = self.dialect().await?;
        self.bounds.refuse_revisions(revisions, dialect)?;
        let texts = revisions.iter().flat_map(|revision| revision.sections.iter().map(|section| &*section.body));
        self.install_extensions(&texts.collect::<Vec<_>>()).await;
        Ok(())
    }

    /// Makes the extensions that somebody has installed in the database that is meant, but for those that the SQL makes itself. One
    /// that cannot be made is missed where it is used.
    async fn install_extensions(&mut self, sql: &[&str]) {
        for (name, statement) in std::mem::take(&mut self.extensions) {
            let makes = |text: &str| text.contains("extension") && text.contains(&name.to_lowercase());
            if !sql.iter().any(|text| makes(&text.to_lowercase())) {
                let _ = self.live().batch_execute(&statement).await;
            }
        }
    }

    /// Runs a file of SQL, statement by statement.
    pub(crate) async fn run_file(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let problem = format!("`{shown}` cannot be read: {error}");
            Diagnostic::new(Code::UnreadableFile, problem, "give a text file in UTF-8")
        })?;
        if text.lines().any(|line| line.starts_with("-- migrate:")) {
            let problem = format!("`{shown}` is a revision: it holds what applies it and what undoes it");
            let help = "write `migrations@<revision>` for what the revisions make up to it";
            return Err(Diagnostic::new(Code::Usage, problem, help).into());
        }
        // What newer versions of pg_dump write for psql alone.
        let is_for_psql = |line: &str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
        let text: String = text.split_inclusive('\n').map(|line| if is_for_psql(line) { "\n" } else { line }).collect();
        let place = |offset: usize| Place::new(shown.clone(), 1 + text[..offset].matches('\n').count() as u32);
        let dialect = self.dialect().await?;
        let statements = split_statements(&text, dialect).map_err(|error| {
            Diagnostic::new(Code::Unsplittable, error.to_string(), error.help())
                .at(place(error.offset()))
                .because(error.why())
        })?;
        for statement in statements.iter().filter(|statement| !statement.is_empty()) {
            let at = place(statement.sql_offset());
            if let Some(problem) = self.bounds.refusal(statement, dialect) {
                return Err(problem.at(at).into());
            }
            self.live().batch_execute(statement.sql()).await.map_err(|error| {
                let problem = format!("a statement of `{shown}` failed: {error}");
                let first = statement.sql().lines().next().unwrap_or_default();
                Diagnostic::new(Code::StatementFailed, problem, "mend the file").at(at).note(format!("in: {first}"))
            })?;
        }
        // A dump leaves the session without a search path, and everything would be somewhere else.
        if dialect == Dialect::Postgres && self.schemas().is_none() {
            let reset = self.live().batch_execute("RESET ALL").await;
            reset.map_err(|driver| Error::Driver { doing: "the session cannot be reset", driver })?;
        }
        Ok(())
    }

    /// Looks at what is there now, without the history that these settings have.
    pub(crate) async fn inspect(&mut self, inspection: &Inspection, settings: &Settings) -> Result<Schema, Failure> {
        let mut inspection = inspection.clone().settings(&settings.for_scratch());
        if let Some(schemas) = self.schemas() {
            inspection = inspection.schemas(schemas);
        }
        Ok(inspection.run_live(self.live()).await?)
    }

    /// The dialect of the server, which its driver may not know.
    async fn dialect(&mut self) -> Result<Dialect, Failure> {
        Ok(migrate_runtime::dialect_of(self.live()).await?)
    }
}
