"""Restarts in the middle of waits: the clock goes on where it stopped, and every timer fires once."""

from harness.calendar import of

SOURCE = """
segment "Hot" = points > 50
email first { subject "First" body "The first. https://acme.example/1" }
email second { subject "Second" body "The second. https://acme.example/2" }
email third { subject "Third" body "The third. https://acme.example/3" }
campaign "Follow-up" {
  published
  when segment "Hot"
  email first
  if opened(first) within 2d then email third
  else {
    email second
    wait until 18:00
    email third
  }
}
"""


def test_a_manual_clock_goes_on_where_it_stopped(folder_stage):
    daemon = folder_stage.begins(SOURCE)
    daemon.advance(hours=5)
    stopped = daemon.now()
    daemon = folder_stage.restarts()
    assert stopped <= daemon.now() <= stopped + of(seconds=1)


def test_a_wait_outlives_a_restart_and_ends_to_the_second(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ana", points=60)
    start = daemon.now()
    daemon.advance_to(start + of(days=1))
    daemon = stage.restarts()
    daemon.advance_to(start + of(days=2, seconds=-1))
    stage.expect_only("First")
    daemon = stage.restarts()
    daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")
    daemon = stage.restarts()
    daemon.advance_to(start + of(days=2, hours=9))
    stage.expect_only("First", "Second", "Third")


def test_a_wait_outlives_a_kill_too(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ana", points=60)
    start = daemon.now()
    stage.expect("email", "First")
    daemon.idle()
    daemon.kill()
    stage.daemon = daemon = stage.project.run()
    daemon.advance_to(start + of(days=2, seconds=-1))
    stage.expect_only("First")
    daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")


def test_an_open_before_the_restart_still_counts_after_it(stage):
    daemon = stage.begins(SOURCE.replace("if opened(first) within 2d then email third", "wait 1d\n  if opened(first) then email third"))
    stage.person("ana", points=60)
    mail = stage.expect("email", "First")
    daemon.advance(hours=1)
    daemon.open(mail)
    daemon = stage.restarts()
    daemon.advance(days=3)
    stage.expect_only("First", "Third")


def test_a_mail_of_the_time_before_a_restart_can_be_opened_after_it(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ana", points=60)
    mail = stage.expect("email", "First")
    daemon = stage.restarts()
    daemon.advance(hours=1)
    daemon.open(mail)
    daemon.advance(days=3)
    stage.expect_only("First", "Third")


def test_a_long_jump_fires_every_timer_at_its_own_instant_and_order(folder_stage):
    from harness.calendar import instant

    daemon = folder_stage.begins(SOURCE)
    folder_stage.person("ana", points=60)
    start = daemon.now()
    daemon.advance(days=30)
    lines = [(one.text, instant(one.line["at"]) - start) for one in folder_stage.sent("email")]
    assert lines == [("First", of()), ("Second", of(days=2)), ("Third", of(days=2, hours=9))]
