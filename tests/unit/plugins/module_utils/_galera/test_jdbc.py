# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera.jdbc import url


def test_members_in_order_with_short_times():
    assert url(["198.51.100.41", "198.51.100.42"], "shop") == (
        "jdbc:mariadb:sequential://198.51.100.41:3306,198.51.100.42:3306/shop?connectTimeout=1000&retriesAllDown=10&socketTimeout=10000")


@pytest.mark.parametrize("address, written", [
    ("db1", "db1:3307"), ("db1:9", "db1:9"), ("2001:db8::1", "[2001:db8::1]:3307"), ("[2001:db8::1]", "[2001:db8::1]:3307"),
    ("[2001:db8::1]:9", "[2001:db8::1]:9")])
def test_every_way_to_write_an_address(address, written):
    assert "//%s/shop" % written in url([address], "shop", port=3307)


def test_properties_are_overridden_and_taken_away():
    assert url(["db1"], "shop", options={"socketTimeout": None, "useSsl": True, "retriesAllDown": 3}) == (
        "jdbc:mariadb:sequential://db1:3306/shop?connectTimeout=1000&retriesAllDown=3&useSsl=true")


def test_session_variables_stand_as_the_connector_reads_them():
    """It decodes nothing: with 2.7.6 sql_mode=%27ANSI%27 is an error of syntax at the server."""
    assert url(["db1"], "shop", options={"sessionVariables": "sql_mode='ANSI,NO_BACKSLASH_ESCAPES',time_zone='+02:00'"}).endswith(
        "&sessionVariables=sql_mode='ANSI,NO_BACKSLASH_ESCAPES',time_zone='+02:00'&socketTimeout=10000")


@pytest.mark.parametrize("arguments, words", [
    ((["a"], "shop", "aurora"), "mode is aurora, which asks for information_schema.replica_host_status"),
    ((["a"], "shop", "random"), "mode is random: use one of sequential, loadbalance, replication."),
    (("a", "shop"), "addresses is 'a': give a list with the address of each member."),
    (([], "shop"), "addresses is []: give a list"), ((["a", " "], "shop"), "addresses is ['a', ' ']: give a list"),
    ((["a"], "shop", "replication"), "mode is replication, but there is one address"),
    ((["a"], "shop?x=y"), "database is 'shop?x=y': use letters, digits and _ $ . - only."),
    ((["a"], "shop", "sequential", 3306, {"trustStorePassword": "geheim"}),
     "options has trustStorePassword, which does not belong into a URL"),
    ((["a"], "shop", "sequential", 3306, {"sessionVariables": "sql_mode='a&b'"}),
     "options has sessionVariables with & or a line break, which no URL of the connector can have"),
    ((["a"], "shop", "sequential", 3306, {"user": "x"}), "options has user, which does not belong into a URL"),
    ((["a"], "shop", "sequential", 3306, {"a=b": "x"}), "options has 'a=b', which is no name of a property."),
])
def test_what_is_refused(arguments, words):
    with pytest.raises(ValueError) as refused:
        url(*arguments)
    assert words in str(refused.value) and "geheim" not in str(refused.value)
