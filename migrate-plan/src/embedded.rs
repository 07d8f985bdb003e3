//! Revisions as one text, and back: what a macro leaves in a binary.
//!
//! rustc takes seconds over ten thousand struct literals and no time over one string literal. Reading it back is
//! slicing: texts are borrowed from the literal, and nothing is parsed or hashed again. The two sides are always of one
//! version, so the format is nobody's interface.

use crate::checksum::Checksum;
use crate::dialect::Dialect;
use crate::glance::Glance;
use crate::revision::{Content, Direction, Names, Origin, Revision, Section, Text, TransactionMode};

/// Writes revisions as a sequence of lengths and texts.
pub fn encode_revisions(revisions: &[Revision]) -> String {
    let texts: usize = revisions.iter().flat_map(|r| r.sections.iter()).map(|section| section.body.len()).sum();
    let mut out = Encoder(String::with_capacity(texts * 2));
    out.glance(&Glance::of(revisions));
    for revision in revisions {
        out.text(&revision.id);
        [&revision.parents, &revision.depends_on, &revision.labels, &revision.groups]
            .into_iter()
            .for_each(|names| out.names(names));
        out.text(&revision.title);
        [&revision.created, &revision.description, &revision.irreversible]
            .into_iter()
            .for_each(|text| out.option(text));
        out.text(&revision.file);
        out.number(revision.sections.len());
        revision.sections.iter().for_each(|section| out.section(section));
    }
    out.0
}

/// Reads what [`encode_revisions`] wrote; `None` for any other text.
pub fn decode_revisions(text: &'static str) -> Option<Vec<Revision>> {
    let mut input = Decoder(text);
    let count = input.glance()?.count;
    let mut revisions = Vec::with_capacity(count.min(text.len()));
    for _ in 0..count {
        revisions.push(Revision {
            id: input.text()?,
            parents: input.names()?,
            depends_on: input.names()?,
            labels: input.names()?,
            groups: input.names()?,
            title: input.text()?,
            created: input.option()?,
            description: input.option()?,
            irreversible: input.option()?,
            file: input.text()?,
            sections: (0..input.number()?).map(|_| input.section()).collect::<Option<Vec<_>>>()?.into(),
            origin: Origin::File,
        });
    }
    input.0.is_empty().then_some(revisions)
}

/// Reads what they come to, without reading them; `None` for any other text.
pub fn decode_glance(text: &'static str) -> Option<Glance> {
    Decoder(text).glance()
}

/// What a section is, in one letter each.
const DIRECTIONS: [(char, Direction); 2] = [('u', Direction::Up), ('d', Direction::Down)];
const TRANSACTIONS: [(char, TransactionMode); 2] =
    [('t', TransactionMode::Transactional), ('n', TransactionMode::NoTransaction)];
const CONTENTS: [(char, Content); 3] = [('s', Content::Statements), ('n', Content::Nothing), ('u', Content::Unwritten)];
const DIALECTS: [(char, Dialect); 4] =
    [('s', Dialect::Sqlite), ('p', Dialect::Postgres), ('m', Dialect::MySql), ('a', Dialect::MariaDb)];

struct Encoder(String);

impl Encoder {
    fn number(&mut self, number: usize) {
        self.0.push_str(&number.to_string());
        self.0.push(' ');
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.push_str(text);
    }

    fn names(&mut self, names: &Names) {
        self.number(names.len());
        names.iter().for_each(|name| self.text(name));
    }

    fn option(&mut self, text: &Option<Text>) {
        self.number(usize::from(text.is_some()));
        text.iter().for_each(|text| self.text(text));
    }

    fn glance(&mut self, glance: &Glance) {
        self.number(glance.count);
        self.option(&glance.head);
        glance.sums.iter().for_each(|sum| self.0.push_str(&format!("{sum} ")));
    }

    fn letter<T: PartialEq>(&mut self, letters: &[(char, T)], value: &T) {
        self.0.extend(letters.iter().find(|(_, known)| known == value).map(|(letter, _)| *letter));
    }

