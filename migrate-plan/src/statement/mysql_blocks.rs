//! Takes the code of one MySQL or MariaDB statement, says which block of a stored program it is in.
//!
//! `BEGIN` and `END` may be names and `IF` and `REPEAT` functions, so a keyword counts only where it can be one: at the
//! start of a statement, or, for `IF`, once its `THEN` comes.

use crate::lexer::{Token, TokenKind};

#[derive(Default)]
pub(super) struct MySqlBlocks {
    head: Head,
    /// The blocks around, the outermost first.
    levels: Vec<Level>,
    /// What a `THEN` outside all blocks would belong to.
    base: Awaited,
    at_start: bool,
    place: Place,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Head {
    #[default]
    Start,
    /// A word that is a label if a colon follows.
    Label,
    Labelled,
    /// `BEGIN` alone starts a transaction, `BEGIN NOT ATOMIC` a block.
    Begin,
    /// `CREATE` or `ALTER`, before the word that says of what.
    Create,
    Program,
    Other,
}

struct Level {
    opening: &'static str,
    awaited: Awaited,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Awaited {
    #[default]
    Nothing,
    ThenOfIf,
    ThenOfBranch,
    EndOfRepeat,
}

/// What the token before says about the one at hand.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Anywhere,
    /// Behind `.` or `@`.
    Name,
    BehindEnd,
    BehindRepeat,
}

impl MySqlBlocks {
    pub(super) fn reset(&mut self) {
        let mut levels = std::mem::take(&mut self.levels);
        levels.clear();
        *self = Self { levels, ..Self::default() };
    }

    /// What opened the innermost block.
    pub(super) fn open(&self) -> Option<&'static str> {
        self.levels.last().map(|level| level.opening)
    }

    pub(super) fn take(&mut self, token: Token<'_>) {
        if self.head != Head::Other && self.head != Head::Program {
            self.take_head(token);
        } else if self.head == Head::Program {
            self.take_program(token);
        }
    }

    fn take_head(&mut self, token: Token<'_>) {
        let is_word = token.kind == TokenKind::Word;
        let is = |words: &[&str]| is_word && words.iter().any(|word| token.text.eq_ignore_ascii_case(word));
        let starts_compound = || is(&["if", "case", "loop", "while", "repeat", "for"]);
        self.head = match self.head {
            Head::Start | Head::Labelled if starts_compound() => {
                self.enter(token);
                Head::Program
            }
            Head::Start | Head::Labelled if is(&["begin"]) => Head::Begin,
            Head::Start if is(&["create", "alter"]) => Head::Create,
            Head::Start if is_word || token.text.starts_with('`') => Head::Label,
            Head::Label if token.text == ":" => Head::Labelled,
            Head::Begin if is(&["not"]) => {
                self.push("BEGIN");
                Head::Program
            }
            Head::Create if is(&["procedure", "function", "trigger", "event"]) => Head::Program,
            Head::Create if is(NOT_PROGRAMS) || token.text == "(" => Head::Other,
            Head::Create => Head::Create,
            _ => Head::Other,
        };
    }

    /// Takes the keyword of a compound statement that stands outside of any program.
    fn enter(&mut self, token: Token<'_>) {
        self.at_start = true;
        self.take_program(token);
    }

    fn take_program(&mut self, token: Token<'_>) {
        let place = std::mem::take(&mut self.place);
        if place == Place::BehindRepeat && token.text != "(" {
            self.push("REPEAT");
        }
        match token.kind {
            TokenKind::Word if place == Place::Name => self.at_start = false,
            TokenKind::Word => self.take_word(token.text, place),
            TokenKind::Semicolon => {
                *self.awaited() = Awaited::Nothing;
                self.at_start = true;
            }
            TokenKind::Operator if token.text == ":" => self.at_start = true,
            _ => {
                self.at_start = false;
                if token.text.ends_with(['.', '@']) && token.kind != TokenKind::Quoted {
                    self.place = Place::Name;
                }
            }
        }
    }

    fn take_word(&mut self, word: &str, place: Place) {
        let at_start = std::mem::take(&mut self.at_start);
        let behind_end = place == Place::BehindEnd;
        match keyword(word) {
            Keyword::If | Keyword::Case | Keyword::Loop | Keyword::While | Keyword::Repeat | Keyword::For
                if behind_end => {}
            Keyword::Begin if at_start || self.levels.is_empty() => self.push("BEGIN"),
            Keyword::Loop => self.push("LOOP"),
            Keyword::While => self.push("WHILE"),
            Keyword::Case => {
                self.push("CASE");
                self.at_start = false;
            }
            Keyword::For if at_start => {
                self.push("FOR");
                self.at_start = false;
            }
            Keyword::Repeat => self.place = Place::BehindRepeat,
            Keyword::If if *self.awaited() == Awaited::Nothing => *self.awaited() = Awaited::ThenOfIf,
            Keyword::Elseif | Keyword::When => *self.awaited() = Awaited::ThenOfBranch,
            Keyword::Until => *self.awaited() = Awaited::EndOfRepeat,
            Keyword::Then => self.take_then(),
            Keyword::Else | Keyword::Do => self.at_start = true,
            Keyword::End if at_start || self.ends_anywhere() => {
                self.levels.pop();
                self.place = Place::BehindEnd;
            }
            // `NOT ATOMIC` belongs to its `BEGIN`.
            Keyword::Atomic => self.at_start = true,
            _ => {}
        }
    }

    fn take_then(&mut self) {
        if std::mem::take(self.awaited()) == Awaited::ThenOfIf {
            self.push("IF");
        }
        self.at_start = true;
    }

    /// Whether an `END` in the middle of a statement ends the block.
    fn ends_anywhere(&self) -> bool {
        self.levels.last().is_some_and(|level| level.opening == "CASE" || level.awaited == Awaited::EndOfRepeat)
    }

    fn awaited(&mut self) -> &mut Awaited {
        self.levels.last_mut().map_or(&mut self.base, |level| &mut level.awaited)
    }

    fn push(&mut self, opening: &'static str) {
        self.levels.push(Level { opening, awaited: Awaited::Nothing });
        self.at_start = true;
    }
}

/// What `CREATE` and `ALTER` make that holds no statements.
const NOT_PROGRAMS: &[&str] = &[
    "table",
    "temporary",
    "view",
    "index",
    "unique",
    "fulltext",
    "spatial",
    "database",
    "schema",
    "user",
    "role",
    "server",
    "sequence",
    "tablespace",
    "instance",
    "package",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyword {
    Atomic,
    Begin,
    Case,
    Do,
    Else,
    Elseif,
    End,
    For,
    If,
    Loop,
    Repeat,
    Then,
    Until,
    When,
    While,
    None,
}

fn keyword(word: &str) -> Keyword {
    const KEYWORDS: [(&str, Keyword); 15] = [
        ("atomic", Keyword::Atomic),
        ("begin", Keyword::Begin),
        ("case", Keyword::Case),
        ("do", Keyword::Do),
        ("else", Keyword::Else),
        ("elseif", Keyword::Elseif),
        ("end", Keyword::End),
        ("for", Keyword::For),
        ("if", Keyword::If),
        ("loop", Keyword::Loop),
        ("repeat", Keyword::Repeat),
        ("then", Keyword::Then),
        ("until", Keyword::Until),
        ("when", Keyword::When),
        ("while", Keyword::While),
    ];
    let found = KEYWORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    found.map_or(Keyword::None, |&(_, keyword)| keyword)
}
