"""Canada Hot Leads: a segment by country and points, and a campaign for those who enter it."""

from harness.calendar import of
from harness.stage import mail_of

SOURCE = """
segment "Canada Hot Leads" = country == "Canada" and points > 50
points { on visited("/pricing") +1 }
email welcome { subject "Welcome" body "Good to see you. https://acme.example/start" }
email reminder { subject "Still interested?" body "Here is where you left off. https://acme.example/start" }
campaign "Hot lead follow-up" {
  published
  when segment "Canada Hot Leads"
  stay while in segment "Canada Hot Leads"
  email welcome
  wait 30d
  email reminder
}
"""


def test_a_contact_in_canada_at_fifty_points_is_not_a_member(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ana", points=50, fields={"country": "Canada"})
    ana = daemon.contact("ana")
    assert (ana["points"], ana["segments"], ana["enrollments"]) == (50, [], [])
    assert ana["fields"]["country"] == "Canada"
    stage.expect_only()


def test_the_visit_that_brings_point_51_puts_it_in_at_once_and_the_welcome_leaves(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ana", points=50, fields={"country": "Canada"})
    daemon.page("ana", "/pricing")
    # No waiting: the answer comes after the commit, and membership is part of that commit.
    ana = daemon.contact("ana")
    assert (ana["points"], ana["segments"]) == (51, ["Canada Hot Leads"])
    assert [one["campaign"] for one in ana["enrollments"]] == ["Hot lead follow-up"]
    stage.expect("email", "Welcome", to=mail_of("ana"))
    stage.expect_only("Welcome")


def test_a_contact_elsewhere_with_the_same_points_stays_out(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ben", points=50, fields={"country": "Chile"})
    daemon.page("ben", "/pricing")
    assert daemon.contact("ben")["segments"] == []
    stage.expect_only()


def test_falling_below_takes_it_out_and_coming_back_brings_no_second_mail(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ana", points=50, fields={"country": "Canada"})
    daemon.page("ana", "/pricing")
    stage.expect("email", "Welcome")
    daemon.put_contact("ana", points=50)
    assert daemon.contact("ana")["segments"] == []
    assert len(daemon.happened("ana", "exited")) == 1
    daemon.put_contact("ana", points=60)
    assert daemon.contact("ana")["segments"] == ["Canada Hot Leads"]
    refused = daemon.happened("ana", "not enrolled")
    assert [line["why"] for line in refused] == ["reenter"]
    daemon.advance(days=40)
    stage.expect_only("Welcome")


def test_who_stays_in_gets_the_mail_after_the_wait(stage):
    daemon = stage.begins(SOURCE)
    stage.person("ana", points=51, fields={"country": "Canada"})
    start = daemon.now()
    stage.expect("email", "Welcome")
    daemon.advance_to(start + of(days=30, seconds=-1))
    stage.expect_only("Welcome")
    daemon.advance(seconds=1)
    stage.expect_only("Welcome", "Still interested?")


def test_manual_removal_from_a_segment_is_sticky_and_addition_too(folder_stage):
    daemon = folder_stage.begins(SOURCE)
    folder_stage.person("ana", points=10, fields={"country": "Canada"})
    daemon.admin("PUT", "/v1/segments/Canada%20Hot%20Leads/contacts/ana").expect(200, 201, 204)
    assert daemon.contact("ana")["segments"] == ["Canada Hot Leads"]
    folder_stage.expect_only("Welcome")
    daemon.admin("DELETE", "/v1/segments/Canada%20Hot%20Leads/contacts/ana").expect(200, 204)
    assert daemon.contact("ana")["segments"] == []
    daemon.put_contact("ana", points=90)
    assert daemon.contact("ana")["segments"] == [], "a manual removal outlives what the predicate says"
