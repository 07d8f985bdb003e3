//! Effects of `ALTER TABLE` on MySQL and MariaDB, which does all of its clauses or none.

use super::words::{Name, Words};
use super::{Becomes, Change, Effect, Object, ObjectKind};

/// What one clause does.
enum Clause {
    /// These objects change.
    Changes(Vec<(ObjectKind, String, Becomes)>),
    /// The table is called otherwise.
    Renames(Name),
    /// The definition changes in a way that has no name.
    Redefines,
    /// Once more does no harm.
    Repeatable,
    /// What happens to rows shows nowhere.
    Unknown,
}

pub(super) fn alter_table(words: &mut Words<'_>) -> Effect {
    words.take(&["IF", "EXISTS"]);
    let Some(table) = words.name() else { return Effect::Unknown };
    if words.take(&["WAIT"]) {
        words.skip();
    }
    words.take(&["NOWAIT"]);
    let mut changes = Vec::new();
    let mut redefines = false;
    loop {
        let member = |(kind, name, becomes)| Change {
            object: Object { kind, schema: table.schema.clone(), table: Some(table.name.clone()), name },
            becomes,
        };
        match clause(words) {
            Clause::Changes(found) => changes.extend(found.into_iter().map(member)),
            Clause::Renames(to) => changes.extend(renamed(&table, to)),
            Clause::Redefines => redefines = true,
            Clause::Repeatable => {}
            Clause::Unknown => return Effect::Unknown,
        }
        words.skip_clause();
        if !words.take(&[","]) {
            break;
        }
    }
    if words.is_cut() {
        return Effect::Unknown;
    }
    match (changes.is_empty(), redefines) {
        (false, _) => Effect::Objects(changes),
        (true, false) => Effect::Repeatable,
        (true, true) => {
            let Name { schema, name } = table;
            let object = Object { kind: ObjectKind::Definition, schema, table: None, name };
            Effect::Objects(vec![Change { object, becomes: Becomes::Different }])
        }
    }
}

fn renamed(table: &Name, to: Name) -> [Change; 2] {
    let change = |Name { schema, name }: Name, becomes| Change {
        object: Object { kind: ObjectKind::Table, schema, table: None, name },
        becomes,
    };
    [change(table.clone(), Becomes::Absent), change(to, Becomes::Present)]
}

fn clause(words: &mut Words<'_>) -> Clause {
    if words.take(&["ADD"]) {
        return add(words);
    }
    if words.take(&["DROP"]) {
        return drop_member(words);
    }
    if words.take(&["CHANGE"]) {
        words.take(&["COLUMN"]);
        words.take(&["IF", "EXISTS"]);
        return match (words.part(), words.part()) {
            // The same name with a definition is a MODIFY.
            (Some(from), Some(to)) if from.eq_ignore_ascii_case(&to) => Clause::Repeatable,
            (Some(from), Some(to)) => moved(ObjectKind::Column, from, to),
            _ => Clause::Unknown,
        };
    }
    if words.take(&["RENAME"]) {
        return rename(words);
    }
    // Rows go to another place, and the definition does not show it.
    for rows_move in [&["EXCHANGE"][..], &["DISCARD"], &["IMPORT"], &["TRUNCATE"], &["CONVERT", "PARTITION"]] {
        if words.take(rows_move) {
            return Clause::Unknown;
        }
    }
    for redefines in ["PARTITION", "REORGANIZE", "COALESCE", "REMOVE"] {
        if words.take(&[redefines]) {
            return Clause::Redefines;
        }
    }
    // MODIFY, ALTER COLUMN, and every option of a table say how it is to be, not how it is to change.
    Clause::Repeatable
}

fn moved(kind: ObjectKind, from: String, to: String) -> Clause {
    Clause::Changes(vec![(kind, from, Becomes::Absent), (kind, to, Becomes::Present)])
}

