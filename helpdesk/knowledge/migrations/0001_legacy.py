"""The legacy tables of this app, as osTicket 1.18 makes them."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import helpdesk.legacy.fields
from helpdesk.legacy.migration import LegacyTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("hd_people", "0001_legacy"),
    ]

    operations = [
        LegacyTables(
            state_operations=[
                migrations.CreateModel(
                    name="FaqCategory",
                    fields=[
                        ("category_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        (
                            "ispublic",
                            models.PositiveSmallIntegerField(
                                choices=[(0, "Private"), (1, "Public"), (2, "Featured")], default=0
                            ),
                        ),
                        ("name", models.CharField(blank=True, max_length=125, null=True)),
                        ("description", models.TextField(blank=True)),
                        ("notes", models.TextField(blank=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "parent",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                blank=True,
                                db_column="category_pid",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="children",
                                to="hd_knowledge.faqcategory",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("faq_category"),
                    },
                ),
                migrations.CreateModel(
                    name="Faq",
                    fields=[
                        ("faq_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        (
                            "ispublished",
                            models.PositiveSmallIntegerField(
                                choices=[(0, "Internal"), (1, "Public"), (2, "Featured")], default=0
                            ),
                        ),
                        ("question", helpdesk.legacy.fields.CaseInsensitiveCharField(max_length=255)),
                        ("answer", models.TextField(blank=True)),
                        ("keywords", models.TextField(blank=True, null=True)),
                        ("notes", models.TextField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "category",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="faqs",
                                to="hd_knowledge.faqcategory",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("faq"),
                    },
                ),
                migrations.CreateModel(
                    name="FaqTopic",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "faq_id", "topic_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("topic_id", helpdesk.legacy.fields.UnsignedIntegerField()),
                        (
                            "faq",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="topics",
                                to="hd_knowledge.faq",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("faq_topic"),
                    },
                ),
                migrations.CreateModel(
                    name="Page",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("isactive", models.BooleanField(default=False)),
                        ("type", models.CharField(default="other", max_length=32)),
                        ("name", helpdesk.legacy.fields.CaseInsensitiveCharField(max_length=255)),
                        ("body", models.TextField(blank=True)),
                        ("notes", models.TextField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("content"),
                        "constraints": [
                            models.UniqueConstraint(django.db.models.functions.text.Upper("name"), name="content_name")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CannedResponse",
                    fields=[
                        ("canned_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("isenabled", models.BooleanField(default=True)),
                        (
                            "title",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=255),
                        ),
                        ("response", models.TextField(blank=True)),
                        ("lang", models.CharField(default="en_US", max_length=16)),
                        ("notes", models.TextField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "dept",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="canned_responses",
                                to="hd_people.department",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("canned_response"),
                        "indexes": [
                            models.Index(fields=["isenabled"], name="canned_response_active"),
                            models.Index(fields=["dept"], name="canned_response_dept_id"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Upper("title"), name="canned_response_title"
                            )
                        ],
                    },
                ),
                migrations.AddIndex(
                    model_name="faqcategory",
                    index=models.Index(fields=["ispublic"], name="faq_category_ispublic"),
                ),
                migrations.AddIndex(
                    model_name="faq",
                    index=models.Index(fields=["category"], name="faq_category_id"),
                ),
                migrations.AddIndex(
                    model_name="faq",
                    index=models.Index(fields=["ispublished"], name="faq_ispublished"),
                ),
                migrations.AddConstraint(
                    model_name="faq",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.text.Upper("question"), name="faq_question"
                    ),
                ),
            ]
        )
    ]
