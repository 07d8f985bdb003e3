//! Under which `sql_mode` a statement is read, and where it ends for the client.

use crate::Dialect;

/// Stands before the definition of a trigger, routine or event that was made under another `sql_mode` than the server's usual
/// one.
const SAID: &str = "-- sql_mode: ";
/// Backslashes escape, double quotes are strings, any date is taken.
const PLAIN: &str = "NO_ENGINE_SUBSTITUTION";

/// Statements, with the modes that they need around them.
pub(super) struct Script {
    statements: Vec<String>,
    usual: &'static str,
    mode: Option<String>,
}

impl Script {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { statements: Vec::new(), usual: usual_sql_mode(dialect), mode: None }
    }

    /// A statement that most modes read the same.
    pub(super) fn push(&mut self, sql: String) {
        // Not every mode reads a backslash in a string as one, or takes a date without a day.
        if self.mode.is_some() || sql.contains('\\') || sql.contains("-00") {
            self.set(PLAIN);
        }
        self.statements.push(sql);
    }

    /// The definition of a trigger, routine or event, which remembers the mode that it is made under.
    pub(super) fn push_program(&mut self, definition: &str) {
        let (mode, sql) = said(definition);
        self.set(mode.unwrap_or(self.usual));
        self.statements.push(sql.to_owned());
    }

    fn set(&mut self, mode: &str) {
        if self.mode.as_deref() == Some(mode) {
            return;
        }
        if self.mode.is_none() {
            self.statements.push("SET @saved_sql_mode = @@sql_mode".to_owned());
        }
        self.statements.push(format!("SET sql_mode = '{}'", mode.replace(['\'', '\\'], "")));
        self.mode = Some(mode.to_owned());
    }

    pub(super) fn finish(mut self) -> Vec<String> {
        if self.mode.is_some() {
            self.statements.push("SET sql_mode = @saved_sql_mode".to_owned());
        }
        self.statements
    }
}

/// The mode that a definition was made under, where it says one, and the statement.
fn said(definition: &str) -> (Option<&str>, &str) {
    match definition.strip_prefix(SAID).and_then(|rest| rest.split_once('\n')) {
        Some((mode, sql)) => (Some(mode), sql),
        None => (None, definition),
    }
}

/// The first line of the statement.
pub(super) fn head(definition: &str) -> &str {
    said(definition).1.lines().next().unwrap_or_default()
}

/// A definition that says the mode it was made under, unless that is the usual one.
///
/// For whoever reads a catalog: [`schema_sql`](super::super::schema_sql) creates it under that mode.
pub fn with_sql_mode(dialect: Dialect, mode: &str, statement: &str) -> String {
    if mode == usual_sql_mode(dialect) { statement.to_owned() } else { format!("{SAID}{mode}\n{statement}") }
}

/// What a server of the dialect is set to when nobody sets anything.
const fn usual_sql_mode(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => {
            "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
             NO_ENGINE_SUBSTITUTION"
        }
        _ => "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION",
    }
}

/// Whether the client would see the end of a statement too early or, behind a comment, not at all.
pub(in crate::schema::render) fn hides_its_end(statement: &str) -> bool {
    let last = statement.lines().next_back().unwrap_or_default();
    statement.contains(';') || last.contains("--") || last.contains('#')
}

/// A statement with semicolons inside, between lines that tell the client another delimiter, one that it does not hold.
pub(in crate::schema::render) fn delimited(statement: &str) -> String {
    let mut delimiter = "//".to_owned();
    while statement.contains(&delimiter) {
        delimiter.push('/');
    }
    // A comment at the end of the body would swallow a delimiter on its line.
    format!("DELIMITER {delimiter}\n{statement}\n{delimiter}\nDELIMITER ;\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_not_in_the_statement() {
        assert_eq!(delimited("BEGIN; END"), "DELIMITER //\nBEGIN; END\n//\nDELIMITER ;\n");
        assert_eq!(delimited("'//;///'"), "DELIMITER ////\n'//;///'\n////\nDELIMITER ;\n");
    }

    #[test]
    fn a_comment_hides_the_end_of_a_statement() {
        for statement in ["a; b", "a -- b", "a\nb # c"] {
            assert!(hides_its_end(statement));
        }
        assert!(!hides_its_end("a -- b\nc"));
    }

    #[test]
    fn a_mode_is_set_once_and_given_back() {
        let mut script = Script::new(Dialect::MariaDb);
        script.push("a".to_owned());
        script.push_program(&with_sql_mode(Dialect::MariaDb, "ANSI", "b"));
        script.push_program(&with_sql_mode(Dialect::MariaDb, "ANSI", "c"));
        assert_eq!(
            script.finish(),
            [
                "a",
                "SET @saved_sql_mode = @@sql_mode",
                "SET sql_mode = 'ANSI'",
                "b",
                "c",
                "SET sql_mode = @saved_sql_mode"
            ]
        );
        let mut script = Script::new(Dialect::MariaDb);
        script.push("COMMENT 'a\\\\b'".to_owned());
        assert_eq!(script.finish().len(), 4);
    }
}
