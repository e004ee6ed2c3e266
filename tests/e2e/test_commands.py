"""The commands an operator types: what they print, and how they exit."""

import json
import re

import pytest
from harness.calendar import of

SOURCE = """
contact { plan: enum("free", "pro") = "free" }
segment "Canada Hot Leads" = country == "Canada" and points > 50
points { on visited("/pricing") +10 }
email welcome { subject "Welcome" body "Good to see you. https://acme.example/start" }
email reminder { subject "Still interested?" body "Here is where you left off. https://acme.example/start" }
campaign "Hot lead follow-up" {
  published
  when segment "Canada Hot Leads"
  email welcome
  wait 3d
  email reminder
}
test "the welcome comes at once" {
  given contact { country: "Canada", points: 51 }
  expect email welcome
}
"""


@pytest.fixture
def hot(folder_stage):
    """Ana came in by a visit, an hour ago."""
    daemon = folder_stage.begins(SOURCE)
    folder_stage.person("ana", points=46, timezone="America/Toronto", fields={"country": "Canada"})
    daemon.page("ana", "/pricing")
    folder_stage.expect_only("Welcome")
    daemon.advance(hours=1)
    return folder_stage, daemon


def test_why_says_what_decided_each_step_in_the_contacts_own_time(hot):
    stage, _ = hot
    lines = stage.project.campc("why", "ana").exits(0).out.splitlines()
    enrolled = [line for line in lines if "  enrolled  " in line]
    assert enrolled == ['2035-01-08 04:00:00  Hot lead follow-up  enrolled  segment "Canada Hot Leads": points 46 → 56 by visited("/pricing")']
    assert any(re.match(r"2035-01-08 04:00:00  Hot lead follow-up  sent\b.*welcome", line) for line in lines), lines


def test_why_as_json_is_the_journal_of_the_http_interface(hot):
    stage, daemon = hot
    called = stage.project.campc("why", "ana@people.example", "--format", "json").exits(0)
    lines = [json.loads(line) for line in called.out.splitlines()]
    assert lines == daemon.journal("ana")
    enrolled = next(line for line in lines if line["what"] == "enrolled")
    assert set(enrolled) >= {"at", "campaign", "enrollment", "step", "what", "why", "cause", "source"}
    assert enrolled["campaign"] == "Hot lead follow-up"
    assert re.fullmatch(r"main\.camp:\d+:\d+", enrolled["source"])


def test_why_answers_without_a_daemon_and_exits_with_one_for_nobody(hot):
    stage, daemon = hot
    before = stage.project.campc("why", "ana").exits(0).out
    daemon.stop()
    assert stage.project.campc("why", "ana").exits(0).out == before
    stage.project.campc("why", "nobody").exits(1)
    of_campaign = stage.project.campc("why", "ana", "--campaign", "Hot lead follow-up").exits(0).out.splitlines()
    decided = of_campaign[: of_campaign.index("")]
    assert decided == [line for line in before.splitlines() if "  Hot lead follow-up  " in line and not line.startswith(" ")]
    # Asked about one campaign, it says as well how things stand now.
    assert of_campaign[-1].startswith("  Hot lead follow-up  waiting at wait since")


def test_status_names_the_campaign_and_who_is_inside(hot):
    stage, _ = hot
    assert "Hot lead follow-up" in stage.project.campc("status").exits(0).out


def test_the_clock_is_moved_by_a_command(hot):
    stage, daemon = hot
    start = daemon.now()
    stage.project.campc("clock", "advance", "3d").exits(0)
    assert daemon.now() == start + of(days=3)
    stage.expect_only("Welcome", "Still interested?")


def test_an_operator_can_enrol_by_hand(folder_stage):
    folder_stage.begins(SOURCE.replace('when segment "Canada Hot Leads"', "when enrolled"))
    folder_stage.person("ana")
    folder_stage.project.campc("enroll", "Hot lead follow-up", "ana").exits(0)
    folder_stage.expect_only("Welcome")
    folder_stage.project.campc("enroll", "Hot lead follow-up", "nobody").exits(1)
    folder_stage.project.campc("enroll", "No such campaign", "ana").exits(1)


