from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import cli
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import (
    Cli,
    CliError,
    command_of,
    environment_of,
    last_words,
    parse_json,
    reason,
)

COOKIE = """Error: unable to perform an operation on node 'rabbit@b2'. Please see diagnostics information and suggestions below.

rabbit@b2:
  * connected to epmd (port 4369) on b2
  * TCP connection succeeded but Erlang distribution failed
  * suggestion: check if the Erlang cookie is identical for all server nodes and CLI tools

Current node details:
 * node name: 'rabbitmqcli-752-rabbit@b1'
 * Erlang cookie hash: CnubdvZCj/vYf+QfSe52cA==
"""


class Tool:
    """Stands for run_command."""

    def __init__(self, rc=0, out="", err="", missing=False):
        self.answer, self.missing, self.calls = (rc, out, err), missing, []

    def __call__(self, command, environ_update=None, cwd=None, handle_exceptions=True):
        self.calls.append(command)
        if self.missing and not handle_exceptions:
            raise FileNotFoundError(2, "No such file or directory")
        return self.answer


@pytest.mark.parametrize("text, words", [
    (COOKIE, "its Erlang cookie differs from the one here (CnubdvZCj/vYf+QfSe52cA==)"),
    ("  * unable to connect to epmd (port 4369) on x: nxdomain (non-existing domain)", "its host name cannot be resolved"),
    ("  * unable to connect to epmd (port 4369) on x: address (cannot connect to host/port)", "its host does not answer on port 4369"),
    ("Error: this command requires the 'rabbit' app to be running on the target node. Start it.", "RabbitMQ in it does not"),
    ("Error:\n{:something, 'odd'}", "{:something, 'odd'}"),
])
def test_diagnostics_become_a_reason(text, words):
    assert words in reason(text)


def test_the_line_with_the_error_says_most():
    assert last_words("warning: x\nError: no such thing\n") == "no such thing"
    assert last_words("") == last_words("Error:\n") == "no output"


@pytest.mark.parametrize("text, words", [
    # 3.10.8 and 4.0.5, import_definitions
    ('Error:\nValidation failed\n\n&lt;&lt;"bogus"&gt;&gt; is not a valid ha-mode value\n (//x)\n',
     "Validation failed bogus is not a valid ha-mode value (//x)"),
    ('Error:\n<<"Validation failed\\n\\n[{&lt;&lt;\\"ha-mode\\"&gt;&gt;,&lt;&lt;\\"bogus\\"&gt;&gt;}] '
     'are not recognised policy settings\\n (//x)">>\n',
     "Validation failed [{ha-mode,bogus}] are not recognised policy settings (//x)"),
    ("Virtual host 'nope' does not exist\n", "Virtual host 'nope' does not exist"),
    ('Error:\nPlease create virtual host "nope" prior to importing definitions.\n',
     'Please create virtual host "nope" prior to importing definitions'),
    ("Error:\nprecondition_failed: unknown exchange type 'x-delayed-message'\n",
     "precondition_failed: unknown exchange type 'x-delayed-message'"),
    # enable_feature_flag, rabbitmq-plugins
    ("Error:\nThis feature flag is not supported by node rabbit@mq1\n", "This feature flag is not supported by node rabbit@mq1"),
    ("Error:\nThe following plugins were not found: rabbitmq_nope\n", "The following plugins were not found: rabbitmq_nope"),
])
def test_a_refusal_has_the_brokers_own_reason(text, words):
    with pytest.raises(CliError) as refused:
        Cli(Tool(rc=69, err=text)).do("rabbitmqctl", "import_definitions", "x")
    assert str(refused.value) == "rabbitmqctl import_definitions failed (rc 69): %s." % words


@pytest.mark.parametrize("text, value", [
    ('{"a": 1}', {"a": 1}), ("[]\n", []), ('warning {odd}\n[\n{"name":"x"}\n]\n', [{"name": "x"}]), ("nothing", None),
    ("[not json\n", None),
])
def test_json_after_warnings(text, value):
    assert parse_json(text) == value


def test_tools_run_as_their_own_user_without_a_shell(tmp_path):
    (tmp_path / "rabbitmqctl").write_text("")
    assert command_of("rabbitmqctl", str(tmp_path), root=True) == ["runuser", "-u", "rabbitmq", "--", str(tmp_path / "rabbitmqctl")]
    assert command_of("rabbitmqctl", str(tmp_path), root=False) == [str(tmp_path / "rabbitmqctl")]
    assert command_of("rabbitmq-queues", str(tmp_path)) == ["rabbitmq-queues"]


def test_arguments_and_errors(monkeypatch):
    monkeypatch.setattr(cli, "reachable", lambda node: None)
    monkeypatch.setattr(cli, "command_of", lambda tool: [tool])
    tool = Tool(out='{"a": 1}')
    assert Cli(tool, longnames=True).json("rabbitmqctl", "cluster_status", node="rabbit@b2") == {"a": 1}
    assert tool.calls == [["rabbitmqctl", "--quiet", "--longnames", "--node", "rabbit@b2", "cluster_status", "--formatter", "json"]]
    with pytest.raises(CliError, match=r"rabbitmqctl stop_app failed \(rc 69\): no output\."):
        Cli(Tool(rc=69)).do("rabbitmqctl", "stop_app")
    with pytest.raises(CliError, match="printed no JSON"):
        Cli(Tool(out="hm")).json("rabbitmqctl", "cluster_status")
    with pytest.raises(CliError, match=r"rabbitmqctl cannot be started: No such file or directory\. RabbitMQ does not seem to be inst"):
        Cli(Tool(missing=True)).do("rabbitmqctl", "cluster_status")


def test_a_name_that_cannot_be_resolved_is_told_at_once():
    with pytest.raises(CliError, match=r"rabbit@no\.such\.invalid cannot be asked: its host name no\.such\.invalid cannot be resolved"):
        Cli(Tool()).do("rabbitmqctl", "cluster_status", node="rabbit@no.such.invalid")


def test_the_tool_for_plugins_is_told_where_they_are(tmp_path):
    for version in ("3.9.29", "3.10.8"):
        (tmp_path / ("rabbitmq_server-" + version) / "plugins").mkdir(parents=True)
    pattern = str(tmp_path / "rabbitmq_server-*")
    assert environment_of("rabbitmq-plugins", pattern)["PLUGINS_DIR"].endswith("rabbitmq_server-3.10.8/plugins")
    assert "PLUGINS_DIR" not in environment_of("rabbitmqctl", pattern)
    assert "PLUGINS_DIR" not in environment_of("rabbitmq-plugins", str(tmp_path / "nothing-*"))
