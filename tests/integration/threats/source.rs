//! Sources that attack whoever compiles them: secrets, paths, bombs, patterns.

use super::{PROJECT, codes, findings};
use crate::bench::Folder;
use crate::oracle::fuzz::attempt;
use crate::oracle::fuzz::bombs::{expansions, nestings};
use campc::compiler::{Workspace, analyze};

fn warnings_of_secrets(source: &str) -> usize {
    findings(source).iter().filter(|finding| finding.code.as_str() == "W0802").count()
}

/// Made up here, so that no scanner takes this file for a leak.
fn key(start: &str, rest: &str) -> String {
    format!("{start}{rest}")
}

fn secrets() -> Vec<String> {
    let letters = "4eC39HqLyjWDarjtT1zdp7dcQ2xB9mVn";
    let hook = |lines: &str| format!("webhook crm {{ url \"https://crm.example/x\" {lines} }}\ncampaign \"C\" {{ published when enrolled webhook crm }}\n");
    let signed = |lines: &str| hook(&format!("secret env(\"CRM_SECRET\") {lines}"));
    let header = |value: String| signed(&format!("headers {{ Authorization: \"{value}\" }}"));
    let url = |url: String| format!("webhook crm {{ url \"{url}\" secret env(\"S\") }}\ncampaign \"C\" {{ published when enrolled webhook crm }}\n");
    let step = |value: String| signed("").replace("when enrolled webhook crm", &format!("when enrolled webhook crm {{ key: \"{value}\" }}"));
    vec![
        hook(&format!("secret \"{}\"", key("whsec_", letters))),
        hook("secret \"my own little secret\""),
        header(key("Bearer ", letters)),
        header(key("Basic ", "YWRtaW46cGFzc3dvcmQxMjM=")),
        header(key("sk_live_", letters)),
        header(key("rk_live_", letters)),
        header(key("ghp_", letters)),
        header(key("glpat-", letters)),
        header(key("xoxb-", "1234567890-abcdefghij")),
        header(key("SG.", "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf")),
        signed(&format!("body {{ key: \"{}\" }}", key("AKIA", "IOSFODNN7EXAMPLE"))),
        signed(&format!("body {{ auth: {{ key: \"{}\" }} }}", key("github_pat_", letters))),
        signed(&format!("headers {{ \"X-Api-Key\": \"{letters}\" }}")),
        url(format!("https://user:{letters}@crm.example/x")),
        url(format!("https://crm.example/x?api_key={letters}")),
        url(format!("https://crm.example/x?a=1&token={letters}")),
        step(key("sk_live_", letters)),
        format!("campaign \"C\" {{ published when enrolled set first_name = \"{}\" }}\n", key("whsec_", letters)),
        format!("// {}\ncampaign \"C\" {{ published when enrolled tag \"a\" }}\n", key("AKIA", "IOSFODNN7EXAMPLE")),
        format!("sms s \"Use {} to log in. Reply STOP to opt out.\"\ncampaign \"C\" {{ published when enrolled sms s }}\n", key("ghp_", letters)),
    ]
}

/// What stands in campaigns and only looks odd: two hundred of them.
fn harmless() -> Vec<String> {
    let mut texts: Vec<String> = [
        "https://acme.example/pricing?utm_source=newsletter&utm_campaign=spring_2026&utm_content=button",
        "https://acme.example/reset?key={{ contact.id }}",
        "https://acme.example/a?token={{ order.token }}",
        "550e8400-e29b-41d4-a716-446655440000",
        "The key- to success is patience and a good plan for everyone",
        "Basic plan, Bearer of good news",
        "SG.1",
        "AKIA",
        "whsec_",
        "sk_live_",
        "donaudampfschifffahrtsgesellschaftskapitaen",
        "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        "0123456789012345678901234567890123456789",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "/products/summer-collection-2026/linen-shirt-blue-xl?ref=mail",
        "hero_banner_2026_q4_final_v2_APPROVED_really.png",
        "CustomerSubscriptionRenewalReminderCampaign2026",
        "mailto:support@acme.example?subject=Order",
        "Order #2026-11-27-000123 for 3 items",
        "#ff8800 #0a0b0c #1234567890abcdef",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    texts.extend((0..60).map(|n| format!("campaign_{n}_{}_2026", ["spring", "summer", "autumn", "winter"][n % 4])));
    texts.extend((0..60).map(|n| format!("https://cdn.acme.example/img/{:08x}/banner-{n}.png?w=600&h={}", n * 7_919, n * 10)));
    texts.extend((0..60).map(|n| format!("Use code SAVE{n:02}WINTER before 2026-12-{:02} at 09:00", 1 + n % 28)));
    texts
}

#[test]
fn t22_a_secret_in_the_source_is_found_and_nothing_else_is_taken_for_one() {
    let (secrets, harmless) = (secrets(), harmless());
    assert_eq!((secrets.len(), harmless.len()), (20, 200));
    for source in &secrets {
        assert_eq!(warnings_of_secrets(source), 1, "{source}\n{:?}", codes(source));
    }
    for text in &harmless {
        let source = format!(
            "webhook crm {{ url \"https://crm.example/x\" secret env(\"CRM_SECRET\") headers {{ \"X-Campaign\": \"{text}\" }} body {{ a: \"{text}\" }} }}\n// {text}\ncampaign \"C\" {{ published when enrolled webhook crm tag \"{text}\" }}\n"
        );
        assert_eq!(warnings_of_secrets(&source), 0, "{text}");
    }
}

#[test]
fn t25_no_path_leads_out_of_the_project() {
    let paths = [
        "../../etc/passwd",
        "a/../../b.md",
        "/etc/passwd",
        "C:\\\\Windows\\\\win.ini",
        "\\\\\\\\?\\\\C:\\\\x.md",
        "..\\\\..\\\\x.md",
        "a/./../../x.md",
        "..",
        "a/b/../../../x.md",
        "",
    ];
    for path in paths {
        for place in ["email x { subject \"s\" body file \"PATH\" }", "use \"PATH\"", "email x { subject \"s\" body \"b\" attach file \"PATH\" }"] {
            let mut workspace = Workspace::of_source("main.camp", &place.replace("PATH", path));
            assert_eq!(workspace.missing(), Vec::<String>::new(), "{path} in {place}");
            assert!(analyze(&workspace).has_errors(), "{path} in {place}");
        }
    }
    // An overlong `/` is no UTF-8, so the file is none either.
    let mut workspace = Workspace::new();
    workspace.add_root("main.camp", b"use \"..\xc0\xafx.camp\"".to_vec());
    assert_eq!(workspace.missing(), Vec::<String>::new());
    assert_eq!(analyze(&workspace).findings[0].code.as_str(), "E0111");
    assert!(!codes("email x { subject \"s\" body file \"a\\u{0}.md\" }").is_empty());
}

#[cfg(unix)]
#[test]
fn t25_a_link_out_of_the_project_is_not_followed() {
    let (folder, outside) = (Folder::new(), Folder::new());
    outside.write("secret.md", "the secret of another project");
    std::os::unix::fs::symlink(outside.path().join("secret.md"), folder.path().join("mail.md")).expect("a link");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("away")).expect("a link");
    folder.write("camp.toml", "");
    for path in ["mail.md", "away/secret.md"] {
        folder.write("main.camp", format!("{PROJECT}email x {{ subject \"s\" body file \"{path}\" }}\ncampaign \"C\" {{ published when enrolled email x }}\n"));
        let ran = folder.run(&["check", "--format", "short"]);
        assert_eq!(ran.code, 1, "{path}: {ran:?}");
        assert!(ran.out.contains("E0318") || ran.out.contains("E0319"), "{path}: {}", ran.out);
        assert!(!ran.out.contains("the secret"), "{}", ran.out);
    }
}