# Importing

PEOPLE = """email,first_name,country,points,plan,tags,consent:sms,consent_source
ana@people.example,Ana,Canada,60,pro,a;b,yes,the old system
ben@people.example,Ben,Canada,40,free,,no,the old system
not an address,Nemo,Canada,60,free,,,
cleo@people.example,Cleo,Canada,many,free,,,
dora@people.example,Dora,Canada,60,gold,,,
"eve@people.example","Eve ""E"", the first",Canada,60,free,,,
frank@people.example,Frank
"""


@pytest.mark.parametrize("is_running", [True, False], ids=["daemon", "no daemon"])
def test_an_import_takes_the_good_rows_and_names_the_bad_ones(folder_stage, is_running):
    stage = folder_stage
    daemon = stage.begins(SOURCE)
    if not is_running:
        daemon.stop()
    stage.project.write("people.csv", PEOPLE)
    called = stage.project.campc("contacts", "import", "people.csv").exits(1)
    if not is_running:
        stage.daemon = daemon = stage.project.run()
    daemon.idle()
    ana = daemon.contact("ana@people.example")
    assert (ana["fields"]["first_name"], ana["points"], ana["fields"]["plan"], ana["tags"], ana["consent"]["sms"]) == ("Ana", 60, "pro", ["a", "b"], "given")
    assert daemon.contact("eve@people.example")["fields"]["first_name"] == 'Eve "E", the first'
    assert daemon.contact("ben@people.example")["segments"] == []
    # They entered the segment like anybody else.
    stage.expect_only("Welcome", "Welcome")
    (rejected,) = stage.project.folder.glob("*.rejected.csv")
    assert rejected.name == "people.csv.rejected.csv"
    text = rejected.read_text()
    # A value that does not fit makes the row a bad one, and a row is taken whole or not at all.
    for line, word in [(4, "not an address"), (5, "many"), (6, "gold"), (8, "frank@people.example")]:
        assert any(str(line) in row and word in row for row in text.splitlines()), f"line {line}, {word}:\n{text}"
    assert "3 imported, 4 rejected" in called.said


def test_the_same_file_twice_changes_nothing(folder_stage):
    stage = folder_stage
    daemon = stage.begins(SOURCE)
    stage.project.write("people.csv", "email,country,points\nana@people.example,Canada,60\n")
    stage.project.campc("contacts", "import", "people.csv").exits(0)
    stage.expect_only("Welcome")
    before = daemon.journal("ana@people.example")
    stage.project.campc("contacts", "import", "people.csv").exits(0)
    daemon.idle()
    assert daemon.journal("ana@people.example") == before
    stage.expect_only("Welcome")


def test_a_quiet_import_enters_segments_and_starts_nothing(folder_stage):
    stage = folder_stage
    daemon = stage.begins(SOURCE)
    stage.project.write("people.csv", "email,country,points\nana@people.example,Canada,60\n")
    stage.project.campc("contacts", "import", "people.csv", "--quiet").exits(0)
    daemon.idle()
    assert daemon.contact("ana@people.example")["segments"] == ["Canada Hot Leads"]
    stage.expect_only()


