//! Takes the text of a section and the dialects that it serves, gives the checksum of its tokens.
//!
//! What is hashed is a sequence of tokens that reads back in one way only: a plain token holds no blank and ends with
//! one, and a token kept byte for byte is a NUL, its length and its bytes.

use memchr::memmem;
use sha2::{Digest, Sha256};

use super::{Checksum, length_prefix};
use crate::Dialect;
use crate::lexer::{Lexer, Token, TokenKind};

/// Hashes what a section says: white space and comments between its tokens do not count.
///
/// Quoted text, dollar bodies, `/*! … */`, `/*+ … */` and lines that start with `-- migrate:` count byte for byte. No
/// `dialects` means every dialect. Where two of the dialects see the tokens differently, all of the text counts.
#[must_use]
pub fn section_checksum(body: &str, dialects: &[Dialect]) -> Checksum {
    let mut lexed = lexed_apart(dialects);
    if lexed.len() > 1 && lex_alike(body) {
        lexed.truncate(1);
    }
    let hash = match *lexed {
        [dialect] => hash_tokens(body, dialect),
        _ => hash_agreed_tokens(body, &lexed),
    };
    Checksum(hash.unwrap_or_else(|| hash_text(body)).finalize().into())
}

/// One dialect for each way of lexing.
fn lexed_apart(dialects: &[Dialect]) -> Vec<Dialect> {
    let all = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];
    let serves = |dialect: &Dialect| {
        dialects.is_empty()
            || dialects.contains(dialect)
            || (*dialect == Dialect::MySql && dialects.contains(&Dialect::MariaDb))
    };
    all.into_iter().filter(serves).collect()
}

/// Whether every dialect sees the same tokens, as far as a glance can tell.
fn lex_alike(body: &str) -> bool {
    let bytes = body.as_bytes();
    // The search of the standard library is compiled with optimisation whatever the profile of the caller.
    let holds = |byte: &u8| bytes.contains(byte);
    let blank_follows = |dashes: usize| matches!(bytes.get(dashes + 2), Some(b' ' | b'\n'));
    let opens_comment = holds(&b'*') && memmem::find(bytes, b"/*").is_some();
    !opens_comment && !b"$#`\\[\r".iter().any(holds) && memmem::find_iter(bytes, b"--").all(blank_follows)
}

fn hash_text(body: &str) -> Sha256 {
    Sha256::new_with_prefix("text\0").chain_update(body)
}

fn hash_tokens(body: &str, dialect: Dialect) -> Option<Sha256> {
    let mut hasher = TokenHasher::new(body);
    let mut lexer = Lexer::new(body, dialect);
    while let Some(token) = lexer.next_text() {
        hasher.take(token);
    }
    Some(hasher.finish())
}

/// Hashes the tokens that all dialects agree on, or nothing where they do not.
fn hash_agreed_tokens(body: &str, dialects: &[Dialect]) -> Option<Sha256> {
    let mut hasher = TokenHasher::new(body);
    let mut lexers: Vec<_> = dialects.iter().map(|&dialect| Lexer::new(body, dialect)).collect();
    let (first, others) = lexers.split_first_mut()?;
    // White space ends at the same place for all of them when the token behind it starts there for all.
    while let Some(token) = first.next_text() {
        if others.iter_mut().any(|other| other.next_text() != Some(token)) {
            return None;
        }
        hasher.take(token);
    }
    Some(hasher.finish())
}

const MARKER: &str = "-- migrate:";
const MARKER_IN_TEXT: &str = "\n-- migrate:";

struct TokenHasher<'a> {
    body: &'a str,
    hash: Sha256,
    /// Tokens are short and the hash takes blocks: what waits for it.
    buffer: Vec<u8>,
}

impl<'a> TokenHasher<'a> {
    const FULL: usize = 16 * 1024;

    fn new(body: &'a str) -> Self {
        let buffer = Vec::with_capacity(body.len().min(Self::FULL) + 64);
        Self { body, hash: Sha256::new_with_prefix("tokens\0"), buffer }
    }

    #[inline(always)]
    fn take(&mut self, token: Token<'_>) {
        match token.kind {
            TokenKind::Whitespace => {}
            TokenKind::LineComment | TokenKind::BlockComment if token.closed => {
                self.take_comment(token);
            }
            TokenKind::Word | TokenKind::Operator | TokenKind::Semicolon => self.plain(token.text),
            // Text that is not SQL may hold any character, also the NUL that marks what is kept.
            TokenKind::Punctuation if token.text != "\0" => self.plain(token.text),
            _ => self.keep(token.text),
        }
    }

