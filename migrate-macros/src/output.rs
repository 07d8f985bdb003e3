//! The static that the macro leaves behind: constants only, so that nothing is parsed when the program starts.
//!
//! Most of it is written as text and handed to rustc's own lexer: building ten thousand revisions token by token would
//! take longer than everything else.

use std::fmt::Write;

use migrate_plan::{
    Ahead, Checksum, Content, Heads, LockKind, Names, Revision, Section, Settings, Text, TransactionMode,
};
use proc_macro2::TokenStream;
use quote::quote;

use crate::input::Input;
use crate::project::Project;

pub(crate) fn render(input: &Input, project: &Project) -> TokenStream {
    let Input { attributes, visibility, name, .. } = input;
    let source = source(project);
    let body: TokenStream = match source.parse() {
        Ok(body) => body,
        Err(error) => {
            let message = format!("a bug in embed_migrations!: its own output is not Rust: {error}");
            quote! { ::core::compile_error! { #message } }
        }
    };
    quote! {
        #(#attributes)*
        #visibility static #name: ::migrate_runtime::Migrations = {
            #body
        };
    }
}

fn source(project: &Project) -> String {
    let mut out = String::from("use ::migrate_runtime::__embed::*;\n");
    if !project.tracked.is_empty() {
        out.push_str("const _: &[&[u8]] = &[");
        for file in &project.tracked {
            let _ = write!(out, "::core::include_bytes!({}),", literal(&file.to_string_lossy()));
        }
        out.push_str("];\n");
    }
    out.push_str("const REVISIONS: &[R] = &[\n");
    for revision in &project.revisions {
        write_revision(&mut out, revision);
    }
    let _ = write!(
        out,
        "];\nMigrations::embedded(REVISIONS, {}, {}, if ::core::cfg!(debug_assertions) {{ {} }} else {{ \"\" }})",
        settings(&project.settings),
        literal(&project.application),
        literal(&project.folder),
    );
    out
}

fn write_revision(out: &mut String, revision: &Revision) {
    let _ = write!(
        out,
        "R{{id:{},parents:{},depends_on:{},labels:{},title:{},created:{},description:{},irreversible:{},origin:FILE,\
         file:{},sections:B(&[",
        text(&revision.id),
        names(&revision.parents),
        names(&revision.depends_on),
        names(&revision.labels),
        text(&revision.title),
        option(&revision.created),
        option(&revision.description),
        option(&revision.irreversible),
        text(&revision.file),
    );
    for section in revision.sections.iter() {
        write_section(out, section);
    }
    out.push_str("])},\n");
}

fn write_section(out: &mut String, section: &Section) {
    let dialects: Vec<String> = section.dialects.iter().map(|dialect| format!("D::{dialect:?}")).collect();
    let transaction = match section.transaction {
        TransactionMode::Transactional => "T::Transactional",
        TransactionMode::NoTransaction => "T::NoTransaction",
    };
    let content = match section.content {
        Content::Statements => "C::Statements",
        Content::Nothing => "C::Nothing",
        Content::Unwritten => "C::Unwritten",
    };
    let _ = write!(
        out,
        "S{{direction:N::{:?},dialects:B(&[{}]),transaction:{transaction},content:{content},body:{},line:{},checksum:{}}},",
        section.direction,
        dialects.join(","),
        text(&section.body),
        section.line,
        checksum(&section.checksum),
    );
}

fn checksum(checksum: &Checksum) -> String {
    let mut out = String::from("sum(*b\"");
    for byte in checksum.as_bytes() {
        let _ = write!(out, "\\x{byte:02x}");
    }
    out.push_str("\")");
    out
}

fn names(names: &Names) -> String {
    let names: Vec<String> = names.iter().map(text).collect();
    format!("B(&[{}])", names.join(","))
}

fn option(value: &Option<Text>) -> String {
    value.as_ref().map_or_else(|| "None".to_owned(), |value| format!("Some({})", text(value)))
}

fn text(value: &Text) -> String {
    format!("B({})", literal(value))
}

/// A raw string, with enough `#` around it; anything that a raw string cannot hold is escaped instead.
fn literal(value: &str) -> String {
    let unfit = |c: char| c == '\r' || (c.is_control() && c != '\n' && c != '\t');
    if value.contains(unfit) || value.contains(['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}']) {
        return format!("{value:?}");
    }
    let longest = value.split('"').skip(1).map(|rest| rest.bytes().take_while(|b| *b == b'#').count() + 1).max();
    let fence = "#".repeat(longest.unwrap_or(0));
    format!("r{fence}\"{value}\"{fence}")
}

fn settings(settings: &Settings) -> String {
    let lock = match settings.lock {
        LockKind::Advisory => "LockKind::Advisory",
        LockKind::None => "LockKind::None",
    };
    let ahead = match settings.ahead {
        Ahead::AllowWhenIdle => "Ahead::AllowWhenIdle",
        Ahead::Allow => "Ahead::Allow",
        Ahead::Refuse => "Ahead::Refuse",
    };
    let heads = match settings.heads {
        Heads::One => "Heads::One",
        Heads::Many => "Heads::Many",
    };
    format!(
        "Settings{{history_table:{},history_schema:{},lock:{lock},ahead:{ahead},heads:{heads}}}",
        text(&settings.history_table),
        option(&settings.history_schema),
    )
}
