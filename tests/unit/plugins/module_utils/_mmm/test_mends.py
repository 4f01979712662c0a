# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mmm import mends


def as_it_came(file):
    return "package X;\n" + "".join("%s\nother\n" % mend.line for mend in mends.MENDS[file])


@pytest.mark.parametrize("file", mends.MENDS)
def test_each_line_is_mended_once(file):
    text = as_it_came(file)
    mended = mends.mended(file, text)
    for mend in mends.MENDS[file]:
        assert mends.lines(mended, mend.mended) == 1
        assert mends.lines(mended, mend.line) == int(mends.keeps(mend))
    assert mends.mended(file, mended) == mended


def test_a_line_of_the_first_or_the_last_place():
    first, last = mends.MENDS["lib/Agent/Agent.pm"]
    assert mends.mended("lib/Agent/Agent.pm", "%s\n%s\n" % (first.line, last.line)) == "%s\n%s\n" % (first.mended, last.mended)


def test_a_line_that_is_not_there_is_refused():
    with pytest.raises(mends.Unmendable) as refused:
        mends.mended("lib/Agent/Agent.pm", "package MMM::Agent::Agent;\n")
    assert str(refused.value) == (
        "lib/Agent/Agent.pm of MMM has not once the line 'down' that has to be mended, since an agent whose server is down would end "
        "when the "
        "monitor begins: look whether it still has to, and correct _mmm/mends.py.")
    mend = mends.MENDS["lib/Agent/Agent.pm"][0]
    with pytest.raises(mends.Unmendable):
        mends.mended("lib/Agent/Agent.pm", (mend.line + "\n") * 2)


def test_what_perl_found_well_stays_as_it_came():
    file = "lib/Agent/Helpers/Network.pm"
    text = as_it_came(file)
    assert mends.mended(file, text, ["announced", "mac", "unsent"]) == text
    assert mends.MENDS[file][0].line in mends.mended(file, text, ["announced"])
    assert mends.mended("lib/Common/Log.pm", "as it is") == "as it is"


def test_every_probe_belongs_to_a_mend():
    assert sorted(mends.probes_of(mends.MENDS)) == sorted(mends.PROBES)
    assert mends.probes_of(["lib/Monitor/Agent.pm"]) == ["state"] and mends.probes_of(["sbin/mmm_mond"]) == []


@pytest.mark.parametrize(("probe", "output", "well"), [
    ("state", "UNKNOWN\n", True), ("state", "", False), ("announced", "10", True), ("announced", "0", False),
    ("down", "OK: Returning status!|||", True), ("down", "ERROR: Could not check", False),
    ("unsent", "cleared ERROR: Couldn't announce 192.0.2.1 on interface lo\n", True), ("unsent", "OK\n", False),
    ("semi_sync", "1 read_only=0 then read_only=1 0 ", True), ("semi_sync", "read_only=0 then read_only=1 ", False),
    ("gtid", "CHANGE MASTER TO MASTER_HOST='192.0.2.2', MASTER_PORT=1, MASTER_USER='r', MASTER_USE_GTID=slave_pos\nOK after 2", True),
    ("gtid", "CHANGE MASTER TO MASTER_HOST='192.0.2.2', MASTER_LOG_FILE='f', MASTER_LOG_POS=4\nOK after 0", False)])
def test_what_perl_prints(probe, output, well):
    assert mends.passed(probe, output) is well
