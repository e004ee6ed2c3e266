//! What is too much is one finding, and nothing falls over.

use super::{parse, tree};

const MANY: usize = 200_000;

#[test]
fn endless_nesting_is_one_finding() {
    let before = ["segment s = ", "segment s = a", "campaign c { "];
    let nested = [
        (0, "("),
        (0, "["),
        (0, "{"),
        (0, "not "),
        (0, "- "),
        (0, "a + "),
        (0, "a * "),
        (0, "f("),
        (0, "not ("),
        (1, " ever"),
        (1, " in last 3d"),
        (2, "{ "),
        (2, "if a then "),
        (2, "if a then stop else "),
        (2, "if a then { "),
        (2, "parallel { { "),
    ];
    for (at, open) in nested {
        let parsed = parse(&format!("{}{}", before[at], open.repeat(MANY)));
        assert_eq!(parsed.codes(), ["E0211"], "{}{open}", before[at]);
    }
    assert_eq!(parse(&")".repeat(1000)).lines(), [1]);
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let nested = |n: usize| format!("segment s = {}points{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&nested(100)).findings.is_empty());
    assert!(parse(&nested(127)).findings.is_empty());
    assert_eq!(parse(&nested(128)).codes(), ["E0211"]);
}

#[test]
fn long_is_not_deep() {
    tree(&format!("segment s = {}a", "a == 1 or ".repeat(MANY / 10)));
    tree(&format!("campaign c {{ {} }}", "points +1 if a then stop else tag \"x\" ".repeat(MANY / 100)));
    tree(&format!("segment s = a in ({}1)", "1, ".repeat(MANY / 10)));
}

#[test]
fn nul_is_refused_where_it_stands() {
    let parsed = parse("// fine\nsegment \0s = a");
    assert_eq!(parsed.codes(), ["E0109"]);
    assert_eq!(parsed.lines(), [2]);
}

#[test]
fn a_large_file_is_refused() {
    assert_eq!(parse(&" ".repeat(campc::syntax::MAX_SOURCE_BYTES + 1)).codes(), ["E0212"]);
}

#[test]
fn a_file_of_errors_ends_soon() {
    for text in [
        format!("campaign c {{ {} }}", "emial x ".repeat(20_000)),
        "list\n".repeat(20_000),
        "@".repeat(MANY),
        "@ ".repeat(MANY),
        "\"\n".repeat(MANY),
        "a ".repeat(MANY),
    ] {
        let parsed = parse(&text);
        assert!((1..=2 * campc::syntax::MAX_FINDINGS).contains(&parsed.findings.len()), "{}", parsed.findings.len());
    }
}
