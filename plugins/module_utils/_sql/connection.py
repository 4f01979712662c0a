# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to a MariaDB or MySQL server: the only place that opens a connection. Values are bound by the driver.

opened() for modules; connect() for who keeps a Server; dial() for who reads the driver's own errors and time limits.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import ssl
import stat

SOCKETS = ("/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock")
LOCAL = ("localhost", "127.0.0.1", "::1")
# The driver's own number for trouble with TLS.
TLS_ERROR, NO_TLS = 2026, "the server offers no TLS"

# The parameter names that other collections' modules for MySQL have, too; described in doc_fragments/mysql_login.py.
LOGIN = {
    "login_user": {"type": "str"},
    "login_password": {"type": "str", "no_log": True},
    "login_host": {"type": "str", "default": "localhost"},
    "login_port": {"type": "int"},
    "login_unix_socket": {"type": "path"},
    "config_file": {"type": "path", "default": "~/.my.cnf"},
    "connect_timeout": {"type": "int", "default": 10},
    "ca_cert": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "check_hostname": {"type": "bool"},
}


class Failure(Exception):
    """One sentence for the user. values: more of the module's result. code: the server's error number."""

    def __init__(self, sentence, code=None, **values):
        super().__init__(sentence)
        self.code, self.values = code, values


class Unreachable(Failure):
    """Nobody answers there (as opposed to: somebody answers and refuses)."""


def identifier(name):
    """A name as SQL takes it."""
    return "`%s`" % str(name).replace("`", "``")


