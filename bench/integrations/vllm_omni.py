"""vLLM-Omni's server with our middleware before it: what it answers, marked or refused.

    pip install vllm vllm-omni av mutagen
    python -m bench.integrations.vllm_omni

Its own routes, handlers, encoders and the loading of `--middleware` run; what stands for the
engine gives pictures, samples and movies of ours (bench/integrations/upstream.py) in place of what
a model makes, so that neither weights nor a GPU are needed. Exit code 1 where an answer is not what
is expected. The packages take gigabytes, so that no test of ours runs it.
"""

import argparse
import importlib.metadata
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from fastapi import FastAPI
from PIL import Image
from vllm.entrypoints.serve.engine.protocol import UsageInfo
from vllm.entrypoints.serve.middleware.register import init_entrypoints_middleware
from vllm_omni.entrypoints.openai import api_server
from vllm_omni.entrypoints.openai.protocol.chat_completion import OmniChatCompletionStreamResponse
from vllm_omni.entrypoints.openai.serving_chat import OmniOpenAIServingChat
from vllm_omni.entrypoints.openai.serving_speech import OmniOpenAIServingSpeech

from bench.integrations import upstream
from bench.integrations.requests import LIVE, MOVIE, PICTURE, REFUSED, SOUND, Asked, table
from bench.machine import provenance
from countermark import keys
from countermark.integrations import Marker
from countermark.integrations.asgi import Middleware
from countermark.record import DigitalSource, Record

PARTS = 20


class Engine:
    """Gives what a model would have made."""

    errored = False
    stage_configs = (SimpleNamespace(stage_type="diffusion"),)
    default_sampling_params_list = ()
    model_config = SimpleNamespace(async_chunk=True)

    async def generate(self, prompt: Any, **options: Any) -> AsyncIterator[Any]:
        """A picture, or as many as were asked for; a sound, where the prompt says so."""
        params = options["sampling_params_list"][0]
        shown = Image.fromarray(upstream.plane(1, upstream.SIDE, upstream.SIDE))
        wants_sound = "sound" in prompt["prompt"]
        yield SimpleNamespace(
            images=[shown] * (params.num_outputs_per_prompt or 1),
            multimodal_output={"audio": torch.from_numpy(_heard()), "sr": upstream.RATE},
            final_output_type="audio" if wants_sound else "image",
            stage_durations={},
            peak_memory_mb=0.0,
            metrics=None,
            custom_output={},
        )


def _heard() -> Any:
    return upstream.samples().astype(np.float32) / 32_768


async def _parts(count: int = PARTS) -> AsyncIterator[Any]:
    for part in np.array_split(_heard(), count):
        made = {"audio": torch.from_numpy(part), "sr": upstream.RATE}
        one = SimpleNamespace(index=0, finish_reason=None, stop_reason=None, token_ids=[])
        one.multimodal_output = made
        yield SimpleNamespace(multimodal_output=made, outputs=[one], metrics=None)


class Speech(OmniOpenAIServingSpeech):  # type: ignore[misc]
    """Its handler, with what needs a model taken out."""

    def __init__(self) -> None:
        self._diffusion_mode, self._is_tts, self._tts_model_type = False, False, None
        self._adapter = self._tts_stage = None
        self._batch_max_items, self.forced_aligner_enabled = 8, False
        self._speech_output_policies: dict[str, Any] = {}
        self.engine_client = Engine()

    async def _check_model(self, request: Any) -> None:
        return None

    def _get_available_speakers(self) -> set[str]:
        return {"alloy"}

    def _validate_speech_sample_rate(self, request: Any) -> None:
        return None

    def _validate_tts_request(self, request: Any) -> None:
        return None

    def _mark_ref_audio_artifact_ready_for_request(self, request_id: str) -> None:
        return None

    def _discard_ref_audio_artifact_warmup(self, request_id: str) -> None:
        return None

    async def _prepare_speech_generation(self, request: Any, **options: Any) -> Any:
        return "speech-1", _parts(PARTS if request.is_streaming() else 1), {}

    def _build_speech_usage(self, *given: Any) -> Any:
        from vllm_omni.entrypoints.openai.protocol.audio import SpeechTokenUsage

        return SpeechTokenUsage()


class Chat(OmniOpenAIServingChat):  # type: ignore[misc]
    """Its handler for diffusion models; with `stream`, the chunks that it makes of samples."""

    async def create_chat_completion(self, request: Any, raw_request: Any = None) -> Any:
        if request.stream:
            return self._chunks(request)
        return await super().create_chat_completion(request, raw_request)

    async def _chunks(self, request: Any) -> AsyncIterator[str]:
        async for result in _parts():
            chunk = OmniChatCompletionStreamResponse(
                id="chat-1",
                object="chat.completion.chunk",
                created=7,
                choices=self._create_audio_choice(result, "assistant", request, stream=True),
                model="any",
                modality="audio",
            )
            chunk.usage = UsageInfo(prompt_tokens=1, completion_tokens=0, total_tokens=1)
            yield f"data: {chunk.model_dump_json(exclude_unset=True)}\n\n"
        yield "data: [DONE]\n\n"


