"""Every letter of the shipped playbooks, in each language, tone and wording."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from services.messenger.content import Addresses, Brand, Item, Matter, Rendered, render
from services.playbooks.load import load_playbooks
from services.playbooks.model import SEVERAL, Playbook

PLAYBOOKS = load_playbooks(Path(__file__).parents[2] / "deploy" / "playbooks")
TODAY = date(2026, 3, 5)
BRAND = Brand("Harbour Lane", "Harbour Lane Services, 12 Quay Street, Wellington 6011, New Zealand")
LINK = "https://mail.harbourlane.example/t/c/eyJtIjoiMDE4ZjZiMDAtN2M5ZS04YjFhLTk0ZDUifQ.x3Jq"


@dataclass(frozen=True)
class World:
    """What a reader's life holds, in their language."""

    name: str
    currency: str
    minor: int
    creditors: tuple[str, str, str]
    bill: str
    details: dict[str, Any]


WORLDS = {
    "en": World("Ana Berg", "EUR", 12_800, ("City Power", "Harbour Water", "Nordbank"),
                "electricity", {
        "plan": "Premium", "perks": ["4K films", "no advertisements", "two screens"],
        "recommended": ["Northern Light", "The Long Quay"], "step": "identity check",
        "product": "Home loan", "products": ["Home loan", "Savings"],
        "title": "Lower interest rate", "value": "0.4 points less", "price_minor": 1_290}),
    "zh": World("王芳", "CNY", 12_800, ("城市电力", "海港自来水", "北方银行"), "电费", {
        "plan": "高级会员", "perks": ["4K影片", "无广告", "双屏观看"],
        "recommended": ["北方之光", "长堤"], "step": "身份核验", "product": "住房贷款",
        "products": ["住房贷款", "储蓄"], "title": "利率下调", "value": "下调0.4个百分点",
        "price_minor": 2_500}),
    "ja": World("佐藤 花子", "JPY", 12_800, ("シティ電力", "港水道", "ノルド銀行"), "電気料金", {
        "plan": "プレミアム", "perks": ["4K映画", "広告なし", "2画面"],
        "recommended": ["北の光", "長い岸壁"], "step": "本人確認", "product": "住宅ローン",
        "products": ["住宅ローン", "積立"], "title": "金利の引き下げ",
        "value": "0.4ポイント引き下げ", "price_minor": 1_290}),
}  # fmt: skip


def letters() -> Iterator[tuple[str, Rendered]]:
    """Each letter with a name made of playbook, template, tone, wording and language."""
    for playbook in PLAYBOOKS.values():
        for locale, by_template in playbook.templates.items():
            for template, tones in by_template.items():
                for tone, wording in tones.items():
                    for variant in wording.named():
                        name = ".".join((playbook.name, template, tone, variant, locale))
                        yield (
                            name,
                            render(
                                playbook.templates,
                                template,
                                tone=tone,  # type: ignore[arg-type]  # as its key says
                                locale=locale,
                                matter=_matter(playbook, template, WORLDS[locale]),
                                brand=BRAND,
                                addresses=_addresses(playbook),
                                variant=variant,
                            ),
                        )


def _addresses(playbook: Playbook) -> Addresses:
    document = playbook.document
    return Addresses(
        links={name: f"{LINK}.{name}" for name in document.links},
        choices={one.name: f"{LINK}.{one.name}" for one in document.choices},
        unsubscribe="https://mail.harbourlane.example/u/x3Jq",
        preferences="https://mail.harbourlane.example/preferences/x3Jq",
        helped="https://mail.harbourlane.example/t/f/x3Jq",
        not_helped="https://mail.harbourlane.example/t/f/x3Jr",
        pixel="data:,",
    )


def _matter(playbook: Playbook, template: str, world: World) -> Matter:
    bill = playbook.document.about == "bill"
    product = world.bill if bill else world.details["product"]
    items: tuple[Item, ...] = ()
    total = world.minor
    if template == SEVERAL:
        links = _addresses(playbook).links
        items = tuple(
            Item(creditor, world.minor + 100 * rank, None, world.currency,
                 date(2026, 3, 9 + rank), product, world.details | {"autopay": rank == 1}, links)
            for rank, creditor in enumerate(world.creditors)
        )  # fmt: skip
        total = sum(item.amount_minor or 0 for item in items)
    return Matter(
        playbook.document.purpose,
        TODAY,
        world.name,
        None if items else world.creditors[0],
        total,
        total * 5,
        world.currency,
        date(2026, 3, 9),
        product,
        world.details | {"instalment": 2, "instalments": 3},
        items,
    )
