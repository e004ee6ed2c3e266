"""Leaving: the headers that mail programs read, one-click unsubscription, and what consent lets pass."""

import pytest
from harness.http_client import BROWSER, browse, request

SOURCE = """
topic news "News"
event ping {}
email letter { topic news subject "Letter" body "News of the week. https://acme.example/news" }
email offer { subject "Offer" body "Something for you. https://acme.example/offer" }
email receipt { transactional subject "Receipt" body "You bought it. https://acme.example/orders" }
sms alert "Hello there. Reply STOP to opt out."
campaign "Letters" { published  when ping  reenter always  email letter }
campaign "Offers" { published  when ping  reenter always  email offer }
campaign "Receipts" { published  when ping  reenter always  email receipt }
campaign "Alerts" { published  when ping  reenter always  sms alert }
"""
ALERT = "Hello there. Reply STOP to opt out."
ONE_CLICK = {"content-type": "application/x-www-form-urlencoded", "user-agent": "Mail-Provider/1.0"}


@pytest.fixture
def pinged(stage):
    """Ana has one of each."""
    daemon = stage.begins(SOURCE)
    stage.person("ana")
    daemon.track("ana", "ping")
    stage.expect_only("Letter", "Offer", "Receipt", ALERT)
    return stage, daemon


def ping(stage, times, *texts):
    """Pings again; these have left in all."""
    for _ in range(times):
        stage.daemon.track("ana", "ping")
    stage.expect_only(*texts)


def test_marketing_mail_carries_the_one_click_headers_and_a_link_that_can_be_seen(pinged):
    stage, _ = pinged
    for subject in ("Letter", "Offer"):
        mail = stage.expect("email", subject)
        assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail.unsubscribe_url.startswith(stage.project.url + "/u/")
        assert "/u/" in mail.plain and "1 King St W" in mail.plain
        assert mail.message["List-Id"] is not None
        assert mail.message["Message-ID"] == f"<{mail.effect}@acme.example>"
        assert len(mail.effect) == 32
        assert len(mail.message.get_all("From")) == 1
    receipt = stage.expect("email", "Receipt").message
    assert receipt["List-Unsubscribe"] is None
    assert receipt["Auto-Submitted"] == "auto-generated"


def test_a_post_unsubscribes_at_once_and_a_second_one_adds_nothing(pinged):
    stage, daemon = pinged
    url = stage.expect("email", "Letter").unsubscribe_url
    first = request("POST", url, b"List-Unsubscribe=One-Click", ONE_CLICK).expect(200)
    assert "location" not in first.headers and "set-cookie" not in first.headers
    daemon.idle()
    consent = daemon.contact("ana")["consent"]
    assert consent["topics"]["news"] == "withdrawn"
    lines = len(daemon.journal("ana"))
    request("POST", url, b"List-Unsubscribe=One-Click", ONE_CLICK).expect(200)
    daemon.idle()
    assert daemon.contact("ana")["consent"] == consent
    assert len(daemon.journal("ana")) == lines
    # Only that topic's mail stays away.
    ping(stage, 1, "Letter", "Offer", "Receipt", ALERT, "Offer", "Receipt", ALERT)
    assert [line["why"] for line in daemon.happened("ana", "skipped")] == ["no consent"]


def test_the_same_post_as_multipart_counts_too(pinged):
    stage, daemon = pinged
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    request("POST", stage.expect("email", "Letter").unsubscribe_url, body, {"content-type": "multipart/form-data; boundary=x"}).expect(200)
    daemon.idle()
    assert daemon.contact("ana")["consent"]["topics"]["news"] == "withdrawn"


def test_a_get_or_a_head_never_unsubscribes(pinged):
    stage, daemon = pinged
    url = stage.expect("email", "Letter").unsubscribe_url
    for _ in range(5):
        page = browse(url).expect(200)
        assert "<form" in page.text and "<button" in page.text
        request("HEAD", url, headers={"user-agent": "scanner/1.0"}).expect(200)
    daemon.idle()
    assert daemon.contact("ana")["consent"]["topics"].get("news") != "withdrawn"
    ping(stage, 1, *["Letter", "Offer", "Receipt", ALERT] * 2)


def test_mail_without_a_topic_unsubscribes_from_mail_but_not_from_receipts_or_sms(pinged):
    stage, daemon = pinged
    request("POST", stage.expect("email", "Offer").unsubscribe_url, b"List-Unsubscribe=One-Click", ONE_CLICK).expect(200)
    daemon.idle()
    assert daemon.contact("ana")["consent"]["email"] == "withdrawn"
    ping(stage, 1, "Letter", "Offer", "Receipt", ALERT, "Receipt", ALERT)


def test_a_forged_token_is_answered_with_404_and_changes_nothing(pinged):
    stage, daemon = pinged
    url = stage.expect("email", "Letter").unsubscribe_url
    forged = url[:-20] + ("A" if url[-20] != "A" else "B") + url[-19:]
    request("POST", forged, b"List-Unsubscribe=One-Click", ONE_CLICK).expect(404)
    request("GET", forged, headers={"user-agent": BROWSER}).expect(404)
    daemon.idle()
    assert daemon.contact("ana")["consent"]["topics"].get("news") != "withdrawn"


def test_a_mail_held_back_is_not_sent_after_the_reader_left(stage):
    source = SOURCE.replace('campaign "Letters" { published  when ping  reenter always', 'campaign "Letters" { published  when ping  reenter always  send between 12:00 and 13:00')
    daemon = stage.begins(source)
    stage.person("ana")
    daemon.track("ana", "ping")
    stage.expect_only("Offer", "Receipt", ALERT)
    request("POST", stage.expect("email", "Offer").unsubscribe_url, b"List-Unsubscribe=One-Click", ONE_CLICK).expect(200)
    daemon.advance(hours=5)
    stage.expect_only("Offer", "Receipt", ALERT)


def test_an_sms_without_a_topic_needs_a_record(stage):
    daemon = stage.begins(SOURCE)
    daemon.put_contact("ana", email="ana@people.example", phone="+447700900123")
    daemon.track("ana", "ping")
    stage.expect_only("Letter", "Offer", "Receipt")
    assert [line["why"] for line in daemon.happened("ana", "skipped")] == ["no consent"]
    assert daemon.contact("ana")["consent"]["sms"] == "none"
    daemon.put_contact("ana", consent={"sms": "given"})
    assert daemon.contact("ana")["consent"]["sms"] == "given"
    daemon.track("ana", "ping")
    stage.expect_only("Letter", "Offer", "Receipt", "Letter", "Offer", "Receipt", ALERT)


def test_a_trait_cannot_give_consent(stage):
    daemon = stage.begins(SOURCE)
    daemon.identify("ana", phone="+447700900123", consent={"sms": "given"})
    daemon.idle()
    assert daemon.contact("ana")["consent"]["sms"] == "none"


def test_a_contact_without_an_address_is_skipped_and_the_journal_says_why(stage):
    daemon = stage.begins(SOURCE)
    daemon.identify("ana", firstName="Ana")
    daemon.track("ana", "ping")
    stage.expect_only()
    skipped = daemon.happened("ana", "skipped")
    assert len(skipped) == 4
    assert {line["why"] for line in skipped if "email" in line["step"]} == {"no address"}