def test_json_lines_are_imported_too_and_a_file_that_is_not_there_exits_with_two(folder_stage):
    stage = folder_stage
    daemon = stage.begins(SOURCE)
    rows = [{"email": "ana@people.example", "points": 60, "fields": {"country": "Canada"}}, {"user_id": "ben", "tags": ["x"]}]
    stage.project.write("people.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    stage.project.campc("contacts", "import", "people.jsonl").exits(0)
    stage.expect_only("Welcome")
    assert daemon.contact("ben")["tags"] == ["x"]
    stage.project.campc("contacts", "import", "missing.csv").exits(2)


# Exit codes

def test_check_exits_with_zero_one_and_two(project):
    project.source(SOURCE)
    project.campc("check").exits(0)
    project.source(SOURCE + 'email spare { subject "Spare" body "Nobody sends it. https://acme.example" }\n')
    assert "spare" in project.campc("check").exits(0).out
    project.campc("check", "--deny", "warnings").exits(1)
    project.source(SOURCE.replace("email reminder\n", "email remindr\n"))
    project.campc("check").exits(1)
    project.campc("check", "nowhere").exits(2)


def test_check_speaks_json_one_object_a_line(project):
    project.source(SOURCE.replace("  email reminder\n}", "  email remindr\n}"))
    findings = [json.loads(line) for line in project.campc("check", "--format", "json").exits(1).out.splitlines()]
    (finding,) = [one for one in findings if one["severity"] == "error"]
    assert finding["path"] == "main.camp" and re.fullmatch(r"E03\d\d", finding["code"]) and finding["title"]
    text = project.folder.joinpath("main.camp").read_bytes()
    assert text[finding["byte_start"] : finding["byte_end"]] == b"remindr"
    assert text.decode().splitlines()[finding["line"] - 1][finding["column"] - 1 :].startswith("remindr")


def test_test_exits_with_zero_one_and_two(project):
    project.source(SOURCE)
    project.campc("test").exits(0)
    project.source(SOURCE.replace("  expect email welcome\n}", "  expect email reminder\n}"))
    project.campc("test").exits(1)
    project.source(SOURCE.replace("email reminder\n}", "email remindr\n}"))
    project.campc("test").exits(1)
    project.campc("test", "nowhere").exits(2)


def test_build_writes_a_program_that_is_the_same_each_time_and_exits_with_one_on_errors(project):
    project.source(SOURCE)
    project.campc("build", "-o", "one.campb").exits(0)
    project.source(SOURCE.replace("  wait 3d", "  // a comment\n  wait   3d"))
    project.campc("build", "-o", "two.campb").exits(0)
    assert project.folder.joinpath("one.campb").stat().st_size > 0
    assert "email" in project.campc("disasm", "one.campb").exits(0).out
    damaged = bytearray(project.folder.joinpath("one.campb").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    project.write("damaged.campb", bytes(damaged))
    assert project.campc("disasm", "damaged.campb").exit in (1, 2)
    project.source(SOURCE.replace("email reminder\n}", "email remindr\n}"))
    project.campc("build", "-o", "three.campb").exits(1)
    assert not project.folder.joinpath("three.campb").exists()


def test_run_ends_with_zero_after_sigterm_however_soon_it_comes(project):
    project.source(SOURCE)
    for _ in range(8):
        project.run().stop()


def test_a_new_project_checks_tests_and_runs_at_once(project):
    project.campc("new", "fresh").exits(0)
    for command in ("check", "test"):
        project.campc("--project", "fresh", command).exits(0)
    project.campc("new", "fresh").exits(2)
    assert {"camp.toml", "main.camp", "emails", ".gitignore"} <= {entry.name for entry in project.folder.joinpath("fresh").iterdir()}
    fresh = type(project)(project.folder / "fresh2")
    fresh.write("main.camp", project.folder.joinpath("fresh/main.camp").read_text())
    for entry in project.folder.joinpath("fresh/emails").iterdir():
        fresh.write(f"emails/{entry.name}", entry.read_bytes())
    daemon = fresh.run()
    daemon.stop()


def test_without_keys_on_loopback_the_daemon_makes_them_and_prints_a_line_to_try(project):
    project.source(SOURCE)
    text = project.folder.joinpath("camp.toml").read_text()
    project.write("camp.toml", "".join(line + "\n" for line in text.splitlines() if "_keys" not in line and "_tokens" not in line))
    daemon = project.run()
    assert "curl" in daemon.said or "/v1/" in daemon.said
    daemon.stop()
