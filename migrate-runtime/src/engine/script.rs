//! A plan as a script for a database's own client: what an online run would do, with its history and log rows.
//!
//! Nothing is connected to. The script stops at its first error, and begins with a guard that fails when the database is not
//! where the plan begins.

use migrate_plan::{
    Applied, AppliedRow, Dialect, Direction, Edges, Plan, RevisionGraph, RowState, Statement, Target, TargetError,
};
use sha2::{Digest, Sha256};

use super::step::{Job, Sections};
use super::{Look, Request, Work, plan};
use crate::driver::LiveConnection;
use crate::error::Error;
use crate::history::{Entry, Tables, Took};
use crate::sql::literal;

/// What the guard says.
const ELSEWHERE: &str = "the database is not where this script begins";

/// The script of a plan for a database of which nothing is known but where it stands.
pub(crate) fn script_from(
    request: &Request,
    graph: &RevisionGraph,
    dialect: Dialect,
    from: Option<&Target>,
) -> Result<String, Error> {
    let rows = match from {
        None => Vec::new(),
        Some(target) => rows_below(graph, target, dialect)?,
    };
    let work = plan(request, Applied::new(graph, rows)?, dialect)?;
    if let (Some(from), true) = (from, work.plan.is_empty()) {
        refuse_backwards(request, graph, from)?;
    }
    let sections = Sections::of_files(dialect);
    let jobs = work.jobs_with(Some(&sections).filter(|_| !work.plan.action.is_about_history()))?;
    let tables = Tables::new(dialect, &request.settings, None);
    Ok(Script { request, dialect, tables: &tables, plan: &work.plan, applied: &work.now }.text(&jobs))
}

/// The script of a plan for a database as it is now.
pub(crate) async fn script_here(
    request: &Request,
    graph: &RevisionGraph,
    look: &Look,
    db: &mut dyn LiveConnection,
) -> Result<String, Error> {
    let work: Work<'_> = plan(request, look.applied(graph)?, db.dialect())?;
    let jobs = work.jobs(look, db).await?;
    if let Some(job) = jobs.iter().find(|job| job.journal.is_some()) {
        return Err(Error::NotInAScript { id: job.step.id.to_string() });
    }
    let tables = Tables::new(db.dialect(), &request.settings, None);
    Ok(Script { request, dialect: db.dialect(), tables: &tables, plan: &work.plan, applied: &work.now }.text(&jobs))
}

/// Between two ends that differ something is to be done, unless the range runs against the verb.
fn refuse_backwards(request: &Request, graph: &RevisionGraph, from: &Target) -> Result<(), Error> {
    let nothing = Applied::nothing(graph);
    let ends = |target: &Target| target.resolve(&nothing).ok();
    match request.goal.targets() {
        [to] if ends(to) != ends(from) => {
            let problem = "the range runs against the verb, or its ends have nothing between them";
            Err(Error::Plan(TargetError::Malformed { target: format!("{from}:{to}"), problem }.into()))
        }
        _ => Ok(()),
    }
}

/// The history of a database that has a target and everything below it.
fn rows_below(graph: &RevisionGraph, target: &Target, dialect: Dialect) -> Result<Vec<AppliedRow>, Error> {
    let nodes = target.resolve(&Applied::nothing(graph)).map_err(|error| Error::Plan(error.into()))?;
    let names = |nodes: &[migrate_plan::Node]| nodes.iter().map(|node| graph.id(*node).to_owned()).collect::<Vec<_>>();
    let row = |node: migrate_plan::Node| AppliedRow {
        id: graph.id(node).to_owned(),
        parents: names(graph.parents(node)),
        depends_on: names(graph.depends_on(node)),
        title: graph.revision(node).title.to_string(),
        up_checksum: graph.revision(node).section(Direction::Up, dialect).map(|section| section.checksum),
        down_checksum: graph.revision(node).section(Direction::Down, dialect).map(|section| section.checksum),
        state: RowState::Stamped,
        journal: None,
        applied_at: String::new(),
        duration_ms: 0,
        applied_by: String::new(),
        application: String::new(),
    };
    Ok(graph.ancestors(nodes, Edges::All).iter().map(row).collect())
}