fn rename(words: &mut Words<'_>) -> Clause {
    let kind = match () {
        () if words.take(&["COLUMN"]) => Some(ObjectKind::Column),
        () if words.take(&["INDEX"]) || words.take(&["KEY"]) => Some(ObjectKind::Index),
        () => None,
    };
    let Some(kind) = kind else {
        words.take_any(&["TO", "AS", "="]);
        return words.name().map_or(Clause::Unknown, Clause::Renames);
    };
    words.take(&["IF", "EXISTS"]);
    match (words.part(), words.take(&["TO"]), words.part()) {
        (Some(from), true, Some(to)) => moved(kind, from, to),
        _ => Clause::Unknown,
    }
}

fn add(words: &mut Words<'_>) -> Clause {
    if words.take(&["PARTITION"]) {
        return Clause::Redefines;
    }
    if words.take(&["CONSTRAINT"]) {
        words.take(&["IF", "NOT", "EXISTS"]);
        // `ADD CONSTRAINT CHECK (…)` leaves the name out.
        let unnamed = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"].iter().any(|word| words.is(word));
        let name = if unnamed { None } else { words.part() };
        return match name {
            _ if words.take(&["PRIMARY", "KEY"]) => present(ObjectKind::Index, "PRIMARY".to_owned()),
            // A unique constraint is its index, under whichever name is given last.
            _ if words.take(&["UNIQUE"]) => unique(words, name),
            Some(name) => present(ObjectKind::Constraint, name),
            None => Clause::Redefines,
        };
    }
    if words.take(&["PRIMARY", "KEY"]) {
        return present(ObjectKind::Index, "PRIMARY".to_owned());
    }
    if words.take(&["UNIQUE"]) {
        return unique(words, None);
    }
    if words.take_any(&["FULLTEXT", "SPATIAL", "VECTOR"]) || words.is("INDEX") || words.is("KEY") {
        return unique(words, None);
    }
    if words.take(&["FOREIGN", "KEY"]) || words.take(&["CHECK"]) || words.take(&["PERIOD"]) || words.take(&["SYSTEM"]) {
        return Clause::Redefines;
    }
    words.take(&["COLUMN"]);
    words.take(&["IF", "NOT", "EXISTS"]);
    if words.take(&["("]) {
        return several_columns(words);
    }
    words.part().map_or(Clause::Unknown, |column| present(ObjectKind::Column, column))
}

fn present(kind: ObjectKind, name: String) -> Clause {
    Clause::Changes(vec![(kind, name, Becomes::Present)])
}

/// The rest of an index, behind its kind; `name` is the constraint's, if it has one.
fn unique(words: &mut Words<'_>, name: Option<String>) -> Clause {
    words.take_any(&["INDEX", "KEY"]);
    words.take(&["IF", "NOT", "EXISTS"]);
    let own = if words.is("USING") { None } else { words.part() };
    own.or(name).map_or(Clause::Redefines, |name| present(ObjectKind::Index, name))
}

fn several_columns(words: &mut Words<'_>) -> Clause {
    let mut columns = Vec::new();
    loop {
        let members = ["PRIMARY", "UNIQUE", "INDEX", "KEY", "CONSTRAINT", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL"];
        if !members.iter().any(|word| words.is(word)) {
            let Some(column) = words.part() else { return Clause::Unknown };
            columns.push((ObjectKind::Column, column, Becomes::Present));
        }
        words.skip_clause();
        if !words.take(&[","]) {
            words.take(&[")"]);
            return if columns.is_empty() { Clause::Redefines } else { Clause::Changes(columns) };
        }
    }
}

fn drop_member(words: &mut Words<'_>) -> Clause {
    if words.take(&["PARTITION"]) {
        return Clause::Redefines;
    }
    if words.take(&["PRIMARY", "KEY"]) {
        return Clause::Changes(vec![(ObjectKind::Index, "PRIMARY".to_owned(), Becomes::Absent)]);
    }
    let kind = match () {
        () if words.take(&["INDEX"]) || words.take(&["KEY"]) => ObjectKind::Index,
        () if words.take(&["FOREIGN", "KEY"]) || words.take(&["CONSTRAINT"]) || words.take(&["CHECK"]) => {
            ObjectKind::Constraint
        }
        () => {
            words.take(&["COLUMN"]);
            ObjectKind::Column
        }
    };
    words.take(&["IF", "EXISTS"]);
    words.part().map_or(Clause::Unknown, |name| Clause::Changes(vec![(kind, name, Becomes::Absent)]))
}
