"""Which help topics can be chosen for a new ticket, and under which names (osticket/routing.md §2)."""

from __future__ import annotations

from helpdesk import configuration
from tickets.filled_forms import is_active
from tickets.intake import intake
from tickets.models import HelpTopic
from tickets.screens import Choice


def topics_for_users() -> list[HelpTopic]:
    """Give the topics that end users may choose: listed and public ones, in the order of the setting."""
    return [topic for topic in topics_for_agents() if topic.ispublic]


def topics_for_agents() -> list[HelpTopic]:
    """Give the topics that agents may choose, private ones among them, in the order of the setting."""
    topics = [topic for topic in intake().topics.values() if _is_listed(topic)]
    if configuration.current().text("help_topic_sort_mode", "a") == "m":
        return sorted(topics, key=_place)
    return sorted(topics, key=lambda topic: topic_name(topic).casefold())


def topics_for_faqs() -> list[tuple[int, str]]:
    """Give the topics that an FAQ may belong to, by id and full name."""
    return [(topic.pk, topic_name(topic)) for topic in topics_for_agents()]


def topics_that_show(page_id: int) -> list[str]:
    """Name the topics whose new tickets are answered by this page (osticket/kb.md §5)."""
    return [topic_name(topic) for topic in intake().topics.values() if topic.page_id == page_id]


def topic_choices(topics: list[HelpTopic]) -> list[Choice]:
    """Give topics with their full names, for a select box."""
    return [Choice(str(topic.pk), topic_name(topic)) for topic in topics]


def chosen_topic(topics: list[HelpTopic], value: str) -> HelpTopic | None:
    """Give the topic with this id among those that may be chosen."""
    return next((topic for topic in topics if str(topic.pk) == value.strip()), None)


def first_topic(topics: list[HelpTopic]) -> HelpTopic | None:
    """Give the topic to begin with: that of the settings, else the only one there is."""
    default = chosen_topic(topics, str(configuration.current().integer("default_help_topic")))
    return default or (topics[0] if len(topics) == 1 else None)


def topic_name(topic: HelpTopic) -> str:
    """Give `Parent / Child`."""
    return " / ".join(one.topic for one in _ancestry(topic))


def _ancestry(topic: HelpTopic) -> list[HelpTopic]:
    """Give the topic and those above it, the highest first; a topic that is its own ancestor ends the list."""
    known, line, current = intake().topics, [topic], topic.parent_id
    while current is not None and current in known and known[current] not in line:
        line.insert(0, known[current])
        current = known[current].parent_id
    return line


def _is_listed(topic: HelpTopic) -> bool:
    """A topic that is off is hidden, and one below the top level that is off hides everything below it."""
    return is_active(topic) and all(is_active(one) for one in _ancestry(topic)[:-1] if one.parent_id is not None)


def _place(topic: HelpTopic) -> list[tuple[int, str]]:
    return [(one.sort, one.topic.casefold()) for one in _ancestry(topic)]
