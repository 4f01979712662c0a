# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""To whom a member of etcd gives the lead."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import lead
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import Unreachable


def at(number):
    return "https://192.0.2.%d:2379" % number


class Cluster:
    """Members by number: how far they are, None of one that does not answer. The last is a learner."""

    def __init__(self, leader, indexes):
        self.leader, self.indexes, self.asked = leader, indexes, []

    def ask(self, asking, path, body=None):
        number = int(asking.url.split(":")[1][-1])
        self.asked.append((number, path, body))
        if self.indexes[number] is None:
            raise Unreachable("no answer within 1 s")
        if path == "maintenance/status":
            return {"header": {"member_id": str(number)}, "leader": str(self.leader), "raftIndex": str(self.indexes[number])}
        if path == "cluster/member/list":
            return {"members": [{"ID": str(one), "name": "db%d" % one, "clientURLs": [at(one)], "isLearner": one == max(self.indexes)}
                                for one in self.indexes]}
        return {}


@pytest.fixture
def give_away(monkeypatch):
    def asked(leader, indexes):
        cluster = Cluster(leader, indexes)
        monkeypatch.setattr(lead.Api, "ask", lambda self, path, body=None: cluster.ask(self, path, body))
        return lead.Lead(at(1), "/ca.pem", 1).give_away(), cluster.asked
    return asked


def test_it_goes_to_the_voter_that_is_furthest(give_away):
    to, asked = give_away(1, {1: 9, 2: 7, 3: 8, 4: 9})
    assert to == "db3" and asked[-1] == (1, "maintenance/transfer-leadership", {"targetID": "3"})
    assert give_away(1, {1: 9, 2: 7, 3: None, 4: 9})[0] == "db2"


@pytest.mark.parametrize("leader, indexes", [(2, {1: 9, 2: 9, 3: 9}), (0, {1: 9, 2: 9, 3: 9}), (1, {1: 9, 2: None, 3: 9}), (1, {1: 9})])
def test_it_stays_where_it_is(give_away, leader, indexes):
    to, asked = give_away(leader, indexes)
    assert to == "" and all(path != "maintenance/transfer-leadership" for _number, path, _body in asked)


def test_who_does_not_answer_itself_cannot_tell(give_away):
    with pytest.raises(Unreachable):
        give_away(1, {1: None, 2: 1})
