"""All settings, read from the environment (docs/administration.md lists every variable).

The defaults start a working help desk on SQLite in `var/`, reachable from this machine only.
"""

import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from helpdesk import environment
from helpdesk.databases import default_database
from helpdesk.legacy.php_config import read_php_configuration
from helpdesk.schedule import RECURRING_JOBS

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.data_directory(BASE_DIR)
environment.make_data_directory(DATA_DIR)

# NODE_ENV is what the REST side-car of osTicket installations used; DEBUG is ours and wins.
_node_environment = environment.choice("NODE_ENV", "production", {"production", "development", "test"})
DEBUG = environment.boolean("DEBUG", _node_environment == "development")

_php_path = environment.text("OSTICKET_CONFIG")
PHP_CONFIGURATION = read_php_configuration(Path(_php_path)) if _php_path else None

SECRET_KEY = environment.remembered_secret("SECRET_KEY", DATA_DIR / "secret_key", lambda: secrets.token_urlsafe(50))
# The first key encrypts, all of them decrypt: put a new one in front to rotate.
ENCRYPTION_KEYS = [
    key.strip()
    for key in environment.remembered_secret(
        "ENCRYPTION_KEY", DATA_DIR / "encryption_key", lambda: Fernet.generate_key().decode()
    ).split(",")
]
# osTicket's installation secret: link tokens, Message-IDs, file links and stored credentials depend on it.
SECRET_SALT = (
    environment.secret("SECRET_SALT")
    or (PHP_CONFIGURATION.secret_salt if PHP_CONFIGURATION else "")
    or environment.remembered_secret("SECRET_SALT", DATA_DIR / "secret_salt", lambda: secrets.token_hex(16))
)

# The server for mails of addresses that have none of their own: `tls://user:password@mail.example.com:587`.
MAIL_SERVER = environment.secret_address("MAIL_SERVER", {"plain", "tls", "ssl"})
MAIL_UNVERIFIED_HOSTS = environment.host_names("MAIL_UNVERIFIED_HOSTS", "")
# Whether mail servers that administrators name may be in private networks. Link-local addresses they may never have.
MAIL_PRIVATE_NETWORKS = environment.boolean("MAIL_PRIVATE_NETWORKS", True)
MAIL_LARGEST = environment.integer("MAIL_LARGEST", 64 * 1024 * 1024, minimum=64 * 1024)
MAIL_FETCH_PARALLEL = environment.integer("MAIL_FETCH_PARALLEL", 4, minimum=1, maximum=64)
MAIL_FETCH_SECONDS = environment.integer("MAIL_FETCH_SECONDS", 240, minimum=10)
MAIL_IDLE = environment.boolean("MAIL_IDLE", False)
MAIL_FETCH_STOP_FAILURES = environment.integer("MAIL_FETCH_STOP_FAILURES", 200, minimum=0)
MAIL_FETCH_STOP_DAYS = environment.integer("MAIL_FETCH_STOP_DAYS", 7, minimum=0)
OUTBOX_WAKES_WORKERS = True
# The name by which the receiving mail server begins its Authentication-Results headers; nobody else's are believed.
MAIL_AUTHENTICATION_SERVER = environment.text("MAIL_AUTHENTICATION_SERVER")
# What becomes of an agent's answer to an alert about a message: `response` goes out to the user, `note` is osTicket's
# way. Without it: `note` in an adopted database, whose agents know it so, else `response`.
AGENT_ANSWERS_BY_MAIL = environment.choice("AGENT_ANSWERS_BY_MAIL", "", {"", "note", "response"})
# Days for which mails are kept as they came; 0 keeps them as long as their tickets.
MAIL_ORIGINALS_DAYS = environment.integer("MAIL_ORIGINALS_DAYS", 0, minimum=0)
# Automatic answers within an hour, to one address and on one ticket; more are not sent.
AUTOMATIC_ANSWERS_PER_ADDRESS = environment.integer("AUTOMATIC_ANSWERS_PER_ADDRESS", 10, minimum=0)
AUTOMATIC_ANSWERS_PER_TICKET = environment.integer("AUTOMATIC_ANSWERS_PER_TICKET", 10, minimum=0)

