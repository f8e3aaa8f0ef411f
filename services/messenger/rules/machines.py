"""Tells programs that fetch links and pictures from people who open and click. Pure."""

import re

# Faster than a person can see a mail that has only just been handed over.
TOO_FAST_SECONDS = 2.0
_PROGRAMS = re.compile(
    r"googleimageproxy|yahoomailproxy|outlook-?safelink|safelinks|barracuda|mimecast|proofpoint"
    r"|urldefense|symantec|forcepoint|trendmicro|sophos|cloudmark|ironport|fireeye|zscaler"
    r"|slackbot|telegrambot|whatsapp|facebookexternalhit|linkpreview|headlesschrome"
    r"|bot\b|crawl|spider|scanner|preview|prefetch|curl/|wget/",
    re.IGNORECASE,
)


BURST_SECONDS = 2.0
"""Within which a person follows one link of a mail, and a scanner several."""


HONEYPOT = "honeypot"
"""Name of a letter's link that no reader sees or hears: whoever follows it is a program."""

SCAN_SECONDS = 30.0
"""Before and after the honeypot is followed, every click on the same letter is the scanner's."""


def is_machine(
    user_agent: str,
    seconds_since_sent: float,
    *,
    in_burst: bool = False,
    in_scan: bool = False,
) -> bool:
    """Whether a program did it: it says so itself, or no person is that fast.

    in_burst: another link of the same mail was followed within BURST_SECONDS before. in_scan: its
    honeypot was, within SCAN_SECONDS.

    A mail privacy proxy that hides behind a plain `Mozilla/5.0` counts as a program (Apple Mail
    Privacy Protection does, and fetches every picture).
    """
    return (
        in_burst
        or in_scan
        or seconds_since_sent < TOO_FAST_SECONDS
        or user_agent.strip() == "Mozilla/5.0"
        or bool(_PROGRAMS.search(user_agent))
    )
