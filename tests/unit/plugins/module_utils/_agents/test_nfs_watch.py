# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import socket
import struct
import threading
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import nfs_watch as watch

INFO = "36 25 0:31 / /srv/nfs rw - autofs /etc/auto rw\n40 36 0:50 / /srv/nfs/site ro - nfs4 192.0.2.62:/site ro\n"


def answer(number, verdict=0):
    return struct.pack(">7I", watch.LAST | 24, number, 1, 0, 0, 0, verdict)


@pytest.fixture
def served():
    """served(what): the port of a server that does `what` with each call's number: bytes that it sends, None to close, ... for silence."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run(what):
        def serve():
            while True:
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return
                with connection:
                    while data := connection.recv(100):
                        reply = what(struct.unpack(">I", data[4:8])[0])
                        if reply is None:
                            break
                        if reply is not ...:
                            connection.sendall(reply)
        threading.Thread(target=serve, daemon=True).start()
        return listening.getsockname()[1]

    yield run
    listening.close()


def test_a_call_of_nothing():
    assert watch.call(7) == bytes.fromhex("80000028 00000007 00000000 00000002 000186a3 00000004" + "00000000" * 5)
    assert watch.is_answer(answer(7)[4:], 7)
    assert not watch.is_answer(answer(8)[4:], 7) and not watch.is_answer(answer(7, 1)[4:], 7) and not watch.is_answer(b"", 7)


def test_a_server_that_answers(served):
    server = watch.Server("127.0.0.1", served(answer))
    assert server.answers(5) and server.answers(5)


def test_a_server_that_is_silent_closes_or_says_no(served):
    turns = [..., None]
    port = served(lambda number: turns.pop(0) if turns else answer(number, 2))
    server = watch.Server("127.0.0.1", port)
    assert not server.answers(0.2) and not server.answers(5) and not server.answers(5)
    assert server.socket is None


def test_a_server_that_is_none(served):
    port = served(answer)
    with socket.create_server(("127.0.0.1", 0)) as other:
        gone = other.getsockname()[1]
    assert port != gone and not watch.Server("127.0.0.1", gone).answers(1)


def test_judging():
    judge = watch.Judge(3)
    assert judge.hear(True, 0, 0) is False
    assert judge.hear(True, 0.5, 0.5) is None
    assert judge.hear(False, 1, 2) is None and judge.hear(False, 2, 3) is None
    assert judge.hear(False, 3, 4) is True and judge.hear(False, 4, 5) is None
    assert judge.hear(True, 5, 5) is False and judge.away is False


def test_one_question_after_a_long_standstill_is_not_enough():
    judge = watch.Judge(3)
    judge.hear(True, 0, 0)
    assert judge.hear(False, 1, 60) is None
    assert judge.hear(True, 60.5, 60.5) is None


def test_a_server_that_was_never_there():
    judge = watch.Judge(3)
    assert [judge.hear(False, at, at + 1) for at in range(4)] == [None, None, True, None]


def test_what_is_mounted_uppermost():
    assert watch.device_of(INFO, "/srv/nfs/site") == "0:50" and watch.device_of(INFO, "/srv/nfs") == "" == watch.device_of(INFO, "/a")
    assert watch.device_of(INFO + "41 40 0:51 / /srv/nfs/site rw - tmpfs none rw\n", "/srv/nfs/site") == ""


class Mounts:
    def __init__(self):
        self.did = []

    def bind(self, place, other):
        self.did.append(("bind", other))

    def detach(self, place):
        self.did.append(("detach", place))

    def force(self, place):
        self.did.append(("force", place))

    def detach_others(self, place):
        self.did.append(("detach for all", place))


def test_what_is_mounted_is_held_and_let_go(tmp_path, monkeypatch):
    mounts, keep = Mounts(), str(tmp_path / "keep/site")
    hold = watch.Hold("/srv/nfs/site", keep, mounts)
    text = {"self": INFO}
    monkeypatch.setattr(watch, "mountinfo", lambda whose="self": text[whose])
    hold.follow_now()
    text["self"] += "50 25 0:50 / %s ro - nfs4 192.0.2.62:/site ro\n" % keep
    hold.follow_now()
    assert mounts.did == [("bind", keep)] and hold.handle is not None
    hold.push()
    while threading.active_count() > 1 and len(mounts.did) < 3:
        pass
    assert mounts.did[1:] == [("force", keep), ("detach for all", "/srv/nfs/site")]
    # Mounted anew, another file system: the one before is let go.
    text["self"] = text["self"].replace("0:50 / /srv", "0:60 / /srv")
    hold.follow_now()
    assert mounts.did[3:] == [("detach", keep), ("bind", keep)]
    text["self"] = "50 25 0:60 / %s ro - nfs4 x ro\n" % keep
    hold.follow_now()
    assert mounts.did[5:] == [("detach", keep)] and hold.handle is None


@pytest.mark.parametrize("seen, detached", [(INFO, ["/srv/nfs/site"]), ("", [])])
def test_in_the_others_view_only_what_is_mounted_there_is_detached(monkeypatch, seen, detached):
    """It is looked at from within: who looked at another process's would need more rights."""
    asked, did = [], []
    mounts = watch.Mounts.__new__(watch.Mounts)
    mounts.libc, mounts.others = types.SimpleNamespace(unshare=lambda flags: 0, setns=lambda view, kind: 0), 7
    monkeypatch.setattr(watch, "mountinfo", lambda whose: asked.append(whose) or seen)
    monkeypatch.setattr(mounts, "detach", did.append, raising=False)
    mounts.detach_others("/srv/nfs/site")
    assert (asked, did) == (["thread-self"], detached)


def test_what_cannot_be_held_is_told(tmp_path, monkeypatch, capsys):
    mounts = Mounts()
    mounts.bind = lambda place, other: (one for one in ()).throw(OSError(5, "mount --bind: Input/output error"))
    monkeypatch.setattr(watch, "mountinfo", lambda whose="self": INFO)
    watch.Hold("/srv/nfs/site", str(tmp_path / "site"), mounts).follow_now()
    assert "/srv/nfs/site cannot be held" in capsys.readouterr().out


def test_marks(tmp_path):
    away, other = str(tmp_path / "site.away"), str(tmp_path / "gone.away")
    watch.mark([away, other], True)
    watch.clean(str(tmp_path), {away})
    assert sorted(os.listdir(tmp_path)) == ["site.away"]
    watch.mark([away], False)
    watch.mark([away], False)
    assert os.listdir(tmp_path) == []


def test_a_look(tmp_path, capsys):
    one = {"name": "site", "mount": "/srv/nfs/site", "away": str(tmp_path / "site.away"), "force": True}
    looked = watch.Watch({"address": "192.0.2.62", "contents": [one, {**one, "name": "up", "force": False}]}, 2049, 3, Mounts())
    assert [hold.place for hold in looked.holds] == ["/srv/nfs/site"]
    pushed = []
    looked.holds[0].push, looked.holds[0].follow = lambda: pushed.append("push"), lambda: pushed.append("follow")
    looked.server.answers = lambda limit: True
    looked.look()
    looked.judge.patience_s, looked.server.answers = 0, lambda limit: False
    looked.look()
    looked.look()
    assert pushed == ["follow", "push"] and os.path.exists(one["away"])
    assert capsys.readouterr().out == "server 192.0.2.62 is there: site, up\nserver 192.0.2.62 is away: site, up\n"
