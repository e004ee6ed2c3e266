"""The admin interface: contacts as a caller reads and writes them, campaigns, messages, segments."""

import json

import pytest
from harness.daemon import rows
from harness.http_client import request

SOURCE = """
contact { plan: enum("free", "pro") = "free" }
list newsletter
topic news "News"
segment "Hot" = points > 50
email welcome { subject "Welcome" body "Good to see you. https://acme.example/start" }
email second { subject "Second" body "Here is more. https://acme.example/more" }
campaign "Follow-up" {
  published
  when segment "Hot"
  email welcome
  wait 2d
  email second
}
"""


@pytest.fixture
def desk(folder_stage):
    daemon = folder_stage.begins(SOURCE)
    return folder_stage, daemon


def test_a_contact_is_made_and_changed_by_parts(desk):
    _, daemon = desk
    made = daemon.put_contact("ana", email="ana@people.example", points=5, tags=["a", "b"], lists=["newsletter"], fields={"first_name": "Ana", "plan": "pro"})
    assert (made["user_id"], made["email"], made["phone"], made["points"]) == ("ana", "ana@people.example", None, 5)
    assert (sorted(made["tags"]), made["lists"], made["fields"]["plan"]) == (["a", "b"], ["newsletter"], "pro")
    # A missing key leaves, null clears, a list replaces.
    changed = daemon.put_contact("ana", tags=["c"], fields={"first_name": None})
    assert (changed["email"], changed["tags"], changed["lists"], changed["fields"]["first_name"], changed["fields"]["plan"]) == ("ana@people.example", ["c"], ["newsletter"], None, "pro")
    for key in ("ana", made["id"], "ana@people.example"):
        assert daemon.contact(key)["id"] == made["id"]


def test_what_follows_from_the_program_cannot_be_set(desk):
    _, daemon = desk
    daemon.put_contact("ana", points=5)
    for parts in ({"segments": ["Hot"]}, {"enrollments": []}):
        answer = daemon.admin("PUT", "/v1/contacts/ana", parts)
        assert answer.status in (400, 422) and answer.headers["content-type"].startswith("application/problem+json")
    assert daemon.contact("ana")["segments"] == []


def test_a_contact_nobody_knows_is_404_with_a_problem(desk):
    _, daemon = desk
    for path in ("/v1/contacts/nobody", "/v1/contacts/nobody/journal", "/v1/campaigns/None", "/v1/segments/None/contacts"):
        answer = daemon.admin("GET", path).expect(404)
        assert answer.headers["content-type"].startswith("application/problem+json") and answer.json["type"]


def test_an_enrollment_says_where_it_stands_and_when_it_wakes(desk):
    stage, daemon = desk
    stage.person("ana", points=60)
    (enrollment,) = daemon.contact("ana")["enrollments"]
    assert (enrollment["campaign"], enrollment["step"], enrollment["status"]) == ("Follow-up", "wait", "waiting")
    assert (enrollment["since"], enrollment["wakes_at"]) == ("2035-01-08T09:00:00Z", "2035-01-10T09:00:00Z")


def test_segments_and_their_members_are_listed(desk):
    stage, daemon = desk
    stage.person("ana", points=60)
    stage.person("ben", points=10)
    assert "Hot" in json.dumps(daemon.admin("GET", "/v1/segments").expect(200).json)
    members = daemon.admin("GET", "/v1/segments/Hot/contacts").expect(200).text
    assert "ana@people.example" in members and "ben@people.example" not in members
    found = daemon.admin("GET", "/v1/contacts?segment=Hot").expect(200).text
    assert "ana@people.example" in found and "ben@people.example" not in found


def test_a_pause_over_http_holds_and_a_resume_lets_go(desk):
    stage, daemon = desk
    stage.person("ana", points=60)
    daemon.admin("POST", "/v1/campaigns/Follow-up/pause").expect(200, 204)
    daemon.advance(days=3)
    stage.expect_only("Welcome")
    daemon.admin("POST", "/v1/campaigns/Follow-up/resume").expect(200, 204)
    stage.expect_only("Welcome", "Second")


def test_every_send_is_listed_with_its_status(desk):
    stage, daemon = desk
    stage.person("ana", points=60)
    stage.person("ben", points=60, email=None)
    messages = rows(daemon.admin("GET", "/v1/messages?campaign=Follow-up").expect(200))
    (of_ana,) = [message for message in messages if message["contact"] == daemon.contact("ana")["id"]]
    (sent,) = stage.sent("email")
    assert of_ana["effect_id"] == sent.effect
    assert of_ana["status"] == "accepted"


def test_json_lines_are_imported_as_a_stream_and_bad_ones_named(desk):
    stage, daemon = desk
    lines = [{"email": f"user{number}@people.example", "points": 60} for number in range(700)] + [{"points": 3}]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode() + b"not json\n"
    headers = {"authorization": f"Bearer {stage.project.admin_token}", "content-type": "application/x-ndjson"}
    answer = request("POST", daemon.url + "/v1/contacts/import", body, headers, seconds=120).expect(200, 207).json
    assert [bad["line"] for bad in answer["rejected"]] == [701, 702]
    daemon.idle()
    assert len(stage.sent("email")) == 700


def test_health_readiness_and_metrics_need_no_key(desk):
    _, daemon = desk
    for path in ("/healthz", "/readyz", "/metrics"):
        request("GET", daemon.url + path).expect(200)


@pytest.mark.parametrize("path", ["/v1/contacts", "/v1/campaigns", "/v1/segments", "/v1/messages", "/v1/clock", "/v1/status"])
def test_every_admin_route_wants_the_admin_token(desk, path):
    stage, daemon = desk
    request("GET", daemon.url + path).expect(401)
    request("GET", daemon.url + path, headers={"authorization": f"Bearer {stage.project.write_key}"}).expect(403)
    daemon.admin("GET", path).expect(200)


def test_a_clock_does_not_go_back_and_a_real_one_is_not_moved(desk):
    stage, daemon = desk
    answer = daemon.admin("POST", "/v1/clock/advance", {"to": "2034-01-01T00:00:00Z"})
    assert 400 <= answer.status < 500
    daemon.admin("POST", "/v1/clock/advance", {"by": "a while"}).expect(400, 422)
    daemon = stage.restarts(clock="real")
    assert daemon.admin("POST", "/v1/clock/advance", {"by": "1h"}).status in (404, 409)
