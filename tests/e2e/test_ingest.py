"""What senders may rely on: Segment's API as is, dedupe by messageId, and clear refusals."""

import base64
import gzip
import json

import pytest
from harness.http_client import request

SOURCE = """
contact { plan: enum("free", "pro") = "free" }
event order_completed { total: number }
points { on order_completed +1 }
email thanks { transactional subject "Thanks for {{ order.total | default('it') }}" body "Yours. https://acme.example/orders" }
campaign "Orders" { published  when order_completed as order  reenter always  email thanks }
"""


@pytest.fixture
def open_door(folder_stage):
    daemon = folder_stage.begins(SOURCE)
    daemon.identify("ana", email="ana@people.example")
    return folder_stage, daemon


def test_the_same_message_id_counts_once_within_and_across_requests_and_restarts(open_door):
    stage, daemon = open_door
    item = {"type": "track", "userId": "ana", "event": "Order Completed", "properties": {"total": 5}, "messageId": "m-1"}
    assert daemon.send("/v1/batch", {"batch": [item, item]}).expect(200).json == {"success": True}
    daemon.track("ana", "Order Completed", "m-1", total=5)
    daemon = stage.restarts()
    daemon.track("ana", "Order Completed", "m-1", total=5)
    stage.expect_only("Thanks for 5")
    assert daemon.contact("ana")["points"] == 1
    daemon.track("ana", "Order Completed", "m-2", total=5)
    assert daemon.contact("ana")["points"] == 2


def test_after_a_kill_the_same_message_id_still_counts_once(open_door):
    stage, daemon = open_door
    daemon.track("ana", "Order Completed", "m-1", total=5)
    daemon.kill()
    stage.daemon = daemon = stage.project.run()
    daemon.track("ana", "Order Completed", "m-1", total=5)
    daemon.idle()
    assert daemon.contact("ana")["points"] == 1


def test_names_come_in_the_senders_spelling(open_door):
    _, daemon = open_door
    for name in ("Order Completed", "orderCompleted", "order-completed", "order_completed"):
        daemon.track("ana", name, total=1)
    daemon.track("ana", "Something Else", total=1)
    daemon.idle()
    assert daemon.contact("ana")["points"] == 4


def test_a_value_that_does_not_fit_leaves_the_field_and_says_so(open_door):
    _, daemon = open_door
    daemon.identify("ana", plan="gold", firstName="Ana")
    daemon.idle()
    fields = daemon.contact("ana")["fields"]
    assert (fields["plan"], fields["first_name"]) == ("free", "Ana")
    assert any("gold" in json.dumps(line) for line in daemon.journal("ana"))


def test_keys_come_as_basic_as_bearer_and_in_the_body(open_door):
    stage, daemon = open_door
    item = {"userId": "ana", "event": "order_completed", "properties": {"total": 1}}
    key = stage.project.write_key
    url = daemon.url + "/v1/track"
    basic = "Basic " + base64.b64encode(f"{key}:ignored".encode()).decode()
    for headers, body in [({"authorization": basic}, item), ({"authorization": f"Bearer {key}"}, item), ({}, item | {"writeKey": key})]:
        request("POST", url, json.dumps(body).encode(), headers).expect(200)
    request("POST", url, json.dumps(item).encode()).expect(401)
    request("POST", url, json.dumps(item).encode(), {"authorization": "Bearer wrong"}).expect(401)
    # A key that may only write cannot read, and the other cannot be left out.
    request("GET", daemon.url + "/v1/contacts/ana", headers={"authorization": f"Bearer {key}"}).expect(403)
    request("GET", daemon.url + "/v1/contacts/ana").expect(401)
    daemon.idle()
    assert daemon.contact("ana")["points"] == 3


