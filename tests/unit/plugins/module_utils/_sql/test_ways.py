# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two passwords of one account: every way there, and that no step on it leaves a client refused."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import ways

PASSWORDS = {"new": "N", "old": "O"}


def is_password(plugin, string, password):
    return plugin in (ways.NATIVE, ways.SHA2) and string == password.encode()


# As mysql.global_priv of MariaDB 11.8.9 has them, and mysql.user of MySQL 9.7.4.
@pytest.mark.parametrize("dialect, plugin, string, more, found", [
    ("mariadb", ways.NATIVE, b"*1", "", [(ways.NATIVE, b"*1")]),
    ("mariadb", ways.NATIVE, b"*1", '[{},{"plugin":"mysql_native_password","authentication_string":"*2"}]',
     [(ways.NATIVE, b"*1"), (ways.NATIVE, b"*2")]),
    ("mariadb", ways.NATIVE, b"*1", '[{"plugin":"unix_socket"},{}]', [("unix_socket", b""), (ways.NATIVE, b"*1")]),
    ("mysql", ways.SHA2, b"$A$1", "", [(ways.SHA2, b"$A$1")]),
    ("mysql", ways.SHA2, b"$A$1", "2441240F", [(ways.SHA2, b"$A$1"), (ways.SHA2, b"$A$\x0f")]),
])
def test_all_ways_are_read(dialect, plugin, string, more, found):
    assert ways.ways_of(dialect, plugin, string, more) == found


class MySQL:
    """An account: what ALTER USER makes of its first and its second password."""

    def __init__(self, plugin, first, second):
        self.plugin, self.first, self.second = plugin, first, second

    def ways(self):
        return [(self.plugin, one) for one in (self.first, self.second) if one]

    def act(self, act):
        word, retain = act.partition(", ")[::2]
        if word == "discard":
            self.second = b""
            return
        if self.plugin != ways.SHA2:
            assert not retain, "the server refuses to retain what is of another plugin"
            self.plugin, self.second = ways.SHA2, b""
        self.second = self.first if retain else self.second
        self.first = PASSWORDS[word].encode()


class MariaDB:
    """An account: ALTER USER says all ways at once."""

    def __init__(self, plugin, first, second):
        self.list = [(plugin, one) for one in (first, second) if one]

    def ways(self):
        return self.list

    def act(self, act):
        self.list = [(ways.NATIVE, PASSWORDS[name].encode()) for name in (["new", "old"] if act == "both" else [act])]


def valid(account):
    return {string.decode() for _plugin, string in account.ways()}


PLACES = list(itertools.product([b"N", b"O", b"X"], [b"", b"N", b"O", b"X"], [False, True]))


@pytest.mark.parametrize("dialect, kind, plugin", [
    ("mysql", MySQL, ways.SHA2), ("mysql", MySQL, ways.NATIVE), ("mariadb", MariaDB, ways.NATIVE)])
@pytest.mark.parametrize("first, second, old", PLACES)
def test_from_everywhere_what_shall_be_valid_becomes_so_and_who_came_with_it_is_never_refused(dialect, kind, plugin, first, second, old):
    account, wanted = kind(plugin, first, second), {"N", "O"} if old else {"N"}
    before = valid(account) & wanted
    # What is of another plugin is not kept when MySQL takes another one: of such an account the first password counts.
    before &= {first.decode()} if kind is MySQL and plugin != ways.SHA2 and len(account.ways()) > 1 else before
    taken = ways.which(account.ways(), PASSWORDS if old else dict(PASSWORDS, old=""), is_password)
    step = ways.plan(dialect, account.ways(), taken, old)
    for act in step[1] if step else []:
        account.act(act)
        assert before <= valid(account), act
    assert valid(account) == wanted
    taken = ways.which(account.ways(), PASSWORDS if old else dict(PASSWORDS, old=""), is_password)
    assert ways.plan(dialect, account.ways(), taken, old) is None


@pytest.mark.parametrize("dialect, first", [("mysql", ways.SHA2), ("mariadb", ways.NATIVE)])
@pytest.mark.parametrize("there, old, verb", [
    ([b"O"], True, "beside"), ([b"N"], True, "older"), ([b"N", b"O"], False, "drop"), ([b"O"], False, "password"),
    ([b"X"], False, "password"), ([b"O", b"N"], False, "drop")])
def test_it_is_called_what_it_is(dialect, first, there, old, verb):
    found = [(first, one) for one in there]
    taken = ways.which(found, PASSWORDS if old else dict(PASSWORDS, old=""), is_password)
    assert ways.plan(dialect, found, taken, old)[0] == verb and verb in ways.SENTENCES


@pytest.mark.parametrize("other, acts", [("unix_socket", None), ("ed25519", ("password", ["new"]))])
def test_mariadbs_ways_without_a_password_are_left_and_other_passwords_are_not(other, acts):
    found = [(other, b"s"), (ways.NATIVE, b"N")]
    step = ways.plan("mariadb", found, ways.which(found, PASSWORDS, is_password), False)
    assert step == (acts and ("drop", acts[1]))


def test_a_new_account_is_made_with_both():
    assert ways.created("mariadb", True) == ["both"] and ways.created("mysql", True) == ["old", "new, retain"]
    assert ways.created("mysql", False) == ["new"]