/// A thread with the stack that a careless recursion would overflow.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).expect("a thread").join().expect("it ends well");
}

#[test]
fn t26_nesting_of_a_million_is_a_finding() {
    // The optimized `./fuzz` nests everything so deep; here it is what the row names, on its stack.
    let million = 1_000_000;
    on_a_small_stack(move || {
        let sources = [
            format!("segment s = {}", "(".repeat(million)),
            format!("segment s = {}points > 1{}", "(".repeat(million), ")".repeat(million)),
            format!("campaign \"C\" {{ when enrolled {} }}", "{ ".repeat(million)),
            format!("campaign \"C\" {{ when enrolled {} stop }}", "if points > 1 then stop else ".repeat(million)),
        ];
        for source in sources {
            // Nested too deeply, or too large to be looked into.
            assert!(matches!(codes(&source)[..], ["E0211" | "E0212"]), "{}…", &source[..60]);
        }
    });
}

#[test]
fn t26_deep_nesting_of_everything_is_a_finding() {
    for bomb in nestings(5_000) {
        let texts: Vec<(&str, String)> = bomb.file.iter().map(|(path, text)| (*path, text())).collect();
        let files: Vec<(&str, &[u8])> = texts.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        let tried = attempt((bomb.source)().as_bytes(), &files);
        assert!(tried.panic.is_none(), "{}: {:?}", bomb.name, tried.panic);
    }
}

#[test]
fn t27_what_grows_without_end_is_stopped() {
    for bomb in expansions() {
        let tried = attempt((bomb.source)().as_bytes(), &[]);
        assert!(tried.panic.is_none(), "{}: {:?}", bomb.name, tried.panic);
    }
    let doubling: String = (1..30).map(|i| format!("sequence s{i}() {{ do s{}() do s{}() }}\n", i - 1, i - 1)).collect();
    let source = format!("sequence s0() {{ tag \"a\" }}\n{doubling}campaign \"C\" {{ published when enrolled do s29() }}\n");
    assert!(codes(&source).iter().any(|code| ["E0517", "E0562"].contains(code)), "{:?}", codes(&source));
}

#[test]
fn t28_constants_have_bounds() {
    for condition in ["points > 1e999", &format!("points > {}", "9".repeat(400)), "created_at < 999999999999999d ago", "created_at < 99999y ago"] {
        assert!(!codes(&format!("segment s = {condition}\n")).is_empty(), "{condition}");
    }
    let list = format!("segment s = points in (1{})\n", ", 1".repeat(200_000));
    assert!(codes(&list).contains(&"E0425"), "{:?}", codes(&list));
    let folded = format!("campaign \"C\" {{ published when enrolled wait {} }}\n", "9999y".repeat(50));
    assert!(!codes(&folded).is_empty());
}

#[test]
fn t29_patterns_are_linear_and_bounded() {
    let pattern = |pattern: &str| codes(&format!("segment s = first_name matches \"{pattern}\"\n"));
    for bad in [r"\\p{L}{1000}{1000}", r"((a{100}){100}){100}", &"a".repeat(1_025), &format!("{}a{}", "(".repeat(33), ")".repeat(33)), r"(?=a)", r"(a)\\1"] {
        assert_eq!(pattern(bad), ["E0412"], "{bad}");
    }
    for good in ["(a*)*b", &format!("{}a{}", "(".repeat(20), ")".repeat(20))] {
        assert_eq!(pattern(good), Vec::<&str>::new(), "{good}");
    }
    // What backtracks elsewhere for longer than the world stands.
    let text = "a".repeat(1_000_000);
    assert!(!regex::Regex::new("(a*)*b").expect("a pattern").is_match(&text));
}
