//! A page as what is to be done with it: its fenced blocks, in order.
//!
//! Takes Markdown and gives blocks; runs nothing. Blocks with any other info string are for the reader alone.

/// What a page needs to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// `cargo migrate` and a folder.
    Nothing,
    /// An empty PostgreSQL database: the page begins with `<!-- engine: postgres -->`.
    Postgres,
    /// An empty MariaDB database: the page begins with `<!-- engine: mariadb -->`.
    MariaDb,
    /// Building an application: the page writes a `Cargo.toml`.
    Cargo,
}

/// A page.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) needs: Needs,
    pub(crate) blocks: Vec<Block>,
}

/// A block that something is done with.
pub(crate) enum Block {
    /// Commands with what they print.
    Console(Vec<Call>),
    /// `sql up=<part>` or `sql down=<part>`: the text of a section.
    Section { line: usize, marker: String, part: String, text: String },
    /// `<language> file=<path>`: a whole file.
    File { path: String, text: String },
}

/// A command, what it prints and how it ends.
pub(crate) struct Call {
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) printed: Vec<String>,
    pub(crate) code: i32,
}

impl Page {
    /// Reads a page; says where it is not well formed.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self, String> {
        let mut blocks = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            let problem = |problem: &str| format!("{name}:{}: {problem}", index + 1);
            blocks.extend(read_block(info, index + 1, &body).map_err(|text| problem(&text))?);
        }
        let writes_manifest = |block: &Block| matches!(block, Block::File { path, .. } if path == "Cargo.toml");
        let needs = match () {
            () if text.starts_with("<!-- engine: postgres -->") => Needs::Postgres,
            () if text.starts_with("<!-- engine: mariadb -->") => Needs::MariaDb,
            () if blocks.iter().any(writes_manifest) => Needs::Cargo,
            () => Needs::Nothing,
        };
        Ok(Self { name: name.to_owned(), needs, blocks })
    }
}

fn read_block(info: &str, line: usize, body: &[&str]) -> Result<Option<Block>, String> {
    if info == "console" {
        return read_calls(line + 1, body).map(|calls| Some(Block::Console(calls)));
    }
    let text = body.join("\n") + "\n";
    let Some((key, value)) = info.split_once(' ').and_then(|(_, option)| option.split_once('=')) else {
        return Ok(None);
    };
    match key {
        "file" => Ok(Some(Block::File { path: value.to_owned(), text })),
        "up" | "down" => {
            Ok(Some(Block::Section { line, marker: format!("-- migrate: {key}\n"), part: value.to_owned(), text }))
        }
        _ => Err(format!("a block has the unknown option `{key}`")),
    }
}

fn read_calls(first: usize, body: &[&str]) -> Result<Vec<Call>, String> {
    let mut calls: Vec<Call> = Vec::new();
    for (line, text) in body.iter().enumerate() {
        if let Some(command) = text.strip_prefix("$ ") {
            calls.push(Call { line: first + line, command: command.to_owned(), printed: Vec::new(), code: 0 });
            continue;
        }
        let Some(call) = calls.last_mut() else { return Err("a console block begins with `$ `".to_owned()) };
        match (text.strip_prefix("> "), text.strip_prefix("? ").map(str::parse)) {
            (Some(more), _) if call.printed.is_empty() => call.command = format!("{}\n{more}", call.command),
            (_, Some(Ok(code))) => call.code = code,
            _ => call.printed.push((*text).to_owned()),
        }
    }
    Ok(calls)
}
