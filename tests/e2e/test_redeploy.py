"""Redeploys with people inside: what was sent stays sent, who stands somewhere goes on there, and who cannot is not dropped."""

import pytest
from harness.calendar import of
from harness.daemon import DidNotStart

MESSAGES = """
segment "Hot" = points > 50
email first { subject "First" body "The first. https://acme.example/1" }
email second { subject "Second" body "The second. https://acme.example/2" }
email extra { subject "Extra" body "One more. https://acme.example/3" }
"""


def campaign(steps, header=""):
    # Every version declares the same messages; the ones a version does not use are only warned of.
    return MESSAGES + f'campaign "Follow-up" {{\n  published\n  when segment "Hot"\n  {header}\n{steps}\n}}\n'


TWO_DAYS = campaign("  email first\n  wait 2d\n  email second")


def inside(stage, source=TWO_DAYS):
    """Ana has the first mail and waits; the instant is when she began."""
    daemon = stage.begins(source)
    stage.person("ana", points=60)
    stage.expect_only("First")
    return daemon, daemon.now()


def test_the_same_source_again_changes_nothing(stage):
    daemon, start = inside(stage)
    daemon = stage.redeploys(TWO_DAYS.replace("  wait 2d", "  // a comment, and other spacing\n      wait   2d"))
    assert daemon.now() >= start
    daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")


def test_a_longer_wait_counts_from_where_it_began(stage):
    _, start = inside(stage)
    daemon = stage.redeploys(campaign("  email first\n  wait 3d\n  email second"))
    daemon.advance_to(start + of(days=3, seconds=-1))
    stage.expect_only("First")
    daemon.advance_to(start + of(days=3))
    stage.expect_only("First", "Second")


def test_a_shorter_wait_that_is_over_is_due_at_once(stage):
    daemon, start = inside(stage)
    daemon.advance_to(start + of(days=1, hours=12))
    stage.redeploys(campaign("  email first\n  wait 1d\n  email second"))
    stage.expect_only("First", "Second")


def test_a_mail_put_before_where_somebody_stands_does_not_come_to_her(stage):
    _, start = inside(stage)
    daemon = stage.redeploys(campaign("  email first\n  email extra\n  wait 2d\n  email second"))
    daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")
    stage.person("ben", points=60)
    stage.expect_only("First", "Second", "First", "Extra")


def test_a_mail_put_after_comes_and_one_that_moved_does_not_come_twice(stage):
    _, start = inside(stage, campaign("  email first\n  wait 2d as cooldown\n  email second"))
    # The first mail now stands behind the wait: she has had it.
    daemon = stage.redeploys(campaign("  wait 2d as cooldown\n  email first\n  email extra\n  email second"))
    daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Extra", "Second")
    assert [line["why"] for line in daemon.happened("ana", "skipped")] == ["already sent before the deploy"]


def test_a_step_keeps_its_people_by_its_name_wherever_it_goes(stage):
    _, start = inside(stage, campaign("  email first\n  wait 2d as cooldown\n  email second"))
    steps = "  email first\n  if points > 10 then {\n    wait 4d as cooldown\n    email extra\n  }\n  email second"
    daemon = stage.redeploys(campaign(steps))
    daemon.advance_to(start + of(days=4, seconds=-1))
    stage.expect_only("First")
    daemon.advance_to(start + of(days=4))
    stage.expect_only("First", "Extra", "Second")


def test_a_removed_step_with_somebody_there_does_not_start_and_says_who_stands_where(stage):
    daemon, start = inside(stage, campaign("  email first\n  wait 2d as cooldown\n  email second"))
    daemon.stop()
    stage.project.source(campaign("  email first\n  email second"))
    with pytest.raises(DidNotStart) as failure:
        stage.project.run()
    assert failure.value.exit == 1
    for word in ("E2103", "cooldown", "1 contact", "Follow-up"):
        assert word in failure.value.said, f"`{word}` is not in\n{failure.value.said}"
    # Nothing has changed: the deployed program goes on where it was.
    stage.project.source(campaign("  email first\n  wait 2d as cooldown\n  email second"))
    stage.daemon = stage.project.run()
    stage.daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")


def test_a_migrate_rule_leads_people_to_the_step_it_names(stage):
    _, start = inside(stage, campaign("  email first\n  wait 2d as cooldown\n  email second"))
    daemon = stage.redeploys(campaign("  email first\n  wait 3d as pause\n  email second", header="migrate { from cooldown to pause }"))
    daemon.advance_to(start + of(days=3, seconds=-1))
    stage.expect_only("First")
    daemon.advance_to(start + of(days=3))
    stage.expect_only("First", "Second")


def test_a_renamed_campaign_keeps_who_is_inside(stage):
    _, start = inside(stage)
    daemon = stage.redeploys(TWO_DAYS.replace('campaign "Follow-up"', 'campaign "Nurture" was "Follow-up"'))
    assert [one["campaign"] for one in daemon.contact("ana")["enrollments"]] == ["Nurture"]
    daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")


def test_a_removed_campaign_with_somebody_inside_does_not_start(stage):
    daemon, _ = inside(stage)
    daemon.stop()
    stage.project.source(TWO_DAYS.replace('campaign "Follow-up"', 'campaign "Another"'))
    with pytest.raises(DidNotStart) as failure:
        stage.project.run()
    assert failure.value.exit == 1
    assert "E2108" in failure.value.said and "Follow-up" in failure.value.said


def test_a_segment_whose_definition_changes_mails_nobody_for_that(stage):
    stage.begins(TWO_DAYS)
    stage.person("ben", points=40)
    daemon = stage.redeploys(TWO_DAYS.replace("points > 50", "points > 30"))
    assert daemon.contact("ben")["segments"] == ["Hot"]
    daemon.advance(days=3)
    stage.expect_only()
    stage.person("cleo", points=40)
    stage.expect_only("First")


def test_broken_source_does_not_replace_what_runs(stage):
    daemon, start = inside(stage)
    daemon.stop()
    stage.project.source(TWO_DAYS.replace("  email second\n}", "  email secnd\n}"))
    with pytest.raises(DidNotStart) as failure:
        stage.project.run()
    assert failure.value.exit == 1
    assert "secnd" in failure.value.said and "second" in failure.value.said
    stage.project.source(TWO_DAYS)
    stage.daemon = stage.project.run()
    stage.daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")


def test_the_daemon_runs_what_is_deployed_when_no_source_is_given(stage):
    daemon, start = inside(stage)
    daemon.stop()
    stage.daemon = stage.project.run(path=())
    stage.daemon.advance_to(start + of(days=2))
    stage.expect_only("First", "Second")
