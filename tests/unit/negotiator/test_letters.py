"""A letter's text part on a page: lines that fit, links by their names, nothing run together."""

from services.negotiator.pages.letters import Piece, paragraphs

LETTER = """Hello Ana,

A payment of €120.00 to Nordbank was due on Friday, 27 February and\r
hasn't arrived. If it is on its way already, thank you, and please leave\r
this message be.

See my choices:
https://m.example/t/c/a.b-c

- one
- two

Kind regards,
Harbour Lane

--
Did this help?
Yes:
https://m.example/t/f/yes
No:
https://m.example/t/f/no
"""


def test_a_letter_reads_as_it_was_meant() -> None:
    greeting, body, choices, points, closing, helped = paragraphs(LETTER)
    assert greeting == [[Piece("Hello Ana,")]]
    [[said]] = body
    assert "27 February and hasn't arrived. If" in said.text
    assert "please leave this message be." in said.text
    assert choices == [[Piece("See my choices", "https://m.example/t/c/a.b-c")]]
    assert points == [[Piece("- one")], [Piece("- two")]]
    assert closing == [[Piece("Kind regards,")], [Piece("Harbour Lane")]]
    assert helped == [
        [Piece("Did this help?")],
        [Piece("Yes", "https://m.example/t/f/yes")],
        [Piece("No", "https://m.example/t/f/no")],
    ]


def test_chinese_and_japanese_lines_stay_apart() -> None:
    long = "这是一行很长的中文" * 8
    assert paragraphs(f"{long}\n{long}\n查看：\nhttps://m.example/x") == [
        [[Piece(long)], [Piece(long)], [Piece("查看", "https://m.example/x")]]
    ]


def test_links_within_words_end_where_the_sentence_does() -> None:
    text = "Nordbank: see https://m.example/u/x. Bad ones, javascript:alert(1), stay words."
    assert paragraphs(text) == [
        [
            [
                Piece("Nordbank: see "),
                Piece("m.example", "https://m.example/u/x"),
                Piece(". Bad ones, javascript:alert(1), stay words."),
            ]
        ]
    ]
    assert paragraphs("\n\n--\n") == []
    assert paragraphs("https://m.example/x") == [[[Piece("m.example", "https://m.example/x")]]]
