//! What is written inside `embed_migrations! { … }`.

use migrate_plan::Heads;
use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Token, Visibility};

/// `[attributes] [visibility] static NAME: Migrations [= "folder" | = ["folder", …]] [, heads = "many"]
/// [, database = "analytics"];`
pub(crate) struct Input {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    /// The folders that are written here; none to take those of the configuration.
    pub(crate) folders: Vec<LitStr>,
    pub(crate) heads: Option<Heads>,
    /// Which of the configured databases, when it is not the first one.
    pub(crate) database: Option<LitStr>,
}

impl Input {
    /// Where errors point: at the literal of the folder or the database, else at the name.
    pub(crate) fn span(&self) -> Span {
        self.folders.first().or(self.database.as_ref()).map_or_else(|| self.name.span(), LitStr::span)
    }
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![static]>()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let word: Ident = input.parse()?;
        if word != "Migrations" {
            return Err(syn::Error::new(word.span(), "the type is `Migrations`: `pub static MIGRATIONS: Migrations;`"));
        }
        let folders = if input.parse::<Option<Token![=]>>()?.is_some() { folders(input)? } else { Vec::new() };
        let (mut heads, mut database) = (None, None);
        while input.parse::<Option<Token![,]>>()?.is_some() {
            let key: Ident = input.parse()?;
            if key != "heads" && key != "database" {
                let problem = "unknown option; the options are `heads = \"many\"` and `database = \"<name>\"`";
                return Err(syn::Error::new(key.span(), problem));
            }
            input.parse::<Token![=]>()?;
            let value: LitStr = input.parse()?;
            if key == "database" {
                database = Some(value);
                continue;
            }
            heads = Some(match value.value().as_str() {
                "one" => Heads::One,
                "many" => Heads::Many,
                _ => return Err(syn::Error::new(value.span(), "write `heads = \"one\"` or `heads = \"many\"`")),
            });
        }
        input.parse::<Token![;]>()?;
        Ok(Self { attributes, visibility, name, folders, heads, database })
    }
}

fn folders(input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    if !input.peek(syn::token::Bracket) {
        return Ok(vec![input.parse()?]);
    }
    let list;
    let brackets = syn::bracketed!(list in input);
    let folders: Vec<LitStr> = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?.into_iter().collect();
    if folders.is_empty() {
        return Err(syn::Error::new(brackets.span.join(), "name at least one folder"));
    }
    for (at, folder) in folders.iter().enumerate() {
        if folders[..at].iter().any(|earlier| earlier.value() == folder.value()) {
            return Err(syn::Error::new(folder.span(), "this folder is named twice"));
        }
    }
    Ok(folders)
}
