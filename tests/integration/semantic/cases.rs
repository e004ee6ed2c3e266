//! One planted fault, one finding; and what must not be found.

use super::{case, check, check_files, samples};
use campc::diagnostics::Applicability;

/// Each text has one fault; the finding's place is line and column of the text.
const ONE_FAULT: &[(&str, &str)] = &[
    ("segment s = contact.ag > 3", "1:21 E0301 there is no field `ag`\n"),
    ("segment s = hot", "1:13 E0301 `hot` is a segment, not a field or event\n"),
    ("segment s = welcome", "1:13 E0301 `welcome` is a message, not a field or event\n"),
    (
        "segment s = cuontry == \"Canada\" and points > \"x\" + 1",
        "1:13 E0301 there is no field or event `cuontry`\n1:50 E0405 a text and a number cannot be calculated with like this\n",
    ),
    ("segment s = purchase(amout > 3)", "1:22 E0301 there is no field or event `amout`\n"),
    ("segment s = last(purchase).prize > 3", "1:28 E0302 `purchase` has no property `prize`\n"),
    ("segment s = sum(purchase.sku) > 3", "1:26 E0406 a number belongs here\n"),
    ("segment s = opened(welcom)", "1:20 E0303 there is no message `welcom`\n"),
    ("segment s = webinar(company == \"x\")", "1:13 E0304 `webinar` is a form, not an event\n"),
    ("segment s = plan in (\"free\", \"gold\")", "1:30 E0403 \"gold\" is not one of the values\n"),
    ("segment s = age between 1 and \"x\"", "1:31 E0402 a number cannot be compared with a text\n"),
    ("segment s = vip > false", "1:13 E0404 a bool has no order\n"),
    ("segment s = tags_seen == \"x\"", "1:23 E0402 a list(text) cannot be compared with a text\n"),
    ("segment s = age is today", "1:13 E0411 a date belongs here\n"),
    ("segment s = points", "1:13 E0401 this is not a condition\n"),
    ("segment s = not points", "1:17 E0401 this is not a condition\n"),
    ("segment s = count(purchase)", "1:13 E0401 this is not a condition\n"),
    ("segment s = replied(welcome, \"(x\")", "1:30 E0412 this is not a regular expression\n"),
    ("segment a1 = in segment b1\nsegment b1 = in segment c1\nsegment c1 = in segment a1", "3:25 E0701 segments refer to each other in a circle\n"),
    ("segment a1 = in segment a1", "1:25 E0701 segment `a1` refers to itself\n"),
    ("contact { size: enum(\"s\") = \"m\" }", "1:29 E0403 \"m\" is not one of the values\n"),
    ("contact { age: text }", "1:11 E0314 field `age` is declared twice\n"),
    ("contact { email: number }", "1:11 E0416 the built-in field `email` is a text\n"),
    ("points { on purchase +sku }", "1:23 E0406 a number belongs here\n"),
    ("points { on sent(welcome) +5 }", "1:13 E0515 `sent` cannot stand here\n"),
    ("campaign a { when enrolled set plan = \"gold\" }", "1:39 E0403 \"gold\" is not one of the values\n"),
    ("campaign a { when enrolled set birthday = now }", "1:43 E0407 `birthday` holds a date, not a datetime\n"),
    ("campaign a { when enrolled set ag = 3 }", "1:32 E0301 there is no field `ag`\n"),
    ("campaign a { when enrolled wait until plan }", "1:39 E0411 a date belongs here\n"),
    ("campaign a { when enrolled enroll in campaign a }", "1:47 E0506 \"a\" is this very campaign\n"),
    ("campaign a { when plan changes to \"gold\" tag \"x\" }", "1:35 E0403 \"gold\" is not one of the values\n"),
    ("campaign a { when purchase(amount > \"x\") tag \"x\" }", "1:35 E0402 a number cannot be compared with a text\n"),
    ("campaign a { when purchase as order webhook crm { total: order.amunt } }", "1:64 E0302 `purchase` has no property `amunt`\n"),
    ("campaign a { when enrolled webhook crm as answer if answer.okay then tag \"x\" }", "1:60 E0302 `a webhook's answer` has no property `okay`\n"),
    (
        "campaign a { when enrolled if vip then { webhook crm as answer } if answer.ok then tag \"x\" }",
        "1:69 E0322 there is no captured event or answer `answer`\n",
    ),
    ("campaign a { when every monday at 09:00 in \"Toronto\" for vip tag \"x\" }", "1:44 E0321 there is no time zone `Toronto`\n"),
    ("campaign a { when enrolled notify \"a@b.example\" \"Hi {{ contact.nick }}\" }", "1:56 E0604 there is no `contact.nick` for this template\n"),
    ("campaign a { when enrolled email { subject \"Hi\" } }", "1:28 E0601 an email needs a `body`\n"),
    (
        "campaign a { when purchase when logged_in as seen if seen is not set then tag \"x\" notify \"a@b.example\" \"{{ seen }}\" }",
        "1:108 E0509 `seen` may not be there\n",
    ),
    ("sequence q(n: number) { points +m }\ncampaign a { when enrolled do q(3) }", "1:33 E0301 there is no field or event `m`\n"),
    ("sequence q(n: number) { points +n }\ncampaign a { when enrolled do q(\"x\") }", "2:33 E0407 `n` holds a number, not a text\n"),
    ("sequence q(m: email) { email m }\ncampaign a { when enrolled do q(short) }", "2:33 E0615 `short` is of channel sms, not email\n"),
    ("sequence q(n: number) { points +n }\ncampaign a { when enrolled do q(1, 2) }", "2:36 E0408 `q` takes 1 argument\n"),
    ("sequence q() { do r() }\nsequence r() { do q() }\ncampaign a { when enrolled do q() }", "2:19 E0510 the sequence `q` leads back to itself\n"),
    ("test \"t\" { given contact { plan: \"gold\" } }", "1:34 E0403 \"gold\" is not one of the values\n"),
    ("test \"t\" { given contact {} purchase { amunt: 3 } }", "1:40 E0302 `purchase` has no property `amunt`\n"),
    ("test \"t\" { given contact {} expect email welcom }", "1:42 E0303 there is no message `welcom`\n"),
    ("test \"t\" { given contact {} expect ag == 3 }", "1:36 E0301 there is no field or event `ag`\n"),
    ("test \"t\" { given contact ana {} expect email welcome to anna }", "1:57 E1101 no contact `anna` is given yet\n"),
];