def dialect_of(version):
    """('mariadb' or 'mysql', (major, minor, patch)) from the server's own version string."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)-MariaDB", version, re.I) or re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    numbers = tuple(int(part) for part in found.groups()) if found else (0, 0, 0)
    return ("mariadb" if "mariadb" in version.lower() else "mysql"), numbers


def read_option_file(path):
    """Options of [client], [client-server] and [mysql] in an option file, names with dashes. {} without the file."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as handle:
            text = "".join(line for line in handle if not line.lstrip().startswith("!"))
    except OSError:
        return {}
    parser = configparser.RawConfigParser(allow_no_value=True, strict=False, inline_comment_prefixes=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Failure("config_file %s cannot be read as an option file: %s." % (path, str(error).replace("\n", " "))) from error
    options = {}
    for section in ("client", "client-server", "client-mariadb", "mysql"):
        if parser.has_section(section):
            options.update({key.replace("_", "-"): unquoted(value) for key, value in parser.items(section)})
    return options


def unquoted(value):
    if value and len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def login(params):
    """Parameters and option file as one dictionary: user, password, unix_socket or host and port, ca, cert, key, check_hostname."""
    options = read_option_file(params["config_file"]) if params["config_file"] else {}
    result = {
        "user": params["login_user"] or options.get("user"),
        "password": options.get("password") if params["login_password"] is None else params["login_password"],
        "host": params["login_host"],
        "port": params["login_port"] or int(options.get("port") or 3306),
        "unix_socket": params["login_unix_socket"],
        "connect_timeout": params["connect_timeout"],
        "ca": params["ca_cert"] or options.get("ssl-ca"),
        "cert": params["client_cert"] or options.get("ssl-cert"),
        "key": params["client_key"] or options.get("ssl-key"),
        "check_hostname": params["check_hostname"],
    }
    if result["host"] == "localhost" and options.get("host") and not result["unix_socket"]:
        result["host"] = options["host"]
    if not result["unix_socket"] and result["host"] == "localhost":
        # A port that is asked for by name is meant; the socket might belong to another server.
        candidates = [options["socket"]] if options.get("socket") else (() if params["login_port"] else SOCKETS)
        result["unix_socket"] = next((path for path in candidates if is_socket(path)), None)
    return result


def driver():
    try:
        import pymysql
        import pymysql.cursors
    except ImportError as error:
        raise Failure("PyMySQL is missing here: install the package python3-pymysql, then run again.") from error
    return pymysql


def tls_context(ca=None, cert=None, key=None, check_hostname=None, verify=None, capath=None):
    """verify None: when there is a CA to verify by."""
    context = ssl.create_default_context(cafile=ca, capath=capath)
    verify = bool(ca or capath) if verify is None else verify
    context.check_hostname = bool(check_hostname) if verify else False
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if cert:
        context.load_cert_chain(cert, key)
    return context


def place(where):
    return where["unix_socket"] or "%s:%s" % (where["host"], where["port"])


def reason(error):
    """(number, text) of a driver's exception."""
    args = error.args
    if len(args) > 1 and isinstance(args[0], int):
        return args[0], str(args[1]).rstrip(".")
    return None, str(error).rstrip(".")


# Keeps the statements of a session that have secrets in them out of the server's general and slow log.
QUIET = ("SET SESSION sql_log_off = 1", "SET SESSION slow_query_log = 0")


class Server:
    """A connection. rows() reads; run() changes."""

    def __init__(self, connection, where):
        self.connection, self.where = connection, where

    def _execute(self, statement, values=()):
        import pymysql

        try:
            with self.connection.cursor() as cursor:
                cursor.execute(statement, tuple(values) if values else None)
                return cursor.fetchall()
        except pymysql.err.MySQLError as error:
            code, text = reason(error)
            raise Failure("%s says: %s (error %s)" % (place(self.where), text, code), code) from error

    def rows(self, statement, values=()):
        return list(self._execute(statement, values) or ())

    def run(self, statement, values=()):
        self._execute(statement, values)

    def quoted(self, value):
        """A value as a literal, by the driver."""
        return self.connection.escape(value)

    def variables(self, *names):
        """Global variables by name; those that the server does not have are left out."""
        found = self.rows("SHOW GLOBAL VARIABLES WHERE Variable_name IN (%s)" % ", ".join(["%s"] * len(names)), names)
        return {row["Variable_name"].lower(): row["Value"] for row in found}

    def close(self):
        try:
            self.connection.close()
        except Exception:
            self.connection = None


def dial(where, context=None, named=False):
    """The driver's own connection for what login() returned, or a part of it, with the driver's own errors.

    Without unix_socket over TCP. Time limits are seconds, fractions too. named: rows are dictionaries, else tuples.
    """
    pymysql, demanded = driver(), context is None and demands_tls(where)
    arguments = {"connect_timeout": where["connect_timeout"], "autocommit": True, "charset": "utf8mb4",
                 "password": where.get("password") or ""}
    if named:
        arguments["cursorclass"] = pymysql.cursors.DictCursor
    # A frozen server accepts a connection and never says a word.
    arguments.update({name: where[name] for name in ("read_timeout", "write_timeout") if where.get(name)})
    if where["user"]:
        arguments["user"] = where["user"]
    if where.get("unix_socket"):
        arguments["unix_socket"] = where["unix_socket"]
    else:
        arguments.update(host="127.0.0.1" if where["host"] == "localhost" else where["host"], port=where["port"])
        if demanded:
            context = tls_context(where["ca"], where.get("cert"), where.get("key"), where.get("check_hostname"))
        if context is not None:
            arguments["ssl"] = context
    connection = pymysql.connect(**arguments)
    # Older PyMySQL goes on in the clear when the server has no TLS.
    if demanded and not getattr(connection, "_secure", True):
        connection.close()
        raise pymysql.err.OperationalError(TLS_ERROR, NO_TLS)
    return connection


def demands_tls(where):
    return not where.get("unix_socket") and bool(where.get("ca") or where.get("cert"))


def connect(where, context=None):
    """A Server for what login() returned."""
    pymysql = driver()
    try:
        return Server(dial(where, context, named=True), where)
    except pymysql.err.MySQLError as error:
        code, text = reason(error)
        if text == NO_TLS:
            raise Failure("%s offers no TLS, which ca_cert or client_cert ask for" % place(where)) from error
        # 2003 and 2013: nothing there, or gone while shaking hands.
        kind = Unreachable if code in (2002, 2003, 2013) else Failure
        raise kind("%s: %s (error %s)" % (place(where), text, code), code) from error
    except OSError as error:
        raise Unreachable("%s: %s" % (place(where), error.strerror or error)) from error
    except RuntimeError as error:
        # What PyMySQL raises when it would need python3-cryptography for a sha2 password without TLS.
        raise Failure("%s: %s" % (place(where), str(error).rstrip("."))) from error


def open_server(params):
    return connect(login(params))


@contextlib.contextmanager
def opened(module, host=""):
    """The server that a module's parameters name, for a with block. A Failure in it ends the module with its sentence and values.

    host: whose name stands before the sentence when there is no connection.
    """
    try:
        try:
            server = open_server(module.params)
        except Failure as failure:
            raise Failure("%s: %s." % (host, str(failure).rstrip(".")) if host else str(failure), failure.code) from failure
        try:
            yield server
        finally:
            server.close()
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.values)


def is_local(where):
    """Whether the server runs on the host the module runs on, as far as the way to it tells."""
    return bool(where["unix_socket"]) or where["host"] in LOCAL
