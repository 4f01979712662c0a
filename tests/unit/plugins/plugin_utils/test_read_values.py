from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.failover.stack.plugins.plugin_utils.read_values import options_of, values_read

ROLES = pathlib.Path(__file__).resolve().parents[4] / "roles"


class Templar:
    """Evaluates nothing, and refuses what mentions a fact."""

    def template(self, value):
        if "fact" in str(value):
            raise AnsibleError("there is no such fact")
        return value


@pytest.mark.parametrize("name, text, value", [
    ("rabbitmq_cluster_tls", "false", False), ("rabbitmq_cluster_tls", "no", False), ("rabbitmq_cluster_tls", "yes", True),
    ("rabbitmq_cluster_port", "0", 0), ("rabbitmq_cluster_memory_watermark", "0.6", 0.6),
    ("rabbitmq_cluster_plugins", "rabbitmq_management,rabbitmq_prometheus", ["rabbitmq_management", "rabbitmq_prometheus"]),
    ("rabbitmq_cluster_tls_names", "DNS:a, IP:198.51.100.7", ["DNS:a", "IP:198.51.100.7"]),
    # What contradicts the spec stays, preflight tells of it.
    ("rabbitmq_cluster_port", "amqp", "amqp"),
])
def test_values_from_ini_files_and_e_are_what_they_mean_in_templates(name, text, value):
    options = options_of(str(ROLES / "rabbitmq_cluster"))
    assert values_read({name: text}, options, Templar()) == {name: value}


def test_texts_in_lists_and_dictionaries_are_what_they_mean_in_templates():
    options = options_of(str(ROLES / "haproxy"))
    server = {"name": "w1", "address": "10.0.0.1", "port": "80"}
    backends = [{"name": "web", "tls": "false", "check": {"fall": "3"}, "servers": [dict(server, backup="no"), server]}]
    assert values_read({"haproxy_backends": backends}, options, Templar()) == {"haproxy_backends": [
        {"name": "web", "tls": False, "check": {"fall": 3}, "servers": [dict(server, port=80, backup=False), dict(server, port=80)]}]}
    assert values_read({"haproxy_backends": [{"name": "web", "tls": False, "servers": [dict(server, port=80)]}]}, options, Templar()) == {}


def test_what_is_no_text_or_cannot_be_evaluated_is_left_alone():
    options = options_of(str(ROLES / "rabbitmq_cluster"))
    assert values_read({"rabbitmq_cluster_tls": False, "rabbitmq_cluster_port": "{{ fact }}", "other": "false"}, options, Templar()) == {}


def test_outside_of_a_role_nothing_is_read():
    assert options_of(None) == options_of("/nowhere") == {}


# Beside templates, which read values by themselves: a module's option reads its own, an expression has to say what it takes.
TRUTH_IS_SAID = r"\b%s\b(?!\s*(\| bool\b|\| string\b|\}\}|is \{\{|=true))"
NUMBER_IS_SAID = r"\b%s\b(?=\s*(\*|//|%%|<|>|if\b|and\b|or\b))"


@pytest.mark.parametrize("role", ["rabbitmq_cluster", "galera", "mysql_replication"])
def test_expressions_outside_of_templates_say_what_they_take(role):
    options = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    patterns = [re.compile((TRUTH_IS_SAID if option["type"] == "bool" else NUMBER_IS_SAID) % name)
                for name, option in options.items() if option["type"] in ("bool", "int", "float")]
    paths = sorted([*(ROLES / role / "tasks").glob("*.yml"), *(ROLES / role / "vars").glob("*.yml")])
    found = ["%s:%d: %s" % (path.name, number, line.strip()) for path in paths
             for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
             if not line.lstrip().startswith("#") and any(one.search(line) for one in patterns)]
    assert found == []
