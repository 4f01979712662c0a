from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql.password_rules import rules_of, rules_of_settings, weak

HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
# As MariaDB 11.8.9 and MySQL 9.7.4 show them by default.
SIMPLE = {"simple_password_check_digits": "1", "simple_password_check_letters_same_case": "1", "simple_password_check_minimal_length": "8",
          "simple_password_check_other_characters": "1"}
VALIDATE = {"validate_password.policy": "MEDIUM", "validate_password.length": "8", "validate_password.number_count": "1",
            "validate_password.mixed_case_count": "1", "validate_password.special_char_count": "1",
            "validate_password.check_user_name": "ON"}


@pytest.mark.parametrize("variables, by", [(SIMPLE, "simple_password_check"), (VALIDATE, "validate_password")])
def test_passwords_are_held_to_the_rules_of_the_servers_plugin(variables, by):
    rules = rules_of(variables)
    assert rules["by"] == by
    assert weak("Good-passw0rd", "shop", rules) == ""
    assert weak(HEX, "shop", rules) == "has 0 capital letters where 1 are demanded, 0 other characters where 1 are demanded"
    assert weak("Ab-1", "shop", rules) == "has 4 characters where 8 are demanded"
    assert weak("Shop-user1", "Shop-user1", rules) == "is its name"


def test_without_a_plugin_there_are_no_rules():
    assert rules_of({"strict_password_validation": "ON"}) is None and weak(HEX, "shop", None) == ""


def test_a_low_policy_counts_characters_only():
    assert weak(HEX, "shop", rules_of(dict(VALIDATE, **{"validate_password.policy": "LOW"}))) == ""


@pytest.mark.parametrize("settings", [
    {"plugin_load_add": "simple_password_check"}, {"plugin-load-add": ["server_audit", "simple_password_check.so"]},
    {"plugin_load": "simple_password_check=simple_password_check.so", "loose_simple_password_check_digits": 3}])
def test_a_plugin_that_is_to_be_loaded_counts_before_it_is(settings):
    assert weak(HEX, "shop", rules_of_settings(settings))


def test_settings_without_it_or_without_its_severity_have_no_rules():
    assert rules_of_settings({"plugin_load_add": "server_audit"}) is None
    assert rules_of_settings({"plugin_load_add": "simple_password_check", "strict_password_validation": "OFF"}) is None
    assert rules_of_settings(None) is None
