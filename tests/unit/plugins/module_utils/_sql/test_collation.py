from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import collation as c

# What MariaDB 10.11.19 and 11.8.9 have as Debian ships them.
OWN = "utf8mb3=utf8mb3_uca1400_ai_ci,ucs2=ucs2_uca1400_ai_ci,utf8mb4=utf8mb4_uca1400_ai_ci"
OLD = c.told({"collation_server": "utf8mb4_general_ci"})
NEW = c.told({"collation_server": "utf8mb4_uca1400_ai_ci", "character_set_collations": OWN})
KEPT = c.told({"collation_server": "utf8mb4_general_ci", "character_set_collations": ""})
MIXED = {"db1": OLD, "db2": NEW}


def test_a_server_without_the_variable_is_as_one_that_has_it_empty():
    assert OLD["sets"] is None and KEPT["sets"] == "" and c.meaning(OLD) == c.meaning(KEPT) != c.meaning(NEW)


def test_the_order_of_the_sets_means_nothing():
    assert c.parts("b=2, a=1,") == c.parts("a=1,b=2") == "a=1,b=2"


def decide(members, counting=(), given="", new=True):
    return c.decide(given, members, list(counting), new, "mysql_replication_collation")


@pytest.mark.parametrize("members", [{}, {"db1": OLD}, {"db1": NEW}, MIXED])
def test_a_new_cluster_gets_the_same_whatever_its_releases(members):
    assert decide(members) == {"server": "utf8mb4_general_ci", "sets": "", "problem": ""}


def test_nothing_is_said_of_a_cluster_whose_data_nobody_can_be_asked_about():
    assert decide({}, new=False)["server"] == ""


@pytest.mark.parametrize("one", [OLD, NEW, KEPT])
def test_a_cluster_keeps_what_it_has(one):
    assert decide({"db1": one, "db2": one}, ["db1", "db2"]) == {"server": one["server"], "sets": one["sets"] or "", "problem": ""}


def test_who_holds_nothing_yet_takes_what_the_others_have():
    assert decide(MIXED, ["db1"]) == {"server": "utf8mb4_general_ci", "sets": "", "problem": ""}


def test_the_release_that_a_member_was_upgraded_to_changes_nothing():
    assert decide({"db1": OLD, "db2": KEPT}, ["db1", "db2"]) == {"server": "utf8mb4_general_ci", "sets": "", "problem": ""}


def test_members_that_differ_are_refused_by_name():
    assert decide(MIXED, ["db1", "db2"])["problem"] == (
        "db1 has collation_server utf8mb4_general_ci and no character_set_collations, db2 has collation_server utf8mb4_uca1400_ai_ci and "
        "character_set_collations ucs2=ucs2_uca1400_ai_ci,utf8mb3=utf8mb3_uca1400_ai_ci,utf8mb4=utf8mb4_uca1400_ai_ci: they would make "
        "different tables of one statement. Set mysql_replication_collation to the collation that all shall have, such as "
        "utf8mb4_general_ci")


def test_what_an_older_release_cannot_have_is_refused():
    assert decide({"db2": NEW, "db1": OLD}, ["db2"])["problem"] == (
        "db1 is of a release without character_set_collations, and db2 has collation_server utf8mb4_uca1400_ai_ci and "
        "character_set_collations ucs2=ucs2_uca1400_ai_ci,utf8mb3=utf8mb3_uca1400_ai_ci,utf8mb4=utf8mb4_uca1400_ai_ci: they would make "
        "different tables of one statement. Set mysql_replication_collation to the collation that all shall have, such as "
        "utf8mb4_general_ci")


def test_what_the_user_says_holds_for_all():
    assert decide(MIXED, ["db1", "db2"], given="utf8mb4_bin") == {"server": "utf8mb4_bin", "sets": "", "problem": ""}


def test_the_next_start_has_it_too():
    done = c.carried_out(decide(MIXED), "/etc/mysql/x.cnf", "mariadbd --defaults-file=%s/etc/mysql/x.cnf --help")
    [file] = done["config"]["files"]
    assert file["path"] == "/etc/mysql/x.cnf" and file["content"].splitlines()[1:] == [
        "[mysqld]", "collation_server = utf8mb4_general_ci", "loose_character_set_collations ="]
    assert done["config"]["validate"] == ["mariadbd --defaults-file=%s/etc/mysql/x.cnf --help --character-set-server=utf8mb4"]
    assert done["texts"] == {"collation_server": "utf8mb4_general_ci", "character_set_collations": ""}


def test_what_nothing_is_said_of_is_not_touched():
    assert c.carried_out(decide({}, new=False), "/x", "mariadbd") == {"problem": "", "config": {"files": [], "validate": []}, "texts": {}}


@pytest.mark.parametrize("collation, sentence", [
    ("Utf8 general", "galera_collation is 'Utf8 general': write a collation as the server has it, such as utf8mb4_general_ci."),
    ("latin1_german2_ci", "galera_collation is latin1_german2_ci, which is none of character set utf8mb4: choose one that begins with "
                          "utf8mb4_, such as utf8mb4_general_ci.")])
def test_a_collation_that_keeps_a_server_from_starting_is_refused(collation, sentence):
    assert list(c.given_problem("galera_collation", collation)) == [sentence]


@pytest.mark.parametrize("collation, charset", [("", "utf8mb4"), ("utf8mb4_uca1400_ai_ci", "utf8mb4"), ("latin1_german2_ci", "latin1")])
def test_a_fitting_collation_is_taken(collation, charset):
    assert list(c.given_problem("galera_collation", collation, charset)) == []


def test_verify_compares_with_the_member_that_counts():
    [sentence] = c.member_problems("db2", MIXED, "db1", "mysql_replication_collation", "playbooks/mysql_replication.yml")
    assert sentence.startswith("db1 has collation_server utf8mb4_general_ci and no character_set_collations, db2 has ")
    assert sentence.endswith("such as utf8mb4_general_ci, and run playbooks/mysql_replication.yml")
    assert c.member_problems("db1", MIXED, "db1", "v", "p") == c.member_problems("db2", MIXED, "db3", "v", "p") == []
    assert c.member_problems("db2", {"db1": OLD, "db2": KEPT}, "db1", "v", "p") == []
