//! Views and materialised views.

use super::Writer;
use super::constraint::{self, column_option};
use super::table::trigger;
use super::words::{clause, name, quoted, with};
use crate::schema::View;

pub(super) fn create(view: &View, writer: &mut Writer) {
    let called = name(&view.name);
    let kind = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
    writer.push(format!(
        "CREATE {kind} {called}{}{}{} AS\n{}{}",
        clause("USING", view.options.get("access method")),
        with(&view.options),
        clause("TABLESPACE", view.options.get("tablespace")),
        view.definition,
        if view.options.contains_key("unpopulated") { "\nWITH NO DATA" } else { "" },
    ));
    writer.comment(kind, &called, view.comment.as_ref());
    for (option, value) in &view.options {
        let Some((what, column)) = option.split_once(" of ") else { continue };
        let column = quoted(column);
        match what {
            "comment" => writer.comment("COLUMN", &format!("{called}.{column}"), Some(value)),
            "default" => writer.push(format!("ALTER VIEW {called} ALTER COLUMN {column} SET DEFAULT {value}")),
            _ => writer.push(format!("ALTER {kind} {called} ALTER COLUMN {column} {}", column_option(what, value))),
        }
    }
}

pub(super) fn indexes(view: &View, writer: &mut Writer) {
    view.indexes.iter().for_each(|index| constraint::index(index, &view.name, writer));
}

pub(super) fn triggers(view: &View, writer: &mut Writer) {
    view.triggers.iter().for_each(|of| trigger(of, &view.name, writer));
}
