from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._status.readers import web

ASKED = {"address": "198.51.100.21", "services": [{"name": "a/user", "port": 8009}, {"name": "a/admin", "port": 8019},
                                                  {"name": "b/user", "port": 8029}, {"name": "c/user", "port": 8039}],
         "sessions": ["a", "b", "c"]}


@pytest.fixture
def tomcats(monkeypatch):
    """One of two services of a answers, c is down; `asked` is who was asked for sessions."""
    asked = []

    def ask(instance, timeout_s):
        asked.append(instance)
        if instance == "b":
            raise TimeoutError
        return {instance + "/user": {"active": 2, "manager": "BackupManager"}}

    monkeypatch.setattr(web.modjk, "answers_ping", lambda address, port, timeout_s: port in (8019, 8029))
    monkeypatch.setattr(web.tomcat_sessions, "ask", ask)
    return asked


def test_tomcat(tomcats):
    assert web.tomcat(None, ASKED) == {
        "answers": {"a/user": False, "a/admin": True, "b/user": True, "c/user": False},
        "sessions": {"a/user": {"active": 2, "manager": "BackupManager"}}, "untold": {"b": "TimeoutError"}}
    # Who does not answer at all would be waited for in vain once more.
    assert tomcats == ["a", "b"]


def test_sessions_that_are_not_told_at_all(tomcats):
    assert web.tomcat(None, dict(ASKED, sessions=[]))["sessions"] == {} and tomcats == []
