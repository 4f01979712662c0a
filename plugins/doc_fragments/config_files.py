# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What config_files and service_state have in common.
    DOCUMENTATION = r"""
options:
  files:
    description: The files, each whole.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      content:
        description: The content. V(@@name@@) stands for the secret O(secrets) has under that name.
        type: str
        required: true
      owner:
        description: Name of the owner.
        type: str
        default: root
      group:
        description: Name of the group.
        type: str
        default: root
      mode:
        description: Permissions as an octal string.
        type: str
        default: "0644"
  directories:
    description: Directories that must be there before the files are written.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path. Missing parents are made with mode 0755, owned by root.
        type: path
        required: true
      owner:
        description: Name of the owner.
        type: str
        default: root
      group:
        description: Name of the group.
        type: str
        default: root
      mode:
        description: Permissions as an octal string.
        type: str
        default: "0755"
  links:
    description: Symbolic links.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the link.
        type: path
        required: true
      target:
        description: What the link points at, as it is to be stored. It need not exist.
        type: str
        required: true
  absent:
    description: Files or links to be removed if they are there. A directory is refused.
    type: list
    elements: path
    default: []
  purge:
    description: Directories in which files and links that are not named in O(files) or O(links) are removed.
    type: list
    elements: dict
    default: []
    suboptions:
      directory:
        description: Absolute path. It may be missing.
        type: path
        required: true
      pattern:
        description: Shell pattern that the names must match to be considered.
        type: str
        required: true
  secrets:
    description: Values for the placeholders in the contents.
    type: dict
    default: {}
  validate:
    description:
      - Commands (no shell) that must all end with 0, run only when something differs.
      - A command with V(%s) runs before anything is written; V(%s) is the root of a private staging copy of all O(files).
      - A command without runs after all is written; when it fails, every file, link and removal is undone.
      - A command may begin with words like V(NAME=value), which are its environment.
    type: list
    elements: str
    default: []
"""
