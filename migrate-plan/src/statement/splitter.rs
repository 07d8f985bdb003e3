//! Takes the tokens of a text, gives its statements. Where `;` does not end one is for the blocks to say.

use crate::Dialect;
use crate::lexer::{Lexer, Token, TokenKind};

use super::blocks::Blocks;
use super::{SplitError, Statement, conditional_code, is_code};

pub(super) fn split(text: &str, dialect: Dialect) -> Result<Vec<Statement<'_>>, SplitError> {
    if let Some(offset) = memchr::memchr(0, text.as_bytes()) {
        return Err(SplitError::Nul { offset });
    }
    let mut splitter = Splitter::new(text, dialect);
    while let Some(token) = splitter.lexer.next_text() {
        splitter.take(token)?;
    }
    splitter.finish()
}

struct Splitter<'a> {
    text: &'a str,
    dialect: Dialect,
    lexer: Lexer<'a>,
    blocks: Blocks,
    statements: Vec<Statement<'a>>,
    /// Where the piece at hand starts.
    piece: usize,
    /// The first and last byte of the code in it.
    code: Option<(usize, usize)>,
    /// A hint that the code may follow.
    hint: Option<usize>,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            dialect,
            lexer: Lexer::new(text, dialect),
            blocks: Blocks::new(dialect),
            statements: Vec::new(),
            piece: 0,
            code: None,
            hint: None,
        }
    }

    #[inline(always)]
    fn take(&mut self, token: Token<'a>) -> Result<(), SplitError> {
        if !token.closed {
            return Err(unterminated(token));
        }
        match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment => {}
            TokenKind::Hint => {
                self.hint.get_or_insert(token.start);
            }
            TokenKind::Delimiter => {
                self.blocks.reset();
                self.end_statement(token.end())?;
            }
            TokenKind::Semicolon if self.blocks.semicolon_ends() => {
                self.end_statement(token.end())?;
            }
            TokenKind::Word if self.code.is_none() && self.is_delimiter_line(token) => {
                self.set_delimiter(token)?;
            }
            _ if is_code(&token, self.dialect) => {
                self.refuse(token)?;
                self.take_code(token);
            }
            _ => {}
        }
        Ok(())
    }

    #[inline(always)]
    fn take_code(&mut self, token: Token<'a>) {
        let first = match self.code {
            Some((first, _)) => first,
            None => self.hint.unwrap_or(token.start),
        };
        self.code = Some((first, token.end()));
        if token.kind != TokenKind::Conditional {
            return self.blocks.take(token);
        }
        for inside in conditional_code(token.text, self.dialect) {
            if inside.kind != TokenKind::Semicolon || !self.blocks.semicolon_ends() {
                self.blocks.take(inside);
            }
        }
    }

    /// Refuses what is not SQL, whatever the statement around it.
    #[inline(always)]
    fn refuse(&self, token: Token<'a>) -> Result<(), SplitError> {
        if token.kind != TokenKind::Punctuation {
            return Ok(());
        }
        let offset = token.start;
        let rest = &self.text[offset..];
        match token.text {
            "{" if rest.starts_with("{{") => Err(SplitError::Template { offset, opening: "{{" }),
            "{" if rest.starts_with("{%") => Err(SplitError::Template { offset, opening: "{%" }),
            "\\" if self.dialect == Dialect::Postgres => {
                let end = rest.find(|c: char| c.is_whitespace() || c == ';');
                let command = rest[..end.unwrap_or(rest.len())].chars().take(32).collect();
                Err(SplitError::PsqlCommand { offset, command })
            }
            _ => Ok(()),
        }
    }

    fn is_delimiter_line(&self, token: Token<'a>) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb) && token.text.eq_ignore_ascii_case("delimiter")
    }

    fn set_delimiter(&mut self, word: Token<'a>) -> Result<(), SplitError> {
        let line = self.lexer.take_line();
        let mut names = line.split_ascii_whitespace();
        let (Some(delimiter), None) = (names.next(), names.next()) else {
            return Err(SplitError::Delimiter { offset: word.start });
        };
        self.lexer.set_delimiter(delimiter);
        self.hint = None;
        Ok(())
    }

    /// Ends the statement behind its terminator, at `end`.
    fn end_statement(&mut self, end: usize) -> Result<(), SplitError> {
        self.hint = None;
        match self.code {
            Some(code) => self.push(code, end)?,
            // An empty statement belongs to the one before it, or else to the one behind.
            None => self.extend_last(end),
        }
        Ok(())
    }

    fn push(&mut self, (first, last): (usize, usize), end: usize) -> Result<(), SplitError> {
        if self.blocks.reads_stdin() {
            return Err(SplitError::CopyFromStdin { offset: first });
        }
        self.statements.push(Statement {
            dialect: self.dialect,
            piece: &self.text[self.piece..end],
            offset: self.piece,
            sql: &self.text[first..last],
            sql_offset: first,
        });
        self.piece = end;
        self.code = None;
        self.blocks.reset();
        Ok(())
    }

    fn extend_last(&mut self, end: usize) {
        if let Some(last) = self.statements.last_mut() {
            last.piece = &self.text[last.offset..end];
            self.piece = end;
        }
    }

    fn finish(mut self) -> Result<Vec<Statement<'a>>, SplitError> {
        let end = self.text.len();
        if let Some(code @ (first, _)) = self.code {
            if let Some(opening) = self.blocks.open() {
                return Err(SplitError::UnterminatedBlock { offset: first, opening });
            }
            self.push(code, end)?;
        }
        if self.piece < end {
            self.extend_last(end);
        }
        if self.piece < end {
            self.push((self.piece, self.piece), end)?;
        }
        Ok(self.statements)
    }
}

fn unterminated(token: Token<'_>) -> SplitError {
    let offset = token.start;
    match token.kind {
        TokenKind::DollarBody => {
            let name_end = token.text[1..].find('$').map_or(token.text.len(), |end| end + 2);
            SplitError::UnterminatedBody { offset, tag: token.text[..name_end].to_owned() }
        }
        TokenKind::Quoted => {
            let quote = token.text.chars().find(|c| "'\"`[".contains(*c)).unwrap_or('\'');
            SplitError::UnterminatedQuote { offset, quote }
        }
        _ => SplitError::UnterminatedComment { offset },
    }
}
