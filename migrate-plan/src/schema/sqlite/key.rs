//! The keys of an index or constraint.

use std::ops::Range;

use super::reader::{Reader, Shape};
use crate::schema::{IndexKey, KeyPart};

/// Takes keys in parentheses.
pub(super) fn keys(reader: &mut Reader<'_>) -> Option<Vec<IndexKey>> {
    let range = reader.parentheses()?;
    reader.items(range).into_iter().map(|item| key(reader, item)).collect()
}

/// Takes names of columns in parentheses.
pub(super) fn columns(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    keys(reader)?.into_iter().map(column).collect()
}

/// The column that a key is made of, if it is one.
pub(super) fn column(key: IndexKey) -> Option<String> {
    match key.part {
        KeyPart::Column(name) => Some(name),
        KeyPart::Expression(_) => None,
    }
}

pub(super) fn key(reader: &Reader<'_>, mut range: Range<usize>) -> Option<IndexKey> {
    let descending = reader.ends_with(&range, "DESC", 0);
    if descending || reader.ends_with(&range, "ASC", 0) {
        range.end -= 1;
    }
    let mut collation = None;
    loop {
        // Of several the last counts. Behind an operator it is about the last operand, and not about the key.
        let mut bare = range.clone();
        while reader.ends_with(&bare, "COLLATE", 1) {
            bare.end -= 2;
        }
        if bare != range && reader.shape(bare.clone()) != Shape::Other {
            let last = reader.name_at(range.end - 1)?;
            collation.get_or_insert(last);
            range = bare;
        }
        let inside = reader.unwrapped(range.clone());
        if inside == range {
            break;
        }
        range = inside;
    }
    let name = (range.len() == 1).then(|| reader.name_at(range.start)).flatten();
    let part = name.map_or_else(|| KeyPart::Expression(reader.text(range).to_owned()), KeyPart::Column);
    Some(IndexKey { part, descending, collation, ..IndexKey::default() })
}
