"""Models whose next token is drawn: one of known entropy, and one that was trained on text.

The first stands for what a language model of that entropy does at each step. The second is small
but real: the network for single characters in the package `textgenrnn` (MIT), read from its file of
weights: `pip install --no-deps textgenrnn h5py`.
"""

import importlib.metadata
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from countermark.tokens import Sampler, TextWatermark

Floats = npt.NDArray[np.float64]


class Model(Protocol):
    """Gives the logarithms of the probabilities of the token after these."""

    def scores(self, text: list[int]) -> Floats: ...


class ZipfModel:
    """Probabilities that fall by a power of the rank, which is drawn anew for each token.

    The entropies of the steps are exponentially distributed around their mean, in nats, as many
    steps of language are almost certain and few are open; up to 6.
    """

    VOCABULARY = 4096

    def __init__(self, entropy: float, *, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._entropy = entropy
        self._ranks = np.log(np.arange(1, self.VOCABULARY + 1))
        self._powers = np.geomspace(0.9, 30, 200)
        self._entropies = np.array([self._entropy_of(self._falling(p)) for p in self._powers])

    def _falling(self, power: float) -> Floats:
        falling = -power * self._ranks
        return falling - np.log(np.exp(falling).sum())

    @staticmethod
    def _entropy_of(scores: Floats) -> float:
        return float(-(np.exp(scores) * scores).sum())

    def scores(self, text: list[int]) -> Floats:
        wanted = min(self._chance.exponential(self._entropy), 6.0)
        power = np.interp(-wanted, -self._entropies, self._powers)
        return self._chance.permutation(self._falling(float(power)))

    def draw(self, chance: np.random.Generator) -> int:
        falling = self.scores([])
        return int((falling + chance.gumbel(size=len(falling))).argmax())


Choose = Callable[[list[int], Floats], int]


@dataclass
class Written:
    """A text, and what the model thought of it."""

    tokens: list[int]
    entropy: float  # mean over the steps, in nats
    loss: float  # mean of -log p of the tokens that were taken, in nats


def write(model: Model, count: int, *, prompt: list[int], choose: Choose) -> Written:
    """Lets the model write so many tokens, each taken by `choose`."""
    text, entropies, losses = list(prompt), [], []
    for _ in range(count):
        scores = model.scores(text)
        token = choose(text, scores)
        likely = scores[np.isfinite(scores)]
        entropies.append(-(np.exp(likely) * likely).sum())
        losses.append(-scores[token])
        text.append(token)
    return Written(text[len(prompt) :], float(np.mean(entropies)), float(np.mean(losses)))


def marking(payload: int, key: bytes, seed: int) -> Choose:
    """A `choose` that marks one text."""
    sampler = Sampler(TextWatermark(payload, key=key), 1, seed=seed)
    return lambda text, scores: int(sampler.choose(np.array([text]), scores[None])[0])


class CharacterModel:
    """The network of textgenrnn: two LSTM layers of 128 over the last 40 characters.

    It begins with, and is never asked for, the sign of a text's end.
    """

    WINDOW = 40
    GATES = 4  # input, forget, cell, output

    def __init__(self, temperature: float) -> None:
        import h5py

        folder = importlib.metadata.distribution("textgenrnn").locate_file("textgenrnn")
        with open(f"{folder}/textgenrnn_vocab.json", encoding="utf-8") as vocabulary:
            self.numbers: dict[str, int] = json.load(vocabulary)
        with h5py.File(f"{folder}/textgenrnn_weights.hdf5") as file:
            self._weights = {
                name.removesuffix(":0"): np.asarray(part, np.float64)
                for layer in file.values()
                for name, part in leaves(layer)
            }
        self._layers = [self._layer("rnn_1"), self._layer("rnn_2")]
        self._temperature = temperature

    @property
    def beginning(self) -> list[int]:
        return [self.numbers["<s>"]]

    def text(self, tokens: list[int]) -> str:
        names = {number: name for name, number in self.numbers.items()}
        return "".join(names[token] for token in tokens)

    def scores(self, text: list[int]) -> Floats:
        window = text[-self.WINDOW :]
        padded = [0] * (self.WINDOW - len(window)) + window
        embedded = self._weights["embedding/embeddings"][padded]
        first = self._run(self._layers[0], embedded)
        second = self._run(self._layers[1], first)
        whole = np.concatenate([embedded, first, second], axis=1)
        attention = np.exp(whole @ self._weights["attention/attention_W"])
        pooled = (whole * attention).sum(0) / attention.sum()
        logits = pooled @ self._weights["output/kernel"] + self._weights["output/bias"]
        logits /= self._temperature
        logits[[0, self.numbers["<s>"]]] = -np.inf
        logits -= logits.max()
        return logits - np.log(np.exp(logits).sum())

    def _layer(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Kernels as Keras makes them of those that its file keeps for CuDNN."""
        kernel, recurrent, bias = (
            self._weights[f"{name}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")
        )
        inputs = [gate.T.reshape(gate.shape, order="F") for gate in np.hsplit(kernel, self.GATES)]
        states = [gate.T for gate in np.hsplit(recurrent, self.GATES)]
        return np.hstack(inputs), np.hstack(states), np.sum(np.split(bias, 2), axis=0)

    def _run(self, layer: tuple[Floats, Floats, Floats], steps: Floats) -> Floats:
        kernel, recurrent, bias = layer
        hidden, cell, outputs = np.zeros(len(recurrent)), np.zeros(len(recurrent)), []
        for step in steps @ kernel + bias:
            i, f, c, o = np.split(step + hidden @ recurrent, self.GATES)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
            hidden = sigmoid(o) * np.tanh(cell)
            outputs.append(hidden)
        return np.array(outputs)


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def leaves(group: Any) -> list[tuple[str, Any]]:
    """Every array in a group of an HDF5 file, with its name."""
    found: list[tuple[str, Any]] = []
    group.visititems(lambda name, item: found.append((name, item)))
    return [(name, item) for name, item in found if hasattr(item, "shape")]
