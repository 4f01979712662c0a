# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's variables depend on, read from how they are written, before anything is evaluated. Pure."""

from __future__ import annotations

import functools
import hashlib

from jinja2 import Environment, TemplateSyntaxError, nodes

# Magic variables that are the same for all hosts of a run, or hold every other variable.
NOT_FOLLOWED = frozenset(("groups", "hostvars", "vars", "environment"))
OPENING = ("{{", "{%", "#jinja2:")
# Other files and lookups may read variables that are not named here; these lookups read none.
ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
LOOKUPS = frozenset(("lookup", "query", "q"))
PLAIN_LOOKUPS = frozenset(("env", "file", "fileglob", "ini", "password", "pipe", "unvault"))


@functools.cache
def names_in(template):
    """Names that a template mentions; None when that cannot be told."""
    try:
        tree = Environment().parse(template)
    except TemplateSyntaxError:
        return None
    # A text within a template may be another template.
    nested = any(is_template(node.value) for node in tree.find_all(nodes.Const))
    # By identity, as equal nodes stand for equal text.
    plain = {id(node.node) for node in tree.find_all(nodes.Call) if is_plain_lookup(node)}
    names = [node for node in tree.find_all(nodes.Name) if id(node) not in plain]
    untold = any(node.name in LOOKUPS or node.name == "vars" for node in names)
    if nested or untold or template.startswith("#jinja2:") or next(tree.find_all(ELSEWHERE), None):
        return None
    return frozenset(node.name for node in names)


def is_template(value):
    return isinstance(value, str) and any(mark in value for mark in OPENING)


def is_plain_lookup(call):
    """lookup('ansible.builtin.file', …) and the like."""
    if not isinstance(call.node, nodes.Name) or call.node.name not in LOOKUPS or not call.args:
        return False
    kind = call.args[0]
    return isinstance(kind, nodes.Const) and str(kind.value).replace("ansible.builtin.", "") in PLAIN_LOOKUPS


def templates_in(value):
    """All templates in a value of any depth."""
    if is_template(value):
        yield str(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from templates_in(key)
            yield from templates_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from templates_in(part)


class Written:
    """A host's variables as they are written. Other hosts' variables and the groups are not looked at."""

    def __init__(self, variables):
        self.variables, self._mentions = variables, {}

    def _mentioned_by(self, name):
        """Names that a variable mentions itself; None when that cannot be told."""
        if name not in self._mentions:
            found = [names_in(template) for template in templates_in(self.variables.get(name))]
            self._mentions[name] = None if None in found else frozenset().union(*found) - NOT_FOLLOWED
        return self._mentions[name]

    def mentioned(self, names):
        """The names and all that is mentioned from there, defined or not; None when that cannot be told."""
        found, todo = set(), list(names)
        while todo:
            name = todo.pop()
            if name not in found:
                others = self._mentioned_by(name)
                if others is None:
                    return None
                found.add(name)
                todo += others
        return found

    def meaning(self, name):
        """Where a variable has the same meaning for two hosts, it has the same value; None when that cannot be told."""
        names = self.mentioned([name])
        return names and texts(names, self.variables)


def texts(names, variables):
    return tuple((name, repr(variables[name]) if name in variables else None) for name in sorted(names))


def mark(names, variables, key):
    """Tells whether any of these variables is written otherwise than before. Without `key` nobody guesses a secret from it."""
    text = repr(texts(names, variables)).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, key=key, digest_size=8).hexdigest()