TABLE_PREFIX = environment.matching(
    "TABLE_PREFIX",
    PHP_CONFIGURATION.table_prefix if PHP_CONFIGURATION else "ost_",
    r"[A-Za-z0-9_]{0,20}",
    "use letters, digits and underscores, at most 20.",
)
DATABASES = {"default": default_database(DATA_DIR, PHP_CONFIGURATION)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

HOST = environment.text("HOST", "127.0.0.1")
PORT = environment.integer("PORT", 8000, minimum=1, maximum=65535)
ALLOWED_HOSTS = environment.host_names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.word_list("CSRF_TRUSTED_ORIGINS")
ADMIN_USERNAME = environment.text("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = environment.secret("ADMIN_PASSWORD")
ADMIN_EMAIL = environment.matching(
    "ADMIN_EMAIL", "admin@helpdesk.example", r"[^\s@<>]+@[^\s@<>]+", "give one plain address."
)
# What `manage.py setup` writes into the configuration of a fresh help desk; later it is changed there.
HELPDESK_URL = environment.matching(
    "HELPDESK_URL", f"http://{HOST}:{PORT}/", r"https?://[^\s/?#]+[^\s?#]*", "give the whole address, https://…"
)
HELPDESK_URL = HELPDESK_URL.rstrip("/") + "/"
HELPDESK_TITLE = environment.text("HELPDESK_TITLE", "Help Desk")
HELPDESK_EMAIL = environment.matching(
    "HELPDESK_EMAIL", "support@helpdesk.example", r"[^\s@<>]+@[^\s@<>]+", "give one plain address."
)
HELPDESK_TIME_ZONE = environment.time_zone("HELPDESK_TIME_ZONE", "UTC")
# Who knows it gets the full report of `/health?full`; nobody does while it is empty.
HEALTH_TOKEN = environment.secret("HEALTH_TOKEN")
METRICS_TOKEN = environment.secret("METRICS_TOKEN")
# None: on all but adopted databases.
OPTIMIZE_TABLES = environment.boolean("OPTIMIZE_TABLES", False) if environment.text("OPTIMIZE_TABLES") else None

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_htmx",
    "csp",
    "helpdesk.legacy",
    "helpdesk.audit",
    "helpdesk.configuration",
    "helpdesk.health",
    "helpdesk.people",
    "helpdesk.accounts",
    "helpdesk.forms",
    "helpdesk.files",
    "helpdesk.threads",
    "helpdesk.mail",
    "helpdesk.outbox",
    "helpdesk.knowledge",
    "sla",
    "filters",
    "tickets",
    "tasks",
    "mailfetch",
    "helpdesk.api",
    "helpdesk.portal",
    "helpdesk.directory",
    "helpdesk.reports",
    "helpdesk.administration",
]

MIDDLEWARE = [
    "helpdesk.portal.liveness.LivenessMiddleware",
    "helpdesk.api.gateway.ApiGateway",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "helpdesk.accounts.doors.DoorSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "helpdesk.accounts.middleware.AddressListMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "helpdesk.accounts.middleware.AgentDoorMiddleware",
    "helpdesk.accounts.user_views.NewPasswordMiddleware",
    "helpdesk.portal.middleware.OfflineMiddleware",
    "helpdesk.portal.middleware.ViewerTimeZoneMiddleware",
]

ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "helpdesk.portal.context_processors.portal",
                "helpdesk.portal.context_processors.agent_portal",
            ],
        },
    }
]

AUTH_USER_MODEL = "hd_accounts.Account"
AUTHENTICATION_BACKENDS = ["helpdesk.accounts.backends.AgentBackend", "helpdesk.accounts.backends.EndUserBackend"]
# Never used for people: their hashes stay in osTicket's columns (helpdesk/legacy/passwords.py).
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]

LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", _("English"))]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(environment.text("STATIC_ROOT", str(DATA_DIR / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"
# Attachments on disk, where the help desk is set to that (helpdesk/files/filesystem.py).
FILE_STORAGE_PATH = environment.text("FILE_STORAGE_PATH")
OSTICKET_ROOT = Path(_php_path).resolve().parent.parent if _php_path else None

# The shared cache: every process of this help desk must reach the same one (configuration versions, throttles).
CACHE_URL = environment.secret_address("CACHE_URL", {"redis", "rediss", "unix"})
CACHES: dict[str, dict[str, Any]]
if CACHE_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}
else:
    CACHES = {
        "default": {
            "BACKEND": "helpdesk.configuration.file_cache.CountingFileBasedCache",
            "LOCATION": str(DATA_DIR / "cache"),
            "OPTIONS": {"MAX_ENTRIES": 20000},
        }
    }

