"""Evidence to plain sentences, in English and Chinese: the reasons that need no model.

Their words are in ``locale/phrases/explanations.toml``. A sentence names no fact that its
evidence does not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recagent.domain import Claim, Evidence, Language, Scene
from recagent.explanations.ties import FEW_PEOPLE
from recagent.locale import Phrases
from recagent.prompts import one_line

# Clauses can be joined: no capital letter at the start, no full stop at the end.
CLAUSES = Phrases[str]("explanations", "clauses")
# As the released prompts show evidence to a model: pinned with them, and not what people read.
_IN_PROMPTS = Phrases[str]("explanations", "in_prompts")
_TITLES = ("title", "other", "without", "item")  # places of titles
# Those of what is in question, and not of what the person liked, which may be of another scene.
_OWN_TITLES = {"change": ("title", "other", "item")}
# What a ranking weighs, without a direction: a low score with a weight below zero lifts too.
PARTS = Phrases[str]("explanations", "parts")
# Of constraints that nobody put in words.
OPERATORS = Phrases[str]("explanations", "operators")
# A title cannot end the quotation that it stands in and go on as a sentence.
_NO_QUOTES = str.maketrans({"“": "‘", "”": "’", "「": "‘", "」": "’", "《": "‹", "》": "›"})
MANY = 0.25  # share of the people of a liked item from which they are called many
HALF = 50  # percent of an advantage from which a part is most of it
FORBIDS = frozenset({"is not", "does not mention"})


def clause(
    evidence: Evidence,
    *,
    scenes: Mapping[str, Scene],
    lang: Language,
    works: bool = False,
    in_prompt: bool = False,
) -> str:
    """Returns one piece of evidence as a clause that says no more than its facts.

    Args:
        evidence: the piece.
        scenes: for their labels, and whether titles in them are those of works.
        lang: of the clause.
        works: whether titles of no other scene are those of works, which Chinese writes in 《》.
        in_prompt: as released prompts show it to a model.
    """
    forms, facts = CLAUSES[lang], display_facts(evidence, scenes=scenes, lang=lang)
    if in_prompt:
        forms = {**forms, **_IN_PROMPTS[lang]}
    elif lang == "zh" and evidence.kind == "attribute":
        facts |= _set_apart(facts)
    facts["judged"] = forms[facts.get("kind", "like")].format(**facts)
    liked_in = scenes.get(evidence.facts.get("scene", ""))
    works = works or "work" in facts
    is_liked_work = liked_in.works if liked_in is not None else works
    facts["where"] = forms["where"].format(**facts) if "scene" in facts else ""
    aside = "aside" if "rating" in facts else "from" if "scene" in facts else None
    facts["aside"] = forms[aside].format(**facts) if aside else ""
    facts["apart"] = forms["apart"] if "apart" in facts else ""
    facts["by"] = forms["by model"] if "by" in facts else ""
    facts["value"] = forms["value"].format(**facts) if "value" in facts else ""
    if lang == "zh":
        own = _OWN_TITLES.get(evidence.kind, ("item",))
        are_works = {name: works if name in own else is_liked_work for name in _TITLES}
        forms = {key: _with_titles(form, are_works) for key, form in forms.items()}
    if evidence.kind == "change":
        facts["outcome"] = forms[f"outcome {_outcome(facts)}"].format(**facts)
    text = forms[_clause_key(evidence)].format(**facts)
    if facts.get("count") == "1":
        text = text.replace("1 people", "1 person", 1)
    return forms["of"].format(item=facts["item"], clause=text) if "item" in facts else text


def _with_titles(form: str, are_works: Mapping[str, bool]) -> str:
    """A Chinese form with the marks of its titles: 《》 for works, “” for goods."""
    for place in (name for name, is_work in are_works.items() if is_work):
        form = form.replace(f"“{{{place}}}”", f"《{{{place}}}》")
    return form


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
    return f"{text}。" if lang == "zh" else f"{text[:1].upper()}{text[1:]}."


def claims(
    evidence: Sequence[Evidence],
    *,
    scenes: Mapping[str, Scene],
    lang: Language,
    works: bool = False,
) -> tuple[Claim, ...]:
    """Returns one sentence for each piece of evidence; ``works`` as for a clause."""
    texts = [clause(piece, scenes=scenes, lang=lang, works=works) for piece in evidence]
    return tuple(
        Claim(text=sentence(text, lang=lang), evidence=(piece.id,))
        for text, piece in zip(texts, evidence, strict=True)
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


def _set_apart(facts: Mapping[str, str]) -> dict[str, str]:
    """Returns the attribute and its values with spaces where Latin words meet Chinese ones."""
    name, shared = facts["attribute"].strip(), facts["shared"]
    return {
        "attribute": f"{name} " if name[-1:].isascii() else name,
        "shared": f" {shared}" if shared[:1].isascii() else shared,
    }


# Attributes whose values say by themselves what an item is.
_KINDS = frozenset({"genre", "topic", "theme", "subject", "mood", "style", "category"})


def _clause_key(evidence: Evidence) -> str:
    """Returns the key of a piece's clause: its kind, in a few kinds with a word on the facts."""
    kind, facts = evidence.kind, evidence.facts
    match kind:
        case "attribute":
            name = _shared_name(facts["attribute"], 1, "en")
            return "attribute kind" if name.casefold() in _KINDS else kind
        case "people" | "popularity":
            return _people_key(kind, facts)
        case "constraint" | "preference":
            return f"{kind} forbids" if facts["operator"] in FORBIDS else kind
        case "share" | "lead":
            return f"{kind} {facts.get('after') or _extent(facts)}"
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


def _people_key(kind: str, facts: Mapping[str, str]) -> str:
    if kind == "popularity" and int(facts["count"]) < FEW_PEOPLE:
        return "popularity few"
    did = facts.get("did", "liked")
    are_many = kind == "people" and int(facts["count"]) >= MANY * int(facts["base"])
    return f"people many {did}" if are_many else f"{kind} {did}"


def _extent(facts: Mapping[str, str]) -> str:
    return "most" if int(facts["share"].rstrip("%")) >= HALF else "part"


def _outcome(facts: Mapping[str, str]) -> str:
    if "before" not in facts:
        return "comes"
    return "moves" if "after" in facts else "leaves"
