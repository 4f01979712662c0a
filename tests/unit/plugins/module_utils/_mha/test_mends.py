# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mha import mends


def source(file):
    return "sub a {\n" + "\n".join(mend.line for mend in mends.MENDS[file]) + "\n}\n"


@pytest.mark.parametrize("file", mends.MENDS)
def test_lines_are_mended_once(file):
    text = mends.mended(file, source(file))
    for mend in mends.MENDS[file]:
        assert mend.mended in text.split("\n") and mend.line not in text.split("\n")
    assert mends.mended(file, text) == text


def test_a_line_that_is_not_there_as_it_was_is_refused():
    with pytest.raises(mends.Unmendable) as refused:
        mends.mended("SlaveUtil.pm", "package MHA::SlaveUtil;\n", "0.60")
    assert str(refused.value) == (
        "SlaveUtil.pm of MHA 0.60 has not once the line of check_if_super_read_only that has to be mended, since MariaDB has no "
        "super_read_only: look whether it still has to, and correct _mha/mends.py.")
    with pytest.raises(mends.Unmendable):
        mends.mended("NodeUtil.pm", source("NodeUtil.pm") * 2)


def test_perl_is_asked_for_versions():
    assert mends.probe().count(mends.VERSION) == 2
