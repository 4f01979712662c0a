# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long certificates are valid, as they are in files."""

import datetime

import pytest

pytest.importorskip("cryptography")

from ansible_collections.failover.stack.plugins.module_utils._host import tls
from ansible_collections.failover.stack.plugins.modules import certificates_info

KEY = tls.new_key()


@pytest.mark.parametrize("life, later, renew, ending", [
    (397, 0, False, False), (397, 300, True, False), (397, 391, True, True), (397, 400, True, True), (3650, 3200, False, False),
    (3650, 3300, True, False), (20, 14, False, False), (20, 16, True, False), (20, 19.5, True, True)])
def test_when_it_is_made_anew_and_when_that_is_urgent(play, tmp_path, monkeypatch, life, later, renew, ending):
    path = tmp_path / "site.pem"
    path.write_text(KEY + tls.self_signed(KEY, "site", life))
    begin = tls.now()
    monkeypatch.setattr(tls, "now", lambda: begin + datetime.timedelta(days=later))
    found = play(certificates_info, {"paths": [str(path)]})
    assert (found["changed"], found["renew"], found["ending"]) == (False, [str(path)] * renew, [str(path)] * ending)
    assert found["days"][str(path)] == pytest.approx(life - later, abs=0.1)


def test_of_a_chain_the_first_to_end_counts(play, tmp_path):
    path = tmp_path / "chain.pem"
    path.write_text(tls.self_signed(KEY, "site", 397) + tls.self_signed(KEY, "between", 3))
    assert play(certificates_info, {"paths": [str(path)]})["days"][str(path)] == pytest.approx(3, abs=0.1)


def test_what_is_not_there_is_left_out(play, tmp_path):
    (tmp_path / "torn.pem").write_text("-----BEGIN CERTIFICATE-----\ntorn\n-----END CERTIFICATE-----\n")
    found = play(certificates_info, {"paths": [str(tmp_path / "none.pem"), str(tmp_path / "torn.pem")]})
    assert (found["days"], found["renew"], found["ending"]) == ({}, [], [])
