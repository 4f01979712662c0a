from __future__ import annotations

import socket
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web import tomcat_sessions as sessions

# As Tomcat 10.1.60 and 11.0.22 answered.
ANSWER = ("HTTP/1.1 200 \r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\nServer: -\r\n\r\n"
          "user\t/\tDeltaManager\t2\nadmin\t/\tBackupManager\t1\nuser\t/shop/x\tDeltaManager\t1\n"
          "failover-status\t/\tStandardManager\t0\n")


@pytest.fixture
def instance(tmp_path):
    """Something that answers once at a socket; `said` is what it is asked."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def answer(text, said):
            client, _address = server.accept()
            with client:
                said.append(client.recv(999))
                client.sendall(text.encode())

        def answers(text):
            said = []
            threading.Thread(target=answer, args=(text, said), daemon=True).start()
            return path, said

        yield answers


def test_sessions_by_application_without_the_one_that_tells_them(instance):
    path, said = instance(ANSWER)
    assert sessions.ask("tomcat1", 5, path) == {
        "tomcat1/admin": {"active": 1, "manager": "BackupManager"}, "tomcat1/user": {"active": 2, "manager": "DeltaManager"},
        "tomcat1/user/shop/x": {"active": 1, "manager": "DeltaManager"}}
    assert said == [b"GET / HTTP/1.0\r\n\r\n"]


@pytest.mark.parametrize(("answer", "sentence"), [
    ("HTTP/1.1 500 \r\n\r\n<html>", "tomcat1 answers with 500 at its socket"),
    ("", "tomcat1 answers with something else than HTTP at its socket"),
    ("HTTP/1.1 200 \r\n\r\nhello\n", "tomcat1 tells something else than sessions at its socket"),
    ("HTTP/1.1 200 \r\n\r\nuser\t/\tDeltaManager\tnull\n", "tomcat1 tells something else than sessions at its socket")])
def test_what_is_no_answer(instance, answer, sentence):
    with pytest.raises(sessions.SessionsError) as refused:
        sessions.ask("tomcat1", 5, instance(answer)[0])
    assert str(refused.value) == sentence


def test_nobody_there(tmp_path):
    with pytest.raises(OSError):
        sessions.ask("tomcat1", 1, str(tmp_path / "nowhere"))


def test_applications_are_called_as_they_are_told():
    services = [{"name": "user", "applications": [{"path": ""}, {"path": "/shop/x"}, {"doc_base": "/srv"}]}, {"name": "admin"}]
    instances = [{"name": "tomcat1", "services": services}, {"name": "tomcat2"}]
    assert sessions.applications(instances) == ["tomcat1/user", "tomcat1/user/shop/x", "tomcat1/user"]
    assert sessions.applications(None) == []


def test_the_socket_fits_where_sockets_are():
    """Linux takes 107 characters; names of instances have 64 at most."""
    assert len(sessions.socket_of("x" * 64)) < 108
