//! Header lines of a revision file: another value, and everything else as somebody wrote it.

/// The text with another value for a header key; line ends stay as they are.
pub(super) fn with_key(text: &str, key: &str, value: &str) -> String {
    let start = format!("-- {key}:");
    let mut done = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let is_key =
            line.strip_prefix("--").and_then(|rest| rest.split_once(':')).is_some_and(|(k, _)| k.trim() == key);
        if done || !is_key {
            return line.to_owned();
        }
        done = true;
        let end = if line.ends_with("\r\n") {
            "\r\n"
        } else if line.ends_with('\n') {
            "\n"
        } else {
            ""
        };
        format!("{start} {value}{end}")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::with_key;

    #[test]
    fn only_the_header_line_changes() {
        let text = "-- revision: a\r\n--parents : b\r\n\r\n-- migrate: up\r\n-- parents: not this\r\n";
        assert_eq!(
            with_key(text, "parents", "c"),
            "-- revision: a\r\n-- parents: c\r\n\r\n-- migrate: up\r\n-- parents: not this\r\n"
        );
    }
}
