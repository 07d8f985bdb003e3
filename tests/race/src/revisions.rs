//! The revisions that everybody runs: each creates a table, and its `down` drops it.

/// One revision, before some tool has given it a form.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) number: usize,
    pub(crate) up: String,
    pub(crate) down: String,
}

impl Revision {
    /// The revision of a number, from 1.
    pub(crate) fn new(number: usize) -> Self {
        let up = format!("CREATE TABLE t_{number:05} (id INTEGER PRIMARY KEY, name TEXT);\n");
        Self { number, up, down: format!("DROP TABLE t_{number:05};\n") }
    }

    /// The file that this library reads.
    pub(crate) fn file(&self) -> (String, String) {
        let parents = if self.number == 1 { "none".to_owned() } else { format!("{:05}", self.number - 1) };
        let text = format!(
            "-- revision: {:05}\n-- parents: {parents}\n\n-- migrate: up\n{}\n-- migrate: down\n{}",
            self.number, self.up, self.down
        );
        (format!("{:05}_create_t.sql", self.number), text)
    }
}

/// So many revisions.
pub(crate) fn revisions(count: usize) -> Vec<Revision> {
    (1..=count).map(Revision::new).collect()
}
