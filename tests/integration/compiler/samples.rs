//! The samples, compiled.

use super::{program_of, samples, workspace_of};
use campc::bytecode::{CampaignId, campaign_hash, decode, disassemble, encode, program_hash, verify};
use campc::compiler::{analyze, compile};

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(samples()).expect("the samples").flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.ends_with(".camp")).collect();
    names.sort();
    names
}

#[test]
fn the_page_in_the_specification_compiles() {
    let analysis = analyze(&workspace_of("01_one_page.camp"));
    let program = compile(&analysis).unwrap_or_else(|findings| panic!("{findings:#?}"));
    assert_eq!(program.campaigns.len(), 2);
    assert_eq!(decode(&encode(&program)).as_ref(), Ok(&program));
    insta::assert_snapshot!(disassemble(&program));
}

#[test]
fn every_sample_compiles() {
    let mut compiled = Vec::new();
    for name in names() {
        let analysis = analyze(&workspace_of(&name));
        if analysis.has_errors() {
            continue;
        }
        match compile(&analysis) {
            Ok(program) => {
                assert_eq!(decode(&encode(&program)).as_ref(), Ok(&program), "{name}");
                verify(program).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
                compiled.push(name);
            }
            Err(findings) => panic!("{name}: {findings:#?}"),
        }
    }
    assert!(compiled.iter().any(|name| name.starts_with("01")), "{compiled:?}");
}

#[test]
fn comments_and_formatting_change_no_hash() {
    let text = std::fs::read_to_string(samples().join("01_one_page.camp")).expect("the sample");
    let program = program_of(&text);
    let spread = text
        .replace("points > 50", "points   >\n 50 // many")
        .replace("country == \"Canada\"", "country==\"Canada\"")
        .replace("  wait 3d\n", "  // three days\n\n      wait   3d // long enough\n")
        .replace("+10 at most once per day", "+10   at most once\n    per day");
    assert_ne!(spread, text);
    let spread = program_of(&spread);
    assert_eq!(program_hash(&spread), program_hash(&program));
    for campaign in [CampaignId(0), CampaignId(1)] {
        assert_eq!(campaign_hash(&spread, campaign), campaign_hash(&program, campaign));
    }
    let changed = program_of(&text.replace("wait 3d", "wait 4d"));
    assert_ne!(program_hash(&changed), program_hash(&program));
    assert_ne!(campaign_hash(&changed, CampaignId(0)), campaign_hash(&program, CampaignId(0)));
    assert_eq!(campaign_hash(&changed, CampaignId(1)), campaign_hash(&program, CampaignId(1)));
}
