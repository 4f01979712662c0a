# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._content import status
from ansible_collections.failover.stack.plugins.module_utils._content.judge import DELETIONS, MARKER, Counted

COUNT = Counted(101, 2, 3, 4, 5, None, None)


def done(before=None, now=1000, result=status.DONE, because="", count=COUNT, kind=""):
    return status.after(before or {}, "site", now, 1.234, result, because, count, kind)


def test_a_good_run_is_remembered_by_those_that_follow():
    first = done()
    assert (first["last_good"], first["last_change"], first["files"], first["deleted"], first["seconds"]) == (1000, 1000, 101, 3, 1.23)
    assert first["at_text"] == "1970-01-01T00:16:40Z"
    second = done(first, 2000, status.UNCHANGED)
    assert (second["last_good"], second["last_change"]) == (2000, 1000)
    third = done(second, 3000, status.FAILED, "no route to host (rc 10)", None)
    assert (third["last_good"], third["files"], third["deleted"], third["result"]) == (2000, 101, 0, "failed")


def test_a_refusal_of_deletions_waits_for_somebodys_word():
    refused = done(done(), 2000, status.REFUSED, "60 of 100 …", COUNT._replace(deleted=60), DELETIONS)
    assert status.waits_for_go(refused)["deletions"] == 60
    # The timer's next run, one whose network failed after somebody said go, one that was refused for the marker.
    for result, because, kind in ((status.REFUSED, "60 of 100 …", DELETIONS), (status.FAILED, "x", ""), (status.REFUSED, "y", MARKER)):
        refused = done(refused, 3000, result, because, None, kind)
        assert status.waits_for_go(refused) == {
            "since": 2000, "since_text": "1970-01-01T00:33:20Z", "deletions": 60, "reason": "60 of 100 …"}
    # More than that: it waits anew.
    more = done(refused, 4000, status.REFUSED, "70 of 100 …", COUNT._replace(deleted=70), DELETIONS)
    assert status.waits_for_go(more)["deletions"] == 70
    assert status.waits_for_go(done(more, 5000)) is None


def test_other_refusals_wait_for_nobody():
    assert status.waits_for_go(done(None, 1000, status.REFUSED, "no marker", COUNT, MARKER)) is None


@pytest.mark.parametrize("found, sentence", [
    ({}, "content site was never pulled: look at journalctl -u failover-content-site."),
    (done(), None),
    (done(now=0), "content site is as it was 1060 s ago, 1000 s are allowed: see whether its timer runs."),
    (done(done(), 1050, status.FAILED, "@ERROR: chroot failed (rc 5)", None),
     "content site is as it was 60 s ago, the last pull failed: @ERROR: chroot failed (rc 5)."),
    (done(None, 1050, status.FAILED, "x (rc 5)", None), "content site was never pulled whole, the last pull failed: x (rc 5)."),
    (done(done(), 1050, status.REFUSED, "60 of 100", COUNT, DELETIONS),
     "content site is as it was 60 s ago, the last pull was refused: 60 of 100 (failover-content go site, or "
     "playbooks/content_pull.yml -e rsync_sync_go=site)."),
])
def test_what_is_wrong(found, sentence):
    assert status.trouble("site", found, 1060, 1000) == sentence


def test_a_line_for_a_terminal():
    assert status.line("site", {}, 0) == "site: never pulled"
    assert status.line("site", done(), 1010) == (
        "site: done at 1970-01-01T00:16:40Z in 1.23 s, 2 new, 4 changed, 3 deleted, 5 bytes; last good 10 s ago")
    refused = done(done(), 2000, status.REFUSED, "3 of 100 would be deleted", COUNT, DELETIONS)
    assert status.line("site", refused, 2010) == (
        "site: refused at 1970-01-01T00:33:20Z in 1.23 s, which would have been 2 new, 4 changed, 3 deleted, 5 bytes; last good 1010 s ago"
        "; 3 of 100 would be deleted")
    # The next run looks no more while the refusal waits, so it has counted nothing.
    waits = done(refused, 3000, status.REFUSED, "3 of 100 would be deleted", None, DELETIONS)
    assert status.line("site", waits, 3010) == (
        "site: refused at 1970-01-01T00:50:00Z in 1.23 s; last good 2010 s ago; 3 of 100 would be deleted")
    assert "which would have been 2 new" in status.line("site", done(done(), 2000, status.FAILED, "no room"), 2010)
