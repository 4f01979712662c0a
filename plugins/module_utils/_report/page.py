# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is made of, whatever it reports: a page from a template, a table for a terminal, a link to the newest."""

from __future__ import annotations

import json
import os
import re
import shutil

from ansible_collections.failover.stack.plugins.module_utils._host.json_file import write_text
from ansible_collections.failover.stack.plugins.module_utils._report.style import STYLE

GAP = re.compile("@@([A-Z_]+)@@")
# Directories of reports, by their time, and how many of a kind stay.
MADE = re.compile(r"\d{8}T\d{6}Z(-[a-z]+)?")
KEPT = 100


def fill(template, parts):
    """The template with each @@NAME@@ replaced by that part, and @@STYLE@@ by the style of all pages. What is filled in is not read again.

    A name that has no part is a KeyError: a page never shows a gap.
    """
    parts = dict(parts, STYLE=STYLE)
    return GAP.sub(lambda found: parts[found.group(1)], template)


def script_data(data):
    """JSON for a script element: `</script` would end it early, and `<!--<script` keeps it from ending."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def aligned(rows, left=(0,)):
    """Lines of columns as wide as their widest cell. Columns whose numbers are in `left` begin at the left, the others end at the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) if n in left else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]


def filled(template, parts):
    """The text of a template's file with its gaps filled."""
    with open(template, encoding="utf-8") as handle:
        return fill(handle.read(), parts)


def figures_text(figures):
    return json.dumps(figures, indent=1) + "\n"


def point(link, target):
    """Replaces a symbolic link in one step."""
    fresh = link + ".new"
    if os.path.lexists(fresh):
        os.unlink(fresh)
    os.symlink(target, fresh)
    os.rename(fresh, link)


def prune(directory, name, keep=KEPT):
    """Removes the oldest reports of one kind (they have <name>.json) beyond the newest `keep`; their names. Others' directories stay."""
    there = sorted(entry for entry in os.listdir(directory)
                   if MADE.fullmatch(entry) and os.path.isfile(os.path.join(directory, entry, name + ".json")))
    gone = there[:max(0, len(there) - keep)]
    for entry in gone:
        shutil.rmtree(os.path.join(directory, entry))
    return gone


def publish(directory, name, page, link):
    """Writes the page and the figures (<name>.json) into the directory, and points <link> beside that at it; the page's path. The oldest of
    its kind beside it go, see prune().

    page: (template's path, parts, figures).
    """
    template, parts, figures = page
    directory = directory.rstrip("/")
    os.makedirs(directory, exist_ok=True)
    write_text(os.path.join(directory, name + ".json"), figures_text(figures))
    where = os.path.join(directory, "index.html")
    write_text(where, filled(template, parts))
    point(os.path.join(os.path.dirname(directory), link), os.path.basename(directory))
    prune(os.path.dirname(directory), name)
    return where
