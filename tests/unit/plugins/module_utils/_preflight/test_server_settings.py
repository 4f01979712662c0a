# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the database server that a role does not leave to its user: under whatever name the server would take them."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import galera, mysql_settings, server_settings, sql_names

MYSQL = {"mysql_replication_flavour": "mysql", "mysql_replication_sources": []}
MARIADB = dict(MYSQL, mysql_replication_flavour="mariadb")


def of_replication(settings, values=None):
    return list(mysql_settings.problems("db1", dict(values or MYSQL, mysql_replication_settings=settings)))


def of_galera(settings):
    return list(server_settings.problems("galera_settings", settings, galera.OWN_SETTINGS, galera.NEVER_SETTINGS))


ROLES = {
    "mysql_replication": (of_replication, {**mysql_settings.OWN, **server_settings.NEVER, **mysql_settings.NEVER}),
    "galera": (of_galera, {**galera.OWN_SETTINGS, **server_settings.NEVER, **galera.NEVER_SETTINGS})}


def spellings(name):
    """As option files have it: any case, dashes, and what may stand before any option's name."""
    yield from (name, name.upper(), name.replace("_", "-"), name.title().replace("_", "-", 1))
    for prefix in ("loose", "skip", "disable", "enable", "maximum", "autoset"):
        yield "%s_%s" % (prefix, name)
        yield "%s-%s" % (prefix.upper(), name.replace("_", "-"))
    for first, second in (("loose", "skip"), ("loose", "disable"), ("enable", "loose")):
        yield "%s-%s_%s" % (first, second, name)


@pytest.mark.parametrize("role", ROLES)
def test_no_spelling_gets_past(role):
    problems, known = ROLES[role]
    for name in known:
        for spelling in spellings(name):
            found = problems({spelling: 1})
            assert found and found[0].startswith("%s_settings.%s" % (role, spelling)), (name, spelling, found)


@pytest.mark.parametrize("role", ROLES)
def test_no_beginning_of_a_name_gets_past(role):
    """The server takes one that it can tell from all others; what is shorter than that it refuses itself."""
    problems, known = ROLES[role]
    for name, length in itertools.product(known, range(5, 40)):
        if length >= len(name):
            continue
        found = problems({name[:length].rstrip("_"): 1})
        # Some beginnings are names of their own that a role leaves alone.
        if name[:length].rstrip("_") in server_settings.WHOLE or len(name[:length].rstrip("_")) <= 3:
            continue
        assert found, (name, name[:length])


@pytest.mark.parametrize("name", [
    "innodb_io_capacity", "sql_mode", "performance_schema_max_table_instances", "tmp_table_size", "table_open_cache", "wait_timeout",
    "innodb_lru_scan_depth", "max_allowed_packet", "thread_handling", "query_cache_size", "local_infile", "event_scheduler"])
def test_what_is_the_users_own_stays_so(name):
    assert of_replication({name: 1}, MARIADB) == of_galera({name: 1}) == []


def test_mariadbs_performance_schema_is_the_users_own():
    assert of_replication({"performance_schema": "OFF"}, MARIADB) == []
    assert of_replication({"performance_schema": "OFF"}) == [
        "mysql_replication_settings.performance_schema: the state of replication is read from it, take it out."]


@pytest.mark.parametrize("name, said", [
    ("binlog_do_db", ": what is not in the binary log no replica gets, and a failover would promote one without it, keep such databases on "
                     "a server of their own, or leave them out at one replica by replicate_ignore_db."),
    ("loose-log-basename", ": under another name of its logs a member would begin anew, and who replicates from it would miss rows, take "
                           "it out."),
    ("SUPER_READ_ONLY", ": every member starts read-only, and who may write is decided by what knows the writer, take it out."),
    ("relay_log_info", " (it is relay_log_info_file): under another name of its logs a member would begin anew, and who replicates from it "
                       "would miss rows, take it out."),
    ("rpl_semi_sync_master_wait_point", ": a commit is acknowledged only when a replica has it, and nobody sees it before, take it out."),
    ("skip_innodb_doublewrite", ": a crash in the middle of a page would destroy it, take it out."),
    ("skip-slave-start", ": a replica that was restarted would stand still, take it out."),
    ("slave_preserve_commit_order", ": a replica with gaps could not be compared or promoted, take it out."),
    ("replicate_same_server_id", ": events would go round for ever between members that replicate each other, take it out."),
    ("binlog_format", ": rows are replicated, not statements, take it out."),
    ("relay_log_purge", ": relay logs that nobody removes fill the disk, take it out."),
    ("relay_log_recovery", ": a replica must survive a crash, take it out."),
    ("server_id_bits", ": server ids have 32 bits here, take it out."),
    ("character_set_server", ": it is utf8mb4, in which everything can be stored, give a database another one in "
                             "mysql_replication_databases, such as {name: old, character_set: latin1}."),
    ("default_storage_engine", ": only InnoDB's rows are transactions, which is what is replicated, take it out."),
    ("innodb_undo_directory", ": what lies outside of the data directory neither seeding nor a restore exchanges, take it out."),
    ("skip-name-resolve", ": the hosts of accounts are addresses here, and names that nobody resolves hold up every login, take it out."),
    ("log_error", ": why a server does not start is looked for where the distribution logs it, take it out."),
    ("init_file", ": every member would write its statements by itself at each start, take it out."),
    ("innodb_force_recovery", ": it is for a rescue by hand, of a server that takes no writes, take it out."),
    ("skip-networking", ": members reach each other by TCP, take it out."),
    ("skip-grant-tables", ": everybody would be root, take it out."),
    ("chroot", ": the unit and its tools know other paths, take it out."),
])
def test_why_a_variable_of_a_replicating_server_is_not_the_users(name, said):
    assert of_replication({name: 1}) == ["mysql_replication_settings.%s%s" % (name, said)]


