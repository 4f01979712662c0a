# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's public variables as its argument spec reads them. On the controller."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence

from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import read_value

# Only these can arrive as a text that means something else.
NOT_SET = re.compile("Not (meant )?to be set")
READ = ("bool", "int", "float", "list", "dict")


@functools.cache
def options_of(role_path):
    """The options of a role's main entry point whose values are read; none outside of a role."""
    path = os.path.join(role_path or "", "meta", "argument_specs.yml")
    if not role_path or not os.path.isfile(path):
        return {}
    with open(path, encoding="utf-8") as handle:
        options = yaml_load(handle.read())["argument_specs"]["main"].get("options") or {}
    return {name: option for name, option in options.items() if option.get("type") in READ and not NOT_SET.search(str(option.get(
        "description")))}


def values_read(variables, options, templar):
    """{name: value} of those that the spec reads otherwise than they are: texts, as INI files, quotes and -e give them.

    What cannot be evaluated is left to whoever asks for it.
    """
    read = {}
    for name, option in options.items():
        if not has_texts(option, variables.get(name)):
            continue
        try:
            value = templar.template(variables[name])
        except AnsibleError:
            continue
        if has_texts(option, value):
            read[name] = read_value(option, value)
    return read


def has_texts(option, value):
    """Whether a text stands where the spec has something else, in parts of a list or a dictionary too: backup: "no" is none."""
    if isinstance(value, str):
        return option.get("type") in READ
    if isinstance(value, Mapping):
        parts = option.get("options") or {}
        return any(has_texts(parts[name], part) for name, part in value.items() if name in parts)
    if isinstance(value, Sequence):
        element = {"type": option.get("elements"), "options": option.get("options")}
        return any(has_texts(element, one) for one in value)
    return False
