# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host.dpkg import versions_of


@pytest.mark.parametrize("installed, candidate, expected", [
    ("1:10.11.18-0+deb12u1", "1:10.11.20-0+deb12u1", ("10.11.18-0+deb12u1", "10.11.20-0+deb12u1")),
    ("(none)", "3.10.8-1.1", ("", "3.10.8-1.1")),
    ("(none)", "(none)", ("", "")),
])
def test_versions(installed, candidate, expected):
    listing = "rabbitmq-server:\n  Installed: %s\n  Candidate: %s\n  Version table:\n     3.10.8-1.1 500\n" % (installed, candidate)
    assert versions_of(listing) == expected


def test_a_package_that_apt_does_not_know():
    assert versions_of("") == ("", "")
