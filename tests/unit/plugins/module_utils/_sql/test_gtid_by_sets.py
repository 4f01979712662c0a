# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GTID arithmetic against plain sets of transactions, drawn at random: whoever is promoted or replaced is judged by it."""

from __future__ import annotations

import random

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import gtid

UUIDS = ["3e11fa47-71ca-11e1-9e33-c80aa9429562", "4350f323-7565-4e59-8763-4b1b83a0ce0e"]
SOURCES = [UUIDS[0], UUIDS[0] + ":blue", UUIDS[1], UUIDS[1] + ":red"]


def drawn(dice):
    """Some transactions of each source, {(source, number)}."""
    found = set()
    for source in SOURCES:
        for _range in range(dice.randint(0, 3)):
            first = dice.randint(1, 20)
            found |= {(source, number) for number in range(first, first + dice.randint(1, 6))}
    return found


def written(transactions, dice):
    """As a server might print it, in pieces, with blanks and line breaks."""
    parts = ["%s:%d" % (source.upper() if dice.random() < 0.3 and ":" not in source else source, number) for source, number in transactions]
    dice.shuffle(parts)
    return dice.choice([",", ",\n", " , "]).join(parts)


def read(text):
    found = set()
    for part in filter(None, text.split(",")):
        fields = part.split(":")
        name = fields[0]
        for field in fields[1:]:
            if field.replace("-", "").isdigit():
                first, _dash, last = field.partition("-")
                found |= {(name, number) for number in range(int(first), int(last or first) + 1)}
            else:
                name = "%s:%s" % (fields[0], field)
    return found


@pytest.fixture(params=range(40))
def pair(request):
    dice = random.Random(request.param)
    one, two = drawn(dice), drawn(dice)
    return one, two, written(one, dice), written(two, dice)


def test_sets_of_mysql_are_sets(pair):
    one, two, left, right = pair
    assert read(gtid.normal(left)) == one
    assert read(gtid.union(left, right)) == one | two and read(gtid.subtract(left, right)) == one - two
    assert gtid.contains(left, right) == (two <= one) and gtid.count(left, right) == len(one - two) and gtid.count(left) == len(one)
    assert gtid.errant({"executed": left}, {"executed": right}) == gtid.subtract(left, right)


def test_what_is_printed_is_in_one_form(pair):
    """Whoever compares texts sees a difference only where there is one."""
    one, two, left, right = pair
    assert gtid.normal(gtid.normal(left)) == gtid.normal(left)
    assert gtid.union(left, right) == gtid.union(right, left) == gtid.union(gtid.union(left, right), left)
    assert (gtid.normal(left) == gtid.normal(right)) == (one == two)
    # A rest and what was taken away make the whole again.
    assert gtid.union(gtid.subtract(left, right), gtid.subtract(left, gtid.subtract(left, right))) == gtid.normal(left)


def test_a_range_that_ends_before_it_begins_has_nothing():
    assert gtid.normal("%s:5-3:7" % UUIDS[0]) == "%s:7" % UUIDS[0] and gtid.count("%s:5-3" % UUIDS[0]) == 0


# --- MariaDB, whose position says the last of each domain ---------------------------------


@pytest.fixture(params=range(40))
def positions(request):
    dice = random.Random(request.param)

    def one():
        return {domain: (dice.randint(1, 3), dice.randint(1, 30)) for domain in range(3) if dice.random() < 0.7}

    return one(), one()


def position_of(where):
    return ",".join("%d-%d-%d" % (domain, *where[domain]) for domain in where)


def transactions(where):
    return {(domain, number) for domain, (_server, last) in where.items() for number in range(1, last + 1)}


def test_positions_of_mariadb_are_beginnings_of_each_domain(positions):
    one, two = positions
    left, right = position_of(one), position_of(two)
    together = gtid.parse_position(gtid.union(left, right))
    assert transactions(together) == transactions(one) | transactions(two)
    assert all(together[domain] in (one.get(domain), two.get(domain)) for domain in together)
    assert gtid.contains(left, right) == (transactions(two) <= transactions(one))
    assert gtid.count(left, right) == len(transactions(one) - transactions(two))
    missing = set()
    for part in filter(None, gtid.subtract(left, right).split(",")):
        domain, _server, numbers = part.split("-")
        first, _dots, last = numbers.partition("..")
        missing |= {(int(domain), number) for number in range(int(first), int(last or first) + 1)}
    assert missing == transactions(one) - transactions(two)


def history(dice, servers, length):
    """A domain's binary log: who wrote which sequence, the numbers rising."""
    return [(dice.choice(servers), number) for number in range(1, length + 1)]


@pytest.mark.parametrize("seed", range(40))
def test_a_stray_write_is_seen_though_the_source_has_passed_its_number(seed):
    """db1 wrote, db2 replicated a beginning and may have written one itself, which has a number that db1 has, too."""
    dice = random.Random(seed)
    log = history(dice, [1, 3], dice.randint(5, 20))
    known = log[:dice.randint(1, len(log))]
    stray = dice.random() < 0.5

    def observed(entries, server_id):
        state = {}
        for server, number in entries:
            state[server] = number
        return {"executed": "0-%d-%d" % entries[-1], "server_id": server_id, "slave": "",
                "state": ",".join("0-%d-%d" % one for one in sorted(state.items()))}

    mine = known + ([(2, known[-1][1] + 1)] if stray else [])
    found = gtid.errant(observed(mine, 2), observed(log, 1))
    assert bool(found) == stray and gtid.own(found, 2) == stray
    assert gtid.not_from(found, 2) == "" and (not stray or found.endswith(str(mine[-1][1])))