class Videos:
    """In place of the handler of movies."""

    model_name = "any"
    stage_configs = Engine.stage_configs
    supports_mixed_reference_inputs = supports_latent_mask_editing = False
    supported_control_upload_types = frozenset[str]()

    def set_stage_configs_if_missing(self, configs: Any) -> None:
        return None

    async def generate_video_bytes(self, *given: Any, **options: Any) -> Any:
        return upstream.movie(), {}, 0.0, None, {}


class Marking(Middleware):
    """As in docs/integrations/servers.md."""

    home: keys.Home

    def __init__(self, app: Any) -> None:
        record = Record(source=DigitalSource.AI_GENERATED, creator="Example Ltd")
        super().__init__(app, Marker.of_home(record, self.home))


def application(folder: Path) -> FastAPI:
    """Its routes, and the middleware as `--middleware` adds it."""
    Marking.home = keys.create_home(folder / "home")
    app = FastAPI()
    app.include_router(api_server.router)
    engine = Engine()
    state = app.state
    state.engine_client, state.stage_configs = engine, list(engine.stage_configs)
    state.openai_serving_models, state.args = None, argparse.Namespace()
    state.openai_serving_speech = Speech()
    state.openai_serving_chat = Chat.for_diffusion(engine, "any")
    state.openai_serving_video, state.api_server_count = Videos(), 1
    args = argparse.Namespace(
        allowed_origins=["*"],
        allow_credentials=False,
        allowed_methods=["*"],
        allowed_headers=["*"],
        api_key=None,
        enable_request_id_headers=False,
        middleware=[f"{__spec__.name if __spec__ else __name__}.Marking"],
    )
    sys.modules[args.middleware[0].rpartition(".")[0]] = sys.modules[__name__]
    init_entrypoints_middleware(args, app, ())
    return app


def _drawn(name: str, expected: str, **more: Any) -> Asked:
    return Asked(name, "/v1/images/generations", expected, {"prompt": "a cup", **more})


def _speech(name: str, expected: str, **more: Any) -> Asked:
    return Asked(name, "/v1/audio/speech", expected, {"input": "Hello.", **more})


def _said(text: str, name: str, expected: str, **more: Any) -> Asked:
    messages = [{"role": "user", "content": text}]
    return Asked(name, "/v1/chat/completions", expected, {"messages": messages, **more})


def _batch(form: str, expected: str) -> Asked:
    items = [{"input": "One."}, {"input": "Two."}]
    body = {"items": items, "response_format": form}
    return Asked(f"two speeches in one answer, {form}", "/v1/audio/speech/batch", expected, body)


def _streamed(form: str, expected: str) -> Asked:
    more = {"stream": True, "modalities": ["audio"], "audio": {"format": form, "voice": "alloy"}}
    return _said("a sound", f"a chat with sound, as events, {form}", expected, **more)


ASKED = (
    _drawn("a picture", PICTURE),
    _drawn("two pictures as JPEG", "2 signed pictures", n=2, output_format="jpeg"),
    _drawn("a picture as a file", PICTURE, response_format="file"),
    _drawn("two pictures as a file", REFUSED, response_format="file", n=2),
    Asked(
        "a picture that is changed",
        "/v1/images/edits",
        PICTURE,
        {"prompt": "a cup"},
        {"image": ("in.png", upstream.picture(), "image/png")},
    ),
    *(_speech(f"speech, {form}", SOUND, response_format=form) for form in ("wav", "mp3", "flac")),
    _speech("speech, pcm", LIVE, response_format="pcm"),
    _speech("speech, opus", REFUSED, response_format="opus"),
    *(
        _speech(f"speech in parts, {form}", LIVE, response_format=form, stream_format="audio")
        for form in ("wav", "pcm")
    ),
    *(
        _speech(f"speech as events, {form}", LIVE, response_format=form, stream_format="sse")
        for form in ("wav", "pcm")
    ),
    *(_batch(form, "2 signed sounds") for form in ("wav", "mp3", "flac")),
    *(_batch(form, REFUSED) for form in ("pcm", "opus")),
    _said("a cup", "a chat with a picture", PICTURE),
    _said("a sound", "a chat with sound", SOUND),
    _streamed("pcm16", LIVE),
    _streamed("wav", LIVE),
    *(_streamed(form, REFUSED) for form in ("mp3", "flac", "opus")),
    Asked("a movie", "/v1/videos/sync", MOVIE, {"prompt": "a cup"}, {"unused": ("a", b"a")}),
)


def main() -> bool:
    """Prints the result; whether all is as expected."""
    with (
        tempfile.TemporaryDirectory() as folder,
        upstream.serving(application(Path(folder))) as address,
    ):
        shown, is_good = table(address, ASKED)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("vllm", "vllm-omni")]
    print(f"## vLLM-Omni\n\n{provenance()}\n- {', '.join(versions)}\n\n{shown}")
    return is_good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
