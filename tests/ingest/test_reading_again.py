"""Files that are indexed again after their config was mended: what an earlier reading gave goes."""

import io
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from examples import make_event, use_embedder, wait
from test_survey import shop

from recagent import bootstrap
from recagent.cli import catalogue_report
from recagent.config.data_sections import FileSettings
from recagent.config.service_sections import ModelSettings
from recagent.ingest.loading import load_catalogue
from recagent.testing import HashEmbedder

EVENTS = "user_id,item_id,timestamp,grade\nann,b1,1700000005,5\nbob,b1,1700000008,1\n"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    use_embedder(monkeypatch, lambda _: HashEmbedder())
    return shop(tmp_path, EVENTS, data_dir=tmp_path / "data", model=ModelSettings(kind="none"))


def load(settings, **options):
    return wait(load_catalogue(settings, on_progress=lambda *_: None, **options))


def kept(settings):
    """User, kind and value of every stored event."""

    async def main():
        store = bootstrap.event_store(settings)
        try:
            found = [event async for batch in store.all_events() for event in batch]
            return sorted((event.user_id, event.kind, event.value) for event in found)
        finally:
            await store.close()

    return wait(main())


def record(settings, *events):
    async def main():
        store = bootstrap.event_store(settings)
        try:
            await store.add_events(events)
        finally:
            await store.close()

    wait(main())


def with_map(settings, **columns):
    (file,) = settings.catalog.events
    mended = FileSettings(path=file.path, columns=columns)
    catalog = settings.catalog.model_copy(update={"events": (mended,)})
    return settings.model_copy(update={"catalog": catalog})


VIEWS = [("ann", "view", None), ("bob", "view", None)]
RATINGS = [("ann", "rating", 5.0), ("bob", "rating", 1.0)]


def test_views_that_are_ratings_after_the_config_was_mended_count_once(settings):
    load(settings)
    assert kept(settings) == VIEWS
    again = load(with_map(settings, value="grade"))
    assert kept(settings) == RATINGS
    assert (again.events, again.replaced, again.earlier) == (2, 2, 0)


def test_a_value_from_another_column_takes_the_place_of_the_one_before(settings):
    settings.catalog.events[0].path.write_text(
        "user_id,item_id,timestamp,food,grade\nann,b1,1700000005,2,5\nbob,b1,1700000008,5,1\n"
    )
    load(with_map(settings, value="food"))
    again = load(with_map(settings, value="grade"))
    assert kept(settings) == RATINGS
    assert (again.events, again.replaced) == (0, 0)  # the same events, with other values


def test_events_that_were_recorded_stay_whatever_the_files_say(settings):
    load(settings)
    told = make_event("cem", "b1")
    at = datetime.fromtimestamp(1700000005, tz=UTC)
    same = replace(make_event("ann", "b1", value=4.0), at=at)
    record(settings, told, same)
    load(with_map(settings, value="grade"))
    assert kept(settings) == [
        ("ann", "rating", 4.0), ("bob", "rating", 1.0), ("cem", told.kind, told.value)
    ]  # fmt: skip


def test_events_of_files_that_are_others_now_stay_and_are_counted_until_it_is_asked(settings):
    load(settings)
    settings.catalog.events[0].path.write_text(
        "user_id,item_id,timestamp,grade\ncem,b1,1700000009,5\n"
    )
    again = load(settings)
    assert kept(settings) == [*VIEWS, ("cem", "view", None)]
    assert (again.events, again.replaced, again.earlier) == (1, 0, 2)
    record(settings, make_event("dan", "b1"))
    asked = load(settings, replace_events=True)
    assert [user for user, _, _ in kept(settings)] == ["cem", "dan"]
    assert (asked.events, asked.replaced, asked.earlier) == (0, 2, 0)


def test_the_same_files_once_more_are_no_news(settings):
    load(settings)
    again = load(settings)
    assert (again.events, again.replaced, again.earlier) == (0, 0, 0)
    assert kept(settings) == VIEWS


def said(settings, lang, **options):
    """What ``recagent index`` prints of a run."""
    with io.StringIO() as out, redirect_stdout(out):
        catalogue_report.print_loaded(
            load(settings, **options),
            learned=None,
            pruned=0,
            settings=settings.model_copy(update={"lang": lang}),
            as_json=False,
        )
        return out.getvalue()


def test_it_is_said_in_both_languages(settings):
    load(settings)
    rated = said(with_map(settings, value="grade"), "en")
    assert "2 events that an earlier reading of the files gave are deleted" in rated
    assert "已删除 2 次由文件的上一次读法得到的行为" in said(settings, "zh")
    settings.catalog.events[0].path.write_text("user_id,item_id,timestamp\ncem,b1,1700000009\n")
    assert "recagent index --replace-events" in said(settings, "en")
    assert "改动之前读入的 2 次行为仍保留并计入" in said(settings, "zh")
    assert "stay and count" not in said(settings, "en", replace_events=True)
