"""Packs in force while their folder changes: a faulty folder is refused as a whole."""

import os
import shutil
from pathlib import Path

import pytest

from services.policy.packs import PolicyFaults
from services.policy.standing import PacksInForce

SHIPPED = Path(__file__).parents[3] / "deploy" / "policies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "policies")
    return tmp_path / "policies"


def change(file: Path, old: str, new: str) -> None:
    """Edit a pack; its time moves on, however coarse the file system's clock is."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    before = file.stat().st_mtime_ns
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


def versions(packs: PacksInForce) -> dict[str, int]:
    return {pack.name: pack.version for pack in packs}


def test_a_new_version_comes_into_force(folder: Path) -> None:
    packs = PacksInForce(folder)
    before = versions(packs)
    assert not packs.look_again()
    change(folder / "in.yaml", "version: 3", "version: 4")
    change(folder / "in.yaml", 'until: "19:00"', 'until: "18:00"')
    assert packs.look_again()
    assert versions(packs) == {**before, "in": 4}
    assert not packs.look_again()


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("in.yaml", 'from: "08:00"', 'from: "20:00"', "in.yaml:10: .*earlier than 'until'"),
        ("au.yaml", "country: AU", "country: QQ", "au.yaml:.*no public holidays are listed"),
        ("us.yaml", "purposes: [collection]", "purposes: []", "us.yaml:.*an empty list"),
        ("cn.yaml", "window_hours: 24", "window_hours: 48", "cn.yaml:.*window_hours: 24"),
        ("jp.yaml", "- rule: hours.money-lending", "- rool: x", "jp.yaml:.*"),
        ("uk.yaml", "patterns: ['", "patterns: ['(", "uk.yaml:.*no regular expression"),
        ("us-dc.yaml", "in_force: {from: unknown}", "in_force: {}", "us-dc.yaml:17: .*say since"),
        ("in.yaml", 'until: "19:00"', 'until: "18:00"', "in.yaml:1: .*raise its version"),
    ],
)
def test_one_faulty_file_is_refused_and_all_in_force_stay(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    packs = PacksInForce(folder)
    before = tuple(packs)
    change(folder / "jp.yaml", "version: 3", "version: 4")
    change(folder / file, old, new)
    with pytest.raises(PolicyFaults, match=told):
        packs.look_again()
    assert tuple(packs) == before
    assert not packs.look_again()  # told once
    change(folder / file, new, old)
    assert packs.look_again()
    assert versions(packs)["jp"] == 4


def test_a_pack_that_vanishes_stays_until_a_start(folder: Path) -> None:
    packs = PacksInForce(folder)
    before = tuple(packs)
    change(folder / "jp.yaml", "version: 3", "version: 4")
    (folder / "us.yaml").unlink()
    with pytest.raises(PolicyFaults, match=r"us\.yaml:1: us is in force and gone: .*restart"):
        packs.look_again()
    assert tuple(packs) == before
    assert not packs.look_again()  # told once
    assert "us" not in versions(PacksInForce(folder))
    shutil.copy(SHIPPED / "us.yaml", folder)
    assert packs.look_again()
    assert versions(packs)["jp"] == 4


def test_a_service_that_only_follows_keeps_what_it_has(folder: Path) -> None:
    packs = PacksInForce(folder)
    (folder / "default.yaml").unlink()
    packs.follow()
    assert "default" in versions(packs)


def test_from_the_start_a_faulty_folder_is_no_folder(folder: Path) -> None:
    change(folder / "us-dc.yaml", "name: us-dc", "name: us-ma")
    with pytest.raises(PolicyFaults, match=r"us-ma\.yaml:1: pack 'us-ma' exists already"):
        PacksInForce(folder)
