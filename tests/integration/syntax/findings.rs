//! What is said of mistakes, and how it is shown.

use super::parse;
use campc::{
    base::ALL_CODES,
    diagnostics::{Applicability, View, json, short, suggest, terminal},
};
use std::{fs, path::PathBuf};

/// The examples of a page: what stands in the ```camp block below a heading.
fn example(page: &str, heading: &str) -> Option<String> {
    let below = page.split_once(&format!("## {heading}"))?.1;
    let inside = below.split_once("```camp\n")?.1;
    inside.split_once("```").map(|(code, _)| code.to_string())
}

#[test]
fn every_page_keeps_its_word() {
    for (code, title) in ALL_CODES.iter().filter(|(code, _)| code.as_str().starts_with("E01") || code.as_str().starts_with("E02")) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("docs/findings/{code}.md"));
        let page = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path:?}"));
        assert!(page.starts_with(&format!("# {code}: {title}\n")), "{code}: {title}");
        let (wrong, right) = (example(&page, "Wrong"), example(&page, "Right"));
        // These need a file that cannot be printed.
        assert_eq!(wrong.is_some(), !["E0109", "E0111", "E0212"].contains(&code.as_str()), "{code}");
        if let Some((wrong, right)) = wrong.zip(right) {
            assert!(parse(&wrong).codes().contains(&code.as_str()), "{code}: {:?}", parse(&wrong).codes());
            assert!(parse(&right).findings.is_empty(), "{code}: {:?}", parse(&right).findings);
        }
    }
}

/// The text after its certain fixes, or after its guesses too.
fn fixed(text: &str, with: &[Applicability]) -> String {
    let parsed = parse(text);
    let mut edits: Vec<_> =
        parsed.findings.iter().filter_map(|f| f.fix.as_ref()).filter(|f| with.contains(&f.applicability)).flat_map(|f| f.edits.clone()).collect();
    edits.sort_by_key(|e| std::cmp::Reverse(e.span));
    let mut out = text.to_string();
    edits.iter().for_each(|e| out.replace_range(e.span.range(), &e.replacement));
    out
}

#[test]
fn certain_fixes_are_right() {
    for (wrong, right) in [
        ("segment s = a = 1", "segment s = a == 1"),
        ("campaign c { if segment hot then stop }", "campaign c { if in segment hot then stop }"),
        ("segment s = country in \"CA\"", "segment s = country in (\"CA\")"),
        ("segment s = a && b || !c", "segment s = a and b or not c"),
        ("segment s = a <> 1", "segment s = a != 1"),
        ("segment s = a === 1", "segment s = a == 1"),
        ("segment s = a => 1", "segment s = a >= 1"),
        ("segment s = a =< 1", "segment s = a <= 1"),
        ("campaign c { stop; }", "campaign c { stop }"),
        ("sms a 'b \"c\"'", "sms a \"b \\\"c\\\"\""),
        ("campaign c { send email welcome }", "campaign c { email welcome }"),
        ("campaign c { when event purchase stop }", "campaign c { when purchase stop }"),
        ("# hello\nlist l", "// hello\nlist l"),
    ] {
        let got = fixed(wrong, &[Applicability::Certain]);
        assert_eq!(got.replace("not  ", "not "), right);
        assert!(parse(&got).findings.is_empty(), "{got}");
    }
}

#[test]
fn guesses_are_good() {
    for (wrong, right) in [
        ("campaign c { wait 3 dayz stop }", "campaign c { wait 3 days stop }"),
        ("campaign c { wait 3dayz stop }", "campaign c { wait 3 days stop }"),
        ("campaign c { wait 3 d stop }", "campaign c { wait 3d stop }"),
        ("campaign c { set plan == \"pro\" }", "campaign c { set plan = \"pro\" }"),
        ("campaign c { email \"welcome\" stop }", "campaign c { email welcome stop }"),
        ("campaign c { split { 50 { stop } else { } } stop }", "campaign c { split { 50% { stop } else { } } stop }"),
        ("campaign c { if a == 1 AND b then stop }", "campaign c { if a == 1 and b then stop }"),
        ("campaign c { exit if purchase }", "campaign c { exit when purchase }"),
        ("points { on opened +5 once per day }", "points { on opened +5 at most once per day }"),
        ("contact { plan: string }", "contact { plan: text }"),
        ("segment hot where points > 5", "segment hot = points > 5"),
        ("campaign c { emial welcome }", "campaign c { email welcome }"),
        ("email a { subjekt \"x\" }", "email a { subject \"x\" }"),
        ("campaign c { run x() }", "campaign c { do x() }"),
        ("campaign c { if a stop }", "campaign c { if a then stop }"),
        ("campaign c { mute 14d }", "campaign c { mute for 14d }"),
        ("campaign c { goal \"x\" purchase }", "campaign c { goal \"x\" = purchase }"),
        ("contact { plan text }", "contact { plan: text }"),
        ("policy { quiet hours 21:00 and 08:00 }", "policy { quiet hours between 21:00 and 08:00 }"),
        ("test \"t\" { expect email == \"x\" }", "test \"t\" { expect contact.email == \"x\" }"),
    ] {
        let got = fixed(wrong, &[Applicability::Certain, Applicability::Maybe]);
        assert_eq!(got, right);
        assert!(parse(&got).findings.is_empty(), "{got}");
    }
}

