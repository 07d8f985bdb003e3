//! Takes SQL that a MySQL or MariaDB server has printed, gives it without the name of the database it was printed in.

use crate::Dialect;
use crate::lexer::{Lexer, Token, TokenKind};

/// Takes the name of a database away from every name that it qualifies, and returns the names that it stood before, in
/// their order.
///
/// For SQL as MySQL and MariaDB print it, with every name in backticks. String literals stay as they are. Where an alias is
/// called like the database, `` `a`.`b` `` may be a column of the alias: there a name of two parts is left alone, unless it
/// stands where a table must.
///
/// # Examples
///
/// ```
/// use migrate_plan::Dialect;
/// use migrate_plan::schema::without_database;
///
/// let view = "select `shop`.`users`.`id` AS `id`,'`shop`.`x`' AS `text` from `shop`.`users`";
/// let (sql, names) = without_database(view, Dialect::MariaDb, "shop");
/// assert_eq!(sql, "select `users`.`id` AS `id`,'`shop`.`x`' AS `text` from `users`");
/// assert_eq!(names, ["users", "users"]);
/// ```
pub fn without_database(sql: &str, dialect: Dialect, database: &str) -> (String, Vec<String>) {
    let tokens: Vec<Token<'_>> = Lexer::new(sql, dialect).collect();
    let qualifier = format!("`{}`", database.replace('`', "``"));
    let text = |place: usize| tokens.get(place).map_or("", |token| token.text);
    let is_first = |place: usize| text(place) == qualifier && (place == 0 || text(place - 1) != ".");
    let is_aliased = (0..tokens.len()).any(|place| is_first(place) && text(place + 1) != ".");
    let mut kept = String::with_capacity(sql.len());
    let mut names = Vec::new();
    let mut place = 0;
    while place < tokens.len() {
        let is_qualified = is_first(place) && text(place + 1) == "." && text(place + 2).starts_with('`');
        let has_three_parts = || text(place + 3) == ".";
        if is_qualified && (!is_aliased || has_three_parts() || is_table_place(&tokens[..place])) {
            let name = text(place + 2);
            names.push(name.get(1..name.len() - 1).unwrap_or_default().replace("``", "`"));
            place += 2;
        }
        kept.push_str(text(place));
        place += 1;
    }
    (kept, names)
}

/// Whether a table must stand behind these tokens.
fn is_table_place(before: &[Token<'_>]) -> bool {
    let open = |token: &&Token<'_>| token.kind == TokenKind::Whitespace || token.text == "(";
    let last = before.iter().rev().find(|token| !open(token));
    last.is_some_and(|token| ["from", "join"].iter().any(|word| token.text.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(sql: &str) -> String {
        without_database(sql, Dialect::MariaDb, "d`b").0
    }

    #[test]
    fn only_the_database_itself_is_taken_away_and_only_in_front() {
        assert_eq!(
            without("select `d``b`.`t`.`a` from `other`.`d``b` join `d``b`.`t`"),
            "select `t`.`a` from `other`.`d``b` join `t`"
        );
        assert_eq!(without("nextval(`d``b`.`s`) + `d``b`.`f`('`d``b`.`x`')"), "nextval(`s`) + `f`('`d``b`.`x`')");
        for text in ["", "`d``b`", "`d``b`.", "`d``b`.*", "'open", "`d``b`.`open"] {
            let _ = without(text);
        }
    }

    #[test]
    fn an_alias_that_is_called_like_the_database_keeps_its_columns() {
        assert_eq!(
            without("select `d``b`.`a` AS `a` from (`d``b`.`t` `d``b` join `d``b`.`u`)"),
            "select `d``b`.`a` AS `a` from (`t` `d``b` join `u`)"
        );
    }
}
