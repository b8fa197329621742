"""Rerankers in the shapes that servers have; one that ranks nothing is refused with the reason."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from examples import LIKES, make_event, make_item, make_query, wait
from line import make_line

from recagent import bootstrap
from recagent.cli import doctor, set_language
from recagent.config import settings as config
from recagent.domain import Candidate, Scene, User
from recagent.errors import ConfigError, ModelError
from recagent.pipeline import Options, Pipeline
from recagent.ranking.rerank_ranker import RerankRanker, rerank_query

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.usefixtures("no_wait_between_attempts"),
]


def overlap(query, text):
    """Relevance as a share: how many words of the text stand in the query."""
    words = {word.strip(".,;:?").lower() for word in query.split()}
    return 0.01 + 0.9 * sum(word.strip(".").lower() in words for word in text.split()) / 20


def results(query, texts, score):
    """vLLM's, Jina's and Cohere's: best first, with the index of each."""
    rows = [{"index": at, "relevance_score": score(query, text)} for at, text in enumerate(texts)]
    return {
        "results": sorted(rows, key=lambda row: -(row["relevance_score"] or 0)),
        "usage": {"total_tokens": 40, "prompt_tokens": 40},
    }


def cohere(query, texts, score):
    told = results(query, texts, score)
    del told["usage"]
    return {**told, "meta": {"billed_units": {"search_units": 1}, "tokens": {"input_tokens": 40}}}


def data(query, texts, score):
    rows = [{"index": at, "score": score(query, text)} for at, text in enumerate(texts)]
    return {"data": rows, "usage": {"prompt_tokens": 40}}


def plain(query, texts, score):
    rows = [{"index": at, "score": score(query, text)} for at, text in enumerate(texts)]
    return sorted(rows, key=lambda row: -row["score"])


SHAPES = {
    "/v1/rerank": ("documents", results),  # vLLM, Jina
    "/v2/rerank": ("documents", cohere),
    "/v1/score": ("text_2", data),  # vLLM
    "/rerank": ("texts", plain),  # text-embeddings-inference
}


@contextmanager
def served(path, score=overlap, fail=None):
    """Base URL of a reranker at one path; ``asked`` bodies. ``fail``: statuses to begin with."""
    asked, failing = [], [] if fail is None else fail

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send({"error": "not here"}, 404)

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != path:
                self.send({"detail": "Not Found"}, 404)
                return
            asked.append(body)
            if failing:
                self.send({"error": "busy"}, failing.pop())
                return
            field, shape = SHAPES[path]
            query = body.get("query", body.get("text_1"))
            self.send(shape(query, body[field], score))

        def send(self, value, status=200):
            said = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()


def settings(url, tmp_path, **more):
    model = {"kind": "rerank", "base_url": url, "name": "r"} | more
    return config.load(model=model, data_dir=tmp_path)


def endpoint(url, tmp_path, **more):
    known = settings(url, tmp_path, **more)
    return bootstrap.reranker(known, known.engines[0])


ITEMS = [make_item("b0", "Bread baking"), make_item("b1", "Steam trains"), make_item("b2", "Maps")]
CANDIDATES = [Candidate(item=item, features={}) for item in ITEMS]


async def ranked(reranker, query=None, candidates=CANDIDATES):
    try:
        ranker = RerankRanker(reranker)
        await ranker.start()
        return await ranker(query or make_query(wish="steam trains"), candidates=candidates)
    finally:
        await reranker.close()


@pytest.mark.parametrize("path", SHAPES)
def test_each_shape_is_found_and_the_text_that_answers_the_wish_is_first(path, tmp_path):
    with served(path) as (url, asked):
        scores = wait(ranked(endpoint(url, tmp_path)))
    assert max(range(3), key=lambda row: scores.scores[row]) == 1
    assert scores.mode == "rerank"
    assert scores.model == "r"
    assert (scores.calls, scores.invalid) == (1, 0)
    assert scores.usage.prompt == (0 if path == "/rerank" else 40)
    assert len(asked) == 4  # three obvious questions, then the candidates


def test_many_candidates_go_in_several_requests_and_keep_their_order(tmp_path):
    items = [make_item(f"b{number}", f"Steam {'trains ' * (number == 40)}") for number in range(70)]
    candidates = [Candidate(item=item, features={}) for item in items]
    with served("/v1/rerank") as (url, asked):
        scores = wait(ranked(endpoint(url, tmp_path), candidates=candidates))
    assert max(range(70), key=lambda row: scores.scores[row]) == 40
    assert [len(body["documents"]) for body in asked[3:]].count(32) == 2
    assert scores.calls == 3
    assert scores.usage.prompt == 120


def test_a_reranker_that_gives_every_text_the_same_score_is_refused(tmp_path):
    with (
        served("/v1/rerank", score=lambda *_: 0.5) as (url, _),
        pytest.raises(ModelError, match=r"same score \(0.5.*ranks nothing.*servers\.md"),
    ):
        wait(ranked(endpoint(url, tmp_path)))


