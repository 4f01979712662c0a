# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it is to listen at all addresses of a host, and which services do. Pure."""

from __future__ import annotations

# As configurations say it, and the kernel: all addresses, those that come later, too.
EVERYWHERE = ("*", "0.0.0.0", "::")


def everywhere(listening, narrow):
    """Which of some ports are listened on at all addresses, in their order.

    listening: (address, port), as the kernel tells it. narrow: ports that are not to be. At another single address somebody else may listen
    on the same port, such as a proxy at a virtual one.
    """
    wide = {port for address, port in listening if address in EVERYWHERE}
    return [int(port) for port in narrow if int(port) in wide]