#[test]
fn one_fault_gives_one_finding() {
    let mut told = String::new();
    for (text, expected) in ONE_FAULT {
        let found = case(text);
        if found != *expected {
            told.push_str(&format!("{text}\n  expected {expected}  found    {found}"));
        }
    }
    assert_eq!(told, "");
}

/// What has a meaning, and gives no finding at all.
const NO_FAULT: &[&str] = &[
    "segment s = contact.points > 3 and email is set and in segment hot",
    "segment s = birthday is today or ends < 3d ago or ends > birthday",
    "segment s = purchase(sku == \"x\") in last 30d and not (purchase ever)",
    "segment s = tags_seen contains \"x\" and nickname starts with \"a\" ignoring case",
    "campaign a { when purchase as order if order.amount > 5 then tag \"x\" }",
    "campaign a { when purchase as order when logged_in if order is not set then stop if order.amount > 5 then tag \"x\" }",
    "campaign a { when purchase as order when logged_in only if order is set if order.amount > 5 then tag \"x\" }",
    "campaign a { when enrolled email welcome if not opened(welcome) within 3d then tag \"x\" }",
    "campaign a { when enrolled email welcome if opened(email) then tag \"x\" else wait 3d }",
    "campaign a { when enrolled email welcome as first if clicked(first) within 3d then tag \"x\" }",
    "campaign a { when enrolled await { on purchase as order { if order.amount > 3 then tag \"x\" } after 3d { } } }",
    "sequence q(m: email, gap: duration, who: segment) { email m wait gap if in segment who then tag \"x\" }\ncampaign a { when enrolled do q(welcome, 3d, hot) }",
    "sequence q(label: text = \"x\") { notify \"a@b.example\" \"{{ label }}\" }\ncampaign a { when enrolled do q() }",
    "campaign a { when enrolled only if birthday is set notify \"a@b.example\" \"{{ contact.birthday }}\" }",
    "test \"t\" { given contact { ends: 2026-12-24, tags_seen: [\"a\"], age: -3 } purchase { amount: 3 } happened 2d ago expect purchase }",
];

#[test]
fn what_has_a_meaning_gives_no_finding() {
    let told: String =
        NO_FAULT.iter().map(|text| (text, case(text))).filter(|(_, found)| !found.is_empty()).map(|(text, found)| format!("{text}\n  {found}")).collect();
    assert_eq!(told, "");
}

#[test]
fn a_template_file_is_pointed_into() {
    let folder = std::env::temp_dir().join("camp-semantic-template");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("hello.md"), "# Hello\n\nDear {{ contact.fist_name | default('you') }},\n").expect("a file");
    let text = "project \"A\" { address \"x\" }\nemail hello { subject \"Hi\" body file \"hello.md\" }\ncampaign a { when enrolled email hello }\n";
    let checked = check_files(&[("main.camp", text)], &folder);
    assert_eq!(super::short(&checked), "hello.md 3:9 E0604 there is no `contact.fist_name` for this template\n");
}

#[test]
fn certain_fixes_mend_what_they_promise() {
    let cases = [
        ("segment s = vip or vip and points > 3\n", "E0413"),
        ("campaign a { when enrolled if purchase and vip within 3d then tag \"x\" }\n", "E0414"),
        ("campaign a {\n  when enrolled\n  tag \"x\"\n  reenter always\n}\n", "W0505"),
        ("campaign a { when enrolled wait 1d leave campaign a }\n", "E0506"),
    ];
    for (text, code) in cases {
        let whole = format!("{}{text}", super::BASE);
        let checked = check(&whole);
        let finding = checked.findings.iter().find(|finding| finding.code.as_str() == code).unwrap_or_else(|| panic!("{code} in {text}"));
        let fix = finding.fix.as_ref().expect("a fix");
        assert_eq!(fix.applicability, Applicability::Certain);
        let mut mended = whole.clone();
        let mut edits = fix.edits.clone();
        edits.sort_by_key(|edit| std::cmp::Reverse((edit.span.start, edit.span.end)));
        for edit in edits {
            mended.replace_range(edit.span.range(), &edit.replacement);
        }
        assert_eq!(super::short(&check(&mended)), "", "{mended}");
    }
}

#[test]
fn findings_do_not_depend_on_the_order_of_files() {
    let a = ("a.camp", "list newsletter\ncampaign x { when list newsletter tag \"x\" }\n");
    let b = ("b.camp", "list newsletter\n");
    let one = check_files(&[a, b], &samples());
    let other = check_files(&[b, a], &samples());
    assert_eq!(super::short(&one), "b.camp 1:6 E0314 list `newsletter` is declared twice\n");
    assert_eq!(super::short(&one), super::short(&other));
}