#[test]
fn one_fault_is_one_finding() {
    for (text, code) in [
        ("campaign c { if segment hot then stop }", "E0208"),
        ("points { on purchase where amount > 3 +5 }", "E0213"),
        ("campaign c { when a or every monday at 09:00 for b }", "E0210"),
        ("campaign c { when a or at 2026-01-01 09:00 for b }", "E0210"),
        ("campaign c { if past > 3 then stop }", "E0213"),
        ("segment s = (a == 1", "E0203"),
        ("campaign c { if opened(a then stop else stop }", "E0203"),
        ("campaign c { publishd { a b c } when enrolled }", "E0202"),
        ("segment s = a == 2026-02-30", "E0106"),
        ("segment s = a == 2026-02-28 24:00", "E0107"),
        ("segment s = a == 1_000_00é", "E0104"),
        ("segment s = “a”", "E0104"),
        ("form \"x\" { }", "E0213"),
        ("campaign c { if a { stop } else { stop } tag \"x\" }", "E0201"),
        ("campaign c { webhook w { a b } tag \"x\" }\nlist l", "E0201"),
        ("campaign c {\n  split { 50 { tag \"x\" } else { } }\n  tag \"x\"\n}", "E0213"),
        ("email a { subject \"x\" body \"Hi \"there\"\" }", "E0213"),
        ("campaign c { sms \"unclosed\n}\ncampaign d { stop }", "E0101"),
    ] {
        assert_eq!(parse(text).codes()[..1], [code], "{text}");
        assert!(parse(text).lines().len() == 1, "{text}: {:?}", parse(text).findings);
    }
}

#[test]
fn no_finding_lists_the_whole_language() {
    for (_, text) in super::samples("bad") {
        for finding in parse(&text).findings {
            assert!(finding.title.len() < 120 && finding.primary.text.len() < 220, "{finding:?}");
        }
    }
}

#[test]
fn an_error_stays_in_its_declaration() {
    let parsed = parse("campaign \"A\" {\n  when enrolled\n  if opened(email) then {\n    sms \"x\"\n}\nsegment s = a ==\ncampaign \"B\" { when enrolled }\n");
    assert_eq!(parsed.codes(), ["E0203", "E0201"]);
    assert_eq!(parsed.lines(), [5, 6]);
    assert_eq!(parsed.tree.decls.len(), 3);
}

#[test]
fn the_terminal_shows_the_source() {
    let parsed = parse("campaign \"Ä\" {\n  when segment\n  email welcome\n}");
    let text = terminal::render(&parsed.findings, &View::new(&parsed.sources), terminal::Paint::Plain);
    insta::assert_snapshot!(text, @r#"
    [E0201] Error: `email` stands where a name or a text in quotes belongs
       ╭─[ main.camp:3:3 ]
       │
     2 │   when segment
       │        ───┬───
       │           ╰───── after `segment`
     3 │   email welcome
       │   ──┬──
       │     ╰──── here belongs a name or a text in quotes
    ───╯
    "#);
    let colored = terminal::render(&parsed.findings, &View::new(&parsed.sources), terminal::Paint::Colored);
    assert!(colored.contains('\u{1b}') && !text.contains('\u{1b}'));
}

#[test]
fn short_and_json_are_a_contract() {
    let parsed = parse("segment é = 1\n\nsegment s = \"é\" = 1");
    let findings = parsed.findings.get(1..).unwrap();
    let to_shown = |path: &str| format!("sub/{path}");
    let view = View::new(&parsed.sources).with_paths(&to_shown);
    assert_eq!(short::render(findings, &view), "sub/main.camp:3:17: error[E0205]: comparing takes `==`\n");
    let place = r#""path":"sub/main.camp","line":3,"column":17,"end_line":3,"end_column":18,"byte_start":33,"byte_end":34"#;
    let label = format!(r#"{{"text":"`=` gives a value, it does not compare","primary":true,{place}}}"#);
    let fix = format!(r#"{{"title":"write `==`","applicability":"certain","edits":[{{{place},"replacement":"=="}}]}}"#);
    let want = format!(
        r#"{{"code":"E0205","severity":"error","title":"comparing takes `==`",{place},"labels":[{label}],"help":["write `==`"],"notes":[],"fix":{fix}}}"#
    );
    assert_eq!(json::render(findings, &view), want + "\n");
}

#[test]
fn a_terminal_is_never_commanded() {
    let parsed = parse("segment s = \u{1b}[31m \u{202e} a\r\n@");
    let text = terminal::render(&parsed.findings, &View::new(&parsed.sources), terminal::Paint::Plain);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\r'));
}

#[test]
fn suggestions_are_near() {
    assert_eq!(suggest("emial", ["sms", "email"]).as_deref(), Some("email"));
    assert_eq!(suggest("cuontry", ["count", "country"]).as_deref(), Some("country"));
    assert_eq!(suggest("ab", ["xy"]), None);
    assert_eq!(suggest("", ["a"]), None);
}
