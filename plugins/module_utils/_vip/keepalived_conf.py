# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of a keepalived.conf."""

from __future__ import annotations

import re


def keepalived_tree(text):
    """Nested [words, children] of a keepalived.conf."""
    lines = re.sub(r"(?m)(^|\s)[#!].*$", "", text)
    tokens = re.findall(r'"[^"]*"|[{}\n]|[^\s{}]+', lines)
    root = [[], []]
    stack, words = [root], []
    for token in tokens:
        if token == "{":
            node = [words, []]
            stack[-1][1].append(node)
            stack.append(node)
            words = []
        elif token in ("}", "\n"):
            if words:
                stack[-1][1].append([words, []])
                words = []
            if token == "}" and len(stack) > 1:
                stack.pop()
        else:
            words.append(token.strip('"'))
    if words:
        stack[-1][1].append([words, []])
    return root
