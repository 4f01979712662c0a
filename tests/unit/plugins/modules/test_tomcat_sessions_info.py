from __future__ import annotations

from ansible_collections.failover.stack.plugins.modules import tomcat_sessions_info as module

TOLD = {"tomcat1/user": {"active": 2, "manager": "BackupManager"}}


def answers(monkeypatch, *told):
    """What the instances answer, one after the other."""
    left = list(told)

    def ask(instance, timeout_s):
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(module.tomcat_sessions, "ask", ask)


def test_one_that_tells_and_one_that_does_not(monkeypatch, play):
    answers(monkeypatch, TOLD, ConnectionRefusedError(111, "Connection refused"))
    result = play(module, {"instances": ["tomcat1", "tomcat2"]})
    assert result["sessions"] == TOLD and not result["changed"]
    assert result["problems"] == [
        "tomcat2 does not tell its sessions ([Errno 111] Connection refused): journalctl -u tomcat@tomcat2 tells why."]


def test_it_is_waited_for(monkeypatch, play, clock):
    answers(monkeypatch, FileNotFoundError(2, "No such file"), TOLD)
    assert play(module, {"instances": ["tomcat1"], "wait_healthy": 9})["sessions"] == TOLD


def test_who_never_tells_is_named(monkeypatch, refused, clock):
    answers(monkeypatch, *[TimeoutError("timed out")] * 9)
    sentence = refused(module, {"instances": ["tomcat1"], "wait_healthy": 2})
    assert "tomcat1 does not tell its sessions (timed out): journalctl -u tomcat@tomcat1 tells why." in sentence
