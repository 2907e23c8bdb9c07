"""Opening the database, with words for people when it does not open."""

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.adoption.judgement import AdoptionRefused, Problem


def open_osticket_database(connection: BaseDatabaseWrapper) -> None:
    """Connect to a database that can be osTicket's; raise AdoptionRefused for another engine, too."""
    if connection.vendor != "mysql":
        problem = Problem(
            "not-mysql",
            f"osTicket's databases are MySQL or MariaDB; DATABASE_URL names {connection.display_name}.",
            ("Set OSTICKET_CONFIG, or DATABASE_URL=mysql://USER:PASSWORD@HOST/DATABASE.",),
        )
        raise AdoptionRefused([problem])
    open_database(connection)


def open_database(connection: BaseDatabaseWrapper) -> None:
    """Connect; raise AdoptionRefused with the reason when the server is too old or does not let us in."""
    try:
        connection.ensure_connection()
    except NotSupportedError as error:
        way_out = ("Upgrade the database server, or load a dump into a newer one and adopt that copy.",)
        problem = Problem("server-too-old", f"The database server is too old: {error}", way_out)
        raise AdoptionRefused([problem]) from error
    except (DatabaseError, ImproperlyConfigured) as error:
        name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"] or "localhost"
        text = f"No connection to the database “{name}” on {host}: {_first_line(error)}"
        way_out = ("Check DATABASE_URL, the DB_* variables or OSTICKET_CONFIG.",)
        raise AdoptionRefused([Problem("no-connection", text, way_out)]) from error


def _first_line(error: Exception) -> str:
    """The server's own words, without the driver's error number."""
    return str(error.args[-1] if error.args else error).partition("\n")[0]
