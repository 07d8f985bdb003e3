//! A column of a `CREATE TABLE` with its constraints.

use super::table::TableReader;
use crate::lexer::TokenKind;
use crate::schema::{Column, Generated, IndexKey};

/// The words that end a type. SQLite takes none of them for a part of one.
const BEHIND_TYPE: &[&str] = &[
    "CONSTRAINT",
    "DEFAULT",
    "NULL",
    "NOT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "DEFERRABLE",
    "COLLATE",
    "AS",
    "ON",
];

impl TableReader<'_> {
    pub(super) fn column(&mut self) -> Option<()> {
        let name = self.reader.name()?;
        let data_type = self.data_type()?;
        self.table.columns.push(Column::new(name.clone(), data_type));
        while !self.reader.is(&[","]) && !self.reader.is(&[")"]) {
            if !self.takes_constraint_name()? {
                self.column_constraint(&name)?;
                // What has no name of its own has let it pass.
                if let Some((_, is_new)) = &mut self.constraint {
                    *is_new = false;
                }
            }
        }
        if let Some((_, is_new)) = &mut self.constraint {
            *is_new = false;
        }
        Some(())
    }

    fn data_type(&mut self) -> Option<String> {
        let start = self.reader.place();
        while let Some(token) = self.reader.peek() {
            let is_word = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
            let ends = BEHIND_TYPE.iter().any(|word| self.reader.is(&[word]));
            if !is_word || ends {
                break;
            }
            self.reader.skip();
        }
        if self.reader.place() > start && self.reader.is(&["("]) {
            self.reader.parentheses()?;
        }
        // To SQLite's grammar these words are a type, and then it takes them off.
        let mut end = self.reader.place();
        if end >= start + 2 && self.reader.are_at(end - 2, &["GENERATED", "ALWAYS"]) {
            end -= 2;
        }
        Some(self.reader.text(start..end).to_owned())
    }

    fn column_constraint(&mut self, name: &str) -> Option<()> {
        if self.reader.take(&["PRIMARY", "KEY"]).is_some() {
            let descending = self.reader.take(&["DESC"]).is_some();
            let _ = self.reader.take(&["ASC"]);
            self.table.primary_key = Some(self.key(vec![IndexKey { descending, ..IndexKey::column(name) }])?);
            self.key_at_column = true;
            self.last()?.auto_increment = self.reader.take(&["AUTOINCREMENT"]).is_some();
        } else if self.reader.take(&["UNIQUE"]).is_some() {
            let key = self.key(vec![IndexKey::column(name)])?;
            self.table.uniques.push(key);
        } else if self.reader.take(&["CHECK"]).is_some() {
            self.check()?;
        } else if self.reader.take(&["REFERENCES"]).is_some() {
            self.references(vec![name.to_owned()])?;
        } else if self.reader.is(&["DEFERRABLE"]) || self.reader.is(&["NOT", "DEFERRABLE"]) {
            self.deferrable()?;
        } else if self.reader.take(&["NOT", "NULL"]).is_some() {
            let constraint = self.constraint_name().map(|name| ("not null constraint".to_owned(), name));
            let conflict = self.conflict()?.map(|action| ("not null on conflict".to_owned(), action));
            let column = self.last()?;
            column.nullable = false;
            column.options.clear();
            column.options.extend(constraint.into_iter().chain(conflict));
        } else if self.reader.take(&["NULL"]).is_some() {
            self.conflict()?;
        } else if self.reader.take(&["DEFAULT"]).is_some() {
            self.last()?.default = Some(self.default()?);
        } else if self.reader.take(&["COLLATE"]).is_some() {
            let collation = self.reader.name()?;
            self.last()?.collation = Some(collation).filter(|collation| !collation.eq_ignore_ascii_case("BINARY"));
        } else {
            let _ = self.reader.take(&["GENERATED", "ALWAYS"]);
            self.reader.take(&["AS"])?;
            let expression = self.reader.expression()?;
            let stored = self.reader.take(&["STORED"]).is_some();
            let _ = self.reader.take(&["VIRTUAL"]);
            self.last()?.generated = Some(Generated { expression, stored });
        }
        Some(())
    }

    fn last(&mut self) -> Option<&mut Column> {
        self.table.columns.last_mut()
    }

    /// Takes a default: without parentheses a literal, with its sign, or a name that stands for a string.
    fn default(&mut self) -> Option<String> {
        if self.reader.is(&["("]) {
            return self.reader.expression();
        }
        let start = self.reader.place();
        let _ = self.reader.take(&["-"]).or_else(|| self.reader.take(&["+"]));
        let _ = self.reader.take(&["."]);
        self.reader.peek().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
        self.reader.skip();
        Some(self.reader.text(start..self.reader.place()).to_owned())
    }
}
