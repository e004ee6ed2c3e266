"""Product X: a click on one link of one mail, or a visit to the page, brings a code by SMS four hours later."""

import pytest
from harness.calendar import of
from harness.http_client import BROWSER, request
from harness.sends import link_to
from harness.stage import phone_of

TARGET = "https://shop.example/product-x?from=launch&lang=en"
OTHER = "https://shop.example/product-y"
CODE = "Product X is 20 % off for you: X20. Reply STOP to opt out."
SOURCE = f"""
email launch {{ subject "News from the shop" body file "emails/launch.html" }}
email other {{ subject "Another mail" body file "emails/launch.html" }}
sms code "{CODE}"
campaign "Launch" {{
  published
  when contact created
  email launch
  wait 1d
  email other
}}
campaign "Product X offer" {{
  published
  when clicked(launch, "https://shop.example/product-x*") or visited("/products/x")
  wait 4h
  sms code
}}
"""
LAUNCH = f"""<html><body>
<p>Look at <a href="{TARGET.replace("&", "&amp;")}">Product X</a> or <a href="{OTHER}">Product Y</a>.</p>
<p><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></p>
</body></html>
"""


@pytest.fixture
def launched(stage):
    """Ana has the mail, and an hour has passed."""
    stage.project.write("emails/launch.html", LAUNCH)
    daemon = stage.begins(SOURCE)
    stage.person("ana")
    mail = stage.expect("email", "News from the shop")
    daemon.advance(hours=1)
    return stage, daemon, mail


def test_a_click_on_the_link_brings_the_code_four_hours_later(launched):
    stage, daemon, mail = launched
    start = daemon.now()
    assert daemon.click(link_to(mail, "product-x")) == TARGET
    daemon.advance_to(start + of(hours=4, seconds=-1))
    assert stage.texts("sms") == []
    daemon.advance_to(start + of(hours=4, seconds=5))  # a hit may be weighed for five seconds
    stage.expect("sms", CODE, to=phone_of("ana"))
    daemon.advance(days=3)
    assert stage.texts("sms") == [CODE]


def test_a_visit_to_the_page_brings_it_too_and_both_together_bring_one(launched):
    stage, daemon, mail = launched
    start = daemon.now()
    daemon.page("ana", "/products/x")
    daemon.click(link_to(mail, "product-x"))
    daemon.advance_to(start + of(hours=4, seconds=-1))
    assert stage.texts("sms") == []
    daemon.advance_to(start + of(hours=4))
    stage.expect("sms", CODE, to=phone_of("ana"))
    daemon.advance(days=3)
    assert stage.texts("sms") == [CODE]


def test_a_click_on_another_link_or_in_another_mail_brings_nothing(launched):
    stage, daemon, mail = launched
    assert daemon.click(link_to(mail, "product-y")) == OTHER
    daemon.advance(days=1)
    another = stage.expect("email", "Another mail")
    daemon.advance(hours=1)
    assert daemon.click(link_to(another, "product-x")) == TARGET
    daemon.advance(days=3)
    assert stage.texts("sms") == []


def test_a_link_with_one_letter_changed_leads_nowhere(launched):
    _, _, mail = launched
    link = link_to(mail, "product-x")
    for at in (len(link) - 1, len(link) - 30, len(link) - 60):
        forged = link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1 :]
        answer = request("GET", forged, headers={"user-agent": BROWSER})
        # The last letter of base64 may carry bits that mean nothing; nowhere else may a change pass.
        assert answer.status == 404 or (at == len(link) - 1 and answer.headers["location"] == TARGET)


def test_no_parameter_can_send_a_reader_elsewhere(launched):
    _, _, mail = launched
    answer = request("GET", link_to(mail, "product-x") + "?u=https://evil.example&url=//evil.example", headers={"user-agent": BROWSER})
    assert (answer.status, answer.headers["location"]) == (302, TARGET)
