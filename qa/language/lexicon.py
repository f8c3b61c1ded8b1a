"""Word lists and patterns of Chinese and English, read from `data/*.toml`; nothing in them is about one document.

An array of strings is a pattern for aligned text (`index.text.align`): its alternatives, in which `${name}` stands for
another array. A string is a list of words. What each is for stands in a comment above it.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

LISTS: dict[str, Any] = {}
"""Every list by its name."""
for _file in sorted((Path(__file__).parent / "data").glob("*.toml")):
    LISTS |= tomllib.loads(_file.read_text("utf-8"))


def pattern(name: str) -> str:
    """Return the regular expression of a list of alternatives, those that it refers to filled in."""
    return re.sub(r"\$\{(\w+)\}", lambda reference: pattern(reference[1]), "|".join(LISTS[name]))


def words(text: str) -> frozenset[str]:
    """Return the words of a string."""
    return frozenset(text.split())


MEASURES = pattern("measures")
SET_NUMERALS = pattern("set_numerals")
ORGANISATION_ENDS = pattern("organisation_ends")
INSTRUCTS = pattern("instructs")
ASKS_NUMBER = pattern("asks_number")
ASKS_ORGANISATION = pattern("asks_organisation")
ASKS_DATE = pattern("asks_date")
ASKS_QUANTITY = pattern("asks_quantity")
ASKS_LIST = pattern("asks_list")
ASKS_NAME = pattern("asks_name")
ASKS_CONTACT = pattern("asks_contact")
NAMES_FIGURE = pattern("names_figure")
ASKS_SYNTHESIS = pattern("asks_synthesis")
ASKS_SUMMARY = pattern("asks_summary")
INTERROGATIVES = pattern("interrogatives")
INTERROGATIVE_CORE = pattern("interrogative_core")
BEHIND_CORE = pattern("behind_core")
ASKS_YES_NO = pattern("asks_yes_no")
ASKS_ENGLISH = pattern("asks_english")
OPENS_QUESTION = pattern("opens_question")
DEPENDENT_CLAUSE = pattern("dependent_clause")
LINKS = pattern("links")
EACH = pattern("each")
GREETING = pattern("greeting")
NOTED = pattern("noted")
THANKS = pattern("thanks")
PERSONAL = pattern("personal")
CLOSING = pattern("closing")
CIRCUMSTANCE = pattern("circumstance")
REQUEST = pattern("request")
FILLERS = pattern("fillers")
FOLLOW_UP_LEAD = pattern("follow_up_lead")
ASKS_AGAIN = pattern("asks_again")
PRONOUNS = pattern("pronouns")
YEARS = pattern("years")
RELATIONAL = pattern("relational")
DOCUMENT_PARTS = pattern("document_parts")

ASKING_PHRASES: str = LISTS["asking_phrases"]
GENERAL_NOUNS: str = LISTS["general_nouns"]
LEADS_IN: str = LISTS["leads_in"]
MODALS: str = LISTS["modals"]
SYNTHESIS_WORDS: str = LISTS["synthesis_words"]
OPPOSITES: list[tuple[str, str]] = [(one, other) for one, other in LISTS["opposites"]]
"""Pairs of patterns: who says one where the text says the other says the contrary."""
DIVISIONS, NO_PLACES = words(LISTS["divisions"]), words(LISTS["no_places"])
LIGHT_WORDS = words(" ".join(LISTS["light_groups"].values()))
"""Words that ask rather than say: they need not be found in the text."""
ENGLISH_ASKS: dict[str, list[str]] = LISTS["english_asks"]
"""Interrogatives: the Chinese for each before the noun that is asked for, and alone, at the end."""
ENGLISH_DEGREES: dict[str, str] = LISTS["english_degrees"]
ENGLISH_AUXILIARIES, ENGLISH_PREPOSITIONS, ENGLISH_LIGHT = (
    words(LISTS["english_groups"][name]) for name in ("auxiliaries", "prepositions", "light")
)
