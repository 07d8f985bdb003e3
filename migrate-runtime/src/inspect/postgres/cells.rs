//! The columns of a row, taken from left to right.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::driver::Row;

pub(super) type Oid = u32;

pub(super) struct Cells<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(super) fn of(row: &'r Row) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn text(&mut self) -> Option<&'r str> {
        self.next += 1;
        self.row.text(self.next - 1)
    }

    pub(super) fn maybe(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// A column that is not NULL.
    pub(super) fn string(&mut self) -> String {
        self.maybe().unwrap_or_default()
    }

    pub(super) fn flag(&mut self) -> bool {
        self.text() == Some("true")
    }

    pub(super) fn number<N: FromStr>(&mut self) -> Option<N> {
        self.text()?.parse().ok()
    }

    /// An oid; 0 is none.
    pub(super) fn oid(&mut self) -> Oid {
        self.number().unwrap_or_default()
    }

    pub(super) fn list(&mut self) -> Vec<String> {
        self.text().map(elements).unwrap_or_default()
    }

    /// Columns of a table, by number.
    pub(super) fn numbers(&mut self) -> Vec<i16> {
        self.list().iter().filter_map(|number| number.parse().ok()).collect()
    }

    /// Options as the catalog keeps them: `{fillfactor=70}`.
    pub(super) fn options(&mut self) -> BTreeMap<String, String> {
        let pair = |option: String| {
            let (name, value) = option.split_once('=').unwrap_or((&option, ""));
            (name.to_owned(), value.to_owned())
        };
        self.list().into_iter().map(pair).collect()
    }
}

/// The elements of an array of one dimension, as the server writes it. NULLs are left out.
fn elements(array: &str) -> Vec<String> {
    let mut elements = Vec::new();
    let mut element = String::new();
    let (mut in_quotes, mut was_quoted) = (false, false);
    let inner = array.strip_prefix('{').and_then(|array| array.strip_suffix('}')).unwrap_or_default();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => element.extend(characters.next()),
            '"' => {
                in_quotes = !in_quotes;
                was_quoted = true;
            }
            ',' if !in_quotes => {
                push(&mut elements, std::mem::take(&mut element), was_quoted);
                was_quoted = false;
            }
            other => element.push(other),
        }
    }
    push(&mut elements, element, was_quoted);
    elements
}

fn push(elements: &mut Vec<String>, element: String, was_quoted: bool) {
    if was_quoted || !element.is_empty() && element != "NULL" {
        elements.push(element);
    }
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn an_array_is_read_whatever_stands_in_it() {
        assert_eq!(elements("{}"), [""; 0]);
        assert_eq!(elements("{a,NULL,\"\",\"NULL\"}"), ["a", "", "NULL"]);
        assert_eq!(
            elements(r#"{"a,b","say \"hi\"","back\\slash",plain}"#),
            ["a,b", "say \"hi\"", "back\\slash", "plain"]
        );
        assert_eq!(elements("nonsense"), [""; 0]);
        assert_eq!(elements("{\\"), [""; 0]);
    }
}
