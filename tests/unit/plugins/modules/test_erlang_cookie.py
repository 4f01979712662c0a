# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cookie's file on a scratch directory, under a node of a cluster that is played."""

import grp
import json
import os
import pwd

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cookie import digest
from ansible_collections.failover.stack.plugins.modules import erlang_cookie

OLD, NEW = "OLDCOOKIEOFTHEMEMBER", "NEWCOOKIEOFTHECLUSTER"
ALL = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"]


@pytest.fixture
def host(rabbit, tmp_path):
    rabbit.path = tmp_path / ".erlang.cookie"
    rabbit.arguments = {"path": str(rabbit.path), "owner": pwd.getpwuid(os.getuid())[0], "group": grp.getgrgid(os.getgid())[0],
                        "data_directory": str(rabbit.data)}
    return rabbit


def put(host, text=OLD, mode=0o400):
    host.path.write_text(text)
    host.path.chmod(mode)
    # Long before the node was started.
    os.utime(host.path, (1, 1))


def test_a_new_cookie_is_whole_and_for_its_owner_only(host, play, tmp_path):
    result = play(erlang_cookie, dict(host.arguments, content=NEW + "\n"), diff=True)
    assert host.path.read_text() == NEW and host.path.stat().st_mode & 0o777 == 0o400
    assert (result["changed"], result["source"], result["previous_digest"], result["digest"]) == (True, "given", "", digest(NEW))
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".erlang.cookie.")]
    assert NEW not in json.dumps(result) and result["diff"]["before"] == "absent\n" and digest(NEW) in result["diff"]["after"]
    again = play(erlang_cookie, dict(host.arguments, content=NEW))
    assert (again["changed"], again["diff"]["before"]) == (False, again["diff"]["after"])


def test_one_that_is_there_is_kept_and_shown_only_when_asked(host, play):
    put(host)
    result = play(erlang_cookie, host.arguments)
    assert (result["changed"], result["source"], result["restart_needed"], "content" in result) == (False, "kept", False, False)
    assert play(erlang_cookie, dict(host.arguments, reveal=True))["content"] == OLD


@pytest.mark.parametrize("there", [None, "", "caf\xe9\n"])
def test_one_that_erlang_does_not_accept_is_made_anew(host, play, there):
    if there is not None:
        put(host, there)
    result = play(erlang_cookie, dict(host.arguments, reveal=True))
    assert result["source"] == "generated" and len(result["content"]) == 40 and host.path.read_text() == result["content"]


def test_without_generate_a_missing_one_is_said(host, refused):
    assert refused(erlang_cookie, dict(host.arguments, generate=False)) == (
        "%s holds no cookie that Erlang accepts, and none is given: give content or set generate." % host.path)


@pytest.mark.parametrize("content, said", [
    ("", "is empty: Erlang needs 1 to 255 characters"), ("x" * 256, "has 256 characters: Erlang takes at most 255"),
    ("ab\tc", "has a character at position 3 that Erlang does not accept: use printable ASCII only")])
def test_a_given_one_that_erlang_does_not_accept_is_refused_without_showing_it(host, refused, content, said):
    put(host)
    assert refused(erlang_cookie, dict(host.arguments, content=content)) == "The given cookie %s." % said
    assert host.path.read_text() == OLD


@pytest.mark.parametrize("runs", [True, False])
def test_a_member_of_a_cluster_keeps_its_cookie(host, refused, runs):
    put(host)
    host.clusters = [set(ALL)]
    if not runs:
        host.running.discard(host.me)
        (host.data / host.me).mkdir()
        (host.data / host.me / "cluster_nodes.config").write_text("{[%s],[]}." % ",".join(ALL))
    for check in (True, False):
        assert refused(erlang_cookie, dict(host.arguments, content=NEW), check=check) == (
            "rabbit@mq2 is a member of a cluster of 3 (rabbit@mq1, rabbit@mq2, rabbit@mq3) with cookie %s, and is asked to take %s: all "
            "members must change together, announced, by playbooks/rabbitmq_cookie_rotate.yml (rotate: true); or give the cookie that the "
            "cluster has." % (digest(OLD), digest(NEW)))
    assert host.path.read_text() == OLD and host.did == []


def test_a_node_that_does_not_accept_the_cookie_of_its_file_is_left_alone(host, refused):
    put(host)
    host.refuses = {"cluster_status": (69, "", "Error: Erlang cookie is identical")}
    assert refused(erlang_cookie, dict(host.arguments, content=NEW)).startswith(
        "rabbit@mq2 runs but does not accept the cookie of its file (%s) with cookie" % digest(OLD))


def test_a_lone_node_is_stopped_before_its_cookie_is_replaced(host, play):
    put(host)
    assert play(erlang_cookie, dict(host.arguments, content=NEW), check=True)["stopped"] and host.did == []
    assert host.path.read_text() == OLD
    result = play(erlang_cookie, dict(host.arguments, content=NEW))
    assert (result["stopped"], result["restart_needed"], host.did) == (True, True, ["stop rabbitmq-server.service"])
    assert host.path.read_text() == NEW and result["previous_digest"] == digest(OLD)


def test_a_node_that_does_not_stop_keeps_its_cookie(host, refused):
    put(host)
    host.refuses = {"stop rabbitmq": (1, "", "Timed out\n")}
    assert refused(erlang_cookie, dict(host.arguments, content=NEW)) == (
        "rabbitmq-server.service could not be stopped before its cookie is replaced: Timed out")
    assert host.path.read_text() == OLD


def test_all_members_change_when_that_is_said(host, play):
    put(host)
    host.clusters = [set(ALL)]
    assert play(erlang_cookie, dict(host.arguments, content=NEW, rotate=True))["changed"] and host.path.read_text() == NEW


def test_permissions_alone_stop_nobody(host, play):
    put(host, mode=0o644)
    result = play(erlang_cookie, dict(host.arguments, content=OLD))
    assert (result["changed"], result["stopped"], host.did) == (True, False, []) and host.path.stat().st_mode & 0o777 == 0o400


def test_a_cookie_that_is_newer_than_its_node_needs_a_restart(host, play):
    put(host)
    os.utime(host.path)
    assert play(erlang_cookie, host.arguments)["restart_needed"]


def test_a_user_that_is_not_there_is_said_and_nothing_is_left(host, refused, tmp_path):
    assert refused(erlang_cookie, dict(host.arguments, owner="nobody-has-this", content=NEW)) == (
        "There is no user nobody-has-this or no group %s on this host: install RabbitMQ first." % host.arguments["group"])
    assert not list(tmp_path.glob(".erlang*"))


def test_a_write_that_breaks_off_leaves_the_old_cookie_whole(host, refused, monkeypatch, tmp_path):
    put(host)
    host.running.discard(host.me)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(erlang_cookie.beneath.os, "fsync", full)
    assert refused(erlang_cookie, dict(host.arguments, content=NEW)) == "%s cannot be written: No space left on device." % host.path
    assert host.path.read_text() == OLD and len(list(tmp_path.glob(".erlang*"))) == 1
