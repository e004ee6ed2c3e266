"""In a real browser: the pixel script of a shop's pages, a mail that is opened and clicked, and the page for leaving."""

import pytest
from harness.browser import Site, chromium
from harness.http_client import BROWSER
from harness.sends import link_to
from harness.waiting import eventually

SOURCE = """
event cart_updated {{ total: number }}
event ping {{}}
email letter {{ subject "Letter" body "News of the week: {site}/news" }}
email looked {{ subject "You looked" body "You looked at our prices. https://acme.example/pricing" }}
email cart {{ subject "Your cart" body "It waits for you. https://acme.example/cart" }}
email thanks {{ subject "Thanks for reading" body "More soon. https://acme.example/more" }}
campaign "Letters" {{ published  when ping  reenter always  email letter }}
campaign "Prices" {{ published  when visited("/pricing*")  email looked }}
campaign "Carts" {{ published  when cart_updated(total > 50)  email cart }}
campaign "Readers" {{ published  when opened(letter)  email thanks }}
"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser):
    """A new visitor's page: no cookies, no storage. What the page complains about fails the test."""
    # A headless browser says so, and counts as a machine.
    context = browser.new_context(user_agent=BROWSER)
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" and "favicon" not in message.text + str(message.location) else None)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def shop(served_stage):
    site = Site(served_stage.project.url)
    served_stage.project.config(f'[forms]\norigins = ["{site.url}"]\n')
    daemon = served_stage.begins(SOURCE.format(site=site.url))
    yield served_stage, daemon, site
    site.stop()


def lettered(stage):
    """Ana has the letter, for a minute: nobody reads it sooner."""
    stage.person("ana")
    stage.daemon.track("ana", "ping")
    mail = stage.expect("email", "Letter")
    stage.daemon.advance(minutes=1)
    return mail


def test_a_click_ties_the_browser_to_the_contact_and_her_pages_count(shop, page):
    stage, daemon, site = shop
    mail = lettered(stage)
    page.goto(link_to(mail, f"{site.url}/news"))
    assert page.url == f"{site.url}/news" and page.inner_text("h1") == "Shop"
    # The click counts as an open, and the visitor is Ana from here on.
    stage.expect("email", "Thanks for reading")
    eventually("the tie", lambda: daemon.contact("ana")["anonymous_ids"])
    page.goto(f"{site.url}/pricing")
    stage.expect("email", "You looked")
    page.evaluate("camp.track('cart_updated', { total: 80 })")
    stage.expect("email", "Your cart")
    assert [cookie["name"] for cookie in page.context.cookies()] == ["camp_id"]


def test_showing_a_mail_with_its_pictures_is_an_open(shop, page):
    stage, _, _ = shop
    page.set_content(lettered(stage).html)
    stage.expect("email", "Thanks for reading")


def test_a_visitor_who_says_no_is_not_followed(shop, page):
    stage, daemon, site = shop
    page.add_init_script("localStorage.setItem('camp_consent', 'no')")
    page.goto(f"{site.url}/pricing")
    page.evaluate("camp.track('cart_updated', { total: 80 })")
    page.wait_for_load_state("networkidle")
    assert page.context.cookies() == []
    daemon.idle()
    assert stage.texts() == []


def test_the_page_for_leaving_takes_one_button(shop, page):
    stage, daemon, _ = shop
    url = lettered(stage).unsubscribe_url
    page.goto(url)
    assert page.inner_text("h1") == "Unsubscribe"
    daemon.idle()
    assert daemon.contact("ana")["consent"].get("email") != "withdrawn", "looking changes nothing"
    page.click("button")
    assert page.inner_text("h1") == "You are unsubscribed"
    daemon.idle()
    daemon.track("ana", "ping")
    stage.expect_only("Letter")
