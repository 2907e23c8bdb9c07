"""Reading an `ost-config.php`: as text, never as a program (osticket/auth.md §1)."""

import hashlib
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from helpdesk.legacy.php_config import parse_php_configuration, read_php_configuration

pytestmark = pytest.mark.once

# As the installer leaves it, with the values of a made-up installation.
INSTALLED = r"""<?php
/* ----------------------------------------------------
   ost-config.php   define('DBNAME', 'from a comment');
------------------------------------------------------ */
#Disable direct access.  Don't be confused by this apostrophe
if(!strcasecmp(basename($_SERVER['SCRIPT_NAME']),basename(__FILE__)) || !defined('INCLUDE_DIR'))
    die('kwaheri rafiki!');

#Install flag
define('OSTINSTALLED',TRUE);
define('SECRET_SALT','tu1xR#Yc=/*not a comment*/');
#Default admin email.
define('ADMIN_EMAIL','ada@acme.test');
// define('DBHOST','old.acme.test');
define('DBTYPE','mysql');
define('DBHOST','db.acme.test:3307');
define('DBNAME','helpdesk');
define( "DBUSER" , "ost\"user" ) ;
define('DBPASS','it\'s a \\ pass//word');
#Table prefix
define('TABLE_PREFIX','desk_');
define('DBSSLCA','/etc/mysql/ca.pem');
define('TRUSTED_PROXIES', '10.0.0.1, 10.0.0.2');
?>
"""


def configuration(**values: str) -> str:
    """Make the text of a configuration with these constants besides the necessary ones."""
    given = {"DBHOST": "localhost", "DBNAME": "h", "DBUSER": "o", "SECRET_SALT": "salt"} | values
    return "<?php\n" + "".join(f"define('{name}','{value}');\n" for name, value in given.items())


def test_an_installers_file_is_read_whole() -> None:
    php = parse_php_configuration(INSTALLED)
    assert php.host == "db.acme.test"
    assert php.port == 3307
    assert php.socket == ""
    assert php.database == "helpdesk"
    assert php.user == 'ost"user'
    assert php.password == r"it's a \ pass//word"
    assert php.table_prefix == "desk_"
    assert php.secret_salt == "tu1xR#Yc=/*not a comment*/"
    assert php.admin_email == "ada@acme.test"
    assert php.tls_authority == "/etc/mysql/ca.pem"
    assert php.trusted_proxies == "10.0.0.1, 10.0.0.2"


@pytest.mark.parametrize(
    "comment", ["// define('DBNAME','wrong');", "# define('DBNAME','wrong');", "/* define('DBNAME','wrong'); */"]
)
def test_what_stands_in_a_comment_does_not_count(comment: str) -> None:
    assert parse_php_configuration(configuration() + comment).database == "h"


@pytest.mark.parametrize(
    ("source", "password"),
    [
        ("define('DBPASS','')", ""),
        ('define("DBPASS","")', ""),
        (r"define('DBPASS','a\'b')", "a'b"),
        (r"define('DBPASS','a\\')", "a\\"),
        (r"define('DBPASS','a\n')", r"a\n"),
        (r'define("DBPASS","a\nb\$c\\")', "a\nb$c\\"),
        ("define('DBPASS','<?php # // /* ')", "<?php # // /* "),
        ("DEFINE ( 'DBPASS' , 'x' )", "x"),
        ("define('DBPASS',\n  'x'\n)", "x"),
    ],
)
def test_both_kinds_of_quotes_and_their_escapes(source: str, password: str) -> None:
    assert parse_php_configuration(f"{configuration()}{source};").password == password


@pytest.mark.parametrize(
    ("value", "host", "port", "socket"),
    [
        ("localhost", "localhost", None, ""),
        ("db:3307", "db", 3307, ""),
        ("localhost:/run/mysqld/mysqld.sock", "localhost", None, "/run/mysqld/mysqld.sock"),
        ("db1:3307,db2:3307", "db1", 3307, ""),
        ("db:", "db", None, ""),
    ],
)
def test_host_with_port_or_socket(value: str, host: str, port: int | None, socket: str) -> None:
    php = parse_php_configuration(configuration(DBHOST=value))
    assert (php.host, php.port, php.socket) == (host, port, socket)


def test_without_a_salt_osticket_derives_one() -> None:
    php = parse_php_configuration(configuration(SECRET_SALT="", TABLE_PREFIX="desk_", ADMIN_EMAIL="ada@acme.test"))
    assert php.secret_salt == hashlib.md5(b"desk_ada@acme.test").hexdigest()  # noqa: S324 -- as osTicket does


def test_the_prefix_is_ost_unless_given() -> None:
    assert parse_php_configuration(configuration()).table_prefix == "ost_"


@pytest.mark.parametrize("name", ["DBHOST", "DBNAME", "DBUSER"])
def test_a_file_without_the_database_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"does not define {name}"):
        parse_php_configuration(configuration(**{name: ""}))


def test_the_sample_file_of_a_download_is_refused() -> None:
    source = configuration(DBHOST="%CONFIG-DBHOST", DBNAME="%CONFIG-DBNAME", DBUSER="%CONFIG-DBUSER")
    with pytest.raises(ImproperlyConfigured, match=r"ost-config\.php of an installed osTicket"):
        parse_php_configuration(source)


def test_nothing_in_the_file_is_executed(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    source = (
        f"<?php system('touch {trace}'); `touch {trace}`; eval('touch(\"{trace}\");');\n"
        f"__import__('os').system('touch {trace}')\n"
        + configuration(DBPASS="$(touch " + str(trace) + ")", ADMIN_EMAIL="${DBNAME}")
    )  # fmt: skip
    php = parse_php_configuration(source)
    assert php.password == f"$(touch {trace})"
    assert php.admin_email == "${DBNAME}"
    assert not trace.exists()


def test_a_file_in_another_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ost-config.php"
    path.write_bytes(configuration().encode() + "// Größe\n".encode("latin-1"))
    assert read_php_configuration(path).database == "h"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"OSTICKET_CONFIG='.*nowhere\.php' cannot be read: No such file"):
        read_php_configuration(tmp_path / "nowhere.php")
