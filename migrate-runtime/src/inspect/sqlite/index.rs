//! An index: its statement has the expressions, its pragma knows which keys are columns.

use migrate_plan::schema::sqlite::read_index;
use migrate_plan::schema::{Index, IndexKey, KeyPart, Table};
use migrate_plan::{Dialect, quoted_name};

use super::facts::IndexFacts;

/// The index as both say it, if they agree.
pub(super) fn index(name: &str, sql: &str, facts: &IndexFacts, table: &Table) -> Option<Index> {
    let mut index = read_index(sql)?;
    if index.keys.len() != facts.keys.len() {
        return None;
    }
    name.clone_into(&mut index.name);
    for (key, facts) in index.keys.iter_mut().zip(&facts.keys) {
        let usual = match &facts.column {
            Some(column) => {
                key.part = KeyPart::Column(column.clone());
                key.collation = Some(facts.collation.clone());
                table.column(column).and_then(|column| column.collation.as_deref())
            }
            None => {
                // A quoted name that is no column is a string to SQLite.
                if let KeyPart::Column(text) = &key.part {
                    key.part = KeyPart::Expression(quoted_name(Dialect::Sqlite, text));
                }
                None
            }
        };
        drop_usual_collation(key, usual.unwrap_or("BINARY"));
    }
    Some(index)
}

fn drop_usual_collation(key: &mut IndexKey, usual: &str) {
    key.collation = key.collation.take().filter(|collation| !collation.eq_ignore_ascii_case(usual));
}
