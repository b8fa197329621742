"""Where a conversation stands in the catalogue: the scene, its items, their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from recagent.chat.conversation import SCENE, Conversation
from recagent.chat.descriptions import Descriptions
from recagent.chat.references import Reference, by_title
from recagent.chat.vocabulary import Vocabulary
from recagent.chat.wording import POPULARITY
from recagent.domain import Constraint, Item, Scene
from recagent.domain.chinese_scripts import simplified
from recagent.pipeline import Pipeline
from recagent.retrieval.query_matching import SceneText
from recagent.retrieval.title_words import TitleWords
from recagent.retrieval.titles import TitleIndex, split_year
from recagent.scenes.constraints import satisfies
from recagent.scenes.identification import indexed_scenes

ANYWHERE = frozenset({"", "id", "title", "text"})  # what every item can be asked for
_WORD = re.compile(r"[^\W_]+")

Items = Mapping[str, Item]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """What a turn is understood and answered from.

    Attributes:
        scene: where the talk is.
        scenes: all that are indexed, by name.
        items: of each scene, by id, without people who have not said that they may be shown.
        vocabulary: of the scene.
        vocabulary_of: of any scene, by name.
        texts: what the items of a scene say, by its name.
        titles: of a scene's items, by its name.
        title_words: the same for parts of titles.
        reference: what "the second" and titles point at.
        likes: how many people like an item, by id, of items that anybody likes.
    """

    scene: Scene
    scenes: Mapping[str, Scene]
    items: Mapping[str, Items]
    vocabulary: Vocabulary
    vocabulary_of: Callable[[str], Vocabulary]
    texts: Callable[[str], SceneText]
    titles: Callable[[str], TitleIndex]
    title_words: Callable[[str], TitleWords]
    reference: Reference
    likes: Mapping[str, int]

    @property
    def here(self) -> Items:
        """The items of the scene."""
        return self.items[self.scene.name]

    def item(self, item_id: str) -> Item | None:
        """An item of any scene."""
        return _finder(self.items, self.scene.name)(item_id)

    def titled(self, title: str) -> Item | None:
        """The item of a title, also of one that is not spelled quite alike; of this scene first.

        A title with a year is never one of another year.
        """
        for name in dict.fromkeys((self.scene.name, *self.items)):
            if found := self.titles(name).find(title):
                return self.items[name][found]
        if split_year(title)[1] is None:
            return self.reference.titled(title) or next(iter(self.reference.partly(title)), None)
        return None

    def tells(self, constraint: Constraint) -> bool:
        """Whether the scene's items tell what the constraint is on."""
        known = {*ANYWHERE, SCENE, POPULARITY, *self.vocabulary.attributes}
        return constraint.attribute in known

    def scene_named(self, words: str) -> str | None:
        """The one scene that words mean: by its name or label, or by the most words of these."""
        wanted = _plain(words).strip()
        forms = {
            name: {name, *map(_plain, (name.replace("_", " "), *scene.labels.values()))}
            for name, scene in self.scenes.items()
        }
        for name, own in forms.items():
            if wanted in own:
                return name
        said = {_singular(word) for word in _WORD.findall(wanted)}
        shared = {
            name: max(len(said & {_singular(word) for word in _WORD.findall(form)}) for form in own)
            + any(len(wanted) > 1 and wanted in form for form in own)
            for name, own in forms.items()
        }
        best = max(shared.values())
        fitting = [name for name, count in shared.items() if count == best and best > 0]
        return fitting[0] if len(fitting) == 1 else None


def _visible(items: Items, scene: Scene) -> Items:
    """The items of a scene without the people whom a rule on people hides."""
    rules = [rule for rule in scene.rules if isinstance(rule, Constraint) and rule.task == "person"]
    if not rules:
        return items
    return {
        key: item for key, item in items.items() if all(satisfies(item, rule) for rule in rules)
    }


def _plain(text: str) -> str:
    return simplified(text).casefold()


