//! Takes SQL text and a dialect, gives its tokens: joined, they are the text byte for byte.
//!
//! The macro runs this without optimisation, so what runs for each byte or token is marked to be inlined even then.
//!
//! It knows where quotes, comments and bodies begin and end, not what a statement is. It takes any text without a
//! panic: what is never closed runs to the end and says so.

mod scan;

use memchr::memchr;

use crate::Dialect;
use scan::{Class, class_of};

/// What a token is, as far as borders and checksums care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Whitespace,
    LineComment,
    BlockComment,
    /// `/*+ … */`: a comment to the parser that the optimiser reads.
    Hint,
    /// `/*! … */` and `/*M! … */`: code to MySQL and MariaDB, a comment elsewhere.
    Conditional,
    /// Any quoted text or name, with its prefix (`E'…'`, `x'…'`).
    Quoted,
    DollarBody,
    /// Keywords, names, numbers and parameters.
    Word,
    Semicolon,
    /// The terminator that a `DELIMITER` line has set.
    Delimiter,
    Operator,
    Punctuation,
}

/// A slice of the text and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    /// Byte offset in the text.
    pub(crate) start: usize,
    /// Whether a quote, comment or body has its end.
    pub(crate) closed: bool,
}

impl Token<'_> {
    #[inline(always)]
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Iterates over the tokens of a text.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    delimiter: Option<&'a str>,
    continuation: Continuation,
}

