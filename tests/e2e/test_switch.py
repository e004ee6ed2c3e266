"""The switch: a draft sends nothing, publishing starts it, going back stops what has not left."""

SOURCE = """
segment "Hot" = points > 50
email welcome { subject "Welcome" body "Good to see you. https://acme.example/start" }
email second { subject "Second" body "Here is more. https://acme.example/more" }
campaign "Follow-up" {
  STATE
  when segment "Hot"
  email welcome
  wait 2d
  email second
}
"""
DRAFT, PUBLISHED = SOURCE.replace("STATE", "draft"), SOURCE.replace("STATE", "published")


def test_a_draft_enrols_nobody_and_says_so(stage):
    daemon = stage.begins(DRAFT)
    stage.person("ana", points=60)
    daemon.advance(days=10)
    stage.expect_only()
    assert [line["why"] for line in daemon.happened("ana", "not enrolled")] == ["draft"]


def test_published_sends_to_those_who_enter_from_then_on(stage):
    stage.begins(DRAFT)
    stage.person("ana", points=60)
    stage.redeploys(PUBLISHED)
    stage.expect_only()  # who was in already is not one who enters
    stage.person("ben", points=60)
    stage.expect_only("Welcome")


def test_unpublished_again_nothing_more_leaves(stage):
    daemon = stage.begins(PUBLISHED)
    stage.person("ana", points=60)
    stage.expect_only("Welcome")
    daemon = stage.redeploys(DRAFT)
    stage.person("ben", points=60)
    daemon.advance(days=10)
    stage.expect_only("Welcome")


def test_published_a_third_time_who_waited_goes_on_and_nobody_gets_a_mail_twice(stage):
    daemon = stage.begins(PUBLISHED)
    stage.person("ana", points=60)
    stage.expect_only("Welcome")
    daemon = stage.redeploys(DRAFT)
    daemon.advance(days=10)
    daemon = stage.redeploys(PUBLISHED)
    stage.expect_only("Welcome", "Second")
    daemon.advance(days=10)
    stage.expect_only("Welcome", "Second")


def test_the_operators_pause_survives_a_restart_and_resume_lets_go(stage):
    daemon = stage.begins(PUBLISHED)
    stage.person("ana", points=60)
    stage.expect_only("Welcome")
    stage.project.campc("pause", "Follow-up").exits(0)
    daemon = stage.restarts()
    daemon.advance(days=3)
    stage.expect_only("Welcome")
    stage.project.campc("resume", "Follow-up").exits(0)
    stage.expect_only("Welcome", "Second")
