"""A small knowledge base: what end users see of it, and what they do not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from helpdesk.configuration.services import set_settings
from helpdesk.knowledge.constants import CategoryVisibility, FaqPublication
from helpdesk.knowledge.models import Faq, FaqCategory
from helpdesk.knowledge.services import CategoryDraft, FaqDraft, store_category, store_faq
from helpdesk.people.actor import Actor

SYSTEM = Actor.system("tests")


@dataclass
class Library:
    """Categories and FAQs by name."""

    categories: dict[str, FaqCategory]
    faqs: dict[str, Faq]


@pytest.fixture
def library(db: None) -> Library:
    set_settings("core", {"enable_kb": "1", "restrict_kb": "0"}, SYSTEM)
    categories: dict[str, FaqCategory] = {}
    faqs: dict[str, Faq] = {}
    for name, visibility, parent in (
        ("Printers", CategoryVisibility.FEATURED, ""),
        ("Colour printers", CategoryVisibility.PUBLIC, "Printers"),
        ("Servers", CategoryVisibility.PRIVATE, ""),
        ("Below servers", CategoryVisibility.PUBLIC, "Servers"),
    ):
        draft = CategoryDraft(
            name=name,
            description=f"<p>About {name.lower()}</p>",
            visibility=visibility,
            parent_id=categories[parent].pk if parent else 0,
        )
        categories[name] = store_category(draft, actor=SYSTEM)
    for question, category, publication in (
        ("How do I load paper?", "Printers", FaqPublication.PUBLIC),
        ("Où sont les Réglages de l'imprimante?", "Printers", FaqPublication.FEATURED),
        ("Where is the spare key?", "Printers", FaqPublication.INTERNAL),
        ("Why is magenta pale?", "Colour printers", FaqPublication.PUBLIC),
        ("What is the password of root?", "Servers", FaqPublication.PUBLIC),
    ):
        faqs[question] = store_faq(
            FaqDraft(
                question=question,
                answer=f"<p>Answer to: {question}</p>",
                category_id=categories[category].pk,
                publication=publication,
            ),
            actor=SYSTEM,
        )
    return Library(categories, faqs)
