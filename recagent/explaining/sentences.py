"""Evidence to plain sentences, in English and Chinese: the reasons that need no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.types import Claim, Evidence, Language, Scene

# Clauses, so that a model can join them: no capital letter at the start, no full stop at the end.
_EN = {
    "wish": "it has what you asked for: {words}",
    "tag": "it matches your interest: {words}",
    "attribute": "it shares {shared} with {title}, which you {judged}{where}",
    "people": "{count} people who liked {title} also liked it{aside}",
    "popularity": "{count} people liked it in {scene}",
    "one popularity": "1 person liked it in {scene}",
    "judged": "gave {rating}",
    "judged without": "liked",
    "where": " in {scene}",
    "aside": " (you {judged}{where})",
}
_ZH = {
    "wish": "它正是您想要的：{words}",
    "tag": "它符合您的兴趣：{words}",
    "attribute": "它与您{where}{judged}的《{title}》同有：{shared}",
    "people": "喜欢《{title}》的人里有 {count} 位也喜欢它{aside}",
    "popularity": "有 {count} 人在“{scene}”里喜欢它",
    "one popularity": "有 1 人在“{scene}”里喜欢它",
    "judged": "打了 {rating} 分",
    "judged without": "喜欢",
    "where": "在“{scene}”里",
    "aside": "（您{where}{judged}）",
}
_FORMS: dict[Language, dict[str, str]] = {"en": _EN, "zh": _ZH}


def clause(evidence: Evidence, *, scenes: Mapping[str, Scene], lang: Language) -> str:
    """One piece of evidence as a clause that says no more than its facts."""
    forms, facts = _FORMS[lang], dict(evidence.facts)
    if "scene" in facts:
        scene = scenes.get(facts["scene"])
        facts["scene"] = scene.label(lang) if scene else facts["scene"]
    kind: str = evidence.kind
    if kind == "popularity":
        return forms["one popularity" if facts["count"] == "1" else kind].format(**facts)
    facts["judged"] = forms["judged" if "rating" in facts else "judged without"].format(**facts)
    facts["where"] = forms["where"].format(**facts) if "scene" in facts else ""
    facts["aside"] = forms["aside"].format(**facts)
    return forms[kind].format(**facts)


def sentence(text: str, *, lang: Language) -> str:
    """A clause, or clauses that are joined, as a sentence."""
    return text[:1].upper() + text[1:] + ("。" if lang == "zh" else ".")


def claims(
    evidence: Sequence[Evidence], *, scenes: Mapping[str, Scene], lang: Language
) -> tuple[Claim, ...]:
    """One sentence for each piece of evidence."""
    return tuple(
        Claim(
            text=sentence(clause(piece, scenes=scenes, lang=lang), lang=lang), evidence=(piece.id,)
        )
        for piece in evidence
    )
