//! Expands `grammar/camp.lalrpop.in` (the keywords are collected from the grammar itself) and runs lalrpop on it.
//!
//! Puts the pages of the findings, `docs/findings/CODE.md`, into `finding_pages.rs` for `campc explain`.
//! Writes `camp.rs` (the parser) and `keywords.rs` (keyword enum, look-up, fused tokens, the three classes) to the output folder.
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

const GRAMMAR: &str = "grammar/camp.lalrpop.in";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    #[cfg(feature = "proof")]
    failing_disk()?;
    println!("cargo:rerun-if-changed={GRAMMAR}");
    println!("cargo:rerun-if-changed=build.rs");
    let source = fs::read_to_string(GRAMMAR)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let words = Words::collect(&source);
    fs::write(out.join("keywords.rs"), keywords(&source, &words))?;
    finding_pages(&out)?;
    write_parser(&expand(&source, &words)?, &out)
}

/// The disk of the proofs; its registration stands in the object itself, so the linker may not leave it out.
#[cfg(feature = "proof")]
fn failing_disk() -> Result<(), Failure> {
    const DISK: &str = "tests/disk.c";
    println!("cargo:rerun-if-changed={DISK}");
    let out = env::var("OUT_DIR")?;
    cc::Build::new().file(DISK).include(env::var("DEP_SQLITE3_INCLUDE")?).cargo_metadata(false).try_compile("camp_disk")?;
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static:+whole-archive=camp_disk");
    Ok(())
}

/// The keywords of the grammar.
struct Words {
    single: BTreeSet<String>,
    fused: BTreeSet<String>,
}

impl Words {
    /// Every `"word"` in the grammar is a keyword, every `"two words"` a fused token.
    fn collect(source: &str) -> Words {
        let mut single = BTreeSet::new();
        for line in source.lines() {
            let code = line.split("//").next().unwrap_or("");
            for word in code.split('"').skip(1).step_by(2) {
                if !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == ' ') {
                    single.insert(word.to_string());
                }
            }
        }
        let fused = single.iter().filter(|k| k.contains(' ')).cloned().collect();
        single.retain(|k| !k.contains(' '));
        Words { single, fused }
    }
}

/// The words of the lines `//! NAME: word word …`.
fn list(source: &str, name: &str) -> Vec<String> {
    let prefix = format!("//! {name}:");
    source.lines().filter_map(|l| l.strip_prefix(&prefix)).flat_map(|l| l.split_whitespace().map(str::to_string)).collect()
}

/// `in last` → `InLast`.
fn variant(word: &str) -> String {
    word.split(' ').map(|w| w.chars().take(1).flat_map(char::to_uppercase).chain(w.chars().skip(1)).collect::<String>()).collect()
}

/// Replaces `@WORDS LIST …@` and `@KEYWORDS@`. Keywords with the same membership share one nonterminal, which keeps the tables small.
fn expand(source: &str, words: &Words) -> Result<String, Failure> {
    let mut specs: Vec<(String, BTreeSet<String>)> = Vec::new();
    let mut rest = source.split_once("grammar<").ok_or("no grammar<…> line")?.1;
    while let Some((_, after)) = rest.split_once("@WORDS") {
        let (lists, next) = after.split_once('@').ok_or("@WORDS without its end")?;
        let excluded = lists.split_whitespace().flat_map(|name| list(source, name)).collect();
        specs.push((format!("@WORDS{lists}@"), excluded));
        rest = next;
    }
    let mut classes: BTreeMap<Vec<bool>, Vec<&String>> = BTreeMap::new();
    for word in &words.single {
        classes.entry(specs.iter().map(|(_, excluded)| !excluded.contains(word)).collect()).or_default().push(word);
    }
    let mut text = source.to_string();
    for (i, (spec, _)) in specs.iter().enumerate() {
        let allowed = classes.keys().enumerate().filter(|(_, class)| class.get(i) == Some(&true));
        text = text.replace(spec, &allowed.map(|(n, _)| format!("K{n}")).collect::<Vec<_>>().join(", "));
    }
    let mut rules = String::new();
    for (n, words) in classes.values().enumerate() {
        let alternatives: Vec<String> = words.iter().map(|k| format!("<l:@L> \"{k}\" <r:@R> => cx.name(l, r)")).collect();
        rules += &format!("K{n}: Name = {{ {} }};\n", alternatives.join(", "));
    }
    let tokens = words.single.iter().chain(&words.fused).map(|k| format!("        \"{k}\" => Tok::Kw(Kw::{}),\n", variant(k)));
    Ok(text.replace("extern {", &format!("{rules}\nextern {{")).replace("@KEYWORDS@", &tokens.collect::<String>()))
}

