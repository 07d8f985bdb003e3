//! What SQL may not do in a scratch database that shares a server, or even a database, with others: reach into those.

use migrate_plan::{Code, Diagnostic, Dialect, Place, Revision, Statement};

/// Where a scratch database ends.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    /// The databases or schemas beside it that SQL could name.
    pub(super) others: Vec<String>,
    /// Whether it is a schema in a database with others: then nothing may be made that belongs to no schema.
    pub(super) is_schema: bool,
}

/// What belongs to one schema.
const OF_A_SCHEMA: [&str; 16] = [
    "TABLE",
    "INDEX",
    "VIEW",
    "MATERIALIZED",
    "SEQUENCE",
    "TYPE",
    "DOMAIN",
    "FUNCTION",
    "PROCEDURE",
    "TRIGGER",
    "POLICY",
    "AGGREGATE",
    "COLUMN",
    "CONSTRAINT",
    "STATISTICS",
    "RULE",
];

/// Words between `CREATE` and what is created.
const ON_THE_WAY: [&str; 8] = ["OR", "REPLACE", "UNIQUE", "TEMP", "TEMPORARY", "UNLOGGED", "RECURSIVE", "CONSTRAINT"];

impl Bounds {
    /// Refuses revisions that reach beyond.
    pub(crate) fn refuse_revisions(&self, revisions: &[Revision], dialect: Dialect) -> Result<(), Vec<Diagnostic>> {
        let mut problems = Vec::new();
        for revision in revisions {
            for section in revision.sections.iter().filter(|section| {
                revision.section(section.direction, dialect).is_some_and(|serving| std::ptr::eq(serving, *section))
            }) {
                for statement in section.statements(dialect).unwrap_or_default() {
                    let place = || {
                        let (line, column) = section.line_and_column(statement.sql_offset());
                        Place { column: Some(column), ..Place::new(revision.file.to_string(), line) }
                    };
                    problems.extend(self.refusal(&statement).map(|problem| problem.at(place())));
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Why a statement may not run, if it may not.
    pub(crate) fn refusal(&self, statement: &Statement<'_>) -> Option<Diagnostic> {
        let beyond = |name: &String| self.others.iter().any(|other| other.eq_ignore_ascii_case(name));
        if let Some(name) = statement.reaches().into_iter().find(beyond) {
            let problem = format!("a statement reaches into `{name}`, which is not the scratch database");
            let help = "name objects without it, so that they stand where the revisions run; or give a server without it \
                        by `--scratch-url`";
            return Some(
                Diagnostic::new(Code::NoScratch, problem, help).because("what is tried out may not change it"),
            );
        }
        if self.is_schema && !stays_in_a_schema(statement) {
            let problem =
                "a statement makes something that belongs to no schema, and there is no right to make a database";
            let help = "give the role the right to create databases, or a server by `--scratch-url`";
            return Some(
                Diagnostic::new(Code::NoScratch, problem, help).because("it would stay behind in your database"),
            );
        }
        None
    }
}

/// Whether a statement of PostgreSQL is about objects of a schema alone, as far as its head says.
fn stays_in_a_schema(statement: &Statement<'_>) -> bool {
    if statement.sql().to_lowercase().contains("search_path") {
        return false;
    }
    let words = statement.keywords();
    let mut words = words.iter().map(String::as_str);
    match words.next() {
        Some("SELECT" | "INSERT" | "UPDATE" | "DELETE" | "WITH" | "TRUNCATE" | "VALUES") => true,
        Some("CREATE" | "ALTER" | "DROP") => {
            words.find(|word| !ON_THE_WAY.contains(word)).is_some_and(|word| OF_A_SCHEMA.contains(&word))
        }
        Some("COMMENT") => words.nth(1).is_some_and(|word| OF_A_SCHEMA.contains(&word)),
        Some("REINDEX" | "ANALYZE" | "REFRESH" | "SAVEPOINT" | "RELEASE" | "LOCK") => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use migrate_plan::split_statements;

    use super::*;

    fn refused(bounds: &Bounds, sql: &str) -> bool {
        bounds.refusal(&split_statements(sql, Dialect::Postgres).unwrap()[0]).is_some()
    }

    #[test]
    fn a_schema_keeps_what_belongs_to_no_schema_out() {
        let bounds = Bounds { others: vec!["public".to_owned()], is_schema: true };
        for sql in [
            "CREATE TABLE a (b int REFERENCES c)",
            "CREATE UNIQUE INDEX CONCURRENTLY i ON a (b)",
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()",
            "ALTER TABLE a ADD COLUMN b int",
            "COMMENT ON COLUMN a.b IS 'x'",
            "UPDATE a SET b = 1",
        ] {
            assert!(!refused(&bounds, sql), "{sql}");
        }
        for sql in [
            "CREATE EXTENSION citext",
            "CREATE SCHEMA x",
            "CREATE ROLE r",
            "ALTER DATABASE d SET x = 1",
            "SET search_path = public",
            "DO $$ BEGIN END $$",
            "ALTER TABLE public.a ADD b int",
            "GRANT SELECT ON a TO r",
            "COMMENT ON DATABASE d IS ''",
        ] {
            assert!(refused(&bounds, sql), "{sql}");
        }
    }
}
