"""What the demo's bank, shop and video site sell, as their customers know it: all invented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["en", "zh", "ja"]

BANK: Final = "/harbour-lane/bank"
SHOP: Final = "/harbour-lane/shop"
VIDEO: Final = "/harbour-lane/watch"
"""CloudEvents sources of the three publishers."""


@dataclass(frozen=True, slots=True)
class Goods:
    """Names in one language. titles: what the video site recommends, by interest."""

    bank: str
    shop: str
    bank_products: tuple[str, ...]
    shop_products: tuple[str, ...]
    plans: tuple[str, ...]
    perks: tuple[str, ...]
    titles: Mapping[str, tuple[str, ...]]


GOODS: Final[Mapping[Language, Goods]] = {
    "en": Goods(
        bank="Harbour Lane Bank",
        shop="Harbour Lane Shop",
        bank_products=("Everyday card", "Home improvement loan", "Car loan"),
        shop_products=("Pay later", "Store card"),
        plans=("Premium", "Family", "Cinema"),
        perks=("No advertisements", "New films on Fridays", "Four screens at once"),
        titles={
            "nature": ("The Salt Marsh: a year in nature", "Nature by night"),
            "comedy": ("Comedy of small errors", "The Lighthouse Choir, a comedy"),
            "music": ("Music from the old pier", "Brass band, the music film"),
            "crime": ("Low Tide, a crime story", "The ferry: true crime"),
        },
    ),
    "zh": Goods(
        bank="港湾里银行",
        shop="港湾里商城",
        bank_products=("日常信用卡", "装修贷款", "汽车贷款"),
        shop_products=("先买后付", "商城会员卡"),
        plans=("尊享", "家庭", "影院"),
        perks=("无广告", "每周五新片", "四台设备同时观看"),
        titles={
            "自然": ("盐沼：自然的一年", "夜晚的自然"),
            "喜剧": ("小小误会（喜剧）", "灯塔合唱团：喜剧"),
            "音乐": ("旧码头的音乐", "铜管乐队：音乐电影"),
            "罪案": ("退潮：罪案故事", "渡轮罪案实录"),
        },
    ),
    "ja": Goods(
        bank="ハーバーレーン銀行",
        shop="ハーバーレーン商店",
        bank_products=("ふだん使いカード", "リフォームローン", "マイカーローン"),
        shop_products=("あと払い", "ストアカード"),
        plans=("プレミアム", "ファミリー", "シネマ"),
        perks=("広告なし", "毎週金曜の新作映画", "同時に4画面"),
        titles={
            "自然": ("塩の湿原：自然の一年", "夜の自然"),
            "コメディ": ("ちいさな勘違い：コメディ", "灯台合唱団のコメディ"),
            "音楽": ("古い桟橋の音楽", "ブラスバンド：音楽映画"),
            "ミステリー": ("引き潮ミステリー", "連絡船ミステリー"),
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Money:
    """A currency with the span of ordinary bills and the price of a month, in minor units."""

    code: str
    least_bill: int
    most_bill: int
    month: int
    below_floor: int
    """So little that nobody is written to about it."""


CURRENCIES: Final[Mapping[str, Money]] = {
    "US": Money("USD", 4_200, 86_000, 1_299, 240),
    "GB": Money("GBP", 3_100, 64_000, 999, 180),
    "CN": Money("CNY", 28_000, 560_000, 2_500, 1_500),
    "JP": Money("JPY", 4_800, 98_000, 1_180, 300),
    "SG": Money("SGD", 5_200, 98_000, 1_498, 300),
    "AU": Money("AUD", 5_800, 110_000, 1_699, 350),
}
