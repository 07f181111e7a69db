//! Types of SQLite, which accepts any words as a type: those that the parser cannot read become one name.

use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Words that end a type.
const CONSTRAINTS: [&str; 11] = [
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
];

/// Words that begin a constraint of the table.
const OTHERS: [&str; 5] = ["CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN"];

/// Types whose lengths the parser reads.
const KNOWN: [&str; 14] = [
    "bigint",
    "char",
    "character",
    "datetime",
    "decimal",
    "double",
    "float",
    "int",
    "integer",
    "numeric",
    "smallint",
    "time",
    "timestamp",
    "varchar",
];

/// Makes CREATE TABLE and ADD COLUMN readable: types as one name, the options of the table in one order, and without
/// ON CONFLICT, which the model does not have.
pub(super) fn readable(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|found| is_word(found, word));
    let creates = is(0, "CREATE") && (is(1, "TABLE") || is(2, "TABLE"));
    let add = tokens.iter().position(|token| is_word(token, "ADD")).filter(|_| is(0, "ALTER"));
    match (creates, add) {
        (true, _) => table(&tokens),
        (false, Some(add)) => {
            let first = add + 1 + usize::from(is(add + 1, "COLUMN"));
            let (head, definition) = tokens.split_at(first.min(tokens.len()));
            let end = definition.iter().position(|token| token.token == Token::SemiColon);
            let (definition, rest) = definition.split_at(end.unwrap_or(definition.len()));
            [head.to_vec(), item(definition), rest.to_vec()].concat()
        }
        (false, None) => tokens,
    }
}

fn table(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let open = tokens.iter().position(|token| token.token == Token::LParen);
    // CREATE TABLE … AS SELECT may have parentheses of its own.
    let selects = |open: usize| tokens[..open].iter().any(|token| is_word(token, "AS"));
    let Some(open) = open.filter(|open| !selects(*open)) else { return tokens.to_vec() };
    let mut readable = tokens[..=open].to_vec();
    let (mut depth, mut start) = (0_usize, open + 1);
    for (at, token) in tokens.iter().enumerate().skip(open + 1) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth > 0 => depth -= 1,
            Token::RParen => {
                readable.extend(item(&tokens[start..at]));
                readable.push(token.clone());
                let end = tokens[at..].iter().position(|token| token.token == Token::SemiColon);
                let (tail, rest) =
                    tokens[at + 1..].split_at(end.map_or(tokens.len() - at - 1, |end| end - 1));
                readable.extend(options(tail));
                readable.extend(rest.iter().cloned());
                return readable;
            }
            Token::Comma if depth == 0 => {
                readable.extend(item(&tokens[start..at]));
                readable.push(token.clone());
                start = at + 1;
            }
            _ => {}
        }
    }
    tokens.to_vec()
}

/// The options of a table in the order in which the parser reads them.
fn options(tail: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let (strict, others): (Vec<_>, Vec<_>) = tail
        .iter()
        .filter(|token| token.token != Token::Comma)
        .cloned()
        .partition(|token| is_word(token, "STRICT"));
    [others, strict].concat()
}

/// A definition of a column or a constraint.
fn item(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut item = Vec::new();
    let mut at = 0;
    let constrains = tokens.first().is_none_or(|first| OTHERS.iter().any(|word| is_word(first, word)));
    if !constrains {
        item.push(tokens[0].clone());
        let ends = |token: &TokenWithSpan| CONSTRAINTS.iter().any(|word| is_word(token, word));
        let length = tokens[1..].iter().position(ends).unwrap_or(tokens.len() - 1);
        item.extend(kind(&tokens[1..=length]));
        at = length + 1;
    }
    while at < tokens.len() {
        let resolves =
            is_word(&tokens[at], "ON") && tokens.get(at + 1).is_some_and(|next| is_word(next, "CONFLICT"));
        if resolves {
            at += 3;
        } else {
            item.push(tokens[at].clone());
            at += 1;
        }
    }
    item
}

/// A type that the parser reads.
fn kind(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let Some(first) = tokens.first() else { return Vec::new() };
    let words: Vec<String> = tokens
        .iter()
        .map_while(|token| match &token.token {
            Token::Word(word) => Some(word.value.to_lowercase()),
            _ => None,
        })
        .collect();
    let lengths: String = tokens[words.len()..].iter().map(|token| token.token.to_string()).collect();
    let name = words.join(" ");
    let word = |text: &str, quote: Option<char>| TokenWithSpan {
        token: Token::make_word(text, quote),
        span: first.span,
    };
    let plain = matches!(&first.token, Token::Word(word) if word.quote_style.is_none());
    match (name.as_str(), lengths.is_empty()) {
        ("double precision", true) => tokens.to_vec(),
        (one, true) if words.len() == 1 && plain && is_name(one) => tokens.to_vec(),
        (one, false) if KNOWN.contains(&one) && plain && !lengths.contains(['+', '-']) => tokens.to_vec(),
        _ => vec![word(&format!("{name}{}", lengths.replace(',', ", ")), Some('"'))],
    }
}

fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::DbBackend;

    use crate::snapshot::{Kind, Snapshot};

    fn column(definition: &str) -> Option<Kind> {
        let mut snapshot = Snapshot::default();
        let sql = format!("CREATE TABLE t (a {definition}, b int)");
        snapshot.apply(DbBackend::Sqlite, &sql);
        assert_eq!(snapshot.unread, Vec::<String>::new());
        snapshot.table("t")?.column("a").map(|column| column.kind.clone())
    }

    #[test]
    fn any_type_of_sqlite_is_read() {
        let other = |kind: &str| Kind::Other(kind.to_owned());
        for (definition, expected) in [
            ("real(10, 4) NOT NULL", Kind::Decimal(Some((10, 4)))),
            ("real_decimal", Kind::Decimal(None)),
            ("decimal(12, 2) DEFAULT 0", Kind::Decimal(Some((12, 2)))),
            ("real", Kind::Float),
            ("double precision", Kind::Double),
            ("varchar(20)", Kind::String(Some(20))),
            ("varbinary_blob(16)", other("varbinary_blob(16)")),
            ("real_money(19, 4)", other("real_money(19, 4)")),
            ("UNSIGNED BIG INT NOT NULL", other("unsigned big int")),
            ("NATIVE CHARACTER(70)", other("native character(70)")),
            ("VARYING CHARACTER (255)", other("varying character(255)")),
            ("NUMBER(+10, -5)", other("number(+10, -5)")),
            ("\"my type\"", other("my type")),
            ("datetime_text", Kind::DateTime),
            ("ANY", Kind::Other("any".to_owned())),
        ] {
            let found = column(definition).unwrap();
            let same = match (&found, &expected) {
                (Kind::Other(found), Kind::Other(expected)) => found.eq_ignore_ascii_case(expected),
                _ => found == expected,
            };
            assert!(same, "{definition}: {found:?}");
        }
        for seaorm in [
            "char",
            "char(3)",
            "text",
            "tinyint",
            "smallint",
            "integer",
            "bigint",
            "float",
            "timestamp_text",
            "timestamp_with_timezone_text",
            "time_text",
            "date_text",
            "blob",
            "blob(16)",
            "varbinary_blob",
            "boolean",
            "real_money",
            "json_text",
            "jsonb_text",
            "uuid_text",
            "enum_text",
            "",
        ] {
            column(seaorm).unwrap();
        }
    }

    #[test]
    fn every_clause_of_a_table_of_sqlite_is_read() {
        for sql in [
            "CREATE TABLE t (a integer PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT, b any) STRICT",
            "CREATE TABLE t (a text NOT NULL ON CONFLICT IGNORE COLLATE NOCASE, PRIMARY KEY (a)) WITHOUT ROWID, STRICT;",
            "CREATE TABLE t (a int CONSTRAINT c CHECK (a > 0), b UNSIGNED INT AS (a * 2) STORED, UNIQUE (a) ON CONFLICT FAIL)",
            "CREATE TABLE t (a REFERENCES p DEFERRABLE INITIALLY DEFERRED, b DEFAULT (1 + 1))",
            "CREATE TABLE t (a int, b int, FOREIGN KEY (a) REFERENCES p (id) ON DELETE SET NULL)",
            "CREATE TEMP TABLE IF NOT EXISTS u (a int)",
        ] {
            let mut snapshot = Snapshot::default();
            snapshot.apply(DbBackend::Sqlite, sql);
            let temporary = sql.contains("TEMP");
            assert_eq!(snapshot.unread.len(), usize::from(temporary), "{sql}: {:?}", snapshot.unread);
            assert!(
                temporary || snapshot.table("t").is_some_and(|table| table.column("a").is_some()),
                "{sql}"
            );
        }
        let mut snapshot = Snapshot::default();
        snapshot.apply(DbBackend::Sqlite, "CREATE TABLE t (a int)");
        snapshot.apply(DbBackend::Sqlite, "ALTER TABLE t ADD COLUMN b real(8, 2) NOT NULL DEFAULT 0");
        snapshot.apply(DbBackend::Sqlite, "ALTER TABLE t ADD c unsigned big int");
        assert_eq!(snapshot.table("t").unwrap().columns.len(), 3);
        assert_eq!(snapshot.unread, Vec::<String>::new());
    }
}
