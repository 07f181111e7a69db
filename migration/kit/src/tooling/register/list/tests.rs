//! Lists in the forms that people write.

use super::*;

const NEW: &str = "m3_new";

/// A `lib.rs` with this body of `fn migrations`.
fn library(body: &str) -> String {
    format!(
        "//! All of them.\n\npub use sea_orm_migration::prelude::*;\n\nmod m1_a;\nmod m2_b; // in between\n\n\
         pub struct Migrator;\n\nimpl MigratorTrait for Migrator {{\n    fn migrations() -> Vec<Box<dyn MigrationTrait>> \
         {{{body}}}\n}}\n"
    )
}

#[track_caller]
fn becomes(old: &str, new: &str) {
    let source = library(old);
    let changed = List::find(&source).and_then(|list| list.with(NEW)).unwrap_or_else(|| panic!("{old}"));
    let declared = "mod m2_b; // in between\nmod m3_new;\n";
    assert_eq!(changed, library(new).replace("mod m2_b; // in between\n", declared));
}

#[test]
fn a_list_on_one_line_gets_a_line_for_each_entry() {
    let laid_out = |outer: &str, open: &str, lines: &[&str], close: &str| {
        let lines: Vec<String> = lines.iter().map(|line| format!("{outer}    {line}\n")).collect();
        format!("{open}\n{outer}    {ONE_A_LINE}\n{}{outer}{close}", lines.concat())
    };
    let (a, b, new) =
        ("Box::new(m1_a::Migration),", "Box::new(m2_b::Migration),", "Box::new(m3_new::Migration),");
    for list in ["vec![]", "Vec::new()", "vec![ ]"] {
        let new = laid_out("        ", "vec![", &[new], "]");
        becomes(&format!("\n        {list}\n    "), &format!("\n        {new}\n    "));
    }
    for list in [
        "vec![Box::new(m1_a::Migration), Box::new(m2_b::Migration)]",
        "vec![Box::new(m1_a::Migration), Box::new(m2_b::Migration),]",
        "vec![Box::new(m1_a::Migration),\n        Box::new(m2_b::Migration)]",
    ] {
        let new = laid_out("        ", "vec![", &[a, b, new], "]");
        becomes(&format!("\n        {list}\n    "), &format!("\n        {new}\n    "));
    }
    let new = laid_out(
        "    ",
        "vec!{",
        &["// first", "/* a */", a, "Box::new(m2_b::Migration), // b", "// c", new],
        "}",
    );
    becomes(
        " vec!{// first\n/* a */ Box::new(m1_a::Migration), Box::new(m2_b::Migration) // b\n // c\n} ",
        &format!(" {new} "),
    );
}

#[test]
fn a_list_with_a_line_for_each_entry_gets_a_further_line() {
    for (old, new) in [
        ("m2_b::Migration),\n", "m2_b::Migration),\n"),
        ("m2_b::Migration)\n", "m2_b::Migration),\n"),
        (
            "m2_b::Migration) // why, b]\n            // and so\n",
            "m2_b::Migration), // why, b]\n            // and so\n",
        ),
        ("m2_b::Migration), /* b */\n", "m2_b::Migration), /* b */\n"),
    ] {
        let list = |last: &str| {
            format!(
                "\n        let _more = vec![1, 2];\n        let all = vec![\n            Box::new(m1_a::Migration),\n            \
                 #[cfg(feature = \"b\")]\n            Box::new({last}        ];\n        all\n    "
            )
        };
        becomes(&list(old), &list(&format!("{new}            Box::new(m3_new::Migration),\n")));
    }
}

#[test]
fn a_module_is_declared_where_items_are() {
    for (old, new) in [
        ("fn migrations() { vec![] }\n", "mod m3_new;\n\nfn migrations() { vec![] }\n"),
        (
            "#![allow(x)]\n//! Top.\n/// Doc.\nfn migrations() { vec![] }\n",
            "#![allow(x)]\n//! Top.\nmod m3_new;\n\n/// Doc.\nfn migrations() { vec![] }\n",
        ),
        (
            "use a::{b};\nfn migrations() { vec![] }\nmod tests { mod m9_x; }\n",
            "use a::{b};\n\nmod m3_new;\nfn migrations() { vec![] }\nmod tests { mod m9_x; }\n",
        ),
        ("mod a; fn migrations() { vec![] }\n", "mod a;\nmod m3_new; fn migrations() { vec![] }\n"),
    ] {
        let laid_out = format!("vec![\n    {ONE_A_LINE}\n    Box::new(m3_new::Migration),\n]");
        let changed = List::find(old).and_then(|list| list.with(NEW));
        assert_eq!(changed, Some(new.replace("vec![]", &laid_out)), "{old}");
    }
}

#[test]
fn the_list_is_that_of_the_migrator() {
    let tests = "mod tests { impl MigratorTrait for Some { fn migrations() { vec![Box::new(other::X)] } } }";
    let source =
        format!("{}{tests}", library("vec![Box::new(m1_a::Migration), Box::new(a::m2_b::Migration)]"));
    let list = List::find(&source).unwrap();
    assert_eq!(list.modules(), ["m1_a", "m2_b"]);
    for none in [
        "",
        "fn migrations();",
        "fn migrations() { all() }",
        "fn migrations() { \"vec![]\" }",
        "fn migrations() { // vec![]\n }",
        "fn migrations() { vec![1, 2] }",
        "fn migrations() { vec![ }",
        "impl A { fn migrations() { vec![] } } impl B { fn migrations() { vec![] } }",
    ] {
        assert!(List::find(none).is_none(), "{none}");
    }
}
