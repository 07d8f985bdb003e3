//! Takes SQL that a MySQL or MariaDB server has printed, gives it without what depends on where and how it was made: the name
//! of the database, and parentheses that mean nothing.

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
    // Tables get their alias without `AS`, columns with it.
    let is_aliased =
        (0..tokens.len()).any(|place| is_first(place) && text(place + 1) != "." && !follows(&tokens[..place], &["as"]));
    let mut kept = String::with_capacity(sql.len());
    let mut names = Vec::new();
    let mut place = 0;
    while place < tokens.len() {
        let is_qualified = is_first(place) && text(place + 1) == "." && text(place + 2).starts_with('`');
        // A column of a table, or a function.
        let has_more = || [".", "("].contains(&text(place + 3));
        if is_qualified && (!is_aliased || has_more() || follows(&tokens[..place], &["from", "join"])) {
            let name = text(place + 2);
            names.push(name.get(1..name.len() - 1).unwrap_or_default().replace("``", "`"));
            place += 2;
        }
        kept.push_str(text(place));
        place += 1;
    }
    (kept, names)
}

/// Takes away the parentheses around joins that stand first behind `from`.
///
/// The server prints `from a, b` without them and `from a join b` with them, so that a view that is made from its own text would
/// be printed otherwise.
///
/// # Examples
///
/// ```
/// use migrate_plan::Dialect;
/// use migrate_plan::schema::without_join_parentheses;
///
/// let sql = without_join_parentheses("select 1 from ((`a` join `b`) join (select 1) `c`)", Dialect::MariaDb);
/// assert_eq!(sql, "select 1 from `a` join `b` join (select 1) `c`");
/// ```
pub fn without_join_parentheses(sql: &str, dialect: Dialect) -> String {
    let tokens: Vec<Token<'_>> = Lexer::new(sql, dialect).collect();
    let is_text = |place: &usize| tokens.get(*place).is_some_and(|token| token.kind != TokenKind::Whitespace);
    let next = |place: usize| (place + 1..tokens.len()).find(is_text).map_or("", |place| tokens[place].text);
    let is_query = |word: &str| ["select", "with", "values"].iter().any(|query| word.eq_ignore_ascii_case(query));
    let mut kept = String::with_capacity(sql.len());
    // Of each open parenthesis, whether it is kept.
    let mut open: Vec<bool> = Vec::new();
    let closing = closing_places(&tokens);
    let mut follows_from = false;
    for (place, token) in tokens.iter().enumerate() {
        let keeps = match token.text {
            "(" => {
                let is_alone = closing[place].is_some_and(|close| !next(close).starts_with('`'));
                let keeps = !follows_from || !is_alone || is_query(next(place));
                open.push(keeps);
                follows_from &= !keeps;
                keeps
            }
            ")" => open.pop().unwrap_or(true),
            _ => {
                if token.kind != TokenKind::Whitespace {
                    follows_from = token.text.eq_ignore_ascii_case("from");
                }
                true
            }
        };
        if keeps {
            kept.push_str(token.text);
        }
    }
    kept
}

/// Where each parenthesis is closed that opens at a place.
fn closing_places(tokens: &[Token<'_>]) -> Vec<Option<usize>> {
    let mut closing = vec![None; tokens.len()];
    let mut open = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match token.text {
            "(" => open.push(place),
            ")" => _ = open.pop().map(|start: usize| closing[start] = Some(place)),
            _ => {}
        }
    }
    closing
}

/// Whether the last of these tokens that is text is one of the words.
fn follows(before: &[Token<'_>], words: &[&str]) -> bool {
    let open = |token: &&Token<'_>| token.kind == TokenKind::Whitespace || token.text == "(";
    let last = before.iter().rev().find(|token| !open(token));
    last.is_some_and(|token| words.iter().any(|word| token.text.eq_ignore_ascii_case(word)))
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
    fn parentheses_of_queries_and_of_later_joins_stay() {
        for (printed, flat) in [
            ("from (`a` join `b` on(`a`.`x` = `b`.`x`)) where 1", "from `a` join `b` on(`a`.`x` = `b`.`x`) where 1"),
            ("from (`a` join (`b` join `c`))", "from `a` join (`b` join `c`)"),
            ("from ((select 1) union (select 2)) `q`", "from ((select 1) union (select 2)) `q`"),
            ("from (select 1 from (`a` join `b`)) `q`", "from (select 1 from `a` join `b`) `q`"),
            ("substring('(' from (1))", "substring('(' from 1)"),
            ("from (", "from ("),
            (")) from ((", ")) from (("),
        ] {
            assert_eq!(without_join_parentheses(printed, Dialect::MariaDb), flat);
        }
    }

    #[test]
    fn an_alias_that_is_called_like_the_database_keeps_its_columns() {
        assert_eq!(
            without("select `d``b`.`a` AS `a` from (`d``b`.`t` `d``b` join `d``b`.`u`)"),
            "select `d``b`.`a` AS `a` from (`t` `d``b` join `u`)"
        );
        assert_eq!(
            without("select nextval(`d``b`.`s`) AS `d``b`,`d``b`.`f`(1) AS `f` from `d``b`.`t`"),
            "select nextval(`s`) AS `d``b`,`f`(1) AS `f` from `t`"
        );
    }
}
