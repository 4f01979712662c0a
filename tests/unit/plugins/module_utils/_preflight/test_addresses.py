# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.accounts import privilege_problems
from ansible_collections.failover.stack.plugins.module_utils._preflight.addresses import account_hosts


@pytest.mark.parametrize("place, flavour, wrong", [
    # MariaDB's calc_ip() (sql_acl.cc) reads a dotted netmask alone and compares all else as text; MySQL reads CIDR from 8.0.23 on.
    ("10.0.0.0/24", "mariadb", "which no client's address would match there: write 10.0.0.0/255.255.255.0"),
    ("10.0.0.5/255.255.255.0", "mariadb", "which no client's address would match there: write 10.0.0.0/255.255.255.0"),
    ("10.0.0.5/24", "mysql", "which no client's address would match there: write 10.0.0.0/255.255.255.0"),
    ("10.0.%/24", "mysql", "which is no network: write it like 10.0.0.0/255.255.255.0"),
    ("2001:db8::/32", "mariadb", "but accounts have networks of IPv4 alone: write a pattern, such as 2001:db8:%"),
    ("10.0.0.0/255.255.255.0", "mariadb", ""), ("10.0.0.0/24", "mysql", ""), ("10.0.0.0/255.255.255.0", "mysql", ""),
    ("10.0.0.%", "mariadb", ""), ("2001:db8:%", "mariadb", "")])
def test_networks_of_accounts_are_those_that_the_server_compares(place, flavour, wrong):
    assert list(account_hosts("users[0].host", [place], flavour)) == (["users[0].host has '%s', %s." % (place, wrong)] if wrong else [])


def test_grant_option_as_sql_says_it_is_told_how_to_write_it():
    user = {"name": "app", "privileges": {"shop.*": "ALL PRIVILEGES with  grant option"}}
    assert list(privilege_problems("users[0]", user, "mariadb")) == [
        "users[0].privileges['shop.*'] is 'ALL PRIVILEGES with  grant option', which is how SQL says it: write GRANT OPTION among the "
        "privileges, behind a comma."]
