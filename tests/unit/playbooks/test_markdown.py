"""The little Markdown of letters."""

import pytest

from services.playbooks.markdown import (
    Bullets,
    Button,
    Paragraph,
    Span,
    UnsupportedMarkdown,
    fold,
    parse,
    spans_to_html,
    to_text,
)


def test_paragraphs_lists_emphasis_and_links() -> None:
    blocks = parse("a **b** *c* [d](https://x.example/)\n\n- e\n- **f** g\n")
    assert blocks == (
        Paragraph(
            (
                Span("a "),
                Span("b", strong=True),
                Span(" "),
                Span("c", em=True),
                Span(" "),
                Span("d", href="https://x.example/"),
            )
        ),
        Bullets(((Span("e"),), (Span("f", strong=True), Span(" g")))),
    )


def test_the_first_button_is_the_main_one() -> None:
    blocks = parse("[a\\, b](https://x.example/1)\n\n[c](https://x.example/2)\n")
    assert blocks == (
        Button("a, b", "https://x.example/1", main=True),
        Button("c", "https://x.example/2", main=False),
    )


@pytest.mark.parametrize("source", ["1. one", "![i](https://x.example/i.gif)", "<b>x</b>", "> q"])
def test_nothing_else_becomes_markup(source: str) -> None:
    try:
        blocks = parse(source)
    except UnsupportedMarkdown:
        return
    assert all(isinstance(block, Paragraph) for block in blocks)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_a_dangerous_address_is_no_link(address: str) -> None:
    assert not any(isinstance(block, Button) for block in parse(f"[a]({address})"))


def test_inline_html_is_escaped() -> None:
    assert spans_to_html([Span("<&>", href="https://x.example/?a=1&b=2")], "color:red") == (
        '<a href="https://x.example/?a=1&amp;b=2" style="color:red">&lt;&amp;&gt;</a>'
    )


def test_text_is_folded_but_never_an_address_nor_chinese() -> None:
    address = "https://x.example/" + "a" * 100
    text = to_text(parse(f"{'word ' * 40}\n\n[go]({address})\n\n- {'item ' * 30}\n"))
    long_lines = [line for line in text.splitlines() if len(line) > 72]
    assert long_lines == [address]
    assert fold("很长的一句话。" * 30) == "很长的一句话。" * 30
