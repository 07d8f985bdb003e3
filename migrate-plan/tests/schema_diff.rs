//! What differs between two schemas.

use migrate_plan::Dialect;
use migrate_plan::schema::{
    Check, Column, ForeignKey, Index, IndexKey, Key, QualifiedName, Schema, Table, Type, TypeDefinition, View,
    diff_schemas,
};
use proptest::prelude::*;

fn table(name: &str, columns: &[(&str, &str)]) -> Table {
    let columns = columns.iter().map(|(name, data_type)| Column::new(*name, *data_type)).collect();
    Table { name: QualifiedName::new(name), columns, ..Table::default() }
}

fn index(name: &str, column: &str) -> Index {
    Index { name: name.to_owned(), keys: vec![IndexKey::column(column)], ..Index::default() }
}

fn schema(dialect: Dialect, tables: Vec<Table>) -> Schema {
    Schema { tables, ..Schema::new(dialect) }
}

/// The difference of one table with itself, changed.
fn changes(dialect: Dialect, table: &Table, change: impl FnOnce(&mut Table)) -> String {
    let mut after = table.clone();
    change(&mut after);
    diff_schemas(&schema(dialect, vec![table.clone()]), &schema(dialect, vec![after])).to_string()
}

#[test]
fn what_hangs_on_a_table_is_told_below_it() {
    let users = Table { indexes: vec![index("i", "a")], ..table("users", &[("a", "text"), ("b", "text")]) };
    let told = changes(Dialect::Postgres, &users, |users| {
        users.columns.remove(1);
        users.columns[0].data_type = "varchar(20)".to_owned();
        users.columns[0].nullable = false;
        users.columns.push(Column { default: Some("now()".to_owned()), ..Column::new("c", "timestamptz") });
        users.comment = Some("people".to_owned());
    });
    assert_eq!(
        told,
        "~ table users\n~   comment: - -> people\n-   column b text\n~   column a\n~     type: text -> varchar(20)\n~     nullable: yes -> \
         no\n+   column c timestamptz default now()"
    );
}

#[test]
fn an_index_or_constraint_of_one_definition_and_another_name_is_renamed() {
    let users = Table { indexes: vec![index("i", "a"), index("k", "b")], ..table("users", &[("a", "text")]) };
    let told = changes(Dialect::Postgres, &users, |users| users.indexes[0].name = "j".to_owned());
    assert_eq!(told, "~ table users\n~   index j, was i");
    // Another definition is another index, whatever its name.
    let told = changes(Dialect::Postgres, &users, |users| users.indexes[0] = index("j", "c"));
    assert_eq!(told, "~ table users\n-   index i (a)\n+   index j (c)");
    // Two of one definition: each is renamed once.
    let twins = Table { indexes: vec![index("i", "a"), index("j", "a")], ..table("users", &[("a", "text")]) };
    let told = changes(Dialect::Postgres, &twins, |users| {
        users.indexes = vec![index("i", "a"), index("x", "a"), index("y", "a")];
    });
    assert_eq!(told, "~ table users\n~   index x, was j\n+   index y (a)");
    // A table or a column is not: rows and queries depend on its name.
    let told = changes(Dialect::Postgres, &users, |users| users.columns[0].name = "z".to_owned());
    assert_eq!(told, "~ table users\n-   column a text\n+   column z text");
}

#[test]
fn constraints_without_a_name_are_told_apart_by_what_they_say() {
    let check = |expression: &str| Check { expression: expression.to_owned(), ..Check::default() };
    let users = Table { checks: vec![check("a > 1"), check("b > 1")], ..table("users", &[("a", "int")]) };
    assert_eq!(changes(Dialect::Sqlite, &users, |users| users.checks.reverse()), "");
    let told = changes(Dialect::Sqlite, &users, |users| users.checks[1] = check("b > 2"));
    assert_eq!(told, "~ table users\n-   check (b > 1)\n+   check (b > 2)");
    let told = changes(Dialect::Sqlite, &users, |users| users.checks[0].name = Some("positive".to_owned()));
    assert_eq!(told, "~ table users\n~   check positive, was without a name");
}

#[test]
fn a_table_has_one_primary_key_whatever_its_name() {
    let key = |name: &str, column: &str| {
        Some(Key { name: Some(name.to_owned()), parts: vec![IndexKey::column(column)], ..Key::default() })
    };
    let users = Table { primary_key: key("p", "a"), ..table("users", &[("a", "int")]) };
    let told = changes(Dialect::Postgres, &users, |users| users.primary_key = key("q", "b"));
    assert_eq!(told, "~ table users\n~   primary key q, was p\n~   primary key q\n~     columns: a -> b");
}

