"""Evidence to plain sentences, in English and Chinese: the reasons that need no model.

Their words are in ``locale/phrases/explanations.toml``. A sentence names no fact that its
evidence does not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.domain import Claim, Evidence, Language, Scene
from recagent.explanations.evidence import FEW_PEOPLE
from recagent.locale import Phrases
from recagent.prompts import one_line

# Clauses can be joined: no capital letter at the start, no full stop at the end.
CLAUSES = Phrases[str]("explanations", "clauses")
# What a ranking weighs, without a direction: a low score with a weight below zero lifts too.
PARTS = Phrases[str]("explanations", "parts")
# Of constraints that nobody put in words.
OPERATORS = Phrases[str]("explanations", "operators")
# A title cannot end the quotation that it stands in and go on as a sentence.
_NO_QUOTES = str.maketrans({"“": "‘", "”": "’", "「": "‘", "」": "’", "《": "‹", "》": "›"})
MANY = 0.25  # share of the people of a liked item from which they are called many
FORBIDS = frozenset({"is not", "does not mention"})


def clause(evidence: Evidence, *, scenes: Mapping[str, Scene], lang: Language) -> str:
    """Returns one piece of evidence as a clause that says no more than its facts."""
    forms, facts = CLAUSES[lang], display_facts(evidence, scenes=scenes, lang=lang)
    facts["judged"] = forms[facts.get("kind", "like")].format(**facts)
    liked_in = scenes.get(evidence.facts.get("scene", ""))
    is_work = "work" in facts or (liked_in is not None and liked_in.works)
    facts["where"] = forms["where"].format(**facts) if "scene" in facts else ""
    aside = "aside" if "rating" in facts else "from" if "scene" in facts else None
    facts["aside"] = forms[aside].format(**facts) if aside else ""
    facts["apart"] = forms["apart"] if "apart" in facts else ""
    facts["by"] = forms["by model"] if "by" in facts else ""
    facts["value"] = forms["value"].format(**facts) if "value" in facts else ""
    if evidence.kind == "change":
        facts["outcome"] = forms[f"outcome {_outcome(facts)}"].format(**facts)
    form = forms[_clause_key(evidence)]
    if lang == "zh" and is_work:
        form = form.replace("“{title}”", "《{title}》")
    text = form.format(**facts)
    if facts.get("count") == "1":
        text = text.replace("1 people", "1 person", 1)
    return forms["of"].format(item=facts["item"], clause=text) if "item" in facts else text


def display_facts(
    evidence: Evidence, *, scenes: Mapping[str, Scene], lang: Language
) -> dict[str, str]:
    """Returns the facts of a piece as a sentence in ``lang`` shows them."""
    facts = {name: fact.translate(_NO_QUOTES) for name, fact in evidence.facts.items()}
    if lang == "zh":  # where lists have a comma of their own
        facts |= {
            name: facts[name].replace(", ", "、") for name in ("words", "shared") & facts.keys()
        }
        if "rating" in facts:  # people know of how many
            facts["rating"] = facts["rating"].partition("/")[0]
    if evidence.kind == "attribute":
        values = len(evidence.refs) - 1
        facts["attribute"] = _shared_name(facts["attribute"], values, lang)
        if values == 2:
            facts["shared"] = facts["shared"].replace(", ", " and ")
    if "scene" in facts:
        scene = scenes.get(facts["scene"])
        facts["scene"] = one_line(scene.label(lang) if scene else facts["scene"])
    if "part" in facts:
        facts["part"] = PARTS[lang].get(facts["part"], facts["part"])
    if "operator" in facts:
        facts["constraint"] = constraint_words(facts, lang)
    return facts


def constraint_words(facts: Mapping[str, str], lang: Language) -> str:
    """Returns a constraint as the person put it, else by attribute, operator and value."""
    words = OPERATORS[lang]
    name = facts["attribute"] or words[""]
    return facts.get("said") or f"{name} {words[facts['operator']]} {facts['wanted']}"


def sentence(text: str, *, lang: Language) -> str:
    """Returns a clause, or joined clauses, as a sentence."""
    return text[:1].upper() + text[1:] + ("。" if lang == "zh" else ".")


def claims(
    evidence: Sequence[Evidence], *, scenes: Mapping[str, Scene], lang: Language
) -> tuple[Claim, ...]:
    """Returns one sentence for each piece of evidence."""
    return tuple(
        Claim(
            text=sentence(clause(piece, scenes=scenes, lang=lang), lang=lang), evidence=(piece.id,)
        )
        for piece in evidence
    )


def _shared_name(attribute: str, values: int, lang: Language) -> str:
    """Returns an attribute's name for a sentence: "genre" of one value, "genres" of two."""
    name = attribute.replace("_", " ")
    if lang == "zh":  # where a Latin word stands apart
        return f" {name}" if name[:1].isascii() else name
    if values > 1 or not name.isascii() or name.casefold() in _SINGULAR:
        return name
    if name.endswith("ies"):
        return name[:-3] + "y"
    is_plural = name.endswith("s") and not name.endswith(("ss", "us", "is"))
    return name[:-1] if is_plural else name


_SINGULAR = frozenset({"series", "species", "movies", "news"})


def _clause_key(evidence: Evidence) -> str:
    """Returns the key of a piece's clause: its kind, in a few kinds with a word on the facts."""
    kind, facts = evidence.kind, evidence.facts
    match kind:
        case "popularity" if int(facts["count"]) < FEW_PEOPLE:
            return "popularity few"
        case "people" if int(facts["count"]) >= MANY * int(facts["base"]):
            return f"people many {facts['did']}"
        case "people" | "popularity":
            return f"{kind} {facts.get('did', 'liked')}"
        case "constraint" | "preference":
            return f"{kind} forbids" if facts["operator"] in FORBIDS else kind
        case "place" if "slate" in facts:
            return "place on" if int(facts["rank"]) <= int(facts["slate"]) else "place below"
        case "edition":
            return "edition met" if "met" in facts else "edition ranked"
        case "broken" if "scene" in facts:
            return "broken rule"
        case "seen":
            return kind if "kind" in facts else "seen before"
        case "change":
            return f"change {facts['what']}"
        case _:
            return kind


def _outcome(facts: Mapping[str, str]) -> str:
    if "before" not in facts:
        return "comes"
    return "moves" if "after" in facts else "leaves"
