"""Evidence to plain sentences, in English and Chinese: the reasons that need no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.types import Claim, Evidence, Language, Scene

# Clauses, so that a model can join them: no capital letter at the start, no full stop at the end.
_EN = {
    "wish": "it has what you asked for: {words}",
    "tag": "it matches your interest: {words}",
    "attribute": "it shares {shared} with {title}, which you {judged}{where}",
    "people": "{count} people who {did} {title} also {did} it{aside}",
    "popularity": "{count} people {did} it in {scene}",
    "one popularity": "1 person {did} it in {scene}",
    "liked": "liked",
    "chose": "chose",
    "rating": "gave {rating}",
    "like": "liked",
    "purchase": "bought",
    "finish": "finished",
    "comment": "commented on",
    "click": "clicked",
    "view": "viewed",
    "where": " in {scene}",
    "aside": " (you {judged}{where})",
    "from": " (from {scene})",
}
_ZH = {
    "wish": "它正是您想要的：{words}",
    "tag": "它符合您的兴趣：{words}",
    "attribute": "它与您{where}{judged}的《{title}》同有：{shared}",
    "people": "{did}《{title}》的人里有 {count} 位也{did}它{aside}",
    "popularity": "有 {count} 人在“{scene}”里{did}它",
    "one popularity": "有 1 人在“{scene}”里{did}它",
    "liked": "喜欢",
    "chose": "选择过",
    "rating": "打了 {rating} 分",
    "like": "喜欢",
    "purchase": "买过",
    "finish": "看完",
    "comment": "评论过",
    "click": "点开过",
    "view": "看过",
    "where": "在“{scene}”里",
    "aside": "（您{where}{judged}）",
    "from": "（来自“{scene}”）",
}
_FORMS: dict[Language, dict[str, str]] = {"en": _EN, "zh": _ZH}


def clause(evidence: Evidence, *, scenes: Mapping[str, Scene], lang: Language) -> str:
    """One piece of evidence as a clause that says no more than its facts."""
    forms, facts = _FORMS[lang], dict(evidence.facts)
    if "scene" in facts:
        scene = scenes.get(facts["scene"])
        facts["scene"] = scene.label(lang) if scene else facts["scene"]
    kind: str = evidence.kind
    facts["did"] = forms[facts.get("did", "liked")]
    if kind == "popularity":
        return forms["one popularity" if facts["count"] == "1" else kind].format(**facts)
    facts["judged"] = forms[facts.get("kind", "like")].format(**facts)
    facts["where"] = forms["where"].format(**facts) if "scene" in facts else ""
    aside = "aside" if "rating" in facts else "from" if "scene" in facts else None
    facts["aside"] = forms[aside].format(**facts) if aside else ""
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
