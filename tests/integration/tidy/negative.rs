//! Each rule finds the fault it is for, in a made-up file, and leaves a good one alone.

use super::{files::File, layers, mask, pages, rules};

fn one(path: &str, text: &str) -> Vec<File> {
    vec![File::made_up(path, text)]
}

#[test]
fn an_import_upwards_is_found() {
    let faults = layers::imports(&one("src/lang/value.rs", "//! Values.\nuse crate::{base::Span, store::{Store, rows}};\n"));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("src/lang/value.rs:2: `lang` may not import `store`"), "{faults:?}");
    assert!(layers::imports(&one("src/lang/value.rs", "// crate::store\nuse crate::base::Span;\nfn f() { g(\"crate::store\") }")).is_empty());
}

#[test]
fn a_path_in_the_middle_of_code_is_an_import_too() {
    let faults = layers::imports(&one("src/daemon/desk.rs", "//! Desk.\nfn f() { crate::semantic::check() }\n"));
    assert!(faults[0].contains("`daemon` may not import `semantic`"), "{faults:?}");
}

#[test]
fn a_module_without_a_layer_is_found() {
    assert!(layers::imports(&one("src/gizmo/mod.rs", "//! Gizmo.\n"))[0].contains("has no layer"));
}

#[test]
fn groups_of_imports_are_read_to_their_end() {
    let names: Vec<String> = layers::imported("use crate::{\n    a::{b, c},\n    d,\n    e::f,\n};\nuse crate::g;").into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "d", "e", "g"]);
}

#[test]
fn a_library_outside_its_place_is_found() {
    let faults = layers::crates(&one("src/http/rows.rs", "//! Rows.\nuse rusqlite::Connection;\n"));
    assert!(faults[0].starts_with("src/http/rows.rs:2: `rusqlite` is used in src/store/sqlite/ only"), "{faults:?}");
    assert!(layers::crates(&one("src/store/sqlite/load.rs", "use rusqlite::Connection;")).is_empty());
}

#[test]
fn a_clock_in_a_pure_module_is_found() {
    for word in
        ["std::time::SystemTime", "std::fs::read(p)", "std::env::var(n)", "std::thread::spawn(f)", "tokio::spawn(f)", "getrandom::fill(b)", "rand::random()"]
    {
        let faults = layers::purity(&one("src/advance/facts.rs", &format!("//! Facts.\nfn f() {{ {word} }}\n")));
        assert!(!faults.is_empty(), "{word}");
        assert!(faults[0].starts_with("src/advance/facts.rs:2: `advance` is pure"), "{faults:?}");
        assert!(layers::purity(&one("src/daemon/clock.rs", &format!("fn f() {{ {word} }}"))).is_empty(), "{word}");
    }
    assert!(layers::purity(&one("src/advance/facts.rs", "use crate::lang::Instant; fn operand() { brand::x() } // std::fs")).is_empty());
}

#[test]
fn a_page_without_the_table_is_found() {
    assert_eq!(layers::page_faults("").len(), layers::LAYERS.len());
    let rest = layers::page_faults("| 0 | `base` | yes | – | spans |\n");
    assert_eq!(rest.len(), layers::LAYERS.len() - 1);
}

#[test]
fn a_file_without_a_header_is_found() {
    assert_eq!(rules::headers(&one("src/a.rs", "use std::fmt;\n//! Too late for this.\n")).len(), 1);
    assert_eq!(rules::headers(&one("src/a.rs", "")).len(), 1);
    assert!(rules::headers(&one("src/a.rs", "//! What it is.\n")).is_empty());
}

#[test]
fn a_line_too_many_is_found() {
    assert!(rules::lengths(&one("src/a.rs", &"x\n".repeat(600))).is_empty());
    assert_eq!(rules::lengths(&one("src/a.rs", &"x\n".repeat(601))).len(), 1);
}

#[test]
fn an_empty_name_is_found() {
    assert_eq!(rules::names(&one("src/store/utils.rs", "")).len(), 1);
    assert_eq!(rules::names(&one("src/helpers/a.rs", "")).len(), 1);
    assert!(rules::names(&one("src/store/rows.rs", "")).is_empty());
}

