"""How many messages a second the rules read on one core, and what live conversations take in memory.

    python bench/conversations.py [--messages 200000] [--conversations 100000]

The messages are sentences that are put together from neutral words, every tenth of them an example of a rule,
a third misspelled, so that most words are new to the reader's memory. Processor time counts, not the clock.
Each row is named; the goals are 20,000 messages a second, and 100,000 conversations in less than 500 MB.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Callable

from safehold.detect.conversations.judge import judge
from safehold.detect.conversations.reading import read
from safehold.detect.conversations.rules import shipped
from safehold.detect.conversations.stages import Side, State, add, from_bytes, to_bytes
from safehold.model.conversation import Cue, Evidence, Years

GOAL_RATE, GOAL_MEGABYTES = 20_000, 500
NOW = 1_795_000_000
TALK = """
the a we they our walk lake river hill train boat garden tree bread map lamp table window music game
team match lesson teacher school book story film winter summer morning evening today tomorrow old
new long good cold warm small big blue green went goes found made took read wrote played started
wanted and but with from about into you how what where when why is are was not do have will can my
your his her send tell show buy home picture app
"""


def spelled(word: str, by: random.Random) -> str:
    """Return the word, a third of the time with a slip of the hand or in other letters."""
    if by.random() > 1 / 3 or len(word) < 4:
        return word
    at = by.randrange(1, len(word))
    ways = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] * 2 + word[at:],
        word.upper(),
        word + str(by.random())[2:5],
    )
    return by.choice(ways)


def messages(count: int) -> list[str]:
    """Return sentences of 4 to 20 words."""
    by, words_of_talk = random.Random(1), TALK.split()  # noqa: S311
    examples = [said for rule in shipped()["en"].language.rules for said in rule.examples]
    made = []
    for place in range(count):
        words = (
            by.choice(examples).split()
            if place % 10 == 0
            else by.choices(words_of_talk, k=by.randrange(4, 21))
        )
        made.append(" ".join(spelled(word, by) for word in words))
    return made


def rate(what: str, count: int, run: Callable[[], object], goal: int | None = None) -> None:
    """Say how many a second one core does."""
    started = time.process_time()
    run()
    found = count / (time.process_time() - started)
    verdict = "" if goal is None else f"  goal {goal:,}: {'met' if found >= goal else 'MISSED'}"
    sys.stdout.write(f"{what:58}{found:12,.0f} a second{verdict}\n")


def whole_way(texts: list[str]) -> None:
    """Read, gather and judge each message, the state taken from its bytes and put back."""
    matchers, stored = shipped(), to_bytes(State())
    sides = (Side("ann", Years(11, 13)), Side("bo", Years(30, 30)))
    for place, text in enumerate(texts):
        hits = read(text, "en", matchers).hits
        pieces = [Evidence(NOW + place, str(place), hit.cue, hit.rule, hit.start, hit.end) for hit in hits]
        state = add(from_bytes(stored), sides=sides, by=("ann", "bo")[place % 2], evidence=pieces)
        judge(state, at=NOW + place)
        stored = to_bytes(state)


def live(count: int) -> list[State]:
    """Return conversations of two with three to six pieces of evidence, with long ids."""
    by, cues = random.Random(2), tuple(Cue)  # noqa: S311
    made = []
    for place in range(count):
        ann, bo = f"account-{place:028}", f"account-{place + count:028}"
        state = State((Side(ann, Years(11, 13)), Side(bo, Years(30, 30))))
        for nth in range(by.randrange(3, 7)):
            piece = Evidence(
                NOW + nth, f"message-{place:020}-{nth:07}", by.choice(cues), "en.asks_pictures", 3, 30
            )
            state = add(state, sides=(), by=(ann, bo)[nth % 2], evidence=[piece])
        made.append(state)
    return made


def main() -> None:
    """Measure, and print each figure with its goal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--conversations", type=int, default=100_000)
    asked = parser.parse_args()
    texts, matchers = messages(asked.messages), shipped()
    rate(
        "rules, the language told",
        len(texts),
        lambda: [read(text, "en", matchers) for text in texts],
        GOAL_RATE,
    )
    rate(
        "rules of all languages, none told",
        len(texts),
        lambda: [read(text, None, matchers) for text in texts],
        GOAL_RATE,
    )
    few = texts[:20_000]
    rate("read, gathered and judged, state from and to bytes", len(few), lambda: whole_way(few))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    states = live(asked.conversations)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    size = sum(len(to_bytes(state)) for state in states) / len(states)
    verdict = "met" if grown < GOAL_MEGABYTES else "MISSED"
    sys.stdout.write(
        f"{len(states):,} live conversations: {grown:,.0f} MB  goal {GOAL_MEGABYTES}: {verdict}\n"
    )
    sys.stdout.write(f"as bytes, as they are stored: {size:,.0f} each\n")


if __name__ == "__main__":
    main()
