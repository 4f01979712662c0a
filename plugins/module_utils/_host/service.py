# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of service_state: what a unit needs, which blocks of lines are there."""

from __future__ import annotations

UNIT_DIRECTORIES = ("/etc/systemd/system/", "/usr/local/lib/systemd/", "/run/systemd/system/")


def unit_files_changed(paths):
    """Whether systemd has to read its units anew after these files were written."""
    return any(path.startswith(UNIT_DIRECTORIES) for path in paths)


def block_of(text, marker):
    """The lines between the two markers of ansible.builtin.blockinfile; None where they are not. marker: with {mark}."""
    lines = text.splitlines()
    begin, end = marker.replace("{mark}", "BEGIN"), marker.replace("{mark}", "END")
    if begin not in lines or end not in lines[lines.index(begin):]:
        return None
    first = lines.index(begin)
    return "\n".join(lines[first + 1:lines.index(end, first)])


def other_units(listings, wanted):
    """Units in the output of systemctl list-units and list-unit-files that run or are enabled and are not wanted, sorted.

    Lines begin with the unit's name; an instance of a template counts, the template itself does not.
    """
    found = set()
    for line in listings.splitlines():
        words = line.split()
        if not words or "@." in words[0]:
            continue
        if words[0] not in wanted and ("active" in words[1:4] or "activating" in words[1:4] or words[1:2] == ["enabled"]):
            found.add(words[0])
    return sorted(found)


def unit_needs(unit, shown, stale, changed_paths, missing, check_mode):
    """What to ask of systemd for one unit: arguments of ansible.builtin.systemd_service, {} when it is as it shall be.

    unit: name, state, enabled, reads, when_stale, when_changed, when_missing, no_block. shown: what systemd says of it. stale: its process
    is older than what it reads. missing: the network lacks something. In check mode a unit that is not there yet is left out: systemd
    could not say what would happen.
    """
    if check_mode and shown.get("LoadState") != "loaded":
        return {}
    active = shown.get("ActiveState") in ("active", "activating", "reloading")
    changed = any(path == read or path.startswith(read + "/") for path in changed_paths for read in unit["reads"])
    due = ((stale, unit["when_stale"]), (changed, unit["when_changed"]), (missing, unit["when_missing"]))
    acts = [act for is_due, act in due if is_due and act != "none"]
    needs = {}
    # "generated" and the like: systemctl knows better than we do.
    if unit["enabled"] is not None and (shown.get("UnitFileState") == "enabled") != unit["enabled"]:
        needs["enabled"] = unit["enabled"]
    if unit["state"] == "started" and not active:
        needs["state"] = "started"
    elif unit["state"] == "started" and acts:
        needs["state"] = "restarted" if "restarted" in acts else "reloaded"
    elif unit["state"] == "stopped" and active:
        needs["state"] = "stopped"
    return {"name": unit["name"], "no_block": bool(unit["no_block"]), **needs} if needs else {}
