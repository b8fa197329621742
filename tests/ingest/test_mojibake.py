"""UTF-8 that was encoded twice is read as it was meant; what only looks like it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.ingest.text_cleaning import encoded_once, is_garbled

TWICE = {
    "PokÃ©mon": "Pokémon",
    "AmÃ©lie": "Amélie",
    "Ã„rger im BÃ¼ro": "Ärger im Büro",
    "NiÃ±o": "Niño",
    "Å’uvres": "Œuvres",
    "â€œHiâ€\x9d": "\u201cHi\u201d",
    "It\u00e2\u20ac\u2122s": "It\u2019s",
    "12 â‚¬": "12 €",
    "ä½\xa0å¥½": "你好",
    "ä½ å¥½": "你好",
    "ä¸‰ä½“": "三体",
    "å…\xadäººè¡Œ": "六人行",
    "é‡‘åˆšç‹¼": "金刚狼",
    "é¬¼ç\x81\xadã\x81®åˆƒ": "鬼灭の刃",
    "ã\x81\x82ã\x81„ã\x81†": "あいう",
    "ì•ˆë…•": "안녕",
    "Ã\xa0 la carte": "à la carte",
    "Ã la carte": "à la carte",
    "ÐœÐ¾Ñ\x81ÐºÐ²Ð°": "Москва",
    "Fun ðŸ˜€": "Fun 😀",
    "Ã©": "é",
}
PLAIN = [
    "", "plain", "Amélie", "三体", "naïve façade", "CAFÉ™", "“CAFÉ”", "CAFÉ’S", "Spaß”", "„Spaß“",
    "L’ÎLE", "à la carte", "ÅÄÖ", "NÃO", "São Paulo", "Ærø – Øst", "été…", "né—”", "café”…",
    "Ünïcödé", "Москва", "© 2024 Müller", "Ñandú", "PÂTÉ", "Ã", "Â", "±5 °C", "日本語 é",
    "élève", "¿Qué?", "\u00a0x",
]  # fmt: skip


@pytest.mark.parametrize("text", TWICE)
def test_what_was_encoded_twice_is_read_as_it_was_meant(text):
    assert encoded_once(text) == TWICE[text]


@pytest.mark.parametrize("text", PLAIN)
def test_what_was_encoded_once_stays(text):
    assert encoded_once(text) == text
    assert not is_garbled(text)


@pytest.mark.parametrize("text", ["ÐœÐ¾ÑÐºÐ²Ð°", "é¬¼ç­ã®åˆƒ 三", "PokÃ©mon, PikachÃº – 三体"])
def test_what_has_lost_a_byte_or_is_half_mended_is_known_as_garbled(text):
    assert encoded_once(text) == text
    assert is_garbled(text)


@given(st.text(st.sampled_from("aéñüà 你好三体鬼滅の刃€“”’—😀안Москва.,!1")))
def test_any_such_text_encoded_twice_comes_back(text):
    text = f"é{text}"  # alone, a Cyrillic letter that was encoded twice is no proof
    twice = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())
    assert encoded_once(twice) == text
