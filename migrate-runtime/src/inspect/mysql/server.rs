//! What is asked, and what MySQL and MariaDB say otherwise of the same thing.

use migrate_plan::Dialect;

use crate::driver::Row;
use crate::sql::{identifier, literal};

/// The server, as far as the words of its catalog depend on it.
pub(super) struct Server {
    pub(super) dialect: Dialect,
    pub(super) database: String,
    pub(super) case_sensitive_tables: bool,
    user: String,
    version: (u32, u32),
}

/// Columns of a query, each as text, so that any driver can carry them and any two queries can be joined.
pub(super) fn texts(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("CONVERT({column} USING utf8mb4)")).collect::<Vec<_>>().join(", ")
}

/// The query, with the server printing SQL as it does without any `sql_mode`, for this query alone.
pub(super) fn in_plain_mode(dialect: Dialect, query: &str) -> String {
    if dialect == Dialect::MariaDb {
        format!("SET STATEMENT sql_mode = '' FOR {query}")
    } else {
        query.replacen("SELECT ", "SELECT /*+ SET_VAR(sql_mode = '') */ ", 1)
    }
}

impl Server {
    /// What is asked of it: database, how names of tables are compared, user and version.
    pub(super) const ASKED: [&str; 4] = ["database()", "@@lower_case_table_names", "current_user()", "@@version"];

