//! Values for types.

use migrate_plan::Dialect;
use migrate_plan::schema::{Schema, TypeDefinition};

use crate::sql::literal;

/// Makes values.
pub(super) struct Values<'s> {
    pub(super) dialect: Dialect,
    pub(super) schema: &'s Schema,
    /// Small numbers, in place of such as a revision would hardly insert itself.
    pub(super) small: bool,
    /// The column's name and place, by which its values differ from those of others.
    pub(super) column: (&'s str, usize),
}

impl Values<'_> {
    /// The value of this type for a row, as SQL; `None` when the type is not known.
    pub(super) fn of(&self, data_type: &str, row: usize) -> Option<String> {
        let lower = data_type.to_lowercase();
        if let Some(values) = self.listed(data_type, &lower) {
            return values.get(row % values.len().max(1)).cloned();
        }
        match self.dialect {
            Dialect::Sqlite => Some(self.of_affinity(&lower, row)),
            Dialect::Postgres if lower.ends_with("[]") => {
                let of = lower.trim_end_matches("[]");
                let is_number = ["smallint", "integer", "bigint", "numeric", "real", "double precision"].contains(&of);
                let is_text = of == "text" || of == "character varying";
                Some(if is_number || is_text { format!("'{{{}}}'", row + 1) } else { "'{}'".to_owned() })
            }
            Dialect::Postgres | Dialect::MySql | Dialect::MariaDb => self.of_name(&lower, row),
        }
    }

    /// The values of an enum.
    fn listed(&self, data_type: &str, lower: &str) -> Option<Vec<String>> {
        if lower.starts_with("enum(") || lower.starts_with("set(") {
            return Some(literals(data_type));
        }
        let plain = data_type.replace('"', "");
        let found = self.schema.types.iter().find(|found| found.name.to_string() == plain)?;
        match &found.definition {
            TypeDefinition::Enum(values) => Some(values.iter().map(|value| literal(self.dialect, value)).collect()),
            TypeDefinition::Range(_) => Some(vec!["'empty'".to_owned()]),
            _ => None,
        }
    }

    fn number(&self, high: usize, row: usize) -> String {
        (if self.small { 1 + row } else { high + row + 2 * (self.column.1 % 10) }).to_string()
    }

    /// A day of a month.
    fn day(&self, row: usize) -> usize {
        1 + (row + 2 * self.column.1) % 28
    }

    fn text(&self, longest: Option<usize>, row: usize) -> String {
        let text = match longest {
            Some(0) => String::new(),
            Some(1) => char::from(b'a' + (row % 26) as u8).to_string(),
            Some(length @ 2..=5) => format!("s{}", row + 1).chars().take(length).collect(),
            longest => {
                let text = format!("{} {}", self.column.0, row + 1);
                if longest.is_some_and(|longest| text.chars().count() > longest) {
                    format!("made {}", row + 1)
                } else {
                    text
                }
            }
        };
        literal(self.dialect, &text)
    }

    /// SQLite's own rule, but for dates, which stand in columns of any affinity.
    fn of_affinity(&self, lower: &str, row: usize) -> String {
        let holds = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if holds(&["date", "time"]) {
            return format!("'2020-01-{:02} 00:00:00'", self.day(row));
        }
        if holds(&["bool"]) {
            return (row % 2).to_string();
        }
        if holds(&["int"]) {
            self.number(1_000_001, row)
        } else if holds(&["char", "clob", "text"]) {
            self.text(None, row)
        } else if lower.is_empty() || holds(&["blob"]) {
            format!("x'0{}'", row + 1)
        } else if holds(&["real", "floa", "doub"]) {
            format!("{}.5", row + 1)
        } else if holds(&["json"]) {
            "'{}'".to_owned()
        } else {
            self.number(101, row)
        }
    }

    fn of_name(&self, lower: &str, row: usize) -> Option<String> {
        let name = lower.split(['(', ' ']).next().unwrap_or_default();
        let first: Option<usize> =
            lower.split_once('(').and_then(|(_, rest)| rest.split([',', ')']).next()?.trim().parse().ok());
        let mysql = matches!(self.dialect, Dialect::MySql | Dialect::MariaDb);
        let day = row + 1;
        let date = self.day(row);
        Some(match name {
            "tinyint" if first == Some(1) => (row % 2).to_string(),
            "tinyint" => self.number(101, row),
            "smallint" => self.number(30_001, row),
            "mediumint" | "int" | "integer" | "bigint" | "oid" => self.number(1_000_001, row),
            "numeric" | "decimal" | "money" | "real" | "float" | "double" => day.to_string(),
            "boolean" => if row.is_multiple_of(2) { "true" } else { "false" }.to_owned(),
            "text" | "tinytext" | "mediumtext" | "longtext" | "citext" | "name" => self.text(None, row),
            "character" | "varchar" | "char" | "\"char\"" => {
                self.text(first.or((name != "varchar" && !lower.contains("varying")).then_some(1)), row)
            }
            "date" => format!("'2020-01-{date:02}'"),
            "datetime" | "timestamp" => format!("'2020-01-{date:02} 00:00:00'"),
            "time" => format!("'00:00:0{day}'"),
            "year" => format!("202{day}"),
            "interval" => format!("'{day} days'"),
            "uuid" => format!("'00000000-0000-4000-8000-00000000000{day}'"),
            "bytea" => format!("'\\x0{day}'"),
            "binary" | "varbinary" | "blob" | "tinyblob" | "mediumblob" | "longblob" => format!("X'0{day}'"),
            "bit" if mysql => format!("b'{}'", row % 2),
            "bit" => {
                let length = first.unwrap_or(1).max(1);
                format!("B'{:0>length$}'", format!("{:b}", row % 2), length = length)
            }
            "json" | "jsonb" => format!("'{{\"made\": {day}}}'"),
            "xml" => "'<made/>'".to_owned(),
            "inet" | "cidr" | "inet4" => format!("'127.0.0.{day}'"),
            "inet6" => format!("'::{day}'"),
            "macaddr" => format!("'00:00:00:00:00:0{day}'"),
            "tsvector" => "'made'".to_owned(),
            "ltree" => format!("'made{day}'"),
            "hstore" => "''".to_owned(),
            "point" if mysql => format!("ST_GeomFromText('POINT({day} 1)')"),
            "geometry" => format!("ST_GeomFromText('POINT({day} 1)')"),
            "point" => format!("'({day},1)'"),
            "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" => "'empty'".to_owned(),
            _ => return None,
        })
    }
}

