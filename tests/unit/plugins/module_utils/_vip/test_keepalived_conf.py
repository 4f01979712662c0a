# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._vip.keepalived_conf import keepalived_tree


@pytest.mark.parametrize("text, tree", [
    ("", []),
    ("a 1\nb\n", [[["a", "1"], []], [["b"], []]]),
    ("vrrp_instance web {\n  advert_int 0.2 # five a second\n  ! a remark\n}\n",
     [[["vrrp_instance", "web"], [[["advert_int", "0.2"], []]]]]),
    ("x { y { z 1 } }\nw 2", [[["x"], [[["y"], [[["z", "1"], []]]]]], [["w", "2"], []]]),
    ('notify "/bin/run me {now}" root\n', [[["notify", "/bin/run me {now}", "root"], []]]),
    # One brace too many ends nothing that was not begun.
    ("}\na 1\n", [[["a", "1"], []]]),
    ("x {\n  y 1", [[["x"], [[["y", "1"], []]]]]),
])
def test_blocks_words_and_remarks(text, tree):
    assert keepalived_tree(text) == [[], tree]
