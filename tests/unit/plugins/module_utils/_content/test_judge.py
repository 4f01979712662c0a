# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._content import judge

MARKER = ".failover-content"
STATS = """
Number of files: %d (reg: 5, dir: 3, link: 1)
Number of created files: 1 (dir: 1)
Number of deleted files: %d (reg: 3, dir: 1)
Total transferred file size: %d bytes
"""
# rsync 3.5.0, --dry-run --delete --stats --no-h --out-format='%i %n'
CHANGED = """*deleting   e/g3
*deleting   e/g2
*deleting   e/
cLc........ lnk
>f.s....... d/f2
.d..t...... d/
cd+++++++++ d/f1.d/
""" + STATS % (9, 3, 3)
RULES = judge.Rules(delete_percent=10, delete_always=5)


def count(**parts):
    usual = {"files": 1001, "created": 0, "deleted": 0, "changed": 0, "bytes": 0, "marker": None, "database": None}
    return judge.Counted(**{**usual, **parts})


def objection(counted, has_marker=True, free=10**9, go=0, rules=RULES):
    return judge.objection(counted, rules, MARKER, has_marker, free, go)


def test_what_rsync_says_is_counted():
    assert judge.counted(CHANGED, MARKER) == judge.Counted(9, 1, 3, 3, 3, None, None, False)
    assert judge.present(judge.counted(CHANGED, MARKER)) == 10


def test_without_a_change_there_is_none():
    assert not judge.differs(judge.counted(STATS.replace("created files: 1", "created files: 0") % (10001, 0, 0), MARKER))
    assert judge.differs(count(changed=1)) and judge.differs(count(deleted=1)) and judge.differs(count(created=1))


@pytest.mark.parametrize("line, there", [
    (">f+++++++++ " + MARKER, True), ("*deleting   " + MARKER, False), (">f+++++++++ d/" + MARKER, None), (".f...p..... " + MARKER, None)])
def test_the_marker_is_seen(line, there):
    assert judge.counted(line + "\n", MARKER).marker is there


def test_leftovers_of_a_killed_copy_are_no_deletions():
    found = judge.counted("*deleting   a/.~tmp~/x\n*deleting   a/.~tmp~/\n*deleting   a/b.~tmp~\n", MARKER)
    assert (found.deleted, found.half) == (1, True)


@pytest.mark.parametrize("names, whose", [
    (["a", "ibdata1"], "MySQL or MariaDB"), (["data/PG_VERSION"], "PostgreSQL"), (["mysql/user.frm"], "MySQL or MariaDB"),
    (["data/mysql/global_priv.MAI"], "MySQL or MariaDB"), (["mysql/index.html", "mysql"], None), ([], None), (["ibdata1.html"], None)])
def test_a_database_is_known_by_its_files(names, whose):
    assert judge.database_of(names) == whose


def test_a_database_that_would_come_is_seen():
    assert judge.counted(">f+++++++++ data/ibdata1\n", MARKER).database == "MySQL or MariaDB"
    assert judge.counted(">f.st...... data/ibdata1\n", MARKER).database is None


@pytest.mark.parametrize("deleted, files, may", [
    (100, 902, True), (101, 901, False), (5, 7, True), (9, 3, False), (5, 2, False), (2, 2, False), (1, 3, True), (1, 2, False)])
def test_the_share_of_deletions(deleted, files, may):
    """Of 1,000 a tenth; of few files five; never all: the source's own directory and the marker are no content that stays."""
    refused = objection(count(files=files, deleted=deleted))
    assert (refused is None) is may
    assert may or refused[0] == judge.DELETIONS


def test_a_word_is_for_as_many_as_were_seen():
    assert objection(count(files=501, deleted=500), go=500) is None
    kind, sentence = objection(count(files=501, deleted=501), go=500)
    assert kind == judge.DELETIONS and sentence.startswith("501 of 1000 files and directories would be deleted, 100 may be (10 %, or 5).")