class Surroundings:
    """Makes situations; keeps what depends on the catalogue alone until that changes."""

    def __init__(self, line: Pipeline) -> None:
        self._line = line
        self._indexed: dict[str, Items] = {}
        self._items: dict[str, Items] = {}  # without people who are not to be told of
        self._vocabularies: dict[str, Vocabulary] = {}
        self._titles: dict[str, dict[str, Item]] = {}
        self._texts: dict[str, SceneText] = {}
        self._title_indexes: dict[str, TitleIndex] = {}
        self._descriptions: dict[str, Descriptions] = {}
        self._title_words: dict[str, TitleWords] = {}

    async def of(self, conversation: Conversation, *, line: Pipeline | None = None) -> Situation:
        """The situation of a conversation; ``line``: within the deadline of a turn.

        Raises:
            DataError: the conversation's scene is not indexed, or nothing is.
            RetrievalError: the index cannot be read.
        """
        index = self._line.parts.index
        names = await index.scenes()
        scenes = indexed_scenes(names, self._line.parts.scenes)
        indexed = {name: await index.items(name) for name in names}
        if self._indexed.keys() != indexed.keys() or any(
            self._indexed[name] is not own for name, own in indexed.items()
        ):
            self._indexed = indexed
            self._items = {name: _visible(own, scenes[name]) for name, own in indexed.items()}
            self._vocabularies.clear()
            self._titles.clear()
            self._texts.clear()
            self._title_indexes.clear()
            self._descriptions.clear()
            self._title_words.clear()
        items = self._items
        scene = await (line or self._line).scene(conversation.user_id, scene=conversation.scene)
        known = _finder(items, scene.name)
        return Situation(
            scene=scene,
            scenes=scenes,
            items=items,
            vocabulary=self._vocabulary(scene.name),
            vocabulary_of=self._vocabulary,
            texts=self._text,
            titles=self._title_index,
            title_words=self._words_of_titles,
            likes=(await self._line.parts.behaviour()).likes,
            reference=Reference(
                slate=tuple(filter(None, map(known, conversation.last_list))),
                focus=known(conversation.focus or ""),
                titles=self._titles_from(scene.name),
                earlier=tuple(filter(None, map(known, conversation.earlier_lists))),
                descriptions=self._descriptions_from(scene.name),
                values=self._vocabulary(scene.name).kinds,
            ),
        )

    def _vocabulary(self, scene: str) -> Vocabulary:
        if scene not in self._vocabularies:
            others = (own.values() for name, own in self._items.items() if name != scene)
            self._vocabularies[scene] = Vocabulary(
                self._items[scene].values(), elsewhere=chain.from_iterable(others)
            )
        return self._vocabularies[scene]

    def _text(self, scene: str) -> SceneText:
        if scene not in self._texts:
            self._texts[scene] = SceneText(self._items[scene])
        return self._texts[scene]

    def _title_index(self, scene: str) -> TitleIndex:
        if scene not in self._title_indexes:
            self._title_indexes[scene] = TitleIndex(self._items[scene])
        return self._title_indexes[scene]

    def _words_of_titles(self, scene: str) -> TitleWords:
        if scene not in self._title_words:
            self._title_words[scene] = TitleWords(self._items[scene])
        return self._title_words[scene]

    def _titles_from(self, scene: str) -> Mapping[str, Item]:
        if scene not in self._titles:
            self._titles[scene] = by_title(self._all_from(scene))
        return self._titles[scene]

    def _descriptions_from(self, scene: str) -> Descriptions:
        if scene not in self._descriptions:
            self._descriptions[scene] = Descriptions(self._all_from(scene))
        return self._descriptions[scene]

    def _all_from(self, scene: str) -> Iterator[Iterable[Item]]:
        """The items of all scenes, those of this one first."""
        names = [scene, *(name for name in self._items if name != scene)]
        return (self._items[name].values() for name in names)


def _finder(items: Mapping[str, Items], first: str) -> Callable[[str], Item | None]:
    """From an id to its item, that of the first scene where several have it."""

    def find(item_id: str) -> Item | None:
        held = (own for own in (items[first], *items.values()) if item_id in own)
        return next((own[item_id] for own in held), None)

    return find


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
