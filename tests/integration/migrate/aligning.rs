//! Which step carries on which.

use super::{aligned, campaign, campaign_with, deployed, lines, program};
use campc::bytecode::decode;
use campc::migrate::{Choices, align};

fn of(old: &str, new: &str) -> Vec<String> {
    lines(&campaign(old), &campaign(new))
}

#[test]
fn a_step_is_found_again_by_name_by_its_neighbours_and_by_its_number() {
    assert_eq!(
        of("email one wait 3d email two", "email one wait 3d email two"),
        ["email one -> email one anchor", "wait -> wait anchor", "email two -> email two anchor"]
    );
    assert_eq!(of("email one wait 3d email two", "email one wait 1d email two")[1], "wait -> wait ordinal");
    assert_eq!(of("wait 3d as pause email two", "email two wait 1d as pause"), ["pause -> pause name", "email two -> email two anchor"]);
    assert_eq!(of("email one as a", "email two as a"), ["a -> a name"]);
    // It gains a name, and loses it again.
    assert_eq!(of("wait 3d email one", "wait 3d as pause email one")[0], "wait -> pause anchor");
    assert_eq!(of("wait 3d as pause email one", "wait 3d email one")[0], "pause -> wait anchor");
    // What only is written otherwise is the same.
    assert_eq!(of("wait 15 minutes // a while\nemail one", "wait 15min email one")[0], "wait -> wait anchor");
}

#[test]
fn equals_whose_number_has_changed_are_ambiguous() {
    assert_eq!(of("wait 1d wait 1d email one", "wait 1d email one")[..2], ["wait ? wait", "wait#2 ? wait"]);
    assert_eq!(of("email one wait 1d email two", "wait 2d email one wait 3d email two")[1], "wait ? wait wait#2");
    assert_eq!(of("wait 1d email one wait 1d", "wait 1d wait 1d email one"), ["wait ? wait wait#2", "email one -> email one anchor", "wait#2 ? wait wait#2"]);
    // A wait that nobody could be is gone.
    assert_eq!(of("wait 1d email one wait 2d", "wait 1d email one")[2], "wait#2 gone");
}

#[test]
fn arms_are_aligned_by_their_labels() {
    let old = "if buy within 1d then { wait 1h email one } else { wait 2h email two }";
    let new = "email three if buy within 2d then { wait 3h email one } else { wait 4h email two }";
    let expected = ["if -> if ordinal", "then/wait -> then/wait ordinal", "then/email one -> then/email one anchor", "else/wait -> else/wait ordinal"];
    assert_eq!(of(old, new)[..4], expected);
    // A new question before an old one takes nothing from it.
    let other = "if buy(sku == \"x\") within 1d then wait 7d if buy within 1d then { wait 3h email one }";
    assert_eq!(of(old, other)[..3], ["if -> if#2 anchor", "then/wait -> then/wait#2 ordinal", "then/email one -> then/email one anchor"]);
    assert_eq!(
        of("if buy within 1d then wait 1h", "if buy(sku == \"x\") within 2d then wait 1h if buy(sku == \"y\") within 2d then wait 1h"),
        ["if ? if if#2", "then/wait ? then/wait then/wait#2"]
    );
}

#[test]
fn a_send_moves_and_a_wait_does_not() {
    let old = "if buy within 1d then email one else { wait 3d }";
    assert_eq!(of(old, "email one if buy within 1d then wait 1h else { wait 3d }")[1], "then/email one -> email one moved");
    assert_eq!(of("wait 3d email one", "email one if buy within 1d then wait 3d"), ["wait gone", "email one -> email one anchor"]);
    assert_eq!(of("email one wait 1d email one", "if buy within 1d then email one")[0], "email one gone");
}

#[test]
fn rules_decide_before_everything_else() {
    let of = |rules: &str, old: &str, new: &str| lines(&campaign(old), &campaign_with(&format!("migrate {{ {rules} }}"), new));
    let rules = "from \"wait\" to cooldown from \"wait#2\" stop";
    assert_eq!(of(rules, "wait 1d wait 1d email one", "wait 1d as cooldown email one")[..2], ["wait -> cooldown rule", "wait#2 stopped"]);
    // Where several are led to one step, that is still its own.
    assert_eq!(
        of("from \"wait#2\" to \"wait\"", "wait 1d email one wait 2d", "wait 1d email one"),
        ["wait -> wait anchor", "email one -> email one anchor", "wait#2 -> wait rule"]
    );
    // Naming a step and saying which it was changes nothing else.
    assert_eq!(
        of("from \"wait#2\" to pause", "wait 1d wait 1d email one", "wait 1d wait 1d as pause email one"),
        ["wait -> wait anchor", "wait#2 -> pause rule", "email one -> email one anchor"]
    );
}

#[test]
fn lines_of_migrate_that_do_nothing_are_told() {
    let findings = |rules: &str, old: &str, new: &str| {
        let (_, _, mapping) = aligned(&campaign(old), &campaign_with(&format!("migrate {{ {rules} }}"), new));
        mapping.findings.iter().map(|finding| format!("{} {}", finding.code, finding.help)).collect::<Vec<_>>()
    };
    assert_eq!(findings("from pauze stop", "wait 1d as pause", "email one"), ["E2109 did you mean pause?"]);
    assert_eq!(findings("from nothing stop", "wait 1d as pause", "email one"), ["E2109 its steps are: pause"]);
    let (first, second) = (program(&campaign("wait 1d as pause")), program(&campaign_with("migrate { from pause stop }", "email one")));
    let mapping = align((&first, &deployed(&first)), &second, &Choices::default());
    let next = campc::machine::Deployment::next(&second, [1; 32], campc::lang::Instant(0), Some((&deployed(&first), &mapping.lineage(&deployed(&first)))));
    let codes = |source: &str| align((&second, &next), &program(source), &Choices::default()).findings.into_iter().map(|f| f.code).collect::<Vec<_>>();
    assert_eq!(codes(&campaign_with("migrate { from pause stop }", "email two")), ["W2110"]);
    assert_eq!(codes(&campaign_with("migrate { from pause to \"email two\" }", "email two")), ["W2110"], "it was a step here once");
    assert!(codes(&campaign("email two")).is_empty());
}

#[test]
fn what_a_sequence_expands_to_is_aligned_inside_its_do() {
    let source = |before: &str, pause: &str| {
        format!("sequence nurture(pause: duration) {{ wait pause email one }}\n{}", campaign(&format!("{before} do nurture({pause})")))
    };
    let found = lines(&source("", "2d"), &source("email two", "3d"));
    assert_eq!(found, ["do nurture -> do nurture ordinal", "do nurture/wait -> do nurture/wait anchor", "do nurture/email one -> do nurture/email one anchor"]);
}

#[test]
fn an_image_of_before_outlines_is_read_and_aligned() {
    let mut old = program(&campaign("email one wait 3d if buy within 1d then wait 2h"));
    old.outline = campc::bytecode::Outline::default();
    let old = decode(&campc::bytecode::encode(&old)).unwrap();
    let new = program(&campaign("email one wait 1d if buy within 1d then wait 1h"));
    let mapping = align((&old, &deployed(&old)), &new, &Choices::default());
    assert!(mapping.fates.iter().all(|fate| fate.target().is_some()), "{:?}", mapping.fates);
}