CELERY_BROKER_URL = (
    environment.secret_address("BROKER_URL", {"amqp", "amqps", "filesystem", "redis", "rediss"})
    or "filesystem://localhost//"
)
if CELERY_BROKER_URL.startswith("filesystem"):
    _broker_directory = DATA_DIR / "broker"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker_directory / "messages"),
        "data_folder_out": str(_broker_directory / "messages"),
        "control_folder": str(_broker_directory / "control"),
        "polling_interval": 0.1,
    }
    (_broker_directory / "messages").mkdir(mode=0o700, parents=True, exist_ok=True)
    # Every worker that was killed would leave a control queue behind, which fills up for ever.
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = RECURRING_JOBS
# Beat writes down each job as it hands it out, not every three minutes: by this the health page knows that it runs.
CELERY_BEAT_SYNC_EVERY = 1
CELERY_RESULT_EXPIRES = None  # nobody keeps results, so nothing needs to clear them away

# Two doors, each with cookies and sessions of its own; their names come from helpdesk/accounts/doors.py.
SESSION_ENGINE = "helpdesk.accounts.sessions"
SESSION_COOKIE_AGE = 24 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "helpdesk.accounts.csrf.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
HTTPS = environment.boolean("HTTPS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = environment.boolean("HTTPS_REDIRECT", HTTPS)
SECURE_HSTS_SECONDS = environment.integer("HSTS_SECONDS", 31536000 if HTTPS else 0, minimum=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.boolean("HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = environment.boolean("HSTS_PRELOAD", False)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Whose X-Forwarded-For is believed: addresses and CIDR ranges.
TRUSTED_PROXIES = environment.word_list(
    "TRUSTED_PROXIES", PHP_CONFIGURATION.trusted_proxies if PHP_CONFIGURATION else ""
)
if environment.boolean("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# A name such as "Staging" beside the title of the administration, so that nobody takes it for another one.
ENVIRONMENT_NAME = environment.text("ENVIRONMENT_NAME")
# The look of the administration at /admin/ (helpdesk/administration), in the teal of the agent portal.
ADMINISTRATION_ACCENT = {
    "50": "#f0f9fa",
    "100": "#e2f1f3",
    "200": "#c3e3e7",
    "300": "#a9d3d9",
    "400": "#58c0cd",
    "500": "#2a98a7",
    "600": "#0b6b78",
    "700": "#095a65",
    "800": "#084f59",
    "900": "#063f47",
    "950": "#04262b",
}
UNFOLD = {
    "SITE_URL": "/scp/",
    "SITE_SYMBOL": "support",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "ENVIRONMENT": "helpdesk.administration.navigation.environment",
    "STYLES": ["helpdesk.administration.navigation.stylesheet"],
    "SIDEBAR": {"navigation": "helpdesk.administration.navigation.sidebar"},
    "COLORS": {"primary": ADMINISTRATION_ACCENT},
}

# Uploads above 2.5 MB are spooled to disk; what is too large for every field (`max_file_size`) is not kept at all.
FILE_UPLOAD_HANDLERS = [
    "helpdesk.files.uploading.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# The largest request that programs may send to osTicket's API, in bytes; files are inside it, as base64.
API_MAX_BODY = environment.integer("API_MAX_BODY", 32 * 1024 * 1024, minimum=1024)

# The schema is osTicket's: expression constraints and MySQL's views on them do not apply to it.
SILENCED_SYSTEM_CHECKS = ["models.W044", "mysql.E001", "fields.W342"]

LOG_LEVEL = environment.choice("LOG_LEVEL", "info", {"debug", "info", "warning", "error"}).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "helpdesk.log_format.line_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": LOG_LEVEL, "propagate": False},
        # Three lines for each job of every minute would bury all others; what goes wrong is a warning or an error.
        **{
            name: {"level": LOG_LEVEL if LOG_LEVEL in {"DEBUG", "ERROR"} else "WARNING"}
            for name in ("celery.beat", "celery.worker.strategy", "celery.app.trace")
        },
    },
}