/// The values that an expression names: its string literals as they stand, and its numbers with neighbours, first those that a
/// comparison in front of them lets pass.
pub(super) fn literals(expression: &str) -> Vec<String> {
    let (mut first, mut others) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(start) = expression[at..].find(|c: char| c == '\'' || c.is_ascii_digit()).map(|start| at + start) {
        let (before, rest) = expression.split_at(start);
        let length = if rest.starts_with('\'') {
            let end = string_end(rest);
            first.push(rest[..end].to_owned());
            end
        } else {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            // Digits inside a name are none.
            let is_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if let (false, Ok(number)) = (is_name, rest[..end].parse::<i64>()) {
                let (fitting, other) = neighbours(before.trim_end(), number);
                first.extend(fitting.map(|near| near.to_string()));
                others.push(other.to_string());
            }
            end
        };
        at = start + length;
    }
    first.extend(others);
    first
}

/// Two numbers that the comparison before a number lets pass, and one that it does not.
fn neighbours(before: &str, number: i64) -> ([i64; 2], i64) {
    let (less, more) = (number.saturating_sub(1), number.saturating_add(1));
    match () {
        () if before.ends_with(">=") => ([number, more], less),
        () if before.ends_with('>') && !before.ends_with("<>") => ([more, number.saturating_add(2)], number),
        () if before.ends_with("<=") => ([number, less], more),
        () if before.ends_with('<') => ([less, number.saturating_sub(2)], number),
        () => ([number, more], less),
    }
}

/// The end of the string literal that the text begins with. MySQL and MariaDB print a quote inside with a backslash.
fn string_end(text: &str) -> usize {
    let mut at = 1;
    while let Some(quote) = text[at..].find('\'') {
        let is_escaped = text[..at + quote].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        at += quote + 1;
        if is_escaped {
            continue;
        }
        if !text[at..].starts_with('\'') {
            return at;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_that_a_check_names_are_found() {
        assert_eq!(literals("status IN ('new', 'it''s')"), ["'new'", "'it''s'"]);
        assert_eq!(literals(r"status IN ('it\'s', '\\')"), [r"'it\'s'", r"'\\'"]);
        assert_eq!(literals("col1 >= 18 AND col1<=19"), ["18", "19", "19", "18", "17", "20"]);
        assert_eq!(literals("price > 0"), ["1", "2", "0"]);
        assert_eq!(literals("price < 0"), ["-1", "-2", "0"]);
        assert_eq!(literals("a <> 5"), ["5", "6", "4"]);
        assert_eq!(literals("'never closed"), ["'never closed"]);
        assert_eq!(literals("é1 > 'ä'"), ["'ä'"]);
    }

    #[test]
    fn texts_are_as_short_as_their_type_demands() {
        let schema = Schema::new(Dialect::Postgres);
        let values = Values { dialect: Dialect::Postgres, schema: &schema, small: false, column: ("name", 0) };
        let of = |data_type| values.of(data_type, 1).unwrap();
        assert_eq!(of("character varying(255)"), "E'name 2'");
        assert_eq!(of("character varying(6)"), "E'name 2'");
        assert_eq!(of("character varying"), "E'name 2'");
        assert_eq!(of("character(1)"), "E'b'");
        assert_eq!(of("character varying(3)"), "E's2'");
        assert_eq!(of("bit(4)"), "B'0001'");
        assert_eq!(values.of("geography", 0), None);
    }
}
