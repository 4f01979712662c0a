from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import renamed

SHOP = {"name": "shop", "hsts_seconds": 60, "timeouts": {"recover_seconds": 5, "ping_ms": 1}}


def test_keys_get_todays_names_wherever_they_are():
    name = "apache_modjk_applications"
    values, found = renamed.with_todays_keys("apache_modjk", {name: [SHOP, {"name": "blog"}]})
    assert values == {name: [{"name": "shop", "hsts_s": 60, "timeouts": {"recover_s": 5, "ping_ms": 1}}, {"name": "blog"}]}
    assert found == [(name + ".hsts_seconds", "hsts_s"), (name + ".timeouts.recover_seconds", "recover_s")]


def test_what_has_todays_names_stays():
    values = {"apache_modjk_applications": None, "apache_modjk_drain_s": 3}
    assert renamed.with_todays_keys("apache_modjk", values) == (values, [])
    assert renamed.with_todays_keys("keepalived", {"keepalived_x": 1}) == ({"keepalived_x": 1}, [])


def test_variables_that_are_given_by_their_old_names():
    given = {"galera_drain_seconds": 1, "galera_join_s": 2}
    assert renamed.old_variables_in("galera", given) == [("galera_drain_seconds", "galera_drain_s")]


@pytest.mark.parametrize("role", ["apache_modjk", "tomcat_cluster"])
def test_what_is_a_watchdog_today_was_called_guard(role):
    given = {role + "_guard": False, role + "_guard_silent_ms": 700, role + "_watchdog_stall_ms": 9000}
    found = renamed.old_variables_in(role, given)
    assert found == [(role + "_guard", role + "_watchdog"), (role + "_guard_silent_ms", role + "_watchdog_silent_ms")]
    assert renamed.warnings([("web1", found[0])]) == [
        "%s_guard is called %s_watchdog now (web1): rename it in the inventory, the next minor release no longer knows the old name." % (
            role, role)]


def test_one_warning_a_name_with_all_hosts():
    names = ("galera_drain_seconds", "galera_drain_s")
    assert renamed.warnings([("db1", names), ("db2", names), ("db1", names)]) == [
        "galera_drain_seconds is called galera_drain_s now (db1, db2): rename it in the inventory, the next minor release no longer knows "
        "the old name."]


def test_a_slip_of_the_hand_in_a_variables_name_is_warned_of_and_nothing_else():
    known = {"haproxy_frontends", "haproxy_backends", "haproxy_stats_port"}
    given = {"haproxy_frontend": [], "haproxy_backends": [], "haproxy_vip": "10.0.0.1", "haproxy_drain_seconds": 5, "site_haproxy": 1}
    found = renamed.misspelt_in("haproxy", given, known)
    assert found == [("haproxy_frontend", "haproxy_frontends", True)]
    assert renamed.warnings([("lb1", found[0]), ("lb2", found[0])]) == [
        "haproxy_frontend is no variable of the role (lb1, lb2): if haproxy_frontends is meant, write that; if not, call it otherwise, "
        "nobody reads it."]
