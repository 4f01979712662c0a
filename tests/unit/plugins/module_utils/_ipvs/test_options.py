# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._ipvs.options import SERVER, SERVICE, checked


def test_values_get_their_types_and_null_is_left_out():
    given = {"address": "198.51.100.100", "port": "80", "one_packet": "yes", "scheduler_flags": "mh-fallback, mh-port", "persistent": None}
    assert checked(given, SERVICE) == (
        {"address": "198.51.100.100", "port": 80, "one_packet": True, "scheduler_flags": ["mh-fallback", "mh-port"]}, [])


@pytest.mark.parametrize("spec, entry, said", [
    (SERVICE, "198.51.100.100:80", "is no mapping: write it as `address: …` and so on"),
    (SERVICE, {"scheduler": "best"}, "has scheduler 'best', which is none of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh"),
    (SERVICE, {"port": True}, "has port True, which is no whole number"),
    (SERVICE, {"port": "80.5"}, "has port '80.5', which is no whole number"),
    (SERVICE, {"port": [80]}, "has port [80], which is no whole number"),
    (SERVICE, {"one_packet": "maybe"}, "has one_packet 'maybe', which is neither true nor false"),
    (SERVICE, {"servers": "web1"}, "has servers 'web1', which is no list"),
    (SERVICE, {"scheduler_flags": 7}, "has scheduler_flags 7, which is no list"),
    (SERVER, {"address": ["web1"]}, "has address ['web1'], which is no text"),
    (SERVER, {"wieght": 1}, "has 'wieght', which is not known: use address, port, method, tunnel_type, tunnel_port, tunnel_checksum, "
                            "weight, upper_threshold, lower_threshold, state"),
])
def test_what_is_wrong_is_said_in_words(spec, entry, said):
    assert checked(entry, spec)[1] == [said]


def test_what_is_missing_is_said_once():
    assert checked({"port": 80}, SERVICE, ["address", "port"])[1] == ["lacks address: add it"]
    assert checked({"address": None}, SERVICE, ["address"])[1] == ["lacks address: add it"]
    # There, but wrong: that is what is said.
    assert checked({"port": "x"}, SERVICE, ["port"])[1] == ["has port 'x', which is no whole number"]
