from __future__ import annotations

import hashlib

from ansible_collections.failover.stack.plugins.module_utils._etcd import snapshot

NAMES = ["etcd1-20261130T081500Z-r4711.db", "other-host-20261129T081500Z-r10.db", "etcd1-20261130T091500Z-r4800.db"]


def whole(content=b"x" * 1024):
    return content + hashlib.sha256(content).digest()


def test_a_name_says_whose_when_and_at_which_revision():
    found = snapshot.parse(NAMES[0])
    assert (found["host"], found["revision"]) == ("etcd1", 4711)
    assert snapshot.name_of("etcd1", found["time"], 4711) == NAMES[0]
    assert snapshot.parse("other-host-20261129T081500Z-r10.db")["host"] == "other-host"
    assert snapshot.parse(".new-17") is None and snapshot.parse("db") is None


def test_those_of_a_directory_the_oldest_first(tmp_path):
    assert snapshot.all_in(str(tmp_path / "none")) == []
    for name in [*NAMES, ".new-17", "notes.txt"]:
        (tmp_path / name).touch()
    now = snapshot.parse(NAMES[2])["time"] + 60
    assert [(one["name"], one["age_s"]) for one in snapshot.listed(str(tmp_path), now)] == [
        (NAMES[1], 90060), (NAMES[0], 3660), (NAMES[2], 60)]
    assert snapshot.surplus(str(tmp_path), 1) == [NAMES[1], NAMES[0]]
    assert snapshot.surplus(str(tmp_path), 5) == []


def test_a_whole_one_and_those_that_are_none(tmp_path):
    path = tmp_path / "s.db"
    for content, objection in (
            (whole(), ""), (whole()[:-1], "it has 1055 bytes, which no whole snapshot has"),
            (b"", "it has 0 bytes, which no whole snapshot has"),
            (whole()[:-32] + b"y" * 32, "its checksum is not that of its content"),
            (b"y" + whole()[1:], "its checksum is not that of its content")):
        path.write_bytes(content)
        assert snapshot.objection(str(path)) == objection
