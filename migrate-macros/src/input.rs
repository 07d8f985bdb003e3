//! What is written inside `embed_migrations! { … }`.

use migrate_plan::{Dialect, Heads, nearest};
use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Token, Visibility};

/// `[attributes] [visibility] static NAME: Migrations [= "folder" | = ["folder", …]] [, heads = "many"]
/// [, database = "analytics"] [, verify = "sqlite"];` The options may also stand behind the `;`.
pub(crate) struct Input {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    /// The folders that are written here; none to take those of the configuration.
    pub(crate) folders: Vec<LitStr>,
    pub(crate) heads: Option<Heads>,
    /// Which of the configured databases, when it is not the first one.
    pub(crate) database: Option<LitStr>,
    /// The engine in which every revision runs while the crate compiles.
    pub(crate) verify: Option<Dialect>,
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
        let mut read = Self { attributes, visibility, name, folders, heads: None, database: None, verify: None };
        while input.parse::<Option<Token![,]>>()?.is_some() {
            read.option(input)?;
        }
        input.parse::<Token![;]>()?;
        while !input.is_empty() {
            read.option(input)?;
            match input.peek(Token![;]) {
                true => drop(input.parse::<Token![;]>()?),
                false if input.is_empty() => {}
                false => drop(input.parse::<Token![,]>()?),
            }
        }
        Ok(read)
    }
}

const OPTIONS: [&str; 3] = ["heads", "database", "verify"];

impl Input {
    /// Reads `key = "value"`.
    fn option(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let key: Ident = input.parse()?;
        let word = key.to_string();
        if !OPTIONS.contains(&word.as_str()) {
            let help = match nearest(&word, OPTIONS) {
                Some(option) => format!("did you mean `{option}`?"),
                None => {
                    "the options are `heads = \"many\"`, `database = \"<name>\"` and `verify = \"sqlite\"`".to_owned()
                }
            };
            return Err(syn::Error::new(key.span(), format!("unknown option `{word}`; {help}")));
        }
        input.parse::<Token![=]>()?;
        let literal: LitStr = input.parse()?;
        match (word.as_str(), literal.value().as_str()) {
            ("database", _) => self.database = Some(literal),
            ("heads", "one") => self.heads = Some(Heads::One),
            ("heads", "many") => self.heads = Some(Heads::Many),
            ("heads", _) => {
                return Err(syn::Error::new(literal.span(), "write `heads = \"one\"` or `heads = \"many\"`"));
            }
            (_, "sqlite") => self.verify = Some(Dialect::Sqlite),
            (_, other) => {
                let problem = format!("`{other}` cannot run while a crate compiles; write `verify = \"sqlite\"`");
                return Err(syn::Error::new(literal.span(), problem));
            }
        }
        Ok(())
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
