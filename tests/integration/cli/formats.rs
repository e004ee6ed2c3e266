//! `check --format`: what code hosts read.

use crate::bench::Folder;
use serde_json::Value;

const TWO: &str = "event signed_up { plan: text }\nsegment s = cuontry == \"Canada\"\nsegment t = points > 100 and points < 50\n";

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn sarif_is_one_log_with_rules_places_and_fixes() {
    let folder = Folder::new();
    folder.write("my campaigns.camp", TWO);
    let ran = folder.run(&["check", "--format", "sarif"]);
    assert_eq!(ran.code, 1);
    let log = document(&ran.out);
    assert_eq!((log["version"].as_str(), log["runs"].as_array().map(Vec::len)), (Some("2.1.0"), Some(1)));
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "campc");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "my%20campaigns.camp");
    assert_eq!(
        (place["region"]["startLine"].as_u64(), place["region"]["startColumn"].as_u64(), place["region"]["endColumn"].as_u64()),
        (Some(2), Some(13), Some(20))
    );
    let fix = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(fix["insertedContent"]["text"], "country");
    assert_eq!((results[0]["level"].as_str(), results[1]["level"].as_str()), (Some("error"), Some("warning")));
}

#[test]
fn a_document_is_whole_where_nothing_is_found() {
    let folder = Folder::new();
    folder.write("main.camp", "event signed_up { plan: text }\n");
    let sarif = folder.run(&["check", "--format", "sarif"]);
    assert_eq!((sarif.code, document(&sarif.out)["runs"][0]["results"].as_array().map(Vec::len)), (0, Some(0)));
    let gitlab = folder.run(&["check", "--format", "gitlab"]);
    assert_eq!((gitlab.code, document(&gitlab.out)), (0, serde_json::json!([])));
    assert_eq!(folder.run(&["check", "--format", "github"]).out, "");
}

#[test]
fn the_findings_of_the_project_file_are_in_the_same_document() {
    let folder = Folder::new();
    folder.write("camp.toml", "[email]\nprovider = \"pigeon\"\n");
    folder.write("main.camp", TWO);
    let issues = document(&folder.run(&["check", "--format", "gitlab"]).out);
    let paths: Vec<&str> = issues.as_array().unwrap().iter().map(|issue| issue["location"]["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["camp.toml", "main.camp", "main.camp"]);
    let results = document(&folder.run(&["check", "--format", "sarif"]).out)["runs"][0]["results"].as_array().map(Vec::len);
    assert_eq!(results, Some(3));
}

#[test]
fn gitlab_issues_have_fingerprints_of_their_own_that_do_not_move_with_lines() {
    let folder = Folder::new();
    let twice = "segment a = cuontry == \"x\"\nsegment b = cuontry == \"x\"\n";
    let prints = |text: &str| -> Vec<String> {
        folder.write("main.camp", text);
        let issues = document(&folder.run(&["check", "--format", "gitlab"]).out);
        for issue in issues.as_array().unwrap() {
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()));
            assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0));
            assert!(issue["description"].is_string() && issue["check_name"].is_string());
        }
        issues.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str().unwrap().to_string()).collect()
    };
    let first = prints(twice);
    assert_eq!(first.len(), 2);
    assert_ne!(first[0], first[1]);
    assert_eq!(prints(&format!("// a line more\n\n{twice}")), first);
}

#[test]
fn github_commands_are_escaped() {
    let folder = Folder::new();
    folder.write("a,b.camp", "segment s = cuontry == \"Canada\"\n");
    let ran = folder.run(&["check", "--format", "github"]);
    assert_eq!(
        ran.out,
        "::error file=a%2Cb.camp,line=1,endLine=1,col=13,endColumn=20,title=E0301::there is no field or event `cuontry`: not declared%0Ahelp: did you mean `country`?\n"
    );
}

#[test]
fn warnings_fail_only_where_they_are_denied() {
    let folder = Folder::new();
    folder.write("main.camp", "segment t = points > 100 and points < 50\n");
    assert_eq!(folder.run(&["check"]).code, 0);
    assert_eq!(folder.run(&["check", "--deny", "warnings"]).code, 1);
    assert_eq!(folder.run(&["check", "--deny", "warnings", "--format", "sarif"]).code, 1);
}

#[test]
fn certain_fixes_are_applied_once_and_leave_nothing_to_fix() {
    let folder = Folder::new();
    let text = "\u{feff}contact { plan: enum(\"free\", \"pro\") = \"free\" vip: bool = false }\r\nsegment s = plan == pro or vip and points > 3\r\ncampaign \"A\" {\r\n  when enrolled\r\n  if plan == pro then set plan = free\r\n  reenter always\r\n}\r\n";
    folder.write("main.camp", text);
    let ran = folder.run(&["check", "--fix"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let fixed = std::fs::read_to_string(folder.path().join("main.camp")).unwrap();
    assert!(fixed.starts_with('\u{feff}') && fixed.contains("plan == \"pro\" or (vip and points > 3)") && fixed.contains("set plan = \"free\""), "{fixed}");
    assert!(fixed.find("reenter always").unwrap() < fixed.find("if plan").unwrap(), "{fixed}");
    let again = folder.run(&["check", "--fix"]);
    assert!(again.err.contains("fixed 0 findings"), "{again:?}");
    assert_eq!(std::fs::read_to_string(folder.path().join("main.camp")).unwrap(), fixed);
}
