//! Says why SQL text could not be split, where, and how to mend it.

/// Why a text could not be split into statements.
///
/// Every variant holds the `offset` in bytes of what it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The text holds a NUL byte.
    #[error("the SQL text holds a NUL byte")]
    #[non_exhaustive]
    Nul {
        /// The place of the byte.
        offset: usize,
    },
    /// A quote is opened and never closed.
    #[error("this `{quote}` is never closed")]
    #[non_exhaustive]
    UnterminatedQuote {
        /// The place where the quoted text starts.
        offset: usize,
        /// The character that opens it.
        quote: char,
    },
    /// A block comment is opened and never closed.
    #[error("this comment is never closed")]
    #[non_exhaustive]
    UnterminatedComment {
        /// The place where the comment starts.
        offset: usize,
    },
    /// A dollar-quoted body is opened and never closed.
    #[error("the body that `{tag}` opens is never closed")]
    #[non_exhaustive]
    UnterminatedBody {
        /// The place where the body starts.
        offset: usize,
        /// The tag with its dollars.
        tag: String,
    },
    /// A block with statements inside is opened and the text ends before it does.
    #[error("this statement ends before its `{opening}` does")]
    #[non_exhaustive]
    UnterminatedBlock {
        /// The place where the statement starts.
        offset: usize,
        /// The keyword or character that opens the block.
        opening: &'static str,
    },
    /// `COPY … FROM stdin` needs data that no SQL text can hold, `COPY … TO stdout` somebody who takes it.
    #[error("`COPY` from stdin or to stdout goes through a client")]
    #[non_exhaustive]
    CopyFromStdin {
        /// The place where the statement starts.
        offset: usize,
    },
    /// A command of `psql` that no server knows.
    #[error("`{command}` is a command of psql, not SQL")]
    #[non_exhaustive]
    PsqlCommand {
        /// The place of the backslash.
        offset: usize,
        /// The backslash and its word.
        command: String,
    },
    /// A template that nobody has filled in.
    #[error("`{opening}` opens a template, not SQL")]
    #[non_exhaustive]
    Template {
        /// The place of the brace.
        offset: usize,
        /// The characters that open the template.
        opening: &'static str,
    },
    /// A `DELIMITER` line names no delimiter, or more than one.
    #[error("this `DELIMITER` line does not name one delimiter")]
    #[non_exhaustive]
    Delimiter {
        /// The place of the word `DELIMITER`.
        offset: usize,
    },
}

impl SplitError {
    /// The place in the text, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        match self {
            Self::Nul { offset }
            | Self::UnterminatedQuote { offset, .. }
            | Self::UnterminatedComment { offset }
            | Self::UnterminatedBody { offset, .. }
            | Self::UnterminatedBlock { offset, .. }
            | Self::CopyFromStdin { offset }
            | Self::PsqlCommand { offset, .. }
            | Self::Template { offset, .. }
            | Self::Delimiter { offset } => *offset,
        }
    }

    /// Says why this is refused, in one sentence.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match self {
            Self::Nul { .. } => "servers and drivers end the text at a NUL byte, so the rest would not run",
            Self::UnterminatedQuote { .. } | Self::UnterminatedComment { .. } | Self::UnterminatedBody { .. } => {
                "everything up to the end of the text belongs to it, so statements would be lost"
            }
            Self::UnterminatedBlock { .. } => {
                "every `;` inside belongs to the block, so the statements behind it would be lost"
            }
            Self::CopyFromStdin { .. } => "a migration runs as SQL statements, without a client that sends rows",
            Self::PsqlCommand { .. } => "psql runs such lines itself and the server never sees them",
            Self::Template { .. } => "the text runs as it stands, and nothing here fills in templates",
            Self::Delimiter { .. } => "without a delimiter nobody knows where the next statement ends",
        }
    }

    /// Says how to mend it, in one sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Nul { .. } => "remove the byte, or save the file as UTF-8 if it is UTF-16".into(),
            Self::UnterminatedQuote { quote, .. } => {
                let end = if *quote == '[' { ']' } else { *quote };
                format!("close it with `{end}`, and double a `{end}` that belongs to the text")
            }
            Self::UnterminatedComment { .. } => {
                "close it with `*/`; PostgreSQL needs one for each `/*` inside, too".into()
            }
            Self::UnterminatedBody { tag, .. } => {
                format!("close it with `{tag}`, written exactly as it was opened")
            }
            Self::UnterminatedBlock { opening: "(", .. } => "close it with `)`".into(),
            Self::UnterminatedBlock { .. } => {
                "close each block with its own `END`, and end the statement with `;`".into()
            }
            Self::CopyFromStdin { .. } => {
                "write the rows as `INSERT INTO … VALUES`, or load them outside the migration".into()
            }
            Self::PsqlCommand { .. } => "remove the line, or write what it does as SQL".into(),
            Self::Template { .. } => "write the SQL that the template is meant to give".into(),
            Self::Delimiter { .. } => "write it on a line of its own, such as `DELIMITER //`".into(),
        }
    }
}
