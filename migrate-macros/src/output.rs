//! The static that the macro leaves behind: one string with every revision, and the settings.
//!
//! It is written as text and handed to rustc's own lexer: building it token by token would take longer.

use std::fmt::Write;

use migrate_plan::{Ahead, Heads, LockKind, Settings, Text, encode_revisions};
use proc_macro2::TokenStream;
use quote::quote;

use crate::input::Input;
use crate::project::Project;

pub(crate) fn render(input: &Input, project: &Project) -> TokenStream {
    let Input { attributes, visibility, name, .. } = input;
    let source = source(project);
    // Through rustc's own type: the other one would first lex the text by itself, without optimisation.
    let body: TokenStream = match source.parse::<proc_macro::TokenStream>() {
        Ok(body) => body.into(),
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
    let _ = write!(
        out,
        "Migrations::embedded({}, {}, {}, if ::core::cfg!(debug_assertions) {{ &[{}] }} else {{ &[] }})",
        literal(&encode_revisions(&project.revisions)),
        settings(&project.settings),
        literal(&project.application),
        project.folders.iter().map(|folder| literal(folder)).collect::<Vec<_>>().join(", "),
    );
    out
}

fn option(value: &Option<Text>) -> String {
    value.as_ref().map_or_else(|| "None".to_owned(), |value| format!("Some({})", text(value)))
}

fn text(value: &Text) -> String {
    format!("B({})", literal(value))
}

/// A raw string, with enough `#` around it; anything that a raw string cannot hold is escaped instead.
fn literal(value: &str) -> String {
    // A carriage return cannot stand in one, and rustc refuses characters that turn the direction of text. They all begin
    // with one byte, and looking for a byte is fast without optimisation, too.
    let turning = ['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}'];
    let has = |byte: u8| value.as_bytes().contains(&byte);
    if has(b'\r') || (has(0xe2) && value.contains(turning)) {
        return format!("{value:?}");
    }
    if !value.contains('"') {
        return format!("r\"{value}\"");
    }
    let longest = value.split('"').skip(1).map(|rest| rest.bytes().take_while(|b| *b == b'#').count() + 1).max();
    let fence = "#".repeat(longest.unwrap_or(0));
    format!("r{fence}\"{value}\"{fence}")
}

fn settings(settings: &Settings) -> String {
    let lock = match settings.lock {
        LockKind::Auto => "LockKind::Auto",
        LockKind::Advisory => "LockKind::Advisory",
        LockKind::Lease => "LockKind::Lease",
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
