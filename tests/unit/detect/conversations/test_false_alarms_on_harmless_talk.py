"""What the rules say of talk that is known to be harmless, printed per language. No word of it is printed."""

from __future__ import annotations

import re
import sys
from collections import Counter
from importlib import resources

import pytest

from safehold.detect.conversations.judge import judge
from safehold.detect.conversations.rules import shipped
from safehold.detect.conversations.stages import Side, State, add
from safehold.model.conversation import Cue, Evidence, Years

LANGUAGES = {"en": "english", "de": "german", "es": "spanish", "fr": "french"}
FACTUAL = {"ai", "IA", "computers", "conversations", "dinero", "food", "greetings", "history"}
FACTUAL |= {"literature", "money", "movies", "science", "sports", "trivia"}
"""Of the corpus only what is about things; the rest of it is nobody's to vouch for."""
NOTHING_ALONE = {Cue.REFUSES, Cue.INSISTS, Cue.DEMAND, Cue.DEADLINE, Cue.GUARDIAN}
ROW = re.compile(r"^\s*-\s*(?:-\s*)?(.+)$", re.MULTILINE)
NOW = 1_795_000_000


def talks(code: str) -> list[list[str]]:
    """Return each part of the corpus in one language as one conversation, line by line."""
    folder = resources.files("chatterbot_corpus").joinpath("data", LANGUAGES[code])
    files = [each for each in folder.iterdir() if each.name.removesuffix(".yml") in FACTUAL]
    return [[row.strip("\"' ") for row in ROW.findall(each.read_text("utf-8"))] for each in files]


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_harmless_talk_meets_hardly_a_rule_and_asks_nobody(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five lines in a thousand at most; and no part of it, read as a grown-up's talk with a child, asks."""
    matcher, cues, asked, lines = shipped()[code], Counter[str](), 0, 0
    conversations = talks(code)
    for talk in conversations:
        state = State()
        for place, line in enumerate(talk):
            hits = matcher.find(line)
            cues.update(hit.cue.value for hit in hits if hit.cue not in NOTHING_ALONE)
            by = ("bo", "ann")[place % 2]
            sides = (Side("ann", Years(11, 13)), Side("bo", Years(30, 30)))
            pieces = [
                Evidence(NOW + place, str(place), hit.cue, hit.rule, hit.start, hit.end) for hit in hits
            ]
            state = add(state, sides=sides, by=by, evidence=pieces)
        lines += len(talk)
        asked += judge(state, at=NOW + len(talk)).band.asks
    with capsys.disabled():
        said = ", ".join(f"{cue} {times}" for cue, times in sorted(cues.items())) or "nothing"
        sys.stdout.write(f"\n{code}: {lines} lines, cues: {said}; {asked} of {len(conversations)} talks ask")
    assert lines > 100
    assert sum(cues.values()) <= max(2, lines * 0.005)
    assert asked == 0
