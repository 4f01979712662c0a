from __future__ import annotations

import base64
import hashlib
import pathlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import etcd_snapshot
from ansible_collections.failover.stack.plugins.module_utils._agents.runtime import files
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import ApiError

DATA = b"p" * 4096
WHOLE = DATA + hashlib.sha256(DATA).digest()
SOURCES = pathlib.Path(etcd_snapshot.__file__).resolve().parents[1]


class Member:
    """A member that sends a snapshot in two parts."""

    def __init__(self, sent=WHOLE, refuses=""):
        self.sent, self.refuses, self.login = sent, refuses, None

    def login_as(self, name, passwords):
        if self.refuses:
            raise ApiError(self.refuses)
        self.login = (name, passwords)

    def call(self, path):
        assert path == "maintenance/status"
        return {"header": {"revision": "42"}}

    def lines(self, path):
        assert path == "maintenance/snapshot"
        for part in (self.sent[:1000], self.sent[1000:]):
            yield {"blob": base64.b64encode(part).decode()}


@pytest.fixture
def words(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "snapshots").mkdir()
    return ["--host", "etcd1", "--url", "https://192.0.2.1:2379", "--ca", "/ca.pem", "--password-file", str(tmp_path / "password"),
            "--directory", str(tmp_path / "snapshots"), "--keep", "2"]


@pytest.fixture
def sends(monkeypatch):
    def give(member):
        monkeypatch.setattr(etcd_snapshot, "Api", lambda url, ca, timeout: member)
        return member
    return give


def there(tmp_path):
    return sorted(path.name for path in (tmp_path / "snapshots").iterdir())


def test_a_snapshot_is_written_whole_for_nobody_else(words, sends, tmp_path, capsys):
    member = sends(Member())
    assert etcd_snapshot.main(*words) == 0
    (name,) = there(tmp_path)
    path = tmp_path / "snapshots" / name
    assert name.startswith("etcd1-") and name.endswith("-r42.db")
    assert path.read_bytes() == member.sent and path.stat().st_mode & 0o777 == 0o600
    assert member.login == ("root", ["secret"])
    assert capsys.readouterr().out == "%s: 4128 bytes\n" % path


def test_the_oldest_and_what_was_broken_off_go(words, sends, tmp_path):
    sends(Member())
    old = ["etcd1-2026010%dT000000Z-r1.db" % day for day in (1, 2, 3)]
    for name in [*old, ".new-17"]:
        (tmp_path / "snapshots" / name).touch()
    assert etcd_snapshot.main(*words) == 0
    found = there(tmp_path)
    assert len(found) == 2 and found[0] == old[2]


@pytest.mark.parametrize("member, said", [
    (Member(refuses="etcdserver: request timed out"), "etcdserver: request timed out"),
    (Member(sent=DATA), "The snapshot that was sent is none: it has 4096 bytes, which no whole snapshot has."),
    (Member(sent=DATA + b"y" * 32), "The snapshot that was sent is none: its checksum is not that of its content.")])
def test_nothing_is_left_of_one_that_failed(words, sends, tmp_path, capsys, member, said):
    sends(member)
    assert etcd_snapshot.main(*words) == 1
    assert there(tmp_path) == []
    assert capsys.readouterr().err == "https://192.0.2.1:2379: no snapshot was written: %s\n" % said


def test_the_program_is_whole():
    """It runs on a host without Ansible: what it imports is there."""
    def read(path):
        place = SOURCES / path
        return place.read_text(encoding="utf-8") if place.is_file() else None
    assert {"_etcd/api.py", "_etcd/snapshot.py", "_etcd/state.py", "_etcd/accounts.py"} <= set(files("_agents.etcd_snapshot", read))
