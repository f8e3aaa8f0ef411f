"""Pages for people: the headers of every answer that shows one."""

from pathlib import Path

from services.runtime import pages


def test_a_page_may_do_only_what_is_allowed_and_leaves_nothing_behind() -> None:
    told = pages.headers("connect-src 'self'")
    policy = told.pop("Content-Security-Policy")
    assert policy == (
        "default-src 'none'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert told == {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }


def test_a_style_is_allowed_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("")
    # SHA-256 of nothing, in base64.
    name = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert f"style-src '{name}'" in pages.pages(tmp_path).headers["Content-Security-Policy"]
