//! How a text was written: what is lost when its line ends become LF and its byte order mark goes.

use std::fmt;

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r` alone.
    Cr,
}

impl LineEnd {
    const ALL: [Self; 3] = [Self::Lf, Self::CrLf, Self::Cr];

    fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Lf => "lf",
            Self::CrLf => "crlf",
            Self::Cr => "cr",
        }
    }
}

/// How a text was written.
///
/// # Examples
///
/// ```
/// use migrate_plan::Writing;
///
/// let (writing, lines) = Writing::of("\u{feff}SELECT 1;\r\nSELECT 2;");
/// assert_eq!(lines, "SELECT 1;\nSELECT 2;\n");
/// assert_eq!(writing.to_string(), "bom, crlf, unterminated");
/// assert_eq!(writing.restore(&lines).as_deref(), Some("\u{feff}SELECT 1;\r\nSELECT 2;"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// Whether a byte order mark stands before it.
    pub bom: bool,
    /// Runs of line ends, in order; the last kind goes on to the end of the text.
    ends: Vec<(LineEnd, usize)>,
    /// Whether its last line has an end.
    pub terminated: bool,
}

impl Writing {
    /// A text whose lines all end alike.
    pub fn uniform(bom: bool, end: LineEnd, terminated: bool) -> Self {
        Self { bom, ends: vec![(end, 0)], terminated }
    }

    /// How a text is written, and its lines, each of which ends in LF.
    pub fn of(raw: &str) -> (Self, String) {
        let text = raw.strip_prefix('\u{feff}');
        let bom = text.is_some();
        let text = text.unwrap_or(raw);
        let (mut lines, mut ends) = (String::with_capacity(text.len() + 1), Vec::<(LineEnd, usize)>::new());
        let mut rest = text;
        while let Some(at) = rest.find(['\n', '\r']) {
            let end = match &rest[at..] {
                after if after.starts_with("\r\n") => LineEnd::CrLf,
                after if after.starts_with('\r') => LineEnd::Cr,
                _ => LineEnd::Lf,
            };
            match ends.last_mut() {
                Some((last, count)) if *last == end => *count += 1,
                _ => ends.push((end, 1)),
            }
            lines.push_str(&rest[..at]);
            lines.push('\n');
            rest = &rest[at + end.as_str().len()..];
        }
        let terminated = rest.is_empty() && !lines.is_empty();
        if !terminated {
            lines.push_str(rest);
            lines.push('\n');
        }
        match ends.as_slice() {
            [] => ends.push((LineEnd::Lf, 0)),
            [(end, _)] => ends = vec![(*end, 0)],
            _ => {}
        }
        (Self { bom, ends, terminated }, lines)
    }

    /// The text that was written so; `None` when it has another number of lines than the text that this was made of.
    pub fn restore(&self, lines: &str) -> Option<String> {
        let lines = if self.terminated { lines } else { lines.strip_suffix('\n')? };
        let known: usize = self.ends.iter().map(|(_, count)| count).sum();
        if self.ends.len() > 1 && lines.matches('\n').count() != known {
            return None;
        }
        let last = self.ends.last().map_or(LineEnd::Lf, |(end, _)| *end);
        let runs = self.ends.iter().flat_map(|(end, count)| std::iter::repeat_n(*end, *count));
        let mut ends = runs.chain(std::iter::repeat(last));
        let mut text = String::from(if self.bom { "\u{feff}" } else { "" });
        for line in lines.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => {
                    text.push_str(line);
                    text.push_str(ends.next().unwrap_or(last).as_str());
                }
                None => text.push_str(line),
            }
        }
        Some(text)
    }

    /// Reads the words of [`Writing`]'s text; `None` for a word that it does not have.
    pub(super) fn parse<'w>(words: impl Iterator<Item = &'w str>) -> Option<Self> {
        let mut writing = Self { bom: false, ends: Vec::new(), terminated: true };
        for word in words {
            match word {
                "bom" => writing.bom = true,
                "unterminated" => writing.terminated = false,
                other => {
                    let (kind, count) = other.split_once(' ').map_or((other, Some(0)), |(kind, count)| {
                        (kind, count.parse().ok().filter(|count| *count > 0))
                    });
                    let end = LineEnd::ALL.into_iter().find(|end| end.word() == kind)?;
                    writing.ends.push((end, count?));
                }
            }
        }
        match writing.ends.as_slice() {
            [] => writing.ends.push((LineEnd::Lf, 0)),
            [(_, count)] if *count > 0 => return None,
            [_] => {}
            several if several.iter().any(|(_, count)| *count == 0) => return None,
            _ => {}
        }
        Some(writing)
    }

    /// The same for a person: what the text has that another one may not have.
    pub(super) fn in_words(&self) -> String {
        let ends = match self.ends.as_slice() {
            [(LineEnd::Lf, _)] => "LF line ends",
            [(LineEnd::CrLf, _)] => "CRLF line ends",
            [(LineEnd::Cr, _)] => "CR line ends",
            _ => "mixed line ends",
        };
        let bom = if self.bom { " and a byte order mark" } else { "" };
        let end = if self.terminated { "" } else { ", without an end of its last line" };
        format!("{ends}{bom}{end}")
    }
}

impl fmt::Display for Writing {
    /// Nothing for LF line ends without anything else; else words with commas between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if self.bom {
            words.push("bom".to_owned());
        }
        match self.ends.as_slice() {
            [(LineEnd::Lf, _)] => {}
            [(end, _)] => words.push(end.word().to_owned()),
            runs => words.extend(runs.iter().map(|(end, count)| format!("{} {count}", end.word()))),
        }
        if !self.terminated {
            words.push("unterminated".to_owned());
        }
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_comes_back_byte_for_byte(raw in "\u{feff}?([a-z é;]{0,3}(\n|\r\n|\r)?){0,8}") {
            let (writing, lines) = Writing::of(&raw);
            prop_assert!(lines.ends_with('\n') && !lines.contains('\r'));
            prop_assert_eq!(writing.restore(&lines), Some(raw));
            let text = writing.to_string();
            let words = text.split(", ").filter(|word| !word.is_empty());
            prop_assert_eq!(Writing::parse(words), Some(writing));
        }
    }

    #[test]
    fn an_edit_that_changes_the_number_of_lines_leaves_mixed_line_ends_unknown() {
        let (writing, lines) = Writing::of("a\nb\r\nc\n");
        assert_eq!(writing.to_string(), "lf 1, crlf 1, lf 1");
        assert_eq!(writing.restore(&lines).as_deref(), Some("a\nb\r\nc\n"));
        assert_eq!(writing.restore("a\nb\nc\nd\n"), None);
        let (uniform, _) = Writing::of("a\r\nb\r\n");
        assert_eq!(uniform.restore("a\nb\nc\n").as_deref(), Some("a\r\nb\r\nc\r\n"));
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        for words in ["crlf 2", "lf, crlf", "lf 0, crlf 1", "utf16", "lf 1, crlf x"] {
            assert_eq!(Writing::parse(words.split(", ")), None, "{words}");
        }
    }
}
