"""Servers over TLS whose certificate is nobody's: named, and trusted where ca_file says so."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from bent_server import BentServer
from embeddings_server import EmbeddingsServer
from examples import wait
from ways import Way

from recagent import bootstrap
from recagent.config import settings as config
from recagent.errors import ConfigError, ModelError
from recagent.ports import Message

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.usefixtures("no_wait_between_attempts"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
]

PLAIN = Way(name="plain", how="used", models={"data": [{"id": "m"}]})


def certificate(folder, name):
    """A self-signed certificate of 127.0.0.1 with its key, in one PEM file."""
    key, signed, both = (folder / f"{name}.{kind}" for kind in ("key", "crt", "pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(signed)],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_text(key.read_text() + signed.read_text())
    return both


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("own"), "own")


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("others"), "others")


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def chatted(server, tmp_path, **settings):
    """What a chat model behind the server says."""

    async def main():
        model = bootstrap.model(
            config.load(
                model={"kind": "endpoint", "name": "m", "base_url": f"{server.url}/v1", **settings},
                data_dir=tmp_path,
            )
        )
        try:
            await model.start()
            return (await model.chat([Message("user", "Say A")], max_tokens=5)).text
        finally:
            await model.close()

    return wait(main())


def embedded(server, **settings):
    async def main():
        embedder = bootstrap.embedder(
            config.load(
                embedder={
                    "kind": "endpoint", "name": "m", "base_url": f"{server.url}/v1", **settings
                }
            )
        )  # fmt: skip
        try:
            return await embedder.embed(["the sea"], role="query")
        finally:
            await embedder.close()

    return wait(main())


def test_a_self_signed_certificate_is_named_with_the_next_step(own, tmp_path):
    with BentServer(PLAIN, certificate=own) as server:
        with pytest.raises(ModelError) as caught:
            chatted(server, tmp_path)
        assert not server.heads  # no key went there
    message = str(caught.value)
    assert message.startswith(f"'{server.url}/v1' has a certificate that is not trusted (")
    assert "self-signed certificate" in message
    assert message.endswith("name the file of its authority in [model] ca_file")
    assert not caught.value.retryable
    assert "的证书不受信任" in caught.value.in_language("zh")


def test_a_certificate_of_another_authority_is_named(own, others, tmp_path):
    with BentServer(PLAIN, certificate=own) as server:
        with pytest.raises(ModelError, match="certificate that is not trusted"):
            chatted(server, tmp_path, ca_file=str(others))
        assert not server.heads


def test_with_its_authority_named_the_server_is_used(own, tmp_path):
    with BentServer(PLAIN, certificate=own) as server:
        assert chatted(server, tmp_path, ca_file=str(own)) == "A"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_holds_no_certificates_is_named(own, tmp_path, content):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with (
        BentServer(PLAIN, certificate=own) as server,
        pytest.raises(ConfigError, match=r"\[model\] ca_file '.*ca.pem' cannot be read as certif"),
    ):
        chatted(server, tmp_path, ca_file=str(path))


def test_the_embedders_certificates_are_of_its_own_section(own, tmp_path):
    with EmbeddingsServer(certificate=own) as server:
        with pytest.raises(ModelError, match=r"not trusted \(.*\) *; .* in \[embedder\] ca_file"):
            embedded(server)
        with pytest.raises(ConfigError, match=r"\[embedder\] ca_file '.*' cannot be read"):
            embedded(server, ca_file=str(tmp_path / "none.pem"))
        assert embedded(server, ca_file=str(own)).any()
