# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of playbooks/exposure.yml, answered on the controller."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._firewall.exposure import asked_by, difference, targets


def registered(hostvars, hosts, name):
    """What each host has registered by that name and how it went: unreached hosts have nothing."""
    found = {host: hostvars[host].get(name) for host in hosts}
    return {host: {key: value[key] for key in ("listening", "addresses", "answers")} for host, value in found.items()
            if value and "answers" in value}


def exposure_targets(matrix, hostvars, hosts, protected, source=None):
    """Every port of the protected hosts, or with source what this host is to try of them."""
    seen = registered(hostvars, hosts, "exposure_ports")
    wanted = targets(matrix, seen, protected)
    return asked_by(source, wanted, seen, matrix) if source else wanted


def exposure_difference(matrix, hostvars, hosts, protected):
    """What differs from the matrix."""
    seen = registered(hostvars, hosts, "exposure_ports")
    answers = {host: told["answers"] for host, told in registered(hostvars, hosts, "exposure_answers").items()}
    return difference(matrix, targets(matrix, seen, protected), seen, answers)


class FilterModule:
    def filters(self):
        return {"exposure_targets": exposure_targets, "exposure_difference": exposure_difference}
