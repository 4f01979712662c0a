from __future__ import annotations

import http.client
import json
import socket
import ssl

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import api


@pytest.mark.parametrize("address, url", [
    ("192.0.2.1", "https://192.0.2.1:2379"), ("2001:db8::1", "https://[2001:db8::1]:2379")])
def test_an_address_as_a_url_and_back(address, url):
    assert api.url(address, 2379) == url
    assert api.place(url) == (address, 2379)
    assert api.place(url + "/") == (address, 2379)


@pytest.mark.parametrize("text", ["http://192.0.2.1:2379", "https://192.0.2.1", "192.0.2.1:2379", ""])
def test_what_is_no_url_of_ours(text):
    with pytest.raises(ValueError, match="is no URL such as"):
        api.place(text)


@pytest.mark.parametrize("text, words", [
    # 3.4, 3.5, and a stream of each.
    ('{"error":"etcdserver: user name is empty","message":"etcdserver: user name is empty","code":3}', "etcdserver: user name is empty"),
    ('{"code":3, "message":"etcdserver: user name is empty"}', "etcdserver: user name is empty"),
    ('{"error":{"grpc_code":2,"http_code":500,"message":"auth: user name is empty"}}', "auth: user name is empty"),
    ("Not Found\n", "Not Found"), ("", "HTTP 404"), ("[1]", "[1]")])
def test_etcds_words(text, words):
    assert api.words_of(404, text) == words


class Response:
    def __init__(self, status, text):
        self.status, self.lines = status, text.encode().splitlines(keepends=True)

    def read(self):
        return b"".join(self.lines)

    def readline(self):
        return self.lines.pop(0) if self.lines else b""


class Gateway:
    """Answers one request after the other; `asked` has path, body and token of each."""

    def __init__(self, *answers):
        self.answers, self.asked, self.closed = list(answers), [], 0

    def request(self, method, path, body, headers):
        self.asked.append((path, json.loads(body), headers.get("Authorization")))

    def getresponse(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Response(*answer)

    def close(self):
        self.closed += 1


@pytest.fixture
def gateway(monkeypatch):
    def give(*answers):
        made = Gateway(*answers)
        monkeypatch.setattr(api.Api, "open", lambda self, endpoint, timeout: made)
        return made, api.Api("https://192.0.2.1:2379", "/ca.pem")
    return give


NO_LOGIN = (400, '{"code":3, "message":"etcdserver: user name is empty"}')
BAD = (400, '{"code":3, "message":"etcdserver: authentication failed, invalid user ID or password"}')


def test_a_question_and_its_answer(gateway):
    made, member = gateway((200, '{"a": 1}'), (200, '{"b": 1}'))
    assert member.call("maintenance/status") == {"a": 1} and member.call("x", {"y": 2}) == {"b": 1}
    assert made.asked == [("/v3/maintenance/status", {}, None), ("/v3/x", {"y": 2}, None)] and made.closed == 0


def test_a_connection_that_the_other_side_has_closed_is_made_anew_once(gateway):
    ended = http.client.RemoteDisconnected("Remote end closed connection without response")
    made, member = gateway((200, "{}"), ended, (200, '{"a": 1}'), ended, ended)
    assert member.call("x") == {} and member.call("x") == {"a": 1} and made.closed == 1
    with pytest.raises(api.Unreachable, match="Remote end closed"):
        member.call("x")
    # One that is new is not tried twice, nor is one that only takes long.
    made, member = gateway((200, "{}"), socket.timeout(), ended, (200, '{"a": 1}'))
    assert member.call("x") == {}
    for words in ("no answer within 8 s", "Remote end closed"):
        with pytest.raises(api.Unreachable, match=words):
            member.call("x")
    assert member.call("x") == {"a": 1}


def test_refusals(gateway):
    _made, member = gateway(NO_LOGIN, (200, "<html>"), socket.timeout(), ConnectionRefusedError(111, "Connection refused"))
    for words in ("etcdserver: user name is empty", "no JSON, but: <html>", "no answer within 8 s", "Connection refused"):
        with pytest.raises(api.ApiError) as error:
            member.call("x")
        assert str(error.value) == words


def test_a_certificate_of_somebody_else(gateway):
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "unable to get local issuer certificate"
    _made, member = gateway(error)
    with pytest.raises(api.Unreachable, match="its certificate is not accepted"):
        member.call("x")


def test_without_an_authority_nobody_is_asked(tmp_path):
    with pytest.raises(api.Unreachable, match="cannot be read as an authority"):
        api.Api("https://192.0.2.1:2379", str(tmp_path / "ca.pem")).call("x")


def test_a_login_is_sent_from_then_on(gateway):
    made, member = gateway(NO_LOGIN, BAD, (200, '{"token": "t.1"}'), (200, "{}"))
    assert member.login_as("root", ["new", "", "old"]) is True
    member.call("x")
    assert [body.get("password") for _path, body, _token in made.asked] == [None, "new", "old", None]
    assert made.asked[-1][2] == "t.1"


def test_no_password_is_right(gateway):
    _made, member = gateway(NO_LOGIN, BAD, BAD)
    with pytest.raises(api.ApiError, match="authentication failed"):
        member.login_as("root", ["new", "old"])


def test_another_failure_ends_the_login(gateway):
    _made, member = gateway(NO_LOGIN, (503, '{"message": "etcdserver: request timed out"}'))
    with pytest.raises(api.ApiError, match="timed out"):
        member.login_as("root", ["new", "old"])


def test_without_authentication_there_is_no_login(gateway):
    made, member = gateway((200, '{"users": []}'))
    assert member.login_as("root", ["new"]) is False and len(made.asked) == 1


def test_whether_authentication_is_on_is_asked_without_a_login(gateway):
    made, member = gateway(NO_LOGIN, (503, '{"message": "etcdserver: no leader"}'))
    member.token = "t.1"
    assert member.auth_enabled() is True and made.asked[0][2] is None and member.token == "t.1"
    with pytest.raises(api.ApiError, match="no leader"):
        member.auth_enabled()


def test_a_stream(gateway):
    parts = '{"result":{"blob":"YQ=="}}\n\n{"result":{"blob":"Yg=="}}\n'
    _made, member = gateway((200, parts), (200, '{"error":{"message":"no"}}\n'), NO_LOGIN, (200, '{"result"'))
    assert [one["blob"] for one in member.lines("maintenance/snapshot")] == ["YQ==", "Yg=="]
    for words in ("no", "etcdserver: user name is empty", "no JSON, but"):
        with pytest.raises(api.ApiError, match=words):
            list(member.lines("maintenance/snapshot"))


def test_what_is_not_yet_is_waited_for(clock):
    clock(api)
    answers = [api.ApiError("not yet"), None, "there"]

    def question():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert api.wait_for(question, 5) == ("there", "")

    def never():
        raise api.ApiError("no leader")
    assert api.wait_for(never, 1) == (None, "no leader")