    /// Keeps the lines of a comment that are markers: they are read as such wherever they stand.
    fn take_comment(&mut self, token: Token<'_>) {
        let starts_line = token.start == 0 || self.body.as_bytes()[token.start - 1] == b'\n';
        if starts_line && token.text.starts_with(MARKER) {
            return self.keep(token.text);
        }
        if token.kind == TokenKind::BlockComment && token.text.contains(MARKER_IN_TEXT) {
            token.text.lines().filter(|line| line.starts_with(MARKER)).for_each(|line| self.keep(line));
        }
    }

    #[inline(always)]
    fn plain(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.push(b' ');
        self.flush_if_full();
    }

    fn keep(&mut self, text: &str) {
        self.buffer.push(0);
        self.buffer.extend_from_slice(&length_prefix(text.as_bytes()));
        self.buffer.extend_from_slice(text.as_bytes());
        self.flush_if_full();
    }

    #[inline(always)]
    fn flush_if_full(&mut self) {
        if self.buffer.len() >= Self::FULL {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
    }

    fn finish(mut self) -> Sha256 {
        self.hash.update(&self.buffer);
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{MariaDb, MySql, Postgres, Sqlite};

    fn same(one: &str, other: &str, dialects: &[Dialect]) -> bool {
        section_checksum(one, dialects) == section_checksum(other, dialects)
    }

    #[test]
    fn comments_and_white_space_do_not_count() {
        for dialects in [&[][..], &[Sqlite], &[Postgres], &[MySql], &[MariaDb, Postgres]] {
            assert!(same("DROP TABLE a;", "-- gone; it's\n\tDROP /* b */ TABLE\n a ;\n", dialects));
            assert!(!same("DROP TABLE a;", "DROP TABLE b;", dialects));
            assert!(!same("a b", "ab", dialects));
        }
    }

    #[test]
    fn what_is_quoted_counts_byte_for_byte() {
        for (text, dialect) in [
            ("'a b'", Sqlite),
            ("\"a b\"", Sqlite),
            ("[a b]", Sqlite),
            ("`a b`", MySql),
            ("$$a b$$", Postgres),
            ("/*! a b */", MySql),
            ("/*+ a b */", Postgres),
            ("-- migrate: a b", Postgres),
            ("/*\n-- migrate: a b\n*/", Postgres),
        ] {
            assert!(!same(text, &text.replace("a b", "a  b"), &[dialect]), "{text}");
        }
    }

    #[test]
    fn a_marker_counts_in_column_1_only() {
        assert!(!same("-- migrate: nothing", "", &[]));
        assert!(same(" -- migrate: nothing", "", &[]));
    }

    #[test]
    fn a_quoted_text_never_hashes_like_the_tokens_in_it() {
        assert!(!same("'a' b", "'a b'", &[Sqlite]));
        assert!(!same("' a '", "' ' a ' '", &[Sqlite]));
        assert!(!same("'a''b'", "'a' 'b'", &[Sqlite]));
        assert!(!same("E'a'", "E 'a'", &[Postgres]));
    }

    #[test]
    fn where_the_dialects_disagree_all_of_the_text_counts() {
        for text in
            ["a # b\n c", "a --b\n c", "a `b c` d", "'a\\' b' c'", "a $$ b $$ c", "a [b c] d", "/* /* */ b */ c"]
        {
            let spaced = format!("{text} ");
            assert!(!same(text, &spaced, &[]), "{text}");
            assert!(!same(text, &spaced, &[Sqlite, Postgres, MySql]), "{text}");
            assert!(same(text, &spaced, &[Sqlite]), "{text}");
        }
        assert!(same("a # b\n c", "a c", &[MySql, MariaDb]));
        assert!(same("a /* it's */ c", "a c", &[]));
    }

    #[test]
    fn the_glance_never_contradicts_the_lexers() {
        let parts = [
            "a", "'", "\"", "`", "[", "]", "$", "#", "--", "-- ", "-", "/", "*", "\\", "\n", "\r", "é", "1.", "E",
            "U&", ";",
        ];
        let count = parts.len();
        for combination in 0..count.pow(4) {
            let text: String = (0..4).map(|i| parts[combination / count.pow(i) % count]).collect();
            let lexed = lexed_apart(&[]);
            assert!(!lex_alike(&text) || hash_agreed_tokens(&text, &lexed).is_some(), "{text:?}");
        }
    }

    #[test]
    fn the_hash_is_fixed_for_good() {
        // Computed apart, from the description at the top of this file.
        let checksum = section_checksum("CREATE TABLE a (b text DEFAULT 'c  d'); -- e\n", &[]);
        assert_eq!(checksum.to_string(), "v1:b19a021464d2e0dcf6e0da3cee22e6ebbd5a556c5419cafd6d8c9ce1decde3a4");
    }
}
