"""Evidence to plain sentences, in English and Chinese: the reasons that need no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.prompts import one_line
from recagent.types import Claim, Evidence, Language, Scene

# Clauses, so that a model can join them: no capital letter at the start, no full stop at the end.
_EN = {
    "wish": "your wish mentions: {words}",
    "tag": "it matches your interest: {words}",
    "attribute": "it shares {shared} with “{title}”, which you {judged}{where}",
    "words": "its title shares {shared} with “{title}”, which you {judged}{where}",
    "people liked": "{count} people who liked “{title}” also liked it{aside}",
    "people had": "{count} people with “{title}” in their history also have it{aside}",
    "popularity liked": "{count} people liked it in {scene}",
    "popularity had": "it is in the history of {count} people in {scene}",
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
    "wish": "您的愿望里提到了：{words}",
    "tag": "它符合您的兴趣：{words}",
    "attribute": "它和您{where}{judged}的“{title}”都有：{shared}",
    "words": "它的标题和您{where}{judged}的“{title}”都有：{shared}",
    "people liked": "喜欢“{title}”的人里有 {count} 位也喜欢它{aside}",
    "people had": "历史记录里有“{title}”的人中有 {count} 位也有它{aside}",
    "popularity liked": "有 {count} 人在“{scene}”里喜欢它",
    "popularity had": "在“{scene}”里，有 {count} 人的历史记录里有它",
    "rating": "打了 {rating} 分",
    "like": "喜欢",
    "purchase": "买过",
    "finish": "看完或用完",
    "comment": "评论过",
    "click": "点开过",
    "view": "浏览过",
    "where": "在“{scene}”里",
    "aside": "（您{where}{judged}）",
    "from": "（来自“{scene}”）",
}
_FORMS: dict[Language, dict[str, str]] = {"en": _EN, "zh": _ZH}


def clause(evidence: Evidence, *, scenes: Mapping[str, Scene], lang: Language) -> str:
    """One piece of evidence as a clause that says no more than its facts."""
    forms, facts = _FORMS[lang], dict(evidence.facts)
    if lang == "zh":  # where lists have a comma of their own
        facts |= {
            name: facts[name].replace(", ", "、") for name in ("words", "shared") & facts.keys()
        }
    if "scene" in facts:
        scene = scenes.get(facts["scene"])
        facts["scene"] = one_line(scene.label(lang) if scene else facts["scene"])
    facts["judged"] = forms[facts.get("kind", "like")].format(**facts)
    facts["where"] = forms["where"].format(**facts) if "scene" in facts else ""
    aside = "aside" if "rating" in facts else "from" if "scene" in facts else None
    facts["aside"] = forms[aside].format(**facts) if aside else ""
    counted = evidence.kind in ("people", "popularity")
    form = f"{evidence.kind} {facts.get('did', 'liked')}" if counted else evidence.kind
    text = forms[form].format(**facts)
    return text.replace("1 people", "1 person", 1) if facts.get("count") == "1" else text


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
