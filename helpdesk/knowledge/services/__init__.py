"""The verbs of the knowledge base, of canned responses and of pages."""

from helpdesk.knowledge.services.canned_responses import (
    CannedDraft,
    create_canned_response,
    delete_canned_response,
    store_canned_response,
)
from helpdesk.knowledge.services.faqs import (
    CategoryDraft,
    FaqDraft,
    delete_category,
    delete_faq,
    store_category,
    store_faq,
)
from helpdesk.knowledge.services.pages import PageDraft, delete_page, store_page

__all__ = [
    "CannedDraft",
    "CategoryDraft",
    "FaqDraft",
    "PageDraft",
    "create_canned_response",
    "delete_canned_response",
    "delete_category",
    "delete_faq",
    "delete_page",
    "store_canned_response",
    "store_category",
    "store_faq",
    "store_page",
]
