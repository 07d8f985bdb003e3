//! Takes the code of one statement, token by token, says whether a `;` ends it.
//!
//! SQLite's triggers and PostgreSQL's bodies and rules are told here, MySQL's programs next door.

use crate::Dialect;
use crate::lexer::{Token, TokenKind};

use super::mysql_blocks::MySqlBlocks;

pub(super) enum Blocks {
    Sqlite(SqliteBlocks),
    Postgres(PostgresBlocks),
    MySql(MySqlBlocks),
}

impl Blocks {
    pub(super) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::Sqlite(SqliteBlocks::Start),
            Dialect::Postgres => Self::Postgres(PostgresBlocks::default()),
            Dialect::MySql | Dialect::MariaDb => Self::MySql(MySqlBlocks::default()),
        }
    }

    /// Forgets the statement.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Sqlite(blocks) => *blocks = SqliteBlocks::Start,
            Self::Postgres(blocks) => *blocks = PostgresBlocks::default(),
            Self::MySql(blocks) => blocks.reset(),
        }
    }

    /// Takes a token of the statement.
    pub(super) fn take(&mut self, token: Token<'_>) {
        match self {
            Self::Sqlite(blocks) => blocks.take(token),
            Self::Postgres(blocks) => blocks.take(token),
            Self::MySql(blocks) => blocks.take(token),
        }
    }

    /// Whether a `;` here ends the statement.
    pub(super) fn semicolon_ends(&self) -> bool {
        match self {
            Self::Sqlite(blocks) => blocks.open().is_none(),
            Self::Postgres(blocks) => blocks.parentheses == 0 && blocks.depth == 0,
            Self::MySql(blocks) => blocks.open().is_none(),
        }
    }

    /// What opened the block that the statement is in, if that swallowed a `;`.
    pub(super) fn open(&self) -> Option<&'static str> {
        match self {
            Self::Sqlite(blocks) => blocks.open(),
            Self::Postgres(blocks) => blocks.open(),
            Self::MySql(blocks) => blocks.open(),
        }
    }

    /// Whether the statement is a `COPY` from or to the client.
    pub(super) fn reads_stdin(&self) -> bool {
        matches!(self, Self::Postgres(PostgresBlocks { head: PostgresHead::CopyFromStdin, .. }))
    }
}

/// The body of a trigger ends as for `sqlite3_complete`: at an `END` between two `;`, and nowhere else.
pub(super) enum SqliteBlocks {
    Start,
    Create,
    Trigger,
    TriggerSemicolon,
    TriggerEnd,
    Other,
}

impl SqliteBlocks {
    fn take(&mut self, token: Token<'_>) {
        if matches!(self, Self::Other) {
            return;
        }
        let is = |word: &str| token.kind == TokenKind::Word && token.text.eq_ignore_ascii_case(word);
        *self = match self {
            Self::Start if is("explain") || is("query") || is("plan") => Self::Start,
            Self::Start if is("create") => Self::Create,
            Self::Create if is("temp") || is("temporary") => Self::Create,
            Self::Create if is("trigger") => Self::Trigger,
            Self::Start | Self::Create | Self::Other => Self::Other,
            _ if token.kind == TokenKind::Semicolon => Self::TriggerSemicolon,
            Self::TriggerSemicolon if is("end") => Self::TriggerEnd,
            Self::Trigger | Self::TriggerSemicolon | Self::TriggerEnd => Self::Trigger,
        };
    }

    fn open(&self) -> Option<&'static str> {
        matches!(self, Self::Trigger | Self::TriggerSemicolon).then_some("BEGIN")
    }
}

/// Counts `BEGIN ATOMIC … END` in a routine, and the parentheses that hold the statements of a rule.
#[derive(Default)]
pub(super) struct PostgresBlocks {
    head: PostgresHead,
    previous: PostgresWord,
    parentheses: usize,
    swallowed: bool,
    depth: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum PostgresHead {
    #[default]
    Start,
    Create,
    CreateOr,
    Routine,
    Copy,
    CopyFromStdin,
    Other,
}

/// What the token before says about a word.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum PostgresWord {
    Begin,
    From,
    /// `AS` or a point: even a reserved word is a name behind it.
    BeforeName,
    #[default]
    Other,
}

impl PostgresBlocks {
    fn take(&mut self, token: Token<'_>) {
        match (token.kind, token.text) {
            (TokenKind::Word, word) => return self.take_word(word),
            (TokenKind::Punctuation, "(") => self.parentheses += 1,
            (TokenKind::Punctuation, ")") => {
                self.parentheses = self.parentheses.saturating_sub(1);
            }
            (TokenKind::Semicolon, _) => self.swallowed = true,
            _ => {}
        }
        if self.head == PostgresHead::Start && token.text != "(" {
            self.head = PostgresHead::Other;
        }
        self.previous = match token.text {
            "." => PostgresWord::BeforeName,
            _ => PostgresWord::Other,
        };
    }

    fn take_word(&mut self, word: &str) {
        if self.head == PostgresHead::Other {
            return;
        }
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let previous = std::mem::take(&mut self.previous);
        match self.head {
            PostgresHead::Routine if self.parentheses == 0 => self.take_routine_word(word, previous),
            PostgresHead::Copy if self.parentheses == 0 => {
                // PostgreSQL takes either word behind either direction.
                if previous == PostgresWord::From && (is("stdin") || is("stdout")) {
                    self.head = PostgresHead::CopyFromStdin;
                } else if is("from") || is("to") {
                    self.previous = PostgresWord::From;
                }
            }
            PostgresHead::Routine | PostgresHead::Copy | PostgresHead::CopyFromStdin => {}
            PostgresHead::Start if is("create") => self.head = PostgresHead::Create,
            PostgresHead::Start if is("copy") => self.head = PostgresHead::Copy,
            PostgresHead::Create if is("or") => self.head = PostgresHead::CreateOr,
            PostgresHead::CreateOr if is("replace") => self.head = PostgresHead::Create,
            PostgresHead::Create if is("function") || is("procedure") => {
                self.head = PostgresHead::Routine;
            }
            _ => self.head = PostgresHead::Other,
        }
    }

    fn take_routine_word(&mut self, word: &str, previous: PostgresWord) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("as") {
            self.previous = PostgresWord::BeforeName;
            return;
        }
        if previous == PostgresWord::BeforeName {
            return;
        }
        if is("begin") {
            self.previous = PostgresWord::Begin;
        } else if self.depth == 0 && previous == PostgresWord::Begin && is("atomic") {
            self.depth = 1;
        } else if self.depth > 0 && is("case") {
            self.depth += 1;
        } else if is("end") {
            self.depth = self.depth.saturating_sub(1);
        }
    }

    fn open(&self) -> Option<&'static str> {
        match self {
            Self { depth: 1.., .. } => Some("BEGIN ATOMIC"),
            Self { parentheses: 1.., swallowed: true, .. } => Some("("),
            _ => None,
        }
    }
}
