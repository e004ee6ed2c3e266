//! The table of layers: which module may import which, which of them are pure, and where a library may be used.
//!
//! `docs/ARCHITECTURE.md` shows the same table with the reasons; a test holds the two together.

use super::{files::File, mask::code};

/// A module of `src`.
#[derive(Debug)]
pub struct Layer {
    pub level: u8,
    pub module: &'static str,
    /// No input or output, clock, randomness, threads or global state.
    pub is_pure: bool,
    /// What it may import, in the order of the table.
    pub may_import: &'static [&'static str],
}

const fn pure(level: u8, module: &'static str, may_import: &'static [&'static str]) -> Layer {
    Layer { level, module, is_pure: true, may_import }
}

const fn shell(level: u8, module: &'static str, may_import: &'static [&'static str]) -> Layer {
    Layer { level, module, is_pure: false, may_import }
}

/// Everything the compiler facade and the engine offer to those above them.
const BELOW_8: &[&str] = &[
    "base",
    "lang",
    "diagnostics",
    "library",
    "syntax",
    "template",
    "format",
    "semantic",
    "bytecode",
    "lower",
    "machine",
    "advance",
    "content",
    "migrate",
    "compiler",
];

/// The table.
#[rustfmt::skip]
pub const LAYERS: &[Layer] = &[
    pure(0, "base", &[]),
    shell(0, "proof", &[]),
    pure(1, "lang", &["base"]),
    pure(1, "diagnostics", &["base"]),
    pure(2, "library", &["base", "lang"]),
    pure(2, "bytecode", &["base", "lang"]),
    pure(2, "syntax", &["base", "diagnostics"]),
    pure(2, "template", &["base", "lang", "diagnostics"]),
    pure(3, "format", &["base", "syntax"]),
    pure(3, "semantic", &["base", "lang", "library", "diagnostics", "template", "syntax", "bytecode"]),
    pure(5, "lower", &["semantic", "bytecode", "library", "lang", "base"]),
    pure(5, "machine", &["bytecode", "library", "lang", "base"]),
    pure(6, "advance", &["machine", "bytecode", "library", "lang", "base"]),
    pure(7, "content", &["template", "advance", "machine", "bytecode", "lang", "base"]),
    pure(7, "migrate", &["advance", "machine", "bytecode", "lang", "base"]),
    pure(7, "compiler", &["lower", "semantic", "bytecode", "format", "template", "syntax", "library", "diagnostics", "lang", "base"]),
    pure(8, "graph", BELOW_8),
    pure(8, "ide", BELOW_8),
    pure(8, "sim", BELOW_8),
    pure(8, "import", BELOW_8),
    shell(9, "store", &["proof", "advance", "machine", "bytecode", "lang", "base"]),
    shell(9, "deliver", &["proof", "content", "lang", "base"]),
    shell(10, "daemon", &["proof", "store", "deliver", "advance", "machine", "content", "migrate", "bytecode", "lang", "base"]),
    shell(11, "http", &["daemon", "store", "content", "machine", "bytecode", "compiler", "ide", "graph", "format", "diagnostics", "lang", "base"]),
    shell(11, "lsp", &["compiler", "ide", "graph", "format", "diagnostics", "lang", "base"]),
    shell(12, "cli", &[
        "proof", "base", "lang", "diagnostics", "library", "syntax", "template", "format", "semantic", "bytecode", "lower", "machine", "advance", "content",
        "migrate", "compiler", "graph", "ide", "sim", "import", "store", "deliver", "daemon", "http", "lsp",
    ]),
];

/// Libraries that one place wraps, so that they can be changed there: the library's name, and where it may be used.
#[rustfmt::skip]
const DOORS: &[(&str, &[&str])] = &[
    ("ariadne", &["src/diagnostics/terminal.rs"]),
    ("logos", &["src/syntax/"]),
    ("lalrpop_util", &["src/syntax/"]),
    ("minijinja", &["src/template/"]),
    ("mrml", &["src/template/"]),
    ("css_inline", &["src/template/"]),
    ("html2text", &["src/template/"]),
    ("pulldown_cmark", &["src/template/"]),
    ("rusqlite", &["src/store/sqlite/"]),
    ("lettre", &["src/deliver/"]),
    ("reqwest", &["src/deliver/", "src/cli/"]),
    ("axum", &["src/http/", "src/cli/"]),
    ("clap", &["src/cli/"]),
    ("clap_complete", &["src/cli/"]),
];

/// What a pure module may not name: words of code, and what to do in its place.
const WORLD: &[(&str, &str)] = &[
    ("std::fs", "take the bytes as an argument"),
    ("std::env", "take the value as an argument"),
    ("std::net", "leave the network to `deliver` or `http`"),
    ("std::process", "return an error"),
    ("std::thread", "leave threads to `daemon`"),
    ("SystemTime", "take the instant as an argument"),
    ("std::time::Instant", "take the instant as an argument"),
    ("Zoned::now", "take the instant as an argument"),
    ("Timestamp::now", "take the instant as an argument"),
    ("tokio", "leave async to `daemon`, `deliver` and `http`"),
    ("async fn", "leave async to `daemon`, `deliver` and `http`"),
    ("rand", "take the random bytes as an argument"),
    ("getrandom", "take the random bytes as an argument"),
    ("static mut", "keep state in values"),
    ("println!", "return the text"),
    ("eprintln!", "return the text"),
];

fn layer(module: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.module == module)
}

/// The modules of the crate that a piece of code names, with the line.
pub fn imported(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let line = code[..start].matches('\n').count() + 1;
        let rest = code[start + "crate::".len()..].trim_start();
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads(group).into_iter().map(|name| (line, name))),
            None => found.push((line, word(rest))),
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first word of each entry of `{a::b, c::{d, e}}`, from behind the first brace.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut entry, mut entries) = (1, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            entries.push(word(entry.trim_start()));
            entry.clear();
        } else {
            entry.push(c);
        }
        if depth == 0 {
            break;
        }
    }
    entries.retain(|entry| !entry.is_empty());
    entries
}

