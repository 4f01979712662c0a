# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What targets and Prometheus answer, and what keeps them from being healthy. Pure.

A target: {"host", "job", "url", "moves": a figure that must grow, "up": one that must be 1, empty for none}.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._monitoring.exposition import ROUNDS

# What the host's node_exporter must bring along of ours.
OURS = {"node": ROUNDS}


def total(samples, name):
    """A figure of all that a target tells under that name, None where it tells none."""
    told = samples.get(name)
    return sum(value for _labels, value in told) if told else None


def wanted(target):
    """Figures that must move."""
    return [target["moves"], *([OURS[target["job"]]] if target["job"] in OURS else [])]


def reading(target, samples):
    """What of a target's answer is judged. samples: as exposition.parse() gives them."""
    return {"moving": {name: total(samples, name) for name in wanted(target)},
            "up": total(samples, target["up"]) if target["up"] else 1.0}


def at(target):
    return "%s (%s)" % (target["url"], target["job"])


def complaints(target, answer, first):
    """answer: {"error": why it does not answer, or empty; "moving", "up"}. first: the reading that was the first one, {} for none."""
    if answer["error"]:
        yield "%s: %s does not answer (%s): see whether it runs and who may reach it." % (target["host"], at(target), answer["error"])
        return
    for name, value in answer["moving"].items():
        if value is None:
            yield "%s: %s does not tell %s: %s." % (target["host"], at(target), name, (
                "look at failover-monitoring-exporter there" if name == ROUNDS else "something else listens there"))
        elif first and value == first["moving"].get(name):
            yield "%s: %s of %s does not move." % (target["host"], name, at(target))
    if answer["up"] != 1:
        yield "%s: %s answers, and %s is not 1: what it watches is down, or its account may not log in." % (
            target["host"], at(target), target["up"])


def prometheus_problems(name, told, targets):
    """told: {"error", "health": {scrape URL: (up, down or unknown; last error)}, "rules": how many alerts are loaded}."""
    if told["error"]:
        return ["%s: Prometheus does not answer (%s): journalctl -u prometheus tells why." % (name, told["error"])]
    found = []
    for target in targets:
        health, error = told["health"].get(target["url"], ("not known", ""))
        if health != "up":
            found.append("%s: Prometheus on %s has %s as %s%s." % (target["host"], name, at(target), health, ", " + error if error else ""))
    if not told["rules"]:
        found.append("%s: Prometheus has loaded no alert rules." % name)
    return found