/// What a session of PostgreSQL is for a script, at its beginning and after each revision.
const POSTGRES_SESSION: &str = "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n";

/// What a revision may set on MySQL and MariaDB, and what is brought back after it.
const MYSQL_SESSION: [&str; 5] = ["sql_mode", "foreign_key_checks", "unique_checks", "time_zone", "autocommit"];

/// What a guard says of a revision on SQLite that drops a table and leaves orphans.
const ORPHANS: &str = "the revision leaves rows that point nowhere";

struct Script<'s> {
    request: &'s Request,
    dialect: Dialect,
    tables: &'s Tables,
    plan: &'s Plan,
    applied: &'s Applied<'s>,
}

impl Script<'_> {
    fn text(&self, jobs: &[Job<'_>]) -> String {
        let route = |heads: &[String]| if heads.is_empty() { "base".to_owned() } else { heads.join(", ") };
        let (before, after) = (route(&self.plan.heads_before), route(&self.plan.heads_after));
        let mut text = comment(&format!("{} {before} -> {after}, for {}", self.plan.action.as_str(), self.dialect));
        let run_id = self.run_id(&text, jobs);
        text.push_str(&match self.dialect {
            Dialect::Postgres => format!("\\set ON_ERROR_STOP on\n{POSTGRES_SESSION}"),
            Dialect::Sqlite => ".bail on\nPRAGMA foreign_keys = ON;\n".to_owned(),
            Dialect::MySql | Dialect::MariaDb => format!(
                "SET NAMES utf8mb4;\nSET SESSION sql_mode = replace(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '');\nSET {};\n",
                MYSQL_SESSION.map(|name| format!("@migrate_{name} = @@{name}")).join(", ")
            ),
        });
        text.push_str(&format!("\n{}\n", self.tables.create()));
        let purges = self.request.goal.purges();
        if !purges {
            text.push_str(&format!("\n{}", self.guard()));
        }
        if self.plan.action.is_about_history() {
            let mut changes: Vec<String> = jobs.iter().map(|job| self.record(job, &run_id)).collect();
            if purges {
                changes.insert(0, format!("DELETE FROM {}", self.tables.history()));
            }
            text.push_str(&format!("\n{}", self.transaction(&changes.join(";\n"))));
            return text;
        }
        for job in jobs {
            text.push('\n');
            text.push_str(&comment(&format!("{} {}: {}", job.step.direction, job.step.id, job.step.title)));
            text.push_str(&self.step(job, &run_id));
        }
        text
    }

    /// Scripts of one plan are one text, and their log rows belong together.
    fn run_id(&self, head: &str, jobs: &[Job<'_>]) -> String {
        let mut hash = Sha256::new();
        hash.update(head.as_bytes());
        jobs.iter().for_each(|job| hash.update(job.revision.checksum().to_string().as_bytes()));
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The history of a database that is where the plan begins has so many rows, those of its heads among them.
    fn guard(&self) -> String {
        let (number, heads) = (self.applied.set().iter().count(), self.applied.head_ids());
        let history = self.tables.history();
        let quoted: Vec<String> = heads.iter().map(|id| literal(self.dialect, id)).collect();
        let mut elsewhere = format!("(SELECT count(*) FROM {history}) <> {number}");
        if !heads.is_empty() {
            let (list, count) = (quoted.join(", "), heads.len());
            elsewhere.push_str(&format!(" OR (SELECT count(*) FROM {history} WHERE id IN ({list})) <> {count}"));
        }
        match self.dialect {
            Dialect::Postgres => {
                format!("DO $guard$ BEGIN IF {elsewhere} THEN RAISE EXCEPTION '{ELSEWHERE}'; END IF; END $guard$;\n")
            }
            Dialect::Sqlite => format!(
                "CREATE TEMP TABLE migrate_guard (holds INTEGER CONSTRAINT \"{ELSEWHERE}\" CHECK (holds));\n\
                 INSERT INTO migrate_guard SELECT NOT ({elsewhere});\nDROP TABLE migrate_guard;\n"
            ),
            // Two rows of one key: the words stand in the error.
            Dialect::MySql | Dialect::MariaDb => format!(
                "CREATE TEMPORARY TABLE migrate_guard (problem varchar(80) PRIMARY KEY);\n\
                 INSERT INTO migrate_guard SELECT '{ELSEWHERE}' FROM (SELECT 1 UNION ALL SELECT 2) two WHERE {elsewhere};\n\
                 DROP TEMPORARY TABLE migrate_guard;\n"
            ),
        }
    }

    fn record(&self, job: &Job<'_>, run_id: &str) -> String {
        let took = match self.dialect {
            Dialect::Postgres => Took::SinceTransaction { less: 0 },
            Dialect::MySql | Dialect::MariaDb if !self.plan.action.is_about_history() => {
                Took::SinceMessage { after: 0 }
            }
            _ => Took::Milliseconds(0),
        };
        self.tables.record(&Entry {
            action: self.plan.action,
            step: job.step,
            revision: job.revision,
            depends_on: &job.depends_on,
            took,
            run_id,
            author: &self.request.author,
            note: None,
            adopted: None,
            lease: None,
        })
    }

    fn transaction(&self, sql: &str) -> String {
        let begin = if self.dialect == Dialect::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        format!("{begin};\n{sql};\nCOMMIT;\n")
    }

    fn step(&self, job: &Job<'_>, run_id: &str) -> String {
        let record = self.record(job, run_id);
        let body = job.body().unwrap_or_default().trim_end();
        // The body may end in a comment: what follows must not stand on its line.
        let body = if body.is_empty() || body.ends_with(';') { body.to_owned() } else { format!("{body}\n;") };
        let alone = || job.statements(self.dialect).iter().map(|s| format!("{};\n", s.sql())).collect::<String>();
        match self.dialect {
            // The client does not know where a body of several statements ends unless it is told.
            Dialect::MySql | Dialect::MariaDb => {
                let statements: String = job.statements(self.dialect).iter().map(delimited).collect();
                let restored = MYSQL_SESSION.map(|name| format!("{name} = @migrate_{name}")).join(", ");
                let record = self.transaction(&record);
                format!("{};\n{statements}SET SESSION {restored};\n{record}", Took::MESSAGE_BEGINS)
            }
            Dialect::Postgres => {
                let reset = format!("RESET ALL;\nRESET ROLE;\n{POSTGRES_SESSION}");
                match job.stands_outside() {
                    true => format!("{}{reset}{}", alone(), self.transaction(&record)),
                    false => self.transaction(&format!("{body}\n{reset}{record}")),
                }
            }
            Dialect::Sqlite if job.stands_outside() => format!("{}{}", alone(), self.transaction(&record)),
            // With foreign keys on, dropping a table deletes the rows that point to it.
            Dialect::Sqlite if job.drops_table(self.dialect) => format!(
                "PRAGMA foreign_keys = OFF;\nCREATE TEMP TABLE migrate_orphans AS SELECT count(*) AS number FROM \
                 pragma_foreign_key_check;\n{}DROP TABLE migrate_orphans;\nPRAGMA foreign_keys = ON;\n",
                self.transaction(&format!(
                    "{body}\nCREATE TEMP TABLE migrate_guard (holds INTEGER CONSTRAINT \"{ORPHANS}\" CHECK (holds));\nINSERT INTO \
                     migrate_guard SELECT (SELECT count(*) FROM pragma_foreign_key_check) <= (SELECT number FROM \
                     migrate_orphans);\nDROP TABLE migrate_guard;\n{record}"
                ))
            ),
            Dialect::Sqlite => self.transaction(&format!("{body}\n{record}")),
        }
    }
}

/// A line that no client runs, whatever a history holds for ids and titles.
fn comment(words: &str) -> String {
    format!("-- {}\n", words.replace(char::is_control, " "))
}

/// A statement with a delimiter that does not occur in it.
fn delimited(statement: &Statement<'_>) -> String {
    let sql = statement.sql();
    if statement.is_empty() {
        return String::new();
    }
    if !sql.contains(';') {
        return format!("{sql};\n");
    }
    let delimiter = ["//", "$$", "~~", "@@@"].into_iter().find(|delimiter| !sql.contains(delimiter)).unwrap_or("//");
    format!("DELIMITER {delimiter}\n{sql}{delimiter}\nDELIMITER ;\n")
}
