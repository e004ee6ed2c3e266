//! Rules about single files: header, length, name, statements, leftovers, paths.

use super::{files::File, mask};

/// Lines of a file, at most.
const LONGEST: usize = 600;

/// Names that say nothing about what a file holds.
const EMPTY_NAMES: &[&str] = &["util", "utils", "misc", "common", "helper", "helpers", "manager", "stuff"];

/// Words that begin a statement of SQL; a text with one of them may not be put together.
const STATEMENTS: &[&str] = &["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "ALTER ", "DROP ", "PRAGMA ", "REPLACE ", "ATTACH "];

/// What puts a text together.
const COMPOSERS: &[&str] = &["format!", "write!", "writeln!", "concat!", "push_str", ".replace(", ".join(", "format_args!"];

/// Every file begins by saying what it is.
pub fn headers(files: &[File]) -> Vec<String> {
    let is_said = |file: &File| file.text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 6);
    let faults = files.iter().filter(|file| !is_said(file));
    faults.map(|file| format!("{}: begin the file with `//! ` and a sentence: what it is, and what it is not", file.path)).collect()
}

/// No file is too long.
pub fn lengths(files: &[File]) -> Vec<String> {
    let long = files.iter().map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > LONGEST);
    long.map(|(file, lines)| format!("{}: {lines} lines, at most {LONGEST}: make it a folder with a file for each part", file.path)).collect()
}

/// Files say what they hold.
pub fn names(files: &[File]) -> Vec<String> {
    let is_empty = |path: &str| path.trim_end_matches(".rs").split('/').any(|part| EMPTY_NAMES.contains(&part));
    let faults = files.iter().filter(|file| is_empty(&file.path));
    faults.map(|file| format!("{}: this name says nothing: name the file after what it holds, in words of the field", file.path)).collect()
}

/// Every file is part of the build: its parent says `mod NAME;`. A merge loses such a line silently, and its tests with it.
pub fn orphans(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/") || file.path.starts_with("tests/integration/")) {
        let Some((folder, name)) = file.path.trim_end_matches(".rs").trim_end_matches("/mod").rsplit_once('/') else { continue };
        let top = folder == "src" || folder == "tests/integration";
        if top && ["lib", "main"].contains(&name) {
            continue;
        }
        let parents = [format!("{folder}/mod.rs"), format!("{folder}.rs"), format!("{folder}/lib.rs"), format!("{folder}/main.rs")];
        let is_declared = files.iter().filter(|known| parents.contains(&known.path)).any(|parent| {
            let code = mask::code(&parent.text);
            code.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};")))
        });
        if !is_declared {
            faults.push(format!(
                "{}: no module declares it, so it is never built: add `mod {name};` to {} or the file that stands for it, or delete it",
                file.path, parents[0]
            ));
        }
    }
    faults
}

/// SQL is never put together from parts: parameters only.
pub fn statements(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.module() == Some("store")) {
        for (number, line) in mask::code_and_texts(&file.text).lines().enumerate() {
            let holds = |words: &[&str]| words.iter().any(|word| line.contains(word));
            if holds(STATEMENTS) && holds(COMPOSERS) {
                faults.push(format!("{}:{}: a statement is put together here: make it a constant with parameters (`?1`)", file.path, number + 1));
            }
        }
        let joined: String = mask::code(&file.text).split_whitespace().collect();
        for call in ["prepare(&format!", "prepare_cached(&format!", "execute(&format!", "execute_batch(&format!", "query_row(&format!"] {
            if joined.contains(call) {
                faults.push(format!("{}: `{call}` puts a statement together: make it a constant with parameters (`?1`)", file.path));
            }
        }
    }
    faults
}

/// Nothing half done is left behind.
pub fn leftovers(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for (number, line) in mask::code(&file.text).lines().enumerate() {
            for word in ["todo!", "unimplemented!", "dbg!"].iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{}: `{word}` is left over: finish it, or return an error that says what is not done", file.path, number + 1));
            }
            if line.contains("#[ignore") {
                faults.push(format!("{}:{}: no test is ignored: mend it, delete it, or let it say visibly what it needs", file.path, number + 1));
            }
        }
        for (number, line) in file.text.lines().enumerate() {
            for mark in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")] {
                let owned = line.split(mark).skip(1).all(|rest| rest.starts_with('(') && rest.find(')').is_some_and(|end| end > 1));
                if is_word_in(line, mark) && !owned {
                    faults.push(format!("{}:{}: {mark} without an owner: do it now, or write `{mark}(name): …`", file.path, number + 1));
                }
            }
        }
    }
    faults
}

fn is_word_in(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        !before.chars().next_back().is_some_and(is_name) && !after.chars().next().is_some_and(is_name)
    })
}

/// The project works wherever it lies.
pub fn machine_paths(files: &[File]) -> Vec<String> {
    let folders = [concat!("/", "work/"), concat!("/", "root/"), concat!("/", "Users/"), concat!("C:", "\\Users"), concat!("/", "home/")];
    let mut faults = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            for folder in folders {
                let stands_alone = |start: usize| !line[..start].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-~}".contains(c));
                if line.match_indices(folder).any(|(start, _)| stands_alone(start)) {
                    faults.push(format!("{}:{}: `{folder}` is a path of one machine: make it relative, or take it from an argument", file.path, number + 1));
                }
            }
        }
    }
    faults
}