    fn section(&mut self, section: &Section) {
        self.letter(&DIRECTIONS, &section.direction);
        self.letter(&TRANSACTIONS, &section.transaction);
        self.letter(&CONTENTS, &section.content);
        section.dialects.iter().for_each(|dialect| self.letter(&DIALECTS, dialect));
        self.0.push(' ');
        self.number(section.line as usize);
        section.checksum.as_bytes().chunks(8).for_each(|bytes| {
            let number = bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
            self.0.push_str(&number.to_string());
            self.0.push(' ');
        });
        self.text(&section.body);
    }
}

struct Decoder(&'static str);

impl Decoder {
    fn word(&mut self) -> Option<&'static str> {
        let end = memchr::memchr(b' ', self.0.as_bytes())?;
        let word = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(word)
    }

    fn number(&mut self) -> Option<usize> {
        self.word()?.parse().ok()
    }

    fn slice(&mut self) -> Option<&'static str> {
        let length = self.number()?;
        let (text, rest) = (self.0.get(..length)?, self.0.get(length..)?);
        self.0 = rest;
        Some(text)
    }

    fn text(&mut self) -> Option<Text> {
        self.slice().map(Text::Borrowed)
    }

    fn names(&mut self) -> Option<Names> {
        (0..self.number()?).map(|_| self.text()).collect::<Option<Vec<_>>>().map(Names::Owned)
    }

    fn option(&mut self) -> Option<Option<Text>> {
        match self.number()? {
            0 => Some(None),
            _ => self.text().map(Some),
        }
    }

    fn glance(&mut self) -> Option<Glance> {
        let (count, head) = (self.number()?, self.option()?);
        let mut sums = [0; Dialect::ALL.len()];
        for sum in &mut sums {
            *sum = self.word()?.parse().ok()?;
        }
        Some(Glance { head, count, sums })
    }

    fn section(&mut self) -> Option<Section> {
        let mut letters = self.word()?.chars();
        Some(Section {
            direction: value(&DIRECTIONS, letters.next()?)?,
            transaction: value(&TRANSACTIONS, letters.next()?)?,
            content: value(&CONTENTS, letters.next()?)?,
            dialects: letters.map(|letter| value(&DIALECTS, letter)).collect::<Option<Vec<_>>>()?.into(),
            line: u32::try_from(self.number()?).ok()?,
            checksum: self.checksum()?,
            body: self.text()?,
        })
    }

    fn checksum(&mut self) -> Option<Checksum> {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            let number: u64 = self.word()?.parse().ok()?;
            chunk.copy_from_slice(&number.to_be_bytes());
        }
        Some(Checksum::from_bytes(bytes))
    }
}

fn value<T: Copy>(letters: &[(char, T)], letter: char) -> Option<T> {
    letters.iter().find(|(known, _)| *known == letter).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::parse_revision;

    #[test]
    fn what_is_encoded_reads_back() {
        let full = "-- revision: b\n-- parents: a, c\n-- title: it's \"quoted\" \\ 🦀\n-- depends-on: x\n-- labels: l-a, m\n\
                    -- created: 2026-01-01T00:00:00Z\n\n-- Why.\n--\n-- More.\n\n-- migrate: up sqlite mariadb\n\
                    -- migrate: no-transaction\nSELECT '\n;';\n\n-- migrate: up\n\n-- migrate: irreversible it is gone\n";
        let small = "-- revision: a\n-- parents: none\n-- migrate: up\n-- migrate: nothing\n-- migrate: down\n";
        let parse = |id: &str, text: &str| parse_revision(&format!("m/{id}.sql"), text.as_bytes()).unwrap();
        let grouped = Revision { groups: vec!["core".into()].into(), ..parse("a", small) };
        let revisions = vec![grouped, parse("b", full)];
        let text: &'static str = encode_revisions(&revisions).leak();
        assert_eq!(decode_glance(text), Some(Glance::of(&revisions)));
        assert_eq!(decode_revisions(text), Some(revisions));
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in
            ["", "1", "1 ", "0 0 1 2 3 ", "99999999999 0 0 0 0 0 ", "0 0 0 0 0 0 x", "1 0 0 0 0 0 1 a0 0 0 3 ab"]
        {
            assert_eq!(decode_revisions(text), None, "{text:?}");
        }
        assert_eq!(decode_revisions("0 0 0 0 0 0 "), Some(Vec::new()));
    }
}