/// Imports against the table.
pub fn imports(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        let Some(module) = file.module() else { continue };
        let Some(layer) = layer(module) else {
            faults
                .push(format!("{}: the module `{module}` has no layer: give it a row in tests/integration/tidy/layers.rs and docs/ARCHITECTURE.md", file.path));
            continue;
        };
        for (line, name) in imported(&code(&file.text)) {
            // Macros exported at the root belong to `base`.
            let name = if name == "typed_id" { "base" } else { &name };
            if name != module && !layer.may_import.contains(&name) {
                faults.push(format!(
                    "{}:{line}: `{module}` may not import `{name}`: move the code to the layer it belongs to, or pass the value in; `{module}` may import {}",
                    file.path,
                    layer.may_import.join(", ")
                ));
            }
        }
    }
    faults
}

/// The table against itself: imports go to a lower layer, and a pure module never to a shell.
pub fn table_faults() -> Vec<String> {
    let mut faults = Vec::new();
    for row in LAYERS {
        for name in row.may_import {
            match layer(name) {
                None => faults.push(format!("`{}` may import `{name}`, which has no row of its own: add the row or drop the name", row.module)),
                Some(below) if below.level >= row.level => {
                    faults.push(format!("`{}` (layer {}) may import `{name}` (layer {}): imports go downwards only", row.module, row.level, below.level));
                }
                Some(below) if row.is_pure && !below.is_pure => {
                    faults.push(format!("`{}` is pure and may import `{name}`, which is not", row.module));
                }
                Some(_) => {}
            }
        }
    }
    faults
}

/// The page that explains the table must show it: one row a module, with its level and whether it is pure.
pub fn page_faults(page: &str) -> Vec<String> {
    let shows = |row: &Layer| {
        let (level, module) = (format!("| {} ", row.level), format!("`{}`", row.module));
        let kind = if row.is_pure { "| yes |" } else { "| shell |" };
        page.lines().any(|line| line.starts_with(&level) && line.contains(kind) && line.split('|').nth(2).is_some_and(|cell| cell.contains(&module)))
    };
    LAYERS
        .iter()
        .filter(|row| !shows(row))
        .map(|row| {
            let kind = if row.is_pure { "yes" } else { "shell" };
            format!("docs/ARCHITECTURE.md: the table needs a row `| {} | `{}` | {kind} | …`", row.level, row.module)
        })
        .collect()
}

/// Libraries outside the place that wraps them. Tests and benches look from outside and may use what they like.
pub fn crates(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/")) {
        let code = code(&file.text);
        for (library, places) in DOORS {
            if places.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            for line in lines_with(&code, &format!("{library}::")) {
                faults.push(format!("{}:{line}: `{library}` is used in {} only: call what is offered there", file.path, places.join(" and ")));
            }
        }
    }
    faults
}

/// Pure modules that name a file, a clock, a socket, a thread or chance.
pub fn purity(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        let Some(layer) = file.module().and_then(layer).filter(|layer| layer.is_pure) else { continue };
        let code = code(&file.text);
        for (word, advice) in WORLD {
            for line in lines_with(&code, word) {
                faults.push(format!("{}:{line}: `{}` is pure and names `{word}`: {advice}", file.path, layer.module));
            }
        }
    }
    faults
}

/// The lines of code in which a word stands by itself.
fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .filter(|(start, _)| !code[..*start].chars().next_back().is_some_and(is_name))
        .filter(|(start, _)| !word.ends_with(is_name) || !code[start + word.len()..].chars().next().is_some_and(is_name))
        .map(|(start, _)| code[..start].matches('\n').count() + 1)
        .collect()
}
