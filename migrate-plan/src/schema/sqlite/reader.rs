//! The tokens of one statement of SQLite, one after the other, without comments.

use std::ops::Range;

use crate::Dialect;
use crate::lexer::{Lexer, Token, TokenKind};

/// A reader of the code of one statement.
pub(super) struct Reader<'a> {
    sql: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
}

/// What an expression is made of, as far as parentheses around it and a `COLLATE` behind it care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schema) enum Shape {
    /// One name, string or number.
    Atom,
    /// A call of a function.
    Call,
    /// In parentheses as a whole.
    Wrapped,
    /// Anything else.
    Other,
}

impl Shape {
    pub(in crate::schema) fn of(sql: &str) -> Self {
        let reader = Reader::new(sql);
        reader.shape(0..reader.tokens.len())
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(sql: &'a str) -> Self {
        let mut lexer = Lexer::new(sql, Dialect::Sqlite);
        let mut tokens: Vec<Token<'a>> = std::iter::from_fn(|| lexer.next_text()).filter(is_code).collect();
        while tokens.last().is_some_and(|token| token.kind == TokenKind::Semicolon) {
            tokens.pop();
        }
        Self { sql, tokens, at: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn place(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    fn is_at(&self, place: usize, word: &str) -> bool {
        self.tokens
            .get(place)
            .is_some_and(|token| token.kind != TokenKind::Quoted && token.text.eq_ignore_ascii_case(word))
    }

    /// Whether the words stand here.
    pub(super) fn is(&self, words: &[&str]) -> bool {
        self.are_at(self.at, words)
    }

    /// Whether the words stand at a place.
    pub(super) fn are_at(&self, place: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.is_at(place + offset, word))
    }

    /// Takes the words, all of them or none.
    pub(super) fn take(&mut self, words: &[&str]) -> Option<()> {
        self.is(words).then(|| self.at += words.len())
    }

    /// Takes a name; SQLite takes a string for one, too.
    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.name_at(self.at)?;
        self.at += 1;
        Some(name)
    }

    pub(super) fn name_at(&self, place: usize) -> Option<String> {
        let token = self.tokens.get(place)?;
        match token.kind {
            TokenKind::Word => {
                (!token.text.starts_with(|first: char| first.is_ascii_digit())).then(|| token.text.into())
            }
            TokenKind::Quoted if token.closed => unquoted(token.text),
            _ => None,
        }
    }

    /// Takes the name of what is created, with what may stand before it.
    pub(super) fn object_name(&mut self) -> Option<String> {
        let _ = self.take(&["IF", "NOT", "EXISTS"]);
        let name = self.name()?;
        match self.take(&["."]) {
            Some(()) => self.name(),
            None => Some(name),
        }
    }

    /// Takes all that is left, at least one token.
    pub(super) fn rest(&mut self) -> Option<&'a str> {
        let rest = self.text(self.at..self.tokens.len());
        self.at = self.tokens.len();
        Some(rest).filter(|rest| !rest.is_empty())
    }

    /// The text of some tokens, with the comments between them.
    pub(super) fn text(&self, range: Range<usize>) -> &'a str {
        match self.tokens.get(range) {
            Some([first, .., last]) => &self.sql[first.start..last.end()],
            Some([only]) => only.text,
            _ => "",
        }
    }

    /// Takes parentheses with what stands in them.
    pub(super) fn parentheses(&mut self) -> Option<Range<usize>> {
        self.take(&["("])?;
        let start = self.at;
        let end = self.operand_end();
        self.at = end;
        self.take(&[")"])?;
        Some(start..end)
    }

    /// Takes an expression in parentheses.
    pub(super) fn expression(&mut self) -> Option<String> {
        let range = self.parentheses()?;
        Some(self.text(range).to_owned())
    }

    /// The place of the parenthesis that closes those around this place.
    fn operand_end(&self) -> usize {
        let mut depth = 0_usize;
        let closes = self.tokens[self.at..].iter().position(|token| match token.text {
            "(" => {
                depth += 1;
                false
            }
            ")" if depth == 0 => true,
            ")" => {
                depth -= 1;
                false
            }
            _ => false,
        });
        closes.map_or(self.tokens.len(), |length| self.at + length)
    }

    /// The tokens between commas that stand in no parentheses of their own.
    pub(super) fn items(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut items = Vec::new();
        let (mut start, mut depth) = (range.start, 0_usize);
        for place in range.clone() {
            match self.tokens[place].text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    items.push(start..place);
                    start = place + 1;
                }
                _ => {}
            }
        }
        items.push(start..range.end);
        items
    }

    /// Whether the word is the last but `behind` of some tokens, and not the first.
    pub(super) fn ends_with(&self, range: &Range<usize>, word: &str, behind: usize) -> bool {
        range.len() > behind + 1 && self.is_at(range.end - 1 - behind, word)
    }

    /// Without the parentheses around the whole.
    pub(super) fn unwrapped(&self, range: Range<usize>) -> Range<usize> {
        let tokens = &self.tokens[range.clone()];
        let leading = tokens.iter().take_while(|token| token.text == "(").count();
        let trailing = tokens.iter().rev().take_while(|token| token.text == ")").count();
        if leading + trailing > tokens.len() {
            return range;
        }
        // As many as are open everywhere between.
        let (mut depth, mut around) = (leading, leading.min(trailing));
        for token in &tokens[leading..tokens.len() - trailing] {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            around = around.min(depth);
        }
        range.start + around..range.end - around
    }

    pub(super) fn shape(&self, range: Range<usize>) -> Shape {
        let is_name = |place: usize| matches!(self.tokens[place].kind, TokenKind::Word | TokenKind::Quoted);
        match range.len() {
            1 if is_name(range.start) => Shape::Atom,
            0 | 1 => Shape::Other,
            _ if self.unwrapped(range.clone()) != range => Shape::Wrapped,
            _ if is_name(range.start) && !self.is_at(range.start, "NOT") => {
                let arguments = range.start + 1..range.end;
                if self.unwrapped(arguments.clone()) != arguments { Shape::Call } else { Shape::Other }
            }
            _ => Shape::Other,
        }
    }
}

fn is_code(token: &Token<'_>) -> bool {
    !matches!(token.kind, TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Hint | TokenKind::Conditional)
}

/// What stands in quotes; `None` for a string with a prefix, such as a blob.
fn unquoted(text: &str) -> Option<String> {
    let open = text.chars().next()?;
    let close = match open {
        '"' | '`' | '\'' => open,
        '[' => ']',
        _ => return None,
    };
    let inside = text.strip_prefix(open)?.strip_suffix(close)?;
    Some(if open == '[' { inside.to_owned() } else { inside.replace(&format!("{open}{open}"), &open.to_string()) })
}
