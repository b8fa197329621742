"""What a reranker behind an endpoint promises, tried on a real vLLM.

RECAGENT_TEST_RERANKER holds its base URL; `.ci/vllm` serves one. The shapes of other servers are
stubbed in tests/llm/test_rerank_endpoint.py.
"""

import os

import pytest
from anyio import run

from recagent.errors import ModelError
from recagent.llm import rerank_endpoint
from recagent.llm.rerank_endpoint import FORMS, RerankEndpoint, RerankWire

pytestmark = [pytest.mark.engine, pytest.mark.allow_hosts(["127.0.0.1"])]

RERANKER = os.environ.get("RECAGENT_TEST_RERANKER", "")
NO_RERANKER = "no reranker to try: .ci/vllm serves one, or RECAGENT_TEST_RERANKER=URL"
real = pytest.mark.skipif(not RERANKER, reason=NO_RERANKER)


def endpoint(base_url):
    return RerankEndpoint(
        RerankWire(base_url=base_url, api_key="", name="", concurrency=4, timeout=60)
    )


async def relevance(reranker, query, texts):
    try:
        return await reranker.relevance(query, texts)
    finally:
        await reranker.close()


@real
@pytest.mark.parametrize("form", FORMS[:3], ids=[form.path for form in FORMS[:3]])
def test_a_text_that_answers_the_query_is_first_at_every_path(form, monkeypatch):
    monkeypatch.setattr(rerank_endpoint, "FORMS", (form,))
    texts = ["A train runs on rails.", "A comedy about zombies.", "Bread is baked from flour."]
    found = run(relevance, endpoint(RERANKER), "something funny, zombies welcome", texts)
    assert max(range(3), key=lambda at: found.scores[at]) == 1
    assert found.usage.prompt > 0


@real
def test_scores_do_not_depend_on_the_order_of_the_texts():
    texts = ["A train runs on rails.", "A comedy about zombies."]
    there = run(relevance, endpoint(RERANKER), "zombies", texts).scores
    back = run(relevance, endpoint(RERANKER), "zombies", texts[::-1]).scores
    assert there == pytest.approx(back[::-1], abs=1e-3)


def test_a_model_that_is_no_reranker_is_refused_at_the_start(server):
    with pytest.raises(ModelError, match="no reranker answers at"):
        run(relevance, endpoint(server), "zombies", ["A comedy about zombies."])
