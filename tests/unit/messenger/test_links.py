"""Tokens: what was signed comes back, for its purpose only, until it expires."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messenger.links import FOR_EVER, LinkKind, Links, Token
from services.runtime.security import InvalidToken, Signer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINKS = Links(Signer("a" * 40), "https://m.example", "https://n.example", timedelta(days=180))


def token_of(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2].removesuffix(".gif")


MAKERS = {
    LinkKind.CLICK: lambda m, now: LINKS.click(m, "pay", now),
    LinkKind.OPEN: LINKS.pixel,
    LinkKind.UNSUBSCRIBE: LINKS.unsubscribe,
    LinkKind.PREFERENCES: LINKS.preferences,
    LinkKind.FEEDBACK: lambda m, now: LINKS.feedback(m, "no", now),
    LinkKind.CHOICE: lambda message, now: LINKS.choice(message, "later", now),
    LinkKind.HONEYPOT: LINKS.honeypot,
    LinkKind.PORTAL: LINKS.portal,
}


@given(st.sampled_from(LinkKind), st.sampled_from(LinkKind), st.uuids())
def test_a_token_is_good_for_its_own_purpose_only(
    made: LinkKind, read: LinkKind, identity: object
) -> None:
    token = token_of(MAKERS[made](str(identity), NOW))
    if made is read:
        said = {LinkKind.CLICK: "pay", LinkKind.FEEDBACK: "no", LinkKind.CHOICE: "later"}
        expected = Token(str(identity), said.get(made))
        assert LINKS.read(read, token, NOW) == expected
    else:
        with pytest.raises(InvalidToken):
            LINKS.read(read, token, NOW)


@given(st.data())
def test_no_altered_token_is_good(data: st.DataObject) -> None:
    token = token_of(LINKS.click("m-1", "pay", NOW))
    index = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("abcXYZ019-_.").filter(lambda one: one != token[index]))
    altered = token[:index] + letter + token[index + 1 :]
    # The last letter of base64 holds bits that mean nothing: another one may say the same.
    try:
        assert LINKS.read(LinkKind.CLICK, altered, NOW) == Token("m-1", "pay")
        assert index in (len(token) - 1, token.rindex(".") - 1)
    except InvalidToken:
        pass


@given(st.text(max_size=200))
def test_no_invented_token_is_good(text: str) -> None:
    with pytest.raises(InvalidToken):
        LINKS.read(LinkKind.OPEN, text, NOW)


def test_another_key_signs_in_vain() -> None:
    other = Links(Signer("b" * 40), "https://m.example", "https://n.example", timedelta(days=180))
    with pytest.raises(InvalidToken):
        LINKS.read(LinkKind.CLICK, token_of(other.click("m-1", "pay", NOW)), NOW)


def test_links_expire_and_opt_outs_last() -> None:
    click = token_of(LINKS.click("m-1", "pay", NOW))
    stop = token_of(LINKS.unsubscribe("m-1", NOW))
    late = NOW + timedelta(days=181)
    with pytest.raises(InvalidToken) as expired:
        LINKS.read(LinkKind.CLICK, click, late)
    assert expired.value.expired
    assert LINKS.read(LinkKind.UNSUBSCRIBE, stop, NOW + FOR_EVER - timedelta(days=1))


def test_the_portal_link_leads_to_the_negotiator() -> None:
    assert LINKS.portal("m-1", NOW).startswith("https://n.example/p/")
