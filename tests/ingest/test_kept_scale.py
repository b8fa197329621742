"""What indexing found ratings to be out of is what every later command reads them by."""

from datetime import UTC, datetime

import pytest
from examples import use_embedder, wait
from test_survey import shop

from recagent import bootstrap
from recagent.config.data_sections import RatingSettings
from recagent.config.service_sections import ModelSettings
from recagent.domain import Event, RatingScale
from recagent.errors import DataError
from recagent.ingest.loading import load_catalogue
from recagent.pipeline.feedback import checked_event
from recagent.profiles.building import build_profile, is_liked
from recagent.testing import HashEmbedder
from recagent.training.stored_data import load_stored_data

FIVE = RatingScale(low=1, high=5)
STARS = "user_id,item_id,timestamp,rating\nann,b1,5,5\nann,b2,6,2\nbob,f1,7,4\nbob,b1,8,1\n"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    use_embedder(monkeypatch, lambda _: HashEmbedder())
    found = shop(tmp_path, STARS, data_dir=tmp_path / "data", model=ModelSettings(kind="none"))
    wait(load_catalogue(found, on_progress=lambda *_: None))
    return found.model_copy(update={"catalog": type(found.catalog)()})  # as a later command has it


def opened(settings, use):
    """What ``use`` finds in the settings' parts, which are closed again."""

    async def main():
        parts = bootstrap.parts(settings)
        try:
            return await use(parts)
        finally:
            await parts.store.close()
            await parts.index.close()

    return wait(main())


def test_profiles_learning_and_new_events_have_the_scale_of_the_index(settings):
    async def use(parts):
        ann = await build_profile(
            "ann", store=parts.store, index=parts.index, embedder=None, scale=parts.scale,
            half_life=bootstrap.options(settings).half_life,
        )  # fmt: skip
        told = Event(user_id="ann", item_id="f1", scene="", kind="rating", value=5.0,
                     at=datetime(2024, 5, 1, tzinfo=UTC))  # fmt: skip
        added = await checked_event(told, index=parts.index, scale=parts.scale)
        return parts.scale, [*ann.liked], (await load_stored_data(parts)).scale, added

    scale, liked, learned, added = opened(settings, use)
    assert (scale, learned) == (FIVE, FIVE)
    assert liked == ["b1"]
    assert is_liked(added, scale)


def test_a_rating_off_the_kept_scale_is_refused(settings):
    async def use(parts):
        told = Event(user_id="ann", item_id="f1", scene="", kind="rating", value=8.0,
                     at=datetime(2024, 5, 1, tzinfo=UTC))  # fmt: skip
        await checked_event(told, index=parts.index, scale=parts.scale)

    with pytest.raises(DataError, match=r"the value must be between 1 and 5 \(got 8\.0\)"):
        opened(settings, use)


def test_what_is_declared_wins_over_what_was_kept(settings):
    async def use(parts):
        return parts.scale

    declared = settings.model_copy(update={"ratings": RatingSettings(low=0, high=10)})
    assert opened(declared, use) == RatingScale(low=0, high=10)


def test_a_new_event_that_says_that_it_was_not_rated_is_a_view(settings):
    async def use(parts):
        told = Event(user_id="ann", item_id="f1", scene="", kind="rating", value=0.0,
                     at=datetime(2024, 5, 1, tzinfo=UTC))  # fmt: skip
        scale = RatingScale(low=1, high=5, unrated=(0,))
        return await checked_event(told, index=parts.index, scale=scale)

    event = opened(settings, use)
    assert (event.kind, event.value) == ("view", None)
