"""LiteLLM's proxy with our middleware before it: what it answers, marked or refused.

    pip install 'litellm[proxy]' av mutagen
    python -m bench.integrations.litellm_proxy

LiteLLM's own application runs as a server, and asks a server of ours that answers with real files
(bench/integrations/upstream.py). What comes out is read by others than us: see requests.py. Exit
code 1 where an answer is not what is expected. LiteLLM takes 650 MB and 15 s to start, so that no
test of ours runs it.
"""

import importlib.metadata
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.integrations import upstream
from bench.integrations.requests import LIVE, MOVIE, PICTURE, REFUSED, SOUND, Asked, table
from bench.machine import provenance
from countermark import keys
from countermark.integrations import Marker
from countermark.integrations.asgi import Middleware
from countermark.record import DigitalSource, Record

KEY = "sk-bench"
MODELS = {"draws": "dall-e-3", "paints": "gpt-image-1", "speaks": "tts-1", "talks": "talks"}
MODELS |= {"shows": "shows", "films": "sora-2"}


def configured(folder: Path, address: str) -> Any:
    """LiteLLM's application, set up by a file as for its command, with the middleware added."""
    reached = {"api_base": f"{address}/v1", "api_key": "none"}
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{model}", **reached}}
        for name, model in MODELS.items()
    ]
    path = folder / "config.yaml"
    whole = {"model_list": models, "general_settings": {"master_key": KEY}}
    path.write_text(json.dumps(whole), "utf-8")
    os.environ.update(CONFIG_FILE_PATH=str(path), LITELLM_LOCAL_MODEL_COST_MAP="True")
    home = keys.create_home(folder / "home")

    class Marking(Middleware):
        def __init__(self, app: Any) -> None:
            record = Record(source=DigitalSource.AI_GENERATED, creator="Example Ltd")
            super().__init__(app, Marker.of_home(record, home))

    from litellm.proxy.proxy_server import app

    app.add_middleware(Marking)
    return app


def _drawn(name: str, expected: str, model: str = "draws", **more: Any) -> Asked:
    body = {"model": model, "prompt": "a cup", **more}
    return Asked(name, "/v1/images/generations", expected, body)


def _speech(form: str, expected: str) -> Asked:
    body = {"model": "speaks", "input": "Hello.", "voice": "alloy", "response_format": form}
    return Asked(f"speech, {form}", "/v1/audio/speech", expected, body)


def _said(name: str, expected: str, model: str, **more: Any) -> Asked:
    body = {"model": model, "messages": [{"role": "user", "content": "A cup."}], **more}
    return Asked(name, "/v1/chat/completions", expected, body)


def _heard(form: str) -> dict[str, Any]:
    return {"modalities": ["text", "audio"], "audio": {"format": form, "voice": "alloy"}}


_RESPONSE = {"model": "shows", "input": "A cup."}
ASKED = (
    _drawn("a picture", PICTURE),
    _drawn("three pictures as JPEG", "3 signed pictures", "paints", n=3, output_format="jpeg"),
    _drawn("an address", REFUSED, response_format="url"),
    Asked(
        "a picture that is changed",
        "/v1/images/edits",
        PICTURE,
        {"model": "paints", "prompt": "a cup"},
        {"image": ("in.png", upstream.picture(), "image/png")},
    ),
    _speech("wav", LIVE),
    _speech("pcm", LIVE),
    _speech("mp3", SOUND),
    _speech("flac", SOUND),
    _speech("opus", REFUSED),
    _speech("aac", REFUSED),
    _said("a chat with sound, wav", SOUND, "talks", **_heard("wav")),
    _said("a chat with sound, mp3", SOUND, "talks", **_heard("mp3")),
    _said("a chat with sound, pcm16", REFUSED, "talks", **_heard("pcm16")),
    _said("a chat with sound, as events", LIVE, "talks", stream=True, **_heard("pcm16")),
    _said("a chat with a picture", PICTURE, "shows"),
    _said("a chat with a picture, as events", PICTURE, "shows", stream=True),
    Asked("a response with a picture", "/v1/responses", PICTURE, _RESPONSE),
    Asked(
        "a response with a picture, as events",
        "/v1/responses",
        "3 signed pictures",
        {**_RESPONSE, "stream": True},
    ),
    Asked(
        "a movie",
        "/v1/videos/{}/content",
        MOVIE,
        {"model": "films", "prompt": "a cup"},
        job="/v1/videos",
    ),
)


def main() -> bool:
    """Prints the result; whether all is as expected."""
    with (
        tempfile.TemporaryDirectory() as folder,
        upstream.serving(upstream.application()) as behind,
        upstream.serving(configured(Path(folder), behind)) as address,
    ):
        shown, is_good = table(address, ASKED, {"authorization": f"Bearer {KEY}"})
    version = importlib.metadata.version("litellm")
    print(f"## LiteLLM's proxy\n\n{provenance()}\n- LiteLLM {version}\n\n{shown}")
    return is_good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
