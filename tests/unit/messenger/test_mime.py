"""Encoded words and quoted-printable, as any mail program reads them."""

import quopri
from email.header import decode_header, make_header

from hypothesis import given
from hypothesis import strategies as st

from services.messenger.mime import base64_lines, closed, encoded_words, quoted

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)
LINE = 76


@given(TEXT.filter(bool))
def test_a_header_is_read_as_it_was_written(text: str) -> None:
    words = encoded_words("Subject", text)
    assert str(make_header(decode_header(words.replace("\r\n", "")))) == text
    assert all(len(line) <= LINE for line in f"Subject: {words}".split("\r\n"))
    for word in words.split("\r\n "):
        # Each on its own: a character is never cut in two.
        str(make_header(decode_header(word)))


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_pieces_make_one_text(pieces: list[str]) -> None:
    coded = closed(b"".join(map(quoted, pieces)))
    whole = "".join(
        piece.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n") for piece in pieces
    )
    assert quopri.decodestring(coded.replace(b"=\r\n", b"")) == f"{whole}\r\n".encode()
    lines = coded.split(b"\r\n")
    assert all(len(line) <= LINE for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)


def test_a_full_last_line_is_broken_before_it_goes_on() -> None:
    for length in range(70, 82):
        for text in ("x" * length, "x" * (length - 1) + "é", "=" * length):
            coded = quoted(text)
            assert max(map(len, coded.split(b"\r\n"))) <= LINE
            assert quopri.decodestring(coded + quoted("y")) == f"{text}y".encode()


def test_base64_comes_in_lines() -> None:
    assert [len(line) for line in base64_lines(b"x" * 100).split(b"\r\n")] == [76, 60, 0]
