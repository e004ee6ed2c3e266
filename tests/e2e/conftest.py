"""Fixtures: a stage for each test, once with the outbox folder and once with real servers."""

import pytest
from harness.http_sink import HttpSink
from harness.mail_sink import MailSink
from harness.project import Project
from harness.stage import Stage


@pytest.fixture
def servers():
    """A mail server and an HTTP server that record what they receive."""
    mail, http = MailSink().start(), HttpSink().start()
    yield mail, http
    mail.stop()
    http.stop()


def _close_after(project):
    yield project
    project.close()


@pytest.fixture
def project(tmp_path):
    """A project whose channels all write to the outbox folder."""
    yield from _close_after(Project(tmp_path / "acme"))


@pytest.fixture
def served_project(tmp_path, servers):
    """A project whose channels all speak to servers."""
    yield from _close_after(Project(tmp_path / "acme", servers))


@pytest.fixture(params=["folder", "servers"])
def stage(request):
    """A stage of either kind: the scenario must go the same way on both."""
    name = "project" if request.param == "folder" else "served_project"
    return Stage(request.getfixturevalue(name))


@pytest.fixture
def folder_stage(project):
    """A stage on the outbox folder alone."""
    return Stage(project)


@pytest.fixture
def served_stage(served_project):
    """A stage on real servers alone."""
    return Stage(served_project)
