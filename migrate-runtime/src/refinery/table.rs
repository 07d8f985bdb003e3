//! refinery's table: found as refinery finds it, and read.

use migrate_plan::{Code, Diagnostic, Dialect, RefineryRow};

use crate::driver::{DriverErrorKind, LiveConnection};
use crate::error::Error;
use crate::sql::{identifier, literal};

/// refinery's table in one dialect.
pub(super) struct Table {
    shown: String,
    /// Its name, with its schema where one was named, quoted.
    pub(super) quoted: String,
}

/// The column that grows with each row. SQLite takes a quoted name that it does not know for text, so that none is quoted.
pub(super) const VERSION: &str = "version";

impl Table {
    /// refinery writes the name into its SQL as it is, so that a schema may stand before it, and quotes around either.
    pub(super) fn named(name: &str, dialect: Dialect) -> Result<Self, Error> {
        let parts = parts(name, dialect);
        if parts.is_empty() || parts.iter().any(String::is_empty) {
            let problem = Diagnostic::new(
                Code::Usage,
                format!("`{name}` is not the name of a table"),
                "name refinery's table, such as `refinery_schema_history`, with its schema before it where it has one",
            );
            return Err(Error::Foreign(vec![problem]));
        }
        let quoted: Vec<String> = parts.iter().map(|part| identifier(dialect, part)).collect();
        Ok(Self { shown: name.to_owned(), quoted: quoted.join(".") })
    }

    /// Its rows by version; `None` when it is not there.
    pub(super) async fn read(&self, db: &mut dyn LiveConnection) -> Result<Option<Vec<RefineryRow>>, Error> {
        let query = format!("SELECT {VERSION}, name, applied_on, checksum FROM {} ORDER BY {VERSION}", self.quoted);
        let rows = db.query(&query).await;
        let cell = |row: &crate::driver::Row, column| row.text(column).map(str::to_owned);
        match rows {
            Ok(rows) => Ok(Some(
                rows.iter()
                    .map(|row| RefineryRow {
                        version: cell(row, 0),
                        name: cell(row, 1),
                        applied_on: cell(row, 2),
                        checksum: cell(row, 3),
                    })
                    .collect(),
            )),
            Err(error) if error.kind == DriverErrorKind::UndefinedTable => Ok(None),
            Err(error) if error.kind == DriverErrorKind::UndefinedColumn => {
                let problem = Diagnostic::new(
                    Code::ForeignRow,
                    format!("{} is not a table of refinery's: {error}", self.shown),
                    "name the table in which refinery keeps what it has applied",
                );
                let problem = problem.because("that has the columns version, name, applied_on and checksum");
                Err(Error::Foreign(vec![problem]))
            }
            Err(error) => Err(Error::driver("refinery's table cannot be read", error)),
        }
    }

    /// Refuses a role that could not keep the table from changing while it is taken over.
    pub(super) async fn refuse_unlockable(&self, db: &mut dyn LiveConnection) -> Result<(), Error> {
        // Elsewhere reading is enough.
        if db.dialect() != Dialect::Postgres {
            return Ok(());
        }
        let name = literal(Dialect::Postgres, &self.quoted);
        let rows = db.query(&format!("SELECT has_table_privilege({name}, 'UPDATE, DELETE, TRUNCATE')")).await;
        let rows = rows.map_err(|error| Error::driver("refinery's table cannot be read", error))?;
        if rows.first().and_then(|row| row.text(0)) == Some("t") {
            return Ok(());
        }
        let problem = Diagnostic::new(
            Code::ReadOnly,
            format!("the role may not lock {}", self.shown),
            "take over with the role that owns the table, or grant it UPDATE on the table for that time",
        );
        let why = "what refinery adds to it meanwhile would run a second time";
        Err(Error::Foreign(vec![problem.because(why)]))
    }
}

/// The parts of a name as the database reads them: PostgreSQL folds what is not quoted.
fn parts(name: &str, dialect: Dialect) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for character in name.trim().chars() {
        let last = parts.len() - 1;
        match (quote, character) {
            (None, '.') => parts.push(String::new()),
            (None, '"' | '`') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None, plain) if dialect == Dialect::Postgres => parts[last].push(plain.to_ascii_lowercase()),
            (_, inside) => parts[last].push(inside),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_under_the_name_that_refinery_finds() {
        let quoted = |name: &str, dialect| Table::named(name, dialect).map(|table| table.quoted).ok();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(quoted("Shop.History", Dialect::Postgres), some("\"shop\".\"history\""));
        assert_eq!(quoted("\"Shop.x\".History", Dialect::Postgres), some("\"Shop.x\".\"history\""));
        assert_eq!(quoted("Shop.History", Dialect::MariaDb), some("`Shop`.`History`"));
        assert_eq!(quoted("a\"; DROP TABLE b; --", Dialect::Sqlite), some("\"a; DROP TABLE b; --\""));
        for nothing in ["", " ", "a.", ".b", "\"\""] {
            assert_eq!(quoted(nothing, Dialect::Sqlite), None, "{nothing}");
        }
    }
}
