//! The words of a statement, one after the other, and the names among them.

use super::super::Statement;
use crate::Dialect;
use crate::lexer::TokenKind;

/// A name with what stands before its point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

/// A reader of the tokens of one statement.
pub(super) struct Words<'a> {
    tokens: Vec<(TokenKind, &'a str)>,
    at: usize,
    /// Whether a name without quotes is taken in lower case.
    folds: bool,
}

/// More tokens than heads have: a long `INSERT` costs nothing, and an `ALTER TABLE` beyond it is not understood.
const LOOKED_AT: usize = 4096;

impl<'a> Words<'a> {
    pub(super) fn new(statement: &Statement<'a>) -> Self {
        let tokens = statement.code().take(LOOKED_AT).map(|token| (token.kind, token.text)).collect();
        Self { tokens, at: 0, folds: statement.dialect == Dialect::Postgres }
    }

    /// Whether the statement is longer than what is looked at.
    pub(super) fn is_cut(&self) -> bool {
        self.tokens.len() == LOOKED_AT
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn peek(&self) -> Option<(TokenKind, &'a str)> {
        self.tokens.get(self.at).copied()
    }

    /// Whether the keyword stands here.
    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|(kind, text)| kind != TokenKind::Quoted && text.eq_ignore_ascii_case(word))
    }

    /// Takes the words, all of them or none.
    pub(super) fn take(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        for word in words {
            if !self.is(word) {
                self.at = start;
                return false;
            }
            self.at += 1;
        }
        true
    }

    /// Takes one of the words.
    pub(super) fn take_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.take(&[word]))
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Takes a name, quoted or not, with the schema before it.
    pub(super) fn name(&mut self) -> Option<Name> {
        let first = self.part()?;
        if !self.take(&["."]) {
            return Some(Name { schema: None, name: first });
        }
        let second = self.part()?;
        Some(Name { schema: Some(first), name: second })
    }

    /// Takes a name that has no schema.
    pub(super) fn part(&mut self) -> Option<String> {
        let (kind, text) = self.peek()?;
        let name = match kind {
            TokenKind::Word if self.folds => text.to_lowercase(),
            TokenKind::Word => text.to_owned(),
            TokenKind::Quoted => unquoted(text)?,
            _ => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// Goes behind the parenthesis that closes the one that stands here.
    pub(super) fn skip_parentheses(&mut self) {
        let mut depth = 0_usize;
        while let Some((_, text)) = self.peek() {
            self.at += 1;
            match text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Goes to the next comma or closing parenthesis that stands in no parentheses of its own.
    pub(super) fn skip_clause(&mut self) {
        while let Some((_, text)) = self.peek() {
            match text {
                "," | ")" => return,
                "(" => self.skip_parentheses(),
                _ => self.at += 1,
            }
        }
    }

    /// Whether the word stands anywhere behind this place.
    pub(super) fn mentions(&self, word: &str) -> bool {
        let rest = self.tokens.iter().skip(self.at);
        rest.clone().any(|(kind, text)| *kind != TokenKind::Quoted && text.eq_ignore_ascii_case(word))
    }
}

/// The name inside quotes; a string is none.
fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '`' | '"'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inside.replace(&format!("{quote}{quote}"), &quote.to_string()))
}
