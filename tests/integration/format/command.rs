//! `campc fmt`, through the real binary.

use crate::bench::{Folder, finished};

const LOOSE: &str = "// a list\nlist   a\nlist b\n";
const TIDY: &str = "// a list\nlist a\nlist b\n";

#[test]
fn files_are_formatted_in_place() {
    let folder = Folder::new();
    folder.write("camp.toml", "");
    folder.write("main.camp", LOOSE);
    folder.write("more/tidy.camp", TIDY);
    let ran = folder.run(&["fmt"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "formatted main.camp\n", "formatted 1 file, 1 unchanged\n"));
    assert_eq!(folder.read("main.camp"), TIDY);
    let again = folder.run(&["fmt"]);
    assert_eq!((again.code, again.out.as_str(), again.err.as_str()), (0, "", "2 files formatted already\n"));
}

#[test]
fn check_names_the_files_changes_nothing_and_exits_with_one() {
    let folder = Folder::new();
    folder.write("main.camp", LOOSE);
    folder.write("tidy.camp", TIDY);
    let ran = folder.run(&["fmt", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "main.camp\n"), "{ran:?}");
    assert_eq!(folder.read("main.camp"), LOOSE);
    let tidy = folder.run(&["fmt", "--check", "tidy.camp"]);
    assert_eq!((tidy.code, tidy.out.as_str()), (0, ""));
}

#[test]
fn a_file_that_is_named_is_formatted_alone() {
    let folder = Folder::new();
    folder.write("camp.toml", "");
    folder.write("main.camp", LOOSE);
    folder.write("other.camp", LOOSE);
    folder.write("sub/a.camp", LOOSE);
    assert_eq!(folder.run(&["fmt", "main.camp", "sub"]).out, "formatted main.camp\nformatted sub/a.camp\n");
    assert_eq!(folder.read("other.camp"), LOOSE);
    assert_eq!(folder.run(&["fmt", "nowhere.camp"]).code, 2);
}

#[test]
fn a_dash_reads_stdin_and_writes_stdout() {
    let folder = Folder::new();
    let ran = folder.run_with_stdin(&["fmt", "-"], LOOSE);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, TIDY, ""));
    assert_eq!(folder.run_with_stdin(&["fmt", "-"], TIDY).out, TIDY);
    assert_eq!(folder.run_with_stdin(&["fmt", "-", "--check"], LOOSE).code, 1);
    assert_eq!(folder.run_with_stdin(&["fmt", "-", "--check"], TIDY).code, 0);
    let broken = folder.run_with_stdin(&["fmt", "-"], "list {");
    assert_eq!((broken.code, broken.out.as_str()), (2, ""));
    assert!(broken.err.contains("<stdin>:1:"), "{}", broken.err);
}

#[test]
fn a_file_with_syntax_errors_is_left_alone_and_the_others_are_formatted() {
    let folder = Folder::new();
    folder.write("camp.toml", "");
    folder.write("a.camp", "segment  x = points >> 3\n");
    folder.write("b.camp", LOOSE);
    let ran = folder.run(&["fmt"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, "formatted b.camp\n"));
    assert!(ran.err.contains("a.camp:1:") && ran.err.contains("[E02"), "{}", ran.err);
    assert_eq!(folder.read("a.camp"), "segment  x = points >> 3\n");
}

#[test]
fn a_file_that_is_wrong_but_readable_is_formatted() {
    let folder = Folder::new();
    folder.write("main.camp", "segment   s = nothing_known == 3\n");
    assert_eq!(folder.run(&["fmt"]).code, 0);
    assert_eq!(folder.read("main.camp"), "segment s = nothing_known == 3\n");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.write("real.camp", LOOSE);
    let (real, link) = (folder.path().join("real.camp"), folder.path().join("link.camp"));
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let ran = finished(&mut folder.command(&["fmt", "link.camp"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(std::fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.read("real.camp"), TIDY);
}
