//! What the house itself is made of: licences, `unsafe`. Statements of SQL are the tidy tests' business.

use std::path::Path;
use std::process::Command;

/// Licences that may be part of the binary, alone or joined.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether an expression of licences can be met by those above: `A OR B`, `A AND B`, `A WITH EXCEPTION`, parentheses, and `A/B` of old.
fn is_free(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let answer = any_of(&words, &mut at);
    answer && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize) -> bool {
    let mut answer = all_of(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        answer |= all_of(words, at);
    }
    answer
}

fn all_of(words: &[&str], at: &mut usize) -> bool {
    let mut answer = single(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        answer &= single(words, at);
    }
    answer
}

fn single(words: &[&str], at: &mut usize) -> bool {
    let word = words.get(*at).copied().unwrap_or("");
    *at += 1;
    if word == "(" {
        let answer = any_of(words, at);
        *at += 1;
        return answer;
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    LICENCES.contains(&word)
}

#[test]
fn t34_every_dependency_has_a_licence_that_may_be_used() {
    assert!(is_free("MIT") && is_free("(MIT OR GPL-3.0) AND Zlib") && is_free("Apache-2.0 WITH LLVM-exception OR GPL-2.0"));
    assert!(!is_free("GPL-3.0") && !is_free("MIT AND GPL-3.0") && !is_free(""));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new(env!("CARGO")).args(["metadata", "--locked", "--offline", "--format-version", "1"]).current_dir(root).output().expect("cargo runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100, "only {} packages", packages.len());
    let faults: Vec<String> = packages
        .iter()
        .filter(|package| !is_free(package["license"].as_str().unwrap_or("")))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(faults.is_empty(), "these may not be used, or this test does not know their licence yet:\n{}", faults.join("\n"));
    // One registry, and nothing from elsewhere.
    let sources: Vec<&str> = packages.iter().filter_map(|package| package["source"].as_str()).collect();
    assert!(sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");
}

#[test]
fn t34_unsafe_is_forbidden_and_the_lock_file_is_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    assert!(manifest.contains("unsafe_code = \"forbid\""), "`unsafe_code` is forbidden in [lints.rust]");
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).expect("the lock file");
    assert!(lock.contains("name = \"campc\""));
}
