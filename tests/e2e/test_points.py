"""Points: rules that add, a threshold that calls a webhook once, and the call's signature and retries."""

from datetime import datetime, timezone

from harness.calendar import of
from harness.project import CRM_SECRET
from standardwebhooks import Webhook

SOURCE = """
points {
  on opened(any email) +5
  on visited("/pricing") +10
}
email one { subject "One" body "The first. https://acme.example/1" }
email two { subject "Two" body "The second. https://acme.example/2" }
webhook crm {
  url "HOOK"
  secret env("CRM_SECRET")
  body { event: "hot_prospect", points: points, email: contact.email }
}
campaign "Newsletter" {
  published
  when contact created
  email one
  wait 1h
  email two
}
campaign "Hot prospect to CRM" {
  published
  when points reach 100
  webhook crm
}
"""


def begin(stage):
    """Ana has both mails, an hour apart."""
    daemon = stage.begins(SOURCE.replace("HOOK", stage.project.hook_url))
    stage.person("ana")
    first = stage.expect("email", "One")
    daemon.advance(hours=1)
    second = stage.expect("email", "Two")
    daemon.advance(hours=1)
    return daemon, first, second


def earn(daemon, mails, visits):
    """Opens each mail once and visits /pricing so often."""
    for mail in mails:
        daemon.open(mail)
        daemon.advance(seconds=10)
    for _ in range(visits):
        daemon.page("ana", "/pricing")


def test_opens_bring_five_and_visits_of_the_page_ten(stage):
    daemon, first, second = begin(stage)
    assert daemon.contact("ana")["points"] == 0
    daemon.open(first)
    daemon.advance(seconds=10)
    assert daemon.contact("ana")["points"] == 5
    daemon.open(second)
    daemon.advance(seconds=10)
    daemon.page("ana", "/pricing")
    daemon.page("ana", "/pricing/?plan=pro")  # a trailing slash and a query are no part of the path
    daemon.page("ana", "/prices")
    assert daemon.contact("ana")["points"] == 30


def test_at_exactly_one_hundred_the_webhook_is_called_and_never_again(stage):
    daemon, first, second = begin(stage)
    earn(daemon, [first, second], 8)
    assert daemon.contact("ana")["points"] == 90
    daemon.idle()
    assert stage.texts("webhook") == []
    daemon.page("ana", "/pricing")
    assert daemon.contact("ana")["points"] == 100
    body = {"event": "hot_prospect", "points": 100, "email": "ana@people.example"}
    stage.expect("webhook", body)
    daemon.page("ana", "/pricing")
    daemon.put_contact("ana", points=90)
    daemon.page("ana", "/pricing")  # crosses again, and one who has been in does not come again
    daemon.advance(days=5)
    assert stage.texts("webhook") == [body]


def test_the_signature_of_the_call_is_what_the_standard_asks_for(served_stage):
    daemon, first, second = begin(served_stage)
    earn(daemon, [first, second], 9)
    served_stage.expect("webhook", {"event": "hot_prospect", "points": 100, "email": "ana@people.example"})
    (call,) = served_stage.project.servers[1].hooks
    assert call.method == "POST" and call.path == "/hook"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith("campc/")
    assert call.headers["webhook-id"].startswith("msg_") and len(call.headers["webhook-id"]) == 36
    # The library's `verify` also compares with the machine's clock, and this daemon lives in the future: test_real_clock.py has that.
    assert call.headers["webhook-signature"] == signature(call)


def test_a_refused_call_is_repeated_by_the_schedule_with_the_same_id(served_stage):
    daemon, first, second = begin(served_stage)
    http = served_stage.project.servers[1]
    http.answers = [500, 503]
    earn(daemon, [first, second], 9)
    daemon.idle()
    start = daemon.now()
    # 5 s, then 5 min after that, each a fifth more or less.
    for before, after, attempts in [(3.9, 6.1, 2), (4 + 239, 6 + 361, 3)]:
        daemon.advance_to(start + of(seconds=before))
        assert len(http.hooks) == attempts - 1, f"too early: {before} s"
        daemon.advance_to(start + of(seconds=after))
        assert len(http.hooks) == attempts, f"too late: {after} s"
    daemon.advance(days=4)
    calls = http.hooks
    assert [call.answered for call in calls] == [500, 503, 200]
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert len({call.body for call in calls}) == 1
    assert len({call.headers["webhook-timestamp"] for call in calls}) == 3, "the timestamp is the attempt's own"
    assert all(call.headers["webhook-signature"] == signature(call) for call in calls)


def test_a_call_without_a_body_of_its_own_carries_the_standard_envelope(served_stage):
    source = SOURCE.replace("HOOK", served_stage.project.hook_url).replace('  body { event: "hot_prospect", points: points, email: contact.email }\n', "")
    daemon = served_stage.begins(source.replace("  webhook crm\n}", '  webhook crm { event: "hot_prospect", points: points }\n}'))
    served_stage.person("ana", points=95)
    daemon.page("ana", "/pricing")
    daemon.idle()
    (call,) = served_stage.project.servers[1].hooks
    assert call.json["type"] == "campaign.webhook"
    data = call.json["data"]
    assert (data["event"], data["points"], data["campaign"]) == ("hot_prospect", 105, "Hot prospect to CRM")
    assert data["contact"] == {"id": daemon.contact("ana")["id"], "email": "ana@people.example"}


def signature(call):
    """The signature by the standard's own library."""
    at = datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), tz=timezone.utc)
    return Webhook(CRM_SECRET).sign(call.headers["webhook-id"], at, call.body.decode())
