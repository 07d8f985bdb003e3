//! Takes `30s`, gives a duration: one spelling for flags and settings.

use std::time::Duration;

/// What is said of a text that is none.
const SPELLING: &str = "write a time such as `30s`, `5m` or `500ms`";

/// Reads `30s`, `5m`, `500ms`, or a number of seconds.
///
/// # Errors
///
/// Says how to write one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use migrate_plan::parse_duration;
///
/// assert_eq!(parse_duration("5m"), Ok(Duration::from_secs(300)));
/// assert_eq!(parse_duration("2"), Ok(Duration::from_secs(2)));
/// assert!(parse_duration("soon").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..split].parse().map_err(|_| SPELLING)?;
    let milliseconds = match &text[split..] {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        _ => None,
    };
    milliseconds.map(Duration::from_millis).ok_or(SPELLING)
}
