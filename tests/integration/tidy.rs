//! Tidy: the rules of the house that no compiler checks, as tests. Each fault says where it is and what to do about it.
//!
//! A rule is a function from files to faults, so that it can be tried on made-up files too (`negative`). The table of layers stands in
//! `layers`; `docs/ARCHITECTURE.md` explains it. Not here: what clippy checks (long functions, many parameters, `todo!`).

mod files;
mod layers;
mod mask;
mod negative;
mod pages;
mod rules;

use files::{File, Tree};

/// Fails with every fault, not only the first.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_module_imports_only_what_its_layer_may() {
    none(&layers::imports(&Tree::here().rust));
}

#[test]
fn the_table_of_layers_only_points_downwards() {
    none(&layers::table_faults());
}

#[test]
fn the_table_of_layers_stands_in_the_architecture_page() {
    let tree = Tree::here();
    none(&layers::page_faults(tree.text("docs/ARCHITECTURE.md")));
}

#[test]
fn a_library_is_used_only_where_it_belongs() {
    none(&layers::crates(&Tree::here().rust));
}

#[test]
fn pure_modules_touch_no_world() {
    none(&layers::purity(&Tree::here().rust));
}

#[test]
fn every_file_says_what_it_is() {
    none(&rules::headers(&Tree::here().rust));
}

#[test]
fn no_file_is_too_long() {
    none(&rules::lengths(&Tree::here().rust));
}

#[test]
fn files_are_named_for_what_they_hold() {
    none(&rules::names(&Tree::here().rust));
}

#[test]
fn every_file_is_built() {
    none(&rules::orphans(&Tree::here().rust));
}

#[test]
fn every_promise_has_a_test() {
    let tree = Tree::here();
    none(&pages::promises(tree.text("README.md"), &tree.all));
}

#[test]
fn t33_statements_of_the_store_are_constants() {
    none(&rules::statements(&Tree::here().rust));
}

#[test]
fn nothing_is_left_half_done() {
    none(&rules::leftovers(&Tree::here().rust));
}

#[test]
fn no_text_names_a_path_of_one_machine() {
    none(&rules::machine_paths(&Tree::here().all));
}

#[test]
fn every_finding_has_a_page_with_a_wrong_and_a_right_example() {
    let tree = Tree::here();
    let pages: Vec<File> = tree.all.into_iter().filter(|file| file.path.starts_with("docs/findings/")).collect();
    let codes: Vec<(&str, &str)> = campc::base::ALL_CODES.iter().map(|(code, title)| (code.as_str(), *title)).collect();
    none(&pages::faults(&codes, &pages));
}

#[test]
fn links_between_pages_lead_somewhere() {
    none(&pages::links(&Tree::here()));
}
