//! Revisions in a line: `draft("b").after("a").up("…")`.

use migrate_runtime::Migrations;
use migrate_runtime::plan::Settings;

/// A revision file in the making. Without more it makes and drops a table `t_<id>`.
#[derive(Clone, Debug)]
pub struct Draft {
    id: String,
    parents: String,
    header: String,
    up: String,
    down: String,
}

/// Begins a root revision.
pub fn draft(id: &str) -> Draft {
    Draft {
        id: id.to_owned(),
        parents: "none".to_owned(),
        header: String::new(),
        up: format!("-- migrate: up\nCREATE TABLE t_{id} (x integer);\n"),
        down: format!("-- migrate: down\nDROP TABLE t_{id};\n"),
    }
}

impl Draft {
    /// Its parents, separated by commas.
    #[must_use]
    pub fn after(mut self, parents: &str) -> Self {
        self.parents = parents.to_owned();
        self
    }

    /// A further header line: `depends-on: b`.
    #[must_use]
    pub fn header(mut self, line: &str) -> Self {
        self.header.push_str(&format!("-- {line}\n"));
        self
    }

    /// The text below `-- migrate: up`.
    #[must_use]
    pub fn up(mut self, sql: &str) -> Self {
        self.up = format!("-- migrate: up\n{sql}\n");
        self
    }

    /// The text below `-- migrate: down`.
    #[must_use]
    pub fn down(mut self, sql: &str) -> Self {
        self.down = format!("-- migrate: down\n{sql}\n");
        self
    }

    /// All sections, with their markers.
    #[must_use]
    pub fn sections(mut self, text: &str) -> Self {
        (self.up, self.down) = (text.to_owned(), String::new());
        self
    }

    /// No `down` section: irreversible.
    #[must_use]
    pub fn without_down(mut self) -> Self {
        self.down.clear();
        self
    }

    /// The name of its file.
    pub fn file(&self) -> String {
        format!("{}.sql", self.id)
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        let Self { id, parents, header, up, down } = self;
        format!("-- revision: {id}\n-- parents: {parents}\n{header}\n{up}{down}")
    }
}

/// The revisions as an application has them.
///
/// # Panics
///
/// When they are not well formed.
pub fn set(drafts: impl IntoIterator<Item = Draft>) -> Migrations {
    let files: Vec<(String, String)> =
        drafts.into_iter().map(|draft| (format!("migrations/{}", draft.file()), draft.text())).collect();
    Migrations::from_files(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Revisions one after the other: `chain("a b c")`.
pub fn chain(ids: &str) -> Migrations {
    let ids: Vec<&str> = ids.split(' ').collect();
    let parent = |index: usize| index.checked_sub(1).map_or("none", |below| ids[below]);
    set(ids.iter().enumerate().map(|(index, id)| draft(id).after(parent(index))))
}

/// The same revisions with other settings.
pub fn with_settings(migrations: &Migrations, settings: Settings) -> Migrations {
    Migrations::new(migrations.revisions().to_vec(), settings)
}
