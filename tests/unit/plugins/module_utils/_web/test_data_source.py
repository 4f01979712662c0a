from __future__ import annotations

import re

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.data_source import properties_text, property_problems, url_problems

HARD = "sql_mode='ANSI,NO_BACKSLASH_ESCAPES',x='a&b=c;d\"e<f>g\\h%26 + $ä#!: ${user.home}\U0001F600'"


def loaded(text):
    """As DBCP's parseList and java.util.Properties read it, of what is escaped here."""
    found = {}
    for line in text.replace(";", "\n").split("\n"):
        name, _equals, value = line.partition("=")
        units = re.findall(r"\\u([0-9a-f]{4})|(.)", value)
        found[name] = b"".join(bytes.fromhex(code) if code else letter.encode("utf-16-be") for code, letter in units).decode("utf-16-be")
    return found


def test_whatever_a_value_has_arrives_as_it_was_written():
    properties = {"sessionVariables": HARD, "useSsl": True, "connectTimeout": 1000, "serverSslCert": "/srv/demo/authority.crt"}
    text = properties_text(properties)
    assert loaded(text) == dict(properties, useSsl="true", connectTimeout="1000")
    assert re.match(r"^[A-Za-z0-9_.,/=;\\-]+$", text)
    assert properties_text({}) == properties_text(None) == ""


@pytest.mark.parametrize("properties, says", [
    ({"password": "geheim"}, "properties has password, which belongs into the data source's username and password."),
    ({"trustStorePassword": "geheim"}, "properties has trustStorePassword, which belongs into the data source's username and password."),
    ({"a b": 1}, "properties has 'a b', which is no name of a driver's property."),
    ({"sessionVariables": {"sql_mode": "ANSI"}},
     "properties.sessionVariables is no text, number or truth: write it as the driver takes it, such as "
     "sql_mode='ANSI',time_zone='+00:00'."),
])
def test_what_is_no_property(properties, says):
    assert list(property_problems(properties)) == [says]


@pytest.mark.parametrize("query", [
    "useSsl=true&sessionVariables=sql_mode='ANSI,NO_BACKSLASH_ESCAPES'", "sessionVariables=time_zone='+02:00',x = \"a b\"", ""])
def test_session_variables_in_a_url_stand_as_they_are(query):
    assert url_problems("jdbc:mariadb://db/shop?" + query) == ""


@pytest.mark.parametrize("query, says", [
    ("sessionVariables=sql_mode=%27ANSI%27", "has %27, and MariaDB's driver decodes nothing: write the character itself, or give that "
                                             "property in properties."),
    ("sessionVariables=x='a&b'", "has & between quotes, where MariaDB's driver would cut: give that property in properties."),
    ("useSsl=true&amp;connectTimeout=1000", "has &amp;: write &, the role escapes it for XML."),
    ("sessionVariables=x=&apos;a&apos;", "has &apos;: write the character, the role escapes it for XML."),
])
def test_what_the_driver_would_read_otherwise(query, says):
    assert url_problems("jdbc:mariadb://db/shop?" + query) == says
