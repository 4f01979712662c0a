# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that starts RabbitMQ's command-line tools, and what their words mean."""

from __future__ import annotations

import glob
import html
import json
import os
import re
import socket

EPMD_PORT = 4369
USER = "rabbitmq"
HOME = "/var/lib/rabbitmq"
# The tools themselves. What stands on the path hands its arguments to a shell, which would expand a queue's name.
TOOLS = "/usr/lib/rabbitmq/bin"
LONGEST_REASON = 600
SERVERS = "/usr/lib/rabbitmq/lib/rabbitmq_server-*"


class CliError(Exception):
    """A tool said no; the sentence is for people, rc and text are the tool's own."""

    def __init__(self, sentence, rc=None, text=""):
        super().__init__(sentence)
        self.rc = rc
        self.text = text


REASONS = (
    (re.compile(r"nxdomain|non-existing domain"), "its host name cannot be resolved: correct /etc/hosts or the name server"),
    (re.compile(r"Erlang cookie is identical|Erlang distribution failed|Authentication failed"),
     "it refuses the connection: its Erlang cookie differs from the one here, or one side uses TLS between nodes and the other does not"),
    (re.compile(r"unable to connect to epmd.*(address|timeout)"), "its host does not answer on port 4369 (epmd)"),
    (re.compile(r"epmd reports: node '[^']*' not running at all|does not report|not running"), "it does not run"),
    (re.compile(r"this command requires the .*app.* to be running|rabbit application is not running|application.*not running", re.I),
     "Erlang runs, RabbitMQ in it does not (stopped, or paused in the minority of a partition)"),
)


def reason(text):
    """Why a tool could not speak with a node, from its diagnostics."""
    hashed = re.search(r"Erlang cookie hash: (\S+)", text)
    for pattern, words in REASONS:
        if pattern.search(text):
            return words.replace("the one here", "the one here (%s)" % hashed.group(1)) if hashed else words
    return last_words(text)


def last_words(text):
    """The part of an error text that says most: from its last line that begins with "Error" on; the reason may stand below."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    begin = max((number for number, line in enumerate(lines) if line.lower().startswith("error")), default=len(lines) - 1)
    output = " ".join(lines[max(begin, 0):])
    return plain(re.sub(r"^error:\s*", "", output, flags=re.I)).rstrip(" .")[:LONGEST_REASON] or "no output"


def plain(text):
    """Without what Erlang and the management plugin put around their words: <<"…">>, \\n, &lt;."""
    text = html.unescape(text).replace("\\n", " ").replace('\\"', '"')
    return " ".join(re.sub(r'<<"(.*?)">>', r"\1", re.sub(r'^<<"(.*)">>$', r"\1", text)).split())


def parse_json(text):
    """The tools print JSON after warnings, if any; None when there is none."""
    for match in re.finditer(r"^[\[{]", text, re.M):
        try:
            return json.loads(text[match.start():])
        except ValueError:
            continue
    return None


def host_of(node):
    return node.partition("@")[2]


def reachable(node, timeout=3.0):
    """None when the node's epmd answers, else the reason. The tools themselves would wait up to a minute."""
    try:
        with socket.create_connection((host_of(node), EPMD_PORT), timeout):
            return None
    except socket.gaierror:
        return "its host name %s cannot be resolved here: correct /etc/hosts or the name server" % host_of(node)
    except OSError as error:
        return "its host does not answer on port %d (epmd): %s" % (EPMD_PORT, error.strerror or "no answer within %g s" % timeout)


def command_of(tool, directory=TOOLS, root=None):
    """How a tool is started: as RabbitMQ's own user, without a shell in between."""
    path = os.path.join(directory, tool)
    if not os.path.exists(path):
        return [tool]
    as_user = ["runuser", "-u", USER, "--"] if (os.geteuid() == 0 if root is None else root) else []
    return [*as_user, path]


def environment_of(tool, servers=SERVERS):
    """What the wrapper on the path sets for the tools."""
    found = sorted(glob.glob(servers + "/plugins"), key=lambda path: [int(part) for part in re.findall(r"\d+", path)])
    return {"HOME": HOME, **({"PLUGINS_DIR": found[-1]} if found and tool == "rabbitmq-plugins" else {})}


class Cli:
    """rabbitmqctl and its sisters through run(list) -> (rc, out, err), an AnsibleModule's run_command.

    node: who is asked where a call names nobody; without it this host's.
    """

    def __init__(self, run, longnames=False, node=None):
        self._run = run
        self._longnames = longnames
        self._node = node

    def run(self, tool, *arguments, node=None):
        command, node = [*command_of(tool), "--quiet"], node or self._node
        if self._longnames:
            command.append("--longnames")
        if node:
            unreachable = reachable(node)
            if unreachable:
                raise CliError("%s cannot be asked: %s." % (node, unreachable))
            command += ["--node", node]
        try:
            return self._run([*command, *arguments], environ_update=environment_of(tool), cwd=HOME if os.path.isdir(HOME) else "/",
                             handle_exceptions=False)
        except OSError as error:
            raise CliError("%s cannot be started: %s. RabbitMQ does not seem to be installed here." % (tool, error.strerror)) from error

    def do(self, tool, *arguments, node=None):
        """Must end with 0; returns what it printed."""
        rc, out, err = self.run(tool, *arguments, node=node)
        node = node or self._node
        if rc:
            raise CliError("%s %s failed%s (rc %d): %s." % (
                tool, arguments[0], " on " + node if node else "", rc, reason(err + out).rstrip(".")), rc, err + out)
        return out

    def json(self, tool, *arguments, node=None):
        out = self.do(tool, *arguments, "--formatter", "json", node=node)
        value = parse_json(out)
        if value is None and out.strip():
            raise CliError("%s %s printed no JSON: %s." % (tool, arguments[0], last_words(out)))
        return value
