//! Which files a workspace asks for, and what it says of those it cannot have.

use super::findings_of;
use campc::compiler::Workspace;

#[test]
fn files_are_asked_for_by_their_path_from_the_project() {
    let mut workspace = Workspace::of_source("a/main.camp", "use \"../shared/more.camp\"\nemail x { subject \"s\" body file \"x.md\" }");
    assert_eq!(workspace.missing(), ["a/x.md", "shared/more.camp"]);
    workspace.add_file("shared/more.camp", "email y { subject \"s\" body file \"y.md\" }");
    assert_eq!(workspace.missing(), ["a/x.md", "shared/y.md"]);
    workspace.add_file("a/x.md", "Hi");
    workspace.set_absent("shared/y.md");
    assert_eq!(workspace.missing(), Vec::<String>::new());
    assert!(findings_of(&workspace).iter().any(|finding| finding.starts_with("E0318")), "{:?}", findings_of(&workspace));
}

#[test]
fn no_path_leads_out_of_the_project() {
    for path in ["../x.md", "/etc/passwd", "a/../../x.md", "C:\\\\x.md"] {
        let mut workspace = Workspace::of_source("main.camp", &format!("email x {{ subject \"s\" body file \"{path}\" }}"));
        assert_eq!(workspace.missing(), Vec::<String>::new(), "{path}");
        assert!(findings_of(&workspace).iter().any(|finding| finding.starts_with("E0319")), "{path}: {:?}", findings_of(&workspace));
    }
}

#[test]
fn sources_that_use_each_other_are_read_once() {
    let mut workspace = Workspace::of_source("a.camp", "use \"b.camp\"");
    workspace.add_file("b.camp", "use \"a.camp\"");
    assert_eq!(workspace.missing(), Vec::<String>::new());
    assert!(findings_of(&workspace).iter().any(|finding| finding.starts_with("E0320")));
}

#[test]
fn a_source_that_is_not_utf_8_is_a_finding() {
    let mut workspace = Workspace::new();
    workspace.add_root("main.camp", b"project \"Caf\xe9\" {}".to_vec());
    let findings = findings_of(&workspace);
    assert!(findings.iter().any(|finding| finding == "E0111 the file is not UTF-8 text: byte 12 is the first that does not fit"), "{findings:?}");
}

#[test]
fn a_byte_order_mark_does_not_shift_places() {
    let plain = Workspace::of_source("main.camp", "segment \"a\" = nothing == 1");
    let marked = Workspace::of_source("main.camp", "\u{feff}segment \"a\" = nothing == 1");
    let spans = |workspace| campc::compiler::analyze(workspace).findings.iter().map(|finding| finding.primary.span).collect::<Vec<_>>();
    assert_eq!(spans(&plain), spans(&marked));
    assert!(!spans(&plain).is_empty());
}