def test_a_reranker_that_scores_the_wrong_way_round_is_refused(tmp_path):
    with (
        served("/v1/rerank", score=lambda query, text: 1 - overlap(query, text)) as (url, _),
        pytest.raises(ModelError, match="wrong way round"),
    ):
        wait(ranked(endpoint(url, tmp_path)))


def test_a_reranker_that_goes_by_the_text_alone_is_refused_though_it_may_know_one_answer(tmp_path):
    def taste(_, text):
        return len(text) / 1_000  # the longest text happens to be the first answer

    with (
        served("/v1/rerank", score=taste) as (url, asked),
        pytest.raises(ModelError, match=r"asked 'How is bread made\?'.*largest city"),
    ):
        wait(ranked(endpoint(url, tmp_path)))
    assert len(asked) == 2


def test_a_server_without_a_reranker_is_named_with_what_was_tried(tmp_path):
    with (
        served("/nowhere") as (url, _),
        pytest.raises(ModelError, match="no reranker answers at /v1/rerank, /v2/rerank"),
    ):
        wait(ranked(endpoint(url, tmp_path)))


def test_an_answer_that_misses_a_text_is_refused(tmp_path):
    with (
        served("/v1/rerank", score=lambda _, text: None if "train" in text else 0.9) as (url, _),
        pytest.raises(ModelError, match=r"no reranker answers.*did not score every text"),
    ):
        wait(ranked(endpoint(url, tmp_path)))


def test_a_busy_reranker_is_asked_again_within_the_budget(tmp_path):
    async def started_then_busy(reranker, fail):
        await reranker.start()
        fail.append(503)
        return await ranked(reranker)

    fail = []
    with served("/v1/rerank", fail=fail) as (url, _):
        scores = wait(started_then_busy(endpoint(url, tmp_path), fail))
    assert (scores.calls, scores.invalid) == (2, 1)


def test_a_reranker_that_is_busy_at_the_start_may_be_tried_again(tmp_path):
    with (
        served("/v1/rerank", fail=[503]) as (url, _),
        pytest.raises(ModelError) as caught,
    ):
        wait(ranked(endpoint(url, tmp_path)))
    assert caught.value.retryable


def test_scores_that_are_no_shares_are_taken_as_they_are(tmp_path):
    with served("/v1/score", score=lambda q, t: 100 * overlap(q, t) - 7) as (url, _):
        scores = wait(ranked(endpoint(url, tmp_path))).scores
    assert min(scores) == pytest.approx(-6)


def test_the_query_tells_the_wish_first_then_likes_dislikes_and_interests():
    items = [make_item("b1", "Trains"), make_item("b2", "Bread"), make_item("b3", "Ghosts")]
    disliked = [event for event in LIKES if event.user_id == "dan"]
    query = make_query(
        items=items,
        liked=["b1", "b2"],
        events=disliked,
        wish="something\nfunny <|im_end|>",
        user=User(id="ann", tags=("steam",)),
        scene=Scene(name="books", labels={"en": "Books", "zh": "图书"}),
    )
    assert rerank_query(query, lang="en").splitlines() == [
        "They are looking for: something funny ‹|im_end|›",
        "What would this person like next in Books?",
        "They liked, newest first: Trains; Bread",
        "They did not like: Ghosts",
        "Interests: steam",
    ]
    assert rerank_query(query, lang="zh").splitlines()[2] == "喜欢过（从新到旧）：Trains；Bread"


def test_a_list_is_ranked_by_it_and_the_trace_says_so(tmp_path):
    async def listed(reranker):
        _, parts = await make_line(ITEMS, [make_event("ann", "b0")])
        own = replace(parts, ranker=RerankRanker(reranker), rerankers=(reranker,))
        pipeline = Pipeline(own, Options(language_weight=1.0))
        try:
            return await pipeline.recommend("ann", scene="books")
        finally:
            await pipeline.close()

    with served("/v1/rerank", score=lambda q, t: overlap(q, t) + 0.3 * ("Maps" in t)) as (url, _):
        slate = wait(listed(endpoint(url, tmp_path)))
    assert slate.entries[0].item.title == "Maps"
    assert slate.trace.mode == "rerank"
    assert slate.trace.degraded is None


def test_settings_make_a_ranker_and_no_language_model(tmp_path):
    known = settings("http://127.0.0.1:9/v1", tmp_path)
    parts = bootstrap.parts(known)
    assert isinstance(parts.ranker, RerankRanker)
    assert parts.models == ()
    assert len(parts.rerankers) == 1
    assert not bootstrap.can_propose(known)
    assert bootstrap.language_weight(known) > 0
    with pytest.raises(ConfigError, match="base_url"):
        bootstrap.parts(settings("", tmp_path))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_doctor_tells_whether_it_ranks(tmp_path, lang):
    set_language("en")
    with served("/v1/rerank") as (url, _):
        known = settings(url, tmp_path).model_copy(update={"lang": lang})
        finding, advice = wait(doctor._models(known))
        assert finding.ok
        assert "docs/guide/which-model.md" in advice.says
        assert "r" in finding.says
    with served("/v1/rerank", score=lambda *_: 0.5) as (url, _):
        finding, _ = wait(doctor._models(settings(url, tmp_path)))
        assert not finding.ok
        assert "same score" in finding.says
