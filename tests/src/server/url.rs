//! Writes the URLs of databases.

/// The URL of a database on a port of 127.0.0.1.
pub(crate) fn tcp_url(scheme: &str, role: &str, password: Option<&str>, port: u16, database: &str) -> String {
    let secret = password.map(|password| format!(":{}", encoded(password))).unwrap_or_default();
    format!("{scheme}://{}{secret}@127.0.0.1:{port}/{}", encoded(role), encoded(database))
}

/// Percent-encodes everything that could mean something in a URL.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_survive_odd_names() {
        assert_eq!(tcp_url("x", "a b", Some("p:@/é"), 5, "d"), "x://a%20b:p%3A%40%2F%C3%A9@127.0.0.1:5/d");
        assert_eq!(tcp_url("x", "root", None, 5, "ä"), "x://root@127.0.0.1:5/%C3%A4");
    }

    #[test]
    fn only_what_is_free_of_meaning_stays_as_it_is() {
        assert_eq!(encoded("a-Z_0.9~"), "a-Z_0.9~");
        assert_eq!(encoded("p:@/é %"), "p%3A%40%2F%C3%A9%20%25");
    }
}