/// Whether the next quote continues an `E'…'` of PostgreSQL, which joins strings that only a line break separates
/// and reads backslashes in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continuation {
    No,
    AfterLineBreak,
    Yes,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, at: 0, dialect, delimiter: None, continuation: Continuation::No }
    }

    /// Gives the next token that is not white space: about half of all tokens are.
    #[inline(always)]
    pub(crate) fn next_text(&mut self) -> Option<Token<'a>> {
        loop {
            // Behind an `E'…'` it matters whether the white space breaks the line.
            if self.continuation == Continuation::No {
                self.at = scan::whitespace_end(self.text.as_bytes(), self.at);
            }
            let token = self.next()?;
            if token.kind != TokenKind::Whitespace {
                return Some(token);
            }
        }
    }

    /// Takes the rest of the line, without its line break.
    pub(crate) fn take_line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let line = &rest[..memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
        self.at += line.len();
        line
    }

    /// Ends statements at `delimiter`, besides `;`.
    pub(crate) fn set_delimiter(&mut self, delimiter: &'a str) {
        self.delimiter = (delimiter != ";").then_some(delimiter);
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }

    /// The kind and end of the token that starts at `at`, and whether it is closed.
    #[inline(always)]
    fn token_at(&self, at: usize, first: u8) -> (TokenKind, usize, bool) {
        let bytes = self.text.as_bytes();
        match class_of(first) {
            Class::Whitespace => (TokenKind::Whitespace, scan::whitespace_end(bytes, at), true),
            Class::Letter => self.scan_word(at),
            Class::Digit => (TokenKind::Word, self.number_end(at), true),
            Class::Quote => self.scan_quoted(at, at, self.is_mysql() && first != b'`'),
            Class::Backtick if self.dialect != Dialect::Postgres => self.scan_quoted(at, at, false),
            Class::Bracket if self.dialect == Dialect::Sqlite => match memchr(b']', &bytes[at..]) {
                Some(length) => (TokenKind::Quoted, at + length + 1, true),
                None => (TokenKind::Quoted, bytes.len(), false),
            },
            Class::Dollar => self.scan_dollar(at),
            Class::Semicolon => (TokenKind::Semicolon, at + 1, true),
            Class::Colon => (TokenKind::Operator, scan::colon_end(bytes, at), true),
            Class::Operator => self.scan_operator(at),
            Class::Backtick | Class::Bracket | Class::Other => (TokenKind::Punctuation, at + 1, true),
        }
    }

    #[inline(always)]
    fn scan_word(&self, at: usize) -> (TokenKind, usize, bool) {
        let bytes = self.text.as_bytes();
        if at == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
            return (TokenKind::Whitespace, BYTE_ORDER_MARK.len(), true);
        }
        let end = scan::word_end(bytes, at);
        match (&bytes[at..end], bytes.get(end)) {
            // A prefix belongs to its quote: `E '\'` and `E'\'` are different texts.
            ([prefix], Some(b'\'')) if b"eEbBxXnN".contains(prefix) => {
                let escapes = match self.dialect {
                    Dialect::Postgres => matches!(prefix, b'e' | b'E'),
                    Dialect::MySql | Dialect::MariaDb => true,
                    Dialect::Sqlite => false,
                };
                self.scan_quoted(at, end, escapes)
            }
            (b"u" | b"U", Some(b'&')) if matches!(bytes.get(end + 1), Some(b'\'' | b'"')) => {
                self.scan_quoted(at, end + 1, self.is_mysql())
            }
            _ => (TokenKind::Word, end, true),
        }
    }

    fn number_end(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        // `$` ends a number in PostgreSQL, where it may open a body; elsewhere a name may start with a digit.
        scan::number_end(bytes, at, self.dialect != Dialect::Postgres)
    }

    /// Scans the quoted text whose quote stands at `open`; the token starts at `at`, with the prefix.
    fn scan_quoted(&self, at: usize, open: usize, escapes: bool) -> (TokenKind, usize, bool) {
        let bytes = self.text.as_bytes();
        let escapes = escapes || (at == open && self.continuation == Continuation::Yes && bytes[open] == b'\'');
        match scan::quoted_end(bytes, open, escapes) {
            Some(end) => (TokenKind::Quoted, end, true),
            None => (TokenKind::Quoted, bytes.len(), false),
        }
    }

    fn scan_dollar(&self, at: usize) -> (TokenKind, usize, bool) {
        let bytes = self.text.as_bytes();
        if self.dialect != Dialect::Postgres {
            return (TokenKind::Word, scan::word_end(bytes, at), true);
        }
        if let Some(body) = scan::dollar_tag_end(bytes, at) {
            return match memchr::memmem::find(&bytes[body..], &bytes[at..body]) {
                Some(length) => (TokenKind::DollarBody, body + length + (body - at), true),
                None => (TokenKind::DollarBody, bytes.len(), false),
            };
        }
        match scan::digits_end(bytes, at + 1) {
            end if end > at + 1 => (TokenKind::Word, end, true),
            end => (TokenKind::Punctuation, end, true),
        }
    }

    /// Scans a comment or, where none starts, an operator.
    fn scan_operator(&self, at: usize) -> (TokenKind, usize, bool) {
        let bytes = self.text.as_bytes();
        if self.line_comment_starts(at) {
            return (TokenKind::LineComment, self.line_comment_end(at), true);
        }
        if bytes[at..].starts_with(b"/*") {
            let kind = match &bytes[at + 2..] {
                [b'+', ..] => TokenKind::Hint,
                [b'!', ..] | [b'M', b'!', ..] => TokenKind::Conditional,
                _ => TokenKind::BlockComment,
            };
            let end = match self.dialect {
                Dialect::Postgres => scan::nested_comment_end(bytes, at),
                Dialect::MySql | Dialect::MariaDb if kind == TokenKind::Conditional => self.conditional_end(at),
                _ => scan::comment_end(bytes, at),
            };
            return (kind, end.unwrap_or(bytes.len()), end.is_some());
        }
        (TokenKind::Operator, self.operator_end(at), true)
    }

    fn line_comment_starts(&self, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        match bytes[at] {
            b'#' => self.is_mysql(),
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                !self.is_mysql() || bytes.get(at + 2).is_none_or(|&b| b <= b' ' || b == 0x7f)
            }
            _ => false,
        }
    }

    fn line_comment_end(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        // Only PostgreSQL ends a comment at a lone carriage return: what follows is code there.
        let length = match self.dialect {
            Dialect::Postgres => memchr::memchr2(b'\n', b'\r', rest),
            _ => memchr(b'\n', rest),
        };
        at + length.unwrap_or(rest.len())
    }

    /// Ends a conditional comment as the server does that runs it: quotes and comments inside count.
    fn conditional_end(&self, at: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut i = at + 2;
        while i < bytes.len() {
            i = match bytes[i] {
                b'*' if bytes.get(i + 1) == Some(&b'/') => return Some(i + 2),
                quote @ (b'\'' | b'"' | b'`') => scan::quoted_end(bytes, i, quote != b'`')?,
                b'/' if bytes.get(i + 1) == Some(&b'*') => scan::comment_end(bytes, i)?,
                b'#' | b'-' if self.line_comment_starts(i) => self.line_comment_end(i),
                _ => i + 1,
            };
        }
        None
    }

    fn operator_end(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = at + 1;
        while bytes.get(end).is_some_and(|&b| class_of(b) == Class::Operator)
            && !self.line_comment_starts(end)
            && !bytes[end..].starts_with(b"/*")
        {
            end += 1;
        }
        scan::without_trailing_sign(bytes, at, end)
    }

    /// Cuts a token short where the delimiter starts inside it: to the `mysql` client, `END$$` holds one.
    fn cut_at_delimiter(&self, kind: TokenKind, at: usize, end: usize) -> usize {
        let cuts =
            matches!(kind, TokenKind::Word | TokenKind::Operator | TokenKind::Punctuation | TokenKind::Semicolon);
        let Some(delimiter) = self.delimiter.filter(|_| cuts) else {
            return end;
        };
        let (bytes, delimiter) = (self.text.as_bytes(), delimiter.as_bytes());
        (at + 1..end).find(|&i| bytes[i] == delimiter[0] && bytes[i..].starts_with(delimiter)).unwrap_or(end)
    }

    fn follow_continuation(&mut self, token: Token<'a>) {
        let breaks_line = || memchr::memchr2(b'\n', b'\r', token.text.as_bytes()).is_some();
        self.continuation = match (token.kind, self.continuation) {
            (TokenKind::Quoted, Continuation::Yes) if token.text.starts_with('\'') => Continuation::AfterLineBreak,
            (TokenKind::Quoted, _) if token.text.starts_with(['e', 'E']) => Continuation::AfterLineBreak,
            (TokenKind::Whitespace, Continuation::AfterLineBreak) if breaks_line() => Continuation::Yes,
            (TokenKind::Whitespace | TokenKind::LineComment, state) => state,
            _ => Continuation::No,
        };
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        let first = *self.text.as_bytes().get(start)?;
        let (kind, end, closed) = match self.delimiter {
            Some(delimiter) if self.text.as_bytes()[start..].starts_with(delimiter.as_bytes()) => {
                (TokenKind::Delimiter, start + delimiter.len(), true)
            }
            _ => {
                let (kind, end, closed) = self.token_at(start, first);
                (kind, self.cut_at_delimiter(kind, start, end), closed)
            }
        };
        self.at = end;
        let token = Token { kind, text: &self.text[start..end], start, closed };
        if self.dialect == Dialect::Postgres && (kind == TokenKind::Quoted || self.continuation != Continuation::No) {
            self.follow_continuation(token);
        }
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{MySql, Postgres, Sqlite};

    /// The tokens that are not white space.
    fn tokens(text: &str, dialect: Dialect) -> Vec<&str> {
        let is_text = |token: &Token<'_>| token.kind != TokenKind::Whitespace;
        Lexer::new(text, dialect).filter(is_text).map(|token| token.text).collect()
    }

    #[test]
    fn a_prefix_belongs_to_its_quote() {
        assert_eq!(tokens("E'a' e 'b' x'00' U&'c'", Postgres), ["E'a'", "e", "'b'", "x'00'", "U&'c'"]);
    }

    #[test]
    fn numbers_keep_their_point_and_exponent() {
        assert_eq!(
            tokens("1.5e-3 0x1e-5 1..9 2e+7x", Sqlite),
            ["1.5e-3", "0x1e", "-", "5", "1", ".", ".", "9", "2e+7x"]
        );
    }

    #[test]
    fn a_sign_after_an_operator_stands_alone_unless_postgres_makes_it_part_of_the_name() {
        assert_eq!(
            tokens("a=-1 a<-b a@-b a::b c:=1 (*)", Postgres),
            ["a", "=", "-", "1", "a", "<", "-", "b", "a", "@-", "b", "a", "::", "b", "c", ":=", "1", "(", "*", ")"]
        );
    }

    #[test]
    fn only_mysql_needs_a_blank_after_two_dashes() {
        assert_eq!(tokens("1--1", MySql), ["1", "-", "-", "1"]);
        assert_eq!(tokens("1--1", Sqlite), ["1", "--1"]);
        assert_eq!(tokens("--\n1", MySql), ["--", "1"]);
    }

    #[test]
    fn an_escape_string_goes_on_after_a_line_break() {
        assert_eq!(tokens("E'a' -- it's\n'\\'b' c", Postgres), ["E'a'", "-- it's", "'\\'b'", "c"]);
        assert_eq!(tokens("E'a' '\\' c", Postgres), ["E'a'", "'\\'", "c"]);
    }

    #[test]
    fn a_conditional_comment_ends_outside_its_quotes_and_comments() {
        assert_eq!(tokens("/*!1 '*/' /* */ # */\n x */ y", MySql), ["/*!1 '*/' /* */ # */\n x */", "y"]);
        assert_eq!(tokens("/*! ' */ y", Sqlite), ["/*! ' */", "y"]);
    }

    #[test]
    fn a_parameter_is_no_body() {
        assert_eq!(tokens("$1$a$;$a$ a$b$ $", Postgres), ["$1", "$a$;$a$", "a$b$", "$"]);
    }
}
