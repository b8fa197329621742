"""What the OpenAPI document promises is kept for whatever is sent: schemathesis tries."""

import logging
import os
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving import make_service
from talker import Talking

from recagent.config.service_sections import ServerSettings
from recagent.server.app import create_app

# In all: of a check by hand 20,000, RECAGENT_TEST_CASES=20000.
CASES = int(os.environ.get("RECAGENT_TEST_CASES", "600"))
KNOWN = {"item": ["b1", "b3", "f2", "zz"], "scene": ["books", "films", None, "", "moon"]}
RARE = {"/v1/trace"}  # nobody guesses the id of a slate
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def app():
    settings = ServerSettings(rate=0, keys=(SecretStr("a key that is long enough"),))
    app = create_app(make_service(), settings=settings, chat=Talking())
    # Ids that are there come often enough to get behind the checks of ids.
    for shape in app.openapi()["components"]["schemas"].values():
        for name, known in KNOWN.items():
            if name in shape.get("properties", {}) and shape.get("additionalProperties") is False:
                shape["properties"][name] = {"enum": known}
    (name,) = app.openapi()["paths"]["/v1/models/{name}"]["get"]["parameters"]
    name["schema"] = {"enum": ["recagent", "recagent/books", "gpt"]}
    shapes = app.openapi()["components"]["schemas"]
    shapes["ChatRequest"]["properties"]["model"] = {"enum": ["recagent", "recagent/books", "gpt"]}
    message = shapes["ChatMessage"]["properties"]
    message["role"] = {"enum": ["user"]}
    message["content"] = {"enum": ["hello", "what?", "no horror", None]}
    return app


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
def test_nothing_that_fits_or_breaks_the_document_is_a_server_error(app):
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 11
    answered = Counter()
    for operation in operations:
        found = try_out(operation, CASES // len(operations))
        assert any(status < 400 for status in found) or operation.path in RARE, (
            operation.path,
            found,
        )
        answered += found
    assert answered.total() > 100
    assert answered[400] > 0
    logging.getLogger(__name__).warning("%d cases: %s", answered.total(), dict(answered))


def try_out(operation, cases):
    """So many requests, half of them broken on purpose; their statuses."""
    answered = Counter()
    has_input = operation.body or operation.query

    def try_mode(mode):
        @settings(
            max_examples=cases // 2 if has_input else 5,
            suppress_health_check=list(HealthCheck),
            deadline=None,
            derandomize=True,
            database=None,
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case):
            case.headers["Authorization"] = "Bearer a key that is long enough"
            answered[case.call_and_validate(checks=CHECKS).status_code] += 1

        holds()

    try_mode(GenerationMode.POSITIVE)
    if has_input:
        try_mode(GenerationMode.NEGATIVE)
    return answered
