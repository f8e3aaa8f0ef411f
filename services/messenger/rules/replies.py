"""What a person's answer asks for, by rules that can be read in `phrases/`. Pure.

All languages are tried on every answer. What only looks like a wish (`don't stop`) is taken out
first. Whoever asks for silence is heard before anything else that they say.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.messenger.rules.own_words import own_words


class Intent(StrEnum):
    """What an answer asks for. In the order in which they are heard."""

    CEASE_CONTACT = "cease_contact"
    """Never to be contacted again, by any way."""
    STOP = "stop"
    """No more of these messages, by this way."""
    WRONG_PERSON = "wrong_person"
    BEREAVED = "bereaved"
    PAID_ALREADY = "paid_already"
    DISPUTE = "dispute"
    CANNOT_PAY = "cannot_pay"
    ANGRY = "angry"
    HELP = "help"
    """How to get help: the word alone, as texts are answered."""
    QUESTION = "question"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Wish:
    """How one intent is said in a language; see phrases/en.yaml."""

    alone: re.Pattern[str] | None
    whole: frozenset[str]
    anywhere: re.Pattern[str] | None
    looks_like: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """One language."""

    language: str
    courtesy: frozenset[str]
    spaced: bool
    looks_like: re.Pattern[str] | None
    not_with: re.Pattern[str] | None
    wishes: Mapping[Intent, Wish]


@dataclass(frozen=True, slots=True)
class Understood:
    """What was heard. intent: comes first. also: what else, in the order of `Intent`."""

    intent: Intent
    also: tuple[Intent, ...] = ()

    @property
    def all(self) -> tuple[Intent, ...]:
        """Everything that was heard."""
        return (self.intent, *self.also)


_TAKEN_OUT = "\x00"
_CJK = "\u3000-\u30ff\u3400-\u9fff\uff00-\uffef"
_GAP = re.compile(rf"(?<=[{_CJK}]) (?=[{_CJK}])")
_ENDS = ".!?。！？\n\r…;；"


def understand(
    text: str, phrasebooks: Sequence[Phrasebook], stop_words: Collection[str] = ()
) -> Understood:
    """What the answer asks for. stop_words: the opt-outs that policies name, each by itself."""
    own = own_words(text)
    sentences = _sentences(own)
    if not sentences:
        return Understood(Intent.OTHER)
    said = "\n".join(sentences)
    books = [one for one in phrasebooks if not (one.not_with and one.not_with.search(said))]
    heard = {intent for book in books for intent in _wishes(book, sentences, said)}
    if _opts_out(sentences, books, stop_words):
        heard.add(Intent.STOP)
    if not heard and ("?" in own or "？" in own):
        heard.add(Intent.QUESTION)
    ordered = [intent for intent in Intent if intent in heard] or [Intent.OTHER]
    return Understood(ordered[0], tuple(ordered[1:]))


def normal(text: str) -> str:
    """Text as patterns see it: one case, one width, no marks; sentences one a line."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    kept = "".join(_plain(character) for character in folded)
    lines = (" ".join(line.split()) for line in kept.split("\n"))
    return "\n".join(_GAP.sub("", line) for line in lines if line)


def _plain(character: str) -> str:
    if character in _ENDS:
        return "\n"
    kind = unicodedata.category(character)
    if kind == "Cf":
        return ""
    return " " if kind[0] in "PSZC" and character not in "-'*" else character


def _sentences(own: str) -> list[str]:
    return [line for line in normal(own).split("\n") if line]


def _wishes(book: Phrasebook, sentences: Sequence[str], said: str) -> Iterator[Intent]:
    said = _without(book.looks_like, said)
    meant = [bare for line in sentences if (bare := _bare(line, book))]
    for intent, wish in book.wishes.items():
        anywhere = wish.anywhere and wish.anywhere.search(_without(wish.looks_like, said))
        alone = meant and wish.alone and wish.alone.fullmatch(meant[0])
        if anywhere or alone or (len(meant) == 1 and meant[0] in wish.whole):
            yield intent


def _without(looks_like: re.Pattern[str] | None, said: str) -> str:
    return looks_like.sub(_TAKEN_OUT, said) if looks_like else said


def _bare(sentence: str, book: Phrasebook) -> str:
    """The sentence without greetings and thanks at either end."""
    if book.spaced:
        words = sentence.split(" ")
        while words and words[0] in book.courtesy:
            words.pop(0)
        while words and words[-1] in book.courtesy:
            words.pop()
        return " ".join(words)
    bare, before = sentence.strip(), ""
    while bare != before:
        before = bare
        for phrase in book.courtesy:
            bare = bare.removeprefix(phrase).removesuffix(phrase).strip()
    return bare


def _opts_out(
    sentences: Sequence[str], books: Sequence[Phrasebook], stop_words: Collection[str]
) -> bool:
    wanted = {normal(word) for word in stop_words} - {""}
    return bool(wanted) and any(
        line in wanted or any(_bare(line, book) in wanted for book in books) for line in sentences
    )