@pytest.mark.parametrize("name, said", [
    ("binlog_format", ": Galera replicates rows of InnoDB between members that know no names, take it out."),
    ("datadir", ": the recovery decision reads the distribution's directory, take it out."),
    ("socket", ": the role and its agent ask there, take it out."),
    ("wsrep_provider", ": the distribution's provider is taken, take it out."),
    ("wsrep_node_name", ": it is the inventory's name, take it out."), ("wsrep_on", ": every member must have the same rows, take it out."),
    ("wsrep_osu_method", ": with RSU members differ meanwhile: set it in a session, take it out."),
    ("log_error", ": the journal tells why a member does not start, take it out."),
    ("read_only", ": every member takes writes, take it out."),
    ("wsrep_provider_options", ": the role sets it, set galera_provider_options instead."),
])
def test_why_a_variable_of_a_member_of_galera_is_not_the_users(name, said):
    assert of_galera({name: 1}) == ["galera_settings.%s%s" % (name, said)]


# --- Names of databases and accounts ------------------------------------------------------


@pytest.mark.parametrize("databases, said", [
    ([], []), (["shop", {"name": "crm", "character_set": "latin1", "collation": "latin1_swedish_ci"}], []), ([7], []),
    ([{"name": "a", "character_set": "utf8", "collation": "utf8mb3_bin"},
      {"name": "b", "character_set": "utf8mb4", "collation": "uca1400_ai_ci"}], []),
    ([True], ["d[0] is no name: write one, or {name: shop, character_set: utf8mb4, collation: utf8mb4_bin}."]),
    ([["shop"]], ["d[0] is no name: write one, or {name: shop, character_set: utf8mb4, collation: utf8mb4_bin}."]),
    (["a b"], ["d has 'a b': use up to 64 letters, digits, _ $ and -."]), ([{}], ["d has '': use up to 64 letters, digits, _ $ and -."]),
    (["x" * 65], ["d has '%s': use up to 64 letters, digits, _ $ and -." % ("x" * 65)]),
    (["MySQL"], ["d has 'MySQL', which is the server's own: choose another name."]),
    (["shop", {"name": "shop"}], ["d has 'shop' twice: name it once."]),
    ([{"name": "shop", "charset": "latin1", "engine": "x"}],
     ["d[0] has charset, engine: write name, character_set and collation, nothing else."]),
    ([{"name": "shop", "character_set": "UTF-8"}],
     ["d[0].character_set is 'UTF-8': write one as SHOW CHARACTER SET has it, such as utf8mb4."]),
    ([{"name": "shop", "collation": "x;drop"}], ["d[0].collation is 'x;drop': write one as SHOW COLLATION has it, such as utf8mb4_bin."]),
    ([{"name": "shop", "character_set": "latin1", "collation": "utf8mb4_bin"}],
     ["d[0].collation is 'utf8mb4_bin', which is none of character set latin1: leave character_set out, or choose another one."]),
])
def test_names_of_databases(databases, said):
    assert list(sql_names.database_problems("d", databases)) == said


@pytest.mark.parametrize("name, flavour, longest", [
    ("x" * 33, "mysql", 32), ("x" * 129, "mariadb", 128), ("x" * 33, "another", 32), ("a b", "mariadb", 128), ("", "mysql", 32),
    ("x'--", "mysql", 32)])
def test_names_of_accounts(name, flavour, longest):
    assert sql_names.user_problem("u", name, flavour) == "u is '%s': use letters, digits and . _ - only, %d at most." % (name, longest)
    assert sql_names.user_problem("u", "shop-1.a_b", flavour) is None and sql_names.user_problem("u", "x" * longest, flavour) is None


def test_hosts_of_accounts():
    assert list(sql_names.host_problems("h", ["%", "x" * 255, "x" * 256])) == [
        "h has one of 256 characters: 255 is the most that an account's host may have."]
