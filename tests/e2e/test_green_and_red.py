"""Green and red: an open brings the SMS, no open brings the reminder, and never both."""

import pytest
from harness.calendar import instant, of
from harness.stage import mail_of, phone_of

SOURCE = """
segment "Hot" = points > 50
email welcome { subject "Welcome" body "Good to see you. https://acme.example/start" }
email reminder { subject "Still interested?" body "Here is where you left off. https://acme.example/start" }
sms thanks "Thanks for reading! Reply STOP to opt out."
campaign "Follow-up" {
  published
  when segment "Hot"
  email welcome
  if opened(welcome) then sms thanks
  else {
    wait 3d
    email reminder
  }
}
"""
THANKS = "Thanks for reading! Reply STOP to opt out."

# The same campaign, said with `within`: language, Time 7 says that both mean the same.
WITHIN = SOURCE.replace("if opened(welcome) then", "if opened(welcome) within 3d then").replace("    wait 3d\n", "")


def begin(stage, source=SOURCE):
    """Ana has been welcomed at the returned instant."""
    daemon = stage.begins(source)
    stage.person("ana", points=51)
    return daemon, daemon.now(), stage.expect("email", "Welcome", to=mail_of("ana"))


@pytest.mark.parametrize("source", [SOURCE, WITHIN], ids=["wait", "within"])
def test_an_open_after_five_hours_brings_the_sms_then(stage, source):
    daemon, start, mail = begin(stage, source)
    daemon.advance_to(start + of(hours=5))
    stage.expect_only("Welcome")
    daemon.open(mail)
    daemon.advance(seconds=5)  # a hit may be weighed for five seconds: other hits can show that a machine made it
    stage.expect("sms", THANKS, to=phone_of("ana"))
    (decided,) = daemon.happened("ana", "decided")
    assert of(hours=5) <= instant(decided["at"]) - start <= of(hours=5, seconds=5)
    daemon.advance(days=10)
    stage.expect_only("Welcome", THANKS)


@pytest.mark.parametrize("source", [SOURCE, WITHIN], ids=["wait", "within"])
def test_no_open_brings_the_reminder_after_three_days_to_the_second(stage, source):
    daemon, start, _ = begin(stage, source)
    daemon.advance_to(start + of(days=3, seconds=-1))
    stage.expect_only("Welcome")
    daemon.advance_to(start + of(days=3))
    stage.expect("email", "Still interested?", to=mail_of("ana"))
    stage.expect_only("Welcome", "Still interested?")


def test_the_folder_says_when_the_reminder_left(folder_stage):
    daemon, start, _ = begin(folder_stage)
    daemon.advance(days=3, hours=7)
    reminder = folder_stage.expect("email", "Still interested?")
    assert instant(reminder.line["at"]) == start + of(days=3), "not when the clock stopped, but when it was due"
    assert {key: reminder.line[key] for key in ("channel", "message", "campaign", "step", "to", "attempt")} == {
        "channel": "email",
        "message": "reminder",
        "campaign": "Follow-up",
        "step": "else/email reminder",
        "to": mail_of("ana"),
        "attempt": 1,
    }


def test_an_open_that_counts_at_the_deadline_takes_the_green_path(stage):
    daemon, start, mail = begin(stage)
    daemon.advance_to(start + of(days=3, seconds=-5))
    # Accepted between now and the deadline itself, where an event beats the timer.
    daemon.open(mail)
    daemon.advance_to(start + of(days=3))
    stage.expect_only("Welcome", THANKS)


def test_an_open_after_the_deadline_takes_no_path(stage):
    daemon, start, mail = begin(stage)
    daemon.advance_to(start + of(days=3))
    stage.expect("email", "Still interested?")
    daemon.open(mail)
    daemon.advance(days=10)
    stage.expect_only("Welcome", "Still interested?")


def test_opening_twice_brings_one_sms(stage):
    daemon, _, mail = begin(stage)
    daemon.advance(hours=1)
    daemon.open(mail)
    daemon.open(mail)
    daemon.advance(days=4)
    stage.expect_only("Welcome", THANKS)


def test_an_open_sooner_than_a_person_could_is_a_machines(stage):
    daemon, _, mail = begin(stage)
    daemon.open(mail)
    daemon.advance(days=3)
    stage.expect_only("Welcome", "Still interested?")


def test_a_scanners_open_is_not_a_persons(folder_stage):
    from harness.http_client import request

    daemon, _, mail = begin(folder_stage)
    daemon.advance(hours=1)
    request("GET", mail.pixel, headers={"user-agent": "curl/8.5.0"}).expect(200)
    request("HEAD", mail.pixel, headers={"user-agent": "Mozilla/5.0"})
    daemon.advance(days=3)
    folder_stage.expect_only("Welcome", "Still interested?")


def test_an_open_exactly_at_the_deadline_is_green_in_the_languages_own_tests(project):
    project.source(
        SOURCE
        + """
test "an open at the deadline" {
  given contact { points: 51 }
  expect email welcome
  after 3d
  opened(welcome)
  expect sms containing "Thanks"
  expect no email
  expect finished campaign "Follow-up"
}
test "no open" {
  given contact { points: 51 }
  expect email welcome
  after 3d
  expect email reminder
  expect nothing for 30d
}
"""
    )
    project.campc("test").exits(0)


def test_a_failing_test_of_the_language_exits_with_one_and_says_what_came_instead(project):
    project.source(SOURCE + '\ntest "wrong" {\n  given contact { points: 51 }\n  expect email welcome\n  after 3d\n  expect sms containing "Thanks"\n}\n')
    called = project.campc("test").exits(1)
    assert "wrong" in called.said and "reminder" in called.said
