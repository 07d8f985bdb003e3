//! Takes SQL text and a dialect, gives the statements as a server takes them, one by one.
//!
//! Each [`Statement`] is a piece of the text, and the pieces joined are the text byte for byte. Nothing is parsed
//! beyond what it takes to find the ends; text that no server could run as it stands is refused.

mod blocks;
mod class;
mod effect;
mod error;
mod mysql_blocks;
mod reach;
mod splitter;

use crate::Dialect;
use crate::lexer::{Lexer, Token, TokenKind};

pub use class::StatementClass;
pub use effect::{Becomes, Change, Effect, Object, ObjectKind};
pub use error::SplitError;

/// One statement, and the piece of the text that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    dialect: Dialect,
    piece: &'a str,
    offset: usize,
    sql: &'a str,
    sql_offset: usize,
}

/// Splits `sql` into the statements that a server of this dialect takes one by one.
///
/// White space, comments and empty statements belong to the statement that follows, or to the last one. Text without
/// any statement gives one piece that [is empty](Statement::is_empty), and the empty text gives none. `DELIMITER`
/// lines of MySQL and MariaDB are honoured, and procedures need none.
///
/// # Errors
///
/// Any variant of [`SplitError`], for the first place that has one; a NUL byte goes before all else.
///
/// # Examples
///
/// ```
/// use migrate_plan::{Dialect, split_statements};
///
/// let statements = split_statements("CREATE TABLE a (b); -- ';'\nDROP TABLE a;\n", Dialect::Sqlite)?;
/// assert_eq!(statements[0].sql(), "CREATE TABLE a (b)");
/// assert_eq!(statements[1].sql(), "DROP TABLE a");
/// assert_eq!(statements[1].piece(), " -- ';'\nDROP TABLE a;\n");
/// # Ok::<(), migrate_plan::SplitError>(())
/// ```
pub fn split_statements(sql: &str, dialect: Dialect) -> Result<Vec<Statement<'_>>, SplitError> {
    splitter::split(sql, dialect)
}

impl<'a> Statement<'a> {
    /// The whole piece, with the comments around the statement and its terminator.
    #[must_use]
    pub fn piece(&self) -> &'a str {
        self.piece
    }

    /// The place of [`piece`](Self::piece) in the text, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What the server takes: from the first to the last token that is code, without the terminator.
    ///
    /// A hint (`/*+ … */`) right before the statement is part of it; so is a conditional comment (`/*! … */`) of MySQL
    /// and MariaDB anywhere.
    #[must_use]
    pub fn sql(&self) -> &'a str {
        self.sql
    }

    /// The place of [`sql`](Self::sql) in the text, in bytes.
    #[must_use]
    pub fn sql_offset(&self) -> usize {
        self.sql_offset
    }

    /// Whether the piece holds nothing for a server to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    /// The first bare words in upper case, up to eight: enough to name the statement in a message.
    ///
    /// Comments and quoted names are left out; names without quotes are words too.
    #[must_use]
    pub fn keywords(&self) -> Vec<String> {
        self.code()
            .filter(|token| token.kind == TokenKind::Word)
            .take(8)
            .map(|token| token.text.to_ascii_uppercase())
            .collect()
    }

    /// The first words as they are written, up to four and no more than a line: enough to recognise the statement.
    pub(crate) fn first_words(&self) -> String {
        let line = self.sql().lines().next().unwrap_or_default();
        line.split_whitespace().take(4).collect::<Vec<_>>().join(" ")
    }

    /// Says how the statement goes together with a transaction around it.
    #[must_use]
    pub fn class(&self) -> StatementClass {
        class::class_of(self)
    }

    /// Says what running the statement leaves behind.
    ///
    /// ```
    /// use migrate_plan::{Dialect, Effect, split_statements};
    ///
    /// let statements = split_statements("ALTER TABLE a ADD COLUMN b int, DROP INDEX c", Dialect::MariaDb)?;
    /// let Effect::Objects(changes) = statements[0].effect() else { panic!() };
    /// let said: Vec<String> = changes.iter().map(|c| format!("{} {}", c.object, c.becomes.as_str())).collect();
    /// assert_eq!(said, ["column `a.b` present", "index `a.c` absent"]);
    /// # Ok::<(), migrate_plan::SplitError>(())
    /// ```
    #[must_use]
    pub fn effect(&self) -> Effect {
        effect::effect_of(self)
    }

    /// Whether the statement lets go of rows or columns: `DROP TABLE`, `DROP COLUMN`, `TRUNCATE`, `DELETE` and their like.
    ///
    /// ```
    /// use migrate_plan::{Dialect, split_statements};
    ///
    /// let sql = "DROP INDEX i; ALTER TABLE a DROP COLUMN b; DELETE FROM a WHERE old";
    /// let destroys: Vec<bool> =
    ///     split_statements(sql, Dialect::Postgres)?.iter().map(|statement| statement.destroys_data()).collect();
    /// assert_eq!(destroys, [false, true, true]);
    /// # Ok::<(), migrate_plan::SplitError>(())
    /// ```
    #[must_use]
    pub fn destroys_data(&self) -> bool {
        effect::destroys_data(self)
    }

    /// The schemas, on MySQL and MariaDB databases, that it names where it names objects, and the one that a `USE` goes to.
    ///
    /// ```
    /// use migrate_plan::{Dialect, split_statements};
    ///
    /// let sql = "INSERT INTO audit.log SELECT users.id FROM users";
    /// assert_eq!(split_statements(sql, Dialect::MariaDb)?[0].reaches(), ["audit"]);
    /// # Ok::<(), migrate_plan::SplitError>(())
    /// ```
    #[must_use]
    pub fn reaches(&self) -> Vec<String> {
        reach::reaches(self)
    }

    /// Whether the statement is a `DROP TABLE`.
    #[must_use]
    pub fn drops_table(&self) -> bool {
        class::drops_table(self)
    }

    /// The tokens that the server runs; conditional comments count as what stands in them.
    fn code(&self) -> impl Iterator<Item = Token<'a>> {
        let dialect = self.dialect;
        Lexer::new(self.sql, dialect).filter(move |token| is_code(token, dialect)).flat_map(move |token| {
            let (itself, inside) = match token.kind {
                TokenKind::Conditional => (None, Some(conditional_code(token.text, dialect))),
                _ => (Some(token), None),
            };
            itself.into_iter().chain(inside.into_iter().flatten())
        })
    }
}

/// Whether a server of this dialect runs the token.
#[inline(always)]
fn is_code(token: &Token<'_>, dialect: Dialect) -> bool {
    match token.kind {
        TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Hint => false,
        TokenKind::Conditional => match dialect {
            Dialect::Sqlite | Dialect::Postgres => false,
            Dialect::MySql => token.text.starts_with("/*!"),
            Dialect::MariaDb => true,
        },
        _ => true,
    }
}

/// The tokens inside a conditional comment, behind its version.
fn conditional_code(text: &str, dialect: Dialect) -> impl Iterator<Item = Token<'_>> {
    let inside = text.trim_start_matches("/*").trim_start_matches('M').trim_start_matches('!');
    let inside = inside.strip_suffix("*/").unwrap_or(inside);
    let inside = inside.trim_start_matches(|c: char| c.is_ascii_digit());
    Lexer::new(inside, dialect).filter(move |token| is_code(token, dialect))
}