@pytest.mark.parametrize("marker, has, may", [(None, True, True), (None, False, False), (True, False, True), (False, True, False)])
def test_without_the_marker_nothing_is_done(marker, has, may):
    refused = objection(count(marker=marker), has_marker=has)
    assert (refused is None) is may
    assert may or (refused[0] == judge.MARKER and "it is empty, not mounted" in refused[1])


def test_no_word_replaces_the_marker():
    assert objection(count(files=1, deleted=1000, marker=False), go=1000)[0] == judge.MARKER


def test_room_and_databases():
    assert objection(count(bytes=11), free=10) == (
        judge.SPACE, "11 bytes are to come and 10 are free on the target. Nothing was changed; make room")
    assert objection(count(bytes=10), free=10) is None
    assert objection(count(database="PostgreSQL"))[0] == judge.DATABASE


@pytest.mark.parametrize("said, code, sentence", [
    ("@ERROR: auth failed on module site\nrsync error: error starting client-server protocol (code 5) at main.c(1954) [Receiver=3.5.0]\n",
     5, "@ERROR: auth failed on module site (rc 5)"),
    ("/usr/bin/rrsync error: Restricted directory does not exist!\nrsync: connection unexpectedly closed (0 bytes received so far) "
     "[Receiver]\nrsync error: error in rsync protocol data stream (code 12) at io.c(285) [Receiver=3.5.0]\n", 12,
     "/usr/bin/rrsync error: Restricted directory does not exist! (rc 12)"),
    ('rsync: [receiver] write failed on "/mnt/big": No space left on device (28)\nrsync error: error in file IO (code 11) at '
     "receiver.c(657) [receiver=3.5.0]\n", 11, 'rsync: [receiver] write failed on "/mnt/big": No space left on device (28) (rc 11)'),
    ("rsync error: received SIGINT (code 20)\n", 20, "rsync error: received SIGINT (code 20) (rc 20)"),
    ("", 255, "rsync said nothing (rc 255)")])
def test_the_reason_is_what_tells_it(said, code, sentence):
    assert judge.reason(said, code) == sentence


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 99, 100])
@pytest.mark.parametrize("always", [0, 1, 5, 1000])
def test_a_target_is_never_emptied_without_a_word(percent, always):
    """Whatever the limits: something stays, and more is never allowed than one of the two says."""
    rules = judge.Rules(percent, always)
    for entries in range(200):
        may = judge.allowed(entries, rules)
        assert 0 <= may <= max(entries - 1, 0) and may <= max(entries * percent // 100, always)
        # All but the directory itself and the marker are gone.
        refused = objection(count(files=2, deleted=entries), rules=rules)
        assert (refused is None) == (entries == 0), entries


def test_every_objection_word_by_word():
    assert objection(count(marker=False)) == (judge.MARKER, (
        "the source has no .failover-content: it is empty, not mounted, or not what it was. Nothing was changed; mount or restore it, or, "
        "where all is right, run playbooks/content.yml with -e rsync_sync_mark=<name of the content>, which writes it again"))
    assert objection(count(database="MySQL or MariaDB")) == (judge.DATABASE, (
        "the source has a data directory of MySQL or MariaDB, which a copy of running files would not be: take it out of there, and use "
        "replication or a backup"))
    assert objection(count(files=901, deleted=101)) == (judge.DELETIONS, (
        "101 of 1000 files and directories would be deleted, 100 may be (10 %, or 5). Nothing was changed; where that is right, say go"))


def test_the_first_objection_is_the_one_that_no_word_overrules():
    """A source that is not there deletes all and has no room for anything either."""
    assert objection(count(files=1, deleted=1000, bytes=11, marker=False, database="PostgreSQL"), free=10, go=1000)[0] == judge.MARKER
    assert objection(count(files=1, deleted=1000, bytes=11, database="PostgreSQL"), free=10, go=1000)[0] == judge.DATABASE
    assert objection(count(files=501, deleted=500, bytes=11), free=10)[0] == judge.DELETIONS
    assert objection(count(files=501, deleted=500, bytes=11), free=10, go=500)[0] == judge.SPACE