def test_gzip_is_read_and_other_encodings_are_refused(open_door):
    stage, daemon = open_door
    item = json.dumps({"userId": "ana", "event": "order_completed", "writeKey": stage.project.write_key}).encode()
    request("POST", daemon.url + "/v1/track", gzip.compress(item), {"content-encoding": "gzip"}).expect(200)
    request("POST", daemon.url + "/v1/track", item, {"content-encoding": "br"}).expect(415)
    assert daemon.contact("ana")["points"] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"userId": "ana", "event": "caf\xe9"}', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b"not json", 400),
        (b"[1, 2]", 400),
        (b"", 400),
        (b'{"event": "order_completed"}', 400),
        (b'{"userId": "ana", "event": "order_completed", "properties": ' + b"[" * 100 + b"]" * 100 + b"}", 400),
        (b'{"userId": "ana", "event": "order_completed", "properties": {"a": "' + b"x" * 40_000 + b'"}}', 413),
    ],
    ids=["latin-1", "utf-16", "no json", "an array", "empty", "nobody", "deep", "large"],
)
def test_a_body_that_cannot_be_read_is_refused_with_a_problem_and_the_daemon_lives_on(open_door, body, status):
    stage, daemon = open_door
    headers = {"authorization": f"Bearer {stage.project.write_key}", "content-type": "application/json"}
    answer = request("POST", daemon.url + "/v1/track", body, headers).expect(status)
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json
    assert problem["status"] == status and problem["type"] and problem["title"]
    request("GET", daemon.url + "/healthz").expect(200)
    daemon.track("ana", "order_completed", total=7)
    stage.expect_only("Thanks for 7")


def test_a_batch_keeps_what_can_be_kept_and_names_the_rest(open_door):
    _, daemon = open_door
    good = {"type": "track", "userId": "ana", "event": "order_completed", "messageId": "good"}
    batch = [good, {"type": "track", "event": "order_completed", "messageId": "nobody"}, {"type": "dance", "userId": "ana", "messageId": "odd"}]
    answer = daemon.send("/v1/batch", {"batch": batch}).expect(200).json
    assert answer["success"] is True
    assert [(one["index"], one["messageId"], one["reason"]) for one in answer["rejected"]] == [(1, "nobody", "no_identity"), (2, "odd", "unknown_type")]
    assert daemon.contact("ana")["points"] == 1
    daemon.send("/v1/batch", {"batch": batch[1:]}).expect(400)
    daemon.send("/v1/batch", {"batch": [good | {"messageId": str(number)} for number in range(501)]}).expect(413)


def test_an_anonymous_visitor_becomes_the_known_contact(open_door):
    _, daemon = open_door
    daemon.send("/v1/track", {"anonymousId": "anon-1", "event": "order_completed", "messageId": "a1"}).expect(200)
    daemon.send("/v1/identify", {"anonymousId": "anon-1", "userId": "ana", "traits": {}}).expect(200)
    daemon.idle()
    assert daemon.contact("ana")["points"] == 1


@pytest.mark.parametrize("is_gzip", [False, True], ids=["plain", "gzip"])
def test_segments_own_library_is_understood(open_door, is_gzip):
    from segment.analytics.client import Client

    stage, daemon = open_door
    errors = []
    client = Client(stage.project.write_key, host=daemon.url, sync_mode=True, gzip=is_gzip, max_retries=1, on_error=lambda *error: errors.append(error))
    client.identify("zoe", {"email": "zoe@people.example", "firstName": "Zoé", "plan": "pro"})
    client.track("zoe", "Order Completed", {"total": 12})
    client.page("zoe", "Home", "Start", {"path": "/start"})
    client.alias("zoe", "zoe-2")
    client.flush()
    assert errors == []
    stage.daemon.idle()
    zoe = daemon.contact("zoe@people.example")
    assert (zoe["fields"]["first_name"], zoe["fields"]["plan"], zoe["points"]) == ("Zoé", "pro", 1)
    stage.expect_only("Thanks for 12")


def test_segments_own_library_sends_in_batches_of_its_own(open_door):
    from segment.analytics.client import Client

    stage, daemon = open_door
    errors = []
    client = Client(stage.project.write_key, host=daemon.url, on_error=lambda *error: errors.append(error), flush_at=50)
    for number in range(120):
        client.track("ana", "Order Completed", {"total": number})
    client.flush()
    client.join()
    assert errors == []
    daemon.idle()
    assert daemon.contact("ana")["points"] == 120