#[test]
fn a_file_that_nobody_builds_is_found() {
    let mut files = vec![File::made_up("src/lib.rs", "pub mod a;\n// mod c;"), File::made_up("src/a/mod.rs", "mod b;"), File::made_up("src/a/b.rs", "")];
    assert!(rules::orphans(&files).is_empty(), "{:?}", rules::orphans(&files));
    files.push(File::made_up("src/c.rs", ""));
    files.push(File::made_up("src/a/d.rs", ""));
    assert_eq!(rules::orphans(&files).len(), 2);
}

#[test]
fn a_promise_without_a_test_is_found() {
    let tests = one("tests/integration/a.rs", "fn it_holds() {}\n");
    assert!(pages::promises("| 1 | It holds. | `it_holds` |", &tests).is_empty());
    assert_eq!(pages::promises("| 1 | It holds. | `it_held` |", &tests).len(), 1);
    assert_eq!(pages::promises("| 1 | It holds. | |", &tests).len(), 1);
    assert_eq!(pages::promises("Nothing is promised.", &tests).len(), 1);
}

#[test]
fn a_statement_put_together_is_found() {
    for line in ["let q = format!(\"SELECT * FROM {table}\");", "sql.push_str(\"DELETE FROM t\");", "db.execute(\n    &format!(\"{verb} x\"), [])"] {
        assert_eq!(rules::statements(&one("src/store/sqlite/read.rs", line)).len(), 1, "{line}");
    }
    assert!(rules::statements(&one("src/store/sqlite/read.rs", "db.prepare(\"SELECT a FROM b WHERE c = ?1\")")).is_empty());
    assert!(rules::statements(&one("src/store/sqlite/read.rs", "// format!(\"SELECT {x}\")\nformat!(\"row {x}\")")).is_empty());
}

#[test]
fn leftovers_are_found() {
    for line in [
        concat!("to", "do!()"),
        concat!("unimple", "mented!()"),
        concat!("db", "g!(x)"),
        concat!("#[ig", "nore]"),
        concat!("// TO", "DO: later"),
        concat!("// FIX", "ME() x"),
    ] {
        assert_eq!(rules::leftovers(&one("src/a.rs", line)).len(), 1, "{line}");
    }
    for line in [concat!("// TO", "DO(ana): later"), concat!("// METHO", "DOLOGY"), concat!("// the TO", "DOS list"), "let a = \"dbg! inside a text\";"] {
        assert!(rules::leftovers(&one("src/a.rs", line)).is_empty(), "{line}");
    }
}

#[test]
fn a_path_of_one_machine_is_found() {
    assert_eq!(rules::machine_paths(&one("README.md", concat!("see /", "work/camp/x"))).len(), 1);
    assert_eq!(rules::machine_paths(&one("a.sh", concat!("cd \"/", "home/ana/camp\""))).len(), 1);
    assert!(rules::machine_paths(&one("a.md", "framework/x, src/work/a, visited(\"/work\")")).is_empty());
}

#[test]
fn a_missing_page_or_example_is_found() {
    let codes = [("E0301", "no such name")];
    let page = |text: &str| one("docs/findings/E0301.md", text);
    assert!(pages::faults(&codes, &[])[0].contains("is missing"));
    assert!(pages::faults(&codes, &page("# E0301: no such name\n\n## Wrong\n"))[0].contains("`## Right`"));
    assert!(pages::faults(&codes, &page("# E0301: other\n## Wrong\n## Right\n"))[0].contains("first line"));
    assert!(pages::faults(&[], &page("# E0301: no such name\n"))[0].contains("no such code"));
    assert!(pages::faults(&codes, &page("# E0301: no such name\n\nWhy.\n\n## Wrong\n\n## Right\n")).is_empty());
}

#[test]
fn links_are_read_from_where_they_stand() {
    assert_eq!(pages::resolve("docs/a.md", "../grammar/README.md#x"), "grammar/README.md");
    assert_eq!(pages::resolve("README.md", "docs/"), "docs");
}

#[test]
fn masking_keeps_lines_and_drops_comments_and_texts() {
    let source = "a // b\n\"c\\\" // d\" e /* f\n/* g */ */ h r#\"i \"\nj\"# 'k' '\\'' &'l m\n";
    let masked = mask::code(source);
    assert_eq!(masked.matches('\n').count(), source.matches('\n').count());
    let words: Vec<&str> = masked.split_whitespace().collect();
    assert_eq!(words, ["a", "e", "h", "&'l", "m"]);
    assert!(mask::code_and_texts(source).contains("i \"\nj"));
}
