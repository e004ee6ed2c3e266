//! Build steps: the pages of the findings, put into the binary.

use std::path::{Path, PathBuf};

fn main() {
    finding_pages().expect("docs/findings can be read");
}

/// Writes `finding_pages.rs`: every `docs/findings/CODE.md` by its code, for `campc explain`.
fn finding_pages() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = root.join("docs/findings");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages: Vec<PathBuf> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| is_page(path)).collect(),
        Err(_) => Vec::new(),
    };
    pages.sort();
    let mut out = String::from("/// The pages of the findings, by code.\nconst FINDING_PAGES: &[(&str, &str)] = &[\n");
    for page in pages {
        let code = page.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        out += &format!("    ({code:?}, include_str!({:?})),\n", page.display().to_string());
    }
    out += "];\n";
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it")).join("finding_pages.rs"), out)
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}
