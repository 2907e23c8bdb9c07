"""What is assumed for a setting without a row: as osTicket does (osticket/config.md §2 and §3, column "C default").

`users_close_tickets` is our own.
"""

from collections.abc import Mapping

CORE = "core"

CORE_DEFAULTS: Mapping[str, str] = {
    "accept_unregistered_email": "1",
    "add_email_collabs": "1",
    "agent_avatar": "gravatar.mm",
    "agent_name_format": "full",
    "allow_attachments": "1",
    "allow_auth_tokens": "1",
    "allow_external_images": "0",
    "allow_pw_reset": "1",
    "auto_claim_tickets": "1",
    "auto_refer_closed": "1",
    "client_avatar": "gravatar.mm",
    "client_name_format": "original",
    "client_registration": "closed",
    "client_verify_email": "1",
    "clients_only": "0",
    "collaborator_ticket_visibility": "1",
    "default_help_topic": "0",
    "default_storage_bk": "D",
    "default_ticket_queue": "1",
    "default_ticket_status_id": "1",
    "disable_agent_collabs": "0",
    "enable_avatars": "1",
    "enable_richtext": "1",
    "files_req_auth": "1",
    "force_https": "",
    "help_topic_sort_mode": "a",
    "max_open_tickets": "0",
    "message_autoresponder_collabs": "1",
    "pw_reset_window": "30",
    "require_topic_to_close": "0",
    "system_language": "en_US",
    "ticket_lock": "2",
    "users_close_tickets": "1",
    "verify_email_addrs": "1",
}

AGENT_DEFAULTS: Mapping[str, str] = {
    "datetime_format": "",
    "default_from_name": "",
    "default_ticket_queue_id": "0",
    "editor_spacing": "double",
    "img_att_view": "download",
    "reply_redirect": "Ticket",
    "thread_view_order": "",
}


def agent_namespace(staff_id: int) -> str:
    """Give the namespace of an agent's own settings."""
    return f"staff.{staff_id}"


def defaults_of(namespace: str) -> Mapping[str, str]:
    """Give the class defaults of a namespace; most have none."""
    if namespace == CORE:
        return CORE_DEFAULTS
    return AGENT_DEFAULTS if namespace.startswith("staff.") else {}