fn keywords(source: &str, words: &Words) -> String {
    let reserved: BTreeSet<String> = list(source, "RESERVED").into_iter().chain(list(source, "WEEKDAY")).collect();
    let statement: BTreeSet<String> = list(source, "STMT").into_iter().collect();
    let free: Vec<&String> = words.single.iter().filter(|k| !reserved.contains(*k) && !statement.contains(*k)).collect();
    let mut out = String::from("/// A keyword, or two that are read as one.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\npub enum Kw {\n");
    for word in words.single.iter().chain(&words.fused) {
        out += &format!("    /// `{word}`\n    {},\n", variant(word));
    }
    out += "}\n\nimpl Kw {\n    /// The keyword spelled so, if it is one.\n    #[must_use]\n    pub fn lookup(word: &str) -> Option<Kw> {\n";
    out += &lookup(&words.single);
    out += "    }\n    /// How it is spelled.\n    #[must_use]\n    pub fn as_str(self) -> &'static str {\n        match self {\n";
    for word in words.single.iter().chain(&words.fused) {
        out += &format!("            Kw::{} => {word:?},\n", variant(word));
    }
    out += "        }\n    }\n    /// The one token that a keyword and the word after it make, if they do.\n    #[must_use]\n    pub fn fuse(first: Kw, second: &str) -> Option<Kw> {\n        match (first, second) {\n";
    for word in &words.fused {
        let (a, b) = word.split_once(' ').unwrap_or((word, ""));
        out += &format!("            (Kw::{}, {b:?}) => Some(Kw::{}),\n", variant(a), variant(word));
    }
    out += "            _ => None,\n        }\n    }\n}\n";
    out += &format!("/// Never a bare name.\npub const RESERVED: &[&str] = &{:?};\n", reserved.iter().collect::<Vec<_>>());
    out += &format!("/// A bare field, but not the name of a declared thing.\npub const STATEMENT: &[&str] = &{:?};\n", statement.iter().collect::<Vec<_>>());
    out += &format!("/// May be anything.\npub const FREE: &[&str] = &{free:?};\n");
    out += &format!("/// Two words that are read as one.\npub const FUSED: &[&str] = &{:?};\n", words.fused.iter().collect::<Vec<_>>());
    out
}

/// Nested matches by length and first letter: few comparisons a word.
fn lookup(words: &BTreeSet<String>) -> String {
    let mut groups: BTreeMap<(usize, u8), Vec<&String>> = BTreeMap::new();
    for word in words {
        groups.entry((word.len(), word.bytes().next().unwrap_or(0))).or_default().push(word);
    }
    let mut out = String::from("        match (word.len(), word.as_bytes().first().copied().unwrap_or(0)) {\n");
    for ((len, first), words) in groups {
        let arms: Vec<String> = words.iter().map(|w| format!("{w:?} => Some(Kw::{})", variant(w))).collect();
        out += &format!("            ({len}, {first}) => match word {{ {}, _ => None }},\n", arms.join(", "));
    }
    out + "            _ => None,\n        }\n"
}

fn write_parser(grammar: &str, out: &Path) -> Result<(), Failure> {
    let folder = out.join("grammar");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("camp.lalrpop"), grammar)?;
    lalrpop::Configuration::new().set_in_dir(&folder).set_out_dir(out).never_use_colors().force_build(true).process()
}

/// Every page by its code.
fn finding_pages(out: &Path) -> Result<(), Failure> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("docs/findings");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut pages: Vec<PathBuf> = fs::read_dir(&folder)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let mut text = String::from("/// The pages of the findings, by code.\nconst FINDING_PAGES: &[(&str, &str)] = &[\n");
    for page in pages {
        let code = page.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        text += &format!("    ({code:?}, include_str!({:?})),\n", page.display().to_string());
    }
    fs::write(out.join("finding_pages.rs"), text + "];\n")?;
    Ok(())
}
