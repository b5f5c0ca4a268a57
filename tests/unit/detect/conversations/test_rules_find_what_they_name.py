"""The rules of every language: their examples are their tests, and altered spellings find the same."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.conversations.normal import WORD, plain, spans_of, words_of
from safehold.detect.conversations.reading import LONGEST_TEXT, read
from safehold.detect.conversations.rules import BadRules, Matcher, Rule, parse, shipped
from safehold.model.conversation import Cue

SHIPPED = shipped()
RULES = [(code, rule) for code, matcher in SHIPPED.items() for rule in matcher.language.rules]
EXAMPLES = [(code, rule, said) for code, rule in RULES for said in rule.examples]
TEXTS = st.text(max_size=300)


def cyrillic(said: str) -> str:
    """Put letters of another script that look the same."""
    return said.translate(str.maketrans("aeopcxysAEOPCX", "аеорсхуѕАЕОРСХ"))


def wide(said: str) -> str:
    """Put the wide letters of East Asian keyboards."""
    return "".join(chr(ord(each) + 0xFEE0) if each.isascii() and each.isalpha() else each for each in said)


def bold(said: str) -> str:
    """Put the letters of mathematics."""
    small = {chr(97 + at): chr(0x1D41A + at) for at in range(26)}
    return "".join(small.get(each, each) for each in said.lower())


def stretched(said: str) -> str:
    """Say the last letter of each longer word four times."""
    return " ".join(
        word + word[-1] * 3 if len(word) > 3 and word[-1].isalpha() else word for word in said.split()
    )


def invisible(said: str) -> str:
    """Put what has no width after the first letter of each word."""
    return " ".join(word[:1] + "\u200b" + word[1:] for word in said.split())


ALTERATIONS: dict[str, Callable[[str], str]] = {
    "shouted": str.upper,
    "titled": str.title,
    "look-alike letters": cyrillic,
    "wide letters": wide,
    "bold letters": bold,
    "letters said again": stretched,
    "with nothing between": invisible,
    "with pictures between": lambda said: " 🌲 ".join(said.split()),
    "far apart": lambda said: "   \n ".join(said.split()),
    "among other words": lambda said: f"hmm {said} hmm",
}


def found(code: str, said: str) -> set[str]:
    """Return the ids of the rules that a text meets."""
    return {hit.rule for hit in SHIPPED[code].find(said)}


def test_there_are_rules_of_four_languages_for_every_cue_that_a_message_can_show() -> None:
    """Each language can see the same."""
    behaviour = {
        Cue.PRESSURE,
        Cue.COERCION,
        Cue.FAN_OUT,
        Cue.SAME_SCRIPT,
        Cue.FAST_PRIVATE,
        Cue.AGE_GAP,
        Cue.NEW_ACCOUNT,
    }
    assert set(SHIPPED) == {"de", "en", "es", "fr"}
    for matcher in SHIPPED.values():
        assert {rule.cue for rule in matcher.language.rules} == set(Cue) - behaviour


@pytest.mark.parametrize(("code", "rule"), RULES, ids=lambda one: one if isinstance(one, str) else one.id)
def test_every_rule_finds_its_examples_and_leaves_its_counter_examples(code: str, rule: Rule) -> None:
    """The data proves itself; a rule without examples or counter-examples is refused here."""
    assert rule.examples
    assert rule.counter
    assert [said for said in rule.examples if rule.id not in found(code, said)] == []
    assert [said for said in rule.counter if rule.id in found(code, said)] == []


@pytest.mark.parametrize("way", sorted(ALTERATIONS))
def test_another_spelling_of_an_example_is_found_by_the_same_rule(way: str) -> None:
    """Casing, look-alike letters, styles, repetition, spacing and pictographs change nothing."""
    alter = ALTERATIONS[way]
    missed = [(rule.id, said) for code, rule, said in EXAMPLES if rule.id not in found(code, alter(said))]
    assert missed == []


def test_letters_set_apart_words_run_together_and_digits_for_letters_are_read() -> None:
    """The three ways that children and others know best."""
    for said in (
        "h o w  o l d  a r e  y o u ?",
        "howoldareyou",
        "H0w 0ld ar3 y0u",
        "h.o.w o.l.d a.r.e y.o.u",
    ):
        hits = SHIPPED["en"].find(said)
        assert [hit.rule for hit in hits] == ["en.asks_age"], said
        assert said[hits[0].start : hits[0].end] == said.rstrip(" ?")


def slips(word: str) -> Iterator[str]:
    """Yield the word with one letter missing, doubled, wrong or changed about; the first one stays."""
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at] + word[at:]
        yield word[:at] + "x" + word[at + 1 :]
        yield word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]


def test_ninety_nine_of_a_hundred_slips_of_the_hand_change_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In words of five letters or more; what is another word afterwards is not counted as a slip."""
    tried: dict[str, list[bool]] = defaultdict(list)
    for code, rule, said in EXAMPLES:
        language = SHIPPED[code].language
        meant = {word for each in language.rules for step in sum(each.patterns, ()) for word in step.words}
        for place in WORD.finditer(said):
            word = place.group()
            if len(plain(word)) < 5 or plain(word) not in meant:
                continue
            for slip in set(slips(word)) - {word}:
                if plain(slip) in meant | language.not_typos:
                    continue
                tried[code].append(rule.id in found(code, said[: place.start()] + slip + said[place.end() :]))
    with capsys.disabled():
        for code, kept in sorted(tried.items()):
            sys.stdout.write(f"\nslips, {code}: {sum(kept)} of {len(kept)} change nothing")
    assert all(sum(kept) >= 0.98 * len(kept) for kept in tried.values())
    assert sum(map(sum, tried.values())) >= 0.99 * sum(map(len, tried.values()))


