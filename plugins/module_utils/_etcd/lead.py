# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving the lead of a cluster to another member: nobody waits for an election then."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._etcd import state
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import Api, ApiError


def heir(api, own, status):
    """The voter, of those that answer, that is furthest, as in state.members_of(); None without one. own: id of the one that leads.
    status(url): what state.status_of() has of a member."""
    def position(one):
        try:
            return status(one["client_urls"][0])["raft_index"]
        except (ApiError, IndexError):
            return -1

    others = [one for one in state.members_of(api.call("cluster/member/list")) if not one["learner"] and one["id"] != own]
    known = [(position(one), one) for one in others]
    return max((pair for pair in known if pair[0] >= 0), key=lambda pair: pair[0], default=(-1, None))[1]


def give(api, to):
    """To a member as in state.members_of(). Only the one that leads does that; no login is needed."""
    api.call("maintenance/transfer-leadership", {"targetID": str(int(to["id"], 16))})


class Lead:
    """What the member at `url` can tell and do about it."""

    def __init__(self, url, ca, timeout):
        self.api, self.ca, self.timeout = Api(url, ca, timeout), ca, timeout

    def status(self, url):
        return state.status_of(Api(url, self.ca, self.timeout).call("maintenance/status"))

    def give_away(self):
        """Name of the one that leads from now on; empty where this one does not lead, or nobody else can."""
        own = state.status_of(self.api.call("maintenance/status"))
        if not own["leader"] or own["leader"] != own["id"]:
            return ""
        to = heir(self.api, own["id"], self.status)
        if to is None:
            return ""
        give(self.api, to)
        return to["name"] or to["id"]
