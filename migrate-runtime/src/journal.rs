//! The journal of a revision whose statements run one by one: which have run, which was running, what went wrong.
//!
//! A text of lines, `key value`, in the column `journal` of the history row, from the first statement until the last.
//! Pure: the engine decides when it is written.

use migrate_plan::{Checksum, Dialect, Direction, Statement, section_checksum};

/// The first line; another way of writing has another number.
const HEAD: &str = "migrate-journal 1";

/// What has run of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journal {
    pub(crate) direction: Direction,
    /// The checksums of the statements that have run, in order.
    pub(crate) done: Vec<Checksum>,
    /// The statement that was running when this was written.
    pub(crate) running: Option<Running>,
    /// What the server said of the statement that it refused, which has left nothing.
    pub(crate) refused: Option<String>,
}

/// A statement that runs, and what is looked at to know whether it has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) checksum: Checksum,
    pub(crate) sql: String,
    /// What was there before of each object that the statement changes, in the order of its changes.
    pub(crate) before: Vec<Option<String>>,
    /// What the server said, when it refused the statement and yet something is different.
    pub(crate) error: Option<String>,
}

/// The checksum by which a statement is known again: comments and white space do not count.
pub(crate) fn checksum_of(statement: &Statement<'_>, dialect: Dialect) -> Checksum {
    section_checksum(statement.sql(), &[dialect])
}

impl Journal {
    pub(crate) fn new(direction: Direction) -> Self {
        Self { direction, done: Vec::new(), running: None, refused: None }
    }

    /// The text for the history.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\ndirection {}\n", self.direction);
        for sum in &self.done {
            text.push_str(&format!("done {sum}\n"));
        }
        if let Some(running) = &self.running {
            text.push_str(&format!("running {} {}\n", running.checksum, escaped(&running.sql)));
            for before in &running.before {
                match before {
                    Some(before) => text.push_str(&format!("before {}\n", escaped(before))),
                    None => text.push_str("absent\n"),
                }
            }
            text.extend(running.error.iter().map(|error| format!("error {}\n", escaped(error))));
        }
        text.extend(self.refused.iter().map(|words| format!("refused {}\n", escaped(words))));
        text
    }

    /// Reads what [`Journal::to_text`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let direction = match lines.next()? {
            "direction up" => Direction::Up,
            "direction down" => Direction::Down,
            _ => return None,
        };
        let mut journal = Self::new(direction);
        for line in lines {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            match (key, &mut journal.running) {
                ("done", None) => journal.done.push(value.parse().ok()?),
                ("running", running @ None) => {
                    let (checksum, sql) = value.split_once(' ')?;
                    let (checksum, sql) = (checksum.parse().ok()?, unescaped(sql)?);
                    *running = Some(Running { checksum, sql, before: Vec::new(), error: None });
                }
                ("before", Some(running)) => running.before.push(Some(unescaped(value)?)),
                ("absent", Some(running)) => running.before.push(None),
                ("error", Some(running)) => running.error = Some(unescaped(value)?),
                ("refused", _) => journal.refused = Some(unescaped(value)?),
                _ => return None,
            }
        }
        Some(journal)
    }
}

/// A text on one line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        const NASTY: &[&str] = &["\\", "\n", "\r", "\\n", " ", "absent", "\ndone x", "\u{85}", "\u{2028}", "'", "🦀"];
        prop_oneof![vec(proptest::sample::select(NASTY), 0..6).prop_map(|parts| parts.concat()), any::<String>()]
    }

    fn sum() -> impl Strategy<Value = Checksum> {
        text().prop_map(|text| section_checksum(&text, &[Dialect::MariaDb]))
    }

    fn journal() -> impl Strategy<Value = Journal> {
        let running = (sum(), text(), vec(proptest::option::of(text()), 0..4), proptest::option::of(text()))
            .prop_map(|(checksum, sql, before, error)| Running { checksum, sql, before, error });
        let direction = any::<bool>().prop_map(|up| if up { Direction::Up } else { Direction::Down });
        (direction, vec(sum(), 0..4), proptest::option::of(running), proptest::option::of(text()))
            .prop_map(|(direction, done, running, refused)| Journal { direction, done, running, refused })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_journal_reads_back(journal in journal()) {
            prop_assert_eq!(Journal::parse(&journal.to_text()), Some(journal));
        }

        #[test]
        fn any_text_is_a_journal_or_none(text in text(), of_ours in journal(), at in any::<prop::sample::Index>()) {
            let ours = of_ours.to_text();
            let places: Vec<usize> = ours.char_indices().map(|(place, _)| place).collect();
            let (before, behind) = ours.split_at(places[at.index(places.len())]);
            for text in [text.clone(), format!("{before}{text}{behind}")] {
                if let Some(journal) = Journal::parse(&text) {
                    prop_assert_eq!(Journal::parse(&journal.to_text()), Some(journal));
                }
            }
        }
    }

    #[test]
    fn a_journal_reads_back_as_it_is_written() {
        let sum = |text: &str| section_checksum(text, &[Dialect::MariaDb]);
        let mut journal = Journal::new(Direction::Down);
        assert_eq!(Journal::parse(&journal.to_text()).as_ref(), Some(&journal));
        journal.done = vec![sum("a"), sum("b")];
        journal.running = Some(Running {
            checksum: sum("c"),
            sql: "ALTER TABLE `a\\n`\n  ADD b text\r\n  DEFAULT '\\\\'".to_owned(),
            before: vec![None, Some("int(11)\nNOT NULL".to_owned()), Some(String::new())],
            error: Some("it's\nbroken".to_owned()),
        });
        journal.refused = Some("no".to_owned());
        assert_eq!(Journal::parse(&journal.to_text()), Some(journal));
    }

    #[test]
    fn any_other_text_is_no_journal() {
        for text in
            ["", "migrate-journal 2\ndirection up\n", "migrate-journal 1\n", "migrate-journal 1\ndirection up\nx y\n"]
        {
            assert_eq!(Journal::parse(text), None, "{text:?}");
        }
    }
}
