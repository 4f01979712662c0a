# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""webapp_info, on applications in a scratch directory."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.modules import webapp_info


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop" / "WEB-INF").mkdir(parents=True)

    def write(text):
        (tmp_path / "shop" / "WEB-INF" / "web.xml").write_text(text)
        return str(tmp_path / "shop")

    return write


def test_each_application_has_its_sentence_and_nothing_is_changed(shop, play, tmp_path):
    there = shop("<web-app/>")
    result = play(webapp_info, {"applications": [
        {"doc_base": there, "clustered": True}, {"doc_base": there}, {"doc_base": str(tmp_path / "none")}]})
    assert result["changed"] is False and len(result["problems"]) == 2
    assert "its WEB-INF/web.xml does not say <distributable/>" in result["problems"][0]
    assert result["problems"][1] == "%s is not there: deploy the application" % (tmp_path / "none")


def test_an_application_that_shares_its_sessions_is_right(shop, play):
    there = shop("<web-app><distributable/></web-app>")
    assert play(webapp_info, {"applications": [{"doc_base": there, "clustered": True}]})["problems"] == []
