"""``recagent scenes``: what the settings declare of each scene, its rules in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from recagent import domain
from recagent.cli import output
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Json, Lang
from recagent.locale import Phrases
from recagent.prompts import one_line

WORDS = Phrases[str]("cli", "scenes")


def scenes(
    lang: Lang = None, config: Config = None, demo: Demo = False, json: Json = False
) -> None:
    """Print what the settings declare for each scene.

    These are its tasks, its rules and the scenes that it learns from.
    """
    settings = load_settings(config, demo, lang)
    declared, words = settings.declared_scenes().values(), WORDS[settings.lang]
    if json:
        output.print_json([asdict(scene) for scene in declared])
        return
    if not declared:
        output.console().print(words["none"], markup=False)
        return
    table = Table(*(words[name] for name in ("scene", "tasks", "rules")), show_lines=True)
    for scene in declared:
        name = Text.assemble(one_line(scene.label(settings.lang)), ("\n" + scene.name, "dim"))
        if scene.description:
            name.append("\n" + one_line(scene.description, 200), "dim")
        tasks = [f"{scene.quotas[task]} {task}" if scene.quotas else task for task in scene.tasks]
        rules = [rule_text(rule, settings.lang) for rule in scene.rules]
        lines = "\n".join(one_line(line, 200) for line in (*rules, *_other_lines(scene, words)))
        table.add_row(name, Text("\n".join(tasks) or words["any"]), Text(lines))
    output.console().print(table)


def rule_text(rule: domain.Rule, lang: domain.Language) -> str:
    """Returns a rule in words: those of the settings, if they have any."""
    words = WORDS[lang]
    match rule:
        case domain.Constraint():
            operator = words.get(rule.operator, rule.operator)
            parts = (rule.attribute or words["all"], operator, _value(rule.value, words))
            text = rule.words or " ".join(parts)
        case domain.PersonRule():
            operator = words.get(rule.operator, rule.operator)
            text = words["own"].format(
                attribute=rule.attribute, operator=operator, person=rule.person
            )
        case domain.AgeRule():
            return words["age"].format(age=rule.age, person=rule.person)
        case domain.DistanceRule():
            text = words["near"].format(km=rule.within_km)
        case domain.FreshRule():
            text = words["fresh"].format(attribute=rule.attribute, days=rule.fresh_days)
        case domain.PathRule():
            return words["path"].format(needs=rule.prerequisites)
        case domain.SeriesRule():
            order = rule.order or words["title"]
            return words["series"].format(limit=rule.limit, group=rule.group, order=order)
        case domain.ModelRule():
            return words["by model"].format(attributes=", ".join(rule.attributes))
        case domain.RepeatRule():
            return words["repeat"].format(days=rule.repeat_days)
    return words["task"].format(rule=text, task=rule.task) if rule.task else text


def _other_lines(scene: domain.Scene, words: Mapping[str, str]) -> list[str]:
    """Returns a line for each other thing that is declared."""
    lines = [
        words["prompt"].format(purpose=purpose, name=name)
        for purpose, name in scene.prompts.items()
    ]
    if scene.language:
        lines.append(words["language"].format(language=scene.language))
    if not scene.editions:
        lines.append(words["every edition"])
    if scene.learns_from is not None:
        names = ", ".join(scene.learns_from) or words["itself"]
        lines.append(words["learns"].format(names=names))
    if scene.review == "human":
        lines.append(words["review"])
    return lines


def _value(value: domain.Value, words: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    return " / ".join(value) if isinstance(value, tuple) else str(value)