@given(text=TEXTS)
def test_whatever_is_written_spans_lie_in_it_and_no_rule_is_met_twice(text: str) -> None:
    """Any text is read; what is found is a part of it."""
    for matcher in SHIPPED.values():
        hits = matcher.find(text)
        assert len({hit.rule for hit in hits}) == len(hits)
        assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)


@given(before=TEXTS, after=TEXTS, example=st.sampled_from(EXAMPLES))
def test_a_span_shows_the_same_whatever_stands_around_it(
    before: str, after: str, example: tuple[str, Rule, str]
) -> None:
    """Where the rule is met at all: what stands around may speak against it, or meet it earlier."""
    code, rule, said = example
    alone = next(hit for hit in SHIPPED[code].find(said) if hit.rule == rule.id)
    text = f"{before} ;;; {said} ;;; {after}"
    for hit in SHIPPED[code].find(text):
        assert hit.end <= len(text)
        if (
            hit.rule == rule.id
            and hit.start == len(before) + 5 + alone.start
            and hit.end <= len(text) - len(after)
        ):
            assert text[hit.start :].startswith(said[alone.start : alone.start + 1])


@given(parts=st.lists(st.one_of(TEXTS, st.sampled_from([said for _, _, said in EXAMPLES])), max_size=4))
def test_all_languages_at_once_say_the_same_as_each_by_itself(parts: list[str]) -> None:
    """Whatever is passed over because no language looks for it would have shown nothing."""
    text = " ".join(parts)[:LONGEST_TEXT]
    alone = [hit for matcher in SHIPPED.values() for hit in matcher.find(text)]
    assert list(read(text, None, SHIPPED).hits) == alone


@given(word=st.text(min_size=1, max_size=60))
def test_a_word_in_its_plain_form_stays_as_it_is(word: str) -> None:
    """Bringing to the form is done once."""
    assert plain(plain(word)) == plain(word)


@given(text=TEXTS)
def test_words_and_spans_belong_together(text: str) -> None:
    """Each span is where its word stands in the original."""
    assert [text[start:end] for start, end in spans_of(text)] == words_of(text)


def test_what_speaks_against_a_rule_in_the_same_message_is_heard() -> None:
    """A surprise party is no secret to worry about."""
    assert "en.secrecy" in found("en", "Don't tell mum about the cake")
    assert "en.secrecy" not in found("en", "Don't tell mum about the cake, it is a surprise")


def test_a_text_of_no_words_and_a_text_that_goes_on_say_so() -> None:
    """Nothing is clear silently."""
    assert read(None, "en", SHIPPED).limits == ("no_text",)
    assert read("", "en", SHIPPED).limits == ("no_text",)
    assert read("🌲🌊 !!", "en", SHIPPED).limits == ("no_words",)
    assert [hit.cue for hit in read("🤫", "en", SHIPPED).hits] == [Cue.SECRECY]
    long = read("a walk by the sea " * 60_000 + "how old are you", "en", SHIPPED)
    assert (long.limits, long.hits) == (("text_cut",), ())
    assert read("x" * LONGEST_TEXT, "en", SHIPPED).limits == ()


def test_a_language_without_rules_is_read_by_those_of_all_and_named() -> None:
    """`sv` has none; somebody who writes English in it is understood, and what is missing is told."""
    seen = read("how old are you", "sv-SE", SHIPPED)
    assert [hit.rule for hit in seen.hits] == ["en.asks_age"]
    assert seen.missing == ("no_rules:sv",)
    assert read("Wie alt bist du?", None, SHIPPED).missing == ()
    assert [hit.rule for hit in read("Wie alt bist du?", None, SHIPPED).hits] == ["de.asks_age"]
    assert [hit.rule for hit in read("How old are you?", "EN_gb", SHIPPED).hits] == ["en.asks_age"]


ONE = '[[rule]]\nid = "a"\ncue = "gift"\npatterns = ["{}"]'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (f'language = "en"\n{ONE}\n{ONE}', "stands once"),
        ('language = "en"', "stands once"),
        ('language = "en"\ntypo = 1', "Unknown"),
        ('language = "en"\n[[rule]]\nid = "a"\ncue = "acts"\npatterns = ["x"]', "a: "),
        ('language = "en"\n[[rule]]\nid = "a"\ncue = "gift"\npatterns = ["one-word"]', "not one word"),
        ('language = "en"\n[[rule]]\nid = "a"\ncue = "gift"\npatterns = ["one ..9 two"]', "gaps of at most"),
        ('language = "en"\n[[rule]]\nid = "a"\ncue = "gift"\npatterns = ["{nobody}"]', "nobody"),
        ('language = "en"\n[[rule]]\nid = "a"\ncue = "gift"\npatterns = ["x"]\nhold = true', "a: has an id"),
    ],
)
def test_a_file_of_rules_that_is_wrong_is_refused_by_name(source: str, said: str) -> None:
    """A rule has no word for anything that acts, either."""
    with pytest.raises(BadRules, match=said):
        parse(source.replace("{}", "x"))


def test_a_pattern_reads_gaps_alternatives_numbers_and_what_may_be_missing() -> None:
    """The small language of patterns, each part by itself."""
    pattern = "walk ..2 {sea} very? wide|deep #"
    rule = f'language = "xx"\n[words]\nsea = ["sea", "ocean"]\n{ONE.format(pattern)}'
    matcher = Matcher(parse(rule))
    met = ("walk sea wide 7", "walk by the ocean very deep 20", "walk the sea deep 1")
    unmet = (
        "walk by all the sea wide 7",
        "walk sea wide seven",
        "sea walk wide 7",
        "walk sea very very wide 7",
    )
    assert [said for said in met if not matcher.find(said)] == []
    assert [said for said in unmet if matcher.find(said)] == []
