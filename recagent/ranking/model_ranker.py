"""The language model's part in the ranking: scores, in a mode that the engine can do.

Joining its scores with retrieval is ``blend``; nothing here reads stores or indexes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from recagent import prompts
from recagent.domain import Candidate, Item, Language, Mode, RatingScale, Scene
from recagent.errors import ConfigError, ModelError
from recagent.llm.cached_model import CachedModel, ResponseCache
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.locale import LocalizedText
from recagent.ports import ChatModel, LanguageScores, Message, Query
from recagent.prompts import Prompt
from recagent.prompts.kinds import Output
from recagent.ranking.notes import engine_notes
from recagent.ranking.preference import Preferences
from recagent.ranking.prompt_budget import fit_to_budget
from recagent.ranking.prompt_inputs import OUT_OF_TEN, prompt_inputs, reason_inputs
from recagent.ranking.scoring.groups import score_by_pairs, score_by_sets
from recagent.ranking.scoring.label import score_by_label
from recagent.ranking.scoring.likelihood import score_by_likelihood
from recagent.ranking.scoring.listwise import best_messages, score_by_best, score_by_order
from recagent.ranking.scoring.pointwise import score_by_grade
from recagent.ranking.scoring.reasons import reasons_messages, score_with_reasons
from recagent.ranking.scoring.scores import PoolScores, Scorer

HISTORY = 8  # newest liked items that a short prompt tells
PROMPT_TOKENS = 4000  # that a prompt in full may have
FULL_PROMPT = "best"  # of capable models: it tells all that is known, within a budget
# The same where a person reads the list; it is worth what FULL_PROMPT was found to be worth.
REASONS_PROMPT = "best_with_reasons"
_PREFERRED: tuple[Mode, ...] = ("likelihood", "label", "listwise")
_NO_SCENES: Mapping[str, Scene] = MappingProxyType({})

_SCORERS: Mapping[Output, Scorer] = {
    "likelihood": score_by_likelihood,
    "label": score_by_label,
    "order": score_by_order,
    "best": score_by_best,
    "best_with_reasons": score_with_reasons,
    "grade": score_by_grade,
    "pair": score_by_pairs,
    "set": score_by_sets,
}
# Prompts in full: how their messages are made of inputs and items.
_IN_FULL: Mapping[Output, Callable[..., list[Message]]] = {
    "best": best_messages,
    "best_with_reasons": reasons_messages,
}
# What an engine must be able to do for a mode.
_NEEDS: Mapping[Mode, Mode] = {
    "likelihood": "likelihood",
    "label": "label",
    "listwise": "listwise",
    "pointwise": "label",
    "pairwise": "label",
    "setwise": "label",
}


class ModelRanker:
    """A ``Ranker`` that asks a language model, in the language and with the prompts of the scene.

    A scene that declares none gets those that the ranker was made with.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        mode: Literal["auto"] | Mode = "auto",
        prompt: Prompt | None = None,
        lang: Language = "en",
        attempts: int = 3,
        window: RetryWindow | None = None,
        replies: ResponseCache | None = None,
        history: int = HISTORY,
        scenes: Mapping[str, Scene] = _NO_SCENES,
        preferences: Preferences | None = None,
        prompt_tokens: int = 0,
        scale: RatingScale = OUT_OF_TEN,
    ) -> None:
        """Asks in a mode with its newest prompt, or with a prompt and in that one's mode.

        Args:
            model: that is asked.
            mode: ``auto`` is listwise in full where ``prompt_tokens`` allow for it and the model
                can order a list, else the first of likelihood, label, listwise that it can do.
            prompt: in place of mode and ``lang``.
            lang: of the mode's prompt, where the scene does not say another.
            attempts: retry budget of one request, transport and repair together.
            window: the retry budget that all who ask the model share; its own without one.
            replies: where replies are kept; without it none are.
            history: newest liked items that a list in a prompt holds at most.
            scenes: for the labels of other scenes, where a prompt tells of them.
            preferences: texts that it asked for; those in ``Components`` are forgotten with people.
            prompt_tokens: that a prompt in full may have; 0 for the short prompts of small models.
            scale: of ratings.

        Raises:
            PromptError: ``prompt`` is not for ranking.
        """
        self._model = model
        self._mode: Literal["auto"] | Mode = mode if prompt is None else prompt.mode
        self._prompt = prompt
        self._lang: Language = lang
        self._attempts = attempts
        self._window = window or RetryWindow()
        self._history = history
        self._scenes = scenes
        self._replies = replies
        self._preferences = preferences or Preferences()
        self._prompt_tokens = prompt_tokens
        self._scale = scale

    async def start(self) -> None:
        await self._choose(self._mode, self._prompt)

    async def __call__(self, query: Query, *, candidates: Sequence[Candidate]) -> LanguageScores:
        budget = RetryBudget(self._attempts, window=self._window)
        model = CachedModel(self._model, self._replies) if self._replies else self._model
        mode, prompt, scored = await self._answered(
            model, query, candidates=candidates, budget=budget
        )
        if not all(math.isfinite(score) for score in scored.scores):
            raise ModelError(
                "model {model!r} gave scores that are not finite numbers", model=self._model.name
            )
        hits, is_in_full = 0, prompt.front.output in ("best", "best_with_reasons")
        if isinstance(model, CachedModel):
            await model.keep()
            hits = model.hits
        return LanguageScores(
            scores=scored.scores,
            model=self._model.name,
            mode=mode,
            prompt=prompt.id,
            measured_as=_measured_as(prompt),
            reasons={candidates[row].item.id: claim for row, claim in scored.reasons.items()},
            sentence=scored.sentence,
            usage=scored.usage,
            calls=scored.calls + budget.failed,
            kept=scored.kept + hits,
            repairs=scored.repairs,
            invalid=budget.failed,
            notes=(
                *scored.notes,
                *([LocalizedText("cached replies: {count}", count=hits)] if hits else []),
                # In full an order is asked for whatever else the engine can do.
                *(() if is_in_full else engine_notes(self._model.capabilities, mode=mode)),
            ),
        )

    async def _answered(
        self,
        model: ChatModel,
        query: Query,
        *,
        candidates: Sequence[Candidate],
        budget: RetryBudget,
    ) -> tuple[Mode, Prompt, PoolScores]:
        """Mode, prompt and scores; where the engine turns out not to do a mode, by the next one.

        That it gave log probabilities when it was tried does not mean that it always will.
        """
        mode, prompt = await self._prompt_for(query)
        try:
            scored = await self._scored(model, prompt, query, candidates=candidates, budget=budget)
        except ModelError:
            chosen = self._mode != "auto" or "rerank" in query.scene.prompts
            if chosen or mode in self._model.capabilities.modes:
                raise
            mode, prompt = await self._prompt_for(query)
            scored = await self._scored(model, prompt, query, candidates=candidates, budget=budget)
        return mode, prompt, scored

    async def _scored(
        self,
        model: ChatModel,
        prompt: Prompt,
        query: Query,
        *,
        candidates: Sequence[Candidate],
        budget: RetryBudget,
    ) -> PoolScores:
        """The scorer's answer, with what the preference text took where the prompt tells one."""
        items = [candidate.item for candidate in candidates]
        inputs = self._inputs(prompt, query, candidates)
        if "preference" not in prompt.front.inputs:
            return await self._scored_within_budget(model, prompt, items, inputs, budget=budget)
        prompt_name = query.scene.prompts.get("preference", "extract")
        extract = _scene_prompt("preference", prompt_name, lang=prompt.front.language)
        preference = await self._preferences(
            model, extract, inputs=self._inputs(extract, query, candidates), budget=budget
        )
        inputs["preference"] = preference.text
        scored = await self._scored_within_budget(model, prompt, items, inputs, budget=budget)
        return replace(
            scored,
            usage=preference.usage + scored.usage,
            calls=preference.calls + scored.calls,
            kept=int(preference.is_kept) + scored.kept,
            repairs=preference.repairs + scored.repairs,
            notes=(
                *scored.notes,
                LocalizedText("preference written by {prompt}", prompt=extract.id),
            ),
        )

    async def _scored_within_budget(
        self,
        model: ChatModel,
        prompt: Prompt,
        items: Sequence[Item],
        inputs: dict[str, object],
        *,
        budget: RetryBudget,
    ) -> PoolScores:
        """Returns the scorer's answer; a prompt in full leaves out what it has no room for."""
        score = _SCORERS[prompt.front.output]
        messages_of = _IN_FULL.get(prompt.front.output)
        if messages_of is None:
            return await score(model, prompt, items=items, inputs=inputs, budget=budget)
        fitted = fit_to_budget(
            inputs,
            items,
            render=lambda inputs, items: messages_of(prompt, inputs, items),
            tokens=self._prompt_tokens or PROMPT_TOKENS,
        )
        scored = await score(model, prompt, items=fitted.items, inputs=fitted.inputs, budget=budget)
        return replace(scored, notes=(*scored.notes, *fitted.left_out))

    def _inputs(
        self, prompt: Prompt, query: Query, candidates: Sequence[Candidate]
    ) -> dict[str, object]:
        told = prompt_inputs(
            prompt.front.inputs,
            query,
            candidates=candidates,
            lang=prompt.front.language,
            history=self._history,
            scenes=self._scenes,
            scale=self._scale,
        )
        if prompt.front.output == "best_with_reasons":
            told |= reason_inputs(query, scenes=self._scenes, lang=prompt.front.language)
        return told

    async def _prompt_for(self, query: Query) -> tuple[Mode, Prompt]:
        """The mode and the prompt: those that were given, or the scene's, or the mode's newest."""
        scene = query.scene
        lang, prompt = scene.language or self._lang, self._prompt
        if prompt is None and "rerank" in scene.prompts:
            prompt = _scene_prompt("rerank", scene.prompts["rerank"], lang=lang)
        mode = await self._choose(prompt.mode if prompt else self._mode, prompt)
        if prompt is not None:
            return mode, prompt
        if not self._prompt_tokens or mode != "listwise":
            return mode, prompts.load("rerank", mode, lang=lang)
        name = REASONS_PROMPT if query.reasons else FULL_PROMPT
        return mode, prompts.load("rerank", name, lang=lang)

    async def _choose(self, wanted: Literal["auto"] | Mode, prompt: Prompt | None) -> Mode:
        modes = await self._model.start()
        if not modes:
            raise ModelError("model {model!r} supports no scoring mode", model=self._model.name)
        if wanted == "auto":
            preferred = ("listwise", *_PREFERRED) if self._prompt_tokens else _PREFERRED
            return next(mode for mode in preferred if mode in modes)
        if _NEEDS[wanted] not in modes:
            can = ", ".join(sorted(mode for mode, need in _NEEDS.items() if need in modes))
            if prompt is not None:
                raise ConfigError(
                    "prompt {prompt!r} scores by {mode!r}, but model {model!r} can only score by "
                    "{modes}; choose a prompt for one of these, or another model",
                    prompt=prompt.id,
                    mode=wanted,
                    model=self._model.name,
                    modes=can,
                )
            raise ConfigError(
                "model {model!r} cannot score by {mode!r}, only by {modes}; set its mode to one "
                "of these or to 'auto', in [model] or [[model.then]]",
                model=self._model.name,
                mode=wanted,
                modes=can,
            )
        return wanted


def _scene_prompt(purpose: str, name: str, *, lang: Language) -> Prompt:
    """The prompt that a scene names: one of the library, or a file whose path is absolute."""
    reference = name if name.endswith(".j2") else f"{purpose}/{name}"
    return prompts.find(reference, lang=lang, base=Path())


def _measured_as(prompt: Prompt) -> str:
    """The id of the prompt that is measured in place of this one; empty for any other."""
    if prompt.front.name != REASONS_PROMPT:
        return ""
    return prompts.load("rerank", FULL_PROMPT, lang=prompt.front.language).id
