# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every combination of three members of RabbitMQ: no second cluster is formed beside one that is there, or may be."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.formation import clustered, formation, in_running_cluster

HOSTS = ["mq1", "mq2", "mq3"]
OURS, THEIRS = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"], ["rabbit@a", "rabbit@b"]


def member(nodes, available=True, digest="c=="):
    return {"available": available, "members": nodes if available else [], "remembers": nodes, "cookie_digest": digest,
            "cookie_accepted": True}


STATES = {
    "unreached": {}, "blank": member([], False, "own=="), "alone": member(["rabbit@x"], digest="own=="),
    # It came up by itself, and its cluster goes on without it.
    "remembers, and runs by itself": dict(member(OURS), members=["rabbit@mq1"]),
    "runs": member(OURS), "stopped": member(OURS, False), "runs with another cookie": member(OURS, digest="d=="),
    "stopped with another cookie": member(OURS, False, "d=="), "runs elsewhere": member(THEIRS), "stopped elsewhere": member(THEIRS, False),
}
ALL = list(itertools.product(sorted(STATES), repeat=3))


@pytest.fixture(scope="module", params=["", "OTHERCOOKIE"], ids=["no cookie given", "a cookie given"])
def decisions(request):
    return [(names, [STATES[name] for name in names], formation(HOSTS, [STATES[name] for name in names], request.param)) for names in ALL]


def test_whom_the_others_join_is_who_has_most_to_lose(decisions):
    """A running cluster before one that is remembered, that before a node by itself, and nobody who was not asked."""
    for names, infos, decided in decisions:
        seed = infos[HOSTS.index(decided["seed"])]
        assert seed or not any(infos), names
        assert in_running_cluster(seed) == any(map(in_running_cluster, infos)), names
        assert clustered(seed) == any(map(clustered, infos)), names
        assert decided["seed_node"] == "rabbit@" + decided["seed"] and decided["cookie"] == decided["seed"], names


def test_two_clusters_are_never_made_one_without_a_word(decisions):
    for names, _infos, decided in decisions:
        both = any(name.startswith("runs") and name != "runs elsewhere" for name in names) and "runs elsewhere" in names
        assert any("which of them holds the messages to be kept? Let the others leave." in one for one in decided["refused"]) == both, names


def test_no_new_cluster_is_formed_while_somebody_is_missing(decisions):
    for names, infos, decided in decisions:
        new = not any(map(clustered, infos)) and "unreached" in names
        assert any("a new one is formed with all of its members only" in one for one in decided["refused"]) == new, names


def test_members_with_different_cookies_are_told_by_digest_and_their_cookies_brought_together(decisions):
    for names, infos, decided in decisions:
        digests = {info["cookie_digest"] for info in infos if info and clustered(info)}
        told = [one for one in decided["refused"] if "its Erlang cookie is" in one]
        assert bool(told) == (len(digests) > 1), names
        if len(digests) > 1:
            assert decided["cookies_differ"], names
        # Who is named has not the cookie of a member that runs, unless members that run have different ones.
        running = {info["cookie_digest"] for info in infos if info and in_running_cluster(info)}
        for one in told:
            assert len(running) > 1 or infos[HOSTS.index(one[:3])]["cookie_digest"] not in running, (names, one)


def test_a_given_cookie_that_the_cluster_has_not_is_a_rotation_and_no_repair(decisions):
    for names, infos, decided in decisions:
        told = [one for one in decided["refused"] if one.startswith("rabbitmq_cluster_cookie is")]
        assert len(told) <= 1 and (not told or any(map(clustered, infos))), names


def test_every_refusal_is_a_sentence_that_names_a_member(decisions):
    for names, _infos, decided in decisions:
        for one in decided["refused"]:
            assert one.endswith(".") and any(host in one for host in HOSTS), (names, one)
