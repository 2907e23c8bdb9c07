"""The knowledge base, canned responses and pages."""

from django.db import models
from django.utils.timezone import now

from helpdesk.knowledge.constants import CategoryVisibility, FaqPublication
from helpdesk.knowledge.querysets import CannedResponseQuerySet, FaqCategoryQuerySet, FaqQuerySet
from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    Folded,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    LegacyTextField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
)


class FaqCategory(models.Model):
    """A category of the knowledge base."""

    category_id = UnsignedAutoField(primary_key=True)
    parent = LegacyForeignKey("self", null=True, blank=True, db_column="category_pid", related_name="children")
    ispublic = models.PositiveSmallIntegerField(choices=CategoryVisibility.choices, default=0)
    name = LegacyCharField(max_length=125, null=True, blank=True)
    description = LegacyTextField(blank=True)
    notes = LegacyTextField(blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = FaqCategoryQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("faq_category")
        indexes = [
            models.Index(fields=["ispublic"], name="faq_category_ispublic"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class Faq(models.Model):
    """A question and its answer."""

    faq_id = UnsignedAutoField(primary_key=True)
    category = ZeroForeignKey("FaqCategory", related_name="faqs")
    ispublished = models.PositiveSmallIntegerField(choices=FaqPublication.choices, default=0)
    question = CaseInsensitiveCharField(max_length=255)
    answer = LegacyTextField(blank=True)
    keywords = LegacyTextField(null=True, blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = FaqQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("faq")
        indexes = [
            models.Index(fields=["category"], name="faq_category_id"),
            models.Index(fields=["ispublished"], name="faq_ispublished"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("question"), name="faq_question"),
        ]

    def __str__(self) -> str:
        return str(self.question)


class FaqTopic(models.Model):
    """A help topic that an FAQ belongs to (`topic_id` of a package above this one)."""

    pk = models.CompositePrimaryKey("faq_id", "topic_id")
    faq = LegacyForeignKey("Faq", related_name="topics")
    topic_id = UnsignedIntegerField()

    class Meta:
        db_table = Prefixed("faq_topic")


class CannedResponse(models.Model):
    """A prepared answer; without department it is for all."""

    canned_id = UnsignedAutoField(primary_key=True)
    dept = ZeroForeignKey("hd_people.Department", related_name="canned_responses")
    isenabled = models.BooleanField(default=True)
    title = CaseInsensitiveCharField(max_length=255, default="", blank=True)
    response = LegacyTextField(blank=True)
    lang = LegacyCharField(max_length=16, default="en_US")
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = CannedResponseQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("canned_response")
        indexes = [
            models.Index(fields=["isenabled"], name="canned_response_active"),
            models.Index(fields=["dept"], name="canned_response_dept_id"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("title"), name="canned_response_title"),
        ]

    def __str__(self) -> str:
        return str(self.title)


class Page(models.Model):
    """A page or a message text of the portal (osticket/schema.md §3.5)."""

    id = UnsignedAutoField(primary_key=True)
    isactive = models.BooleanField(default=False)
    type = LegacyCharField(max_length=32, default="other")
    name = CaseInsensitiveCharField(max_length=255)
    body = LegacyTextField(blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("content")
        constraints = [
            models.UniqueConstraint(Folded("name"), name="content_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)
