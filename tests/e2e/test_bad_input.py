"""Bad input from the author and the operator: each a clear message with a place, and nothing started by halves."""

import pytest
from harness.daemon import DidNotStart
from harness.project import HEADER

SOURCE = """
segment "Hot" = points > 50
email welcome { subject "Welcome" body "Good to see you. https://acme.example/start" }
campaign "Follow-up" { published  when segment "Hot"  email welcome }
"""


def test_a_misspelt_name_is_found_with_its_place_and_the_name_that_was_meant(project):
    project.write("main.camp", HEADER + SOURCE.replace("email welcome }", "email welcom }"))
    called = project.campc("check", "--format", "short").exits(1)
    line = HEADER.count("\n") + 4
    column = SOURCE.splitlines()[3].index("email welcome }") + len("email ") + 1
    assert called.out.startswith(f"main.camp:{line}:{column}: error[E03"), called.out
    human = project.campc("check").exits(1)
    assert "welcom" in human.out and "welcome" in human.out


def test_broken_syntax_is_found_in_every_place_in_one_go(project):
    project.source(SOURCE + '\ncampaign "A" { when }\ncampaign "B" { published when segment "Hot" email }\n')
    called = project.campc("check", "--format", "short").exits(1)
    places = [line for line in called.out.splitlines() if "error[E" in line]
    assert len(places) >= 2 and all(line.startswith("main.camp:") for line in places), called.out


def test_the_daemon_does_not_start_on_broken_source(project):
    project.source(SOURCE.replace("email welcome }", "email welcom }"))
    with pytest.raises(DidNotStart) as failure:
        project.run()
    assert failure.value.exit == 1
    assert "welcom" in failure.value.said and "main.camp" in failure.value.said


def test_an_unknown_key_in_the_project_file_is_found_with_its_line_and_the_key_that_was_meant(project):
    project.source(SOURCE)
    project.config("\n[webhooks]\ntimeuot = \"10s\"\n")
    line = project.folder.joinpath("camp.toml").read_text().splitlines().index('timeuot = "10s"') + 1
    called = project.campc("check", "--format", "short")
    assert called.exit in (1, 2)
    assert f"camp.toml:{line}" in called.said and "timeuot" in called.said
    assert "timeout" in project.campc("check").said
    with pytest.raises(DidNotStart) as failure:
        project.run()
    assert failure.value.exit in (1, 2) and "timeuot" in failure.value.said


def test_an_unknown_section_is_found_too(project):
    project.source(SOURCE)
    project.config("\n[emial]\nurl = \"smtp://localhost\"\n")
    called = project.campc("check")
    assert called.exit in (1, 2) and "emial" in called.said and "email" in called.said


def test_a_project_file_that_is_not_toml_is_named_with_its_line(project):
    project.source(SOURCE)
    project.write("camp.toml", '[project]\nname = "acme"\nfrom = \n')
    called = project.campc("check")
    assert called.exit in (1, 2) and "camp.toml:3" in called.said, called.said


def test_a_missing_variable_stops_what_needs_it_and_names_the_key_and_line(project):
    project.source(SOURCE)
    project.config('\n[email]\nurl = "${SMTP_URL_OF_ACME}"\n')
    line = project.folder.joinpath("camp.toml").read_text().splitlines().index('url = "${SMTP_URL_OF_ACME}"') + 1
    for command in ("check", "test", "build"):
        project.campc(command).exits(0)
    with pytest.raises(DidNotStart) as failure:
        project.run()
    assert failure.value.exit == 2
    for word in ("SMTP_URL_OF_ACME", "url", f"camp.toml:{line}"):
        assert word in failure.value.said, f"`{word}` is not in\n{failure.value.said}"


def test_a_missing_variable_of_the_source_stops_the_daemon_only_where_the_channel_needs_it(served_project):
    source = SOURCE + 'webhook crm { url "http://127.0.0.1/x" secret env("SECRET_OF_ACME") }\ncampaign "C" { published when points reach 9 webhook crm }\n'
    served_project.source(source)
    served_project.campc("check").exits(0)
    with pytest.raises(DidNotStart) as failure:
        served_project.run()
    assert failure.value.exit == 2
    assert "SECRET_OF_ACME" in failure.value.said and "main.camp" in failure.value.said


def test_the_folder_needs_no_variable_of_the_source(project):
    project.source(SOURCE + 'webhook crm { url "https://crm.example/x" secret env("SECRET_OF_ACME") }\ncampaign "C" { published when points reach 9 webhook crm }\n')
    project.run().stop()


def test_an_address_that_is_taken_is_a_clear_message(project):
    project.source(SOURCE)
    first = project.run()
    other = type(project)(project.folder.parent / "other")
    other.source(SOURCE)
    other.config()
    other.write("camp.toml", other.folder.joinpath("camp.toml").read_text().replace(f"127.0.0.1:{other.port}", f"127.0.0.1:{project.port}"))
    called = other.campc("run", ".", seconds=30).exits(2)
    assert str(project.port) in called.said
    assert first.is_alive


def test_a_second_daemon_on_the_same_store_does_not_start(project):
    project.source(SOURCE)
    first = project.run()
    called = project.campc("run", ".", "--listen", "127.0.0.1:0", seconds=30)
    assert called.exit == 2 and called.err, called
    assert first.is_alive


def test_another_address_than_loopback_needs_keys(project):
    project.source(SOURCE)
    text = project.folder.joinpath("camp.toml").read_text()
    project.write("camp.toml", "".join(line + "\n" for line in text.splitlines() if "_keys" not in line and "_tokens" not in line))
    called = project.campc("run", ".", "--listen", "0.0.0.0:0", seconds=30).exits(2)
    assert "write_keys" in called.said or "admin_tokens" in called.said


def test_bad_arguments_exit_with_two(project):
    project.source(SOURCE)
    project.campc("check", "missing.camp").exits(2)
    project.campc("chekc").exits(2)
    project.campc("explain", "E9999").exits(2)
    project.campc("check", "--format", "poem").exits(2)


def test_source_that_is_not_utf8_is_found_with_its_place(project):
    project.write("main.camp", (HEADER + SOURCE).encode().replace(b"Good to see you", b"Sch\xf6n"))
    called = project.campc("check", "--format", "short")
    assert called.exit in (1, 2) and "main.camp" in called.said and "UTF-8" in called.said