#[test]
fn names_are_compared_as_the_engine_compares_them() {
    let users = table("users", &[("Name", "TEXT")]);
    let shout = |users: &mut Table| users.columns[0].name = "NAME".to_owned();
    assert_eq!(changes(Dialect::Sqlite, &users, shout), "");
    assert_eq!(changes(Dialect::MariaDb, &users, shout), "");
    assert_ne!(changes(Dialect::Postgres, &users, shout), "");
    let shout = |users: &mut Table| users.name.name = "USERS".to_owned();
    assert_eq!(changes(Dialect::Sqlite, &users, shout), "");
    assert_ne!(changes(Dialect::MariaDb, &users, shout), "");
    let case_insensitive = |name| {
        let tables = vec![Table { name: QualifiedName::new(name), ..Table::default() }];
        Schema { case_sensitive_tables: false, ..schema(Dialect::MariaDb, tables) }
    };
    assert!(diff_schemas(&case_insensitive("users"), &case_insensitive("USERS")).is_empty());
    // Only ASCII letters have a case to SQLite.
    let users = table("users", &[("é", "TEXT")]);
    assert_ne!(changes(Dialect::Sqlite, &users, |users| users.columns[0].name = "É".to_owned()), "");
}

#[test]
fn texts_that_sqlite_keeps_as_they_were_typed_are_compared_by_what_they_mean() {
    let users = Table {
        columns: vec![Column { default: Some("CURRENT_TIMESTAMP".to_owned()), ..Column::new("a", "DATETIME") }],
        ..table("users", &[])
    };
    let other = |users: &mut Table| {
        users.columns[0].default = Some("( current_timestamp )".to_owned());
        users.columns[0].data_type = "datetime".to_owned();
    };
    assert_eq!(changes(Dialect::Sqlite, &users, other), "");
    assert_ne!(changes(Dialect::Postgres, &users, other), "");
}

#[test]
fn the_order_of_columns_is_no_difference_and_that_of_values_is() {
    let users = table("users", &[("a", "int"), ("b", "int")]);
    assert_eq!(changes(Dialect::Postgres, &users, |users| users.columns.reverse()), "");
    let mood = |values: [&str; 2]| Schema {
        types: vec![Type {
            name: QualifiedName::within(Some("app"), "mood"),
            definition: TypeDefinition::Enum(values.map(str::to_owned).to_vec()),
            comment: None,
        }],
        ..Schema::new(Dialect::Postgres)
    };
    let told = diff_schemas(&mood(["sad", "ok"]), &mood(["ok", "sad"])).to_string();
    assert_eq!(told, "~ enum app.mood\n~   values: sad, ok -> ok, sad");
}

#[test]
fn a_text_of_several_lines_is_shown_before_and_after() {
    let view = |definition: &str| Schema {
        views: vec![View { name: QualifiedName::new("v"), definition: definition.to_owned(), ..View::default() }],
        ..Schema::new(Dialect::Postgres)
    };
    let told = diff_schemas(&view("SELECT 1\nFROM a"), &view("SELECT 2\nFROM a")).to_string();
    assert_eq!(told, "~ view v\n~   definition:\n-     SELECT 1\n-     FROM a\n+     SELECT 2\n+     FROM a");
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "é", "x y", "\""]).prop_map(str::to_owned)
}

prop_compose! {
    fn tables()(
        name in names(),
        columns in prop::collection::btree_map(names(), prop::sample::select(vec!["int", "text"]), 0..4),
        indexes in prop::collection::btree_map(names(), names(), 0..4),
        keys in prop::collection::btree_map(prop::option::of(names()), names(), 0..3),
        references in names(),
    ) -> Table {
        Table {
            name: QualifiedName::new(name),
            columns: columns.into_iter().map(|(name, data_type)| Column::new(name, data_type)).collect(),
            indexes: indexes.iter().map(|(name, column)| index(name, column)).collect(),
            uniques: keys.iter().map(|(name, column)| Key {
                name: name.clone(), parts: vec![IndexKey::column(column.as_str())], ..Key::default()
            }).collect(),
            foreign_keys: keys.into_iter().map(|(name, column)| ForeignKey {
                name, columns: vec![column], references: QualifiedName::new(references.clone()), ..ForeignKey::default()
            }).collect(),
            ..Table::default()
        }
    }
}

fn schemas() -> impl Strategy<Value = Schema> {
    (prop::sample::select(Dialect::ALL.to_vec()), some_tables()).prop_map(|(dialect, tables)| schema(dialect, tables))
}

/// No two of one name.
fn some_tables() -> impl Strategy<Value = Vec<Table>> {
    prop::collection::vec(tables(), 0..4).prop_map(|mut tables| {
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        tables.dedup_by(|one, other| one.name == other.name);
        tables
    })
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(schema in schemas()) {
        prop_assert_eq!(diff_schemas(&schema, &schema).to_string(), "");
    }

    #[test]
    fn what_is_added_one_way_is_removed_the_other_way(one in schemas(), tables in some_tables()) {
        let other = Schema { tables, ..Schema::new(one.dialect) };
        let (there, back) = (diff_schemas(&one, &other), diff_schemas(&other, &one));
        prop_assert_eq!(there.changes.len(), back.changes.len());
        prop_assert_eq!(there.is_empty(), back.is_empty());
        let signs = |diff: &migrate_plan::schema::SchemaDiff| {
            let lines = diff.lines();
            let count = |sign| lines.iter().filter(|line| line.mark.sign() == sign).count();
            (count('+'), count('-'), count('~'))
        };
        let (added, removed, changed) = signs(&there);
        prop_assert_eq!(signs(&back), (removed, added, changed));
    }
}
