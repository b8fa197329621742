"""The REST API: what comes back, that feedback counts at once, and what bad requests are told."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from examples import make_event, wait
from serving import make_service

from recagent.domain import Scene
from recagent.errors import ModelError, RetrievalError, StoreError
from recagent.server.schemas import ExplainRequest, RecommendRequest
from recagent.server.service import Service


def slate(client, **ask):
    answer = client.post("/v1/recommend", json={"user": "ann", "scene": "films"} | ask)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(shown):
    return [entry["item"]["id"] for entry in shown["entries"]]


def fault(answer, status):
    """The error object of an answer that must have this status and no trace of the code."""
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    assert list(answer.json()) == ["error"]
    found = answer.json()["error"]
    assert sorted(found) == ["code", "message", "param", "type"]
    return found


def test_a_slate_has_items_probabilities_and_reasons_with_their_evidence(client):
    shown = slate(client, scene="books", user="cat", k=2)
    assert shown["user"] == "cat"
    assert shown["label"] == "Books"
    assert [entry["rank"] for entry in shown["entries"]] == [1, 2]
    assert all(0 < entry["probability"] <= 1 for entry in shown["entries"])
    reasons = [reason for entry in shown["entries"] for reason in entry["reasons"]]
    assert reasons
    assert all(reason["text"] and reason["evidence"][0]["kind"] for reason in reasons)
    assert shown["trace"]["scene_from"] == "given"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Nothing in Books matches “a ladder”; this list follows your taste."),
        ("zh", "里没有符合“a ladder”的内容；以下按您的口味推荐。"),
    ],
)
def test_that_nothing_matches_a_wish_is_said(client, lang, said):
    shown = slate(client, scene="books", user="ann", wish="a ladder", lang=lang)
    assert shown["wish_note"].endswith(said)
    assert shown["trace"]["wish"]["matches"] == 0
    assert slate(client, scene="books", user="ann", lang=lang)["wish_note"] == ""


def test_an_impression_is_stored_with_the_probabilities_that_were_shown(client, service):
    shown = slate(client, scene="books")
    kept = wait(service._parts.store.impression(shown["trace"]["id"]))
    assert list(kept.item_ids) == ids(shown)
    assert list(kept.probabilities) == [entry["probability"] for entry in shown["entries"]]


def test_feedback_changes_the_next_slate_and_is_joined_to_the_one_it_answers(client, service):
    before = slate(client, user="new", scene="books")
    first = ids(before)[0]
    done = client.post(
        "/v1/feedback",
        json={"user": "new", "item": first, "kind": "like", "impression": before["trace"]["id"]},
    )
    assert done.status_code == 201
    assert done.json() | {"at": ""} == {
        "user": "new", "item": first, "scene": "books", "kind": "like", "value": None, "at": "",
        "impression": before["trace"]["id"],
    }  # fmt: skip
    after = slate(client, user="new", scene="books")
    assert first not in ids(after)
    assert before["trace"]["cold"] == "fully"
    assert after["trace"]["cold"] is None
    (event,) = wait(service._parts.store.events("new", limit=9))
    assert event.impression == before["trace"]["id"]


def test_what_happened_in_impossible_years_breaks_no_slate(client, service):
    for item, year, status in (("b1", "0001", 400), ("f1", "9999", 400), ("b2", "2026", 201)):
        said = {"user": "old", "item": item, "at": f"{year}-06-01T00:00:00Z"}
        assert client.post("/v1/feedback", json=said).status_code == status
    at = datetime(9999, 6, 1, tzinfo=UTC)  # as an older recagent took it
    late = replace(make_event("old", "f1", scene="films"), at=at)
    service._parts.store._events["late"] = late
    assert client.get("/v1/profile", params={"user": "old"}).status_code == 200
    assert len(slate(client, user="old", scene="books")["entries"]) == 4


def test_constraints_are_kept_to(client):
    rule = {"attribute": "year", "operator": "at least", "value": 2015}
    shown = slate(client, scene="books", user="new", constraints=[rule])
    assert set(ids(shown)) == {"b3", "b4", "b5"}


def test_labels_and_reasons_come_in_the_language_that_is_asked_for(client):
    english, chinese = (slate(client, user="bob", lang=lang) for lang in ("en", "zh"))
    assert ids(english) == ids(chinese)
    assert (english["label"], chinese["label"]) == ("Films", "电影")
    said = [[reason["text"] for entry in shown["entries"] for reason in entry["reasons"]]
            for shown in (english, chinese)]  # fmt: skip
    assert said[0] != said[1]
    assert all("\u4e00" <= char <= "\u9fff" for char in said[1][0][:1])


def test_an_explanation_is_of_any_item(client):
    why = client.post("/v1/explain", json={"user": "ann", "item": "b3"}).json()
    assert why["item"]["title"] == "Cakes"
    assert why["reasons"]
    assert why["degraded"] is None


def test_what_a_scene_wants_shown_comes_with_its_slates_and_reasons():
    notice = {"en": "No advice.", "zh": "不构成建议。"}
    declared = {"books": Scene(name="books", notices=notice, review="human")}
    service = Service(replace(make_service()._parts, scenes=declared))
    shown = wait(service.recommend(RecommendRequest(user="bob", scene="books", lang="zh")))
    assert shown.notice == "不构成建议。"
    assert shown.trace.review
    why = wait(service.explain(ExplainRequest(user="bob", item="b3")))
    assert why.notice == "No advice."


def test_scenes_have_labels_numbers_and_proposed_people(client):
    assert client.get("/v1/scenes?lang=zh").json() == {
        "scenes": [
            {"name": "books", "label": "图书", "items": 5},
            {"name": "films", "label": "电影", "items": 2},
        ],
        "people": ["ann", "bob"],
    }


def test_a_profile_tells_what_is_known_scene_by_scene(client):
    known = client.get("/v1/profile", params={"user": "ann"}).json()
    counts = {scene["name"]: (scene["events"], scene["liked"]) for scene in known["scenes"]}
    assert counts == {"books": (2, 2), "films": (1, 1)}
    assert {liked["item"]["id"] for liked in known["liked"]} == {"b1", "b2", "f1"}
    nobody = client.get("/v1/profile", params={"user": "nobody"}).json()
    assert nobody["cold"]
    assert nobody["events"] == []


def test_a_trace_tells_how_a_slate_came_about(client):
    shown = slate(client, scene="books", user="bob", wish="travel")
    seen = client.get("/v1/trace", params={"id": shown["trace"]["id"], "user": "bob"}).json()
    assert seen["wish"] == "travel"
    assert seen["trace"] == shown["trace"]
    ranked = [each["item_id"] for each in seen["candidates"] if each["rank"]]
    assert ranked == ids(shown)
    assert fault(client.get("/v1/trace", params={"id": "none"}), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "said"),
    [
        ("recommend", {"user": "ann", "scene": "moon"}, 404, "not_found", "unknown scene 'moon'"),
        ("explain", {"user": "ann", "item": "zz"}, 404, "not_found", "item 'zz' is not in"),
        ("feedback", {"user": "ann", "item": "zz"}, 404, "not_found", "item 'zz' is not in"),
        ("recommend", {"user": "ann", "k": 0}, 400, "invalid_value", "k: Input should be greater"),
        ("feedback", {"item": "b1"}, 400, "invalid_value", "user: Field required"),
        ("recommend", {"user": 7}, 400, "invalid_value", "user: Input should be a valid string"),
        ("recommend", {"user": "a", "colour": 1}, 400, "invalid_value", "colour: Extra inputs"),
        ("recommend", {"user": "a", "wish": "x" * 4001}, 400, "invalid_value", "wish has 4001"),
        ("recommend", {"user": "a\x00b"}, 400, "invalid_value", "NUL"),
        ("feedback", {"user": "a", "item": "b1", "kind": "hug"}, 400, "invalid_value", "kind: "),
        ("feedback", {"user": "a", "item": "b1", "kind": "rating", "value": 99}, 400,
         "invalid_value", "the value must be between 0 and 10"),
        ("feedback", {"user": "a", "item": "b1", "at": "2026-01-01T00:00:00"}, 400,
         "invalid_value", "has no time zone"),
    ],
)  # fmt: skip
def test_a_bad_request_is_told_what_is_wrong(client, path, body, status, code, said):
    found = fault(client.post(f"/v1/{path}", json=body), status)
    assert found["code"] == code
    assert said in found["message"]


@pytest.mark.parametrize(
    ("path", "ask", "said"),
    [
        ("recommend", {"scene": "moon"}, "未知场景 'moon'；已建立索引的场景：books, films"),
        ("explain", {"item": "zz"}, "目录中没有商品 'zz'"),
        ("question", {"item": "b1", "about": "compare"}, "比较需要第二件商品；请用 versus 指明"),
    ],
)
def test_what_is_wrong_is_told_in_the_language_of_the_request(client, path, ask, said):
    body = {"user": "ann", **ask}
    for lang, shown in (("zh", said), ("en", None), (None, None)):
        answer = client.post(f"/v1/{path}", json={**body, **({"lang": lang} if lang else {})})
        message = answer.json()["error"]["message"]
        assert (message == shown) if shown else message.isascii()


def test_what_is_wrong_is_told_in_the_language_of_the_query(client):
    found = fault(client.get("/v1/trace", params={"id": "none", "lang": "zh"}), 404)
    assert found["message"] == (
        "没有向该用户展示过编号为 'none' 的推荐；"
        "请用 user 指明用户，并使用向其展示过的推荐的 trace.id"
    )


def test_broken_json_half_a_character_and_the_wrong_type_are_bad_requests(client):
    typed = {"headers": {"content-type": "application/json"}}
    broken = fault(client.post("/v1/recommend", content=b'{"user": ', **typed), 400)
    assert broken["code"] == "invalid_json"
    fault(client.post("/v1/recommend", content=b'{"user": "\xff"}', **typed), 400)
    fault(client.post("/v1/recommend", content=b'{"user": "\\ud800"}', **typed), 400)
    fault(client.post("/v1/recommend", content=b"user=ann"), 400)


def test_a_path_and_a_method_that_are_not_there_are_told_alike(client):
    assert fault(client.get("/v1/nothing"), 404)["code"] == "not_found"
    assert fault(client.get("/v1/recommend"), 405)["code"] == "method_not_allowed"


def test_what_nobody_foresaw_is_logged_and_not_told(client, service, monkeypatch, caplog):
    async def fails(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(service, "recommend", fails)
    found = fault(client.post("/v1/recommend", json={"user": "ann"}), 500)
    assert found["type"] == "server_error"
    assert "secret" not in str(found)
    assert "ZeroDivisionError: secret" in caplog.text


def test_readiness_is_that_of_index_and_store(client, service, monkeypatch):
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}

    async def nothing():
        return []

    monkeypatch.setattr(service._parts.index, "scenes", nothing)
    assert client.get("/livez").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no scene is indexed" in answer.json()["error"]["message"]


def test_metrics_count_slates_events_and_requests(client):
    slate(client)
    client.post("/v1/feedback", json={"user": "ann", "item": "f2", "kind": "skip"})
    client.post("/v1/explain", json={"user": "ann", "item": "zz"})
    page = client.get("/metrics").text
    assert 'recagent_slates_total{degraded="no",scene="films"} 1.0' in page
    assert 'recagent_events_total{kind="skip"} 1.0' in page
    assert 'recagent_requests_total{method="POST",route="/v1/explain",status="404"} 1.0' in page
    assert 'recagent_request_seconds_count{route="/v1/recommend"} 1.0' in page


def test_the_page_and_its_parts_come_with_a_strict_policy(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    for part in ("app.js", "api.js", "cards.js", "trace.js", "words.js", "style.css", "icon.svg"):
        assert client.get(f"/static/{part}").status_code == 200, part


@pytest.mark.parametrize("field", ["constraints", "preferences"])
def test_a_condition_that_cannot_be_read_is_named_with_what_is_near(client, field):
    typo = {"attribute": "topcs", "operator": "is", "value": "cooking"}
    asked = {"user": "new", "scene": "books", field: [typo]}
    for route, more in (("recommend", {}), ("explain", {"item": "b1"}),
                        ("question", {"item": "b1", "about": "why not"})):  # fmt: skip
        if field == "constraints" or route == "recommend":
            wrong = fault(client.post(f"/v1/{route}", json=asked | more), 400)
            assert "did you mean 'topics'?" in wrong["message"]


def test_a_slate_without_entries_says_which_condition_leaves_nothing(client):
    nothing = {"attribute": "topics", "operator": "is", "value": "cookin"}
    found = slate(client, user="new", scene="books", constraints=[nothing])
    assert found["entries"] == []
    assert found["empty"] == (
        "Nothing in this scene matches “topics is cookin” (nearest: “cooking”)."
    )


def test_preferences_of_a_talk_can_be_asked_with(client):
    cooking = {"attribute": "topics", "operator": "is", "value": "cooking", "words": "lighter"}
    plain = ids(slate(client, user="new", scene="books", k=5))
    leant = ids(slate(client, user="new", scene="books", k=5, preferences=[cooking]))
    assert sorted(leant) == sorted(plain)
    assert set(leant[:2]) == {"b2", "b3"}


@pytest.mark.parametrize(
    ("about", "says"), [("compare", "comes before"), ("why not", "Bread"), ("what if", "Bread")]
)
def test_questions_about_a_ranking_are_answered_with_evidence(client, about, says):
    asked = {"user": "cat", "item": "b2", "about": about, "scene": "books", "versus": "b4"}
    answer = client.post("/v1/question", json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert says in " ".join(reason["text"] for reason in told["reasons"])
    assert all(reason["evidence"] for reason in told["reasons"])


def test_a_comparison_with_nothing_is_refused(client):
    asked = {"user": "cat", "item": "b1", "about": "compare"}
    found = fault(client.post("/v1/question", json=asked), 400)
    assert "set versus" in found["message"]


WENT = {"user": "ann", "item": "b3", "kind": "rating", "at": "2024-05-01T12:00:00Z"}


def test_the_same_feedback_twice_is_fine_and_another_value_at_the_same_time_is_a_conflict(client):
    assert client.post("/v1/feedback", json=WENT | {"value": 7}).status_code == 201
    assert client.post("/v1/feedback", json=WENT | {"value": 7}).status_code == 201
    answer = client.post("/v1/feedback", json=WENT | {"value": 2})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"
    assert "is already stored with value 7.0, not 2.0" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("recommend", {"user": "谁也不认识"}, 200, None),
        ("recommend", {"user": "ann", "scene": "月球"}, 404, "not_found"),
        ("explain", {"user": "ann", "item": "没有"}, 404, "not_found"),
        ("feedback", {"user": "ann", "item": "moon"}, 404, "not_found"),
        ("feedback", WENT | {"value": 70}, 400, "invalid_value"),
        ("feedback", WENT | {"value": "seven"}, 400, "invalid_value"),
        ("recommend", {"user": "ann", "at": "0001-01-01T00:00:00+14:00"}, 400, "invalid_value"),
        ("feedback", WENT | {"value": 7, "at": "9999-12-31T23:00:00-05:00"}, 400, "invalid_value"),
    ],
)
def test_what_is_wrong_has_its_own_status(client, path, body, status, code):
    answer = client.post(f"/v1/{path}", json=body)
    assert answer.status_code == status
    assert (answer.json().get("error") or {}).get("code") == code


SITUATION = ("scene", "wish", "constraints", "preferences", "at", "device", "place", "lang")


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize(
    ("path", "body", "optional"),
    [
        ("recommend", {"user": "ann"}, (*SITUATION, "k", "task")),
        ("explain", {"user": "ann", "item": "b3"}, (*SITUATION, "phrase")),
        ("question", {"user": "ann", "item": "b3", "about": "why not"}, (*SITUATION, "k")),
        ("question", {"user": "ann", "item": "b3", "about": "what if"}, (*SITUATION, "versus")),
        (
            "feedback",
            {"user": "eva", "item": "b3"},
            ("kind", "value", "scene", "at", "impression"),
        ),
        (
            "chat/completions",
            {"model": "recagent", "messages": [{"role": "user", "content": "hello"}]},
            ("stream", "stream_options", "user", "lang"),
        ),
    ],
)
def test_what_comes_as_null_or_empty_is_not_given(client, path, body, optional, blank):
    def told(answer):
        assert answer.status_code in (200, 201), answer.text
        answered = answer.json()
        for key in ("trace", "recagent", "at", "id", "created"):
            answered.pop(key, None)
        return answered

    plain = told(client.post(f"/v1/{path}", json=body))
    for names in ([name] for name in optional):
        assert told(client.post(f"/v1/{path}", json=body | dict.fromkeys(names, blank))) == plain
    assert told(client.post(f"/v1/{path}", json=body | dict.fromkeys(optional, blank))) == plain
    if path == "feedback":
        fault(client.post(f"/v1/{path}", json=body | {"user": blank}), 400)
    if path != "chat/completions":
        fault(client.post(f"/v1/{path}", json=body | {"scenes": blank}), 400)


def test_a_language_left_empty_in_an_address_is_not_given(client):
    assert client.get("/v1/scenes", params={"lang": ""}).status_code == 200
    assert client.get("/v1/profile", params={"user": "ann", "lang": ""}).status_code == 200


def test_the_document_says_which_fields_may_be_null(client):
    fields = client.get("/openapi.json").json()["components"]["schemas"]["RecommendRequest"][
        "properties"
    ]
    nullable = (*SITUATION, "user", "k", "task")
    assert all({"type": "null"} in fields[name]["anyOf"] for name in nullable)


@pytest.mark.parametrize(
    ("error", "code", "wait"),
    [
        (StoreError("the event store is busy", busy=True), "store_unavailable", "5"),
        (RetrievalError("the folder is in use"), "index_unavailable", "5"),
        (ModelError("left alone", retry_after=1.2), "model_unavailable", "2"),
    ],
)
def test_what_cannot_be_had_now_is_503_and_says_when_to_come_again(
    client, service, monkeypatch, error, code, wait
):
    async def fail(*_, **__):
        raise error

    monkeypatch.setattr(service._parts.store, "add_events", fail)
    answer = client.post("/v1/feedback", json=WENT | {"value": 7})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, wait)
    assert answer.json()["error"]["code"] == code