    /// Takes the answers, from the second column on; `None` where the connection is in no database.
    pub(super) fn new(dialect: Dialect, row: &Row) -> Option<Self> {
        let mut numbers = row.text(4).unwrap_or_default().split('.').map(|part| part.parse().unwrap_or(0));
        Some(Self {
            dialect,
            database: row.text(1)?.to_owned(),
            case_sensitive_tables: row.text(2) == Some("0"),
            user: row.text(3).unwrap_or_default().to_owned(),
            version: (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)),
        })
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.dialect == Dialect::MariaDb
    }

    /// The database's name, as SQL.
    pub(super) fn database(&self) -> String {
        literal(self.dialect, &self.database)
    }

    /// A definer as SQL, where it is not the current user.
    pub(super) fn definer(&self, definer: Option<&str>) -> Option<String> {
        let definer = definer.filter(|definer| *definer != self.user && !definer.is_empty())?;
        Some(match definer.rsplit_once('@') {
            Some((user, host)) => format!("{}@{}", identifier(self.dialect, user), identifier(self.dialect, host)),
            None => identifier(self.dialect, definer),
        })
    }

    /// Whether an index serves no query, as a column of `STATISTICS`.
    pub(super) fn ignored(&self) -> &'static str {
        match self.dialect {
            Dialect::MariaDb if self.version >= (10, 6) => "ignored",
            Dialect::MariaDb => "'NO'",
            _ => "IF(is_visible = 'NO', 'YES', 'NO')",
        }
    }

    /// The expression of a key, as a column of `STATISTICS`.
    pub(super) fn key_expression(&self) -> &'static str {
        if self.is_mariadb() { "NULL" } else { "expression" }
    }

    /// The system of coordinates, as a column of `COLUMNS`.
    pub(super) fn srid(&self) -> &'static str {
        if self.is_mariadb() { "NULL" } else { "srs_id" }
    }

    /// The algorithm of a view, as a column of `VIEWS`.
    pub(super) fn view_algorithm(&self) -> &'static str {
        if self.is_mariadb() { "algorithm" } else { "'UNDEFINED'" }
    }

    /// Table, name, clause, column or table level, and enforcement of all checks.
    pub(super) fn checks(&self) -> String {
        let database = self.database();
        let level = if self.version >= (10, 6) { "level" } else { "'Table'" };
        if self.is_mariadb() {
            let columns = texts(&["table_name", "constraint_name", "check_clause", level, "'YES'"]);
            return format!(
                "SELECT 'check', {columns}, NULL, NULL FROM information_schema.check_constraints WHERE \
                 constraint_schema = {database}"
            );
        }
        let columns = texts(&["t.table_name", "c.constraint_name", "c.check_clause", "'Table'", "t.enforced"]);
        format!(
            "SELECT 'check', {columns}, NULL, NULL FROM information_schema.check_constraints c JOIN \
             information_schema.table_constraints t ON t.constraint_schema = c.constraint_schema AND \
             t.constraint_name = c.constraint_name AND t.constraint_type = 'CHECK' WHERE c.constraint_schema = {database}"
        )
    }

    /// SQL of the catalog as it can be run: MySQL escapes the quotes of its expressions once more.
    pub(super) fn unescaped(&self, sql: &str) -> String {
        if self.is_mariadb() { sql.to_owned() } else { sql.replace("\\'", "'") }
    }

    /// The default of a column as SQL: MariaDB prints it so, MySQL prints the value of a literal.
    pub(super) fn default(&self, printed: Option<&str>, data_type: &str, extra: &str) -> Option<String> {
        let printed = printed?;
        if self.is_mariadb() {
            return (printed != "NULL").then(|| printed.to_owned());
        }
        let is_now = printed.to_ascii_lowercase().starts_with("current_timestamp");
        let is_number =
            ["tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "bit", "year"]
                .iter()
                .any(|number| data_type.starts_with(number));
        Some(match extra.contains("DEFAULT_GENERATED") {
            true if !is_now => format!("({})", self.unescaped(printed)),
            true => printed.to_owned(),
            false if is_now || is_number => printed.to_owned(),
            false => format!("'{}'", printed.replace('\\', "\\\\").replace('\'', "''")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(dialect: Dialect, version: &str) -> Server {
        let row = ["server", "shop", "0", "root@localhost", version].map(|text| Some(text.to_owned()));
        Server::new(dialect, &Row(row.to_vec())).expect("a server")
    }

    #[test]
    fn mysql_prints_defaults_as_values_and_mariadb_as_sql() {
        let mysql = server(Dialect::MySql, "8.0.36");
        let default = |printed, data_type, extra| mysql.default(Some(printed), data_type, extra);
        assert_eq!(default("it's \\", "varchar(9)", "").as_deref(), Some("'it''s \\\\'"));
        assert_eq!(default("5", "int unsigned", "").as_deref(), Some("5"));
        assert_eq!(default("b'101'", "bit(3)", "").as_deref(), Some("b'101'"));
        let now = default("CURRENT_TIMESTAMP(3)", "timestamp(3)", "DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)");
        assert_eq!(now.as_deref(), Some("CURRENT_TIMESTAMP(3)"));
        let computed = default("concat(_utf8mb4\\'a\\',`b`)", "varchar(9)", "DEFAULT_GENERATED");
        assert_eq!(computed.as_deref(), Some("(concat(_utf8mb4'a',`b`))"));
        assert_eq!(mysql.default(None, "int", ""), None);
        let mariadb = server(Dialect::MariaDb, "10.11.6-MariaDB");
        assert_eq!(mariadb.default(Some("NULL"), "int(11)", ""), None);
        assert_eq!(mariadb.default(Some("'NULL'"), "char(9)", "").as_deref(), Some("'NULL'"));
    }

    #[test]
    fn columns_that_a_version_does_not_have_are_not_asked_for() {
        assert_eq!(server(Dialect::MariaDb, "10.5.23-MariaDB").ignored(), "'NO'");
        assert_eq!(server(Dialect::MariaDb, "10.11.6-MariaDB").ignored(), "ignored");
        assert!(server(Dialect::MySql, "8.0.36").ignored().contains("is_visible"));
    }

    #[test]
    fn a_definer_is_said_who_is_somebody_else() {
        let server = server(Dialect::MariaDb, "10.11.6-MariaDB");
        assert_eq!(server.definer(Some("root@localhost")), None);
        assert_eq!(server.definer(Some("a`b@c@%")).as_deref(), Some("`a``b@c`@`%`"));
        assert_eq!(server.definer(Some("a role")).as_deref(), Some("`a role`"));
    }

    #[test]
    fn one_query_is_put_into_a_mode_and_the_session_is_not() {
        assert_eq!(in_plain_mode(Dialect::MariaDb, "SELECT 1"), "SET STATEMENT sql_mode = '' FOR SELECT 1");
        assert_eq!(in_plain_mode(Dialect::MySql, "SELECT 1"), "SELECT /*+ SET_VAR(sql_mode = '') */ 1");
    }
}
