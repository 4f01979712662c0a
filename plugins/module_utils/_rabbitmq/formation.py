# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the members of an inventory returned, taken together: whose cluster is it, who has its cookie, what speaks against it. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cookie import digest, normalise


def node_of(host):
    """rabbit at the host's name up to its first dot."""
    return "rabbit@" + host.partition(".")[0]


def clustered(info):
    """Whether a node is, or believes to be, in a cluster with others."""
    return len(info.get("members") or []) > 1 or len(info.get("remembers") or []) > 1


def in_running_cluster(info):
    return bool(info.get("available")) and len(info.get("members") or []) > 1


def cookie_refusals(members, infos, given):
    """Members of the cluster whose cookie is not the one of the others, by digest; a given one that the cluster has not."""
    digests = {host: info["cookie_digest"] for host, info in zip(members, infos) if clustered(info) and info.get("cookie_digest")}
    # Who runs in a cluster of several decides; with nobody running, or as many on each side, the most do.
    running = [digests[host] for host, info in zip(members, infos) if host in digests and in_running_cluster(info)]
    weight = {value: (running.count(value), list(digests.values()).count(value)) for value in digests.values()}
    usual = max(sorted(weight), key=lambda value: weight[value]) if weight else None
    if given and usual and digest(normalise(given)) != usual:
        yield ("rabbitmq_cluster_cookie is %s (digest), the cluster of %s has %s: playbooks/rabbitmq_cookie_rotate.yml gives it to all "
               "members at once, or leave the variable out." % (digest(normalise(given)), ", ".join(digests), usual))
    for host in members:
        if digests.get(host, usual) != usual:
            yield ("%s: its Erlang cookie is %s (digest), the other members have %s: put the cluster's cookie back there and restart the "
                   "node, or playbooks/rabbitmq_cookie_rotate.yml gives all members a new one." % (host, digests[host], usual))


def cluster_refusals(members, infos):
    """Members that are in different clusters."""
    first = None
    for host, info in zip(members, infos):
        if not in_running_cluster(info):
            continue
        if first is None:
            first = (host, set(info["members"]))
        elif not first[1] & set(info["members"]):
            yield "%s: it is in a cluster of %s, %s is in one of %s: which of them holds the messages to be kept? Let the others leave." % (
                host, ", ".join(info["members"]), first[0], ", ".join(sorted(first[1])))


def absent_refusals(members, infos):
    """A new cluster without somebody who was not reached could be the second one."""
    missing = [host for host, info in zip(members, infos) if not info]
    if missing and not any(clustered(info) for info in infos):
        yield "%s: it was not reached, and nobody else is in a cluster yet: a new one is formed with all of its members only. " \
              "Bring it back, or take it out of the group." % ", ".join(missing)


def cookies_differ(infos, given):
    """Whether anybody lacks the cookie that all shall have, or has it in a file that Erlang does not accept."""
    wanted = digest(normalise(given)) if given else next((info.get("cookie_digest") for info in infos if info), "")
    return not wanted or any(info.get("cookie_digest") != wanted or not info.get("cookie_accepted") for info in infos)


def formation(members, infos, given=""):
    """{refused, seed, seed_node, cookie, cookies_differ}: what speaks against it, whom the others join, who has the cluster's cookie.

    infos: what rabbitmq_cluster_info returned of each member, in their order; {} for one that was not reached. given: the cookie that the
    inventory has, if any.
    """
    ranked = sorted(range(len(members)), key=lambda n: (
        not infos[n], not in_running_cluster(infos[n]), not clustered(infos[n]), not infos[n].get("available"), n))
    seed = members[ranked[0]] if ranked else ""
    refused = [*cluster_refusals(members, infos), *cookie_refusals(members, infos, given), *absent_refusals(members, infos)]
    return {"refused": refused, "seed": seed, "seed_node": node_of(seed) if seed else "", "cookie": seed,
            "cookies_differ": cookies_differ(infos, given)}
