//! What SQL may not do in a scratch database that shares a server, or even a database, with others: reach into those.

use migrate_plan::{Code, Diagnostic, Dialect, Direction, Place, Revision, Statement};

/// Where a scratch database ends.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    /// The databases or schemas beside it that SQL could name.
    pub(super) others: Vec<String>,
    /// Whether it is a schema in a database with others: then nothing may be made that belongs to no schema.
    pub(super) is_schema: bool,
    /// Whether the whole server is there for this: somebody has said so by its URL.
    pub(super) has_server: bool,
}

/// Schemas that every server has and nobody writes.
const OF_THE_SERVER: [&str; 3] = ["information_schema", "performance_schema", "sys"];

/// What is about the server or a database as a whole, behind `CREATE`, `ALTER`, `DROP`, `COMMENT ON`, `SET` and the like.
const OF_THE_WHOLE: [&str; 16] = [
    "DATABASE",
    "SCHEMA",
    "ROLE",
    "USER",
    "GROUP",
    "TABLESPACE",
    "SUBSCRIPTION",
    "SYSTEM",
    "GLOBAL",
    "PERSIST",
    "SERVER",
    "PLUGIN",
    "SONAME",
    "LOGFILE",
    "UNDO",
    "RESOURCE",
];

/// Words that lead to what no reader of SQL can foresee.
const UNFORESEEABLE: [&str; 6] = ["search_path", "set_config", "u&\"", "dblink", "lo_", "execute "];

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
            for section in [Direction::Up, Direction::Down].iter().filter_map(|way| revision.section(*way, dialect)) {
                for statement in section.statements(dialect).unwrap_or_default() {
                    let place = || {
                        let (line, column) = section.line_and_column(statement.sql_offset());
                        Place { column: Some(column), ..Place::new(revision.file.to_string(), line) }
                    };
                    problems.extend(self.refusal(&statement, dialect).map(|problem| problem.at(place())));
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Why a statement may not run, if it may not.
    pub(crate) fn refusal(&self, statement: &Statement<'_>, dialect: Dialect) -> Option<Diagnostic> {
        if dialect == Dialect::Sqlite {
            return None;
        }
        let refused = |problem: String, help: &str| {
            Some(Diagnostic::new(Code::NoScratch, problem, help).because("what is tried out may not change it"))
        };
        let text = statement.sql().to_lowercase();
        if let Some(name) = self.beyond(statement, &text, dialect) {
            let problem = format!("a statement reaches into `{name}`, which is not the scratch database");
            let help = "name objects without it, so that they stand where the revisions run; or give a server without it \
                        by `--scratch-url`";
            return refused(problem, help);
        }
        if let Some(word) = about_the_whole(statement).filter(|_| !self.has_server) {
            let problem = format!("a statement is about a {word}, which others on the server share");
            let help = "give a server that is there for this by `--scratch-url`";
            return refused(problem, help);
        }
        if self.is_schema && !stays_in_a_schema(statement, &text) {
            let problem = "it cannot be told that a statement stays in the scratch schema".to_owned();
            let help = "give the role the right to create databases, or a server by `--scratch-url`";
            return refused(problem, help);
        }
        None
    }

    /// The database or schema beside it that a statement names. In a schema, and where MySQL runs texts as statements, it counts
    /// wherever it stands.
    fn beyond(&self, statement: &Statement<'_>, text: &str, dialect: Dialect) -> Option<String> {
        let others = || self.others.iter().filter(|other| !OF_THE_SERVER.contains(&other.as_str()));
        let is_other = |name: &String| others().any(|other| other.eq_ignore_ascii_case(name));
        let runs_texts =
            dialect != Dialect::Postgres && (text.contains("prepare") || text.contains("execute immediate"));
        let anywhere = (self.is_schema || runs_texts).then(|| others().find(|other| qualifies(text, other)).cloned());
        statement.reaches().into_iter().find(is_other).or(anywhere.flatten())
    }
}

/// Whether revisions tried out at one time may meet on the server, by what all its databases share: as far as their words say.
pub(crate) fn may_meet(revisions: &[Revision]) -> bool {
    let meets = |text: &str| {
        let words = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut kinds = OF_THE_WHOLE.iter().filter(|kind| **kind != "SCHEMA").map(|kind| kind.to_lowercase());
        ["replication_slot", "dblink", "drop owned"].iter().any(|word| words.contains(word))
            || kinds.any(|kind| {
                ["create", "alter", "drop", "set"].iter().any(|verb| words.contains(&format!("{verb} {kind}")))
            })
    };
    revisions.iter().flat_map(|revision| revision.sections.iter()).any(|section| meets(&section.body))
}

/// Whether a name stands before a point, in quotes or without.
fn qualifies(text: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    text.match_indices(&name).any(|(at, _)| {
        let is_whole = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        is_whole && text[at + name.len()..].trim_start_matches(['"', '`']).trim_start().starts_with('.')
    })
}

/// What a statement is about that is more than one database holds.
fn about_the_whole(statement: &Statement<'_>) -> Option<String> {
    let words = statement.keywords();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let named = |word: &&&str| OF_THE_WHOLE.contains(*word);
    let found = match words.as_slice() {
        // A schema of PostgreSQL is in its database.
        ["CREATE" | "ALTER" | "DROP", "SCHEMA", ..] | ["COMMENT", "ON", "SCHEMA", ..] | ["ALTER", "DEFAULT", ..] => {
            None
        }
        ["CREATE", "OR", "REPLACE", kind, ..] | ["CREATE" | "ALTER" | "DROP", kind, ..] => Some(kind).filter(named),
        ["COMMENT", "ON", kind, ..] | ["SET" | "INSTALL" | "UNINSTALL" | "RESET" | "RENAME", kind, ..] => {
            Some(kind).filter(named)
        }
        ["GRANT" | "REVOKE", rest @ ..] => {
            let on = rest.iter().position(|word| *word == "ON");
            on.and_then(|on| rest.get(on + 1)).filter(|kind| ["DATABASE", "TABLESPACE"].contains(*kind))
        }
        ["FLUSH" | "PURGE" | "SHUTDOWN" | "KILL", ..] => words.first(),
        _ => None,
    };
    found.map(|word| word.to_lowercase())
}

/// Whether a statement of PostgreSQL is about objects of a schema alone, as far as its words say.
fn stays_in_a_schema(statement: &Statement<'_>, text: &str) -> bool {
    let harmless = text.replace("execute function", "").replace("execute procedure", "");
    if UNFORESEEABLE.iter().any(|word| harmless.contains(word)) {
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

    fn refused_by(bounds: &Bounds, sql: &str, dialect: Dialect) -> bool {
        bounds.refusal(&split_statements(sql, dialect).unwrap()[0], dialect).is_some()
    }

    fn refused(bounds: &Bounds, sql: &str) -> bool {
        refused_by(bounds, sql, Dialect::Postgres)
    }

    #[test]
    fn what_the_server_shares_is_left_alone_unless_the_server_is_there_for_it() {
        let bounds = |has_server| Bounds { others: vec!["app".to_owned()], has_server, ..Bounds::default() };
        for sql in [
            "ALTER DATABASE app SET timezone TO 'UTC'",
            "COMMENT ON DATABASE app IS ''",
            "CREATE ROLE r",
            "DROP USER u",
            "GRANT CONNECT ON DATABASE app TO r",
            "ALTER SYSTEM SET x = 1",
        ] {
            assert!(refused(&bounds(false), sql), "{sql}");
            assert!(!refused(&bounds(true), sql), "{sql}");
        }
        for sql in ["ALTER DATABASE app CHARACTER SET ascii", "SET GLOBAL x = 1", "CREATE USER u", "FLUSH PRIVILEGES"] {
            assert!(refused_by(&bounds(false), sql, Dialect::MariaDb), "{sql}");
        }
        for sql in [
            "PREPARE s FROM 'DELETE FROM app.victim'",
            "EXECUTE IMMEDIATE 'DELETE FROM `app`.victim'",
            "GRANT SELECT ON app.* TO u",
        ] {
            assert!(refused_by(&bounds(true), sql, Dialect::MariaDb), "{sql}");
        }
        for sql in [
            "SET @q = (SELECT 'x' FROM information_schema.columns)",
            "PREPARE s FROM @q",
            "CREATE TABLE t (database_name int)",
            "GRANT SELECT ON t TO u",
            "SET SESSION sql_mode = ''",
        ] {
            assert!(!refused_by(&bounds(false), sql, Dialect::MariaDb), "{sql}");
        }
        for sql in ["CREATE SCHEMA x", "GRANT SELECT ON t TO r", "SET search_path = x", "SELECT app.f()"] {
            assert!(!refused(&bounds(false), sql), "{sql}");
        }
    }

    #[test]
    fn a_schema_keeps_what_belongs_to_no_schema_out() {
        let bounds = Bounds { others: vec!["public".to_owned()], is_schema: true, has_server: false };
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
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM \"public\" . a; RETURN 1; END $$",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'x'; RETURN 1; END $$",
            "DELETE FROM U&\"publ\\0069c\".a",
            "SELECT set_config('search_' || 'path', 'app', false)",
            "SELECT lo_create(1)",
        ] {
            assert!(refused(&bounds, sql), "{sql}");
        }
    }
}
