//! The style, seen.

use super::formatted;
use crate::syntax::good_samples;

#[test]
fn the_samples_in_canonical_layout() {
    for (path, text) in good_samples() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::assert_snapshot!(format!("sample_{name}"), formatted(&text));
    }
}

fn shows(source: &str, expected: &str) {
    assert_eq!(formatted(source), expected);
    assert_eq!(formatted(expected), expected, "a second run");
}

#[test]
fn durations_and_times_are_written_short() {
    shows(
        "campaign a { when enrolled wait 15m wait 3 days wait 15 minutes wait 1h30m wait 1 business   day wait until 9:00 wait until 2026-12-24T9:05 }",
        "campaign a {\n  when enrolled\n  wait 15min\n  wait 3d\n  wait 15min\n  wait 1h30min\n  wait 1 business day\n  wait until 09:00\n  wait until 2026-12-24 09:05\n}\n",
    );
}

#[test]
fn a_day_and_a_time_on_two_lines_stay_two() {
    shows("campaign a {\n  when enrolled\n  wait until 2026-12-24\n    09:00\n}\n", "campaign a {\n  when enrolled\n  wait until 2026-12-24 at 09:00\n}\n");
}

#[test]
fn a_block_on_one_line_stays_there_if_it_fits() {
    shows("campaign a{when enrolled  tag \"x\"}", "campaign a { when enrolled  tag \"x\" }\n");
    shows("campaign a {\n when enrolled tag \"x\" }", "campaign a {\n  when enrolled\n  tag \"x\"\n}\n");
    shows("campaign a {}\ncampaign b {\n\n}\n", "campaign a { }\ncampaign b { }\n");
}

#[test]
fn one_empty_line_is_kept_and_none_inside_braces() {
    shows("list a\n\n\n\nlist b\nlist c\n\n\n", "list a\n\nlist b\nlist c\n");
    shows("campaign a {\n\n  when enrolled\n\n\n  tag \"x\"\n\n}\n", "campaign a {\n  when enrolled\n\n  tag \"x\"\n}\n");
}

#[test]
fn else_stands_by_its_brace_or_on_its_own_line() {
    shows(
        "campaign a {\n  when enrolled\n  if vip then { tag \"a\"\n } else if points > 3 then tag \"b\"\n  else tag \"c\"\n  if vip then tag \"a\" else tag \"b\"\n}\n",
        "campaign a {\n  when enrolled\n  if vip then {\n    tag \"a\"\n  } else if points > 3 then tag \"b\"\n  else tag \"c\"\n  if vip then tag \"a\" else tag \"b\"\n}\n",
    );
}

#[test]
fn what_is_too_long_is_broken_where_it_reads_well() {
    let words = |count: usize| (0..count).map(|i| format!("nickname_{i} == \"a rather long text\"")).collect::<Vec<_>>();
    shows(&format!("segment s = {}", words(4).join(" and ")), &format!("segment s = {}\n", words(4).join("\n  and ")));
    let pairs = (0..8).map(|i| format!("property_{i}: \"a value\"")).collect::<Vec<_>>();
    shows(
        &format!("campaign a {{\n  when enrolled\n  webhook crm {{ {} }} as answer\n}}\n", pairs.join(", ")),
        &format!("campaign a {{\n  when enrolled\n  webhook crm {{\n    {}\n  }} as answer\n}}\n", pairs.join(",\n    ")),
    );
}

#[test]
fn fields_of_events_have_commas_on_one_line_alone() {
    shows("event a { b: text c: text }\nevent d {\n e: text,\n f: text, }\n", "event a { b: text, c: text }\nevent d {\n  e: text\n  f: text\n}\n");
    shows("contact { a: text, b: text }", "contact { a: text  b: text }\n");
}

#[test]
fn comments_keep_their_places() {
    shows(
        "// first\n\n\n// second\nlist a // beside a\n// before b\nlist b\ncampaign c { // opens\n  when enrolled // beside\n\n  // alone\n  tag \"x\"\n  // last\n}\n// end",
        "// first\n\n// second\nlist a // beside a\n// before b\nlist b\ncampaign c { // opens\n  when enrolled // beside\n\n  // alone\n  tag \"x\"\n  // last\n}\n// end\n",
    );
    shows("event a { b: text // why\n , c: text }", "event a {\n  b: text // why\n  c: text\n}\n");
    shows(
        "campaign a {\n  when enrolled\n  webhook w { a: 1 // one\n, b: 2 }\n}",
        "campaign a {\n  when enrolled\n  webhook w {\n    a: 1, // one\n    b: 2\n  }\n}\n",
    );
}

#[test]
fn a_text_over_several_lines_moves_with_its_line() {
    shows(
        "email a { subject \"A\" body \"\"\"\n        Hi,\n\n          there.\n      \"\"\" }\n",
        "email a {\n  subject \"A\"\n  body \"\"\"\n  Hi,\n\n    there.\n  \"\"\"\n}\n",
    );
    shows("sms a \"\"\"Hi\n   you\"\"\"", "sms a \"\"\"Hi\nyou\"\"\"\n");
}

#[test]
fn an_empty_file_stays_empty() {
    assert_eq!(formatted(""), "");
    assert_eq!(formatted("\n\n"), "");
}
