"""`campc deploy`: a new version goes live with people inside, with and without a running daemon."""

from harness.calendar import of
from harness.waiting import eventually
from test_redeploy import TWO_DAYS, campaign, inside


def test_a_running_daemon_takes_a_deploy_up_at_once(folder_stage):
    daemon, start = inside(folder_stage)
    folder_stage.project.source(campaign("  email first\n  wait 3d\n  email second"))
    called = folder_stage.project.campc("deploy", "--yes").exits(0)
    assert "2d → 3d" in called.out and "deployment 2 runs" in called.out, called.said
    daemon.advance_to(start + of(days=3, seconds=-1))
    folder_stage.expect_only("First")
    daemon.advance_to(start + of(days=3))
    folder_stage.expect_only("First", "Second")


def test_without_a_daemon_the_contacts_follow_before_the_command_ends(folder_stage):
    daemon, start = inside(folder_stage)
    daemon.stop()
    folder_stage.project.source(campaign("  email first\n  wait 3d\n  email second"))
    called = folder_stage.project.campc("deploy", "--yes").exits(0)
    assert "all contacts are under it: 1 went on" in called.out, called.said
    folder_stage.daemon = folder_stage.project.run(path=())
    folder_stage.daemon.advance_to(start + of(days=3))
    folder_stage.expect_only("First", "Second")


def test_nobody_is_dropped_and_those_without_a_place_may_finish_on_the_old_version(folder_stage):
    daemon, start = inside(folder_stage, campaign("  email first\n  wait 2d as cooldown\n  email second"))
    folder_stage.project.source(campaign("  email extra\n  wait 1d as rest\n  email first"))
    refused = folder_stage.project.campc("deploy", "--yes").exits(1)
    # One wait is gone and another is new: which one it is, nobody guesses.
    assert "E2102" in refused.said and "cooldown" in refused.said, refused.said
    folder_stage.project.campc("deploy", "--yes", "--finish-on-old").exits(0)
    daemon.advance_to(start + of(days=2))
    folder_stage.expect_only("First", "Second")


def test_a_stale_plan_is_refused(folder_stage):
    inside(folder_stage)
    project = folder_stage.project
    project.source(campaign("  email first\n  wait 3d\n  email second"))
    project.campc("plan", "-o", "monday.plan").exits(3)
    project.campc("deploy", "--yes").exits(0)
    refused = project.campc("deploy", "monday.plan").exits(1)
    assert "E2201" in refused.said, refused.said


def test_a_deploy_is_taken_back(folder_stage):
    daemon, start = inside(folder_stage)
    project = folder_stage.project
    project.source(campaign("  email first\n  wait 5d\n  email extra"))
    project.campc("deploy", "--yes").exits(0)
    project.campc("deploy", "--rollback", "--yes").exits(0)
    daemon.advance_to(start + of(days=2))
    folder_stage.expect_only("First", "Second")


def test_nobody_is_there_to_be_asked(folder_stage):
    inside(folder_stage)
    folder_stage.project.source(campaign("  email first\n  wait 3d\n  email second"))
    refused = folder_stage.project.campc("deploy").exits(2)
    assert "--yes" in refused.said


def test_what_is_edited_is_deployed_under_watch(folder_stage):
    stage = folder_stage
    daemon, start = inside(stage)
    daemon.stop()
    stage.daemon = daemon = stage.project.run("--watch")
    stage.project.source(campaign("  email frist\n  wait 3d"))
    eventually("the findings", lambda: "frist" in daemon.said)
    stage.project.source(campaign("  email first\n  wait 3d\n  email second"))
    eventually("the deploy", lambda: "deployment 2 runs" in daemon.said)
    daemon.advance_to(start + of(days=3))
    stage.expect_only("First", "Second")
